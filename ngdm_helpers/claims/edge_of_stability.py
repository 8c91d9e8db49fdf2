"""Claims E1–E14 of notebook 4, and the problems that measure them."""

import warnings

import numpy as np

from ngdm_helpers import records, theory, trajectories
from ngdm_helpers.claims.table import Claim, Measured
from ngdm_helpers.objectives import Huber, L1Norm, Product, Quadratic, ReLURegression, Separable, Trough

TWO_WEIGHTS = (1.5, 0.4)  # a start on ½(uv − 1)² from which the curvature rises by a quarter


def huber_problem(data="U[0, 1]", delta=1.0, n=20, p=50, seed=0):
    """Mean Huber (13) with X from U[0, 1] or U[−1, 1] and y from U[0, 1], drawn in this order."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(0.0 if data == "U[0, 1]" else -1.0, 1.0, (n, p))
    return Huber(X, rng.uniform(0, 1, n), delta)


def huber_tail(c, data="U[0, 1]", delta=1.0, steps=3000, **shape):
    """Mean loss of the last 200 iterates of gradient descent on (13) from 0 with η = c/L."""
    objective = huber_problem(data, delta, **shape)
    start = np.zeros(objective.X.shape[-1])
    return float(trajectories.run(objective, start, c / objective.smoothness, steps).values[-200:].mean())


def relu_toy(strength=1.0, data="U[−1, 1]", n=20, p=5, seed=0):
    """Loss (3) without penalties, X from U[−1, 1] or U[0, 1], y from strength·U[−1, 0], and a start from U[−1, 1]ᵖ."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1.0 if data == "U[−1, 1]" else 0.0, 1.0, (n, p))
    objective = ReLURegression(X, -strength * rng.uniform(0, 1, n))
    return objective, rng.uniform(-1, 1, p)


def _threshold_of_a_quadratic():
    ends = {}
    for kind in ("x²/2", "log-cosh"):
        objective = Quadratic(np.eye(1)) if kind == "x²/2" else Separable(kind)
        ends[kind] = [float(np.abs(trajectories.run(objective, [0.1], lr, 2000).values[-1])) for lr in (1.9, 2.005)]
    ours = (
        f"f after 2000 steps with η = 1.9/L and 2.005/L: x²/2 {ends['x²/2'][0]:.0e} and {ends['x²/2'][1]:.0e}, "
        f"log-cosh {ends['log-cosh'][0]:.0e} and {ends['log-cosh'][1]:.4f}"
    )
    return Measured(ours, max(e[0] for e in ends.values()) < 1e-12 and ends["x²/2"][1] > 1e4 > 1 > ends["log-cosh"][1])


def _edge_without_smoothness():
    rows = {r["activation"]: r for r in records.load("edge_of_stability") if r["lr"] == 0.2 and r["seed"] == 0}
    listed = ", ".join(f"{name} {rows[name]['sharpness']:.2f}" for name in ("relu", "tanh", "gelu"))
    ours = f"recorded: full-batch runs at η = 0.2, 2/η = 10; sharpness in the last quarter: {listed}"
    return Measured(ours, all(abs(row["sharpness"] / 10 - 1) < 0.1 for row in rows.values()))


def _best_is_not_all():
    run = trajectories.run(Trough(0.25), [0.5, 0.0], 1.0, 100_000, record_every=100)
    y, law = float(run.iterates[-1, 1]), theory.trough_height(0.25, 1.0, 100_000)
    ours = f"a convex, Lipschitz f at η = 1: loss {run.values[-1]:.3f} after 10⁵ steps, while y has grown to {y:.1f}"
    return Measured(ours, run.values[-1] < 0.26 and abs(y / law - 1) < 0.05)


def _huber_is_smooth():
    f = huber_problem()
    rng = np.random.default_rng(0)
    x, top = rng.standard_normal((2000, 50)) / 100, np.linalg.svd(f.X)[2][0]
    z = x + rng.uniform(1e-3, 10, (2000, 1)) * top  # apart along the steepest direction
    slopes = np.linalg.norm(f.subgradient(x) - f.subgradient(z), axis=-1) / np.linalg.norm(x - z, axis=-1)
    below = huber_tail(1.95)
    ours = (
        f"‖∇f(x) − ∇f(z)‖ ≤ {slopes.max() / f.smoothness:.2f}·L‖x − z‖ on 2000 pairs; η = 1.95/L ends at {below:.0e}; "
        f"analytic log-cosh has the same 2-cycles: ±{_cycle(2.5):.3f} at η = 2.5"
    )
    return Measured(
        ours, slopes.max() <= f.smoothness * (1 + 1e-9) and below < 1e-9 and abs(_cycle(2.5) - 0.888) < 1e-3
    )


def _cycle(lr):
    """|x| on the 2-cycle of log-cosh."""
    return abs(float(trajectories.run(Separable("log-cosh"), [0.01], lr, 3000).iterates[-1, 0]))


def _huber_never_diverges():
    tails = {c: huber_tail(c) for c in (2.05, 4.0, 10.0, 136.0)}
    ours = "mean loss of the last 200 of 3000 steps: " + ", ".join(
        f"c = {c:g}: {tail:.2f}" for c, tail in tails.items()
    )
    return Measured(ours, all(tail <= c / 2 for c, tail in tails.items()))


def _rise_explained():
    pairs = []
    for c in (2.05, 2.1, 2.5, 3.0):
        run = trajectories.run(ONE_D_HUBER, [1e-3], c, 300)
        pairs.append((float(theory.huber_rise(c, 1e-3)), int(np.argmax(np.abs(run.iterates[:, 0]) > 1))))
    ours = "1-D, x₀ = 0.001: predicted rise and step of leaving " + ", ".join(f"{p:.1f} / {m}" for p, m in pairs)
    return Measured(ours, all(0 <= m - p < 1.001 for p, m in pairs))


def _threshold_is_local():
    objective = huber_problem("U[0, 1]", 0.1, n=50, p=20)
    L = objective.smoothness
    best = trajectories.run(objective, np.zeros(20), 1 / L, 6000, "fista", record_every=6000)
    beta = best.iterates[-1]
    local = theory.local_threshold(objective.X, np.abs(objective.X @ beta - objective.y) < 0.1)
    near = beta + 1e-4 * np.random.default_rng(1).standard_normal(20)
    below, above = (
        float(trajectories.run(objective, near, f * local, 6000, record_every=60).values[-20:].mean() - best.values[-1])
        for f in (0.97, 1.03)
    )
    ours = (
        f"n = 50 > p = 20, δ = 0.1: local threshold {local * L:.2f}/L; from nearby, excess loss {abs(below):.0e} "
        f"at 0.97 of it and {above:.0e} at 1.03"
    )
    return Measured(ours, 2.5 < local * L < 3.5 and below < 1e-9 < 1e-6 < above)


def _subquadratic_growth():
    lr, ends = 2.1, {}
    for name, objective in (("Huber", ONE_D_HUBER), ("log-cosh", Separable("log-cosh"))):
        ends[name] = abs(float(trajectories.run(objective, [0.01], lr, 3000).iterates[-1, 0]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", trajectories.DivergenceWarning)
        step = trajectories.run(Separable("x²/2 + x⁴/4"), [0.01], lr, 3000).overflow_step
    ours = (
        f"η = 2.1/f″(0): Huber and log-cosh, which grow subquadratically, end in 2-cycles, ±{ends['Huber']:.2f} and "
        f"±{ends['log-cosh']:.2f}; x²/2 + x⁴/4 overflows at step {step}"
    )
    return Measured(ours, step is not None and ends["Huber"] < 2 and ends["log-cosh"] < 1)


def _chord_law():
    worst = 0.0
    for objective, start, lr in (
        (huber_problem(), np.zeros(50), 2.5 / huber_problem().smoothness),
        (huber_problem(), np.zeros(50), 10 / huber_problem().smoothness),
        (L1Norm(1.0), np.array([0.5053]), 0.3),
    ):
        chord = theory.chord_curvature(trajectories.run(objective, start, lr, 3000), objective)[-200:]
        worst = max(worst, float(np.abs(chord - 2).max()))
    return Measured(f"η·(chord curvature) on Huber (c = 2.5, 10) and |x|: 2 to within {worst:.0e}", worst < 1e-4)


ONE_D_HUBER = Huber(np.array([[1.0]]), np.array([0.0]), reduction="sum")


CLAIMS = (
    Claim(
        "E1",
        "Section 4",
        "2/λmax separates stable from unstable learning rates",
        "2/λmax",
        "imprecise",
        "below 2/L every convex L-smooth loss with a minimiser converges; above it quadratics diverge, others may not; "
        "and the Edge of Stability is the training phenomenon, not the number",
        _threshold_of_a_quadratic,
    ),
    Claim(
        "E2",
        "Section 4",
        "the Edge of Stability is derived for L-smooth losses and only conjectured for networks with kinks",
        "a conjecture",
        "wrong",
        "it is an empirical finding, made on ReLU networks too, and it shows on them",
        _edge_without_smoothness,
    ),
    Claim(
        "E4",
        "Prop. 4.1",
        "convex with bounded subgradients implies no divergence, because lim f_best − f* ≤ ηG²/2",
        "ηG²/2",
        "imprecise",
        "the bound concerns the best value, and f_best ≤ f(x₀) for any method; iterates may run off while the loss "
        "stays bounded",
        _best_is_not_all,
    ),
    Claim(
        "E5",
        "(13)",
        "Huber's loss is once but not twice differentiable, so L-smooth theory does not apply to it",
        "not L-smooth",
        "wrong",
        "by the paper's own (5) it is L-smooth with L = λmax(XᵀX)/n; the theory promises convergence below 2/L, and it "
        "converges",
        _huber_is_smooth,
    ),
    Claim(
        "E6",
        "Fig. 3",
        "gradient descent on Huber's loss does not diverge at high learning rates",
        "no divergence",
        "holds",
        "convex, bounded gradient, bounded set of minimisers in β₀ + row(X): the iterates stay bounded",
        _huber_never_diverges,
    ),
    Claim(
        "E7",
        "Fig. 3",
        "the loss first rises, then oscillates; left unexplained",
        "open",
        "holds",
        "the sign flips at every step and the loss is even: it grows by (c − 1)² until residuals pass δ",
        _rise_explained,
    ),
    Claim(
        "E8",
        "Section 4",
        "over-parameterised, the minimum is 0 and the loss locally quadratic",
        "minimum 0",
        "holds if…",
        "p ≥ n and X has rank n; otherwise only residuals inside ±δ count, and the local threshold can lie above 2/L",
        _threshold_is_local,
    ),
    Claim(
        "E9",
        "Section 4",
        "Huber's loss is a counterexample to Ma, Wu & Ying's subquadratic growth",
        "counterexample",
        "wrong",
        "it is quadratic near the minimum and grows subquadratically beyond, which is what they describe",
        _subquadratic_growth,
    ),
    Claim(
        "E14",
        "beyond",
        "(ours) every 2-cycle has chord curvature 2/η",
        "–",
        "holds",
        "g₊ − g₋ = (2/η)(x₊ − x₋) on a 2-cycle, with a kink or without",
        _chord_law,
    ),
)
