"""What the notebooks measure on a network, once each; loads torch."""

import copy
import functools
from collections.abc import Sequence

import numpy as np
import torch

from ngdm_helpers import checks, networks
from ngdm_helpers.course import problems
from ngdm_helpers.networks import models
from ngdm_helpers.networks.sharpness import checked_parameters


def mean_share(activation: str, scale: float = 1.0) -> float:
    """E[φ(sz)]²/E[φ(sz)²], in [0, 1], for s = ``scale`` and a standard normal z: how much of φ is a constant.

    It is the correlation that one wide random layer gives to two inputs without any: 0 for tanh, 1/π for ReLU, 2/π for
    |x|. The larger, the sooner a deep network, before it is trained, maps all inputs to nearly the same output (Poole
    et al. 2016). By quadrature.
    """
    scale = checks.positive_number("scale", scale)
    z, density = models.normal_quadrature()
    values = networks.activation_layer(activation)(scale * z)
    return (torch.trapezoid(values * density, z) ** 2 / torch.trapezoid(values.square() * density, z)).item()


def mean_squares(model: torch.nn.Sequential, X: torch.Tensor) -> np.ndarray:
    """(layers,): the mean square of the outputs of each layer with weights of a `networks.vgg` on images X."""
    squares, outputs = [], X
    with torch.no_grad():
        for layer in model:
            outputs = layer(outputs)
            if hasattr(layer, "weight"):
                squares.append(outputs.square().mean().item())
    return np.array(squares)


def second_differences(
    model: torch.nn.Module, X: torch.Tensor, Y: torch.Tensor, distances: Sequence[float] | np.ndarray
) -> tuple[float, np.ndarray, float]:
    """(f(θ + tv) + f(θ − tv) − 2f(θ))/t² along the top eigenvector v of the Hessian of f = `networks.mse` at θ.

    distances: the t > 0, (T,). Returns the largest Hessian eigenvalue, a float, to which the differences tend as t → 0
    where there is a Hessian; the differences, (T,); and ‖∇f(θ)‖, a float, which times η is the length of the next
    step. Where f grows subquadratically along v, they fall with t. The model is left as it was.
    Raises TypeError or ValueError, naming the argument.
    """
    weights = checked_parameters(model, X, Y)
    distances = np.atleast_1d(checks.positive("distances", np.asarray(distances, dtype=np.float64)))
    top, v, length = _top(model, X, Y, weights)
    return top, _differences(model, X, Y, weights, v, distances), length


def over_one_step(
    model: torch.nn.Module, X: torch.Tensor, Y: torch.Tensor, lr: float, start: np.ndarray | None = None
) -> tuple[float, float, np.ndarray]:
    """The curvature along the top eigenvector v of the Hessian of f = `networks.mse`, by two rulers.

    Returns the Hessian's eigenvalue, as autograd sees it; the second difference along v over the length η‖∇f‖ of the
    next step, as in `second_differences`, both floats; and v, (p,). lr: η. start: where the search for v begins, best
    the v of a nearby point. The model is left as it was. Raises TypeError or ValueError, naming the argument.
    """
    lr, weights = checks.positive_number("lr", lr), checked_parameters(model, X, Y)
    top, v, length = _top(model, X, Y, weights, start)
    return top, float(_differences(model, X, Y, weights, v, np.array([lr * length]))[0]), v


def _top(model, X, Y, weights, start=None):
    """(largest eigenvalue of the Hessian, its eigenvector, ‖∇f‖)."""
    loss = networks.mse(model(X), Y)
    top, v = networks.sharpness(loss, weights, start)
    return top, v, float(torch.cat([part.flatten() for part in torch.autograd.grad(loss, weights)]).norm())


def _differences(model, X, Y, weights, v, distances):
    here = torch.cat([part.detach().reshape(-1) for part in weights])
    direction = torch.as_tensor(v, dtype=here.dtype, device=here.device)

    def value(t):
        torch.nn.utils.vector_to_parameters(here + t * direction, weights)
        return networks.mse(model(X), Y).item()

    with torch.no_grad(), networks.cpu_threads(1):
        ahead, behind = (np.array([value(sign * t) for t in distances]) for sign in (1, -1))
        middle = value(0.0)  # which puts the weights back
    return (ahead + behind - 2 * middle) / distances**2


class _Gate(torch.nn.Module):
    """Multiplication by 0 or 1, for each example and unit."""

    def __init__(self, states):
        super().__init__()
        self.register_buffer("states", states)

    def forward(self, x):
        return x * self.states


def frozen(model: torch.nn.Sequential, X: torch.Tensor) -> torch.nn.Sequential:
    """``model`` with every ReLU kept in the state, on or off, that it has on each example of X now: without kinks.

    model: a torch.nn.Sequential such as `networks.mlp("relu")`, whose weights the result shares. It accepts only
    this X, on which it has the outputs, the gradient and the Hessian (as autograd computes it) of the model. TypeError
    for another module.
    """
    if not isinstance(model, torch.nn.Sequential):
        raise TypeError(f"model must be a torch.nn.Sequential, got {model!r}")
    layers, outputs = [], X
    with torch.no_grad():
        for layer in model:
            if isinstance(layer, torch.nn.ReLU):
                layer = _Gate((outputs > 0).to(outputs.dtype))
            layers.append(layer)
            outputs = layer(outputs)
    return torch.nn.Sequential(*layers)


# --- Appendix B on a small network ------------------------------------------------------------------------------------


def _train(network: torch.nn.Module, lr: float, lam: float, steps: int, batch: int = 32) -> list[float]:
    """Appendix B's loop: SGD on cross entropy + λ‖β‖₁ of the digits, in place. ‖β‖₁ as it prints it, before each step.

    A last number is ‖β‖₁ after the last step. The network is left as the script leaves it, in training mode.
    """
    X, y, _, _ = problems.mlp_digits()
    updates = torch.optim.SGD(network.parameters(), lr=lr)

    def penalty():
        return sum(part.abs().sum() for part in network.parameters())

    printed = []
    network.train()
    with models.seeded(0), networks.cpu_threads(1):
        for chosen in networks.minibatches(len(X), batch, steps):
            norm = penalty()
            loss = torch.nn.functional.cross_entropy(network(X[chosen]), y[chosen]) + lam * norm
            updates.zero_grad()
            loss.backward()
            updates.step()
            printed.append(norm.item())
    return [*printed, penalty().item()]


@functools.cache
def _small_start() -> torch.nn.Sequential:
    """A network 64-32-10 with a dropout layer that is off, trained on the digits without a penalty."""
    with models.seeded(0):
        layers = torch.nn.Linear(64, 32), torch.nn.ReLU(), torch.nn.Dropout(0.0), torch.nn.Linear(32, 10)
    network = torch.nn.Sequential(*layers)
    _train(network, 0.2, 0.0, 300, 64)
    return network


@functools.cache
def appendix_b(lr: float, lam: float, steps: int, dropout: float = 0.0) -> tuple[np.ndarray, torch.nn.Sequential]:
    """Appendix B's script on a trained network 64-32-10: (the ‖β‖₁ of `_train`, (steps + 1,); the network).

    lr: η > 0. lam: λ ≥ 0. dropout: the share that the layer between drops, in [0, 1).
    """
    network = copy.deepcopy(_small_start())
    network[2].p = checks.fraction("dropout", dropout)
    return np.array(_train(network, lr, lam, steps)), network


@torch.no_grad()
def digits_accuracy(network: torch.nn.Module) -> float:
    """The share of the 360 test digits that ``network`` gives their label, dropout off."""
    _, _, X, y = problems.mlp_digits()
    return float(networks.accuracy(network.eval()(X), y))


def kinks_crossed(
    depth: int, X: torch.Tensor, y: torch.Tensor, lr: float = 0.01, steps: int = 4, seed: int = 0
) -> tuple[int, np.ndarray]:
    """(how many ReLUs an image passes, the share of their inputs whose sign changes, at each step (steps,)).

    Of a variance-preserving `networks.vgg` with ReLU that SGD (momentum 0.9, batches of 8) trains on images X, y; the
    signs are those on the first 64 images.
    """
    steps = checks.count("steps", steps)
    model = networks.vgg(depth, "relu", "variance-preserving", seed=seed, images=X[:64])
    updates = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)

    def signs():
        outputs, above = X[:64], []
        for layer in model:
            if isinstance(layer, torch.nn.ReLU):
                above.append((outputs > 0).flatten(1))
            outputs = layer(outputs)
        return torch.cat(above, dim=1)

    shares = np.empty(steps)
    with networks.cpu_threads(1):
        with torch.no_grad():
            before = signs()
        for k, batch in enumerate(networks.minibatches(len(X), 8, steps=steps, seed=seed)):
            updates.zero_grad()
            torch.nn.functional.cross_entropy(model(X[batch]), y[batch]).backward()
            updates.step()
            with torch.no_grad():
                after = signs()
            shares[k] = (before != after).float().mean()
            before = after
    return before.shape[1], shares


def at_the_start(
    depth: int, activation: str, X: torch.Tensor, y: torch.Tensor, seed: int = 0
) -> tuple[float, float, float]:
    """Of a variance-preserving `networks.vgg` before training, on the first 256 of the images X with labels y.

    The mean cosine between the outputs of two images; the norm of the gradient of the cross-entropy; and the norm of
    its part in the first layer, as a share of that of the layer's weights.
    """
    X, y = X[:256], y[:256]
    model = networks.vgg(depth, activation, "variance-preserving", seed=seed, images=X)
    with networks.cpu_threads(1):
        outputs = model(X)
        torch.nn.functional.cross_entropy(outputs, y).backward()
        norms = torch.stack([part.grad.norm() for part in model.parameters()])
        unit = torch.nn.functional.normalize(outputs.detach())
        others = len(X) * (len(X) - 1)
        cosine = (unit.sum(dim=0).square().sum() - len(X)) / others  # the pairs of an image with itself add up to n
    first = model[0].weight
    return cosine.item(), norms.norm().item(), (first.grad.norm() / first.norm()).item()
