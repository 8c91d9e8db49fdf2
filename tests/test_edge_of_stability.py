"""What notebook 4 adds: its one-dimensional losses, the two-weight network, their closed forms and its sliders."""

import math

import numpy as np
import pytest
import torch

from ngdm_helpers import theory
from ngdm_helpers.counterexamples import Logistic, PowerTail, Product, Separable, Trough
from ngdm_helpers.course import exercises, explorers, problems, recorded
from ngdm_helpers.objectives import Huber, Quadratic, ReLURegression
from ngdm_helpers.trajectories import run

HUBER = Huber(np.array([[1.0]]), np.array([0.0]), reduction="sum")
LINE = np.linspace(-3, 3, 1201)[:, None]  # steps of 0.005: on 0, ±0.8, ±1, ±1.2

# --- losses -----------------------------------------------------------------------------------------------------------


def mollified(x):
    """Huber averaged over 4000 shifts in (−0.2, 0.2), less its value at 0: the definition."""
    shifts = (np.arange(4000) + 0.5) / 4000 * 0.4 - 0.2
    return (HUBER.value((x + shifts)[..., None]) - HUBER.value(shifts[:, None])).mean(-1)


def test_mollified_huber_is_huber_averaged_over_shifts():
    f = Separable("mollified Huber")
    assert f.value(LINE) == pytest.approx(mollified(LINE), abs=1e-7)
    assert f.smoothness == f.curvature == 1


def test_mollified_huber_is_quadratic_inside_straight_outside_and_twice_differentiable():
    f, x = Separable("mollified Huber"), LINE[:, 0]
    inside, outside = np.abs(x) <= 0.8, np.abs(x) >= 1.2
    assert f.value(LINE)[inside] == pytest.approx(x[inside] ** 2 / 2, abs=1e-15)
    assert f.subgradient(LINE)[outside, 0] == pytest.approx(np.sign(x[outside]))
    second = np.diff(f.subgradient(LINE)[:, 0]) / np.diff(x)
    assert np.abs(np.diff(second)).max() < 0.02  # f″ is continuous: Huber's jumps by 1
    assert np.abs(np.diff(np.diff(HUBER.subgradient(LINE)[:, 0]) / np.diff(x))).max() > 0.9


@pytest.mark.parametrize(
    "objective",
    [Separable("mollified Huber"), *(PowerTail(q) for q in (1.0, 1.3, 2.0, 2.7)), Product()],
    ids=["mollified", "q=1", "q=1.3", "q=2", "q=2.7", "product"],
)
@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_subgradient_is_the_derivative_of_the_value(objective, library):
    beta = np.random.default_rng(0).uniform(-2, 2, (200, 2))
    at = torch.tensor(beta, requires_grad=True)
    objective.value(at).sum().backward()
    ours = objective.subgradient(torch.tensor(beta) if library == "torch" else beta)
    assert np.asarray(ours) == pytest.approx(at.grad.numpy(), abs=1e-12)


def test_power_tail_ends_at_huber_and_at_the_parabola():
    assert PowerTail(1.0).value(LINE) == pytest.approx(HUBER.value(LINE))
    assert PowerTail(2.0).value(LINE) == pytest.approx(Quadratic(np.eye(1)).value(LINE))
    assert (PowerTail(2.0).smoothness, PowerTail(2.1).smoothness) == (1.0, math.inf)
    assert PowerTail(np.array([1.5, 3.0])).smoothness.tolist() == [1.0, math.inf]


def test_power_tail_takes_an_exponent_for_each_run():
    exponents = np.array([1.0, 1.5, 1.9])
    together = run(PowerTail(exponents), [0.01], 2.5, 300).iterates
    for j, q in enumerate(exponents):
        assert together[:, j] == pytest.approx(run(PowerTail(q), [0.01], 2.5, 300).iterates)


@pytest.mark.parametrize(("bad", "words"), [(0.9, "at least 1"), (-1.0, "positive"), (math.nan, "positive")])
def test_power_tail_refuses_an_exponent(bad, words):
    with pytest.raises(ValueError, match=f"exponent must be .*{words}.*got {bad}"):
        PowerTail(bad)


# --- closed forms -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("q", [1.1, 1.5, 1.9])
@pytest.mark.parametrize("lr", [2.1, 3.0, 5.0])
def test_power_cycle_is_where_gradient_descent_ends(lr, q):
    end = run(PowerTail(q), [0.01], lr, 4000).iterates[-2:, 0]
    assert np.abs(end) == pytest.approx(theory.power_cycle(lr, q), rel=1e-6)
    assert end[0] * end[1] < 0


@pytest.mark.parametrize(
    ("lr", "q", "words"),
    [(1.9, 1.5, "lr must be at least 2"), (3.0, 2.0, "exponent must be .*below 2"), (3.0, 0.9, "exponent must be")],
)
def test_power_cycle_refuses_what_has_no_cycle(lr, q, words):
    with pytest.raises(ValueError, match=words):
        theory.power_cycle(lr, q)


def test_product_sharpness_is_the_largest_eigenvalue_of_autograds_hessian():
    points = np.random.default_rng(0).uniform(-2, 2, (20, 2))
    for point in points:
        hessian = torch.autograd.functional.hessian(Product().value, torch.tensor(point))
        assert theory.product_sharpness(point) == pytest.approx(float(torch.linalg.eigvalsh(hessian)[-1]))
    assert theory.product_sharpness([2.0, 0.5]) == pytest.approx(4.25)  # u² + v² where uv = 1


@pytest.mark.parametrize("start", [(1.5, 0.4), (0.3, 2.0), (-1.0, -0.5)])
def test_gradient_flow_on_the_product_ends_at_the_predicted_curvature(start):
    end = run(Product(), start, 1e-3, 40_000, record_every=40_000).iterates[-1]
    assert end[0] * end[1] == pytest.approx(1)
    assert theory.product_sharpness(end) == pytest.approx(theory.product_flow_sharpness(start), rel=2e-3)


def test_product_flow_needs_a_start_on_the_side_of_the_minimisers():
    with pytest.raises(ValueError, match=r"start must have uv > 0 .*got \(1.0, -0.5\)"):
        theory.product_flow_sharpness((1.0, -0.5))


def test_active_curvature_is_the_largest_eigenvalue_of_autograds_hessian():
    objective, _ = problems.relu_toy(n=12, p=4)
    objective = ReLURegression(objective.X, objective.y, 0.0, 0.3)
    X, y = torch.tensor(objective.X), torch.tensor(objective.y)
    points = np.random.default_rng(0).uniform(-1, 1, (20, 4))
    curvature = theory.active_curvature(objective, points)
    for point, found in zip(points, curvature, strict=True):
        hessian = torch.autograd.functional.hessian(
            lambda b: ((y - torch.relu(X @ b)) ** 2).sum() + 0.3 * (b**2).sum(), torch.tensor(point)
        )
        assert found == pytest.approx(float(torch.linalg.eigvalsh(hessian)[-1]))
        assert found <= objective.curvature
    assert len({float(c) for c in curvature.round(9)}) > 1  # rows switch


def test_active_curvature_refuses_batched_data():
    objective = ReLURegression(np.ones((2, 3, 4)), np.zeros(3))
    with pytest.raises(ValueError, match=r"objective must have one X and one number lam2, got X \(2, 3, 4\)"):
        theory.active_curvature(objective, np.ones(4))


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_logistic_curvature_is_the_largest_eigenvalue_of_autograds_hessian(reduction):
    rng = np.random.default_rng(0)
    objective = Logistic(rng.normal(size=(9, 3)), rng.choice([-1.0, 1.0], 9), reduction)
    tensors = Logistic(torch.tensor(objective.X), torch.tensor(objective.y), reduction)
    points = 2 * rng.normal(size=(10, 3))
    for point, found in zip(points, theory.logistic_curvature(objective, points), strict=True):
        hessian = torch.autograd.functional.hessian(tensors.value, torch.tensor(point))
        assert found == pytest.approx(float(torch.linalg.eigvalsh(hessian)[-1]))
    assert theory.logistic_curvature(objective, np.zeros(3)) == pytest.approx(objective.smoothness)
    with pytest.raises(TypeError, match="objective must be of the class Logistic"):
        theory.logistic_curvature(Product(), points)


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.05, 0.1, 0.2])
@pytest.mark.parametrize("margin", [0.1, 0.5, 1.0])
def test_flipped_labels_cycle_past_the_threshold(share, margin):
    threshold = theory.flipped_threshold(share)
    best = sum(-p * math.log(p) for p in (share, 1 - share))
    problem = problems.logistic_problem(margin, share)
    z = math.log(1 / share - 1)  # wᵀx at both places
    minimiser = np.linalg.solve(problem.X[[0, 20]], [z, z])
    assert problem.value(minimiser) == pytest.approx(best)
    at_best = theory.logistic_curvature(problem, minimiser)
    assert threshold / problem.smoothness == pytest.approx(2 / at_best)
    near = minimiser + 1e-3
    below, above = (
        run(problem, near, q * threshold / problem.smoothness, 4000).values[-2:] - best for q in (0.95, 1.05)
    )
    assert abs(below).max() < 1e-6 and above.max() > 1e-4


def test_flipped_threshold_needs_a_flipped_label():
    with pytest.raises(ValueError, match=r"share must be positive .* got 0.0"):
        theory.flipped_threshold(0.0)


def test_large_steps_on_separable_labels_rise_and_end_far_lower():
    slow, fast = (problems.logistic_run(c).values for c in (1.9, 40.0))
    assert (np.diff(slow) < 0).all() and (np.diff(fast) > 0).sum() == 3
    assert fast.max() > 20 * fast[0] and fast[-1] < slow[-1] / 100


# --- sliders ----------------------------------------------------------------------------------------------------------


def titles(widget):
    return [ax.get_title() for ax in widget.figure.axes]


def test_c_and_eta_are_one_quantity():
    widget, L = explorers.huber_losses(), problems.huber_problem().smoothness
    for c in (4.0, 0.7, 50.0):
        widget.controls["c"].value = c
        assert widget.values["eta"] == pytest.approx(c / L)
    widget.controls["eta"].value = 0.3
    assert widget.values["c"] == pytest.approx(0.3 * L) and f"c = {0.3 * L:.3g}" in titles(widget)[1]
    widget.controls["data"].value = "U[−1, 1]"  # other data, another L: c stays
    assert widget.values["c"] == pytest.approx(0.3 * L)
    other = problems.huber_problem("U[−1, 1]").smoothness
    assert widget.values["eta"] == pytest.approx(0.3 * L / other)
    widget.controls["eta"].value = widget.controls["eta"].min  # less than the least c: both go to its end
    assert widget.values["c"] == 0.5 and widget.values["eta"] == pytest.approx(0.5 / other)


@pytest.mark.slow
def test_following_slider_costs_one_drawing(monkeypatch):
    widget, drawn = explorers.huber_losses(), []
    paint = type(widget)._paint
    monkeypatch.setattr(type(widget), "_paint", lambda self, *a, **k: (drawn.append(self), paint(self, *a, **k)))
    widget.controls["c"].value = 3.0
    widget.controls["eta"].value = 0.5
    assert drawn == [widget, widget]


def test_huber_losses_predicts_the_rise_only_where_it_applies():
    widget = explorers.huber_losses()
    widget.set(c=2.05)
    assert titles(widget)[0] == "rises to step 16; predicted 17.2"
    widget.set(delta=0.1)  # some residuals start beyond δ
    assert "starts past δ" in titles(widget)[0]


@pytest.mark.slow
@pytest.mark.parametrize("c", [2.05, 2.5, 10.0])
def test_rise_leaves_the_parabola_where_predicted_and_ends_on_a_2_cycle(c):
    widget = explorers.huber_rise()
    widget.set(c=c, start=1e-3)
    predicted = theory.huber_rise(c, 1e-3)
    assert titles(widget)[2] == f"leaves: step {math.ceil(predicted)}; predicted {predicted:.1f}"
    assert titles(widget)[1] == "they add up to 1·cδ"


def test_chord_law_has_networks_up_to_where_they_were_recorded():
    widget = explorers.chord_law()
    widget.set(eta=0.2)
    assert titles(widget)[0] == "at the end: Huber 2, |x| 2, ReLU 1.99, tanh 2, GELU 1.99"
    widget.set(eta=0.4)
    assert "tanh overflows" in titles(widget)[0]
    widget.set(eta=8.0)
    assert titles(widget)[0] == "at the end: Huber 2, |x| 2"
    widget.set(eta=0.1)  # below Huber's 2/L, past nothing of |x|
    assert "Huber 0.00" in titles(widget)[0] and "|x| 2" in titles(widget)[0]


def test_local_threshold_moves_from_2_to_6():
    widget = explorers.local_edge()
    widget.set(delta=2.0, p=5)
    assert titles(widget)[0].endswith("converges up to c = 2.00")
    widget.set(delta=0.1)
    assert titles(widget)[0].endswith("converges up to c = 6.28")
    line, threshold = widget.figure.axes[0].lines[0], 6.28
    c, excess = line.get_data()
    assert (excess[c < threshold] < 1e-12).all() and (excess[c > 1.01 * threshold] > 1e-9).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("q", "eta", "words"),
    [(1.0, 1.95, "converges"), (2.5, 1.95, "converges"), (1.5, 4.0, "last |x| 4, 4"), (2.0, 2.1, "diverges")],
)
def test_growth_exponent_says_what_happens(q, eta, words):
    widget = explorers.growth_exponent()
    widget.set(q=q, eta=eta, start=0.01)
    assert titles(widget)[0] == f"q = {q:.3g}: {words}"


def test_toy_problem_bounds_its_curvature_and_the_rival_passes_the_edge():
    widget = explorers.toy_problem()
    course = widget.figure.axes[1].lines[0]
    for c in (0.1, 2.0, 6.0):
        for strength in (0.0, 3.0):
            widget.set(problem="(3)", c=c, strength=strength)
            assert course.get_ydata().max() <= 1 + 1e-12
    assert "diverges" in titles(widget)[0]
    widget.set(problem="½(uv − 1)²", c=2.2)
    y = course.get_ydata()
    assert y[0] < 2 / 2.2 < y.max() and y[-1] < 2 / 2.2


@pytest.mark.parametrize("eta", [0.1, 0.4, 0.5, 1.0, 2.0])
def test_the_trough_in_plain_numbers_is_the_run(eta):
    whole = run(Trough(0.25), np.array([eta / 2, 0.0]), eta, 4000)
    assert np.array_equal(problems.trough_run(0.25, eta, 4000), whole.iterates)


def test_separable_logistic_says_what_the_loss_does():
    widget = explorers.separable_logistic()
    widget.set(c=40.0)
    assert titles(widget) == [
        "c = 40: rises 3 times; last 4.5e-05, at 1.9/L 0.007",
        "η λmax: 40 at step 0; no minimiser",
    ]
    widget.set(c=5.0, flipped=0.1)
    assert titles(widget)[1] == "η λmax: 5 at step 0; at the minimiser 1.8"
    assert widget.figure.axes[1].lines[0].get_ydata()[-1] == pytest.approx(1.8)


def test_curvature_rulers_show_what_was_recorded():
    widget, runs = explorers.curvature_rulers(), recorded.ruler_runs()
    widget.set(activation="bridge-1000", lr=0.1, seed=2)
    row = runs["bridge-1000", 0.1, 2]
    assert widget.figure.axes[0].lines[0].get_ydata() == row["hessian"]
    assert f"Hessian {np.mean(row['hessian'][-(len(row['hessian']) // 4) :]):.3f}" in titles(widget)[0]


@pytest.mark.parametrize(
    "slope",
    [
        lambda x: np.tanh(0.888 * x) / 0.888,  # 0.888 is tanh(a)/a = 0.8 to three digits
        lambda x: x / (1 + x**2 / 4),
        lambda x: x * (1 - 0.2 * abs(x)) if abs(x) <= 2 else np.sign(x) * 1.2,
        lambda x: np.sin(1.1311 * x) / 1.1311,  # comes back to its minimum every 5.6
    ],
    ids=["tanh", "rational", "a parabola, bent", "sine"],
)
def test_a_loss_of_ones_own_is_accepted_in_other_forms(slope):
    solved, line = exercises.judge("edge_of_stability.4", slope)
    assert solved, line
