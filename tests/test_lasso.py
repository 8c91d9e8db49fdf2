"""What notebook 3 adds after idea 4: floats, the general LASSO, Adam's cycles, minibatches, the staircase."""

import math
import re
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import torch

from ngdm_helpers import theory, trajectories
from ngdm_helpers.course import claims, explorers, problems
from ngdm_helpers.objectives import L1Norm, Lasso, Quadratic, soft_threshold
from ngdm_helpers.trajectories import run

# --- floating point ---------------------------------------------------------------------------------------------------


def grid(dtype, low=-1.0, high=1.0):
    """All finite numbers of a 16-bit format in [low, high], and the share of U(−1, 1) that rounds to each."""
    every = torch.arange(-(2**15), 2**15, dtype=torch.int32).to(torch.int16).view(getattr(torch, dtype))
    values = np.unique(every[torch.isfinite(every)].to(torch.float64).numpy())
    values = values[(values >= low) & (values <= high)]
    edges = np.concatenate([[low], (values[1:] + values[:-1]) / 2, [high]])
    return values, np.diff(edges) / (high - low)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("exponent", [3, 7, 8, 9, 10, 11, 12])
def test_share_of_zeros_and_of_frozen_weights_over_every_float_of_the_format(dtype, exponent):
    values, shares = grid(dtype)
    s, digits = 2.0**-exponent, problems.FLOATS[dtype]
    start = torch.tensor(values).to(getattr(torch, dtype))[:, None]
    steps = 2**exponent + 3
    end = run(L1Norm(1.0), start, s, steps, record_every=steps).iterates[-1]
    zeros = shares[(end == 0)[:, 0].numpy()].sum()
    assert zeros == pytest.approx(theory.float_zeros(digits, exponent), abs=2 * 2.0**-digits)  # octave edges
    moved = run(L1Norm(1.0), start, s, 1).iterates[1]
    frozen = shares[(moved == start)[:, 0].numpy()].sum()
    assert frozen == pytest.approx(theory.float_frozen(digits, s), abs=2 * 2.0**-digits)


@pytest.mark.parametrize("s", [1e-4, 1e-3, 0.0019, 0.002, 0.1])
def test_frozen_share_for_steps_that_are_no_power_of_two(s):
    values, shares = grid("bfloat16")
    start = torch.tensor(values).to(torch.bfloat16)[:, None]
    still = shares[(run(L1Norm(1.0), start, s, 1).iterates[1] == start)[:, 0].numpy()].sum()
    assert still == pytest.approx(theory.float_frozen(8, s), abs=2.0**-7)


def test_float_laws_of_single_precision():
    assert theory.float_zeros(24, 7) == pytest.approx(2**-16 / 3)
    assert theory.float_zeros(8, 7) == theory.float_zeros(11, 10) == pytest.approx(1 / 3)
    assert theory.float_zeros(8, 10) == pytest.approx(1 / 6)
    assert theory.float_frozen(24, 1e-3) == 0
    assert theory.float_frozen(8, 2**-10) == pytest.approx(5 / 8)


def test_float_run_starts_where_it_says():
    path = problems.float_run("float32", 2**-7, 200, count=500, record_every=100)
    assert path.shape == (3, 500) and path.dtype == np.float64
    assert np.array_equal(path, path.astype(np.float32))  # every number is one of the format
    with pytest.raises(ValueError, match="steps must be a positive integer"):
        problems.float_run("float32", 2**-7, 0)
    with pytest.raises(ValueError, match="dtype must be one of 'float64', 'float32', 'float16', 'bfloat16', got 'fp8'"):
        problems.float_run("fp8", 0.1, 1)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", problems.FLOATS)
@pytest.mark.parametrize("s", [0.01, 2**-7, 1e-3, 2**-10, 0.0037, 3e-6])
def test_float_run_is_what_torch_computes_bit_by_bit(dtype, s):
    for lr in (s, *problems.float_schedules(s, 400).values()):
        ours = problems.float_run(dtype, lr, 400, count=3000, record_every=100)
        start = torch.tensor(np.random.default_rng(1).uniform(-1, 1, (3000, 1))).to(getattr(torch, dtype))
        theirs = run(L1Norm(1.0), start, lr, 400, record_every=100).iterates[..., 0].to(torch.float64).numpy()
        np.testing.assert_array_equal(ours, theirs)


def test_sgd_of_torch_gives_the_same_counts():
    start, end = problems.float_run("bfloat16", 0.01, 300, count=5000)
    weight = torch.nn.Parameter(torch.tensor(start).to(torch.bfloat16))
    optimizer = torch.optim.SGD([weight], lr=0.01)
    for _ in range(300):
        weight.grad = torch.sign(weight.data)
        optimizer.step()
    assert (weight == 0).sum() == (end == 0).sum() > 0


@pytest.mark.parametrize("name", problems.float_schedules(0.01, 100))
def test_schedules_begin_where_they_should_and_never_rise(name):
    schedule = problems.float_schedules(0.01, 100)[name]
    rates = np.array([schedule(k) for k in range(100)])
    assert rates[0] == pytest.approx(0.5 if "(k + 1)" in name else 0.01)
    assert (np.diff(rates) <= 0).all() and (rates >= 0).all()


def test_cosine_equals_torch():
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=0.3)
    theirs = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=20)
    ours = trajectories.cosine(0.3, 20)
    for k in range(21):
        assert ours(k) == pytest.approx(theirs.get_last_lr()[0], abs=1e-15)
        optimizer.step()
        theirs.step()
    assert ours(50) == 0 and repr(ours) == "cosine(0.3, steps=20)"


# --- exact and decimal arithmetic -------------------------------------------------------------------------------------


def test_walk_equals_the_run_in_floats_and_is_exact_in_fractions():
    rates = [0.5 / (k + 1) for k in range(60)]
    path = run(L1Norm(1.0), [0.4142], lambda k: rates[k], 60).iterates[:, 0]
    assert np.array_equal(path, problems.walk(0.4142, rates))
    exact = problems.walk(Fraction(1, 3), [Fraction(1, 7)] * 5)
    assert exact == [Fraction(k, 21) for k in (7, 4, 1, -2, 1, -2)]
    assert problems.walk(Decimal("0.3"), [Decimal("0.1")] * 5)[3:] == [Decimal(0)] * 3  # 0 is kept


def test_decimal_walk_computes_with_the_digits_it_is_given():
    for schedule in problems.DECIMAL_SCHEDULES:
        path = problems.decimal_walk("π − 3", schedule, 9, 200)
        assert all(len(beta.as_tuple().digits) <= 9 for beta in path)
        assert float(path[0]) == pytest.approx(math.pi - 3, abs=1e-9)
    long = problems.decimal_walk("√2 − 1", "1/(k + 1)", 50, 400)
    exact = problems.walk(Fraction(long[0]), [Fraction(1, 2 * (k + 1)) for k in range(400)])
    assert max(abs(Fraction(a) - b) for a, b in zip(long, exact, strict=True)) < Fraction(1, 10**46)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schedule": "cosine"}, "schedule must be one of 'constant'.* got 'cosine'"),
        ({"start": "0.5"}, "start must be one of '0.5053'.* got '0.5'"),
        ({"digits": 0}, "digits must be a positive integer, got 0"),
    ],
)
def test_decimal_walk_names_bad_input(change, message):
    with pytest.raises(ValueError, match=message):
        problems.decimal_walk(**({"start": "π − 3", "schedule": "constant", "digits": 5, "steps": 3} | change))


# --- the bound --------------------------------------------------------------------------------------------------------


def test_best_value_falls_short_as_the_law_says():
    rng = np.random.default_rng(0)
    for p in (30, 300):
        values = run(L1Norm(1.0), rng.uniform(-1, 1, (4000, p)), 0.25, 8).values
        short = 1 - values.min(axis=0).mean() / (p * 0.25 / 2)
        assert short == pytest.approx(theory.best_value_deficit(p), rel=0.05)


# --- Adam -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("beta1", [0.0, 0.5, 0.9])
def test_adam_walks_on_its_cycles(beta1):
    cycles = theory.adam_cycles(beta1)
    assert len(cycles) == {0.0: 1, 0.5: 3, 0.9: 7}[beta1]
    for P, cycle in enumerate(cycles, 1):
        x = cycle[0]
        m = -(1 - beta1**P) / (1 + beta1**P)
        for k in range(6 * P):  # three times around, by the update itself
            assert abs(x) == pytest.approx(cycle[k % P], abs=1e-12)
            assert (x > 0) == (k // P % 2 == 0)
            m = beta1 * m + (1 - beta1) * np.sign(x)
            x -= m


def test_adam_has_no_cycle_that_the_closed_form_leaves_out():
    tail = run(L1Norm(1.0), np.random.default_rng(0).uniform(-1, 1, 1000), 0.01, 1500, "adam").iterates[-101:] / 0.01
    flips = (np.sign(tail[1:]) != np.sign(tail[:-1])).sum(axis=0)
    for P in range(1, 10):
        simple = (np.abs(tail[2 * P :] - tail[: -2 * P]).max(axis=0) < 1e-3) & (np.abs(flips - 100 / P) < 2)
        if P > 7:
            assert not simple.any()
        elif simple.any():
            swing = np.ptp(tail[:, simple], axis=0)
            assert swing == pytest.approx(2 * theory.adam_cycles(0.9)[P - 1].max(), abs=1e-5)


def test_bands_of_sgd_follow_lambda_and_those_of_adam_do_not():
    lams = [0.1, 1.0, 100.0]
    assert problems.band_means("subgradient", lams) == pytest.approx(np.array(lams) / 2, rel=0.1)
    assert np.ptp(problems.band_means("adam", lams)) < 1e-4
    assert problems.band_means("adam", [1.0], beta1=0.0)[0] == pytest.approx(0.5, rel=0.1)


# --- the general LASSO ------------------------------------------------------------------------------------------------


def test_uniform_lasso_draws_every_seed_as_a_reader_would():
    problem, starts = problems.uniform_lasso(7, 5, [0.1, 2.0, 30.0], seeds=3)
    assert problem.batch_shape == (3, 3) and starts.shape == (3, 1, 5)
    rng = np.random.default_rng(2)
    assert np.array_equal(problem.X[2, 0], rng.uniform(-1, 1, (7, 5)))
    assert np.array_equal(problem.y[2, 0], rng.uniform(-1, 1, 7))
    assert np.array_equal(starts[2, 0], rng.uniform(-1, 1, 5))


@pytest.mark.parametrize("reduction", ["sum", "mean"])
@pytest.mark.parametrize(("n", "p"), [(40, 15), (15, 40)])
def test_exact_lasso_meets_the_optimality_conditions(reduction, n, p):
    problem, _ = problems.uniform_lasso(n, p, [0.03, 0.3, 3.0], seeds=2, reduction=reduction)
    beta = problems.exact_lasso(problem)
    g, lam = problem.smooth_gradient(beta), np.array([0.03, 0.3, 3.0])[:, None]
    assert beta.shape == (2, 3, p)
    assert np.where(beta != 0, np.abs(g + lam * np.sign(beta)), 0).max() < 1e-5
    assert (np.abs(g) <= lam + 1e-5).all()
    largest = 2 * np.abs(problem.y[..., None, :] @ problem.X).max() / (n if reduction == "mean" else 1)
    assert (beta[:, 2] == 0).all() == bool(largest <= 3.0)


def test_paper_pair_is_what_a_reader_gets_by_hand():
    rng = np.random.default_rng(1)
    X, y, start = rng.uniform(-1, 1, (10, 50)), rng.uniform(-1, 1, 10), rng.uniform(-1, 1, 50)
    for column, lam in enumerate((0.1, 100.0)):
        beta = start
        for _ in range(300):
            beta = beta - 0.01 * (2 * X.T @ (X @ beta - y) + lam * np.sign(beta))
        assert problems.paper_pair(2, 300)[1, column] == pytest.approx(np.abs(beta).sum(), rel=1e-8)


@pytest.mark.parametrize(
    ("start", "schedule", "first"),
    [
        ("√2 − 1", "1/(k + 1)", "23 27 91 163 179 323 579 739 1379 1251 2147 1827 2979 3619 4003 6051 7587"),
        ("π − 3", "reducing", "2502 5004 7501"),
        ("0.5053", "constant", ""),
    ],
)
def test_the_first_zeros_in_decimals(start, schedule, first):
    zeros = problems.decimal_zeros(start, schedule, 10_000)
    expected = [int(number) for number in first.split()]
    assert zeros[: len(expected)].tolist() == expected and np.isnan(zeros[len(expected) :]).all() and len(zeros) == 38


@pytest.mark.parametrize("schedule", problems.DECIMAL_SCHEDULES)
@pytest.mark.parametrize("start", problems.DECIMAL_STARTS)
def test_the_first_zeros_are_those_of_the_walk(start, schedule):
    walks = [problems.decimal_walk(start, schedule, digits, 597) for digits in range(3, 41)]
    expected = [walk.index(0) if walk[-1] == 0 else np.nan for walk in walks]
    np.testing.assert_array_equal(problems.decimal_zeros(start, schedule, 597), expected)


def test_the_u_curve():
    lams = np.array([3e-3, 1e-2, 10.0, 100.0])
    problem, start = problems.uniform_lasso(200, 50, lams, reduction="mean")
    exact = np.abs(problems.exact_lasso(problem)[0]).sum(axis=-1)
    norms = np.abs(run(problem, start, 0.01, 3000).iterates[-200:, 0]).sum(axis=-1).mean(axis=0)
    assert norms[:2] == pytest.approx(exact[:2], rel=2e-3)
    assert norms[2:] == pytest.approx(theory.band_mean_l1(50, 0.01, lams)[2:], rel=0.03)
    assert (exact[2:] == 0).all()


@pytest.mark.parametrize(("n", "p"), [(20, 10), (20, 70), (100, 100), (200, 30)])
def test_the_exact_path_is_the_answer_of_coordinate_descent(n, p):
    lams = np.geomspace(0.05, 100, 12)
    problem, _ = problems.uniform_lasso(n, p, lams)
    bends, betas = problems.exact_path(problem.X[0, 0], problem.y[0, 0], lams[0])
    assert bends[0] <= lams[0] and (np.diff(bends) >= 0).all() and not betas[-1].any()
    assert bends[-1] == pytest.approx(2 * np.abs(problem.y[0, 0] @ problem.X[0, 0]).max())
    ours = np.stack([np.interp(lams, bends, beta) for beta in betas.T], axis=-1)
    exact = problems.exact_lasso(problem)[0]
    assert np.abs(ours - exact).max() < 2e-6 and ((ours != 0) == (exact != 0)).all()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["general_lasso", "growth_exponent", "optimizer_bands"])
def test_a_kept_curve_is_the_one_of_a_new_figure(name):
    kept, new = getattr(explorers, name)(), getattr(explorers, name)()
    moves = {"lam": 3.0} if "lam" in kept.values else {"q": 1.2}
    kept.set(eta=0.1 if name != "growth_exponent" else 3.0)
    kept.set(**moves)
    new.set(**kept.values)
    assert kept.png == new.png


def test_one_matrix_for_the_last_batch_axis_equals_one_at_a_time():
    problem, starts = problems.uniform_lasso(6, 4, [0.1, 1.0, 10.0], seeds=2)
    whole = run(problem, starts, 0.05, 20)
    for seed in range(2):
        for column in range(3):
            single = Lasso(problem.X[seed, 0], problem.y[seed, 0], problem.lam[0, column])
            alone = run(single, starts[seed, 0], 0.05, 20)
            np.testing.assert_allclose(whole.iterates[:, seed, column], alone.iterates, rtol=0, atol=1e-12)
            np.testing.assert_allclose(whole.values[:, seed, column], alone.values, rtol=1e-12)
    A = np.stack([np.diag([1.0, 2.0]), np.diag([3.0, 5.0])])[:, None]
    assert Quadratic(A).value(np.array([1.0, 2.0])) == pytest.approx(np.array([[4.5], [11.5]]))
    assert Quadratic(A).subgradient(np.array([1.0, 2.0])) == pytest.approx(np.array([[[1, 4]], [[3, 10]]]))


# --- minibatches ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_minibatch_gradients_average_to_the_gradient(reduction):
    rng = np.random.default_rng(0)
    problem = Lasso(rng.normal(size=(12, 4)), rng.normal(size=12), 2.0, reduction)
    beta = rng.normal(size=4)
    oracle = problems.Minibatch(problem, 3).oracle(beta)
    draws = np.array([oracle.smooth_gradient(beta) for _ in range(20_000)])
    error = 4 * draws.std(axis=0) / math.sqrt(len(draws))
    assert (np.abs(draws.mean(axis=0) - problem.smooth_gradient(beta)) < error).all()
    assert draws.std(axis=0).min() > 0


def test_a_minibatch_of_all_rows_is_the_problem():
    problem = problems.sparse_problem()
    for method in ("subgradient", "proximal", "adam", "rda"):
        ours = run(problems.Minibatch(problem, 100), np.zeros(200), 1e-4, 20, method)
        whole = run(problem, np.zeros(200), 1e-4, 20, method)
        np.testing.assert_allclose(ours.iterates, whole.iterates, atol=1e-10)
        np.testing.assert_allclose(ours.values, whole.values, rtol=1e-10)


def test_a_run_on_minibatches_repeats_with_its_seed():
    def ends(seed):
        return run(problems.Minibatch(problems.sparse_problem(), 10, seed), np.zeros(200), 1e-4, 50).iterates[-1]

    assert np.array_equal(ends(0), ends(0)) and not np.array_equal(ends(0), ends(1))


def test_proximal_sgd_has_zeros_and_dual_averaging_more():
    problem = problems.sparse_problem()
    batches, L = problems.Minibatch(problem, 10), problem.curvature
    ends = {
        method: run(batches, np.zeros(200), lr / L, 4000, method, record_every=4000).iterates[-1]
        for method, lr in (("subgradient", 0.1), ("proximal", 0.1), ("rda", 3.0))
    }
    zeros = {method: (beta == 0).sum() for method, beta in ends.items()}
    assert zeros["subgradient"] == 0 < zeros["proximal"] < zeros["rda"]


# --- two parts, two squares -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [problems.TwoParts, problems.TwoSquares])
def test_gradient_of_a_form_is_that_of_its_value(form):
    rng = np.random.default_rng(0)
    problem = form(Lasso(rng.normal(size=(12, 4)), rng.normal(size=12), np.array([0.5, 2.0])))
    beta, direction, h = rng.uniform(0.1, 1, (3, 2, 8)), rng.normal(size=(3, 2, 8)), 1e-6
    slope = (problem.value(beta + h * direction) - problem.value(beta - h * direction)) / (2 * h)
    np.testing.assert_allclose(slope, (problem.subgradient(beta) * direction).sum(axis=-1), rtol=1e-6)


def test_a_form_is_of_a_lasso():
    with pytest.raises(TypeError, match="problem must be of the class Lasso or Minibatch, got 3"):
        problems.TwoParts(3)
    with pytest.raises(TypeError, match="problem must be of the class Lasso, got "):
        problems.TwoSquares(problems.Minibatch(problems.sparse_problem(), 10))


def test_two_parts_reach_the_solution_and_its_zeros_and_two_squares_no_zero():
    problem = problems.sparse_problem()
    exact, L = problems.exact_lasso(problem), problem.curvature
    parts, squares = problems.TwoParts(problem), problems.TwoSquares(problem)
    projected = parts.join(run(parts, np.zeros(400), 1 / parts.curvature, 2000, "proximal").iterates[-1])
    np.testing.assert_allclose(projected, exact, atol=1e-9)
    assert ((projected == 0) == (exact == 0)).all()
    smooth = squares.join(run(squares, np.full(400, 0.1), 0.1 / L, 10_000, record_every=10_000).iterates[-1])
    assert np.abs(smooth - exact).max() < 2e-3 and not (smooth == 0).any()


def test_the_columns_of_a_sparse_problem_have_the_correlation_that_was_asked_for():
    X = problems.sparse_problem(rho=0.5).X
    assert np.corrcoef(X.T)[np.triu_indices(200, 1)].mean() == pytest.approx(0.5, abs=0.1)
    assert np.array_equal(problems.sparse_problem(rho=0.0).X, problems.sparse_problem().X)
    with pytest.raises(ValueError, match="rho must be at least 0 and below 1"):
        problems.sparse_problem(rho=1.0)


# --- Adam, with the penalty in its loss and beside it -----------------------------------------------------------------


def test_only_a_penalty_beside_adam_brings_the_band_back_and_only_a_threshold_gives_zeros():
    lams = [0.1, 1.0, 100.0]
    assert np.ptp(problems.band_means("adam", lams)) < 0.01
    np.testing.assert_allclose(problems.band_means("adam_decoupled", lams), problems.band_means("subgradient", lams))
    assert not problems.band_means("adam_proximal", lams).any()


@pytest.mark.parametrize("lam", [0.3, 3.0])
def test_decoupled_adam_asks_its_own_step_what_the_penalty_is_worth(lam):
    """A step of Adam is at most about η: a decoupled λ above 1 wins over any data, one below it does not."""
    problem = Lasso(np.eye(1), np.array([50.0]), lam)  # the loss alone goes to 50, its slope is 100
    end = run(problem, [1.0], 0.05, 4000, "adam_decoupled").iterates[-1, 0]
    assert abs(end) < 2 * 0.05 * lam if lam > 1 else end > 40


# --- the staircase ----------------------------------------------------------------------------------------------------


def test_one_dimensional_lasso_is_what_it_says_up_to_a_constant():
    f, beta = problems.one_dimensional_lasso(0.7, 0.4, h=3.0), np.linspace(-2, 2, 9)[:, None]
    ours = f.value(beta) - f.value(np.zeros(1))
    assert ours == pytest.approx(1.5 * beta[:, 0] ** 2 - 0.7 * beta[:, 0] + 0.4 * np.abs(beta[:, 0]))
    batch = problems.one_dimensional_lasso([0.1, 0.7], 0.4, h=3.0)
    assert batch.value(np.array([0.5]))[1] == pytest.approx(f.value(np.array([0.5])))


@pytest.mark.parametrize("shrink", [0.2, 0.5, 0.9])
@pytest.mark.parametrize(("plus", "period"), [(1, 2), (1, 3), (2, 3), (3, 4), (2, 5), (5, 7)])
def test_the_orbit_locks_inside_the_plateau_and_not_outside(plus, period, shrink):
    low, high = theory.staircase_plateau(plus, period, shrink)
    edge = 0.02 * (high - low)
    inside, outside = np.array([low + edge, high - edge]), np.array([low - edge, high + edge])
    mean = 2 * plus / period - 1
    assert problems.mean_signs(inside, shrink) == pytest.approx([mean, mean], abs=1e-12)
    below, above = problems.mean_signs(outside, shrink, 6000)
    assert below < mean < above


@pytest.mark.parametrize("shrink", [0.1, 0.5, 0.98])
def test_mean_signs_are_those_of_the_run(shrink):
    ratios = np.random.default_rng(0).uniform(size=50)
    path = run(problems.one_dimensional_lasso(ratios, 1.0), [0.01], 1 - shrink, 1500).iterates[-840:, :, 0]
    assert np.array_equal(problems.mean_signs(ratios, shrink), np.sign(path).mean(axis=0))


@pytest.mark.parametrize("shrink", [0.1, 0.5, 0.7])
def test_plateaus_fill_the_interval_and_have_the_width_of_their_period(shrink):
    total = 0.0
    for period in range(2, 80):
        width = 2 * shrink ** (period - 2) * (1 - shrink) ** 2 / (1 - shrink**period)
        for plus in range(1, period):
            if math.gcd(plus, period) == 1:
                low, high = theory.staircase_plateau(plus, period, shrink)
                assert high - low == pytest.approx(width, abs=1e-13)
                total += high - low
    assert total == pytest.approx(2, abs=1e-6)


def test_the_two_cycle_is_centred_on_the_minimiser_without_the_penalty():
    h, c, lam, lr = 2.0, 0.2, 1.0, 0.2
    path = run(problems.one_dimensional_lasso(c, lam, h), [0.7], lr, 2000).iterates[-2:, 0]
    swing = lr * lam / (2 - lr * h)
    assert np.sort(path) == pytest.approx([c / h - swing, c / h + swing])
    assert theory.staircase_plateau(1, 2, 1 - lr * h)[1] == pytest.approx(lr * h / (2 - lr * h))


# --- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: theory.float_zeros(0, 7), ValueError, "digits must be a positive integer, got 0"),
        (lambda: theory.float_zeros(8, 7.5), TypeError, "exponent must be a positive integer, got 7.5"),
        (lambda: theory.float_frozen(8, -1e-3), ValueError, "s must be positive, got -0.001"),
        (lambda: theory.adam_cycles(1.0), ValueError, "beta1 must be at least 0 and below 1, got 1.0"),
        (lambda: theory.best_value_deficit(0), ValueError, "p must be positive, got 0.0"),
        (lambda: theory.staircase_plateau(2, 4, 0.5), ValueError, "lowest terms between 0 and 1.*got 2/4 and 0.5"),
        (lambda: theory.staircase_plateau(3, 3, 0.5), ValueError, "lowest terms between 0 and 1.*got 3/3"),
        (lambda: theory.staircase_plateau(1, 2, 1.0), ValueError, "shrink must be at least 0 and below 1, got 1.0"),
        (lambda: trajectories.cosine(0.1, 0), ValueError, "steps must be a positive integer, got 0"),
        (lambda: trajectories.cosine(-0.1, 5), ValueError, "lr must be positive, got -0.1"),
        (lambda: problems.Minibatch(L1Norm(1.0), 3), TypeError, "problem must be a Lasso with one NumPy matrix"),
        (
            lambda: problems.Minibatch(problems.sparse_problem(), 0),
            ValueError,
            "size must be a positive integer, got 0",
        ),
        (
            lambda: problems.Minibatch(problems.sparse_problem(), 101),
            ValueError,
            "size must be at most n = 100, got 101",
        ),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_minibatch_refuses_torch_and_a_batch_of_data():
    one = torch.ones(3, 2, dtype=torch.float64)
    for problem in (Lasso(one, one[:, 0], 1.0), problems.uniform_lasso(4, 3, [1.0], seeds=2)[0]):
        with pytest.raises(TypeError, match="problem must be a Lasso with one NumPy matrix"):
            problems.Minibatch(problem, 1)


# --- sliders and ledger -----------------------------------------------------------------------------------------------


def titles(widget):
    return [ax.get_title() for ax in widget.figure.axes]


@pytest.mark.slow
def test_general_lasso_shows_both_branches():
    widget = explorers.general_lasso()
    widget.buttons["NGDM is right"].click()
    assert "1.99; exact 1.99" in titles(widget)[0]
    widget.buttons["the paradox"].click()
    assert "exact 0" in titles(widget)[0] and "pηλ/2 = 50" in titles(widget)[1]


@pytest.mark.slow
def test_float_weights_names_those_that_cannot_move():
    widget = explorers.float_weights()
    widget.buttons["bfloat16, 0.001"].click()
    share = float(titles(widget)[0].split(": ")[1].split("%")[0])
    assert share == pytest.approx(50, abs=3)
    widget.buttons["float32, 0.01"].click()
    assert titles(widget) == ["float32: 0.0% cannot move at the first step", "exactly 0 after 2000 steps: 0.00%"]


def test_finite_precision_knows_when_rounding_makes_zero():
    widget = explorers.finite_precision()
    assert titles(widget)[0] == "1/(k + 1), 16 digits: 0 from step 3619"
    widget.buttons["34 digits"].click()
    assert titles(widget)[0] == "1/(k + 1), 34 digits: never 0"


@pytest.mark.slow
def test_best_so_far_reaches_the_bound_where_residues_balance():
    widget = explorers.best_so_far()
    widget.set(residues="all the same", residue=0.5)
    assert "best 1.0000 of the bound" in titles(widget)[1]


@pytest.mark.slow
def test_sparse_solvers_tells_exact_support_from_wrong():
    widget = explorers.sparse_solvers()
    assert titles(widget)[1] == "zeros: 0, exact 181; cut at 2ηλ: wrong support"
    widget.set(factor=1 / 30)
    assert titles(widget)[1] == "zeros: 0, exact 181; cut at 2ηλ: exact support"
    widget.buttons["FISTA"].click()
    assert titles(widget)[1] == "zeros: 181, exact 181; exact support"


def test_euler_stops_on_the_kink():
    widget = explorers.euler_at_kink()
    widget.buttons["minimiser at the kink"].click()
    assert titles(widget)[0] == "minimiser 0; proximal: exactly 0 from step 4"
    widget.buttons["minimiser off the kink"].click()
    assert titles(widget)[0] == "minimiser 0.4; proximal: never exactly 0"


def test_ledger_holds_every_row_of_section_3_in_order():
    numbers = [int(re.match(r"L(\d+)", name)[1]) for name in claims.CLAIMS if name.startswith("L")]
    assert numbers == sorted(numbers) and set(numbers) == set(range(1, 13))


def test_soft_threshold_by_hand_is_the_prox():
    u = np.array([-2.0, -0.5, 0.0, 0.3, 1.5])
    assert np.array_equal(soft_threshold(u, 0.5), [-1.5, 0.0, 0.0, 0.0, 1.0])
