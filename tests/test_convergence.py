"""What notebook 2 rests on: its random problems, its counts, its sliders, against independent computations."""

import math

import numpy as np
import pytest
import torch
from scipy.optimize import linprog

from ngdm_helpers import theory
from ngdm_helpers.counterexamples import NeuronRegression
from ngdm_helpers.course import problems
from ngdm_helpers.course.claims.convergence import figure_1
from ngdm_helpers.course.explorers import convergence as explorers
from ngdm_helpers.objectives import L1Norm, Quadratic, ReLURegression
from ngdm_helpers.trajectories import Trajectory, run


def test_random_problems_draw_in_the_stated_order():
    X, y, start = problems.random_problems(4, 3, -1.0, [0, 7])
    assert X.shape == (2, 4, 3) and y.shape == (2, 4) and start.shape == (2, 3)
    rng = np.random.default_rng(7)
    np.testing.assert_array_equal(X[1], rng.uniform(-1, 1, (4, 3)))
    np.testing.assert_array_equal(y[1], -rng.uniform(0, 1, 4))
    np.testing.assert_array_equal(start[1], rng.uniform(-1, 1, 3))


def test_four_losses_in_one_call_equal_one_at_a_time():
    X, y, start = problems.random_problems(6, 4, 0.0, range(3))
    f = problems.four_losses(X, y, 0.1)
    assert f.batch_shape == (4, 3)
    whole = run(f, start, 0.2 / f.curvature, 20)
    for seed in range(3):
        data, response, lr = X[seed], y[seed], 0.2 / f.curvature[seed]
        singles = (
            ReLURegression(data, response, 0.0, 0.1),
            ReLURegression(data, 0 * response, 0.0, 0.1),
            NeuronRegression(data, response, width=0.1, lam2=0.1),
            Quadratic(2 * data.T @ data + 0.2 * np.eye(4)),  # ridge with y = 0
        )
        for row, single in enumerate(singles):
            alone = run(single, start[seed], lr, 20)
            np.testing.assert_allclose(whole.iterates[:, row, seed], alone.iterates, rtol=1e-10)
            np.testing.assert_allclose(whole.values[:, row, seed], alone.values, rtol=1e-10)


def test_shares_of_runs_that_leave_the_cube():
    """The second row of the notebook's table; two runs on either side for other BLAS libraries."""
    X, y, start = problems.random_problems(20, 10, 0.0, range(100))
    f = problems.four_losses(X, y, 0.1)
    runs = run(f, start, 0.2 / f.curvature, 300)
    assert problems.is_monotone(runs).all()
    assert (abs(problems.leaves_falling(runs, np.inf).sum(axis=-1) - [32, 22, 34, 17]) <= 2).all()
    assert not problems.leaves_falling(runs, 2)[[0, 1, 3]].any()  # softplus has its minimiser elsewhere


def path(values, first_coordinates):
    iterates = np.stack([np.array(first_coordinates, dtype=float), np.full(len(values), 0.5)], axis=-1)
    return Trajectory(iterates, np.array(values, dtype=float), 0.1)


@pytest.mark.parametrize(
    ("values", "first", "falls", "cube", "ball"),
    [
        ([3, 2, 1], [0.5, 0.9, 0.4], True, False, True),
        ([3, 2, 1], [0.9, 1.1, 0.4], True, True, True),
        ([3, 2, 1], [0.9, 0.8, 0.7], True, False, False),
        ([3, 4, 1], [0.9, 1.1, 0.4], False, False, False),  # it rises on the way out
        ([3, 2, 4], [0.9, 1.1, 1.2], False, True, True),  # it was out before it rose
        ([3, 4, 1], [0.9, 0.8, 1.2], False, False, False),  # it had risen before
        ([3, 3 + 1e-13, 1], [0.9, 1.1, 0.4], True, True, True),  # rounding is no rise
    ],
)
def test_leaves_falling_by_hand(values, first, falls, cube, ball):
    trajectory = path(values, first)
    assert problems.is_monotone(trajectory) == falls
    assert problems.leaves_falling(trajectory, np.inf) == cube
    assert problems.leaves_falling(trajectory, 2) == ball


def test_steps_to_and_slope():
    values = np.array([[3.0, 9.0], [2.0, 8.0], [1.0 + 1e-10, 7.0], [0.5, 6.0]])
    np.testing.assert_array_equal(problems.steps_to(values, np.array([1.0, 1.0])), [2, -1])
    np.testing.assert_array_equal(problems.steps_to(values, 9.0), [0, 0])
    x = np.array([0.1, 0.2, 0.7])
    assert problems.slope(x, 3 * x**-1.7) == pytest.approx(-1.7)


def test_figure_1_and_its_smooth_twin():
    pair = figure_1(2000)
    size = np.abs(pair.iterates).max(axis=-1)
    np.testing.assert_allclose(size.max(axis=0), [1.1218, 1.1258], atol=2e-4)
    assert problems.is_monotone(pair).all()
    assert (np.diff(np.linalg.norm(pair.iterates, axis=-1), axis=0) <= 0).all()
    data, y, start = (drawn[0] for drawn in problems.random_problems(50, 100, 0.0, [2]))
    beta = torch.tensor(start, requires_grad=True)
    for _ in range(50):
        fit = ((torch.tensor(y) - torch.relu(torch.tensor(data) @ beta)) ** 2).sum()
        (fit + 0.1 * beta.abs().sum() + 0.1 * (beta**2).sum()).backward()
        with torch.no_grad():
            beta -= 8e-5 * beta.grad
            beta.grad = None
    np.testing.assert_allclose(pair.iterates[50, 0], beta.detach().numpy(), rtol=1e-9)


# --- the network that fits its data on a kink -------------------------------------------------------------------------


def torch_network(w, shape=(6, 4, 12), seed=0):
    """The same loss as `problems.interpolating_network`, built again."""
    hidden, p, n = shape
    rng = np.random.default_rng(seed)
    X, W, a = rng.standard_normal((n, p)), rng.standard_normal((hidden, p)), rng.standard_normal(hidden)
    X[0], W[:, 0] = np.eye(p)[0], 0.0
    X, W, a = map(torch.tensor, (X, W, a))
    target = torch.relu(X @ W.T) @ a
    return ((torch.relu(X @ w[: hidden * p].reshape(hidden, p).T) @ w[hidden * p :] - target) ** 2).mean()


def test_gradient_of_the_network_equals_autograd():
    gradient, minimum = problems.interpolating_network()
    points = minimum + np.vstack([np.zeros(30), np.random.default_rng(1).standard_normal((20, 30))])
    for point, ours in zip(points, gradient(points), strict=True):
        w = torch.tensor(point, requires_grad=True)
        np.testing.assert_allclose(ours, torch.autograd.grad(torch_network(w), w)[0].numpy(), atol=1e-12)


def test_the_network_fits_and_is_on_a_kink():
    gradient, minimum = problems.interpolating_network()
    assert float(torch_network(torch.tensor(minimum))) < 1e-28 and np.abs(gradient(minimum)).max() < 1e-14
    slopes = [problems.secants(gradient, minimum, d) for d in (1e-3, 1e-5, 1e-7)]
    assert max(slopes) < 1.1 * min(slopes)  # the gradient is Lipschitz from the minimum …
    jumps = []
    for d in (1e-1, 1e-3):
        beside = np.tile(minimum + d * np.random.default_rng(0).uniform(0, 1, 30), (2, 1))
        beside[:, 0] = [-1e-12, 1e-12]
        jumps.append(np.linalg.norm(np.diff(gradient(beside), axis=0)))
    assert jumps[0] > 1e-4 and 50 < jumps[0] / jumps[1] < 200  # … and jumps further out, in proportion to the distance


def test_secants_are_a_lower_bound_that_sees_a_kink():
    A = np.diag([1.0, 3.0])
    assert 2.9 < problems.secants(Quadratic(A).subgradient, np.array([0.3, -0.2]), 0.1) <= 3 * (1 + 1e-12)
    assert problems.secants(L1Norm(1.0).subgradient, np.zeros(2), 1e-3) == pytest.approx(math.sqrt(2) / 1e-3)


def test_ngdm_on_absolute_errors_takes_the_steps_of_its_smoothed_version():
    for eps, counts in ((0.3, (26, 26)), (0.1, (85, 85))):
        assert problems.absolute_steps(eps) == counts


# --- the zigzag -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("exponent", problems.ZIGZAGS.values())
@pytest.mark.parametrize("eps", [0.2, 0.03])
def test_zigzag_is_ngdm_by_autograd(exponent, eps):
    path = problems.zigzag_path(eps, exponent, 0.3)
    point = torch.tensor(path[0], requires_grad=True)
    weight, q = (eps, 1) if exponent is None else (1, exponent)
    for following in path[1:30]:
        (point[0].abs() + weight * point[1].abs() ** q / q).backward()
        point = (point - problems.zigzag_rate(eps, exponent) * point.grad).detach().requires_grad_()
        np.testing.assert_allclose(following, point.detach().numpy(), atol=1e-14)
    values = np.abs(path[:, 0]) + weight * np.abs(path[:, 1]) ** q / q
    assert values[-1] <= eps * (1 + 1e-9) and (values[:-1] > eps).all()  # the last is the first that is near enough


@pytest.mark.parametrize("eps", [0.3, 0.1, 0.03])
def test_steps_of_the_zigzag_in_closed_form(eps):
    for start in (0.0, 0.1, 0.25, 0.5, 0.77, 1.0):
        assert problems.zigzag_steps(eps, None, start) == len(problems.zigzag_path(eps, None, start)) - 1
    assert problems.zigzag_steps(eps, None) == math.ceil(1 / (2 * eps**2) - 1e-9)
    bound = theory.subgradient_steps_bound(math.hypot(1, 0.5 * problems.zigzag_rate(eps, None)), 1, eps) * (1 + eps**2)
    assert problems.zigzag_steps(eps, None) <= bound


def test_one_fixed_function_has_any_slope_up_to_two():
    eps = np.array([1e-2, 1e-3])
    slopes = [problems.slope(eps, [problems.zigzag_steps(e, q) for e in eps]) for q in (1, 4, 8, 16)]
    np.testing.assert_allclose(slopes, [-1.0, -1.5, -1.75, -1.875], atol=0.08)


# --- jumps and widths -------------------------------------------------------------------------------------------------


def test_exits_from_the_ball_do_not_depend_on_the_width_but_on_the_jump():
    """On seeds of its own; the curvature at 0 against finite differences of the gradient."""
    exits, steep = problems.ball_exits([0.5, 1.9], [1.0, 1.0, 0.2, 0.0], [0.0, 1e-3, 0.0, 0.0], range(200, 260))
    assert abs(exits[1] - exits[0]).max() <= 2 and exits[0, 1] > 20 and exits[2, 1] < 12 and not exits[3].any()
    assert np.isinf(steep[0]).all() and np.isinf(steep[2]).all() and steep[3, 1] < 2 < 50 < steep[1, 0]
    X, y, _ = problems.random_problems(20, 5, 0.0, [3])
    loss, h = NeuronRegression(X[0], y[0], width=1e-2, lam2=1e-3), 1e-7
    rows = loss.subgradient(h * np.eye(5)) - loss.subgradient(-h * np.eye(5))
    top = np.linalg.eigvalsh(rows / (2 * h))[-1]
    assert problems.ball_exits([1.0], width=1e-2, seeds=[3])[1] == pytest.approx(top / loss.curvature, rel=1e-4)


# --- knots ------------------------------------------------------------------------------------------------------------


def knot_loss(x, y, hidden, a, c):
    return ((torch.relu(x[:, None] * hidden[0] + hidden[1]) @ a + c - y) ** 2).mean()


def test_knot_steps_are_autograds():
    x, y = problems.noisy_samples([5, 6], [0.3, 0.1])
    start = problems.knot_start([5, 6], 4)
    *_, last = (tuple(map(np.copy, parts)) for parts in problems.knot_steps(x, y, start, [0.1, np.full((2, 1), 0.2)]))
    for seed in range(2):
        weights = [torch.tensor(part[seed], requires_grad=True) for part in start]
        for lr in (0.1, 0.2):
            gradients = torch.autograd.grad(knot_loss(*map(torch.tensor, (x[seed], y[seed])), *weights), weights)
            weights = [(w - lr * g).detach().requires_grad_() for w, g in zip(weights, gradients, strict=True)]
        for ours, theirs in zip(last, weights, strict=True):
            np.testing.assert_allclose(ours[seed], theirs.detach().numpy(), atol=1e-12)


def test_clarke_residual_on_a_kink_that_is_a_minimum_and_on_one_that_is_not():
    x, w, b, a = np.array([0.0, 1.0]), np.array([1.0]), np.array([0.0]), np.array([1.0])
    # at x = 0 the unit is on its kink; c = 1 is above y there, so the kink bends up, and below at x = 1
    theta, far, jump = problems.clarke_residual(x, np.array([0.5, 2.5]), (w, b), a, 1.0)
    assert theta.shape == (1,) and jump == pytest.approx(0.5)
    np.testing.assert_allclose(theta, [1.0])  # slopes: −½ for a, b and w from x = 1, and +½θ for b from x = 0
    assert far == pytest.approx(math.hypot(0.5, 0.5))
    assert problems.clarke_residual(x, np.array([0.5, 2.5]), (w, b + 0.1), a, 1.0)[2] == 0.0


def test_most_networks_that_do_not_fit_end_on_kinks():
    counts, inside, far = problems.knot_ends(range(300, 330))
    assert (counts > 0).sum() >= 12 and (inside == (counts > 0)).all() and (far < 0.01).sum() >= 5
    assert np.isinf(far[counts == 0]).all()


def test_locked_knots_by_hand():
    k = np.arange(120)
    flips, drifts, wide = 0.1 * (-1.0) ** k, 0.001 * k - 0.5, 0.6 * (-1.0) ** k
    x = np.array([-0.5, 0.0, 0.5])
    assert explorers.locked_knots(x, np.stack([flips, drifts, wide], axis=1)).tolist() == [True, False, False]


def test_what_is_proved_of_kinks():
    ends = problems.inflection_ends(50, 500)
    assert (ends[:, 1] > 0).all() and np.abs(ends).max() < 0.1
    kinked, smooth = problems.capture_distances(0.03, True, count=50), problems.capture_distances(0.03, False, count=50)
    assert kinked[0] < 0.55 and 0.01 < kinked[1] < 0.06 and smooth[1] < 1e-6
    assert max(problems.chain_rule_gap(200)) > 3 * max(problems.chain_rule_gap(2000)) > 0
    assert problems.logistic_weight(1) == 0.5


# --- sliders ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kink", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("rho", [0.0, 0.5, 0.97])
def test_plane_problem_is_the_quadratic_plus_kinks(rho, kink):
    objective, A, rows = explorers.plane_problem(rho, kink)
    points = np.random.default_rng(0).uniform(-2, 2, (200, 2))
    expected = Quadratic(A).value(points) + kink * np.abs(points @ rows.T).sum(axis=-1)
    np.testing.assert_allclose(objective.value(points) - objective.value([0.0, 0.0]), expected, atol=1e-12)
    angle = np.linspace(0, 2 * np.pi, 50)
    directions = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    edge = directions * explorers.sublevel_radius(directions, A, rows, kink, 0.7)[:, None]
    np.testing.assert_allclose(objective.value(edge) - objective.value([0.0, 0.0]), 0.7, rtol=1e-12)


def test_the_shaded_set_is_the_largest_in_the_cube():
    capture = explorers.capture()
    (axes, _) = capture.figure.axes
    (shaded,) = (patch for patch in axes.patches if len(patch.get_path().vertices) > 100)
    level = theory.capture_level(problems.LECTURE_A, np.inf)
    corners = shaded.get_path().vertices
    np.testing.assert_allclose(Quadratic(problems.LECTURE_A).value(corners), level, rtol=1e-3)
    assert 0.999 < np.abs(corners).max() <= 1 + 1e-9
    capture.set(kink=0.5)
    assert 0.99 < np.abs(shaded.get_path().vertices).max() <= 1 + 1e-3


@pytest.mark.slow
def test_slider_titles_say_what_was_computed():
    capture = explorers.capture()
    capture.set(start=0.99)
    titles = [ax.get_title() for ax in capture.figure.axes]
    assert titles == ["A is not diagonally dominant; 2/L = 0.343", "the loss falls at every step; max ‖β‖_∞ = 1.12"]
    figure_one = explorers.figure_one()
    figure_one.set(**figure_one.marks["Figure 1"])
    assert [ax.get_title() for ax in figure_one.figure.axes][1] == "max 1.122, twin 1.126"
    rates = explorers.rates()
    rates.set(p=400, accuracy=0.025)
    assert [ax.get_title() for ax in rates.figure.axes] == [
        "NGDM, dimension 400: slope at the end −1.58",
        "ε = 0.025: 400 steps, at worst 1/(4ε²) = 400",
    ]


@pytest.mark.parametrize("p", [1, 25, 196, 324, 400])
def test_both_methods_of_the_rates_slider_need_the_same_steps(p):
    eps = np.array(explorers.ACCURACIES)
    law = theory.max_norm_steps(p, eps)
    shared, smoothed = (problems.steps_to(explorers._max_norm_runs(p, kind), eps) for kind in (False, True))
    np.testing.assert_array_equal(shared, smoothed)
    needed = np.maximum(np.ceil(np.sqrt(p) / eps - p - 1e-6), 0)
    np.testing.assert_array_equal(shared, needed)
    assert (shared <= law).all() and (shared <= np.ceil(1 / (4 * eps**2) - 1e-6)).all()


def test_trajectories_of_rounded_kinks_converge_to_the_kinked_one():
    X, y, start = (drawn[0] for drawn in problems.random_problems(50, 100, 0.0, [2]))
    widths = np.array([1e-1, 1e-3, 1e-5, 0.0])
    iterates = run(NeuronRegression(X, y, width=widths, lam2=0.1), start, 8e-5, 300).iterates
    gaps = np.abs(iterates - iterates[:, -1:]).max(axis=(0, 2))
    assert gaps[0] > 1e-4 > gaps[1] > 1e-6 and gaps[2] < 1e-12


def test_the_new_sliders_say_what_was_computed():
    zigzag = explorers.zigzag()
    zigzag.set(term="ε|β₂|")
    assert [ax.get_title() for ax in zigzag.figure.axes] == [
        "f = |β₁| + ε|β₂|, ε = 0.1: 50 steps",
        "slope at the end −2.00; ε = 0.001: 500000 steps",
    ]
    knots = explorers.knots()
    knots.set(noise=0.3, units=3, eta=0.1)
    assert knots.figure.axes[1].get_title() == "at the end 3 of 3 knots cross one sample to and fro"
    knots.set(units=8, step=0)
    assert knots.figure.axes[0].get_title().startswith("after 0 steps")


def test_a_least_absolute_fit_is_that_of_the_linear_program():
    for seed, (n, p) in enumerate([(60, 10), (30, 3), (8, 7), (100, 20)]):
        rng = np.random.default_rng(seed)
        X, y = rng.standard_normal((n, p)), rng.standard_normal(n)
        sides = np.block([[X, -np.eye(n)], [-X, -np.eye(n)]])
        bounds = [(None, None)] * p + [(0, None)] * n
        exact = linprog(np.repeat([0.0, 1.0], [p, n]), sides, np.concatenate([y, -y]), bounds=bounds).x[:p]
        np.testing.assert_allclose(problems.least_absolute(X, y), exact, atol=1e-9)
