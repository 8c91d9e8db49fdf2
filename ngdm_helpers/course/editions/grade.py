"""Check the exercises of filled-in notebooks, each in a process of its own.

The exercises, and what checks them, are this checkout's; of the student's file only the code counts: its imports, the
stub (found by its id, in a file without ids by its check) and the cells that the student has put beside it.

Limits: seconds for everything, and on Linux memory and the size of a file; elsewhere the system ignores or lacks them
(Windows has none). What is printed is dropped, the working folder is deleted. That keeps accidents from the grader:
loops without end, arrays without bound, ``sys.exit``. It is no sandbox. The code runs as you: it can read and write
your files, reach the network, start processes without bound, and it shares a process with what judges it. Grade what
you distrust in a container.
"""

import ast
import contextlib
import functools
import json
import multiprocessing
import os
import pathlib
import re
import runpy
import signal
import tempfile

from ngdm_helpers.course import build, exercises

try:
    import resource
except ImportError:  # Windows
    resource = None

_FILE_BYTES = 2**26
_CHECK = re.compile(r'exercises\.check\("(\w+\.\d+)"')
# imported once, before the processes are forked from it (Windows begins anew for each)
_PRELOAD = ["__main__", __name__, *(f"ngdm_helpers.course.{room}" for room in ("claims", "explorers", "votes"))]


# The solutions need 10 s at most, on a busy machine, and 256 MB; the one with torch needs between 512 MB and 1 GB.
def grade(path, sources, hidden=None, seconds=30, megabytes=2048):
    """What is right in the notebook at ``path``: {"file", "notebook", "passed", "of", "exercises": [{"id", "passed",
    "says", and with hidden cases of it "hidden": {"passed", "says"}}]}. An exercise is passed if both are.

    sources: the .py files of the notebooks. hidden: a file of more checks, see `hidden_cases`. seconds, megabytes: the
    limits of an exercise. ValueError for a file that is none of these notebooks, OSError for one that cannot be read.
    """
    for name, limit in (("seconds", seconds), ("megabytes", megabytes)):
        if not 0 < limit < 1e7:
            raise ValueError(f"{name} must be above 0 and below ten million, got {limit}")
    cells, stem = _read(pathlib.Path(path), [source.stem for source in sources])
    by_id = _cells_by_id(next(source for source in sources if source.stem == stem))
    rows = []
    for stub in (name for name in by_id if name.endswith("-stub")):
        (id,) = _CHECK.findall(by_id[stub])
        sources_of_it = [source for exercise, source in _belonging(cells, by_id) if exercise == id]
        if not sources_of_it:
            says = f"✗ Exercise {id}: its cell, {stub}, is missing, or is no code."
            rows.append({"id": id, "passed": False, "says": says})
            continue
        imports = [by_id["imports"], *(source for name, source in cells if name == "imports")]
        job = {"id": id, "imports": imports, "cells": sources_of_it, "answers": _answers(by_id[stub])}
        rows.append(_run({**job, "hidden": hidden and str(pathlib.Path(hidden).resolve())}, seconds, megabytes))
    return {"file": str(path), "notebook": stem, "passed": sum(row["passed"] for row in rows), "of": len(rows),
            "exercises": rows}  # fmt: skip


@functools.cache
def _cells_by_id(source):
    return {cell.id: cell.source for cell in build.read_source(source).cells}


def hidden_cases(path):
    """The ids of the exercises for which the Python file at ``path`` has further cases.

    It enters them as `exercises` does, ``@exercise("lasso.1")`` above a function that takes the answers, `expect`s, and
    returns in words what they have shown. ValueError for a file that is not Python, or is not about these exercises.
    """
    if not pathlib.Path(path).is_file():
        raise FileNotFoundError(f"--hidden must be a Python file, there is none at {path}")
    known = dict(exercises.EXERCISES)
    exercises.EXERCISES.clear()
    try:
        runpy.run_path(str(path))
        found = list(exercises.EXERCISES)
    except Exception as error:
        raise ValueError(
            f"{path} must be Python with functions below @exercise: {type(error).__name__}, {error}"
        ) from None
    finally:
        exercises.EXERCISES.clear()
        exercises.EXERCISES.update(known)
    if not found or (unknown := [id for id in found if id not in known]):
        got = ", ".join(unknown) if found else "none"
        raise ValueError(f"{path} must enter cases for some of {', '.join(known)}, got {got}")
    return found


def _read(path, stems):
    """([(id or None, source) of each code cell], the stem of the notebook that it is)."""
    if not path.is_file():
        there = "it is a folder" if path.exists() else "there is no such file"
        raise FileNotFoundError(f"{path} must be a notebook, {there}")
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
        cells = [
            (cell.get("id"), "".join(cell.get("source", "")))
            for cell in content["cells"]
            if cell["cell_type"] == "code"
        ]
        named = content.get("metadata", {}).get("ngdm", {}).get("notebook")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        reason = f"{type(error).__name__}, {error}"
        raise ValueError(f"{path} must be a notebook (.ipynb), it cannot be read as one: {reason}") from None
    asked = {id.partition(".")[0] for _, source in cells for id in _CHECK.findall(source)}
    tells = (lambda stem: stem == named, lambda stem: stem in path.name, lambda stem: stem.partition("_")[2] in asked)
    stem = next((stem for tell in tells for stem in stems if tell(stem)), None)
    if stem is None:
        raise ValueError(f"{path} must be one of {', '.join(stems)}: neither its name nor a cell says which")
    return cells, stem


def _belonging(cells, by_id):
    """Yield (exercise, source) of the code cells that answer one: its stub, and what stands beside it and is new."""
    current = None
    for name, source in cells:
        if name in by_id:
            current = None
            if name.endswith("-stub"):
                (current,) = _CHECK.findall(by_id[name])
        elif checked := _CHECK.search(source):
            current = checked[1]
        if current:
            yield current, source


def _answers(stub):
    """The expressions that a stub hands to its check."""
    call = next(node for node in ast.walk(ast.parse(stub)) if isinstance(node, ast.Call)
                and ast.unparse(node.func) == "exercises.check")  # fmt: skip
    return [ast.unparse(argument) for argument in call.args[1:]]


def _run(job, seconds, megabytes):
    """Judge one exercise in a new process; {"id", "passed", "says"} whatever becomes of it."""
    methods = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
    context.set_forkserver_preload(_PRELOAD)
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as told,
    ):
        result = pathlib.Path(told) / "result.json"
        process = context.Process(target=_judge, args=(job, folder, str(result), seconds, megabytes))
        process.start()
        try:
            process.join(seconds)
            late = process.is_alive()
        finally:  # after an interrupt too
            process.kill()
            if resource:  # and what it has started
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)
            process.join()
        try:
            return json.loads(result.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            why = f"ended Python itself, with status {process.exitcode}, before it could be checked."
            if late:
                why = f"did not end within {seconds:g} s: is there a loop without an end?"
            return {"id": job["id"], "passed": False, "says": f"✗ Exercise {job['id']}: {why}"}


def _judge(job, folder, result, seconds, megabytes):
    """In the new process: run the cells, judge the answers, write the result."""
    _confine(folder, seconds, megabytes)
    told = {"id": job["id"], "passed": False}
    try:
        told |= _judged(job)
    except BaseException as error:  # whatever a student's code may raise, KeyboardInterrupt too
        told["says"] = f"✗ Exercise {job['id']}: {_reason(error)}."
    pathlib.Path(result).write_text(json.dumps(told), encoding="utf-8")
    os._exit(0)  # no thread and no exit handler of the student's keeps it


def _confine(folder, seconds, megabytes):
    os.chdir(folder)
    silent = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(silent, stream)
    if resource is None:
        return
    os.setsid()
    # of all cores together, and only for a loop that outlives the grader
    most_of_cpu = int(seconds + 1) * (os.cpu_count() or 1)
    for kind, most in ((resource.RLIMIT_CPU, most_of_cpu), (resource.RLIMIT_DATA, megabytes * 2**20),
                       (resource.RLIMIT_FSIZE, _FILE_BYTES), (resource.RLIMIT_CORE, 0)):  # fmt: skip
        hard = resource.getrlimit(kind)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (most, most))


def _judged(job):
    names = {"__name__": "__main__"}
    first, *theirs = job["imports"]
    exec(first, names)
    for source in theirs:
        with contextlib.suppress(Exception):  # what it lacks shows in the exercise
            exec(_compiled(source), names)
    for source in job["cells"]:
        exec(_compiled(source), names)
    try:
        answers = [eval(answer, names) for answer in job["answers"]]
    except NameError as error:
        return {"says": f"✗ Exercise {job['id']}: the cell must define {error.name}, it does not."}
    passed, says = exercises.judge(job["id"], *answers)
    told = {"passed": passed, "says": says}
    if job["hidden"]:
        exercises.EXERCISES.clear()
        runpy.run_path(job["hidden"])
        if job["id"] in exercises.EXERCISES:
            hidden_passed, hidden_says = exercises.judge(job["id"], *answers)
            told["hidden"] = {"passed": hidden_passed, "says": hidden_says}
            told["passed"] = passed and hidden_passed
    return told


def _compiled(source):
    """A cell without its own checks, which are made once and in the end, and without IPython's %magic and !commands."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        tree = ast.parse(re.sub(r"(?m)^(\s*)[%!].*$", r"\1pass", source))
    tree.body = [statement for statement in tree.body if not ast.unparse(statement).startswith("exercises.check(")]
    return compile(tree, "<cell>", "exec")


def _reason(error):
    if isinstance(error, SyntaxError):
        return f"line {error.lineno} is not Python: {error.msg}"
    lines, step = [], error.__traceback__
    while step:
        if step.tb_frame.f_code.co_filename == "<cell>":
            lines.append(step.tb_lineno)
        step = step.tb_next
    where = f"line {lines[-1]} of its cell" if lines else "the cell"
    return f"{where} raised {type(error).__name__}: {exercises.short(error)}".removesuffix(": ")


def report(graded):
    """The lines of what `grade` returns, for a person."""
    lines = [f"{graded['file']}: {graded['passed']} of {graded['of']} exercises passed"]
    for row in graded["exercises"]:
        lines.append(f"  {row['says']}")
        if "hidden" in row:
            lines.append(f"    hidden cases: {row['hidden']['says']}")
    return "\n".join(lines)
