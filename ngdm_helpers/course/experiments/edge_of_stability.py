"""Full-batch gradient descent on digits with its sharpness: the record of notebook 4."""

import functools
import itertools
import time

from ngdm_helpers import checks, data, networks
from ngdm_helpers.course import probes
from ngdm_helpers.course.experiments.runner import experiment, measure
from ngdm_helpers.course.recorded import rounded, thinned
from ngdm_helpers.networks import models

NAME, KEY = "edge_of_stability", ("activation", "lr", "seed", "steps")
ACTIVATIONS, RATES = ("relu", "tanh", "gelu"), (0.05, 0.1, 0.2, 0.3, 0.4)
SHARPNESS_EVERY = 50  # steps: measuring it costs as much as some tens of them
RULER = "edge_ruler"
# z·Φ(sz) is GELU for s = 1 and ReLU for s → ∞; leaky has half of ReLU's kink
BRIDGE = ("relu", "bridge-1000", "bridge-100", "bridge-10", "gelu", "leaky")
RULER_EVERY = 55  # odd: on a 2-cycle an even stride would see one of the two points
DISTANCES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
LAST_STEPS = 1000  # the directional smoothness is averaged over so many of the last steps


def _measure(row, record, activations, rates, seeds, steps, **how):
    """Measure ``row`` at every setting; raises TypeError or ValueError, naming the argument."""
    rates, steps = [checks.positive_number("rates", lr) for lr in rates], checks.count("steps", steps)
    seeds = [models.checked_seed(seed, "seeds") for seed in seeds]
    grid = [dict(zip(KEY, values, strict=True)) for values in itertools.product(activations, rates, seeds, [steps])]
    title = "{activation}, η = {lr:g}, seed {seed}"
    return measure(grid, functools.partial(_rows, row), record=record, key=KEY, title=title, **how)


def _rows(row, group):
    return [row(**group[0])]


@experiment("edge-of-stability", takes="some ten seconds a run, two minutes in all")
def edge_of_stability(
    activations: tuple[str, ...] = ACTIVATIONS,
    rates: tuple[float, ...] = RATES,
    seeds: tuple[int, ...] = (0,),
    steps: int = 4000,
    **how,
):
    """Full-batch gradient descent on 500 digits for each activation × η × seed.

    rates: the learning rates η. Each run adds a row to the record "edge_of_stability" (see `row`).
    how, and what is returned: see `runner.measure`. Raises TypeError or ValueError, naming the argument.
    """
    for activation in activations:
        checks.choice("activations", activation, networks.ACTIVATIONS)
    return _measure(row, NAME, activations, rates, seeds, steps, **how)


def row(activation, lr, seed, steps):
    """One run of `networks.mlp` on `data.digits` as a row of the record; raises KeyboardInterrupt if interrupted.

    activation, lr, seed, steps: the setting. seconds: the whole run. overflow_step: None, or the step at which it
    overflowed; then the three summaries are None too. final_loss: f(x_K), see `networks.mse`. sharpness: its mean over
    the last quarter of the run. directional: the mean of η × directional smoothness over the last 1000 steps (all,
    if there are fewer). curves: "loss", "sharpness" and "directional", see `recorded.thinned`.
    """
    X, Y = data.digits()
    begin = time.perf_counter()
    model = networks.mlp(activation, seed=seed)
    run = networks.full_batch_gd(model, X, Y, lr, steps, SHARPNESS_EVERY, progress=False, on_overflow="ignore")
    if run.interrupted:
        raise KeyboardInterrupt
    finished = run.overflow_step is None
    last_quarter = run.sharpness[run.sharpness_steps >= 3 * steps / 4]
    curves = {"loss": thinned(run.losses), "sharpness": thinned(run.sharpness, SHARPNESS_EVERY)}
    return {
        **dict(zip(KEY, (activation, lr, seed, steps), strict=True)),
        "seconds": round(time.perf_counter() - begin, 2),
        "overflow_step": run.overflow_step,
        "final_loss": rounded(run.losses[-1]) if finished else None,
        "sharpness": rounded(last_quarter.mean()) if finished and last_quarter.size else None,
        "directional": rounded(run.directional[-LAST_STEPS:].mean()) if finished else None,
        "curves": curves | {"directional": thinned(run.directional)},
    }


@experiment("edge-ruler", takes="some twenty seconds a run, a quarter of an hour in all")
def edge_ruler(
    activations: tuple[str, ...] = BRIDGE,
    rates: tuple[float, ...] = (0.1, 0.2),
    seeds: tuple[int, ...] = (0, 1, 2),
    steps: int = 8000,
    **how,
):
    """Curvature at the edge, by the Hessian and by secants, from ReLU to analytic activations.

    activations: see `networks.activation_layer`. rates: the learning rates η. Each run adds a row to the record
    "edge_ruler" (see `ruler_row`). how, and what is returned: see `runner.measure`. Raises TypeError or ValueError,
    naming the argument.
    """
    for activation in activations:
        networks.activation_layer(activation)
    return _measure(ruler_row, RULER, activations, rates, seeds, steps, compact=True, **how)


def ruler_row(activation, lr, seed, steps):
    """One run as a row of the record of `edge_ruler`; raises KeyboardInterrupt if interrupted.

    every: `RULER_EVERY`. hessian, secant: η/2 times the two curvatures of `probes.over_one_step` at the steps 0, every,
    …. directional: η/2 times the directional smoothness, averaged over each stretch between them. All are 1 at the
    edge. losses: at the same steps. distances, growth: `probes.second_differences` of the network at the end, over
    `DISTANCES`. overflow_step: None, or where the run overflowed: there the curves end, and growth is None.
    """
    X, Y = data.digits()
    begin, overflow, vector = time.perf_counter(), None, None
    model = networks.mlp(activation, seed=seed)
    curves = {name: [] for name in ("hessian", "secant", "directional", "losses")}
    for k in range(0, steps, RULER_EVERY):
        top, secant, vector = probes.over_one_step(model, X, Y, lr, vector)
        stretch = min(RULER_EVERY, steps - k)
        run = networks.full_batch_gd(model, X, Y, lr, stretch, None, progress=False, on_overflow="ignore")
        if run.interrupted:
            raise KeyboardInterrupt
        if run.overflow_step is not None:
            overflow = k + run.overflow_step
            break
        found = (lr / 2 * top, lr / 2 * secant, run.directional.mean() / 2, run.losses[0])
        for curve, value in zip(curves.values(), found, strict=True):
            curve.append(rounded(value, ".4g"))
    growth = None
    if overflow is None:
        growth = [rounded(value, ".4g") for value in probes.second_differences(model, X, Y, DISTANCES)[1]]
    return {
        **dict(zip(KEY, (activation, lr, seed, steps), strict=True)),
        "seconds": round(time.perf_counter() - begin, 2),
        "overflow_step": overflow,
        "every": RULER_EVERY,
        **curves,
        "distances": DISTANCES,
        "growth": growth,
    }
