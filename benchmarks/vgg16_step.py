"""A step of VGG16 under an ℓ1 penalty, Appendix B's loop against ours: ``python -m benchmarks.vgg16_step``.

Both sides train torchvision's VGG16 from the same weights on the same batches with the same dropout, 32×32 images, η =
0.01, λ = 0.1. They are compared step by step, ‖β‖₁ and at the end every weight, and timed in turn. On a CPU the batch
has 8 images: the larger it is, the more of a step are the convolutions, which are the same on both sides.
On a GPU whole epochs of 50 000 images in batches of 512 are timed as well, data loading included, with the share of
the card's memory bandwidth and arithmetic that ours achieves. Ends with status 1 if a ratio falls short.
"""

import argparse
import statistics
import sys
import time

import numpy as np
import torch
from torchvision import models, transforms

import ngdm_helpers
from ngdm_helpers import networks
from ngdm_helpers.course.experiments import lasso_deep

LR, LAM = 0.01, 0.1
CPU_BATCH, GPU_BATCH, EPOCH = 8, 512, 50_000
STEP_RATIO, EPOCH_RATIO = 1.5, 5


class Pixels(torch.utils.data.Dataset):
    """Random 32×32 images as Appendix B loads CIFAR-10: one at a time, uint8, through torchvision's transforms."""

    def __init__(self, count, seed=0):
        rng = np.random.default_rng(seed)
        self.pixels = rng.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)
        self.labels = rng.integers(0, 10, count)
        self.transform = transforms.Compose(
            [transforms.ToTensor(), transforms.Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))]
        )

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return self.transform(self.pixels[i]), int(self.labels[i])

    def tensors(self, device):
        """All images at once: X (count, 3, 32, 32) float32 and y (count,), on ``device``."""
        X = torch.from_numpy(self.pixels).to(device).permute(0, 3, 1, 2).float().div_(255)
        return X.sub_(0.5).div_(0.5).contiguous(), torch.from_numpy(self.labels).to(device)


def network(device, seed=42):
    """torchvision's VGG16 with random weights."""
    torch.manual_seed(seed)
    return models.vgg16(weights=None).to(device).train()


def appendix_b(model, loader, device):
    """Appendix B's loop, one yield a step: its printed norm, that of the weights before the step."""
    criterion = torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=LR)
    for inputs, labels in loader:
        inputs, labels = inputs.to(device), labels.to(device)
        outputs = model(inputs)
        loss_ce = criterion(outputs, labels)
        l1_penalty = 0
        for param in model.parameters():
            l1_penalty += torch.abs(param).sum()
        loss = loss_ce + LAM * l1_penalty
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield l1_penalty.detach()


def ours(model, X, y, chosen):
    """The same steps as `experiments.lasso_deep` does them, one yield a step: the norm of the weights before it."""
    weights = list(model.parameters())
    memory = networks.buffers(weights, "sgd")
    norm = sum(weight.detach().abs().sum(dtype=torch.float64) for weight in weights)
    for step, index in enumerate(chosen, 1):
        _, parts, gradients = lasso_deep.loss_and_gradients(model, X[index], y[index])
        before, norm = norm, networks.update(parts, gradients, memory, step, LR, LAM)
        yield before


def side_by_side(batch, steps, device):
    """Both sides in turn: seconds of each step (2, steps), norms (2, steps), and the share of weights that end apart.

    Apart is by more than ηλ/10: a weight within rounding of 0 may have another sign on the other side, and goes there.
    """
    pixels = Pixels(batch * steps)
    batches = networks.minibatches(len(pixels), batch, steps, orders=networks.shuffled_by_epoch)
    chosen = [index.tolist() for index in batches]
    own = torch.Generator()  # a loader draws a number when it starts: not from the generator of the dropout
    loader = torch.utils.data.DataLoader(pixels, batch_sampler=chosen, generator=own)
    theirs_model, ours_model = network(device), network(device)
    sides = (
        appendix_b(theirs_model, loader, device),
        ours(ours_model, *pixels.tensors(device), [torch.tensor(index, device=device) for index in chosen]),
    )
    seconds, norms = ([], []), ([], [])
    for step in range(steps):
        for side, times, values in zip(sides, seconds, norms, strict=True):
            torch.manual_seed(step)  # the same dropout on both sides
            begin = _now(device)
            values.append(next(side))
            times.append(_now(device) - begin)
    for side in sides:
        next(side, None)  # the generators end: their last step is done
    ends = [torch.nn.utils.parameters_to_vector(model.parameters()).detach() for model in (theirs_model, ours_model)]
    apart = float((ends[0].sub_(ends[1]).abs_() > LR * LAM / 10).double().mean())
    return seconds, [[float(value) for value in values] for values in norms], apart


def epochs(count, batch, device, workers=4):
    """Seconds of one epoch over ``count`` images on either side, data loading included."""
    pixels, taken = Pixels(count), []
    loader = torch.utils.data.DataLoader(pixels, batch_size=batch, shuffle=True, drop_last=True, num_workers=workers)
    X, y = pixels.tensors(device)
    chosen = torch.randperm(count, device=device)[: count // batch * batch].split(batch)
    for side in (appendix_b(network(device), loader, device), ours(network(device), X, y, chosen)):
        begin = _now(device)
        for _ in side:
            pass
        taken.append(_now(device) - begin)
    return taken


def arithmetic(batch, device):
    """Floating-point operations of our forward and backward pass of a batch, counted by torch."""
    from torch.utils.flop_counter import FlopCounterMode

    model, X = network(device), torch.zeros(batch, 3, 32, 32, device=device)
    with FlopCounterMode(display=False) as counter:
        lasso_deep.loss_and_gradients(model, X, torch.zeros(batch, dtype=torch.int64, device=device))
    return counter.get_total_flops()


def card(device, size=8192, repeats=10):
    """What the card does at best here: bytes a second of a large copy, float32 operations a second of a product."""
    a = torch.randn(size, size, device=device)
    b = torch.empty_like(a)
    rates = []
    for work, amount in ((lambda: b.copy_(a), 2 * a.nbytes), (lambda: torch.mm(a, a, out=b), 2 * size**3)):
        work()
        begin = _now(device)
        for _ in range(repeats):
            work()
        rates.append(amount * repeats / (_now(device) - begin))
    return rates


def update_seconds(device, repeats=5):
    """Median seconds of `networks.update` alone on VGG16's weights, and the bytes it has to move at least."""
    model, taken = network(device), []
    memory = networks.buffers(list(model.parameters()), "sgd")
    X, y = torch.zeros(2, 3, 32, 32, device=device), torch.zeros(2, dtype=torch.int64, device=device)
    for _ in range(repeats):
        _, weights, gradients = lasso_deep.loss_and_gradients(model, X, y)
        moved = sum(2 * weight.nbytes for weight in weights)  # read β, write β, read the gradient
        moved += sum(slope.nbytes // (slope.shape[-1] if slope.stride(-1) == 0 else 1) for slope in gradients)
        begin = _now(device)
        networks.update(weights, gradients, memory, 1, LR, LAM)
        taken.append(_now(device) - begin)
    return statistics.median(taken), moved


def _now(device):
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--batch", type=int, help=f"default: {CPU_BATCH} on a CPU, {GPU_BATCH} on a GPU")
    options = parser.parse_args(arguments)
    device = ngdm_helpers.device()
    batch = options.batch or (GPU_BATCH if device == "cuda" else CPU_BATCH)
    torch.backends.cudnn.deterministic = True  # as in Appendix B
    where = torch.cuda.get_device_name() if device == "cuda" else f"CPU, {torch.get_num_threads()} thread(s)"
    print(f"VGG16, batch {batch} of 32×32 images, η = {LR}, λ = {LAM}; {where}")

    seconds, norms, apart = side_by_side(batch, options.steps, device)
    print(f"{'step':>4}{'‖β‖₁, Appendix B':>20}{'ours':>18}{'relative gap':>14}")
    relative = [abs(a / b - 1) for a, b in zip(*norms, strict=True)]
    for step, (theirs, mine, off) in enumerate(zip(*norms, relative, strict=True)):
        print(f"{step:4d}{theirs:20.2f}{mine:18.2f}{off:14.1e}")
    print(f"share of weights that differ by more than ηλ/10 after {options.steps} steps: {apart:.1e}")
    slow, fast = (statistics.median(times[1:]) for times in seconds)  # the first step allocates
    print(f"a step: Appendix B {slow:.3f} s, ours {fast:.3f} s: {slow / fast:.2f}× (on a CPU: ≥ {STEP_RATIO}×)")
    met = max(relative) < 1e-6 and (device == "cuda" or slow / fast >= STEP_RATIO)

    if device == "cuda":
        slow, fast = epochs(EPOCH, GPU_BATCH, device)
        bandwidth, peak = card(device)
        taken, moved = update_seconds(device)
        done = arithmetic(GPU_BATCH, device) * (EPOCH // GPU_BATCH)
        print(f"an epoch: Appendix B {slow:.2f} s, ours {fast:.2f} s: {slow / fast:.1f}× (required: ≥ {EPOCH_RATIO}×)")
        print(f"the update moves {moved / taken / 1e9:.0f} GB/s, {moved / taken / bandwidth:.0%} of a plain copy's")
        print(f"our epoch does {done / fast / 1e12:.1f} Tflop/s, {done / fast / peak:.0%} of a large product's")
        met = met and slow / fast >= EPOCH_RATIO
    else:
        print("No GPU here: epochs of 50 000 images were not run.")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
