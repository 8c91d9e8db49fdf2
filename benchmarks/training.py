"""Images per second of `networks.train` against the plain DataLoader loop: ``python -m benchmarks.training``.

The loop is that of the paper's Appendix B: a Dataset of PIL images with ToTensor and Normalize, a DataLoader with a
worker for each core (four at most), torch's default memory order, one network after the other. Both sides train the
same networks from the same weights on the same batches and are compared, loss by loss, before they are timed, in turn,
within one run, with one thread of torch: more only wait for one another at such batches. Ends with status 1 if a ratio
falls short. On a GPU also in bfloat16, whose losses must agree to `BFLOAT16`, and each step as one CUDA graph.
"""

import argparse
import copy
import json
import os
import pathlib
import statistics
import sys
import time

import numpy as np
import torch
import torchvision
from PIL import Image

import ngdm_helpers
from benchmarks.graphs import bfloat16, graphed
from ngdm_helpers import networks
from ngdm_helpers.networks import training

SEEDS, IMAGES, LR, WORKERS = 3, 512, 0.01, min(4, os.cpu_count())
REQUIRED = {"cpu": 1.5, "cuda": 5.0}
BFLOAT16 = 0.05  # relative, of the first 20 losses: bfloat16 has 8 binary digits
NORMALISE = torchvision.transforms.Compose(
    [torchvision.transforms.ToTensor(), torchvision.transforms.Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))]
)


class Pictures(torch.utils.data.Dataset):
    """What torchvision.datasets.CIFAR10 does with an index, on pictures that need no download."""

    def __init__(self, pixels, labels):
        self.pixels, self.labels = pixels, labels

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return NORMALISE(Image.fromarray(self.pixels[index])), int(self.labels[index])


def pictures(seed=0):
    """IMAGES random pictures, pixels (n, 32, 32, 3) uint8 and labels (n,)."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (IMAGES, 32, 32, 3), dtype=np.uint8), rng.integers(0, 10, IMAGES)


def plain(models, dataset, batches, device):
    """Appendix B's loop, once through ``batches`` for each model; its losses (models, steps)."""
    losses = []
    for model in models:
        loader = torch.utils.data.DataLoader(dataset, batch_sampler=batches, num_workers=WORKERS)
        criterion, optimizer = torch.nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), lr=LR, momentum=0.9)
        losses.append([])
        for inputs, labels in loader:
            inputs, labels = inputs.to(device), labels.to(device)
            loss = criterion(model(inputs), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses[-1].append(loss.detach())
    return torch.stack([torch.stack(row) for row in losses]).cpu().numpy()


def mapped(models, X, y, batches):
    """The models in one torch.func.vmap, batches as one tensor of images; the losses (models, steps)."""
    parameters, _ = torch.func.stack_module_state(models)
    template = copy.deepcopy(models[0]).to("meta")

    def loss(weights, inputs, labels):
        return torch.nn.functional.cross_entropy(torch.func.functional_call(template, weights, (inputs,)), labels)

    step = torch.func.vmap(torch.func.grad_and_value(loss), in_dims=(0, None, None))
    velocity, losses = {name: torch.zeros_like(part) for name, part in parameters.items()}, []
    with torch.no_grad():
        for chosen in torch.as_tensor(batches, device=X.device):
            gradients, values = step(parameters, X[chosen], y[chosen])
            for name, part in parameters.items():
                part.sub_(velocity[name].mul_(0.9).add_(gradients[name]), alpha=LR)
            losses.append(values)
    return torch.stack(losses, dim=1).cpu().numpy()


def captured(models, X, y, batches, half=False):
    """The models as one network of grouped convolutions, a step as one graph; the losses (models, steps)."""
    network = training._grouped(models)
    optimizer = torch.optim.SGD(network.parameters(), lr=LR, momentum=0.9)

    def step(chosen):
        with bfloat16(X.device, half):
            losses = training.cross_entropies(network, X[chosen], y[chosen])
        optimizer.zero_grad()
        losses.sum().backward()
        optimizer.step()
        return losses.detach()

    def state():
        memory = [part for entry in optimizer.state.values() for part in entry.values() if torch.is_tensor(part)]
        return [*network.parameters(), *memory]

    indices = torch.stack([batches] * len(models), dim=1).to(X.device)  # (steps, models, batch)
    call = graphed(step, [indices[0].clone()], state)
    return torch.stack([call(chosen).clone() for chosen in indices], dim=1).cpu().numpy()


def compare(depth, batch, device, repeats=3, fast=None):
    """Images per second of each way to train: {way: median}; the losses must agree. fast: with bfloat16 and graphs."""
    fast = device == "cuda" if fast is None else fast
    pixels, labels = pictures()
    dataset = Pictures(pixels, labels)
    X = torch.stack([dataset[i][0] for i in range(IMAGES)]).to(device, memory_format=torch.channels_last)
    y = torch.tensor(labels, device=device)
    steps = IMAGES // batch
    batches = torch.stack([*networks.minibatches(IMAGES, batch, steps)])

    def fresh(layout=torch.channels_last):
        built = [networks.vgg(depth, "relu", "kaiming", seed=seed) for seed in range(SEEDS)]
        return [model.to(device, memory_format=layout) for model in built]

    def ours(together, half=False):
        seeds = [0] * SEEDS  # the same batches for every model, so that all ways can be compared
        how = {"seeds": seeds, "together": together, "progress": False}
        with bfloat16(device, half):
            return networks.train(fresh(), X, y, LR, steps, batch, **how).losses

    ways = {
        "DataLoader loop": lambda: plain(fresh(torch.contiguous_format), dataset, batches.tolist(), device),
        "one by one": lambda: ours(False),
        "grouped convolutions": lambda: ours(True),
        "vmap": lambda: mapped(fresh(), X, y, batches),
    }
    if fast:
        ways["grouped, bfloat16"] = lambda: ours(True, half=True)
        ways["grouped, graph"] = lambda: captured(fresh(), X, y, batches)
        ways["grouped, graph, bfloat16"] = lambda: captured(fresh(), X, y, batches, half=True)
    reference, times = None, {way: [] for way in ways}
    for repeat in range(repeats + 1):
        for way, go in ways.items():
            begin = time.perf_counter()
            losses = go()
            if device == "cuda":
                torch.cuda.synchronize()
            if repeat:  # the first is to warm up, and to compare
                times[way].append(time.perf_counter() - begin)
            elif reference is None:
                reference = losses
            else:
                tolerance = BFLOAT16 if "bfloat16" in way else 1e-3
                np.testing.assert_allclose(losses[:, :20], reference[:, :20], rtol=tolerance, err_msg=way)
    return {way: SEEDS * steps * batch / statistics.median(taken) for way, taken in times.items()}


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", type=pathlib.Path, help="a file for the rates, written after each case")
    parser.add_argument("--cases", nargs="+", default=["11,8", "11,32", "19,8"], metavar="DEPTH,BATCH")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--fast", action="store_true", help="bfloat16 and graphs without a GPU too")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    device = ngdm_helpers.device()
    kind = torch.cuda.get_device_name() if device == "cuda" else f"{os.cpu_count()} cores"
    required = REQUIRED[device]
    print(f"Images per second, {SEEDS} networks, on {kind}; ratio: the fastest of ours over the DataLoader loop")
    met, found = True, []
    for depth, batch in (map(int, case.split(",")) for case in options.cases):
        rates = compare(depth, batch, device, options.repeats, options.fast or device == "cuda")
        loop = rates["DataLoader loop"]
        best = max((way for way in rates if way not in ("DataLoader loop", "vmap")), key=rates.get)
        ratio = rates[best] / loop
        met &= ratio >= required
        print(f"\nVGG{depth}, batch {batch}: {ratio:.2f}×, {best} (required: ≥ {required:g}×)")
        for way, rate in rates.items():
            print(f"  {way:26}{rate:10,.0f}{rate / loop:8.2f}×", flush=True)
        found.append({"depth": depth, "batch": batch, "device": kind, "images_per_second": rates, "ratio": ratio})
        if options.json:
            options.json.write_text(json.dumps(found, indent=1, ensure_ascii=False), encoding="utf-8")
    print(f"\nThe first 20 losses agree between all ways to 1e-3, in bfloat16 to {BFLOAT16:g}.")
    if device == "cpu":
        print("No GPU here: that side was not run.")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
