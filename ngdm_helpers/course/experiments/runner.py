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
import tempfile
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
            _check(signature, given)
            given = {option: value for option, value in given.items() if option != "how"}
            return function(*arguments, command=reproducible_command(name, signature, given), **options)

        entered.takes = takes
        EXPERIMENTS[name] = entered
        return entered

    return enter


def measure(
    settings, rows, record, key, title, *, command, compact=False, provenance=None, together=None, finished=None,
    force=False, folder=FOLDER, progress=True,
):  # fmt: skip
    """Measure ``settings``, dicts with the fields ``key``, and write their rows; how many were measured.

    rows: group of settings → list of rows, written at once to ``record``. together: the fields by which settings form
    a group; without, each is one. title: of the progress bar, formatted with the first setting of a group. finished:
    called with a group once its rows are safe. command, compact, provenance (a dict): see `recorded.write`.

    force: measure what is recorded again. folder: where the record lies. progress: show a bar. A run that is
    interrupted is not recorded: the KeyboardInterrupt goes on to the caller. OSError, before the first run, for a
    folder that cannot be written to.
    """
    done = {} if force else recorded.by_key(recorded.load(record, folder), key, f"the rows of {record} in {folder}")
    missing = [setting for setting in settings if tuple(setting[field] for field in key) not in done]
    if missing:
        writable("folder", folder)
    groups = {}
    for i, setting in enumerate(missing):
        groups.setdefault(tuple(setting[field] for field in together) if together else i, []).append(setting)
    with tqdm(groups.values(), unit="run", disable=not progress) as bar:
        for group in bar:
            bar.set_description(title.format(**group[0]))
            recorded.write(record, rows(group), command, key, folder, compact, **(provenance or {}))
            if finished:
                finished(group)
    return len(missing)


def writable(name, folder):
    """Make ``folder`` if it is missing; OSError, which calls it ``name``, unless files can be written there."""
    try:
        pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise OSError(f"{name} must be a folder to write to, got {str(folder)!r}: {error.strerror}") from None


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


def _check(signature, given):
    """TypeError for an option that `measure` does not know, and for one value where a list is asked for."""
    inspect.signature(measure).bind_partial(**given.get("how", {}))
    for option in _options(signature):
        value = given.get(option.name, ())
        if typing.get_origin(option.annotation) is tuple and not isinstance(value, (list, tuple)):
            raise TypeError(f"{option.name} must be a list or a tuple, got {value!r}")


def _kind(option):
    """What argparse is told of a parameter: its default, and by its annotation its type and number."""
    if option.annotation is bool:
        return {"action": "store_true"}
    kinds = typing.get_args(option.annotation) or (option.annotation,)  # of tuple[float, ...] and int | None the first
    several = {"nargs": "+"} if typing.get_origin(option.annotation) is tuple else {}
    shown = " ".join(map(str, option.default)) if several else option.default
    return {"type": kinds[0], "default": option.default, "help": f"default: {shown}".replace("%", "%%"), **several}
