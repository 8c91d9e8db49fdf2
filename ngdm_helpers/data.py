"""The data sets that the networks learn: scikit-learn's handwritten digits, embedded in it, and CIFAR-10.

Nothing is fetched unless ``download=True`` asks for it.
"""

import io
import os
import pathlib

import numpy as np

from ngdm_helpers import checks

_AVAILABLE = 1797
_TRAIN_DIGITS = 1437  # four fifths; the other 360 are the test images
CACHE = pathlib.Path.home() / ".cache" / "ngdm-notebooks"  # where CIFAR-10 is looked for, and downloaded to


def digits(count=500):
    """The first ``count`` of scikit-learn's 1797 digits (8×8 pixels): torch tensors X (count, 64) and Y (count, 10).

    X: float32, each pixel 0, …, 16 divided by 16, in [0, 1]; not centred. Y: one-hot float32. The order is
    scikit-learn's, so the first 500 are the same everywhere.

    The scaling matters: the Hessian grows with ‖X‖². With pixels in [0, 1], `networks.mse` and the default
    initialisation, `networks.mlp` starts at a sharpness of 3 (GELU), 6 (ReLU) and 14 (tanh), below 2/η = 20 for
    η = 0.1, so that all three can be seen to sharpen. Standardised by one mean and one deviation they start at 7, 14
    and 23.

    Raises TypeError or ValueError unless count is an integer from 1 to 1797.
    """
    count = checks.count("count", count)
    if count > _AVAILABLE:
        raise ValueError(f"count must be at most {_AVAILABLE}, the number of digits there are, got {count}")
    import torch
    from sklearn.datasets import load_digits

    bunch = load_digits()
    X = torch.tensor(bunch.data[:count] / 16, dtype=torch.float32)
    Y = torch.nn.functional.one_hot(torch.tensor(bunch.target[:count]), 10).to(torch.float32)
    return X, Y


def images(source="digits", train=True, count=None, size=32, root=None, download=False):
    """Labelled colour images: X (count, 3, size, size) float32 and y (count,) int64, torch tensors.

    source: "digits", scikit-learn's 8×8 digits with three equal channels, 1437 to train with and 360 to test;
    "cifar10", CIFAR-10 by torchvision, from the folder ``root`` (default: `CACHE`), where download=True puts it; or the
    path of an .npz file of JPEGs with the arrays ``{split}_jpeg``, the files one after the other, uint8;
    ``{split}_offsets``, where each begins, and the end of the last; ``{split}_labels``; split is train or test.
    train: the training or the test images. count: how many (None: all), the first of one fixed random order, so that
    fewer are a subset of more. size: in pixels; other sizes than the source's are interpolated bilinearly.

    Pixels in [0, 1] are mapped to [−1, 1] by (x − 0.5)/0.5, as the paper's Appendix B does.
    Raises TypeError or ValueError, naming the argument; FileNotFoundError if the images are not there.
    """
    count, size = count if count is None else checks.count("count", count), checks.count("size", size)
    pixels, labels = _read(source, train, count, root, download)

    import torch

    X = torch.from_numpy(pixels).permute(0, 3, 1, 2).to(torch.float32) / np.iinfo(np.uint8).max
    if X.shape[-1] != size:
        antialias = X.shape[-1] > size
        X = torch.nn.functional.interpolate(X, size=(size, size), mode="bilinear", antialias=antialias)
    return ((X - 0.5) / 0.5).contiguous(), torch.from_numpy(labels.astype(np.int64))


def _read(source, train, count, root, download):
    """Pixels (count, height, width, 3) uint8 and labels (count,) in the fixed order."""
    if source == "digits":
        return _digits(train, count)
    if source == "cifar10":
        return _cifar10(train, count, pathlib.Path(root or CACHE), download)
    if not isinstance(source, (str, os.PathLike)):
        raise TypeError(f"source must be 'digits', 'cifar10' or the path of an .npz file, got {source!r}")
    path = pathlib.Path(source)
    if path.suffix != ".npz":
        raise ValueError(f"source must be 'digits', 'cifar10' or the path of an .npz file, got {str(source)!r}")
    if not path.is_file():
        raise FileNotFoundError(f"source must be a file that exists, got {str(source)!r}")
    return _jpegs(path, "train" if train else "test", count)


def _first(count, available):
    """The indices of the first ``count`` images in the fixed random order."""
    if count is not None and count > available:
        raise ValueError(f"count must be at most {available}, the number of images there are, got {count}")
    return np.random.default_rng(0).permutation(available)[:count]


def _digits(train, count):
    from sklearn.datasets import load_digits

    bunch = load_digits()
    order = np.random.default_rng(0).permutation(_AVAILABLE)
    split = order[:_TRAIN_DIGITS] if train else order[_TRAIN_DIGITS:]
    chosen = split[_first(count, len(split))]
    grey = np.round(bunch.images[chosen] * (255 / 16)).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=-1), bunch.target[chosen]


def _cifar10(train, count, root, download):
    from torchvision.datasets import CIFAR10

    try:
        dataset = CIFAR10(root=root, train=train, download=download)
    except RuntimeError as error:  # torchvision's word for files that are missing or damaged
        raise FileNotFoundError(
            f"root must hold CIFAR-10 (the folder cifar-10-batches-py; download=True fetches it), got {str(root)!r}: "
            f"{error}"
        ) from None
    chosen = _first(count, len(dataset.data))
    return dataset.data[chosen], np.array(dataset.targets)[chosen]


def _jpegs(path, split, count):
    from PIL import Image

    names = [f"{split}_{part}" for part in ("jpeg", "offsets", "labels")]
    with np.load(path) as archive:
        lacking = [name for name in names if name not in archive]
        if lacking:
            raise ValueError(f"source must hold the arrays {', '.join(names)}, got {path.name} without {lacking[0]}")
        files, offsets, labels = (archive[name] for name in names)
    if len(offsets) != len(labels) + 1 or offsets[-1] != len(files):
        raise ValueError(
            f"source must have one offset for each label and a last one at the end, got {len(offsets)} offsets up to "
            f"{offsets[-1]} for {len(labels)} labels and {len(files)} bytes"
        )
    chosen = _first(count, len(labels))
    decoded = [
        np.asarray(Image.open(io.BytesIO(files[offsets[i] : offsets[i + 1]].tobytes())).convert("RGB")) for i in chosen
    ]
    return np.stack(decoded), labels[chosen]
