"""Measure what is too long for class and keep it in the records, one run at a time.

    python -m ngdm_helpers.experiments edge-of-stability [--steps N] [--seeds S …] [--activations A …] [--rates η …]
    python -m ngdm_helpers.experiments depth [--data digits|cifar10|FILE.npz] [--parts P …] [--seeds N] [--steps N]
    python -m ngdm_helpers.experiments mlp-l1 [--method M …] [--lam λ …] [--steps N] [--seeds S …]
    python -m ngdm_helpers.experiments vgg16-l1 [--lam λ …] [--method M …] [--data D] [--weights W] [--steps N] […]

A run is written as soon as it is done, and one that is recorded is skipped: stop at any time, start again, and only
what is missing is computed. ``--force`` measures everything anew. A module for each experiment; each adds its command.
"""

import argparse
import os
import pathlib
import shlex
import sys

from ngdm_helpers.course import recorded
from ngdm_helpers.course.experiments import depth, mlp, vgg16
from ngdm_helpers.course.experiments import edge_of_stability as edge
from ngdm_helpers.course.experiments.edge_of_stability import edge_of_stability
from ngdm_helpers.course.experiments.mlp import mlp_l1
from ngdm_helpers.course.experiments.vgg16 import vgg16_l1

__all__ = ["edge_of_stability", "main", "mlp_l1", "stored", "vgg16_l1"]


def main(arguments=None):
    """The command line: 0 when all is measured, 1 for bad arguments, 130 when interrupted."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    parser = argparse.ArgumentParser(prog="python -m ngdm_helpers.experiments", description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(dest="experiment", required=True)
    for experiment in (depth, edge, mlp, vgg16):
        experiment.add_command(commands)
    for command in commands.choices.values():
        command.add_argument("--force", action="store_true", help="measure what is recorded again")
        command.add_argument("--folder", type=pathlib.Path, default=recorded.FOLDER, help="where the record lies")
    options = vars(parser.parse_args(arguments))
    measure, record = options.pop("measure"), options.pop("record")
    del options["experiment"]

    try:
        measured = measure(**options, command=stored(arguments))
    except (TypeError, ValueError, FileNotFoundError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; the same command goes on from here", file=sys.stderr)
        return 130
    print(f"{measured} run(s) measured; the record is {options['folder'] / record}.json")
    return 0


def stored(arguments):
    """The command line as a record keeps it: folders say nothing to another machine.

    Without --folder and --work, and with the last part of every other path.
    """
    words, rest = [], iter(arguments)
    for word in rest:
        option, equals, value = word.partition("=") if word.startswith("--") else ("", "", word)
        if word in ("--folder", "--work"):
            next(rest, None)
        elif option not in ("--folder", "--work") or not equals:
            words.append(f"{option}{equals}{pathlib.Path(value).name if os.sep in value else value}")
    return shlex.join(["python", "-m", "ngdm_helpers.course.experiments", *words])
