"""The sliders of the notebooks, a module for each topic; each lists its own in ``__all__``."""

from ngdm_helpers.course.explorers.convergence import *
from ngdm_helpers.course.explorers.depth import *
from ngdm_helpers.course.explorers.edge_of_stability import *
from ngdm_helpers.course.explorers.lasso import *
from ngdm_helpers.course.explorers.lasso_deep import *
from ngdm_helpers.course.explorers.lasso_general import *
from ngdm_helpers.course.explorers.lasso_solvers import *
from ngdm_helpers.course.explorers.preliminaries import *

# in the order of the notebooks; an import from a module of this package binds the module's name as well
TOPICS = (preliminaries, convergence, depth, lasso, lasso_general, lasso_deep, lasso_solvers, edge_of_stability)
__all__ = [name for topic in TOPICS for name in topic.__all__]
