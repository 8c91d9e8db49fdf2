"""Each objective against the loss a torch user would write, at random points and exactly on kinks."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ngdm_helpers import counterexamples, objectives
from ngdm_helpers.counterexamples import (
    LeastAbsolute,
    Logistic,
    MaxNorm,
    NeuronRegression,
    Separable,
    SmoothMaxNorm,
    Trough,
    project_l1_ball,
)
from ngdm_helpers.objectives import Huber, L1Norm, Lasso, Quadratic, ReLURegression, soft_threshold

# Small integers: with them and dyadic parameters every pre-activation, residual and kink is exact in floating point.
P = 4
SEED = np.random.default_rng(0)
X = SEED.integers(-2, 3, (12, P)).astype(float)
Y = SEED.integers(0, 4, 12).astype(float)
LABELS = np.where(Y > 1, 1.0, -1.0)
A = X.T @ X - 3 * np.eye(P)  # indefinite
SPD = X.T @ X + np.eye(P)
RANDOM = SEED.normal(size=(50, P))
LATTICE = np.stack(np.meshgrid(*[[-1.0, 0.0, 1.0]] * P), axis=-1).reshape(-1, P)


@dataclass
class Case:
    make: Callable  # (to, **overrides) → the objective on data converted by `to`
    loss: Callable  # the loss as a user writes it, of a torch vector
    kinks: Callable | None = None  # beta (..., p) → True wherever one of its terms is exactly at a kink
    convex: bool = True
    splits: bool = True  # has a proximal map


def relu_loss(b, y, lam1=0.5, lam2=0.25):
    fit = ((torch.tensor(y) - torch.relu(torch.tensor(X) @ b)) ** 2).sum()
    return fit + lam1 * torch.abs(b).sum() + lam2 * (b**2).sum()


def lasso_loss(b, reduction):
    return torch.nn.functional.mse_loss(torch.tensor(X) @ b, torch.tensor(Y), reduction=reduction) + 2 * b.abs().sum()


def huber_loss(b, delta, reduction):
    return torch.nn.functional.huber_loss(torch.tensor(X) @ b, torch.tensor(Y), delta=delta, reduction=reduction)


def neuron_loss(b, y, activation):
    return ((torch.tensor(y) - activation(torch.tensor(X) @ b)) ** 2).sum() + 0.5 * b.abs().sum() + 0.25 * (b**2).sum()


def smooth_max_norm(b, delta=0.5):
    """min_t t + Σᵢ max(|bᵢ| − t, 0)²/(2δ), t ≥ 0: the envelope, minimised over u = b clipped to ±t; t by bisection."""
    low, high = torch.zeros(()), b.detach().abs().max()
    for _ in range(80):
        t = (low + high) / 2
        low, high = (t, high) if torch.relu(b.detach().abs() - t).sum() > delta else (low, t)
    return high + (torch.relu(b.abs() - high) ** 2).sum() / (2 * delta)


def at_zero(b):
    return b == 0


def tied(b):
    return (abs(b) == abs(b).max(axis=-1, keepdims=True)).sum(axis=-1) > 1


CASES = {
    "L1Norm": Case(lambda to: L1Norm(0.75), lambda b: 0.75 * b.abs().sum(), at_zero),
    "L1Norm-nn": Case(lambda to: L1Norm(1.0, p=P), lambda b: torch.nn.functional.l1_loss(b, 0 * b, reduction="sum")),
    "ReLU": Case(
        lambda to: ReLURegression(to(X), to(-Y), 0.5, 0.25),
        lambda b: relu_loss(b, -Y),
        lambda b: np.concatenate([b == 0, b @ X.T == 0], axis=-1),
        splits=False,
    ),
    "ReLU-hinge": Case(
        lambda to: ReLURegression(to(X), to(0 * Y)),
        lambda b: relu_loss(b, 0 * Y, 0, 0),
        lambda b: b @ X.T == 0,
        splits=False,
    ),
    "ReLU-nonconvex": Case(
        lambda to: NeuronRegression(to(X), to(Y), lam1=0.5, lam2=0.25),
        lambda b: relu_loss(b, Y),
        lambda b: b @ X.T == 0,
        convex=False,
        splits=False,
    ),
    "Lasso-sum": Case(lambda to: Lasso(to(X), to(Y), 2.0), lambda b: lasso_loss(b, "sum"), at_zero),
    "Lasso-mean": Case(lambda to: Lasso(to(X), to(Y), 2.0, reduction="mean"), lambda b: lasso_loss(b, "mean"), at_zero),
    "Huber-mean": Case(
        lambda to: Huber(to(X), to(Y)), lambda b: huber_loss(b, 1.0, "mean"), lambda b: abs(b @ X.T - Y) == 1
    ),
    "Huber-sum": Case(
        lambda to: Huber(to(X), to(Y), 2.0, reduction="sum"),
        lambda b: huber_loss(b, 2.0, "sum"),
        lambda b: abs(b @ X.T - Y) == 2,
    ),
    "LeastAbsolute-mean": Case(
        lambda to: LeastAbsolute(to(X), to(Y)),
        lambda b: torch.nn.functional.l1_loss(torch.tensor(X) @ b, torch.tensor(Y)),
        lambda b: b @ X.T == Y,
        splits=False,
    ),
    "LeastAbsolute-sum": Case(
        lambda to: LeastAbsolute(to(X), to(Y), reduction="sum"),
        lambda b: (torch.tensor(X) @ b - torch.tensor(Y)).abs().sum(),
        lambda b: b @ X.T == Y,
        splits=False,
    ),
    "Logistic-mean": Case(
        lambda to: Logistic(to(X), to(LABELS)),
        lambda b: torch.nn.functional.soft_margin_loss(torch.tensor(X) @ b, torch.tensor(LABELS)),
    ),
    "Logistic-sum": Case(
        lambda to: Logistic(to(X), to(LABELS), reduction="sum"),
        lambda b: torch.nn.functional.soft_margin_loss(torch.tensor(X) @ b, torch.tensor(LABELS), reduction="sum"),
    ),
    "Neuron-relu": Case(
        lambda to: NeuronRegression(to(X), to(-Y), 0.0, 0.0, 0.5, 0.25),
        lambda b: relu_loss(b, -Y),
        lambda b: np.concatenate([b == 0, b @ X.T == 0], axis=-1),
        splits=False,
    ),
    "Neuron-leaky": Case(
        lambda to: NeuronRegression(to(X), to(-Y), 0.25, 0.0, 0.5, 0.25),
        lambda b: neuron_loss(b, -Y, lambda z: torch.nn.functional.leaky_relu(z, 0.25)),
        lambda b: b @ X.T == 0,
        convex=False,
        splits=False,
    ),
    "Neuron-softplus": Case(
        lambda to: NeuronRegression(to(X), to(-Y), 0.0, 0.5, 0.5, 0.25),
        lambda b: neuron_loss(b, -Y, lambda z: torch.nn.functional.softplus(z, beta=2, threshold=40)),  # cut at 20,
        splits=False,
    ),
    "Neuron-linear": Case(
        lambda to: NeuronRegression(to(X), to(Y), 1.0, 0.5, 0.5, 0.25),
        lambda b: neuron_loss(b, Y, lambda z: z),
        splits=False,
    ),
    "MaxNorm-first": Case(lambda to: MaxNorm(), lambda b: b.abs().max(dim=-1).values, tied),
    "MaxNorm-shared": Case(lambda to: MaxNorm("shared"), lambda b: b.abs().amax(dim=-1), tied),
    "SmoothMaxNorm": Case(lambda to: SmoothMaxNorm(0.5), smooth_max_norm),
    "log-cosh": Case(lambda to: Separable("log-cosh"), lambda b: torch.log(torch.cosh(b)).sum()),
    "pseudo-Huber": Case(lambda to: Separable("√(1 + x²) − 1"), lambda b: (torch.sqrt(1 + b**2) - 1).sum()),
    "quartic": Case(lambda to: Separable("x²/2 + x⁴/4"), lambda b: (b**2 / 2 + b**4 / 4).sum()),
    "Quadratic": Case(lambda to: Quadratic(to(SPD)), lambda b: b @ torch.tensor(SPD) @ b / 2),
    "Quadratic-indefinite": Case(lambda to: Quadratic(to(A)), lambda b: b @ torch.tensor(A) @ b / 2, convex=False),
}
CONVEX = [name for name, case in CASES.items() if case.convex]


def autograd(loss, points):
    """The loss and torch's gradient at each row of ``points``."""
    betas = [torch.tensor(point, requires_grad=True) for point in points]
    losses = [loss(beta) for beta in betas]
    grads = [torch.autograd.grad(value, beta)[0] for value, beta in zip(losses, betas, strict=True)]
    return np.array([value.item() for value in losses]), torch.stack(grads).numpy()


@pytest.mark.parametrize("points", [RANDOM, LATTICE], ids=["random", "lattice"])
@pytest.mark.parametrize("name", CASES)
def test_value_and_subgradient_equal_autograd(name, points):
    case = CASES[name]
    if points is LATTICE and case.kinks is not None:
        assert case.kinks(points).sum() > 20, "the lattice must hit this objective's kinks"
    objective = case.make(np.asarray)
    value, subgradient = autograd(case.loss, points)
    np.testing.assert_allclose(objective.value(points), value, rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(objective.subgradient(points), subgradient, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize(
    ("objective", "value", "subgradient"),
    [
        (L1Norm(2.0), 6.0, [2, -2]),  # at β = (1, −2) throughout
        (ReLURegression([[1, 1], [1, 0]], [-3, -1], 1, 10), 9 + 4 + 3 + 50, [4 + 1 + 20, -1 - 40]),
        (Lasso([[1, 1], [1, 0]], [1, 3], 2), 4 + 4 + 6, [-4 - 4 + 2, -4 - 2]),
        (Lasso([[1, 1], [1, 0]], [1, 3], 2, "mean"), 4 + 6, [-4 + 2, -2 - 2]),
        (Huber([[1, 1], [1, 0]], [4, 1.5], 2, "sum"), 2 * (5 - 1) + 0.125, [-2 - 0.5, -2]),
        (Huber([[1, 1], [1, 0]], [4, 1.5], 2), (8 + 0.125) / 2, [-1.25, -1]),
        (Quadratic([[1, 2], [2, 5]]), (1 - 8 + 20) / 2, [1 - 4, 2 - 10]),
    ],
    ids=lambda value: type(value).__name__ if hasattr(value, "value") else "",
)
def test_worked_by_hand(objective, value, subgradient):
    assert objective.value([1, -2]) == pytest.approx(value, abs=1e-14)
    np.testing.assert_allclose(objective.subgradient([1, -2]), subgradient, atol=1e-14)


# Halves hit kinks, floats do not.
points = st.one_of(
    arrays(float, (8, P), elements=st.integers(-6, 6).map(lambda i: i / 2)),
    arrays(float, (8, P), elements=st.floats(-10, 10)),
)


@pytest.mark.parametrize("name", CONVEX)
@settings(max_examples=25)  # of 8 starts and 8 ends, so 1600 pairs
@given(x=points, z=points)
def test_subgradient_inequality(name, x, z):
    f = CASES[name].make(np.asarray)
    at_x, at_z = f.value(x)[:, None], f.value(z)
    lower = at_x + np.einsum("ij,ikj->ik", f.subgradient(x), z - x[:, None])
    assert (at_z >= lower - 1e-12 * (1 + at_x + at_z)).all()


def test_relu_regression_is_not_convex_for_positive_y():
    f = NeuronRegression([[1.0]], [1.0])
    assert f.value([0.0]) > (f.value([-1.0]) + f.value([1.0])) / 2
    f = NeuronRegression(X, np.where(np.arange(12) == 3, 1.0, 0.0))  # one positive entry is enough
    x = X[3] / 1000  # the concave kink at x₃ᵀβ = 0 wins over the curvature of the others on a short segment
    assert f.value(0 * x) > (f.value(x) + f.value(-x)) / 2


# --- constants --------------------------------------------------------------------------------------------------------

POSITIVE = np.random.default_rng(1).uniform(0, 1, (12, P))  # its top eigenvector is positive: every ReLU active there


def secants(f, x, z):
    """The steepest secants of f and of its gradient over the pairs (x, z)."""
    gap = np.linalg.norm(x - z, axis=-1)
    slope = abs(f.value(x) - f.value(z)) / gap
    curvature = np.linalg.norm(f.subgradient(x) - f.subgradient(z), axis=-1) / gap
    return slope.max(), curvature.max()


def pairs(scale):
    x = scale * np.random.default_rng(2).normal(size=(5000, P))
    return x, x + scale * np.random.default_rng(3).normal(size=(5000, P)) * np.logspace(-3, 0, 5000)[:, None]


@pytest.mark.parametrize(
    ("f", "top"),
    [
        (Quadratic(SPD), SPD),
        (Quadratic(-SPD), SPD),
        (Lasso(X, Y, 0.0), X.T @ X),
        (Lasso(X, Y, 0.0, "mean"), X.T @ X),
        (Huber(X, 0 * Y, 0.5), X.T @ X),
        (Huber(X, 0 * Y, 2.0, "sum"), X.T @ X),
        (ReLURegression(POSITIVE, 0 * Y, 0.0, 0.5), POSITIVE.T @ POSITIVE),
        (NeuronRegression(POSITIVE, 0 * Y, lam2=0.5), POSITIVE.T @ POSITIVE),
        (NeuronRegression(X, -Y, slope=1.0), X.T @ X),
    ],
    ids=lambda value: type(value).__name__,
)
def test_smoothness_bounds_every_secant_and_is_attained(f, top):
    worst = max(secants(f, *pairs(scale))[1] for scale in (1e-3, 1, 1e3))
    assert worst <= f.smoothness * (1 + 1e-9)
    v = np.linalg.eigh(top)[1][:, -1]
    v = 1e-3 * v * np.sign(v.sum())
    assert secants(f, v[None], 2 * v[None])[1] == pytest.approx(f.smoothness, rel=1e-9)
    assert f.curvature == f.smoothness


@pytest.mark.parametrize(
    "f",
    [
        L1Norm(0.5),
        Lasso(X, Y, 0.5),
        ReLURegression(X, -Y),
        ReLURegression(X, 0 * Y, 0.5),
        NeuronRegression(X, -Y, slope=0.5),
        NeuronRegression(X, 0 * Y, width=0.5, lam1=0.5),
        LeastAbsolute(X, 0 * Y),
        MaxNorm(),
    ],
    ids=["L1Norm", "Lasso", "ReLU", "ReLU-l1", "Neuron", "Neuron-l1", "LeastAbsolute", "MaxNorm"],
)
def test_infinite_smoothness_means_unbounded_secants(f):
    assert f.smoothness == math.inf
    kink = np.zeros((1, P))
    nearby = 1e-9 * np.array([[1.0, 0.7, -0.2, 0.4]])
    assert secants(f, kink + nearby, kink - nearby)[1] > 1e6


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (L1Norm(0.5, p=P), np.ones(P)),
        (Huber(np.ones((6, P)), np.zeros(6), 0.5), np.ones(P)),
        (Huber(np.ones((6, P)), np.zeros(6), 0.5, "sum"), np.ones(P)),
        (LeastAbsolute(np.ones((6, P)), np.zeros(6)), np.ones(P)),
        (LeastAbsolute(X, Y, "sum"), None),
        (MaxNorm(), np.eye(P)[0]),
        (SmoothMaxNorm(0.5), np.eye(P)[0]),
        (Huber(X, Y, 2.0), None),  # here G is only an upper bound
        (Huber(X, Y, 2.0, "sum"), None),
    ],
    ids=lambda value: type(value).__name__,
)
def test_lipschitz_bounds_every_secant_and_is_attained(f, x):
    assert max(secants(f, *pairs(scale))[0] for scale in (1e-2, 1, 1e2)) <= f.lipschitz * (1 + 1e-9)
    if x is not None:
        assert secants(f, x[None], 2 * x[None])[0] == pytest.approx(f.lipschitz, rel=1e-12)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_constants_of_the_logistic_loss_bound_every_secant_and_L_is_met_at_0(reduction):
    f = Logistic(X, LABELS, reduction)
    slopes, curvatures = zip(*(secants(f, *pairs(scale)) for scale in (1e-3, 1e-1, 1, 1e2)), strict=True)
    assert max(slopes) <= f.lipschitz * (1 + 1e-9) and max(curvatures) <= f.smoothness * (1 + 1e-9)
    top = 1e-4 * np.linalg.svd(X)[2][:1]
    assert secants(f, top, -top)[1] == pytest.approx(f.smoothness, rel=1e-6) and f.curvature == f.smoothness


def test_the_logistic_loss_does_not_overflow_and_refuses_other_labels():
    far = 1e4 * RANDOM
    f = Logistic(X, LABELS)
    assert np.isfinite(f.value(far)).all() and np.isfinite(f.subgradient(far)).all()
    margins = LABELS * (far @ X.T)
    np.testing.assert_allclose(f.value(far), np.maximum(-margins, 0).mean(-1), rtol=1e-3)
    with pytest.raises(ValueError, match="y must be labels −1 and 1, got"):
        Logistic(X, 0 * LABELS)


@pytest.mark.parametrize("width", [0.02, 0.5])
@pytest.mark.parametrize("slope", [0.0, 0.3])
def test_smoothness_of_softplus_bounds_every_secant_and_grows_with_the_kink(slope, width):
    f = NeuronRegression(X, -Y, slope, width, lam2=0.5)
    along = np.linspace(-20 * width, 20 * width, 4001)[:, None] * X[:1] / (X[0] @ X[0])  # across the kink of sample 0
    worst = max(secants(f, *pairs(scale))[1] for scale in (1e-3, 1e-1, 1, 1e3))
    worst = max(worst, secants(f, along[1:], along[:-1])[1])
    assert worst <= f.smoothness * (1 + 1e-9)
    one = NeuronRegression([[1.0]], [-3.0], slope, width)  # f″ = 2φ′² + 2(φ + 3)φ″, nearly as large as its bound
    z = np.linspace(-10 * width, 10 * width, 20001)[:, None]
    assert secants(one, z[1:], z[:-1])[1] > 0.75 * one.smoothness
    assert f.smoothness > f.curvature


def test_smoothness_of_the_smooth_max_norm_is_attained():
    f = SmoothMaxNorm(0.25)
    assert max(secants(f, *pairs(scale))[1] for scale in (1e-3, 1e-1, 1, 10)) <= f.smoothness * (1 + 1e-9)
    assert secants(f, 0.01 * np.eye(P), -0.01 * np.eye(P))[1] == pytest.approx(f.smoothness) == 4
    np.testing.assert_array_equal(SmoothMaxNorm(np.array([0.5, 0.1])).smoothness, [2, 10])


@pytest.mark.parametrize("delta", [0.05, 0.5])
def test_smooth_max_norm_is_within_half_delta_and_huber_in_one_dimension(delta):
    points = np.vstack([RANDOM, LATTICE, LATTICE * delta])
    gap = abs(points).max(axis=-1) - SmoothMaxNorm(delta).value(points)
    assert (gap >= -1e-12).all() and (gap <= delta / 2 + 1e-12).all() and gap.max() > 0.4 * delta
    line = points[:, :1]
    huber = Huber([[1.0]], [0.0], delta, "sum").value(line) / delta
    np.testing.assert_allclose(SmoothMaxNorm(delta).value(line), huber, atol=1e-14)


@pytest.mark.parametrize("name", ["ReLU", "Lasso-sum", "Lasso-mean", "Quadratic", "Neuron-relu", "Neuron-softplus"])
def test_infinite_lipschitz_means_unbounded_slopes(name):
    f = CASES[name].make(np.asarray)
    assert f.lipschitz == math.inf
    assert secants(f, *pairs(1e6))[0] > 1e5


def test_constants_over_a_batch():
    lam = np.array([[0.0], [2.0]])
    np.testing.assert_array_equal(L1Norm(lam, p=4).lipschitz, 2 * lam)
    np.testing.assert_array_equal(L1Norm(lam).smoothness, [[0], [math.inf]])
    X2 = np.stack([X, 3 * X])
    np.testing.assert_allclose(
        Lasso(X2, Y, lam).smoothness, [[Lasso(X, Y, 0).curvature, Lasso(3 * X, Y, 0).curvature], [math.inf] * 2]
    )
    np.testing.assert_allclose(Huber(X2, Y).smoothness, [Huber(X, Y).smoothness, Huber(3 * X, Y).smoothness])
    np.testing.assert_allclose(Quadratic(np.stack([A, SPD])).smoothness, [Quadratic(M).smoothness for M in (A, SPD)])


# --- proximal maps ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_only_splittings_have_a_prox(name):
    f = CASES[name].make(np.asarray)
    has_prox = CASES[name].splits
    assert (f.oracle(RANDOM).prox is not None) == (f.oracle(RANDOM).smooth_gradient is not None) == has_prox
    if not has_prox:
        for refused in (lambda: f.prox(RANDOM, 0.3), lambda: f.smooth_gradient(RANDOM)):
            with pytest.raises(TypeError, match=f"{type(f).__name__} is no smooth function plus one of known proximal"):
                refused()


@pytest.mark.parametrize(("f", "lam"), [(L1Norm(0.75), 0.75), (Lasso(X, Y, 2.0), 2.0)], ids=["L1Norm", "Lasso"])
@pytest.mark.parametrize("step", [0.1, 0.6, 5.0])
def test_prox_is_the_minimiser_of_its_definition(f, lam, step):
    """argmin_u step·λ‖u‖₁ + ½‖u − β‖², by its optimality condition and by search over a grid."""
    points = np.vstack([RANDOM, LATTICE, step * lam * LATTICE])
    u = f.prox(points, step)
    gap = (points - u) / step
    assert (abs(gap) <= lam * (1 + 1e-12)).all()
    np.testing.assert_allclose(gap[u != 0], lam * np.sign(u[u != 0]), rtol=1e-12)
    grid = np.linspace(-12, 12, 24001)
    cost = step * lam * abs(grid) + (grid - points[:60, :1]) ** 2 / 2
    np.testing.assert_allclose(u[:60, 0], grid[cost.argmin(axis=-1)], atol=1e-3)


@pytest.mark.parametrize("step", [0.1, 0.6, 5.0])
def test_prox_of_the_max_norm_meets_its_optimality_condition(step):
    """(β − u)/step is a subgradient g of ‖·‖_∞ at u: ‖g‖₁ ≤ 1 and g·u = ‖u‖_∞."""
    points = np.vstack([RANDOM, LATTICE, step * LATTICE])
    u = MaxNorm().prox(points, step)
    g = (points - u) / step
    assert (abs(g).sum(axis=-1) <= 1 + 1e-12).all()
    np.testing.assert_allclose((g * u).sum(axis=-1), abs(u).max(axis=-1), atol=1e-12)


def test_projection_on_the_l1_ball_is_the_nearest_point():
    points = np.vstack([RANDOM, LATTICE, 0.2 * LATTICE])
    near = project_l1_ball(points)
    assert (abs(near).sum(axis=-1) <= 1 + 1e-12).all()
    inside = abs(points).sum(axis=-1) <= 1
    np.testing.assert_array_equal(near[inside], points[inside])
    vertices = np.vstack([np.eye(P), -np.eye(P)])  # (v − near)·(vertex − near) ≤ 0: no vertex lies beyond
    assert ((points - near) @ vertices.T - ((points - near) * near).sum(-1, keepdims=True) <= 1e-12).all()


@pytest.mark.parametrize("name", ["L1Norm", "Lasso-sum", "Lasso-mean", "Huber-mean", "Huber-sum", "Quadratic"])
def test_splitting_adds_up(name):
    """f = g + h: away from zero ∇g + λ·sign is the subgradient; without h the proximal map is the identity."""
    f = CASES[name].make(np.asarray)
    lam = getattr(f, "lam", 0.0)
    np.testing.assert_allclose(f.smooth_gradient(RANDOM) + lam * np.sign(RANDOM), f.subgradient(RANDOM), rtol=1e-12)
    if lam == 0:
        np.testing.assert_array_equal(f.prox(RANDOM, 0.3), RANDOM)


def test_prox_takes_a_step_over_the_batch():
    steps, lams = np.array([[0.1], [2.0]]), np.array([0.3, 0.6, 0.9])
    u = L1Norm(lams).prox(RANDOM[0], steps)
    assert u.shape == (2, 3, P)
    for i, j in np.ndindex(2, 3):
        np.testing.assert_array_equal(u[i, j], soft_threshold(RANDOM[0], steps[i, 0] * lams[j]))


# --- libraries, dtypes, batches ---------------------------------------------------------------------------------------


def evaluations(f, beta):
    yield f.value(beta)
    yield f.subgradient(beta)
    if f.oracle(beta).prox is not None:
        yield f.smooth_gradient(beta)
        yield f.prox(beta, 0.3)


@pytest.mark.parametrize("name", CASES)
def test_numpy_equals_torch(name):
    make, points = CASES[name].make, np.vstack([RANDOM, LATTICE])
    results = zip(
        evaluations(make(np.asarray), points), evaluations(make(torch.tensor), torch.tensor(points)), strict=True
    )
    for ours, theirs in results:
        assert isinstance(theirs, torch.Tensor)
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("to", "dtype"),
    [
        (lambda a: np.asarray(a, np.float32), np.float32),
        (lambda a: np.asarray(a, np.float64), np.float64),
        (lambda a: torch.tensor(a, dtype=torch.float32), torch.float32),
        (lambda a: torch.tensor(a, dtype=torch.float64), torch.float64),
    ],
    ids=["numpy32", "numpy64", "torch32", "torch64"],
)
@pytest.mark.parametrize("name", CASES)
def test_dtype_and_shape_are_kept(name, to, dtype):
    f, beta = CASES[name].make(to), to(RANDOM.reshape(5, 10, P))
    value, *vectors = evaluations(f, beta)
    assert (value.dtype, tuple(value.shape)) == (dtype, (5, 10))
    assert all((v.dtype, v.shape) == (dtype, beta.shape) for v in vectors)
    np.testing.assert_allclose(value, f.value(beta.reshape(50, P)).reshape(5, 10), rtol=1e-6)


BATCH = (3, 2)
CORE = {"X": 2, "y": 1, "A": 2}  # axes that belong to the data itself; every other axis is a batch axis
DATA = {"X": SEED.normal(size=(2, 5, P)), "y": -SEED.uniform(0, 1, (2, 5))}
DOWN, ACROSS = SEED.uniform(0.1, 1, (3, 1)), SEED.uniform(0.1, 1, 2)


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        (L1Norm, {"lam": DOWN * ACROSS}),
        (L1Norm, {"lam": DOWN}),
        (ReLURegression, DATA | {"lam1": DOWN, "lam2": ACROSS}),
        (Lasso, DATA | {"lam": DOWN}),
        (Lasso, {"X": X, "y": Y, "lam": DOWN}),
        (Lasso, {"X": X, "y": SEED.normal(size=(3, 1, 12)), "lam": ACROSS}),
        (Huber, DATA | {"delta": DOWN}),
        (Huber, {"X": X, "y": Y, "delta": ACROSS}),
        (NeuronRegression, DATA | {"slope": DOWN, "width": ACROSS, "lam2": DOWN}),
        (NeuronRegression, {"X": X, "y": -Y, "width": np.array([[0.0], [0.1], [1.0]]), "lam1": ACROSS}),
        (SmoothMaxNorm, {"delta": DOWN}),
        (Quadratic, {"A": np.stack([A, SPD])}),
    ],
)
@pytest.mark.parametrize("to", [np.asarray, torch.tensor], ids=["numpy", "torch"])
@pytest.mark.parametrize("shape", [(P,), (2, P), (3, 1, P), (3, 2, P)], ids=str)
def test_batch_equals_one_at_a_time(kind, arguments, to, shape):
    beta = np.random.default_rng(5).normal(size=shape)
    f = kind(**{name: to(value) for name, value in arguments.items()})
    value, *vectors = evaluations(f, to(beta))
    batch = np.broadcast_shapes(f.batch_shape, shape[:-1])
    assert tuple(value.shape) == batch
    betas = np.broadcast_to(beta, (*batch, P))
    for index in np.ndindex(batch):
        single = {}
        for name, array in arguments.items():
            core = array.shape[array.ndim - CORE.get(name, 0) :]
            single[name] = np.broadcast_to(array, (*batch, *core))[index]
        one = evaluations(kind(**single), betas[index])
        for whole, part in zip((value, *vectors), one, strict=True):
            whole = np.broadcast_to(
                np.asarray(whole), (*batch, *np.shape(part))
            )  # a batch-free prox keeps beta's shape
            np.testing.assert_allclose(whole[index], part, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", ["log-cosh", "√(1 + x²) − 1"])
def test_separable_relatives_of_huber_have_unit_curvature_and_bounded_slope(kind):
    f = Separable(kind)
    assert f.smoothness == f.curvature == 1 and np.abs(f.subgradient([[1e6, -1e6]])).max() <= 1
    assert f.subgradient([1e-6])[0] / 1e-6 == pytest.approx(1, rel=1e-9)
    assert f.value([1e-9]) == pytest.approx(5e-19, rel=1e-5)  # no cancellation
    assert np.isfinite(f.value([1e4]))


def test_quartic_has_no_finite_smoothness():
    assert Separable("x²/2 + x⁴/4").smoothness == math.inf


def trough_loss(b, width):
    above, below = torch.relu(b[1]), -torch.relu(-b[1])
    return torch.relu(b[0].abs() - width * (above / (1 + above) + below))


@pytest.mark.parametrize("to", [np.asarray, torch.tensor], ids=["numpy", "torch"])
def test_trough_equals_autograd_and_is_convex(to):
    points = np.random.default_rng(0).uniform(-2, 4, (200, 2))
    f = Trough(0.25)
    value, subgradient = autograd(lambda b: trough_loss(b, 0.25), points)
    np.testing.assert_allclose(np.asarray(f.value(to(points))), value, atol=1e-14)
    np.testing.assert_allclose(np.asarray(f.subgradient(to(points))), subgradient, atol=1e-14)
    gap = value[None] - value[:, None] - np.einsum("ik,ijk->ij", subgradient, points[None] - points[:, None])
    assert gap.min() > -1e-12  # the subgradient inequality, for all pairs
    slopes = np.abs(value[None] - value[:, None]) / np.maximum(
        np.linalg.norm(points[None] - points[:, None], axis=-1), 1e-9
    )
    assert slopes.max() <= f.lipschitz
    with pytest.raises(ValueError, match=r"beta must have shape \(..., 2\), got \(3,\)"):
        f.value([1.0, 2.0, 3.0])


def test_each_member_of_a_batch_has_its_own_smoothness():
    loss = objectives.ReLURegression(np.eye(2), np.array([[0.0, 0.0], [-1.0, -1.0]]))
    assert loss.smoothness.tolist() == [2.0, np.inf]
    with pytest.raises(ValueError, match="A must be symmetric"):
        objectives.Quadratic(np.array([[[1e6, 0.0], [0.0, 1e6]], [[1.0, 0.5], [0.0, 1.0]]]))


def test_log_cosh_does_not_cancel_near_0():
    for dtype, small in ((np.float32, 1e-8), (np.float64, 1e-12)):
        x = np.array([[small], [1e-3], [0.5], [2.0], [300.0]], dtype=dtype)
        exact = np.where(x < 1e-2, x.astype(float) ** 2 / 2, np.logaddexp(x.astype(float), -x) - np.log(2))[:, 0]
        np.testing.assert_allclose(
            counterexamples.Separable("log-cosh").value(x), exact, rtol=3e-6 if small > 1e-9 else 1e-6
        )


def test_the_projection_takes_any_radius():
    v = np.array([[3.0, -1.0], [0.2, 0.1]])
    for radius in (0.0, 0.25, 1.0, 10.0):
        projected = counterexamples.project_l1_ball(v, radius)
        assert (np.abs(projected).sum(-1) <= radius + 1e-12).all()
    np.testing.assert_allclose(counterexamples.project_l1_ball(v, 2.0), 2 * counterexamples.project_l1_ball(v / 2.0))


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_the_gram_matrix_gives_the_gradient_of_the_residuals(reduction):
    rng, scale = np.random.default_rng(0), 1 if reduction == "sum" else 60
    X, y, beta = rng.standard_normal((2, 60, 20)), rng.standard_normal((2, 60)), rng.standard_normal((2, 20))
    ours = Lasso(X, y, 0.0, reduction).subgradient(beta)
    residual = np.einsum("inp,ip->in", X, beta) - y
    assert ours == pytest.approx(2 / scale * np.einsum("inp,in->ip", X, residual), rel=1e-10)
