"""Training on minibatches: several networks side by side on the cross-entropy, or with an ℓ1 penalty, one for each λ.

The paper's Appendix B writes the penalty λ‖β‖₁ into the loss and leaves its gradient, λ·sign(β), to automatic
differentiation: several sweeps over all weights for something known in closed form. Here automatic differentiation
sees the data loss alone. The rest of a step, ‖β‖₁ included, is done block by block while a block lies in the
processor's cache, with the same floating-point operations, so that the weights are the same.
"""

import copy
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from tqdm.auto import tqdm

from ngdm_helpers import checks
from ngdm_helpers.networks.models import accuracy, checked_seed, checked_tensor, cpu_threads, output_shape, trainable

__all__ = [
    "METHODS", "OPTIMIZERS", "FineTuned", "TrainingRun", "buffers", "count_small_weights", "cross_entropies",
    "fine_tune", "minibatches", "shuffled_by_epoch", "shuffled_in_turn", "train", "update", "update_many",
]  # fmt: skip

# --- minibatches ------------------------------------------------------------------------------------------------------

# Two ways to shuffle, because the recorded runs were drawn under these two: changing one would orphan its records.
Orders = Callable[[int, int], Iterator[Tensor]]


def shuffled_in_turn(count: int, seed: int) -> Iterator[Tensor]:
    """The orders of ``count`` examples in epoch 0, 1, …: permutations drawn in turn by one torch generator."""
    generator = torch.Generator().manual_seed(seed)
    while True:
        yield torch.randperm(count, generator=generator)


def shuffled_by_epoch(count: int, seed: int) -> Iterator[Tensor]:
    """The orders of ``count`` examples in epoch 0, 1, …: each by a NumPy generator of its own, of seed and epoch."""
    for epoch in itertools.count():
        yield torch.from_numpy(np.random.default_rng((seed, epoch)).permutation(count))


def minibatches(
    count: int, batch: int, steps: int, seed: int = 0, first: int = 0, orders: Orders = shuffled_in_turn
) -> Iterator[Tensor]:
    """The minibatches of steps ``first``, …, steps − 1: index tensors (batch,) into ``count`` examples, int64.

    Each epoch has an order of its own, see ``orders``, and an incomplete last batch is left out. The order depends on
    ``seed`` alone, so that a run can go on anywhere. Raises TypeError or ValueError, naming the argument.
    """
    count, batch, steps = checks.count("count", count), checks.count("batch", batch), checks.count("steps", steps)
    seed = checked_seed(seed)
    checks.require("batch", batch, batch <= count, f"at most {count}, the number of examples")
    checks.require("first", first, 0 <= first <= steps, f"from 0 to {steps}, the number of steps")
    past_epochs, start = divmod(first, count // batch)
    epochs = itertools.islice(orders(count, seed), past_epochs, None)
    batches = (chosen for order in epochs for chosen in order[: count // batch * batch].split(batch))
    return itertools.islice(batches, start, start + steps - first)


# --- several networks side by side ------------------------------------------------------------------------------------

OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "sgd": lambda parameters, lr: torch.optim.SGD(parameters, lr=lr, momentum=0.9),
    "adam": lambda parameters, lr: torch.optim.Adam(parameters, lr=lr),
}
_LOOK_EVERY = 20  # steps between looks at whether a loss is still finite: each makes a GPU wait


@dataclass(frozen=True, eq=False)
class TrainingRun:
    """The result of `train`.

    losses: (models, K), the minibatch loss of each model at steps 0, …, K − 1, before the step's update; NaN from where
    it was not finite. lr: η. interrupted: True if training was stopped before its last step.
    """

    losses: np.ndarray
    lr: float
    interrupted: bool = False


def train(
    models: Sequence[torch.nn.Sequential],
    X: Tensor,
    y: Tensor,
    lr: float,
    steps: int,
    batch: int = 16,
    optimizer: str = "sgd",
    seeds: Iterable[int] | None = None,
    together: bool = True,
    threads: int = 1,
    progress: bool = True,
) -> TrainingRun:
    """Minibatch training on the cross-entropy, several models side by side on batches of their own: a `TrainingRun`.

    models: a list of `vgg` of one depth and activation, trained in place. X: (n, 3, 32, 32) float32, y: (n,) int64, on
    one device; models are moved there. lr: η > 0. optimizer: "sgd", with momentum 0.9, or "adam". seeds: of the
    `minibatches` of each model; without, 0, 1, …. progress: show a bar.
    together: train them as one network of grouped convolutions, the same numbers up to rounding; faster at this batch
    (benchmarks/training.py measures it, and torch.func.vmap, which is slower). False: one after the other.
    threads: of torch on a CPU, see `cpu_threads`; more pay from batches of some hundred images on.

    A batch is an index into the images, which are one tensor on the device. A model whose loss is not finite is trained
    no further; a KeyboardInterrupt ends no more than the training. Raises TypeError or ValueError, naming the argument.
    """
    lr, steps = checks.positive_number("lr", lr), checks.count("steps", steps)
    make = OPTIMIZERS[checks.choice("optimizer", optimizer, OPTIMIZERS)]
    models, count, threads = _alike(models), _labelled(X, y, torch.float32), checks.count("threads", threads)
    if tuple(X.shape[1:]) != (3, 32, 32):
        raise ValueError(f"X must have shape (n, 3, 32, 32), got {tuple(X.shape)}")
    if (dtype := models[0][0].weight.dtype) != X.dtype:
        raise TypeError(f"models must have the dtype of X ({X.dtype}), got {dtype}")
    if int(y.max()) > 9:
        raise ValueError(f"y must be labels 0, …, 9, got {int(y.min())} to {int(y.max())}")
    seeds = range(len(models)) if seeds is None else list(seeds)
    checks.require("seeds", len(seeds), len(seeds) == len(models), f"one for each of the {len(models)} models")
    batches = torch.stack([torch.stack([*minibatches(count, batch, steps, seed)]) for seed in seeds]).to(X.device)
    together = together and len(models) > 1
    for model in models:
        model.to(X.device).to(memory_format=torch.channels_last)
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
                    if not (running := [part for part in running if bool(losses[part[1], k].isfinite().any())]):
                        break
    except KeyboardInterrupt:
        interrupted = True
    if together:
        _ungroup(parts[0][0], models)
    finite = losses.cpu().numpy().astype(np.float64)
    finite[np.cumsum(~np.isfinite(finite), axis=1) > 0] = math.nan
    return TrainingRun(finite[:, :done] if interrupted else finite, lr, interrupted)


def cross_entropies(network: torch.nn.Module, X: Tensor, y: Tensor) -> Tensor:
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
    """Check that the models have the layers of one another; return them as a list."""
    models = list(models) if isinstance(models, (list, tuple)) else [models]
    if not models or not all(isinstance(model, torch.nn.Sequential) for model in models):
        raise TypeError(f"models must be a list of networks.vgg(…), got {models!r}")
    for i, model in enumerate(models):
        trainable(model, f"models[{i}]")
        if [repr(layer) for layer in model] != [repr(layer) for layer in models[0]]:
            raise ValueError("models must have the same layers, got networks that differ in depth or activation")
    return models


def _labelled(X, y, dtype, device=None):
    """Check that X and y are examples of this dtype (on this device) and their labels; return how many."""
    checked_tensor("X", X, dtype, device)
    checked_tensor("y", y, torch.int64, X.device)
    if tuple(y.shape) != (len(X),):
        raise ValueError(f"y must have a label for each of the {len(X)} examples, got shape {tuple(y.shape)}")
    if not len(X):
        raise ValueError("X must have at least one example, got none")
    if bool((y < 0).any()):
        raise ValueError(f"y must be labels 0, 1, …, got {int(y.min())}")
    return len(X)


# --- the ℓ1 penalty ---------------------------------------------------------------------------------------------------

MOMENTUM = 0.9
BETAS, EPSILON = (0.9, 0.999), 1e-8  # Adam's, torch's defaults
SMALL = 1e-5  # the threshold at which the paper counts
_BLOCK = 2**18  # entries: 1 MiB of float32, so that a block, its gradient and Adam's memory lie in the cache together

Tensors = Iterable[Tensor]


def buffers(weights: Tensors, method: str) -> list[list[Tensor]]:
    """What ``method`` remembers from step to step, zero at the start: for each weight a list of tensors like it.

    One for "momentum", two for "adam", none for "sgd" and "proximal". ValueError for another method.
    """
    count = _RULES[checks.choice("method", method, METHODS)][1]
    return [[torch.zeros_like(weight) for _ in range(count)] for weight in weights]


def update(
    weights: Tensors, gradients: Tensors, memory: Iterable, step: int, lr: float, lam: float, method: str = "sgd"
) -> Tensor:
    """One step on (data loss) + λ‖β‖₁, in place; returns ‖β‖₁ after it, a float64 tensor.

    weights: the parameters, floating tensors. gradients: of the data loss alone, shaped like weights; they may be
    overwritten, and an expanded one is never written out whole on a CPU. memory: what `buffers` returned for them,
    updated. step: 1 for the first step, 2 for the next, … (Adam's bias correction). lr: η > 0. lam: λ ≥ 0, a number.
    method: with g = gradient + λ·sign(β), sign(0) = 0, the step is torch.optim's SGD ("sgd"), SGD with momentum 0.9
    ("momentum") or Adam with its defaults ("adam") on g. "proximal": β ← S(β − η·gradient, ηλ), the soft threshold.

    Raises TypeError or ValueError, naming the argument.
    """
    if checks.is_array(lam) or isinstance(lam, (list, tuple)):
        raise TypeError(f"lam must be a number (update_many takes one for each network), got a {type(lam).__name__}")
    lam = checks.nonnegative("lam", lam, checks.NUMBER)
    return _update(1, weights, gradients, memory, step, lr, lam, _add_number, method)[0]


def update_many(
    weights: Tensors, gradients: Tensors, memory: Iterable, step: int, lr: float, lam: Tensor, method: str = "sgd"
) -> Tensor:
    """`update` for L networks side by side, whose weights have the shape (L, …) each: returns their norms, (L,).

    lam: (L,), one λ ≥ 0 for each network. Raises TypeError or ValueError, naming the argument.
    """
    if not isinstance(lam, Tensor):
        raise TypeError(f"lam must be a torch tensor (L,), got a {type(lam).__name__}")
    if lam.ndim != 1 or not bool(((lam >= 0) & lam.isfinite()).all()):
        raise ValueError(f"lam must be a torch tensor (L,), non-negative and finite, got {lam!r}")
    weights = list(weights)
    for weight in weights:
        if weight.ndim < 1 or weight.shape[0] != len(lam):
            raise ValueError(f"weights must have the shape ({len(lam)}, …) for {len(lam)} λ, got {tuple(weight.shape)}")
    return _update(len(lam), weights, gradients, memory, step, lr, lam[:, None], _add_column, method)


def _add_number(weight, gradient, lam):
    gradient.add_(torch.sign(weight), alpha=lam)  # a tenth faster than multiplying first


def _add_column(weight, gradient, lam):
    gradient.add_(torch.sign(weight).mul_(lam))


@torch.no_grad()
def _update(copies, weights, gradients, memory, step, lr, lam, add_penalty, method):
    """The step of both doors on ``copies`` networks; (copies,) norms. lam: a number, or a column (copies, 1)."""
    rule, remembered = _RULES[checks.choice("method", method, METHODS)]
    lr, step = checks.positive_number("lr", lr), checks.count("step", step)
    weights, gradients, memory = list(weights), list(gradients), list(memory)
    if not len(weights) == len(gradients) == len(memory) > 0:
        lengths = f"{len(gradients)} and {len(memory)} for {len(weights)}"
        raise ValueError(f"gradients and memory must have an entry for each of one or more weights, got {lengths}")
    norms = []
    # Each gradient is a scratchpad for its own weight; autograd hands out one tensor for a and b of a + b.
    places = [gradient.data_ptr() for gradient in gradients]
    gradients = [g.clone() if places[i] in places[:i] else g for i, g in enumerate(gradients)]
    for weight, gradient, buffered in zip(weights, gradients, memory, strict=True):
        if gradient.shape != weight.shape:
            shapes = f"{tuple(gradient.shape)} for {tuple(weight.shape)}"
            raise ValueError(f"gradients must be shaped like weights, got {shapes}")
        if [part.shape for part in buffered] != [weight.shape] * remembered:
            allowed = f"as buffers(weights, {method!r}) returned it, {remembered} tensor(s) like each weight"
            raise ValueError(f"memory must be {allowed}, got {[tuple(part.shape) for part in buffered]}")
        for part in _aligned(copies, weight, gradient, *buffered):
            for beta, slope, *state in _blocks(copies, *part):
                if method != "proximal":
                    add_penalty(beta, slope, lam)
                rule(beta, slope, *state, step, lr, lam)
                norms.append(torch.abs(beta, out=slope).sum(1))  # the gradient has done its work
    return torch.stack(norms).sum(0, dtype=torch.float64)


def _aligned(copies, weight, gradient, *buffered):
    """The arguments, with the gradient in the weight's order in memory, so that blocks correspond.

    Where that takes a copy they come in slices along the first axis, each of a block's size.
    """
    if gradient.stride() == weight.stride():
        yield weight, gradient, *buffered
        return
    sliced = copies == 1 and weight.device.type == "cpu"
    rows = max(1, _BLOCK // weight[0].numel()) if sliced else len(weight)
    for part, slope, *state in zip(*(tensor.split(rows) for tensor in (weight, gradient, *buffered)), strict=True):
        yield part, torch.empty_like(part).copy_(slope), *state


def _blocks(copies, *tensors):
    """Slices (copies, ≤ block) of tensors of one size, each seen as ``copies`` rows; on a GPU one block is all."""
    rows = [_rows(tensor, copies) for tensor in tensors]
    width = max(1, _BLOCK // copies) if rows[0].device.type == "cpu" else rows[0].shape[1]
    return zip(*(row.split(width, dim=1) for row in rows), strict=True)


def _rows(tensor, copies):
    """A view (copies, …) of a tensor that is laid out densely, whatever the order of its axes when ``copies`` is 1."""
    if copies == 1 and not tensor.is_contiguous():
        span = 1 + sum((size - 1) * stride for size, stride in zip(tensor.shape, tensor.stride(), strict=True))
        if span != tensor.numel():
            raise ValueError(f"weights must lie densely in memory, got strides {tensor.stride()} for {tensor.shape}")
        tensor = tensor.detach().as_strided((tensor.numel(),), (1,))
    return tensor.detach().view(copies, -1)


def _sgd(weight, gradient, step, lr, lam):
    weight.add_(gradient, alpha=-lr)


def _momentum(weight, gradient, velocity, step, lr, lam):
    velocity.mul_(MOMENTUM).add_(gradient)
    weight.add_(velocity, alpha=-lr)


def _adam(weight, gradient, mean, square, step, lr, lam):
    mean.lerp_(gradient, 1 - BETAS[0])
    square.mul_(BETAS[1]).addcmul_(gradient, gradient, value=1 - BETAS[1])
    scale = square.sqrt().div_(math.sqrt(1 - BETAS[1] ** step)).add_(EPSILON)
    weight.addcdiv_(mean, scale, value=-lr / (1 - BETAS[0] ** step))


def _proximal(weight, gradient, step, lr, lam):
    weight.add_(gradient, alpha=-lr)
    weight.sub_(torch.clamp(weight, -lr * lam, lr * lam))  # |β| ≤ ηλ goes to 0, exactly


_RULES = {  # method: (rule, how many tensors like each weight it remembers)
    "sgd": (_sgd, 0), "momentum": (_momentum, 1), "adam": (_adam, 2), "proximal": (_proximal, 0),
}  # fmt: skip
METHODS = tuple(_RULES)


@torch.no_grad()
def count_small_weights(weights: Tensors, step: float) -> dict:
    """Counts over all entries of ``weights``, a dict: of integers "zeros", exactly 0; "small", |β| < 1e-5, the paper's
    threshold; "inside", |β| < ``step`` (ηλ ≥ 0, say); "total"; and "largest", the largest |β|, a float.
    """
    step = checks.nonnegative("step", step, checks.NUMBER)
    counts = {"zeros": 0, "small": 0, "inside": 0, "total": 0, "largest": 0.0}
    for weight in weights:
        for (block,) in _blocks(1, weight):
            size = block.abs()
            counts["zeros"] += int((size == 0).sum())
            counts["small"] += int((size < SMALL).sum())
            counts["inside"] += int((size < step).sum())
            counts["total"] += size.numel()
            counts["largest"] = float(np.maximum(counts["largest"], float(size.max())))  # NaN stays NaN
    return counts


@dataclass(frozen=True, eq=False)
class FineTuned:
    """L networks side by side, each fine-tuned under its own λ.

    lams: (L,). lr: η. method: see `update`. norms: (K + 1, L), ‖β‖₁ at the start and after each of K steps. weights:
    {parameter's name: tensor (L, …)}, at the end. model: the module that they belong to.
    """

    lams: np.ndarray
    lr: float
    method: str
    norms: np.ndarray
    weights: dict[str, Tensor]
    model: torch.nn.Module

    @property
    def means(self) -> np.ndarray:
        """(L,): the mean of ‖β‖₁ over the last two iterates."""
        return self.norms[-2:].mean(axis=0)

    def network(self, i: int) -> torch.nn.Module:
        """The i-th network, a module."""
        model = copy.deepcopy(self.model)
        model.load_state_dict({name: weight[i] for name, weight in self.weights.items()})
        return model

    def pruned(self) -> "FineTuned":
        """The same with every weight |β| < ηλ set to 0: pruning by the one threshold that fits (8)."""
        limits = torch.tensor(self.lr * self.lams)
        cut = torch.func.vmap(lambda weight, limit: torch.where(weight.abs() < limit, 0.0, weight))
        return replace(self, weights={name: cut(weight, limits.to(weight)) for name, weight in self.weights.items()})

    def count_small_weights(self) -> list[dict]:
        """`count_small_weights` of each network, a list of L dicts; its step is ηλ."""
        parts = [[weight[i] for weight in self.weights.values()] for i in range(len(self.lams))]
        return [count_small_weights(part, self.lr * lam) for part, lam in zip(parts, self.lams, strict=True)]

    @torch.no_grad()
    def accuracy(self, X: Tensor, y: Tensor) -> np.ndarray:
        """(L,): the share of the images X, (n, …), that each network gives its label y, (n,) integers."""
        return accuracy(_outputs(self.model, self.weights, X), y).cpu().numpy()


def _outputs(model, weights, X):
    """The outputs (L, n, m) of the L networks on the same X (n, …)."""
    return torch.func.vmap(lambda one: torch.func.functional_call(model, one, (X,)))(weights)


def fine_tune(
    model: torch.nn.Module,
    X: Tensor,
    y: Tensor,
    lams: Iterable[float],
    lr: float,
    steps: int,
    method: str = "sgd",
    batch: int = 64,
    seed: int = 0,
    progress: bool = True,
) -> FineTuned:
    """``steps`` updates of ``model`` on cross entropy + λ‖β‖₁ over all parameters, for each λ at once, as `FineTuned`.

    model: a module without buffers, dropout or batch norm; it is left as it is. X: (n, …), y: (n,) integer labels.
    lams: L numbers ≥ 0; 0 trains without penalty. lr: η. method: see `update`. batch: examples a step, at most n; the
    `minibatches`, `shuffled_by_epoch` under ``seed``, are the same for every λ. On a CPU the run has one thread.
    progress: show a bar. Raises TypeError or ValueError, naming the argument.
    """
    checks.choice("method", method, METHODS)
    lr, steps = checks.positive_number("lr", lr), checks.count("steps", steps)
    if isinstance(lams, (str, bytes)) or not isinstance(lams, Iterable):
        raise TypeError(f"lams must be one or more numbers, got {lams!r}")
    lams = lams.tolist() if isinstance(lams, Tensor) else lams
    if not (lams := [checks.nonnegative(f"lams[{i}]", lam, checks.NUMBER) for i, lam in enumerate(lams)]):
        raise ValueError("lams must be one or more numbers, got none")
    weight = trainable(model)[0]
    count = _labelled(X, y, weight.dtype, weight.device)
    if len(shape := output_shape(model, X[:1])) != 2:
        raise ValueError(f"model must map X to outputs (n, m), got {shape} for one example")
    if int(y.max()) >= shape[1]:
        raise ValueError(f"y must be labels 0, …, {shape[1] - 1}, got {int(y.min())} to {int(y.max())}")
    batches = minibatches(count, batch, steps, seed, orders=shuffled_by_epoch)
    column = torch.tensor(lams, dtype=X.dtype, device=X.device)[:, None]
    copied = ((name, part.detach().repeat(len(lams), *[1] * part.ndim)) for name, part in model.named_parameters())
    weights = {name: part.requires_grad_() for name, part in copied}
    leaves, memory = list(weights.values()), buffers(weights.values(), method)
    starts = [leaf.detach().abs().flatten(1).sum(1, dtype=torch.float64) for leaf in leaves]
    norms = [sum(starts[1:], starts[0])]
    with cpu_threads(1):
        bar = tqdm(batches, f"{method}, {len(lams)} λ", steps, disable=not progress)
        for step, chosen in enumerate(bar, 1):
            outputs = _outputs(model, weights, X[chosen])
            labels = y[chosen].expand(len(lams), -1)
            loss = torch.nn.functional.cross_entropy(outputs.flatten(0, 1), labels.flatten(), reduction="sum") / batch
            gradients = torch.autograd.grad(loss, leaves)
            # What `update_many` checks was checked above: a look at λ in each step would make a GPU wait.
            norms.append(_update(len(lams), leaves, gradients, memory, step, lr, column, _add_column, method))
    ends = {name: weight.detach() for name, weight in weights.items()}
    return FineTuned(np.array(lams), lr, method, torch.stack(norms).cpu().numpy(), ends, model)
