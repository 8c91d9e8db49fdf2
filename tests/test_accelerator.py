"""Everything that takes torch tensors, on a GPU where there is one and on a pretended one everywhere: as on the CPU."""

import contextlib
import functools
import itertools

import numpy as np
import pytest
import torch

import ngdm_helpers
from ngdm_helpers import counterexamples, networks, objectives, trajectories
from ngdm_helpers.course import probes, recorded
from ngdm_helpers.course.experiments import depth, lasso_deep
from tests import accelerator
from tests.test_lasso_deep import stand_in

pytestmark = pytest.mark.slow  # what breaks on a device alone is looked for once an edit is done

DEVICES = [accelerator.DEVICE, *(["cuda"] if torch.cuda.is_available() else [])]


@pytest.fixture(params=DEVICES)
def device(request):
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with accelerator.pretended() if request.param == accelerator.DEVICE else contextlib.nullcontext():
        yield request.param
    torch.set_num_threads(threads)


def agree(compute, device, tolerance=1e-4):
    """``compute(device)`` gives what ``compute("cpu")`` gives; its tensors are on the device, the rest is as it is."""
    there, here = accelerator.home(compute(device)), compute("cpu")
    here = torch.utils._pytree.tree_map(
        lambda leaf: leaf.detach().numpy() if isinstance(leaf, torch.Tensor) else leaf, here
    )
    pairs = zip(*map(torch.utils._pytree.tree_leaves, (there, here)), strict=True)
    for a, b in pairs:
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=1e-6)


def uniform(*shape, seed=0, dtype=torch.float64):
    return torch.from_numpy(np.random.default_rng(seed).uniform(-1, 1, shape)).to(dtype)


# --- the pretended one ------------------------------------------------------------------------------------------------


def test_the_pretended_device_refuses_what_a_gpu_refuses():
    with accelerator.pretended():
        a = torch.arange(3.0, device=accelerator.DEVICE)
        with pytest.raises(RuntimeError, match="expected all tensors on one device"):
            a + torch.ones(3)
        with pytest.raises(RuntimeError, match="expected all tensors on one device"):
            torch.nn.Linear(3, 2)(a)
        with pytest.raises(RuntimeError, match="numpy"):
            a.numpy()
        with pytest.raises((RuntimeError, TypeError)):
            np.asarray(a)
        assert a.device.type == accelerator.DEVICE and (a * torch.tensor(2.0)).sum().item() == 6.0
        assert type(a.cpu()) is torch.Tensor and a[torch.tensor([2, 0])].tolist() == [2.0, 0.0]
        layer = torch.nn.Linear(3, 2).to(accelerator.DEVICE)
        (gradient,) = torch.autograd.grad(layer(a).sum(), [layer.weight])
        np.testing.assert_array_equal(accelerator.home(gradient), [[0, 1, 2], [0, 1, 2]])
    with pytest.raises(AssertionError, match="a tensor is on the CPU"):
        accelerator.home(torch.ones(2))


# --- trajectories -----------------------------------------------------------------------------------------------------

A, TARGET, START = uniform(7, 4), -uniform(7, seed=1).abs(), uniform(5, 4, seed=2)
OBJECTIVES = {
    "L1Norm": lambda at: objectives.L1Norm(0.7),
    "L1Norm, a batch of λ": lambda at: objectives.L1Norm(at(torch.linspace(0.1, 1, 5, dtype=torch.float64))),
    "ReLURegression": lambda at: objectives.ReLURegression(at(A), at(TARGET), 0.1, 0.1),
    "Lasso": lambda at: objectives.Lasso(at(A), at(TARGET), 0.1),
    "Huber": lambda at: objectives.Huber(at(A), at(TARGET), 0.5),
    "Quadratic": lambda at: objectives.Quadratic(at(A.T @ A)),
    "LeastAbsolute": lambda at: counterexamples.LeastAbsolute(at(A), at(TARGET)),
}
SMOOTH_PART = ("L1Norm", "L1Norm, a batch of λ", "Lasso", "Huber", "Quadratic")
CASES = [
    *itertools.product(OBJECTIVES, ("subgradient", "momentum", "adam", "rmsprop")),
    *itertools.product(SMOOTH_PART, trajectories.SPLITTING),
]


@pytest.mark.parametrize(("name", "method"), CASES)
def test_trajectories(device, name, method):
    def compute(where):
        run = trajectories.run(OBJECTIVES[name](lambda t: t.to(where)), START.to(where), 0.01, 12, method)
        return run.iterates, run.values

    agree(compute, device)


@pytest.mark.parametrize(
    "lr",
    [
        trajectories.diminishing(0.1),
        trajectories.step_decay(0.1, 3, 0.5),
        trajectories.exponential_decay(0.1, 0.9),
        [0.1, 0.2, 0.3, 0.4, 0.5],
    ],
)
def test_step_sizes(device, lr):
    def compute(where):
        rates = torch.tensor(lr, dtype=torch.float64, device=where) if isinstance(lr, list) else lr
        return trajectories.run(objectives.L1Norm(1.0), START.to(where), rates, 12, record_every=3).iterates

    agree(compute, device)


def test_an_overflow(device):
    def compute(where):
        with pytest.warns(trajectories.DivergenceWarning):
            run = trajectories.run(objectives.Quadratic((A.T @ A).to(where)), START.to(where), 100.0, 300)
        return run.iterates, run.values, run.overflow_step

    agree(compute, device)


def test_constants(device):
    def compute(where):
        huber = OBJECTIVES["Huber"](lambda t: t.to(where))
        return (
            float(huber.smoothness),
            float(huber.lipschitz),
        )

    agree(compute, device)


# --- networks ---------------------------------------------------------------------------------------------------------

IMAGES, LABELS = uniform(64, 3, 32, 32, dtype=torch.float32), torch.arange(64) % 10
X, Y, CLASSES = uniform(12, 5, dtype=torch.float32), uniform(12, 3, seed=1, dtype=torch.float32), torch.arange(12) % 3


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("optimizer", networks.OPTIMIZERS)
@pytest.mark.parametrize("activation", ["relu", "bridge-10"])
def test_minibatch_training(device, activation, optimizer, together):
    def compute(where):
        images, how = IMAGES.to(where), {"together": together, "progress": False}
        models = [networks.vgg(11, activation, "variance-preserving", seed=seed, images=images) for seed in (0, 1)]
        run = networks.train(models, images, LABELS.to(where), 0.01, 3, 8, optimizer, **how)
        assert isinstance(run.losses, np.ndarray)
        return run.losses, [list(model.parameters()) for model in models], probes.mean_squares(models[0], images[:4])

    agree(compute, device, tolerance=1e-3)


def test_gradient_descent_and_sharpness(device):
    def compute(where):
        model = networks.mlp("tanh", (5, 6, 3)).to(where)
        run = networks.full_batch_gd(model, X.to(where), Y.to(where), 0.1, 6, sharpness_every=2, progress=False)
        differences = probes.second_differences(model, X.to(where), Y.to(where), [0.1, 0.2])
        return run.losses, run.sharpness, run.directional, differences

    agree(compute, device, tolerance=1e-3)


@pytest.mark.parametrize("method", networks.METHODS)
def test_fine_tuning(device, method):
    def compute(where):
        model, data = networks.mlp("relu", (5, 6, 3)).to(where), (X.to(where), CLASSES.to(where))
        run = networks.fine_tune(model, *data, [0.1, 0.2], 0.1, 5, method, 4, progress=False)
        both = (*run.count_small_weights(), *run.pruned().count_small_weights())
        counts = [list(counted.values()) for counted in both]
        assert isinstance(run.norms, np.ndarray) and isinstance(run.accuracy(*data), np.ndarray)
        return run.norms, run.means, run.accuracy(*data), counts, list(run.network(1).parameters())

    agree(compute, device)


@pytest.mark.parametrize("method", networks.METHODS)
def test_an_update_takes_gradients_in_another_order(device, method):
    start, gradient, row = (uniform(*shape, dtype=torch.float32) for shape in ((6, 4), (4, 6), (6, 1)))

    def compute(where):
        weights = [start.clone().to(where), start.clone().to(where)]
        gradients = [gradient.clone().to(where).T, row.clone().to(where).expand(6, 4)]
        norm = networks.update(weights, gradients, networks.buffers(weights, method), 1, 0.1, 0.3, method)
        return norm, weights

    agree(compute, device)


# --- experiments and benchmarks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["sgd", "adam"])
def test_vgg16_is_recorded_and_resumed(device, tmp_path, monkeypatch, method):
    monkeypatch.setattr(lasso_deep, "network", stand_in)
    options = {"lam": (0.1,), "steps": 12, "images": 40, "test_images": 20, "checkpoint_every": 5}
    original, calls = networks.update, itertools.count(1)

    def interrupted(*arguments):
        if next(calls) == 9:
            raise KeyboardInterrupt
        return original(*arguments)

    def measure(where, folder, stop=False):
        with monkeypatch.context() as patch:
            patch.setattr(ngdm_helpers, "device", lambda: where)
            folders = {"folder": tmp_path / folder, "work": tmp_path / folder / "work"}
            if stop:
                patch.setattr(networks, "update", interrupted)
                with pytest.raises(KeyboardInterrupt):
                    lasso_deep.vgg16_l1((method,), **options, **folders)
                patch.setattr(networks, "update", original)
            assert lasso_deep.vgg16_l1((method,), **options, **folders) == 1
        return recorded.load(lasso_deep.VGG16, tmp_path / folder)[0]

    here, there, resumed = measure("cpu", "cpu"), measure(device, "there"), measure(device, "resumed", stop=True)
    assert there["last"] == resumed["last"] and there["curves"] == resumed["curves"]
    assert there["device"] == (torch.cuda.get_device_name() if device == "cuda" else device)
    if device != "cuda":  # whose dropout draws other numbers
        np.testing.assert_allclose(there["last"], here["last"], rtol=1e-5)
        assert there["accuracy"] == here["accuracy"] and here["device"] == "cpu"


def test_a_row_of_the_depth_record(device):
    setting = {"depth": 11, "activation": "gelu", "init": "variance-preserving", "gain": 1.0, "seeds": 2}
    setting |= {"optimizer": "sgd", "lr": 0.01, "batch": 8, "steps": 4}
    agree(lambda where: depth.row(IMAGES.to(where), LABELS.to(where), **setting)["losses"], device, tolerance=2e-3)


def test_benchmarks(device, monkeypatch):
    from benchmarks import machines, training, vgg16_step

    monkeypatch.setattr(vgg16_step, "network", lambda where: stand_in().to(where).train())
    monkeypatch.setattr(machines, "STEPS", 5)
    monkeypatch.setattr(training, "IMAGES", 16)
    monkeypatch.setattr(training, "WORKERS", 0)
    seconds, norms, apart = vgg16_step.side_by_side(batch=4, steps=5, device=device)
    assert min(map(min, seconds)) > 0 and apart == 0.0
    np.testing.assert_allclose(norms[0], norms[1], rtol=1e-6)
    for mine in (functools.partial(vgg16_step.fast, half=half, compiler=None) for half in (False, True)):
        _, norms, _ = vgg16_step.side_by_side(batch=4, steps=5, device=device, mine=mine)
        np.testing.assert_allclose(norms[0], norms[1], rtol=1e-4)
    taken = vgg16_step.epochs(count=16, batch=4, device=device, workers=0)
    assert len(taken) == 4 and all(isinstance(seconds, float) for seconds in taken.values()), taken
    assert vgg16_step.arithmetic(4, device) > 0 and min(vgg16_step.card(device, size=16, repeats=2)) > 0
    assert vgg16_step.update_seconds(device, repeats=2)[0] > 0
    assert machines.seconds(lambda array: torch.as_tensor(array, device=device), 10) > 0
    rates = training.compare(11, 8, device, repeats=1, fast=True)
    fast = {"grouped, bfloat16", "grouped, graph", "grouped, graph, bfloat16"}
    assert set(rates) == {"DataLoader loop", "one by one", "grouped convolutions", "vmap", *fast}
