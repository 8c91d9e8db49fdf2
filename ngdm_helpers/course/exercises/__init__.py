"""The exercises of the notebooks: what checks an answer and says in words what helps. A file for each notebook."""

import traceback

from ngdm_helpers.course.exercises import convergence, edge_of_stability, lasso, preliminaries
from ngdm_helpers.course.exercises.exercise import EXERCISES, NotYet

TOPICS = (preliminaries, convergence, lasso, edge_of_stability)  # each enters its exercises when it is imported


def check(id, *answers):
    """Print whether ``answers``, functions or numbers, solve the exercise ``id`` ("lasso.1"), or what helps."""
    print(judge(id, *answers)[1])


def judge(id, *answers):
    """(whether they solve it, a line for the student). A fault of the student's code is told, not raised, with the
    student's own line; what the code returned and the check could not use is told as that.

    Raises ValueError for an unknown exercise.
    """
    if id not in EXERCISES:
        raise ValueError(f"id must be one of {', '.join(EXERCISES)}, got {id!r}")
    try:
        return True, f"✓ Exercise {id}: {EXERCISES[id](*answers)}."
    except NotYet as hint:
        return False, f"✗ Exercise {id}: {short(hint)}."
    except (Exception, SystemExit) as error:  # whatever a student's code may raise
        what = f"{type(error).__name__}: {short(error)}".removesuffix(": ")
        theirs = {answer.__code__.co_filename for answer in answers if hasattr(answer, "__code__")}
        lines = [line for line in traceback.extract_tb(error.__traceback__) if line.filename in theirs]
        if not lines:
            return False, f"✗ Exercise {id}: the check cannot use your answer, {what}."
        return False, f"✗ Exercise {id}: {lines[-1].name}, line {lines[-1].lineno}, raised {what}."


def short(message):
    """``message`` on one line, without its full stop; an answer that it quotes may be an array of any size."""
    line = " ".join(str(message).split()).removesuffix(".")
    return line if len(line) <= 300 else f"{line[:300]} …"
