"""The paper's functions: value, subgradient, constants.

Every objective takes a parameter array ``beta`` of shape ``(..., p)``, NumPy or torch, and computes where that
array lives. Batch dimensions lead. Data may be batched as well: ``X`` is ``(..., n, p)``, ``y`` is ``(..., n)``, and
``lam``, ``delta`` are numbers or arrays that broadcast against the batch ``...`` (no trailing axis for p).

``subgradient`` returns what automatic differentiation returns, at kinks too: sign(0) = 0 and relu'(0) = 0. For these
objectives that is an element of the subdifferential (outer derivatives are non-negative, and the subdifferential of a
sum of finite convex functions is the sum of theirs).

Equation numbers are those of Kumar, *GD doesn't make the cut* (arXiv 2401.08426).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import array_api_compat
import numpy as np

from ngdm_helpers import checks

Array = Any


class Oracle(NamedTuple):
    """The functions that evaluate an objective, its data already checked and shaped for one batch.

    ``value(beta) → (...,)``, ``subgradient(beta) → (..., p)``; ``smooth_gradient(beta) → (..., p)`` and
    ``prox(beta, step) → (..., p)`` are None where the objective has no proximal splitting.
    """

    value: Callable
    subgradient: Callable
    smooth_gradient: Callable | None = None
    prox: Callable | None = None


class Objective(Protocol):
    """What `trajectories.run` asks of an objective.

    ``oracle(beta)`` checks ``beta`` once and returns the functions for a loop; ``batch_shape`` is the batch of the
    objective's own data; ``smoothness`` is the Lipschitz constant L of the gradient (5), ``lipschitz`` the Lipschitz
    constant G of the function (6), both in the 2-norm and ``inf`` where there is none.
    """

    @property
    def batch_shape(self) -> tuple[int, ...]: ...

    @property
    def smoothness(self) -> float: ...

    @property
    def lipschitz(self) -> float: ...

    def oracle(self, beta: Array) -> Oracle: ...

    def value(self, beta: Array) -> Array:
        """f(beta): ``(..., p) → (...,)``. Raises TypeError/ValueError for a beta that does not fit the data."""
        beta = parameters(self, beta)
        return self.oracle(beta).value(beta)

    def subgradient(self, beta: Array) -> Array:
        """The subgradient that automatic differentiation returns: ``(..., p) → (..., p)``."""
        beta = parameters(self, beta)
        return self.oracle(beta).subgradient(beta)


class Composite(Objective, Protocol):
    """An objective g + h with g L-smooth and h of known proximal map."""

    @property
    def curvature(self) -> float:
        """L of the smooth part g: proximal gradient converges for steps below 2/L."""
        ...

    def smooth_gradient(self, beta: Array) -> Array:
        """∇g: ``(..., p) → (..., p)``."""
        beta = parameters(self, beta)
        return self.oracle(beta).smooth_gradient(beta)

    def prox(self, beta: Array, step: float | Array) -> Array:
        """argmin_u step·h(u) + ½‖u − beta‖²: ``(..., p) → (..., p)``; ``step`` > 0, a number or over the batch."""
        beta = parameters(self, beta)
        step = checks.positive("step", step, like=beta)
        return self.oracle(beta).prox(beta, per_coordinate("step", step, beta))


def soft_threshold(u, t):
    """S_t(u) = sign(u)·max(|u| − t, 0), elementwise; the proximal map of t‖·‖₁. ``t`` ≥ 0, broadcast against ``u``."""
    xp = checks.namespace(u)
    return checks.sign(u)(u) * xp.maximum(xp.abs(u) - t, xp.zeros_like(u))


@dataclass(frozen=True, eq=False)
class L1Norm(Composite):
    """Equation (7): f(β) = λ‖β‖₁, minimised at 0.

    lam: λ ≥ 0, number or array over the batch. p: the dimension, needed only for G = λ√p; if given, beta must have it.
    """

    lam: float | Array
    p: int | None = None

    def __post_init__(self):
        _set(self, lam=checks.nonnegative("lam", self.lam))
        if self.p is not None:
            _set(self, p=checks.count("p", self.p))

    @property
    def batch_shape(self):
        return _shape(self.lam)

    @property
    def smoothness(self):
        return _inf_where_positive(self.lam, 0.0)

    @property
    def curvature(self):
        return 0.0

    @property
    def lipschitz(self):
        """G = λ√p. Raises ValueError without p: no finite constant serves every dimension."""
        if self.p is None:
            raise ValueError("p must be given for the Lipschitz constant λ√p: L1Norm(lam, p=2), got p=None")
        return self.lam * math.sqrt(self.p)

    def oracle(self, beta):
        lam, lam_coord = _batched("lam", self.lam, beta), per_coordinate("lam", self.lam, beta)
        _check_p(self.p, beta)
        xp, norm1 = checks.namespace(beta), _norm1(beta)
        sign = checks.sign(beta)
        return Oracle(
            value=lambda b: lam * norm1(b),
            subgradient=lambda b: lam_coord * sign(b),
            smooth_gradient=lambda b: xp.zeros_like(b),
            prox=lambda b, step: soft_threshold(b, step * lam_coord),
        )


@dataclass(frozen=True, eq=False)
class ReLURegression(Objective):
    """Equation (3): f(β) = ‖y − max(Xβ, 0)‖² + λ₁‖β‖₁ + λ₂‖β‖².

    X: (..., n, p). y: (..., n), y ≤ 0 as in the paper, which makes f convex with minimum at 0. A positive entry raises
    ValueError unless ``require_convex=False``. Every yᵢ < 0 puts a kink of slope jump 2|yᵢ|xᵢ on the hyperplane
    xᵢᵀβ = 0; y = 0 and λ₁ = 0 give the smooth squared hinge, with L ≤ 2λmax(XᵀX) + 2λ₂.
    """

    X: Array = field(repr=False)
    y: Array = field(repr=False)
    lam1: float | Array = 0.0
    lam2: float | Array = 0.0
    require_convex: bool = True

    def __post_init__(self):
        X, y = _data(self.X, self.y)
        lam1, lam2 = checks.nonnegative("lam1", self.lam1, like=X), checks.nonnegative("lam2", self.lam2, like=X)
        _set(self, X=X, y=y, lam1=lam1, lam2=lam2)
        if self.require_convex and bool((y > 0).any()):
            worst = float(checks.namespace(y).max(y))
            raise ValueError(
                f"y must be ≤ 0 for (3) to be convex, got an entry {worst!r}; require_convex=False allows any y"
            )

    @property
    def batch_shape(self):
        return _data_batch(self, lam1=self.lam1, lam2=self.lam2)

    @property
    def curvature(self):
        """2λmax(XᵀX) + 2λ₂: the largest curvature where f is twice differentiable."""
        return 2 * _largest_eigenvalue(self.X) + 2 * self.lam2

    @property
    def smoothness(self):
        xp = checks.namespace(self.y)
        L = xp.zeros_like(self.y[..., 0]) + _inf_where_positive(self.lam1, self.curvature)
        return _scalar(xp.where(xp.any(self.y != 0, axis=-1), xp.full_like(L, math.inf), L))

    @property
    def lipschitz(self):
        return math.inf

    def oracle(self, beta):
        X, y = _same_data(self, beta)
        lam1, lam1_coord = _batched("lam1", self.lam1, beta), per_coordinate("lam1", self.lam1, beta)
        lam2, lam2_coord = _batched("lam2", self.lam2, beta), per_coordinate("lam2", self.lam2, beta)
        xp, norm1 = checks.namespace(beta), _norm1(beta)
        sign = checks.sign(beta)
        forward, _ = _linear(X)
        _, backward = _linear(2 * X)
        zero = xp.zeros_like(y)

        def value(b):
            residual = y - xp.maximum(forward(b), zero)
            return _sum_squares(xp, residual) + lam1 * norm1(b) + lam2 * _sum_squares(xp, b)

        def subgradient(b):
            z = forward(b)
            active = xp.where(z > 0, z - y, zero)
            return backward(active) + lam1_coord * sign(b) + 2 * lam2_coord * b

        return Oracle(value, subgradient)


@dataclass(frozen=True, eq=False)
class Lasso(Composite):
    """Equation (11): f(β) = ‖y − Xβ‖² + λ‖β‖₁, no factor ½; ``reduction="mean"`` divides the square by n.

    X: (..., n, p), y: (..., n), lam: λ ≥ 0. scikit-learn's ``Lasso(alpha=λ/(2n), fit_intercept=False)`` has the same
    minimiser as "sum", ``alpha=λ/2`` the same as "mean".
    """

    X: Array = field(repr=False)
    y: Array = field(repr=False)
    lam: float | Array
    reduction: str = "sum"

    def __post_init__(self):
        X, y = _data(self.X, self.y)
        _set(self, X=X, y=y, lam=checks.nonnegative("lam", self.lam, like=X))
        checks.choice("reduction", self.reduction, ("sum", "mean"))

    @property
    def batch_shape(self):
        return _data_batch(self, lam=self.lam)

    @property
    def curvature(self):
        """L of the square: 2λmax(XᵀX), divided by n for the mean."""
        return 2 * _largest_eigenvalue(self.X) / _samples(self)

    @property
    def smoothness(self):
        return _inf_where_positive(self.lam, self.curvature)

    @property
    def lipschitz(self):
        return math.inf

    def oracle(self, beta):
        X, y = _same_data(self, beta)
        lam, lam_coord = _batched("lam", self.lam, beta), per_coordinate("lam", self.lam, beta)
        xp, norm1 = checks.namespace(beta), _norm1(beta)
        sign = checks.sign(beta)
        forward, _ = _linear(X)
        samples = _samples(self)
        _, backward = _linear(X * (2 / samples))

        def value(b):
            return _sum_squares(xp, forward(b) - y) / samples + lam * norm1(b)

        def smooth_gradient(b):
            return backward(forward(b) - y)

        return Oracle(
            value,
            subgradient=lambda b: smooth_gradient(b) + lam_coord * sign(b),
            smooth_gradient=smooth_gradient,
            prox=lambda b, step: soft_threshold(b, step * lam_coord),
        )


@dataclass(frozen=True, eq=False)
class Minibatch(Composite):
    """A `Lasso` whose gradients see ``size`` random rows at a time, scaled to be right on average; values see them all.

    problem: a `Lasso` of NumPy arrays without a batch of data. Every run draws the same rows (``seed``), without
    replacement within a step.
    """

    problem: Lasso
    size: int
    seed: int = 0

    def __post_init__(self):
        X = getattr(self.problem, "X", None)
        if not isinstance(self.problem, Lasso) or not isinstance(X, np.ndarray) or X.ndim != 2:
            raise TypeError(f"problem must be a Lasso with one NumPy matrix X (n, p), got {self.problem!r}")
        _set(self, size=checks.count("size", self.size))
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or self.seed < 0:
            raise ValueError(f"seed must be an integer, at least 0, got {self.seed!r}")
        if self.size > X.shape[0]:
            raise ValueError(f"size must be at most n = {X.shape[0]}, got {self.size}")

    @property
    def X(self):
        return self.problem.X

    @property
    def batch_shape(self):
        return self.problem.batch_shape

    @property
    def curvature(self):
        return self.problem.curvature

    @property
    def smoothness(self):
        return self.problem.smoothness

    @property
    def lipschitz(self):
        return math.inf

    def oracle(self, beta):
        full, X, y = self.problem.oracle(beta), self.problem.X, self.problem.y
        lam_coord, sign = per_coordinate("lam", self.problem.lam, beta), checks.sign(beta)
        n, rng = X.shape[0], np.random.default_rng(self.seed)
        scale = 2 * n / (self.size * _samples(self.problem))

        def smooth_gradient(b):
            rows = rng.choice(n, self.size, replace=False)
            return ((b @ X[rows].T - y[rows]) @ X[rows]) * scale

        return Oracle(full.value, lambda b: smooth_gradient(b) + lam_coord * sign(b), smooth_gradient, full.prox)


@dataclass(frozen=True, eq=False)
class Huber(Composite):
    """Equation (13): f(β) = Σᵢ h_δ(xᵢᵀβ − yᵢ), h_δ(r) = ½r² for |r| ≤ δ and δ(|r| − ½δ) beyond; a mean by default.

    This is torch's ``HuberLoss(reduction, delta)`` of Xβ against y. Its gradient Xᵀclip(Xβ − y, −δ, δ) is Lipschitz
    with L = λmax(XᵀX) (divided by n for the mean), and f is G-Lipschitz with G = δ√(nL) for the sum, δ√L for the mean.
    """

    X: Array = field(repr=False)
    y: Array = field(repr=False)
    delta: float | Array = 1.0
    reduction: str = "mean"

    def __post_init__(self):
        X, y = _data(self.X, self.y)
        _set(self, X=X, y=y, delta=checks.positive("delta", self.delta, like=X))
        checks.choice("reduction", self.reduction, ("sum", "mean"))

    @property
    def batch_shape(self):
        return _data_batch(self, delta=self.delta)

    @property
    def smoothness(self):
        return _largest_eigenvalue(self.X) / _samples(self)

    @property
    def curvature(self):
        return self.smoothness

    @property
    def lipschitz(self):
        """An upper bound on ‖∇f‖₂: δ√n·σmax(X), divided by n for the mean."""
        n = self.X.shape[-2]
        return self.delta * _largest_eigenvalue(self.X) ** 0.5 * math.sqrt(n) / _samples(self)

    def oracle(self, beta):
        X, y = _same_data(self, beta)
        delta = _batched("delta", self.delta, beta, trailing=True)
        below = -delta
        xp = checks.namespace(beta)
        samples = _samples(self)
        forward, _ = _linear(X)
        _, backward = _linear(X / samples)

        def value(b):
            size = xp.abs(forward(b) - y)
            inner = xp.minimum(size, delta)
            return xp.sum(inner * (size - inner / 2), axis=-1) / samples

        def subgradient(b):
            return backward(xp.minimum(xp.maximum(forward(b) - y, below), delta))

        return Oracle(value, subgradient, smooth_gradient=subgradient, prox=_identity)


@dataclass(frozen=True, eq=False)
class Quadratic(Composite):
    """The smooth reference f(β) = ½ βᵀAβ. A: (..., p, p), symmetric (ValueError otherwise), of any signature."""

    A: Array = field(repr=False)

    def __post_init__(self):
        _set(self, A=checks.symmetric("A", self.A))

    @property
    def batch_shape(self):
        return tuple(self.A.shape[:-2])

    @property
    def smoothness(self):
        """The largest |eigenvalue| of A."""
        xp = checks.namespace(self.A)
        return _scalar(xp.max(xp.abs(xp.linalg.eigvalsh(self.A)), axis=-1))

    @property
    def curvature(self):
        return self.smoothness

    @property
    def lipschitz(self):
        return math.inf

    def oracle(self, beta):
        checks.same_home("A", self.A, beta)
        _same_dtype("A", self.A, beta)
        _check_p(self.A.shape[-1], beta)
        xp = checks.namespace(beta)
        forward, _ = _linear(self.A)

        def value(b):
            return xp.sum(b * forward(b), axis=-1) / 2

        return Oracle(value, forward, smooth_gradient=forward, prox=_identity)


# --- one implementation of what the objectives share ------------------------------------------------------------------


def _set(frozen, **fields):
    for name, value in fields.items():
        object.__setattr__(frozen, name, value)


def _identity(b, step):
    return b


def _shape(value):
    return tuple(value.shape) if checks.is_array(value) else ()


def _scalar(value):
    """An unbatched constant as a Python float, a batched one as it is."""
    return float(value) if value.ndim == 0 else value


def _sum_squares(xp, r):
    return xp.sum(r * r, axis=-1)


def _norm1(beta):
    """The map b ↦ ‖b‖₁ over the last axis, for arrays like ``beta``.

    A product with ones: over an axis as short as p = 2, NumPy's ``sum`` takes four times as long.
    """
    xp = checks.namespace(beta)
    ones = xp.ones(beta.shape[-1:], dtype=beta.dtype, device=array_api_compat.device(beta))
    return lambda b: xp.abs(b) @ ones


def _inf_where_positive(lam, otherwise):
    if checks.is_array(lam):
        xp = checks.namespace(lam)
        return xp.where(lam > 0, xp.full_like(lam, math.inf), xp.zeros_like(lam) + otherwise)
    return math.inf if lam > 0 else otherwise


def _data(X, y):
    X = checks.floating("X", X)
    checks.same_home("y", y, X, "X")
    y = checks.floating("y", y, like=X)
    if X.ndim < 2:
        raise ValueError(f"X must have shape (..., n, p), got {tuple(X.shape)}")
    if y.ndim < 1 or y.shape[-1] != X.shape[-2]:
        raise ValueError(f"y must have shape (..., {X.shape[-2]}) to fit X {tuple(X.shape)}, got {tuple(y.shape)}")
    if 0 in X.shape:
        raise ValueError(f"X must have at least one sample and one column, got shape {tuple(X.shape)}")
    _same_dtype("y", y, X, "X")
    checks.broadcast(tuple(X.shape[:-2]), y=tuple(y.shape[:-1]))
    return X, y


def _data_batch(objective, **parameters):
    shapes = {name: _shape(value) for name, value in parameters.items()}
    return checks.broadcast(tuple(objective.X.shape[:-2]), y=tuple(objective.y.shape[:-1]), **shapes)


def _samples(objective):
    """n for a mean, 1 for a sum."""
    return objective.X.shape[-2] if objective.reduction == "mean" else 1


def _largest_eigenvalue(X):
    """λmax(XᵀX) = σmax(X)²; a float, or an array over the batch of X."""
    xp = checks.namespace(X)
    return _scalar(xp.linalg.matrix_norm(X, ord=2)) ** 2


def _linear(M):
    """The maps v ↦ Mv and r ↦ Mᵀr over leading batch axes, for M (..., n, p), v (..., p) and r (..., n)."""
    if M.ndim == 2:  # one matrix for the whole batch: a single matrix product
        xp = checks.namespace(M)
        transposed = xp.asarray(M.T, copy=True)
        return lambda v: v @ transposed, lambda r: r @ M
    if M.shape[-3] == 1:  # one matrix for the whole last batch axis: a matrix product for each of the others
        M = M[..., 0, :, :]
        xp = checks.namespace(M)
        transposed = xp.asarray(xp.matrix_transpose(M), copy=True)
        return lambda v: (v if v.ndim > 1 else v[None]) @ transposed, lambda r: r @ M
    return lambda v: (M @ v[..., None])[..., 0], lambda r: (r[..., None, :] @ M)[..., 0, :]


def _same_dtype(name, value, like, like_name="beta"):
    if value.dtype != like.dtype:
        raise TypeError(f"{name} must have the dtype of {like_name} ({like.dtype}), got {value.dtype}")


def _check_p(p, beta, name="beta"):
    if p is not None and beta.shape[-1] != p:
        raise ValueError(f"{name} must have shape (..., {p}), got {tuple(beta.shape)}")


def parameters(objective, beta, name="beta"):
    """``beta`` as an array (..., p) that fits the batch of ``objective``.

    An array is returned as it is; a list takes the library, dtype and device of the objective's data.
    """
    data = {field: getattr(objective, field, None) for field in ("X", "A", "lam")}
    field, anchor = next(((f, v) for f, v in data.items() if checks.is_array(v)), (None, None))
    checks.same_home(name, beta, anchor, field)
    beta = checks.vectors(name, beta, like=anchor)
    _check_p(anchor.shape[-1] if field in ("X", "A") else getattr(objective, "p", None), beta, name)
    checks.broadcast(tuple(beta.shape[:-1]), **{f"the data of {type(objective).__name__}": objective.batch_shape})
    return beta


def _same_data(objective, beta):
    checks.same_home("X", objective.X, beta)
    _same_dtype("X", objective.X, beta)
    _check_p(objective.X.shape[-1], beta)
    return objective.X, objective.y


def _batched(name, value, beta, trailing=False):
    """``value`` as an array in beta's library, dtype and device, with a last axis of 1 if ``trailing``."""
    xp = checks.namespace(beta)
    if checks.is_array(value):
        checks.same_home(name, value, beta)
        value = xp.astype(value, beta.dtype)
        return value[..., None] if trailing and value.ndim else value
    return xp.asarray(value, dtype=beta.dtype, device=array_api_compat.device(beta))


def per_coordinate(name, value, beta):
    """``value`` spelt out for every coordinate of ``beta``, so that a loop broadcasts nothing.

    With a last axis as short as p = 2, broadcasting costs NumPy ten times as much as the arithmetic.
    """
    xp = checks.namespace(beta)
    value = _batched(name, value, beta, trailing=True)
    shape = checks.broadcast(tuple(beta.shape), **{name: tuple(value.shape)})
    return value if value.ndim == 0 else xp.asarray(xp.broadcast_to(value, shape), copy=True)
