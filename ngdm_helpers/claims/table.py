"""What a claim is, and the table that shows it next to what was measured."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

VERDICTS = ("holds", "holds if…", "imprecise", "wrong")


class Measured(NamedTuple):
    """What was measured, in words, and whether it supports the verdict."""

    ours: str
    supports: bool


@dataclass(frozen=True)
class Claim:
    """A claim of the paper. ``measure() → Measured`` runs in well under a second."""

    id: str
    where: str
    says: str
    paper: str
    verdict: str
    because: str
    measure: Callable[[], Measured]

    def __post_init__(self):
        if self.verdict not in VERDICTS:
            raise ValueError(f"verdict must be one of {', '.join(VERDICTS)}, got {self.verdict!r}")


class Table:
    """Rows of the ledger, as Jupyter shows them; ``rows`` pairs each claim with what was measured."""

    def __init__(self, claims):
        self.rows = [(claim, claim.measure()) for claim in claims]

    def _repr_markdown_(self):
        lines = ["| | where | the paper says | its value | measured here | verdict | because |", "|:--" * 7 + "|"]
        for claim, measured in self.rows:
            cells = (
                claim.id,
                claim.where,
                claim.says,
                claim.paper,
                measured.ours,
                f"**{claim.verdict}**",
                claim.because,
            )
            escaped = (cell.replace("|", "\\|") for cell in cells)
            lines.append(f"| {' | '.join(escaped)} |")
        return "\n".join(lines)

    def __repr__(self):
        return "\n".join(f"{claim.id}: {claim.verdict}. {measured.ours}" for claim, measured in self.rows)
