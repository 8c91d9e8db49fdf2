"""Sharpness against dense Hessians, and full-batch gradient descent against torch.optim."""

import itertools
import math
import re
import sys

import numpy as np
import pytest
import torch

from ngdm_helpers import data, networks
from ngdm_helpers.course import probes
from ngdm_helpers.trajectories import DivergenceWarning

ACTIVATIONS = tuple(networks.ACTIVATIONS)


def tiny(activation="tanh", seed=0, examples=12):
    """(model, X, Y) of 3–4–4–2 in float64."""
    generator = torch.Generator().manual_seed(7)
    X, Y = (torch.randn(examples, size, generator=generator, dtype=torch.float64) for size in (3, 2))
    return networks.mlp(activation, (3, 4, 4, 2), seed).double(), X, Y


def flat(model):
    return torch.nn.utils.parameters_to_vector(model.parameters()).detach().clone()


def at(model, X, Y):
    """The loss as a function of the flat parameters."""
    shapes = {name: part.shape for name, part in model.named_parameters()}

    def loss(vector):
        parts = vector.split([shape.numel() for shape in shapes.values()])
        named = {name: part.view(shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)}
        return networks.mse(torch.func.functional_call(model, named, X), Y)

    return loss


# --- sharpness --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("seed", range(3))
def test_sharpness_is_the_top_eigenvalue_of_the_dense_hessian(activation, seed):
    model, X, Y = tiny(activation, seed)
    loss = at(model, X, Y)
    values, vectors = torch.linalg.eigh(torch.autograd.functional.hessian(loss, flat(model)))
    value, vector = networks.sharpness(networks.mse(model(X), Y), model.parameters(), tolerance=0)
    assert value == pytest.approx(values[-1].item(), abs=1e-6)
    assert abs(vector @ vectors[:, -1].numpy()) == pytest.approx(1, abs=1e-6)
    assert networks.sharpness(networks.mse(model(X), Y), model.parameters())[0] == pytest.approx(value, rel=1e-4)
    warm = networks.sharpness(networks.mse(model(X), Y), model.parameters(), start=vector, tolerance=0)[0]
    assert warm == pytest.approx(value, abs=1e-6)


def test_sharpness_of_a_quadratic_of_any_size_and_of_a_concave_function():
    for p in (1, 2, 5):
        beta = torch.ones(p, dtype=torch.float64, requires_grad=True)
        diagonal = torch.arange(1.0, p + 1, dtype=torch.float64)
        assert networks.sharpness((diagonal * beta**2).sum() / 2, beta, tolerance=0)[0] == pytest.approx(p)
        assert networks.sharpness(-(diagonal * beta**2).sum() / 2, beta, tolerance=0)[0] == pytest.approx(-1)


def test_second_differences_tend_to_the_hessian_and_leave_the_model():
    model, X, Y = tiny("tanh")
    before = flat(model).clone()
    gradient = torch.autograd.functional.jacobian(at(model, X, Y), before)
    distances = np.array([0.3, 1e-2])
    top, differences, slope = probes.second_differences(model, X, Y, distances)
    loss, (_, v) = at(model, X, Y), networks.sharpness(networks.mse(model(X), Y), model.parameters())
    steps = [t * torch.as_tensor(v) for t in distances.tolist()]
    direct = [(loss(before + d) + loss(before - d) - 2 * loss(before)).item() / (d @ d).item() for d in steps]
    np.testing.assert_allclose(differences, direct, rtol=1e-9)
    assert differences[1] == pytest.approx(top, rel=1e-3) and abs(differences[0] - top) > 1e-3 * abs(top)
    assert slope == pytest.approx(gradient.norm().item()) and torch.equal(flat(model), before)
    with pytest.raises(ValueError, match=r"distances must be positive, got 0\.0 at index"):
        probes.second_differences(model, X, Y, [0.1, 0.0])


def test_sharpness_is_reproducible_and_keeps_the_graph():
    model, X, Y = tiny("gelu")
    loss = networks.mse(model(X), Y)
    first, second = (networks.sharpness(loss, model.parameters()) for _ in range(2))
    assert first[0] == second[0] and np.array_equal(first[1], second[1])
    loss.backward()


def test_frozen_states_take_the_kinks_out_and_change_nothing_else():
    generator = torch.Generator().manual_seed(0)
    X, Y = torch.randn(30, 5, generator=generator).double(), torch.randn(30, 3, generator=generator).double()
    model = networks.mlp("relu", (5, 8, 3)).double()
    plain = probes.frozen(model, X)
    assert all(a is b for a, b in zip(model.parameters(), plain.parameters(), strict=True))
    assert torch.equal(plain(X), model(X))
    tops = [networks.sharpness(networks.mse(each(X), Y), list(each.parameters()))[0] for each in (model, plain)]
    assert tops[0] == pytest.approx(tops[1], rel=1e-6)
    distances = [1e-4, 3.0]
    kinked, smooth = (probes.second_differences(each, X, Y, distances)[1] for each in (model, plain))
    assert smooth[0] == pytest.approx(tops[0], rel=1e-3)
    assert abs(kinked[1] - smooth[1]) > 0.05 * abs(smooth[1])  # far away states differ
    with pytest.raises(TypeError, match=r"model must be a torch\.nn\.Sequential, got Linear"):
        probes.frozen(torch.nn.Linear(2, 3), X)


# --- gradient descent -------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradient_descent_is_torch_sgd_step_by_step(activation):
    model, X, Y = tiny(activation)
    twin = tiny(activation)[0]
    optimizer, losses = torch.optim.SGD(twin.parameters(), lr=0.05), []
    for k in range(1, 31):
        loss = networks.mse(twin(X), Y)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        run = networks.full_batch_gd(model, X, Y, 0.05, 1, sharpness_every=None, progress=False)
        assert run.losses[0] == pytest.approx(losses[-1], rel=1e-12), k
        torch.testing.assert_close(flat(model), flat(twin), rtol=1e-12, atol=1e-14)
    whole = networks.full_batch_gd(tiny(activation)[0], X, Y, 0.05, 30, progress=False)
    np.testing.assert_allclose(whole.losses[:30], losses, rtol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_directional_smoothness_is_its_definition(activation):
    model, X, Y = tiny(activation)
    loss, lr = at(model, X, Y), 0.1 if activation == "abs" else 0.3  # |x| diverges at 0.3
    points = [flat(model)]
    for _ in range(25):
        points.append(points[-1] - lr * torch.func.grad(loss)(points[-1]))
    expected = []
    for x, x_next in itertools.pairwise(points):
        step = x_next - x
        change = torch.func.grad(loss)(x_next) - torch.func.grad(loss)(x)
        expected.append(lr * (change @ step / (step @ step)).item())
    run = networks.full_batch_gd(model, X, Y, lr, 25, sharpness_every=10, progress=False)
    np.testing.assert_allclose(run.directional, expected, rtol=1e-6)
    np.testing.assert_allclose(run.losses, [loss(x).item() for x in points], rtol=1e-10)
    assert run.sharpness_steps.tolist() == [0, 10, 20] and run.steps == 25 and not run.interrupted
    for k, value in zip(run.sharpness_steps, run.sharpness, strict=True):
        dense = torch.linalg.eigvalsh(torch.autograd.functional.hessian(loss, points[k]))[-1].item()
        assert value == pytest.approx(dense, rel=1e-4)


def linear(eta_times_curvature):
    """A linear model of one weight on x = 1, y = 0, f(w) = w², Hessian 2, and the η that makes ηL what is asked."""
    model = torch.nn.Linear(1, 1, bias=False).double()
    torch.nn.init.ones_(model.weight)
    return model, torch.ones(1, 1).double(), torch.zeros(1, 1).double(), eta_times_curvature / 2


@pytest.mark.parametrize("c", [0.5, 1.5, 2.0])
def test_a_quadratic_contracts_by_one_minus_c_and_has_directional_smoothness_c(c):
    run = networks.full_batch_gd(*linear(c), steps=20, sharpness_every=5, progress=False)
    np.testing.assert_allclose(run.losses, (1 - c) ** (2 * np.arange(21)), rtol=1e-9)
    np.testing.assert_allclose(run.directional, c, rtol=1e-9)
    np.testing.assert_allclose(run.sharpness, 2, rtol=1e-12)


def test_a_run_that_overflows_ends_with_its_finite_part():
    threads = torch.get_num_threads()
    with pytest.warns(DivergenceWarning, match="lr=5 overflowed at step"):
        run = networks.full_batch_gd(*linear(10), steps=1000, progress=False)
    assert torch.get_num_threads() == threads
    assert run.overflow_step == len(run.losses) and np.isfinite(run.losses).all() and not run.interrupted
    assert len(run.directional) == run.steps == len(run.losses) - 1


@pytest.mark.slow
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_network_may_overflow_while_its_sharpness_is_measured(activation):
    X, Y = data.digits(20)
    with pytest.warns(DivergenceWarning):
        run = networks.full_batch_gd(networks.mlp(activation), 100 * X, Y, 10.0, 500, 1, progress=False)
    assert run.overflow_step == len(run.losses) == len(run.sharpness) and np.isfinite(run.sharpness).all()


def test_a_run_that_starts_at_the_minimum_stays_there():
    model, X, Y, lr = linear(1.0)
    torch.nn.init.zeros_(model.weight)
    run = networks.full_batch_gd(model, X, Y, lr, 3, progress=False)
    assert run.losses.tolist() == [0, 0, 0, 0] and np.isnan(run.directional).all()


@pytest.mark.slow
def test_the_seed_determines_the_run():
    X, Y = data.digits(100)
    first, again, other = (
        networks.full_batch_gd(networks.mlp("relu", seed=seed), X, Y, 0.2, 60, sharpness_every=20, progress=False)
        for seed in (1, 1, 2)
    )
    for name in ("losses", "directional", "sharpness"):
        assert np.array_equal(getattr(first, name), getattr(again, name))
        assert not np.array_equal(getattr(first, name), getattr(other, name))


@pytest.mark.slow
@pytest.mark.parametrize("stop_at", [1, 2, 17])
@pytest.mark.parametrize("where", ["forward", "sharpness"])
def test_an_interrupt_keeps_what_was_computed(monkeypatch, stop_at, where):
    model, X, Y = tiny("tanh")
    whole = networks.full_batch_gd(tiny("tanh")[0], X, Y, 0.05, 40, sharpness_every=1, progress=False)
    calls = itertools.count(1)
    # the module, which the function of its name hides
    owner, name = sys.modules["ngdm_helpers.networks.sharpness"], "mse" if where == "forward" else "sharpness"
    original = getattr(owner, name)

    def interrupted(*arguments, **options):
        if next(calls) == stop_at:
            raise KeyboardInterrupt
        return original(*arguments, **options)

    monkeypatch.setattr(owner, name, interrupted)
    run = networks.full_batch_gd(model, X, Y, 0.05, 40, sharpness_every=1, progress=False)
    assert run.interrupted and not whole.interrupted and run.overflow_step is None
    kept = stop_at - 1
    assert len(run.losses) == len(run.sharpness) == len(run.sharpness_steps) == kept and run.steps == max(kept - 1, 0)
    np.testing.assert_array_equal(run.losses, whole.losses[:kept])
    np.testing.assert_array_equal(run.directional, whole.directional[: run.steps])
    np.testing.assert_array_equal(run.sharpness, whole.sharpness[:kept])


def test_a_hessian_of_0_has_sharpness_0_and_vgg_can_be_trained_on_one_batch():
    weight = torch.tensor([1.0, -1.0], requires_grad=True)
    loss = (weight.relu().sum() * 0 + (weight * torch.tensor([0.0, 0.0])).square().sum()).sum()
    top, vector = networks.sharpness(loss, weight)
    assert top == 0.0 and np.linalg.norm(vector) == pytest.approx(1)
    with pytest.raises(ValueError, match="start must not be 0 in every entry"):
        networks.sharpness(weight.square().sum(), weight, start=np.zeros(2))
    images, model = torch.rand(4, 3, 32, 32) * 2 - 1, networks.vgg(11, "gelu")
    run = networks.full_batch_gd(model, images, torch.eye(10)[:4], 0.01, 2, sharpness_every=None, progress=False)
    assert run.steps == 2 and np.isfinite(run.losses).all()
    top, differences, _ = probes.second_differences(
        networks.mlp("tanh", (3, 2)), torch.ones(4, 3), torch.ones(4, 2), 0.1
    )
    assert differences.shape == (1,)


@pytest.mark.parametrize("size", [1e-300, 1e300, np.float16(1e4), np.float32(1e-20), np.longdouble("1e-400")])
def test_a_start_may_be_of_any_size_and_float(size):
    weight = torch.tensor([1.0, -1.0, 2.0], requires_grad=True, dtype=torch.float64)
    loss = weight.pow(4).sum()
    start = np.array([1.0, 2.0, 3.0], getattr(size, "dtype", np.float64))
    assert networks.sharpness(loss, weight, size * start)[0] == pytest.approx(48)


# --- bad input --------------------------------------------------------------------------------------------------------

MODEL, X, Y = tiny()
W = torch.ones(2, requires_grad=True)
HALF = torch.ones(2, requires_grad=True, dtype=torch.bfloat16)


def frozen():
    model, _, _ = tiny()
    model[0].requires_grad_(False)
    return model


def gd(**changes):
    arguments = {"model": MODEL, "X": X, "Y": Y, "lr": 0.1, "steps": 2, "progress": False} | changes
    return networks.full_batch_gd(**arguments)


BAD = [
    (lambda: networks.sharpness(3.0, W), TypeError, "loss must be a scalar tensor, got 3.0"),
    (lambda: networks.sharpness(W**2, W), TypeError, "loss must be a scalar tensor, got tensor"),
    (lambda: networks.sharpness(torch.tensor(1.0), W), ValueError, "loss must be computed from parameters"),
    (lambda: networks.sharpness(W.sum(), W), ValueError, "loss must not be linear in parameters"),
    (lambda: networks.sharpness((W / 0).square().sum(), W), ValueError, "loss must be finite, with a finite gradient"),
    (
        lambda: networks.sharpness(W.square().sum(), W, start=np.ones(3)),
        ValueError,
        "start must have shape (2,), one entry a parameter, got (3,)",
    ),
    (
        lambda: networks.sharpness(W.square().sum(), W, tolerance=-1),
        ValueError,
        "tolerance must be non-negative, got -1.0",
    ),
    (
        lambda: networks.sharpness(W.square().sum(), W, tolerance=[1, 1]),
        TypeError,
        "tolerance must be a number, got [1",
    ),
    (
        lambda: networks.sharpness(W.square().sum(), W, start=[math.nan, 1.0]),
        ValueError,
        "start must be finite, got nan at index (0,)",
    ),
    (
        lambda: networks.sharpness(W.square().sum(), W, start=torch.ones(2)),
        TypeError,
        "start must be a NumPy array, got a Tensor",
    ),
    (
        lambda: networks.sharpness(HALF.square().sum(), HALF),
        TypeError,
        "that require gradients, got torch.bfloat16 with requires_grad=True",
    ),
    (
        lambda: networks.sharpness(W.square().sum(), [W, torch.ones(2)]),
        TypeError,
        "that require gradients, got torch.float32 with requires_grad=False",
    ),
    (
        lambda: networks.sharpness(W.square().sum(), [W, 3]),
        TypeError,
        "that require gradients, got 3",
    ),
    (
        lambda: networks.sharpness(W.square().sum(), W, start=np.ones(2) + 1j),
        TypeError,
        "start must have a floating dtype (float32, float64), got complex128",
    ),
    (
        lambda: networks.sharpness(W.square().sum(), W, start=np.ma.masked_array([1.0, 2.0], [True, False])),
        ValueError,
        "start must have no masked entries, got 1",
    ),
    (
        lambda: networks.sharpness(W.square().sum(), []),
        TypeError,
        "parameters must be float32 or float64 tensors that require gradients, got none",
    ),
    (lambda: gd(model=frozen()), ValueError, "model must have no frozen parameters, got requires_grad=False for 0.wei"),
    (lambda: torch.no_grad()(gd)(), ValueError, "model must be trained with gradients on, got a call under no_grad()"),
    (lambda: torch.inference_mode()(gd)(), ValueError, "model must be trained with gradients on, got a call under"),
    (lambda: gd(model=3), TypeError, "model must be a torch.nn.Module, got 3"),
    (lambda: gd(model=torch.nn.Tanh()), ValueError, "model must have parameters, got Tanh()"),
    (lambda: gd(X=X.numpy()), TypeError, "X must be a torch tensor, got a ndarray"),
    (lambda: gd(X=X.float()), TypeError, "X must be torch.float64 on cpu, got torch.float32 on cpu"),
    (lambda: gd(Y=Y.to("meta")), TypeError, "Y must be torch.float64 on cpu, got torch.float64 on meta"),
    (lambda: gd(Y=Y / 0), ValueError, "Y must be finite, got 24 entries that are not"),
    (lambda: gd(X=X[:, :2]), ValueError, "X must have a shape that the model takes, got (12, 2)"),
    (lambda: gd(Y=Y[:, :1]), ValueError, "Y must have the shape of the model's outputs, (12, 2), got (12, 1)"),
    (lambda: gd(lr=0), ValueError, "lr must be positive, got 0.0"),
    (lambda: gd(lr=[0.1]), TypeError, "lr must be a number, got [0.1]"),
    (lambda: gd(steps=0), ValueError, "steps must be a positive integer, got 0"),
    (lambda: gd(sharpness_every=0), ValueError, "sharpness_every must be a positive integer, got 0"),
]


@pytest.mark.parametrize(("call", "exception", "message"), BAD, ids=[message for _, _, message in BAD])
def test_bad_input_is_named(call, exception, message):
    before = flat(MODEL)
    with pytest.raises(exception, match=re.escape(message)):
        call()
    assert torch.equal(before, flat(MODEL))
