"""What nbgrader itself makes of the edition for it: students' copies without solutions, and the right scores.

`pytest -m tools` runs this where nbgrader is installed: pip install -e ".[nbgrader]".
"""

import csv
import os
import shutil
import subprocess
import sys

import nbformat
import pytest

from ngdm_helpers.course import cli
from tests.lab import ROOT, kernel_environment

NAME = "04_edge_of_stability"  # without torch, and the quickest
# nbgrader looks for a command, alembic, beside its own
PATH = os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", "")])
NBGRADER = shutil.which("nbgrader", path=PATH)
WRONG = {  # but for the third
    "1": "def step(x, eta, delta):\n    return x - eta * x",
    "2": "def cycle(eta):\n    import sys; sys.exit()",
    "3": "def step_uv(u, v, eta):\n    return u - eta * (u * v - 1) * v, v - eta * (u * v - 1) * u",
    "4": "",
}
pytestmark = [
    pytest.mark.slow,
    pytest.mark.tools,
    pytest.mark.skipif(NBGRADER is None, reason='nbgrader is not installed: pip install -e ".[nbgrader]"'),
]


def run(folder, *arguments):
    environment = kernel_environment() | {"PATH": PATH, "HOME": str(folder), "JUPYTER_CONFIG_DIR": str(folder / "none")}
    done = subprocess.run([NBGRADER, *arguments], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    folder = tmp_path_factory.mktemp("course")
    options = ("--format=nbgrader", f"--folder={ROOT / 'notebooks'}", f"--to={folder}")
    assert cli.main(["student", NAME, *options]) == 0
    run(folder, "generate_assignment", NAME)
    return folder


def read(course, *parts):
    return nbformat.read(course.joinpath(*parts, NAME, f"{NAME}.ipynb"), as_version=4)


def test_a_students_copy_holds_stubs_and_no_solution(course):
    released, edition = read(course, "release"), read(course, "source")
    for cell, with_solution in zip(released.cells, edition.cells, strict=True):
        if cell.id.endswith("-stub"):
            assert cell.source.endswith("    ...") and "SOLUTION" in with_solution.source
        elif cell.id.endswith("-grade"):
            assert cell.source.startswith("exercises.check(") and "\n" not in cell.source
        else:
            assert cell.source == with_solution.source
    assert "SOLUTION" not in str(released) and "HIDDEN" not in str(released)


def test_nbgrader_gives_the_right_scores(course):
    submissions = {"right": read(course, "source"), "empty": read(course, "release"), "wrong": read(course, "release")}
    for cell in submissions["wrong"].cells:
        if cell.id.endswith("-stub"):
            cell.source = WRONG[cell.id.split("-")[1]]
        elif cell.id.endswith("-grade"):
            cell.source = "pass"  # a check that was tampered with is put back
    for student, notebook in submissions.items():
        to = course / "submitted" / student / NAME
        to.mkdir(parents=True)
        nbformat.write(notebook, to / f"{NAME}.ipynb")
    run(course, "autograde", NAME)
    run(course, "export")
    rows = csv.DictReader((course / "grades.csv").read_text(encoding="utf-8").splitlines())
    scores = {row["student_id"]: (float(row["score"]), float(row["max_score"])) for row in rows}
    assert scores == {"right": (4, 4), "empty": (0, 4), "wrong": (1, 4)}
    first = next(cell for cell in read(course, "autograded", "wrong").cells if cell.id == "exercise-1-grade")
    assert any("beyond δ the slope is δ, whatever x" in output.get("evalue", "") for output in first.outputs)
