"""ngdm grade: the right sentence for every answer, and no answer that stops it."""

import copy
import json
import os
import pathlib
import re
import sys
import time

import nbformat
import pytest

from ngdm_helpers.course import build, cli, exercises
from ngdm_helpers.course.editions import grade, student
from tests.lab import ROOT
from tests.wrong_answers import WRONG

SOURCES = build.pairs(ROOT / "notebooks")
LASSO, EDGE = SOURCES[2:]
RIGHT = "import numpy as np\n\n\ndef step(x, eta, delta):\n    return x - eta * np.clip(x, -delta, delta)\n"
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="the system does not keep the limit")


def number_of(cell):
    return cell.id.split("-")[1]


@pytest.fixture(scope="module")
def blank(tmp_path_factory):
    """{stem: the notebook of the edition}."""
    folder = tmp_path_factory.mktemp("student")
    return {path.stem: nbformat.read(student.write(path, folder)[0], as_version=4) for path in SOURCES}


@pytest.fixture
def graded(blank, tmp_path):
    def fill(answers, stem="04_edge_of_stability", **limits):
        """Grade the edition with {exercise number: code in place of its stub's function}, and no other stub if any."""
        notebook = copy.deepcopy(blank[stem])
        if answers:
            left_out = [cell for cell in notebook.cells if cell.id.endswith("-stub") and number_of(cell) not in answers]
            notebook.cells = [cell for cell in notebook.cells if cell not in left_out]
        for cell in notebook.cells:
            if cell.id.endswith("-stub") and answers:
                cell.source = f"{answers[number_of(cell)]}\n{cell.source[cell.source.rindex('exercises.check(') :]}"
        path = tmp_path / f"{stem}.ipynb"
        nbformat.write(notebook, path)
        rows = {row["id"].partition(".")[2]: row for row in grade.grade(path, SOURCES, **limits)["exercises"]}
        return {number: row for number, row in rows.items() if not answers or number in answers}

    return fill


@pytest.mark.slow
def test_the_blank_edition_has_nothing_right_and_says_so(graded):
    rows = graded({})
    assert list(rows) == ["1", "2", "3", "4"]
    assert not any(row["passed"] for row in rows.values())
    assert all("not filled in yet" in row["says"] for row in rows.values())


@pytest.mark.slow
@pytest.mark.parametrize("source", [SOURCES[1], EDGE], ids=lambda path: path.stem)  # seconds less than the others
def test_the_solutions_pass(graded, source):
    notebook = build.read_source(source)
    numbers = [cell.id.split("-")[1] for cell in notebook.cells if cell.id.endswith("-stub")]
    rows = graded({number: student.solution(notebook, number) for number in numbers}, source.stem)
    assert all(row["passed"] and row["says"].startswith("✓") for row in rows.values()), rows


def names_of(source):
    """{number: the names that its stub defines}."""
    cells = build.read_source(source).cells
    return {cell.id.split("-")[1]: grade._answers(cell.source) for cell in cells if cell.id.endswith("-stub")}


def wrong(source, which):
    """({number: code}, {number: what it must be told}), the wrong answer number ``which`` of each exercise."""
    code, says = {}, {}
    for number, names in names_of(source).items():
        id = f"{source.stem.partition('_')[2]}.{number}"
        which_of_it = which % len(WRONG[id])
        code[number] = f"from tests.wrong_answers import WRONG\n{', '.join(names)}, = WRONG[{id!r}][{which_of_it}][0]"
        says[number] = WRONG[id][which_of_it][1]
    return code, says


ROUNDS = [(source, 0) for source in SOURCES[1:3]] + [(EDGE, which) for which in range(9)]
ALL = [(source, which) for source in SOURCES[:3] for which in range(12)]  # the exercise of torch takes seconds


@pytest.mark.parametrize(
    ("source", "which"),
    [
        *(pytest.param(*row, marks=pytest.mark.slow) for row in ROUNDS),
        *(pytest.param(*row, marks=[pytest.mark.slow, pytest.mark.tools]) for row in ALL),
    ],
    ids=lambda value: getattr(value, "stem", value),
)
def test_a_wrong_answer_gets_the_sentence_that_helps(graded, source, which):
    code, says = wrong(source, which)
    for number, row in graded(code, source.stem).items():
        alone = re.search(says[number], row["says"])
        assert not row["passed"] and alone, row


# --- accidents --------------------------------------------------------------------------------------------------------

IN_STEP = "def step(x, eta, delta):\n    "
ACCIDENTS = {
    "loop": (f"{IN_STEP}while True: pass", "did not end within 1 s"),
    "loop in the cell": ("while True: pass", "did not end within 1 s"),
    "sleep": ("import time\ntime.sleep(99)", "did not end within 1 s"),
    "flood": (f"{IN_STEP}while True: print('x' * 10**6)", "did not end within 1 s"),
    "flood, then right": ("import sys\nfor _ in range(2000): print('x' * 1000, file=sys.stderr)\n" + RIGHT, None),
    "exit": ("import sys\nsys.exit()", "line 2 of its cell raised SystemExit"),
    "exit in the function": (f"{IN_STEP}raise SystemExit(3)", "step, line 2, raised SystemExit: 3"),
    "end of Python": (f"{IN_STEP}import os; os._exit(0)", "ended Python itself, with status 0"),
    "crash": (f"{IN_STEP}import os; os.kill(os.getpid(), 11)", "ended Python itself, with status -11"),
    "interrupt": (f"{IN_STEP}raise KeyboardInterrupt", "raised KeyboardInterrupt"),
    "recursion": (f"{IN_STEP}return step(x, eta, delta)", "raised RecursionError"),
    "input": (f"{IN_STEP}return float(input())", "raised EOFError"),
    "no Python": ("def step(x, eta, delta):\nreturn 1", "line 2 is not Python: expected an indented block"),
    "null byte": ("x = '\0'", "null bytes"),
    "no function": ("x = 1", "must define step"),
    "deleted name": (RIGHT + "del step", "must define step"),
    "no number": (f"{IN_STEP}return 'x' * 10**7", "expected 0.45, got 'xxx"),
    "own repr": ("class Odd:\n    def __repr__(self): raise SystemExit\ndef step(*_): return Odd()", "SystemExit"),
    "fault in the cell": ("a = 1\nb = a / 0", "line 2 of its cell raised ZeroDivisionError: division by zero"),
    "overwritten module": ("exercises = problems = None\n" + RIGHT, None),
    "a thread that stays": (
        "import threading, time\nthreading.Thread(target=time.sleep, args=(99,)).start()\n" + RIGHT,
        None,
    ),
    "magic": ("%matplotlib inline\n!ls\n" + RIGHT, None),
    "cell magic": ("%%time\n" + RIGHT, None),
    "a file": ("open('here.txt', 'w').write('x')\n" + RIGHT, None),
    "a plot": ("import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\n" + RIGHT, None),
    "remainder": ("x = (7\n    % 4)\n" + RIGHT, None),
}
ON_LINUX = {
    "an array without bound": (f"{IN_STEP}return np.ones((10**6, 10**6))", "MemoryError|ArrayMemoryError"),
    "a list without bound": ("x = []\nwhile True: x.append(bytes(10**6))", "raised MemoryError"),
    "a file without bound": (
        "with open('x', 'wb') as f:\n    while True: f.write(bytes(10**7))",
        "OSError.*File too large",
    ),
}


@pytest.mark.parametrize(
    ("code", "says"),
    [*ACCIDENTS.values(), *(pytest.param(*case, marks=on_linux) for case in ON_LINUX.values())],
    ids=[*ACCIDENTS, *ON_LINUX],
)
def test_an_accident_is_told_and_stops_nothing(graded, code, says, capfd):
    here = set(os.listdir())
    row = graded({"1": code}, seconds=1 if says and "1 s" in says else 30)["1"]
    assert row["passed"] == (says is None), row
    if says:
        assert re.search(says, row["says"]) and len(row["says"]) < 600 and "\n" not in row["says"]
    assert set(os.listdir()) == here and capfd.readouterr() == ("", "")


@on_linux
def test_what_the_code_has_started_ends_with_it(graded, tmp_path):
    noted = tmp_path / "pid"
    start = "import subprocess\nchild = subprocess.Popen(['sleep', '99'])\n"
    assert graded({"1": f"{start}open({str(noted)!r}, 'w').write(str(child.pid))\n{RIGHT}"})["1"]["passed"]
    state = pathlib.Path("/proc", noted.read_text(), "stat")
    end = time.monotonic() + 20
    # Z: dead, and nobody has asked
    while state.exists() and ") Z" not in state.read_text() and time.monotonic() < end:
        time.sleep(0.05)
    assert time.monotonic() < end


def test_an_exercise_knows_nothing_of_another(graded):
    rows = graded({"1": "import numpy\nnumpy.clip = None\nshared = 1", "2": "cycle = lambda eta: shared"})
    assert "name 'shared' is not defined" in rows["2"]["says"]


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def solved(blank):
    """Notebook 4 with its first exercise solved and nothing of the others."""
    notebook = copy.deepcopy(blank["04_edge_of_stability"])
    others = [f"exercise-{number}-stub" for number in "234"]
    notebook.cells = [cell for cell in notebook.cells if cell.id not in others]
    stub = next(cell for cell in notebook.cells if cell.id == "exercise-1-stub")
    stub.source = f"{RIGHT}\nexercises.check('edge_of_stability.1', step)"
    return notebook


def first(notebook, path):
    path.write_text(notebook if isinstance(notebook, str) else json.dumps(notebook), encoding="utf-8")
    return grade.grade(path, SOURCES)["exercises"][0]


@pytest.mark.slow
def test_a_file_saved_by_others_is_found_its_way_in(solved, tmp_path):
    path = tmp_path / "Müller, Ann.ipynb"
    stub = next(cell for cell in solved.cells if cell.id == "exercise-1-stub")
    at = solved.cells.index(stub)
    assert first(solved, path)["passed"]
    as_lines = copy.deepcopy(solved)  # as the format has it on disk
    for cell in as_lines.cells:
        cell["source"] = cell["source"].splitlines(keepends=True)
    assert first(as_lines, path)["passed"]
    moved = copy.deepcopy(solved)
    moved.cells.append(moved.cells.pop(at))
    assert first(moved, path)["passed"]
    beside = copy.deepcopy(solved)  # in a cell of the student's own, after the stub
    beside.cells[at]["source"] = 'exercises.check("edge_of_stability.1", step)'
    beside.cells.insert(at + 1, nbformat.v4.new_code_cell(RIGHT))
    assert first(beside, path)["passed"]
    nameless = copy.deepcopy(solved)  # without ids and metadata, named after the notebook
    nameless.metadata = {}
    for cell in nameless.cells:
        del cell["id"]
    nameless.cells[at]["source"] = stub.source.replace("'edge_of_stability.1'", '"edge_of_stability.1"')
    assert first(nameless, tmp_path / "homework.ipynb")["passed"]
    assert first(nameless, tmp_path / "04_edge_of_stability (1).ipynb")["passed"]
    text = copy.deepcopy(solved)
    text.cells[at]["cell_type"] = "markdown"
    assert (
        first(text, path)["says"]
        == "✗ Exercise edge_of_stability.1: its cell, exercise-1-stub, is missing, or is no code."
    )


@pytest.mark.parametrize(
    "text",
    ["", "no notebook", "[1, 2]", "{}", '{"cells": 1}', '{"cells": [1]}',
     '{"cells": [{"cell_type": "code", "source": 1}]}',
     '{"cells": [{}]}', '{"cells": [], "metadata": 3}', "[" * 100_000, '{"cells": []}', '{"worksheets": []}',
     '{"cells": [{"cell_type": "code", "id": [], "source": []}]}'],
    ids=lambda text: text[:20],
)  # fmt: skip
def test_a_file_that_is_no_notebook_of_these_is_refused_in_words(text, tmp_path):
    with pytest.raises(ValueError, match=r"answer\.ipynb must be (a notebook|one of 01_preliminaries)"):
        first(text, tmp_path / "answer.ipynb")


def run(*arguments):
    return cli.main(["grade", f"--folder={ROOT / 'notebooks'}", *map(str, arguments)])


def test_one_bad_file_does_not_keep_the_others_from_their_grades(solved, tmp_path, capsys):
    path, broken, image = tmp_path / "ann.ipynb", tmp_path / "bob.ipynb", tmp_path / "cy.ipynb"
    nbformat.write(solved, path)
    broken.write_text("{")
    image.write_bytes(b"\x89PNG\xff")
    assert run(broken, path, image, tmp_path, tmp_path / "none.ipynb") == 1
    out, err = capsys.readouterr()
    assert out.startswith(f"{path}: 1 of 4 exercises passed\n  ✓ Exercise edge_of_stability.1: at η = 2.5")
    assert [line.partition(" must be a notebook")[0] for line in err.splitlines()] == [
        str(broken), str(image), str(tmp_path), str(tmp_path / "none.ipynb")]  # fmt: skip
    assert run(path) == 0 and capsys.readouterr().err == ""
    assert run("--json", path, broken) == 1
    graded, error = map(json.loads, capsys.readouterr().out.splitlines())
    assert (graded["file"], graded["notebook"], graded["passed"], graded["of"]) == (
        str(path), "04_edge_of_stability", 1, 4)  # fmt: skip
    assert error["file"] == str(broken) and "must be a notebook" in error["error"]
    for option, says in (
        ("--seconds=0", "seconds must be above 0"),
        ("--seconds=inf", "got inf"),
        ("--megabytes=-1", "megabytes must"),
    ):
        assert run(option, path) == 1 and says in capsys.readouterr().err


HIDDEN = """
from ngdm_helpers.course.exercises.exercise import exercise, expect

@exercise("edge_of_stability.1")
def another_width(step):
    expect(step(7.0, 0.5, 3.0), 5.5, "from 7 at δ = 3")
    return "another width is right as well"
"""


def test_hidden_cases_are_judged_as_well(solved, tmp_path, capsys):
    path, hidden = tmp_path / "ann.ipynb", tmp_path / "hidden.py"
    hidden.write_text(HIDDEN, encoding="utf-8")
    nbformat.write(solved, path)
    before = dict(exercises.EXERCISES)
    assert run("--hidden", hidden, path) == 0
    assert (
        "    hidden cases: ✓ Exercise edge_of_stability.1: another width is right as well." in capsys.readouterr().out
    )
    assert exercises.EXERCISES == before
    # knows the visible cases by heart
    stub = next(cell for cell in solved.cells if cell.id == "exercise-1-stub")
    stub.source = stub.source.replace("-delta, delta)", "-min(delta, 2), min(delta, 2))")
    nbformat.write(solved, path)
    assert run("--hidden", hidden, "--json", path) == 0
    row = json.loads(capsys.readouterr().out)["exercises"][0]
    assert not row["passed"] and row["says"].startswith("✓") and "from 7 at δ = 3" in row["hidden"]["says"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = 1", "must enter cases for some of .*, got none"),
        (HIDDEN.replace("edge_of_stability.1", "edge.1"), "must enter cases for some of .*, got edge.1"),
        ("def", "must be Python with functions below @exercise: SyntaxError"),
        (f"{HIDDEN}1 / 0", "ZeroDivisionError, division by zero"),
        (HIDDEN + HIDDEN, "id must be new, got 'edge_of_stability.1' a second time"),
    ],
)
def test_a_file_without_hidden_cases_is_refused(text, says, tmp_path):
    hidden = tmp_path / "hidden.py"
    hidden.write_text(text, encoding="utf-8")
    before = dict(exercises.EXERCISES)
    with pytest.raises(ValueError, match=says):
        grade.hidden_cases(hidden)
    assert exercises.EXERCISES == before
    for none in (tmp_path / "none.py", tmp_path):
        with pytest.raises(FileNotFoundError, match=r"--hidden must be a Python file, there is none at"):
            grade.hidden_cases(none)
