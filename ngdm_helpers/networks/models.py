"""The networks of the notebooks: small multilayer perceptrons, and the VGG networks of the paper's Figure 2."""

import contextlib
import itertools
import math
import numbers
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ngdm_helpers import checks

__all__ = [
    "ACTIVATIONS", "INITIALISATIONS", "VGG", "accuracy", "activation_gain", "activation_layer", "cpu_threads",
    "mlp", "mse", "vgg",
]  # fmt: skip


class Abs(torch.nn.Module):
    """|x|, whose slope jumps by 2 at 0: twice ReLU's kink."""

    def forward(self, x: Tensor) -> Tensor:
        return x.abs()


class Bridge(torch.nn.Module):
    """x·Φ(βx), Φ the standard normal distribution function: GELU for β = 1, ReLU for β → ∞, C^∞ in between."""

    def __init__(self, beta: float) -> None:
        super().__init__()
        self.beta = beta

    def forward(self, x: Tensor) -> Tensor:
        return torch.nn.functional.gelu(self.beta * x) / self.beta  # one fused kernel, and the same number

    def extra_repr(self) -> str:
        return f"β={self.beta:g}"


ACTIVATIONS: dict[str, Callable[[], torch.nn.Module]] = {
    "relu": torch.nn.ReLU,
    "tanh": torch.nn.Tanh,
    "gelu": torch.nn.GELU,
    "elu": torch.nn.ELU,
    "abs": Abs,
    "leaky": lambda: torch.nn.LeakyReLU(0.5),  # max(x, x/2): half of ReLU's kink
}


def activation_layer(activation: str) -> torch.nn.Module:
    """The layer named ``activation``: one of ACTIVATIONS, or "bridge-β" with a number β > 0, such as "bridge-10"."""
    if not isinstance(activation, str) or not activation.startswith("bridge-"):
        return ACTIVATIONS[checks.choice("activation", activation, ACTIVATIONS)]()
    with contextlib.suppress(ValueError):
        if 0 < (beta := float(activation.removeprefix("bridge-"))) < math.inf:
            return Bridge(beta)
    raise ValueError(f"activation must be bridge-β with a number β > 0, got {activation!r}")


def mlp(activation: str, widths: Iterable[int] = (64, 64, 64, 10), seed: int = 0) -> torch.nn.Sequential:
    """A fully connected network, ``activation`` between its linear layers, none after the last.

    activation: see `activation_layer`. widths: (inputs, hidden, …, outputs), two or more positive integers; the default
    has 8970 parameters. seed: of torch's default initialisation, U(−1/√inputs, 1/√inputs) for every weight and bias;
    torch's global generator is left as it was. Raises TypeError or ValueError, naming the argument.
    """
    activation_layer(activation)
    if isinstance(widths, (str, bytes)) or not isinstance(widths, Iterable):
        raise TypeError(f"widths must be two or more positive integers, got {widths!r}")
    widths = [checks.count(f"widths[{i}]", width) for i, width in enumerate(widths)]
    checks.require("widths", widths, len(widths) >= 2, "two or more positive integers")
    layers: list[torch.nn.Module] = []
    with seeded(seed):
        for inputs, outputs in itertools.pairwise(widths):
            layers += [activation_layer(activation), torch.nn.Linear(inputs, outputs)]
    return torch.nn.Sequential(*layers[1:])  # no activation before the first


def mse(outputs: Tensor, targets: Tensor) -> Tensor:
    """(1/n) Σᵢ ‖outputsᵢ − targetsᵢ‖², both (n, m): summed over the m outputs, averaged over the n examples, no ½.

    It is m times torch.nn.MSELoss, which averages over the outputs too: a sharpness or an η measured with one of the
    two does not carry over to the other.
    """
    return (outputs - targets).square().sum() / targets.shape[0]


def accuracy(outputs: Tensor, labels: Tensor) -> Tensor:
    """(...,), float32: the share of examples whose largest output is the label's. outputs (..., n, m), labels (n,)."""
    return (outputs.argmax(-1) == labels).float().mean(-1)


# --- the networks of Figure 2 -----------------------------------------------------------------------------------------

# Appendix A, as printed: channels of the 3×3 convolutions; "M", there a max pool, is an average pool here.
VGG: dict[int, tuple[int | str, ...]] = {
    11: (16, "M", 32, "M", 32, 32, "M", 64, 64, "M", 64, 64, "M"),
    13: (16, 16, "M", 32, 32, "M", 32, 32, "M", 64, 64, "M", 64, 64, "M"),
    19: (16, 16, "M", 32, 32, "M", 32, 32, 32, 32, "M", 64, 64, 64, 64, "M", 64, 64, 64, 64, "M"),
}
INITIALISATIONS = ("default", "kaiming", "variance-preserving")
_PROBES = 256  # images that "variance-preserving" is measured on


def vgg(
    depth: int,
    activation: str = "relu",
    init: str = "default",
    gain: float = 1.0,
    seed: int = 0,
    images: Tensor | None = None,
) -> torch.nn.Sequential:
    """Appendix A's network: ``depth`` − 3 convolutions 3×3, average pools between them, then Linear(64, 10).

    It takes (n, 3, 32, 32) to (n, 10), and is kuangliu's VGG with the appendix's three changes: no batch
    normalisation, average for max pools, fewer channels; Linear(512, 10) becomes Linear(64, 10) with them. (As in
    kuangliu's code, VGG19 has 17 layers with weights rather than 19, because two of three linear ones are dropped; so
    9 and 11 for the others.) depth: 11, 13 or 19. activation: see `activation_layer`, after every convolution.

    init: "default", torch's, U(−1/√fan_in, 1/√fan_in) for weights and biases;
    "kaiming", weights N(0, g²/fan_in) with g = `activation_gain`, biases 0, which keeps mean squares where neither
    padding nor pooling changes them;
    "variance-preserving", the same and then, layer by layer from the first, every weight scaled so that the layer's
    outputs have mean square 1 on the first 256 of ``images`` (n, 3, 32, 32) (Mishkin and Matas 2016): this compensates
    for the signal lost to padding and pooling, whatever the activation.
    gain: every weight is multiplied by it at the end. seed: of the draw; torch's global generator is left as it was.

    The network is on the device of ``images``, channels last. Raises TypeError or ValueError, naming the argument.
    """
    if not isinstance(depth, numbers.Integral) or depth not in VGG:
        raise ValueError(f"depth must be one of {', '.join(map(str, VGG))}, got {depth!r}")
    checks.choice("init", init, INITIALISATIONS)
    gain = checks.positive_number("gain", gain)
    if init == "variance-preserving" and images is None:
        raise ValueError("images must be given for init='variance-preserving', got None")
    if images is not None and (not isinstance(images, Tensor) or tuple(images.shape[1:]) != (3, 32, 32)):
        shape = tuple(images.shape) if isinstance(images, Tensor) else images
        raise ValueError(f"images must be a torch tensor of shape (n, 3, 32, 32), got {shape!r}")
    with seeded(seed):
        layers: list[torch.nn.Module] = []
        channels = 3
        for width in VGG[depth]:
            if isinstance(width, str):
                layers.append(torch.nn.AvgPool2d(2))
            else:
                layers += [torch.nn.Conv2d(channels, width, 3, padding=1), activation_layer(activation)]
                channels = width
        model = torch.nn.Sequential(*layers, torch.nn.AvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(channels, 10))
        weighted: list[Any] = [layer for layer in model if hasattr(layer, "weight")]
        if init != "default":
            for layer in weighted:
                spread = activation_gain(activation) / math.sqrt(layer.weight[0].numel())
                torch.nn.init.normal_(layer.weight, std=spread)
                torch.nn.init.zeros_(layer.bias)
    model = model.to(None if images is None else images.device, memory_format=torch.channels_last)
    with torch.no_grad():
        if init == "variance-preserving" and images is not None:
            checked_tensor("images", images, weighted[0].weight.dtype)
            outputs = images[:_PROBES]
            for layer in model:
                if hasattr(layer, "weight"):
                    size = layer(outputs).square().mean().sqrt()
                    if not 0 < size.item() < math.inf:
                        raise ValueError(f"images must be finite, and not 0 after a layer, got a size of {size.item()}")
                    layer.weight /= size
                outputs = layer(outputs)
        for layer in weighted:
            layer.weight *= gain
    return model


def activation_gain(activation: str, scale: float = 1.0) -> float:
    """s/√E[φ(sz)²] for the activation φ, s = ``scale``, a standard normal z: √2 for ReLU (He et al. 2015), 1 for |x|.

    Weights of variance gain²/fan_in keep the mean square s² of what goes through φ and a wide linear layer. For φ that
    is not positively homogeneous it depends on s: GELU's is 1.53 at s = 1 and grows to 2 as s → 0. By quadrature.
    """
    scale = checks.positive_number("scale", scale)
    z, density = normal_quadrature()
    return scale / math.sqrt(torch.trapezoid(activation_layer(activation)(scale * z).square() * density, z).item())


def normal_quadrature() -> tuple[Tensor, Tensor]:
    """A grid with a node at 0, where the kinks are, and the standard normal density on it, both (48 001,)."""
    z = torch.linspace(-12, 12, 48_001, dtype=torch.float64)
    return z, torch.exp(-z.square() / 2) / math.sqrt(2 * math.pi)


# --- arguments, seeds and threads -------------------------------------------------------------------------------------
def checked_tensor(name: str, value: Any, dtype: torch.dtype, device: torch.device | None = None) -> None:
    """TypeError unless ``value`` is a torch tensor of this dtype, on this device if one is given."""
    if not isinstance(value, Tensor):
        raise TypeError(f"{name} must be a torch tensor, got a {type(value).__name__}")
    if value.dtype != dtype or value.device != (device or value.device):
        raise TypeError(f"{name} must be {dtype} on {device or 'any device'}, got {value.dtype} on {value.device}")


def trainable(model: Any, name: str = "model") -> list[torch.nn.Parameter]:
    """The parameters of a module with some, none frozen, gradients on; else TypeError or ValueError."""
    if not isinstance(model, torch.nn.Module):
        raise TypeError(f"{name} must be a torch.nn.Module, got {model!r}")
    if not (parameters := list(model.parameters())):
        raise ValueError(f"{name} must have parameters, got {model!r}")
    if not torch.is_grad_enabled():
        raise ValueError(f"{name} must be trained with gradients on, got a call under no_grad() or inference_mode()")
    if frozen := [part for part, parameter in model.named_parameters() if not parameter.requires_grad]:
        raise ValueError(f"{name} must have no frozen parameters, got requires_grad=False for {', '.join(frozen)}")
    return parameters


def output_shape(model: torch.nn.Module, X: Tensor) -> tuple[int, ...]:
    """The shape of model(X); ValueError unless the model takes X."""
    try:
        with torch.no_grad():
            return tuple(model(X).shape)
    except RuntimeError as error:
        raise ValueError(f"X must have a shape that the model takes, got {tuple(X.shape)}: {error}") from None


def checked_seed(seed: Any, name: str = "seed") -> int:
    """``seed``; TypeError unless it is an integer, ValueError unless it is from 0 to 2**63 − 1."""
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
        raise TypeError(f"{name} must be an integer, got {seed!r}")
    checks.require(name, int(seed), 0 <= seed < 2**63, "at least 0 and below 2**63")
    return int(seed)


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """torch's global generator (the CPU's, which initialises) seeded with ``seed``, then put back as it was."""
    seed = checked_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


@contextlib.contextmanager
def cpu_threads(count: int) -> Iterator[None]:
    """A context with ``count`` CPU threads for torch; after it there are as many as before.

    Two are hardly faster on networks this small, and many times slower when other processes want the second core. With
    one the sums do not depend on the number of cores either.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
