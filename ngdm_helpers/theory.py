"""Closed forms: orbits, band law, thresholds, bounds. No loop, no simulation.

η is ``lr``, λ is ``lam``, and s = ηλ is the quantum: every update of (8) moves every coordinate by exactly ±s.
"""

import math

import array_api_compat
import numpy as np

from ngdm_helpers import checks


def residue(beta, lr, lam):
    """β mod s in [0, s), elementwise: what every update of (8) conserves. beta: (..., p); lr, lam over the batch."""
    beta, s = _quantum(beta, lr, lam, "beta")
    return checks.namespace(beta).remainder(beta, s)


def entry_step(beta0, lr, lam):
    """K = maxᵢ ⌊|β₀ⁱ|/s⌋, the step from which the iterates of (8) are on their 2-cycle. beta0: (..., p) → (...,)."""
    beta0, s = _quantum(beta0, lr, lam)
    xp = checks.namespace(beta0)
    return xp.astype(xp.max(_crossings(xp, beta0, s)[0], axis=-1), xp.int64)


def orbit(beta0, lr, lam):
    """Proposition 3.2: the two vectors between which (8) alternates from step K on (see `entry_step`), exactly.

    beta0: (..., p); lr = η > 0 and lam = λ > 0: numbers, or arrays over the batch. Returns ``(even, odd)``, both
    (..., p): the iterates of even and of odd step number. Coordinate by coordinate they are σr and −σ(s − r), with
    s = ηλ, σ = sign β₀ and r = |β₀| mod s; which comes first is the parity of ⌊|β₀|/s⌋, so coordinates differ in it.
    A coordinate that starts on a multiple of s lands on 0 and stays there (sign 0 = 0).
    """
    beta0, s = _quantum(beta0, lr, lam)
    xp = checks.namespace(beta0)
    crossings, r = _crossings(xp, beta0, s)
    sign = xp.sign(beta0)
    near, far = sign * r, xp.where(r > 0, sign * (r - s), 0.0 * r)
    starts_even = crossings % 2 == 0
    return xp.where(starts_even, near, far), xp.where(starts_even, far, near)


def band_mean_l1(p, lr, lam):
    """pηλ/2: the mean of ‖β‖₁ over two consecutive iterates of (8) once all p coordinates are on their orbit, exactly.

    It follows from |β_k| + |β_{k+1}| = ηλ per coordinate, and does not depend on the start, as long as no coordinate
    starts on a multiple of ηλ (such a one ends at 0).
    """
    p, lr, lam = checks.count("p", p), checks.positive("lr", lr), checks.nonnegative("lam", lam)
    checks.same_home("lam", lam, lr, "lr")
    return p * lr * lam / 2


def band_sd_l1(p, lr, lam):
    """ηλ√(p/12): the standard deviation of ‖β‖₁ at one step, for p independent residues, uniform on (0, ηλ).

    The mean over two steps does not fluctuate at all, see `band_mean_l1`. p: an integer; lr, lam: as there.
    """
    p, lr, lam = checks.count("p", p), checks.positive("lr", lr), checks.nonnegative("lam", lam)
    checks.same_home("lam", lam, lr, "lr")
    return lr * lam * math.sqrt(p / 12)


def band_share(threshold, lr, lam):
    """min(1, threshold/ηλ): the share of weights with |β| < threshold, for residues that are uniform on (0, ηλ).

    Numbers, all > 0.
    """
    threshold = checks.positive_number("threshold", threshold)
    return min(1.0, threshold / (checks.positive_number("lr", lr) * checks.positive_number("lam", lam)))


def subgradient_bound(objective, lr):
    """(12): ηG²/2 ≥ lim f_best − f*, for a convex G-Lipschitz objective and a constant step.

    Boyd, Xiao & Mutapcic (2003). For (7) it is ηλ²p/2, hence ‖β_best‖₁ ≤ pηλ/2; it needs the dimension,
    ``L1Norm(lam, p)``. ``inf`` without a finite G.
    """
    return checks.positive("lr", lr) * objective.lipschitz**2 / 2


def float_zeros(digits, exponent):
    """The share of weights that (8) takes to exactly 0 in floating point at ηλ = 2^−exponent, starting from U(−1, 1).

    digits: significant bits of the format: 53, 24, 11 and 8 for float64, float32, float16 and bfloat16. The start is
    rounded to nearest. An octave [2^−j, 2^(1−j)), j ≥ 1, holds 2^−j of the weights on a grid of 2^(1−j−digits). Where
    that is no coarser than s = 2^−exponent, every step is exact and a weight ends at 0 if it lies on sℤ; on a coarser
    grid it stays where it is or, halfway between two neighbours, moves once at most. Octave edges add an error of up to
    2·2^−digits.
    """
    digits, exponent = checks.count("digits", digits), checks.count("exponent", exponent)
    return 4 / 3 * 2.0 ** (exponent - digits + 1) / 4 ** max(1, exponent - digits + 1)


def float_frozen(digits, s):
    """The share of weights from U(−1, 1) that a step s > 0 of (8) does not move: |w| − s rounds to |w|.

    That needs s below half the spacing of floats at |w|, hence |w| ≥ 2^e for the smallest e with 2^e > 2^digits·s. If
    2^digits·s is itself 2^e, s is half the spacing in the octave above it, and a tie leaves every second weight there.
    """
    digits, s = checks.count("digits", digits), checks.positive_number("s", s)
    mantissa, e = math.frexp(2.0**digits * s)  # 2^digits·s = mantissa·2^e, ½ ≤ mantissa < 1
    tie = 2.0 ** (e - 1) / 2 if mantissa == 0.5 and e <= 0 else 0.0
    return max(0.0, 1 - 2.0**e) + tie


def adam_cycles(beta1):
    """The symmetric cycles of Adam on λ|x| as its second moment has settled at λ², in units of η: one array for each.

    Then a step is η·m with m ← β₁m + (1 − β₁)·sign(x): no λ in it. On a cycle of P steps above 0 and P below, m runs
    from −M to M = (1 − β₁^P)/(1 + β₁^P); the array holds the P positions above 0. P = 1, 2, … as long as all are
    positive. A small shift that keeps the signs gives another cycle: these are the centres of families.
    """
    beta1, cycles = checks.fraction("beta1", beta1), []
    while True:
        j = np.arange(1, len(cycles) + 2)
        top = (1 - beta1 ** j[-1]) / (1 + beta1 ** j[-1])
        steps = 1 - (1 + top) * beta1**j
        x = steps.sum() / 2 - np.concatenate([[0.0], np.cumsum(steps)[:-1]])
        if not (x > 0).all():
            return cycles
        cycles.append(x)


def staircase_plateau(plus, period, shrink):
    """The interval of c/λ in which NGDM on ½hβ² − cβ + λ|β| is positive at ``plus`` of ``period`` steps: (low, high).

    shrink = 1 − ηh in (0, 1). β ← shrink·β + ηc − ηλ·sign(β) is a contracted rotation; its sign pattern is the most
    even one. On that pattern the cycle is a geometric sum, and (low, high) keeps every sign what the pattern says.
    For period ≥ 2 the width is 2·shrink^(period − 2)·(1 − shrink)²/(1 − shrink^period).
    """
    period, shrink = checks.count("period", period), checks.fraction("shrink", shrink)
    plus = checks.count("plus", plus)
    if plus >= period or math.gcd(plus, period) > 1 or shrink == 0:
        raise ValueError(
            "plus/period must be in lowest terms between 0 and 1, and shrink positive, "
            f"got {plus}/{period} and {shrink}"
        )
    k = np.arange(period)
    sign = np.where((k + 1) * plus // period > k * plus // period, 1.0, -1.0)
    past = sign[(k[:, None] - 1 - k) % period]  # past[k, j − 1] = sign of step k − j
    pull = (1 - shrink) * (past @ shrink**k) / (1 - shrink**period)
    return float(pull[sign > 0].max()), float(pull[sign < 0].min())


def best_value_deficit(p):
    """√(2/(3πp)): by how much the best value of (8) on its orbit falls short of (12), as a share of it, on average.

    For residues that are independent and uniform, and p large: f_even + f_odd is twice the bound, and the standard
    deviation of f_even is λs√(p/12). p: a number or a NumPy array.
    """
    return (2 / (3 * math.pi * _counts("p", p))) ** 0.5


def best_value_bound(distance, lipschitz, lr, steps):
    """R²/(2ηT) + ηG²/2 ≥ f_best − f* after T steps of the subgradient method with a constant step.

    Convex G-Lipschitz f; distance = R = ‖x₀ − x*‖₂, lipschitz = G, lr = η, steps = T: numbers, or NumPy arrays that
    broadcast (Boyd, Xiao & Mutapcic 2003). The average of the first T values obeys it too.
    """
    R, G = checks.positive("distance", distance), checks.positive("lipschitz", lipschitz)
    lr, steps = checks.positive("lr", lr), _counts("steps", steps)
    return R**2 / (2 * lr * steps) + lr * G**2 / 2


def best_constant_lr(distance, lipschitz, steps):
    """R/(G√T): the constant step that makes `best_value_bound` smallest for a budget of T steps; it is RG/√T then."""
    R, G = checks.positive("distance", distance), checks.positive("lipschitz", lipschitz)
    return R / (G * _counts("steps", steps) ** 0.5)


def stability_threshold(objective):
    """2/L: below it gradient descent on a convex L-smooth objective that has a minimiser converges.

    0 if L = inf, inf if L = 0.
    """
    L = objective.smoothness
    if checks.is_array(L):
        xp = checks.namespace(L)
        return xp.where(L > 0, 2 / xp.where(L > 0, L, xp.ones_like(L)), xp.full_like(L, math.inf))
    return 2 / L if L > 0 else math.inf


def huber_plateau(c, delta):
    """δ²(c − 1)/2: the loss averaged over the saturated 2-cycle of mean (13) in its top mode, c = ηL ≥ 2.

    Exact if all samples carry that mode equally (for one sample, say), an approximation otherwise.

    c and delta are numbers or arrays of one library that broadcast against each other.
    """
    c, delta = checks.positive("c", c), checks.positive("delta", delta)
    checks.same_home("delta", delta, c, "c")
    if bool((c < 2).any()) if checks.is_array(c) else c < 2:
        raise ValueError(f"c must be at least 2 (below it gradient descent converges), got {c}")
    return delta**2 * (c - 1) / 2


def huber_rise(c, start, delta=1.0):
    """Steps for which the loss of h_δ rises before it oscillates: ln(δ/|x₀|)/ln(c − 1), for c = ηL > 2, 0 < |x₀| < δ.

    Inside (−δ, δ) each step multiplies x by 1 − c: the sign flips, the loss grows by (c − 1)². Numbers or NumPy arrays.
    """
    c, delta = checks.positive("c", c), checks.positive("delta", delta)
    if np.any(np.asarray(c) <= 2):
        raise ValueError(f"c must be above 2 (up to there the loss does not rise), got {c}")
    size = checks.positive("start", np.abs(start))
    if np.any(size >= np.asarray(delta)):
        raise ValueError(f"start must lie within delta = {delta} of 0, got {start}")
    return np.log(delta / size) / np.log(np.asarray(c) - 1)


def power_cycle(lr, exponent):
    """(η/2)^(1/(2 − q)): the symmetric 2-cycle ±a on `objectives.PowerTail`, for η ≥ 2 and 1 ≤ q < 2.

    It solves f′(a)/a = 2/η with f′(a)/a = a^(q − 2). Two steps multiply a small deviation by (3 − 2q)², which is below
    1 for 1 < q < 2: the cycle is stable at every η. Numbers or NumPy arrays. Raises ValueError outside these ranges.
    """
    lr, q = checks.positive("lr", lr), checks.positive("exponent", exponent)
    if np.any(np.asarray(lr) < 2):
        raise ValueError(f"lr must be at least 2 (below it gradient descent converges), got {lr}")
    if np.any(np.asarray(q) < 1) or np.any(np.asarray(q) >= 2):
        raise ValueError(f"exponent must be at least 1 and below 2 (from 2 on there is no 2-cycle past 2/L), got {q}")
    return (lr / 2) ** (1 / (2 - q))


def product_sharpness(beta):
    """The largest eigenvalue of the Hessian of `objectives.Product` at beta (..., 2), a NumPy array → (...,).

    The Hessian is ((v², 2uv − 1), (2uv − 1, u²)); where uv = 1 its eigenvalues are 0 and u² + v².
    """
    u, v = _pair("beta", beta)
    return (u * u + v * v) / 2 + np.hypot((u * u - v * v) / 2, 2 * u * v - 1)


def product_flow_sharpness(start):
    """√((u² − v²)² + 4): the curvature where gradient flow on `objectives.Product` ends, from start (..., 2).

    The flow keeps u² − v², and ends on uv = 1, where the curvature is u² + v². It starts on the side uv > 0.
    """
    u, v = _pair("start", start)
    if np.any(u * v <= 0):
        raise ValueError(f"start must have uv > 0 (elsewhere the flow may end at 0), got {start!r}")
    return np.hypot(u * u - v * v, 2.0)


def active_curvature(objective, beta):
    """2λmax(X_AᵀX_A) + 2λ₂, A = {i: xᵢᵀβ > 0}: the largest curvature of (3) at beta (..., p), off its kinks → (...,).

    objective: a `ReLURegression` whose data are one NumPy X (n, p) and a number λ₂. It is at most its ``.curvature``.
    """
    X, beta = objective.X, checks.vectors("beta", beta)
    if X.ndim != 2 or checks.is_array(objective.lam2):
        raise ValueError(f"objective must have one X and one number lam2, got X {tuple(X.shape)}")
    active = (beta @ X.T > 0)[..., None] * X
    return 2 * np.linalg.eigvalsh(np.swapaxes(active, -1, -2) @ active)[..., -1] + 2 * objective.lam2


def trough_height(width, lr, steps):
    """(3·width·ηk)^⅓: how y grows on `objectives.Trough` from (η/2, 0) if η ≥ 2·width, for k → ∞.

    Each step raises y by η·w′(y) = η·width/(1 + y)², so (1 + y)³ grows by about 3·width·η per step.
    """
    width, lr, steps = checks.positive("width", width), checks.positive("lr", lr), _counts("steps", steps)
    return (3 * width * lr * steps) ** (1 / 3)


def local_threshold(X, interior):
    """2/λmax(X_IᵀX_I/n): where gradient descent on mean Huber loses a minimiser whose residuals inside (−δ, δ) are I.

    X: (n, p), a NumPy array; interior: (n,), booleans, at least one of them true. It is 2/L if I holds all samples.
    """
    X = checks.floating("X", X)
    if X.ndim != 2 or tuple(np.shape(interior)) != X.shape[:1] or not np.any(interior):
        raise ValueError(f"interior must be ({X.shape[0]},) booleans, one at least true, got {interior!r}")
    return 2 * X.shape[0] / float(np.linalg.norm(X[np.asarray(interior, dtype=bool)], ord=2)) ** 2


def chord_curvature(trajectory, objective):
    """η·⟨g_{k+1} − g_k, x_{k+1} − x_k⟩/‖x_{k+1} − x_k‖² along a trajectory: (T − 1, ...).

    It is 2 on every 2-cycle of the subgradient method, because g_{k+1} − g_k = −(2/η)(x_k − x_{k+1}) there. NaN where
    two iterates coincide. Raises ValueError if the trajectory skipped iterates (record_every > 1).
    """
    if trajectory.record_every != 1:
        raise ValueError(
            f"trajectory must hold every iterate (record_every=1), got record_every={trajectory.record_every}"
        )
    x = trajectory.iterates
    xp = checks.namespace(x)
    step, turn = x[1:] - x[:-1], (lambda g: g[1:] - g[:-1])(objective.subgradient(x))
    square = xp.sum(step * step, axis=-1)
    curvature = xp.sum(turn * step, axis=-1) / xp.where(square > 0, square, xp.full_like(square, math.nan))
    return _rates(trajectory, curvature) * curvature if len(x) > 1 else curvature


def capture_level(A, norm):
    """min ½βᵀAβ over ‖β‖ = 1: the largest level whose sublevel set lies in the unit ball. norm: 2 or inf.

    A: (..., p, p), symmetric positive definite (ValueError otherwise). λmin(A)/2 in the 2-norm and
    minᵢ 1/(2(A⁻¹)ᵢᵢ) in the ∞-norm. Every monotone method that starts below it stays in the ball.
    """
    A = checks.symmetric("A", A)
    xp = checks.namespace(A)
    eigenvalues = xp.linalg.eigvalsh(A)
    if not bool(xp.all(eigenvalues > 0)):
        raise ValueError(f"A must be positive definite, got smallest eigenvalue {float(xp.min(eigenvalues))!r}")
    if norm == 2:
        level = xp.min(eigenvalues, axis=-1) / 2
    elif norm in (math.inf, "inf"):
        level = xp.min(1 / (2 * xp.linalg.diagonal(xp.linalg.inv(A))), axis=-1)
    else:
        raise ValueError(f"norm must be 2 or inf, got {norm!r}")
    return float(level) if level.ndim == 0 else level


def cube_gain(A, lr):
    """‖I − ηA‖_∞: the largest ‖·‖_∞ after one step of gradient descent on ½βᵀAβ from the cube ‖β‖_∞ ≤ 1: (...,).

    The cube is kept if and only if it is at most 1; for η ≤ 1/maxᵢ Aᵢᵢ that says that A is diagonally dominant.
    A: (..., p, p), symmetric; lr = η > 0, a number or an array over the batch.
    """
    A = checks.symmetric("A", A)
    checks.same_home("lr", lr, A, "A")
    lr = checks.positive("lr", lr, like=A)
    xp = checks.namespace(A)
    eye = xp.eye(A.shape[-1], dtype=A.dtype, device=array_api_compat.device(A))
    step = lr[..., None, None] * A if checks.is_array(lr) else lr * A
    gain = xp.max(xp.sum(xp.abs(eye - step), axis=-1), axis=-1)
    return float(gain) if gain.ndim == 0 else gain


def diagonally_dominant(A):
    """Whether Aᵢᵢ ≥ Σⱼ≠ᵢ |Aᵢⱼ| in every row of A (..., p, p), symmetric: a bool, or booleans over the batch."""
    A = checks.symmetric("A", A)
    xp = checks.namespace(A)
    ok = xp.all(2 * xp.linalg.diagonal(A) >= xp.sum(xp.abs(A), axis=-1), axis=-1)
    return bool(ok) if ok.ndim == 0 else ok


def smooth_steps_bound(distance, smoothness, eps):
    """LR²/(2ε): after so many steps of gradient descent with η = 1/L, a convex L-smooth f has f − f* ≤ ε.

    distance = R = ‖x₀ − x*‖₂, smoothness = L, eps = ε: numbers, or NumPy arrays that broadcast.
    """
    R, L = checks.positive("distance", distance), checks.positive("smoothness", smoothness)
    return L * R**2 / (2 * checks.positive("eps", eps))


def subgradient_steps_bound(distance, lipschitz, eps):
    """G²R²/ε²: after so many steps of NGDM with η = ε/G², the best value of a convex G-Lipschitz f is within ε of f*.

    distance = R = ‖x₀ − x*‖₂, lipschitz = G, eps = ε: numbers, or NumPy arrays that broadcast.
    """
    R, G = checks.positive("distance", distance), checks.positive("lipschitz", lipschitz)
    return (G * R / checks.positive("eps", eps)) ** 2


def max_norm_steps(p, eps):
    """p·⌈1/(ε√p) − 1⌉: the steps after which NGDM on ‖x‖_∞ from (1, …, 1)/√p, η = ε, has ‖x‖_∞ ≤ ε; 0 if it starts so.

    For ties settled in favour of the first (`objectives.MaxNorm`): each step lowers one of the p coordinates by ε.
    Without rounding up it is √p/ε − p, at most 1/(4ε²), which p = 1/(4ε²) attains. eps: a number or a NumPy array.
    """
    p, eps = checks.count("p", p), checks.positive("eps", eps)
    each = np.maximum(np.ceil(1 / (np.asarray(eps) * p**0.5) - 1 - 1e-9), 0)  # 1/(ε√p) is often a whole number
    steps = (p * each).astype(int)
    return int(steps) if steps.ndim == 0 else steps


def bridge_smoothness(beta):
    """2β/√(2π): the largest curvature of z·Φ(βz), at z = 0; β = 1 is GELU, β → ∞ ReLU. A number or a NumPy array.

    The second derivative is β·(2 − u²)·exp(−u²/2)/√(2π) with u = βz.
    """
    return 2 * checks.positive("beta", beta) / math.sqrt(2 * math.pi)


def bridge_gap(beta):
    """max |z·Φ(βz) − max(z, 0)| = maxᵤ u·Φ(−u)/β = 0.16997/β, at |z| = 0.7518/β. A number or a NumPy array."""
    return 0.16997120747990369 / checks.positive("beta", beta)


def _counts(name, value):
    """``value`` > 0, a number or an array; an array of integers becomes one of floats."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "iu":
        value = value.astype(np.float64)
    return checks.positive(name, value)


def _pair(name, value):
    """The two coordinates of ``value`` (..., 2), each (...,)."""
    value = checks.vectors(name, value)
    if value.shape[-1] != 2:
        raise ValueError(f"{name} must have shape (..., 2), got {tuple(value.shape)}")
    return np.moveaxis(value, -1, 0)


def _quantum(beta, lr, lam, name="beta0"):
    """beta as an array and s = ηλ shaped to broadcast against it."""
    beta = checks.vectors(name, beta)
    for what, value in (("lr", lr), ("lam", lam)):
        checks.same_home(what, value, beta, name)
    lr, lam = checks.positive("lr", lr, like=beta), checks.positive("lam", lam, like=beta)
    checks.broadcast(tuple(beta.shape[:-1]), lr=getattr(lr, "shape", ()), lam=getattr(lam, "shape", ()))
    s = lr * lam
    xp = checks.namespace(beta)
    if checks.is_array(s):
        s = xp.astype(s, beta.dtype)[..., None]
    else:
        s = xp.full_like(beta[..., :1], s)
    return beta, s


def _crossings(xp, beta, s):
    """⌊|β|/s⌋ and the residue |β| mod s; the remainder is exact in floating point, the quotient is rounded to match."""
    size = xp.abs(beta)
    r = xp.remainder(size, s)
    return xp.round((size - r) / s), r


def _rates(trajectory, like):
    """The learning rate of each step of a trajectory, an array that broadcasts against ``like`` (T − 1, ...)."""
    xp, lr = checks.namespace(like), trajectory.lr

    def array(rate):
        return xp.asarray(rate, dtype=like.dtype, device=array_api_compat.device(like))

    if not callable(lr):
        return array(lr)
    rates = [array(lr(k)) for k in range(like.shape[0])]
    return xp.reshape(xp.stack(rates), (len(rates),) + (1,) * (like.ndim - 1 - rates[0].ndim) + tuple(rates[0].shape))
