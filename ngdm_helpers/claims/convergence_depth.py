"""Claims C5 and C7 of notebook 2, about Figure 2, and what the recorded networks say."""

import functools
import math

import numpy as np

from ngdm_helpers import records
from ngdm_helpers.claims.table import Claim, Measured

DEPTHS = (11, 13, 19)
ACTIVATIONS = ("relu", "gelu", "bridge-3", "bridge-10", "bridge-100", "abs", "leaky", "tanh")
CHANCE = math.log(10)  # the cross-entropy of guessing among ten classes
LONGEST = {"digits": 3000, "cifar10": 6250}  # steps of the longest runs: SGD, η = 0.01, variance-preserving weights
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
    """The (init, optimizer, gain, lr, steps) recorded on ``data``, "digits" or "cifar10", at all depths, sorted.

    Recorded for ReLU and GELU, that is; some have the other activations too.
    """
    fields = ("init", "optimizer", "gain", "lr", "steps")
    found = {}
    for row in _of(data):
        found.setdefault(tuple(row[field] for field in fields), set()).add((row["depth"], row["activation"]))
    wanted = {(depth, activation) for depth in DEPTHS for activation in ("relu", "gelu")}
    order = list(SETUPS)
    return sorted((s for s, there in found.items() if wanted <= there), key=lambda s: (order.index(s[:2]), s))


def depth_run(data, depth, activation, init, optimizer, lr, gain=1.0, steps=None):
    """A recorded run: steps k (T,) and its losses (seeds, T), each the mean of the minibatch losses up to k.

    data: "digits" or "cifar10". steps: of the run; without, the most that were recorded for all `ACTIVATIONS`, or else
    for ReLU and GELU. From where a loss was not finite it is inf. ValueError if there is no such run.
    """
    wanted = {"depth": depth, "init": init, "optimizer": optimizer, "lr": lr, "gain": gain}
    found = {}
    for row in _of(data):
        if all(row[field] == value for field, value in wanted.items()) and steps in (None, row["steps"]):
            found.setdefault(row["steps"], {})[row["activation"]] = row
    longest = max(found, key=lambda steps: (len(found[steps]), steps), default=None)
    if longest is None or activation not in found[longest]:
        raise ValueError(f"there must be a recorded run on {data!r} with {wanted} of {activation!r}, got none")
    row = found[longest][activation]
    losses = np.array([[math.inf if value is None else value for value in curve] for curve in row["losses"]])
    return row["every"] * np.arange(1, losses.shape[1] + 1), losses


def _of(data):
    return [row for row in _runs() if row["data"].partition("-")[0] == data]


def mean_loss(losses):
    """Of recorded losses (seeds, T): the mean over the run, (seeds,); what is worse than guessing counts as log 10.

    One number for the speed of convergence that needs no target and no exception for runs that never reach one.
    """
    return np.minimum(losses, CHANCE).mean(axis=-1)


def learns(losses):
    """Whether the median over the seeds ends its run 0.1 below guessing: the plateau at log 10 is left."""
    return bool(np.median(losses, axis=0)[-3:].mean() < CHANCE - 0.1)


def relu_minus_gelu(data, init, optimizer, gain, lr, steps):
    """Mean loss of ReLU minus that of GELU, (depths, seeds), above 0 where GELU is faster; and who learns, (depths, 2).

    A seed fixes the minibatches, and the weights up to their scale, so the difference is taken seed by seed.
    """
    gaps, learned = [], []
    for depth in DEPTHS:
        pair = [depth_run(data, depth, name, init, optimizer, lr, gain, steps)[1] for name in ("relu", "gelu")]
        gaps.append(mean_loss(pair[0]) - mean_loss(pair[1]))
        learned.append([learns(losses) for losses in pair])
    return np.array(gaps), np.array(learned)


def widens(gaps):
    """The paper's trend in gaps (depths, seeds): medians grow with depth, and GELU leads at the last for all seeds.

    By more than 0.01, that is: two networks that both stay at guessing differ by less.
    """
    return bool((np.diff(np.median(gaps, axis=1)) > 0).all() and (gaps[-1] > 0.01).all())


def learning_settings():
    """The recorded (data, init, optimizer, gain, lr, steps) in which ReLU or GELU learns at depth 11."""
    every = [(data, *setting) for data in ("digits", "cifar10") for setting in depth_settings(data)]
    return [setting for setting in every if relu_minus_gelu(*setting)[1][0].any()]


def median_losses(data, depth, init, optimizer, lr, activations=ACTIVATIONS):
    """{activation: median over the seeds of the `mean_loss`} of recorded runs."""
    return {a: float(np.median(mean_loss(depth_run(data, depth, a, init, optimizer, lr)[1]))) for a in activations}


def longest_means(data, activation):
    """`mean_loss` of the longest recorded runs on ``data``: (depths, seeds)."""
    setup = "variance-preserving", "sgd", 0.01
    return np.array([mean_loss(depth_run(data, d, activation, *setup, steps=LONGEST[data])[1]) for d in DEPTHS])


def like_relu(relu, analytic, gelu):
    """Whether medians over the seeds (last axis) put ``analytic`` closer to ReLU than to GELU, at every depth."""
    relu, analytic, gelu = (np.median(means, axis=-1) for means in (relu, analytic, gelu))
    return bool((np.abs(analytic - relu) < np.abs(analytic - gelu)).all())


def _figure_2():
    found = [relu_minus_gelu(*setting) for setting in learning_settings()]
    deep = [gaps for gaps, learned in found if learned[-1].any()]
    widened = sum(widens(gaps) for gaps, _ in found)
    ours, alike = [], True
    for data in LONGEST:
        means = {name: longest_means(data, name) for name in ("relu", "bridge-100", "gelu")}
        medians = (" / ".join(f"{m:.2f}" for m in np.median(rows, axis=1)) for rows in means.values())
        ours.append("{}: ReLU {}, β = 100 {}, GELU {}".format(data, *medians))
        alike &= like_relu(*means.values())
    short = median_losses("digits", 11, "variance-preserving", "sgd", 0.003)
    words = (
        f"recorded: of {len(found)} settings ReLU or GELU learns at depth 19 in {len(deep)}, and GELU's lead widens up "
        f"to there in {widened}, the longest runs. Their mean loss at depths 11 / 13 / 19 on {'; '.join(ours)}. "
        f"Shorter runs of VGG11 on digits: leaky "
        f"{short['leaky']:.2f}, GELU {short['gelu']:.2f}"
    )
    return Measured(words, 0 < widened < len(deep) and alike and short["leaky"] < short["gelu"])


def _architecture():
    from ngdm_helpers import networks

    counts, features = [], set()
    for depth in DEPTHS:
        layers = [layer for layer in networks.vgg(depth) if hasattr(layer, "weight")]
        counts.append(f"VGG{depth} {len(layers)}")
        features.add(layers[-1].in_features)
    words = f"features after the last pool: {', '.join(map(str, features))}; layers with weights: {', '.join(counts)}"
    return Measured(words, features == {64})


CLAIMS = (
    Claim(
        "C5",
        "Fig. 2",
        "GELU networks converge faster than ReLU ones, by a gap that widens with depth, because depth adds "
        "non-smoothness",
        "a widening gap",
        "imprecise",
        "the gap widens in our longest runs and not in the shorter ones, most of which never learn at depth 19; "
        "differentiability is not its cause: the analytic x·Φ(100x) stays nearer to ReLU than to GELU at every depth",
        _figure_2,
    ),
    Claim(
        "C7",
        "App. A",
        "kuangliu's VGG with three changes: no batch normalisation, average pooling, fewer channels",
        "three changes",
        "imprecise",
        "with the printed channels a fourth is forced: Linear(512, 10) becomes Linear(64, 10)",
        _architecture,
    ),
)
