"""Figure 2 with controls: VGG networks of three depths and eight activations on digits and CIFAR-10; notebook 2."""

import time
from dataclasses import dataclass

import numpy as np
from tqdm.auto import tqdm

import ngdm_helpers
from ngdm_helpers import checks
from ngdm_helpers.course import recorded

NAMES = {"digits": "depth_digits", "cifar10": "depth_cifar10", "cifar10-jpeg": "depth_cifar10"}  # data: record
DESCRIPTIONS = {
    "digits": "scikit-learn's digits, 8×8 interpolated to 32×32",
    "cifar10": "CIFAR-10",
    "cifar10-jpeg": "CIFAR-10 re-encoded as JPEG",
}
KEY = ("data", "images", "depth", "activation", "init", "gain", "optimizer", "lr", "batch", "steps", "seeds")
DEPTHS = (11, 13, 19)
ACTIVATIONS = ("relu", "gelu", "bridge-10", "bridge-3", "bridge-100", "abs", "leaky", "tanh")
BATCH, POINTS = 8, 25  # of a recorded curve
STEPS = {"digits": 300, "cifar10": 200, "cifar10-jpeg": 200}  # what two cores do in an hour
CIFAR10 = ("cifar10", "cifar10-jpeg")


@dataclass(frozen=True)
class Part:
    """A part of the grid: depths × activations × rates × gains, on some of the data.

    The first rate of every part is measured first, then the second, and so on; ``turn`` is added to these numbers.
    """

    init: str
    optimizer: str
    rates: tuple[float, ...]
    steps: int | None = None  # None: STEPS
    gains: tuple[float, ...] = (1.0,)
    depths: tuple[int, ...] = DEPTHS
    activations: tuple[str, ...] = ACTIVATIONS
    data: tuple[str, ...] = tuple(NAMES)
    turn: int = 0


TWO = ("relu", "gelu")  # the paper's
CONTROLS = ("bridge-100", "leaky")  # the two that tell the kink from the shape
PARTS = {
    "gain": Part("variance-preserving", "sgd", (0.01,), None, (0.6, 0.8), DEPTHS, TWO, ("digits",), turn=1),
    "long": Part("default", "sgd", (0.1,), 2000, depths=(11,), activations=TWO, data=("digits",), turn=1),
    "variance-preserving": Part("variance-preserving", "sgd", (0.01, 0.003, 0.03)),
    "adam": Part("default", "adam", (0.001, 0.0003, 0.003)),
    "default": Part("default", "sgd", (0.03, 0.01, 0.1), 100),
    "long-sgd": Part("variance-preserving", "sgd", (0.01,), 600, data=CIFAR10, turn=3),
    "long-adam": Part("default", "adam", (0.001,), 600, activations=TWO, data=CIFAR10, turn=3),
    "longer-digits": Part(
        "variance-preserving", "sgd", (0.01,), 3000, (1.0,), DEPTHS, (*TWO, *CONTROLS), ("digits",), turn=4
    ),
    "longer-rates": Part(
        "variance-preserving", "sgd", (0.003, 0.03), 3000, activations=(*TWO, "bridge-100"), data=("digits",), turn=5
    ),
    "longer-adam": Part(
        "default", "adam", (0.001, 0.0003, 0.003), 3000, activations=(*TWO, "bridge-100"), data=("digits",), turn=5
    ),
    "longer-cifar10": Part(
        "variance-preserving", "sgd", (0.01,), 6250, activations=(*TWO, "bridge-100"), data=CIFAR10, turn=4
    ),
    "longer-adam-cifar10": Part(
        "default", "adam", (0.001,), 6250, activations=(*TWO, "bridge-100"), data=CIFAR10, turn=5
    ),
}


def settings(data, images, parts=tuple(PARTS), depths=DEPTHS, activations=ACTIVATIONS, seeds=3, steps=None):
    """The rows to measure on ``data``, as dicts of the fields KEY, in the order in which they are measured.

    images: how many there are. steps: instead of each part's own.
    """
    chosen = [PARTS[name] for name in PARTS if name in parts and data in PARTS[name].data]
    turns = sorted(
        ((part.turn + i, part, lr) for part in chosen for i, lr in enumerate(part.rates)), key=lambda turn: turn[0]
    )
    rows = [
        {
            "data": data, "images": images, "depth": depth, "activation": activation, "init": part.init, "gain": gain,
            "optimizer": part.optimizer, "lr": lr, "batch": BATCH, "steps": steps or part.steps or STEPS[data],
            "seeds": seeds,
        }
        for _, part, lr in turns
        for gain in part.gains
        for depth in part.depths
        if depth in depths
        for activation in part.activations
        if activation in activations
    ]  # fmt: skip
    return list({tuple(row.values()): row for row in rows}.values())  # with one number of steps, parts may share rows


def depth(
    data="digits",
    images=None,
    parts=tuple(PARTS),
    depths=DEPTHS,
    activations=ACTIVATIONS,
    seeds=3,
    steps=None,
    threads=1,
    download=False,
    force=False,
    folder=recorded.FOLDER,
    command="python -m ngdm_helpers.experiments depth",
    progress=True,
):
    """Train `networks.vgg` for every setting of ``parts`` on ``data``; the number of settings that it measured.

    data: "digits", "cifar10", or the path of CIFAR-10 re-encoded as JPEGs in an .npz file, see `data.images`. images:
    how many to train with (None: all). parts: names in PARTS. seeds: 0, …, seeds − 1 for each setting, trained
    together. steps: instead of each part's own. threads: of torch; another number may change the last digits.

    A setting is one row of the record "depth_digits" or "depth_cifar10" in ``folder`` (see `row`), written when its
    seeds are done; what is there already is skipped unless ``force``. An interrupted one is not recorded, and
    KeyboardInterrupt is raised again. Raises TypeError or ValueError, naming the argument, and FileNotFoundError.
    """
    from ngdm_helpers import data as sources

    for name in parts:
        checks.choice("parts", name, PARTS)
    for activation in activations:
        checks.choice("activations", activation, ACTIVATIONS)
    for number in depths:
        if number not in DEPTHS:
            raise ValueError(f"depths must be among {', '.join(map(str, DEPTHS))}, got {number!r}")
    seeds, threads = checks.count("seeds", seeds), checks.count("threads", threads)
    steps = steps if steps is None else checks.count("steps", steps)
    X, y = sources.images(data, count=images, download=download)
    X, y = X.to(ngdm_helpers.device()), y.to(ngdm_helpers.device())
    label = str(data) if data in NAMES else "cifar10-jpeg"
    todo = settings(label, len(y), parts, depths, activations, seeds, steps)
    if not force:
        done = {tuple(old[field] for field in KEY) for old in recorded.load(NAMES[label], folder)}
        todo = [setting for setting in todo if tuple(setting.values()) not in done]
    provenance = {"data": DESCRIPTIONS[label], "device": _device_name(X), "threads": threads}
    with tqdm(todo, unit="setting", disable=not progress) as bar:
        for setting in bar:
            bar.set_description("VGG{depth} {activation}, {init}, {optimizer} η = {lr:g}".format(**setting))
            measured = row(X, y, threads, **setting)
            recorded.write(NAMES[label], [measured], command, KEY, folder, compact=True, **provenance)
    return len(todo)


def row(X, y, threads=1, /, **setting):
    """One setting, all its seeds, as a row of the record; raises KeyboardInterrupt if interrupted.

    The fields KEY are the setting; images and steps say how much data: ``steps`` batches of ``batch``, shuffled passes
    through ``images`` images. seconds: all seeds. every, losses: for each seed, the means of the minibatch loss over
    ``every`` steps from step 0 on, at most 25, rounded to 4 significant digits; None from where it was not finite.
    """
    from ngdm_helpers import networks

    begin = time.perf_counter()
    models = [
        networks.vgg(setting["depth"], setting["activation"], setting["init"], setting["gain"], seed, X)
        for seed in range(setting["seeds"])
    ]
    how = {"optimizer": setting["optimizer"], "threads": threads, "progress": False}
    run = networks.train(models, X, y, setting["lr"], setting["steps"], setting["batch"], **how)
    if run.interrupted:
        raise KeyboardInterrupt
    every = -(-setting["steps"] // POINTS)
    starts = range(0, setting["steps"], every)
    means = np.stack([run.losses[:, k : k + every].mean(axis=1) for k in starts], axis=1)
    losses = [[float(f"{value:.4g}") if np.isfinite(value) else None for value in curve] for curve in means]
    return {**setting, "seconds": round(time.perf_counter() - begin, 2), "every": every, "losses": losses}


def _device_name(X):
    import torch

    return torch.cuda.get_device_name(X.device) if X.is_cuda else str(X.device)


def add_command(commands):
    """Add ``depth`` to the command line."""
    parser = commands.add_parser("depth", help="VGG networks: depths × activations × initialisations × learning rates")
    parser.add_argument("--data", default="digits", help="digits, cifar10, or the path of an .npz file of JPEGs")
    parser.add_argument("--download", action="store_true", help="fetch CIFAR-10 if it is not there")
    parser.add_argument("--images", type=int, help="train with so many images (default: all)")
    parser.add_argument("--parts", nargs="+", default=list(PARTS), help=f"default: {' '.join(PARTS)}")
    parser.add_argument("--depths", type=int, nargs="+", default=DEPTHS, help="default: 11 13 19")
    parser.add_argument("--activations", nargs="+", default=ACTIVATIONS, help=f"default: {' '.join(ACTIVATIONS)}")
    parser.add_argument("--seeds", type=int, default=3, help="how many for each setting")
    parser.add_argument("--steps", type=int, help="instead of each part's own")
    parser.add_argument("--threads", type=int, default=1)
    parser.set_defaults(measure=depth, record="depth_*")
