"""The paper's claims, their verdicts, and the ledger table: a module for each notebook.

Every row carries the function that measures it; the table shows what that function returns now, no typed-in number.
"""

from ngdm_helpers.claims import convergence, convergence_depth, edge_of_stability, lasso, lasso_deep, preliminaries
from ngdm_helpers.claims.convergence import (
    FIGURE_1,
    FOUR_LOSSES,
    LECTURE_A,
    LECTURE_LR,
    LECTURE_START,
    absolute_steps,
    falls,
    figure_1,
    four_losses,
    interpolating_network,
    leaves_falling,
    random_problems,
    rates_losses,
    rates_problem,
    secants,
    slope,
    steps_to,
)
from ngdm_helpers.claims.convergence_depth import (
    LONGEST,
    depth_run,
    learning_settings,
    long_settings,
    longest_means,
    mean_loss,
    median_losses,
    nearer_to_relu,
    relu_minus_gelu,
    setting_means,
    widens,
)
from ngdm_helpers.claims.edge_of_stability import TWO_WEIGHTS, huber_problem, huber_tail, relu_toy
from ngdm_helpers.claims.lasso import (
    FLOATS,
    PAPER_LAMS,
    PAPER_LR,
    PAPER_START,
    band_means,
    decimal_walk,
    exact_lasso,
    float_run,
    float_schedules,
    last_norms,
    mean_signs,
    one_dimensional_lasso,
    paper_pair,
    sparse_problem,
    uniform_lasso,
    walk,
)
from ngdm_helpers.claims.lasso_deep import PAPER_NORM, PAPER_SMALL_NORM, VGG16_PARAMETERS
from ngdm_helpers.claims.preliminaries import best_on_sharp, midpoint_gap, sharp_problem
from ngdm_helpers.claims.table import VERDICTS, Claim, Measured, Table

__all__ = [
    "CLAIMS",
    "FIGURE_1",
    "FLOATS",
    "FOUR_LOSSES",
    "LECTURE_A",
    "LECTURE_LR",
    "LECTURE_START",
    "LONGEST",
    "PAPER_LAMS",
    "PAPER_LR",
    "PAPER_NORM",
    "PAPER_SMALL_NORM",
    "PAPER_START",
    "TWO_WEIGHTS",
    "VERDICTS",
    "VGG16_PARAMETERS",
    "Claim",
    "Measured",
    "Table",
    "absolute_steps",
    "band_means",
    "best_on_sharp",
    "decimal_walk",
    "depth_run",
    "exact_lasso",
    "falls",
    "figure_1",
    "float_run",
    "float_schedules",
    "four_losses",
    "huber_problem",
    "huber_tail",
    "interpolating_network",
    "last_norms",
    "learning_settings",
    "leaves_falling",
    "ledger",
    "long_settings",
    "longest_means",
    "mean_loss",
    "mean_signs",
    "median_losses",
    "midpoint_gap",
    "nearer_to_relu",
    "one_dimensional_lasso",
    "paper_pair",
    "random_problems",
    "rates_losses",
    "rates_problem",
    "relu_minus_gelu",
    "relu_toy",
    "secants",
    "setting_means",
    "sharp_problem",
    "slope",
    "sparse_problem",
    "steps_to",
    "uniform_lasso",
    "walk",
    "widens",
]

_LASSO = sorted((*lasso.CLAIMS, *lasso_deep.CLAIMS), key=lambda claim: (int(claim.id[1:].rstrip("abc")), claim.id))
_CONVERGENCE = sorted((*convergence.CLAIMS, *convergence_depth.CLAIMS), key=lambda claim: claim.id)
CLAIMS = (*preliminaries.CLAIMS, *_CONVERGENCE, *_LASSO, *edge_of_stability.CLAIMS)


def ledger(*ids):
    """Measure the claims ``ids`` (all without any) and return their `Table`. AssertionError if one lost its support."""
    known = {claim.id: claim for claim in CLAIMS}
    unknown = [name for name in ids if name not in known]
    if unknown:
        raise ValueError(f"ids must be among {', '.join(known)}, got {', '.join(unknown)}")
    table = Table([known[name] for name in ids or known])
    for claim, measured in table.rows:
        assert measured.supports, f"{claim.id}: measured {measured.ours}, which does not support {claim.verdict!r}"
    return table
