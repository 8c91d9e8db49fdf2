"""Full-batch gradient descent on digits with its sharpness: the record of notebook 4."""

import time
import warnings

from tqdm.auto import tqdm

from ngdm_helpers import checks
from ngdm_helpers.course import recorded
from ngdm_helpers.course.recorded import rounded, thinned

NAME, KEY = "edge_of_stability", ("activation", "lr", "seed", "steps")
ACTIVATIONS, RATES = ("relu", "tanh", "gelu"), (0.05, 0.1, 0.2, 0.3, 0.4)
SHARPNESS_EVERY = 50
LAST_STEPS = 1000  # the directional smoothness is averaged over so many of the last steps


def edge_of_stability(
    activations=ACTIVATIONS,
    rates=RATES,
    seeds=(0,),
    steps=4000,
    force=False,
    folder=recorded.FOLDER,
    command="python -m ngdm_helpers.experiments edge-of-stability",
    progress=True,
):
    """Full-batch gradient descent on 500 digits for each activation × η × seed; the number of runs that it measured.

    Each run adds a row to the record "edge_of_stability" in ``folder`` (see `row`); runs that are there already are
    skipped unless ``force``. An interrupted run is not recorded, and KeyboardInterrupt is raised again.
    Raises TypeError or ValueError, naming the argument.
    """
    from ngdm_helpers import networks

    for activation in activations:
        checks.choice("activation", activation, networks.ACTIVATIONS)
    rates, steps = [checks.positive_number("lr", lr) for lr in rates], checks.count("steps", steps)
    settings = [(activation, lr, seed, steps) for activation in activations for lr in rates for seed in seeds]
    if not force:
        done = {tuple(old[field] for field in KEY) for old in recorded.load(NAME, folder)}
        settings = [setting for setting in settings if setting not in done]
    with tqdm(settings, unit="run", disable=not progress) as bar:
        for activation, lr, seed, _ in bar:
            bar.set_description(f"{activation}, η = {lr:g}, seed {seed}")
            recorded.write(NAME, [row(activation, lr, seed, steps)], command, KEY, folder)
    return len(settings)


def row(activation, lr, seed, steps):
    """One run of `networks.mlp` on `data.digits` as a row of the record; raises KeyboardInterrupt if interrupted.

    activation, lr, seed, steps: the setting. seconds: the whole run. overflow_step: None, or the step at which it
    overflowed; then the three summaries are None too. final_loss: f(x_K), see `networks.mse`. sharpness: its mean over
    the last quarter of the run. directional: the mean of η × directional smoothness over the last 1000 steps (all,
    if there are fewer). curves: for "loss", "sharpness" and "directional", ``every`` (in steps) and ``values``, every
    so-manieth value from step 0, at most 400, rounded to 5 significant digits.
    """
    from ngdm_helpers import data, networks

    X, Y = data.digits()
    begin = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", networks.DivergenceWarning)  # the row says it
        run = networks.full_batch_gd(
            networks.mlp(activation, seed=seed), X, Y, lr, steps, sharpness_every=SHARPNESS_EVERY, progress=False
        )
    if run.interrupted:
        raise KeyboardInterrupt
    finished = run.overflow_step is None
    last_quarter = run.sharpness[run.sharpness_steps >= 3 * steps / 4]
    return {
        "activation": activation,
        "lr": lr,
        "seed": seed,
        "steps": steps,
        "seconds": round(time.perf_counter() - begin, 2),
        "overflow_step": run.overflow_step,
        "final_loss": rounded(run.losses[-1]) if finished else None,
        "sharpness": rounded(last_quarter.mean()) if finished and last_quarter.size else None,
        "directional": rounded(run.directional[-LAST_STEPS:].mean()) if finished else None,
        "curves": {
            "loss": thinned(run.losses),
            "sharpness": thinned(run.sharpness, SHARPNESS_EVERY),
            "directional": thinned(run.directional),
        },
    }


def add_command(commands):
    """Add ``edge-of-stability`` to the command line."""
    edge = commands.add_parser("edge-of-stability", help="gradient descent on digits: loss, sharpness, smoothness")
    edge.add_argument("--steps", type=int, default=4000)
    edge.add_argument("--seeds", type=int, nargs="+", default=[0])
    edge.add_argument("--activations", nargs="+", default=ACTIVATIONS, help=f"default: {' '.join(ACTIVATIONS)}")
    edge.add_argument("--rates", type=float, nargs="+", default=RATES, help="the learning rates η")
    edge.set_defaults(measure=edge_of_stability, record=NAME)
