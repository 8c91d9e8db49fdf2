"""Claims E1–E21 of notebook 4."""

import numpy as np

from ngdm_helpers import theory, trajectories
from ngdm_helpers.counterexamples import Product, Separable, Trough
from ngdm_helpers.course import problems, recorded
from ngdm_helpers.course.claims.ledger import Measured, claim
from ngdm_helpers.objectives import Huber, L1Norm, Quadratic


@claim(
    "E1", where="Section 4", paper="2/λmax", verdict="imprecise", source="reconstructed",
    says="2/λmax separates stable from unstable learning rates",
    because="below 2/L every convex L-smooth loss with a minimiser converges; above it quadratics diverge, others may "
    "not; and the Edge of Stability is the training phenomenon, not the number",
)  # fmt: skip
def _threshold_of_a_quadratic():
    square, huber = (
        [float(trajectories.run(objective, [0.1], lr, 500).values[-1]) for lr in (1.9, 2.1)]
        for objective in (Quadratic(np.eye(1)), problems.ONE_D_HUBER)
    )
    ours = (
        f"f after 500 steps with η = 1.9/L and 2.1/L: x²/2 {square[0]:.0e} and {square[1]:.0e}, Huber "
        f"{huber[0]:.0e} and {huber[1]:.2f}"
    )
    return Measured(ours, max(square[0], huber[0]) < 1e-12 and square[1] > 1e4 > 1 > huber[1])


def _curvature(names, ruler, at_the_edge=True):
    """η/2 times a recorded curvature in the last quarter: of every run with these activations, or of those that bounce.

    See `recorded.ruler_runs`; 1 is 2/η.
    """
    rows = [row for (name, _, _), row in recorded.ruler_runs().items() if name in names]
    return [recorded.last_quarter(row, ruler) for row in rows if recorded.bounces(row) or not at_the_edge]


def _span(values, digits=2):
    return f"{min(values):.{digits}f}–{max(values):.{digits}f}"


@claim(
    "E2", where="Section 4", paper="a conjecture", verdict="wrong",
    says="the Edge of Stability is derived for L-smooth losses and only conjectured for networks with kinks",
    because="it is an empirical finding, made on ReLU networks too; there the secant over a step stands at 2/η and the "
    "Hessian below it (E16)",
)  # fmt: skip
def _edge_without_smoothness():
    relu, gelu = (_curvature((name,), "secant", at_the_edge=False) for name in ("relu", "gelu"))
    ours = (
        f"recorded full-batch runs at η = 0.1 and 0.2, 3 seeds each, last quarter: second difference over a step along "
        f"the top eigenvector, in units of 2/η: ReLU {_span(relu)}, GELU {_span(gelu)}"
    )
    return Measured(ours, all(0.95 < value < 1.06 for value in relu + gelu))


@claim(
    "E3", where="footnote 7", paper="a definition", verdict="imprecise",
    says="unstable convergence is “non-divergence to infinity”",
    because="every convergent run satisfies it, and so does one that never gets lower; the literature means a loss "
    "that goes up and down and falls in the long run, past the threshold of stability. Its reason, that there need not "
    "be a Hessian, is a good one (E16)",
)  # fmt: skip
def _no_divergence_is_not_a_phenomenon():
    stable = trajectories.run(Quadratic(np.eye(1)), [1.0], 0.5, 200).values
    huber = problems.huber_problem()
    stuck = trajectories.run(huber, np.zeros(50), 4 / huber.smoothness, 3000).values
    rises = [int((np.diff(values) > 0).sum()) for values in (stable, stuck)]
    ours = (
        f"neither of these diverges: x²/2 at η = 0.5/L falls in each of 200 steps, to {stable[-1]:.0e}; "
        f"Huber at η = 4/L goes from {stuck[0]:.2f} up to {stuck[-200:].mean():.2f} and stays there"
    )
    return Measured(ours, rises[0] == 0 and stable[-1] < 1e-100 and rises[1] > 1000 and stuck[-200:].min() > stuck[0])


@claim(
    "E16", where="footnote 7", paper="no Hessian", verdict="holds",
    says="a network with kinks need not have the Hessian by which the literature defines the threshold",
    because="autograd's Hessian leaves the kinks out: it stands below 2/η while each step reverses the last one, and "
    "the secant over a step stands at it. Where an analytic activation bends within less than a step, the Hessian "
    "misleads as well, upwards",
)  # fmt: skip
def _hessian_is_the_wrong_ruler():
    rulers = ("hessian", "secant", "directional")
    relu, steep = ([_curvature((name,), ruler) for ruler in rulers] for name in ("relu", "bridge-1000"))
    smooth = [_curvature(("gelu", "bridge-10", "bridge-100"), ruler, at_the_edge=False) for ruler in rulers]
    apart = np.abs(np.subtract(*smooth[:2])).max()
    reached = [top for top, _, steps in zip(*smooth, strict=True) if steps > 0.9]
    ours = (
        f"recorded, as in E2, in units of 2/η: ReLU, {len(relu[0])} of 6 runs at the edge (directional smoothness "
        f"{_span(relu[2])}): Hessian {_span(relu[0])}, second difference {_span(relu[1])}. x·Φ(bx), b = 1, 10, 100: "
        f"the two agree to {apart:.2g} in all {len(smooth[0])} runs, the Hessian is {_span(reached)} in {len(reached)} "
        f"at the edge; b = 1000: {_span(steep[0])}, second difference {_span(steep[1])}"
    )
    below = len(relu[0]) == 6 and max(relu[0]) < 0.98 < min(relu[1]) and max(relu[1]) < 1.03
    return Measured(ours, below and apart < 0.02 and 0.98 < min(reached) and min(np.subtract(*steep[:2])) > 0.03)


@claim(
    "E17", where="footnote 7", paper="adapted", verdict="not checkable",
    says="the definition is that of Arora, Li and Panigrahi (2022), without its Hessian between the iterates",
    because="of their paper we have read the abstract only, not Definition 1.1",
)  # fmt: skip
def _definition_was_not_read():
    return Measured("nothing: a definition is compared, not measured", None)


@claim(
    "E4", where="Prop. 4.1", paper="ηG²/2", verdict="imprecise", source="reconstructed",
    says="convex with bounded subgradients implies no divergence, because lim f_best − f* ≤ ηG²/2",
    because="true of the loss: the bound begins anew at every step, so that lim inf f ≤ f* + ηG²/2 and f does not tend "
    "to infinity. Not of the iterates, which may; and f_best ≤ f(x₀) for any method",
)  # fmt: skip
def _best_is_not_all():
    end = problems.trough_run(0.25, 1.0, 100_000)[-1]
    loss, z, law = float(Trough(0.25).value(end)), float(end[1]), theory.trough_height(0.25, 1.0, 100_000)
    huber, lowest = problems.huber_problem(), {}
    for c in (10.0, 136.0):
        values = trajectories.run(huber, np.zeros(50), c / huber.smoothness, 3000).values
        lowest[c] = float(values[-1500:].min()) / theory.subgradient_bound(huber, c / huber.smoothness)
    share = ", ".join(f"{value:.2f} (c = {c:g})" for c, value in lowest.items())
    ours = (
        f"a convex, Lipschitz f at η = 1: loss {loss:.3f} after 10⁵ steps, below ηG²/2 = "
        f"{theory.subgradient_bound(Trough(0.25), 1.0):.3f}, while z has grown to {z:.1f}. Huber, lowest loss of the "
        f"last 1500 of 3000 steps: {share} of the bound"
    )
    return Measured(ours, loss < 0.26 and abs(z / law - 1) < 0.05 and max(lowest.values()) <= 1)


@claim(
    "E15", where="Section 4", paper="incorrect", verdict="wrong",
    says="the Edge of Stability is a conjecture that Prop. 4.1 refutes, even for Lipschitz convex differentiable "
    "losses",
    because="staying bounded past 2/L contradicts nothing: 2/L is a sufficient condition; and what is observed on "
    "networks is not refuted by losses that are none. The abstract of version 4 (5 November 2024) calls the Edge of "
    "Stability inapplicable to such losses; that of version 5, two days later, announces “its occurrence” there. "
    "Of these versions we have read the abstracts only",
)  # fmt: skip
def _two_over_L_is_sufficient():
    below, above = problems.huber_tail(1.95), problems.huber_tail(2.5)
    relu = next(r for r in recorded.load("edge_of_stability") if (r["activation"], r["lr"]) == ("relu", 0.2))
    ours = (
        f"Huber, convex and L-smooth, does as theory says: at η = 1.95/L it ends at {below:.0e}; at 2.5/L, where it "
        f"says nothing, it stays at {above:.2f}. Recorded: a ReLU network at η = 0.2 stays at a sharpness of "
        f"{relu['sharpness']:.2f}, 2/η = 10"
    )
    return Measured(ours, below < 1e-12 and 0.5 < above < 1 and abs(relu["sharpness"] / 10 - 1) < 0.1)


def _cycle(objective, lr):
    """Mean |x| on the 2-cycle in which gradient descent on a function of one variable ends."""
    return float(np.abs(trajectories.run(objective, [0.01], lr, 3000).iterates[-2:]).mean())


@claim(
    "E5", where="(13)", paper="not L-smooth", verdict="wrong",
    says="Huber's loss is once but not twice differentiable, so L-smooth theory does not apply to it",
    because="by the paper's own (5) it is L-smooth with L = λmax(XᵀX)/n; the theory promises convergence below 2/L, "
    "and it converges",
)  # fmt: skip
def _huber_is_smooth():
    f, rng = problems.huber_problem(), np.random.default_rng(0)
    x, top = rng.standard_normal((2000, 50)) / 100, np.linalg.svd(f.X)[2][0]
    z = x + rng.uniform(1e-3, 10, (2000, 1)) * top  # apart along the steepest direction
    slopes = np.linalg.norm(f.subgradient(x) - f.subgradient(z), axis=-1) / np.linalg.norm(x - z, axis=-1)
    below, cycle = problems.huber_tail(1.95), _cycle(Separable("log-cosh"), 2.5)
    ours = (
        f"‖∇f(x) − ∇f(z)‖ ≤ {slopes.max() / f.smoothness:.2f}·L‖x − z‖ on 2000 pairs; η = 1.95/L ends at {below:.0e}; "
        f"analytic log-cosh has the same 2-cycles: ±{cycle:.3f} at η = 2.5"
    )
    return Measured(ours, slopes.max() <= f.smoothness * (1 + 1e-9) and below < 1e-9 and abs(cycle - 0.888) < 1e-3)


@claim(
    "E6", where="Fig. 3", paper="no divergence", verdict="holds", source="reconstructed",
    says="gradient descent on Huber's loss does not diverge at high learning rates",
    because="convex, bounded gradient, bounded set of minimisers in β₀ + row(X): the iterates stay bounded",
)  # fmt: skip
def _huber_never_diverges():
    tails = {c: problems.huber_tail(c) for c in (2.05, 4.0, 10.0, 136.0)}
    listed = ", ".join(f"c = {c:g}: {tail:.2f}" for c, tail in tails.items())
    bounded = all(tail <= c / 2 for c, tail in tails.items())
    return Measured(f"mean loss of the last 200 of 3000 steps: {listed}", bounded)


@claim(
    "E7", where="Fig. 3", paper="open", verdict="holds", source="reconstructed",
    says="the loss first rises, then oscillates; left unexplained",
    because="the sign flips at every step and the loss is even: it grows by (c − 1)² until residuals pass δ",
)  # fmt: skip
def _rise_explained():
    pairs = []
    for c in (2.05, 2.1, 2.5, 3.0):
        run = trajectories.run(problems.ONE_D_HUBER, [1e-3], c, 300)
        pairs.append((float(theory.huber_rise(c, 1e-3)), int(np.argmax(np.abs(run.iterates[:, 0]) > 1))))
    ours = "1-D, x₀ = 0.001: predicted rise and step of leaving " + ", ".join(f"{p:.1f} / {m}" for p, m in pairs)
    return Measured(ours, all(0 <= m - p < 1.001 for p, m in pairs))


@claim(
    "E8", where="Section 4", paper="minimum 0", verdict="holds if…",
    says="over-parameterised, the minimum is 0 and the loss locally quadratic",
    because="p ≥ n and X has rank n; otherwise only residuals inside ±δ count, and the local threshold can lie above "
    "2/L",
)  # fmt: skip
def _threshold_is_local():
    objective = problems.huber_problem("U[0, 1]", 0.1, n=50, p=20)
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


@claim(
    "E9", where="Section 4", paper="counterexample", verdict="imprecise",
    says="Huber's loss is a counterexample to the subquadratic growth of Ma, Kunin, Wu and Ying (2022)",
    because="as quoted, growth “in a neighborhood of minima”, it has a point: near its minimum Huber's loss has one "
    "scale and is exactly quadratic. Past 2/L some subquadratic growth is necessary in one dimension, and Huber's is "
    "where its iterates are (abstract read, Definition 4.1 not)",
)  # fmt: skip
def _subquadratic_growth():
    cosh = Separable("log-cosh")
    huber, log_cosh = _cycle(problems.ONE_D_HUBER, 2.1), _cycle(cosh, 2.1)
    step = trajectories.run(Separable("x²/2 + x⁴/4"), [0.01], 2.1, 3000, on_overflow="ignore").overflow_step
    x = np.array([[0.1], [0.5], [2.0]])
    doubling = [f.value(2 * x) / f.value(x) for f in (problems.ONE_D_HUBER, cosh)]
    near, far = ([f"{float(each[k]):.3g}" for each in doubling] for k in (1, 2))
    ours = (
        f"f(2x)/f(x), 4 for a parabola: Huber {near[0]} at x = 0.5 and {far[0]} at 2, log-cosh {near[1]} and {far[1]}. "
        f"η = 2.1/f″(0): both end in 2-cycles, with mean |x| {huber:.2f} and {log_cosh:.2f}; x²/2 + x⁴/4 overflows at "
        f"step {step}"
    )
    quadratic = np.allclose(doubling[0][:2], 4, atol=1e-9) and doubling[0][2] < 3.5 and doubling[1][1] < 3.9
    return Measured(ours, quadratic and step is not None and huber < 2 and log_cosh < 1)


@claim(
    "E10", where="Section 4", paper="all of them", verdict="wrong", source="reconstructed",
    says="twice differentiable functions all show subquadratic growth near the minimum during unstable convergence",
    because="the growth that counts is where the iterates are: near the minimum this one is exactly quadratic",
)  # fmt: skip
def _cycles_without_local_subquadratic_growth():
    f = Separable("mollified Huber")
    x = np.linspace(-0.8, 0.8, 1001)[:, None]
    off = float(np.abs(f.value(x) - x[:, 0] ** 2 / 2).max())
    ends = [np.sort(trajectories.run(f, [0.01], lr, 3000).iterates[-2:, 0]) for lr in (2.5, 3.0, 4.0)]
    pairs = ", ".join(f"−{-low:.2f} / {high:.2f}" for low, high in ends)
    ours = f"mollified Huber, C² and equal to x²/2 for |x| ≤ 0.8, has 2-cycles at η = 2.5, 3, 4: {pairs}"
    spread = [abs(high - low - lr) for (low, high), lr in zip(ends, (2.5, 3.0, 4.0), strict=True)]
    return Measured(ours, off < 1e-12 and max(spread) < 1e-6)  # beyond 1.2 the slope is 1: the two points are η apart


@claim(
    "E11", where="Section 4", paper="invalid", verdict="imprecise",
    says="finite differences of ReLU networks at a minimum are invalid, because it is not differentiable",
    because="Laurent & von Brecht's theorem is about the hinge loss; where a squared loss is 0 it is differentiable, "
    "kinks or no, and secants over the length of a step are what a step sees",
)  # fmt: skip
def _secants_at_a_kinked_minimum():
    """A ReLU network that fits its data exactly, with pre-activations exactly 0: secants of its mean square."""
    rng = np.random.default_rng(0)
    X, W = rng.integers(-2, 3, (12, 4)).astype(float), rng.integers(-1, 2, (16, 4)).astype(float)
    a, kinks = rng.standard_normal(16), int((X @ W.T == 0).sum())

    def network(W, a):
        return (np.maximum(X @ np.swapaxes(W, -1, -2), 0) * a[..., None, :]).sum(-1)

    y = network(W, a)
    moves = rng.standard_normal((200, 80))
    moves /= np.linalg.norm(moves, axis=1, keepdims=True)
    dW, da = moves[:, :64].reshape(200, 16, 4), moves[:, 64:]
    slopes, seconds = [], []
    for h in (0.1, 1e-3, 1e-5):
        ahead, behind = (((network(W + s * dW, a + s * da) - y) ** 2).mean(-1) for s in (h, -h))
        slopes.append(float(ahead.max() / h))
        seconds.append(float(((ahead + behind) / h**2).max()))
    lopsided = float((np.abs(ahead - behind) / (ahead + behind)).max())
    ours = (
        f"a ReLU network at a minimum of loss 0 on {kinks} kinks (ahead and behind differ by up to {lopsided:.0%}): at "
        f"distances 0.1, 10⁻³, 10⁻⁵ slopes are at most {slopes[0]:.1g}, {slopes[1]:.1g}, {slopes[2]:.1g}, second "
        f"differences {seconds[0]:.3g}, {seconds[1]:.3g}, {seconds[2]:.3g}"
    )
    return Measured(ours, lopsided > 0.1 and slopes[2] < 1e-3 and max(seconds) / min(seconds) < 1.01)


@claim(
    "E18", where="beyond", paper="–", verdict="holds", source="ours",
    says="(ours) networks at the edge need not grow subquadratically along their top eigenvector, kinks or not",
    because="it is not the kinks' doing: the analytic x·Φ(100x) and GELU grow as ReLU does",
)  # fmt: skip
def _growth_is_not_the_kinks_doing():
    runs, grown = recorded.ruler_runs(), {}
    for name in ("relu", "bridge-100", "gelu"):
        rows = [row for (activation, lr, _), row in sorted(runs.items()) if (activation, lr) == (name, 0.2)]
        grown[name] = [row["growth"][-1] / row["growth"][0] for row in rows]
    relu, analytic, gelu = (", ".join(f"{ratio:.1f}" for ratio in ratios) for ratios in grown.values())
    ours = (
        f"recorded, η = 0.2, 3 seeds: second difference over a distance of 3 divided by that over 0.01: ReLU {relu}; "
        f"x·Φ(100x) {analytic}; GELU {gelu}"
    )
    return Measured(ours, all(min(ratios) > 1.5 for ratios in grown.values()))


def _tangent_kernel_run(width, n=16, d=4, steps=200):
    """Train a two-layer tanh network in the scaling of the tangent kernel.

    Returns whether the mirror image (−W, −a) is as good, by how much the loss halfway to it is higher, and the changes
    of the tangent kernel JJᵀ/n, which has the non-zero eigenvalues of the Gauss–Newton part JᵀJ/n of the Hessian, and
    of its λmax.
    """
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((n, d)) / d**0.5, rng.standard_normal(n)
    W, a = rng.standard_normal((width, d)), rng.standard_normal(width)

    def residuals(W, a):
        return np.tanh(X @ W.T) @ a / width**0.5 - y

    def jacobian(W, a):
        hidden = np.tanh(X @ W.T)
        inner = (((1 - hidden**2) * a)[:, :, None] * X[:, None, :]).reshape(n, -1)
        return np.concatenate([hidden, inner], axis=1) / width**0.5

    before = (lambda J: J @ J.T / n)(jacobian(W, a))
    top = np.linalg.eigvalsh(before)[-1]
    for _ in range(steps):
        step = jacobian(W, a).T @ residuals(W, a) * (0.5 / top / n)
        a, W = a - step[:width], W - step[width:].reshape(width, d)
    after = (lambda J: J @ J.T / n)(jacobian(W, a))
    mirrored = residuals(-W, -a)  # tanh is odd: the same residuals; halfway all weights are 0
    return (
        bool(np.allclose(mirrored, residuals(W, a))),
        float((y**2).mean() - (mirrored**2).mean()) / 2,
        float(np.linalg.norm(after - before) / np.linalg.norm(before)),
        float(np.linalg.eigvalsh(after)[-1] / top - 1),
    )


@claim(
    "E12", where="Section 4", paper="most convex settings", verdict="imprecise",
    says="the Edge of Stability has been demonstrated in most convex settings (Jacot et al. 2018; Li & Liang 2018)",
    because="these papers are about wide networks, whose loss is not convex; the wider, the more training is linear "
    "least squares with a constant sharpness: the regime without an Edge of Stability",
)  # fmt: skip
def _wide_is_not_convex():
    mirrored, middles, changes, sharpened = zip(*(_tangent_kernel_run(width) for width in (16, 128, 1024)), strict=True)
    kernel, top = (", ".join(f"{change:.0%}" for change in each) for each in (changes, sharpened))
    ours = (
        f"two-layer tanh networks: halfway between (W, a) and (−W, −a), which compute the same, the loss is higher, by "
        f"{middles[2]:.2f} at width 1024; while trained, widths 16, 128, 1024 change their tangent kernel by "
        f"{kernel} and its λmax by {top}"
    )
    higher = all(mirrored) and min(middles) > 0.01
    return Measured(ours, higher and changes[2] < 0.05 < changes[0] and abs(sharpened[2]) < 0.05)


@claim(
    "E13", where="Section 4", paper="convex, optimum known and at a kink", verdict="holds if…",
    says="the convex ReLU network (3) is a toy problem for a theory of the Edge of Stability",
    because="the theory is about kinks: (3) does not sharpen, and at large η it diverges, or jumps to where Xβ ≤ 0",
)  # fmt: skip
def _toy_without_sharpening():
    shares, overflows = [], 0
    for seed in range(20):
        objective, start = problems.relu_toy(seed=seed)
        path = trajectories.run(objective, start, 0.2 / objective.curvature, 100).iterates
        shares.append(float(theory.active_curvature(objective, path).max()) / objective.curvature)
        far = trajectories.run(objective, start, 8 / objective.curvature, 600, on_overflow="ignore")
        overflows += far.overflow_step is not None
    weights = theory.product_sharpness(trajectories.run(Product(), problems.TWO_WEIGHTS, 0.05, 400).iterates)
    ours = (
        f"(3), 20 draws: the largest curvature on the way is at most {max(shares):.2f} of 2λmax(XᵀX), and at η = 8/L "
        f"{overflows} of 20 runs overflow; on ½(uv − 1)² it rises from {weights[0]:.2f} to {weights[-1]:.2f}"
    )
    return Measured(ours, max(shares) <= 1 + 1e-12 and overflows > 10 and weights[-1] > 1.2 * weights[0])


@claim(
    "E14", where="beyond", paper="–", verdict="holds", source="ours",
    says="(ours; Ahn, Zhang and Sra 2022 have the quantity) every 2-cycle has chord curvature 2/η",
    because="g₊ − g₋ = (2/η)(x₊ − x₋) on a 2-cycle, with a kink or without",
)  # fmt: skip
def _chord_law():
    huber = problems.huber_problem()
    cycles = [(huber, np.zeros(50), c / huber.smoothness) for c in (2.5, 10)] + [(L1Norm(1.0), [0.5053], 0.3)]
    runs = ((trajectories.run(objective, start, lr, 3000), objective) for objective, start, lr in cycles)
    worst = max(float(np.abs(theory.chord_curvature(*run)[-200:] - 2).max()) for run in runs)
    return Measured(f"η·(chord curvature) on Huber (c = 2.5, 10) and |x|: 2 to within {worst:.0e}", worst < 1e-4)


@claim(
    "E19", where="beyond", paper="–", verdict="holds", source="ours",
    says="(ours; Wu, Bartlett, Telgarsky and Yu 2024, abstract read) past 2/L a convex, analytic, Lipschitz loss can "
    "go up first and end far lower",
    because="logistic regression on separable labels has no minimiser: its curvature falls as the loss does, until η "
    "is below 2/λmax. With flipped labels there is one, and gradient descent cycles once η is above 2/λmax there",
)  # fmt: skip
def _logistic_rises_and_falls():
    slow, fast = (problems.logistic_run(c).values for c in (1.9, 40.0))
    ups, threshold = int((np.diff(fast) > 0).sum()), theory.flipped_threshold(0.1)
    swings = [float(np.ptp(problems.logistic_run(q * threshold, 0.2, 0.1, 3000).values[-2:])) for q in (0.95, 1.05)]
    ours = (
        f"two places, γ = 0.2, 300 steps: 1.9/L ends at {slow[-1]:.1g}; 40/L rises {ups} times, to "
        f"{fast.max() / fast[0]:.0f} f₀, and ends at {fast[-1]:.1g}. One label in ten flipped: at ηλmax = 1.9 the last "
        f"two of 3000 losses differ by {swings[0]:.0e}, at 2.1 by {swings[1]:.0e}"
    )
    return Measured(ours, ups > 0 and fast[-1] < slow[-1] / 100 and swings[0] < 1e-12 < 1e-4 < swings[1])


@claim(
    "E20", where="beyond", paper="–", verdict="holds", source="ours",
    says="(ours; Altschuler and Parrilo 2023, abstract read) 2/L is about constant steps: a schedule with a quarter of "
    "its steps above 2/L beats 1/L on the worst Huber loss",
    because="a long step that overshoots is made good by the short ones around it",
)  # fmt: skip
def _silver_steps():
    steps = 1023
    schedule = trajectories.silver(1.0)
    rates = np.array([schedule(k) for k in range(steps)])
    # where 1/L and the silver steps are worst, found on a grid of 200 000 δ, and others
    silver_rate = 1 / (1 + np.sqrt(4 * (1 + np.sqrt(2)) ** 20 - 3))
    deltas = np.unique([*np.geomspace(1e-6, 1, 1000), 1 / (2 * steps + 1), silver_rate])
    huber = Huber(np.ones((1, 1)), np.zeros(1), deltas, reduction="sum")
    worst = [
        float(trajectories.run(huber, np.ones((deltas.size, 1)), lr, steps, record_every=steps).values[-1].max())
        for lr in (1.0, 1.9, schedule)
    ]
    ours = (
        f"{steps} silver steps, {(rates > 2).mean():.0%} of them above 2/L, the largest {rates.max():.0f}/L: the worst "
        f"h_δ from x₀ = 1 ends at {worst[2]:.3g}; with 1/L at {worst[0]:.3g}, with 1.9/L at {worst[1]:.3g}"
    )
    return Measured(ours, 0.2 < (rates > 2).mean() < 0.25 and worst[2] < worst[1] / 3 and worst[2] < worst[0] / 6)


@claim(
    "E21", where="The way forward", paper="distinct systems", verdict="holds if…",
    says="gradient descent and NGDM have to be treated as distinct systems with different dynamics",
    because="distinct in what is exact or a limit: band against convergence, zeros, minimisers on kinks, the Hessian "
    "as a ruler. Over any fixed run a loss with kinks cannot be told from one that is rounded finely enough",
)  # fmt: skip
def _distinct_in_the_limit():
    p, lr, steps = 100, 0.01, 5000
    start = np.random.default_rng(0).uniform(-1, 1, p)
    kinked = trajectories.run(L1Norm(1.0), start, lr, steps).iterates

    def rounded_on(width, rate):
        # h_δ/δ, whose gradient is that of |x| beyond δ = width
        column = Huber(np.ones((1, 1)), np.zeros(1), width, reduction="sum")
        return trajectories.run(column, start[:, None], rate / width, steps).iterates[..., 0]

    same = float(np.abs(rounded_on(1e-9, lr) - kinked).max())
    band = float(np.abs(kinked[-2:]).sum(axis=-1).mean()) / (p * lr)
    smooth, finer = (float(np.abs(rounded_on(*setting)[-1]).max()) for setting in ((0.1, lr), (0.004, lr)))
    runs = recorded.ruler_runs()
    pairs = [(row, runs["bridge-1000", *rest]) for (name, *rest), row in runs.items() if name == "relu"]
    apart = max(abs(steep["losses"][-1] / relu["losses"][-1] - 1) for relu, steep in pairs)
    ours = (
        f"‖·‖₁, p = {p}, η = {lr:g}, {steps} steps: NGDM stays in its band, {band:.2f}pη. Rounded on a width of 10⁻⁹, "
        f"all iterates are the same to within {same:.0g}; on 0.1, so that η < 2/L, they converge, to {smooth:.0e}; on "
        f"0.004 they do not, and end at up to {finer:.2g}. Recorded networks with ReLU and x·Φ(1000x): after 8000 "
        f"steps losses differ by at most {apart:.1%} in {len(pairs)} pairs"
    )
    return Measured(ours, apart < 0.05 and same < 1e-12 and abs(band - 0.5) < 0.01 and smooth < 1e-12 and finer > 1e-3)
