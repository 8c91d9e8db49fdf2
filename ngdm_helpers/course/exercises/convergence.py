"""The exercises of notebook 2."""

import numpy as np

from ngdm_helpers import trajectories
from ngdm_helpers.course import problems
from ngdm_helpers.course.exercises.exercise import NotYet, exercise, expect
from ngdm_helpers.objectives import ReLURegression


@exercise("convergence.1")
def _steps_from(count):
    for tau, eps, why in (
        (0.5, 0.05, "this is the start of idea 3, |β₁| stays at η/2"),
        (0.2, 0.05, "|β₁| is τη and (1 − τ)η in turn, and the run ends at one of them"),
        (0.9, 0.05, "|β₁| is τη and (1 − τ)η in turn, and the run ends at one of them"),
        (0.3, 0.01, "β₂ has to fall until ε(1 − β₂) makes up for |β₁|"),
    ):
        expect(count(tau, eps), problems.zigzag_steps(eps, None, tau), f"τ = {tau:g}, ε = {eps:g}: {why}", 0, 2)
    return "up to two steps this is what NGDM takes; it grows like 1/ε² from every start but the multiples of η"


@exercise("convergence.2")
def _largest_correlation(largest):
    expect(largest(2), 1, "p = 2: a row has one entry beside the diagonal, and ρ may be as large as that")
    for p in (5, 100):
        expect(largest(p), 1 / (p - 1), f"p = {p}: a row has {p - 1} entries ρ beside its 1, all of one sign")
    return "for p = 100 a correlation of 1/99 keeps the cube and a larger one does not; the ball is kept up to ρ = 1"


@exercise("convergence.3")
def _step_out(start):
    rng = np.random.default_rng(0)
    x, size = rng.uniform(0, 1, (2, 20))
    line, moves = ReLURegression(x[:, None], -size, lam2=0.1), []
    for c in (0.01, 0.1, 1.0):
        lr = c / float(line.curvature)
        before = start(x, size, 0.1, lr)
        expect(before, before, "the start")  # a number, and filled in
        run = trajectories.run(line, [float(before)], lr, 1)
        after, at = float(run.iterates[1, 0]), f"with η = {c:g}/L the step goes from {before:.4g}"
        if before <= 0:
            raise NotYet(f"start at β₀ > 0, right of the kink, got {before:.4g}: on the left the ReLU is 0")
        if after >= 0:
            raise NotYet(f"{at} to {after:.4g} and does not cross the kink at 0: start closer to it")
        if abs(after) <= before * (1 + 1e-9):
            raise NotYet(f"{at} to {after:.4g}, which is no farther from 0: start closer to the kink")
        if not run.values[1] < run.values[0]:
            raise NotYet(f"{at} to {after:.4g}, and the loss rises: do not start that close to the kink")
        moves.append(f"{before:.4f} → {after:.4f}")
    return f"|β| grows while the loss falls, however small η: {', '.join(moves)}"


@exercise("convergence.4")
def _own_rounding(relu):
    grid = np.linspace(-30, 30, 6001)
    for delta in (0.1, 0.001):
        answer = relu(delta * grid, delta)
        if answer is None:
            expect(answer, 0, "")
        if not hasattr(answer, "__len__") or len(answer) != 2:
            raise NotYet("return two arrays, the value φ(z) and the slope φ′(z)")
        value, slope = (np.asarray(part, dtype=float) for part in answer)
        if value.shape != grid.shape or slope.shape != grid.shape:
            raise NotYet(f"both must have the shape of z, {grid.shape}; got {value.shape}, {slope.shape}")
        if not (gap := np.abs(value - np.maximum(delta * grid, 0)).max()) <= delta:
            raise NotYet(f"with δ = {delta:g} the value is up to {gap:.2g} from max(z, 0); δ should bound that")
        leaps = np.abs(np.diff(slope))
        if leaps.max() > 0.1:
            raise NotYet(
                f"the slope jumps by {leaps.max():.2g} at z = {delta * grid[leaps.argmax()]:.2g}: still a kink"
            )
        if np.abs(np.gradient(value, delta * grid) - slope).max() > 0.1:
            raise NotYet("the slope is not the derivative of the value: compare it with (φ(z + h) − φ(z − h))/2h")
    X, y, start = (drawn[0] for drawn in problems.random_problems(50, 100, 0.0, seeds=[2]))
    ends = []
    for phi in (lambda z: relu(z, 1e-4), lambda z: (np.maximum(z, 0), z > 0)):
        beta = start
        for _ in range(300):
            value, slope = phi(X @ beta)
            if not np.isfinite([value, slope]).all():
                raise NotYet(
                    "with δ = 10⁻⁴ the steps of Figure 1 overflow: |z|/δ passes 10⁴, and exp of that is infinite. "
                    "np.logaddexp(0, z / delta) is ln(1 + e^(z/δ)) without it"
                )
            beta = beta - 8e-5 * (2 * X.T @ ((value - y) * slope) + 0.2 * beta)
        ends.append(beta)
    return f"with δ = 10⁻⁴, 300 steps of Figure 1 end {np.abs(ends[0] - ends[1]).max():.1e} from those with the kinks"
