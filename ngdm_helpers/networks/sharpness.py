"""Full-batch gradient descent on networks, with its sharpness.

The setting of Cohen et al., "Gradient Descent on Neural Networks Typically Occurs at the Edge of Stability" (ICLR
2021), made small enough for a laptop: one loss, one fixed batch, plain gradient descent.
"""

import math
import warnings
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse.linalg import LinearOperator, eigsh
from torch import Tensor
from tqdm.auto import tqdm

from ngdm_helpers import checks
from ngdm_helpers.networks.models import checked_tensor, cpu_threads, mse, output_shape, trainable
from ngdm_helpers.trajectories import ON_OVERFLOW, DivergenceWarning

__all__ = ["GDRun", "full_batch_gd", "sharpness"]


def sharpness(
    loss: Tensor, parameters: Tensor | Iterable[Tensor], start: np.ndarray | None = None, tolerance: float = 1e-4
) -> tuple[float, np.ndarray]:
    """The largest eigenvalue of the Hessian of ``loss``, a float, and its unit eigenvector, a NumPy array (p,).

    loss: a scalar tensor that was just computed from ``parameters``, one tensor or several, of p entries in all; its
    graph is kept. start: (p,), where the Lanczos iteration begins, best the eigenvector of a nearby point; without it
    a fixed random vector, so that the answer is reproducible. tolerance: relative, 0 for machine precision.

    Lanczos (ARPACK, by scipy.sparse.linalg.eigsh) on Hessian-vector products, each a backward pass through the
    gradient (Pearlmutter 1994): the Hessian is never formed. "Largest" is algebraic: no eigenvalue below 0 is large.
    Raises TypeError or ValueError, naming the argument, if the loss is no finite scalar, or is linear in parameters;
    FloatingPointError if its Hessian overflows.
    """
    parameters = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    if not isinstance(loss, Tensor) or loss.numel() != 1:
        raise TypeError(f"loss must be a scalar tensor, got {loss!r}")
    if not loss.requires_grad:
        raise ValueError(f"loss must be computed from parameters, with gradients on, got {loss!r}")
    floats = (torch.float32, torch.float64)
    fit = [isinstance(part, Tensor) and part.requires_grad and part.dtype in floats for part in parameters]
    if not fit or not all(fit):
        bad = parameters[fit.index(False)] if fit else "none"
        bad = f"{bad.dtype} with requires_grad={bad.requires_grad}" if isinstance(bad, Tensor) else bad
        raise TypeError(f"parameters must be float32 or float64 tensors that require gradients, got {bad}")
    tolerance = checks.nonnegative("tolerance", tolerance, checks.NUMBER)
    gradients = torch.autograd.grad(loss, parameters, create_graph=True, materialize_grads=True)
    gradient = torch.cat([part.reshape(-1) for part in gradients])
    if not (math.isfinite(loss.item()) and bool(gradient.isfinite().all())):
        raise ValueError(f"loss must be finite, with a finite gradient, got {loss.item()!r}")
    if not gradient.requires_grad:
        raise ValueError("loss must not be linear in parameters, got one whose gradient is constant")
    p = gradient.numel()

    def product(vector):
        direction = torch.as_tensor(np.ravel(vector), dtype=gradient.dtype, device=gradient.device)
        columns = torch.autograd.grad(gradient, parameters, direction, retain_graph=True, materialize_grads=True)
        column = torch.cat([part.reshape(-1) for part in columns]).cpu().numpy().astype(np.float64)
        if not np.isfinite(column).all():
            raise FloatingPointError("the Hessian of loss must be finite, got a product with it that is not")
        return column

    if p == 1:
        return float(product([1.0])[0]), np.ones(1)
    if start is None:
        start = np.random.default_rng(0).standard_normal(p)
    elif checks.is_array(start) and not isinstance(start, np.ndarray):
        raise TypeError(f"start must be a NumPy array, got a {type(start).__name__}")
    elif (start := checks.floating("start", start)).shape != (p,):
        raise ValueError(f"start must have shape ({p},), one entry a parameter, got {start.shape}")
    elif not np.any(start):
        raise ValueError("start must not be 0 in every entry, got zeros")
    elif start.dtype != np.float64 or not 1e-100 < np.abs(start).max() < 1e100:
        start = (start / np.abs(start).max()).astype(np.float64)  # else its norm may be out of the range of its dtype
    if not product(start).any() and not product(np.random.default_rng(0).standard_normal(p)).any():
        return 0.0, np.asarray(start) / np.linalg.norm(start)  # a Hessian of 0: Lanczos could not begin
    hessian = LinearOperator((p, p), matvec=product, dtype=np.float64)
    with cpu_threads(1):
        values, vectors = eigsh(hessian, k=1, which="LA", v0=start, tol=tolerance)
    return float(values[0]), vectors[:, 0]


# --- gradient descent -------------------------------------------------------------------------------------------------
@dataclass(frozen=True, eq=False)
class GDRun:
    """The result of `full_batch_gd`; x_0, …, x_K are the parameters it went through.

    losses: (K + 1,), f(x_0), …, f(x_K). directional: (K,), η × the directional smoothness of each step. sharpness:
    (S,), the largest Hessian eigenvalue at the steps sharpness_steps (S,). lr: η. interrupted: whether it was stopped
    before its last step. overflow_step: None, or the first step whose loss, gradient or Hessian was not finite.
    """

    losses: np.ndarray
    directional: np.ndarray
    sharpness: np.ndarray
    sharpness_steps: np.ndarray
    lr: float
    interrupted: bool = False
    overflow_step: int | None = None

    @property
    def steps(self) -> int:
        """K, the number of steps taken."""
        return max(len(self.losses) - 1, 0)


def full_batch_gd(
    model: torch.nn.Module,
    X: Tensor,
    Y: Tensor,
    lr: float,
    steps: int,
    sharpness_every: int | None = 50,
    progress: bool = True,
    on_overflow: str = "warn",
) -> GDRun:
    """``steps`` updates x_{k+1} = x_k − η∇f(x_k) of ``model`` on f = `mse`(model(X), Y), as a `GDRun`.

    model: a torch module, trained in place. X: (n, inputs), Y: (n, outputs), floating tensors of its dtype and device.
    lr: η > 0. sharpness_every: measure the sharpness at steps 0, sharpness_every, …; None for never. progress: show a
    bar. On a CPU the run has one thread, see `cpu_threads`.

    The directional smoothness of a step Δx = x_{k+1} − x_k is ⟨∇f(x_{k+1}) − ∇f(x_k), Δx⟩/‖Δx‖², the curvature of f
    averaged along it. With Δx = −η∇f(x_k), η times it is 1 − ⟨∇f(x_{k+1}), ∇f(x_k)⟩/‖∇f(x_k)‖², which is how it is
    computed: rounding spoils no short step. It is 2 if the gradient is reflected, as on a 2-cycle, and NaN if Δx = 0.

    A KeyboardInterrupt ends the run, not the program: what was computed so far comes back, marked ``interrupted``.
    A run that overflows ends with its finite part; on_overflow="warn" says so in a `DivergenceWarning`, "ignore" leaves
    it at ``overflow_step``.
    Raises TypeError or ValueError, naming the argument.
    """
    lr, steps = checks.positive_number("lr", lr), checks.count("steps", steps)
    checks.choice("on_overflow", on_overflow, ON_OVERFLOW)
    if sharpness_every is not None:
        sharpness_every = checks.count("sharpness_every", sharpness_every)
    parameters = checked_parameters(model, X, Y)
    # One vector that the parameters are views of: an update is one operation, done or not done when an interrupt comes.
    flat = torch.cat([part.detach().reshape(-1) for part in parameters])
    torch.nn.utils.vector_to_parameters(flat, parameters)
    losses, directional, measured, interrupted = [], [], {}, False  # measured: {step: sharpness}
    vector = previous = overflow = None
    try:
        with cpu_threads(1):
            for k in tqdm(range(steps + 1), desc=f"η = {lr:g}", unit="step", disable=not progress):
                loss = mse(model(X), Y)
                measure = sharpness_every is not None and k % sharpness_every == 0
                gradients = torch.autograd.grad(loss, parameters, retain_graph=measure, materialize_grads=True)
                gradient = torch.cat([part.reshape(-1) for part in gradients])
                squared_norm = torch.dot(gradient, gradient)
                if not (math.isfinite(loss.item()) and math.isfinite(squared_norm.item())):
                    overflow = k
                    break
                if measure:
                    measured[k], vector = sharpness(loss, parameters, start=vector)
                if previous is not None:
                    directional.append((1 - torch.dot(gradient, previous[0]) / previous[1]).item())
                losses.append(loss.item())
                previous = gradient, squared_norm
                if k < steps:
                    flat.sub_(gradient, alpha=lr)
    except FloatingPointError:  # from sharpness: the Hessian overflows before the gradient does
        overflow = len(losses)
    except KeyboardInterrupt:
        interrupted = True
    if overflow is not None and on_overflow == "warn":
        warnings.warn(f"gradient descent with lr={lr:g} overflowed at step {overflow}", DivergenceWarning, stacklevel=2)
    measured_at = np.array([k for k in measured if k < len(losses)], dtype=int)  # an interrupt may have come in between
    curvatures, tops = np.array(directional[: max(len(losses) - 1, 0)]), np.array([measured[k] for k in measured_at])
    return GDRun(np.array(losses), curvatures, tops, measured_at, lr, interrupted, overflow)


def checked_parameters(model: torch.nn.Module, X: Tensor, Y: Tensor) -> list[torch.nn.Parameter]:
    """The parameters of ``model``; TypeError or ValueError unless it maps X to something of Y's shape."""
    parameters = trainable(model)
    for name, array in (("X", X), ("Y", Y)):
        checked_tensor(name, array, parameters[0].dtype, parameters[0].device)
        if not bool(array.isfinite().all()):
            raise ValueError(f"{name} must be finite, got {int((~array.isfinite()).sum())} entries that are not")
    if (shape := output_shape(model, X)) != tuple(Y.shape):
        raise ValueError(f"Y must have the shape of the model's outputs, {shape}, got {tuple(Y.shape)}")
    return parameters
