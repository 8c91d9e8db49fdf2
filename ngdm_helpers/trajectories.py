"""Run an update rule from a start, for one setting or a million at once.

Written once against the array API: NumPy arrays run in NumPy (the fastest choice for slider-size problems), torch
tensors run where they live, CPU or CUDA. Nothing is moved between devices.
"""

import itertools
import math
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import array_api_compat
import numpy as np

from ngdm_helpers import checks
from ngdm_helpers.checks import Array, Number
from ngdm_helpers.objectives import Objective

# η: a number, an array over the batch, or a schedule k ↦ η_k of either
LearningRate = Number | Callable[[int], Any]


class DivergenceWarning(RuntimeWarning):
    """A run overflowed; its trajectory ends with the last finite iterate."""


# --- learning-rate schedules ------------------------------------------------------------------------------------------
@dataclass(frozen=True, eq=False)
class Schedule:
    """A learning rate per step: calling it with k = 0, 1, 2, … gives η_k, a number or an array over the batch."""

    description: str
    rate: Callable[[int], Number]

    def __call__(self, k: int) -> Number:
        return self.rate(k)

    def __repr__(self) -> str:
        return self.description


def constant(lr: Number) -> Schedule:
    """η_k = lr, as in (1), (2) and (8)."""
    lr = checks.positive("lr", lr)
    return Schedule(f"constant({lr})", lambda k: lr)


def diminishing(lr: Number, power: float = 0.5) -> Schedule:
    """η_k = lr/(k+1)^power with 0 < power ≤ 1, so that η_k → 0 and Ση_k = ∞, as in (4)."""
    lr, power = checks.positive("lr", lr), checks.positive_number("power", power)
    checks.require("power", power, power <= 1, "at most 1 (above it the steps have a finite sum)")
    return Schedule(f"diminishing({lr}, power={power})", lambda k: lr / (k + 1) ** power)


def step_decay(lr: Number, every: int, factor: float = 0.1) -> Schedule:
    """η_k = lr·factor^⌊k/every⌋, torch's StepLR: the paper's "reducing" regime. 0 < factor < 1."""
    lr, every, factor = checks.positive("lr", lr), checks.count("every", every), _decay_factor(factor)
    return Schedule(f"step_decay({lr}, every={every}, factor={factor})", lambda k: lr * factor ** (k // every))


def exponential_decay(lr: Number, factor: float) -> Schedule:
    """η_k = lr·factor^k, torch's ExponentialLR stepped at every iteration. 0 < factor < 1."""
    lr, factor = checks.positive("lr", lr), _decay_factor(factor)
    return Schedule(f"exponential_decay({lr}, factor={factor})", lambda k: lr * factor**k)


def cosine(lr: Number, steps: int) -> Schedule:
    """η_k = lr·(1 + cos(πk/steps))/2, from lr down to 0 at k = steps: torch's CosineAnnealingLR; 0 from there on."""
    lr, steps = checks.positive("lr", lr), checks.count("steps", steps)
    return Schedule(f"cosine({lr}, steps={steps})", lambda k: lr * (1 + math.cos(math.pi * min(k / steps, 1.0))) / 2)


def silver(smoothness: Number) -> Schedule:
    """η_k = (1 + (1 + √2)^(ν − 1))/L, 2^ν the largest power of 2 in k + 1: √2, 2, √2, 2 + √2, √2, 2, … over L.

    After 2^m − 1 of these steps the worst convex L-smooth f is lower than after as many of 1/L, although a quarter of
    them are above 2/L (Altschuler & Parrilo 2023). smoothness: L > 0, a number or an array over the batch.
    """
    smoothness = checks.positive("smoothness", smoothness)

    def rate(k):
        power = (k + 1 & -(k + 1)).bit_length() - 1
        return (1 + (1 + math.sqrt(2)) ** (power - 1)) / smoothness

    return Schedule(f"silver({smoothness})", rate)


def _decay_factor(factor):
    return checks.positive_number("factor", checks.fraction("factor", factor))


# --- update rules: each yields β₁, β₂, … ------------------------------------------------------------------------------
# f is an objectives.Oracle, lr an iterator of learning rates that broadcast against β.


def _subgradient(f, beta, lr):
    for eta in lr:
        beta = beta - eta * f.subgradient(beta)
        yield beta


def _proximal(f, beta, lr):
    for eta in lr:
        beta = f.prox(beta - eta * f.smooth_gradient(beta), eta)
        yield beta


def _fista(f, beta, lr):
    z, t = beta, 1.0
    for eta in lr:
        previous, beta = beta, f.prox(z - eta * f.smooth_gradient(z), eta)
        t_next = (1 + math.sqrt(1 + 4 * t * t)) / 2
        z = beta + (t - 1) / t_next * (beta - previous)
        t = t_next
        yield beta


def _rda(f, beta, lr):
    total = 0.0 * beta
    for k, eta in enumerate(lr, 1):
        total = total + f.smooth_gradient(beta)
        beta = f.prox(total * (eta / -math.sqrt(k)), math.sqrt(k) * eta)  # the mean times −η√k
        yield beta


def _momentum(f, beta, lr, momentum):
    velocity = 0.0 * beta
    for eta in lr:
        velocity = momentum * velocity + f.subgradient(beta)
        beta = beta - eta * velocity
        yield beta


def _adam_moves(beta, beta1, beta2, eps):
    """A function of a step's gradient and learning rate: how far Adam moves."""
    xp = checks.namespace(beta)
    m, v, k = 0.0 * beta, 0.0 * beta, 0

    def move(g, eta):
        nonlocal m, v, k
        k += 1
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * (g * g)
        return eta / (1 - beta1**k) * m / (xp.sqrt(v) / math.sqrt(1 - beta2**k) + eps)

    return move


def _adam(f, beta, lr, **options):
    move = _adam_moves(beta, **options)
    for eta in lr:
        beta = beta - move(f.subgradient(beta), eta)
        yield beta


def _adam_decoupled(f, beta, lr, **options):
    move = _adam_moves(beta, **options)
    for eta in lr:
        beta = beta - move(f.smooth_gradient(beta), eta) - eta * f.penalty_subgradient(beta)
        yield beta


def _adam_proximal(f, beta, lr, **options):
    move = _adam_moves(beta, **options)
    for eta in lr:
        beta = f.prox(beta - move(f.smooth_gradient(beta), eta), eta)
        yield beta


def _rmsprop(f, beta, lr, alpha, eps):
    xp = checks.namespace(beta)
    v = 0.0 * beta
    for eta in lr:
        g = f.subgradient(beta)
        v = alpha * v + (1 - alpha) * (g * g)
        beta = beta - eta * g / (xp.sqrt(v) + eps)
        yield beta


_BLOCK = 2**16  # numbers; the path behind a slider has fewer
_ADAM = {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8}
_RULES = {  # method: (rule, its options and their defaults)
    "subgradient": (_subgradient, {}),
    "proximal": (_proximal, {}),
    "fista": (_fista, {}),
    "rda": (_rda, {}),
    "momentum": (_momentum, {"momentum": 0.9}),
    "adam": (_adam, _ADAM),
    "adam_decoupled": (_adam_decoupled, _ADAM),
    "adam_proximal": (_adam_proximal, _ADAM),
    "rmsprop": (_rmsprop, {"alpha": 0.99, "eps": 1e-8}),
}
SPLITTING = ("proximal", "fista", "rda", "adam_decoupled", "adam_proximal")  # they ask for g + h
METHODS, ON_OVERFLOW = tuple(_RULES), ("warn", "ignore")


# --- one call ---------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, eq=False)
class Trajectory:
    """The result of `run`.

    iterates: (T, ..., p), the start and every ``record_every``-th iterate. values: (T, ...), the objective along them.
    lr: the learning rate as it was given. overflow_step: None if every recorded iterate and value is finite; otherwise
    the first recorded step that is not (an integer; for a batch an integer array, −1 where a member stayed finite).
    """

    iterates: Array
    values: Array
    lr: LearningRate
    record_every: int = 1
    overflow_step: int | Array | None = None

    @property
    def steps(self) -> np.ndarray:
        """The step number of each recorded iterate: (T,), 0, record_every, 2·record_every, …"""
        return np.arange(self.iterates.shape[0]) * self.record_every


def run(
    objective: Objective,
    beta0: Array,
    lr: LearningRate,
    steps: int,
    method: str = "subgradient",
    record_every: int = 1,
    on_overflow: str = "warn",
    **options: float,
) -> Trajectory:
    """Run ``steps`` updates of ``method`` on ``objective`` from ``beta0`` and return the `Trajectory`.

    beta0: (..., p); a list takes the library and dtype of the objective's data. Its dtype and device are kept.
    lr: η > 0, a number, an array that broadcasts against the batch ``...``, or a schedule k ↦ η_k ≥ 0. The batch is
    what beta0's leading axes, lr and the objective's parameters broadcast to: lr of shape (100, 1) and lam of shape
    (1, 100) with a beta0 of shape (2,) run 10⁴ settings in one call.
    record_every: r keeps every r-th iterate; iterates has ``steps // r + 1`` rows, the start included.

    method, with its options and their defaults:
      "subgradient"  β − η·g, g as automatic differentiation returns it: (2), NGDM; on smooth functions (1)
      "proximal"     ISTA, prox_{ηh}(β − η∇g(β)) (Beck & Teboulle 2009)
      "fista"        the same with Nesterov's extrapolation, not monotone (Beck & Teboulle 2009)
      "rda"          ℓ1-regularized dual averaging (Xiao 2009) with 1/γ = η: prox_{ah}(−a·ḡ), a = η√k
      "momentum"     torch.optim.SGD(momentum=0.9)
      "adam"         torch.optim.Adam: beta1=0.9, beta2=0.999, eps=1e-8
      "adam_decoupled"  Adam on ∇g, and −η·∂h beside it: h decays the weights as AdamW's ℓ2 does (Loshchilov & Hutter
                     2019); with h = λ‖·‖₁ a step of ηλ·sign(β)
      "adam_proximal"  Adam on ∇g, then prox_{ηh}; with h = λ‖·‖₁ a soft threshold at ηλ
      "rmsprop"      torch.optim.RMSprop: alpha=0.99, eps=1e-8

    A run that overflows ends with its finite part and carries the step in ``overflow_step``; in a batch, a member that
    overflowed repeats its last finite iterate up to the common end. on_overflow: "warn" says so in a
    `DivergenceWarning`, "ignore" leaves it at that.

    Raises TypeError or ValueError, naming the argument, for a wrong type, shape, sign, library or device.
    """
    steps, record_every = checks.count("steps", steps), checks.count("record_every", record_every)
    checks.choice("on_overflow", on_overflow, ON_OVERFLOW)
    oracle, beta, states = _begin(objective, beta0, lr, method, options)
    xp, value, device = checks.namespace(beta), oracle.value, array_api_compat.device(beta)
    iterates = xp.empty((steps // record_every + 1, *beta.shape), dtype=beta.dtype, device=device)
    iterates[0, ...] = beta
    with np.errstate(over="ignore", invalid="ignore"):
        if not bool(xp.all(xp.isfinite(value(beta)))):
            raise ValueError(f"beta0 must have a finite objective value, got {value(beta)}")
        for k, state in enumerate(itertools.islice(states, steps), 1):
            if k % record_every == 0:
                iterates[k // record_every, ...] = state
        values = _values(value, iterates)
    # An iterate that is not finite stays so under every rule: the last row tells for all.
    if bool(xp.all(xp.isfinite(iterates[-1, ...]))) and bool(xp.all(xp.isfinite(values))):
        return Trajectory(iterates, values, lr, record_every)
    finished = _finite_part(iterates, values, lr, record_every)
    if on_overflow == "warn":
        _warn(f"{method} on {objective!r}", finished)
    return finished


def iterate(
    objective: Objective, beta0: Array, lr: LearningRate, method: str = "subgradient", **options: float
) -> Iterator[Array]:
    """β₀, β₁, β₂, … without end: what `run` records, for those who need neither all of it nor its values."""
    _, beta, states = _begin(objective, beta0, lr, method, options)
    return itertools.chain([beta], states)


def _begin(objective, beta0, lr, method, options):
    """(the oracle, β₀, an iterator of β₁, β₂, …), the arguments checked."""
    rule, options = _rule(method, options)
    checks.instance("objective", objective, Objective)
    beta, rates = _start(objective, beta0, lr)
    oracle = objective.oracle(beta)
    if oracle.prox is None and method in SPLITTING:
        reason = f"{type(objective).__name__}, which is no smooth function plus one of known proximal map"
        allowed = ", ".join(repr(name) for name in METHODS if name not in SPLITTING)
        raise ValueError(f"method must be one of {allowed} for {reason}, got {method!r}")
    return oracle, beta, rule(oracle, beta, rates, **options)


def _values(value, iterates):
    """``value`` of all iterates (T, ..., p), in slices of `_BLOCK` numbers: temporaries have the shape (T, ..., n)."""
    xp, rows = checks.namespace(iterates), iterates.shape[0]
    block = max(1, _BLOCK // max(1, math.prod(iterates.shape[1:])))  # a batch may be empty
    return xp.concat([value(iterates[k : min(k + block, rows), ...]) for k in range(0, rows, block)])


def _rule(method, options):
    rule, defaults = _RULES[checks.choice("method", method, METHODS)]
    for name, value in options.items():
        if name not in defaults:
            allowed = ", ".join(defaults) or "no options"
            takes = f"method {method!r}, which takes {allowed}"
            raise TypeError(f"{name} is not an option of {takes}; got {name}={value!r}")
    check = {"eps": checks.positive_number}
    return rule, {name: check.get(name, checks.fraction)(name, options.get(name, defaults[name])) for name in defaults}


def _start(objective, beta0, lr):
    """(beta0 broadcast to the whole batch, an endless iterator of learning rates shaped for its coordinates)."""
    beta = objective.start(beta0, "beta0")
    first = _rate("lr(0)", lr(0), beta) if callable(lr) else _rate("lr", lr, beta)
    batch = checks.broadcast(tuple(beta.shape[:-1]), objective=objective.batch_shape)
    batch = checks.broadcast(batch, lr=checks.shape(first))
    xp = checks.namespace(beta)
    if getattr(beta, "requires_grad", False):
        beta = beta.detach()  # a torch parameter is a start like any other
    beta = xp.asarray(xp.broadcast_to(beta, (*batch, beta.shape[-1])), copy=True)
    eta = checks.per_coordinate("lr", first, beta)
    if not callable(lr):
        return beta, itertools.repeat(eta)
    later = (_scheduled(k, lr(k), beta) for k in itertools.count(1))
    return beta, itertools.chain([eta], later)


def _rate(name, lr, beta, check=checks.positive):
    checks.same_library_and_device(name, lr, beta, "beta0")
    return check(name, lr, expected="a number, an array over the batch, or a schedule", like=beta)


def _scheduled(k, lr, beta):
    if isinstance(lr, float) and 0 <= lr < math.inf:  # spared the checks of arrays, as long as a small step
        return checks.namespace(beta).asarray(lr, dtype=beta.dtype, device=array_api_compat.device(beta))
    lr = _rate(name := f"lr({k})", lr, beta, checks.nonnegative)  # a geometric schedule underflows to 0 in the end
    eta = checks.per_coordinate(name, lr, beta)
    if eta.ndim and eta.shape != beta.shape:
        batch, got = tuple(beta.shape[:-1]), tuple(eta.shape[:-1])
        raise ValueError(f"{name} must broadcast to the batch {batch} of the run, got shape {got}")
    return eta


def _finite_part(iterates, values, lr, record_every):
    """The `Trajectory` up to the last row at which some member of the batch has been finite so far."""
    xp, rows = checks.namespace(iterates), iterates.shape[0]
    finite = xp.isfinite(values) & xp.all(xp.isfinite(iterates), axis=-1)
    # member i is finite in its first length[i] rows; row 0, the start, is finite for every member
    length = xp.where(xp.all(finite, axis=0), rows, xp.argmin(xp.astype(finite, xp.int8), axis=0))
    kept = int(xp.max(length))
    row = xp.reshape(xp.arange(kept, device=array_api_compat.device(iterates)), (kept,) + (1,) * length.ndim)
    row = xp.minimum(row + 0 * length, length - 1 + 0 * row)
    values = xp.take_along_axis(values[:kept, ...], row, axis=0)
    index = xp.asarray(xp.broadcast_to(row[..., None], (*row.shape, iterates.shape[-1])), copy=True)
    iterates = xp.take_along_axis(iterates[:kept, ...], index, axis=0)
    overflow = xp.where(length < rows, length * record_every, -1)
    return Trajectory(iterates, values, lr, record_every, overflow if overflow.ndim else int(overflow))


def _warn(what, trajectory):
    overflow = trajectory.overflow_step
    if isinstance(overflow, int):
        message = f"{what} overflowed at step {overflow}; the trajectory ends at step {trajectory.steps[-1]}"
    else:
        xp = checks.namespace(overflow)
        members = overflow >= 0
        count, first = int(xp.sum(xp.astype(members, xp.int64))), int(xp.min(overflow[members]))
        total = math.prod(overflow.shape)
        message = f"{what} overflowed in {count} of {total} settings, first at step {first}; see overflow_step"
    warnings.warn(message, DivergenceWarning, stacklevel=3)
