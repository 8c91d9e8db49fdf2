"""The edition for students: nothing of an answer is left, ids stay, nobody's work is overwritten."""

import ast
import json
import re

import nbclient
import nbformat
import pytest

from ngdm_helpers.course import build, cli, votes
from ngdm_helpers.course.editions import student
from tests.lab import ROOT, kernel_environment

SOURCES = build.pairs(ROOT / "notebooks")
ANSWERS = ("solution", "reveal", "why", "verdict", "thesis", "theory", "check", "ledger")


@pytest.fixture(scope="module", params=SOURCES, ids=lambda path: path.stem)
def source(request):
    return request.param


@pytest.fixture(scope="module")
def written(source, tmp_path_factory):
    path, _ = student.write(source, tmp_path_factory.mktemp("student"))
    return path


@pytest.fixture(scope="module")
def asked(source):
    """The cells that the authors wrote."""
    return build.read_source(source).cells


def role(cell):
    return cell.id.rpartition("-")[2]


def parts(text):
    """The lines of code of a cell and the sentences of its prose, each long enough to be its own."""
    prose = re.sub(r"```.*?```|<[^>]*>", " ", text, flags=re.DOTALL)
    code = re.findall(r"```python\n(.*?)```", text, re.DOTALL) or [text]
    lines = [line.strip() for block in code for line in block.splitlines()]
    sentences = [" ".join(sentence.split()) for sentence in re.split(r"(?<=[.:?])\s|\n\s*\n", prose)]
    return [part for part in lines + sentences if len(part) >= 20]


def test_nothing_of_an_answer_is_left(asked, written):
    kept = [cell.source for cell in nbformat.read(written, as_version=4).cells]
    text = "\n".join(kept) + "\n" + " ".join(" ".join(kept).split())
    # what a question holds too is no answer: a stub's own line, the set-up of the lines by hand, an import
    asking = [cell.source for cell in asked if role(cell) in (*student.ASKS, "hand")]
    own = {line.partition("  #")[0].strip() for text in asking for line in text.splitlines()}
    own.add("## A verdict on the thesis")
    answers = [cell for cell in asked if role(cell) in ANSWERS]
    found = [(cell.id, part) for cell in answers for part in parts(cell.source) if part in text and part not in own]
    assert answers and found == []


def test_every_solution_is_searched_for(source):
    """The search above finds each solution that is put back."""
    notebook = build.read_source(source)
    for cell in notebook.cells:
        if role(cell) == "solution":
            code = student.solution(notebook, cell.id.split("-")[1])
            assert any(part in code for part in parts(cell.source)), cell.id


def test_no_answer_to_a_vote_travels(source, written):
    text = json.dumps(json.loads(written.read_text(encoding="utf-8")), ensure_ascii=False)
    of_topic = votes.of_topic(source.stem.partition("_")[2])
    assert of_topic and all(f'votes.ask(\\"{source.stem.partition("_")[2]}.{name}\\")' in text for name in of_topic)
    for vote in of_topic.values():
        for sentence in vote["because"].values():
            assert " ".join(sentence.split()[:5]) not in text


def test_no_output_and_no_fold_but_a_hint_is_left(written):
    cells = nbformat.read(written, as_version=4).cells
    code = [cell for cell in cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code)
    assert {role(cell) for cell in cells if "<details" in cell.source} == {"hint"}


def test_ids_stay(asked, written):
    names, kept = [cell.id for cell in asked], [cell.id for cell in nbformat.read(written, as_version=4).cells]
    assert [name for name in names if name in kept] == kept
    must = ("predict", "play", "map", "stub", "hint", "why", "verdict", "hand")
    assert [cell.id for cell in asked if role(cell) in must and cell.id not in kept] == []


def test_what_asks_stays_as_it_is(asked, written):
    sources = {cell.id: cell.source for cell in asked}
    for cell in nbformat.read(written, as_version=4).cells:
        if role(cell) not in student.ROOM and cell.id != "title":
            assert cell.source == sources[cell.id]


def test_a_reason_a_verdict_and_own_lines_have_room(written):
    cells = {cell.id: cell for cell in nbformat.read(written, as_version=4).cells}
    ideas = [name.removesuffix("-predict") for name in cells if name.endswith("-predict")]
    for idea in ideas:
        rooms = [cells[f"{idea}-{kind}"].source for kind in ("why", "verdict") if f"{idea}-{kind}" in cells]
        # two ideas of notebook 4 have two votes and one verdict
        assert all("Double-click here" in room for room in rooms) and (rooms or idea in ("huber", "rise"))
    by_hand = [cell.source for name, cell in cells.items() if name.endswith("by-hand")]
    assert by_hand and all(text.endswith("\n# …") and "# By hand" in text for text in by_hand)


TINY = """\
# %% id="imports"
import numpy as np

# %% id="walk-{role}"
start = np.zeros(2)

# %% id="walk-by-hand"
eta = 0.1
beta = start - eta
for _ in range(9):
    beta = beta - eta * np.sign(beta)
print(beta)

# %% id="walk-play"
{play}
"""


def sheet(tmp_path, **parts):
    path = tmp_path / "tiny.py"
    path.write_text(TINY.format(**parts))
    return {cell.id: cell.source for cell in student.worksheet(build.read_source(path)).cells}


def test_the_set_up_by_hand_stays_as_far_as_its_names_do(tmp_path):
    cells = sheet(tmp_path, role="claim", play="start")
    assert cells["walk-by-hand"].splitlines()[1:] == ["eta = 0.1", "beta = start - eta", "# …"]
    cells = sheet(tmp_path, role="picture", play="eta")
    assert cells["walk-by-hand"].splitlines()[1:] == ["eta = 0.1", "# …"] and "walk-picture" not in cells


def test_a_cell_that_leans_on_what_goes_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"cell 'walk-play' stays .*, but start comes from a cell that does not"):
        sheet(tmp_path, role="picture", play="start")


# --- files ------------------------------------------------------------------------------------------------------------


def run(*arguments):
    return cli.main(["student", "03_lasso", f"--folder={ROOT / 'notebooks'}", *arguments])


def test_an_edition_is_written_again_but_not_over_work(tmp_path, capsys):
    path, to = tmp_path / "03_lasso.ipynb", f"--to={tmp_path}"
    assert run(to) == 0 and capsys.readouterr().out == f"{path}\n"
    first = path.read_text(encoding="utf-8")
    # as JupyterLab leaves it that has run and saved it: no work in it yet
    notebook = nbformat.reads(first, as_version=4)
    notebook.cells[1].execution_count, notebook.cells[2].metadata["trusted"] = 3, True
    notebook.metadata["language_info"]["version"] = "3.12.1"
    nbformat.write(notebook, path)
    assert run(to) == 0 and path.read_text(encoding="utf-8") == first
    built = (ROOT / "notebooks" / path.name).read_text(encoding="utf-8")
    for theirs in (first.replace("    ...", "    return 1"), built, "{}", "not JSON", "[1]"):
        path.write_text(theirs, encoding="utf-8")
        assert run(to) == 1 and "--force replaces it" in capsys.readouterr().err
        assert path.read_text(encoding="utf-8") == theirs
    assert run(to, "--force") == 0 and "in place of a file that was not" in capsys.readouterr().out
    assert path.read_text(encoding="utf-8") == first and [file.name for file in tmp_path.iterdir()] == [path.name]


def test_bad_input_is_told(tmp_path, capsys):
    assert cli.main(["student", "nothing", f"--folder={ROOT / 'notebooks'}", f"--to={tmp_path}"]) == 1
    assert "NAME must be one of 01_preliminaries" in capsys.readouterr().err
    with pytest.raises(ValueError, match="form must be one of jupyter, nbgrader, got 'otter'"):
        student.write(SOURCES[0], tmp_path, "otter")


def functions(code):
    """{name: its statements, without a docstring}."""
    defined = [part for part in ast.parse(code).body if isinstance(part, ast.FunctionDef)]
    return {one.name: [ast.dump(part) for part in one.body[ast.get_docstring(one) is not None :]] for one in defined}


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_the_source_for_nbgrader_holds_each_solution_once_between_its_marks(source, tmp_path):
    path, _ = student.write(source, tmp_path, "nbgrader")
    assert path == tmp_path / "source" / source.stem / path.name
    cells = {cell.id: cell for cell in nbformat.read(path, as_version=4).cells}
    notebook = build.read_source(source)
    stubs = [name for name in cells if name.endswith("-stub")]
    for name in stubs:
        asked = next(cell.source for cell in notebook.cells if cell.id == name)
        taken_out = re.sub(
            r"    ### BEGIN SOLUTION\n.*?    ### END SOLUTION", "    ...", cells[name].source, flags=re.DOTALL
        )
        assert taken_out == asked.partition("\n\n\nexercises.check(")[0]  # what ClearSolutions makes of it
        assert cells[name.replace("stub", "grade")].metadata["nbgrader"]["points"] == 1
        solution = student.solution(notebook, name.split("-")[1])
        assert functions(cells[name].source) == {key: functions(solution)[key] for key in functions(cells[name].source)}
    assert stubs


@pytest.mark.slow
@pytest.mark.tools
def test_a_worksheet_runs_from_top_to_bottom(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", kernel_environment()["PYTHONPATH"])
    path, _ = student.write(SOURCES[3], tmp_path)
    notebook = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(notebook, timeout=300).execute()  # raises where a cell does
    printed = {cell.id: "".join(output.get("text", "") for output in cell.outputs)
               for cell in notebook.cells if role(cell) == "stub"}  # fmt: skip
    assert len(printed) == 4 and all("not filled in yet" in text for text in printed.values())
