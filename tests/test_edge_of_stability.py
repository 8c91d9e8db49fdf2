"""What notebook 4 adds: its one-dimensional losses, the two-weight network, their closed forms and its sliders."""

import math

import numpy as np
import pytest
import torch

from ngdm_helpers import theory
from ngdm_helpers.objectives import Huber, PowerTail, Product, Quadratic, Separable
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
