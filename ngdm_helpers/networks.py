"""Networks, and two ways to train them: gradient descent on one batch, with its sharpness, and minibatch SGD.

This module and `penalties` are the only ones of the package that import torch when they are loaded. The full-batch
part is the setting of Cohen et al., "Gradient Descent on Neural Networks Typically Occurs at the Edge of Stability"
(ICLR 2021), made small enough for a laptop: one loss, one fixed batch, plain gradient descent. The minibatch part is
the setting of the paper's Figure 2: the VGG networks of its Appendix A on small images.
"""

import contextlib
import itertools
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


class Abs(torch.nn.Module):
    """|x|, whose slope jumps by 2 at 0: twice ReLU's kink."""

    def forward(self, x):
        return x.abs()


class Bridge(torch.nn.Module):
    """x·Φ(βx), Φ the standard normal distribution function: GELU for β = 1, ReLU for β → ∞, C^∞ in between."""

    def __init__(self, beta):
        super().__init__()
        self.beta = beta

    def forward(self, x):
        return torch.nn.functional.gelu(self.beta * x) / self.beta  # one fused kernel, and the same number

    def extra_repr(self):
        return f"β={self.beta:g}"


ACTIVATIONS = {
    "relu": torch.nn.ReLU,
    "tanh": torch.nn.Tanh,
    "gelu": torch.nn.GELU,
    "elu": torch.nn.ELU,
    "abs": Abs,
    "leaky": lambda: torch.nn.LeakyReLU(0.5),  # max(x, x/2): half of ReLU's kink
}


def activation_layer(activation):
    """The layer named ``activation``: one of ACTIVATIONS, or "bridge-β" with a number β > 0, such as "bridge-10"."""
    if isinstance(activation, str) and activation.startswith("bridge-"):
        try:
            beta = float(activation.removeprefix("bridge-"))
        except ValueError:
            beta = math.nan
        if not 0 < beta < math.inf:
            raise ValueError(f"activation must be bridge-β with a number β > 0, got {activation!r}")
        return Bridge(beta)
    return ACTIVATIONS[checks.choice("activation", activation, ACTIVATIONS)]()


def mlp(activation, widths=(64, 64, 64, 10), seed=0):
    """A fully connected network, ``activation`` between its linear layers, none after the last.

    activation: see `activation_layer`. widths: (inputs, hidden, …, outputs), two or more positive integers; the default
    has 8970 parameters. seed: of torch's default initialisation, U(−1/√inputs, 1/√inputs) for every weight and bias;
    torch's global generator is left as it was. Raises TypeError or ValueError, naming the argument.
    """
    activation_layer(activation)
    if isinstance(widths, str) or not isinstance(widths, Iterable):
        raise TypeError(f"widths must be two or more positive integers, got {widths!r}")
    widths = [checks.count(f"widths[{i}]", width) for i, width in enumerate(widths)]
    if len(widths) < 2:
        raise ValueError(f"widths must be two or more positive integers, got {widths!r}")
    with _seeded(seed):
        layers = [torch.nn.Linear(widths[0], widths[1])]
        for inputs, outputs in itertools.pairwise(widths[1:]):
            layers += [activation_layer(activation), torch.nn.Linear(inputs, outputs)]
    return torch.nn.Sequential(*layers)


def mse(outputs, targets):
    """(1/n) Σᵢ ‖outputsᵢ − targetsᵢ‖², both (n, m): summed over the m outputs, averaged over the n examples, no ½.

    It is m times torch.nn.MSELoss, which averages over the outputs too: a sharpness or an η measured with one of the
    two does not carry over to the other.
    """
    return (outputs - targets).square().sum() / targets.shape[0]


# --- the networks of Figure 2 -----------------------------------------------------------------------------------------

VGG = {  # Appendix A, as printed: channels of the 3×3 convolutions; "M", there a max pool, is an average pool here
    11: (16, "M", 32, "M", 32, 32, "M", 64, 64, "M", 64, 64, "M"),
    13: (16, 16, "M", 32, 32, "M", 32, 32, "M", 64, 64, "M", 64, 64, "M"),
    19: (16, 16, "M", 32, 32, "M", 32, 32, 32, 32, "M", 64, 64, 64, 64, "M", 64, 64, 64, 64, "M"),
}
INITIALISATIONS = ("default", "kaiming", "variance-preserving")
_PROBES = 256  # images that "variance-preserving" is measured on


def vgg(depth, activation="relu", init="default", gain=1.0, seed=0, images=None):
    """Appendix A's network: ``depth`` − 3 convolutions 3×3, average pools between them, then Linear(64, 10).

    It takes (n, 3, 32, 32) to (n, 10), and is kuangliu's VGG with the appendix's three changes: no batch
    normalisation, average for max pools, fewer channels; Linear(512, 10) becomes Linear(64, 10) with them. (As in
    kuangliu's code, VGG19 has 17 layers with weights rather than 19, because two of three linear ones are dropped; so
    9 and 11 for the others.) depth: 11, 13 or 19. activation: see `activation_layer`, after every convolution.

    init: "default", torch's, U(−1/√fan_in, 1/√fan_in) for weights and biases;
    "kaiming", weights N(0, g²/fan_in) with g = `activation_gain`, biases 0, which keeps mean squares where neither
    padding nor pooling changes them;
    "variance-preserving", the same and then, layer by layer from the first, every weight scaled so that the layer's
    outputs have mean square 1 on the first 256 of ``images`` (n, 3, 32, 32) (Mishkin and Matas 2016): what padding and
    pooling take is made up for, whatever the activation.
    gain: every weight is multiplied by it at the end. seed: of the draw; torch's global generator is left as it was.

    The network is on the device of ``images``, in channels-last order. Raises TypeError or ValueError, naming the
    argument.
    """
    if depth not in VGG:
        raise ValueError(f"depth must be one of {', '.join(map(str, VGG))}, got {depth!r}")
    checks.choice("init", init, INITIALISATIONS)
    gain = checks.positive_number("gain", gain)
    if init == "variance-preserving" and images is None:
        raise ValueError("images must be given for init='variance-preserving', got None")
    if images is not None and (not isinstance(images, torch.Tensor) or tuple(images.shape[1:]) != (3, 32, 32)):
        shape = tuple(images.shape) if isinstance(images, torch.Tensor) else images
        raise ValueError(f"images must be a torch tensor of shape (n, 3, 32, 32), got {shape!r}")
    with _seeded(seed):
        layers, channels = [], 3
        for width in VGG[depth]:
            if width == "M":
                layers.append(torch.nn.AvgPool2d(2))
            else:
                layers += [torch.nn.Conv2d(channels, width, 3, padding=1), activation_layer(activation)]
                channels = width
        model = torch.nn.Sequential(*layers, torch.nn.AvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(channels, 10))
        if init != "default":
            for layer in _weighted(model):
                spread = activation_gain(activation) / math.sqrt(layer.weight[0].numel())
                torch.nn.init.normal_(layer.weight, std=spread)
                torch.nn.init.zeros_(layer.bias)
    if images is not None:
        model = model.to(images.device)
    model = model.to(memory_format=torch.channels_last)
    with torch.no_grad():
        if init == "variance-preserving":
            outputs = images[:_PROBES]
            for layer in model:
                if hasattr(layer, "weight"):
                    layer.weight /= layer(outputs).square().mean().sqrt()
                outputs = layer(outputs)
        for layer in _weighted(model):
            layer.weight *= gain
    return model


def _weighted(model):
    """The convolutions and linear layers of a `vgg`, in order."""
    return [layer for layer in model if hasattr(layer, "weight")]


def activation_gain(activation, scale=1.0):
    """s/√E[φ(sz)²] for the activation φ, s = ``scale``, a standard normal z: √2 for ReLU (He et al. 2015), 1 for |x|.

    Weights of variance gain²/fan_in keep the mean square s² of what goes through φ and a wide linear layer. For φ that
    is not positively homogeneous it depends on s: GELU's is 1.53 at s = 1 and grows to 2 as s → 0. By quadrature.
    """
    scale = checks.positive_number("scale", scale)
    z, density = _normal()
    return scale / math.sqrt(torch.trapezoid(activation_layer(activation)(scale * z).square() * density, z).item())


def mean_share(activation, scale=1.0):
    """E[φ(sz)]²/E[φ(sz)²], in [0, 1], for s = ``scale`` and a standard normal z: how much of φ is a constant.

    It is the correlation that one wide random layer gives to two inputs without any: 0 for tanh, 1/π for ReLU, 2/π for
    |x|. The larger, the sooner a deep network, before it is trained, maps all inputs to nearly the same output (Poole
    et al. 2016). By quadrature.
    """
    scale = checks.positive_number("scale", scale)
    z, density = _normal()
    values = activation_layer(activation)(scale * z)
    return (torch.trapezoid(values * density, z) ** 2 / torch.trapezoid(values.square() * density, z)).item()


def _normal():
    """A grid with a node at 0, where the kinks are, and the standard normal density on it, both (48 001,)."""
    z = torch.linspace(-12, 12, 48_001, dtype=torch.float64)
    return z, torch.exp(-z.square() / 2) / math.sqrt(2 * math.pi)


def mean_squares(model, X):
    """The mean square of the outputs of each layer with weights of a `vgg` on images X, a NumPy array (layers,)."""
    found, outputs = [], X
    with torch.no_grad():
        for layer in model:
            outputs = layer(outputs)
            if hasattr(layer, "weight"):
                found.append(outputs.square().mean().item())
    return np.array(found)


# --- sharpness --------------------------------------------------------------------------------------------------------


def sharpness(loss, parameters, start=None, tolerance=1e-4):
    """The largest eigenvalue of the Hessian of ``loss``, a float, and its unit eigenvector, a NumPy array (p,).

    loss: a scalar tensor that was just computed from ``parameters``, one tensor or several, of p entries in all; its
    graph is kept. start: (p,), where the Lanczos iteration begins, best the eigenvector of a nearby point; without it
    a fixed random vector, so that the answer is reproducible. tolerance: relative, 0 for machine precision.

    Lanczos (ARPACK, by scipy.sparse.linalg.eigsh) on Hessian-vector products, each a backward pass through the
    gradient (Pearlmutter 1994): the Hessian is never formed. "Largest" is algebraic: an eigenvalue below 0 is not
    large.

    Raises TypeError or ValueError, naming the argument, if the loss is no finite scalar, or is linear in parameters;
    FloatingPointError if its Hessian overflows.
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
        column = torch.cat([part.reshape(-1) for part in columns]).cpu().numpy().astype(np.float64)
        if not np.isfinite(column).all():
            raise FloatingPointError("the Hessian of loss must be finite, got a product with it that is not")
        return column

    if p == 1:
        return float(product([1.0])[0]), np.ones(1)
    if start is None:
        start = np.random.default_rng(0).standard_normal(p)
    elif np.shape(start) != (p,):
        raise ValueError(f"start must have shape ({p},), one entry a parameter, got {np.shape(start)}")
    elif not np.any(start):
        raise ValueError("start must not be 0 in every entry, got zeros")
    if not product(start).any() and not product(np.random.default_rng(0).standard_normal(p)).any():
        return 0.0, np.asarray(start) / np.linalg.norm(start)  # a Hessian of 0: Lanczos could not begin
    hessian = LinearOperator((p, p), matvec=product, dtype=np.float64)
    with cpu_threads(1):
        values, vectors = eigsh(hessian, k=1, which="LA", v0=start, tol=tolerance)
    return float(values[0]), vectors[:, 0]


def second_differences(model, X, Y, distances):
    """(f(θ + tv) + f(θ − tv) − 2f(θ))/t² of f = `mse`(model(X), Y) along the top eigenvector v of its Hessian at θ.

    distances: the t > 0, (T,). Returns the largest Hessian eigenvalue, a float, to which the differences tend as t → 0
    where there is a Hessian; the differences, (T,); and ‖∇f(θ)‖, a float, which times η is the length of the next
    step. Where f grows subquadratically along v, they fall with t. The model is left as it was.
    Raises TypeError or ValueError, naming the argument.
    """
    weights = _parameters(model, X, Y)
    distances = np.atleast_1d(checks.positive("distances", np.asarray(distances, dtype=np.float64)))
    loss = mse(model(X), Y)
    top, v = sharpness(loss, weights)
    gradient = torch.cat([part.flatten() for part in torch.autograd.grad(loss, weights)])
    here = torch.cat([part.detach().reshape(-1) for part in weights])
    v = torch.as_tensor(v, dtype=here.dtype, device=here.device)

    def value(t):
        torch.nn.utils.vector_to_parameters(here + t * v, weights)
        return mse(model(X), Y).item()

    with torch.no_grad(), cpu_threads(1):
        ahead, behind = (np.array([value(sign * t) for t in distances]) for sign in (1, -1))
        middle = value(0.0)  # which puts the weights back
    return top, (ahead + behind - 2 * middle) / distances**2, float(gradient.norm())


class _Gate(torch.nn.Module):
    """Multiplication by 0 or 1, for each example and unit."""

    def __init__(self, states):
        super().__init__()
        self.register_buffer("states", states)

    def forward(self, x):
        return x * self.states


def frozen(model, X):
    """``model`` with every ReLU kept in the state, on or off, that it has on each example of X now: without kinks.

    model: a torch.nn.Sequential such as `mlp("relu")`, whose weights the result shares. It takes X only, and there has
    the outputs, the gradient and the Hessian (as autograd computes it) of the model. TypeError for another module.
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


# --- gradient descent -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class GDRun:
    """What `full_batch_gd` left behind; x_0, …, x_K are the parameters it went through.

    losses: (K + 1,), f(x_0), …, f(x_K). directional: (K,), η × the directional smoothness of each step. sharpness:
    (S,), the largest Hessian eigenvalue at the steps sharpness_steps (S,). lr: η. interrupted: True if the run was
    stopped before its last step. overflow_step: None, or the first step whose loss, gradient or Hessian was not
    finite.
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
    bar. On a CPU the run has one thread, see `cpu_threads`.

    The directional smoothness of a step Δx = x_{k+1} − x_k is ⟨∇f(x_{k+1}) − ∇f(x_k), Δx⟩/‖Δx‖², the curvature of f
    averaged along it. With Δx = −η∇f(x_k), η times it is 1 − ⟨∇f(x_{k+1}), ∇f(x_k)⟩/‖∇f(x_k)‖², which is how it is
    computed: nothing is lost by rounding when steps are short. It is 2 if the gradient is reflected, as on a 2-cycle.
    It is NaN after a step of length 0.

    A KeyboardInterrupt ends the run, not the program: what was computed so far comes back, marked ``interrupted``.
    A run that overflows ends with its finite part and says so in a `DivergenceWarning`.
    Raises TypeError or ValueError, naming the argument.
    """
    lr, steps = checks.positive_number("lr", lr), checks.count("steps", steps)
    if sharpness_every is not None:
        sharpness_every = checks.count("sharpness_every", sharpness_every)
    parameters = _parameters(model, X, Y)
    # One vector that the parameters are views of: an update is one operation, done or not done when an interrupt comes.
    flat = torch.cat([part.detach().reshape(-1) for part in parameters])
    torch.nn.utils.vector_to_parameters(flat, parameters)
    losses, directional, measured = [], [], []  # measured: (step, sharpness)
    vector = previous = overflow = None
    interrupted = False
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
                    top, vector = sharpness(loss, parameters, start=vector)
                    measured.append((k, top))
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
    if overflow is not None:
        warnings.warn(f"gradient descent with lr={lr:g} overflowed at step {overflow}", DivergenceWarning, stacklevel=2)
    measured = [(k, top) for k, top in measured if k < len(losses)]  # an interrupt may have come in between
    return GDRun(
        losses=np.array(losses),
        directional=np.array(directional[: max(len(losses) - 1, 0)]),
        sharpness=np.array([top for _, top in measured]),
        sharpness_steps=np.array([k for k, _ in measured], dtype=int),
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
    dtype, device = parameters[0].dtype, parameters[0].device
    for name, array in (("X", X), ("Y", Y)):
        if not isinstance(array, torch.Tensor):
            raise TypeError(f"{name} must be a torch tensor, got a {type(array).__name__}")
        if array.dtype != dtype or array.device != device:
            raise TypeError(f"{name} must be {dtype} on {device} like the model, got {array.dtype} on {array.device}")
        if not bool(array.isfinite().all()):
            raise ValueError(f"{name} must be finite, got {int((~array.isfinite()).sum())} entries that are not")
    try:
        with torch.no_grad():
            shape = tuple(model(X).shape)
    except RuntimeError as error:
        raise ValueError(f"X must have a shape that the model takes, got {tuple(X.shape)}: {error}") from None
    if shape != tuple(Y.shape):
        raise ValueError(f"Y must have the shape of the model's outputs, {shape}, got {tuple(Y.shape)}")
    return parameters


# --- minibatch training -----------------------------------------------------------------------------------------------

OPTIMIZERS = {
    "sgd": lambda parameters, lr: torch.optim.SGD(parameters, lr=lr, momentum=0.9),
    "adam": lambda parameters, lr: torch.optim.Adam(parameters, lr=lr),
}
_LOOK_EVERY = 20  # steps between looks at whether a loss is still finite: each makes a GPU wait


@dataclass(frozen=True, eq=False)
class TrainingRun:
    """What `train` left behind.

    losses: (models, K), the minibatch loss of each model at steps 0, …, K − 1, before the step's update; NaN from where
    it was not finite. lr: η. interrupted: True if training was stopped before its last step.
    """

    losses: np.ndarray
    lr: float
    interrupted: bool = False


def train(models, X, y, lr, steps, batch=16, optimizer="sgd", seeds=None, together=True, threads=1, progress=True):
    """Minibatch training on the cross-entropy, several models side by side on batches of their own: a `TrainingRun`.

    models: a list of `vgg` of one depth and activation, trained in place. X: (n, 3, 32, 32) float32, y: (n,) int64, on
    one device; models are moved there. lr: η > 0. optimizer: "sgd", with momentum 0.9, or "adam". seeds: of the
    `minibatches` of each model; without, 0, 1, …. progress: show a bar.
    together: train them as one network of grouped convolutions, the same numbers up to rounding; faster at this batch
    (benchmarks/training.py measures it, and torch.func.vmap, which is slower). False: one after the other.
    threads: of torch on a CPU, see `cpu_threads`; more pay from batches of some hundred images on.

    The images are one tensor on the device and a batch is an index into it: no worker processes. A model whose loss is
    no longer finite is left behind; a KeyboardInterrupt ends the training, not the program. Raises TypeError or
    ValueError, naming the argument.
    """
    lr, steps = checks.positive_number("lr", lr), checks.count("steps", steps)
    make = OPTIMIZERS[checks.choice("optimizer", optimizer, OPTIMIZERS)]
    models, count, threads = _alike(models), _labelled(X, y), checks.count("threads", threads)
    seeds = range(len(models)) if seeds is None else list(seeds)
    if len(seeds) != len(models):
        raise ValueError(f"seeds must be one for each of the {len(models)} models, got {len(seeds)}")
    batches = torch.stack([minibatches(count, batch, steps, seed) for seed in seeds]).to(X.device)
    together = together and len(models) > 1
    for model in models:
        model.to(X.device, memory_format=torch.channels_last)
    X = X.contiguous(memory_format=torch.channels_last)
    losses = torch.full((len(models), steps), math.nan, device=X.device)
    # What is trained: networks, each with the rows of batches and losses that belong to it.
    parts = [(_grouped(models), slice(None))] if together else [(m, slice(i, i + 1)) for i, m in enumerate(models)]
    running = [(network, rows, make(network.parameters(), lr)) for network, rows in parts]
    done, interrupted = 0, False
    try:
        with cpu_threads(threads):
            for k in tqdm(range(steps), desc=f"η = {lr:g}", unit="step", disable=not progress):
                for network, rows, updates in running:
                    chosen = batches[rows, k]
                    loss = cross_entropies(network, X[chosen], y[chosen])
                    updates.zero_grad()
                    loss.sum().backward()
                    updates.step()
                    losses[rows, k] = loss.detach()
                done = k + 1
                if k % _LOOK_EVERY == 0:
                    running = [part for part in running if bool(losses[part[1], k].isfinite().any())]
                    if not running:
                        break
    except KeyboardInterrupt:
        interrupted = True
    if together:
        _ungroup(parts[0][0], models)
    losses = losses.cpu().numpy().astype(np.float64)
    losses[np.cumsum(~np.isfinite(losses), axis=1) > 0] = math.nan
    return TrainingRun(losses[:, :done] if interrupted else losses, lr, interrupted)


def minibatches(count, batch, steps, seed=0):
    """(steps, batch) indices into ``count`` examples, int64: shuffled anew for each pass, an incomplete batch left out.

    Raises TypeError or ValueError, naming the argument.
    """
    count, batch = checks.count("count", count), checks.count("batch", batch)
    steps = checks.count("steps", steps)
    if batch > count:
        raise ValueError(f"batch must be at most {count}, the number of examples, got {batch}")
    with _seeded(seed):
        passes = math.ceil(steps / (count // batch))
        order = [torch.randperm(count)[: count // batch * batch] for _ in range(passes)]
    return torch.cat(order).view(-1, batch)[:steps]


def cross_entropies(network, X, y):
    """(models,): each model's mean cross-entropy on its own batch. X: (models, batch, 3, 32, 32), y: (models, batch).

    network: a model, or what `_grouped` made of several.
    """
    models, batch = y.shape
    channels = X.transpose(0, 1).reshape(batch, -1, *X.shape[3:])  # the models' images as groups of channels
    outputs = network(channels.contiguous(memory_format=torch.channels_last)).view(batch, models, -1)
    losses = torch.nn.functional.cross_entropy(outputs.transpose(1, 2), y.T, reduction="none")
    return losses.mean(dim=0)


def _grouped(models):
    """One network of grouped convolutions that computes what each of the models does, side by side in its channels."""
    count, layers = len(models), []
    for alike in zip(*models, strict=True):
        layer = alike[0]
        if hasattr(layer, "weight"):
            outputs, inputs = layer.weight.shape[:2]
            size = layer.weight.shape[2] if layer.weight.ndim == 4 else 1  # a linear layer is a 1×1 convolution
            layer = torch.nn.Conv2d(count * inputs, count * outputs, size, padding=size // 2, groups=count)
            with torch.no_grad():
                layer.weight.copy_(torch.cat([each.weight.view(outputs, inputs, size, size) for each in alike]))
                layer.bias.copy_(torch.cat([each.bias for each in alike]))
        layers.append(torch.nn.Identity() if isinstance(layer, torch.nn.Flatten) else layer)
    return torch.nn.Sequential(*layers).to(models[0][0].weight.device, memory_format=torch.channels_last)


def _ungroup(network, models):
    """The parameters of a `_grouped` network back into the models."""
    with torch.no_grad():
        for layer, *alike in zip(network, *models, strict=True):
            if hasattr(layer, "weight"):
                parts = zip(alike, layer.weight.chunk(len(models)), layer.bias.chunk(len(models)), strict=True)
                for each, weight, bias in parts:
                    each.weight.copy_(weight.view(each.weight.shape))
                    each.bias.copy_(bias)


def _alike(models):
    """``models`` as a list, after a look at whether they have the layers of one another."""
    models = list(models) if isinstance(models, (list, tuple)) else [models]
    if not models or not all(isinstance(model, torch.nn.Sequential) for model in models):
        raise TypeError(f"models must be a list of networks.vgg(…), got {models!r}")
    for model in models[1:]:
        if [repr(layer) for layer in model] != [repr(layer) for layer in models[0]]:
            raise ValueError("models must have the same layers, got networks that differ in depth or activation")
    return models


def _labelled(X, y):
    """The number of examples, after a look at whether X and y are images and their labels."""
    for name, array, dtype in (("X", X, torch.float32), ("y", y, torch.int64)):
        if not isinstance(array, torch.Tensor):
            raise TypeError(f"{name} must be a torch tensor, got a {type(array).__name__}")
        if array.dtype != dtype:
            raise TypeError(f"{name} must have dtype {dtype}, got {array.dtype}")
    if X.ndim != 4 or tuple(X.shape[1:]) != (3, 32, 32):
        raise ValueError(f"X must have shape (n, 3, 32, 32), got {tuple(X.shape)}")
    if tuple(y.shape) != (len(X),) or y.device != X.device:
        raise ValueError(f"y must have shape ({len(X)},) on {X.device} like X, got {tuple(y.shape)} on {y.device}")
    if not bool(((y >= 0) & (y < 10)).all()):
        raise ValueError(f"y must be labels 0, …, 9, got {int(y.min())} to {int(y.max())}")
    return len(X)


# --- what both need ---------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _seeded(seed):
    """torch's global generator (the CPU's, which initialises) seeded with ``seed``, then put back as it was."""
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
        raise TypeError(f"seed must be an integer, got {seed!r}")
    if not 0 <= seed < 2**63:
        raise ValueError(f"seed must be at least 0 and below 2**63, got {seed}")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(seed))
        yield


@contextlib.contextmanager
def cpu_threads(count):
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
