"""Closed forms in the order of the notebooks: thresholds, bounds, orbits, the band law. NumPy; nothing is simulated.

η is ``lr``, λ is ``lam``, and s = ηλ is the step of recursion (8): every update moves every coordinate by exactly ±s.
R = ‖x₀ − x*‖₂ is ``distance``, L of (5) ``smoothness``, G of (6) ``lipschitz``, ε ``eps``. Arguments are numbers or
NumPy arrays, which broadcast against one another. Errors name the argument, its value and what is allowed.
"""

import functools
import math
from collections.abc import Callable

import numpy as np

from ngdm_helpers import checks
from ngdm_helpers.checks import Array, Number
from ngdm_helpers.counterexamples import Logistic
from ngdm_helpers.objectives import Objective, ReLURegression
from ngdm_helpers.trajectories import Trajectory


# --- notebook 1: the subgradient method -------------------------------------------------------------------------------
def best_value_bound(distance: Number, lipschitz: Number, lr: Number, steps: int | Array) -> Number:
    """R²/(2ηT) + ηG²/2 ≥ f_best − f* after T steps of the subgradient method with a constant step.

    For a convex G-Lipschitz f (Boyd, Xiao & Mutapcic 2003). The average of the first T values obeys it too.
    """
    R, G = _positive("distance", distance), _positive("lipschitz", lipschitz)
    lr, steps = _positive("lr", lr), _counts("steps", steps)
    return R**2 / (2 * lr * steps) + lr * G**2 / 2


def best_constant_lr(distance: Number, lipschitz: Number, steps: int | Array) -> Number:
    """R/(G√T): the constant step that makes `best_value_bound` smallest for a budget of T steps; it is RG/√T then."""
    R, G = _positive("distance", distance), _positive("lipschitz", lipschitz)
    return R / (G * _counts("steps", steps) ** 0.5)


# --- notebook 2: capture, rates, the bridge from GELU to ReLU ---------------------------------------------------------
def capture_level(A: Array, norm: float | str) -> Number:
    """min ½βᵀAβ over ‖β‖ = 1: the largest level whose sublevel set lies in the unit ball. norm: 2 or inf.

    A: (..., p, p), symmetric positive definite (ValueError otherwise). λmin(A)/2 in the 2-norm and
    minᵢ 1/(2(A⁻¹)ᵢᵢ) in the ∞-norm. Every monotone method that starts below it stays in the ball.
    """
    A = checks.symmetric("A", _numpy("A", A))
    eigenvalues = np.linalg.eigvalsh(A)
    if not (eigenvalues > 0).all():
        raise ValueError(f"A must be positive definite, got smallest eigenvalue {float(eigenvalues.min())!r}")
    if checks.is_array(norm) or norm not in (2, math.inf, "inf"):
        raise ValueError(f"norm must be 2 or inf, got {norm!r}")
    levels = eigenvalues / 2 if norm == 2 else 1 / (2 * np.linalg.diagonal(np.linalg.inv(A)))
    return checks.scalar(levels.min(axis=-1))


def cube_gain(A: Array, lr: Number) -> Number:
    """‖I − ηA‖_∞: the largest ‖·‖_∞ after one step of gradient descent on ½βᵀAβ from the cube ‖β‖_∞ ≤ 1: (...,).

    The cube is kept if and only if it is at most 1; for η ≤ 1/maxᵢ Aᵢᵢ that says that A is diagonally dominant.
    A: (..., p, p), symmetric; lr = η > 0, a number or an array over the batch.
    """
    A, lr = checks.symmetric("A", _numpy("A", A)), np.asarray(_positive("lr", lr))
    step = np.eye(A.shape[-1]) - lr[..., None, None] * A
    return checks.scalar(np.abs(step).sum(axis=-1).max(axis=-1))


def diagonally_dominant(A: Array) -> bool | Array:
    """Whether Aᵢᵢ ≥ Σⱼ≠ᵢ |Aᵢⱼ| in every row of A (..., p, p), symmetric: a bool, or booleans over the batch."""
    A = checks.symmetric("A", _numpy("A", A))
    dominant = (2 * np.linalg.diagonal(A) >= np.abs(A).sum(axis=-1)).all(axis=-1)
    return bool(dominant) if dominant.ndim == 0 else dominant


def smooth_steps_bound(distance: Number, smoothness: Number, eps: Number) -> Number:
    """LR²/(2ε): after so many steps of gradient descent with η = 1/L, a convex L-smooth f has f − f* ≤ ε."""
    R, L = _positive("distance", distance), _positive("smoothness", smoothness)
    return L * R**2 / (2 * _positive("eps", eps))


def subgradient_steps_bound(distance: Number, lipschitz: Number, eps: Number) -> Number:
    """G²R²/ε²: after so many steps of NGDM at η = ε/G², the best value of a convex G-Lipschitz f is within ε of f*."""
    R, G = _positive("distance", distance), _positive("lipschitz", lipschitz)
    return (G * R / _positive("eps", eps)) ** 2


def max_norm_steps(p: int, eps: Number) -> int | Array:
    """p·⌈1/(ε√p) − 1⌉: the steps after which NGDM on ‖x‖_∞ from (1, …, 1)/√p, η = ε, has ‖x‖_∞ ≤ ε; 0 if it starts so.

    For ties settled in favour of the first (`counterexamples.MaxNorm`): each step lowers one of the p coordinates by ε.
    Without rounding up it is √p/ε − p, at most 1/(4ε²), which p = 1/(4ε²) attains.
    """
    p, eps = checks.count("p", p), _positive("eps", eps)
    # 1/(ε√p) is often a whole number, which rounding may lift a little
    rounds = np.maximum(np.ceil(1 / (np.asarray(eps) * p**0.5) - 1 - 1e-9), 0)
    steps = _whole("eps must be so large", p * rounds)
    return int(steps) if steps.ndim == 0 else steps


def normal_cdf(z: Array) -> Array:
    """Φ(z), the standard normal distribution function, entry by entry; GELU is z·Φ(z)."""
    # NumPy has no erfc, and a page without SciPy needs this one function of it
    return np.vectorize(math.erfc, otypes=[float])(-np.asarray(z, dtype=float) / math.sqrt(2)) / 2


def bridge_smoothness(beta: Number) -> Number:
    """2β/√(2π): the largest curvature of z·Φ(βz), at z = 0; β = 1 is GELU, β → ∞ ReLU.

    The second derivative is β·(2 − u²)·exp(−u²/2)/√(2π) with u = βz.
    """
    return 2 * _positive("beta", beta) / math.sqrt(2 * math.pi)


def bridge_gap(beta: Number) -> Number:
    """max |z·Φ(βz) − max(z, 0)| = maxᵤ u·Φ(−u)/β = 0.16997/β, at |z| = 0.7518/β."""
    return 0.16997120747990369 / _positive("beta", beta)


@functools.lru_cache(maxsize=16)  # a layer upon a layer asks again
def _hermite_shares(activation, terms=200):
    """aₙ²/E[φ(z)²] for the normalised Hermite polynomials, n < terms; the last has what is left of 1."""
    z = np.linspace(-8, 8, 4001)  # a node at 0, where the kinks are; smooth integrands that vanish at the ends
    density = np.exp(-(z**2) / 2)
    values = np.asarray(activation(z), dtype=float)
    weighted, below, here = values * density / density.sum(), np.zeros_like(z), np.ones_like(z)
    shares = np.empty(terms)
    for n in range(terms):
        shares[n] = (weighted @ here) ** 2 / (weighted @ values)
        below, here = here, (z * here - math.sqrt(n) * below) / math.sqrt(n + 1)
    shares[-1] += 1 - shares.sum()
    shares.flags.writeable = False
    return shares


def correlation_map(activation: Callable[[Array], Array], correlation: Number) -> Number:
    """E[φ(u)φ(v)]/E[φ(u)²] for standard normal u, v with E[uv] = c: one wide random layer's effect on a correlation.

    activation: φ on NumPy arrays; correlation: c in [0, 1], (...,). Weights of mean 0 that preserve the mean square, no
    biases (Poole et al. 2016). The value at 0 is the share of the mean.
    """
    c = np.asarray(_nonnegative("correlation", correlation), dtype=float)
    if (c > 1).any():
        raise ValueError(f"correlation must be at most 1, got {c.max()}")
    return checks.scalar(np.polynomial.polynomial.polyval(c, _hermite_shares(activation)))


def correlation_slope(activation: Callable[[Array], Array]) -> float:
    """χ = E[φ′²]/E[φ²], the slope of `correlation_map` at 1; a layer multiplies the mean square of a gradient by it.

    Above 1, inputs that are nearly the same part (Schoenholz et al. 2017). 1 where φ is az for z > 0 and bz below.
    """
    z = np.linspace(-8, 8, 16_001)
    values, density = activation(z), np.exp(-(z**2) / 2)
    between = (density[1:] + density[:-1]) / 2
    return float((np.diff(values) / np.diff(z)) ** 2 @ between / (values**2 @ density))


def correlation_fixed_point(activation: Callable[[Array], Array]) -> float:
    """The correlation in [0, 1] to which `correlation_map`, layer upon layer, takes every one below 1.

    The map is convex: 1 where its slope there is at most 1; else the other point that it leaves where it is.
    """
    shares = _hermite_shares(activation)
    if correlation_slope(activation) <= 1 + 1e-6:
        return 1.0
    low, high = 0.0, 1.0 - 1e-9
    for _ in range(60):
        middle = (low + high) / 2
        rises = np.polynomial.polynomial.polyval(middle, shares) > middle
        low, high = (middle, high) if rises else (low, middle)
    return low


# --- notebook 3: the ℓ1 penalty ---------------------------------------------------------------------------------------
def residue(beta: Array, lr: Number, lam: Number) -> Array:
    """β mod s in [0, s), elementwise: what every update of (8) conserves. beta: (..., p); lr, lam over the batch."""
    beta, s = _vectors_and_step("beta", beta, lr, lam)
    return np.remainder(beta, s)


def entry_step(beta0: Array, lr: Number, lam: Number) -> Array:
    """K = maxᵢ ⌊|β₀ⁱ|/s⌋, the step from which the iterates of (8) are on their 2-cycle. beta0: (..., p) → (...,)."""
    crossings, _ = _crossings(*_vectors_and_step("beta0", beta0, lr, lam))
    return _whole("lr·lam must be so large", crossings.max(axis=-1))


def orbit(beta0: Array, lr: Number, lam: Number) -> tuple[Array, Array]:
    """Proposition 3.2: the two vectors between which (8) alternates from step K on (see `entry_step`), exactly.

    beta0: (..., p); lr = η > 0 and lam = λ > 0: numbers, or arrays over the batch. Returns ``(even, odd)``, both
    (..., p): the iterates of even and of odd step number. Coordinate by coordinate they are σr and −σ(s − r), with
    s = ηλ, σ = sign β₀ and r = |β₀| mod s; which comes first is the parity of ⌊|β₀|/s⌋, so coordinates differ in it.
    A coordinate that starts on a multiple of s lands on 0 and stays there (sign 0 = 0).
    """
    beta0, s = _vectors_and_step("beta0", beta0, lr, lam)
    crossings, r = _crossings(beta0, s)
    sign = np.sign(beta0)
    near, far = sign * r, np.where(r > 0, sign * (r - s), 0.0 * r)
    starts_even = crossings % 2 == 0
    return np.where(starts_even, near, far), np.where(starts_even, far, near)


def band_mean_l1(p: int, lr: Number, lam: Number) -> Number:
    """pηλ/2: the mean of ‖β‖₁ over two consecutive iterates of (8) once all p coordinates are on their orbit, exactly.

    It follows from |β_k| + |β_{k+1}| = ηλ per coordinate, and does not depend on the start, as long as no coordinate
    starts on a multiple of ηλ (such a one ends at 0).
    """
    p, lr, lam = checks.count("p", p), _positive("lr", lr), _nonnegative("lam", lam)
    return p * lr * lam / 2


def band_sd_l1(p: int, lr: Number, lam: Number) -> Number:
    """ηλ√(p/12): the standard deviation of ‖β‖₁ at one step, for p independent residues, uniform on (0, ηλ)."""
    p, lr, lam = checks.count("p", p), _positive("lr", lr), _nonnegative("lam", lam)
    return lr * lam * math.sqrt(p / 12)


def band_share(threshold: float, lr: float, lam: float) -> float:
    """min(1, threshold/ηλ): the share of weights with |β| < threshold, for residues that are uniform on (0, ηλ)."""
    threshold = checks.positive_number("threshold", threshold)
    return min(1.0, threshold / (checks.positive_number("lr", lr) * checks.positive_number("lam", lam)))


def subgradient_bound(objective: Objective, lr: Number) -> Number:
    """(12): ηG²/2 ≥ lim f_best − f*, for a convex G-Lipschitz objective and a constant step.

    Boyd, Xiao & Mutapcic (2003). For (7) it is ηλ²p/2, hence ‖β_best‖₁ ≤ pηλ/2; it needs the dimension,
    ``L1Norm(lam, p)``. ``inf`` without a finite G.
    """
    checks.instance("objective", objective, Objective)
    return _positive("lr", lr) * objective.lipschitz**2 / 2


def best_value_deficit(p: int | Array) -> Number:
    """√(2/(3πp)): by how much the best value of (8) on its orbit falls short of (12), as a share of it, on average.

    For independent, uniform residues and large p: f_even + f_odd is twice the bound, and f_even has the sd λs√(p/12).
    """
    return (2 / (3 * math.pi * _counts("p", p))) ** 0.5


def float_zeros(digits: int, exponent: int) -> float:
    """The share of weights that (8) takes to exactly 0 in floating point at ηλ = 2^−exponent, starting from U(−1, 1).

    digits: significant bits of the format: 53, 24, 11 and 8 for float64, float32, float16 and bfloat16. The start is
    rounded to nearest. An octave [2^−j, 2^(1−j)), j ≥ 1, holds 2^−j of the weights on a grid of 2^(1−j−digits). Where
    that is no coarser than s = 2^−exponent, every step is exact and a weight ends at 0 if it lies on sℤ; on a coarser
    grid it stays where it is or, halfway between two neighbours, moves once at most. Octave edges err by ≤ 2·2^−digits.
    """
    digits, exponent = checks.count("digits", digits), checks.count("exponent", exponent)
    return 4 / 3 * 2.0 ** (exponent - digits + 1) / 4 ** max(1, exponent - digits + 1)


def float_frozen(digits: int, s: float) -> float:
    """The share of weights from U(−1, 1) that a step s > 0 of (8) does not move: |w| − s rounds to |w|.

    That needs s below half the spacing of floats at |w|, hence |w| ≥ 2^e for the smallest e with 2^e > 2^digits·s. If
    2^digits·s is itself 2^e, s is half the spacing in the octave above it, and a tie leaves every second weight there.
    """
    digits, s = checks.count("digits", digits), checks.positive_number("s", s)
    mantissa, e = math.frexp(2.0**digits * s)  # 2^digits·s = mantissa·2^e, ½ ≤ mantissa < 1
    tie = 2.0 ** (e - 1) / 2 if mantissa == 0.5 and e <= 0 else 0.0
    return max(0.0, 1 - 2.0**e) + tie


def adam_cycles(beta1: float) -> list[np.ndarray]:
    """The symmetric cycles of Adam on λ|x| as its second moment has settled at λ², in units of η: one array for each.

    Then a step is η·m with m ← β₁m + (1 − β₁)·sign(x): no λ in it. On a cycle of P steps above 0 and P below, m runs
    from −M to M = (1 − β₁^P)/(1 + β₁^P); the array holds the P positions above 0. P = 1, 2, … as long as all are
    positive. A small shift that keeps the signs gives another cycle: these are the centres of families.
    """
    beta1 = checks.fraction("beta1", beta1)
    cycles: list[np.ndarray] = []
    while True:
        j = np.arange(1, len(cycles) + 2)
        top = (1 - beta1 ** j[-1]) / (1 + beta1 ** j[-1])
        steps = 1 - (1 + top) * beta1**j
        x = steps.sum() / 2 - np.concatenate([[0.0], np.cumsum(steps)[:-1]])
        if not (x > 0).all():
            return cycles
        cycles.append(x)


def staircase_plateau(plus: int, period: int, shrink: float) -> tuple[float, float]:
    """The interval of c/λ in which NGDM on ½hβ² − cβ + λ|β| is positive at ``plus`` of ``period`` steps: (low, high).

    shrink = 1 − ηh in (0, 1). β ← shrink·β + ηc − ηλ·sign(β) is a contracted rotation; its sign pattern is the most
    even one. On that pattern the cycle is a geometric sum, and (low, high) keeps every sign what the pattern says.
    For period ≥ 2 the width is 2·shrink^(period − 2)·(1 − shrink)²/(1 − shrink^period).
    """
    period, shrink = checks.count("period", period), checks.fraction("shrink", shrink)
    plus = checks.count("plus", plus)
    if plus >= period or math.gcd(plus, period) > 1 or shrink == 0:
        allowed = "plus/period must be in lowest terms between 0 and 1, and shrink positive"
        raise ValueError(f"{allowed}, got {plus}/{period} and {shrink}")
    k = np.arange(period)
    sign = np.where((k + 1) * plus // period > k * plus // period, 1.0, -1.0)
    earlier = sign[(k[:, None] - 1 - k) % period]  # earlier[k, j − 1]: the sign of step k − j
    pull = (1 - shrink) * (earlier @ shrink**k) / (1 - shrink**period)
    return float(pull[sign > 0].max()), float(pull[sign < 0].min())


# --- notebook 4: past 2/L ---------------------------------------------------------------------------------------------
def huber_plateau(c: Number, delta: Number) -> Number:
    """δ²(c − 1)/2: the loss averaged over the saturated 2-cycle of mean (13) in its top mode, c = ηL ≥ 2.

    Exact if all samples carry that mode equally (for one sample, say), an approximation otherwise.
    """
    c, delta = _positive("c", c), _positive("delta", delta)
    checks.require("c", c, c >= 2, "at least 2 (below it gradient descent converges)")
    return delta**2 * (c - 1) / 2


def huber_rise(c: Number, start: Number, delta: Number = 1.0) -> Number:
    """Steps for which the loss of h_δ rises before it oscillates: ln(δ/|x₀|)/ln(c − 1), for c = ηL > 2, 0 < |x₀| < δ.

    Inside (−δ, δ) each step multiplies x by 1 − c: the sign flips, the loss grows by (c − 1)².
    """
    c, delta = _positive("c", c), _positive("delta", delta)
    checks.require("c", c, c > 2, "above 2 (up to there the loss does not rise)")
    size = _positive("start", np.abs(checks.finite("start", _numpy("start", start))))
    if np.any(size >= np.asarray(delta)):
        raise ValueError(f"start must lie within delta = {delta} of 0, got {start}")
    return np.log(delta / size) / np.log(np.asarray(c) - 1)


def local_threshold(X: Array, interior: Array) -> float:
    """2/λmax(X_IᵀX_I/n): the largest η at which a minimiser of mean Huber stays attracting for gradient descent.

    X: (n, p). interior: (n,), booleans, at least one of them true: I, the samples whose residuals there lie inside
    (−δ, δ). It is 2/L if I holds all samples.
    """
    X = checks.floating("X", _numpy("X", X))
    if X.ndim != 2:
        raise ValueError(f"X must have shape (n, p), got {X.shape}")
    inside = np.asarray(interior)
    if inside.dtype != bool or inside.shape != X.shape[:1] or not inside.any():
        raise ValueError(f"interior must be ({X.shape[0]},) booleans, one at least true, got {interior!r}")
    return 2 * X.shape[0] / float(np.linalg.norm(X[inside], ord=2)) ** 2


def chord_curvature(trajectory: Trajectory, objective: Objective) -> Array:
    """η·⟨g_{k+1} − g_k, x_{k+1} − x_k⟩/‖x_{k+1} − x_k‖² along a trajectory of NumPy arrays: (T − 1, ...).

    It is 2 on every 2-cycle of the subgradient method, because g_{k+1} − g_k = −(2/η)(x_k − x_{k+1}) there. NaN where
    two iterates coincide. Raises ValueError if the trajectory skipped iterates (record_every > 1).
    """
    checks.instance("trajectory", trajectory, Trajectory)
    checks.instance("objective", objective, Objective)
    if (every := trajectory.record_every) != 1:
        raise ValueError(f"trajectory must hold every iterate (record_every=1), got record_every={every}")
    x, lr = trajectory.iterates, trajectory.lr
    step, turn = np.diff(x, axis=0), np.diff(objective.subgradient(x), axis=0)
    square = (step * step).sum(axis=-1)
    curvature = (turn * step).sum(axis=-1) / np.where(square > 0, square, np.nan)
    if callable(lr):  # a rate for each step, and maybe for each member of the batch
        rates = np.array([np.broadcast_to(lr(k), curvature.shape[1:]) for k in range(len(curvature))], curvature.dtype)
        return rates.reshape(curvature.shape) * curvature
    return np.asarray(lr, dtype=curvature.dtype) * curvature


def trough_height(width: Number, lr: Number, steps: int | Array) -> Number:
    """(3·width·ηk)^⅓: how y grows on `counterexamples.Trough` from (η/2, 0) if η ≥ 2·width, for k → ∞.

    Each step raises y by η·w′(y) = η·width/(1 + y)², so (1 + y)³ grows by about 3·width·η per step.
    """
    width, lr, steps = _positive("width", width), _positive("lr", lr), _counts("steps", steps)
    return (3 * width * lr * steps) ** (1 / 3)


def power_cycle(lr: Number, exponent: Number) -> Number:
    """(η/2)^(1/(2 − q)): the symmetric 2-cycle ±a on `counterexamples.PowerTail`, for η ≥ 2 and 1 ≤ q < 2.

    It solves f′(a)/a = 2/η with f′(a)/a = a^(q − 2). Two steps multiply a small deviation by (3 − 2q)², which is below
    1 for 1 < q < 2: the cycle is stable at every η. Raises ValueError outside these ranges.
    """
    lr, q = _positive("lr", lr), _positive("exponent", exponent)
    checks.require("lr", lr, lr >= 2, "at least 2 (below it gradient descent converges)")
    allowed = "at least 1 and below 2 (from 2 on there is no 2-cycle past 2/L)"
    checks.require("exponent", q, (q >= 1) & (q < 2), allowed)
    return (lr / 2) ** (1 / (2 - q))


def active_curvature(objective: ReLURegression, beta: Array) -> Array:
    """2λmax(X_AᵀX_A) + 2λ₂, A = {i: xᵢᵀβ > 0}: the largest curvature of (3) at beta (..., p), off its kinks → (...,).

    objective: its data are one NumPy X (n, p) and a number λ₂. The result is never above ``objective.curvature``.
    """
    checks.instance("objective", objective, ReLURegression)
    X, beta = objective.X, _vectors("beta", beta)
    if X.ndim != 2 or checks.is_array(objective.lam2):
        raise ValueError(f"objective must have one X and one number lam2, got X {tuple(X.shape)}")
    checks.dimension(X.shape[-1], beta)
    active = (beta @ X.T > 0)[..., None] * X
    return 2 * np.linalg.eigvalsh(np.swapaxes(active, -1, -2) @ active)[..., -1] + 2 * objective.lam2


def logistic_curvature(objective: Logistic, beta: Array) -> Array:
    """λmax of Σᵢ pᵢ(1 − pᵢ)xᵢxᵢᵀ, pᵢ = 1/(1 + exp(−xᵢᵀβ)): the largest curvature at beta (..., p) → (...,).

    objective: its data are NumPy arrays; for a mean, the sum is divided by n. At β = 0 it is ``objective.smoothness``.
    """
    checks.instance("objective", objective, Logistic)
    X, beta = _numpy("objective.X", objective.X), objective.start(_vectors("beta", beta))
    tail = np.exp(-np.abs(checks.linear(X)[0](beta)))
    share = tail / (1 + tail) ** 2 / (X.shape[-2] if objective.reduction == "mean" else 1)
    return np.linalg.eigvalsh(np.swapaxes(X, -1, -2) @ (share[..., None] * X))[..., -1]


def flipped_threshold(share: float) -> float:
    """1/(2ε(1 − ε)): c = ηL up to which gradient descent stays near the minimiser of logistic regression.

    For samples at linearly independent places, with a share 0 < ε < 1 of the labels flipped at each: the minimiser has
    p = ε or 1 − ε there, so that its Hessian is 4ε(1 − ε) times that at β = 0, whose largest eigenvalue is L.
    """
    if (share := checks.fraction("share", share)) == 0:
        raise ValueError("share must be positive (without a flipped label there is no minimiser), got 0.0")
    return 1 / (2 * share * (1 - share))


def product_sharpness(beta: Array) -> Array:
    """The largest eigenvalue of the Hessian of `counterexamples.Product` at beta (..., 2) → (...,).

    The Hessian is ((v², 2uv − 1), (2uv − 1, u²)); where uv = 1 its eigenvalues are 0 and u² + v².
    """
    u, v = _pair("beta", beta)
    return (u * u + v * v) / 2 + np.hypot((u * u - v * v) / 2, 2 * u * v - 1)


def product_flow_sharpness(start: Array) -> Array:
    """√((u² − v²)² + 4): the curvature where gradient flow on `counterexamples.Product` ends, from start (..., 2).

    The flow keeps u² − v², and ends on uv = 1, where the curvature is u² + v². It starts on the side uv > 0.
    """
    u, v = _pair("start", start)
    if np.any(u * v <= 0):
        raise ValueError(f"start must have uv > 0 (elsewhere the flow may end at 0), got {start!r}")
    return np.hypot(u * u - v * v, 2.0)


# --- arguments --------------------------------------------------------------------------------------------------------
def _numpy(name, value):
    """``value``, unless it is an array of another library."""
    if checks.is_array(value) and not isinstance(value, np.ndarray):
        raise TypeError(f"{name} must be a number or a NumPy array, got a {type(value).__name__}")
    return value


def _of_numpy(check):
    """``check`` for numbers and NumPy arrays alone."""
    return lambda name, value: check(name, _numpy(name, value))


_positive, _nonnegative, _vectors = map(_of_numpy, (checks.positive, checks.nonnegative, checks.vectors))


def _counts(name, value):
    """``value`` > 0, a number or an array; an array of integers becomes one of floats."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "iu":
        value = value.astype(np.float64)
    return _positive(name, value)


def _whole(allowed, steps):
    """Numbers of steps as integers; ValueError for one that an integer of 64 bits does not hold."""
    if not np.all(steps < 2**63):
        raise ValueError(f"{allowed} that the number of steps is below 2**63, got {float(np.max(steps)):.3g} steps")
    return steps.astype(int)


def _pair(name, value):
    """The two coordinates of ``value`` (..., 2), each (...,)."""
    value = _vectors(name, value)
    checks.dimension(2, value, name)
    return np.moveaxis(value, -1, 0)


def _vectors_and_step(name, beta, lr, lam):
    """beta (..., p) and s = ηλ, with a last axis of 1, in beta's dtype."""
    beta, lr, lam = _vectors(name, beta), _positive("lr", lr), _positive("lam", lam)
    checks.broadcast(beta.shape[:-1], lr=checks.shape(lr), lam=checks.shape(lam))
    s = np.asarray(lr * lam, dtype=beta.dtype)
    if not np.all((s > 0) & np.isfinite(s)):
        raise ValueError(f"lr·lam must be positive and finite in {beta.dtype}, got {s}")
    return beta, s[..., None]


def _crossings(beta, s):
    """⌊|β|/s⌋ and the residue |β| mod s; the remainder is exact in floating point, the quotient is rounded to match."""
    size = np.abs(beta)
    r = np.remainder(size, s)
    return np.round((size - r) / s), r
