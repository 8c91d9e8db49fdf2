"""The data sets that the networks learn: scikit-learn's handwritten digits, embedded in it, and CIFAR-10.

Nothing is fetched unless ``download=True`` asks for it.
"""

from __future__ import annotations

import os
import pathlib
import urllib.error
from typing import TYPE_CHECKING

import numpy as np

from ngdm_helpers import checks

if TYPE_CHECKING:  # torch takes seconds to load, and may be missing: each function imports it when it is called
    import torch

SOURCES = ("digits", "cifar10")
_AVAILABLE = 1797
_TRAIN_DIGITS = 1437  # four fifths; the other 360 are the test images
CACHE = pathlib.Path("~/.cache/ngdm-notebooks")  # where CIFAR-10 is looked for, and downloaded to


def digits(count: int = 500) -> tuple[torch.Tensor, torch.Tensor]:
    """The first ``count`` of scikit-learn's 1797 digits (8×8 pixels): torch tensors X (count, 64) and Y (count, 10).

    X: float32, each pixel 0, …, 16 divided by 16, in [0, 1]; not centred. Y: one-hot float32. The order is
    scikit-learn's, so the first 500 are the same everywhere.

    The scaling matters: the Hessian grows with ‖X‖². With pixels in [0, 1], `networks.mse` and the default
    initialisation, `networks.mlp` starts at a sharpness of 3 (GELU), 6 (ReLU) and 14 (tanh), below 2/η = 20 for
    η = 0.1, so that one sees all three sharpen. Standardised by one mean and one deviation they start at 7, 14 and 23.

    Raises TypeError or ValueError unless count is an integer from 1 to 1797.
    """
    if checks.count("count", count) > _AVAILABLE:
        raise ValueError(f"count must be at most {_AVAILABLE}, the number of digits there are, got {count}")
    import torch
    from sklearn.datasets import load_digits

    bunch = load_digits()
    X = torch.tensor(bunch.data[:count] / 16, dtype=torch.float32)
    Y = torch.nn.functional.one_hot(torch.tensor(bunch.target[:count]), 10).to(torch.float32)
    return X, Y


def images(
    source: str = "digits",
    train: bool = True,
    count: int | None = None,
    size: int = 32,
    root: str | os.PathLike | None = None,
    download: bool = False,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Labelled colour images: X (count, 3, size, size) float32 and y (count,) int64, torch tensors.

    source: "digits", scikit-learn's 8×8 digits with three equal channels, 1437 to train with and 360 to test; or
    "cifar10", CIFAR-10 by torchvision, from the folder ``root`` (default: `CACHE`), where download=True puts it.
    train: the training or the test images. count: how many (None: all), the first of one fixed random order, so that
    fewer are a subset of more. size: in pixels; other sizes than the source's are interpolated bilinearly.

    Pixels in [0, 1] are mapped to [−1, 1], see `scaled`.
    Raises TypeError or ValueError, naming the argument; FileNotFoundError if the images are not there.
    """
    count, size = count if count is None else checks.count("count", count), checks.count("size", size)
    for name, value in (("train", train), ("download", download)):
        if not isinstance(value, (bool, np.bool_)):
            raise TypeError(f"{name} must be True or False, got {value!r}")
    if checks.choice("source", source, SOURCES) == "digits":
        pixels, labels = _digits(train, count)
    else:
        pixels, labels = _cifar10(train, count, at_home("root", root or CACHE), download)
    return scaled(pixels, labels, size)


def scaled(pixels: np.ndarray, labels: np.ndarray, size: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Pixels (count, height, width, 3) uint8 and labels (count,) as the tensors X and y of `images`.

    Pixels in [0, 1] are mapped to [−1, 1] by (x − 0.5)/0.5, as the paper's Appendix B does.
    """
    import torch

    X = torch.from_numpy(pixels).permute(0, 3, 1, 2).to(torch.float32) / np.iinfo(np.uint8).max
    if X.shape[-1] != size:
        antialias = X.shape[-1] > size
        X = torch.nn.functional.interpolate(X, size=(size, size), mode="bilinear", antialias=antialias)
    return ((X - 0.5) / 0.5).contiguous(), torch.from_numpy(labels.astype(np.int64))


def at_home(name: str, folder: str | os.PathLike) -> pathlib.Path:
    """``folder`` with ~ written out; FileNotFoundError, which calls it ``name``, for a user without a home folder."""
    try:
        return pathlib.Path(folder).expanduser()
    except RuntimeError:
        raise FileNotFoundError(f"{name} must be given where there is no home folder, got {str(folder)!r}") from None


def first(count: int | None, available: int) -> np.ndarray:
    """The indices of the first ``count`` (None: all) of ``available`` images in one fixed random order."""
    if count is not None and count > available:
        raise ValueError(f"count must be at most {available}, the number of images there are, got {count}")
    return np.random.default_rng(0).permutation(available)[:count]


def _digits(train, count):
    from sklearn.datasets import load_digits

    bunch = load_digits()
    order = np.random.default_rng(0).permutation(_AVAILABLE)
    split = order[:_TRAIN_DIGITS] if train else order[_TRAIN_DIGITS:]
    chosen = split[first(count, len(split))]
    grey = np.round(bunch.images[chosen] * (255 / 16)).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=-1), bunch.target[chosen]


def _cifar10(train, count, root, download):
    from torchvision.datasets import CIFAR10

    try:
        dataset = CIFAR10(root=root, train=train, download=download)
    except (RuntimeError, urllib.error.URLError) as error:  # torchvision's for missing or damaged files; no network
        allowed = "root must hold CIFAR-10 (the folder cifar-10-batches-py; download=True fetches it)"
        raise FileNotFoundError(f"{allowed}, got {str(root)!r}: {error}") from None
    chosen = first(count, len(dataset.data))
    return dataset.data[chosen], np.array(dataset.targets)[chosen]
