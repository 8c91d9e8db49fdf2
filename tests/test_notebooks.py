"""Pairs agree, notebooks are fit to be shown, and build and check do what they say.

That every cell runs is nbval's test: pytest collects notebooks/*.ipynb.
"""

import ast
import copy
import os
import pathlib
import re

import nbformat
import pytest
from nbclient import NotebookClient

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


def stored_warnings(notebook):
    return [cell.id for cell, output in outputs(notebook) if output.get("name") == "stderr"]


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
    """Also a picture that is not in HTML: JupyterLab has no alt text for it."""
    faults = []
    for cell, output in outputs(notebook):
        data = output.get("data", {})
        markup = "".join(data.get("text/html", ""))
        if any(kind.startswith("image/") for kind in data) and "<img" not in markup:
            faults.append(cell.id)
        if any(not re.search(r'\balt="[^"]+"', tag) for tag in re.findall(r"<img\b[^>]*>", markup)):
            faults.append(cell.id)
    return faults


def pictures_stored_twice(notebook):
    faults = []
    for cell, output in outputs(notebook):
        data = output.get("data", {})
        copies = re.findall(r"base64,([^\"]*)", data.get("text/html", ""))
        copies += [content.strip() for kind, content in data.items() if kind.startswith("image/")]
        faults += [cell.id] * (len(copies) - len(set(copies)))
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
    """Also cells that continue a slide, but with nothing before them that begins one."""
    faults, begun = [], False
    for cell in notebook.cells:
        slide = cell.metadata.get("slideshow", {}).get("slide_type")
        begun = begun or slide == "slide"
        if slide not in build.SLIDE_TYPES or not begun:
            faults.append(cell.id)
    return faults


GUARDS = (
    not_executed, stored_errors, stored_warnings, ends_in_semicolon, unchecked_outputs, long_cells,
    pictures_without_alt, pictures_stored_twice, undriven_sliders, widget_leftovers, frozen_progress, execution_times,
    cells_without_slide_type,
)  # fmt: skip


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.__name__)
def test_guard(guard, built):
    assert guard(built) == []


def faulty(guard):
    """A notebook in which ``guard`` must find something."""
    code = nbformat.v4.new_code_cell
    picture = nbformat.v4.new_output("display_data", data={"text/html": '<img alt="" src="x">'})
    markup = '<img alt="a" src="data:image/png;base64,iVBO"/>'
    twice = nbformat.v4.new_output("display_data", data={"image/png": "iVBO\n", "text/html": markup})
    error = nbformat.v4.new_output("error", ename="E", evalue="", traceback=[])
    warning = nbformat.v4.new_output("stream", name="stderr", text="DivergenceWarning")
    view = nbformat.v4.new_output("display_data", data={build.WIDGET_VIEW: {}})
    bar = nbformat.v4.new_output("stream", text="  0%|          | 0/9 [00:00<?, ?it/s]")
    cells = {
        frozen_progress: code("1", outputs=[bar]),
        not_executed: code("1"),
        stored_errors: code("1", outputs=[error]),
        stored_warnings: code("1", outputs=[warning]),
        ends_in_semicolon: code("plot();\n"),
        unchecked_outputs: code("# NBVAL_CHECK_OUTPUT\n1"),
        long_cells: code("x = 1\n" * (MOST_LINES + 1)),
        pictures_without_alt: code("1", outputs=[picture]),
        pictures_stored_twice: code("1", outputs=[twice]),
        undriven_sliders: code("w = explorers.l1_orbit()\nw"),
        widget_leftovers: code("1", outputs=[view]),
        execution_times: code("1", metadata={"execution": {}}),
        cells_without_slide_type: nbformat.v4.new_markdown_cell("x"),
    }
    return nbformat.v4.new_notebook(cells=[cells[guard]])


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.__name__)
def test_guard_can_fail(guard):
    assert guard(faulty(guard))


def test_a_picture_that_jupyterlab_shows_without_alt_is_found():
    picture = nbformat.v4.new_output("display_data", data={"image/png": "iVBO"}, metadata={"image/png": {"alt": "a"}})
    cell = nbformat.v4.new_code_cell("1", outputs=[picture])
    assert pictures_without_alt(nbformat.v4.new_notebook(cells=[cell])) == [cell.id]


def test_a_slider_without_a_name_is_found():
    cell = nbformat.v4.new_code_cell("explorers.l1_orbit()")
    assert undriven_sliders(nbformat.v4.new_notebook(cells=[cell])) == ["a slider without a name"]


# --- build and check --------------------------------------------------------------------------------------------------

TINY = """\
# %% [markdown] id="title"
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


EXECUTED = {}  # the cells of a notebook → as they were executed


@pytest.fixture(autouse=True)
def a_kernel_for_each_source(request, monkeypatch):
    """Cells that have been executed are not executed again, except where a test is about that."""
    if request.function is test_rebuild_is_byte_identical:
        return
    execute = NotebookClient.execute

    def execute_once(client, **options):
        cells = repr([(cell.cell_type, cell.source) for cell in client.nb.cells])
        if cells not in EXECUTED:
            EXECUTED[cells] = copy.deepcopy(execute(client, **options))
        executed = copy.deepcopy(EXECUTED[cells])
        client.nb.metadata |= executed.metadata
        for cell, done in zip(client.nb.cells, executed.cells, strict=True):
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = done.outputs, done.execution_count
        return client.nb

    monkeypatch.setattr(NotebookClient, "execute", execute_once)


def test_build_executes_and_strips(tiny):
    notebook = nbformat.read(build.build(tiny), as_version=4)
    assert [cell.id for cell in notebook.cells] == ["title", "widget", "sum"]
    assert notebook.cells[2].outputs[0].data["text/plain"] == "2" and not notebook.cells[1].outputs
    assert notebook.cells[1].metadata == {"tags": ["keep"], "slideshow": {"slide_type": "subslide"}}
    assert [guard(notebook) for guard in (widget_leftovers, frozen_progress, execution_times)] == [[], [], []]
    assert not_executed(notebook) == []


def test_what_is_folded_and_collapsed_follows_from_the_ids(tiny):
    """No student has to read what draws a picture; below `stop-here` ideas and tests are collapsed, the rest is not."""
    tiny.write_text(
        '# %% [markdown] id="one-claim"\n# ## 1\n\n# %% id="one-picture"\n1\n\n# %% id="one-by-hand"\n2\n\n'
        '# %% [markdown] id="stop-here"\n# ## Stop\n\n# %% [markdown] id="two-claim"\n# ## 2\n\n'
        '# %% [markdown] id="symbols"\n# ## Symbols\n\n# %% [markdown] id="tests"\n# ## Tests\n\n'
        '# %% id="one-check"\n3\n'
    )
    cells = build.read_source(tiny).cells
    folded = [cell.id for cell in cells if cell.metadata.get("jupyter") == {"source_hidden": True}]
    collapsed = [cell.id for cell in cells if cell.metadata.get("jp-MarkdownHeadingCollapsed")]
    assert folded == ["one-picture", "one-check"] and collapsed == ["two-claim", "tests"]
    built = build.build(tiny)
    build.check(tiny)
    opened = nbformat.read(built, as_version=4)
    del opened.cells[4].metadata["jp-MarkdownHeadingCollapsed"]
    nbformat.write(opened, built)
    with pytest.raises(build.Drift, match="cell 'two-claim' unfolded, as a live session leaves it; run: ngdm build"):
        build.check(tiny)


@pytest.mark.slow
def test_rebuild_is_byte_identical(tiny):
    first = build.build(tiny).read_bytes()
    assert build.build(tiny).read_bytes() == first


def test_check_goes_by_content_not_by_time(tiny):
    build.build(tiny)
    os.utime(tiny)
    build.check(tiny)


@pytest.mark.parametrize(
    ("name", "written", "slide"),
    [
        ("title", "", "slide"),
        ("orbit-claim", "", "slide"),
        ("orbit-why", "", "subslide"),
        ("orbit-ledger", "", "subslide"),
        ("orbit-play", "", "-"),
        ("orbit-check", "", "skip"),
        ("exercise-1", "", "slide"),
        ("exercise-2", "", "subslide"),
        ("exercise-1-solution", "", "skip"),
        ("ledger", "", "-"),
        ("orbit-why", ' slideshow={"slide_type": "-"}', "-"),
    ],
)
def test_the_slide_type_follows_from_the_id(tiny, name, written, slide):
    tiny.write_text(f'# %% [markdown] id="{name}"{written}\n# x\n')
    assert build.read_source(tiny).cells[0].metadata["slideshow"] == {"slide_type": slide}


def test_an_unknown_slide_type_is_refused(tiny):
    for written, got in (('{"slide_type": "slid"}', "'slid'"), ("{}", "None"), ('"x"', "'x'")):
        tiny.write_text(TINY.replace('id="sum"', f'id="sum" slideshow={written}'))
        with pytest.raises(ValueError, match=rf"slide_type of cell 'sum' must be one of .*, got {got}"):
            build.read_source(tiny)


def test_tags_are_a_list(tiny):
    for written in ('"solution"', "[1]", "3", "{}"):
        tiny.write_text(TINY.replace('id="sum"', f'id="sum" tags={written}'))
        with pytest.raises(ValueError, match=r"tiny.py: the metadata of each cell must be a notebook's, got"):
            build.read_source(tiny)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("1 + 1", "1 + 2", r"differ in the source of cell 'sum': tiny.py was edited; run: ngdm build tiny$"),
        ('["keep"]', '["lose"]', r"differ in the metadata of cell 'widget'"),
        ('id="sum"', 'id="total"', r"does not have the ids of tiny.py; run: ngdm build tiny$"),
        ('# %% id="sum"', '# %% [markdown] id="sum"', r"differ in the cell_type of cell 'sum'"),
        ('# %% id="sum"\n1 + 1\n', "", r"differ in the number of cells, 2 and 3: tiny.py was edited"),
    ],
)
def test_check_names_the_drift_and_the_command(tiny, old, new, message):
    build.build(tiny)
    assert old in TINY
    tiny.write_text(TINY.replace(old, new))
    with pytest.raises(build.Drift, match=message):
        build.check(tiny)
    build.build(tiny)  # what check recommends is not refused
    build.check(tiny)


def change(target, edit):
    notebook = nbformat.read(target, as_version=4)
    edit(notebook)
    nbformat.write(notebook, target)


def run_again(notebook):
    notebook.cells[2].execution_count = 7


def show_a_widget(notebook):
    view = nbformat.v4.new_output("display_data", data={build.WIDGET_VIEW: {"model_id": "x"}, "text/plain": "slider"})
    notebook.cells[1].outputs = [view]


def keep_widget_state(notebook):
    notebook.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {}}}


def change_an_output(notebook):
    notebook.cells[2].outputs[0].data["text/plain"] = "3"


def clear(notebook):
    for cell in notebook.cells[1:]:
        cell.outputs, cell.execution_count = [], None


def renumber(notebook):
    for number, cell in enumerate(notebook.cells):
        cell.id = str(number)


def unfold(notebook):
    notebook.cells[1].metadata.pop("jupyter")


@pytest.mark.parametrize(
    ("edit", "fault"),
    [
        (run_again, "holds outputs of a live session"),
        (show_a_widget, "holds outputs of a live session"),
        (keep_widget_state, "holds outputs of a live session"),
        (change_an_output, "holds outputs of a live session"),
        (clear, "lost its outputs"),
        (renumber, "does not have the ids of tiny.py"),
        (unfold, "shows cell 'widget-play' unfolded"),
    ],
)
def test_check_refuses_what_build_did_not_write_and_build_mends_it(tiny, edit, fault):
    tiny.write_text(TINY.replace('id="widget"', 'id="widget-play"'))
    written = build.build(tiny).read_bytes()
    change(tiny.with_suffix(".ipynb"), edit)
    with pytest.raises(build.Drift, match=rf"tiny.ipynb {fault}.*; run: ngdm build tiny$"):
        build.check(tiny)
    assert build.build(tiny).read_bytes() == written


def test_what_a_front_end_writes_by_itself_is_no_edit(tiny):
    def save(notebook):
        notebook.cells[2].metadata |= {
            "jupyter": {"source_hidden": True}, "editable": True, "deletable": False, "trusted": True, "scrolled": True,
            "collapsed": False, "execution": {"iopub.execute_input": "t"}, "ExecuteTime": {"start_time": "t"},
        }  # fmt: skip
        notebook.metadata["language_info"]["version"] = "3.11.2"

    written = build.build(tiny).read_bytes()
    change(tiny.with_suffix(".ipynb"), save)
    build.check(tiny)
    assert build.build(tiny).read_bytes() == written


def edit_a_cell(notebook):
    notebook.cells[2].source = "6 * 7"


def pair_by_jupytext(notebook):
    del notebook.metadata["ngdm"]
    for number, cell in enumerate(notebook.cells):
        cell.metadata["id"], cell.id = cell.id, f"{number:08x}"


@pytest.mark.parametrize(("edit", "how"), [(edit_a_cell, "edited"), (pair_by_jupytext, "written by another program")])
def test_check_says_that_the_ipynb_was_edited_and_what_to_do(tiny, edit, how):
    written = build.build(tiny).read_bytes()
    change(tiny.with_suffix(".ipynb"), edit)
    with pytest.raises(build.Drift) as drift:
        build.check(tiny)
    assert f"tiny.ipynb was {how}; carry over to tiny.py what shall stay" in str(drift.value)
    assert str(drift.value).endswith("run: ngdm build --discard-edits tiny")
    with pytest.raises(build.Drift, match=r"run: ngdm build --discard-edits tiny$"):
        build.build(tiny)
    assert build.build(tiny, discard=True).read_bytes() == written


def test_an_edit_that_was_carried_over_is_built(tiny):
    change(build.build(tiny), edit_a_cell)
    tiny.write_text(TINY.replace("1 + 1", "6 * 7"))
    with pytest.raises(build.Drift, match=r"holds outputs of cells that have been edited since; run: ngdm build tiny$"):
        build.check(tiny)
    build.build(tiny)
    build.check(tiny)


def test_a_byte_order_mark_is_accepted(tiny):
    written = build.build(tiny).read_bytes()
    for path in (tiny, tiny.with_suffix(".ipynb")):
        path.write_text(path.read_text(encoding="utf-8"), encoding="utf-8-sig")
    build.check(tiny)
    assert build.build(tiny).read_bytes() == written


CONFLICT = "<<<<<<< HEAD\n{0}\n=======\n{0}\n>>>>>>> theirs"


def test_a_merge_conflict_is_named_with_its_line(tiny):
    target = build.build(tiny)
    target.write_text(target.read_text().replace('    "1 + 1"', CONFLICT.format('    "1 + 1"')))
    line = target.read_text().splitlines().index("<<<<<<< HEAD") + 1
    settle = "settle tiny.py, then run: ngdm build --discard-edits tiny"
    for function in (build.check, build.build):
        with pytest.raises(
            ValueError, match=rf"tiny.ipynb, line {line}: <<<<<<<, the marks of a merge conflict; {settle}"
        ):
            function(tiny)
    tiny.write_text(TINY.replace("1 + 1", CONFLICT.format("1 + 1")))
    for function in (build.check, build.build):
        with pytest.raises(ValueError, match=r"tiny.py, line 13: <<<<<<<, the marks of a merge conflict"):
            function(tiny)
    tiny.write_text(TINY)
    build.build(tiny, discard=True)
    build.check(tiny)


NO_NOTEBOOKS = [b"", b"not JSON", b"[]", b"{}", b"\xff\xfe"]
NO_NOTEBOOKS += [b'{"cells": [], "metadata": [], "nbformat": 4, "nbformat_minor": 5}']
NO_NOTEBOOKS += [b'{"cells": [1], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}']


def test_a_folder_is_no_notebook(tiny):
    tiny.with_suffix(".ipynb").mkdir()
    for function in (build.check, build.build):
        with pytest.raises(ValueError, match=r"tiny\.ipynb must be a file in UTF-8"):
            function(tiny)


@pytest.mark.parametrize("stamp", ["x", [], {}, None, {"results_sha256": 1}])
def test_a_damaged_stamp_is_mended_by_a_build(tiny, stamp):
    written = build.build(tiny).read_bytes()
    change(tiny.with_suffix(".ipynb"), lambda notebook: notebook.metadata.update(ngdm=stamp))
    with pytest.raises(build.Drift, match=r"tiny\.ipynb .*; run: ngdm build tiny$"):
        build.check(tiny)
    assert build.build(tiny).read_bytes() == written


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("content", NO_NOTEBOOKS)
def test_what_is_no_notebook_is_named(tiny, content):
    tiny.with_suffix(".ipynb").write_bytes(content)
    with pytest.raises(
        ValueError, match=r"tiny.ipynb (is not a notebook; run: ngdm build --discard|must be a file in UTF-8)"
    ):
        build.check(tiny)


def test_a_picture_is_stored_once_with_its_alt_text(tiny):
    code = "from ngdm_helpers import figures\nfigures.show(figures.new()[0], 'c', alt='an <empty> frame')"
    tiny.write_text(TINY.replace("1 + 1", code))
    (output,) = nbformat.read(build.build(tiny), as_version=4).cells[2].outputs
    assert sorted(output.data) == ["text/html", "text/plain"] and "image/png" not in output.metadata
    assert 'alt="an &lt;empty&gt; frame"' in output.data["text/html"] and "base64,iVBO" in output.data["text/html"]


def test_check_misses_neither_side(tiny):
    with pytest.raises(build.Drift, match=r"has no tiny.ipynb; run"):
        build.check(tiny)
    build.build(tiny)
    tiny.unlink()
    for function in (build.check, build.build):
        with pytest.raises(build.Drift, match=r"tiny.ipynb has no tiny.py"):
            function(tiny)


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
    ("new", "fault"),
    [
        ("# %%", "no id"),
        ('# %% id="title"', "the id 'title', taken or"),
        ("# %% id=1", "the id 1, taken"),
        ('# %% id="a b"', "the id 'a b', taken"),
    ],
)
def test_every_cell_names_its_own_id(tiny, new, fault):
    tiny.write_text(TINY.replace('# %% id="sum"', new))
    with pytest.raises(ValueError, match=f"cell 2 .* has {fault}"):
        build.read_source(tiny)
