"""Data sets, starts, settings and small runs that the text of the notebooks, their sliders and the ledger share."""

import bisect
import decimal
import functools
import itertools
import math
import operator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ngdm_helpers import checks, data, theory, trajectories
from ngdm_helpers.counterexamples import LeastAbsolute, Logistic, NeuronRegression
from ngdm_helpers.objectives import Huber, L1Norm, Lasso, Objective, Oracle, ReLURegression, l1_oracle

# --- notebook 1 -------------------------------------------------------------------------------------------------------

# {name: (f, kink, the derivative that PyTorch 2.14 returns there)}, for where there is no torch; tests compare the two.
KINKS = {
    "abs": (np.abs, 0.0, 0.0),
    "relu": (lambda x: np.maximum(x, 0), 0.0, 0.0),
    "clamp(min=0)": (lambda x: np.maximum(x, 0), 0.0, 0.0),
    "maximum(x, 0)": (lambda x: np.maximum(x, 0), 0.0, 0.5),
    "leaky_relu": (lambda x: np.where(x > 0, x, 0.01 * x), 0.0, 0.01),
    "relu6": (lambda x: np.clip(x, 0, 6), 6.0, 0.0),
    "hardtanh": (lambda x: np.clip(x, -1, 1), 1.0, 0.0),
    "norm": (np.abs, 0.0, 0.0),
    "sqrt": (lambda x: np.sqrt(np.where(x < 0, np.nan, x)), 0.0, np.inf),
    "relu(x) − relu(−x)": (lambda x: np.maximum(x, 0) - np.maximum(-x, 0), 0.0, 0.0),
}


def sharp_problem(noise=0.0, seed=0):
    """Least absolute deviations, n = 60, p = 10, y = Xβ* + noise·N(0, 1): (objective, minimiser).

    noise: ≥ 0. Without, the minimiser is β*, and f* = 0; f is sharp with noise as well, being polyhedral.
    """
    rng = np.random.default_rng(seed)
    X, solution, errors = rng.standard_normal((60, 10)), rng.standard_normal(10), rng.standard_normal(60)
    objective = LeastAbsolute(X, X @ solution + checks.nonnegative("noise", noise, checks.NUMBER) * errors)
    return objective, solution if noise == 0 else least_absolute(X, objective.y)


def least_absolute(X, y):
    """A minimiser of mean |Xβ − y|, from vertex to vertex: X: (n, p), of which no p rows are dependent.

    A vertex fits p rows; the edge along which the sum falls most is followed to its lowest vertex (Bloomfield & Steiger
    1983). A linear program does the same, but a page in a browser has no SciPy.
    """
    fitted = np.arange(X.shape[1])
    while True:
        edges = np.linalg.inv(X[fitted])  # a step along column j leaves row j of the fitted ones alone
        beta = edges @ y[fitted]
        residual = X @ beta - y
        residual[fitted] = 0.0
        slopes = np.sign(residual) @ X @ edges
        j = int(np.abs(slopes).argmax())
        if abs(slopes[j]) <= 1 + 1e-9:  # the row that is left costs 1
            return beta
        along = -np.sign(slopes[j]) * (X @ edges[:, j])
        along[np.delete(fitted, j)] = 0.0
        ahead = np.flatnonzero(residual * along < 0)
        order = ahead[np.argsort(-residual[ahead] / along[ahead])]
        # each row that is passed turns the slope up by twice its own
        passed = 1 - abs(slopes[j]) + 2 * np.cumsum(np.abs(along[order]))
        fitted[j] = order[np.argmax(passed >= 0)]


def best_on_sharp(schedule):
    """Best value after 1500 steps of NGDM on the sharp problem from 0; f* = 0."""
    return float(trajectories.run(sharp_problem()[0], np.zeros(10), schedule, 1500).values.min())


def midpoint_gap(objective, p):
    """max f((a + b)/2) − (f(a) + f(b))/2 over 20 000 random segments in [−1, 1]ᵖ: above 0 where f is not convex."""
    ends = np.random.default_rng(0).uniform(-1, 1, (2, 20_000, p))
    return float((objective.value(ends.mean(axis=0)) - objective.value(ends).mean(axis=0)).max())


# --- notebook 2 -------------------------------------------------------------------------------------------------------

LECTURE_A, LECTURE_START, LECTURE_LR = np.array([[1.0, 2.0], [2.0, 5.0]]), np.array([-0.99, 0.99]), 0.1

# Figure 1 as we reproduce it. Our copy of the paper lost n, p, η and the penalties; these are our choice.
FIGURE_1 = {"n": 50, "p": 100, "low": 0.0, "seed": 2, "lr": 8e-5, "lam1": 0.1, "lam2": 0.1}


def random_problems(n, p, low, seeds):
    """X from U[low, 1], y from U[−1, 0], β₀ from U[−1, 1], drawn in this order, one problem for each seed.

    Returns X (S, n, p), y (S, n) and β₀ (S, p).
    """
    drawn = []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        drawn.append((rng.uniform(low, 1, (n, p)), -rng.uniform(0, 1, n), rng.uniform(-1, 1, p)))
    return tuple(np.stack(arrays) for arrays in zip(*drawn, strict=True))


# (response, slope, width) of ‖y·response − φ(Xβ)‖² + λ₂‖β‖², with the activation φ of `NeuronRegression`.
FOUR_LOSSES = {
    "ReLU, the paper's (3)": (1.0, 0.0, 0.0),
    "squared hinge, y = 0": (0.0, 0.0, 0.0),
    "softplus, width 0.1": (1.0, 0.0, 0.1),
    "ridge, y = 0": (0.0, 1.0, 0.0),
}


def four_losses(X, y, lam2):
    """The losses of `FOUR_LOSSES` on S data sets as one objective with batch (4, S): X (S, n, p), y (S, n)."""
    response, slope, width = np.transpose(list(FOUR_LOSSES.values()))[..., None]
    return NeuronRegression(X, response[..., None] * y, slope, width, lam2=lam2)


def is_monotone(trajectory):
    """Whether the loss never rises along a run, by more than rounding (1e-12 of its start): (...,)."""
    return (np.diff(trajectory.values, axis=0) <= 1e-12 * trajectory.values[0]).all(axis=0)


def leaves_falling(trajectory, order):
    """Whether a run leaves a ball about 0 before its loss has ever risen: (...,).

    order=np.inf: the cube ‖β‖_∞ ≤ 1; order=2: the ball ‖β‖₂ ≤ ‖β₀‖₂. Rises up to rounding do not count, see
    `is_monotone`.
    """
    values, norms = trajectory.values, np.linalg.norm(trajectory.iterates, ord=order, axis=-1)
    radius = 1.0 if order == np.inf else norms[0] * (1 + 1e-12)
    falling = np.logical_and.accumulate(np.diff(values, axis=0) <= 1e-12 * values[0], axis=0)
    return ((norms[1:] > radius) & falling).any(axis=0)


def steps_to(values, target):
    """The first row of ``values`` (T, ...) that is at most ``target`` (a relative 1e-9 allowed); −1 where none is."""
    reached = values <= target * (1 + 1e-9)
    return np.where(reached.any(axis=0), reached.argmax(axis=0), -1)


def slope(x, y):
    """The slope of log y against log x, by least squares."""
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def rates_problem():
    """Linear regression without noise, n = 200, p = 20, from N(0, 1): X, y = Xβ*, R = ‖β*‖₂. All losses have f* = 0."""
    rng = np.random.default_rng(0)
    X, solution = rng.standard_normal((200, 20)), rng.standard_normal(20)
    return X, X @ solution, float(np.linalg.norm(solution))


def rates_losses():
    """Mean squared and mean absolute error on `rates_problem`."""
    X, y, _ = rates_problem()
    return Lasso(X, y, 0.0, "mean"), LeastAbsolute(X, y)


def absolute_steps(eps):
    """(NGDM with η = ε/G², GD on Huber's function with δ = ε and η = 1/L): the steps until the mean |Xβ − y| is ≤ ε."""
    absolute, counts = rates_losses()[1], []
    huber = Huber(absolute.X, absolute.y, eps)
    for objective, lr in ((absolute, eps / absolute.lipschitz**2), (huber, 1 / huber.smoothness)):
        run = trajectories.run(objective, np.zeros(20), lr, round(9 / eps))
        counts.append(int(steps_to(absolute.value(run.iterates), eps)))
    return tuple(counts)


def interpolating_network(hidden=6, p=4, n=12):
    """(gradient, w*): the mean squared error of a ReLU network that fits its data exactly while on a kink.

    gradient: (..., hidden·(p + 1)) → the same shape, as automatic differentiation returns it. At w* every residual is
    0, and for the first sample every hidden unit's input is exactly 0.
    """
    rng = np.random.default_rng(0)
    X, W, a = rng.standard_normal((n, p)), rng.standard_normal((hidden, p)), rng.standard_normal(hidden)
    X[0], W[:, 0] = np.eye(p)[0], 0.0  # so that W x₀ = 0
    targets = np.maximum(X @ W.T, 0) @ a

    def gradient(w):
        W, a = w[..., : hidden * p].reshape(*w.shape[:-1], hidden, p), w[..., hidden * p :]
        inputs = np.einsum("...hp,np->...nh", W, X)
        active = np.maximum(inputs, 0)
        residual = np.einsum("...nh,...h->...n", active, a) - targets
        into = residual[..., None] * a[..., None, :] * (inputs > 0)
        by_W = np.einsum("...nh,np->...hp", into, X).reshape(*w.shape[:-1], hidden * p)
        return 2 / n * np.concatenate([by_W, np.einsum("...n,...nh->...h", residual, active)], axis=-1)

    return gradient, np.concatenate([W.ravel(), a])


def ball_exits(cs, strength=1.0, width=0.0, seeds=range(100), steps=60):
    """Of the runs on `random_problems` (n = 20, p = 5), how many leave the ball ‖β‖₂ ≤ ‖β₀‖₂ while the loss falls.

    cs: c = ηL (C,), with L the curvature between the kinks. strength, by which y is multiplied, and width, on which the
    kinks are rounded: numbers or (rows,). Returns the counts (rows, C), and the median over the seeds of η times the
    curvature at 0 (rows, C): λmax(Σᵢ ½(1 + log 2 + |yᵢ|/w) xᵢxᵢᵀ + 2λ₂I) where kinks are rounded, L where there are
    none, else inf.
    """
    X, y, starts = random_problems(20, 5, 0.0, seeds)
    strength, width = (a[:, None, None] for a in np.broadcast_arrays(np.atleast_1d(strength), np.atleast_1d(width)))
    y, lam2 = strength[..., None] * y, 1e-3
    loss = NeuronRegression(X, y, width=width, lam2=lam2)
    rates = np.asarray(cs)[:, None] / loss.curvature
    exits = leaves_falling(trajectories.run(loss, starts, rates, steps), 2).sum(axis=-1)
    rounded = width[:, 0, None] > 0
    # at 0, φ = w·log 2, φ′ = ½ and φ″ = 1/(4w)
    bends = np.where(rounded, 0.5 + 0.5 * (np.log(2) - y[:, 0] / np.where(rounded, width[:, 0, None], 1)), 2.0)
    top = np.linalg.eigvalsh(np.swapaxes(bends[..., None] * X, -1, -2) @ X)[..., -1] + 2 * lam2
    top = np.where((rounded | (y[:, 0] == 0)).all(axis=-1), top, np.inf)
    return exits, np.median(top[:, None] * rates, axis=-1)


# The second term of |β₁| + …, and its exponent q in |β₂|^q/q; None: ε|β₂|, which has another weight for each accuracy.
ZIGZAGS = {"|β₂|": 1, "β₂²/2": 2, "|β₂|³/3": 3, "β₂⁴/4": 4, "β₂⁸/8": 8, "β₂¹⁶/16": 16, "ε|β₂|": None}


def zigzag_rate(eps, exponent):
    """η = ε/G², with G the Lipschitz constant of |x| + |y|^q/q for |y| ≤ 1, √2, or of |x| + ε|y|, √(1 + ε²)."""
    return eps / (1 + eps**2) if exponent is None else eps / 2


def zigzag_path(eps, exponent, start=0.5):
    """NGDM on |x| + |y|^q/q (exponent q ≥ 1; None: on |x| + ε|y|) from (start·η, 1), until it is at most ε: (T, 2)."""
    eps = float(eps)  # in Python's numbers a step takes a quarter of a microsecond
    weight, q = (eps, 1) if exponent is None else (1, exponent)
    lr = zigzag_rate(eps, exponent)
    x, y, path = float(start) * lr, 1.0, []
    while True:
        path.append((x, y))
        size = abs(y)
        if abs(x) + weight * size**q / q <= eps * (1 + 1e-12):
            return np.array(path)
        x -= lr * ((x > 0) - (x < 0))
        y -= lr * weight * size ** (q - 1) * ((y > 0) - (y < 0))


def zigzag_steps(eps, exponent, start=0.5):
    """How many steps `zigzag_path` takes, 0 ≤ start ≤ 1; for |x| + ε|y| in closed form, at start ½ just 1/(2ε²).

    There y falls by ηε a step, and x/η alternates between s = start and s − 1: f ≤ ε once |x|/η ≤ kε².
    """
    if exponent is not None:
        return len(zigzag_path(eps, exponent, start)) - 1
    even, odd = (math.ceil(place / eps**2 - 1e-9) for place in (start, 1 - start))
    return min(even + even % 2, odd + 1 - odd % 2)


# A network of one hidden layer in one dimension, x ↦ Σⱼ aⱼ max(wⱼx + bⱼ, 0) + c, has a knot at −bⱼ/wⱼ for each unit.


def noisy_samples(seeds, noise, n=20):
    """x (S, n), sorted, from U[−1, 1], and y = sin 3x + noise·N(0, 1), drawn in this order, for each seed."""
    generators = [np.random.default_rng(seed) for seed in seeds]
    x, e = (np.stack([draw(rng) for rng in generators])
            for draw in (lambda rng: rng.uniform(-1, 1, n), lambda rng: rng.standard_normal(n)))  # fmt: skip
    x.sort(axis=-1)
    return x, np.sin(3 * x) + np.reshape(noise, (-1, 1)) * e


def knot_start(seeds, units):
    """((w, b), a, c): w = ±1, knots from U[−1, 1], a from N(0, ¼), c = 0; (S, 2, units), (S, units) and (S, 1)."""
    drawn = []
    for seed in seeds:
        rng = np.random.default_rng(1000 + seed)
        w, knots = rng.choice([-1.0, 1.0], units), rng.uniform(-1, 1, units)
        drawn.append(([w, -w * knots], rng.standard_normal(units) / 2, [0.0]))
    return tuple(np.array(parts) for parts in zip(*drawn, strict=True))


def knot_steps(x, y, start, rates):
    """NGDM on the mean squared error of the network with knots: yields ((w, b), a, c), the start first.

    x, y: (S, n); start as from `knot_start`; rates: η for each step, a number or (S, 1). What is yielded is overwritten
    by the next step.
    """
    hidden, a, c = (part.copy() for part in start)
    rows = np.stack([x, np.ones_like(x)], axis=1)
    columns = np.ascontiguousarray(rows.swapaxes(1, 2))
    yield hidden, a, c
    for lr in rates:
        z = columns @ hidden
        on = z > 0
        active, step = z * on, 2 / x.shape[-1] * lr
        residual = (active @ a[..., None])[..., 0] + c - y
        by_hidden = rows @ (on * residual[..., None]) * a[:, None]
        by_a = (residual[:, None] @ active)[:, 0]
        hidden -= np.reshape(step, (-1, 1, 1)) * by_hidden
        a -= step * by_a
        c -= step * residual.sum(axis=-1, keepdims=True)
        yield hidden, a, c


def clarke_residual(x, y, hidden, a, c, within=1e-8):
    """How far 0 is from the Clarke subdifferential of that error at one network: (multipliers, distance, jump).

    The distance of 0 to {g₀ + Σ θₘdₘ, 0 ≤ θₘ ≤ 1}, with one multiplier θ for each kink, a unit whose |wx + b| on a
    sample is at most ``within``, and d the jump of the gradient there; jump: the largest ‖d‖. No kink: g₀, and jump 0.
    """
    from scipy.optimize import lsq_linear

    n, (w, b) = len(x), hidden
    z = x[:, None] * w + b
    slope = 2 / n * (np.maximum(z, 0) @ a + c - y)
    through = slope[:, None] * a
    on = np.where(z > within, through, 0.0)
    smooth = np.concatenate([x @ on, on.sum(axis=0), slope @ np.maximum(z, 0), [slope.sum()]])
    sample, unit = np.nonzero(np.abs(z) <= within)
    jumps = np.zeros((smooth.size, unit.size))
    jumps[unit, range(unit.size)] = through[sample, unit] * x[sample]
    jumps[len(w) + unit, range(unit.size)] = through[sample, unit]
    if unit.size == 0:
        return np.array([]), float(np.linalg.norm(smooth)), 0.0
    theta = lsq_linear(jumps, -smooth, (0, 1)).x
    return theta, float(np.linalg.norm(smooth + jumps @ theta)), float(np.linalg.norm(jumps, axis=0).max())


def knot_ends(seeds, noise=0.3, units=3, lr=0.2, steps=6000):
    """Train a network for each seed, with a constant η and then, in the second half, with η shrinking to 1e-9 of it.

    Returns, for each seed, how many of its kinks lie on samples; whether every multiplier of `clarke_residual` is
    strictly inside (0, 1), so that the error is not differentiable there and its slopes point at the kink from both
    sides; and the distance of 0 from the Clarke subdifferential, as a share of the jump (inf without a kink).
    """
    x, y = noisy_samples(seeds, noise)
    half = steps // 2
    rates = [lr] * half + [lr * 1e-9 ** (k / half) for k in range(half)]
    *_, (hidden, a, c) = knot_steps(x, y, knot_start(seeds, units), rates)
    found = [clarke_residual(*network) for network in zip(x, y, hidden, a, c, strict=True)]
    counts = np.array([len(theta) for theta, _, _ in found])
    inside = np.array([jump > 0 and bool(((0 < theta) & (theta < 1)).all()) for theta, _, jump in found])
    return counts, inside, np.array([far / jump if jump > 0 else np.inf for _, far, jump in found])


def secants(gradient, point, distance):
    """max ‖∇f(point + d·u) − ∇f(point)‖/d over 2000 random unit vectors u: a lower bound on L near ``point``.

    gradient: (..., p) → (..., p); distance: a number d > 0.
    """
    u = np.random.default_rng(0).standard_normal((2000, point.size))
    u /= np.linalg.norm(u, axis=-1, keepdims=True)
    return float(np.linalg.norm(gradient(point + distance * u) - gradient(point), axis=-1).max() / distance)


ACTIVATIONS = {  # as in the record of Figure 2
    "tanh": np.tanh,
    "leaky": lambda z: np.maximum(z, z / 2),
    "gelu": lambda z: z * theory.normal_cdf(z),
    **{f"bridge-{s}": lambda z, s=s: z * theory.normal_cdf(s * z) for s in (3, 10, 100)},
    "relu": lambda z: np.maximum(z, 0),
    "abs": np.abs,
}


def deep_correlations(layers=16, correlation=0.6):
    """What ``layers`` wide random layers do to inputs of this correlation, for each of `ACTIVATIONS`.

    {name: (its correlation after them, the one after infinitely many, the slope χ of the map at 1, χ^layers: by how
    much the mean square of the gradient grows on its way back)}.
    """
    table = {}
    for name, activation in ACTIVATIONS.items():
        after = correlation
        for _ in range(layers):
            after = theory.correlation_map(activation, min(after, 1.0))
        slope = theory.correlation_slope(activation)
        table[name] = after, theory.correlation_fixed_point(activation), slope, slope**layers
    return table


def inflection_ends(count=1000, steps=5000):
    """Where NGDM on |x| + y³/3 + y⁴/4 ends, from random starts in [−1, 1] × (0, 1): (count, 2).

    η_k = ½/(k + 1)^0.6 has an infinite sum and a finite sum of squares. (0, 0) is Clarke-stationary, and no local
    minimum: f(0, y) < 0 for −4/3 < y < 0. A step multiplies y by 1 − ηy(1 + y), which for η ≤ ½ is not negative.
    """
    x, y = np.random.default_rng(0).uniform([[-1], [0]], 1, (2, count))
    for k in range(steps):
        lr = 0.5 / (k + 1) ** 0.6
        x, y = x - lr * np.sign(x), y - lr * y**2 * (1 + y)
    return np.stack([x, y], axis=-1)


def capture_distances(lr, kinked, radius=0.5, count=1000, steps=3000):
    """Constant steps on |uv − 1| + (u² + v²)/20, or with ½(uv − 1)² for the first term, from near a minimum.

    (1, 1) is a strict local minimum, on a kink; √0.9·(1, 1) is the smooth loss's. The starts are ``count`` points
    uniform in the disc of this radius about it. Returns the largest distance from it that any run ever has, and the
    largest in the last 100 steps.
    """
    rng = np.random.default_rng(0)
    angle, size = 2 * np.pi * rng.uniform(0, 1, count), radius * np.sqrt(rng.uniform(0, 1, count))
    centre, ever, late = 1.0 if kinked else 0.9**0.5, 0.0, 0.0
    u, v = centre + size * np.cos(angle), centre + size * np.sin(angle)
    for k in range(steps):
        residual = u * v - 1
        slope = np.sign(residual) if kinked else residual
        u, v = u - lr * (slope * v + 0.1 * u), v - lr * (slope * u + 0.1 * v)
        far = float(np.hypot(u - centre, v - centre).max())
        ever, late = max(ever, far), max(late, far) if k >= steps - 100 else 0.0
    return ever, late


def chain_rule_gap(points=2000, paths=50):
    """How far f moves along a path, against the sum of ⟨g, step⟩ on it: the largest difference over random segments.

    f is ‖y − max(Xβ, 0)‖² with y of both signs, so its kinks bend up and down, and g the subgradient that automatic
    differentiation returns. Returns the difference on segments between points of [−1, 1]⁵, and on segments on which the
    first sample stays on its kink; g is taken at the middle of each of ``points`` pieces.
    """
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((20, 5)), rng.standard_normal(20)
    f, normal = NeuronRegression(X, y), X[0] / np.linalg.norm(X[0])
    ends, gaps = rng.uniform(-1, 1, (2, paths, 5)), []
    for a, b in (ends, ends - (ends @ normal)[..., None] * normal):
        middle = (np.arange(points) + 0.5)[:, None, None] / points
        moved = (f.subgradient(a + middle * (b - a)) * (b - a)).sum(axis=-1).mean(axis=0)
        gaps.append(float(np.abs(f.value(b) - f.value(a) - moved).max()))
    return tuple(gaps)


def logistic_weight(steps):
    """The weight after ``steps`` of gradient descent on log(1 + exp(−w)) from 0 with η_k = (k + 1)^−0.6: no minimum."""
    w = 0.0
    for k in range(steps):
        w += (k + 1) ** -0.6 / (1 + math.exp(w))
    return w


# --- notebook 3 -------------------------------------------------------------------------------------------------------

# The example after Proposition 3.2. Our copy of the paper keeps two of its norms; start and steps reproduce them.
PAPER_START = (0.5053, 0.5053)
PAPER_LR, PAPER_LAMS = 0.01, (1.0, 100.0)


def last_norms(trajectory):
    """‖β‖₁ of the last two iterates, the larger first: (2, ...)."""
    norms = np.abs(trajectory.iterates[-2:]).sum(axis=-1)
    return np.stack([norms.max(axis=0), norms.min(axis=0)])


FLOATS = {"float64": 53, "float32": 24, "float16": 11, "bfloat16": 8}  # significant bits of each format


def float_run(dtype, lr, steps, count=100_000, record_every=None):
    """(8) with λ = 1 on ``count`` weights in a floating-point format, from one start in U(−1, 1) rounded to it.

    Returns the iterates as float64, which holds them exactly: (steps//record_every + 1, count); by default the first
    and the last. Both ηλ and each difference are rounded to the format, to nearest and ties to even, as torch does.
    """
    checks.choice("dtype", dtype, FLOATS)
    steps = checks.count("steps", steps)
    every = steps if record_every is None else checks.count("record_every", record_every)
    rates = [lr(k) for k in range(steps)] if callable(lr) else [checks.positive_number("lr", lr)] * steps
    # float32 first and then the short format is one rounding in effect, since 24 bits are at least 2·11 + 2.
    working = np.float64 if dtype == "float64" else np.float32
    start = _in_format(dtype, np.random.default_rng(1).uniform(-1, 1, count).astype(working))
    # weights of one size share a run, since rounding is symmetric about 0: bfloat16 has few sizes
    beta, member = np.unique(np.abs(start), return_inverse=True)
    path, move, scratch = np.empty((steps // every + 1, beta.size)), np.empty_like(beta), np.empty(beta.size, np.uint32)
    path[0] = beta
    for k, s in enumerate(_in_format(dtype, checks.nonnegative("lr", rates).astype(working)), 1):
        np.sign(beta, out=move)
        move *= s
        beta -= move
        if dtype in ("float16", "bfloat16"):  # in place: the cast to float16 takes four times as long
            _round_bits(beta.view(np.uint32), 24 - FLOATS[dtype], scratch)
        if k % every == 0:
            path[k // every] = beta
    return np.sign(start) * path[:, member]


def _in_format(dtype, values):
    """float32 ``values`` (float64 for "float64") rounded to the format."""
    if dtype == "float16":
        return values.astype(np.float16).astype(np.float32)
    if dtype == "bfloat16":  # the upper half of a float32's bits
        return _round_bits(values.view(np.uint32), 16, np.empty(values.size, np.uint32)).view(np.float32)
    return values


def _round_bits(bits, spare, scratch):
    """float32 numbers, given as their bits, rounded in place: to nearest, ties to even, their last ``spare`` bits 0."""
    # Differences of float16's numbers are multiples of its smallest: none falls between two of its subnormal numbers.
    np.right_shift(bits, spare, out=scratch)
    scratch &= 1
    scratch += 2 ** (spare - 1) - 1
    bits += scratch
    bits &= 2**32 - 2**spare
    return bits


def float_schedules(s, steps):
    """{name: schedule} of five that begin a run of ``steps`` with ηλ = s (50s for 1/(k + 1))."""
    return {
        "constant": trajectories.constant(s),
        "StepLR, 1/10 every quarter": trajectories.step_decay(s, max(steps // 4, 1), 0.1),
        "ExponentialLR, 0.995 a step": trajectories.exponential_decay(s, 0.995),
        "50/(k + 1)": trajectories.diminishing(50 * s, 1.0),
        "cosine": trajectories.cosine(s, steps),
    }


def uniform_lasso(n, p, lam, seeds=1, reduction="sum"):
    """(11) with X and y from U[−1, 1], and starts from U(−1, 1), for several seeds and penalties at once.

    lam: (Λ,). Returns the objective, batch (seeds, Λ), and starts (seeds, 1, p). A seed draws X, y, β₀ in this order.
    """
    generators = [np.random.default_rng(seed) for seed in range(seeds)]
    X, y, starts = (
        np.stack([rng.uniform(-1, 1, shape) for rng in generators])[:, None] for shape in ((n, p), (n,), (p,))
    )
    return Lasso(X, y, np.asarray(lam, dtype=float)[None], reduction), starts


def exact_lasso(problem):
    """The minimisers of a `Lasso` by `exact_path`: (*batch, p). NumPy alone: SciPy would cost each kernel 80 MB."""

    def solve(X, y, lam):
        bends, betas = exact_path(X, y, lam)
        return [np.interp(lam, bends, beta) for beta in betas.T]

    return _minimisers(problem, solve)


def coordinate_descent(problem):
    """The minimisers of a `Lasso` by scikit-learn: (*batch, p), to about nine digits."""
    from sklearn.linear_model import Lasso as CoordinateDescent

    def solve(X, y, lam):  # scikit-learn's objective is ‖y − Xβ‖²/(2n) + α‖β‖₁
        model = CoordinateDescent(alpha=lam / (2 * len(y)), fit_intercept=False, tol=1e-14, max_iter=100_000)
        return model.fit(X, y).coef_

    return _minimisers(problem, solve)


def _minimisers(problem, solve):
    """``solve(X, y, lam)`` for each of a batch, with λ for the sum of squares."""
    batch, (n, p) = problem.batch_shape, problem.X.shape[-2:]
    X, y = np.broadcast_to(problem.X, (*batch, n, p)), np.broadcast_to(problem.y, (*batch, n))
    lam, beta = np.broadcast_to(problem.lam * (1 if problem.reduction == "sum" else n), batch), np.zeros((*batch, p))
    for index in np.ndindex(*batch):
        beta[index] = solve(X[index], y[index], lam[index])
    return beta


def exact_path(X, y, least):
    """The minimiser of (11) for every λ ≥ ``least``: the λ where it bends, up to the first with the answer 0; β there.

    In between, β is a line in λ, as long as its support and signs stay (Osborne, Presnell & Turlach 2000).
    """
    gram, pull, beta = 2 * X.T @ X, 2 * X.T @ y, np.zeros(X.shape[1])
    lam, last = np.abs(pull).max(), int(np.abs(pull).argmax())
    bends, support = [(lam, beta)], np.arange(beta.size) == last
    while lam > least:
        slope, line = pull - gram @ beta, np.zeros_like(beta)  # on the support, slope is λ·sign(β)
        line[support] = np.linalg.solve(gram[np.ix_(support, support)], np.sign(slope[support]))
        falls = gram @ line
        with np.errstate(divide="ignore", invalid="ignore"):  # how far λ falls until one joins, or leaves
            events = np.stack([(lam - slope) / (1 - falls), (lam + slope) / (1 + falls), -beta / line])
        events[:2, support] = np.inf
        events[int(slope[last] < 0), last] = np.inf  # what has just left does not come back at once
        events[~(events > 0)] = np.inf
        step, last = min(events.min(), lam), int(events.min(axis=0).argmin())
        support[last] ^= step < lam
        lam, beta = lam - step, support * (beta + step * line)
        bends.append((lam, beta))
    return tuple(map(np.array, zip(*reversed(bends), strict=True)))


def sparse_problem(lam=20.0, rho=0.0):
    """(11) with n = 100 samples of p = 200 standard normal columns, 8 true coefficients ±1.5 and noise of size ½.

    rho: the correlation of any two columns, 0 ≤ ρ < 1.
    """
    rng, rho = np.random.default_rng(0), checks.fraction("rho", rho)
    X, errors, shared = (rng.standard_normal(shape) for shape in ((100, 200), 100, (100, 1)))
    X = X if rho == 0 else (1 - rho) ** 0.5 * X + rho**0.5 * shared
    beta = np.append(1.5 * (-1.0) ** np.arange(8), np.zeros(192))
    return Lasso(X, X @ beta + 0.5 * errors, lam)


@dataclass(frozen=True, eq=False)
class TwoParts(Objective):
    """A `Lasso`, or a `Minibatch` of one, of β = u − v with u, v ≥ 0: ‖y − X(u − v)‖² + λΣ(u + v) of (u, v).

    Its "proximal" method is projected gradient descent: the rule of Table 1 of Bottou (2010). ``join`` gives β.
    """

    problem: "Lasso | Minibatch"

    def __post_init__(self):
        checks.instance("problem", self.problem, Lasso, Minibatch)

    p = property(lambda self: 2 * self.problem.X.shape[-1])
    batch_shape = property(operator.attrgetter("problem.batch_shape"))
    curvature = property(lambda self: 2 * self.problem.curvature)

    def join(self, beta):
        return beta[..., : self.p // 2] - beta[..., self.p // 2 :]

    def oracle(self, beta):
        inner, lam = self.problem.oracle(self.join(beta)), getattr(self.problem, "problem", self.problem).lam
        lam_batch, lam = checks.over_batch("lam", lam, beta), checks.per_coordinate("lam", lam, beta)

        def value(b):
            joined = self.join(b)
            return inner.value(joined) + lam_batch * (b.sum(axis=-1) - np.abs(joined).sum(axis=-1))

        def gradient(b):
            g = inner.smooth_gradient(self.join(b))
            return np.concatenate([g, -g], axis=-1) + lam

        return Oracle(value, gradient, gradient, lambda b, step: np.maximum(b, 0), np.zeros_like)


@dataclass(frozen=True, eq=False)
class TwoSquares(Objective):
    """A `Lasso` of β = u∘u − v∘v: ‖y − X(u∘u − v∘v)‖² + λ‖(u, v)‖², smooth, with the minimisers of (11)."""

    problem: Lasso

    def __post_init__(self):
        checks.instance("problem", self.problem, Lasso)

    p = property(lambda self: 2 * self.problem.X.shape[-1])
    batch_shape = property(operator.attrgetter("problem.batch_shape"))

    def join(self, beta):
        return TwoParts(self.problem).join(beta * beta)

    def oracle(self, beta):
        parts = TwoParts(self.problem).oracle(beta * beta)
        return Oracle(lambda b: parts.value(b * b), lambda b: 2 * b * parts.subgradient(b * b))


@dataclass(frozen=True, eq=False)
class Minibatch(Objective):
    """A `Lasso` whose gradients see ``size`` random rows at a time, scaled to be right on average; values see them all.

    problem: a `Lasso` of NumPy arrays without a batch of data. Every run draws the same rows (``seed``), without
    replacement within a step.
    """

    problem: Lasso
    size: int
    seed: int = 0
    drawn: ClassVar = {}  # (n, size, seed): a generator and its rows so far; a draw takes longer than its step

    def __post_init__(self):
        X = getattr(self.problem, "X", None)
        if not isinstance(self.problem, Lasso) or not isinstance(X, np.ndarray) or X.ndim != 2:
            raise TypeError(f"problem must be a Lasso with one NumPy matrix X (n, p), got {self.problem!r}")
        self._keep(size=checks.count("size", self.size))
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or self.seed < 0:
            raise ValueError(f"seed must be an integer, at least 0, got {self.seed!r}")
        if self.size > X.shape[0]:
            raise ValueError(f"size must be at most n = {X.shape[0]}, got {self.size}")

    X = property(operator.attrgetter("problem.X"))
    batch_shape = property(operator.attrgetter("problem.batch_shape"))
    curvature = property(operator.attrgetter("problem.curvature"))
    smoothness = property(operator.attrgetter("problem.smoothness"))

    def oracle(self, beta):
        full, X, y = self.problem.oracle(beta), self.problem.X, self.problem.y
        l1 = l1_oracle("lam", self.problem.lam, beta)
        n, steps = X.shape[0], itertools.count()
        rng, drawn = self.drawn.setdefault((n, self.size, self.seed), (np.random.default_rng(self.seed), []))
        scale = 2 * n / (self.size * self.problem._samples)

        def smooth_gradient(b):
            if (k := next(steps)) == len(drawn):
                drawn.append(rng.choice(n, self.size, replace=False))
            rows, of_y = X.take(drawn[k], axis=0), y.take(drawn[k])
            return ((b @ rows.T - of_y) @ rows) * scale

        return full._replace(
            subgradient=lambda b: smooth_gradient(b) + l1.subgradient(b), smooth_gradient=smooth_gradient
        )


def one_dimensional_lasso(c, lam, h=1.0):
    """½hβ² − cβ + λ|β|, up to a constant, as a `Lasso` with one sample; c: a number or (batch,)."""
    return Lasso(np.array([[(h / 2) ** 0.5]]), np.asarray(c, dtype=float)[..., None] / (2 * h) ** 0.5, lam)


def walk(beta, steps):
    """(8) for one coordinate in any arithmetic, Fraction and Decimal included: [β₀, β₁, …]; ``steps`` are ηₖλ."""
    path = [beta]
    for s in steps:
        beta = beta - s if beta > 0 else beta + s if beta < 0 else beta
        path.append(beta)
    return path


DECIMAL_SCHEDULES = {  # step k of so many, from a Decimal 1
    "constant": lambda one, k, steps: one / 100,
    "reducing": lambda one, k, steps: one / 10 ** (2 + 4 * k // steps),  # a tenth less after each quarter of the run
    "0.98 a step": lambda one, k, steps: one / 20 * (one * 98 / 100) ** k,
    "1/(k + 1)": lambda one, k, steps: one / 2 / (k + 1),
}
DECIMAL_STARTS = {  # to more digits than anyone asks for
    "0.5053": "0.5053",
    "√2 − 1": "0.4142135623730950488016887242096980785696718753769480731766797379907324784621070",
    "π − 3": "0.14159265358979323846264338327950288419716939937510582097494459230781640628620899",
}


def decimal_walk(start, schedule, digits, steps):
    """`walk` in decimal floating point of ``digits`` significant digits, at most 60; start and schedule by name."""
    checks.choice("start", start, DECIMAL_STARTS)
    checks.choice("schedule", schedule, DECIMAL_SCHEDULES)
    with decimal.localcontext(decimal.Context(prec=checks.count("digits", digits))):
        rates = (DECIMAL_SCHEDULES[schedule](decimal.Decimal(1), k, steps) for k in range(steps))
        return walk(+decimal.Decimal(DECIMAL_STARTS[start]), rates)


@functools.lru_cache(maxsize=16)  # all schedules and starts
def decimal_zeros(start, schedule, steps):
    """The first step of `decimal_walk` that is exactly 0, with 3, 4, …, 40 digits; NaN where no step is: (38,)."""
    return np.array([_first_zero(start, schedule, digits, steps) for digits in range(3, 41)])


def _first_zero(start, schedule, digits, steps):
    """The first step at exactly 0, or NaN; what repeats itself is not walked through, as ηₖ never rises."""
    with decimal.localcontext(decimal.Context(prec=digits)):
        one, rate, k = decimal.Decimal(1), DECIMAL_SCHEDULES[schedule], 0
        beta, before, last = +decimal.Decimal(DECIMAL_STARTS[start]), None, None
        while k < steps:
            s = rate(one, k, steps)
            moved, k = beta - s if beta > 0 else beta + s, k + 1
            if moved == 0:
                return k
            if moved == beta:  # the step is lost in rounding, and so is every smaller one
                break
            if s == last and moved == before:  # back where it was two steps ago: on to the end of this rate
                more = bisect.bisect_right(range(k, steps), -s, key=lambda j: -rate(one, j, steps))
                k += more - more % 2
            before, beta, last = beta, moved, s
    return np.nan


def paper_pair(seeds=20, steps=3000):
    """‖β‖₁ after NGDM on (11) at λ = 0.1 and 100: (seeds, 2). Our choice of n = 10, p = 50 and η = 0.01."""
    problem, starts = uniform_lasso(10, 50, [0.1, 100.0], seeds)
    return np.abs(trajectories.run(problem, starts, PAPER_LR, steps, record_every=steps).iterates[-1]).sum(axis=-1)


def band_means(method, lams, lr=PAPER_LR, steps=3000, count=200, **options):
    """Mean |β| of ``count`` weights over the last 200 steps of a method on (7), in units of η: (Λ,)."""
    start = np.random.default_rng(0).uniform(-1, 1, count)
    tail = trajectories.run(L1Norm(np.asarray(lams, dtype=float)), start, lr, steps, method, **options).iterates[-200:]
    return np.abs(tail).mean(axis=(0, 2)) / lr


def mean_signs(ratios, shrink, steps=1500):
    """The mean of sign(β) over the end of NGDM on the 1-D LASSO from 0.01 with λ = 1, h = 1, c = ratios: (batch,).

    The end is 840 steps, a whole number of cycles for every period up to 8.
    """
    beta, total = np.full(np.shape(ratios), 0.01), 0.0
    for k in range(steps):
        beta = shrink * beta + (1 - shrink) * (ratios - np.sign(beta))
        total = total + (k >= steps - 840) * np.sign(beta)
    return total / 840


def in_blocks(field, rows, block=16):
    """``field`` of ``rows`` (m, …), which gives a row of a map for each, computed a block at a time: (m, n).

    What a block of 16 rows of 400 settings needs fits a processor's cache; that of a whole map would not.
    """
    return np.concatenate([field(rows[k : k + block]) for k in range(0, len(rows), block)])


# --- notebook 3: deep networks ----------------------------------------------------------------------------------------

VGG16_PARAMETERS = 138_357_544  # of torchvision's VGG16
PAPER_NORM, PAPER_SMALL_NORM = 69178.44, 2113.83  # the two printed norms, λ = 0.1 and a smaller λ
DEEP_LAM = 0.1  # the larger λ of Appendix B; η is PAPER_LR
SMALL_LAM = 0.001  # our choice for the smaller λ, which our copy of the paper has lost
PAPER_THRESHOLD = 1e-5  # below it the paper counts a weight as small
ADAM_BAND = 0.127  # mean |β| in units of η once Adam has settled on a pure ℓ1 penalty, whatever λ
MLP_WIDTHS = (64, 256, 256, 10)  # 85 002 parameters


def mlp_digits():
    """Torch tensors (X, y, X_test, y_test) of the digits, 64 pixels in [−1, 1]: 1437 to train with, 360 to test."""
    (X, y), (X_test, y_test) = (data.images("digits", train, size=8) for train in (True, False))
    return X[:, 0].flatten(1), y, X_test[:, 0].flatten(1), y_test


def mlp_pretrained(X, y, seed=0, progress=False):
    """`networks.mlp` of `MLP_WIDTHS`, trained without a penalty by 600 steps of SGD at η = 0.1, batches of 32."""
    from ngdm_helpers import networks  # which imports torch: the other problems do without

    model = networks.mlp("relu", MLP_WIDTHS, seed)
    return networks.fine_tune(model, X, y, [0.0], lr=0.1, steps=600, batch=32, seed=seed, progress=progress).network(0)


# --- notebook 4 -------------------------------------------------------------------------------------------------------

TWO_WEIGHTS = (1.5, 0.4)  # a start on ½(uv − 1)² from which the curvature rises by a quarter


def huber_problem(data="U[0, 1]", delta=1.0, n=20, p=50):
    """Mean Huber (13) with X from U[0, 1] or U[−1, 1] and y from U[0, 1], drawn in this order."""
    rng = np.random.default_rng(0)
    X = rng.uniform(0.0 if data == "U[0, 1]" else -1.0, 1.0, (n, p))
    return Huber(X, rng.uniform(0, 1, n), delta)


def huber_tail(c):
    """Mean loss of the last 200 of 3000 steps of gradient descent on `huber_problem` from 0 with η = c/L."""
    objective = huber_problem()
    return float(trajectories.run(objective, np.zeros(50), c / objective.smoothness, 3000).values[-200:].mean())


def product_ends(starts, eta, steps=60):
    """The sharpness of ½(uv − 1)² where gradient descent from starts (…, 2) is after ``steps``; NaN: it diverges."""
    # the numbers of `trajectories.run` on `Product`, in place: a map has a hundred thousand starts
    u, v = (np.array(starts[..., k]) for k in (0, 1))
    residual, step_u, step_v = (np.empty_like(u) for _ in range(3))
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(steps):
            np.multiply(u, v, out=residual)
            residual -= 1
            np.multiply(residual, v, out=step_u)
            np.multiply(residual, u, out=step_v)
            step_u *= eta
            step_v *= eta
            u -= step_u
            v -= step_v
        gone = ~np.isfinite((u * v - 1) ** 2 + u + v)
    u[gone] = v[gone] = 0.0
    return np.where(gone, np.nan, theory.product_sharpness(np.stack([u, v], axis=-1)))


LOGISTIC_STEPS = 300


def logistic_problem(margin=0.2, flipped=0.0):
    """Mean logistic regression in two dimensions: 20 samples at (γ, 1) and 20 at (γ, −½), all labelled 1.

    margin: γ > 0, the distance of the separating line β ∝ (1, 0) from the data. flipped: the share of the labels at
    each place that is −1 instead, a multiple of 1/20.
    """
    X = np.repeat([[margin, 1.0], [margin, -0.5]], 20, axis=0)
    return Logistic(X, np.where(np.arange(40) % 20 < round(20 * flipped), -1.0, 1.0))


def logistic_run(c, margin=0.2, flipped=0.0, steps=LOGISTIC_STEPS):
    """Gradient descent on `logistic_problem` from 0 with η = c/L."""
    problem = logistic_problem(margin, flipped)
    return trajectories.run(problem, np.zeros(2), c / problem.smoothness, steps)


def relu_toy(strength=1.0, data="U[−1, 1]", n=20, p=5, seed=0):
    """Loss (3) without penalties, X from U[−1, 1] or U[0, 1], y from strength·U[−1, 0], and a start from U[−1, 1]ᵖ."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1.0 if data == "U[−1, 1]" else 0.0, 1.0, (n, p))
    return ReLURegression(X, -strength * rng.uniform(0, 1, n)), rng.uniform(-1, 1, p)


def trough_run(width, lr, steps):
    """NGDM on `counterexamples.Trough` from (η/2, 0): (steps + 1, 2). x flips, y rises, and at f = 0 both stay."""
    x, y = lr / 2, [0.0]
    while len(y) <= steps and x - width * (y[-1] / (1 + y[-1])) > 0:
        y.append(y[-1] + lr * (width / (1 + y[-1]) ** 2))
    k = np.minimum(np.arange(steps + 1), len(y) - 1)
    return np.stack([x * (-1.0) ** k, np.array(y)[k]], axis=-1)


ONE_D_HUBER = Huber(np.array([[1.0]]), np.array([0.0]), reduction="sum")
