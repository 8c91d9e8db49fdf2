"""Runs too long for class: written once with their provenance, loaded and summarised by the notebooks.

A record is a JSON file in ``course/recorded``: ``rows``, a list of dicts, each with its own ``provenance`` (command,
date, versions, processor).
"""

import contextlib
import datetime
import functools
import importlib.metadata
import itertools
import json
import math
import os
import pathlib
import platform
import tempfile

import numpy as np

FOLDER = pathlib.Path(__file__).parent / "recorded"
POINTS = 400  # of a curve, at most


def load(name, folder=FOLDER):
    """The rows of record ``name``, oldest first, to read and not to change; empty if it was never written."""
    path = pathlib.Path(folder) / f"{name}.json"
    return list(_rows(path, path.stat().st_mtime_ns)) if path.exists() else []


def by_key(rows, key, what="rows"):
    """The ``rows`` by their values of the fields ``key``; ValueError, which calls them ``what``, if one lacks any."""
    for row in rows:
        if lacking := [field for field in key if field not in row]:
            raise ValueError(f"{what} must have the fields {', '.join(key)}, got one without {', '.join(lacking)}")
    return {tuple(row[field] for field in key): row for row in rows}


@functools.lru_cache(maxsize=16)  # more than there are records
def _rows(path, modified):
    """The rows of a file as of the time ``modified``: what is written later is read anew."""
    try:
        return [dict(row) for row in json.loads(path.read_text(encoding="utf-8"))["rows"]]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f'{path} must be a record, {{"rows": […]}}; restore it or move it away, got {error}') from None


def write(name, rows, command, key, folder=FOLDER, compact=False, **provenance):
    """Add ``rows`` to record ``name``, replacing those with the same values of the fields ``key``; atomic.

    Several processes may write to one record at a time: each waits for the other.
    command: the command that measured them, stored with the date, with versions and processor (see `here`), and with
    whatever else ``provenance`` names; it may also say `here` of another machine. compact: a row is one line, for
    records of hundreds of rows. Returns the path. Raises ValueError for a row that lacks a field of ``key``.
    """
    import filelock  # comes with PyTorch, which measures what is recorded

    new = by_key(rows, key)
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    provenance = {**here(), **provenance, "command": command, "date": today}
    new = {values: {**row, "provenance": provenance} for values, row in new.items()}
    path = pathlib.Path(folder) / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(path.with_name(f".{path.name}.lock")):
        _rows.cache_clear()  # before and after: writes within a tick of the file system's clock bear the same time
        old = by_key(load(name, folder), key, f"the rows of {path}")
        write_text(path, _text(list({**old, **new}.values()), compact))
        _rows.cache_clear()
    return path


def here():
    """Where this is computed, as a record keeps it: Python, versions and processor."""
    versions = {}
    for package in ("numpy", "torch"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[package] = importlib.metadata.version(package)
    processor = f"{os.cpu_count()} cores, {platform.machine()}"
    return {"python": platform.python_version(), "versions": versions, "processor": processor}


def _text(rows, compact):
    """The JSON of a record; ValueError for NaN and infinity, which JSON does not know."""
    if not compact:
        return json.dumps({"rows": rows}, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    lines = (json.dumps(row, ensure_ascii=False, separators=(",", ":"), allow_nan=False) for row in rows)
    return '{"rows": [\n' + ",\n".join(lines) + "\n]}\n"


def write_text(path, text):
    """Write a file whole or not at all: a failure or an interruption leaves the old one."""
    write_bytes(path, text.encode())


def write_bytes(path, content):
    """As `write_text`, for what is no text."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(handle, "wb") as file:
            file.write(content)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def thinned(values, every=1):
    """``values``, taken ``every`` so many steps, as at most 400: {"every": steps between them, "values": [...]}.

    The stride is odd: on a 2-cycle an even one would see only one of the two points, and show a smooth curve.
    """
    stride = math.ceil(len(values) / POINTS) // 2 * 2 + 1
    return {"every": stride * every, "values": [rounded(value) for value in values[::stride]]}


def rounded(value, form=".5g"):
    """A Python float as ``form`` writes it: 5 significant digits. None, which JSON knows, for NaN and infinity."""
    return float(f"{value:{form}}") if np.isfinite(value) else None


# --- what the recorded networks of Figure 2 say -----------------------------------------------------------------------

DEPTHS = (11, 13, 19)
ACTIVATIONS = ("relu", "gelu", "bridge-3", "bridge-10", "bridge-100", "abs", "leaky", "tanh")
CHANCE = math.log(10)  # the cross-entropy of guessing among ten classes
LONGEST = {"digits": 3000, "cifar10": 6250}  # steps of the longest runs
APART = 0.05  # mean losses that differ by less are not compared with a third one
SETUPS = {  # initialisation and optimiser: name of the setting in pictures and tables
    ("variance-preserving", "sgd"): "variance-preserving, SGD",
    ("default", "adam"): "torch's default, Adam",
    ("default", "sgd"): "torch's default, SGD",
}


def depth_settings(data):
    """(init, optimizer, gain, lr, steps) on "digits" or "cifar10", recorded for ReLU and GELU at all depths; sorted."""
    networks_of = {}  # setting: the (depth, activation) that were recorded
    for row in _depth_rows(data):
        setting = tuple(row[field] for field in ("init", "optimizer", "gain", "lr", "steps"))
        networks_of.setdefault(setting, set()).add((row["depth"], row["activation"]))
    wanted = set(itertools.product(DEPTHS, ("relu", "gelu")))
    complete = (setting for setting, networks in networks_of.items() if wanted <= networks)
    return sorted(complete, key=lambda setting: (list(SETUPS).index(setting[:2]), setting))


def depth_run(data, depth, activation, init, optimizer, lr, gain=1.0, steps=None):
    """A recorded run: steps k (T,) and its losses (seeds, T), each the mean of the minibatch losses up to k.

    data: "digits" or "cifar10". steps: of the run; without, the most that were recorded for all `ACTIVATIONS`, or else
    for ReLU and GELU. From where a loss was not finite it is inf. ValueError if there is no such run.
    """
    wanted = {"depth": depth, "init": init, "optimizer": optimizer, "lr": lr, "gain": gain}
    by_steps = {}  # steps: {activation: row}
    for row in _depth_rows(data):
        if all(row[field] == value for field, value in wanted.items()) and steps in (None, row["steps"]):
            by_steps.setdefault(row["steps"], {})[row["activation"]] = row
    longest = max(by_steps, key=lambda steps: (len(by_steps[steps]), steps), default=None)
    if longest is None or activation not in by_steps[longest]:
        raise ValueError(f"there must be a recorded run on {data!r} with {wanted} of {activation!r}, got none")
    row = by_steps[longest][activation]
    losses = np.array([[math.inf if value is None else value for value in curve] for curve in row["losses"]])
    return row["every"] * np.arange(1, losses.shape[1] + 1), losses


def _depth_rows(data):
    """Every recorded row on "digits" or on "cifar10", as JPEG too, oldest first."""
    return [row for row in load(f"depth_{data}") if row["data"].partition("-")[0] == data]


def mean_loss(losses):
    """Of recorded losses (seeds, T): the mean over the run, (seeds,); losses are capped at log 10, that of guessing.

    One number for the speed of convergence that needs no target and no exception for runs that never reach one.
    """
    return np.minimum(losses, CHANCE).mean(axis=-1)


def _setting_losses(setting, activation):
    """The losses recorded in a setting (data, init, optimizer, gain, lr, steps): (depths, seeds, T)."""
    data, init, optimizer, gain, lr, steps = setting
    return np.array([depth_run(data, depth, activation, init, optimizer, lr, gain, steps)[1] for depth in DEPTHS])


def setting_means(setting, activation):
    """`mean_loss` of the recorded runs in a setting (data, init, optimizer, gain, lr, steps): (depths, seeds)."""
    return mean_loss(_setting_losses(setting, activation))


def relu_minus_gelu(*setting):
    """Mean loss of ReLU minus that of GELU, (depths, seeds), above 0 where GELU is faster; and who learns, (depths, 2).

    A seed fixes the minibatches, and the weights up to their scale, so the difference is taken seed by seed. A network
    has learned if the median over the seeds ends 0.1 below guessing: the plateau at log 10 is left.
    """
    pair = [_setting_losses(setting, name) for name in ("relu", "gelu")]
    ends = np.stack([np.median(losses, axis=1)[:, -3:].mean(axis=1) for losses in pair], axis=1)
    return mean_loss(pair[0]) - mean_loss(pair[1]), ends < CHANCE - 0.1


def gap_widens(gaps):
    """The paper's trend in gaps (depths, seeds): medians grow with depth, and GELU leads at the last for all seeds.

    By more than 0.01, that is: two networks that both stay at guessing differ by less.
    """
    return bool((np.diff(np.median(gaps, axis=1)) > 0).all() and (gaps[-1] > 0.01).all())


def learning_settings():
    """The recorded (data, init, optimizer, gain, lr, steps) in which ReLU or GELU learns at depth 11."""
    every = [(data, *setting) for data in ("digits", "cifar10") for setting in depth_settings(data)]
    return [setting for setting in every if relu_minus_gelu(*setting)[1][0].any()]


def median_losses(data, depth, init, optimizer, lr):
    """{activation: median over the seeds of the `mean_loss`} of recorded runs."""
    return {a: float(np.median(mean_loss(depth_run(data, depth, a, init, optimizer, lr)[1]))) for a in ACTIVATIONS}


def long_settings():
    """Those of `learning_settings` with as many steps as the longest runs."""
    return [setting for setting in learning_settings() if setting[-1] == LONGEST[setting[0]]]


def longest_means(data, activation):
    """`setting_means` of the longest runs with SGD, η = 0.01, from variance-preserving weights: (depths, seeds)."""
    return setting_means((data, "variance-preserving", "sgd", 1.0, 0.01, LONGEST[data]), activation)


def tuned_means(data, init, optimizer, steps, activation):
    """`setting_means` at the best of the recorded learning rates for each depth, (depths, seeds), and these (depths,).

    The best is that with the lowest median over the seeds; gain 1. ValueError if no rate is recorded.
    """
    rates = [s[3] for s in depth_settings(data) if s[:3] == (init, optimizer, 1.0) and s[4] == steps]
    if not rates:
        raise ValueError(f"there must be recorded runs on {data!r} with {init}, {optimizer}, {steps} steps, got none")
    means = np.array([setting_means((data, init, optimizer, 1.0, lr, steps), activation) for lr in rates])
    best = np.median(means, axis=-1).argmin(axis=0)
    return means[best, range(len(DEPTHS))], np.array(rates)[best]


def nearer_to_relu(settings):
    """(how often, of how many) z·Φ(100z) is nearer to ReLU than to GELU, in medians of the mean loss over the seeds.

    One comparison for each of ``settings`` and each depth at which ReLU and GELU differ by more than `APART`.
    """
    relu, analytic, gelu = (
        np.array([np.median(setting_means(setting, name), axis=1) for setting in settings])
        for name in ("relu", "bridge-100", "gelu")
    )
    near, apart = np.abs(analytic - relu) < np.abs(analytic - gelu), np.abs(relu - gelu) > APART
    return int((near & apart).sum()), int(apart.sum())


# --- what the recorded runs at the edge say ---------------------------------------------------------------------------
def ruler_runs():
    """The recorded runs of `ngdm record edge-ruler`, {(activation, η, seed): row}; of several lengths the longest."""
    rows = sorted(load("edge_ruler"), key=lambda row: row["steps"])
    return {(row["activation"], row["lr"], row["seed"]): row for row in rows}


def last_quarter(row, ruler):
    """The mean of a recorded curve over the last quarter of the run, as long as it was without an overflow."""
    values = row[ruler]
    return float(np.mean(values[-(len(values) // 4) :]))


def bounces(row):
    """Whether a recorded run is at the edge in its last quarter: each step reverses most of the one before.

    Its directional smoothness is above 0.9 of 2/η, on average; without oscillation it is about 0.
    """
    return last_quarter(row, "directional") > 0.9


# --- what the recorded runs with an ℓ1 penalty say --------------------------------------------------------------------
def vgg16_runs():
    """The recorded runs of VGG16, {(method, λ): row}."""
    return {(row["method"], row["lam"]): row for row in load("vgg16_l1")}


def mlp_runs():
    """The recorded runs of the small network, {(method, λ): [a row for each seed]}."""
    runs = {}
    for row in sorted(load("mlp_l1"), key=lambda row: row["seed"]):
        runs.setdefault((row["method"], row["lam"]), []).append(row)
    return runs


def range_in_words(rows, field, digits=3):
    """The values of ``field`` over seeds, as (smallest, largest, words such as "0.945–0.961")."""
    values = [row[field] for row in rows]
    low, high = (f"{end:.{digits}f}" for end in (min(values), max(values)))
    return min(values), max(values), low if low == high else f"{low}–{high}"
