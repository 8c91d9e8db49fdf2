"""Build the notebooks (.py → executed .ipynb) and check that every pair agrees.

    ngdm build [NAME …]    write the .ipynb of each (default: all) from its .py
    ngdm check [NAME …]    compare every pair; exit 1 and name the command that mends it

The .py file (jupytext's percent format) is the source; the way back does not exist. Each cell names its own id, so ids
stay what they are when cells are added. Pairs are compared by content, never by timestamps, and ``build`` refuses to
overwrite an .ipynb whose cells were edited by hand, because that edit stands nowhere else.
"""

import argparse
import hashlib
import json
import pathlib
import sys

import jupytext
import nbformat
from tqdm.auto import tqdm

from ngdm_helpers.course import recorded

FOLDER = pathlib.Path("notebooks")
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
_KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
_CELL_TIMEOUT = 600  # seconds
_FOLDED = {  # tag: what of its cells JupyterLab shows folded
    "solution": {"source_hidden": True, "outputs_hidden": True},
    "check": {"source_hidden": True},
}


class Drift(Exception):
    """A pair does not agree, or an .ipynb holds edits that its .py lacks."""


def read_source(path):
    """The notebook that a .py file describes: cells with ids, no outputs; solutions and checks are folded.

    ValueError for a missing or double id.
    """
    notebook = jupytext.read(path)
    seen = set()
    for number, cell in enumerate(notebook.cells):
        cell.metadata.pop("lines_to_next_cell", None)  # jupytext's note on blank lines between cells
        name = cell.metadata.pop("id", None)
        first = cell.source.partition("\n")[0]
        if name is None or name in seen:
            fault = "no id" if name is None else f"the id {name!r} of an earlier cell"
            raise ValueError(f'{path}: cell {number} ({first!r}) has {fault}; write # %% id="…" with an id of its own')
        seen.add(name)
        cell.id = name
        for tag in cell.metadata.get("tags", []):
            if tag in _FOLDED:
                cell.metadata["jupyter"] = dict(_FOLDED[tag])
    notebook.metadata = nbformat.from_dict({"kernelspec": _KERNEL, "language_info": {"name": "python"}})
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def inputs(notebook):
    """What a pair must share: id, type, source and metadata of every cell."""
    return [
        {"id": cell.id, "cell_type": cell.cell_type, "source": cell.source, "metadata": _authored(cell.metadata)}
        for cell in notebook.cells
    ]


def _authored(metadata):
    """Cell metadata without what JupyterLab and nbclient add when they run or save."""
    return {
        k: v
        for k, v in metadata.items()
        if k not in ("execution", "collapsed", "scrolled", "jp-MarkdownHeadingCollapsed")
    }


def fingerprint(notebook):
    """A hash of `inputs`; build stores it, so that an edit of the .ipynb by hand shows."""
    return hashlib.sha256(json.dumps(inputs(notebook), sort_keys=True).encode()).hexdigest()


def build(source, discard=False):
    """Execute the notebook that the .py file ``source`` describes and write its .ipynb, atomically.

    Raises `Drift` if the .ipynb was edited by hand since it was built, unless ``discard``; nothing is written then.
    A cell that raises stops the build (nbclient's CellExecutionError), and the old .ipynb stays.
    """
    from nbclient import NotebookClient

    source = pathlib.Path(source)
    target = source.with_suffix(".ipynb")
    notebook = read_source(source)
    if target.exists() and not discard:
        _refuse_if_edited(target, notebook)
    notebook.metadata["ngdm"] = {"inputs_sha256": fingerprint(notebook)}
    NotebookClient(
        notebook,
        timeout=_CELL_TIMEOUT,
        kernel_name="python3",
        resources={"metadata": {"path": str(source.parent)}},
        record_timing=False,
        coalesce_streams=True,
        store_widget_state=False,
    ).execute()
    _strip(notebook)
    nbformat.validate(notebook)
    recorded.write_text(target, nbformat.writes(notebook) + "\n")
    return target


def _refuse_if_edited(target, fresh):
    old = nbformat.read(target, as_version=4)
    built_from = old.metadata.get("ngdm", {}).get("inputs_sha256")
    if built_from != fingerprint(old) and inputs(old) != inputs(fresh):
        raise Drift(
            f"{target} was edited by hand, and build would overwrite it: carry the edit over to "
            f"{target.with_suffix('.py').name}, or give it up with --discard-edits"
        )


def _strip(notebook):
    """Take out what differs from run to run, and references to widgets that no longer live.

    A Live output keeps its PNG and HTML: the page shows the picture until the cell is run. Of a progress bar only the
    words of its first moment would be left, "0%": it goes.
    """
    notebook.metadata = nbformat.from_dict(
        {"kernelspec": _KERNEL, "language_info": {"name": "python"}, "ngdm": notebook.metadata["ngdm"]}
    )
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if not _is_progress(output)]
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET_VIEW, None)


def _is_progress(output):
    """Whether an output is a widget that leaves nothing to look at but its text."""
    return set(output.get("data", {})) == {WIDGET_VIEW, "text/plain"}


def check(source):
    """Raise `Drift`, naming the first cell that differs and the command, unless the .py and .ipynb agree."""
    source = pathlib.Path(source)
    target = source.with_suffix(".ipynb")
    mend = f"run: ngdm build {source.stem}"
    if not source.exists():
        raise Drift(f"{target} has no {source.name}: the .py file is the source, write it or delete the notebook")
    if not target.exists():
        raise Drift(f"{source} has no {target.name}; {mend}")
    theirs, ours = inputs(nbformat.read(target, as_version=4)), inputs(read_source(source))
    for a, b in zip(ours, theirs, strict=False):
        fields = [field for field in a if a[field] != b[field]]
        if fields:
            raise Drift(f"{source} and {target.name} differ in the {' and '.join(fields)} of cell {a['id']!r}; {mend}")
    if len(ours) != len(theirs):
        raise Drift(f"{source} has {len(ours)} cells and {target.name} {len(theirs)}; {mend}")


def pairs(folder=FOLDER):
    """The .py paths of all notebooks in ``folder``, those with only an .ipynb included, sorted."""
    folder = pathlib.Path(folder)
    found = {path.with_suffix(".py") for path in (*folder.glob("*.py"), *folder.glob("*.ipynb"))}
    if not found:
        raise FileNotFoundError(f"no notebooks in {folder.resolve()}; run from the top folder of the project")
    return sorted(found)


def _chosen(names, folder):
    every = {path.stem: path for path in pairs(folder)}
    unknown = [name for name in names if name not in every]
    if unknown:
        raise ValueError(f"NAME must be one of {', '.join(every)}, got {', '.join(unknown)}")
    return [every[name] for name in names] or list(every.values())


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="ngdm", description="Build or check the notebooks.")
    parser.add_argument("command", choices=["build", "check"])
    parser.add_argument("names", nargs="*", metavar="NAME", help="such as 03_lasso; default: all")
    parser.add_argument("--folder", default=FOLDER, type=pathlib.Path)
    parser.add_argument("--discard-edits", action="store_true", help="build over an .ipynb that was edited by hand")
    options = parser.parse_args(arguments)
    try:
        sources = _chosen(options.names, options.folder)
        if options.command == "build":
            for source in tqdm(sources, desc="notebooks", unit="notebook"):
                build(source, options.discard_edits)
            return 0
    except (Drift, ValueError, FileNotFoundError) as error:
        print(error, file=sys.stderr)
        return 1
    drifts = []
    for source in sources:
        try:
            check(source)
        except (Drift, ValueError) as error:
            drifts.append(str(error))
    print("\n".join(drifts) or f"{len(sources)} pair(s) agree", file=sys.stderr if drifts else sys.stdout)
    return 1 if drifts else 0


if __name__ == "__main__":
    sys.exit(main())
