"""What a claim is, the decorator that enters one, and the table that shows it next to what was measured."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

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
