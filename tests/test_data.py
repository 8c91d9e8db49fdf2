"""Labelled images: the digits' split, CIFAR-10 by torchvision's own loader, JPEGs in an .npz file."""

import hashlib
import io
import pickle
import re

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image

from ngdm_helpers import data
from ngdm_helpers.course.experiments import lasso_deep
from ngdm_helpers.course.experiments.depth import read_images

BATCHES = [f"data_batch_{i}" for i in range(1, 6)], ["test_batch"]


def smooth(count, seed):
    """(count, 32, 32, 3) uint8 without fine detail, which JPEG would not keep."""
    coarse = np.random.default_rng(seed).integers(40, 216, (count, 2, 2, 3), dtype=np.uint8)
    return np.stack(
        [np.asarray(Image.fromarray(image).resize((32, 32), Image.Resampling.BILINEAR)) for image in coarse]
    )


@pytest.fixture
def cifar10(tmp_path, monkeypatch):
    """A folder in CIFAR-10's format with 4 images in each of the six batches; torchvision reads it as the real one."""
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    listed = {}
    for number, name in enumerate([*BATCHES[0], *BATCHES[1]]):
        flat = smooth(4, number).transpose(0, 3, 1, 2).reshape(4, 3072)
        content = pickle.dumps({"data": flat, "labels": [(number + i) % 10 for i in range(4)]})
        (folder / name).write_bytes(content)
        listed[name] = hashlib.md5(content).hexdigest()
    meta = pickle.dumps({"label_names": [str(i) for i in range(10)]})
    (folder / "batches.meta").write_bytes(meta)
    for split, names in zip(("train_list", "test_list"), BATCHES, strict=True):
        monkeypatch.setattr(torchvision.datasets.CIFAR10, split, [[name, listed[name]] for name in names])
    described = {"filename": "batches.meta", "key": "label_names", "md5": hashlib.md5(meta).hexdigest()}
    monkeypatch.setattr(torchvision.datasets.CIFAR10, "meta", described)
    return tmp_path


@pytest.fixture
def jpegs(tmp_path):
    """An .npz file of 6 training and 3 test JPEGs."""
    arrays = {}
    for split, count in (("train", 6), ("test", 3)):
        files = []
        for pixels in smooth(count, count):
            buffer = io.BytesIO()
            Image.fromarray(pixels).save(buffer, "jpeg", quality=95, subsampling=0)
            files.append(np.frombuffer(buffer.getvalue(), np.uint8))
        arrays[f"{split}_jpeg"] = np.concatenate(files)
        arrays[f"{split}_offsets"] = np.cumsum([0, *map(len, files)])
        arrays[f"{split}_labels"] = np.arange(count, dtype=np.uint8)
    path = tmp_path / "images.npz"
    np.savez(path, **arrays)
    return path


def as_pixels(X):
    """X back as (count, size, size, 3) in 0, …, 255."""
    return ((X + 1) * 255 / 2).permute(0, 2, 3, 1).numpy()


def test_digits():
    X, Y = data.digits()
    assert X.shape == (500, 64) and Y.shape == (500, 10) and X.dtype == Y.dtype == torch.float32
    assert (X.min(), X.max()) == (0, 1) and bool((Y.sum(1) == 1).all()) and Y[:10].argmax(1).tolist() == [*range(10)]
    assert data.digits(1797)[0].shape == (1797, 64)
    torch.testing.assert_close(data.digits(20)[0], X[:20])


@pytest.mark.slow
def test_digits_come_as_colour_images_between_minus_one_and_one():
    X, y = data.images("digits")
    assert X.shape == (1437, 3, 32, 32) and X.dtype == torch.float32 and X.is_contiguous()
    assert y.shape == (1437,) and y.dtype == torch.int64 and sorted(set(y.tolist())) == [*range(10)]
    assert X.min() == -1 and X.max() == 1 and torch.equal(X[:, 0], X[:, 2])
    assert np.bincount(y).min() > 0.8 * 143.7  # classes in about equal numbers


def test_training_and_test_digits_are_disjoint_and_together_all():
    split = [data.images("digits", train, size=8) for train in (True, False)]
    assert [len(y) for _, y in split] == [1437, 360]
    seen = [{image.numpy().tobytes() for image in X[:, 0]} for X, _ in split]
    assert not seen[0] & seen[1]
    whole = np.rint(data.digits(1797)[0].numpy() * 16)
    ours = np.rint(np.concatenate([as_pixels(X)[..., 0].reshape(-1, 64) for X, _ in split]) * 16 / 255)
    assert sorted(map(tuple, ours)) == sorted(map(tuple, whole))


def test_labels_belong_to_their_images():
    X, y = data.images("digits", size=8)
    known = {row.tobytes(): label for row, label in zip(*_digits(), strict=True)}
    ours = np.rint(as_pixels(X)[..., 0].reshape(-1, 64) * 16 / 255).astype(np.uint8)
    assert [known[row.tobytes()] for row in ours] == y.tolist()


def _digits():
    X, Y = data.digits(1797)
    return np.rint(X.numpy() * 16).astype(np.uint8), Y.argmax(1).tolist()


def test_fewer_images_are_the_first_of_more_and_the_order_is_fixed():
    X, y = data.images("digits", size=8)
    for _ in range(2):
        some, labels = data.images("digits", count=50, size=8)
        assert torch.equal(some, X[:50]) and torch.equal(labels, y[:50])


def test_upsampling_is_bilinear():
    small, large = (as_pixels(data.images("digits", count=20, size=size)[0]) for size in (8, 32))
    for image, resized in zip(small, large, strict=True):
        expected = Image.fromarray(np.rint(image).astype(np.uint8)).resize((32, 32), Image.Resampling.BILINEAR)
        np.testing.assert_allclose(resized, np.asarray(expected), atol=1.01)  # PIL rounds to whole numbers, twice


def test_cifar10_is_read_by_torchvision(cifar10):
    X, y = data.images("cifar10", root=cifar10)
    assert X.shape == (20, 3, 32, 32) and y.shape == (20,)
    order = np.random.default_rng(0).permutation(20)
    expected = np.concatenate([smooth(4, number) for number in range(5)])[order]
    np.testing.assert_allclose(as_pixels(X), expected, atol=1e-3)
    assert y.tolist() == np.concatenate([[(number + i) % 10 for i in range(4)] for number in range(5)])[order].tolist()
    transform = torchvision.transforms.Compose(
        [torchvision.transforms.ToTensor(), torchvision.transforms.Normalize((0.5,) * 3, (0.5,) * 3)]
    )
    dataset = torchvision.datasets.CIFAR10(cifar10, transform=transform)  # Appendix B's
    torch.testing.assert_close(X, torch.stack([dataset[i][0] for i in order]))
    test, labels = data.images("cifar10", train=False, root=cifar10)
    assert test.shape == (4, 3, 32, 32) and sorted(labels.tolist()) == [5, 6, 7, 8]
    assert data.images("cifar10", root=cifar10, count=3, size=16)[0].shape == (3, 3, 16, 16)


def test_damaged_cifar10_is_not_read(cifar10):
    with (cifar10 / "cifar-10-batches-py" / "data_batch_3").open("ab") as file:
        file.write(b"more")
    with pytest.raises(FileNotFoundError, match="root must hold CIFAR-10"):
        data.images("cifar10", root=cifar10)


def test_jpegs_are_decoded_in_the_fixed_order(jpegs):
    for train, count, split in ((True, 6, "train"), (False, 3, "test")):
        X, y = read_images(str(jpegs), train)
        order = np.random.default_rng(0).permutation(count)
        assert y.tolist() == order.tolist() and y.dtype == torch.int64, split
        np.testing.assert_allclose(as_pixels(X), smooth(count, count)[order], atol=12)
    some, labels = read_images(jpegs, count=2)
    assert torch.equal(some, read_images(jpegs)[0][:2]) and len(labels) == 2


def damaged(path, **changes):
    with np.load(path) as archive:
        arrays = dict(archive)
    np.savez(path, **{name: array for name, array in (arrays | changes).items() if array is not None})
    return path


def test_a_wrong_archive_is_named(jpegs):
    for changes, message in (
        ({"train_offsets": np.arange(3)}, "data must have one offset for each label"),
        ({"train_labels": None}, "got images.npz without train_labels"),
    ):
        with pytest.raises(ValueError, match=message):
            read_images(damaged(jpegs, **changes))


BAD = [
    ({"source": "mnist"}, ValueError, "source must be one of 'digits', 'cifar10', got 'mnist'"),
    ({"source": 3}, ValueError, "source must be one of 'digits', 'cifar10', got 3"),
    ({"source": "cifar10", "root": "nowhere"}, FileNotFoundError, "download=True fetches it), got 'nowhere'"),
    ({"count": 0}, ValueError, "count must be a positive integer, got 0"),
    ({"count": 1438}, ValueError, "count must be at most 1437, the number of images there are, got 1438"),
    ({"train": False, "count": 361}, ValueError, "count must be at most 360"),
    ({"train": "test"}, TypeError, "train must be True or False, got 'test'"),
    ({"train": None}, TypeError, "train must be True or False, got None"),
    ({"download": "no"}, TypeError, "download must be True or False, got 'no'"),
    ({"size": 0}, ValueError, "size must be a positive integer, got 0"),
    ({"size": 3.5}, TypeError, "size must be a positive integer, got 3.5"),
]


@pytest.mark.parametrize(("arguments", "exception", "message"), BAD, ids=[message for *_, message in BAD])
def test_bad_input_is_named(arguments, exception, message):
    with pytest.raises(exception, match=re.escape(message)):
        data.images(**arguments)


def test_only_cifar10_needs_a_home_folder(monkeypatch):
    def nobody(user):
        raise KeyError(user)

    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", nobody)
    assert len(data.images("digits", count=3)[1]) == 3
    with pytest.raises(FileNotFoundError, match=r"root must be given where there is no home folder, got '~"):
        data.images("cifar10")
    with pytest.raises(FileNotFoundError, match=r"work must be given where there is no home folder, got '~"):
        lasso_deep.checkpoint(lasso_deep.WORK, {})


BAD_FILES = [
    ("mnist", ValueError, "data must be 'digits', 'cifar10' or the path of an .npz file, got 'mnist'"),
    (3, TypeError, "data must be 'digits', 'cifar10' or the path of an .npz file, got 3"),
    ("nowhere.npz", FileNotFoundError, "data must be a file that exists, got 'nowhere.npz'"),
]


@pytest.mark.parametrize(("source", "exception", "message"), BAD_FILES, ids=[message for *_, message in BAD_FILES])
def test_a_bad_file_is_named(source, exception, message):
    with pytest.raises(exception, match=re.escape(message)):
        read_images(source)


@pytest.mark.parametrize(
    ("count", "exception", "message"),
    [
        (0, ValueError, "count must be a positive integer, got 0"),
        (1.5, TypeError, "count must be a positive integer, got 1.5"),
        (1798, ValueError, "count must be at most 1797, the number of digits there are, got 1798"),
    ],
)
def test_a_bad_number_of_digits_is_named(count, exception, message):
    with pytest.raises(exception, match=re.escape(message)):
        data.digits(count)
