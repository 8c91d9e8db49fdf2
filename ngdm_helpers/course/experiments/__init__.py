"""Measure what is too long for class and keep it in the records: a module for each topic, one runner.

It imports torch: only ``ngdm record`` and who measures anew come here.
"""

from ngdm_helpers.course.experiments import depth, edge_of_stability, lasso_deep
from ngdm_helpers.course.experiments.runner import EXPERIMENTS, add_commands

__all__ = ["EXPERIMENTS", "add_commands", "depth", "edge_of_stability", "lasso_deep"]
