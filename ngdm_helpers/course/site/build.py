"""Build the site. Pyodide runs here too, under Node: it records what the pages show at once, and packs the modules that
the explorers import, compiled by the same Python. So what is stored and what the page's own Python draws later are the
same pictures. `kernel` is the page's side of ipywidgets, ``figure.mjs`` the page's, ``worker.mjs`` joins them.

    live-HASH/       everything that the pages share, under a name of its own: it may be kept for ever
    play/NAME/       an explorer, alone on its page
    01_….html …      the notebooks
    lite/            JupyterLite, with the notebooks to edit
"""

import hashlib
import importlib.metadata
import importlib.util
import json
import pathlib
import shutil
import subprocess
import tarfile
import tempfile

import nbformat

from ngdm_helpers.course import explorers
from ngdm_helpers.course.build import FOLDER as NOTEBOOKS
from ngdm_helpers.course.build import into, pairs
from ngdm_helpers.course.site import lite, notebook, pages, release

SITE = "site.json"  # by which a folder is known to be ours
HERE = pathlib.Path(__file__).parent
PACKAGE = HERE.parents[1]
# What the pages' Python needs beside Pyodide's own packages: pure Python, taken from where this runs.
PURE = ("anywidget", "array_api_compat", "comm", "ipywidgets", "psygnal", "traitlets", "typing_extensions")
MODULES = (HERE / "figure.mjs", HERE / "worker.mjs", HERE / "site.css")
MODULES += tuple(PACKAGE / "live" / name for name in ("painter.mjs", "goals.mjs", "votes.mjs"))


def build(to, pyodide=None, names=(), folder=NOTEBOOKS):
    """Write the site to ``to``: the pages of the explorers and notebooks ``names``, and JupyterLite for ``lite``.

    Without ``names`` it is all of them.

    pyodide: a folder with a copy of the release, see `release`. folder: where the notebooks lie, built. Raises
    ValueError for an unknown name, and where ``to`` holds something else than a site; FileNotFoundError without Node,
    ModuleNotFoundError without JupyterLite where it is asked for.
    """
    shown, told, edited = _chosen(names, folder)
    if edited:
        lite.check()
    node()
    if into(to).exists() and any(to.iterdir()) and not (to / SITE).exists():
        raise ValueError(f"--to must name a new folder, or one that holds a site, got {to}")
    core = release.gather(to.parent / f"pyodide-{release.RELEASE['version']}", pyodide)
    to.mkdir(parents=True, exist_ok=True)
    (to / SITE).write_text("{}", encoding="utf-8")  # from here on this is a site, if not a whole one
    live, summary, formulas = shared(to, core, shown, told)
    if edited:
        lite.write(to, to / live, core, edited, run)
    pages.write(to, live, summary, told, formulas, [*edited])
    facts = {"live": live, "explorers": shown, "notebooks": [*told]}
    (to / SITE).write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    return to


def shared(to, core, shown, told, more=()):
    """Write what pages in ``to`` share that show the explorers ``shown`` and the notebooks ``told``, {name: notebook}.

    core: the release, gathered. more: {name: path} of files beside the others. Gives the name of their folder, what
    `store` says of each explorer, and the formulas typeset.
    """
    with tempfile.TemporaryDirectory() as temporary:
        out, katex = (pathlib.Path(temporary) / name for name in ("out", "katex"))
        _unpack(core / release.KATEX, katex)
        out.mkdir()
        run(core, out, HERE / "store.py", *shown)
        summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
        formulas = notebook.formulas(told.values(), node(), katex) if told else {}
        live = _live(to, out, core, katex, dict(more))
    shutil.copy(HERE / "sw.js", to)
    return live.name, summary, formulas


def run(core, out, script, *arguments, add=lambda stage: None):
    """Run a Python ``script`` in Pyodide under Node, with this package; it gets the folder ``out`` and ``arguments``.

    add: puts more beside this package.
    Raises FileNotFoundError without Node, CalledProcessError where the script does not end well.
    """
    with tempfile.TemporaryDirectory() as stage:
        _stage(pathlib.Path(stage))
        add(pathlib.Path(stage))
        subprocess.run([node(), HERE / "run.mjs", core, stage, out, script, *arguments], check=True)


def node():
    """Where Node is, which runs Pyodide and KaTeX. Raises FileNotFoundError without one."""
    if (path := shutil.which("node")) is None:
        raise FileNotFoundError("site and slides need Node 20 or newer, which is not on the PATH; see nodejs.org")
    return path


def _chosen(names, folder):
    """The explorers that ``names`` name, the notebooks, {name: notebook}, and those of JupyterLite: all or none."""
    built = {path.stem: nbformat.read(path.with_suffix(".ipynb"), as_version=4) for path in pairs(folder)}
    # in the order of the course; what no notebook shows comes last
    told = [name for one in built.values() for name in notebook.explorers_in(one) if name in explorers.__all__]
    allowed = [*built, lite.NAME, *dict.fromkeys([*told, *explorers.__all__])]
    if unknown := [name for name in names if name not in allowed]:
        raise ValueError(f"NAME must be one of {', '.join(allowed)}, got {', '.join(unknown)}")
    chosen = [name for name in allowed if name in names] or allowed
    shown = [name for name in chosen if name not in built and name != lite.NAME]
    return shown, {name: built[name] for name in chosen if name in built}, built if lite.NAME in chosen else {}


def _unpack(archive, folder):
    """KaTeX's module, style sheet and fonts."""
    (folder / "fonts").mkdir(parents=True)
    with tarfile.open(archive) as files:
        for member in files.getmembers():
            name = member.name.removeprefix("package/dist/")
            if name in ("katex.mjs", "katex.min.css") or (name.startswith("fonts/") and name.endswith(".woff2")):
                (folder / name).write_bytes(files.extractfile(member).read())


def _stage(folder):
    """Copy the pure packages, and this one, into ``folder``."""
    leave = shutil.ignore_patterns("__pycache__", "*.so", "*.pyd", "tests", "nbextension")
    for name in PURE:
        source = pathlib.Path(importlib.util.find_spec(name).origin)
        if source.name == "__init__.py":
            shutil.copytree(source.parent, folder / name, ignore=leave)
        else:
            shutil.copy(source, folder)
    shutil.copytree(PACKAGE, folder / PACKAGE.name, ignore=leave)
    meta = pathlib.Path(str(importlib.metadata.distribution("anywidget").locate_file("")))
    for found in meta.glob("anywidget-*.dist-info"):
        shutil.copytree(found, folder / found.name)


def _live(to, out, core, katex, more):
    """Put together what the pages share, in a folder that is named by what it holds."""
    for old in to.glob("live-*"):
        shutil.rmtree(old)
    files = more | {path.name: path for path in MODULES} | {name: core / name for name in release.RELEASE["core"]}
    files |= {str(path.relative_to(katex)): path for path in katex.rglob("*.*") if path.suffix != ".mjs"}
    files |= {str(path.relative_to(out)): path for path in sorted(out.rglob("*.*")) if path.name != "summary.json"}
    files["code.css"] = out / "code.css"
    files["code.css"].write_text(pages.code_css(), encoding="utf-8")
    digest = hashlib.sha256()
    for name, path in sorted(files.items()):
        digest.update(name.encode() + path.read_bytes())
    live = to / f"live-{digest.hexdigest()[:12]}"
    for name, path in files.items():
        target = live / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    (live / "pyodide-lock.json").write_text(json.dumps(release.RELEASE["lock"] | {"packages": {}}), encoding="utf-8")
    return live
