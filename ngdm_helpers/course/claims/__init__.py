"""The paper's claims, their verdicts, and the ledger: a module for each topic, in the order of the notebooks.

Every row carries the function that measures it: the table shows what that function returns now, nothing is typed in.
"""

import importlib

from ngdm_helpers.course.claims.ledger import (
    CLAIMS,
    VERDICTS,
    Browser,
    Claim,
    Measured,
    Table,
    Unsupported,
    browse,
    claim,
    ledger,
)

__all__ = [
    "CLAIMS", "VERDICTS", "Browser", "Claim", "Measured", "Table", "Unsupported", "browse", "claim", "ledger",
]  # fmt: skip

TOPICS = "preliminaries convergence depth lasso lasso_general lasso_deep lasso_solvers edge_of_stability".split()
for _topic in TOPICS:  # their order is the ledger's
    importlib.import_module(f"{__name__}.{_topic}")
