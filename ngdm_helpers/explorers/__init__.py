"""The sliders of the notebooks, a module for each; every function returns a `Live` widget."""

from ngdm_helpers.explorers.lasso import disguised_learning_rate, l1_orbit, residue_sawtooth, step_reduction
from ngdm_helpers.explorers.preliminaries import (
    relu_loss,
    step_sizes,
    subdifferential,
    subgradient_method,
    two_recursions,
)

__all__ = [
    "disguised_learning_rate",
    "l1_orbit",
    "relu_loss",
    "residue_sawtooth",
    "step_reduction",
    "step_sizes",
    "subdifferential",
    "subgradient_method",
    "two_recursions",
]
