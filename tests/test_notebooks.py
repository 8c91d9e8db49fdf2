"""Pairs agree, notebooks are fit to be shown, and build and check do what they say.

That every cell runs is nbval's test: pytest collects notebooks/*.ipynb.
"""

import ast
import os
import pathlib
import re

import nbformat
import pytest

from ngdm_helpers.course import build

ROOT = pathlib.Path(__file__).parents[1]
SOURCES = build.pairs(ROOT / "notebooks")
MOST_LINES = 25  # of code in a cell


@pytest.fixture(params=SOURCES, ids=lambda path: path.stem)
def source(request):
    return request.param


@pytest.fixture
def built(source):
    return nbformat.read(source.with_suffix(".ipynb"), as_version=4)


def test_pair_agrees(source):
    build.check(source)


# --- guards: each returns the faults it finds -------------------------------------------------------------------------


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs(notebook):
    return [(cell, output) for cell in code_cells(notebook) for output in cell.outputs]


def not_executed(notebook):
    return [cell.id for cell in code_cells(notebook) if cell.source.strip() and cell.execution_count is None]


def stored_errors(notebook):
    return [cell.id for cell, output in outputs(notebook) if output.output_type == "error"]


def ends_in_semicolon(notebook):
    return [cell.id for cell in code_cells(notebook) if cell.source.rstrip().endswith(";")]


def unchecked_outputs(notebook):
    """Cells that ask nbval to compare an output and store none."""
    return [cell.id for cell in code_cells(notebook) if "NBVAL_CHECK_OUTPUT" in cell.source and not cell.outputs]


def long_cells(notebook):
    def code(cell):
        return [line for line in cell.source.splitlines() if line.strip() and not line.strip().startswith("#")]

    return [cell.id for cell in code_cells(notebook) if len(code(cell)) > MOST_LINES]


def pictures_without_alt(notebook):
    faults = []
    for cell, output in outputs(notebook):
        data = output.get("data", {})
        if any(kind.startswith("image/") for kind in data) and not output.metadata.get("image/png", {}).get("alt"):
            faults.append(cell.id)
        if any(not re.search(r'\balt="[^"]+"', tag) for tag in re.findall(r"<img\b[^>]*>", data.get("text/html", ""))):
            faults.append(cell.id)
    return faults


def undriven_sliders(notebook):
    """Names bound to a slider, live(…) or explorers.…(), that no cell drives; and sliders without a name."""
    named, driven, made = set(), set(), 0
    for cell in code_cells(notebook):
        tree = ast.parse(cell.source)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _makes_slider(node):
                made += 1
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and _makes_slider(node.value):
                named.add(node.targets[0].id)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "drive":
                driven.add(getattr(node.func.value, "id", None))
    return sorted(named - driven) + ["a slider without a name"] * (made - len(named))


def _makes_slider(call):
    function = call.func
    if isinstance(function, ast.Name):
        return function.id in ("live", "interact", "interactive")
    return isinstance(function, ast.Attribute) and getattr(function.value, "id", None) in ("explorers", "live")


def widget_leftovers(notebook):
    faults = ["widget state in the metadata"] if "widgets" in notebook.metadata else []
    return faults + [cell.id for cell, output in outputs(notebook) if build.WIDGET_VIEW in output.get("data", {})]


def frozen_progress(notebook):
    def words(output):
        return output.get("text", "") + str(output.get("data", {}).get("text/plain", ""))

    return [cell.id for cell, output in outputs(notebook) if "%|" in words(output)]


def execution_times(notebook):
    return [cell.id for cell in notebook.cells if "execution" in cell.metadata]


def cells_without_slide_type(notebook):
    return [c.id for c in notebook.cells if c.cell_type == "markdown" and not c.metadata.get("slideshow")]


GUARDS = (
    not_executed, stored_errors, ends_in_semicolon, unchecked_outputs, long_cells, pictures_without_alt,
    undriven_sliders, widget_leftovers, frozen_progress, execution_times, cells_without_slide_type,
)  # fmt: skip


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.__name__)
def test_guard(guard, built):
    assert guard(built) == []


def faulty(guard):
    """A notebook in which ``guard`` must find something."""
    code = nbformat.v4.new_code_cell
    picture = nbformat.v4.new_output("display_data", data={"image/png": "", "text/html": '<img alt="" src="x">'})
    error = nbformat.v4.new_output("error", ename="E", evalue="", traceback=[])
    view = nbformat.v4.new_output("display_data", data={build.WIDGET_VIEW: {}})
    bar = nbformat.v4.new_output("stream", text="  0%|          | 0/9 [00:00<?, ?it/s]")
    cells = {
        frozen_progress: code("1", outputs=[bar]),
        not_executed: code("1"),
        stored_errors: code("1", outputs=[error]),
        ends_in_semicolon: code("plot();\n"),
        unchecked_outputs: code("# NBVAL_CHECK_OUTPUT\n1"),
        long_cells: code("x = 1\n" * (MOST_LINES + 1)),
        pictures_without_alt: code("1", outputs=[picture]),
        undriven_sliders: code("w = explorers.l1_orbit()\nw"),
        widget_leftovers: code("1", outputs=[view]),
        execution_times: code("1", metadata={"execution": {}}),
        cells_without_slide_type: nbformat.v4.new_markdown_cell("x"),
    }
    return nbformat.v4.new_notebook(cells=[cells[guard]])


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.__name__)
def test_guard_can_fail(guard):
    assert guard(faulty(guard))


def test_a_slider_without_a_name_is_found():
    cell = nbformat.v4.new_code_cell("explorers.l1_orbit()")
    assert undriven_sliders(nbformat.v4.new_notebook(cells=[cell])) == ["a slider without a name"]


# --- build and check --------------------------------------------------------------------------------------------------

TINY = """\
# %% [markdown] id="title" slideshow={"slide_type": "slide"}
# # Tiny

# %% id="widget" tags=["keep"]
import ipywidgets
from tqdm.auto import tqdm

for _ in tqdm(range(3)):
    pass
ipywidgets.IntSlider()

# %% id="sum"
1 + 1
"""


@pytest.fixture
def tiny(tmp_path):
    path = tmp_path / "tiny.py"
    path.write_text(TINY)
    return path


def test_build_executes_and_strips(tiny):
    notebook = nbformat.read(build.build(tiny), as_version=4)
    assert [cell.id for cell in notebook.cells] == ["title", "widget", "sum"]
    assert notebook.cells[2].outputs[0].data["text/plain"] == "2" and not notebook.cells[1].outputs
    assert notebook.cells[1].metadata == {"tags": ["keep"]}
    assert [guard(notebook) for guard in (widget_leftovers, frozen_progress, execution_times)] == [[], [], []]
    assert not_executed(notebook) == []


def test_solutions_and_checks_are_folded(tiny):
    tiny.write_text(TINY.replace('tags=["keep"]', 'tags=["solution"]').replace('id="sum"', 'id="sum" tags=["check"]'))
    title, solution, check = build.read_source(tiny).cells
    assert "jupyter" not in title.metadata and check.metadata["jupyter"] == {"source_hidden": True}
    assert solution.metadata["jupyter"] == {"source_hidden": True, "outputs_hidden": True}
    build.build(tiny)
    build.check(tiny)


def test_rebuild_is_byte_identical(tiny):
    first = build.build(tiny).read_bytes()
    assert build.build(tiny).read_bytes() == first


def test_check_goes_by_content_not_by_time(tiny):
    build.build(tiny)
    os.utime(tiny)
    build.check(tiny)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("1 + 1", "1 + 2", r"differ in the source of cell 'sum'; run: ngdm build tiny"),
        ('["keep"]', '["lose"]', r"differ in the metadata of cell 'widget'"),
        ('id="sum"', 'id="total"', r"differ in the id of cell 'total'"),
        ('# %% id="sum"', '# %% [markdown] id="sum"', r"differ in the cell_type of cell 'sum'"),
        ('# %% id="sum"\n1 + 1\n', "", r"has 2 cells and tiny.ipynb 3"),
    ],
)
def test_check_names_the_drift_and_the_command(tiny, old, new, message):
    build.build(tiny)
    assert old in TINY
    tiny.write_text(TINY.replace(old, new))
    with pytest.raises(build.Drift, match=message):
        build.check(tiny)


def test_check_misses_neither_side(tiny):
    with pytest.raises(build.Drift, match=r"has no tiny.ipynb; run"):
        build.check(tiny)
    build.build(tiny)
    tiny.unlink()
    with pytest.raises(build.Drift, match=r"tiny.ipynb has no tiny.py"):
        build.check(tiny)


def test_build_does_not_overwrite_an_edit_by_hand(tiny):
    target = build.build(tiny)
    notebook = nbformat.read(target, as_version=4)
    notebook.cells[2].source = "6 * 7"
    nbformat.write(notebook, target)
    with pytest.raises(build.Drift, match=r"tiny.ipynb was edited by hand, .*--discard-edits"):
        build.build(tiny)
    assert "6 * 7" in target.read_text()
    build.build(tiny, discard=True)
    assert "6 * 7" not in target.read_text()


def test_build_overwrites_new_outputs_and_follows_the_source(tiny):
    target = build.build(tiny)
    notebook = nbformat.read(target, as_version=4)
    notebook.cells[2].outputs = []
    nbformat.write(notebook, target)
    tiny.write_text(TINY.replace("1 + 1", "1 + 2"))
    build.build(tiny)
    build.check(tiny)


def test_a_failing_cell_leaves_the_old_notebook(tiny):
    from nbclient.exceptions import CellExecutionError

    before = build.build(tiny).read_bytes()
    tiny.write_text(TINY.replace("1 + 1", "1 / 0"))
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        build.build(tiny)
    assert tiny.with_suffix(".ipynb").read_bytes() == before
    assert sorted(path.name for path in tiny.parent.iterdir()) == ["tiny.ipynb", "tiny.py"]


@pytest.mark.parametrize(
    ("new", "fault"), [("# %%", "no id"), ('# %% id="title"', "the id 'title' of an earlier cell")]
)
def test_every_cell_names_its_own_id(tiny, new, fault):
    tiny.write_text(TINY.replace('# %% id="sum"', new))
    with pytest.raises(ValueError, match=f"cell 2 .* has {fault}"):
        build.read_source(tiny)


def test_command_line(tiny, capsys):
    folder = f"--folder={tiny.parent}"
    assert build.main(["build", "tiny", folder]) == 0
    assert build.main(["check", folder]) == 0
    tiny.write_text(TINY.replace("1 + 1", "1 + 2"))
    assert build.main(["check", folder]) == 1
    assert "build tiny" in capsys.readouterr().err
    assert build.main(["build", "04_none", folder]) == 1
    assert "NAME must be one of tiny, got 04_none" in capsys.readouterr().err


def test_command_line_outside_the_project(tmp_path, capsys):
    assert build.main(["check", f"--folder={tmp_path}"]) == 1
    assert "no notebooks in" in capsys.readouterr().err
