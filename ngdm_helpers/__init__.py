"""Trajectories, theory and sliders of the NGDM notebooks.

The package imports none of torch, torchvision, scikit-learn or matplotlib by itself: each submodule loads when it is
first named, and torch only when a network is trained or a torch tensor is handed in.
"""

import importlib

__all__ = [
    "checks", "counterexamples", "data", "device", "figures", "live", "networks", "objectives", "theory",
    "trajectories",
]  # fmt: skip
__version__ = "0.1.0"


def device() -> str:
    """The name of the best device torch can compute on: ``"cuda"`` if there is a GPU, else ``"cpu"``."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def __getattr__(name):
    if name in __all__:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted(set(globals()) | set(__all__))
