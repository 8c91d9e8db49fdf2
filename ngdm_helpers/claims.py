"""The paper's claims, their verdicts, and the ledger table.

Every row carries the function that measures it; the table shows what that function returns now, no typed-in number.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ngdm_helpers import records, theory, trajectories
from ngdm_helpers.objectives import Huber, L1Norm, Lasso, LeastAbsolute, Quadratic, ReLURegression, Separable, Trough

VERDICTS = ("holds", "holds if…", "imprecise", "wrong")

# The example after Proposition 3.2. Our copy of the paper keeps two of its norms; start and steps reproduce them.
PAPER_START = (0.5053, 0.5053)
PAPER_LR, PAPER_LAMS = 0.01, (1.0, 100.0)


class Measured(NamedTuple):
    """What was measured, in words, and whether it supports the verdict."""

    ours: str
    supports: bool


@dataclass(frozen=True)
class Claim:
    """A claim of the paper. ``measure() → Measured`` runs in well under a second."""

    id: str
    where: str
    says: str
    paper: str
    verdict: str
    because: str
    measure: Callable[[], Measured]

    def __post_init__(self):
        if self.verdict not in VERDICTS:
            raise ValueError(f"verdict must be one of {', '.join(VERDICTS)}, got {self.verdict!r}")


class Table:
    """Rows of the ledger, as Jupyter shows them; ``rows`` pairs each claim with what was measured."""

    def __init__(self, claims):
        self.rows = [(claim, claim.measure()) for claim in claims]

    def _repr_markdown_(self):
        lines = ["| | where | the paper says | its value | measured here | verdict | because |", "|:--" * 7 + "|"]
        for claim, measured in self.rows:
            cells = (
                claim.id,
                claim.where,
                claim.says,
                claim.paper,
                measured.ours,
                f"**{claim.verdict}**",
                claim.because,
            )
            escaped = (cell.replace("|", "\\|") for cell in cells)
            lines.append(f"| {' | '.join(escaped)} |")
        return "\n".join(lines)

    def __repr__(self):
        return "\n".join(f"{claim.id}: {claim.verdict}. {measured.ours}" for claim, measured in self.rows)


def ledger(*ids):
    """Measure the claims ``ids`` (all without any) and return their `Table`. AssertionError if one lost its support."""
    known = {claim.id: claim for claim in CLAIMS}
    unknown = [name for name in ids if name not in known]
    if unknown:
        raise ValueError(f"ids must be among {', '.join(known)}, got {', '.join(unknown)}")
    table = Table([known[name] for name in ids or known])
    for claim, measured in table.rows:
        assert measured.supports, f"{claim.id}: measured {measured.ours}, which does not support {claim.verdict!r}"
    return table


def last_norms(trajectory):
    """‖β‖₁ of the last two iterates, the larger first: (2, ...)."""
    norms = np.abs(trajectory.iterates[-2:]).sum(axis=-1)
    return np.stack([norms.max(axis=0), norms.min(axis=0)])


def sharp_problem(seed=0):
    """Least absolute deviations with an exact solution, n = 60, p = 10: (objective, β*); f* = 0, and f is sharp."""
    rng = np.random.default_rng(seed)
    X, solution = rng.standard_normal((60, 10)), rng.standard_normal(10)
    return LeastAbsolute(X, X @ solution), solution


def huber_problem(data="U[0, 1]", delta=1.0, n=20, p=50, seed=0):
    """Mean Huber (13) with X from U[0, 1] or U[−1, 1] and y from U[0, 1], drawn in this order."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(0.0 if data == "U[0, 1]" else -1.0, 1.0, (n, p))
    return Huber(X, rng.uniform(0, 1, n), delta)


# --- notebook 1 -------------------------------------------------------------------------------------------------------


def midpoint_gap(objective, p, segments=20_000, seed=0):
    """max f((a + b)/2) − (f(a) + f(b))/2 over random segments in [−1, 1]ᵖ: above 0 where f is not convex."""
    ends = np.random.default_rng(seed).uniform(-1, 1, (2, segments, p))
    return float((objective.value(ends.mean(axis=0)) - objective.value(ends).mean(axis=0)).max())


def _convex():
    rng = np.random.default_rng(0)
    X, y = rng.uniform(-1, 1, (20, 3)), -rng.uniform(0, 1, 20)
    loss = ReLURegression(X, y, lam1=0.1)
    kept = midpoint_gap(loss, 3)
    at_zero, lowest = float(loss.value(np.zeros(3))), float(loss.value(rng.uniform(-1, 1, (20_000, 3))).min())
    y = np.where(np.arange(20) == 0, 2.0, y)
    flipped = midpoint_gap(ReLURegression(X, y, lam1=0.1, require_convex=False), 3)
    ours = (
        f"y ≤ 0: midpoint minus chord at most {kept:.0e} on 20 000 segments, f(0) = {at_zero:.3f} against "
        f"{lowest:.3f} at best elsewhere; with one yᵢ > 0 at most {flipped:.2g}"
    )
    return Measured(ours, kept < 1e-12 and flipped > 1e-3 and at_zero < lowest)


def _subgradients():
    """Autograd's derivative as a subgradient: for the paper's convex losses, and for relu(x) − relu(−x) = x.

    ``objective.subgradient`` stands for autograd on the losses: tests/test_objectives.py holds the two equal, at kinks.
    """
    import torch

    rng = np.random.default_rng(0)
    X = rng.integers(-2, 3, (20, 3)).astype(float)
    x, z = rng.integers(-2, 3, (500, 1, 3)).astype(float), rng.uniform(-3, 3, (1, 500, 3))  # x on kinks
    losses = (ReLURegression(X, -np.ones(20), 0.3), L1Norm(0.3), Lasso(X, X[:, 0], 0.3))
    worst = min(float((f.value(z) - f.value(x) - (f.subgradient(x) * (z - x)).sum(-1)).min()) for f in losses)
    at = torch.zeros(1, requires_grad=True)
    (identity,) = torch.autograd.grad((at.relu() - (-at).relu()).sum(), at)
    ours = (
        f"(3), (7), (11) on kinks: f(z) − f(x) − g·(z − x) ≥ {min(worst, 0.0):.0e} at 250 000 pairs each; "
        f"but relu(x) − relu(−x) = x has autograd derivative {identity.item():g} at 0"
    )
    return Measured(ours, worst > -1e-9 and identity.item() == 0)


def _constant_steps_converge():
    X, y = np.random.default_rng(0).standard_normal((2, 60, 10))[0], np.random.default_rng(1).standard_normal(60)
    squares = Lasso(X, y, 0.0)
    path = trajectories.run(squares, np.zeros(10), 1 / squares.smoothness, 3000).iterates
    off = float(np.linalg.norm(path[-1] - np.linalg.lstsq(X, y, rcond=None)[0]))
    band = float(np.abs(trajectories.run(L1Norm(1.0), [0.505], 0.01, 3000).iterates[-2:]).mean())
    ours = f"GD on least squares, η = 1/L: {off:.0e} from the minimiser; NGDM on |β|, η = 0.01: {band:.3g} on average"
    return Measured(ours, off < 1e-12 and abs(band - 0.005) < 1e-12)


def best_on_sharp(schedule, steps=1500):
    """Best value after 1500 steps of NGDM on the sharp problem from 0; f* = 0."""
    objective, solution = sharp_problem()
    return float(trajectories.run(objective, np.zeros(solution.size), schedule, steps).values.min())


def _finite_sums():
    diminishing, good, short = map(
        best_on_sharp,
        (
            trajectories.diminishing(0.3),
            trajectories.exponential_decay(0.3, 0.98),
            trajectories.exponential_decay(0.3, 0.8),
        ),
    )
    ours = f"best loss after 1500 steps: 0.3/√(k+1) {diminishing:.1e}, 0.3·0.98ᵏ {good:.0e}, 0.3·0.8ᵏ {short:.2f}"
    return Measured(ours, good < 1e-12 < 1e-4 < diminishing < short)


def _geometric_stops_short():
    short, far = (
        float(
            trajectories.run(Quadratic(np.eye(1)), [1.0], trajectories.exponential_decay(0.3, q), 1500).iterates[-1, 0]
        )
        for q in (0.8, 0.98)
    )
    ngdm = best_on_sharp(trajectories.exponential_decay(0.3, 0.8))
    ours = (
        f"GD on ½x² from 1 stops at {short:.3f} with 0.3·0.8ᵏ and at {far:.0e} with 0.3·0.98ᵏ; "
        f"NGDM on the sharp loss with 0.3·0.8ᵏ at {ngdm:.2f}"
    )
    return Measured(ours, 0.15 < short < 0.25 and far < 1e-6)


def _reducing_is_constant():
    objective, _ = sharp_problem()
    chained = trajectories.run(objective, np.zeros(10), trajectories.step_decay(0.3, every=100), 300).iterates
    last = trajectories.run(objective, chained[200], 0.3 * 0.1**2, 100).iterates
    gap = float(np.abs(chained[200:] - last).max())
    return Measured(f"last 100 of 300 steps against a constant-step run from step 200: gap {gap:.0e}", gap < 1e-12)


def _huber_has_no_second_derivative():
    huber = Huber(np.eye(1), np.zeros(1), delta=1.0, reduction="sum")
    x, h = np.random.default_rng(0).uniform(-3, 3, (2, 100_000, 1)), 1e-6
    g = huber.subgradient(x)
    secant = float((np.abs(g[0] - g[1]) / np.abs(x[0] - x[1])).max())
    at = [float(huber.subgradient([1.0 + s])[0]) for s in (-h, 0.0, h)]
    left, right = (at[1] - at[0]) / h, (at[2] - at[1]) / h
    ours = (
        f"Huber, δ = 1: secants of f′ ≤ {secant:.4g} (L = 1), yet f″ at δ is {left:.3g} from the left and "
        f"{right:.3g} from the right"
    )
    return Measured(ours, secant <= 1 + 1e-9 and abs(left - 1) < 1e-6 and right == 0)


def _transformers_used_relu():
    import inspect

    import torch

    default = inspect.signature(torch.nn.TransformerEncoderLayer).parameters["activation"].default
    name = default.__name__
    return Measured(f"torch's layer after “Attention is all you need” defaults to {name}", name == "relu")


# --- notebook 3 -------------------------------------------------------------------------------------------------------


def _prop_3_1():
    rng = np.random.default_rng(0)
    start = rng.uniform(-1, 1, (10_000, 1))
    zeros = int((trajectories.run(L1Norm(1.0), start, 0.01, 300).iterates == 0).sum())
    start = 2 * rng.random((1_000_000, 1), dtype=np.float32) - 1
    dyadic = int((trajectories.run(L1Norm(1.0), start, 2**-7, 200, record_every=200).iterates[-1] == 0).sum())
    ours = (
        f"{zeros} zeros in 10 000 runs of 300 steps at ηλ = 0.01 (float64); "
        f"{dyadic} of 10⁶ weights end at exactly 0 at ηλ = 2⁻⁷ (float32)"
    )
    return Measured(ours, zeros == 0 and 0 < dyadic < 100)


def _prop_3_2():
    rng = np.random.default_rng(0)
    start, lam, lr = rng.uniform(-1, 1, (1000, 5)), rng.uniform(0.1, 10, 1000), rng.uniform(0.05, 0.2, 1000)
    run = trajectories.run(L1Norm(lam), start, lr, 400).iterates
    even, odd = theory.orbit(start, lr, lam)
    gap = max(np.abs(run[-1] - even).max(), np.abs(run[-2] - odd).max())
    mean = np.abs(run[-2:]).sum(-1).mean(0)
    off = np.abs(mean - 5 * lr * lam / 2).max()
    ours = f"1000 random settings: at most {gap:.0e} from the closed orbit, two-step mean pηλ/2 to {off:.0e}"
    return Measured(ours, gap < 1e-12 and off < 1e-12)


def _paper_runs(lr):
    """A row for each of the paper's two penalties: the last two norms after 400 steps."""
    return last_norms(trajectories.run(L1Norm(np.array(PAPER_LAMS)), PAPER_START, lr, 400)).T


def _paper_pairs():
    pairs = _paper_runs(PAPER_LR)
    ours = " and ".join(f"{high:.4f} / {low:.4f}" for high, low in pairs)
    return Measured(ours, np.allclose(pairs, [(0.0106, 0.0094), (1.0106, 0.9894)], atol=1e-12))


def _reduced_pairs():
    schedule = trajectories.step_decay(PAPER_LR, every=200, factor=0.1)
    before, pairs = _paper_runs(PAPER_LR), _paper_runs(schedule)
    ratios = [rows.mean(1)[1] / rows.mean(1)[0] for rows in (before, pairs)]
    ours = (
        " and ".join(f"{high:.4f} / {low:.4f}" for high, low in pairs)
        + f"; ratio of the two-step means {ratios[0]:.4g} before and {ratios[1]:.4g} after"
    )
    return Measured(ours, pairs[1].min() > pairs[0].max() and np.allclose(ratios, 100))


def _disguise():
    lams = np.geomspace(1e-2, 1e2, 41)
    held = trajectories.run(L1Norm(lams), PAPER_START, PAPER_LR / lams, 400).iterates
    gap = np.abs(held - held[:, :1]).max()
    ours = f"41 values of λ over four decades at ηλ = 0.01: trajectories agree to {gap:.0e}"
    return Measured(ours, gap < 1e-12)


# --- notebook 4 -------------------------------------------------------------------------------------------------------


def huber_tail(c, data="U[0, 1]", delta=1.0, steps=3000, **shape):
    """Mean loss of the last 200 iterates of gradient descent on (13) from 0 with η = c/L."""
    objective = huber_problem(data, delta, **shape)
    start = np.zeros(objective.X.shape[-1])
    return float(trajectories.run(objective, start, c / objective.smoothness, steps).values[-200:].mean())


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
        "P1",
        "(3), Section 4",
        "the ReLU regression loss with y ≤ 0 is convex, with its optimum 0 at a kink",
        "convex",
        "holds",
        "each term is an increasing convex function of a convex one; 0 is the only minimiser if λ₁ + λ₂ > 0 or "
        "Xβ ≤ 0 has no other solution, and a kink if some yᵢ < 0 or λ₁ > 0",
        _convex,
    ),
    Claim(
        "P2",
        "Section 1",
        "NGDM is the subgradient method for convex losses",
        "always",
        "holds if…",
        "what autograd returns lies in the subdifferential: so for (3), (7), (11), not for any way to write a function",
        _subgradients,
    ),
    Claim(
        "P3",
        "Section 1",
        "gradient descent with a constant step nears a stationary point but seldom reaches it (special cases apart)",
        "seldom",
        "wrong",
        "convex and L-smooth with η < 2/L, the standard case, it converges; it is NGDM that ends in a band",
        _constant_steps_converge,
    ),
    Claim(
        "P4",
        "Sections 1, 2",
        "a step schedule with a finite sum (StepLR) forfeits the guarantee of convergence",
        "no guarantee",
        "imprecise",
        "true of the theorem; but geometric steps that shrink slowly enough converge linearly on sharp losses",
        _finite_sums,
    ),
    Claim(
        "P5",
        "Section 2",
        "gradient descent with geometric steps at least ends up near the optimum, if the loss is differentiable",
        "some vicinity",
        "imprecise",
        "how near depends on the total travel, as for NGDM: it is no difference between the two",
        _geometric_stops_short,
    ),
    Claim(
        "P6",
        "Section 1",
        "the reducing regime behaves as a constant step with the last learning rate",
        "the same dynamics",
        "holds",
        "by definition: the last phase is a constant-step run from where it starts",
        _reducing_is_constant,
    ),
    Claim(
        "P7",
        "Section 2",
        "L-smoothness guarantees first and second derivatives",
        "both exist",
        "wrong",
        "it guarantees a Lipschitz gradient; the second derivative exists almost everywhere only",
        _huber_has_no_second_derivative,
    ),
    Claim(
        "P8",
        "Section 2",
        "the transformer of Vaswani et al. (2017) uses the smooth GELU",
        "GELU",
        "wrong",
        "its feed-forward layers are max(0, xW₁ + b₁)W₂ + b₂; GELU came with GPT and BERT",
        _transformers_used_relu,
    ),
    Claim(
        "L1",
        "Prop. 3.1",
        "NGDM on λ‖β‖₁ never has a zero entry, with probability 1",
        "no zeros",
        "holds if…",
        "arithmetic is exact, β₀ has a density and the steps are fixed beforehand; floats lie on a grid",
        _prop_3_1,
    ),
    Claim(
        "L2",
        "Prop. 3.2",
        "the sequence oscillates between two vectors",
        "two “fixed points”",
        "holds",
        "they form one orbit of period 2, and each coordinate keeps β mod ηλ",
        _prop_3_2,
    ),
    Claim(
        "L3a",
        "after (10)",
        "λ = 100 ends with a larger norm than λ = 1",
        "at most 0.0106, at least 0.9894",
        "holds",
        "ηλ is 0.01 in one run and 1 in the other",
        _paper_pairs,
    ),
    Claim(
        "L3b",
        "after (10)",
        "reducing the step does not resolve the paradox",
        "it persists after η/10",
        "holds",
        "both bands shrink tenfold, so their ratio stays the ratio of the penalties",
        _reduced_pairs,
    ),
    Claim(
        "L3c",
        "after (10)",
        "a larger λ can leave a larger norm, which defeats the penalty",
        "an effect of λ",
        "imprecise",
        "in (7) λ acts only through ηλ: it is an effect of the learning rate",
        _disguise,
    ),
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
