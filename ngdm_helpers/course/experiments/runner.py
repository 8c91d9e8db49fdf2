"""The one way in which experiments are measured and recorded, and their command line.

A run is written as soon as it is done, and a recorded one is skipped: stop at any time, start again, and only what is
missing is computed. An experiment is a function, entered by `experiment`, that ends with `measure`. Its runs are done
here one after the other, by processes of this machine or by the workers of a Dask scheduler; only this process writes.
"""

import argparse
import concurrent.futures
import contextlib
import functools
import inspect
import multiprocessing
import os
import pathlib
import shlex
import signal
import sys
import tempfile
import threading
import typing

import torch
from tqdm.auto import tqdm

from ngdm_helpers import checks
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


class Failed(RuntimeError):
    """Runs that others did have failed; what was done besides is recorded."""


def measure(
    settings, rows, record, key, title, *, command, compact=False, provenance=None, together=None, finished=None,
    force=False, folder=FOLDER, progress=True, jobs=1, scheduler=None,
):  # fmt: skip
    """Measure ``settings``, dicts with the fields ``key``, and write their rows; how many were measured.

    rows: group of settings → list of rows, written at once to ``record``. together: the fields by which settings form
    a group; without, each is one. title: of the progress bar, formatted with the first setting of a group. finished:
    called with a group once its rows are safe. command, compact: see `recorded.write`. provenance: a function without
    arguments, called where a run is done, for a dict of what its rows keep besides of their origin.

    force: measure what is recorded again. folder: where the record lies. progress: show a bar. A run that is
    interrupted is not recorded: the KeyboardInterrupt goes on to the caller. OSError, before the first run, for a
    folder that cannot be written to.

    jobs: so many processes of this machine share the groups, each with one thread of torch, or OMP_NUM_THREADS of them.
    scheduler: the address of a Dask scheduler, whose workers do instead; OSError if none answers. Both send ``rows``
    and ``provenance`` by pickle. A run that raises is counted as failed, and `Failed` says so when the others are
    recorded; one whose Dask worker dies is done again, one whose process dies ends the call with `Failed`.
    """
    if checks.count("jobs", jobs) > 1 and scheduler is not None:
        raise ValueError(f"jobs must be 1 with a scheduler, which has workers of its own, got {jobs}")
    done = {} if force else recorded.by_key(recorded.load(record, folder), key, f"the rows of {record} in {folder}")
    missing = [setting for setting in settings if tuple(setting[field] for field in key) not in done]
    if missing:
        writable("folder", folder)
    groups = {}
    for i, setting in enumerate(missing):
        groups.setdefault(tuple(setting[field] for field in together) if together else i, []).append(setting)
    task = functools.partial(_run, rows, provenance)
    alone = not missing or alone_at_work(jobs, scheduler)
    with contextlib.nullcontext() if alone else _workers(jobs, scheduler) as workers:
        with tqdm(total=len(groups), unit="run", disable=not progress) as bar:
            for group, (found, origin) in _results(task, list(groups.values()), title, bar, workers):
                recorded.write(record, found, command, key, folder, compact, **origin)
                if finished:
                    finished(group)
                bar.update()
    return len(missing)


def alone_at_work(jobs=1, scheduler=None, **how):
    """Whether, of the options ``how`` of `measure`, the runs follow one another here: one may show its own progress."""
    return jobs == 1 and scheduler is None


_TURN = threading.Lock()  # torch has one random state and one number of threads for all runs of a process


def _run(rows, provenance, group):
    """What is done for a group, wherever: its rows, and the dict of their origin."""
    with _TURN:
        return rows(group), recorded.here() | (provenance() if provenance else {})


def _results(task, groups, title, bar, workers):
    """Yield each group with what ``task`` returns of it, as soon as it is there; raise `Failed` after the last."""
    if workers is None:
        for group in groups:
            bar.set_description(title.format(**group[0]))
            yield group, task(group)
        return
    submit, under_way = workers
    waiting, failed = {submit(task, group): group for group in groups}, []

    def show():
        bar.set_postfix_str(f"{under_way(len(waiting))} under way, {len(failed)} failed")

    while waiting:
        show()
        first = concurrent.futures.FIRST_COMPLETED
        for future in concurrent.futures.wait(waiting, timeout=1, return_when=first).done:
            group = waiting.pop(future)
            try:
                result = future.result()
            except concurrent.futures.BrokenExecutor:
                done = "what was done is recorded, and the same command goes on from here"
                raise Failed(f"a process was killed, perhaps for want of memory; {done}") from None
            except Exception as error:
                failed.append((title.format(**group[0]), error))
            else:
                yield group, result
    show()
    if failed:
        run, error = failed[0]
        reason = f"{type(error).__name__}: {error}"
        raise Failed(f"{len(failed)} of {len(groups)} runs failed, first {run} with {reason}") from error


@contextlib.contextmanager
def _workers(jobs, scheduler):
    """Whom to hand runs to: (function, group) → future, and how many are under way when so many are waited for."""
    if scheduler is not None:
        import distributed

        try:
            client = distributed.Client(scheduler)
        except (OSError, ValueError) as error:
            wanted = "scheduler must be the address of a Dask scheduler that runs, such as tcp://host:8786"
            raise OSError(f"{wanted}, got {scheduler!r}: {error}") from None

        def at_work(waiting):
            # a worker holds more tasks than it has threads
            threads, held = client.nthreads(), client.processing()
            return min(waiting, sum(min(len(keys), threads.get(worker, 0)) for worker, keys in held.items()))

        with client:
            executor = client.get_executor()
            try:
                yield executor.submit, at_work
            finally:
                executor.shutdown(wait=False)
        return
    others = set(multiprocessing.active_children())
    # "spawn": a forked process would inherit torch's threads in whatever state they are
    how = {"mp_context": multiprocessing.get_context("spawn"), "initializer": _begin}
    with concurrent.futures.ProcessPoolExecutor(
        jobs, **how, initargs=(int(os.environ.get("OMP_NUM_THREADS", 1)),)
    ) as pool:
        try:
            yield pool.submit, lambda waiting: min(waiting, jobs)
        except BaseException:
            for process in set(multiprocessing.active_children()) - others:
                process.terminate()
            pool.shutdown(cancel_futures=True)
            raise


def _begin(threads):
    """What a process of the pool does first: it sets torch's threads, leaves Ctrl-C to its parent, and ends with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(threads)

    def end():
        multiprocessing.parent_process().join()
        os._exit(1)

    threading.Thread(target=end, daemon=True).start()


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
        parser.add_argument("--jobs", type=int, default=1, help="so many processes of this machine share the runs")
        parser.add_argument("--scheduler", metavar="ADDRESS", help="of Dask, whose workers do the runs, one run a task")
        parser.set_defaults(run=functools.partial(run, function))


def run(experiment, **options):
    """Run an experiment from the command line: 0 when all is measured, 1 when a run failed, 130 when interrupted."""
    try:
        measured = experiment(**options)
    except KeyboardInterrupt:
        print("stopped; the same command goes on from here", file=sys.stderr)
        return 130
    except Failed as error:
        print(error, file=sys.stderr)
        return 1
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
