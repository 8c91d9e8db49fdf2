"""A step of VGG16 under an ℓ1 penalty, Appendix B's loop against ours: ``python -m benchmarks.vgg16_step``.

Both sides train torchvision's VGG16 from the same weights on the same batches with the same dropout, 32×32 images, η =
0.01, λ = 0.1. They are compared step by step, ‖β‖₁ and at the end every weight, and timed in turn. On a CPU the batch
has 8 images: the larger it is, the more of a step are the convolutions, which are the same on both sides.
On a GPU whole epochs of 50 000 images in batches of 512 are timed as well, data loading included, with the share of
the card's memory bandwidth and arithmetic that ours achieves: Appendix B's loop; the same through torch.compile, which
is what a user would try first; ours; and ours in bfloat16, its update in one pass, a step as one CUDA graph, with
norms that must agree to 1e-4. Ends with status 1 if a ratio falls short.
"""

import argparse
import functools
import json
import pathlib
import statistics
import sys
import time

import numpy as np
import torch
from torchvision import models, transforms

import ngdm_helpers
from benchmarks.graphs import bfloat16, graphed, multi_tensor, one_pass
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


def penalised(model, criterion, inputs, labels):
    """Appendix B's loss, and the norm that it prints."""
    loss_ce = criterion(model(inputs), labels)
    l1_penalty = 0
    for param in model.parameters():
        l1_penalty += torch.abs(param).sum()
    return loss_ce + LAM * l1_penalty, l1_penalty


def appendix_b(model, loader, device, compiler=None):
    """Appendix B's loop, one yield a step: its printed norm, that of the weights before the step.

    compiler: of torch.compile for its loss, such as "inductor"; without, it is not compiled.
    """
    criterion = torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=LR)
    loss_of = torch.compile(penalised, backend=compiler) if compiler else penalised
    for inputs, labels in loader:
        inputs, labels = inputs.to(device), labels.to(device)
        loss, l1_penalty = loss_of(model, criterion, inputs, labels)
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


def fast(model, X, y, chosen, half=True, compiler="inductor"):
    """The steps of `ours` as one graph each, in bfloat16 if ``half``, the update compiled or, without a compiler, by
    multi-tensor kernels; one yield a step: the norm of the weights before it.
    """
    weights = list(model.parameters())
    norm = sum(weight.detach().abs().sum(dtype=torch.float64) for weight in weights)
    update = torch.compile(one_pass, backend=compiler) if compiler else multi_tensor

    def step(index):
        with bfloat16(X.device, half):
            _, parts, gradients = lasso_deep.loss_and_gradients(model, X[index], y[index])
        return update([part.detach() for part in parts], list(gradients), LR, LAM)

    call = graphed(step, [chosen[0].clone()], lambda: weights)
    for index in chosen:
        before, norm = norm, call(index).clone()
        yield before


def side_by_side(batch, steps, device, mine=ours):
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
        mine(ours_model, *pixels.tensors(device), [torch.tensor(index, device=device) for index in chosen]),
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


def ways(device, compiler):
    """{name: how a model goes through a loader, or resident images and indices}; compiler: of torch.compile."""
    found = {"Appendix B": lambda model, loader, *_: appendix_b(model, loader, device)}
    if compiler:
        found["Appendix B, torch.compile"] = lambda model, loader, *_: appendix_b(model, loader, device, compiler)
    found["ours"] = lambda model, _, *resident: ours(model, *resident)
    found["ours, graph"] = lambda model, _, *resident: fast(model, *resident, half=False, compiler=None)
    found["ours, graph, bfloat16"] = lambda model, _, *resident: fast(model, *resident, compiler=None)
    if compiler:
        one = "ours, graph, bfloat16, update in one pass"
        found[one] = lambda model, _, *resident: fast(model, *resident, compiler=compiler)
    return found


def epochs(count, batch, device, workers=4, compiler=None, report=lambda found: None):
    """{way: seconds of an epoch over ``count`` images}, data loading included; report: is given them after each way.

    The first step, which captures or compiles, is done before the clock starts; an error is kept in place of seconds.
    """
    pixels, taken = Pixels(count), {}
    loader = torch.utils.data.DataLoader(pixels, batch_size=batch, shuffle=True, drop_last=True, num_workers=workers)
    X, y = pixels.tensors(device)
    chosen = torch.randperm(count, device=device)[: count // batch * batch].split(batch)
    for way, go in ways(device, compiler).items():
        try:
            steps = go(network(device), loader, X, y, chosen)
            next(steps)
            begin = _now(device)
            done = sum(1 for _ in steps)
            taken[way] = (_now(device) - begin) * len(chosen) / done
        except Exception as error:  # of a compiler or of the card: the other ways are still worth their time
            taken[way] = f"{type(error).__name__}: {error}"
        report(taken)
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
    parser.add_argument("--epoch", type=int, help=f"images of an epoch; default: {EPOCH} on a GPU, none on a CPU")
    parser.add_argument("--json", type=pathlib.Path, help="a file for what is measured, written after each part")
    options = parser.parse_args(arguments)
    device = ngdm_helpers.device()
    batch = options.batch or (GPU_BATCH if device == "cuda" else CPU_BATCH)
    epoch = options.epoch or (EPOCH if device == "cuda" else 0)
    torch.backends.cudnn.deterministic = True  # as in Appendix B
    where = torch.cuda.get_device_name() if device == "cuda" else f"CPU, {torch.get_num_threads()} thread(s)"
    print(f"VGG16, batch {batch} of 32×32 images, η = {LR}, λ = {LAM}; {where}")
    kept = {"device": where, "batch": batch}

    def keep(**found):
        kept.update(found)
        if options.json:
            options.json.write_text(json.dumps(kept, indent=1, ensure_ascii=False), encoding="utf-8")

    seconds, norms, apart = side_by_side(batch, options.steps, device)
    print(f"{'step':>4}{'‖β‖₁, Appendix B':>20}{'ours':>18}{'relative gap':>14}")
    relative = [abs(a / b - 1) for a, b in zip(*norms, strict=True)]
    for step, (theirs, mine, off) in enumerate(zip(*norms, relative, strict=True)):
        print(f"{step:4d}{theirs:20.2f}{mine:18.2f}{off:14.1e}")
    print(f"share of weights that differ by more than ηλ/10 after {options.steps} steps: {apart:.1e}")
    slow, quick = (statistics.median(times[1:]) for times in seconds)  # the first step allocates
    print(f"a step: Appendix B {slow:.3f} s, ours {quick:.3f} s: {slow / quick:.2f}× (on a CPU: ≥ {STEP_RATIO}×)")
    met = max(relative) < 1e-6 and (device == "cuda" or slow / quick >= STEP_RATIO)
    keep(seconds_of_a_step=[slow, quick], largest_relative_gap=max(relative), apart=apart)
    if not epoch:
        print("No GPU here: epochs of 50 000 images were not run.")
        return 0 if met else 1

    _, norms, _ = side_by_side(batch, options.steps, device, functools.partial(fast, compiler=None))
    gap = max(abs(a / b - 1) for a, b in zip(*norms, strict=True))
    print(f"in bfloat16, a graph a step: norms within {gap:.1e} (required: 1e-4)")
    keep(largest_relative_gap_bfloat16=gap)
    bandwidth, peak = card(device) if device == "cuda" else card(device, size=256, repeats=2)
    moved_in, moved = update_seconds(device)
    work = arithmetic(batch, device) * (epoch // batch)
    keep(
        bytes_a_second_of_a_copy=bandwidth,
        float32_operations_a_second=peak,
        update={"seconds": moved_in, "bytes": moved},
    )
    print(f"the update moves {moved / moved_in / 1e9:.0f} GB/s, {moved / moved_in / bandwidth:.0%} of a plain copy's")
    compiler = "inductor" if device == "cuda" else None
    found = epochs(epoch, batch, device, 4 if device == "cuda" else 0, compiler, lambda taken: keep(epoch=taken))
    slow, timed = found["Appendix B"], {way: taken for way, taken in found.items() if isinstance(taken, float)}
    best = min((way for way in timed if way.startswith("ours")), key=timed.get)
    for way, taken in found.items():
        shown = f"{taken:8.2f} s{slow / taken:8.1f}×{work / taken / 1e12:8.1f} Tflop/s" if way in timed else taken
        print(f"an epoch: {way:44}{shown}")
    print(f"the best does {work / timed[best] / peak:.0%} of the arithmetic of a large float32 product")
    return 0 if met and gap < 1e-4 and (device == "cpu" or slow / timed[best] >= EPOCH_RATIO) else 1


if __name__ == "__main__":
    sys.exit(main())
