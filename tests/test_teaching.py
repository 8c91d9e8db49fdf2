"""The form of a notebook: a core that fits a class, and nothing that answers a vote before it is asked.

Core is what comes before the cell ``stop-here``. Words are those that stand open on the page: markdown and HTML outputs
(votes, captions, goals) outside ``<details>``, a formula as one word; code and what it prints are not counted. How many
screens that makes is measured in a browser (tests/test_browser.py).
"""

import ast
import builtins
import html
import re

import nbformat
import pytest

from ngdm_helpers.course import build, explorers
from ngdm_helpers.course.editions.student import global_names
from tests.test_notebooks import SOURCES

CORE_WORDS, PARAGRAPH_WORDS, WHY_WORDS = 3000, 90, 80
BANNED = r"for ever\b|turns? round|\bvoid\b|at last\b|so-manieth|our copy|not at hand|lost its formulas"
ORDER = ("title", "imports", "stop-here", "symbols", "ledger", "tests", "read-next")


@pytest.fixture(params=SOURCES, ids=lambda path: path.stem)
def notebook(request):
    return nbformat.read(request.param.with_suffix(".ipynb"), as_version=4)


def ids(notebook):
    return [cell.id for cell in notebook.cells]


def role(cell):
    return cell.id.rpartition("-")[2]


def core(notebook):
    return notebook.cells[: ids(notebook).index("stop-here")]


def unfolded(text):
    """``text`` without what is folded. Folds may hold folds."""
    inner = re.compile(r"<details\b[^>]*>((?!<details\b).)*?</details>", re.DOTALL)
    while inner.search(text):
        text = inner.sub("", text)
    return text


def words(text):
    """The number of words of markdown or HTML; a formula is one word."""
    text = re.sub(r"```.*?```", " ", unfolded(text), flags=re.DOTALL)
    text = re.sub(r"\$\$.*?\$\$|\$[^$]*\$", " formula ", text, flags=re.DOTALL)
    text = html.unescape(re.sub(r"<[^>]*>", " ", text))
    return len(re.findall(r"[^\W_][\w’'.,⁻·]*", text))


def open_text(cell):
    """What stands open on the page of a cell: its markdown, or its outputs in HTML."""
    if cell.cell_type == "markdown":
        return cell.source
    return "\n".join("".join(output.get("data", {}).get("text/html", "")) for output in cell.outputs)


def paragraphs(source):
    """The paragraphs and list items of markdown; a table or a displayed formula is neither."""
    text = re.sub(r"\$\$.*?\$\$", "\n\n", unfolded(source), flags=re.DOTALL)
    blocks = re.split(r"\n\s*\n|\n(?=\s*(?:[-*]|\d+\.)\s)", text)
    return [block for block in blocks if not block.lstrip().startswith(("|", "#"))]


def test_the_parts_stand_in_their_order(notebook):
    places = [ids(notebook).index(name) for name in ORDER]
    assert places == sorted(places)


def test_the_core_fits_a_class(notebook):
    counted = {cell.id: words(open_text(cell)) for cell in core(notebook)}
    assert sum(counted.values()) <= CORE_WORDS, sorted(counted.items(), key=lambda item: -item[1])[:12]


def test_paragraphs_of_the_core_are_short(notebook):
    long = [
        (cell.id, words(paragraph))
        for cell in core(notebook)
        if cell.cell_type == "markdown"
        for paragraph in paragraphs(cell.source)
        if words(paragraph) > PARAGRAPH_WORDS
    ]
    assert long == []


def test_a_why_of_the_core_is_short(notebook):
    assert [(cell.id, words(cell.source)) for cell in core(notebook) if role(cell) == "why"
            and words(cell.source) > WHY_WORDS] == []  # fmt: skip


def test_a_vote_comes_before_what_answers_it(notebook):
    """Of the cells between a vote and the first fold after it, only sliders and maps show anything."""
    faults = []
    for place, cell in enumerate(notebook.cells):
        if role(cell) != "predict":
            continue
        for later in notebook.cells[place + 1 :]:
            if role(later) == "reveal" or role(later) == "claim":
                break
            if later.cell_type == "code" and later.outputs and role(later) not in ("play", "map", "predict"):
                faults.append((cell.id, later.id))
    assert faults == []


def test_what_is_revealed_is_folded(notebook):
    revealing = [cell for cell in notebook.cells if role(cell) == "reveal"]
    assert revealing and [cell.id for cell in revealing if not cell.outputs or words(open_text(cell))] == []
    assert [
        cell.id for cell in revealing if any("text/html" not in output.get("data", {}) for output in cell.outputs)
    ] == []


def test_solutions_and_hints_are_folded(notebook):
    cells = [cell for cell in notebook.cells if role(cell) in ("solution", "hint")]
    assert cells and [cell.id for cell in cells if cell.cell_type != "markdown" or words(cell.source)] == []


def test_checks_stand_together_after_the_heading_tests(notebook):
    checks = [place for place, cell in enumerate(notebook.cells) if role(cell) == "check"]
    first = ids(notebook).index("tests") + 1
    assert checks == list(range(first, first + len(checks)))


def test_no_slider_is_driven_outside_the_checks(notebook):
    driven = [cell.id for cell in notebook.cells if cell.cell_type == "code" and ".drive()" in cell.source]
    assert [name for name in driven if not name.endswith("-check")] == []


def test_each_row_of_the_ledger_is_shown_once(notebook):
    calls = [
        (cell.id, [argument.value for argument in node.args])
        for cell in notebook.cells
        if cell.cell_type == "code"
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "ledger"
    ]
    assert all(name.rpartition("-")[2] == "ledger" for name, _ in calls)
    rows = [row for _, names in calls for row in names]
    assert len(rows) == len(set(rows))


def test_every_slider_has_its_place():
    sources = "".join(path.read_text(encoding="utf-8") for path in SOURCES)
    assert sorted(set(re.findall(r"explorers\.(\w+)\(", sources))) == sorted(explorers.__all__)


def test_the_words_are_plain(notebook):
    found = [(cell.id, re.findall(BANNED, cell.source)) for cell in notebook.cells if cell.cell_type == "markdown"]
    assert [(name, words) for name, words in found if words] == []


def test_words_are_counted_as_they_are_read():
    assert words("two words") == 2
    assert words("a formula $x + y$ is one") == 5
    assert words("<details><summary>s</summary>many <details>more</details> words</details> left") == 1
    assert words("<b>ηλ = 0.1</b> &amp; *so*") == 3
    assert [words(block) for block in paragraphs("one two\n\n- three\n- four five\n\n| a table |\n\n$$x$$\nsix")] == [
        2,
        1,
        2,
        1,
    ]


def test_a_core_that_is_too_long_is_found():
    cells = [nbformat.v4.new_markdown_cell("word " * 91), nbformat.v4.new_markdown_cell("## stop")]
    cells[0].id, cells[1].id = "one-why", "stop-here"
    notebook = nbformat.v4.new_notebook(cells=cells)
    for test in (test_paragraphs_of_the_core_are_short, test_a_why_of_the_core_is_short):
        with pytest.raises(AssertionError):
            test(notebook)


# --- an idea runs alone -----------------------------------------------------------------------------------------------


def idea(cell):
    """The idea of a cell, or its exercise."""
    first, _, rest = cell.id.partition("-")
    return f"{first}-{rest.partition('-')[0]}" if first == "exercise" else first


def missing_names(cells):
    """(cell, name) of the names that an idea or an exercise takes from neither the imports nor its own cells above."""
    names = [cell.id for cell in cells]
    imported = global_names(cells[names.index("imports")].source)[1] | set(dir(builtins)) | {"__name__"}
    own, missing = {}, []
    for cell in cells[names.index("imports") + 1 : names.index("tests")]:
        if cell.cell_type == "code":
            known = own.setdefault(idea(cell), set(imported))
            taken, left = global_names(cell.source)
            missing += [(cell.id, name) for name in sorted(taken - known)]
            known |= left
    return missing


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_an_idea_runs_alone(path):
    """After the imports, an idea or an exercise needs only its own cells; the checks may use anything."""
    assert missing_names(build.read_source(path).cells) == []


def test_a_name_from_another_idea_is_found():
    sources = {
        "imports": "import numpy as np",
        "core-reveal": "runs, scale = [1], 2",
        "deep-play": "with open(0) as file:\n    for i, (a, *b) in file: total = [i * j for j in b if (k := a)]",
        "deep-why": "def f(x, *y):\n    global shared\n    shared = later + x\n    return f(y)\nlater = file, k, i",
        "deep-theory": "scale = scale + shared\nprint(max(run - scale for run in runs), total)",
        "exercise-1-stub": "import torch\ntorch.abs(total)",
        "exercise-2-stub": "torch.abs(np.pi)\nlambda: runs\nclass A:\n    b = 1\n    c = b + loose",
        "tests": "runs",
    }
    cells = [nbformat.v4.new_code_cell(source, id=name) for name, source in sources.items()]
    assert missing_names(cells) == [
        ("deep-theory", "runs"),
        ("deep-theory", "scale"),
        ("exercise-1-stub", "total"),
        ("exercise-2-stub", "loose"),
        ("exercise-2-stub", "runs"),
        ("exercise-2-stub", "torch"),
    ]
