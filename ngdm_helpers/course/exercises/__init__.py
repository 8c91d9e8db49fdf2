"""The exercises of the notebooks: what checks an answer and says in words what helps. A file for each notebook."""

import traceback

from ngdm_helpers.course.exercises import convergence, edge_of_stability, lasso, preliminaries
from ngdm_helpers.course.exercises.exercise import EXERCISES, NotYet

TOPICS = (preliminaries, convergence, lasso, edge_of_stability)  # each enters its exercises when it is imported


def check(id, *answers):
    """Print whether ``answers``, functions or numbers, solve the exercise ``id`` ("lasso.1"), or what helps."""
    print(judge(id, *answers)[1])


def judge(id, *answers):
    """(whether they solve it, a line for the student). A fault of the student's code is told, not raised.

    Raises ValueError for an unknown exercise.
    """
    if id not in EXERCISES:
        raise ValueError(f"id must be one of {', '.join(EXERCISES)}, got {id!r}")
    try:
        return True, f"✓ Exercise {id}: {EXERCISES[id](*answers)}."
    except NotYet as hint:
        return False, f"✗ Exercise {id}: {hint}."
    except Exception as error:  # whatever a student's code may raise
        line = traceback.extract_tb(error.__traceback__)[-1]
        return False, f"✗ Exercise {id}: {line.name}, line {line.lineno}, raised {type(error).__name__}: {error}."
