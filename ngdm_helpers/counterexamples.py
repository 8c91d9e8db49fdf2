"""The losses that we bring against a claim of the paper; like `objectives`, and with the same conventions."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import array_api_compat

from ngdm_helpers import checks
from ngdm_helpers.checks import Array, Number
from ngdm_helpers.objectives import Objective, Oracle, ReLURegression, l1_oracle, smooth_oracle, soft_threshold


# --- notebooks 1 and 2: data that fit, kinks that are rounded ---------------------------------------------------------
@dataclass(frozen=True, eq=False)
class LeastAbsolute(Objective):
    """Least absolute deviations: f(β) = Σᵢ|xᵢᵀβ − yᵢ|, a mean by default; δ → 0 in Huber's loss divided by δ.

    X: (..., n, p), y: (..., n). If y = Xβ* and X has full column rank, f is sharp: at least linear growth from β*.
    """

    X: Array = field(repr=False)
    y: Array = field(repr=False)
    reduction: str = "mean"

    def __post_init__(self):
        self._check_data()

    @property
    def lipschitz(self) -> Number:
        """An upper bound on ‖g‖₂: √n·σmax(X), divided by n for the mean."""
        return checks.largest_eigenvalue(self.X) ** 0.5 * math.sqrt(self.X.shape[-2]) / self._samples

    def oracle(self, beta: Array) -> Oracle:
        samples, sign = self._samples, checks.sign(beta)
        xp, forward, backward, y = self._data_at(beta, self.X / samples)
        return Oracle(
            value=lambda b: xp.sum(xp.abs(forward(b) - y), axis=-1) / samples,
            subgradient=lambda b: backward(sign(forward(b) - y)),
        )


@dataclass(frozen=True, eq=False)
class NeuronRegression(Objective):
    """Relatives of (3): f(β) = ‖y − φ(Xβ)‖² + λ₁‖β‖₁ + λ₂‖β‖², φ(z) = a·z + (1 − a)·w·log(1 + exp(z/w)).

    slope: a in [0, 1]; width: w ≥ 0, the scale on which the kink is rounded; arrays over the batch run all members in
    one call. w = 0, a = 0 is (3), for any y; w > 0 softplus; a = 1 linear (ridge) regression. Convex for a = 1, and for
    a = 0 with y ≤ 0. With y = 0, 0 is a minimiser for w = 0, but not for softplus.
    """

    X: Array = field(repr=False)
    y: Array = field(repr=False)
    slope: Number = 0.0
    width: Number = 0.0
    lam1: Number = 0.0
    lam2: Number = 0.0

    def __post_init__(self):
        self._check_data(**dict.fromkeys(("slope", "width", "lam1", "lam2"), checks.nonnegative))
        checks.require("slope", self.slope, self.slope <= 1, "at most 1")

    curvature = ReLURegression.curvature  # of the members without a rounded kink

    @property
    def smoothness(self) -> Number:
        """inf for the members with a kink; for softplus an upper bound, which grows like max|y|/w as the kink sharpens.

        Per sample φ′² + φφ″ ≤ 1.05 and φ″ ≤ (1 − a)/(4w).
        """
        xp = checks.namespace(self.X)
        slope, width, lam1 = (checks.over_batch("slope", v, self.X) for v in (self.slope, self.width, self.lam1))
        kink = (1 - slope) * xp.max(xp.abs(self.y), axis=-1)  # half the slope jump, in units of x
        safe = xp.where(width > 0, width, xp.ones_like(width))
        rounded = xp.where((width > 0) & (slope < 1), 1.05 + kink / (4 * safe), xp.ones_like(kink + width))
        L = 2 * checks.largest_eigenvalue(self.X) * rounded + 2 * self.lam2
        return checks.scalar(xp.where(((width == 0) & (kink > 0)) | (lam1 > 0), xp.full_like(L, math.inf), L))

    def oracle(self, beta: Array) -> Oracle:
        xp, forward, backward, y = self._data_at(beta, 2 * self.X)
        slope, width = (checks.over_batch(n, getattr(self, n), beta, trailing=True) for n in ("slope", "width"))
        l1 = l1_oracle("lam1", self.lam1, beta)
        lam2 = checks.over_batch("lam2", self.lam2, beta)
        lam2_coordinate = checks.per_coordinate("lam2", self.lam2, beta)
        zero = xp.zeros_like(y)
        any_rounded = bool(xp.any(width > 0))  # without a softplus member, no exponential is computed
        safe = xp.where(width > 0, width, xp.ones_like(width))

        def activation(z):
            soft = xp.maximum(z, zero)
            if any_rounded:
                soft = soft + width * xp.log1p(xp.exp(-xp.abs(z) / safe))
            return slope * z + (1 - slope) * soft

        def derivative(z):
            step = xp.astype(z > 0, z.dtype)
            if any_rounded:
                tail = xp.exp(-xp.abs(z) / safe)
                step = xp.where(width > 0, xp.where(z > 0, 1 / (1 + tail), tail / (1 + tail)), step)
            return slope + (1 - slope) * step

        def value(b):
            residual = y - activation(forward(b))
            return xp.sum(residual * residual, axis=-1) + l1.value(b) + lam2 * xp.sum(b * b, axis=-1)

        def subgradient(b):
            z = forward(b)
            return backward((activation(z) - y) * derivative(z)) + l1.subgradient(b) + 2 * lam2_coordinate * b

        return Oracle(value, subgradient)


# --- notebook 2: the rate of convergence ------------------------------------------------------------------------------

TIES = ("first", "shared")


@dataclass(frozen=True, eq=False)
class MaxNorm(Objective):
    """f(β) = ‖β‖_∞, minimised at 0, with G = 1 in every dimension.

    ties: where several |βᵢ| are largest, which subgradient. "first" is the sign of the first of them, as torch's
    ``abs().max(dim=-1).values`` differentiates; "shared" the mean over all of them, as ``abs().amax(dim=-1)`` does.
    """

    ties: str = "first"
    curvature, lipschitz = 0.0, 1.0

    def __post_init__(self):
        checks.choice("ties", self.ties, TIES)

    def oracle(self, beta: Array) -> Oracle:
        xp, sign, shared = checks.namespace(beta), checks.sign(beta), self.ties == "shared"
        places = xp.arange(beta.shape[-1], device=array_api_compat.device(beta))

        def subgradient(b):
            size = xp.abs(b)
            if shared:
                chosen = xp.astype(size == xp.max(size, axis=-1, keepdims=True), b.dtype)
                return sign(b) * chosen / xp.sum(chosen, axis=-1, keepdims=True)
            return sign(b) * xp.astype(places == xp.argmax(size, axis=-1)[..., None], b.dtype)

        return Oracle(
            value=lambda b: xp.max(xp.abs(b), axis=-1),
            subgradient=subgradient,
            smooth_gradient=xp.zeros_like,
            prox=lambda b, step: b - _project(b, step),
            penalty_subgradient=subgradient,
        )


@dataclass(frozen=True, eq=False)
class SmoothMaxNorm(Objective):
    """f(β) = min_u ‖u‖_∞ + ‖u − β‖²/(2δ): the Moreau envelope of ‖·‖_∞, which for p = 1 is Huber's function over δ.

    ‖β‖_∞ − δ/2 ≤ f(β) ≤ ‖β‖_∞; L = 1/δ, G = 1. delta: δ > 0, a number or an array over the batch.
    """

    delta: Number
    lipschitz = 1.0

    def __post_init__(self):
        self._keep(delta=checks.positive("delta", self.delta))

    @property
    def smoothness(self) -> Number:
        return 1 / self.delta

    def oracle(self, beta: Array) -> Oracle:
        delta = checks.over_batch("delta", self.delta, beta)
        delta_coordinate = checks.per_coordinate("delta", self.delta, beta)
        xp = checks.namespace(beta)

        def gradient(b):
            return _project(b / delta_coordinate)

        def value(b):
            g = gradient(b)
            return xp.max(xp.abs(b - delta_coordinate * g), axis=-1) + delta * xp.sum(g * g, axis=-1) / 2

        return smooth_oracle(value, gradient, beta)


def project_l1_ball(v: Array, radius: Number = 1.0) -> Array:
    """The nearest point with ‖·‖₁ ≤ r = ``radius`` to each ``v``: (..., p) → (..., p); r ≥ 0 broadcasts.

    It is S_t(v) with t = max(0, maxⱼ (|v|₍₁₎ + … + |v|₍ⱼ₎ − r)/j), |v| sorted downwards (Duchi et al. 2008).
    """
    v = checks.vectors("v", v)
    checks.same_library_and_device("radius", radius, v, "v")
    return _project(v, checks.nonnegative("radius", radius, like=v))


def _project(v, radius=1.0):
    """`project_l1_ball` for a loop, unchecked."""
    xp = checks.namespace(v)
    size = xp.flip(xp.sort(xp.abs(v), axis=-1), axis=-1)
    count = xp.arange(1, v.shape[-1] + 1, dtype=v.dtype, device=array_api_compat.device(v))
    t = xp.max((xp.cumulative_sum(size, axis=-1) - radius) / count, axis=-1, keepdims=True)
    return soft_threshold(v, xp.maximum(t, xp.zeros_like(t)))


# --- notebook 4: growth, bounded losses with unbounded iterates, sharpness that rises ---------------------------------

Parts = tuple[Callable[[Array], Array], Callable[[Array], Array]]


def _log_cosh(xp: Any, sign: Any) -> Parts:
    def phi(b):
        size = xp.abs(b)
        half = xp.sinh(xp.minimum(size, xp.ones_like(b)) / 2)  # cosh(b) = 1 + 2 sinh²(b/2): no cancellation near 0
        large = size + xp.log1p(xp.expm1(-2 * size) / 2)  # no overflow far from 0
        return xp.where(size < 1, xp.log1p(2 * half * half), large)

    return phi, xp.tanh


def _mollified_huber(xp: Any, sign: Any) -> Parts:
    def pieces(b):
        """|b|, cut at 0.8, how far it has come of the 0.4 between 0.8 and 1.2, and how far beyond 1.2."""
        size = xp.abs(b)
        zero, inner, outer = xp.zeros_like(b), 0.8 + xp.zeros_like(b), 1.2 + xp.zeros_like(b)
        bend = xp.minimum(xp.maximum(size - inner, zero), outer - inner)
        return xp.minimum(size, inner), bend, xp.maximum(size - outer, zero)

    def phi(b):
        core, bend, beyond = pieces(b)
        return core * core / 2 + 0.8 * bend + bend * bend / 2 - bend * bend * bend / 2.4 + beyond

    def gradient(b):
        core, bend, _ = pieces(b)
        return sign(b) * (core + bend - bend * bend / 0.8)

    return phi, gradient


SEPARABLE: dict[str, Callable[[Any, Any], Parts]] = {  # kind: (namespace, sign) ↦ its φ and φ′
    "log-cosh": _log_cosh,
    # φ without the cancellation of √(1 + b²) − 1
    "√(1 + x²) − 1": lambda xp, _: (lambda b: b * b / (1 + xp.sqrt(1 + b * b)), lambda b: b / xp.sqrt(1 + b * b)),
    "x²/2 + x⁴/4": lambda xp, _: (lambda b: b * b / 2 + (b * b) * (b * b) / 4, lambda b: b + b * b * b),
    "mollified Huber": _mollified_huber,
}


@dataclass(frozen=True, eq=False)
class Separable(Objective):
    """f(β) = Σᵢ φ(βᵢ) with φ″(0) = 1 = curvature: smooth relatives of Huber's function, and one that is not.

    kind: "log-cosh" and "√(1 + x²) − 1" are analytic, with L = 1 and |φ′| < 1 (as Huber with δ = 1); "x²/2 + x⁴/4"
    grows faster than its tangent parabola, and its gradient is not Lipschitz; "mollified Huber" is Huber with δ = 1
    averaged over shifts in (−0.2, 0.2), less a constant: C², φ = x²/2 for |x| ≤ 0.8 and slope 1 from 1.2 on.
    G is inf: 1 per coordinate for all but the quartic, hence √p for p of them, and no finite constant for every p.
    """

    kind: str
    curvature = 1.0

    def __post_init__(self):
        checks.choice("kind", self.kind, SEPARABLE)

    @property
    def smoothness(self) -> Number:
        return math.inf if self.kind == "x²/2 + x⁴/4" else 1.0

    def oracle(self, beta: Array) -> Oracle:
        xp = checks.namespace(beta)
        phi, gradient = SEPARABLE[self.kind](xp, checks.sign(beta))
        return smooth_oracle(lambda b: xp.sum(phi(b), axis=-1), gradient, beta)


@dataclass(frozen=True, eq=False)
class PowerTail(Objective):
    """f(β) = Σᵢ φ(βᵢ), φ(x) = x²/2 for |x| ≤ 1 and ½ + (|x|^q − 1)/q beyond: a parabola that goes on as a power.

    exponent: q ≥ 1, a number or an array over the batch. q = 1 is Huber with δ = 1 and q = 2 the parabola. φ′ is
    continuous: φ′(x) = sign(x)·|x|^(q − 1) beyond 1. Growth is subquadratic for q < 2; L = 1 up to q = 2.
    G is inf: 1 per coordinate for q = 1, hence √p for p of them, and none for q > 1.
    """

    exponent: Number

    def __post_init__(self):
        self._keep(exponent=checks.positive("exponent", self.exponent))
        checks.require("exponent", self.exponent, self.exponent >= 1, "at least 1 (below it f is not convex)")

    @property
    def smoothness(self) -> Number:
        return checks.inf_where_positive(self.exponent - 2, 1.0)

    def oracle(self, beta: Array) -> Oracle:
        q = checks.over_batch("exponent", self.exponent, beta, trailing=True)
        xp, sign, slope, one = checks.namespace(beta), checks.sign(beta), q - 1, checks.over_batch("1", 1.0, beta)

        def parts(b):
            size = xp.abs(b)
            return xp.minimum(size, one), xp.maximum(size, one)

        def value(b):
            inner, outer = parts(b)
            return xp.sum(inner * inner / 2 + (outer**q - 1) / q, axis=-1)

        def subgradient(b):
            inner, outer = parts(b)
            return sign(b) * inner * outer**slope

        return Oracle(value, subgradient)


@dataclass(frozen=True, eq=False)
class Logistic(Objective):
    """Logistic regression: f(β) = Σᵢ log(1 + exp(−yᵢxᵢᵀβ)), a mean by default, with labels y = ±1.

    X: (..., n, p), y: (..., n). Convex, Lipschitz and L-smooth with L = λmax(XᵀX)/4 (divided by n for the mean).
    Without a minimiser where a hyperplane through 0 separates the labels: f → 0 as β runs off. ValueError for a label
    that is not ±1.
    """

    X: Array = field(repr=False)
    y: Array = field(repr=False)
    reduction: str = "mean"

    def __post_init__(self):
        self._check_data()
        checks.require("y", self.y, abs(self.y) == 1, "labels −1 and 1")

    @property
    def smoothness(self) -> Number:
        return checks.largest_eigenvalue(self.X) / (4 * self._samples)

    lipschitz = LeastAbsolute.lipschitz  # each sample's slope is at most 1 here as well

    def oracle(self, beta: Array) -> Oracle:
        samples = self._samples
        xp, forward, backward, y = self._data_at(beta, self.X / samples)

        def value(b):
            margin = y * forward(b)
            # nothing overflows: log(1 + e⁻ᵐ) = max(−m, 0) + log(1 + e^−|m|)
            losses = xp.maximum(-margin, xp.zeros_like(margin)) + xp.log1p(xp.exp(-xp.abs(margin)))
            return xp.sum(losses, axis=-1) / samples

        def gradient(b):
            margin = y * forward(b)
            tail = xp.exp(-xp.abs(margin))
            return backward(-y * xp.where(margin > 0, tail, xp.ones_like(tail)) / (1 + tail))

        return smooth_oracle(value, gradient, beta)


@dataclass(frozen=True, eq=False)
class Product(Objective):
    """f(u, v) = ½(uv − 1)²: a linear network of two weights on one sample; beta is (u, v). Not convex.

    Its minimisers are the hyperbola uv = 1, where the largest curvature is u² + v² (see `theory.product_sharpness`).
    """

    p = 2

    def oracle(self, beta: Array) -> Oracle:
        checks.dimension(2, beta)
        xp = checks.namespace(beta)

        def subgradient(b):
            u, v = b[..., 0], b[..., 1]
            residual = u * v - 1
            return xp.stack([residual * v, residual * u], axis=-1)

        return Oracle(lambda b: (b[..., 0] * b[..., 1] - 1) ** 2 / 2, subgradient)


@dataclass(frozen=True, eq=False)
class Trough(Objective):
    """f(x, y) = max(0, |x| − w(y)), w(y) = width·y/(1 + y) for y > 0 and width·y for y ≤ 0; beta is (x, y).

    Convex (w is concave), Lipschitz with G = √(1 + width²), minimum 0 attained. From (η/2, 0) with a constant step
    η ≥ 2·width, NGDM flips x between ±η/2 and pushes y to infinity while f falls to η/2 − width: the loss stays bounded
    and the iterates do not.
    """

    width: float
    p = 2

    def __post_init__(self):
        self._keep(width=checks.positive_number("width", self.width))

    @property
    def lipschitz(self) -> Number:
        return math.sqrt(1 + self.width**2)

    def oracle(self, beta: Array) -> Oracle:
        checks.dimension(2, beta)
        xp, sign, width = checks.namespace(beta), checks.sign(beta), self.width

        def parts(b):
            x, y = b[..., 0], b[..., 1]
            above = xp.maximum(y, xp.zeros_like(y))
            return x, above, xp.abs(x) - width * (above / (1 + above) + xp.minimum(y, xp.zeros_like(y)))

        def value(b):
            height = parts(b)[2]
            return xp.maximum(height, xp.zeros_like(height))

        def subgradient(b):
            x, above, height = parts(b)
            g = xp.stack([sign(x), -width / (1 + above) ** 2], axis=-1)
            return xp.where((height > 0)[..., None], g, xp.zeros_like(g))

        return Oracle(value, subgradient)
