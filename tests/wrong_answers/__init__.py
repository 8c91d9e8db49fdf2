"""Typical wrong answers to the exercises, a file for each notebook."""

from tests.wrong_answers import convergence, edge_of_stability, lasso, preliminaries

WRONG = preliminaries.WRONG | convergence.WRONG | lasso.WRONG | edge_of_stability.WRONG
