"""Build the notebooks (.py → executed .ipynb) and check that every pair agrees.

The .py file (jupytext's percent format) is the source; the way back does not exist. Each cell names its own id, so ids
stay what they are when cells are added. Pairs are compared by content, never by timestamps, and `build` refuses to
overwrite an .ipynb whose cells were edited by hand, because that edit stands nowhere else.
"""

import hashlib
import json
import os
import pathlib
import re
import signal
import tempfile

import jupytext
import nbformat

from ngdm_helpers.course import recorded

FOLDER = pathlib.Path("notebooks")
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
SLIDE_TYPES = ("slide", "subslide", "fragment", "skip", "notes", "-")  # "-": on the slide of the cell before
_KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
_PROGRESS = {WIDGET_VIEW, "text/plain"}  # a widget that leaves nothing to look at but its text
_EXECUTION = {"kernel_name": "python3", "timeout": 600, "shutdown_kernel": "immediate"}  # seconds a cell
_EXECUTION |= {"record_timing": False, "coalesce_streams": True, "store_widget_state": False}
# The last words of the ids of cells whose source JupyterLab shows folded: no student has to read it.
_FOLDED = {"check", "ledger", "map", "picture", "play", "predict", "reveal", "table"}
_COLLAPSED = "jp-MarkdownHeadingCollapsed"  # JupyterLab's mark of a heading whose section is collapsed
# The slide type of a cell: by its id, else by the last word of its id, else a subslide. A cell that differs says so.
_SLIDE_OF_ID = {"title": "slide", "imports": "skip", "ledger-note": "slide", "ledger": "-"}
_SLIDE_OF_ID |= {"exercise-1": "slide", "read-next": "slide"}
_SLIDE_OF_ROLE = {"claim": "slide", "play": "-", "map": "-"} | dict.fromkeys(
    ("check", "hint", "solution", "stub"), "skip"
)
# What front-ends and nbclient write into a cell's metadata when they open, run or save it: no edit by hand.
_FRONT_END = {"ExecuteTime", "collapsed", "deletable", "editable", "execution", "jupyter", "scrolled", "trusted"}
_FRONT_END |= {_COLLAPSED}
_CARRY_OVER = "carry over to {0.name} what shall stay, then run: ngdm build --discard-edits {0.stem}"
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")  # nbformat's
_CONFLICT = re.compile(r"^(<<<<<<<|>>>>>>>|\|\|\|\|\|\|\|)( |$)", re.MULTILINE)


class Drift(ValueError):
    """A pair does not agree, or an .ipynb holds edits that its .py lacks."""


def read_source(path):
    """The notebook that a .py file describes: cells with ids, no outputs.

    What follows from the ids need not be written: the slide type, what is folded, and which sections below the cell
    ``stop-here`` are collapsed (ideas and tests). Raises ValueError for a missing or double id, an unknown slide type,
    tags that are no list and the marks of a merge conflict, `Drift` if there is no such file.
    """
    path, seen = pathlib.Path(path), set()
    if not path.exists():
        built = path.with_suffix(".ipynb")
        raise Drift(f"{built} has no {path.name}: the .py file is the source, write it or delete the notebook")
    try:
        notebook = jupytext.reads(_text(path, "edit them out"), fmt="py:percent")
    except (AttributeError, TypeError, nbformat.ValidationError) as error:  # jupytext's, for tags that are no list, say
        reason = str(error).partition("\n")[0]
        raise ValueError(f"{path}: the metadata of each cell must be a notebook's, got: {reason}") from None
    for number, cell in enumerate(notebook.cells):
        cell.metadata.pop("lines_to_next_cell", None)  # jupytext's note on blank lines between cells
        name, first = cell.metadata.pop("id", None), cell.source.partition("\n")[0]
        if not isinstance(name, str) or not _ID.fullmatch(name) or name in seen:
            fault = "no id" if name is None else f"the id {name!r}, taken or not of letters, digits, - and _"
            raise ValueError(f'{path}: cell {number} ({first!r}) has {fault}; write # %% id="…" with an id of its own')
        seen.add(name)
        cell.id = name
        role = name.rpartition("-")[2]
        by_role = _SLIDE_OF_ROLE.get(role, "subslide")
        slide = cell.metadata.setdefault("slideshow", {"slide_type": _SLIDE_OF_ID.get(name, by_role)})
        slide = slide.get("slide_type") if isinstance(slide, dict) else slide
        if slide not in SLIDE_TYPES:
            raise ValueError(f"{path}: slide_type of cell {name!r} must be one of {SLIDE_TYPES}, got {slide!r}")
        if cell.cell_type == "code" and role in _FOLDED:
            cell.metadata["jupyter"] = {"source_hidden": True}
        if "stop-here" in seen and role in ("claim", "tests") and first.startswith("## "):
            cell.metadata[_COLLAPSED] = True
    notebook.metadata = nbformat.from_dict({"kernelspec": _KERNEL, "language_info": {"name": "python"}})
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def _read_built(path):
    """The .ipynb at ``path``; ValueError, which says what to do, if it is none."""
    anew = f"run: ngdm build --discard-edits {path.stem}"
    text = _text(path, f"settle {path.stem}.py, then {anew}")
    try:
        notebook = nbformat.reads(text, as_version=4)
        nbformat.validate(notebook)
    except (ValueError, AttributeError, KeyError, TypeError, nbformat.ValidationError) as error:
        raise ValueError(f"{path} is not a notebook; {anew} ({str(error).partition(chr(10))[0]})") from None
    if not isinstance(notebook.metadata.get("ngdm", {}), dict):
        del notebook.metadata["ngdm"]  # as if it had never been built
    return notebook


def _text(path, remedy):
    """The text of a file, without a byte-order mark. ValueError names the line of a merge conflict."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} must be a file in UTF-8: {error}") from None
    if conflict := _CONFLICT.search(text):
        line = text.count("\n", 0, conflict.start()) + 1
        raise ValueError(f"{path}, line {line}: {conflict[1]}, the marks of a merge conflict; {remedy}")
    return text


def inputs(notebook):
    """What an author writes and a pair must share: type, source and metadata of every cell."""
    kept = [{key: value for key, value in cell.metadata.items() if key not in _FRONT_END} for cell in notebook.cells]
    return [
        {"cell_type": cell.cell_type, "source": cell.source, "metadata": metadata}
        for cell, metadata in zip(notebook.cells, kept, strict=True)
    ]


def results(notebook):
    """What a run writes: outputs and execution counts of every code cell, and widget state."""
    cells = [(cell.execution_count, cell.outputs) for cell in notebook.cells if cell.cell_type == "code"]
    return [cells, notebook.metadata.get("widgets")]


def fingerprint(content):
    """A hash of `inputs` or `results`; build stores both, so that a later change of the .ipynb shows."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _is_edited(old, fresh):
    """Whether the notebook ``old`` holds edits that neither its build nor ``fresh``, its .py now, has."""
    built_from = old.metadata.get("ngdm", {}).get("inputs_sha256")
    return inputs(old) != inputs(fresh) and built_from != fingerprint(inputs(old))


def check(source):
    """Raise `Drift` unless the .ipynb is what `build` makes of the .py, naming the side that changed and the command.

    Raises ValueError for a file that cannot be read, see `read_source`.
    """
    source = pathlib.Path(source)
    target, rebuild = source.with_suffix(".ipynb"), f"run: ngdm build {source.stem}"
    fresh = read_source(source)
    if not target.exists():
        raise Drift(f"{source} has no {target.name}; {rebuild}")
    old = _read_built(target)
    if inputs(old) != inputs(fresh):
        edited = f"{source.name} was edited; {rebuild}"
        if _is_edited(old, fresh):
            how = "edited" if "ngdm" in old.metadata else "written by another program"
            edited = f"{target.name} was {how}; {_CARRY_OVER.format(source)}"
        raise Drift(f"{source} and {target.name} differ in {_first_difference(fresh, old)}: {edited}")
    if [cell.id for cell in fresh.cells] != [cell.get("id") for cell in old.cells]:
        raise Drift(f"{target} does not have the ids of {source.name}; {rebuild}")
    for new, cell in zip(fresh.cells, old.cells, strict=True):
        if any(new.metadata[key] != cell.metadata.get(key) for key in ("jupyter", _COLLAPSED) if key in new.metadata):
            raise Drift(f"{target} shows cell {new.id!r} unfolded, as a live session leaves it; {rebuild}")
    built = old.metadata.get("ngdm", {})
    if built.get("results_sha256") != fingerprint(results(old)):
        has_outputs = any(cell.get("outputs") for cell in old.cells)
        raise Drift(f"{target} {'holds outputs of a live session' if has_outputs else 'lost its outputs'}; {rebuild}")
    if built.get("inputs_sha256") != fingerprint(inputs(fresh)):
        raise Drift(f"{target} holds outputs of cells that have been edited since; {rebuild}")


def _first_difference(fresh, old):
    """In words, where the cells of two notebooks with different `inputs` begin to differ."""
    for cell, new, built in zip(fresh.cells, inputs(fresh), inputs(old), strict=False):
        if fields := [field for field in new if new[field] != built[field]]:
            return f"the {' and '.join(fields)} of cell {cell.id!r}"
    return f"the number of cells, {len(fresh.cells)} and {len(old.cells)}"


def build(source, discard=False):
    """Execute the notebook that the .py file ``source`` describes and write its .ipynb, atomically.

    Raises `Drift` if the .ipynb was edited by hand since it was built, unless ``discard``; nothing is written then.
    PermissionError, before anything runs, for a folder that cannot be written to.
    A cell that raises stops the build (nbclient's CellExecutionError), an interrupt too, and the old .ipynb stays.
    """
    import nbclient

    source = pathlib.Path(source)
    target = source.with_suffix(".ipynb")
    notebook = read_source(source)
    if target.exists() and not discard and _is_edited(_read_built(target), notebook):
        raise Drift(f"{target} was edited by hand, and build would overwrite it: {_CARRY_OVER.format(source)}")
    if not os.access(target.parent, os.W_OK):  # said now, not when all cells have run
        raise PermissionError(f"{target} cannot be written: {target.parent} is read-only")
    written = fingerprint(inputs(notebook))
    client = nbclient.NotebookClient(notebook, resources={"metadata": {"path": source.parent}}, **_EXECUTION)
    try:
        client.execute()
    except Exception:
        # nbclient takes an interrupt itself, shuts its kernel down, and then fails for want of a kernel.
        if not hasattr(client, "_async_cleanup_kernel_future"):
            raise
        signal.signal(signal.SIGINT, signal.default_int_handler)
        raise KeyboardInterrupt from None
    _strip(notebook)
    # As a reader gets it: nbformat joins lines and drops what is empty.
    stored = nbformat.reads(nbformat.writes(notebook), as_version=4)
    stored.metadata["ngdm"] = {"inputs_sha256": written, "results_sha256": fingerprint(results(stored))}
    nbformat.validate(stored)
    recorded.write_text(target, nbformat.writes(stored) + "\n")
    return target


def _strip(notebook):
    """Take out what differs from run to run, references to widgets that no longer live, and second copies of pictures.

    A Live output keeps its picture, which the page shows until the cell is run. Of a progress bar only the text of its
    first moment would be left, "0%": it goes.
    """
    notebook.metadata = nbformat.from_dict({"kernelspec": _KERNEL, "language_info": {"name": "python"}})
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if set(output.get("data", {})) != _PROGRESS]
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            data.pop(WIDGET_VIEW, None)
            # Of a picture's two forms the HTML stays: JupyterLab shows an image/png without its alt text, and HTML
            # with it, in a notebook that is not trusted too. Who reads both takes the HTML first: nbconvert (pages
            # and slides), nbviewer, VS Code. nbconvert's LaTeX reads no HTML and prints the alt text instead.
            if "image/png" in data and data["image/png"].strip() in data.get("text/html", ""):
                del data["image/png"]
                output.metadata.pop("image/png", None)


def pairs(folder=FOLDER):
    """The .py paths of all notebooks in ``folder``, those with only an .ipynb included, sorted."""
    folder = pathlib.Path(folder)
    sources = {path.with_suffix(".py") for path in (*folder.glob("*.py"), *folder.glob("*.ipynb"))}
    if not sources:
        raise FileNotFoundError(f"no notebooks in {folder.resolve()}; run from the top folder of the project")
    return sorted(sources)


def chosen(names, folder=FOLDER):
    """The .py paths of the notebooks with these ``names``, of all if there are none; ValueError for an unknown name."""
    by_name = {path.stem: path for path in pairs(folder)}
    if unknown := [name for name in names if name not in by_name]:
        raise ValueError(f"NAME must be one of {', '.join(by_name)}, got {', '.join(unknown)}")
    return [by_name[name] for name in names] or list(by_name.values())


def into(folder):
    """``folder`` as a path, if it is one or can become one; an OSError, which says what --to must be, if not."""
    folder = pathlib.Path(folder)
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not there.is_dir():
        raise NotADirectoryError(f"--to must be a folder, got {folder}: {there} is a file")
    try:
        tempfile.TemporaryFile(dir=there).close()
    except OSError as error:
        fault = f"{there} takes no file, {error.strerror}"
        raise PermissionError(f"--to must be a folder that can be written to, got {folder}: {fault}") from None
    return folder
