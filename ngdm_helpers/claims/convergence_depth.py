"""Claims C5 and C7 of notebook 2, about Figure 2, and what the recorded networks say."""

import functools
import math

import numpy as np

from ngdm_helpers import records
from ngdm_helpers.claims.table import Claim, Measured

DEPTHS = (11, 13, 19)
CHANCE = math.log(10)  # the cross-entropy of guessing among ten classes
SETUPS = {  # initialisation and optimiser: name of the setting in pictures and tables
    ("variance-preserving", "sgd"): "variance-preserving, SGD",
    ("default", "adam"): "torch's default, Adam",
    ("default", "sgd"): "torch's default, SGD",
}


@functools.cache
def _runs():
    """Every recorded row on digits and on CIFAR-10, oldest first."""
    return tuple(row for name in ("depth_digits", "depth_cifar10") for row in records.load(name))


def depth_settings(data):
    """The (init, optimizer, gain, lr, steps) recorded on ``data``, "digits" or "cifar10", for ReLU and GELU, sorted."""
    fields = ("init", "optimizer", "gain", "lr", "steps")
    found = {
        activation: {tuple(row[f] for f in fields) for row in _of(data) if row["activation"] == activation}
        for activation in ("relu", "gelu")
    }
    return sorted(found["relu"] & found["gelu"], key=lambda s: (list(SETUPS).index(s[:2]) if s[:2] in SETUPS else 9, s))


def depth_run(data, depth, activation, init, optimizer, lr, gain=1.0, steps=None):
    """A recorded run: steps k (T,) and its losses (seeds, T), each the mean of the minibatch losses up to k.

    data: "digits" or "cifar10". steps: of the run; without, the fewest recorded, which all activations have. From where
    a loss was not finite it is inf. ValueError if there is no such run.
    """
    wanted = {"depth": depth, "activation": activation, "init": init, "optimizer": optimizer, "lr": lr, "gain": gain}
    if steps is not None:
        wanted["steps"] = steps
    found = [row for row in _of(data) if all(row[field] == value for field, value in wanted.items())]
    if not found:
        raise ValueError(f"there must be a recorded run on {data!r} with {wanted}, got none")
    row = min(found, key=lambda row: row["steps"])
    losses = np.array([[math.inf if value is None else value for value in curve] for curve in row["losses"]])
    return row["every"] * np.arange(1, losses.shape[1] + 1), losses


def _of(data):
    return [row for row in _runs() if row["data"].partition("-")[0] == data]


def mean_loss(losses):
    """Of recorded losses (seeds, T): the mean over the run, (seeds,); what overflowed counts as guessing, log 10.

    One number for the speed of convergence that needs no target and no exception for runs that never reach one.
    """
    return np.where(np.isfinite(losses), losses, CHANCE).mean(axis=-1)


def learns(losses):
    """Whether the median over the seeds ends its run 0.1 below guessing: the plateau at log 10 is left."""
    return bool(np.median(losses, axis=0)[-3:].mean() < CHANCE - 0.1)


def relu_minus_gelu(data, init, optimizer, gain, lr, steps):
    """Mean loss of ReLU minus that of GELU, (depths, seeds), positive where GELU is faster; and who learns, (depths, 2).

    A seed fixes the minibatches, and the weights up to their scale, so the difference is taken seed by seed.
    """
    gaps, learned = [], []
    for depth in DEPTHS:
        pair = [depth_run(data, depth, name, init, optimizer, lr, gain, steps)[1] for name in ("relu", "gelu")]
        gaps.append(mean_loss(pair[0]) - mean_loss(pair[1]))
        learned.append([learns(losses) for losses in pair])
    return np.array(gaps), np.array(learned)


def widens(gaps):
    """The paper's trend in gaps (depths, seeds): the median grows with the depth, and at the last GELU leads for all."""
    return bool((np.diff(np.median(gaps, axis=1)) > 0).all() and (gaps[-1] > 0).all())
