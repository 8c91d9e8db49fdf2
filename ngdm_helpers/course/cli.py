"""The command ``ngdm`` and its commands. Each is two functions: one adds its parser, one runs it."""

import argparse
import pathlib
import subprocess
import sys

from tqdm.auto import tqdm


def main(arguments=None):
    """Run the command line; 0 when all went well, 1 with the reason on stderr, 130 when interrupted."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    parser = argparse.ArgumentParser(prog="ngdm", description="Build and check the notebooks, measure their records.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    try:
        command = _add_pairs(commands, "build", _build, _BUILD)
        command.add_argument("--discard-edits", action="store_true", help="build over an .ipynb edited by hand")
        _add_pairs(commands, "check", _check, _CHECK)
        _add_teacher(commands)
        _add_site(commands)
        _add_slides(commands)
        _add_lecture(commands)
        _add_record(commands, arguments)
        options = vars(parser.parse_args(arguments))
        return options.pop("run")(**options)
    except ModuleNotFoundError as error:
        extra = {"distributed": "cluster", "voila": "lecture", "ziamath": "teacher"}.get(error.name)
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
fetched, unless a folder has it. To look at it: python -m http.server --directory build/site"""


def _add_site(commands):
    command = commands.add_parser("site", help=_SITE.partition(". ")[0], description=_SITE)
    command.add_argument("names", nargs="*", metavar="NAME", help="explorers and notebooks; default: all")
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
    command.add_argument("--force", action="store_true", help="replace FOLDER/NAME even if it is no deck of slides")


def _slides(names, folder, to, pyodide, force):
    from ngdm_helpers.course.editions import slides

    for deck, replaced in slides.slides(names, to, pyodide, folder, force):
        print(f"{deck}{', in place of what was no deck' if replaced else ''}: python -m http.server --directory {deck}")
    return 0


_LECTURE = """Serve the core of a notebook with Voilà for the hall, without code, a step at a time. All cells run first,
about a minute. PageDown, as a clicker sends it, goes on, and so do the arrow keys; space plays."""


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
