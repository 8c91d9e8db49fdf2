"""Closed forms against simulations, brute force and the paper's printed numbers."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr

from ngdm_helpers import objectives, theory, trajectories
from ngdm_helpers.counterexamples import LeastAbsolute, MaxNorm, Trough
from ngdm_helpers.objectives import Huber, L1Norm, Lasso, Quadratic, ReLURegression
from ngdm_helpers.trajectories import run


def test_normal_cdf_is_scipys():
    z = np.linspace(-38, 38, 1001)
    np.testing.assert_allclose(theory.normal_cdf(z), ndtr(z), rtol=1e-12, atol=1e-300)
    assert theory.normal_cdf(0.0) == 0.5 and theory.normal_cdf(np.zeros((2, 3))).shape == (2, 3)


def simulate(beta, lr, lam, steps):
    """(8) by hand: the last two of ``steps + 1`` updates of β ← β − ηλ sign β."""
    s = np.asarray(lr * lam)[..., None]
    for _ in range(steps):
        beta = beta - s * np.sign(beta)
    return beta, beta - s * np.sign(beta)


# --- Proposition 3.2 --------------------------------------------------------------------------------------------------


@st.composite
def starts(draw):
    """β₀, η, λ with at most 9000 crossings, and residues away from 0 and s by more than 10⁴ roundings can add up to."""
    lr, lam = 10 ** draw(st.floats(-4, 1)), 10 ** draw(st.floats(-3, 3))
    coordinate = st.tuples(st.integers(0, 9000), st.floats(1e-3, 1 - 1e-3), st.sampled_from([-1, 1]))
    return (
        np.array([sign * (k + r) * lr * lam for k, r, sign in draw(st.lists(coordinate, min_size=1, max_size=4))]),
        lr,
        lam,
    )


@settings(max_examples=25, deadline=None)
@given(starts())
def test_orbit_equals_ten_thousand_steps(start):
    beta0, lr, lam = start
    s = lr * lam
    assert theory.entry_step(beta0, lr, lam) <= 9000
    for ours, simulated in zip(theory.orbit(beta0, lr, lam), simulate(beta0, lr, lam, 10_000), strict=True):
        np.testing.assert_allclose(ours, simulated, rtol=0, atol=1e-8 * s)


def many_settings():
    """1000 random (β₀, η, λ) in 5 dimensions, all on their orbit within 10 000 steps."""
    rng = np.random.default_rng(0)
    lr, lam = 10 ** rng.uniform(-3, 0, 1000), 10 ** rng.uniform(-2, 2, 1000)
    crossings, r = rng.integers(0, 9000, (1000, 5)), rng.uniform(0.001, 0.999, (1000, 5))
    return rng.choice([-1, 1], (1000, 5)) * (crossings + r) * (lr * lam)[:, None], lr, lam


def test_orbits_of_a_batch_equal_ten_thousand_steps():
    beta0, lr, lam = many_settings()
    s = (lr * lam)[:, None]
    even, odd = theory.orbit(beta0, lr, lam)
    for ours, simulated in zip((even, odd), simulate(beta0, lr, lam, 10_000), strict=True):
        assert isinstance(ours, np.ndarray)
        np.testing.assert_allclose(ours / s, simulated / s, rtol=0, atol=1e-8)
    np.testing.assert_allclose((abs(even) + abs(odd)) / s, np.ones((1000, 5)), rtol=1e-14)


def test_band_mean_holds_on_every_orbit():
    beta0, lr, lam = many_settings()
    norms = [np.abs(beta).sum(axis=-1) for beta in simulate(beta0, lr, lam, 10_000)]
    np.testing.assert_allclose((norms[0] + norms[1]) / 2, theory.band_mean_l1(5, lr, lam), rtol=1e-8)
    assert theory.band_mean_l1(138_357_544, 0.01, 0.1) == pytest.approx(69178.772)  # VGG16 in the paper: 69178.44


def test_residue_is_conserved_at_every_step():
    rng = np.random.default_rng(1)
    beta0, lr, lam = rng.normal(size=6), 0.013, 0.7
    path = run(L1Norm(lam), beta0, lr, 1000).iterates
    drift = theory.residue(path, lr, lam) - theory.residue(beta0, lr, lam)
    s = lr * lam
    np.testing.assert_allclose((drift + s / 2) % s - s / 2, 0 * drift, atol=1e-12)
    assert ((theory.residue(path, lr, lam) >= 0) & (theory.residue(path, lr, lam) < s)).all()


@pytest.mark.parametrize(("s", "small", "large"), [(0.01, 0.0094, 0.0106), (1.0, 0.9894, 1.0106)])
@pytest.mark.parametrize(("lr", "lam"), [(0.01, None), (1.0, None), (None, 1.0)])
def test_the_papers_norms(s, small, large, lr, lam):
    """Only ηλ counts: any η with λ = s/η gives the printed numbers."""
    lr, lam = lr or s / lam, lam or s / lr
    beta0 = np.array([0.5053, 0.5053])
    for pair in (theory.orbit(beta0, lr, lam), run(L1Norm(lam), beta0, lr, 1000).iterates[-2:]):
        assert sorted(round(float(np.abs(beta).sum()), 4) for beta in pair) == [small, large]


@pytest.mark.parametrize(("s", "norms"), [(0.01, [0.0006, 0.0014]), (1.0, [0.0106, 0.1894])])
@pytest.mark.parametrize("steps", [1000, 1001], ids=["even", "odd"])
def test_the_papers_norms_after_a_tenth_of_the_learning_rate(s, norms, steps):
    """From either phase of the first orbit: s/10 divides s, so that the residue of the start decides."""
    last = run(L1Norm(1.0), [0.5053, 0.5053], s, steps).iterates[-1]
    schedule = trajectories.step_decay(s, every=steps)
    for pair in (theory.orbit(last, s / 10, 1.0), run(L1Norm(1.0), [0.5053] * 2, schedule, 2 * steps).iterates[-2:]):
        assert sorted(round(float(np.abs(beta).sum()), 4) for beta in pair) == norms


def test_a_multiple_of_the_step_lands_on_zero_and_stays():
    beta0 = np.array([1.5, -0.75, 0.0, 0.3])
    even, odd = theory.orbit(beta0, 0.5, 0.5)
    np.testing.assert_allclose([even, odd], [[0, 0, 0, -0.2], [0, 0, 0, 0.05]], atol=1e-15)  # 0.3 crosses once
    np.testing.assert_allclose([even, odd], simulate(beta0, 0.5, 0.5, 100), atol=1e-15)


@given(starts())
@settings(max_examples=10, deadline=None)
def test_entry_step_is_the_first_step_of_the_cycle(start):
    beta0, lr, lam = start
    entry = int(theory.entry_step(beta0, lr, lam))
    path = run(L1Norm(lam), beta0, lr, entry + 6).iterates / (lr * lam)
    np.testing.assert_allclose(path[entry + 2 :], path[entry:-2], atol=1e-8)
    if entry:
        assert abs(path[entry + 1] - path[entry - 1]).max() > 1e-4


# --- bounds and thresholds --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("p", [1, 2, 50])
def test_subgradient_bound_is_tight_where_residues_balance(p):
    lr, lam = 0.25, 0.5
    f = L1Norm(lam, p)
    bound = theory.subgradient_bound(f, lr)
    assert bound == pytest.approx(lam * theory.band_mean_l1(p, lr, lam), rel=1e-15)
    balanced = np.full(p, 40.5 * lr * lam)
    assert run(f, balanced, lr, 200).values.min() == pytest.approx(bound, rel=1e-14)
    others = np.random.default_rng(p).uniform(-1, 1, (500, p))
    assert (run(f, others, lr, 200).values.min(axis=0) <= bound * (1 + 1e-12)).all()


def test_subgradient_bound_of_huber_holds_and_is_infinite_without_a_lipschitz_constant():
    rng = np.random.default_rng(0)
    X, y = rng.uniform(0, 1, (20, 50)), rng.uniform(0, 1, 20)
    f = Huber(X, y)
    for c in (0.5, 2.5, 10.0, 100.0):
        lr = c / f.smoothness
        assert run(f, np.zeros(50), lr, 3000).values.min() <= theory.subgradient_bound(f, lr)  # f* = 0 as p > n
        assert theory.subgradient_bound(f, lr) == pytest.approx(c / 2)  # δ²c/2
    assert theory.subgradient_bound(Lasso(X, y, 0.1), 0.1) == math.inf


@pytest.mark.parametrize("seed", range(3))
def test_gradient_descent_converges_just_below_the_threshold_and_diverges_just_above(seed):
    rng = np.random.default_rng(seed)
    M = rng.normal(size=(6, 4))
    f, beta0 = Quadratic(M.T @ M), rng.normal(size=4)
    threshold = 2 / f.smoothness
    assert run(f, beta0, 0.995 * threshold, 4000).values[-1] < 1e-12
    values = run(f, beta0, 1.005 * threshold, 4000).values
    assert values[-1] > 1e12 and (np.diff(values[-1000:]) > 0).all()


def test_smoothness_of_the_others():
    X, y = np.eye(3), np.ones(3)
    assert 2 / Huber(X, y).smoothness == pytest.approx(6.0)
    assert Lasso(X, y, 0.1).smoothness == ReLURegression(X, -y).smoothness == math.inf
    assert L1Norm(0.0).smoothness == 0
    np.testing.assert_array_equal(L1Norm(np.array([0.0, 1.0])).smoothness, [0, math.inf])
    np.testing.assert_allclose(2 / Quadratic(np.stack([np.eye(2), 4 * np.eye(2)])).smoothness, [2, 0.5])


# --- Huber above the edge ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delta", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("c", [2.0, 2.05, 2.5, 4.0, 100.0])
def test_huber_plateau_is_the_loss_of_the_saturated_cycle(c, delta):
    rng = np.random.default_rng(0)
    v, signs = rng.normal(size=7), rng.choice([-1, 1], 12)
    f = Huber(np.outer(signs, v), np.zeros(12), delta)  # rank one, equal |entries| in the top mode
    lr = c / f.smoothness
    plateau = theory.huber_plateau(c, delta)
    symmetric = c * delta / 2 * v / (v @ v)
    np.testing.assert_allclose(run(f, symmetric, lr, 20).values, plateau, rtol=1e-12)
    if c > 2:  # from a small start the cycle is not symmetric: its average is the plateau
        values = run(f, 0.01 * symmetric, lr, 2000).values
        assert values[-2:].mean() == pytest.approx(plateau, rel=1e-9)
        assert plateau < theory.subgradient_bound(f, lr)


def test_huber_plateau_broadcasts():
    plateau = theory.huber_plateau(np.array([[2.0], [3.0]]), np.array([1.0, 2.0]))
    np.testing.assert_allclose(plateau, [[0.5, 2], [1, 4]])


def huber_problem():
    rng = np.random.default_rng(0)
    X, y = rng.uniform(0, 1, (20, 50)), rng.uniform(0, 1, 20)
    return Huber(X, y)


@pytest.mark.parametrize("c", [2.2, 2.5, 4.0, 10.0, 100.0])
def test_chord_curvature_is_two_on_hubers_cycles(c):
    f = huber_problem()
    path = run(f, np.zeros(50), c / f.smoothness, 3000)
    curvature = theory.chord_curvature(path, f)
    assert curvature.shape == (3000,)
    np.testing.assert_allclose(curvature[-100:], 2, atol=1e-6)


def test_chord_curvature_is_below_two_where_gradient_descent_converges():
    f = huber_problem()
    curvature = theory.chord_curvature(run(f, np.zeros(50), 1.9 / f.smoothness, 200), f)
    assert (curvature < 1.9 + 1e-9).all()


def test_chord_curvature_over_a_batch():
    f = huber_problem()
    path = run(f, np.zeros(50), np.array([[2.5], [10.0]]) / f.smoothness, 2000)
    curvature = theory.chord_curvature(path, f)
    assert tuple(curvature.shape) == (2000, 2, 1)
    np.testing.assert_allclose(curvature[-10:], np.full((10, 2, 1), 2.0), atol=1e-6)


@pytest.mark.parametrize(
    "schedule",
    [
        lambda lr: lr,
        trajectories.constant,
        lambda lr: trajectories.step_decay(lr, 500),
        lambda lr: lambda k: lr,
    ],
    ids=["array", "constant", "step_decay", "function"],
)
@pytest.mark.parametrize("rates", [0.01, [0.01, 0.0173], [[0.01], [0.0173]]], ids=str)
def test_chord_curvature_is_two_for_l1_under_every_kind_of_rate(rates, schedule):
    f, beta0 = L1Norm(1.0), np.array([0.5053, -0.3141])
    path = run(f, beta0, schedule(np.array(rates) if np.ndim(rates) else rates), 1000)
    curvature = theory.chord_curvature(path, f)
    assert curvature.shape == path.values[1:].shape
    # Not at the step that switches to lr/10: it is not part of a 2-cycle.
    for cycle in (curvature[100:490], curvature[-300:]):
        np.testing.assert_allclose(cycle, np.full(cycle.shape, 2.0), rtol=1e-9)
    np.testing.assert_array_equal(curvature[:15], 0 * curvature[:15])  # the slope is constant on the way in


def test_chord_curvature_accepts_the_list_of_rates_that_run_accepts():
    f, beta0 = L1Norm(1.0), np.array([0.5053, -0.3141], dtype=np.float32)
    curvature = theory.chord_curvature(run(f, beta0, [0.01, 0.02], 200), f)
    assert curvature.dtype == beta0.dtype
    np.testing.assert_allclose(curvature[-50:], np.full((50, 2), 2.0), rtol=1e-4)


def test_chord_curvature_is_nan_where_iterates_coincide():
    f = L1Norm(1.0)
    curvature = theory.chord_curvature(run(f, [0.5], 0.25, 6), f)  # 0.5, 0.25, 0, 0, …
    np.testing.assert_array_equal(np.isnan(curvature), [False, False, True, True, True, True])


# --- capture ----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("norm", [2, math.inf])
@pytest.mark.parametrize("seed", range(5))
def test_capture_level_is_the_minimum_over_the_sphere(norm, seed):
    rng = np.random.default_rng(seed)
    for p in (2, 3):
        M = rng.normal(size=(p + 1, p))
        A = M.T @ M
        grid = np.linspace(-1, 1, 2001 if p == 2 else 401)
        face = np.stack([g.ravel() for g in np.meshgrid(*[grid] * (p - 1))], axis=-1)
        cube = np.concatenate([np.insert(face, i, 1.0, axis=1) for i in range(p)])  # the other faces are its negatives
        sphere = cube / np.linalg.norm(cube, ord=norm, axis=1, keepdims=True)
        brute = Quadratic(A).value(sphere).min()
        level = theory.capture_level(A, norm)
        assert isinstance(level, float)
        assert level <= brute * (1 + 1e-12)
        assert level == pytest.approx(brute, rel=1e-2)
        # gradient descent that starts below the level stays in the ball
        inside = sphere * np.sqrt(0.999 * level / Quadratic(A).value(sphere))[:, None]
        path = run(Quadratic(A), inside[::50], 1 / Quadratic(A).smoothness, 50).iterates
        assert np.linalg.norm(path, ord=norm, axis=-1).max() < 1


def test_capture_level_of_the_lecture_example_and_of_a_batch():
    A = np.array([[1.0, 2.0], [2.0, 5.0]])
    assert theory.capture_level(A, math.inf) == pytest.approx(0.1)
    assert theory.capture_level(A, "inf") == theory.capture_level(A, math.inf)
    assert theory.capture_level(A, 2) == pytest.approx((3 - 2 * math.sqrt(2)) / 2)
    for norm in (2, math.inf):
        batch = theory.capture_level(np.stack([A, 2 * A]), norm)
        np.testing.assert_allclose(batch, [theory.capture_level(A, norm), 2 * theory.capture_level(A, norm)])


@pytest.mark.parametrize("lr", [1e-3, 0.05, 0.5])
def test_best_value_bound_holds_along_the_run(lr):
    rng = np.random.default_rng(0)
    X, solution = rng.normal(size=(30, 5)), rng.normal(size=5)
    f, k = LeastAbsolute(X, X @ solution), np.arange(1.0, 1001)
    best = np.minimum.accumulate(run(f, np.zeros(5), lr, 1000).values[:-1])
    bound = theory.best_value_bound(np.linalg.norm(solution), f.lipschitz, lr, k)
    assert (best <= bound).all()
    assert bound[-1] == pytest.approx(lr * f.lipschitz**2 / 2 + solution @ solution / (2 * lr * 1000))


def test_best_value_bound_is_attained():
    # |x| from x₀ = R: the best of one value is R, and with η = R the bound is R/2 + R/2
    assert theory.best_value_bound(1.0, 1.0, 1.0, 1) == run(L1Norm(1.0), [1.0], 1.0, 1).values[0]


def test_best_constant_lr_minimises_the_bound():
    lrs = np.geomspace(1e-3, 10, 4001)
    best = theory.best_constant_lr(2.0, 3.0, 100)
    assert best == pytest.approx(2 / 30)
    assert theory.best_value_bound(2.0, 3.0, best, 100) == pytest.approx(2 * 3 / 10)
    assert theory.best_value_bound(2.0, 3.0, lrs, 100.0).min() >= 2 * 3 / 10


@pytest.mark.parametrize("c", [2.05, 2.1, 2.5, 3.3])
@pytest.mark.parametrize("start", [1e-5, 1e-3, 0.3])
def test_huber_rise_is_the_step_at_which_the_parabola_is_left(c, start):
    path = np.abs(run(Huber([[1.0]], [0.0], reduction="sum"), [start], c, 2000).iterates[:, 0])
    predicted = theory.huber_rise(c, start)
    assert predicted <= np.argmax(path > 1) <= predicted + 1
    assert theory.huber_rise(c, start * 0.5, delta=0.5) == pytest.approx(predicted)


@pytest.mark.slow
def test_trough_height_is_the_asymptotic_law():
    for width, lr in ((0.25, 1.0), (0.1, 0.5)):
        y = run(Trough(width), [lr / 2, 0.0], lr, 40_000, record_every=20_000).iterates[:, 1]
        law = theory.trough_height(width, lr, np.array([20_000.0, 40_000.0]))
        assert (np.abs(y[1:] / law - 1) < 0.1).all()
        assert abs(y[2] / law[1] - 1) < abs(y[1] / law[0] - 1)  # and gets better


def test_local_threshold():
    X = np.random.default_rng(0).normal(size=(8, 3))
    assert theory.local_threshold(X, np.ones(8, bool)) == pytest.approx(2 / Huber(X, np.zeros(8)).smoothness)
    inside = np.arange(8) < 4
    assert theory.local_threshold(X, inside) == pytest.approx(2 * 8 / np.linalg.eigvalsh(X[inside].T @ X[inside])[-1])
    for bad in (np.zeros(8, bool), np.ones(7, bool)):
        with pytest.raises(ValueError, match=r"interior must be \(8,\) booleans, one at least true, got"):
            theory.local_threshold(X, bad)


def test_huber_rise_needs_c_above_2():
    with pytest.raises(ValueError, match=r"c must be above 2 .*, got 2.0"):
        theory.huber_rise(2.0, 0.1)


# --- convergence ------------------------------------------------------------------------------------------------------


def test_cube_gain_is_the_largest_step_out_of_the_cube():
    rng = np.random.default_rng(0)
    factors = rng.normal(size=(6, 4, 4))
    A = factors @ factors.swapaxes(-1, -2)
    lr = rng.uniform(0.01, 0.5, 6)
    corners = np.stack(np.meshgrid(*[[-1.0, 1.0]] * 4), axis=-1).reshape(-1, 4)  # a maximum over the cube sits there
    moved = np.abs(corners - lr[:, None, None] * (corners @ A)).max(axis=(1, 2))
    np.testing.assert_allclose(np.asarray(theory.cube_gain(A, lr)), moved, rtol=1e-12)
    assert theory.cube_gain(A[0], float(lr[0])) == pytest.approx(moved[0])


def test_diagonal_dominance_decides_for_small_steps():
    rng = np.random.default_rng(1)
    off = rng.uniform(-1, 1, (200, 3, 3))
    A = (off + off.swapaxes(-1, -2)) / 2
    A[:, range(3), range(3)] = rng.uniform(0.2, 2, (200, 3))
    dominant = theory.diagonally_dominant(A)
    assert 20 < dominant.sum() < 180
    for share in (0.01, 1.0):  # of the largest step that the theorem allows
        gain = theory.cube_gain(A, share / A[:, range(3), range(3)].max(axis=-1))
        np.testing.assert_array_equal(gain <= 1 + 1e-12, dominant)
    assert theory.diagonally_dominant([[2.0, -2.0], [-2.0, 2.0]]) is True
    assert theory.diagonally_dominant([[1.0, 2.0], [2.0, 5.0]]) is False


def test_smooth_steps_bound_holds_and_half_of_it_is_needed():
    """Huber's function from 1 with δ = 1/(2k + 1) is worth 1/(4k + 2) after k steps (Drori & Teboulle 2014)."""
    eps = 1e-3
    budget = theory.smooth_steps_bound(1.0, 1.0, eps)
    assert budget == pytest.approx(500)
    deltas = np.append(np.geomspace(1e-4, 1, 200), 1 / (2 * np.array([100, 200, 249]) + 1))
    values = run(Huber([[1.0]], [0.0], deltas, "sum"), [1.0], 1.0, 500).values
    assert (values[-1] <= eps).all()
    needed = np.where(values[0] > eps, (values <= eps).argmax(axis=0), 0)
    assert 0.49 * budget < needed.max() < 0.51 * budget
    assert values[249, -1] == pytest.approx(1 / (4 * 249 + 2), rel=1e-9)


def test_subgradient_steps_bound_holds():
    for eps in (0.2, 0.05):
        budget = theory.subgradient_steps_bound(1.0, 1.0, eps)
        assert budget == pytest.approx(1 / eps**2)
        for p in (1, 4, 25, 100):
            values = run(MaxNorm(), np.full(p, p**-0.5), eps, round(budget)).values
            assert values.min() <= eps * (1 + 1e-9)


@pytest.mark.parametrize("p", [1, 3, 25, 100])
def test_max_norm_steps_equals_the_run(p):
    eps = np.array([0.2, 0.1, 0.05, 0.03, 0.0125])
    steps = theory.max_norm_steps(p, eps)
    values = run(MaxNorm(), np.full(p, p**-0.5), eps, max(steps.max(), 1)).values
    np.testing.assert_array_equal((values <= eps * (1 + 1e-9)).argmax(axis=0), steps)


def test_max_norm_steps_is_at_most_a_quarter_of_the_inverse_square():
    for eps in (0.1, 0.05, 0.025, 0.0125):
        hardest = round(1 / (4 * eps**2))
        assert theory.max_norm_steps(hardest, eps) == hardest
        assert max(theory.max_norm_steps(p, eps) for p in range(1, 4 * hardest) if p**-0.5 / eps % 1 == 0) == hardest


def test_the_correlation_map_is_the_arc_cosine_formula_and_its_slope_a_difference_quotient():
    c = np.linspace(0, 1, 21)
    arc_cosine = (np.sqrt(1 - c**2) + (np.pi - np.arccos(c)) * c) / np.pi  # Cho and Saul (2009), of ReLU
    np.testing.assert_allclose(theory.correlation_map(lambda z: np.maximum(z, 0), c), arc_cosine, atol=1e-5)
    assert theory.correlation_map(lambda z: 3 * z, 0.3) == pytest.approx(0.3)
    assert theory.correlation_slope(lambda z: np.maximum(z, z / 2)) == pytest.approx(1, abs=1e-6)
    gelu = lambda z: z * ndtr(z)  # noqa: E731
    rise = 1 - theory.correlation_map(gelu, 1 - 1e-6)
    assert theory.correlation_slope(gelu) == pytest.approx(rise / 1e-6, rel=1e-3)


@pytest.mark.slow
def test_the_fixed_point_is_where_many_layers_end():
    for activation, expected in ((np.tanh, 0.0), (np.abs, 1.0), (lambda z: z * ndtr(z), None)):
        fixed = theory.correlation_fixed_point(activation)
        ends = np.array([0.1, 0.9])
        for _ in range(2000):
            ends = theory.correlation_map(activation, ends)
        np.testing.assert_allclose(ends, fixed, atol=2e-3)
        assert expected is None or fixed == pytest.approx(expected, abs=1e-6)


def test_a_correlation_is_at_most_1():
    with pytest.raises(ValueError, match=r"correlation must be at most 1, got 1\.1"):
        theory.correlation_map(np.abs, 1.1)


@pytest.mark.parametrize("beta", [0.5, 1.0, 7.0])
def test_bridge_constants(beta):
    """z·Φ(βz), the bridge from GELU to ReLU: its largest curvature and its distance from ReLU."""
    z = np.linspace(-10, 10, 200_001) / beta
    phi = z * ndtr(beta * z)
    assert np.abs(phi - np.maximum(z, 0)).max() == pytest.approx(theory.bridge_gap(beta), rel=1e-6)
    second = np.diff(phi, 2) / (z[1] - z[0]) ** 2
    assert np.abs(second).max() == pytest.approx(theory.bridge_smoothness(beta), rel=1e-4)
    np.testing.assert_allclose(theory.bridge_gap(np.array([1.0, 10.0])) * [1, 10], theory.bridge_gap(1.0))


def test_counts_may_be_arrays_of_integers():
    steps = np.array([10, 100])
    np.testing.assert_allclose(theory.best_value_bound(1, 1, 0.1, steps), [0.55, 0.1])
    np.testing.assert_allclose(theory.best_constant_lr(1, 1, steps), [10**-0.5, 0.1])
    assert theory.best_value_deficit(steps).shape == theory.trough_height(0.25, 1.0, steps).shape == (2,)


def test_what_the_arguments_must_be_is_said_in_their_names():
    assert theory.huber_rise(3.0, -0.5) == theory.huber_rise(3.0, 0.5) == pytest.approx(1.0)
    for call, message in (
        (lambda: theory.huber_rise(3.0, 2.0, 1.0), "start must lie within delta = 1.0 of 0, got 2.0"),
        (lambda: theory.product_sharpness([1.0, 2.0, 3.0]), r"beta must have shape \(..., 2\), got \(3,\)"),
        (lambda: theory.residue([np.nan], 0.1, 1.0), "beta must be finite, got nan"),
        (lambda: theory.cube_gain(np.eye(2), [0.1, -0.2]), "lr must be positive, got -0.2 at index"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
    assert theory.cube_gain(np.eye(2), [0.1, 0.2]).shape == (2,)
    start = trajectories.Trajectory(np.ones((1, 2)), np.ones(1), trajectories.diminishing(0.1))
    assert theory.chord_curvature(start, objectives.L1Norm(1.0)).shape == (0,)
