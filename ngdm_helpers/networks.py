"""Small networks, full-batch gradient descent on them, and the sharpness along its way.

The only module of the package that imports torch when it is loaded. Everything here is the setting of Cohen et al.,
"Gradient Descent on Neural Networks Typically Occurs at the Edge of Stability" (ICLR 2021), made small enough for a
laptop: one loss, one fixed batch, plain gradient descent.
"""

import math
import warnings
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse.linalg import LinearOperator, eigsh
from tqdm.auto import tqdm

from ngdm_helpers import checks
from ngdm_helpers.trajectories import DivergenceWarning

ACTIVATIONS = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh, "gelu": torch.nn.GELU, "elu": torch.nn.ELU}


def mlp(activation, widths=(64, 64, 64, 10), seed=0):
    """A fully connected network, ``activation`` between its linear layers, none after the last.

    activation: one of ACTIVATIONS. widths: (inputs, hidden, …, outputs), two or more positive integers; the default
    has 8970 parameters. seed: of torch's default initialisation, U(−1/√inputs, 1/√inputs) for every weight and bias;
    torch's global generator is left as it was. Raises TypeError or ValueError, naming the argument.
    """
    layer = ACTIVATIONS[checks.choice("activation", activation, ACTIVATIONS)]
    if isinstance(widths, str) or not isinstance(widths, Iterable):
        raise TypeError(f"widths must be two or more positive integers, got {widths!r}")
    widths = [checks.count(f"widths[{i}]", width) for i, width in enumerate(widths)]
    if len(widths) < 2:
        raise ValueError(f"widths must be two or more positive integers, got {widths!r}")
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
        raise TypeError(f"seed must be an integer, got {seed!r}")
    if not 0 <= seed < 2**63:
        raise ValueError(f"seed must be at least 0 and below 2**63, got {seed}")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(seed))
        layers = [torch.nn.Linear(widths[0], widths[1])]
        for inputs, outputs in zip(widths[1:], widths[2:], strict=False):
            layers += [layer(), torch.nn.Linear(inputs, outputs)]
    return torch.nn.Sequential(*layers)


def mse(outputs, targets):
    """(1/n) Σᵢ ‖outputsᵢ − targetsᵢ‖², both (n, m): summed over the m outputs, averaged over the n examples, no ½.

    It is m times torch.nn.MSELoss, which averages over the outputs too: a sharpness or an η measured with one of the
    two does not carry over to the other.
    """
    return (outputs - targets).square().sum() / targets.shape[0]


# --- sharpness --------------------------------------------------------------------------------------------------------


def sharpness(loss, parameters, start=None, tolerance=1e-4):
    """The largest eigenvalue of the Hessian of ``loss``, a float, and its unit eigenvector, a NumPy array (p,).

    loss: a scalar tensor that was just computed from ``parameters``, one tensor or several, of p entries in all; its
    graph is kept. start: (p,), where the Lanczos iteration begins, best the eigenvector of a nearby point; without it
    a fixed random vector, so that the answer is reproducible. tolerance: relative, 0 for machine precision.

    Lanczos (ARPACK, by scipy.sparse.linalg.eigsh) on Hessian-vector products (Pearlmutter 1994), each two backward
    passes' worth of work: the Hessian is never formed. "Largest" is algebraic: eigenvalues below 0 do not count.

    Raises TypeError or ValueError, naming the argument, if the loss is no finite scalar, or is linear in parameters.
    """
    parameters = [parameters] if isinstance(parameters, torch.Tensor) else list(parameters)
    if not isinstance(loss, torch.Tensor) or loss.numel() != 1:
        raise TypeError(f"loss must be a scalar tensor, got {loss!r}")
    if not loss.requires_grad:
        raise ValueError(f"loss must be computed from parameters, with gradients on, got {loss!r}")
    tolerance = checks.nonnegative("tolerance", tolerance, or_else="a number")
    gradients = torch.autograd.grad(loss, parameters, create_graph=True, materialize_grads=True)
    gradient = torch.cat([part.reshape(-1) for part in gradients])
    if not (math.isfinite(loss.item()) and bool(gradient.isfinite().all())):
        raise ValueError(f"loss must be finite, with a finite gradient, got {loss.item()!r}")
    if not gradient.requires_grad:
        raise ValueError("loss must not be linear in parameters, got one whose gradient is constant")
    p = gradient.numel()

    def product(vector):
        vector = torch.as_tensor(np.ravel(vector), dtype=gradient.dtype, device=gradient.device)
        columns = torch.autograd.grad(gradient, parameters, vector, retain_graph=True, materialize_grads=True)
        return torch.cat([part.reshape(-1) for part in columns]).cpu().numpy().astype(np.float64)

    if p == 1:
        return float(product([1.0])[0]), np.ones(1)
    if start is None:
        start = np.random.default_rng(0).standard_normal(p)
    elif np.shape(start) != (p,):
        raise ValueError(f"start must have shape ({p},), one entry a parameter, got {np.shape(start)}")
    hessian = LinearOperator((p, p), matvec=product, dtype=np.float64)
    values, vectors = eigsh(hessian, k=1, which="LA", v0=start, tol=tolerance)
    return float(values[0]), vectors[:, 0]


# --- gradient descent -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class GDRun:
    """What `full_batch_gd` left behind; x_0, …, x_K are the parameters it went through.

    losses: (K + 1,), f(x_0), …, f(x_K). directional: (K,), η × the directional smoothness of each step. sharpness:
    (S,), the largest Hessian eigenvalue at the steps sharpness_steps (S,). lr: η. interrupted: True if the run was
    stopped before its last step. overflow_step: None, or the first step whose loss or gradient was not finite.
    """

    losses: np.ndarray
    directional: np.ndarray
    sharpness: np.ndarray
    sharpness_steps: np.ndarray
    lr: float
    interrupted: bool = False
    overflow_step: int | None = None

    @property
    def steps(self):
        """K, the number of steps taken."""
        return max(len(self.losses) - 1, 0)


def full_batch_gd(model, X, Y, lr, steps, sharpness_every=50, progress=True):
    """``steps`` updates x_{k+1} = x_k − η∇f(x_k) of ``model`` on f = `mse`(model(X), Y), as a `GDRun`.

    model: a torch module, trained in place. X: (n, inputs), Y: (n, outputs), floating tensors of its dtype and device.
    lr: η > 0. sharpness_every: measure the sharpness at steps 0, sharpness_every, …; None for never. progress: show a
    bar.

    The directional smoothness of a step Δx = x_{k+1} − x_k is ⟨∇f(x_{k+1}) − ∇f(x_k), Δx⟩/‖Δx‖², the curvature of f
    averaged along it. With Δx = −η∇f(x_k), η times it is 1 − ⟨∇f(x_{k+1}), ∇f(x_k)⟩/‖∇f(x_k)‖², which is how it is
    computed: nothing is lost by rounding when steps are short. It is 2 if the gradient is reflected, as on a 2-cycle.

    A KeyboardInterrupt ends the run, not the program: what was computed so far comes back, marked ``interrupted``.
    A run that overflows ends with its finite part and says so in a `DivergenceWarning`.
    Raises TypeError or ValueError, naming the argument.
    """
    lr, steps = checks.positive_number("lr", lr), checks.count("steps", steps)
    if sharpness_every is not None:
        sharpness_every = checks.count("sharpness_every", sharpness_every)
    parameters = _parameters(model, X, Y)
    # One vector that the parameters are views of: an update is one operation, done or not done when an interrupt comes.
    flat = torch.nn.utils.parameters_to_vector(parameters).detach().clone()
    torch.nn.utils.vector_to_parameters(flat, parameters)
    losses, directional, measured, measured_steps = [], [], [], []
    vector = previous = overflow = None
    interrupted = False
    try:
        for k in tqdm(range(steps + 1), desc=f"η = {lr:g}", unit="step", disable=not progress):
            loss = mse(model(X), Y)
            measure = sharpness_every is not None and k % sharpness_every == 0
            gradients = torch.autograd.grad(loss, parameters, retain_graph=measure, materialize_grads=True)
            gradient = torch.cat([part.reshape(-1) for part in gradients])
            value, squared_norm = loss.item(), torch.dot(gradient, gradient).item()
            if not (math.isfinite(value) and math.isfinite(squared_norm)):
                overflow = k
                break
            if measure:
                top, vector = sharpness(loss, parameters, start=vector)
                measured.append(top)
                measured_steps.append(k)
            if previous is not None:
                directional.append(1 - torch.dot(gradient, previous[0]).item() / previous[1])
            losses.append(value)
            if squared_norm == 0:  # a stationary point: every later step would be of length 0
                break
            previous = gradient, squared_norm
            if k < steps:
                flat.sub_(gradient, alpha=lr)
    except KeyboardInterrupt:
        interrupted = True
    if overflow is not None:
        warnings.warn(f"gradient descent with lr={lr:g} overflowed at step {overflow}", DivergenceWarning, stacklevel=2)
    kept, seen = max(len(losses) - 1, 0), sum(k < len(losses) for k in measured_steps)
    return GDRun(
        losses=np.array(losses),
        directional=np.array(directional[:kept]),
        sharpness=np.array(measured[:seen]),
        sharpness_steps=np.array(measured_steps[:seen], dtype=int),
        lr=lr,
        interrupted=interrupted,
        overflow_step=overflow,
    )


def _parameters(model, X, Y):
    """The parameters of ``model`` as a list, after a look at whether it maps X to something of Y's shape."""
    if not isinstance(model, torch.nn.Module):
        raise TypeError(f"model must be a torch.nn.Module, got {model!r}")
    parameters = list(model.parameters())
    if not parameters:
        raise ValueError(f"model must have parameters, got {model!r}")
    for name, array in (("X", X), ("Y", Y)):
        if not isinstance(array, torch.Tensor):
            raise TypeError(f"{name} must be a torch tensor, got {type(array).__name__}")
        if array.dtype != parameters[0].dtype or array.device != parameters[0].device:
            raise TypeError(
                f"{name} must have the model's dtype and device, {parameters[0].dtype} on {parameters[0].device}, "
                f"got {array.dtype} on {array.device}"
            )
        if not bool(array.isfinite().all()):
            raise ValueError(f"{name} must be finite, got {int((~array.isfinite()).sum())} entries that are not")
    try:
        with torch.no_grad():
            shape = tuple(model(X).shape)
    except RuntimeError as error:
        raise ValueError(f"X must have the shape that the model takes, got {tuple(X.shape)}: {error}") from None
    if shape != tuple(Y.shape):
        raise ValueError(f"Y must have the shape of the model's outputs, {shape}, got {tuple(Y.shape)}")
    return parameters
