"""A small network on digits fine-tuned with an ℓ1 penalty, over λ and four update rules: a record of notebook 3."""

import time

import numpy as np
from tqdm.auto import tqdm

from ngdm_helpers import checks, networks
from ngdm_helpers.course import recorded
from ngdm_helpers.course.experiments.vgg16 import METHODS
from ngdm_helpers.course.recorded import rounded

NAME, KEY, COMMAND = "mlp_l1", ("method", "lam", "lr", "seed", "steps"), "mlp-l1"
LAMS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
WIDTHS = (64, 256, 256, 10)  # 85 002 parameters
RATE, ADAM_RATE = 0.01, 0.001
PRETRAINING = {"lr": 0.1, "steps": 600, "batch": 32}
BATCH = 32
POINTS = 150  # of a curve, at most


def mlp_l1(
    methods=METHODS,
    lams=LAMS,
    lr=RATE,
    adam_lr=ADAM_RATE,
    steps=10_000,
    seeds=(0,),
    force=False,
    folder=recorded.FOLDER,
    command=f"python -m ngdm_helpers.experiments {COMMAND}",
    progress=True,
):
    """Fine-tune the pre-trained network of `pretrained` under each λ; the number of runs that it measured.

    methods: see `networks.update`. lr: η of all of them but Adam, whose η is ``adam_lr``. seeds: of initialisation
    and order. A row for each method × λ × seed goes to the record "mlp_l1" in ``folder`` (see `rows`), those of all λ
    of a method and a seed together; what is there already is skipped unless ``force``.
    Raises TypeError or ValueError, naming the argument.
    """
    methods = [checks.choice("method", method, METHODS) for method in methods]
    lams = [checks.positive_number("lam", lam) for lam in lams]
    rates = {method: adam_lr if method == "adam" else lr for method in methods}
    rates = {method: checks.positive_number("lr", rate) for method, rate in rates.items()}
    steps = checks.count("steps", steps)
    done = set() if force else {tuple(old[field] for field in KEY) for old in recorded.load(NAME, folder)}
    groups, measured = [], 0
    for seed in seeds:
        for method, rate in rates.items():
            missing = [lam for lam in lams if (method, lam, rate, seed, steps) not in done]
            if missing:
                groups.append((method, missing, rate, seed))
    with tqdm(groups, unit="group", disable=not progress) as bar:
        for method, missing, rate, seed in bar:
            bar.set_description(f"{method}, seed {seed}, {len(missing)} λ")
            recorded.write(NAME, rows(method, missing, rate, seed, steps, progress), command, KEY, folder, compact=True)
            measured += len(missing)
    return measured


def digits():
    """The digits as (X, y, X_test, y_test): 64 pixels in [−1, 1], 1437 to train with and 360 to test."""
    from ngdm_helpers import data

    (X, y), (X_test, y_test) = (data.images("digits", train, size=8) for train in (True, False))
    return X[:, 0].flatten(1), y, X_test[:, 0].flatten(1), y_test


def pretrained(X, y, seed=0, progress=False):
    """`networks.mlp` of WIDTHS, 85 002 parameters, trained without a penalty by 600 steps of SGD at η = 0.1."""
    model = networks.mlp("relu", WIDTHS, seed)
    return networks.fine_tune(model, X, y, [0.0], **PRETRAINING, seed=seed, progress=progress).network(0)


def rows(method, lams, lr, seed, steps, progress=True):
    """One row for each λ.

    method, lam, lr, seed, steps: the setting. parameters: N. start: ‖β‖₁ of the pre-trained network;
    accuracy_before: its test accuracy. mean: ‖β‖₁ over the last two steps. zeros, small, inside: how many weights end
    at exactly 0, below 1e-5 and below ηλ (`networks.census`). accuracy: on the 360 test digits; accuracy_cut: after
    every weight below ηλ is set to 0. seconds: of all λ together. curve: ‖β‖₁ at some steps, about evenly spaced on a
    logarithmic scale: {"steps", "values"}.
    """

    X, y, X_test, y_test = digits()
    begin = time.perf_counter()
    model = pretrained(X, y, seed)
    before = float((model(X_test).argmax(1) == y_test).float().mean())
    tuned = networks.fine_tune(model, X, y, lams, lr, steps, method, BATCH, seed, progress)
    seconds = round(time.perf_counter() - begin, 1)
    kept = np.unique(np.geomspace(1, steps + 1, POINTS).round().astype(int)) - 1
    accuracy, cut = tuned.accuracy(X_test, y_test), tuned.cut().accuracy(X_test, y_test)
    return [
        {
            "method": method,
            "lam": lam,
            "lr": lr,
            "seed": seed,
            "steps": steps,
            "parameters": counts["total"],
            "start": rounded(tuned.norms[0, i]),
            "accuracy_before": rounded(before),
            "mean": rounded(tuned.means[i]),
            "zeros": counts["zeros"],
            "small": counts["small"],
            "inside": counts["inside"],
            "accuracy": rounded(accuracy[i]),
            "accuracy_cut": rounded(cut[i]),
            "seconds": seconds,
            "curve": {"steps": kept.tolist(), "values": [rounded(norm) for norm in tuned.norms[kept, i]]},
        }
        for i, (lam, counts) in enumerate(zip(lams, tuned.census(), strict=True))
    ]


def add_command(commands):
    """Add ``mlp-l1`` to the command line."""
    mlp = commands.add_parser(COMMAND, help="a small network on digits with an ℓ1 penalty, over λ")
    mlp.add_argument("--method", dest="methods", nargs="+", default=METHODS, help=f"default: {' '.join(METHODS)}")
    mlp.add_argument("--lam", dest="lams", type=float, nargs="+", default=LAMS, help="the penalties λ")
    mlp.add_argument("--lr", type=float, default=RATE, help="the learning rate η of all methods but adam")
    mlp.add_argument("--adam-lr", type=float, default=ADAM_RATE, help="the learning rate η of adam")
    mlp.add_argument("--steps", type=int, default=10_000)
    mlp.add_argument("--seeds", type=int, nargs="+", default=[0])
    mlp.set_defaults(measure=mlp_l1, record=NAME)
