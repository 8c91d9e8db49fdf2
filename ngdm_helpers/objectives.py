"""The paper's losses: data, value, subgradient, proximal map, constants.

Every objective takes a parameter array ``beta`` of shape ``(..., p)``, of any array API library, and computes where
that array lives. Batch dimensions lead. Data may be batched as well: ``X`` is ``(..., n, p)``, ``y`` is ``(..., n)``,
and ``lam``, ``delta`` are numbers or arrays that broadcast against the batch ``...`` (no trailing axis for p).

``subgradient`` returns what automatic differentiation returns, at kinks too: sign(0) = 0 and relu'(0) = 0. For these
objectives that is an element of the subdifferential (outer derivatives are non-negative, and the subdifferential of a
sum of finite convex functions is the sum of theirs).

Equation numbers are those of Kumar, *GD doesn't make the cut* (arXiv 2401.08426). Losses of our own: `counterexamples`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

from ngdm_helpers import checks
from ngdm_helpers.checks import Array, Number


class Oracle(NamedTuple):
    """The functions that evaluate an objective, its data already checked and shaped for one batch.

    ``value(beta) → (...,)``, ``subgradient(beta) → (..., p)``; where the objective splits into g + h, of g
    ``smooth_gradient(beta) → (..., p)``, and of h ``prox(beta, step) → (..., p)`` and ``penalty_subgradient(beta) →
    (..., p)``. These three are None elsewhere.
    """

    value: Callable[[Array], Array]
    subgradient: Callable[[Array], Array]
    smooth_gradient: Callable[[Array], Array] | None = None
    prox: Callable[[Array, Array], Array] | None = None
    penalty_subgradient: Callable[[Array], Array] | None = None


class Objective:
    """A function f of β. A subclass is a frozen dataclass of f's data with `oracle`, and with the constants it knows.

    Where f = g + h with g L-smooth and h of known proximal map, the oracle has all five functions; a smooth f is its
    own g. CONTRIBUTING shows a complete subclass.
    """

    reduction = "sum"

    def oracle(self, beta: Array) -> Oracle:
        """Check ``beta`` once and return the functions for a loop over arrays like it."""
        raise NotImplementedError(f"{type(self).__name__} must define oracle")

    @property
    def p(self) -> int | None:
        """The dimension that the data fix; None if f is defined in every dimension."""
        return next((getattr(self, name).shape[-1] for name in ("X", "A") if hasattr(self, name)), None)

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """The batch of the objective's own data."""
        own_axes = {"X": 2, "A": 2, "y": 1}
        shapes = {entry.name: checks.shape(getattr(self, entry.name)) for entry in fields(self)}  # type: ignore[arg-type]
        return checks.broadcast((), **{name: s[: len(s) - own_axes.get(name, 0)] for name, s in shapes.items()})

    @property
    def smoothness(self) -> Number:
        """L of (5), the Lipschitz constant of the gradient in the 2-norm; inf where there is none."""
        return math.inf

    @property
    def lipschitz(self) -> Number:
        """G of (6), the Lipschitz constant of f in the 2-norm; inf where there is none."""
        return math.inf

    @property
    def curvature(self) -> Number:
        """L of the smooth part g: proximal gradient converges for steps below 2/L."""
        return self.smoothness

    def value(self, beta: Array) -> Array:
        """f(beta): ``(..., p) → (...,)``. Raises TypeError/ValueError for a beta that does not fit the data."""
        beta = self.start(beta)
        return self.oracle(beta).value(beta)

    def subgradient(self, beta: Array) -> Array:
        """The subgradient that automatic differentiation returns: ``(..., p) → (..., p)``."""
        beta = self.start(beta)
        return self.oracle(beta).subgradient(beta)

    def smooth_gradient(self, beta: Array) -> Array:
        """∇g: ``(..., p) → (..., p)``. TypeError if f has no proximal splitting."""
        beta = self.start(beta)
        return self._splitting(beta)[0](beta)

    def prox(self, beta: Array, step: Number) -> Array:
        """argmin_u step·h(u) + ½‖u − beta‖²: ``(..., p) → (..., p)``; ``step`` > 0, a number or over the batch.

        TypeError if f has no proximal splitting.
        """
        beta = self.start(beta)
        step = checks.positive("step", step, like=beta)
        return self._splitting(beta)[1](beta, checks.per_coordinate("step", step, beta))

    def start(self, beta: Any, name: str = "beta") -> Array:
        """``beta`` as an array (..., p) that fits the data and their batch.

        An array is returned as it is; a list takes the library, dtype and device of the data. Errors call it ``name``.
        """
        data = {entry.name: getattr(self, entry.name) for entry in fields(self)}  # type: ignore[arg-type]
        anchor_name, anchor = next(((k, v) for k, v in data.items() if checks.is_array(v)), ("", None))
        checks.same_library_and_device(name, beta, anchor, anchor_name)
        beta = checks.vectors(name, beta, like=anchor)
        checks.dimension(self.p, beta, name)
        checks.broadcast(tuple(beta.shape[:-1]), **{f"the data of {type(self).__name__}": self.batch_shape})
        return beta

    def _splitting(self, beta):
        oracle = self.oracle(beta)
        if oracle.smooth_gradient is None or oracle.prox is None:
            raise TypeError(f"{type(self).__name__} is no smooth function plus one of known proximal map")
        return oracle.smooth_gradient, oracle.prox

    # --- for subclasses -----------------------------------------------------------------------------------------------

    def _keep(self, **values):
        """Set fields of a frozen dataclass; for its ``__post_init__``."""
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def _check_data(self, **parameters):
        """Check X, y and ``reduction``, and each named parameter by the check that is given, and keep the results."""
        X, y = checks.regression(self.X, self.y)
        self._keep(X=X, y=y, **{n: check(n, getattr(self, n), like=X) for n, check in parameters.items()})
        checks.choice("reduction", self.reduction, ("sum", "mean"))

    @property
    def _samples(self):
        """n for a mean, 1 for a sum."""
        return self.X.shape[-2] if self.reduction == "mean" else 1

    def _data_at(self, beta, adjoint=None):
        """(namespace, v ↦ Xv, r ↦ Mᵀr, y) for arrays like ``beta``, M = ``adjoint`` or X; raises unless X fits them."""
        checks.same_library_and_device("X", self.X, beta)
        checks.same_dtype("X", self.X, beta)
        checks.dimension(self.X.shape[-1], beta)
        return checks.namespace(beta), *checks.linear(self.X, adjoint), self.y


def soft_threshold(u: Array, t: Number) -> Array:
    """S_t(u) = sign(u)·max(|u| − t, 0), elementwise; the proximal map of t‖·‖₁. ``t`` ≥ 0, broadcast against ``u``."""
    xp, t = checks.namespace(u), checks.over_batch("t", t, u) if isinstance(t, float | int) else t
    return _shrunk(xp, u, t)


def _shrunk(xp, u, t):
    return u - xp.maximum(xp.minimum(u, t), -t)  # the same number in half the operations


def smooth_oracle(value: Callable[[Array], Array], gradient: Callable[[Array], Array], beta: Array) -> Oracle:
    """The `Oracle` of a smooth objective for arrays like ``beta``: f is its own g, and h = 0."""
    return Oracle(value, gradient, gradient, lambda b, step: b, checks.namespace(beta).zeros_like)


def l1_oracle(name: str, lam: Number, beta: Array) -> Oracle:
    """The `Oracle` of λ‖·‖₁ for arrays like ``beta``; ``name`` is what errors call λ."""
    lam_batch, lam_coordinate = checks.over_batch(name, lam, beta), checks.per_coordinate(name, lam, beta)
    xp, norm1, sign = checks.namespace(beta), checks.norm1(beta), checks.sign(beta)
    zero = xp.zeros_like(beta)

    def subgradient(b):
        return lam_coordinate * sign(b)

    return Oracle(
        value=lambda b: lam_batch * norm1(b),
        subgradient=subgradient,
        smooth_gradient=lambda b: zero,
        prox=lambda b, step: _shrunk(xp, b, step * lam_coordinate),
        penalty_subgradient=subgradient,
    )


@dataclass(frozen=True, eq=False)
class L1Norm(Objective):
    """Equation (7): f(β) = λ‖β‖₁, minimised at 0.

    lam: λ ≥ 0, number or array over the batch. p: the dimension, needed only for G = λ√p; if given, beta must have it.
    """

    lam: Number
    p: int | None = None  # type: ignore[assignment]  # a field here, not what data say
    curvature = 0.0

    def __post_init__(self):
        self._keep(lam=checks.nonnegative("lam", self.lam))
        if self.p is not None:
            self._keep(p=checks.count("p", self.p))

    @property
    def smoothness(self) -> Number:
        return checks.inf_where_positive(self.lam, 0.0)

    @property
    def lipschitz(self) -> Number:
        """G = λ√p. Raises ValueError without p: no finite constant serves every dimension."""
        if self.p is None:
            raise ValueError("p must be given for the Lipschitz constant λ√p: L1Norm(lam, p=2), got p=None")
        return self.lam * math.sqrt(self.p)

    def oracle(self, beta: Array) -> Oracle:
        checks.dimension(self.p, beta)
        return l1_oracle("lam", self.lam, beta)


@dataclass(frozen=True, eq=False)
class ReLURegression(Objective):
    """Equation (3): f(β) = ‖y − max(Xβ, 0)‖² + λ₁‖β‖₁ + λ₂‖β‖².

    X: (..., n, p). y: (..., n), y ≤ 0 as in the paper (ValueError otherwise), which makes f convex with minimum at 0;
    `counterexamples.NeuronRegression` takes any y. Every yᵢ < 0 puts a kink of slope jump 2|yᵢ|xᵢ on the hyperplane
    xᵢᵀβ = 0; y = 0 and λ₁ = 0 give the smooth squared hinge, with L ≤ 2λmax(XᵀX) + 2λ₂.
    """

    X: Array = field(repr=False)
    y: Array = field(repr=False)
    lam1: Number = 0.0
    lam2: Number = 0.0

    def __post_init__(self):
        self._check_data(lam1=checks.nonnegative, lam2=checks.nonnegative)
        xp = checks.namespace(self.y)
        if bool(xp.any(self.y > 0)):
            largest = float(xp.max(self.y))
            other = "counterexamples.NeuronRegression takes any y"
            raise ValueError(f"y must be ≤ 0 for (3) to be convex, got an entry {largest!r}; {other}")

    @property
    def curvature(self) -> Number:
        """2λmax(XᵀX) + 2λ₂: the largest curvature where f is twice differentiable."""
        return 2 * checks.largest_eigenvalue(self.X) + 2 * self.lam2

    @property
    def smoothness(self) -> Number:
        xp = checks.namespace(self.y)
        L = xp.zeros_like(self.y[..., 0]) + checks.inf_where_positive(self.lam1, self.curvature)
        return checks.scalar(xp.where(xp.any(self.y != 0, axis=-1), xp.full_like(L, math.inf), L))

    def oracle(self, beta: Array) -> Oracle:
        xp, forward, backward, y = self._data_at(beta, 2 * self.X)
        l1 = l1_oracle("lam1", self.lam1, beta)
        lam2 = checks.over_batch("lam2", self.lam2, beta)
        lam2_coordinate = checks.per_coordinate("lam2", self.lam2, beta)
        zero = xp.zeros_like(y)

        def value(b):
            residual = y - xp.maximum(forward(b), zero)
            return xp.sum(residual * residual, axis=-1) + l1.value(b) + lam2 * xp.sum(b * b, axis=-1)

        def subgradient(b):
            z = forward(b)
            active = xp.where(z > 0, z - y, zero)
            return backward(active) + l1.subgradient(b) + 2 * lam2_coordinate * b

        return Oracle(value, subgradient)


@dataclass(frozen=True, eq=False)
class Lasso(Objective):
    """Equation (11): f(β) = ‖y − Xβ‖² + λ‖β‖₁, no factor ½; ``reduction="mean"`` divides the square by n.

    X: (..., n, p), y: (..., n), lam: λ ≥ 0. scikit-learn's ``Lasso(alpha=λ/(2n), fit_intercept=False)`` has the same
    minimiser as "sum", ``alpha=λ/2`` the same as "mean".
    """

    X: Array = field(repr=False)
    y: Array = field(repr=False)
    lam: Number
    reduction: str = "sum"

    def __post_init__(self):
        self._check_data(lam=checks.nonnegative)

    @property
    def curvature(self) -> Number:
        """L of the square: 2λmax(XᵀX), divided by n for the mean."""
        return 2 * checks.largest_eigenvalue(self.X) / self._samples

    @property
    def smoothness(self) -> Number:
        return checks.inf_where_positive(self.lam, self.curvature)

    def oracle(self, beta: Array) -> Oracle:
        samples = self._samples
        xp, forward, backward, y = self._data_at(beta, self.X * (2 / samples))
        l1 = l1_oracle("lam", self.lam, beta)

        def value(b):
            residual = forward(b) - y
            return xp.sum(residual * residual, axis=-1) / samples + l1.value(b)

        first, target, then = forward, y, backward
        # one product with the Gram matrix in place of two with X; below a thousand numbers they cost the same
        if self.X.shape[-2] > self.X.shape[-1] and math.prod(self.X.shape[-2:]) > 1000:
            _, first = checks.linear(xp.matrix_transpose(self.X * (2 / samples)) @ self.X)
            target, then = backward(y) + xp.zeros_like(beta), lambda g: g  # at full size: the loop broadcasts nothing

        def smooth_gradient(b):
            return then(first(b) - target)

        def subgradient(b):
            return smooth_gradient(b) + l1.subgradient(b)

        return Oracle(value, subgradient, smooth_gradient, l1.prox, l1.subgradient)


@dataclass(frozen=True, eq=False)
class Huber(Objective):
    """Equation (13): f(β) = Σᵢ h_δ(xᵢᵀβ − yᵢ), h_δ(r) = ½r² for |r| ≤ δ and δ(|r| − ½δ) beyond; a mean by default.

    This is torch's ``HuberLoss(reduction, delta)`` of Xβ against y. Its gradient Xᵀclip(Xβ − y, −δ, δ) is Lipschitz
    with L = λmax(XᵀX) (divided by n for the mean), and f is G-Lipschitz with G = δ√(nL) for the sum, δ√L for the mean.
    """

    X: Array = field(repr=False)
    y: Array = field(repr=False)
    delta: Number = 1.0
    reduction: str = "mean"

    def __post_init__(self):
        self._check_data(delta=checks.positive)

    @property
    def smoothness(self) -> Number:
        return checks.largest_eigenvalue(self.X) / self._samples

    @property
    def lipschitz(self) -> Number:
        """An upper bound on ‖∇f‖₂: δ√n·σmax(X), divided by n for the mean."""
        n = self.X.shape[-2]
        return self.delta * checks.largest_eigenvalue(self.X) ** 0.5 * math.sqrt(n) / self._samples

    def oracle(self, beta: Array) -> Oracle:
        samples = self._samples
        xp, forward, backward, y = self._data_at(beta, self.X / samples)
        delta = checks.over_batch("delta", self.delta, beta, trailing=True)
        below = -delta

        def value(b):
            size = xp.abs(forward(b) - y)
            inner = xp.minimum(size, delta)
            return xp.sum(inner * (size - inner / 2), axis=-1) / samples

        def gradient(b):
            return backward(xp.minimum(xp.maximum(forward(b) - y, below), delta))

        return smooth_oracle(value, gradient, beta)


@dataclass(frozen=True, eq=False)
class Quadratic(Objective):
    """The smooth reference f(β) = ½ βᵀAβ. A: (..., p, p), symmetric (ValueError otherwise), of any signature."""

    A: Array = field(repr=False)

    def __post_init__(self):
        self._keep(A=checks.symmetric("A", self.A))

    @property
    def smoothness(self) -> Number:
        """The largest |eigenvalue| of A."""
        xp = checks.namespace(self.A)
        return checks.scalar(xp.max(xp.abs(xp.linalg.eigvalsh(self.A)), axis=-1))

    def oracle(self, beta: Array) -> Oracle:
        checks.same_library_and_device("A", self.A, beta)
        checks.same_dtype("A", self.A, beta)
        checks.dimension(self.A.shape[-1], beta)
        xp, (gradient, _) = checks.namespace(beta), checks.linear(self.A)
        return smooth_oracle(lambda b: xp.sum(b * gradient(b), axis=-1) / 2, gradient, beta)
