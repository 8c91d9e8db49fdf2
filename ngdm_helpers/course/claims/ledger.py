"""What a claim is, the decorator that enters one, and the table that shows it next to what was measured."""

import collections
import html
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import ipywidgets as widgets

from ngdm_helpers.live import access, choice

VERDICTS = ("holds", "holds if…", "imprecise", "wrong", "not reproduced", "not checkable")
SOURCES = ("printed", "reconstructed", "ours")


class Measured(NamedTuple):
    """What was measured, in words, and whether it supports the verdict; None if it could not be measured here."""

    ours: str
    supports: bool | None


class Unsupported(Exception):
    """What was measured no longer supports the verdict of a claim."""


@dataclass(frozen=True)
class Claim:
    """A claim of the paper. ``measure() → Measured`` runs in well under a second.

    source: where the claim stands. "printed" in the paper; "reconstructed" where our copy of the paper has lost a part
    that we filled in; "ours" where we add to the paper.
    """

    id: str
    where: str
    says: str
    paper: str
    verdict: str
    because: str
    source: str
    measure: Callable[[], Measured]

    def measured(self):
        """What is measured now; where that takes PyTorch and there is none, the sentence that says so."""
        try:
            ours, supports = self.measure()
        except ModuleNotFoundError as error:
            if error.name not in ("torch", "torchvision"):
                raise
            return Measured("not measured here: it needs PyTorch, which is not installed", None)
        return Measured(ours, supports if supports is None else bool(supports))  # NumPy's comparisons are not bools

    def __post_init__(self):
        for name, allowed in (("verdict", VERDICTS), ("source", SOURCES)):
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} must be one of {', '.join(allowed)}, got {getattr(self, name)!r}")


CLAIMS: dict[str, Claim] = {}  # by id; the order of definition is the ledger's


def claim(id, *, where, says, paper, verdict, because, source="printed"):
    """Enter the claim ``id``, measured by the function that is decorated, at the end of the ledger."""

    def enter(measure):
        if id in CLAIMS:
            raise ValueError(f"id must be new to the ledger, got {id!r} a second time")
        CLAIMS[id] = Claim(id, where, says, paper, verdict, because, source, measure)
        return measure

    return enter


def ledger(*ids):
    """Measure the claims ``ids`` (all, if none is given): their `Table`. `Unsupported` if one lost its support."""
    if unknown := [name for name in ids if name not in CLAIMS]:
        raise ValueError(f"ids must be among {', '.join(CLAIMS)}, got {', '.join(unknown)}")
    table = Table([CLAIMS[name] for name in ids or CLAIMS])
    for claim, measured in table.rows:
        if measured.supports is not None and not measured.supports:
            raise Unsupported(f"{claim.id}: measured {measured.ours}, which does not support {claim.verdict!r}")
    return table


def browse(*ids):
    """`ledger` (*ids*) under two filters, as a `Browser`."""
    return Browser(ledger(*ids))


class Table:
    """Rows of the ledger, as Jupyter shows them; ``rows`` pairs each claim with what was measured."""

    def __init__(self, claims):
        self.rows = [(claim, claim.measured()) for claim in claims]

    def _repr_markdown_(self):
        lines = ["| | where | the paper says | its value | measured here | verdict | because |", "|:--" * 7 + "|"]
        for claim, measured in self.rows:
            verdict = f"**{claim.verdict}**"
            cells = (claim.id, claim.where, claim.says, claim.paper, measured.ours, verdict, claim.because)
            escaped = (cell.replace("|", "\\|") for cell in cells)
            lines.append(f"| {' | '.join(escaped)} |")
        return "\n".join(lines)

    def __repr__(self):
        return "\n".join(f"{claim.id}: {claim.verdict}. {measured.ours}" for claim, measured in self.rows)


ALL = "all"  # not None, with which a dropdown opens blank


class Browser(widgets.VBox):
    """The rows of a `Table` that have a verdict and a source. Made by `browse`; ``rows``: all of them.

    Where widgets do not run, a stored notebook or an exported page, it is the whole table.
    """

    def __init__(self, table):
        self.rows = table.rows
        self._plain, self._shown = repr(table), widgets.HTML()
        fields = {"verdict": VERDICTS, "source": SOURCES}
        self.filters = [choice(field, ALL, self._options(field, fields[field]), "which rows") for field in fields]
        for control in self.filters:
            control.observe(self._show, names="value")
        self._show(None)
        row = widgets.Box(self.filters, layout={"flex_flow": "row wrap"})
        # the keys of the filters are theirs, as in a figure
        super().__init__([row, self._shown, access.Access()], _dom_classes=["live-figure"])

    @property
    def chosen(self):
        """The rows that are shown."""
        wanted = [(control.description, control.value) for control in self.filters if control.value != ALL]
        return [row for row in self.rows if all(getattr(row[0], field) == value for field, value in wanted)]

    def _options(self, field, kinds):
        """(text, value) for a dropdown: all, and each of ``kinds`` that occurs, with its number."""
        count = collections.Counter(getattr(claim, field) for claim, _ in self.rows)
        return [
            (f"{ALL} ({len(self.rows)})", ALL),
            *((f"{kind} ({count[kind]})", kind) for kind in kinds if count[kind]),
        ]

    def _show(self, change):
        rows = self.chosen
        self._shown.value = f"<p>{len(rows)} of {len(self.rows)} claims</p>{_markup(rows)}"

    def _repr_mimebundle_(self, **kwargs):
        bundle = super()._repr_mimebundle_(**kwargs)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        return {**(data or {}), "text/plain": self._plain, "text/html": _markup(self.rows)}, metadata


def _markup(rows):
    """``rows`` as a table in HTML; styled here, since a widget has no style of its own for tables."""
    heads = ("", "where", "the paper says", "its value", "measured here", "verdict", "because", "source")
    line, cell = "border-bottom:1px solid rgba(127,127,127,.4)", "padding:4px 8px;text-align:left;vertical-align:top"
    lines = ["".join(f'<th scope="col" style="{cell}">{head}</th>' for head in heads)]
    for claim, measured in rows:
        said = (claim.where, claim.says, claim.paper, measured.ours, claim.verdict, claim.because, claim.source)
        cells = [f'<td style="{cell}">{html.escape(text)}</td>' for text in said]
        cells[4] = f'<td style="{cell}"><b>{html.escape(claim.verdict)}</b></td>'
        lines.append(f'<th scope="row" style="{cell}">{claim.id}</th>' + "".join(cells))
    body = "".join(f'<tr style="{line}">{one}</tr>' for one in lines)
    return f'<table style="border-collapse:collapse;line-height:1.3">{body}</table>'
