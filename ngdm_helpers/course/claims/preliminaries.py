"""Claims P1–P13 of notebook 1."""

import numpy as np

from ngdm_helpers import theory, trajectories
from ngdm_helpers.counterexamples import LeastAbsolute, NeuronRegression, Product, Separable
from ngdm_helpers.course import problems
from ngdm_helpers.course.claims.ledger import Measured, claim
from ngdm_helpers.objectives import Huber, L1Norm, Lasso, Quadratic, ReLURegression
from ngdm_helpers.trajectories import diminishing, exponential_decay, step_decay


@claim(
    "P1", where="(3), Section 4", paper="convex", verdict="holds", source="reconstructed",
    says="the ReLU regression loss with y ≤ 0 is convex, with its optimum 0 at a kink",
    because="each term is (|yᵢ| + u⁺)² of a convex u⁺ ≥ 0, and convex and increasing there; 0 is the only minimiser if "
    "λ₁ + λ₂ > 0 or Xβ ≤ 0 has no other solution, and a kink if some yᵢ < 0 or λ₁ > 0",
)  # fmt: skip
def _convex():
    rng = np.random.default_rng(0)
    X, y = rng.uniform(-1, 1, (20, 3)), -rng.uniform(0, 1, 20)
    loss = ReLURegression(X, y, lam1=0.1)
    gap = problems.midpoint_gap(loss, 3)
    at_zero, lowest = float(loss.value(np.zeros(3))), float(loss.value(rng.uniform(-1, 1, (20_000, 3))).min())
    flipped = problems.midpoint_gap(NeuronRegression(X, np.append(2.0, y[1:]), lam1=0.1), 3)
    ours = (
        f"y ≤ 0: midpoint minus chord at most {gap:.0e} on 20 000 segments, f(0) = {at_zero:.3f} against "
        f"{lowest:.3f} at best elsewhere; with one yᵢ > 0 at most {flipped:.2g}"
    )
    return Measured(ours, gap < 1e-12 and flipped > 1e-3 and at_zero < lowest)


@claim(
    "P2", where="Section 1", paper="no condition", verdict="holds if…",
    says="NGDM effectively implements the subgradient method for convex losses",
    because="what autograd returns lies in the subdifferential: so for (3), (7), (11), not for any way to write a "
    "function",
)  # fmt: skip
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
    (absolute,) = torch.autograd.grad((at.abs() + 7 * (at - (at.relu() - (-at).relu()))).sum(), at)
    ours = (
        f"(3), (7), (11) on kinks: f(x′) − f(x) − g·(x′ − x) ≥ {min(worst, 0.0):.0e} at 250 000 pairs each; "
        f"but a program for |x| (exercise 2 of notebook 1) has the autograd derivative {absolute.item():g} at 0, and "
        f"relu(x) − relu(−x) = x has {identity.item():g}"
    )
    return Measured(ours, worst > -1e-9 and absolute.item() > 1 and identity.item() == 0)


@claim(
    "P3", where="Section 1", paper="seldom", verdict="imprecise",
    says="gradient descent with a constant step nears a stationary point but seldom reaches it (special cases apart)",
    because="wrong for convex or, more generally, L-smooth losses with η < 2/L: the special cases, that of textbooks "
    "among them. At the edge of stability (notebook 4) it describes what one sees; and NGDM ends in a band",
)  # fmt: skip
def _constant_steps_converge():
    X, y = np.random.default_rng(0).standard_normal((60, 10)), np.random.default_rng(1).standard_normal(60)
    squares = Lasso(X, y, 0.0)
    path = trajectories.run(squares, np.zeros(10), 1 / squares.smoothness, 3000).iterates
    off = float(np.linalg.norm(path[-1] - np.linalg.lstsq(X, y, rcond=None)[0]))
    over = trajectories.run(Product(), problems.TWO_WEIGHTS, 0.5, 3000)  # not convex, L-smooth about its path
    slope = float(np.linalg.norm(Product().subgradient(over.iterates[-1])))
    rates = [1.9, 2.1]  # of 1/L: Huber's function from where it is linear
    huber = [float(trajectories.run(problems.ONE_D_HUBER, [3.3], eta, 3000).values[-1]) for eta in rates]
    band = float(np.abs(trajectories.run(L1Norm(1.0), [0.505], 0.01, 3000).iterates[-2:]).mean())
    ours = (
        f"GD on least squares, η = 1/L: {off:.0e} from the minimiser; on ½(uv − 1)² to a gradient of {slope:.0e}; on "
        f"Huber's function to a loss of {huber[0]:.0e} at 1.9/L, {huber[1]:.2g} at 2.1/L; NGDM on |β|, η = 0.01: "
        f"{band:.3g} on average"
    )
    return Measured(ours, max(off, slope, huber[0]) < 1e-12 and huber[1] > 0.1 and abs(band - 0.005) < 1e-12)


@claim(
    "P4", where="Sections 1, 2", paper="no guarantee", verdict="holds",
    says="a step schedule with a finite sum (StepLR) forfeits the guarantee of convergence",
    because="steps that run out freeze where they are: with noise in y 0.3/√(k + 1) overtakes. The guarantee is lost, "
    "not always convergence: shrinking slowly enough for the problem, here 0.98ᵏ without noise, they converge linearly",
)  # fmt: skip
def _finite_sums():
    schedules = diminishing(0.3), exponential_decay(0.3, 0.98), step_decay(0.3, every=100), exponential_decay(0.3, 0.8)
    slow, good, stairs, short = map(problems.best_on_sharp, schedules)
    drawn = [problems.sharp_problem(0.5, seed) for seed in range(8)]
    least = np.array([float(objective.value(minimiser)) for objective, minimiser in drawn])
    noisy = LeastAbsolute(*(np.stack([getattr(objective, name) for objective, _ in drawn]) for name in "Xy"))
    runs = zip(schedules, (20_000, 1500, 1500), strict=False)  # the finite sums stand still by then
    gaps = [
        trajectories.run(noisy, np.zeros(10), schedule, steps).values.min(axis=0) - least for schedule, steps in runs
    ]
    patient, *frozen = (float(np.median(gap)) for gap in gaps)
    ours = (
        f"best loss after 1500 steps: 0.3/√(k+1) {slow:.1e}, 0.3·0.98ᵏ {good:.0e}, StepLR (0.3, a tenth every "
        f"100 steps) {stairs:.0e}, 0.3·0.8ᵏ {short:.2f}. With noise 0.5 in y, median of 8 problems: the finite sums "
        f"freeze at {frozen[0]:.0e} and {frozen[1]:.0e}, 0.3/√(k+1) is at {patient:.0e} after 20 000 steps"
    )
    return Measured(ours, max(good, stairs) < 1e-12 < 1e-4 < slow < short and 3 * patient < min(frozen))


@claim(
    "P5", where="Section 2", paper="some vicinity", verdict="imprecise",
    says="gradient descent with geometric steps at least ends up near the optimum, if the loss is differentiable",
    because="how near depends on the total travel, as for NGDM: it is no difference between the two",
)  # fmt: skip
def _geometric_stops_short():
    short, far = (
        float(trajectories.run(Quadratic(np.eye(1)), [1.0], exponential_decay(0.3, q), 1500).iterates[-1, 0])
        for q in (0.8, 0.98)
    )
    ngdm = problems.best_on_sharp(exponential_decay(0.3, 0.8))
    ours = (
        f"GD on ½x² from 1 stops at {short:.3f} with 0.3·0.8ᵏ and at {far:.0e} with 0.3·0.98ᵏ; "
        f"NGDM on the sharp loss with 0.3·0.8ᵏ at {ngdm:.2f}"
    )
    return Measured(ours, 0.15 < short < 0.25 and far < 1e-6)


@claim(
    "P6", where="Section 1", paper="the same dynamics", verdict="holds",
    says="the reducing regime behaves as a constant step with the last learning rate",
    because="by definition: the last phase is a constant-step run from where it starts",
)  # fmt: skip
def _reducing_is_constant():
    objective, _ = problems.sharp_problem()
    chained = trajectories.run(objective, np.zeros(10), step_decay(0.3, every=100), 300).iterates
    last = trajectories.run(objective, chained[200], 0.3 * 0.1**2, 100).iterates
    gap = float(np.abs(chained[200:] - last).max())
    return Measured(f"last 100 of 300 steps against a constant-step run from step 200: gap {gap:.0e}", gap < 1e-12)


@claim(
    "P7", where="Section 2", paper="both exist", verdict="wrong",
    says="L-smoothness guarantees first and second derivatives",
    because="it guarantees a Lipschitz gradient; the second derivative exists almost everywhere only",
)  # fmt: skip
def _huber_has_no_second_derivative():
    huber = Huber(np.eye(1), np.zeros(1), delta=1.0, reduction="sum")
    x, h = np.random.default_rng(0).uniform(-3, 3, (2, 100_000, 1)), 1e-6
    g = huber.subgradient(x)
    secant = float((np.abs(g[0] - g[1]) / np.abs(x[0] - x[1])).max())
    left, right = np.diff([float(huber.subgradient([1.0 + s])[0]) for s in (-h, 0.0, h)]) / h
    ours = (
        f"Huber, δ = 1: secants of f′ ≤ {secant:.4g} (L = 1), yet f″ at δ is {left:.3g} from the left and "
        f"{right:.3g} from the right"
    )
    return Measured(ours, secant <= 1 + 1e-9 and abs(left - 1) < 1e-6 and right == 0)


@claim(
    "P8", where="Section 2", paper="GELU", verdict="wrong",
    says="the transformer of Vaswani et al. (2017) uses the smooth GELU",
    because="its feed-forward layers are max(0, xW₁ + b₁)W₂ + b₂; GELU came with GPT and BERT",
)  # fmt: skip
def _transformers_used_relu():
    import inspect

    import torch

    name = inspect.signature(torch.nn.TransformerEncoderLayer).parameters["activation"].default.__name__
    return Measured(f"torch's layer after “Attention is all you need” defaults to {name}", name == "relu")


@claim(
    "P9", where="Section 2", paper="L-smooth", verdict="wrong",
    says="Reddi et al. (2019), as most analyses, assume a continuously differentiable, L-smooth loss",
    because="their AMSGrad has its guarantee for convex losses with bounded gradients, as Duchi et al. and McMahan and "
    "Streeter, whom the paper cites: kinks are allowed. (Theirs and the other three papers: abstracts only)",
)  # fmt: skip
def _adaptive_methods_allow_kinks():
    objective, minimiser = problems.sharp_problem(0.5)
    gaps, signs = _amsgrad(objective, 4000)
    times = np.array([250, 500, 1000, 2000, 4000])
    average = gaps.cumsum()[times - 1] / times - float(objective.value(minimiser))
    slope, crossed = problems.slope(times, average), (np.diff(signs, axis=0) != 0).sum(axis=1)
    ours = (
        f"AMSGrad, 0.3/√(k+1), on mean |Xβ − y| with noise: average of f − f* {average[0]:.2g} after 250 steps, "
        f"{average[-1]:.2g} after 4000, slope {slope:.2f} (the guarantee: −½), while a step crosses on average "
        f"{crossed.mean():.1f} of 60 kinks"
    )
    return Measured(ours, slope < -0.5 and crossed.mean() > 1)


def _amsgrad(objective, steps):
    """(the values, the signs of the residuals) along AMSGrad, by hand."""
    beta, m, v, largest, values, signs = np.zeros(10), 0.0, 0.0, 0.0, [], []
    subgradient = objective.oracle(beta).subgradient
    for k in range(steps):
        g, residual = subgradient(beta), objective.X @ beta - objective.y
        values.append(np.abs(residual).mean())
        signs.append(np.sign(residual))
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        largest = np.maximum(largest, v)
        beta = beta - 0.3 / np.sqrt(k + 1) * m / (np.sqrt(largest) + 1e-8)
    return np.array(values), np.array(signs)


@claim(
    "P10", where="Section 2", paper="after convexity", verdict="imprecise",
    says="L-smoothness is one of the strongest assumptions that one can make of a function",
    because="it is global, and networks fail it; but it is no stronger than having all derivatives, nor weaker: either "
    "holds without the other. On a bounded set every twice continuously differentiable function has it",
)  # fmt: skip
def _smoothness_and_derivatives():
    radii, h = (1.0, 10.0, 100.0), 1e-6
    steepest = []  # of the secants of f′: L on [−r, r]
    for objective in (Separable("x²/2 + x⁴/4"), problems.ONE_D_HUBER):
        grids = [np.linspace(-radius, radius, 2001)[:, None] for radius in radii]
        steepest.append([float((np.diff(objective.subgradient(x), axis=0) / np.diff(x, axis=0)).max()) for x in grids])
    left, right = np.diff([float(problems.ONE_D_HUBER.subgradient([1.0 + s])[0]) for s in (-h, 0.0, h)]) / h
    quartic, huber = (", ".join(f"{L:.3g}" for L in row) for row in steepest)
    ours = (
        f"L on [−1, 1], [−10, 10], [−100, 100]: {quartic} for the polynomial x²/2 + x⁴/4, strongly convex; {huber} for "
        f"Huber's function, whose f″ at δ is {left:.3g} from the left, {right:.3g} from the right"
    )
    return Measured(ours, steepest[0][-1] > 1e4 and max(steepest[1]) <= 1 + 1e-9 and left > 0.9 and right == 0)


@claim(
    "P11", where="Sections 1, 2", paper="little bearing", verdict="imprecise",
    says="what is known of gradient descent on L-smooth losses has little bearing on non-smooth networks",
    because="true of results that ask for η < 2/L; but they have as little to say of a steep smooth double, which runs "
    "alike. The theory of subgradients, convex and adaptive (P9), covers both",
)  # fmt: skip
def _double_of_a_kink():
    kinked, _ = problems.relu_toy()
    double, eta = NeuronRegression(kinked.X, kinked.y, 0.0, 1e-3), 0.01
    starts = np.random.default_rng(1).uniform(-1, 1, (50, 5))
    ends = [trajectories.run(loss, starts, eta, 700).values[-200:].mean() for loss in (kinked, double)]
    least = float((kinked.y**2).sum())
    excess = [end - least for end in ends]
    ours = (
        f"(3), n = 20, p = 5, η = 0.01, 50 starts: f − f* at the end {excess[0]:.3f} with the kinks, {excess[1]:.3f} "
        f"with kinks rounded to width 0.001, for which ηL = {eta * double.smoothness:.0f}"
    )
    return Measured(ours, eta * double.smoothness > 20 and abs(excess[1] / excess[0] - 1) < 0.1)


@claim(
    "P12", where="Sections 2, 4", paper="not a descent method", verdict="holds",
    says="the subgradient method is not a descent method (Boyd et al.); its deductions hold for smooth losses as well",
    because="the proof asks for bounded subgradients alone: what falls is the distance to the minimiser, while η is "
    "small against the gap",
)  # fmt: skip
def _no_descent_method():
    sharp, solution = problems.sharp_problem()
    huber = Huber(sharp.X, sharp.y, 0.1)
    rises, ratios = [], []
    for objective in (sharp, huber):
        run = trajectories.run(objective, np.zeros(10), 0.05, 2000)
        bound = theory.best_value_bound(np.linalg.norm(solution), objective.lipschitz, 0.05, np.arange(1.0, 2001))
        rises.append(int((np.diff(run.values) > 0).sum()))
        ratios.append(float((np.minimum.accumulate(run.values[:-1]) / bound).max()))
    ours = (
        f"mean |Xβ − y|, η = 0.05: f rises in {rises[0]} of 2000 steps, its best value is at most {ratios[0]:.2f} of "
        f"the bound R²/(2ηT) + ηG²/2; the same on Huber's smooth loss: {rises[1]} and {ratios[1]:.2f}"
    )
    return Measured(ours, rises[0] > 100 and max(ratios) <= 1)


@claim(
    "P13", where="Introduction", paper="seldom", verdict="holds",
    says="NGDM seldom meets a point where the loss is not differentiable",
    because="for almost all starts and steps no iterate is on a kink (Bolte and Pauwels 2020; Bianchi et al. 2022: "
    "abstracts read). Rounding makes exceptions, and minimisers do lie on kinks",
)  # fmt: skip
def _seldom_at_kinks():
    rng = np.random.default_rng(0)
    X, y, starts = rng.standard_normal((40, 5)), rng.standard_normal(40), rng.standard_normal((200, 5))
    counts = {}
    for dtype in (np.float32, np.float64):
        data = LeastAbsolute(X.astype(dtype), y.astype(dtype))
        path = trajectories.run(data, starts.astype(dtype), 0.01, 300).iterates[:-1]
        counts[dtype.__name__] = int((path @ data.X.T == data.y).sum())
    best = int((np.abs(X @ problems.least_absolute(X, y) - y) < 1e-9).sum())
    ours = (
        f"mean |Xβ − y|, 200 runs of 300 steps, {200 * 300 * 40:,} residuals: {counts['float32']} are exactly 0 in "
        f"single, {counts['float64']} in double precision; at the minimiser {best} of 40 are"
    )
    return Measured(ours, counts["float64"] <= counts["float32"] < 100 and best == 5)
