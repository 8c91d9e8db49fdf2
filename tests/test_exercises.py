"""Exercises: the solution passes, an empty stub says so, and five typical wrong answers get a line that helps."""

import re

import nbformat
import numpy as np
import pytest

from ngdm_helpers.course import exercises
from ngdm_helpers.course.exercises.exercise import NotYet, expect
from tests.test_notebooks import SOURCES
from tests.wrong_answers import WRONG


def notebooks():
    return [nbformat.read(path.with_suffix(".ipynb"), as_version=4) for path in SOURCES]


def stubs():
    """(exercise id, the code of imports, of the stub and of its solution) of every exercise of the notebooks."""
    for notebook in notebooks():
        cells = {cell.id: cell.source for cell in notebook.cells}
        for name in cells:
            if name.endswith("-stub"):
                (id,) = re.findall(r'exercises\.check\("([^"]+)"', cells[name])
                (solution,) = re.findall(r"```python\n(.*?)```", cells[name.replace("-stub", "-solution")], re.DOTALL)
                yield pytest.param(cells["imports"], cells[name], solution, id=id)


STUBS = list(stubs())


def last_line(capsys):
    return capsys.readouterr().out.splitlines()[-1]


@pytest.mark.parametrize(("imports", "stub", "solution"), STUBS)
def test_the_solution_passes_and_the_empty_stub_says_what_is_missing(capsys, imports, stub, solution):
    names = {}
    exec(imports, names)
    exec(stub, names)
    assert "not filled in yet" in last_line(capsys)
    head, check = stub[: stub.index("exercises.check(")], stub[stub.index("exercises.check(") :]
    exec(solution, names)
    exec(check, names)
    assert last_line(capsys).startswith("✓"), head


def test_every_exercise_is_in_a_notebook_and_has_wrong_answers():
    assert sorted(param.id for param in STUBS) == sorted(exercises.EXERCISES) == sorted(WRONG)
    for topic in ("preliminaries", "convergence", "lasso", "edge_of_stability"):
        assert sum(name.startswith(f"{topic}.") for name in exercises.EXERCISES) >= 3
    assert all(len(answers) >= 5 for answers in WRONG.values())


@pytest.mark.parametrize(("id", "answers", "says"), [(id, *row) for id, rows in WRONG.items() for row in rows])
def test_a_wrong_answer_gets_a_line_that_helps(id, answers, says):
    solved, line = exercises.judge(id, *answers)
    assert not solved and re.search(says, line), line


def test_an_answer_may_change_what_it_is_given():
    def in_place(beta, value, g, lowest):
        if value > lowest:
            beta -= (value - lowest) / (g @ g) * g
        return beta

    assert exercises.judge("preliminaries.3", in_place)[0]


def test_a_fault_of_the_students_code_is_told(monkeypatch):
    monkeypatch.setitem(exercises.EXERCISES, "lasso.0", lambda step: expect(step(0), 1, "at 0"))

    def step(beta):
        return 1 / beta

    line = step.__code__.co_firstlineno + 1
    told = f"✗ Exercise lasso.0: step, line {line}, raised ZeroDivisionError: division by zero."
    assert exercises.judge("lasso.0", step) == (False, told)


def test_the_line_told_is_the_students_own_and_no_library_s():
    def relu(z, delta):
        return np.linalg.inv(z)

    line = relu.__code__.co_firstlineno + 1
    told = rf"relu, line {line}, raised LinAlgError: 1-dimensional array given[^\n]*[^.]\.$"
    assert re.search(told, exercises.judge("convergence.4", relu)[1])


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (0.5, "the check cannot use your answer, TypeError: 'float' object is not callable."),
        (lambda *_: ("a", 1), "the check cannot use your answer, ValueError: could not convert string to float: 'a'."),
        (lambda *_: exit(), "<lambda>, line [0-9]+, raised (SystemExit|NameError)"),
        (lambda *_: ["\n" * 9 + "x" * 9999], "^.{,500}$"),
    ],
)
def test_what_the_check_cannot_use_is_told_on_one_line(answer, says):
    solved, line = exercises.judge("lasso.5", answer)
    assert not solved and re.search(says, line) and "\n" not in line, line


def test_a_step_in_place_is_an_answer():
    def polyak_step(beta, value, g, best):
        if g.any():
            beta -= (value - best) / (g @ g) * g
        return beta

    assert exercises.judge("preliminaries.3", polyak_step)[0]


@pytest.mark.parametrize(
    ("got", "says"),
    [
        (None, "not filled in yet, or without a return"),
        (..., "not filled in yet"),
        ("x", "one step: expected 1.9, got 'x', which is not a number"),
        ([1.9, 1.9], r"one step: expected the shape \(\), got \(2,\)"),
        (2.1, "one step: expected 1.9, got 2.1"),
        (float("nan"), "one step: expected 1.9, got nan"),
    ],
)
def test_what_was_expected_is_said(got, says):
    with pytest.raises(NotYet, match=says):
        expect(got, 1.9, "one step")


def test_an_unknown_exercise_is_refused():
    with pytest.raises(ValueError, match=r"id must be one of .*, got 'lasso.99'"):
        exercises.check("lasso.99", None)
