"""ℓ1 fine-tuning of networks: data loss + λ‖β‖₁ over all parameters, by four update rules, one pass over the weights.

The paper's Appendix B writes the penalty into the loss and leaves its gradient, λ·sign(β), to automatic
differentiation: several sweeps over all weights for something known in closed form. Here automatic differentiation
sees the data loss alone. The rest of a step, ‖β‖₁ included, is done block by block while a block lies in the
processor's cache, with the same floating-point operations, so that the weights are the same.
"""

import copy
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import torch
from tqdm.auto import tqdm

from ngdm_helpers import checks
from ngdm_helpers.networks import cpu_threads

METHODS = ("sgd", "momentum", "adam", "proximal")
MOMENTUM = 0.9
BETAS, EPSILON = (0.9, 0.999), 1e-8  # Adam's, torch's defaults
SMALL = 1e-5  # the threshold at which the paper counts
_BUFFERS = {"sgd": 0, "momentum": 1, "adam": 2, "proximal": 0}
_BLOCK = 2**18  # entries: 1 MiB of float32


def buffers(weights, method):
    """What ``method`` remembers from step to step, zero at the start: for each weight a list of tensors like it.

    One for "momentum", two for "adam", none for "sgd" and "proximal". ValueError for another method.
    """
    count = _BUFFERS[checks.choice("method", method, METHODS)]
    return [[torch.zeros_like(weight) for _ in range(count)] for weight in weights]


@torch.no_grad()
def update(weights, gradients, memory, step, lr, lam, method="sgd"):
    """One step on (data loss) + λ‖β‖₁, in place; returns ‖β‖₁ after it, a float64 tensor.

    weights: the parameters, floating tensors. gradients: of the data loss alone, shaped like weights; they may be
    overwritten, and an expanded one is never written out whole on a CPU. memory: what `buffers` returned for them,
    updated. step: 1 for the first step, 2 for the next, … (Adam's bias correction). lr: η > 0. lam: λ ≥ 0, a number; or
    a tensor (L,) for L networks side by side, whose weights then have the shape (L, …) each and whose norms come back
    as (L,).
    method: with g = gradient + λ·sign(β), sign(0) = 0, the step is torch.optim's SGD ("sgd"), SGD with momentum 0.9
    ("momentum") or Adam with its defaults ("adam") on g. "proximal": β ← S(β − η·gradient, ηλ), the soft threshold.

    Raises TypeError or ValueError, naming the argument.
    """
    rule = _RULES[checks.choice("method", method, METHODS)]
    lr, step = checks.positive_number("lr", lr), checks.count("step", step)
    weights, gradients, memory = list(weights), list(gradients), list(memory)
    if not len(weights) == len(gradients) == len(memory):
        raise ValueError(
            "gradients and memory must have an entry for each of weights, "
            f"got {len(gradients)} and {len(memory)} for {len(weights)}"
        )
    copies, lam = _penalty(lam, weights)
    gradients = _unshared(gradients)
    norms = []
    for weight, gradient, kept in zip(weights, gradients, memory, strict=True):
        if gradient.shape != weight.shape:
            raise ValueError(
                f"gradients must be shaped like weights, got {tuple(gradient.shape)} for {tuple(weight.shape)}"
            )
        for part in _aligned(copies, weight, gradient, *kept):
            for block in _blocks(copies, *part):
                rule(*block, step, lr, lam)
                norms.append(torch.abs(block[0], out=block[1]).sum(1))  # the gradient has done its work
    total = torch.stack(norms).sum(0, dtype=torch.float64)
    return total if isinstance(lam, torch.Tensor) else total[0]


def _unshared(gradients):
    """The gradients; of those that share memory with an earlier one, as autograd's in a and b of a + b do, copies.

    Each is a scratchpad for its own weight.
    """
    seen, own = set(), []
    for gradient in gradients:
        place = gradient.data_ptr()
        own.append(gradient.clone() if place in seen else gradient)
        seen.add(place)
    return own


def _penalty(lam, weights):
    """(number of networks, λ as a number or as a column (L, 1)) after a look at both."""
    if isinstance(lam, (list, tuple, np.ndarray)):
        raise TypeError(f"lam must be a number or a torch tensor (L,), got a {type(lam).__name__}")
    if not isinstance(lam, torch.Tensor):
        return 1, checks.nonnegative("lam", lam, or_else="a number or a tensor (L,)")
    if lam.ndim != 1 or not bool(((lam >= 0) & lam.isfinite()).all()):
        raise ValueError(f"lam must be a number or a tensor (L,), non-negative and finite, got {lam!r}")
    for weight in weights:
        if weight.ndim < 1 or weight.shape[0] != len(lam):
            raise ValueError(f"weights must have the shape ({len(lam)}, …) for {len(lam)} λ, got {tuple(weight.shape)}")
    return len(lam), lam[:, None]


def _aligned(copies, weight, gradient, *kept):
    """The arguments, with the gradient in the weight's order in memory, so that blocks correspond.

    Where that takes a copy they come in slices along the first axis, each of a block's size.
    """
    if gradient.stride() == weight.stride():
        yield weight, gradient, *kept
        return
    sliced = copies == 1 and weight.device.type == "cpu"
    rows = max(1, _BLOCK // weight[0].numel()) if sliced else len(weight)
    for part, slope, *others in zip(*(tensor.split(rows) for tensor in (weight, gradient, *kept)), strict=True):
        yield part, torch.empty_like(part).copy_(slope), *others


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


def _add_sign(weight, gradient, lam):
    """gradient += λ·sign(weight)."""
    if isinstance(lam, torch.Tensor):
        gradient.add_(torch.sign(weight).mul_(lam))
    else:
        gradient.add_(torch.sign(weight), alpha=lam)


def _sgd(weight, gradient, step, lr, lam):
    _add_sign(weight, gradient, lam)
    weight.add_(gradient, alpha=-lr)


def _momentum(weight, gradient, velocity, step, lr, lam):
    _add_sign(weight, gradient, lam)
    velocity.mul_(MOMENTUM).add_(gradient)
    weight.add_(velocity, alpha=-lr)


def _adam(weight, gradient, mean, square, step, lr, lam):
    _add_sign(weight, gradient, lam)
    mean.lerp_(gradient, 1 - BETAS[0])
    square.mul_(BETAS[1]).addcmul_(gradient, gradient, value=1 - BETAS[1])
    scale = square.sqrt().div_(math.sqrt(1 - BETAS[1] ** step)).add_(EPSILON)
    weight.addcdiv_(mean, scale, value=-lr / (1 - BETAS[0] ** step))


def _proximal(weight, gradient, step, lr, lam):
    weight.add_(gradient, alpha=-lr)
    weight.sub_(torch.clamp(weight, -lr * lam, lr * lam))  # |β| ≤ ηλ goes to 0, exactly


_RULES = {"sgd": _sgd, "momentum": _momentum, "adam": _adam, "proximal": _proximal}


@torch.no_grad()
def census(weights, quantum):
    """Counts over all entries of ``weights``, a dict of integers: "zeros", exactly 0; "small", |β| < 1e-5, the paper's
    threshold; "inside", |β| < ``quantum`` (ηλ > 0, say); "total"; and "largest", the largest |β|, a float.
    """
    quantum = checks.positive_number("quantum", quantum)
    found = {"zeros": 0, "small": 0, "inside": 0, "total": 0, "largest": 0.0}
    for weight in weights:
        for (block,) in _blocks(1, weight):
            size = block.abs()
            found["zeros"] += int((size == 0).sum())
            found["small"] += int((size < SMALL).sum())
            found["inside"] += int((size < quantum).sum())
            found["total"] += size.numel()
            found["largest"] = float(np.maximum(found["largest"], float(size.max())))  # NaN stays NaN
    return found


# --- small networks, one for each λ -----------------------------------------------------------------------------------


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
    weights: dict
    model: torch.nn.Module

    @property
    def means(self):
        """(L,): the mean of ‖β‖₁ over the last two iterates."""
        return self.norms[-2:].mean(axis=0)

    def network(self, i):
        """The i-th network, a module."""
        model = copy.deepcopy(self.model)
        model.load_state_dict({name: weight[i] for name, weight in self.weights.items()})
        return model

    def cut(self):
        """The same with every weight |β| < ηλ set to 0: pruning by the one threshold that fits (8)."""
        limits = torch.tensor(self.lr * self.lams)
        weights = {}
        for name, weight in self.weights.items():
            limit = limits.to(weight).view(-1, *[1] * (weight.ndim - 1))
            weights[name] = torch.where(weight.abs() < limit, torch.zeros_like(weight), weight)
        return replace(self, weights=weights)

    def census(self):
        """`census` of each network, a list of L dicts; its quantum is ηλ."""
        return [
            census([weight[i] for weight in self.weights.values()], self.lr * lam) for i, lam in enumerate(self.lams)
        ]

    @torch.no_grad()
    def accuracy(self, X, y):
        """(L,): the share of the images X, (n, …), that each network gives its label y, (n,) integers."""
        return (_outputs(self.model, self.weights, X).argmax(-1) == y).float().mean(1).cpu().numpy()


def _outputs(model, weights, X):
    """The outputs (L, n, m) of the L networks on the same X (n, …)."""
    return torch.func.vmap(lambda one: torch.func.functional_call(model, one, (X,)))(weights)


def fine_tune(model, X, y, lams, lr, steps, method="sgd", batch=64, seed=0, progress=True):
    """``steps`` updates of ``model`` on cross entropy + λ‖β‖₁ over all parameters, for each λ at once, as `FineTuned`.

    model: a module without buffers, dropout or batch norm; it is left as it is. X: (n, …), y: (n,) integer labels.
    lams: L numbers ≥ 0; 0 trains without penalty. lr: η. method: see `update`. batch: examples a step, at most n,
    drawn without replacement, epoch by epoch, in an order that ``seed`` fixes; the same for every λ. On a CPU the run
    has one thread. progress: show a bar. Raises TypeError or ValueError, naming the argument.
    """
    checks.choice("method", method, METHODS)
    lr, steps, batch = checks.positive_number("lr", lr), checks.count("steps", steps), checks.count("batch", batch)
    if isinstance(lams, str) or not isinstance(lams, Iterable):
        raise TypeError(f"lams must be one or more numbers, got {lams!r}")
    lams = [checks.nonnegative(f"lams[{i}]", lam, or_else="a number") for i, lam in enumerate(lams)]
    if not lams:
        raise ValueError("lams must be one or more numbers, got none")
    for name, array in (("X", X), ("y", y)):
        if not isinstance(array, torch.Tensor):
            raise TypeError(f"{name} must be a torch tensor, got a {type(array).__name__}")
    if not isinstance(model, torch.nn.Module) or not any(True for _ in model.parameters()):
        raise TypeError(f"model must be a torch.nn.Module with parameters, got {model!r}")
    first = next(model.parameters())
    if X.dtype != first.dtype or X.device != first.device:
        raise TypeError(f"X must be {first.dtype} on {first.device} like model, got {X.dtype} on {X.device}")
    if y.dtype != torch.int64 or y.device != X.device or y.ndim != 1:
        raise TypeError(f"y must be (n,) torch.int64 on {X.device}, got {tuple(y.shape)} {y.dtype} on {y.device}")
    if len(X) != len(y):
        raise ValueError(f"y must have a label for each of the {len(X)} examples, got {len(y)}")
    if bool((y < 0).any()):
        raise ValueError(f"y must be labels 0, 1, …, got {int(y.min())}")
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ValueError(f"seed must be an integer, at least 0, got {seed!r}")
    if batch > len(X):
        raise ValueError(f"batch must be at most {len(X)}, the number of examples, got {batch}")
    penalty = torch.tensor(lams, dtype=X.dtype, device=X.device)
    weights = {
        name: part.detach().repeat(len(lams), *[1] * part.ndim).requires_grad_()
        for name, part in model.named_parameters()
    }
    leaves, memory = list(weights.values()), buffers(weights.values(), method)
    norms = [sum(leaf.detach().abs().flatten(1).sum(1, dtype=torch.float64) for leaf in leaves)]
    with cpu_threads(1):
        bar = tqdm(batches(len(X), batch, steps, seed), f"{method}, {len(lams)} λ", steps, disable=not progress)
        for step, chosen in enumerate(bar, 1):
            outputs = _outputs(model, weights, X[chosen])
            labels = y[chosen].expand(len(lams), -1)
            loss = torch.nn.functional.cross_entropy(outputs.flatten(0, 1), labels.flatten(), reduction="sum") / batch
            gradients = torch.autograd.grad(loss, leaves)
            norms.append(update(leaves, gradients, memory, step, lr, penalty, method))
    ends = {name: weight.detach() for name, weight in weights.items()}
    return FineTuned(np.array(lams), lr, method, torch.stack(norms).cpu().numpy(), ends, model)


def batches(count, batch, steps, seed, first=0):
    """The batches of steps ``first``, …, steps − 1: index tensors (batch,) into ``count`` examples.

    Each epoch has a random order of its own, which depends on ``seed`` and the epoch alone, so that a run can go on
    anywhere; an incomplete last batch is left out.
    """
    each, order, current = count // batch, None, None
    for step in range(first, steps):
        epoch, place = divmod(step, each)
        if epoch != current:
            order, current = torch.from_numpy(np.random.default_rng((seed, epoch)).permutation(count)), epoch
        yield order[place * batch : (place + 1) * batch]
