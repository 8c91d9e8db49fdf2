"""The sliders of the notebooks, a module for each; every function returns a `Live` widget."""

from ngdm_helpers.explorers.convergence import activation_bridge, capture, figure_one, rates, smoothness_at_kink
from ngdm_helpers.explorers.deep_lasso import band_law, fine_tuned_mlp, recorded_vgg16
from ngdm_helpers.explorers.depth import recorded_depth, recorded_gain
from ngdm_helpers.explorers.edge_of_stability import (
    chord_law,
    growth_decides,
    growth_exponent,
    huber_losses,
    huber_rise,
    local_edge,
    quadratic_threshold,
    recorded_sharpness,
    toy_problem,
    trough,
)
from ngdm_helpers.explorers.lasso import disguised_learning_rate, l1_orbit, residue_sawtooth, step_reduction
from ngdm_helpers.explorers.lasso_general import (
    best_so_far,
    euler_at_kink,
    finite_precision,
    float_weights,
    general_lasso,
    optimizer_bands,
    sparse_solvers,
    staircase,
)
from ngdm_helpers.explorers.preliminaries import (
    relu_loss,
    step_sizes,
    subdifferential,
    subgradient_method,
    two_recursions,
)

__all__ = [
    "activation_bridge",
    "band_law",
    "best_so_far",
    "capture",
    "chord_law",
    "disguised_learning_rate",
    "euler_at_kink",
    "figure_one",
    "fine_tuned_mlp",
    "finite_precision",
    "float_weights",
    "general_lasso",
    "growth_decides",
    "growth_exponent",
    "huber_losses",
    "huber_rise",
    "l1_orbit",
    "local_edge",
    "optimizer_bands",
    "quadratic_threshold",
    "rates",
    "recorded_depth",
    "recorded_gain",
    "recorded_sharpness",
    "recorded_vgg16",
    "relu_loss",
    "residue_sawtooth",
    "smoothness_at_kink",
    "sparse_solvers",
    "staircase",
    "step_reduction",
    "step_sizes",
    "subdifferential",
    "subgradient_method",
    "toy_problem",
    "trough",
    "two_recursions",
]
