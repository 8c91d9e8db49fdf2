"""Full-batch gradient descent on digits with its sharpness: the record of notebook 4."""

import itertools
import time

from ngdm_helpers import checks, data, networks
from ngdm_helpers.course.experiments.runner import experiment, measure
from ngdm_helpers.course.recorded import rounded, thinned
from ngdm_helpers.networks import models

NAME, KEY = "edge_of_stability", ("activation", "lr", "seed", "steps")
ACTIVATIONS, RATES = ("relu", "tanh", "gelu"), (0.05, 0.1, 0.2, 0.3, 0.4)
SHARPNESS_EVERY = 50  # steps: measuring it costs as much as some tens of them
LAST_STEPS = 1000  # the directional smoothness is averaged over so many of the last steps


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
    rates, steps = [checks.positive_number("rates", lr) for lr in rates], checks.count("steps", steps)
    seeds = [models.checked_seed(seed, "seeds") for seed in seeds]
    grid = itertools.product(activations, rates, seeds, [steps])
    settings = [dict(zip(KEY, values, strict=True)) for values in grid]
    title = "{activation}, η = {lr:g}, seed {seed}"
    return measure(settings, lambda group: [row(**group[0])], record=NAME, key=KEY, title=title, **how)


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
