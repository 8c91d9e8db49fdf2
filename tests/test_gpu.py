"""What benchmarks/gpu.sh measures on a card gives the same numbers on a CPU, and the script goes through here."""

import functools
import json
import os
import shutil
import subprocess

import numpy as np
import pytest
import torch

from benchmarks import graphs, training, vgg16_step
from ngdm_helpers import networks
from tests.lab import ROOT
from tests.test_lasso_deep import narrow_vgg, stand_in

COMPILED = functools.partial(torch.compile(graphs.one_pass, backend="eager"))


@pytest.mark.parametrize("update", [graphs.one_pass, graphs.multi_tensor, COMPILED], ids=["one", "multi", "compiled"])
def test_the_updates_are_that_of_the_package(update):
    generator = torch.Generator().manual_seed(0)
    shapes = ((6, 5), (7,), (4, 3, 2))
    weights = [torch.randn(shape, generator=generator) for shape in shapes]
    weights[0][0] = 0.0
    gradients = [torch.randn(shape, generator=generator) for shape in shapes]
    gradients[2] = gradients[2][..., :1].expand(4, 3, 2)
    ours, theirs = ([weight.clone() for weight in weights] for _ in range(2))
    norm = networks.update(ours, [g.clone() for g in gradients], networks.buffers(ours, "sgd"), 1, 0.1, 0.3)
    torch.testing.assert_close(update(theirs, gradients, 0.1, 0.3), norm, rtol=1e-6, atol=0)
    torch.testing.assert_close(theirs, ours)
    many = [torch.full((2**22,), 0.1)]  # of which float32 can lose count
    assert float(update(many, [torch.zeros(2**22)], 0.1, 0.3)) == pytest.approx(2**22 * 0.07, rel=1e-6)


def test_what_warms_a_graph_up_is_put_back():
    weight = torch.tensor([1.0, 2.0], requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=0.1, momentum=0.9)

    def step(x):
        optimizer.zero_grad()
        loss = (weight * x).square().sum()
        loss.backward()
        optimizer.step()
        return loss.detach()

    def state():
        return [weight, *(entry["momentum_buffer"] for entry in optimizer.state.values())]

    call = graphs.graphed(step, [torch.ones(2)], state)
    assert weight.tolist() == [1.0, 2.0] and state()[1].tolist() == [0.0, 0.0]
    assert [call(torch.tensor(x)).item() for x in ([1.0, 1.0], [2.0, 0.0])] == pytest.approx([5.0, 2.56])


@pytest.mark.slow
@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize("network", [stand_in, narrow_vgg])
def test_a_step_in_bfloat16_keeps_the_norms(network, half, monkeypatch):
    monkeypatch.setattr(vgg16_step, "network", lambda device: network().to(device).train())
    fast = functools.partial(vgg16_step.fast, half=half, compiler="eager")
    _, norms, apart = vgg16_step.side_by_side(batch=4, steps=5, device="cpu", mine=fast)
    np.testing.assert_allclose(norms[0], norms[1], rtol=1e-4 if half else 1e-6)
    assert apart == 0 or half


@pytest.mark.slow
def test_appendix_b_compiled_is_appendix_b(monkeypatch):
    monkeypatch.setattr(vgg16_step, "network", lambda device: stand_in().to(device).train())
    pixels = vgg16_step.Pixels(12)
    runs = []
    for compiler in (None, "eager"):
        loader = torch.utils.data.DataLoader(pixels, batch_size=4, generator=torch.Generator())
        torch.manual_seed(0)
        runs.append([float(norm) for norm in vgg16_step.appendix_b(vgg16_step.network("cpu"), loader, "cpu", compiler)])
    assert runs[0] == runs[1] and len(set(runs[0])) == 3


def test_a_way_that_fails_leaves_its_reason_and_the_others_are_timed(monkeypatch):
    def refuse(*arguments, **options):
        raise RuntimeError("no compiler")
        yield

    monkeypatch.setattr(vgg16_step, "network", lambda device: stand_in().to(device).train())
    monkeypatch.setattr(vgg16_step, "ours", refuse)
    taken = vgg16_step.epochs(8, 4, "cpu", workers=0, compiler="eager")
    assert taken.pop("ours") == "RuntimeError: no compiler"
    assert len(taken) == 5 and all(isinstance(seconds, float) for seconds in taken.values()), taken


@pytest.mark.slow
def test_training_in_bfloat16_and_by_graphs_has_the_same_losses(monkeypatch):
    monkeypatch.setattr(training, "IMAGES", 24)
    monkeypatch.setattr(training, "WORKERS", 0)
    rates = training.compare(11, 8, "cpu", repeats=1, fast=True)  # which compares the losses
    assert len(rates) == 7 and min(rates.values()) > 0


# --- the script -------------------------------------------------------------------------------------------------------

# In the place of Python: it says how it was called; the tests fail, VGG16 under Adam takes longer than there is time.
FAKE = """#!/bin/sh
echo "$@"
case "$*" in "-m pytest "*) exit 3 ;; *"--method adam"*) exec sleep 300 ;; esac
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt" or shutil.which("timeout") is None, reason="a script for Linux")
def test_the_script_runs_every_part_and_says_how_each_ended(tmp_path):
    python = tmp_path / "python"
    python.write_text(FAKE)
    python.chmod(0o755)
    text = (ROOT / "benchmarks" / "gpu.sh").read_text(encoding="utf-8")
    script = tmp_path / "a folder" / "benchmarks" / "gpu.sh"
    script.parent.mkdir(parents=True)
    script.write_text(text.replace("60 * ${MINUTES:-8}", "14"))  # seconds in all; Adam's part is cut off after 9
    (script.parents[1] / "ngdm_helpers" / "course" / "recorded").mkdir(parents=True)
    out = tmp_path / "with blanks ü"
    environment = {**os.environ, "PYTHON": str(python), "DATA": "images of mine.npz"}
    run = subprocess.run(["sh", script, out], env=environment, capture_output=True, text=True)
    parts = [json.loads(line) for line in (out / "parts.jsonl").read_text().splitlines()]
    assert [part["part"] for part in parts] == [
        "tests", "machines", "vgg16_step", "training", "vgg16_l1_sgd", "vgg16_l1_adam", "depth"
    ]  # fmt: skip
    assert [part["status"] for part in parts] == ["3", "0", "0", "0", "0", "124", "left-out"]
    assert run.returncode == 1 and run.stderr == ""
    said = {part["part"]: (out / f"{part['part']}.log").read_text() for part in parts[:-1]}
    assert said["machines"] == f"-m benchmarks.machines --record --folder {out}/records\n"
    assert "record vgg16-l1 --method sgd --lam 0.1 0.001 --data images of mine.npz" in said["vgg16_l1_sgd"]
    assert "--batch 512" in said["vgg16_l1_sgd"] and f"--work {out}/work" in said["vgg16_l1_sgd"]


def test_the_script_needs_a_folder():
    run = subprocess.run(["sh", ROOT / "benchmarks" / "gpu.sh"], capture_output=True, text=True)
    assert run.returncode == 2 and "usage: benchmarks/gpu.sh FOLDER" in run.stderr
