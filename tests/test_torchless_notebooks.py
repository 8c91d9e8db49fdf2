"""Without PyTorch the notebooks run to the end and every slider opens.

A cell that needs it says so, and no other cell leans on it.
"""

import ast
import builtins
import pathlib
import subprocess
import sys

import pytest

from ngdm_helpers import course
from ngdm_helpers.course import build, explorers
from tests.test_teaching import global_names

ROOT = pathlib.Path(__file__).parents[1]
SOURCES = build.pairs(ROOT / "notebooks")
TORCH = {"torch", "torchvision", "networks"}


def needs_torch(cell):
    return cell.source.startswith(course.TORCH_MARK)


def unmarked(notebook):
    """(cell, name) for each cell without the mark that names torch or reads what a marked cell was the last to bind."""
    faults, last_bound_by_torch = [], {}
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        tree, (read, bound) = ast.parse(cell.source), global_names(cell.source)
        imported = {part for node in ast.walk(tree) if isinstance(node, ast.ImportFrom | ast.Import)
                    for alias in node.names for part in (alias.name, getattr(node, "module", None))}  # fmt: skip
        if not needs_torch(cell):
            lacking = {name for name in read - set(dir(builtins)) if last_bound_by_torch.get(name)}
            faults += [(cell.id, name) for name in sorted(lacking | (imported | read) & TORCH)]
        last_bound_by_torch |= dict.fromkeys(bound, needs_torch(cell))
    return faults


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_what_needs_torch_is_marked(source):
    assert unmarked(build.read_source(source)) == []


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        (["import torch"], [("b", "torch")]),
        (["from ngdm_helpers import data, networks"], [("b", "networks")]),
        (["# Needs PyTorch: x\nx = 1", "y = [x for _ in range(3)]"], [("c", "x")]),
        (["# Needs PyTorch: x\nx = 1", "x = 2\nx"], []),
        (["# Needs PyTorch: x\nx = 1", "def f(x):\n    return x\nx = f(1)"], []),
        (["x = 1", "# Needs PyTorch: x\nx = 1", "x = x + 1"], [("d", "x")]),
    ],
)
def test_an_unmarked_cell_is_found(cells, fault, tmp_path):
    path = tmp_path / "tiny.py"
    path.write_text("\n\n".join(f'# %% id="{name}"\n{cell}' for name, cell in zip("bcd", cells, strict=False)))
    assert unmarked(build.read_source(path)) == fault


def test_a_marked_cell_becomes_one_sentence():
    (line,) = course.without_torch(["# Needs PyTorch: the slope's sign\n", "import torch\n"])
    printed = ast.literal_eval(line.removeprefix("print(").removesuffix(")\n"))
    assert "leaves out the slope's sign" in printed and "pip install torch" in printed and "make lab" in printed
    for lines in ([], ["1 + 1\n"], ["x = 1\n", "# Needs PyTorch: x\n"]):
        assert course.without_torch(lines) == lines


BLOCKED = '''
import sys

class NoTorch:
    """An import finder in front of all others that knows no torch."""

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "torchvision"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, NoTorch())
'''

RUN = """
import functools
import os
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()  # before the course is imported, as in a notebook
from matplotlib.axes import Axes
from matplotlib.layout_engine import ConstrainedLayoutEngine
from ngdm_helpers import live
from ngdm_helpers.course import build, claims, explorers
from tests.test_explorers import EXPLORERS

# What a cell computes is run here, and what a slider's update draws is recorded. The rest of the painting, and driving,
# take most of the time: they are tests/test_explorers.py's.
Axes.draw = lambda self, renderer: None
ConstrainedLayoutEngine.execute = lambda self, figure: None
live.Live.drive = lambda self: None
claims.Claim.measured = functools.cache(claims.Claim.measured)  # notebook 4 has the rows of the others as well
opened = set()

def noted(name, explorer):
    @functools.wraps(explorer)
    def noting(*arguments):
        widget = explorer(*arguments)
        assert len(widget.canvas.frame["ops"]) > 2 and widget.png.startswith(b"\\x89PNG"), name
        opened.add(name)
        return widget
    return noting

for name, explorer in EXPLORERS.items():
    setattr(explorers, name, noted(name, getattr(explorers, name)))
os.chdir("notebooks")
for source in sys.argv[1:]:
    print(SEPARATOR)
    shell.reset()
    for cell in build.read_source(source).cells:
        if cell.cell_type == "code" and not shell.run_cell(cell.source).success:
            print(STOPPED, cell.id)
            break
print(SEPARATOR)
for name in EXPLORERS.keys() - opened:
    noted(name, EXPLORERS[name])()
print(*sorted(opened))
"""
SEPARATOR, STOPPED = 80 * "=", "stopped at the cell"
# Notebook 2 is about networks, and promises nothing without them.
PROMISED = [SOURCES[0], *SOURCES[2:]]


def run_without_torch(code, *arguments):
    command = [sys.executable, "-c", BLOCKED + code, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", errors="replace")


def test_torch_is_blocked_there():
    done = run_without_torch("import torch")
    assert "ModuleNotFoundError: No module named 'torch'" in done.stderr


@pytest.fixture(scope="module")
def done():
    """One process runs the notebooks, and opens the explorers that they do not show."""
    return run_without_torch(f"SEPARATOR, STOPPED = {SEPARATOR!r}, {STOPPED!r}\n{RUN}", *PROMISED)


@pytest.mark.slow
@pytest.mark.parametrize("source", PROMISED, ids=lambda path: path.stem)
def test_a_notebook_runs_to_the_end_without_torch(source, done):
    parts = done.stdout.split(f"{SEPARATOR}\n")
    assert len(parts) == len(PROMISED) + 2, done.stderr
    printed = parts[1 + PROMISED.index(source)]
    assert STOPPED not in printed, printed[-3000:]
    marked = [cell.source.splitlines()[0] for cell in build.read_source(source).cells if needs_torch(cell)]
    assert marked
    for line in marked:
        assert f"leaves out {line.removeprefix(course.TORCH_MARK)}; to get it, run make lab" in printed


@pytest.mark.slow
def test_every_explorer_opens_without_torch(done):
    assert done.returncode == 0, done.stderr
    assert done.stdout.split(f"{SEPARATOR}\n")[-1].split() == sorted(explorers.__all__)
