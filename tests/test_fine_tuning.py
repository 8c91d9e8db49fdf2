"""ℓ1 fine-tuning: the update rules against torch.optim and autograd, the law of the band, networks side by side."""

import copy
import re

import numpy as np
import pytest
import torch
from torchvision import models

from ngdm_helpers import networks, objectives, theory, trajectories
from ngdm_helpers.course.problems import PAPER_NORM, VGG16_PARAMETERS

RATES = {"sgd": 0.05, "momentum": 0.05, "adam": 0.01, "proximal": 0.05}


def problem(dtype=torch.float64, seed=0):
    """(model, X, y): a network of 58 parameters with dropout's place left empty, and 12 labelled examples."""
    generator = torch.Generator().manual_seed(7)
    X = torch.randn(12, 5, generator=generator, dtype=torch.float64).to(dtype)
    return networks.mlp("relu", (5, 6, 3), seed).to(dtype), X, torch.arange(12) % 3


def data_gradient(model, X, y):
    return torch.autograd.grad(torch.nn.functional.cross_entropy(model(X), y), list(model.parameters()))


def flat(model):
    return torch.nn.utils.parameters_to_vector(model.parameters()).detach().clone()


# --- the law ----------------------------------------------------------------------------------------------------------


def test_the_law_of_appendix_b():
    with torch.device("meta"):
        assert sum(part.numel() for part in models.vgg16(weights=None).parameters()) == VGG16_PARAMETERS
    law = theory.band_mean_l1(VGG16_PARAMETERS, 0.01, 0.1)
    deviation = theory.band_sd_l1(VGG16_PARAMETERS, 0.01, 0.1)
    assert law == pytest.approx(69178.772, abs=1e-9) and deviation == pytest.approx(3.3956, abs=1e-4)
    assert abs(PAPER_NORM - law) < deviation
    assert theory.band_share(1e-5, 0.01, 0.1) == pytest.approx(0.01) and theory.band_share(1e-5, 0.01, 1e-4) == 1


def test_one_iterate_in_the_band_has_the_deviation_and_the_share_of_the_law():
    p, runs = 300, 4000
    start = np.random.default_rng(0).normal(0, 1, (runs, p))
    ends = np.abs(theory.orbit(start, 0.01, 0.1)[0])
    assert ends.sum(-1).std() == pytest.approx(theory.band_sd_l1(p, 0.01, 0.1), rel=0.05)
    assert (ends < 1e-5).mean() == pytest.approx(theory.band_share(1e-5, 0.01, 0.1), rel=0.05)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.band_sd_l1(0, 0.1, 1.0), "p must be a positive integer, got 0"),
        (lambda: theory.band_sd_l1(3, -0.1, 1.0), "lr must be positive, got -0.1"),
        (lambda: theory.band_share(0, 0.1, 1.0), "threshold must be positive, got 0.0"),
        (lambda: theory.band_share(1e-5, 0.1, 0), "lam must be positive, got 0.0"),
    ],
)
def test_bad_input_to_the_law_is_named(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


# --- the update rules -------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("method", ["sgd", "momentum", "adam"])
def test_update_is_torch_optim_on_the_penalised_loss_step_by_step(method, dtype):
    lr, lam = RATES[method], 0.02
    model, X, y = problem(dtype)
    twin = copy.deepcopy(model)
    with torch.no_grad():  # a weight and a bias that start at the kink
        for part in (*model.parameters(), *twin.parameters()):
            part.view(-1)[0] = 0.0
    optimizer = {
        "sgd": lambda: torch.optim.SGD(twin.parameters(), lr=lr),
        "momentum": lambda: torch.optim.SGD(twin.parameters(), lr=lr, momentum=0.9),
        "adam": lambda: torch.optim.Adam(twin.parameters(), lr=lr),
    }[method]()
    weights = list(model.parameters())
    memory = networks.buffers(weights, method)
    tolerance = {"rtol": 1e-12, "atol": 1e-14} if dtype == torch.float64 else {"rtol": 1e-5, "atol": 1e-7}
    for step in range(1, 41):
        optimizer.zero_grad()
        penalty = sum(part.abs().sum() for part in twin.parameters())
        (torch.nn.functional.cross_entropy(twin(X), y) + lam * penalty).backward()
        optimizer.step()
        norm = networks.update(weights, data_gradient(model, X, y), memory, step, lr, lam, method)
        torch.testing.assert_close(flat(model), flat(twin), **tolerance)
        assert norm.dtype == torch.float64
        assert float(norm) == pytest.approx(float(flat(twin).abs().sum(dtype=torch.float64)), rel=1e-6)


def test_a_proximal_step_is_the_soft_threshold_of_a_gradient_step():
    model, X, y = problem()
    lr, lam, weights = 0.05, 0.4, list(model.parameters())
    expected = flat(model) - lr * torch.cat([part.view(-1) for part in data_gradient(model, X, y)])
    expected = objectives.L1Norm(lam).prox(expected.numpy(), lr)
    norm = networks.update(weights, data_gradient(model, X, y), [[]] * 4, 1, lr, lam, "proximal")
    np.testing.assert_allclose(flat(model).numpy(), expected, rtol=0, atol=1e-15)
    zeros = int((expected == 0).sum())
    assert zeros > 3 and networks.count_small_weights(weights, lr * lam)["zeros"] == zeros
    assert float(norm) == pytest.approx(np.abs(expected).sum(), rel=1e-14)


@pytest.mark.parametrize("method", ["sgd", "proximal"])
def test_without_data_the_steps_are_those_of_the_trajectories(method):
    start = torch.rand(50, dtype=torch.float64, generator=torch.Generator().manual_seed(1)) - 0.5
    weight = start.clone()
    name = {"sgd": "subgradient", "proximal": "proximal"}[method]
    path = trajectories.run(objectives.L1Norm(0.5), start.numpy(), 0.03, 60, name).iterates
    norms = [
        float(networks.update([weight], [torch.zeros(50).double()], [[]], step, 0.03, 0.5, method))
        for step in range(1, 61)
    ]
    np.testing.assert_allclose(weight.numpy(), path[-1], rtol=0, atol=1e-13)
    np.testing.assert_allclose(norms, np.abs(path[1:]).sum(-1), rtol=1e-12)
    if method == "sgd":
        assert np.mean(norms[-2:]) == pytest.approx(theory.band_mean_l1(50, 0.03, 0.5), rel=1e-12)
    else:
        assert not weight.any()


@pytest.mark.parametrize("method", networks.METHODS)
@pytest.mark.parametrize("layout", ["transposed gradient", "channels last", "expanded gradient"])
def test_neither_blocks_nor_layout_change_the_numbers(monkeypatch, method, layout):
    generator = torch.Generator().manual_seed(0)
    weight, gradient = (torch.randn(4, 6, 3, 5, generator=generator) for _ in range(2))
    if layout == "expanded gradient":
        gradient = gradient[..., :1].expand(weight.shape)
    plain, changed = [weight.clone()], [weight.clone()]
    if layout == "channels last":
        changed = [weight.clone(memory_format=torch.channels_last)]
    memories = [networks.buffers(weights, method) for weights in (plain, changed)]
    for step in (1, 2, 3):
        norms = [float(networks.update(plain, [gradient.contiguous().clone()], memories[0], step, 0.1, 0.5, method))]
        with monkeypatch.context() as patch:
            patch.setattr(networks.training, "_BLOCK", 7)
            other = gradient if layout == "expanded gradient" else gradient.clone()
            if layout == "transposed gradient":
                other = gradient.transpose(0, 1).contiguous().transpose(0, 1)
            norms.append(float(networks.update(changed, [other], memories[1], step, 0.1, 0.5, method)))
        assert torch.equal(plain[0], changed[0]) and norms[0] == pytest.approx(norms[1], rel=1e-6)


@pytest.mark.parametrize("method", networks.METHODS)
def test_networks_side_by_side_are_networks_one_by_one(method):
    lams, (model, X, y) = [0.0, 0.01, 1.0], problem()
    together = networks.fine_tune(model, X, y, lams, RATES[method], 25, method, batch=4, progress=False)
    for i, lam in enumerate(lams):
        single = copy.deepcopy(model)
        weights = list(single.parameters())
        memory, norms = networks.buffers(weights, method), [float(flat(single).abs().sum())]
        for step, chosen in enumerate(networks.minibatches(12, 4, 25, orders=networks.shuffled_by_epoch), 1):
            gradients = data_gradient(single, X[chosen], y[chosen])
            norms.append(float(networks.update(weights, gradients, memory, step, RATES[method], lam, method)))
        torch.testing.assert_close(flat(together.network(i)), flat(single), rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(together.norms[:, i], norms, rtol=1e-10)


# --- counting, cutting, batches ---------------------------------------------------------------------------------------


def test_count_small_weights(monkeypatch):
    monkeypatch.setattr(networks.training, "_BLOCK", 2)
    weights = [torch.tensor([0.0, -0.0, 5e-6, -9e-6]), torch.tensor([[1e-3, -0.5]])]
    assert networks.count_small_weights(weights, 0.01) == {
        "zeros": 2,
        "small": 4,
        "inside": 5,
        "total": 6,
        "largest": pytest.approx(0.5),
    }


def test_fine_tuning_leaves_the_model_and_depends_on_the_seed_alone():
    model, X, y = problem()
    before, state = flat(model), torch.random.get_rng_state()
    first, again, other = (
        networks.fine_tune(model, X, y, [0.01, 0.1], 0.05, 20, batch=4, seed=seed, progress=False) for seed in (0, 0, 1)
    )
    assert torch.equal(before, flat(model)) and torch.equal(state, torch.random.get_rng_state())
    assert np.array_equal(first.norms, again.norms) and not np.array_equal(first.norms, other.norms)
    assert first.norms.shape == (21, 2) and np.allclose(first.norms[0], float(before.abs().sum()))
    assert np.allclose(first.means, first.norms[-2:].mean(0))


def test_without_a_penalty_there_is_nothing_to_prune():
    model, X, y = problem()
    tuned = networks.fine_tune(model, X, y, [0.0], 0.05, 3, batch=4, progress=False)
    assert tuned.count_small_weights()[0]["inside"] == 0
    assert torch.equal(flat(tuned.pruned().network(0)), flat(tuned.network(0)))


def test_pruning_at_the_step_zeroes_what_is_below_it_and_nothing_else():
    model, X, y = problem()
    tuned = networks.fine_tune(model, X, y, [0.02, 0.3], 0.05, 60, batch=4, progress=False)
    for i, (counts, cut) in enumerate(
        zip(tuned.count_small_weights(), tuned.pruned().count_small_weights(), strict=True)
    ):
        assert cut["zeros"] == cut["inside"] == counts["inside"] > 0 and counts["zeros"] == 0
        kept = flat(tuned.pruned().network(i))
        assert torch.equal(kept[kept != 0], flat(tuned.network(i))[kept != 0])
    expected = [(tuned.network(i)(X).argmax(1) == y).double().mean() for i in range(2)]
    np.testing.assert_allclose(tuned.accuracy(X, y), expected)


def test_batches_cover_an_epoch_and_go_on_anywhere():
    whole = [
        tuple(chosen.tolist()) for chosen in networks.minibatches(10, 3, 8, seed=5, orders=networks.shuffled_by_epoch)
    ]
    assert len(whole) == 8 and all(len(set(chosen)) == 3 for chosen in whole)
    for epoch in (whole[:3], whole[3:6]):
        assert len(set(sum(epoch, ()))) == 9
    assert whole[:3] != whole[3:6]
    assert whole[4:] == [
        tuple(chosen.tolist())
        for chosen in networks.minibatches(10, 3, 8, seed=5, first=4, orders=networks.shuffled_by_epoch)
    ]


# --- bad input --------------------------------------------------------------------------------------------------------

MODEL, X, Y = problem()
W = torch.ones(3)


def tune(**changes):
    arguments = {"model": MODEL, "X": X, "y": Y, "lams": [0.1], "lr": 0.1, "steps": 2, "batch": 4, "progress": False}
    return networks.fine_tune(**(arguments | changes))


def frozen():
    model = copy.deepcopy(MODEL)
    model[0].requires_grad_(False)
    return model


def step(**changes):
    arguments = {"weights": [W], "gradients": [W.clone()], "memory": [[]], "step": 1, "lr": 0.1, "lam": 0.1}
    return networks.update(**(arguments | changes))


def many(lam):
    return networks.update_many([W], [W.clone()], [[]], 1, 0.1, lam)


METHOD = "method must be one of 'sgd', 'momentum', 'adam', 'proximal', got 'lion'"
BAD = [
    (lambda: networks.buffers([W], "lion"), ValueError, METHOD),
    (lambda: step(method="lion"), ValueError, METHOD),
    (lambda: step(lr=0), ValueError, "lr must be positive, got 0.0"),
    (lambda: step(lam=-1), ValueError, "lam must be non-negative, got -1.0"),
    (lambda: step(lam="0.1"), TypeError, "lam must be a number, got '0.1'"),
    (lambda: step(lam=torch.ones(2)), TypeError, "lam must be a number (update_many takes one for each network)"),
    (lambda: many(lam=0.1), TypeError, "lam must be a torch tensor (L,), got a float"),
    (lambda: many(lam=torch.ones(2, 2)), ValueError, "lam must be a torch tensor (L,), non-negative and finite"),
    (lambda: many(lam=torch.tensor([1.0, -1.0])), ValueError, "lam must be a torch tensor (L,), non-negative and"),
    (lambda: many(lam=torch.ones(2)), ValueError, "weights must have the shape (2, …) for 2 λ, got (3,)"),
    (lambda: step(step=0), ValueError, "step must be a positive integer, got 0"),
    (
        lambda: step(gradients=[]),
        ValueError,
        "gradients and memory must have an entry for each of one or more weights, got 0 and 1",
    ),
    (lambda: step(gradients=[torch.ones(2)]), ValueError, "gradients must be shaped like weights, got (2,) for (3,)"),
    (
        lambda: step(weights=[torch.ones(3, 2)[:, 0]]),
        ValueError,
        "weights must lie densely in memory, got strides (2,)",
    ),
    (lambda: tune(X=X.numpy()), TypeError, "X must be a torch tensor, got a ndarray"),
    (lambda: tune(y=[0] * 12), TypeError, "y must be a torch tensor, got a list"),
    (lambda: networks.count_small_weights([W], -1), ValueError, "step must be non-negative, got -1.0"),
    (lambda: tune(lams=0.1), TypeError, "lams must be one or more numbers, got 0.1"),
    (lambda: tune(lams=[]), ValueError, "lams must be one or more numbers, got none"),
    (lambda: tune(lams=[0.1, -1]), ValueError, "lams[1] must be non-negative, got -1.0"),
    (lambda: tune(method="lion"), ValueError, METHOD),
    (lambda: tune(batch=13), ValueError, "batch must be at most 12, the number of examples, got 13"),
    (lambda: tune(y=Y[:5]), ValueError, "y must have a label for each of the 12 examples, got shape (5,)"),
    (lambda: tune(steps=0), ValueError, "steps must be a positive integer, got 0"),
    (lambda: tune(lams=np.ones((2, 2))), TypeError, "lams[0] must be a number, got array([1., 1.])"),
    (lambda: tune(lams=torch.ones(2, 2)), TypeError, "lams[0] must be a number, got [1.0, 1.0]"),
    (lambda: tune(lams=b"1"), TypeError, "lams must be one or more numbers, got b'1'"),
    (lambda: tune(lams=[10**400]), ValueError, "lams[0] must be finite, got a number beyond ±1.8e308"),
    (lambda: tune(y=Y + 9), ValueError, "y must be labels 0, …, 2, got 9 to 11"),
    (lambda: tune(X=X[:, :1]), ValueError, "X must have a shape that the model takes, got (1, 1)"),
    (lambda: tune(X=X[:0], y=Y[:0]), ValueError, "X must have at least one example, got none"),
    (lambda: torch.no_grad()(tune)(), ValueError, "model must be trained with gradients on, got a call under no_grad"),
    (lambda: tune(model=frozen()), ValueError, "model must have no frozen parameters, got requires_grad=False for 0.w"),
    (lambda: step(memory=[[W.clone()]]), ValueError, "memory must be as buffers(weights, 'sgd') returned it, 0 tensor"),
    (lambda: step(method="adam"), ValueError, "memory must be as buffers(weights, 'adam') returned it, 2 tensor(s)"),
    (lambda: step(method="momentum", memory=[[torch.ones(2)]]), ValueError, "1 tensor(s) like each weight, got [(2,)]"),
    (lambda: tune(lr=-1), ValueError, "lr must be positive, got -1.0"),
]


@pytest.mark.parametrize(("call", "exception", "message"), BAD, ids=[message for _, _, message in BAD])
def test_bad_input_is_named(call, exception, message):
    with pytest.raises(exception, match=re.escape(message)):
        call()
    assert torch.equal(W, torch.ones(3))


def test_one_penalty_leaves_the_model_as_it_is_too():
    model, X, y = problem()
    before = flat(model)
    networks.fine_tune(model, X, y, [0.5], 0.05, 5, batch=4, progress=False)
    assert torch.equal(flat(model), before)


@pytest.mark.parametrize("method", networks.METHODS)
def test_gradients_that_share_memory_are_kept_apart(method):
    """Autograd hands out one tensor for a and b of a + b."""
    start = torch.tensor([1.0, -2.0, 3.0], dtype=torch.float64), torch.tensor([-1.0, 2.0, -3.0], dtype=torch.float64)
    slope = torch.tensor([0.5, 1.0, -0.25], dtype=torch.float64)
    shared, own = ([part.clone() for part in start] for _ in range(2))
    both = slope.clone()
    networks.update(shared, [both, both], networks.buffers(shared, method), 1, 0.1, 1.0, method)
    networks.update(own, [slope.clone(), slope.clone()], networks.buffers(own, method), 1, 0.1, 1.0, method)
    assert all(torch.equal(a, b) for a, b in zip(shared, own, strict=True))


def test_bad_input_to_fine_tuning_is_named():
    model, X, y = problem()
    for options, error, message in (
        ({"X": X.float()}, TypeError, "X must be torch.float64 on cpu, got torch.float32 on cpu"),
        ({"y": y.double()}, TypeError, "y must be torch.int64 on cpu, got torch.float64 on cpu"),
        ({"y": y - 1}, ValueError, "y must be labels 0, 1, …, got -1"),
        ({"model": 3}, TypeError, "model must be a torch.nn.Module, got 3"),
        ({"seed": -1}, ValueError, "seed must be at least 0 and below 2**63, got -1"),
    ):
        arguments = {"model": model, "X": X, "y": y, "lams": [0.1], "lr": 0.1, "steps": 2, "progress": False} | options
        with pytest.raises(error, match=re.escape(message)):
            networks.fine_tune(**arguments)
    with pytest.raises(
        TypeError, match=re.escape("lam must be a number (update_many takes one for each network), got a list")
    ):
        networks.update([X], [X], [[]], 1, 0.1, [0.1, 0.2])
