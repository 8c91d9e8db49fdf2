"""`trajectories.run` against loops written out here, torch.optim and scikit-learn."""

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from sklearn.linear_model import Lasso as SklearnLasso

from ngdm_helpers import counterexamples, objectives, trajectories
from ngdm_helpers.counterexamples import LeastAbsolute
from ngdm_helpers.course import problems
from ngdm_helpers.objectives import Huber, L1Norm, Lasso, Quadratic, ReLURegression
from ngdm_helpers.trajectories import DivergenceWarning, run

N, P = 12, 5
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(N, P)), RNG.normal(size=N)
A = X.T @ X
BETA0 = RNG.normal(size=P)
LIBRARIES = pytest.mark.parametrize("to", [np.asarray, torch.as_tensor], ids=["numpy", "torch"])


def soft(u, t):
    return np.where(u > t, u - t, np.where(u < -t, u + t, 0.0))


@dataclass
class Problem:
    """f = g + λ‖·‖₁ written out: g's gradient, λ, and the loss for torch."""

    make: Callable
    gradient: Callable
    loss: Callable
    lam: float = 0.0
    splits: bool = True


def torch_loss(g, lam):
    TX, TY = torch.as_tensor(X), torch.as_tensor(Y)
    return lambda b: g(TX @ b, TY, b) + lam * b.abs().sum()


PROBLEMS = {
    "L1Norm": Problem(lambda to: L1Norm(0.3), lambda b: 0 * b, torch_loss(lambda z, y, b: 0, 0.3), 0.3),
    "ReLURegression": Problem(
        lambda to: ReLURegression(to(X), to(-abs(Y)), 0.3, 0.2),
        lambda b: 2 * X.T @ ((np.maximum(X @ b, 0) + abs(Y)) * (X @ b > 0)) + 0.4 * b,
        torch_loss(lambda z, y, b: ((-y.abs() - torch.relu(z)) ** 2).sum() + 0.2 * (b**2).sum(), 0.3),
        lam=0.3,
        splits=False,
    ),
    "Lasso": Problem(
        lambda to: Lasso(to(X), to(Y), 2.0),
        lambda b: 2 * X.T @ (X @ b - Y),
        torch_loss(lambda z, y, b: ((y - z) ** 2).sum(), 2.0),
        lam=2.0,
    ),
    "Lasso-mean": Problem(
        lambda to: Lasso(to(X), to(Y), 0.2, "mean"),
        lambda b: 2 * X.T @ (X @ b - Y) / N,
        torch_loss(lambda z, y, b: torch.nn.functional.mse_loss(z, y), 0.2),
        lam=0.2,
    ),
    "Huber": Problem(
        lambda to: Huber(to(X), to(Y), 0.5),
        lambda b: X.T @ np.clip(X @ b - Y, -0.5, 0.5) / N,
        torch_loss(lambda z, y, b: torch.nn.functional.huber_loss(z, y, delta=0.5), 0),
    ),
    "LeastAbsolute": Problem(
        lambda to: LeastAbsolute(to(X), to(Y)),
        lambda b: X.T @ np.sign(X @ b - Y) / N,
        torch_loss(lambda z, y, b: torch.nn.functional.l1_loss(z, y), 0),
        splits=False,
    ),
    "Quadratic": Problem(
        lambda to: Quadratic(to(A)), lambda b: A @ b, torch_loss(lambda z, y, b: b @ torch.as_tensor(A) @ b / 2, 0)
    ),
}
SPLIT = ["proximal", "fista", "rda", "adam_decoupled", "adam_proximal"]
TORCH = {
    "subgradient": torch.optim.SGD,
    "momentum": lambda b, lr: torch.optim.SGD(b, lr=lr, momentum=0.9),
    "adam": torch.optim.Adam,
    "rmsprop": torch.optim.RMSprop,
}
EVERY_PAIR = [(n, m) for n, problem in PROBLEMS.items() for m in (*TORCH, *SPLIT) if problem.splits or m in TORCH]
assert set(trajectories.METHODS) == {*TORCH, *SPLIT}


def reference(method, g, lam, beta, lr, steps):
    """All iterates of each method, from its textbook formulas: ∇g, λ, β₀ and a learning rate η(k)."""

    def subgradient(b):
        return g(b) + lam * np.sign(b)

    path, first, second, z, t, total = [beta], 0.0, 0.0, beta, 1.0, 0.0
    for k in range(steps):
        eta, b = lr(k), path[-1]
        if method == "subgradient":
            new = b - eta * subgradient(b)
        elif method == "proximal":
            new = soft(b - eta * g(b), eta * lam)
        elif method == "fista":
            new = soft(z - eta * g(z), eta * lam)
            t, before = (1 + np.sqrt(1 + 4 * t**2)) / 2, t
            z = new + (before - 1) / t * (new - b)
        elif method == "rda":
            total = total + g(b)
            new = -eta * np.sqrt(k + 1) * soft(total / (k + 1), lam)
        elif method == "momentum":
            first = 0.9 * first + subgradient(b)
            new = b - eta * first
        elif method == "adam":
            first = 0.9 * first + 0.1 * subgradient(b)
            second = 0.999 * second + 0.001 * subgradient(b) ** 2
            new = b - eta * (first / (1 - 0.9 ** (k + 1))) / (np.sqrt(second / (1 - 0.999 ** (k + 1))) + 1e-8)
        elif method in ("adam_decoupled", "adam_proximal"):
            first, second = 0.9 * first + 0.1 * g(b), 0.999 * second + 0.001 * g(b) ** 2
            new = b - eta * (first / (1 - 0.9 ** (k + 1))) / (np.sqrt(second / (1 - 0.999 ** (k + 1))) + 1e-8)
            new = new - eta * lam * np.sign(b) if method == "adam_decoupled" else soft(new, eta * lam)
        elif method == "rmsprop":
            second = 0.99 * second + 0.01 * subgradient(b) ** 2
            new = b - eta * subgradient(b) / (np.sqrt(second) + 1e-8)
        path.append(new)
    return np.array(path)


@LIBRARIES
@pytest.mark.parametrize(("name", "method"), EVERY_PAIR)
def test_run_equals_a_reference_loop(name, method, to):
    problem = PROBLEMS[name]
    expected = reference(method, problem.gradient, problem.lam, BETA0, lambda k: 0.01, 100)
    path = run(problem.make(to), to(BETA0), 0.01, 100, method)
    np.testing.assert_allclose(path.iterates, expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(path.values, [problem.loss(torch.as_tensor(b)).item() for b in expected], rtol=1e-12)
    assert path.overflow_step is None and path.lr == 0.01
    np.testing.assert_array_equal(path.steps, np.arange(101))


@pytest.mark.parametrize(("name", "method"), EVERY_PAIR)
def test_numpy_equals_torch(name, method):
    make = PROBLEMS[name].make
    ours = run(make(np.asarray), BETA0, 0.02, 100, method)
    theirs = run(make(torch.as_tensor), torch.as_tensor(BETA0), 0.02, 100, method)
    np.testing.assert_allclose(ours.iterates, theirs.iterates.numpy(), rtol=0, atol=1e-12)
    np.testing.assert_allclose(ours.values, theirs.values.numpy(), rtol=1e-12)


def optimise(optimizer, loss, steps, schedule=None):
    """The loop that torch users write."""
    beta = torch.tensor(BETA0, requires_grad=True)
    optimizer = optimizer([beta], lr=0.02)
    schedule = schedule and schedule(optimizer)
    path = [beta.detach().clone()]
    for _ in range(steps):
        optimizer.zero_grad()
        loss(beta).backward()
        optimizer.step()
        if schedule:
            schedule.step()
        path.append(beta.detach().clone())
    return torch.stack(path).numpy()


@pytest.mark.parametrize("method", TORCH)
@pytest.mark.parametrize("name", PROBLEMS)
def test_equals_torch_optim_step_by_step(name, method):
    problem = PROBLEMS[name]
    path = run(problem.make(np.asarray), BETA0, 0.02, 100, method).iterates
    np.testing.assert_allclose(path, optimise(TORCH[method], problem.loss, 100), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("method", "options", "optimizer"),
    [
        ("momentum", {"momentum": 0.5}, lambda b, lr: torch.optim.SGD(b, lr, momentum=0.5)),
        ("adam", {"beta1": 0.5, "beta2": 0.9, "eps": 0.1}, lambda b, lr: torch.optim.Adam(b, lr, (0.5, 0.9), 0.1)),
        ("rmsprop", {"alpha": 0.5, "eps": 0.1}, lambda b, lr: torch.optim.RMSprop(b, lr, 0.5, 0.1)),
    ],
)
def test_options_mean_what_torch_means(method, options, optimizer):
    problem = PROBLEMS["Lasso"]
    path = run(problem.make(np.asarray), BETA0, 0.02, 60, method, **options).iterates
    np.testing.assert_allclose(path, optimise(optimizer, problem.loss, 60), rtol=0, atol=1e-12)


# --- schedules --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (trajectories.constant(0.02), None),
        (trajectories.step_decay(0.02, 30), lambda o: torch.optim.lr_scheduler.StepLR(o, 30)),
        (trajectories.step_decay(0.02, 7, 0.5), lambda o: torch.optim.lr_scheduler.StepLR(o, 7, 0.5)),
        (trajectories.exponential_decay(0.02, 0.95), lambda o: torch.optim.lr_scheduler.ExponentialLR(o, 0.95)),
        (
            trajectories.diminishing(0.02),
            lambda o: torch.optim.lr_scheduler.LambdaLR(o, lambda k: 1 / np.sqrt(k + 1)),
        ),
        (
            trajectories.diminishing(0.02, power=1),
            lambda o: torch.optim.lr_scheduler.LambdaLR(o, lambda k: 1 / (k + 1)),
        ),
    ],
    ids=lambda value: str(value) if isinstance(value, trajectories.Schedule) else "",
)
@pytest.mark.parametrize("method", TORCH)
def test_schedules_equal_torch(ours, theirs, method):
    problem = PROBLEMS["Lasso"]
    path = run(problem.make(np.asarray), BETA0, ours, 100, method).iterates
    np.testing.assert_allclose(path, optimise(TORCH[method], problem.loss, 100, theirs), rtol=0, atol=1e-12)


def test_silver_steps_are_the_fractal_and_beat_one_over_L_on_the_worst_huber():
    """The recursion of Altschuler and Parrilo: [h, 1 + ρ^(k − 1), h] from [√2], ρ = 1 + √2."""
    h = [math.sqrt(2)]
    for k in range(1, 8):
        h = [*h, 1 + (1 + math.sqrt(2)) ** (k - 1), *h]
    schedule = trajectories.silver(2.0)
    assert [schedule(k) for k in range(255)] == pytest.approx([step / 2 for step in h])
    assert sum(step > 2 + 1e-12 for step in h) == 63
    deltas = np.geomspace(1e-4, 1, 2000)
    huber = objectives.Huber(np.ones((1, 1)), np.zeros(1), deltas, reduction="sum")  # L = 1
    silver, constant = (
        run(huber, np.ones((2000, 1)), lr, 255, record_every=255).values[-1].max()
        for lr in (trajectories.silver(1.0), 1.0)
    )
    assert constant == pytest.approx(1 / (4 * 255 + 2), rel=1e-3) and silver < constant / 4
    np.testing.assert_array_equal(trajectories.silver(np.array([1.0, 2.0]))(1), [2, 1])
    with pytest.raises(ValueError, match="smoothness must be positive"):
        trajectories.silver(0.0)


@pytest.mark.parametrize("method", SPLIT)
def test_schedules_reach_the_proximal_methods(method):
    problem, schedule = PROBLEMS["Lasso"], trajectories.step_decay(0.02, 10, 0.5)
    path = run(problem.make(np.asarray), BETA0, schedule, 40, method).iterates
    expected = reference(method, problem.gradient, problem.lam, BETA0, lambda k: 0.02 * 0.5 ** (k // 10), 40)
    np.testing.assert_allclose(path, expected, rtol=0, atol=1e-12)


@LIBRARIES
@pytest.mark.parametrize(
    "schedule",
    [
        trajectories.constant,
        trajectories.diminishing,
        lambda lr: trajectories.step_decay(lr, 5),
        lambda lr: trajectories.exponential_decay(lr, 0.9),
        lambda lr: lambda k: lr / (1 + k),  # any function of k will do
    ],
)
def test_a_schedule_over_the_batch_equals_single_schedules(schedule, to):
    f, rates = PROBLEMS["Lasso"].make(to), np.array([0.001, 0.01, 0.02])
    batch = run(f, to(BETA0), schedule(to(rates)), 20).iterates
    for i, rate in enumerate(rates):
        single = run(f, to(BETA0), schedule(float(rate)), 20).iterates
        np.testing.assert_allclose(batch[:, i], single, rtol=1e-12, atol=1e-14)


# --- batches and records ----------------------------------------------------------------------------------------------


@LIBRARIES
@pytest.mark.parametrize("method", trajectories.METHODS)
def test_a_grid_of_settings_equals_single_runs(method, to):
    """lr down, λ across, one start for all."""
    rates, lams = np.array([[0.001], [0.01]]), np.array([[0.1, 1.0, 10.0]])
    batch = run(Lasso(to(X), to(Y), to(lams)), to(BETA0), to(rates), 30, method)
    assert tuple(batch.iterates.shape) == (31, 2, 3, P) and tuple(batch.values.shape) == (31, 2, 3)
    for i, j in np.ndindex(2, 3):
        single = run(Lasso(to(X), to(Y), float(lams[0, j])), to(BETA0), float(rates[i, 0]), 30, method)
        np.testing.assert_allclose(batch.iterates[:, i, j], single.iterates, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(batch.values[:, i, j], single.values, rtol=1e-12)


@LIBRARIES
@pytest.mark.parametrize("batched", ["beta0", "X", "delta", "lr"])
def test_any_argument_may_carry_the_batch(batched, to):
    single = {"X": X, "delta": 0.5, "beta0": BETA0, "lr": 0.3}
    scale = np.array([0.5, 1.0, 2.0])
    members = [{**single, batched: s * single[batched]} for s in scale]
    whole = {**single, batched: np.stack([member[batched] for member in members])}

    def go(X, delta, beta0, lr):
        array = [to(v) if np.ndim(v) else v for v in (X, delta, beta0, lr)]
        return run(Huber(array[0], to(Y), array[1]), array[2], array[3], 40).iterates

    iterates = go(**whole)
    assert tuple(iterates.shape) == (41, 3, P)
    for i, member in enumerate(members):
        np.testing.assert_allclose(iterates[:, i], go(**member), rtol=1e-12, atol=1e-14)


@LIBRARIES
@pytest.mark.parametrize(("steps", "every"), [(20, 1), (20, 5), (23, 5), (3, 5), (20, 20)])
@pytest.mark.parametrize("method", ["subgradient", "fista", "adam"])
def test_record_every(method, steps, every, to):
    f = PROBLEMS["Lasso"].make(to)
    whole = run(f, to(BETA0), 0.01, steps, method)
    thinned = run(f, to(BETA0), 0.01, steps, method, record_every=every)
    assert len(thinned.iterates) == steps // every + 1
    np.testing.assert_array_equal(thinned.iterates, whole.iterates[::every])
    np.testing.assert_allclose(thinned.values, whole.values[::every], rtol=1e-14)
    np.testing.assert_array_equal(thinned.steps, whole.steps[::every])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("method", trajectories.METHODS)
def test_library_dtype_and_start_are_kept(method, dtype):
    for xp in (np, torch):
        dt = getattr(xp, dtype)
        beta0 = xp.asarray(BETA0, dtype=dt)
        path = run(Lasso(xp.asarray(X, dtype=dt), xp.asarray(Y, dtype=dt), 1.0), beta0, 0.01, 3, method)
        assert type(path.iterates) is type(path.values) is type(beta0)
        assert path.iterates.dtype == path.values.dtype == dt
        np.testing.assert_array_equal(beta0, np.asarray(BETA0, dtype))  # no update in place
    assert run(Lasso(xp.asarray(X, dtype=dt), xp.asarray(Y, dtype=dt), 1.0), [0.0] * P, 0.01, 3).iterates.dtype == dt


# --- the proximal methods solve the LASSO -----------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("n", "p"), [(60, 20), (20, 40)])
@pytest.mark.parametrize("reduction", ["sum", "mean"])
@pytest.mark.parametrize("method", ["proximal", "fista"])
def test_reaches_scikit_learn_and_kkt(method, reduction, n, p):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(n, p))
    y = X[:, :4] @ [3, -2, 1.5, 1] + 0.1 * rng.normal(size=n)
    samples = n if reduction == "mean" else 1
    lam = 0.1 * 2 * abs(X.T @ y).max() / samples  # a tenth of the λ that makes everything zero
    f = Lasso(X, y, lam, reduction)
    beta = run(f, np.zeros(p), 1 / f.curvature, 20_000, method, record_every=20_000).iterates[-1]

    alpha = lam / 2 if reduction == "mean" else lam / (2 * n)
    sklearn = SklearnLasso(alpha=alpha, fit_intercept=False, tol=1e-15, max_iter=10**6).fit(X, y)
    np.testing.assert_allclose(beta, sklearn.coef_, rtol=0, atol=1e-8)

    pull, zero = 2 * X.T @ (y - X @ beta) / samples, beta == 0
    assert 0 < zero.sum() < p
    assert (abs(pull[zero]) <= lam * (1 + 1e-9)).all()
    np.testing.assert_allclose(pull[~zero], lam * np.sign(beta[~zero]), rtol=1e-9)


def test_dual_averaging_gives_exact_zeros_and_the_subgradient_method_none():
    rng = np.random.default_rng(2)
    X, start = rng.normal(size=(60, 20)), rng.normal(size=20)
    f = Lasso(X, X[:, :3] @ [3.0, -2.0, 1.5], 20.0)
    optimum = run(f, start, 1 / f.curvature, 5000, "proximal").iterates[-1]
    averaged = run(f, start, 10 / f.curvature, 20_000, "rda").iterates[-1]
    oscillating = run(f, start, 1 / f.curvature, 20_000).iterates
    np.testing.assert_array_equal(averaged == 0, optimum == 0)
    assert (optimum == 0).sum() == 17
    np.testing.assert_allclose(averaged, optimum, atol=0.005)
    assert (oscillating != 0).all()


# --- overflow ---------------------------------------------------------------------------------------------------------

OVERFLOWING = ["subgradient", "momentum", "proximal", "fista", "rda"]
UNSTABLE = 3.0  # times the curvature of the square is about 100: far above 2/L, and enough for dual averaging too


def first_overflow(method, lr, steps, problem):
    """The reference path and the first step whose iterate or loss is not finite (None if there is none)."""
    with np.errstate(all="ignore"):
        path = reference(method, problem.gradient, problem.lam, BETA0, lambda k: lr, steps)
    losses = np.array([problem.loss(torch.as_tensor(b)).item() for b in path])
    bad = ~(np.isfinite(path).all(axis=1) & np.isfinite(losses))
    return path, (int(bad.argmax()) if bad.any() else None)


def seen(step, every):
    """The first recorded step at or after ``step``."""
    return math.ceil(step / every) * every


@pytest.mark.slow
@LIBRARIES
@pytest.mark.parametrize("every", [1, 7])
@pytest.mark.parametrize("method", OVERFLOWING)
def test_a_run_that_overflows_ends_with_its_finite_part(method, every, to):
    problem = PROBLEMS["Lasso"]
    expected, step = first_overflow(method, UNSTABLE, 1000, problem)
    step = seen(step, every)
    with pytest.warns(
        DivergenceWarning, match=rf"{method} on Lasso.* overflowed at step {step}; .* ends at step {step - every}$"
    ):
        path = run(problem.make(to), to(BETA0), UNSTABLE, 1000, method, record_every=every)
    assert path.overflow_step == step
    assert len(path.iterates) == len(path.values) == len(path.steps) == (step - 1) // every + 1
    assert np.isfinite(path.iterates).all() and np.isfinite(path.values).all()
    np.testing.assert_allclose(path.iterates, expected[path.steps], rtol=1e-9)


@pytest.mark.slow
@LIBRARIES
@pytest.mark.parametrize("every", [1, 7])
@pytest.mark.parametrize("method", OVERFLOWING)
def test_a_member_that_overflows_repeats_its_last_finite_iterate(method, every, to):
    problem, rates = PROBLEMS["Lasso"], np.array([0.001, UNSTABLE, 10 * UNSTABLE])
    with pytest.warns(DivergenceWarning, match=r"overflowed in 2 of 3 settings, first at step \d+; see overflow_step"):
        path = run(problem.make(to), to(BETA0), to(rates), 1000, method, record_every=every)
    assert len(path.iterates) == 1000 // every + 1  # the stable member runs to the end
    assert np.isfinite(path.iterates).all() and np.isfinite(path.values).all()
    for i, rate in enumerate(rates):
        expected, step = first_overflow(method, float(rate), 1000, problem)
        assert path.overflow_step[i] == (-1 if step is None else seen(step, every))
        last = len(path.iterates) - 1 if step is None else (step - 1) // every
        np.testing.assert_allclose(
            path.iterates[: last + 1, i], expected[path.steps[: last + 1]], rtol=1e-9, atol=1e-12
        )
        assert (path.iterates[last:, i] == path.iterates[last, i]).all()
        assert (path.values[last:, i] == path.values[last, i]).all()


def test_a_batch_that_overflows_entirely_ends_with_its_longest_member():
    rates = np.array([[UNSTABLE], [10 * UNSTABLE]])
    with pytest.warns(DivergenceWarning, match="in 2 of 2 settings"):
        path = run(PROBLEMS["Lasso"].make(np.asarray), BETA0, rates, 1000)
    assert path.overflow_step.shape == (2, 1)
    assert len(path.iterates) == path.overflow_step.max()
    assert np.isfinite(path.iterates).all() and np.isfinite(path.values).all()


def test_overflow_in_the_first_step_leaves_the_start():
    with pytest.warns(DivergenceWarning, match="overflowed at step 1; the trajectory ends at step 0"):
        path = run(Quadratic([[1e200]]), [1.0], 1e200, 10)
    np.testing.assert_array_equal(path.iterates, [[1.0]])
    assert path.overflow_step == 1


@pytest.mark.parametrize(("rates", "step"), [(1e200, 1), ([0.5, 1e200], [-1, 1])])
def test_an_expected_overflow_needs_no_warning_filter(rates, step):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        path = run(Quadratic([[1.0]]), [1.0], rates, 10, on_overflow="ignore")
    np.testing.assert_array_equal(path.overflow_step, step)
    assert np.isfinite(path.iterates).all()


def test_an_overflow_between_two_records_is_seen_at_the_later_one():
    """An overflow is found in what was recorded: at step 200, the first record after step 155."""
    assert run(Quadratic([[1.0]]), [1.0], 11.0, 400, record_every=100, on_overflow="ignore").overflow_step == 200
    unseen = run(Quadratic([[1.0]]), [1.0], 11.0, 199, record_every=100)
    assert unseen.overflow_step is None and unseen.steps.tolist() == [0, 100] and np.isfinite(unseen.values).all()


def test_a_loss_that_overflows_before_its_iterate_counts():
    """β ~ 1e160 is finite, β² is not."""
    with pytest.warns(DivergenceWarning):
        path = run(Quadratic([[1.0]]), [1.0], 11.0, 200)
    assert path.overflow_step == 155  # ½·10^(2k) > 1.8e308
    assert abs(path.iterates[-1, 0]) == pytest.approx(1e154)


@pytest.mark.parametrize("method", trajectories.METHODS)
def test_a_finite_run_does_not_warn(method):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert run(PROBLEMS["Lasso"].make(np.asarray), BETA0, 0.001, 100, method).overflow_step is None


def test_values_in_slices_are_the_same(monkeypatch):
    X, y = _data(20, 3)
    lam = np.linspace(0.1, 1, 6)
    whole = trajectories.run(objectives.Lasso(X, y, lam), np.ones(3), 0.001, 50)
    monkeypatch.setattr(trajectories, "_BLOCK", 40)
    sliced = trajectories.run(objectives.Lasso(X, y, lam), np.ones(3), 0.001, 50)
    np.testing.assert_array_equal(sliced.iterates, whole.iterates)
    np.testing.assert_allclose(sliced.values, whole.values, rtol=1e-13)


@pytest.mark.parametrize("size", [1, 5])
def test_a_minibatch_run_that_overflows_ends_with_its_finite_part(size):
    X, y = _data(20, 3)
    problem = problems.Minibatch(objectives.Lasso(X, y, 0.1), size, seed=1)
    with pytest.warns(trajectories.DivergenceWarning):
        run = trajectories.run(problem, np.ones(3), 1.0, 2000)
    assert np.isfinite(run.values).all() and np.isfinite(run.iterates).all()
    again = trajectories.run(problem, np.ones(3), 1.0, run.overflow_step - 1)
    np.testing.assert_array_equal(again.iterates, run.iterates)


def test_a_proximal_run_may_end_with_steps_of_0():
    schedule = trajectories.Schedule("to 0", lambda k: max(0.1 - 0.02 * k, 0.0))
    run = trajectories.run(counterexamples.MaxNorm(), [1.0, 0.5], schedule, 10, "proximal")
    assert run.overflow_step is None and run.iterates[-1].tolist() == run.iterates[-2].tolist()


def test_a_torch_parameter_is_a_start_like_any_other():

    run = trajectories.run(objectives.L1Norm(1.0), torch.tensor([0.5, 0.2], requires_grad=True), 0.01, 5)
    assert not run.iterates.requires_grad and not run.values.requires_grad


def _data(n, p):
    rng = np.random.default_rng(3)
    return rng.standard_normal((n, p)), rng.standard_normal(n)


@pytest.mark.parametrize("method", trajectories.METHODS)
def test_iterate_gives_what_run_records(method):
    problem, rates = objectives.Lasso(np.eye(3), np.ones(3), np.array([0.1, 1.0])), trajectories.diminishing(0.1)
    whole = trajectories.run(problem, np.zeros(3), rates, 20, method).iterates
    states = trajectories.iterate(problem, np.zeros(3), rates, method)
    assert all(np.array_equal(state, row) for state, row in zip(states, whole, strict=False))
    with pytest.raises(TypeError, match="nonsense is not an option"):
        trajectories.iterate(problem, np.zeros(3), 0.1, method, nonsense=1)
