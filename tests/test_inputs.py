"""Bad input: the error names the argument, says what is allowed and shows the value."""

import math
import re

import numpy as np
import pytest
import torch

from ngdm_helpers import theory, trajectories
from ngdm_helpers.counterexamples import MaxNorm, NeuronRegression, PowerTail, SmoothMaxNorm, project_l1_ball
from ngdm_helpers.objectives import Huber, L1Norm, Lasso, Quadratic, ReLURegression
from ngdm_helpers.trajectories import run

NAN, INF, HUGE = math.nan, math.inf, 10**5000
MASKED = np.ma.array([9e9, 1.0], mask=[True, False])
X, Y, ONE = np.ones((3, 2)), np.zeros(3), np.ones(2)
TX, TY, TONE = (torch.tensor(array) for array in (X, Y, ONE))
ELSEWHERE = TONE.to("meta")  # a device that every machine has besides the CPU
SPARSE = torch.eye(2).to_sparse()
LASSO, TORCH_LASSO, BATCHED = Lasso(X, Y, 1.0), Lasso(TX, TY, 1.0), Lasso(np.ones((4, 3, 2)), Y, 1.0)
A_NUMBER, A_RATE = "a number or an array over the batch", "a number, an array over the batch, or a schedule"
NOT_MOVED = "on the device of {} (cpu)"


def start(**changes):
    """A good call of ``run`` with one argument spoilt."""
    return lambda: run(**({"objective": LASSO, "beta0": ONE, "lr": 0.1, "steps": 5} | changes))


def from_step(k, rate):
    """A schedule that is fine before step ``k``."""
    return lambda j: 0.1 if j < k else rate


# (call, exception, argument, what is allowed, value)
BAD = [
    (start(objective=3), TypeError, "objective", "of the class Objective", "3"),
    # numbers and arrays over the batch
    *[
        (lambda make=make, value=value: make(value), ValueError, name, allowed, repr(value))
        for make, name, allowed, values in [
            (L1Norm, "lam", "non-negative", [-1.0, NAN, -INF]),
            (lambda lam1: ReLURegression(X, Y, lam1), "lam1", "non-negative", [-0.5, NAN]),
            (lambda lam2: ReLURegression(X, Y, 0, lam2), "lam2", "non-negative", [-0.5, NAN]),
            (lambda lam: Lasso(X, Y, lam), "lam", "non-negative", [-1.0, NAN]),
            (lambda delta: Huber(X, Y, delta), "delta", "positive", [-1.0, 0.0, NAN]),
            (lambda step: LASSO.prox(ONE, step), "step", "positive", [-1.0, 0.0, NAN]),
            (lambda lr: run(LASSO, ONE, lr, 5), "lr", "positive", [-0.1, 0.0, NAN]),
            (trajectories.constant, "lr", "positive", [-0.1, 0.0, NAN]),
            (trajectories.diminishing, "lr", "positive", [-0.1, NAN]),
            (lambda lr: trajectories.step_decay(lr, 5), "lr", "positive", [-0.1, NAN]),
            (lambda lr: trajectories.exponential_decay(lr, 0.5), "lr", "positive", [-0.1, NAN]),
            (lambda lr: theory.orbit(ONE, lr, 1), "lr", "positive", [-0.1, 0.0, NAN]),
            (lambda lam: theory.orbit(ONE, 1, lam), "lam", "positive", [-0.1, 0.0, NAN]),
            (lambda lr: theory.entry_step(ONE, lr, 1), "lr", "positive", [-0.1, 0.0]),
            (lambda lr: theory.residue(ONE, lr, 1), "lr", "positive", [-0.1, 0.0]),
            (lambda lr: theory.band_mean_l1(2, lr, 1), "lr", "positive", [-0.1, 0.0]),
            (lambda lam: theory.band_mean_l1(2, 1, lam), "lam", "non-negative", [-0.1, NAN]),
            (lambda lr: theory.subgradient_bound(L1Norm(1, 2), lr), "lr", "positive", [-0.1, NAN]),
            (lambda c: theory.huber_plateau(c, 1), "c", "at least 2", [1.9]),
            (lambda c: theory.huber_plateau(c, 1), "c", "positive", [-1.0, NAN]),
            (lambda delta: theory.huber_plateau(3, delta), "delta", "positive", [0.0, NAN]),
            (lambda slope: NeuronRegression(X, Y, slope), "slope", "non-negative", [-0.5, NAN]),
            (lambda slope: NeuronRegression(X, Y, slope), "slope", "at most 1", [1.5]),
            (lambda width: NeuronRegression(X, Y, 0, width), "width", "non-negative", [-0.5, NAN]),
            (SmoothMaxNorm, "delta", "positive", [-1.0, 0.0, NAN]),
            (lambda lr: theory.cube_gain(np.eye(2), lr), "lr", "positive", [-0.1, 0.0]),
            (lambda R: theory.smooth_steps_bound(R, 1, 1), "distance", "positive", [0.0, NAN]),
            (lambda L: theory.smooth_steps_bound(1, L, 1), "smoothness", "positive", [0.0, -1.0]),
            (lambda eps: theory.smooth_steps_bound(1, 1, eps), "eps", "positive", [0.0, NAN]),
            (lambda R: theory.subgradient_steps_bound(R, 1, 1), "distance", "positive", [0.0, NAN]),
            (lambda G: theory.subgradient_steps_bound(1, G, 1), "lipschitz", "positive", [0.0, -1.0]),
            (lambda eps: theory.subgradient_steps_bound(1, 1, eps), "eps", "positive", [0.0, NAN]),
            (lambda eps: theory.max_norm_steps(3, eps), "eps", "positive", [0.0, NAN]),
            (theory.bridge_smoothness, "beta", "positive", [0.0, -1.0]),
            (theory.bridge_gap, "beta", "positive", [0.0, -1.0]),
            (lambda c: theory.correlation_map(np.abs, c), "correlation", "non-negative", [-0.1, NAN]),
        ]
        for value in values
    ],
    (lambda: L1Norm(INF), ValueError, "lam", "finite", "inf"),
    (lambda: L1Norm([1.0, -2.0]), ValueError, "lam", "non-negative", "-2.0 at index (1,)"),
    (lambda: L1Norm(np.array([[1.0, NAN]])), ValueError, "lam", "finite", "nan at index (0, 1)"),
    (lambda: L1Norm(torch.tensor([1.0, -2.0])), ValueError, "lam", "non-negative", "-2.0 at index (1,)"),
    (lambda: Huber(X, Y, [1.0, 0.0]), ValueError, "delta", "positive", "0.0 at index (1,)"),
    # integers that no float holds, alone, in a list and from a schedule
    *[
        (call, ValueError, name, "finite", "a number beyond ±1.8e308")
        for name, call in [
            ("lam", lambda: L1Norm(HUGE)),
            ("lam", lambda: L1Norm([1, HUGE])),
            ("lam", lambda: L1Norm(-HUGE)),
            ("lr", start(lr=HUGE)),
            ("lr(3)", start(lr=from_step(3, HUGE))),
            ("beta0", start(beta0=[1, HUGE])),
            ("X", lambda: Lasso([[HUGE]], [0.0], 1)),
            ("momentum", start(method="momentum", momentum=HUGE)),
            ("power", lambda: trajectories.diminishing(1, HUGE)),
            ("lr", lambda: theory.orbit(ONE, HUGE, 1)),
        ]
    ],
    # what would lose a part
    (lambda: LASSO.value([1 + 1j, 2]), TypeError, "beta", "an array of numbers", "[(1+1j), 2]"),
    (lambda: LASSO.value([True, True]), TypeError, "beta", "an array of numbers", "[True, True]"),
    (lambda: L1Norm([True, False]), TypeError, "lam", "an array of numbers", "[True, False]"),
    (lambda: LASSO.value(np.array(["2020", "2021"], "M8[Y]").tolist()), TypeError, "beta", "an array of n", "datetime"),
    (start(beta0=MASKED), ValueError, "beta0", "no masked entries", "1"),
    (start(lr=MASKED), ValueError, "lr", "no masked entries", "1"),
    (lambda: L1Norm(MASKED), ValueError, "lam", "no masked entries", "1"),
    (lambda: theory.orbit(MASKED, 1, 1), ValueError, "beta0", "no masked entries", "1"),
    # tensors without entries to compute with
    (start(objective=L1Norm(1), beta0=SPARSE), TypeError, "beta0", "a dense tensor", "torch.sparse_coo on cpu"),
    (start(objective=L1Norm(1), beta0=ELSEWHERE), TypeError, "beta0", "a dense tensor", "torch.strided on meta"),
    (lambda: L1Norm(SPARSE), TypeError, "lam", "a dense tensor", "torch.sparse_coo on cpu"),
    # theory: what is no number, what fits no integer
    (lambda: theory.huber_rise(3, None), TypeError, "start", A_NUMBER, "None"),
    (lambda: theory.huber_rise(3, "a"), TypeError, "start", A_NUMBER, "'a'"),
    (lambda: theory.capture_level(np.eye(2), ONE), ValueError, "norm", "2 or inf", "array([1., 1.])"),
    (lambda: theory.subgradient_bound(None, 1), TypeError, "objective", "of the class Objective", "None"),
    (lambda: theory.chord_curvature(None, LASSO), TypeError, "trajectory", "of the class Trajectory", "None"),
    (lambda: theory.active_curvature(LASSO, ONE), TypeError, "objective", "of the class ReLURegression", "Lasso"),
    (lambda: theory.active_curvature(ReLURegression(X, Y), np.ones(3)), ValueError, "beta", "(..., 2)", "(3,)"),
    (lambda: theory.entry_step([1.0], 1e-10, 1e-10), ValueError, "lr·lam", "below 2**63", "1e+20 steps"),
    (lambda: theory.entry_step([1.0], 1e-200, 1e-200), ValueError, "lr·lam", "positive and finite in float64", "0.0"),
    (lambda: theory.residue(ONE, 1e200, 1e200), ValueError, "lr·lam", "positive and finite in float64", "inf"),
    (lambda: theory.max_norm_steps(3, 1e-20), ValueError, "eps", "below 2**63", "1.73e+20 steps"),
    (
        lambda: theory.local_threshold(X, np.array([0, 1, 1])),
        ValueError,
        "interior",
        "(3,) booleans",
        "array([0, 1, 1])",
    ),
    (lambda: theory.local_threshold(X, ["a", "b", ""]), ValueError, "interior", "(3,) booleans", "['a', 'b', '']"),
    (lambda: theory.local_threshold(1.0, [True]), ValueError, "X", "shape (n, p)", "()"),
    (lambda: theory.local_threshold(ONE, [True, True]), ValueError, "X", "shape (n, p)", "(2,)"),
    (lambda: project_l1_ball(3.0), ValueError, "v", "shape (..., p)", "()"),
    (lambda: project_l1_ball(ONE, -1), ValueError, "radius", "non-negative", "-1.0"),
    (lambda: L1Norm("1"), TypeError, "lam", A_NUMBER, "'1'"),
    (lambda: L1Norm(None), TypeError, "lam", A_NUMBER, "None"),
    (lambda: L1Norm(True), TypeError, "lam", A_NUMBER, "True"),
    (lambda: L1Norm(1j), TypeError, "lam", A_NUMBER, "1j"),
    (lambda: L1Norm(np.array([1, 2])), TypeError, "lam", "floating dtype (float32, float64)", "int64"),
    (start(lr=INF), ValueError, "lr", "finite", "inf"),
    (start(lr=[0.1, -0.1]), ValueError, "lr", "positive", "-0.1 at index (1,)"),
    (start(lr="0.1"), TypeError, "lr", A_RATE, "'0.1'"),
    (start(lr=None), TypeError, "lr", A_RATE, "None"),
    # schedules, at the step that goes wrong
    (start(lr=from_step(0, -1.0)), ValueError, "lr(0)", "positive", "-1.0"),
    (start(lr=from_step(3, NAN)), ValueError, "lr(3)", "non-negative", "nan"),
    (start(lr=from_step(3, None)), TypeError, "lr(3)", A_RATE, "None"),
    (start(lr=from_step(3, np.ones(4))), ValueError, "lr(3)", "broadcast to the batch ()", "shape (4,)"),
    (lambda: trajectories.diminishing(0.1, power=0), ValueError, "power", "positive", "0.0"),
    (lambda: trajectories.diminishing(0.1, power=1.5), ValueError, "power", "at most 1", "1.5"),
    (lambda: trajectories.diminishing(0.1, power=ONE), TypeError, "power", "a number", "array([1., 1.])"),
    (lambda: trajectories.step_decay(0.1, 0), ValueError, "every", "a positive integer", "0"),
    (lambda: trajectories.step_decay(0.1, 2.0), TypeError, "every", "a positive integer", "2.0"),
    (lambda: trajectories.step_decay(0.1, 3, 1.0), ValueError, "factor", "at least 0 and below 1", "1.0"),
    (lambda: trajectories.step_decay(0.1, 3, 0.0), ValueError, "factor", "positive", "0.0"),
    (lambda: trajectories.exponential_decay(0.1, -0.5), ValueError, "factor", "at least 0 and below 1", "-0.5"),
    # counts
    *[
        (call, kind, name, "a positive integer", repr(value))
        for value, kind in [
            (0, ValueError),
            (-3, ValueError),
            (2.5, TypeError),
            (5.0, TypeError),
            (True, TypeError),
            ("5", TypeError),
        ]
        for name, call in [
            ("steps", start(steps=value)),
            ("record_every", start(record_every=value)),
            ("p", lambda value=value: L1Norm(1, p=value)),
            ("p", lambda value=value: theory.band_mean_l1(value, 1, 1)),
            ("p", lambda value=value: theory.max_norm_steps(value, 1)),
        ]
    ],
    # choices and options
    (
        start(method="sgd"),
        ValueError,
        "method",
        "'subgradient', 'proximal', 'fista', 'rda', 'momentum', 'adam'",
        "'sgd'",
    ),
    (start(method=["adam"]), ValueError, "method", "'adam_proximal', 'rmsprop'", "['adam']"),
    *[
        (
            start(objective=ReLURegression(X, Y), method=m),
            ValueError,
            "method",
            "'momentum', 'adam', 'rmsprop'",
            repr(m),
        )
        for m in trajectories.SPLITTING
    ],
    (start(method="adam", momentum=0.5), TypeError, "momentum", "takes beta1, beta2, eps", "momentum=0.5"),
    (start(momentum=0.5), TypeError, "momentum", "takes no options", "momentum=0.5"),
    (start(method="momentum", momentum=1.0), ValueError, "momentum", "at least 0 and below 1", "1.0"),
    (start(method="momentum", momentum=ONE), TypeError, "momentum", "a number", "array([1., 1.])"),
    (start(method="adam", beta1=NAN), ValueError, "beta1", "at least 0 and below 1", "nan"),
    (start(method="adam", eps=0.0), ValueError, "eps", "positive", "0.0"),
    (start(method="rmsprop", eps=ONE), TypeError, "eps", "a number", "array([1., 1.])"),
    (lambda: Lasso(X, Y, 1, "max"), ValueError, "reduction", "'sum', 'mean'", "'max'"),
    (lambda: Huber(X, Y, 1, ONE), ValueError, "reduction", "'sum', 'mean'", "array([1., 1.])"),
    (lambda: theory.capture_level(np.eye(2), 1), ValueError, "norm", "2 or inf", "1"),
    (lambda: MaxNorm("last"), ValueError, "ties", "'first', 'shared'", "'last'"),
    # shapes
    (lambda: Lasso(ONE, Y, 1), ValueError, "X", "shape (..., n, p)", "(2,)"),
    (lambda: Lasso(X[:0], Y[:0], 1), ValueError, "X", "at least one sample and one column", "(0, 2)"),
    (lambda: Lasso(X, ONE, 1), ValueError, "y", "shape (..., 3) to fit X (3, 2)", "(2,)"),
    (lambda: Huber(X, 1.0, 1), ValueError, "y", "shape (..., 3)", "()"),
    (
        lambda: Lasso(np.ones((4, 3, 2)), np.ones((5, 3)), 1),
        ValueError,
        "y",
        "broadcast against the batch (4,)",
        "(5,)",
    ),
    (lambda: Quadratic(ONE), ValueError, "A", "shape (..., p, p)", "(2,)"),
    (lambda: Quadratic(X), ValueError, "A", "shape (..., p, p)", "(3, 2)"),
    (lambda: LASSO.value(np.ones(3)), ValueError, "beta", "shape (..., 2)", "(3,)"),
    (lambda: LASSO.subgradient(1.0), ValueError, "beta", "shape (..., p) with p ≥ 1", "()"),
    (lambda: LASSO.value([]), ValueError, "beta", "shape (..., p) with p ≥ 1", "(0,)"),
    (lambda: L1Norm(1, p=3).value(ONE), ValueError, "beta", "shape (..., 3)", "(2,)"),
    (lambda: Quadratic(np.eye(3)).prox(ONE, 1), ValueError, "beta", "shape (..., 3)", "(2,)"),
    (
        lambda: BATCHED.value(np.ones((5, 2))),
        ValueError,
        "the data of Lasso",
        "broadcast against the batch (5,)",
        "(4,)",
    ),
    (start(beta0=np.ones(3)), ValueError, "beta0", "shape (..., 2)", "(3,)"),
    (start(beta0=1.0), ValueError, "beta0", "shape (..., p) with p ≥ 1", "()"),
    (start(beta0=X, lr=ONE), ValueError, "lr", "broadcast against the batch (3,)", "(2,)"),
    (start(objective=BATCHED, lr=ONE), ValueError, "lr", "broadcast against the batch (4,)", "(2,)"),
    (lambda: theory.orbit(1.0, 1, 1), ValueError, "beta0", "shape (..., p) with p ≥ 1", "()"),
    (lambda: theory.orbit(X, ONE, 1), ValueError, "lr", "broadcast against the batch (3,)", "(2,)"),
    (lambda: theory.entry_step(X, 1, ONE), ValueError, "lam", "broadcast against the batch (3,)", "(2,)"),
    # entries
    (lambda: Lasso(X * NAN, Y, 1), ValueError, "X", "finite", "nan at index (0, 0)"),
    (lambda: Lasso(X, Y + INF, 1), ValueError, "y", "finite", "inf at index (0,)"),
    (lambda: Lasso(X, ["a"] * 3, 1), TypeError, "y", "an array of numbers", "['a', 'a', 'a']"),
    (lambda: Lasso(X.astype(int), Y, 1), TypeError, "X", "floating dtype", "int64"),
    (lambda: LASSO.value([NAN, 1.0]), ValueError, "beta", "finite", "nan at index (0,)"),
    (lambda: LASSO.value([[1.0], [1.0, 2.0]]), TypeError, "beta", "an array of numbers", "[[1.0], [1.0, 2.0]]"),
    (start(beta0=[1.0, INF]), ValueError, "beta0", "finite", "inf at index (1,)"),
    (start(beta0=np.array([1, 2])), TypeError, "beta0", "floating dtype", "int64"),
    (start(beta0=[1e200, 1e200]), ValueError, "beta0", "a finite objective value", "inf"),
    (
        lambda: ReLURegression(X, Y + 2),
        ValueError,
        "y",
        "≤ 0 for (3) to be convex",
        "2.0; counterexamples.NeuronRegression takes any y",
    ),
    (lambda: Quadratic([[1.0, 2.0], [0.0, 1.0]]), ValueError, "A", "symmetric", "max |A − Aᵀ| = 2"),
    (lambda: theory.cube_gain([[1.0, 2.0], [0.0, 1.0]], 0.1), ValueError, "A", "symmetric", "max |A − Aᵀ| = 2"),
    (lambda: theory.diagonally_dominant(X), ValueError, "A", "shape (..., p, p)", "(3, 2)"),
    (lambda: NeuronRegression(X, Y, [0.5, 1.5]), ValueError, "slope", "at most 1", "1.5"),
    (lambda: theory.capture_level(-np.eye(2), 2), ValueError, "A", "positive definite", "-1.0"),
    (lambda: theory.orbit([INF], 1, 1), ValueError, "beta0", "finite", "inf at index (0,)"),
    # what is missing
    (lambda: L1Norm(1).lipschitz, ValueError, "p", "L1Norm(lam, p=2)", "p=None"),
    (lambda: theory.subgradient_bound(L1Norm(1), 1), ValueError, "p", "L1Norm(lam, p=2)", "p=None"),
    (
        lambda: theory.chord_curvature(run(LASSO, ONE, 0.01, 4, record_every=2), LASSO),
        ValueError,
        "trajectory",
        "record_every=1",
        "record_every=2",
    ),
    # libraries
    (lambda: Lasso(TX, Y, 1), TypeError, "y", "the same library as X (torch)", "numpy"),
    (lambda: Lasso(X, Y, TONE).value(ONE), TypeError, "lam", "the same library as beta (numpy)", "torch"),
    (lambda: Huber(X, Y, TONE).value(ONE), TypeError, "delta", "the same library as beta (numpy)", "torch"),
    (lambda: LASSO.value(TONE), TypeError, "beta", "the same library as X (numpy)", "torch"),
    (lambda: TORCH_LASSO.subgradient(ONE), TypeError, "beta", "the same library as X (torch)", "numpy"),
    (lambda: L1Norm(TONE).value(ONE), TypeError, "beta", "the same library as lam (torch)", "numpy"),
    (lambda: LASSO.prox(ONE, TONE), TypeError, "step", "the same library as beta (numpy)", "torch"),
    (start(beta0=TONE), TypeError, "beta0", "the same library as X (numpy)", "torch"),
    (start(lr=TONE), TypeError, "lr", "the same library as beta0 (numpy)", "torch"),
    (start(lr=from_step(3, TONE)), TypeError, "lr(3)", "the same library as beta0 (numpy)", "torch"),
    (lambda: theory.orbit(ONE, TONE, 1), TypeError, "lr", "a number or a NumPy array", "a Tensor"),
    (lambda: theory.orbit(TONE, 1, ONE), TypeError, "beta0", "a number or a NumPy array", "a Tensor"),
    (lambda: theory.residue(ONE, 1, TONE), TypeError, "lam", "a number or a NumPy array", "a Tensor"),
    (lambda: theory.band_mean_l1(2, ONE, TONE), TypeError, "lam", "a number or a NumPy array", "a Tensor"),
    (lambda: theory.huber_plateau(3 * ONE, TONE), TypeError, "delta", "a number or a NumPy array", "a Tensor"),
    (lambda: theory.cube_gain(torch.eye(2), 1.0), TypeError, "A", "a number or a NumPy array", "a Tensor"),
    # dtypes
    (lambda: Lasso(X, Y.astype(np.float32), 1), TypeError, "y", "the dtype of X (float64)", "float32"),
    (lambda: LASSO.value(ONE.astype(np.float32)), TypeError, "X", "the dtype of beta (float32)", "float64"),
    # devices
    (lambda: Lasso(TX, TY.to("meta"), 1), ValueError, "y", NOT_MOVED.format("X"), "meta"),
    (lambda: TORCH_LASSO.value(ELSEWHERE), ValueError, "beta", NOT_MOVED.format("X"), "meta"),
    (
        lambda: Quadratic(torch.eye(2).double()).subgradient(ELSEWHERE),
        ValueError,
        "beta",
        NOT_MOVED.format("A"),
        "meta",
    ),
    (lambda: L1Norm(TONE).value(ELSEWHERE), ValueError, "beta", NOT_MOVED.format("lam"), "meta"),
    (start(objective=TORCH_LASSO, beta0=ELSEWHERE), ValueError, "beta0", NOT_MOVED.format("X"), "meta"),
    (start(objective=TORCH_LASSO, beta0=TONE, lr=ELSEWHERE), ValueError, "lr", NOT_MOVED.format("beta0"), "meta"),
    (lambda: theory.orbit(ELSEWHERE, 1, 1), TypeError, "beta0", "a number or a NumPy array", "a Tensor"),
]


@pytest.mark.parametrize(
    ("call", "kind", "argument", "allowed", "value"), BAD, ids=[f"{row[2]}={row[4]}, not {row[3]}" for row in BAD]
)
def test_bad_input_is_named(call, kind, argument, allowed, value):
    argument, allowed, value = map(re.escape, (argument, allowed, value))
    with pytest.raises(kind, match=rf"^{argument} (must|is not) .*{allowed}.*\bgot .*{value}") as caught:
        call()
    assert caught.type is kind


@pytest.mark.parametrize("make", [ReLURegression, lambda X, y: Lasso(X, y, 1.0), NeuronRegression])
def test_a_batch_may_be_empty(make):
    assert make(X, np.zeros((0, 3))).value(ONE).shape == (0,)


@pytest.mark.parametrize("method", trajectories.METHODS)
def test_a_run_may_have_an_empty_batch(method):
    assert run(LASSO, ONE, [], 3, method).values.shape == (4, 0)
    path = run(TORCH_LASSO, torch.ones((0, 2), dtype=TX.dtype), 0.1, 3, method)
    assert path.iterates.shape == (4, 0, 2) and path.overflow_step is None


def test_a_list_takes_the_library_of_the_data_whatever_they_are_called():
    number = torch.tensor(1.5, dtype=torch.float32)
    for objective in (SmoothMaxNorm(number), PowerTail(number), L1Norm(number)):
        assert run(objective, [1.0, 1.0], 0.1, 3).iterates.dtype == torch.float32
        assert isinstance(objective.value([1.0, 2.0]), torch.Tensor)
    assert project_l1_ball([3.0, 4.0]).tolist() == [0.0, 1.0]


def test_the_good_call_is_good():
    assert len(start()().iterates) == 6
    assert len(start(lr=from_step(6, -1.0))().iterates) == 6  # a schedule is asked for the steps that are run
    stopped = start(lr=from_step(3, 0.0))().iterates  # and may underflow to 0
    np.testing.assert_array_equal(stopped[3:], np.stack([stopped[3]] * 3))
