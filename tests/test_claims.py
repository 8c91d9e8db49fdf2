"""The ledger: its order, its guard, what it shows. That every row supports its verdict is asserted where it is shown:
notebook 4 measures the whole ledger, and nbval runs the cell."""

import re
import subprocess
import sys

import numpy as np
import pytest

from ngdm_helpers.course import build, claims
from tests.lab import ROOT

CLAIM = {"where": "here", "says": "says", "paper": "1", "verdict": "holds", "because": "why"}


@pytest.fixture
def ledger_of(monkeypatch):
    """ledger_of(X1=measure, …): a ledger of these claims alone."""

    def replace(**measures):
        monkeypatch.setitem(claims.ledger.__globals__, "CLAIMS", {})
        for name, measure in measures.items():
            claims.claim(name, **CLAIM)(measure)

    return replace


def test_the_whole_ledger_is_measured_in_a_notebook():
    cells = build.read_source(ROOT / "notebooks" / "04_edge_of_stability.py").cells
    ledgers = [cell.source for cell in cells if re.search(r"claims\.(ledger|browse)\(", cell.source)]
    assert re.search(r"claims\.(ledger|browse)\(\)", ledgers[-1])


def test_order_is_that_of_definition(ledger_of):
    def measure():
        return claims.Measured("2", True)

    ledger_of(L7c=measure, L7d=measure, C10=measure, C2=measure)
    assert [claim.id for claim, _ in claims.ledger().rows] == ["L7c", "L7d", "C10", "C2"]
    with pytest.raises(ValueError, match="id must be new to the ledger, got 'C10' a second time"):
        claims.claim("C10", **CLAIM)(measure)


def test_the_ledger_follows_the_notebooks():
    letters = "".join(dict.fromkeys(name[0] for name in claims.CLAIMS))
    assert letters == "PCLE" and len(claims.CLAIMS) == 74
    assert {claim.source for claim in claims.CLAIMS.values()} == {"printed", "reconstructed", "ours"}
    ours = {claim.id for claim in claims.CLAIMS.values() if claim.source == "ours"}
    assert {claim.id for claim in claims.CLAIMS.values() if claim.where == "beyond"} <= ours


def test_ledger_shows_what_was_measured():
    text = claims.ledger("L3a")._repr_markdown_()
    assert "0.0106 / 0.0094 and 1.0106 / 0.9894" in text and "**holds**" in text
    assert text.count("\n") == 2  # a header, a rule, a row


def test_a_bar_in_a_cell_does_not_split_it():
    rows = claims.ledger("P3", "L1")._repr_markdown_().splitlines()
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {8}
    assert r"\|β\|" in rows[2]


def chosen(browser):
    """The ids that it shows, as the page gets them."""
    return re.findall(r'<th scope="row"[^>]*>(\w+)<', browser.children[1].value)


def test_the_ledger_is_browsed_by_verdict_and_source(ledger_of):
    def measure():
        return claims.Measured("2 < 3", True)

    ledger_of(X1=measure)
    for name, verdict, source in (("X2", "wrong", "ours"), ("X3", "wrong", "printed")):
        claims.claim(name, **{**CLAIM, "verdict": verdict}, source=source)(measure)
    browser = claims.browse()
    verdict, source = browser.filters
    assert [control.description for control in browser.filters] == ["verdict", "source"]
    assert [control.index for control in browser.filters] == [0, 0]  # neither opens blank
    assert verdict.options == (("all (3)", "all"), ("holds (1)", "holds"), ("wrong (2)", "wrong"))
    assert source.options == (("all (3)", "all"), ("printed (2)", "printed"), ("ours (1)", "ours"))
    assert chosen(browser) == ["X1", "X2", "X3"] and "2 &lt; 3" in browser.children[1].value
    verdict.value = "wrong"
    assert chosen(browser) == ["X2", "X3"] and "2 of 3 claims" in browser.children[1].value
    source.value = "printed"
    assert chosen(browser) == ["X3"] == [claim.id for claim, _ in browser.chosen]
    verdict.value = "holds"
    assert chosen(browser) == ["X1"]
    source.value, verdict.value = "ours", "all"
    assert chosen(browser) == ["X2"] and [claim.id for claim, _ in claims.browse("X3", "X1").rows] == ["X3", "X1"]
    verdict.value = "holds"
    assert chosen(browser) == [] and "0 of 3 claims" in browser.children[1].value


def test_a_stored_notebook_has_the_whole_ledger(ledger_of):
    ledger_of(X1=lambda: claims.Measured("2", True), X2=lambda: claims.Measured("3", True))
    browser = claims.browse()
    browser.filters[1].value = "printed"
    data, _ = browser._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data and data["text/plain"] == repr(claims.ledger())
    assert re.findall(r'<th scope="row"[^>]*>(\w+)<', data["text/html"]) == ["X1", "X2"]


def test_browsing_refuses_what_the_ledger_refuses(ledger_of):
    ledger_of(X=lambda: claims.Measured("2", False))
    with pytest.raises(claims.Unsupported, match="X: measured 2"):
        claims.browse()
    with pytest.raises(ValueError, match="ids must be among X, got Y"):
        claims.browse("Y")


def test_ledger_refuses_a_claim_that_lost_its_support(ledger_of):
    ledger_of(X=lambda: claims.Measured("2", False))
    with pytest.raises(claims.Unsupported, match="X: measured 2, which does not support 'holds'"):
        claims.ledger()


@pytest.mark.slow
def test_the_guard_stands_without_assertions():
    code = """
from ngdm_helpers.course import claims
claims.CLAIMS.clear()
claims.claim("X", where="", says="", paper="", verdict="holds", because="")(lambda: claims.Measured("2", False))
claims.ledger()
"""
    process = subprocess.run([sys.executable, "-O", "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert process.returncode == 1 and "Unsupported: X: measured 2" in process.stderr


def test_what_supports_a_verdict_is_a_bool(ledger_of):
    ledger_of(X=lambda: claims.Measured("2", np.True_))
    assert claims.ledger().rows[0][1].supports is True


def test_a_row_that_needs_pytorch_says_so_without_it(ledger_of):
    def measure(name="torch"):
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    ledger_of(X=measure, Y=lambda: claims.Measured("2", True))
    (_, missing), (_, measured) = claims.ledger().rows
    assert missing.supports is None and "needs PyTorch" in missing.ours and measured.supports
    ledger_of(X=lambda: measure("another"))
    with pytest.raises(ModuleNotFoundError, match="another"):
        claims.ledger()


@pytest.mark.slow
def test_the_rows_that_need_pytorch_are_shown_where_its_import_is_blocked():
    code = """
import sys
class NoTorch:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "torchvision"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, NoTorch())
from ngdm_helpers.course import claims
table = claims.ledger("P1", "P2", "P8", "C7", "L3a")
print(*(measured.supports for _, measured in table.rows), table._repr_markdown_().count("needs PyTorch"))
"""
    process = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert process.stdout.split() == ["True", "None", "None", "None", "True", "3"], process.stderr


def test_unknown_id_verdict_and_source():
    with pytest.raises(ValueError, match=r"ids must be among .*L1, .* got L99"):
        claims.ledger("L99")
    with pytest.raises(ValueError, match=r"verdict must be one of holds, .* not checkable, got 'maybe'"):
        claims.claim("X", **{**CLAIM, "verdict": "maybe"})(lambda: None)
    with pytest.raises(ValueError, match="source must be one of printed, reconstructed, ours, got 'hearsay'"):
        claims.claim("X", **CLAIM, source="hearsay")(lambda: None)
