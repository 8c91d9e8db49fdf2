"""What the experiments on Figure 2 and on the edge of stability record, and what their records say."""

import itertools
import json
import re
from dataclasses import replace

import numpy as np
import pytest

from ngdm_helpers import data, networks
from ngdm_helpers.course import recorded
from ngdm_helpers.course.experiments import depth
from ngdm_helpers.course.experiments import edge_of_stability as edge


def load(folder, name):
    return recorded.load(name, folder)


# --- gradient descent on digits ---------------------------------------------------------------------------------------


def test_gradient_descent_that_overflows_is_recorded_as_one(tmp_path):
    edge.edge_of_stability(("tanh",), (5.0,), steps=200, folder=tmp_path, progress=False)
    (row,) = load(tmp_path, edge.NAME)
    assert row["overflow_step"] > 0 and row["final_loss"] is row["sharpness"] is row["directional"] is None
    assert len(row["curves"]["loss"]["values"]) == row["overflow_step"]


def test_curves_are_thinned_by_an_odd_stride():
    for size, every in ((400, 1), (401, 3), (1200, 3), (4001, 11), (4800, 13)):
        thinned = recorded.thinned(np.arange(size) / 7)
        assert thinned["every"] == every and len(thinned["values"]) == len(range(0, size, every)) <= 400
    assert recorded.thinned(np.array([1 / 3, np.nan]), 50) == {"every": 50, "values": [0.33333, None]}


def test_the_shipped_record_of_gradient_descent_is_small_and_stands_at_the_edge():
    path = recorded.FOLDER / f"{edge.NAME}.json"
    assert path.stat().st_size < 500_000
    json.loads(path.read_text(encoding="utf-8"), parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    rows = {(row["activation"], row["lr"]): row for row in load(recorded.FOLDER, edge.NAME) if row["steps"] == 4000}
    assert set(rows) >= set(itertools.product(edge.ACTIVATIONS, edge.RATES))
    for (_, lr), row in rows.items():
        if row["overflow_step"] is None:
            assert row["sharpness"] < 1.1 * 2 / lr


@pytest.mark.slow
def test_curvature_by_two_rulers_is_that_of_one_long_run(tmp_path):
    edge.edge_ruler(("gelu",), (0.2,), seeds=(3,), steps=120, folder=tmp_path, progress=False)
    (row,) = load(tmp_path, edge.RULER)
    X, Y = data.digits()
    whole = networks.full_batch_gd(
        networks.mlp("gelu", seed=3), X, Y, 0.2, 120, sharpness_every=edge.RULER_EVERY, progress=False
    )
    assert row["losses"] == pytest.approx(whole.losses[:: edge.RULER_EVERY], rel=1e-3)
    assert row["hessian"] == pytest.approx(0.1 * whole.sharpness, rel=1e-2)
    stretches = np.split(whole.directional, range(edge.RULER_EVERY, 120, edge.RULER_EVERY))
    assert row["directional"] == pytest.approx([part.mean() / 2 for part in stretches], abs=1e-3)
    assert row["secant"] == pytest.approx(row["hessian"], rel=0.1)  # analytic: its curvature hardly changes in a step
    assert edge.edge_ruler(("gelu",), (0.2,), seeds=(3,), steps=120, folder=tmp_path, progress=False) == 0


def test_an_overflow_ends_the_curves_of_a_run(tmp_path):
    edge.edge_ruler(("tanh",), (5.0,), seeds=(0,), steps=200, folder=tmp_path, progress=False)
    (row,) = load(tmp_path, edge.RULER)
    assert 0 < row["overflow_step"] <= 200 and row["growth"] is None
    assert len(row["hessian"]) == len(row["losses"]) <= row["overflow_step"] / edge.RULER_EVERY + 1


def test_the_shipped_record_of_rulers_is_small_and_complete():
    path = recorded.FOLDER / f"{edge.RULER}.json"
    assert path.stat().st_size < 300_000
    json.loads(path.read_text(encoding="utf-8"), parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    runs = recorded.ruler_runs()
    assert set(runs) == set(itertools.product(edge.BRIDGE, (0.1, 0.2), (0, 1, 2)))
    assert {(row["steps"], row["overflow_step"]) for row in runs.values()} == {(8000, None)}


# --- Figure 2 ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_rows_say_what_they_are_of(tmp_path, monkeypatch):
    monkeypatch.setitem(depth.PARTS, "default", replace(depth.PARTS["default"], rates=(0.03,)))
    depth.depth(
        images=40, depths=(11,), activations=("relu",), parts=("default",), seeds=2, steps=70, folder=tmp_path,
        progress=False,
    )  # fmt: skip
    row = load(tmp_path, "depth_digits")[0]
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


def test_tuned_means_are_those_of_the_rate_with_the_lowest_median():
    setup = ("variance-preserving", "sgd")
    means, rates = recorded.tuned_means("digits", *setup, 3000, "relu")
    for place in range(3):
        every = {
            lr: recorded.setting_means(("digits", *setup, 1.0, lr, 3000), "relu")[place] for lr in (0.003, 0.01, 0.03)
        }
        assert rates[place] == min(every, key=lambda lr: np.median(every[lr]))
        assert np.array_equal(means[place], every[rates[place]])
    with pytest.raises(
        ValueError, match="there must be recorded runs on 'digits' with default, sgd, 7 steps, got none"
    ):
        recorded.tuned_means("digits", "default", "sgd", 7, "relu")


# --- bad input --------------------------------------------------------------------------------------------------------


def experiment(**changes):
    return depth.depth(**{"images": 20, "seeds": 1, "steps": 1, "progress": False} | changes)


BAD = [
    (
        lambda: edge.edge_of_stability(activations=("swish",)),
        ValueError,
        "activations must be one of 'relu', 'tanh', 'gelu', 'elu', 'abs', 'leaky', got 'swish'",
    ),
    (lambda: edge.edge_ruler(activations=("bridge-0",)), ValueError, "activation must be bridge-β with a number β > 0"),
    (lambda: edge.edge_of_stability(rates=0.1), TypeError, "rates must be a list or a tuple, got 0.1"),
    (lambda: edge.edge_of_stability(seeds=1), TypeError, "seeds must be a list or a tuple, got 1"),
    (lambda: edge.edge_of_stability(seeds=[0.5]), TypeError, "seeds must be an integer, got 0.5"),
    (lambda: experiment(activations="relu"), TypeError, "activations must be a list or a tuple, got 'relu'"),
    (lambda: experiment(images=2.5), TypeError, "images must be a positive integer, got 2.5"),
    (lambda: edge.edge_of_stability(rates=(-0.1,)), ValueError, "rates must be positive, got -0.1"),
    (lambda: experiment(parts=["all"]), ValueError, "parts must be one of 'gain', 'long', "),
    (lambda: experiment(depths=[16]), ValueError, "depths must be among 11, 13, 19, got 16"),
    (lambda: experiment(activations=["elu"]), ValueError, "activations must be one of 'relu', 'gelu', 'bridge-10'"),
    (lambda: experiment(seeds=0), ValueError, "seeds must be a positive integer, got 0"),
    (lambda: experiment(threads=0), ValueError, "threads must be a positive integer, got 0"),
    (lambda: experiment(steps=0), ValueError, "steps must be a positive integer, got 0"),
    (lambda: experiment(data="mnist"), ValueError, "data must be 'digits', 'cifar10' or the path of an .npz file"),
]


@pytest.mark.parametrize(("call", "exception", "message"), BAD, ids=[message for _, _, message in BAD])
def test_bad_input_is_named(call, exception, message):
    with pytest.raises(exception, match=re.escape(message)):
        call()
