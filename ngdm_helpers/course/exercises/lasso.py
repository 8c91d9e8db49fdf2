"""The exercises of notebook 3."""

import numpy as np

from ngdm_helpers import theory, trajectories
from ngdm_helpers.course import problems
from ngdm_helpers.course.exercises.exercise import NotYet, exercise, expect
from ngdm_helpers.objectives import L1Norm, soft_threshold


def _told(got, known):
    """`NotYet` with what ``known``, {a wrong number: what is wrong with it}, says of ``got``, if it says anything."""
    for wrong, words in known.items():
        if np.shape(got) == () and got is not None and got is not ... and np.isclose(got, wrong, rtol=1e-9):
            raise NotYet(f"{got:.6g} is not it: {words}")


@exercise("lasso.1")
def _proximal_step(step):
    expect(step(np.array([2.0, -2.0]), 0.1, 1.0), [1.9, -1.9], "far from 0 a weight moves by ηλ = 0.1 towards 0")
    expect(step(np.array([2.0, -2.0]), 0.2, 3.0), [1.4, -1.4], "the length of the step is ηλ, here 0.2 · 3")
    near = step(np.array([0.04, -0.04, 0.0]), 0.1, 1.0)
    expect(near, [0.0, 0.0, 0.0], "closer to 0 than ηλ = 0.1, the step must stop at 0 and not cross it", atol=0)
    counts = []
    for lam in (1.0, 10.0):
        beta, count = np.array([0.5053]), 0
        while beta[0] and count < 60:
            beta, count = step(beta, 0.01, lam), count + 1
        counts.append(count)
    expect(counts, [51, 6], "the numbers of steps from 0.5053 with η = 0.01 to 0, for λ = 1 and λ = 10")
    return (
        f"from 0.5053 with η = 0.01 it is exactly 0 after {counts[0]} steps, and after {counts[1]} with ten times the λ"
    )


@exercise("lasso.2")
def _scale_of_lambda(alpha_of_sum, alpha_of_mean):
    got, lam, n = alpha_of_sum(20.0, 100), 20.0, 100
    _told(got, {
        lam: "λ and alpha stand before the same norm, but not beside the same data term",
        lam / n: "that fits ½‖y − Xβ‖², and (11) has no ½",
        2 * n * lam: "divide by 2n, do not multiply",
        lam / 2: "that is for the mean of squares; (11) has the sum",
    })  # fmt: skip
    expect(got, lam / (2 * n), "alpha for the sum of squares, λ = 20 and n = 100")
    expect(alpha_of_sum(3.0, 50), 0.03, "alpha for the sum of squares, λ = 3 and n = 50")
    got = alpha_of_mean(20.0, 100)
    _told(got, {
        lam: "scikit-learn's data term has a ½ that MSELoss lacks",
        lam / (2 * n): "that is for the sum; the mean has its 1/n already",
        2 * lam: "halve it, do not double it",
    })  # fmt: skip
    expect(got, lam / 2, "alpha for the mean of squares, λ = 20")
    expect(alpha_of_mean(3.0, 50), 1.5, "alpha for the mean of squares, λ = 3 and n = 50")
    problem = problems.sparse_problem(lam)
    beta = problems.exact_lasso(problem)
    off = np.abs(problem.smooth_gradient(beta) + lam * np.sign(beta))[beta != 0].max()
    return f"with λ/(2n) scikit-learn meets the conditions of (11) to {off:.0e} where β ≠ 0"


@exercise("lasso.3")
def _nearest_sign(step):
    expect(step(np.array([2.0, -2.0]), 0.1, 1.0), [1.9, -1.9], "outside [−1, 1] a weight moves towards ±1 by ηλ = 0.1")
    inside = step(np.array([0.5, -0.5]), 0.1, 1.0)
    expect(inside, [0.6, -0.6], "inside (−1, 1) it moves away from 0, towards the nearer of −1 and 1")
    expect(step(np.array([2.0, -2.0]), 0.2, 3.0), [1.4, -1.4], "the length of the step is ηλ, here 0.2 · 3")
    near = step(np.array([1.04, 0.96, -1.04, -0.96]), 0.1, 1.0)
    expect(near, [1.0, 1.0, -1.0, -1.0], "closer to ±1 than ηλ = 0.1, it must land on ±1 exactly", rtol=0, atol=0)
    beta = np.random.default_rng(0).uniform(-2, 2, 1000)
    for _ in range(120):
        beta = step(beta, 0.01, 1.0)
    on = int((np.abs(beta) == 1).sum())
    expect(on, 1000, "of 1000 weights from U(−2, 2) after 120 steps with ηλ = 0.01, on exactly ±1")
    return "1000 of 1000 weights from U(−2, 2) are exactly ±1 after 120 steps with ηλ = 0.01"


@exercise("lasso.4")
def _one_step_deviation(deviation):
    got = deviation(1, 0.5, 0.6)
    _told(got, {0.3**2 / 12: "that is the variance; take its root", 0.3 / 12: "the 12 stands under the root"})
    expect(got, 0.3 / np.sqrt(12), "one weight, uniform on (0, ηλ) with ηλ = 0.3")
    got = deviation(4, 0.5, 0.6)
    expect(got, 0.6 / np.sqrt(12), "four independent weights: their variances add, so the deviation doubles")
    expect(deviation(1000, 0.25, 1.0), 0.25 * np.sqrt(1000 / 12), "1000 weights with η = 0.25 and λ = 1")
    starts = np.random.default_rng(1).uniform(-1, 1, (2000, 1000))
    ends = trajectories.run(L1Norm(1.0), starts, lr=0.25, steps=8, record_every=8).iterates[-1]
    measured = np.abs(ends).sum(axis=-1)
    law = f"yours says {deviation(1000, 0.25, 1.0):.2f}"
    return f"2000 runs of 1000 weights at ηλ = 0.25: mean {measured.mean():.2f}, deviation {measured.std():.2f}; {law}"


@exercise("lasso.5")
def _rates_that_hit_zero(rates):
    start = np.random.default_rng(2).uniform(-1, 1, 5)
    for lam in (0.5, 4.0):
        etas = rates(start.copy(), lam)
        if etas is None or etas is ...:
            expect(etas, start, "")
        etas = np.asarray(etas, dtype=float)
        if etas.shape != start.shape:
            raise NotYet(f"one learning rate for each of the {start.size} weights is needed, got {etas.shape}")
        if not (etas > 0).all():
            raise NotYet(f"a learning rate must be positive, got {etas.min():.4g}: the direction is sign(β)'s business")
        path = trajectories.run(L1Norm(lam), start[:, None], etas, 50).iterates[..., 0]
        if (moving := np.flatnonzero(path[-1])).size:
            one = moving[0]
            raise NotYet(
                f"with λ = {lam:g} the weight from {start[one]:.4f} is at {path[-1, one]:.4f} after 50 steps of ηλ = "
                f"{lam * etas[one]:.4f}: its start must be a whole multiple of its step (the step is ηλ, not η), and "
                "rounding must not miss 0: one step is safest"
            )
    return f"all {start.size} weights are exactly 0 by step {int((path != 0).sum(axis=0).max())}"


@exercise("lasso.6")
def _share_that_stays(share):
    got = share(8, 1e-3)
    _told(got, {
        0.75: "compare the step with half the spacing, not with all of it",
        0.25: "count every octave whose half spacing exceeds the step, the one from ½ to 1 (j = 1) included",
        1.0: "an octave [2⁻ʲ, 2¹⁻ʲ) holds a share 2⁻ʲ of the weights, and j begins with 1",
    })  # fmt: skip
    expect(got, 0.5, "bfloat16 (8 bits) and ηλ = 0.001: half the spacing is 2⁻⁹ = 0.00195 above ½ and 0.00098 below it")
    expect(share(11, 1e-4), 0.75, "float16 (11 bits) and ηλ = 0.0001: only weights above ¼ stay")
    expect(share(24, 1e-3), 0.0, "float32 (24 bits) and ηλ = 0.001: its half spacing is 3e-8 at most, so all move")
    expect(share(8, 1e-5), theory.float_frozen(8, 1e-5), "bfloat16 and ηλ = 0.00001", rtol=1e-4)
    first, then = problems.float_run("float16", 1e-4, steps=1)
    return f"of 100 000 float16 weights {(first == then).mean():.2%} do not move at ηλ = 0.0001"


@exercise("lasso.7")
def _plan(plan):
    answer = plan(10, 4.0, 0.01)
    if answer is None or answer is ...:
        expect(answer, 0.0, "")
    if np.shape(answer) != (2,):
        raise NotYet(f"return two numbers, η and the steps, got {answer!r}")
    _told(answer[0], {
        0.01 / 40: "the two-step mean is pηλ/2: where is your ½",
        0.002: "with λ = 4 the step is 4η: where is your λ",
        0.01 / 2: "every one of the p weights has a band: where is your p",
    })  # fmt: skip
    expect(answer[0], 0.0005, "η for p = 10, λ = 4 and ‖β‖₁ = 0.01")
    for p, lam, norm in ((10, 0.25, 0.02), (50, 1.0, 0.01)):
        eta, steps = plan(p, lam, norm)
        expect(eta, 2 * norm / (p * lam), f"η for p = {p}, λ = {lam:g} and ‖β‖₁ = {norm:g}")
        way = f"{steps:g} steps of ηλ = {eta * lam:g}"
        if steps * eta * lam < 1 - 1e-6:
            raise NotYet(f"too few: with λ = {lam:g}, {way} reach {steps * eta * lam:.3g}, and a weight may start at 1")
        if steps * eta * lam > 10:
            raise NotYet(f"too many: {way}, where {1 / (eta * lam):.0f} are enough for a start of size 1")
    problem, starts = problems.uniform_lasso(200, 50, [1.0], seeds=5, reduction="mean")
    path = trajectories.run(problem, starts, eta, int(np.ceil(steps))).iterates[-2:, ..., 0, :]
    norms = np.abs(path).sum(axis=-1).mean(axis=0)
    return f"five data sets end at ‖β‖₁ = {norms.min():.4f} to {norms.max():.4f} after {steps:g} steps"


@exercise("lasso.8")
def _threshold_of_adam(threshold):
    got = threshold(0.01, 20.0, np.array([4.0, 16.0]))
    if got is None or got is ...:
        expect(got, 0.0, "")
    got = np.broadcast_to(np.asarray(got, dtype=float), 2)
    for wrong, words in {
        0.2: "this threshold does not know the length of Adam's step, η/√mean_square per unit of slope",
        0.01: "where is λ? A proximal step thresholds at its step length times λ",
        20.0: "where is η? A proximal step thresholds at its step length times λ",
    }.items():
        if np.allclose(got, wrong) or (wrong != 0.2 and np.allclose(got, wrong / np.array([2.0, 4.0]))):
            raise NotYet(f"got {got}: {words}")
    expect(
        got,
        [0.1, 0.05],
        "η = 0.01, λ = 20, mean_square 4 and 16: the step length is 0.01/2 and 0.01/4 per unit of slope",
    )
    other = threshold(0.1, 3.0, np.array([1.0, 9.0]))
    expect(other, [0.3, 0.1], "η = 0.1, λ = 3, mean_square 1 and 9")
    problem = problems.sparse_problem()
    beta, momentum, square = np.zeros(200), 0.0, 0.0
    for k in range(1, 3001):
        slope = problem.smooth_gradient(beta)
        momentum, square = 0.9 * momentum + 0.1 * slope, 0.999 * square + 0.001 * slope**2
        mean_square = np.maximum(square / (1 - 0.999**k), 1e-16)
        moved = beta - 0.01 / np.sqrt(mean_square) * momentum / (1 - 0.9**k)
        beta = soft_threshold(moved, threshold(0.01, problem.lam, mean_square))
    gap = abs(problem.value(beta) - problem.value(problems.exact_lasso(problem)))
    return f"3000 steps on the problem of idea 6: {(beta == 0).sum()} exact zeros, f − f* = {gap:.0e}"
