"""What importing the package brings along."""

import pathlib
import subprocess
import sys

import pytest

import ngdm_helpers

HEAVY = ("torch", "torchvision", "sklearn", "matplotlib")


def python(code):
    """Standard output of ``code`` in a fresh interpreter at the repository's root."""
    root = pathlib.Path(ngdm_helpers.__file__).parents[1]
    return subprocess.run([sys.executable, "-c", code], cwd=root, check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize(
    "statement",
    [
        "import ngdm_helpers",
        "from ngdm_helpers import objectives, theory, trajectories",
        "from ngdm_helpers import objectives, trajectories; trajectories.run(objectives.L1Norm(1.0), [0.5], 0.1, 9)",
    ],
)
def test_import_is_light(statement):
    loaded = python(f"{statement}; import sys; print(*(name for name in {HEAVY} if name in sys.modules))").split()
    assert loaded == []


def test_every_public_name_is_listed_and_an_unknown_one_is_named():
    assert set(ngdm_helpers.__all__) <= set(dir(ngdm_helpers))
    with pytest.raises(AttributeError, match="'ngdm_helpers' has no attribute 'trajectory'"):
        ngdm_helpers.trajectory  # noqa: B018


def test_device_names_the_best_device():
    import torch

    assert ngdm_helpers.device() == ("cuda" if torch.cuda.is_available() else "cpu")
    assert torch.zeros(1, device=ngdm_helpers.device()).device.type == ngdm_helpers.device()
