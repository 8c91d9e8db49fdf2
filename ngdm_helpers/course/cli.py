"""The command ``ngdm`` and its commands. Each is two functions: one adds its parser, one runs it."""

import argparse
import io
import pathlib
import shlex
import subprocess
import sys

from tqdm.auto import tqdm


def main(arguments=None):
    """Run the command line; 0 when all went well, 1 with the reason on stderr, 130 when interrupted."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # λ where it cannot be written (LANG=C, a pipe on Windows): \u03bb
            stream.reconfigure(errors="backslashreplace")
    parser = argparse.ArgumentParser(prog="ngdm", description="Build and check the notebooks, measure their records.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    try:
        command = _add_pairs(commands, "build", _build, _BUILD)
        command.add_argument("--discard-edits", action="store_true", help="build over an .ipynb edited by hand")
        _add_pairs(commands, "check", _check, _CHECK)
        _add_student(commands)
        _add_grade(commands)
        _add_teacher(commands)
        _add_site(commands)
        _add_slides(commands)
        _add_lecture(commands)
        _add_record(commands, arguments)
        options = vars(parser.parse_args(arguments))
        return options.pop("run")(**options)
    except ModuleNotFoundError as error:
        extra = {
            "distributed": "cluster",
            "ziamath": "teacher",
            "voila": "lecture",
            "jupyterlite_core": "site",
            "jupyterlite_pyodide_kernel": "site",
        }.get(error.name)
        how = f'pip install -e ".[{extra}]"' if extra else "make lab"
        print(f"ngdm {arguments[0]} needs {error.name}, which is not installed; {how} installs it", file=sys.stderr)
        return 1
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"{error.cmd[0]} ended with status {error.returncode}, see above", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; the same command starts again", file=sys.stderr)
        return 130


def _add_pairs(commands, name, run, text):
    command = commands.add_parser(name, help=text.partition(". ")[0], description=text)
    command.add_argument("names", nargs="*", metavar="NAME", help="such as 03_lasso; default: all")
    command.add_argument("--folder", default="notebooks", type=pathlib.Path, help="where the notebooks lie")
    command.set_defaults(run=run)
    return command


_BUILD = """Write each .ipynb from its .py, about 1 minute a notebook. Every cell is executed, and what belongs to one
session is left out. An .ipynb that was edited by hand is not overwritten."""


def _build(names, folder, discard_edits):
    from ngdm_helpers.course import build

    for source in tqdm(build.chosen(names, folder), desc="notebooks", unit="notebook"):
        build.build(source, discard_edits)
    return 0


_CHECK = """Check that each .ipynb is what build makes of its .py, in seconds. Nothing is executed. Where the two do not
agree, it says which side changed and which command helps."""


def _check(names, folder):
    from ngdm_helpers.course import build

    sources, faults = build.chosen(names, folder), []
    for source in sources:
        try:
            build.check(source)
        except ValueError as error:
            faults.append(str(error))
    print("\n".join(faults) or f"{len(sources)} pair(s) agree", file=sys.stderr if faults else sys.stdout)
    return 1 if faults else 0


_STUDENT = """Write the notebooks as worksheets, without answers, solutions and outputs. The exercises keep their stubs
and checks; ngdm grade checks a filled-in copy. A file that a student has written in is not overwritten."""


def _add_student(commands):
    command = _add_pairs(commands, "student", _student, _STUDENT)
    command.add_argument("--to", type=pathlib.Path, metavar="FOLDER", help="default: build/student, or build/nbgrader")
    command.add_argument("--format", default="jupyter", choices=("jupyter", "nbgrader"), help="nbgrader: the source "
                         "folder of a course, with solutions, for nbgrader generate_assignment")  # fmt: skip
    command.add_argument("--force", action="store_true", help="replace files that were written in, and say which")


def _student(names, folder, to, format, force):
    from ngdm_helpers.course import build
    from ngdm_helpers.course.editions import student

    to = to or pathlib.Path("build", "student" if format == "jupyter" else format)
    for source in build.chosen(names, folder):
        path, replaced = student.write(source, to, format, force)
        print(f"{path}{', in place of a file that was not as ngdm student writes it' if replaced else ''}")
    return 0


_GRADE = """Check the exercises of filled-in notebooks: each passed, or the sentence that helps. The code of an
exercise runs in a process of its own, with limits of time and, on Linux, of memory; it is not kept from your files, so
grade what you distrust in a container. The status is 0 if every file could be graded, whatever its answers."""


def _add_grade(commands):
    command = commands.add_parser("grade", help=_GRADE.partition(": ")[0], description=_GRADE)
    command.add_argument("files", nargs="+", type=pathlib.Path, metavar="FILE", help="notebooks of students, .ipynb")
    command.add_argument("--hidden", type=pathlib.Path, metavar="FILE", help="a Python file of further checks, "
                         "functions below @exercise(ID) as in ngdm_helpers/course/exercises")  # fmt: skip
    command.add_argument("--json", action="store_true", help="a JSON object a line and file, in place of text")
    command.add_argument("--seconds", type=float, default=30, help="for an exercise; default: 30")
    command.add_argument("--megabytes", type=int, default=2048, help="of memory for an exercise; default: 2048")
    command.add_argument("--folder", default="notebooks", type=pathlib.Path, help="where the notebooks lie")
    command.set_defaults(run=_grade)


def _grade(files, hidden, json, seconds, megabytes, folder):
    import json as form

    from ngdm_helpers.course import build
    from ngdm_helpers.course.editions import grade

    sources, failed = build.pairs(folder), False
    if hidden is not None:
        grade.hidden_cases(hidden)
    for file in files:
        try:
            graded = grade.grade(file, sources, hidden, seconds, megabytes)
        except (ValueError, OSError) as error:  # the other files are graded all the same
            failed, graded = True, {"file": str(file), "error": str(error)}
            print(form.dumps(graded, ensure_ascii=False) if json else error, file=None if json else sys.stderr)
            continue
        print(form.dumps(graded, ensure_ascii=False) if json else grade.report(graded), flush=True)
    return 1 if failed else 0


_TEACHER = """Write a teacher's papers, seconds a notebook. NAME-run-sheet.html is one A4 page: minutes, goals, what to
say, where to cut. NAME-handout.html is two: claims with room for the votes, then pictures, laws and verdicts.
NAME-polls.gift has the votes for Moodle, NAME-polls.csv for anything else: vote, notebook, idea, part (core or deeper),
question, A, B, C, answer, and because_A, because_B, because_C. A page is whole by itself and needs no network."""


def _add_teacher(commands):
    command = _add_pairs(commands, "teacher", _teacher, _TEACHER)
    command.add_argument("--to", default="build/teacher", type=pathlib.Path, metavar="FOLDER",
                         help="default: build/teacher")  # fmt: skip
    command.add_argument("--pdf", action="store_true", help="print both pages to PDF as well, by Chromium or Chrome")
    command.add_argument("--force", action="store_true", help="replace files that it did not write, and say which")


def _teacher(names, folder, to, pdf, force):
    from ngdm_helpers.course import build
    from ngdm_helpers.course.editions import teacher

    for source in build.chosen(names, folder):
        for path, replaced in teacher.write(source, to, force, pdf):
            print(f"{path}{', in place of a file that ngdm teacher did not write' if replaced else ''}")
    return 0


_SITE = """Write the notebooks and their sliders as a folder for any web host, minutes. It needs Node; Pyodide is
fetched, unless a folder has it. JupyterLite, in which the notebooks are edited, is in it too. To look at it: python -m
http.server --directory build/site"""


def _add_site(commands):
    command = commands.add_parser("site", help=_SITE.partition(". ")[0], description=_SITE)
    command.add_argument("names", nargs="*", metavar="NAME", help="explorers, notebooks and lite; default: all")
    command.add_argument("--to", default="build/site", type=pathlib.Path, metavar="FOLDER", help="default: build/site")
    command.add_argument("--pyodide", type=pathlib.Path, metavar="FOLDER", help="a copy of Pyodide's release at hand")
    command.add_argument("--folder", default="notebooks", type=pathlib.Path, help="where the notebooks lie")
    command.set_defaults(run=_site)


def _site(names, to, pyodide, folder):
    from ngdm_helpers.course.site import build

    build.build(to, pyodide, names, folder)
    return 0


_SLIDES = """Write the slides of each core, a folder a deck that needs no network, a minute a deck. It needs Node. To
show them: python -m http.server --directory build/slides/03_lasso, then http://localhost:8000"""


def _add_slides(commands):
    command = _add_pairs(commands, "slides", _slides, _SLIDES)
    command.add_argument("--to", default="build/slides", type=pathlib.Path, metavar="FOLDER",
                         help="default: build/slides")  # fmt: skip
    command.add_argument("--pyodide", type=pathlib.Path, metavar="FOLDER", help="a copy of Pyodide's release at hand")
    command.add_argument("--force", action="store_true", help="replace FOLDER/NAME and all that is in it, and say what")


def _slides(names, folder, to, pyodide, force):
    from ngdm_helpers.course.editions import slides

    for deck, replaced in slides.slides(names, to, pyodide, folder, force):
        show = shlex.join(["python", "-m", "http.server", "--directory", str(deck)])
        print(f"{deck}{f', in place of {replaced}' if replaced else ''}: {show}")
    return 0


_LECTURE = """Serve the core of a notebook with Voilà for the hall, without code, a step at a time. It opens in seconds;
each figure comes when its cell has run, in the order of the lecture, the last in about a minute. PageDown, as a clicker
sends it, goes on, and so do the arrow keys; space plays."""


def _add_lecture(commands):
    command = commands.add_parser("lecture", help=_LECTURE.partition(". ")[0], description=_LECTURE)
    command.add_argument("name", metavar="NAME", help="such as 03_lasso")
    command.add_argument("--port", default=8866, type=int, help="default: 8866")
    command.add_argument("--no-browser", dest="browser", action="store_false", help="print the address, open nothing")
    command.add_argument("--folder", default="notebooks", type=pathlib.Path, help="where the notebooks lie")
    command.set_defaults(run=_lecture)


def _lecture(name, folder, port, browser):
    from ngdm_helpers.course import build
    from ngdm_helpers.course.editions import lecture

    lecture.serve(build.chosen([name], folder)[0], port, browser)
    return 0


_RECORD = """Measure what is too long for class, minutes to hours an experiment. What is recorded is skipped: stop at
any time and start again."""


def _add_record(commands, arguments):
    command = commands.add_parser("record", help=_RECORD.partition(". ")[0], description=_RECORD)
    # The experiments import torch, which takes seconds and may be missing: only who records waits for it.
    if arguments[:1] == ["record"]:
        from ngdm_helpers.course import experiments

        experiments.add_commands(command.add_subparsers(required=True, metavar="EXPERIMENT"))
