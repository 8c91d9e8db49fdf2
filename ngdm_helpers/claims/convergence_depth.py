"""Claims C5 and C7 of notebook 2, about Figure 2, and what the recorded networks say."""

import functools
import math

import numpy as np

from ngdm_helpers import records
from ngdm_helpers.claims.table import Claim, Measured

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


def long_settings():
    """Those of `learning_settings` with as many steps as the longest runs."""
    return [setting for setting in learning_settings() if setting[-1] == LONGEST[setting[0]]]


def setting_means(setting, activation):
    """`mean_loss` of the recorded runs in a setting (data, init, optimizer, gain, lr, steps): (depths, seeds)."""
    data, init, optimizer, gain, lr, steps = setting
    runs = (depth_run(data, depth, activation, init, optimizer, lr, gain, steps)[1] for depth in DEPTHS)
    return np.array([mean_loss(losses) for losses in runs])


def longest_means(data, activation):
    """`setting_means` of the longest runs with SGD, η = 0.01, from variance-preserving weights: (depths, seeds)."""
    return setting_means((data, "variance-preserving", "sgd", 1.0, 0.01, LONGEST[data]), activation)


def nearer_to_relu(settings):
    """(how often, of how many) x·Φ(100x) is nearer to ReLU than to GELU, in medians of the mean loss over the seeds.

    One comparison for each of ``settings`` and each depth at which ReLU and GELU differ by more than `APART`.
    """
    near = total = 0
    for setting in settings:
        relu, analytic, gelu = (np.median(setting_means(setting, a), axis=1) for a in ("relu", "bridge-100", "gelu"))
        apart = np.abs(relu - gelu) > APART
        near += int((np.abs(analytic - relu) < np.abs(analytic - gelu))[apart].sum())
        total += int(apart.sum())
    return near, total


def _figure_2():
    settings, long = learning_settings(), long_settings()
    gaps = {setting: relu_minus_gelu(*setting)[0] for setting in settings}
    wide = [setting for setting in settings if widens(gaps[setting])]
    near, total = nearer_to_relu(long)
    ours = []
    for data in LONGEST:
        medians = (
            " / ".join(f"{m:.2f}" for m in np.median(longest_means(data, a), axis=1))
            for a in ("relu", "bridge-100", "gelu")
        )
        ours.append("{}: ReLU {}, β = 100 {}, GELU {}".format(data, *medians))
    words = (
        f"recorded: GELU's lead widens up to depth 19 in {len(set(wide) & set(long))} of {len(long)} settings with "
        f"long runs, in {len(set(wide) - set(long))} of {len(settings) - len(long)} with short ones; where ReLU and "
        f"GELU are apart in long runs, x·Φ(100x) is nearer to ReLU in {near} of {total} places. SGD, η = 0.01, mean "
        f"loss at depths 11 / 13 / 19 on {'; '.join(ours)}"
    )
    return Measured(words, 0 < len(wide) < len(settings) and near > 0.9 * total)


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
        "it widens at some learning rates and not at others; differentiability is not its cause: the analytic "
        "x·Φ(100x) goes with ReLU, not with GELU",
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
