"""The experiments with an ℓ1 penalty: VGG16 with its checkpoints, on a small stand-in, and the small network."""

import itertools
import json
import math
import re

import numpy as np
import pytest
import torch
from torchvision import models

from ngdm_helpers import networks
from ngdm_helpers.course import problems, recorded
from ngdm_helpers.course.experiments import lasso_deep
from ngdm_helpers.course.problems import VGG16_PARAMETERS

NETWORK = lasso_deep.network


def stand_in(weights="none", seed=0):
    """A network of 1190 parameters with dropout, in the place of `lasso_deep.network`."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return torch.nn.Sequential(
            torch.nn.AdaptiveAvgPool2d(4),
            torch.nn.Flatten(),
            torch.nn.Linear(48, 20),
            torch.nn.ReLU(),
            torch.nn.Dropout(),
            torch.nn.Linear(20, 10),
        )


OPTIONS = {"lam": (0.1,), "steps": 30, "images": 40, "test_images": 20, "checkpoint_every": 7, "progress": False}


@pytest.fixture
def small(monkeypatch):
    """`stand_in` for VGG16."""
    monkeypatch.setattr(lasso_deep, "network", stand_in)


def measure(folder, **options):
    return lasso_deep.vgg16_l1(**(OPTIONS | options), folder=folder, work=folder / "work")


def load(folder, name=lasso_deep.VGG16):
    return recorded.load(name, folder)


def numbers(rows):
    """The rows, ordered, without what differs from one computation to the next."""
    rows = [{key: value for key, value in row.items() if key not in ("seconds", "provenance")} for row in rows]
    return sorted(rows, key=lambda row: (row["method"], row["lam"]))


# --- VGG16 ------------------------------------------------------------------------------------------------------------


def test_the_network_is_torchvisions_vgg16_with_its_own_initialisation():
    assert lasso_deep.METHODS == networks.METHODS
    state = torch.random.get_rng_state()
    with torch.device("meta"):  # shapes without storage
        model = NETWORK(seed=3)
    assert sum(part.numel() for part in model.parameters()) == VGG16_PARAMETERS
    assert model.classifier[-1].out_features == 1000 and torch.equal(state, torch.random.get_rng_state())


@pytest.mark.slow
def test_copies_of_one_pixel_are_added_up_without_changing_the_gradient():
    """What `loss_and_gradients` does with the first linear layer, against autograd through all of the network."""
    with torch.device("meta"):
        model = models.vgg16(weights=None)
    model.features = models.vgg.make_layers(models.vgg.cfgs["D"])
    model.classifier = torch.nn.Sequential(  # narrow: the copies are in its first layer, whatever its width
        torch.nn.Linear(25_088, 64), torch.nn.ReLU(), torch.nn.Dropout(), torch.nn.Linear(64, 1000)
    )
    for layer in model.features:
        if hasattr(layer, "weight"):
            torch.nn.init.kaiming_normal_(layer.weight, mode="fan_out")
    generator = torch.Generator().manual_seed(0)
    X, y = torch.randn(3, 3, 32, 32, generator=generator), torch.tensor([1, 0, 9])
    parameters = list(model.parameters())
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        loss, weights, gradients = lasso_deep.loss_and_gradients(model, X, y)
        torch.manual_seed(5)  # the same dropout
        expected = torch.nn.functional.cross_entropy(model(X), y)
    assert not loss.requires_grad and float(loss) == pytest.approx(float(expected.detach()), rel=1e-6)
    folded = []
    for parameter, weight, gradient in zip(parameters, weights, gradients, strict=True):
        assert weight.data_ptr() == parameter.data_ptr() and gradient.shape == weight.shape
        (slope,) = torch.autograd.grad(expected, [parameter], retain_graph=True)
        slope = slope.view(gradient.shape)
        torch.testing.assert_close(gradient, slope, rtol=1e-4, atol=1e-5 * float(slope.abs().max()))
        folded.append(gradient.stride()[-1] == 0)
    assert sum(folded) == 1 and gradients[folded.index(True)].shape == (64, 512, 49)


def test_another_network_goes_through_whole():
    model, X, y = stand_in(), torch.ones(2, 3, 32, 32), torch.tensor([0, 1])
    model.eval()
    loss, weights, gradients = lasso_deep.loss_and_gradients(model, X, y)
    expected = torch.nn.functional.cross_entropy(model(X), y)
    assert torch.equal(loss, expected.detach()) and all(
        a is b for a, b in zip(weights, model.parameters(), strict=True)
    )
    for a, b in zip(gradients, torch.autograd.grad(expected, weights), strict=True):
        assert torch.equal(a, b)


def narrow_vgg(weights="none", seed=0):
    """A narrow one of torchvision's VGGs, whose first linear layer is trained folded, see `loss_and_gradients`."""
    with torch.device("meta"):
        model = models.vgg16(weights=None)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model.features = models.vgg.make_layers([4, "M", 8, "M", "M", "M", "M"])
        layers = torch.nn.Linear(8 * 49, 20), torch.nn.ReLU(), torch.nn.Dropout(), torch.nn.Linear(20, 10)
        model.classifier = torch.nn.Sequential(*layers)
    return model


@pytest.mark.slow
@pytest.mark.parametrize("method", lasso_deep.METHODS)
@pytest.mark.parametrize("network", [stand_in, narrow_vgg])
def test_a_row_is_appendix_bs_loop(monkeypatch, tmp_path, network, method):
    """The record against the loop written out: autograd through the penalty, torch.optim, the same dropout."""
    from ngdm_helpers import data

    monkeypatch.setattr(lasso_deep, "network", network)
    measure(tmp_path, method=(method,))
    (row,) = load(tmp_path)
    model, (X, y) = lasso_deep.network(), data.images("digits", True, 40)
    optimizer = {
        "momentum": lambda: torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9),
        "adam": lambda: torch.optim.Adam(model.parameters(), lr=0.01),
    }.get(method, lambda: torch.optim.SGD(model.parameters(), lr=0.01))()
    norms, losses = [sum(float(part.detach().abs().sum()) for part in model.parameters())], []
    for step, chosen in enumerate(networks.minibatches(40, 8, 30, orders=networks.shuffled_by_epoch), 1):
        torch.manual_seed(step)
        loss = torch.nn.functional.cross_entropy(model(X[chosen]), y[chosen])
        losses.append(loss.item())
        penalty = 0 if method == "proximal" else 0.1 * sum(part.abs().sum() for part in model.parameters())
        optimizer.zero_grad()
        (loss + penalty).backward()
        optimizer.step()
        if method == "proximal":
            with torch.no_grad():
                for part in model.parameters():
                    part.copy_(part.sign() * (part.abs() - 0.01 * 0.1).clamp(min=0))
        norms.append(sum(float(part.detach().abs().sum()) for part in model.parameters()))
    np.testing.assert_allclose(row["last"], norms[-10:], rtol=1e-5)
    assert row["last"] == [round(norm, 4) for norm in row["last"]]  # four decimal places, as in the shipped record
    np.testing.assert_allclose(row["curves"]["norm"]["values"], norms, rtol=1e-4)
    np.testing.assert_allclose(row["curves"]["loss"]["values"], losses, rtol=1e-4)
    assert row["mean"] == pytest.approx(np.mean(norms[-2:]), rel=1e-5)
    flat = torch.nn.utils.parameters_to_vector(model.parameters()).detach().abs()
    assert row["inside"] == pytest.approx(int((flat < 0.001).sum()), abs=3)
    named = {name: part.detach().abs() for name, part in model.named_parameters()}
    assert sum(count for count, _ in row["outside"].values()) == flat.numel() - row["inside"]
    for name, (count, largest) in row["outside"].items():
        assert 1 <= count <= named[name].numel() and largest == pytest.approx(
            float(named[name].max()) / 0.001, rel=1e-3
        )
    count = {stand_in: 1190, narrow_vgg: 8478}[network]
    assert row["parameters"] == flat.numel() == count and row["law"] == pytest.approx(count * 0.01 * 0.1 / 2, abs=1e-4)
    model.eval()
    X, y = data.images("digits", False, 20)
    assert row["accuracy"] == pytest.approx(float((model(X).argmax(1) == y).float().mean()), abs=0.051)


@pytest.mark.slow
def test_in_the_band_the_mean_is_the_law_and_the_row_says_from_when(small, tmp_path):
    measure(tmp_path, method=("sgd", "proximal"), lam=(3.0,), steps=200)
    sgd, proximal = load(tmp_path)
    assert abs(sgd["mean"] / sgd["law"] - 1) < 0.01 and sgd["accuracy"] < 0.35
    means = np.convolve(sgd["curves"]["norm"]["values"], [0.5, 0.5], "valid")
    if sgd["settled"] is not None:
        assert (abs(means[sgd["settled"] :] / sgd["law"] - 1) < 1.1e-4).all()
    assert sgd["zeros"] <= 2 and proximal["zeros"] > 1150 and proximal["settled"] is None
    steps, zeros, small_ones, inside = np.array(proximal["curves"]["census"]).T
    assert steps[0] == 3 and steps[-1] <= 200 and (zeros <= small_ones).all() and (small_ones <= inside).all()
    assert [steps[-1], zeros[-1]] == [198, proximal["zeros"]]


@pytest.mark.slow
def test_recorded_runs_are_skipped_and_force_measures_them_again(small, tmp_path):
    assert measure(tmp_path, method=("sgd", "adam")) == 2
    first = load(tmp_path)
    assert measure(tmp_path, method=("sgd", "adam")) == 0 and load(tmp_path) == first
    assert measure(tmp_path, method=("adam",), lam=(0.1, 0.2)) == 1
    assert measure(tmp_path, method=("sgd",), force=True) == 1
    assert numbers(load(tmp_path))[:2] == numbers([*first, load(tmp_path)[-1]])[:2]
    assert not list((tmp_path / "work").iterdir()), "a finished run leaves no checkpoint"


@pytest.mark.slow
@pytest.mark.parametrize("method", lasso_deep.METHODS)
@pytest.mark.parametrize("stop_at", [1, 7, 20])
def test_an_interrupted_run_goes_on_to_the_same_numbers(small, tmp_path, monkeypatch, method, stop_at):
    measure(tmp_path / "whole", method=(method,))
    calls, original = itertools.count(1), networks.update

    def interrupted(*arguments):
        if next(calls) == stop_at:
            raise KeyboardInterrupt
        return original(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(networks, "update", interrupted)
        with pytest.raises(KeyboardInterrupt):
            measure(tmp_path / "parts", method=(method,))
    assert not load(tmp_path / "parts")
    taken, steps = [], networks.update
    with monkeypatch.context() as patch:
        patch.setattr(networks, "update", lambda *arguments: (taken.append(arguments[3]), steps(*arguments))[1])
        assert measure(tmp_path / "parts", method=(method,)) == 1
    assert taken[0] == (stop_at - 1) // 7 * 7 + 1, "it goes on from the last checkpoint"
    assert numbers(load(tmp_path / "parts")) == numbers(load(tmp_path / "whole"))


def test_enough_steps_bring_the_largest_weight_to_its_band():
    assert lasso_deep.steps_needed(0.24, 0.01, 0.1, "sgd") >= 0.24 / 0.001
    generator = torch.Generator().manual_seed(0)
    start = torch.rand(1000, generator=generator, dtype=torch.float64) * 2 - 1
    for method in lasso_deep.METHODS:
        weights = [start.clone()]
        memory = networks.buffers(weights, method)
        for step in range(1, lasso_deep.steps_needed(1.0, 0.01, 0.5, method) + 1):
            networks.update(weights, [torch.zeros(1000).double()], memory, step, 0.01, 0.5, method)
        band = {"sgd": 0.005, "momentum": 0.04, "adam": 0.01, "proximal": 0.0}[method]
        assert float(weights[0].abs().max()) <= band * (1 + 1e-9), method


def test_bad_input_is_named(small, tmp_path):
    for options, message in (
        ({"method": ("lion",)}, "method must be one of 'sgd', 'momentum', 'adam', 'proximal', got 'lion'"),
        ({"lam": (0,)}, "lam must be positive, got 0.0"),
        ({"steps": 0}, "steps must be a positive integer, got 0"),
        ({"batch": 41}, "batch must be at most 40, the number of images, got 41"),
        ({"seed": -1}, "seed must be an integer from 0 to 2**31 - 1, got -1"),
        ({"checkpoint_every": 0}, "checkpoint_every must be a positive integer, got 0"),
        ({"data": "mnist"}, "data must be 'digits', 'cifar10' or the path of an .npz file, got 'mnist'"),
    ):
        with pytest.raises(ValueError, match=re.escape(message)):
            measure(tmp_path, **options)
    with pytest.raises(FileNotFoundError, match="weights must be 'none', 'imagenet' or a file that exists, got 'no'"):
        NETWORK("no")
    with pytest.raises(FileNotFoundError, match="data must be a file that exists"):
        measure(tmp_path, data=str(tmp_path / "none.npz"))


def test_weights_from_a_file_are_used(tmp_path, monkeypatch):
    monkeypatch.setattr(models, "vgg16", lambda weights=None: torch.nn.Linear(2, 3))
    kept = torch.nn.Linear(2, 3).state_dict()
    torch.save(kept, tmp_path / "kept.pt")
    loaded = NETWORK(tmp_path / "kept.pt").state_dict()
    assert all(torch.equal(loaded[name], kept[name]) for name in kept)


def test_the_benchmark_compares_the_same_steps(monkeypatch):
    from benchmarks import vgg16_step

    monkeypatch.setattr(vgg16_step, "network", lambda device: stand_in().to(device).train())
    seconds, norms, apart = vgg16_step.side_by_side(batch=4, steps=5, device="cpu")
    assert [len(times) for times in seconds] == [5, 5] and apart == 0.0
    np.testing.assert_allclose(norms[0], norms[1], rtol=1e-6)
    assert norms[0][4] < norms[0][0]


def test_the_shipped_record_covers_what_the_notebook_shows():
    path = recorded.FOLDER / f"{lasso_deep.VGG16}.json"
    assert path.stat().st_size < 300_000
    json.loads(path.read_text(encoding="utf-8"), parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    rows = {(row["method"], row["lam"]): row for row in recorded.load(lasso_deep.VGG16)}
    assert {(method, 0.1) for method in lasso_deep.METHODS} | {("sgd", 1.0), ("adam", 1.0), ("sgd", 0.001)} <= set(rows)
    assert rows["sgd", 0.001]["steps"] == 14_550  # 150 epochs of 97 batches of 512
    for (method, lam), row in rows.items():
        assert row["parameters"] == VGG16_PARAMETERS and row["weights"] == "none"
        assert row["law"] == pytest.approx(VGG16_PARAMETERS * row["lr"] * lam / 2, abs=1e-4)
        assert sum(count for count, _ in row["outside"].values()) == row["parameters"] - row["inside"]
        assert row["mean"] == pytest.approx(np.mean(row["last"][-2:]), abs=1e-3)
        if method in ("sgd", "proximal") and lam > 0.001:  # that run has Appendix B's length
            assert row["steps"] >= math.floor(row["largest"] / (row["lr"] * lam))
        if method == "sgd" and lam > 0.001:
            assert abs(row["mean"] / row["law"] - 1) < 1e-4 and row["settled"] < row["steps"]
            assert row["small"] / row["parameters"] == pytest.approx(1e-5 / (row["lr"] * lam), rel=0.1)
        for word in row["provenance"]["command"].split():
            assert "/" not in word


# --- the small network ------------------------------------------------------------------------------------------------


@pytest.fixture
def pretrained_once(monkeypatch):
    """The pre-training, the longest part of these tests, is done once for each seed."""
    trained, original = {}, problems.mlp_pretrained

    def once(X, y, seed=0, progress=False):
        if seed not in trained:
            trained[seed] = original(X, y, seed, progress)
        return trained[seed]

    monkeypatch.setattr(problems, "mlp_pretrained", once)


def small_mlp(folder, **options):
    options = {"lam": (0.01, 0.5), "steps": 12, "progress": False} | options
    return lasso_deep.mlp_l1(**options, folder=folder)


@pytest.mark.slow
def test_rows_of_the_small_network(tmp_path, pretrained_once):
    assert small_mlp(tmp_path, method=("sgd", "proximal")) == 4
    rows = load(tmp_path, lasso_deep.MLP)
    X, y, X_test, y_test = problems.mlp_digits()
    assert X.shape == (1437, 64) and len(y_test) == 360
    start = problems.mlp_pretrained(X, y)
    before = float((start(X_test).argmax(1) == y_test).float().mean())
    assert before > 0.95 and all(row["accuracy_before"] == pytest.approx(before, rel=1e-4) for row in rows)
    tuned = networks.fine_tune(start, X, y, [0.01, 0.5], 0.01, 12, "sgd", lasso_deep.MLP_BATCH, progress=False)
    for i, row in enumerate(rows[:2]):
        assert row["parameters"] == 85_002 and row["method"] == "sgd"
        assert row["mean"] == pytest.approx(tuned.means[i], rel=1e-4)
        assert row["curve"]["steps"][0] == 0 and row["curve"]["steps"][-1] == 12
        np.testing.assert_allclose(row["curve"]["values"], tuned.norms[row["curve"]["steps"], i], rtol=1e-4)
        assert row["accuracy"] == pytest.approx(tuned.accuracy(X_test, y_test)[i], rel=1e-4)
    assert rows[3]["zeros"] > 1000 > rows[1]["zeros"]


@pytest.mark.slow
def test_the_small_network_measures_what_is_missing(tmp_path, pretrained_once):
    assert small_mlp(tmp_path, method=("adam",)) == 2
    first = load(tmp_path, lasso_deep.MLP)
    assert small_mlp(tmp_path, method=("adam",), lam=(0.01, 0.1, 0.5)) == 1
    assert small_mlp(tmp_path, method=("adam",), seeds=(1,), lam=(0.1,)) == 1
    assert load(tmp_path, lasso_deep.MLP)[:2] == first
    assert small_mlp(tmp_path, method=("adam",), force=True) == 2
    assert numbers(load(tmp_path, lasso_deep.MLP)[:2]) == numbers(first)
    assert {row["lr"] for row in first} == {0.001}


def test_bad_input_to_the_small_network_is_named(tmp_path):
    for options, message in (
        ({"method": ("lion",)}, "method must be one of 'sgd', 'momentum', 'adam', 'proximal', got 'lion'"),
        ({"lam": (-1,)}, "lam must be positive, got -1.0"),
        ({"lr": 0}, "lr must be positive, got 0.0"),
        ({"steps": 1.5}, "steps must be a positive integer, got 1.5"),
    ):
        with pytest.raises((TypeError, ValueError), match=message.replace(".", r"\.")):
            small_mlp(tmp_path, **options)


def test_the_shipped_record_of_the_small_network_covers_the_sliders():
    rows = {(row["method"], row["lam"]): row for row in recorded.load(lasso_deep.MLP) if row["seed"] == 0}
    assert set(rows) >= set(itertools.product(lasso_deep.METHODS, lasso_deep.LAMS))
    for (method, lam), row in rows.items():
        if method == "sgd" and lam >= 0.05:  # dead, in the band
            assert row["mean"] == pytest.approx(85_002 * row["lr"] * lam / 2, rel=1e-3) and row["accuracy"] < 0.2
        if lam <= 0.005:
            assert row["accuracy"] > 0.9


def test_the_checkpoint_is_there_until_the_row_is(small, tmp_path, monkeypatch):
    def refuse(*arguments, **options):
        raise PermissionError("no")

    with monkeypatch.context() as patch:
        patch.setattr(recorded, "write", refuse)
        with pytest.raises(PermissionError):
            measure(tmp_path, method=("sgd",))
    assert len(list((tmp_path / "work").glob("*.pt"))) == 1
    taken, original = [], networks.update
    monkeypatch.setattr(networks, "update", lambda *arguments: (taken.append(1), original(*arguments))[1])
    assert measure(tmp_path, method=("sgd",)) == 1 and not taken  # nothing is computed again
    assert not list((tmp_path / "work").iterdir())


def test_force_does_not_go_on_from_an_old_checkpoint(small, tmp_path, monkeypatch):
    original, calls = networks.update, itertools.count(1)

    def interrupted(*arguments):
        if next(calls) == 20:
            raise KeyboardInterrupt
        return original(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(networks, "update", interrupted)
        with pytest.raises(KeyboardInterrupt):
            measure(tmp_path, method=("sgd",))
    taken = []
    monkeypatch.setattr(networks, "update", lambda *arguments: (taken.append(arguments[3]), original(*arguments))[1])
    assert measure(tmp_path, method=("sgd",), force=True) == 1 and taken[0] == 1


def test_a_run_that_overflows_is_recorded_as_one(small, tmp_path):
    measure(tmp_path, method=("sgd",), lr=1e20)
    (row,) = load(tmp_path)
    assert row["settled"] is None and row["mean"] is None and row["largest_end"] is None and row["last"][-1] is None


def test_another_file_of_weights_is_another_run(small, tmp_path, monkeypatch):
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "kept.pt").write_bytes(folder.encode())
    named = [lasso_deep._named(tmp_path / folder / "kept.pt") for folder in ("x", "y")]
    assert named[0] != named[1] and all(name.startswith("kept.pt, sha256 ") for name in named)
    assert lasso_deep._named("none") == "none"
    assert measure(tmp_path, method=("sgd",)) == 1
    assert measure(tmp_path, method=("sgd",), test_images=10) == 1, "other test images are another row"
