"""Figure 2 with controls: VGG networks of three depths and eight activations on digits and CIFAR-10; notebook 2."""

import functools
import io
import os
import pathlib
import time
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image

import ngdm_helpers
from ngdm_helpers import checks, networks
from ngdm_helpers import data as sources
from ngdm_helpers.course.experiments.runner import experiment, measure
from ngdm_helpers.course.recorded import rounded

NAMES = {"digits": "depth_digits", "cifar10": "depth_cifar10", "cifar10-jpeg": "depth_cifar10"}  # data: record
DESCRIPTIONS = {"cifar10": "CIFAR-10", "cifar10-jpeg": "CIFAR-10 re-encoded as JPEG"}
DESCRIPTIONS |= {"digits": "scikit-learn's digits, 8×8 interpolated to 32×32"}
KEY = ("data", "images", "depth", "activation", "init", "gain", "optimizer", "lr", "batch", "steps", "seeds")
DEPTHS = (11, 13, 19)
ACTIVATIONS = ("relu", "gelu", "bridge-10", "bridge-3", "bridge-100", "abs", "leaky", "tanh")
BATCH, POINTS = 8, 25  # of a recorded curve
STEPS = {"digits": 300, "cifar10": 200, "cifar10-jpeg": 200}  # what two cores do in an hour
DIGITS, CIFAR10 = ("digits",), ("cifar10", "cifar10-jpeg")


@dataclass(frozen=True)
class Part:
    """A part of the grid: depths × activations × rates × gains, on some of the data.

    Parts are measured in rounds: the first rate of each in round 0, the second in round 1, and so on; ``delay``
    postpones a part by so many rounds.
    """

    init: str
    optimizer: str
    rates: tuple[float, ...]
    steps: int | None = None  # None: STEPS
    gains: tuple[float, ...] = (1.0,)
    depths: tuple[int, ...] = DEPTHS
    activations: tuple[str, ...] = ACTIVATIONS
    data: tuple[str, ...] = tuple(NAMES)
    delay: int = 0


PRESERVING, PAPER_ACTIVATIONS = "variance-preserving", ("relu", "gelu")
ANALYTIC = (*PAPER_ACTIVATIONS, "bridge-100")  # is it the kink or the shape?
PARTS = {
    "gain": Part(PRESERVING, "sgd", (0.01,), None, (0.6, 0.8), DEPTHS, PAPER_ACTIVATIONS, DIGITS, 1),
    "long": Part("default", "sgd", (0.1,), 2000, (1.0,), (11,), PAPER_ACTIVATIONS, DIGITS, 1),
    "variance-preserving": Part(PRESERVING, "sgd", (0.01, 0.003, 0.03)),
    "adam": Part("default", "adam", (0.001, 0.0003, 0.003)),
    "default": Part("default", "sgd", (0.03, 0.01, 0.1), 100),
    "long-sgd": Part(PRESERVING, "sgd", (0.01,), 600, data=CIFAR10, delay=3),
    "long-adam": Part("default", "adam", (0.001,), 600, activations=PAPER_ACTIVATIONS, data=CIFAR10, delay=3),
    "longer-digits": Part(PRESERVING, "sgd", (0.01,), 3000, activations=(*ANALYTIC, "leaky"), data=DIGITS, delay=4),
    "longer-rates": Part(PRESERVING, "sgd", (0.003, 0.03), 3000, activations=ANALYTIC, data=DIGITS, delay=5),
    "longer-adam": Part("default", "adam", (0.001, 0.0003, 0.003), 3000, activations=ANALYTIC, data=DIGITS, delay=5),
    "longer-cifar10": Part(PRESERVING, "sgd", (0.01,), 6250, activations=ANALYTIC, data=CIFAR10, delay=4),
    "longer-adam-cifar10": Part("default", "adam", (0.001,), 6250, activations=ANALYTIC, data=CIFAR10, delay=5),
}


def settings(data, images, parts=tuple(PARTS), depths=DEPTHS, activations=ACTIVATIONS, seeds=3, steps=None):
    """The rows to measure on ``data``, as dicts of the fields KEY, in the order in which they are measured.

    images: how many there are. steps: instead of each part's own.
    """
    chosen = [PARTS[name] for name in PARTS if name in parts and data in PARTS[name].data]
    rounds = [(part.delay + i, part, lr) for part in chosen for i, lr in enumerate(part.rates)]
    rows = [
        {
            "data": data, "images": images, "depth": depth, "activation": activation, "init": part.init, "gain": gain,
            "optimizer": part.optimizer, "lr": lr, "batch": BATCH, "steps": steps or part.steps or STEPS[data],
            "seeds": seeds,
        }
        for _, part, lr in sorted(rounds, key=lambda entry: entry[0])
        for gain in part.gains
        for depth in part.depths
        if depth in depths
        for activation in part.activations
        if activation in activations
    ]  # fmt: skip
    return list({tuple(row.values()): row for row in rows}.values())  # with one number of steps, parts may share rows


@experiment("depth", takes="half a minute a setting on a laptop, two hours for all of digits")
def depth(
    data: str = "digits",
    images: int | None = None,
    parts: tuple[str, ...] = tuple(PARTS),
    depths: tuple[int, ...] = DEPTHS,
    activations: tuple[str, ...] = ACTIVATIONS,
    seeds: int = 3,
    steps: int | None = None,
    threads: int = 1,
    download: bool = False,
    **how,
):
    """Train VGG networks of three depths and eight activations.

    data: "digits", "cifar10", or the path of CIFAR-10 re-encoded as JPEGs, see `read_images`; download: fetch CIFAR-10
    if it is not there. images: how many to train with (default: all). parts: names in PARTS. seeds: 0, …, seeds − 1
    for each setting, trained together. steps: instead of each part's own. threads: of torch; another number may change
    the last digits.

    A setting is one row of the record "depth_digits" or "depth_cifar10" (see `row`), written when its seeds are done.
    how, and what is returned: see `runner.measure`. Raises TypeError, ValueError (naming the argument), OSError.
    """
    for name in parts:
        checks.choice("parts", name, PARTS)
    for activation in activations:
        checks.choice("activations", activation, ACTIVATIONS)
    if unknown := [number for number in depths if number not in DEPTHS]:
        raise ValueError(f"depths must be among {', '.join(map(str, DEPTHS))}, got {unknown[0]!r}")
    seeds, threads = checks.count("seeds", seeds), checks.count("threads", threads)
    steps = steps if steps is None else checks.count("steps", steps)
    label = data if data in NAMES else "cifar10-jpeg"
    which = (data, True, images, download)
    count = len(named_images("images", *which)[1])
    how |= {"title": "VGG{depth} {activation}, {init}, {optimizer} η = {lr:g}", "compact": True}
    how |= {"provenance": functools.partial(_provenance, DESCRIPTIONS[label], threads)}
    group_rows = functools.partial(_rows, which, threads)
    grid = settings(label, count, parts, depths, activations, seeds, steps)
    return measure(grid, group_rows, record=NAMES[label], key=KEY, **how)


def _rows(which, threads, group):
    X, y = (part.to(ngdm_helpers.device()) for part in named_images("images", *which))
    return [row(X, y, threads, **group[0])]


def _provenance(data, threads):
    device = ngdm_helpers.device()
    return {"data": data, "device": torch.cuda.get_device_name() if device == "cuda" else device, "threads": threads}


def named_images(option, source, train, count, download):
    """`read_images`, whose errors call ``count`` by the name of the ``option``; kept for the next run of a process."""
    try:
        if not isinstance(source, (str, os.PathLike)) or not isinstance(count, (int, type(None))):
            return read_images(source, train, count, download)  # what is wrong with them
        path = pathlib.Path(source)
        modified = path.stat().st_mtime_ns if path.is_file() else None
        return _kept_images(source, train, count, download, modified)
    except (TypeError, ValueError) as error:
        raise type(error)(str(error).replace("count must", f"{option} must")) from None


@functools.lru_cache(maxsize=2)  # an experiment trains on some images and tests on others
def _kept_images(source, train, count, download, modified):
    return read_images(source, train, count, download)


def read_images(source, train=True, count=None, download=False):
    """`data.images`; or those of an .npz file of JPEGs, of 32×32 pixels.

    The file has the arrays ``{split}_jpeg``, the files one after the other, uint8; ``{split}_offsets``, where each
    begins, and the end of the last; ``{split}_labels``; split is train or test.
    """
    if source in sources.SOURCES:
        return sources.images(source, train, count, download=download)
    if not isinstance(source, (str, os.PathLike)):
        raise TypeError(f"data must be 'digits', 'cifar10' or the path of an .npz file, got {source!r}")
    path, split = pathlib.Path(source), "train" if train else "test"
    if path.suffix != ".npz":
        raise ValueError(f"data must be 'digits', 'cifar10' or the path of an .npz file, got {str(source)!r}")
    if not path.is_file():
        raise FileNotFoundError(f"data must be a file that exists, got {str(source)!r}")
    names = [f"{split}_{part}" for part in ("jpeg", "offsets", "labels")]
    with np.load(path) as archive:
        if missing := [name for name in names if name not in archive]:
            raise ValueError(f"data must hold the arrays {', '.join(names)}, got {path.name} without {missing[0]}")
        files, offsets, labels = (archive[name] for name in names)
    if len(offsets) != len(labels) + 1 or offsets[-1] != len(files):
        sizes = f"{len(offsets)} offsets up to {offsets[-1]} for {len(labels)} labels and {len(files)} bytes"
        raise ValueError(f"data must have one offset for each label and a last one at the end, got {sizes}")
    chosen = sources.first(count if count is None else checks.count("count", count), len(labels))
    jpegs = (io.BytesIO(files[offsets[i] : offsets[i + 1]].tobytes()) for i in chosen)
    return sources.scaled(np.stack([np.asarray(Image.open(jpeg).convert("RGB")) for jpeg in jpegs]), labels[chosen], 32)


def row(X, y, threads=1, /, **setting):
    """One setting, all its seeds, as a row of the record; raises KeyboardInterrupt if interrupted.

    The fields KEY are the setting; images and steps say how much data: ``steps`` batches of ``batch``, shuffled passes
    through ``images`` images. seconds: all seeds. every, losses: for each seed, the means of the minibatch loss over
    ``every`` steps from step 0 on, at most 25, rounded to 4 significant digits; None from where it was not finite.
    """
    begin = time.perf_counter()
    network = [setting[field] for field in ("depth", "activation", "init", "gain")]
    models = [networks.vgg(*network, seed, X) for seed in range(setting["seeds"])]
    how = {"optimizer": setting["optimizer"], "threads": threads, "progress": False}
    run = networks.train(models, X, y, setting["lr"], setting["steps"], setting["batch"], **how)
    if run.interrupted:
        raise KeyboardInterrupt
    every = -(-setting["steps"] // POINTS)
    starts = range(0, setting["steps"], every)
    means = np.stack([run.losses[:, k : k + every].mean(axis=1) for k in starts], axis=1)
    losses = [[rounded(value, ".4g") for value in curve] for curve in means]
    return {**setting, "seconds": round(time.perf_counter() - begin, 2), "every": every, "losses": losses}
