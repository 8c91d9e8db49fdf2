"""Images per second of `networks.train` against the plain DataLoader loop: ``python -m benchmarks.training``.

The loop is that of the paper's Appendix B: a Dataset of PIL images with ToTensor and Normalize, a DataLoader with a
worker for each core (four at most), torch's default memory order, one network after the other. Both sides train the
same networks from the same weights on the same batches and are compared, loss by loss, before they are timed, in turn,
within one run, with one thread of torch: more only wait for one another at such batches. Ends with status 1 if a ratio
falls short.
"""

import copy
import os
import statistics
import sys
import time

import numpy as np
import torch
import torchvision
from PIL import Image

import ngdm_helpers
from ngdm_helpers import networks

SEEDS, IMAGES, LR, WORKERS = 3, 512, 0.01, min(4, os.cpu_count())
REQUIRED = {"cpu": 1.5, "cuda": 5.0}
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


def compare(depth, batch, device, repeats=3):
    """Images per second of each way to train: {way: median}; the losses must agree."""
    pixels, labels = pictures()
    dataset = Pictures(pixels, labels)
    X = torch.stack([dataset[i][0] for i in range(IMAGES)]).to(device, memory_format=torch.channels_last)
    y = torch.tensor(labels, device=device)
    steps = IMAGES // batch
    batches = torch.stack([*networks.minibatches(IMAGES, batch, steps)])

    def fresh(layout=torch.channels_last):
        built = [networks.vgg(depth, "relu", "kaiming", seed=seed) for seed in range(SEEDS)]
        return [model.to(device, memory_format=layout) for model in built]

    def ours(together):
        seeds = [0] * SEEDS  # the same batches for every model, so that all ways can be compared
        how = {"seeds": seeds, "together": together, "progress": False}
        return networks.train(fresh(), X, y, LR, steps, batch, **how).losses

    ways = {
        "DataLoader loop": lambda: plain(fresh(torch.contiguous_format), dataset, batches.tolist(), device),
        "one by one": lambda: ours(False),
        "grouped convolutions": lambda: ours(True),
        "vmap": lambda: mapped(fresh(), X, y, batches),
    }
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
                np.testing.assert_allclose(losses[:, :20], reference[:, :20], rtol=1e-3, err_msg=way)
    return {way: SEEDS * steps * batch / statistics.median(taken) for way, taken in times.items()}


def main():
    torch.set_num_threads(1)
    device = ngdm_helpers.device()
    kind = torch.cuda.get_device_name() if device == "cuda" else f"{os.cpu_count()} cores"
    required = REQUIRED[device]
    print(f"Images per second, {SEEDS} networks, on {kind}; ratio: the faster of ours over the DataLoader loop")
    heading = f"{'':18}{'DataLoader loop':>16}{'one by one':>12}{'grouped':>10}{'vmap':>8}{'ratio':>8}{'required':>10}"
    print(heading, "-" * len(heading), sep="\n")
    met = True
    for depth, batch in ((11, 8), (11, 32), (19, 8)):
        rates = compare(depth, batch, device)
        loop, single, grouped, vmapped = rates.values()
        ratio = max(single, grouped) / loop
        met &= ratio >= required
        print(
            f"VGG{depth}, batch {batch:<6d}{loop:16,.0f}{single:12,.0f}{grouped:10,.0f}{vmapped:8,.0f}{ratio:7.2f}×"
            f"{f'≥ {required:g}×':>10}{'' if ratio >= required else '  short'}",
            flush=True,
        )
    print("\nThe first 20 losses of every network agree to 1e-3 between all four.")
    if device == "cpu":
        print("No GPU here: that side was not run.")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
