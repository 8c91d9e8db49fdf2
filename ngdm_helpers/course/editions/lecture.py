"""A notebook's core for the hall, served by Voilà: no code, one step at a time, turned by a presenter's clicker.

Who votes, plays and reveals has a kernel; what only later cells need is run and not shown. The page opens with its text
while the kernel starts: what a cell shows comes when it has run, and a slider that is moved waits for one cell at most.
"""

import ast
import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import nbformat

from ngdm_helpers.course import build
from ngdm_helpers.course.editions import lesson, student

HERE = pathlib.Path(__file__).parent
# Roles of code cells whose output the hall sees. What has its point in the code itself is for the notebook.
SHOWN = ("predict", "play", "map", "picture", "reveal")
# Of JupyterLab's extensions those that sliders need: others may ask for parts that Voilà does not have.
_EXTENSIONS = ("@voila-dashboards/widgets-manager8", "@jupyter-widgets/jupyterlab-manager", "anywidget")


def serve(source, port=8866, browser=True):
    """Serve the core of the .py file ``source`` at http://localhost:``port`` until an interrupt.

    ModuleNotFoundError without Voilà, ValueError for a port that cannot be one; else as `lesson.read`.
    """
    if not 0 < port < 2**16:
        raise ValueError(f"--port must be 1 … 65535, got {port}")
    if importlib.util.find_spec("voila") is None:
        raise ModuleNotFoundError("Voilà is not installed", name="voila")
    with tempfile.TemporaryDirectory(prefix="ngdm-lecture-") as temporary:
        command, environment = prepare(source, pathlib.Path(temporary))
        options = [f"--port={port}", *([] if browser else ["--no-browser"])]
        subprocess.run([*command, *options], env=environment, check=True)


def prepare(source, folder):
    """Write what Voilà needs into ``folder``: (its command, its environment)."""
    template = folder / "voila" / "templates" / "lecture"
    template.mkdir(parents=True)
    for name in ("lecture.css", "lecture.js", "clicker.js"):
        (template / name).write_bytes((HERE / name).read_bytes())
    (template / "index.html.j2").write_bytes((HERE / "lecture.html.j2").read_bytes())
    (template / "conf.json").write_text(json.dumps({"base_template": "lab"}))
    path = folder / f"{source.stem}.ipynb"
    nbformat.write(notebook(source), path)
    paths = os.pathsep.join(filter(None, (str(folder), os.environ.get("JUPYTER_PATH"))))
    settings = ["template=lecture", "show_tracebacks=True", "progressive_rendering=True"]
    settings += [f"extension_allowlist={name}" for name in _EXTENSIONS]
    command = [sys.executable, "-m", "voila", str(path), *(f"--VoilaConfiguration.{one}" for one in settings)]
    command.append("--Voila.kernel_websocket_connection_class=ngdm_helpers.course.server.Prompt")
    return command, os.environ | {"JUPYTER_PATH": paths}


def notebook(source):
    """The notebook for the hall. A cell's metadata say its "idea" and "step", "" for a cell that is not shown.

    A step is what the hall sees at once: words, then a vote, a figure or a reveal at most.
    """
    held = lesson.read(source)
    parts = [(cell, number) for number, idea in enumerate(held.ideas, 1) if idea.core for cell in idea.cells]
    before = held.cells[: held.cells.index(parts[0][0])]  # title and imports
    cells, step, code = [], -1, True
    for cell, idea in [*((cell, 0) for cell in before), *parts]:
        shown = cell.cell_type == "markdown" or _shows(cell)
        cell.metadata = nbformat.from_dict({"idea": idea, "step": ""})
        if shown:
            # a text begins a step, and so does a second figure
            step += code or cell.cell_type == "markdown"
            code, cell.metadata.step = cell.cell_type == "code", step
        cells.append(cell)
    whole = build.read_source(source)
    whole.cells = _needed(cells)
    return whole


def _shows(cell):
    """Whether a code cell has something for the hall: not where it keeps its picture for a reveal below."""
    if not cell.id.endswith(tuple(f"-{role}" for role in SHOWN)):
        return False
    return not isinstance(ast.parse(cell.source).body[-1], ast.Assign)


def _needed(cells):
    """Those of ``cells`` that are shown, or that leave a name which one below takes."""
    kept, names = [], set()
    for cell in reversed(cells):
        if cell.cell_type == "code":
            taken, left = student.global_names(cell.source)
            if cell.metadata.step == "" and not left & names:
                continue
            names = names - left | taken
        kept.append(cell)
    return kept[::-1]
