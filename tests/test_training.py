"""Training on minibatches: against the plain loop, several networks side by side, interrupts and divergence."""

import itertools
import re

import numpy as np
import pytest
import torch

from ngdm_helpers import data, networks


@pytest.fixture(scope="module")
def digits():
    return data.images("digits", count=300)


def parameters(model):
    return torch.cat([part.detach().reshape(-1) for part in model.parameters()])


# --- minibatches ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("orders", [networks.shuffled_in_turn, networks.shuffled_by_epoch])
def test_minibatches_begin_anywhere(orders):
    whole = [*networks.minibatches(50, 16, 12, seed=1, orders=orders)]
    for first in (1, 3, 7, 11):
        rest = [*networks.minibatches(50, 16, 12, seed=1, first=first, orders=orders)]
        assert len(rest) == 12 - first and all(map(torch.equal, rest, whole[first:]))


def test_minibatches_pass_through_all_examples():
    before = torch.random.get_rng_state()
    batches = torch.stack([*networks.minibatches(50, 16, 7, seed=1)])
    assert torch.equal(before, torch.random.get_rng_state()) and batches.shape == (7, 16)
    for start in (0, 3):
        assert len(set(batches[start : start + 3].reshape(-1).tolist())) == 48
    assert torch.equal(batches[:2], torch.stack([*networks.minibatches(50, 16, 2, seed=1)]))
    assert not torch.equal(batches, torch.stack([*networks.minibatches(50, 16, 7, seed=2)]))


# --- training ---------------------------------------------------------------------------------------------------------


def models(name="gelu", count=3, size=11):
    return [networks.vgg(size, name, "kaiming", 1.2, seed) for seed in range(count)]


@pytest.mark.parametrize("optimizer", networks.OPTIMIZERS)
def test_training_is_the_plain_loop(digits, optimizer):
    X, y = digits
    (ours,), (plain,) = models(count=1), models(count=1)
    run = networks.train([ours], X, y, 0.002, 8, optimizer=optimizer, seeds=[5], progress=False)
    if optimizer == "sgd":
        updates = torch.optim.SGD(plain.parameters(), lr=0.002, momentum=0.9)
    else:
        updates = torch.optim.Adam(plain.parameters(), lr=0.002)
    losses = []
    for chosen in networks.minibatches(len(y), 16, 8, seed=5):
        loss = torch.nn.functional.cross_entropy(plain(X[chosen]), y[chosen])
        updates.zero_grad()
        loss.backward()
        updates.step()
        losses.append(loss.item())
    np.testing.assert_allclose(run.losses, [losses], rtol=1e-5)
    torch.testing.assert_close(parameters(ours), parameters(plain), rtol=1e-4, atol=1e-5)
    assert run.lr == 0.002 and not run.interrupted


def test_training_has_the_threads_it_is_told_and_gives_them_back(digits, monkeypatch):
    seen, original = [], networks.cross_entropies

    def watched(*arguments):
        seen.append(torch.get_num_threads())
        return original(*arguments)

    monkeypatch.setattr(networks.training, "cross_entropies", watched)
    for threads in (2, 1):
        networks.train(models(count=1), *digits, 0.01, 1, threads=threads, progress=False)
    assert seen == [2, 1] and torch.get_num_threads() == 1


@pytest.mark.slow
@pytest.mark.parametrize("size", networks.VGG)
@pytest.mark.parametrize("name", ["relu", "gelu", "bridge-3"])
def test_several_seeds_together_are_each_alone(digits, size, name):
    together, alone, single = models(name, 3, size), models(name, 3, size), models(name, 3, size)[1:2]
    first = networks.train(together, *digits, 0.001, 6, progress=False)
    second = networks.train(alone, *digits, 0.001, 6, together=False, progress=False)
    third = networks.train(single, *digits, 0.001, 6, seeds=[1], progress=False)
    np.testing.assert_allclose(first.losses, second.losses, rtol=1e-4)
    np.testing.assert_array_equal(second.losses[1:2], third.losses)
    for one, other in zip(together, alone, strict=True):
        torch.testing.assert_close(parameters(one), parameters(other), rtol=1e-3, atol=1e-5)
    assert not torch.equal(parameters(together[0]), parameters(models(name, 1, size)[0]))


@pytest.mark.slow
def test_training_is_reproducible_and_learns(digits):
    first, again = (
        networks.train([networks.vgg(11, "relu", "variance-preserving", seed=0, images=digits[0])], *digits, 0.01, 90,
                       progress=False)
        for _ in range(2)
    )  # fmt: skip
    assert np.array_equal(first.losses, again.losses)
    assert first.losses[0, -20:].mean() < 1.2 < 2 < first.losses[0, :20].mean()


@pytest.mark.slow
@pytest.mark.parametrize("together", [True, False])
def test_a_model_that_diverges_is_left_behind(digits, together):
    wild = models("relu", 2)
    with torch.no_grad():
        for part in wild[0].parameters():
            part *= 1e5
    run = networks.train(wild, *digits, 0.001, 30, together=together, progress=False)
    assert np.isnan(run.losses[0, 1:]).all() and np.isfinite(run.losses[1]).all() and run.losses.shape == (2, 30)


@pytest.mark.slow
@pytest.mark.parametrize("together", [True, False])
def test_an_interrupt_keeps_what_was_computed(digits, monkeypatch, together):
    whole = networks.train(models(count=2), *digits, 0.01, 6, together=together, progress=False)
    calls, original = itertools.count(1), networks.cross_entropies

    def interrupted(*arguments):
        if next(calls) == (4 if together else 7):  # in the fourth step
            raise KeyboardInterrupt
        return original(*arguments)

    monkeypatch.setattr(networks.training, "cross_entropies", interrupted)
    trained = models(count=2)
    run = networks.train(trained, *digits, 0.01, 6, together=together, progress=False)
    assert run.interrupted and not whole.interrupted
    np.testing.assert_array_equal(run.losses, whole.losses[:, :3])
    assert not any(torch.equal(parameters(a), parameters(b)) for a, b in zip(trained, models(count=2), strict=True))


# --- bad input --------------------------------------------------------------------------------------------------------

MODEL = networks.vgg(11)
IMAGES, LABELS = torch.zeros(20, 3, 32, 32), torch.arange(20) % 10


def train(**changes):
    arguments = {"models": [MODEL], "X": IMAGES, "y": LABELS, "lr": 0.1, "steps": 1, "progress": False} | changes
    return networks.train(**arguments)


BAD = [
    (lambda: networks.minibatches(8, 9, 1), ValueError, "batch must be at most 8, the number of examples, got 9"),
    (lambda: train(models=3), TypeError, "models must be a list of networks.vgg(…), got [3]"),
    (lambda: train(models=[]), TypeError, "models must be a list of networks.vgg(…), got []"),
    (lambda: train(models=[MODEL, networks.vgg(13)]), ValueError, "models must have the same layers"),
    (lambda: train(models=[MODEL, networks.vgg(11, "abs")]), ValueError, "models must have the same layers"),
    (lambda: train(X=IMAGES.numpy()), TypeError, "X must be a torch tensor, got a ndarray"),
    (lambda: train(X=IMAGES.double()), TypeError, "X must be torch.float32 on any device, got torch.float64 on cpu"),
    (lambda: train(X=IMAGES[..., :16]), ValueError, "X must have shape (n, 3, 32, 32), got (20, 3, 32, 16)"),
    (lambda: train(y=LABELS[:5]), ValueError, "y must have a label for each of the 20 examples, got shape (5,)"),
    (lambda: train(y=LABELS.to("meta")), TypeError, "y must be torch.int64 on cpu, got torch.int64 on meta"),
    (lambda: train(y=LABELS + 1), ValueError, "y must be labels 0, …, 9, got 1 to 10"),
    (lambda: train(y=LABELS.int()), TypeError, "y must be torch.int64 on cpu, got torch.int32 on cpu"),
    (lambda: train(threads=0), ValueError, "threads must be a positive integer, got 0"),
    (
        lambda: train(models=[networks.vgg(11).double()]),
        TypeError,
        "models must have the dtype of X (torch.float32), g",
    ),
    (lambda: torch.no_grad()(train)(), ValueError, "models[0] must be trained with gradients on, got a call under no_"),
    (lambda: train(models=[networks.vgg(11).requires_grad_(False)]), ValueError, "models[0] must have no frozen param"),
    (lambda: train(X=IMAGES[:0], y=LABELS[:0]), ValueError, "X must have at least one example, got none"),
    (lambda: train(lr=-1), ValueError, "lr must be positive, got -1.0"),
    (lambda: train(steps=0), ValueError, "steps must be a positive integer, got 0"),
    (lambda: train(batch=21), ValueError, "batch must be at most 20, the number of examples, got 21"),
    (lambda: train(optimizer="lbfgs"), ValueError, "optimizer must be one of 'sgd', 'adam', got 'lbfgs'"),
    (lambda: train(seeds=[1, 2]), ValueError, "seeds must be one for each of the 1 models, got 2"),
]


@pytest.mark.parametrize(("call", "exception", "message"), BAD, ids=[message for _, _, message in BAD])
def test_bad_input_is_named(call, exception, message):
    before = parameters(MODEL).clone()
    with pytest.raises(exception, match=re.escape(message)):
        call()
    assert torch.equal(before, parameters(MODEL))
