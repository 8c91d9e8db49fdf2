"""Every row of the ledger, measured again."""

import re

import pytest

from ngdm_helpers.course import claims


@pytest.mark.parametrize("claim", list(claims.CLAIMS.values()), ids=lambda claim: claim.id)
def test_measurement_supports_the_verdict(claim):
    assert claim.measure().supports, claim.measure().ours


def test_ids_are_unique():
    assert len({claim.id for claim in claims.CLAIMS}) == len(claims.CLAIMS)


def test_ledger_shows_what_was_measured():
    text = claims.ledger("L3a")._repr_markdown_()
    assert "0.0106 / 0.0094 and 1.0106 / 0.9894" in text and "**holds**" in text
    assert text.count("\n") == 2  # a header, a rule, a row


def test_a_bar_in_a_cell_does_not_split_it():
    rows = claims.ledger("P3", "L1")._repr_markdown_().splitlines()
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {8}
    assert r"\|β\|" in rows[2]


def test_ledger_refuses_a_claim_that_lost_its_support(monkeypatch):
    broken = claims.Claim("X", "here", "says", "1", "holds", "why", lambda: claims.Measured("2", False))
    monkeypatch.setattr(claims, "CLAIMS", (broken,))
    with pytest.raises(AssertionError, match="X: measured 2, which does not support 'holds'"):
        claims.ledger()


def test_unknown_id_and_verdict():
    with pytest.raises(ValueError, match=r"ids must be among .*L1, .* got L99"):
        claims.ledger("L99")
    with pytest.raises(ValueError, match=r"verdict must be one of holds, .* got 'maybe'"):
        claims.Claim("X", "here", "says", "1", "maybe", "why", lambda: None)
