"""Appendix A's networks, their initialisation and training, and the experiment that records them."""

import itertools
import json
import math
import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from ngdm_helpers import data, networks
from ngdm_helpers.course import recorded
from ngdm_helpers.course.experiments import depth

NAMES = (*networks.ACTIVATIONS, "bridge-3", "bridge-100")


@pytest.fixture(scope="module")
def digits():
    return data.images("digits", count=300)


def parameters(model):
    return torch.cat([part.detach().reshape(-1) for part in model.parameters()])


# --- Appendix A -------------------------------------------------------------------------------------------------------

PRINTED = """
’VGG11’: [16, ’M’, 32, ’M’, 32, 32, ’M’, 64, 64, ’M’, 64, 64, ’M’],
’VGG13’: [16, 16, ’M’, 32, 32, ’M’, 32, 32, ’M’, 64, 64, ’M’, 64, 64, ’M’],
’VGG19’: [16, 16, ’M’, 32, 32, ’M’, 32, 32, 32, 32, ’M’, 64, 64, 64, 64, ’M’, 64, 64, 64, 64, ’M’],
"""


@pytest.mark.parametrize(("size", "printed"), re.findall(r"’VGG(\d+)’: \[(.*)\]", PRINTED))
def test_vgg_is_appendix_a(size, printed):
    widths = [entry.strip(" ’") for entry in printed.split(",")]
    model = networks.vgg(int(size), "relu")
    expected, channels, count = [], 3, 0
    for width in widths:
        if width == "M":
            expected.append("AvgPool2d(kernel_size=2, stride=2, padding=0)")
        else:
            expected += [f"Conv2d({channels}, {width}, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))", "ReLU()"]
            count += (9 * channels + 1) * int(width)
            channels = int(width)
    expected += ["AvgPool2d(kernel_size=1, stride=1, padding=0)", "Flatten(start_dim=1, end_dim=-1)"]
    expected.append("Linear(in_features=64, out_features=10, bias=True)")
    assert [repr(layer) for layer in model] == expected
    assert sum(part.numel() for part in model.parameters()) == count + 650
    assert model(torch.zeros(2, 3, 32, 32)).shape == (2, 10)


def test_vgg_leaves_the_global_generator_alone_and_the_seed_determines_it(digits):
    before = torch.random.get_rng_state()
    first, again, other = (networks.vgg(11, "gelu", "variance-preserving", 1, s, digits[0]) for s in (3, 3, 4))
    assert torch.equal(before, torch.random.get_rng_state())
    assert torch.equal(parameters(first), parameters(again)) and not torch.equal(parameters(first), parameters(other))
    assert torch.equal(parameters(networks.vgg(13, "gelu")), parameters(networks.vgg(13, "abs")))


# --- activations and their gain ---------------------------------------------------------------------------------------


def test_the_bridge_leads_from_gelu_to_relu():
    z = torch.linspace(-5, 5, 10_001, dtype=torch.float64)
    gelu, relu = torch.nn.functional.gelu(z), z.relu()
    torch.testing.assert_close(networks.activation_layer("bridge-1")(z), gelu, rtol=0, atol=1e-15)
    for beta in (1, 3, 10, 100):
        gap = (networks.activation_layer(f"bridge-{beta}")(z / beta) - (z / beta).relu()).abs().max().item()
        assert gap * beta == pytest.approx((gelu - relu).abs().max().item(), rel=1e-9)  # exactly as 1/β


@pytest.mark.parametrize("beta", [1, 3, 10, 100])
def test_the_slope_of_the_bridge_is_continuous_and_steepens_with_beta(beta):
    z = torch.tensor([0.0], dtype=torch.float64, requires_grad=True)
    layer = networks.activation_layer(f"bridge-{beta}")
    (slope,) = torch.autograd.grad(layer(z).sum(), z, create_graph=True)
    (curvature,) = torch.autograd.grad(slope.sum(), z)
    assert slope.item() == pytest.approx(0.5) and curvature.item() == pytest.approx(2 * beta / math.sqrt(2 * math.pi))


@pytest.mark.parametrize(("name", "jump"), [("relu", 1), ("abs", 2), ("leaky", 0.5), ("gelu", 0), ("tanh", 0)])
def test_the_slope_jumps_at_zero_by_so_much(name, jump):
    z = torch.tensor([-1e-9, 1e-9], dtype=torch.float64, requires_grad=True)
    (slopes,) = torch.autograd.grad(networks.activation_layer(name)(z).sum(), z)
    assert (slopes[1] - slopes[0]).item() == pytest.approx(jump, abs=1e-8)


def test_gains_by_quadrature_are_the_closed_forms():
    for name, gain in (("relu", math.sqrt(2)), ("abs", 1), ("leaky", math.sqrt(1.6))):
        assert networks.activation_gain(name) == pytest.approx(gain, rel=1e-7)
    gelu = 1 / 3 + 1 / (2 * math.sqrt(3) * math.pi)  # E[z²Φ(z)²] = 1/3 + 1/(2√3 π)
    assert networks.activation_gain("gelu") == pytest.approx(1 / math.sqrt(gelu), rel=1e-7)
    assert networks.activation_gain("gelu", 1e-3) == pytest.approx(2, rel=1e-3)  # close to 0 GELU is x/2
    assert networks.activation_gain("relu", 1e-3) == pytest.approx(math.sqrt(2), rel=1e-7)
    assert networks.activation_gain("bridge-100") == pytest.approx(math.sqrt(2), rel=1e-3)


def test_the_share_of_the_mean_is_the_closed_form_and_the_correlation_after_one_layer():
    for name, share in (("tanh", 0), ("relu", 1 / math.pi), ("abs", 2 / math.pi), ("leaky", 0.125 / math.pi / 0.625)):
        assert networks.mean_share(name) == pytest.approx(share, abs=1e-7)
    shares = [networks.mean_share(name) for name in ("tanh", "leaky", "gelu", "bridge-3", "bridge-10", "relu", "abs")]
    assert shares == sorted(shares)
    generator = torch.Generator().manual_seed(0)
    first, second = torch.randn(2, 4000, generator=generator)
    weights = torch.randn(3000, 4000, generator=generator)
    for name in ("gelu", "relu", "abs"):
        pair = [weights @ networks.activation_layer(name)(inputs) for inputs in (first, second)]
        found = torch.nn.functional.cosine_similarity(*pair, dim=0).item()
        assert found == pytest.approx(networks.mean_share(name), abs=0.05)


@pytest.mark.parametrize("name", NAMES)
def test_the_gain_keeps_mean_squares_through_wide_layers(name):
    generator = torch.Generator().manual_seed(0)
    z, layer = torch.randn(500, 1000, generator=generator), networks.activation_layer(name)
    gain = networks.activation_gain(name)
    for _ in range(5):
        z = layer(z) @ (torch.randn(1000, 1000, generator=generator) * gain / math.sqrt(1000))
        assert z.square().mean().item() == pytest.approx(1, abs=0.2)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", networks.VGG)
def test_variance_preserving_keeps_mean_squares_where_the_others_lose_them(size, name, digits):
    X = digits[0]
    model = networks.vgg(size, name, "variance-preserving", images=X)
    np.testing.assert_allclose(networks.mean_squares(model, X[:256]), 1, rtol=1e-4)
    np.testing.assert_allclose(networks.mean_squares(model, X[256:]), 1, atol=0.5)
    assert networks.mean_squares(networks.vgg(size, name), X)[-2] < 0.01  # torch's default
    assert networks.mean_squares(networks.vgg(size, name, "kaiming"), X)[-2] < 0.5  # padding and pooling


def test_the_gain_multiplies_every_weight(digits):
    for init in networks.INITIALISATIONS:
        whole, half = (networks.vgg(11, "gelu", init, gain, 1, digits[0]) for gain in (1, 0.5))
        for one, other in zip(whole, half, strict=True):
            if hasattr(one, "weight"):
                assert torch.equal(one.weight / 2, other.weight) and torch.equal(one.bias, other.bias)


# --- training ---------------------------------------------------------------------------------------------------------


def models(name="gelu", count=3, size=11):
    return [networks.vgg(size, name, "kaiming", 1.2, seed) for seed in range(count)]


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


@pytest.mark.parametrize("together", [True, False])
def test_a_model_that_diverges_is_left_behind(digits, together):
    wild = models("relu", 2)
    with torch.no_grad():
        for part in wild[0].parameters():
            part *= 1e5
    run = networks.train(wild, *digits, 0.001, 30, together=together, progress=False)
    assert np.isnan(run.losses[0, 1:]).all() and np.isfinite(run.losses[1]).all() and run.losses.shape == (2, 30)


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


def experiment(**changes):
    return depth.depth(**{"images": 20, "seeds": 1, "steps": 1, "progress": False} | changes)


BAD = [
    (lambda: networks.vgg(16), ValueError, "depth must be one of 11, 13, 19, got 16"),
    (lambda: networks.vgg(11, "swish"), ValueError, "activation must be one of 'relu', 'tanh', 'gelu', 'elu', 'abs', "),
    (lambda: networks.vgg(11, "bridge-x"), ValueError, "must be bridge-β with a number β > 0, got 'bridge-x'"),
    (lambda: networks.vgg(11, "bridge--3"), ValueError, "must be bridge-β with a number β > 0, got 'bridge--3'"),
    (lambda: networks.vgg(11, init="xavier"), ValueError, "init must be one of 'default', 'kaiming', 'variance-"),
    (lambda: networks.vgg(11, gain=0), ValueError, "gain must be positive, got 0.0"),
    (lambda: networks.vgg(11, seed=-1), ValueError, "seed must be at least 0 and below 2**63, got -1"),
    (lambda: networks.vgg(11, init="variance-preserving"), ValueError, "images must be given for init='variance-p"),
    (
        lambda: networks.vgg(11, images=IMAGES[:, :1]),
        ValueError,
        "images must be a torch tensor of shape (n, 3, 32, 32",
    ),
    (lambda: networks.activation_gain("relu", 0), ValueError, "scale must be positive, got 0.0"),
    (lambda: networks.mean_share("relu", -1), ValueError, "scale must be positive, got -1.0"),
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
    (lambda: train(lr=-1), ValueError, "lr must be positive, got -1.0"),
    (lambda: train(steps=0), ValueError, "steps must be a positive integer, got 0"),
    (lambda: train(batch=21), ValueError, "batch must be at most 20, the number of examples, got 21"),
    (lambda: train(optimizer="lbfgs"), ValueError, "optimizer must be one of 'sgd', 'adam', got 'lbfgs'"),
    (lambda: train(seeds=[1, 2]), ValueError, "seeds must be one for each of the 1 models, got 2"),
    (lambda: experiment(parts=["all"]), ValueError, "parts must be one of 'gain', 'long', "),
    (lambda: experiment(depths=[16]), ValueError, "depths must be among 11, 13, 19, got 16"),
    (lambda: experiment(activations=["elu"]), ValueError, "activations must be one of 'relu', 'gelu', 'bridge-10'"),
    (lambda: experiment(seeds=0), ValueError, "seeds must be a positive integer, got 0"),
    (lambda: experiment(threads=0), ValueError, "threads must be a positive integer, got 0"),
    (lambda: experiment(steps=0), ValueError, "steps must be a positive integer, got 0"),
    (lambda: experiment(data="mnist"), ValueError, "data must be 'digits', 'cifar10' or the path of an .npz file"),
]


@pytest.mark.parametrize(("call", "exception", "message"), BAD, ids=[message for *_, message in BAD])
def test_bad_input_is_named(call, exception, message):
    before = parameters(MODEL).clone()
    with pytest.raises(exception, match=re.escape(message)):
        call()
    assert torch.equal(before, parameters(MODEL))


# --- the experiment ---------------------------------------------------------------------------------------------------


def load(folder, name="depth_digits"):
    return recorded.load(name, folder)


@pytest.mark.slow
def test_rows_say_what_they_are_of(tmp_path, monkeypatch):
    monkeypatch.setitem(depth.PARTS, "default", replace(depth.PARTS["default"], rates=(0.03,)))
    depth.depth(
        images=40, depths=(11,), activations=("relu",), parts=("default",), seeds=2, steps=70, folder=tmp_path,
        progress=False,
    )  # fmt: skip
    row = load(tmp_path)[0]
    assert {field: row[field] for field in depth.KEY} == {
        "data": "digits", "images": 40, "depth": 11, "activation": "relu", "init": "default", "gain": 1.0,
        "optimizer": "sgd", "lr": 0.03, "batch": 8, "steps": 70, "seeds": 2,
    }  # fmt: skip
    assert row["every"] == 3 and [len(curve) for curve in row["losses"]] == [24, 24]
    provenance = row["provenance"]
    assert provenance["data"].startswith("scikit-learn's digits") and provenance["threads"] == 1
    assert provenance["device"] and provenance["versions"]["torch"] and row["seconds"] > 0
    X, y = data.images("digits", count=40)
    both = networks.train([networks.vgg(11, seed=seed) for seed in (0, 1)], X, y, 0.03, 70, 8, progress=False)
    means = [both.losses[:, k : k + 3].mean(axis=1) for k in range(0, 70, 3)]
    np.testing.assert_allclose(row["losses"], np.transpose(means), rtol=2e-3)


def test_a_diverged_run_is_null_from_there(tmp_path, monkeypatch):
    run = networks.TrainingRun(np.array([[1.0] * 4 + [np.nan] * 96]), 0.1)
    monkeypatch.setattr(networks, "train", lambda *arguments, **options: run)
    X, y = data.images("digits", count=20)
    row = depth.row(X, y, **depth.settings("digits", 20, ("default",), (11,), ("relu",), seeds=1, steps=100)[0])
    assert row["every"] == 4 and row["losses"] == [[1.0] + [None] * 24]


def jpegs(path):
    import io

    from PIL import Image

    arrays = {}
    for split in ("train", "test"):
        files = []
        for pixels in np.random.default_rng(0).integers(0, 256, (20, 32, 32, 3), dtype=np.uint8):
            buffer = io.BytesIO()
            Image.fromarray(pixels).save(buffer, "jpeg")
            files.append(np.frombuffer(buffer.getvalue(), np.uint8))
        arrays[f"{split}_jpeg"] = np.concatenate(files)
        arrays[f"{split}_offsets"] = np.cumsum([0, *map(len, files)])
        arrays[f"{split}_labels"] = np.arange(20) % 10
    np.savez(path, **arrays)


def test_a_record_of_jpegs_names_them_without_their_folder(tmp_path):
    jpegs(tmp_path / "some.npz")
    options = {"depths": (11,), "activations": ("relu",), "parts": ("adam",), "seeds": 1, "steps": 1}
    assert depth.depth(str(tmp_path / "some.npz"), **options, folder=tmp_path / "record", progress=False) == 3
    row = load(tmp_path / "record", "depth_cifar10")[0]
    assert row["data"] == "cifar10-jpeg" and row["provenance"]["data"] == "CIFAR-10 re-encoded as JPEG"
    assert "--data some.npz" in row["provenance"]["command"]


@pytest.mark.parametrize("name", sorted(set(depth.NAMES.values())))
def test_the_shipped_record_covers_the_grid(name):
    path = recorded.FOLDER / f"{name}.json"
    assert path.stat().st_size < 1_000_000
    json.loads(path.read_text(encoding="utf-8"), parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    rows = load(recorded.FOLDER, name)
    (label,), (images,) = {row["data"] for row in rows}, {row["images"] for row in rows}
    wanted = {tuple(setting.values()) for setting in depth.settings(label, images)}
    assert wanted <= {tuple(row[field] for field in depth.KEY) for row in rows}
    for row in rows:
        assert row["seeds"] == len(row["losses"]) >= 3 and {len(curve) for curve in row["losses"]} == {25}
        assert "/" not in row["provenance"]["command"] and row["provenance"]["data"] == depth.DESCRIPTIONS[label]


def test_a_gap_widens_only_if_it_grows_at_every_depth_and_for_every_seed_at_the_last():
    grows = np.array([[0.05, 0.06, 0.02], [0.10, 0.11, 0.02], [0.28, 0.20, 0.32]])
    assert recorded.gap_widens(grows)
    assert not recorded.gap_widens(grows[::-1])
    assert not recorded.gap_widens(np.vstack([grows[:2], [0.28, -0.01, 0.32]]))  # one seed disagrees
    assert not recorded.gap_widens(grows / 100)  # two networks that guess


def test_mean_loss_counts_what_is_worse_than_guessing_as_guessing():
    assert np.allclose(recorded.mean_loss(np.array([[0.0, 1.0], [1.0, np.inf]])), [0.5, (1 + np.log(10)) / 2])


def test_nearer_to_relu_counts_where_relu_and_gelu_are_apart(monkeypatch):

    means = {"relu": np.full((3, 3), 2.0), "gelu": np.full((3, 3), 1.0), "bridge-100": np.array([[1.9], [1.4], [1.8]])}
    means["bridge-100"] = means["bridge-100"] + np.zeros((3, 3))
    monkeypatch.setattr(recorded, "setting_means", lambda setting, activation: means[activation])
    assert recorded.nearer_to_relu(["one", "two"]) == (4, 6)
    means["gelu"] = means["relu"] + 0.04
    assert recorded.nearer_to_relu(["one"]) == (0, 0)


def test_long_settings_have_runs_of_all_three():
    for setting in recorded.long_settings():
        for activation in ("relu", "bridge-100", "gelu"):
            assert recorded.setting_means(setting, activation).shape == (3, 3)
    assert np.array_equal(
        recorded.longest_means("digits", "gelu"),
        recorded.setting_means(("digits", "variance-preserving", "sgd", 1.0, 0.01, 3000), "gelu"),
    )
