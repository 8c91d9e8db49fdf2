"""The one way in which experiments are measured and recorded, and their command line.

A run is written as soon as it is done, and a recorded one is skipped: stop at any time, start again, and only what is
missing is computed. An experiment is a function, entered by `experiment`, that ends with `measure`.
"""

import argparse
import functools
import inspect
import os
import pathlib
import shlex
import sys
import typing

from tqdm.auto import tqdm

from ngdm_helpers.course import recorded
from ngdm_helpers.course.recorded import FOLDER

EXPERIMENTS = {}  # by the name of the command


def experiment(name, takes):
    """Enter the function that is decorated as the command ``ngdm record NAME``; ``takes``: how long, in words.

    Each of its annotated parameters is an option of the command. It also takes those of `measure` that say how, and
    hands them on; the command that a record keeps is made here, of the options that differ from their defaults.
    """

    def enter(function):
        signature = inspect.signature(function)

        @functools.wraps(function)
        def entered(*arguments, **options):
            given = signature.bind(*arguments, **options).arguments
            given = {option: value for option, value in given.items() if option != "how"}
            return function(*arguments, command=reproducible_command(name, signature, given), **options)

        entered.takes = takes
        EXPERIMENTS[name] = entered
        return entered

    return enter


def measure(
    settings, rows, record, key, title, together=None, finished=None, force=False, folder=FOLDER, progress=True, **write
):
    """Measure ``settings``, dicts with the fields ``key``, and write their rows; how many were measured.

    rows: group of settings → list of rows, written at once to ``record``. together: the fields by which settings form
    a group; without, each is one. title: of the progress bar, formatted with the first setting of a group. finished:
    called with a group once its rows are safe. write: command and provenance, see `recorded.write`.

    force: measure what is recorded again. folder: where the record lies. progress: show a bar. A run that is
    interrupted is not recorded: the KeyboardInterrupt goes on to the caller.
    """
    done = set() if force else {tuple(row[field] for field in key) for row in recorded.load(record, folder)}
    missing = [setting for setting in settings if tuple(setting[field] for field in key) not in done]
    groups = {}
    for i, setting in enumerate(missing):
        groups.setdefault(tuple(setting[field] for field in together) if together else i, []).append(setting)
    with tqdm(groups.values(), unit="run", disable=not progress) as bar:
        for group in bar:
            bar.set_description(title.format(**group[0]))
            recorded.write(record, rows(group), key=key, folder=folder, **write)
            if finished:
                finished(group)
    return len(missing)


# --- the command line -------------------------------------------------------------------------------------------------
def add_commands(commands):
    """Add every experiment to the subparsers ``commands`` of ``ngdm record``."""
    for name, function in EXPERIMENTS.items():
        # what a reader of the code wants besides: how it is called from Python
        text = inspect.getdoc(function).partition("how, and what is returned:")[0].rstrip()
        parser = commands.add_parser(
            name,
            help=f"{text.partition('.')[0]} ({function.takes})",
            description=f"{text}\n\nIt takes {function.takes}.",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        for option in _options(inspect.signature(function)):
            parser.add_argument(f"--{option.name.replace('_', '-')}", **_kind(option))
        parser.add_argument("--force", action="store_true", help="measure what is recorded again")
        parser.add_argument("--folder", type=pathlib.Path, default=FOLDER, help="where the record lies")
        parser.set_defaults(run=functools.partial(run, function))


def run(experiment, **options):
    """Run an experiment from the command line: 0 when all is measured, 130 when interrupted."""
    try:
        measured = experiment(**options)
    except KeyboardInterrupt:
        print("stopped; the same command goes on from here", file=sys.stderr)
        return 130
    print(f"{measured} run(s) measured; the record lies in {options['folder']}")
    return 0


def reproducible_command(name, signature, given):
    """The command that measures the same elsewhere: without folders, and with the last part of every other path."""
    words = ["ngdm", "record", name]
    for option in _options(signature):
        value = given.get(option.name, option.default)
        if value == option.default or option.annotation is pathlib.Path:
            continue
        words.append(f"--{option.name.replace('_', '-')}")
        for part in value if isinstance(value, (list, tuple)) else [] if value is True else [value]:
            words.append(pathlib.Path(part).name if os.sep in str(part) else str(part))
    return shlex.join(words)


def _options(signature):
    return [p for p in signature.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]


def _kind(option):
    """What argparse is told of a parameter: its default, and by its annotation its type and number."""
    if option.annotation is bool:
        return {"action": "store_true"}
    kinds = typing.get_args(option.annotation) or (option.annotation,)  # of tuple[float, ...] and int | None the first
    several = {"nargs": "+"} if typing.get_origin(option.annotation) is tuple else {}
    shown = " ".join(map(str, option.default)) if several else option.default
    return {"type": kinds[0], "default": option.default, "help": f"default: {shown}".replace("%", "%%"), **several}
