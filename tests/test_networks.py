"""The networks: multilayer perceptrons, Appendix A's VGGs, their activations and their initialisation."""

import math
import re

import numpy as np
import pytest
import torch

from ngdm_helpers import data, networks, theory
from ngdm_helpers.course import probes, problems, recorded

NAMES = (*networks.ACTIVATIONS, "bridge-3", "bridge-100")


@pytest.fixture(scope="module")
def digits():
    return data.images("digits", count=300)


def parameters(model):
    return torch.cat([part.detach().reshape(-1) for part in model.parameters()])


# --- multilayer perceptrons -------------------------------------------------------------------------------------------


def test_mlp_has_the_layers_it_says_and_leaves_the_global_generator_alone():
    before = torch.random.get_rng_state()
    model = networks.mlp("gelu")
    assert torch.equal(before, torch.random.get_rng_state())
    assert [part.shape[0] for part in model.parameters()] == [64, 64, 64, 64, 10, 10]
    assert sum(part.numel() for part in model.parameters()) == 8970
    assert [type(layer).__name__ for layer in model] == ["Linear", "GELU", "Linear", "GELU", "Linear"]
    assert torch.equal(parameters(networks.mlp("gelu", seed=3)), parameters(networks.mlp("relu", seed=3)))
    assert not torch.equal(parameters(networks.mlp("gelu", seed=3)), parameters(model))


def test_mse_sums_over_outputs_and_averages_over_examples():
    outputs, targets = torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[0.0, 0.0], [0.0, 1.0]])
    assert networks.mse(outputs, targets).item() == (1 + 4 + 9 + 9) / 2
    assert networks.mse(outputs, targets).item() == 2 * torch.nn.MSELoss()(outputs, targets).item()


def test_threads_are_put_back():
    before = torch.get_num_threads()
    with pytest.raises(KeyError), networks.cpu_threads(before + 1):
        assert torch.get_num_threads() == before + 1
        raise KeyError
    assert torch.get_num_threads() == before


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
        assert probes.mean_share(name) == pytest.approx(share, abs=1e-7)
    shares = [probes.mean_share(name) for name in ("tanh", "leaky", "gelu", "bridge-3", "bridge-10", "relu", "abs")]
    assert shares == sorted(shares)
    generator = torch.Generator().manual_seed(0)
    first, second = torch.randn(2, 4000, generator=generator)
    weights = torch.randn(3000, 4000, generator=generator)
    for name in ("gelu", "relu", "abs"):
        pair = [weights @ networks.activation_layer(name)(inputs) for inputs in (first, second)]
        found = torch.nn.functional.cosine_similarity(*pair, dim=0).item()
        assert found == pytest.approx(probes.mean_share(name), abs=0.05)


def test_the_numpy_activations_are_the_layers():
    z = np.linspace(-3, 3, 61)
    for name, activation in problems.ACTIVATIONS.items():
        np.testing.assert_allclose(activation(z), networks.activation_layer(name)(torch.tensor(z)).numpy(), atol=1e-12)
        assert theory.correlation_map(activation, 0.0) == pytest.approx(probes.mean_share(name), abs=1e-5)
    assert set(problems.ACTIVATIONS) == set(recorded.ACTIVATIONS)


@pytest.mark.slow
def test_at_the_start_outputs_are_alike_and_gradients_small_with_relu_and_its_analytic_double():
    X, y = data.images("digits", count=64)
    relu, double, gelu = (probes.at_the_start(19, name, X, y) for name in ("relu", "bridge-100", "gelu"))
    np.testing.assert_allclose(relu, double, rtol=0.02)
    assert gelu[0] < 0.95 < relu[0] and gelu[1] > 1.5 * relu[1] and gelu[2] > 3 * relu[2]
    outputs = networks.vgg(19, "relu", "variance-preserving", images=X)(X).detach()
    cosines = torch.nn.functional.cosine_similarity(outputs[:, None], outputs[None], dim=-1)
    assert relu[0] == pytest.approx(cosines[~torch.eye(64, dtype=bool)].mean().item(), abs=1e-5)


def test_kinks_crossed_counts_signs_that_change():
    X, y = data.images("digits", count=64)
    count, shares = probes.kinks_crossed(11, X, y, lr=0.01, steps=2)
    model = networks.vgg(11, "relu", "variance-preserving", images=X)
    inputs = []
    for layer in model:
        if isinstance(layer, torch.nn.ReLU):
            layer.register_forward_hook(
                lambda module, arguments, output: inputs.append(arguments[0].detach().flatten(1))
            )
    model(X)
    updates, (batch, *_) = torch.optim.SGD(model.parameters(), lr=0.01), networks.minibatches(64, 8, steps=2)
    before, _ = torch.cat(inputs, dim=1) > 0, inputs.clear()
    torch.nn.functional.cross_entropy(model(X[batch]), y[batch]).backward()
    updates.step()
    inputs.clear()
    model(X)
    after = torch.cat(inputs, dim=1) > 0
    assert count == before.shape[1] and shares.shape == (2,)
    assert shares[0] == pytest.approx((before != after).float().mean().item(), rel=0.02)


@pytest.mark.slow
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
    np.testing.assert_allclose(probes.mean_squares(model, X[:256]), 1, rtol=1e-4)
    np.testing.assert_allclose(probes.mean_squares(model, X[256:]), 1, atol=0.5)
    assert probes.mean_squares(networks.vgg(size, name), X)[-2] < 0.01  # torch's default
    assert probes.mean_squares(networks.vgg(size, name, "kaiming"), X)[-2] < 0.5  # padding and pooling


def test_the_gain_multiplies_every_weight(digits):
    for init in networks.INITIALISATIONS:
        whole, half = (networks.vgg(11, "gelu", init, gain, 1, digits[0]) for gain in (1, 0.5))
        for one, other in zip(whole, half, strict=True):
            if hasattr(one, "weight"):
                assert torch.equal(one.weight / 2, other.weight) and torch.equal(one.bias, other.bias)


# --- bad input --------------------------------------------------------------------------------------------------------

IMAGES = torch.zeros(20, 3, 32, 32)

BAD = [
    (
        lambda: networks.mlp("swish"),
        ValueError,
        "activation must be one of 'relu', 'tanh', 'gelu', 'elu', 'abs', 'leaky', got 'swish'",
    ),
    (lambda: networks.mlp("relu", 64), TypeError, "widths must be two or more positive integers, got 64"),
    (lambda: networks.mlp("relu", (64,)), ValueError, "widths must be two or more positive integers, got [64]"),
    (lambda: networks.mlp("relu", (64, 0)), ValueError, "widths[1] must be a positive integer, got 0"),
    (lambda: networks.mlp("relu", seed=-1), ValueError, "seed must be at least 0 and below 2**63, got -1"),
    (lambda: networks.mlp("relu", seed=0.5), TypeError, "seed must be an integer, got 0.5"),
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
    *[
        (
            lambda bad=bad: networks.vgg(11, "relu", "variance-preserving", images=bad),
            ValueError,
            "images must be finite, and not 0 after a layer, got a size of",
        )
        for bad in (0 * IMAGES, IMAGES * torch.nan, IMAGES[:0])
    ],
    (
        lambda: networks.vgg(11, init="variance-preserving", images=IMAGES.double()),
        TypeError,
        "images must be torch.float32 on any device, got torch.float64",
    ),
    (lambda: networks.vgg([11]), ValueError, "depth must be one of 11, 13, 19, got [11]"),
    (lambda: networks.mlp("relu", b"12"), TypeError, "widths must be two or more positive integers, got b'12'"),
    (lambda: networks.activation_gain("relu", 0), ValueError, "scale must be positive, got 0.0"),
    (lambda: probes.mean_share("relu", -1), ValueError, "scale must be positive, got -1.0"),
]


@pytest.mark.parametrize(("call", "exception", "message"), BAD, ids=[message for _, _, message in BAD])
def test_bad_input_is_named(call, exception, message):
    with pytest.raises(exception, match=re.escape(message)):
        call()
