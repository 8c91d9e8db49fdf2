"""Results too long or too special to compute in class: written once with their provenance, loaded by the notebooks.

A record is a JSON file in ``ngdm_helpers/records``: ``rows``, a list of dicts, each with its own ``provenance``
(command, date, versions, processor).
"""

import datetime
import importlib.metadata
import json
import math
import os
import pathlib
import platform
import tempfile

import filelock
import numpy as np

FOLDER = pathlib.Path(__file__).parent / "records"
POINTS = 400  # of a curve, at most


def load(name, folder=FOLDER):
    """The rows of record ``name``, oldest first; an empty list if it was never written."""
    path = pathlib.Path(folder) / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8"))["rows"] if path.exists() else []


def write(name, rows, command, key, folder=FOLDER, compact=False, **provenance):
    """Add ``rows`` to record ``name``, replacing those with the same values of the fields ``key``; atomic.

    Several processes may write to one record at a time: each waits for the other.
    command: the command that measured them, stored with the date, versions and processor, and with whatever else
    ``provenance`` names. compact: a row is one line, for records of hundreds of rows. Returns the path. Raises
    ValueError for a row that lacks a field of ``key``.
    """
    for row in rows:
        lacking = [field for field in key if field not in row]
        if lacking:
            raise ValueError(f"rows must have the fields {', '.join(key)}, got one without {', '.join(lacking)}")
    provenance = {
        **provenance,
        "command": command,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "python": platform.python_version(),
        "versions": {package: importlib.metadata.version(package) for package in ("numpy", "torch")},
        "processor": f"{os.cpu_count()} cores, {platform.machine()}",
    }
    new = {tuple(row[field] for field in key): {**row, "provenance": provenance} for row in rows}
    path = pathlib.Path(folder) / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(path.with_name(f".{path.name}.lock")):
        kept = {tuple(row[field] for field in key): row for row in load(name, folder)}
        write_text(path, _text(list({**kept, **new}.values()), compact))
    return path


def _text(rows, compact):
    """The JSON of a record; ValueError for NaN and infinity, which JSON does not know."""
    if not compact:
        return json.dumps({"rows": rows}, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    lines = (json.dumps(row, ensure_ascii=False, separators=(",", ":"), allow_nan=False) for row in rows)
    return '{"rows": [\n' + ",\n".join(lines) + "\n]}\n"


def write_text(path, text):
    """Write a file whole or not at all: a failure or an interruption leaves the old one."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def thinned(values, every=1):
    """``values``, taken ``every`` so many steps, as at most 400: {"every": steps between them, "values": [...]}.

    The stride is odd: on a 2-cycle an even one would see only one of the two points, and show a smooth curve.
    """
    stride = math.ceil(len(values) / POINTS)
    stride += stride % 2 == 0
    return {"every": stride * every, "values": [rounded(value) for value in values[::stride]]}


def rounded(value):
    """A Python float of 5 significant digits; None, which JSON knows, for NaN."""
    return float(f"{value:.5g}") if np.isfinite(value) else None
