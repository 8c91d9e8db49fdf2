"""What an exercise's check is made of: the decorator that enters it, and what it expects of an answer."""

import numpy as np

NOTHING = "not filled in yet, or without a return: replace … by your code, and run this cell again"
EXERCISES = {}  # by id, "lasso.1": the check, which takes the answers and returns what they have shown


class NotYet(Exception):
    """An answer is not right yet; the message is what helps, a sentence without its full stop."""


def exercise(id):
    """Enter the decorated check as exercise ``id``. It raises `NotYet`, or returns in words what the answer shows."""

    def enter(check):
        if id in EXERCISES:
            raise ValueError(f"id must be new, got {id!r} a second time")
        EXERCISES[id] = check
        return check

    return enter


def expect(got, wanted, why, rtol=1e-6, atol=1e-12):
    """`NotYet` with ``why``, what was expected and what came, unless ``got`` equals ``wanted`` up to the tolerances."""
    if got is None or got is ...:
        raise NotYet(NOTHING)
    try:
        numbers = np.asarray(got, dtype=float)
    except (TypeError, ValueError):
        raise NotYet(f"{why}: expected {_words(wanted)}, got {got!r}, which is not a number") from None
    if numbers.shape != np.shape(wanted):
        raise NotYet(f"{why}: expected the shape {np.shape(wanted)}, got {numbers.shape}")
    if not np.allclose(numbers, wanted, rtol=rtol, atol=atol):
        raise NotYet(f"{why}: expected {_words(wanted)}, got {_words(numbers)}")


def _words(numbers):
    form = {"float_kind": "{:.6g}".format}
    return np.array2string(np.asarray(numbers, dtype=float), formatter=form, threshold=8, separator=", ")
