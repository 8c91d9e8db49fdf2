"""The edition for students: the notebooks as worksheets, and the same exercises for nbgrader.

Two rules.

1. *What asks stays, what answers goes.* The cells of the kinds in `ASKS` stay as they are, without outputs. An answer
   that a student can find takes its place in `ROOM`: the reason, the verdict, and of the lines by hand the set-up with
   room for the rest. Everything else goes: reveals, pictures, tables, laws, solutions, the ledger, the tests, and what
   only prepares them. A cell of a new kind goes too, until it is named here.
2. *Ids stay.* A cell, and the room in place of one, has the id that it has in its source: by it `grade` finds an
   answer, whatever was added, moved or saved by another program.

The boundary: no answer is in the file. A vote gives its own after the student has chosen, as it must without a
teacher, so answers and solutions are in the package and the repository that the student may have installed. This
edition keeps nobody from reading ahead on purpose.
"""

import ast
import builtins
import copy
import dis
import itertools
import pathlib
import re
import types

import nbformat

from ngdm_helpers import course
from ngdm_helpers.course import build, recorded

# The last words of the ids of cells that stay. An exercise's task is exercise-N, and a note stays if it leads to a
# slider, or if it is the heading of an idea.
ASKS = {"title", "imports", "claim", "says", "words", "predict", "play", "map", "here", "exercises", "hint", "stub"}
ASKS |= {"symbols", "next"}
_WRITE = "*Double-click here and write.*"
_VERDICT = f"**Your verdict:** holds, holds if …, imprecise, wrong or not to be told from this? And the number that \
says so.\n\n{_WRITE}"
ROOM = {
    "why": f"**Why?** Your reason, in two or three sentences.\n\n{_WRITE}",
    "verdict": _VERDICT,
    "thesis": f"## A verdict on the thesis\n\n{_VERDICT}",
    "hand": "# By hand: lines of your own that test your vote\n# …",
}
_HEADER = """\
> **Worksheet.** Vote before you play, then write: a reason, lines of your own, a verdict. What the text says of
> folded answers, reveals, the ledger and the tests is in the lecturer's copy. The exercises check themselves; what you
> hand in is this file."""
FORMATS = ("jupyter", "nbgrader")
_NBGRADER = """\
c = get_config()  # noqa: F821, nbgrader hands it out
c.CourseDirectory.course_id = "ngdm"
c.ClearSolutions.code_stub = {"python": "..."}  # an empty answer does not stop Run All
c.Execute.timeout = 600  # seconds a cell; the sliders of all ideas are run as well
"""


def write(source, to, form="jupyter", force=False):
    """Write the edition of the .py file ``source`` into the folder ``to``; the path, and whether a file was replaced.

    form: "jupyter", or "nbgrader": a course's source/NAME/NAME.ipynb, which holds the solutions, and its configuration.

    FileExistsError for a file that this did not write, or that has been written in since, unless ``force``.
    """
    if form not in FORMATS:
        raise ValueError(f"form must be one of {', '.join(FORMATS)}, got {form!r}")
    source, to = pathlib.Path(source), build.into(to)
    notebook = worksheet(build.read_source(source))
    if form == "nbgrader":
        _for_nbgrader(notebook, build.read_source(source))
        to.mkdir(parents=True, exist_ok=True)
        configuration, to = to / "nbgrader_config.py", to / "source" / source.stem
        if not configuration.exists():  # an edited one stays
            recorded.write_text(configuration, _NBGRADER)
    # as a reader gets it: nbformat joins lines and drops what is empty
    notebook = nbformat.reads(nbformat.writes(notebook), as_version=4)
    made = {"edition": form, "notebook": source.stem, "inputs_sha256": build.fingerprint(build.inputs(notebook))}
    notebook.metadata["ngdm"] = made
    nbformat.validate(notebook)
    target = to / f"{source.stem}.ipynb"
    replaced = target.exists() and not _is_untouched(target)
    if replaced and not force:
        raise FileExistsError(f"{target} is no edition as ngdm student writes it, or has been written in since; "
                              "--force replaces it, --to FOLDER writes elsewhere")  # fmt: skip
    to.mkdir(parents=True, exist_ok=True)
    recorded.write_text(target, nbformat.writes(notebook) + "\n")
    return target, replaced


def _is_untouched(path):
    """Whether the file is an edition without anything that a student has written."""
    try:
        old = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
        made = old.metadata["ngdm"]
        # a built notebook has no edition
        return made["edition"] in FORMATS and made["inputs_sha256"] == build.fingerprint(build.inputs(old))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, nbformat.ValidationError):
        return False


def worksheet(notebook):
    """The student's edition of what `build.read_source` has read.

    ValueError, which names the cell, if one that stays takes a name from one that goes.
    """
    sheet, cells = copy.deepcopy(notebook), []
    known = set(dir(builtins)) | {"__name__"}
    for cell, following in itertools.zip_longest(sheet.cells, sheet.cells[1:]):
        role = _role(cell)
        leads_on = role == "note" and (re.match(r"## \d+ · ", cell.source) or _role(following) in ("play", "map"))
        if not (role in ASKS or role in ROOM or leads_on or re.fullmatch(r"exercise-\d+", cell.id)):
            continue
        if role == "hand":
            cell.source = _room_for_code(cell.source, known)
        elif role in ROOM:
            cell.source = ROOM[role]
        elif cell.id == "title":
            heading, _, rest = cell.source.partition("\n")
            cell.source = f"{heading}\n\n{_HEADER}\n{rest}"
        if cell.cell_type == "code":
            taken, left = global_names(cell.source)
            if lacking := sorted(taken - known):
                raise ValueError(f"cell {cell.id!r} stays in the students' edition, but {', '.join(lacking)} comes "
                                 "from a cell that does not; bind it where it is used")  # fmt: skip
            known |= left
        if role == "stub":
            cell.metadata["deletable"] = False
        cells.append(cell)
    sheet.cells = cells
    return sheet


def _role(cell):
    return cell.id.rpartition("-")[2]


def _room_for_code(source, known):
    """The assignments and imports with which the lines by hand begin, as far as their names are ``known``, and room."""
    setup, known = [], set(known)
    for statement in ast.parse(source).body:
        written = ast.get_source_segment(source, statement)
        taken, left = global_names(written)
        if not isinstance(statement, ast.Assign | ast.Import | ast.ImportFrom) or taken - known:
            break
        setup.append(written)
        known |= left
    mark = [f"{course.TORCH_MARK}your own lines"] if source.startswith(course.TORCH_MARK) else []
    comment, _, room = ROOM["hand"].partition("\n")
    return "\n".join([*mark, comment, *setup, room])


def global_names(source):
    """Of a cell: the names that it takes from before it, and those that it leaves; the compiler tells the scopes."""
    taken, left = set(), set()
    code = compile(source, "<cell>", "exec")
    for step in dis.get_instructions(code):
        if step.opname in ("STORE_NAME", "STORE_GLOBAL"):
            left.add(step.argval)
        elif step.opname in ("LOAD_NAME", "LOAD_GLOBAL") and step.argval not in left:
            taken.add(step.argval)
    inner = [const for const in code.co_consts if isinstance(const, types.CodeType)]
    for code in inner:  # functions, and comprehensions of older Pythons: they may use what comes later in the cell
        inner.extend(const for const in code.co_consts if isinstance(const, types.CodeType))
        steps = list(dis.get_instructions(code))
        left |= {step.argval for step in steps if step.opname == "STORE_GLOBAL"}
        local = {step.argval for step in steps if step.opname == "STORE_NAME"}  # of a class's body
        taken |= {
            step.argval
            for step in steps
            if step.opname in ("LOAD_NAME", "LOAD_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS")
            and step.argval not in left | local
        }
    return taken, left


# --- nbgrader ---------------------------------------------------------------------------------------------------------


def solution(notebook, number):
    """The Python block of the solution of exercise ``number`` of what `build.read_source` has read."""
    text = next(cell.source for cell in notebook.cells if cell.id == f"exercise-{number}-solution")
    return re.search(r"```python\n(.*?)```", text, re.DOTALL)[1]


def _for_nbgrader(sheet, notebook):
    """Make of each stub a cell with its solution, which nbgrader takes out, and one that it grades by a hidden test.

    The student's copy keeps the check, which answers in words and raises nothing; the hidden test raises its words.
    """
    cells = []
    for cell in sheet.cells:
        cells.append(cell)
        if _role(cell) == "stub":
            stub, _, check = cell.source.rpartition("exercises.check(")
            cell.source = _solved(stub.rstrip(), solution(notebook, cell.id.split("-")[1]))
            cell.metadata["nbgrader"] = _graded(cell.id, solution=True)
            judge = f"passed, says = exercises.judge({check}\nassert passed, says"
            hidden = f"### BEGIN HIDDEN TESTS\n{judge}\n### END HIDDEN TESTS"
            test = nbformat.v4.new_code_cell(f"exercises.check({check}\n{hidden}", id=cell.id.replace("stub", "grade"))
            test.metadata["nbgrader"] = _graded(test.id, grade=True, locked=True, points=1)
            cells.append(test)
    sheet.cells = cells


def _graded(id, grade=False, solution=False, locked=False, **points):
    kind = {"grade": grade, "solution": solution, "locked": locked, "task": False}
    return {"cell_type": "code", "grade_id": id, "schema_version": 3, **kind, **points}


def _solved(stub, solution):
    """The ``stub`` with the bodies of the ``solution``'s functions between nbgrader's marks in place of each `...`."""
    lines, written = stub.splitlines(), solution.splitlines()
    bodies = {function.name: function.body for function in ast.parse(solution).body if hasattr(function, "name")}
    for function in reversed([part for part in ast.parse(stub).body if isinstance(part, ast.FunctionDef)]):
        body, gap = bodies[function.name], function.body[-1]
        answer = written[body[0].lineno - 1 : body[-1].end_lineno]
        lines[gap.lineno - 1 : gap.end_lineno] = ["    ### BEGIN SOLUTION", *answer, "    ### END SOLUTION"]
    return "\n".join(lines)
