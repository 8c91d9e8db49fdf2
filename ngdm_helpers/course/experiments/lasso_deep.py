"""Fine-tuning with an ℓ1 penalty: a small network on digits, and VGG16 at full size; the records of notebook 3.

Appendix B for a GPU, less the incomplete last batch of each epoch, 150 times 97 batches of 512:

    ngdm record vgg16-l1 --data cifar10 --download --weights imagenet --batch 512 --steps 14550
"""

import functools
import hashlib
import importlib.metadata
import itertools
import json
import math
import os
import pathlib
import time

import filelock
import numpy as np
import torch
from torchvision import models
from tqdm.auto import tqdm

import ngdm_helpers
from ngdm_helpers import checks, networks, theory
from ngdm_helpers import data as sources
from ngdm_helpers.course import problems
from ngdm_helpers.course.experiments.depth import named_images
from ngdm_helpers.course.experiments.runner import alone_at_work, experiment, measure, writable
from ngdm_helpers.course.recorded import rounded, thinned

METHODS = networks.METHODS

# --- the small network ------------------------------------------------------------------------------------------------

MLP, MLP_KEY = "mlp_l1", ("method", "lam", "lr", "seed", "steps")
LAMS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
MLP_BATCH = 32
MLP_POINTS = 150  # of a recorded curve, at most


@experiment("mlp-l1", takes="three minutes for all λ of a method and a seed, a quarter of an hour in all")
def mlp_l1(
    method: tuple[str, ...] = METHODS,
    lam: tuple[float, ...] = LAMS,
    lr: float = 0.01,
    adam_lr: float = 0.001,
    steps: int = 10_000,
    seeds: tuple[int, ...] = (0,),
    **how,
):
    """Fine-tune a small network on digits with an ℓ1 penalty, over λ.

    The network is `problems.mlp_pretrained`. method: see `networks.update`. lr: η of all methods but Adam, whose η is
    adam_lr. seeds: of initialisation and order. A row for each method × λ × seed goes to the record "mlp_l1" (see
    `mlp_rows`), those of all λ of a method and a seed together.
    how, and what is returned: see `runner.measure`. Raises TypeError or ValueError, naming the argument.
    """
    lam, steps = [checks.positive_number("lam", value) for value in lam], checks.count("steps", steps)
    lr, adam_lr = checks.positive_number("lr", lr), checks.positive_number("adam_lr", adam_lr)
    seeds = [networks.models.checked_seed(seed, "seeds") for seed in seeds]
    rates = {name: adam_lr if checks.choice("method", name, METHODS) == "adam" else lr for name in method}
    settings = [
        {"method": name, "lam": value, "lr": rate, "seed": seed, "steps": steps}
        for seed, (name, rate), value in itertools.product(seeds, rates.items(), lam)
    ]
    rows = functools.partial(_mlp_group, how.get("progress", True) and alone_at_work(**how))
    title, together = "{method}, seed {seed}", ("method", "lr", "seed", "steps")
    return measure(settings, rows, record=MLP, key=MLP_KEY, title=title, together=together, compact=True, **how)


def _mlp_group(progress, group):
    one = {field: value for field, value in group[0].items() if field != "lam"}
    return mlp_rows(lams=[setting["lam"] for setting in group], progress=progress, **one)


def mlp_rows(method, lams, lr, seed, steps, progress=True):
    """One row for each λ.

    method, lam, lr, seed, steps: the setting. parameters: N. start: ‖β‖₁ of the pre-trained network;
    accuracy_before: its test accuracy. mean: ‖β‖₁ over the last two steps. zeros, small, inside: how many weights end
    at exactly 0, below 1e-5 and below ηλ, see `networks.count_small_weights`. accuracy: on the 360 test digits;
    accuracy_cut: after every weight below ηλ is set to 0. seconds: of all λ together. curve: ‖β‖₁ at some steps, about
    evenly spaced on a logarithmic scale: {"steps", "values"}.
    """
    X, y, X_test, y_test = problems.mlp_digits()
    begin = time.perf_counter()
    model = problems.mlp_pretrained(X, y, seed)
    before = float(networks.accuracy(model(X_test), y_test))
    tuned = networks.fine_tune(model, X, y, lams, lr, steps, method, MLP_BATCH, seed, progress)
    seconds = round(time.perf_counter() - begin, 1)
    shown = np.unique(np.geomspace(1, steps + 1, MLP_POINTS).round().astype(int)) - 1
    accuracy, pruned = tuned.accuracy(X_test, y_test), tuned.pruned().accuracy(X_test, y_test)
    return [
        {
            **{"method": method, "lam": lam, "lr": lr, "seed": seed, "steps": steps},
            "parameters": counts["total"],
            "start": rounded(tuned.norms[0, i]),
            "accuracy_before": rounded(before),
            "mean": rounded(tuned.means[i]),
            **{kind: counts[kind] for kind in ("zeros", "small", "inside")},
            "accuracy": rounded(accuracy[i]),
            "accuracy_cut": rounded(pruned[i]),
            "seconds": seconds,
            "curve": {"steps": shown.tolist(), "values": [rounded(norm) for norm in tuned.norms[shown, i]]},
        }
        for i, (lam, counts) in enumerate(zip(lams, tuned.count_small_weights(), strict=True))
    ]


# --- VGG16 ------------------------------------------------------------------------------------------------------------

VGG16 = "vgg16_l1"
VGG16_KEY = ("weights", "data", "images", "method", "lam", "lr", "batch", "seed", "steps", "test_images")
SETTLED = 1e-4  # the relative distance from Nηλ/2 that counts as being there
WORK = sources.CACHE / "vgg16-l1"


@experiment("vgg16-l1", takes="half a second a step on a laptop: two minutes a run, two hours for 14 550 steps")
def vgg16_l1(
    method: tuple[str, ...] = METHODS,
    lam: tuple[float, ...] = (0.1,),
    lr: float = 0.01,
    steps: int | None = None,
    data: str = "digits",
    images: int | None = None,
    test_images: int | None = None,
    download: bool = False,
    batch: int = 8,
    seed: int = 0,
    weights: str = "none",
    checkpoint_every: int = 100,
    work: pathlib.Path = WORK,
    **how,
):
    """Train torchvision's VGG16 with an ℓ1 penalty on all parameters.

    As in Appendix B: 32×32 images scaled to [−1, 1], the head of 1000 outputs, dropout on, a constant η = lr, no decay,
    cross entropy + λ‖·‖₁. method × lam: see `networks.update`. steps: default as many as bring every weight into its
    band, see `steps_needed`. data: see `read_images`; images and test_images: how many to train with and to test on
    (default: all); download: fetch CIFAR-10 if it is not there. batch: images a step; Appendix B has 512. weights: see
    `network`. seed: of the initialisation, the order and the dropout. checkpoint_every: steps between two checkpoints,
    which lie in the folder work until their run is done.

    Each run adds a row (see `vgg16_row`) to the record "vgg16_l1"; one that was stopped, or killed, goes on from its
    last checkpoint to the same numbers, unless it is forced, which begins anew.
    how, and what is returned: see `runner.measure`. Raises TypeError, ValueError (naming the argument), OSError.
    """
    method = [checks.choice("method", name, METHODS) for name in method]
    lam, lr = [checks.positive_number("lam", value) for value in lam], checks.positive_number("lr", lr)
    batch, checkpoint_every = checks.count("batch", batch), checks.count("checkpoint_every", checkpoint_every)
    steps = steps if steps is None else checks.count("steps", steps)
    if type(seed) is not int or not 0 <= seed < 2**31:
        raise ValueError(f"seed must be an integer from 0 to 2**31 - 1, got {seed!r}")
    parts = ("images", data, True, images, download), ("test_images", data, False, test_images, download)
    train, test = (named_images(*part) for part in parts)
    if batch > len(train[0]):
        raise ValueError(f"batch must be at most {len(train[0])}, the number of images, got {batch}")
    common = {"weights": _named(weights), "data": pathlib.Path(data).name, "images": len(train[0]), "lr": lr}
    common |= {"batch": batch, "seed": seed, "test_images": len(test[0])}
    largest = max(float(part.detach().abs().max()) for part in network(weights, seed).parameters())
    settings = [
        common | {"method": name, "lam": value, "steps": steps or steps_needed(largest, lr, value, name)}
        for value, name in itertools.product(lam, method)
    ]
    writable("work", sources.at_home("work", work))
    if how.get("force"):
        for setting in settings:
            checkpoint(work, setting).unlink(missing_ok=True)

    progress = how.get("progress", True) and alone_at_work(**how)
    rows = functools.partial(_vgg16_group, weights, parts, work, checkpoint_every, progress)

    def remove_checkpoint(group):  # not before the row is safe
        for suffix in (".pt", ".lock"):
            checkpoint(work, group[0]).with_suffix(suffix).unlink(missing_ok=True)

    how |= {"title": "{method}, λ = {lam:g}", "finished": remove_checkpoint}
    return measure(settings, rows, record=VGG16, key=VGG16_KEY, **how)


def _vgg16_group(weights, parts, work, every, progress, group):
    train, test = (named_images(*part) for part in parts)
    # Of a client that was killed a run may still be under way: then this one waits, and finds its last checkpoint.
    with filelock.FileLock(checkpoint(work, group[0]).with_suffix(".lock")):
        return [vgg16_row(network(weights, group[0]["seed"]), train, test, group[0], work, every, progress)]


def network(weights="none", seed=0):
    """torchvision's VGG16, 138 357 544 parameters.

    weights: "none" for torchvision's random initialisation, which ``seed`` fixes; "imagenet" for its pre-trained
    weights, as in Appendix B, downloaded by torchvision; or the path of a state dict. FileNotFoundError without it.
    """
    if weights == "imagenet":
        return models.vgg16(weights=models.VGG16_Weights.IMAGENET1K_V1)
    if weights != "none" and not pathlib.Path(weights).is_file():
        raise FileNotFoundError(f"weights must be 'none', 'imagenet' or a file that exists, got {str(weights)!r}")
    with networks.models.seeded(seed):
        model = models.vgg16(weights=None)
    if weights != "none":
        model.load_state_dict(torch.load(weights, weights_only=True))
    return model


def loss_and_gradients(model, X, y):
    """(loss, weights, gradients) of ``model`` on images X, (n, 3, height, width), and labels y, (n,) integers.

    loss: the mean cross entropy, a tensor without graph. weights: all parameters, as views that share their storage;
    gradients: of the loss, each shaped like its weight.

    torchvision's VGG16 ends its convolutions with an average pool to 7×7. A 32×32 image has become one pixel by then,
    of which the pool makes 49 copies: of the first linear layer, three quarters of all weights, only sums of 49 matter,
    and the 49 have one gradient. So there the weights are added up first, and weight and gradient come as
    (4096, 512, 49), the gradient expanded: the same numbers up to rounding, without a gradient of 411 MB.
    """
    cross_entropy, weights = torch.nn.functional.cross_entropy, list(model.parameters())
    if not (isinstance(model, models.VGG) and tuple(X.shape[2:]) == (32, 32)):
        loss = cross_entropy(model(X), y)
        return loss.detach(), weights, torch.autograd.grad(loss, weights)
    maps, (first, *rest) = model.features(X).flatten(1), model.classifier
    copied = first.weight.detach().view(first.out_features, maps.shape[1], -1)
    summed = copied.sum(-1).requires_grad_()
    outputs = torch.nn.functional.linear(maps, summed, first.bias)
    for layer in rest:
        outputs = layer(outputs)
    loss = cross_entropy(outputs, y)
    gradients = list(torch.autograd.grad(loss, [summed if part is first.weight else part for part in weights]))
    (place,) = (i for i, part in enumerate(weights) if part is first.weight)
    weights[place], gradients[place] = copied, gradients[place][..., None].expand_as(copied)
    return loss.detach(), weights, gradients


def _named(weights):
    """What a record calls the initial weights: a file by its name and the beginning of its hash."""
    if not pathlib.Path(weights).is_file():
        return str(weights)
    with open(weights, "rb") as file:
        return f"{pathlib.Path(weights).name}, sha256 {hashlib.file_digest(file, 'sha256').hexdigest()[:12]}"


def steps_needed(largest, lr, lam, method):
    """Steps that bring every weight, |β| ≤ ``largest`` at the start, into its band, and some more.

    The penalty moves a weight by ηλ a step ("sgd", "proximal"), by ηλ/(1 − 0.9) once momentum has built up, and by
    about η, whatever λ, under Adam. The data loss may slow it down: the record says where the weights are at the end.
    """
    pace = {"sgd": lr * lam, "proximal": lr * lam, "momentum": 10 * lr * lam, "adam": lr}[method]
    return math.ceil(largest / pace) + (50 if method in ("sgd", "proximal") else 150)


def vgg16_row(model, train, test, setting, work=WORK, every=100, progress=True):
    """One run as a row of the record.

    Of ``setting``: weights, data, images, method, lam, lr, batch, seed, steps, test_images. parameters: N. largest: the
    largest |β| at the start. law: Nηλ/2. mean: the mean of ‖β‖₁ over the last two steps; last: ‖β‖₁ at the last ten.
    settled: the step from which every two-step mean is within 0.01 % of the law, None if the last is not.
    zeros, small, inside: how many weights are exactly 0, below 1e-5 and below ηλ at the end, and largest_end, see
    `networks.count_small_weights`. outside: {parameter: [how many of its weights are not below ηλ at the end, the
    largest over ηλ]}, where there are any. first_loss, final_loss: cross entropy of the first and the last ten batches,
    dropout on. accuracy_before, accuracy: on ``test_images`` test images, dropout off. seconds: all steps together, of
    all parts of an interrupted run. device, threads, torchvision: where it ran.
    curves: "norm", "loss": see `recorded.thinned`; "census": for some of the steps [step, zeros, small, inside].
    """
    device = ngdm_helpers.device()
    model.to(device)
    X, y = (part.to(device) for part in train)
    before = _accuracy(model, *test)
    start = networks.count_small_weights(model.parameters(), setting["lr"] * setting["lam"])
    path = checkpoint(work, setting)
    state = _fine_tune(model, X, y, setting, path, every, progress)
    norms, losses = torch.tensor(state["norms"], dtype=torch.float64).numpy(), state["losses"]
    end = networks.count_small_weights(model.parameters(), setting["lr"] * setting["lam"])
    law = theory.band_mean_l1(end["total"], setting["lr"], setting["lam"])
    off = ~(abs((norms[:-1] + norms[1:]) / 2 / law - 1) <= SETTLED)  # so that NaN is off
    last_off = int(off.nonzero()[0][-1]) if off.any() else -1
    return {
        **setting,
        "parameters": end["total"],
        "largest": rounded(start["largest"]),
        "law": rounded(law, ".4f"),
        "mean": rounded(norms[-2:].mean(), ".4f"),
        "last": [rounded(norm, ".4f") for norm in norms[-10:]],
        "settled": last_off + 1 if last_off + 1 < len(off) else None,
        **{kind: end[kind] for kind in ("zeros", "small", "inside")},
        "largest_end": rounded(end["largest"]),
        "outside": _outside(model, setting["lr"] * setting["lam"]),
        "first_loss": rounded(sum(losses[:10]) / len(losses[:10])),
        "final_loss": rounded(sum(losses[-10:]) / len(losses[-10:])),
        "accuracy_before": rounded(before),
        "accuracy": rounded(_accuracy(model, *test)),
        "seconds": round(state["seconds"], 1),
        "device": torch.cuda.get_device_name() if device == "cuda" else device,
        "threads": state["threads"],
        "torchvision": importlib.metadata.version("torchvision"),
        "curves": {"norm": thinned(norms), "loss": thinned(losses), "census": state["census"]},
    }


def _fine_tune(model, X, y, setting, path, every, progress):
    """The steps of one run, from its checkpoint on if there is one; the last state.

    Batch and dropout of a step depend on the seed and the step alone, so weights, memory and step number are all there
    is to go on from. A resumed run takes the number of threads with which it began: sums depend on it.
    """
    method, lam, lr = setting["method"], setting["lam"], setting["lr"]
    weights = list(model.parameters())
    memory = networks.buffers(weights, method)
    if (state := _load(path, weights, memory)) is None:
        norm = sum(float(weight.detach().abs().sum(dtype=torch.float64)) for weight in weights)
        state = {"step": 0, "norms": [norm], "losses": [], "census": [], "seconds": 0.0}
        state["threads"] = torch.get_num_threads()
    stride, title = max(1, setting["steps"] // 60), f"{method}, λ = {lam:g}"
    model.train()
    begin = time.perf_counter() - state["seconds"]
    which = (setting["batch"], setting["steps"], setting["seed"], state["step"])
    order = networks.minibatches(len(X), *which, networks.shuffled_by_epoch)
    with networks.cpu_threads(state["threads"]):
        with tqdm(total=setting["steps"], initial=state["step"], desc=title, unit="step", disable=not progress) as bar:
            for step, chosen in enumerate(order, state["step"] + 1):
                with torch.random.fork_rng():
                    torch.manual_seed(setting["seed"] * 2**32 + step)
                    loss, parts, gradients = loss_and_gradients(model, X[chosen], y[chosen])
                shaped = [[one.view(part.shape) for one in own] for part, own in zip(parts, memory, strict=True)]
                state["norms"].append(float(networks.update(parts, gradients, shaped, step, lr, lam, method)))
                state["losses"].append(float(loss))
                del gradients
                if step % stride == 0:
                    counts = networks.count_small_weights(weights, lr * lam)
                    state["census"].append([step, counts["zeros"], counts["small"], counts["inside"]])
                state["step"], state["seconds"] = step, time.perf_counter() - begin
                if step % every == 0 or step == setting["steps"]:
                    _save(path, state, weights, memory)
                bar.set_postfix_str(f"‖β‖₁ = {state['norms'][-1]:.6g}", refresh=False)
                bar.update()
    return state


def _outside(model, step):
    """{parameter's name: [entries with |β| ≥ step, largest |β|/step]} for those that have such entries."""
    counts = ((name, networks.count_small_weights([weight], step)) for name, weight in model.named_parameters())
    outside = {name: [count["total"] - count["inside"], rounded(count["largest"] / step)] for name, count in counts}
    return {name: entries for name, entries in outside.items() if entries[0]}


def _save(path, state, weights, memory):
    """Write a checkpoint whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part")  # one name: what a killed process left there is overwritten
    torch.save({**state, "weights": [weight.detach() for weight in weights], "memory": memory}, temporary)
    os.replace(temporary, path)


def _load(path, weights, memory):
    """The state of a checkpoint, with its weights and memory copied into place; None if there is no checkpoint."""
    if not path.exists():
        return None
    state = torch.load(path, weights_only=True, map_location="cpu")
    with torch.no_grad():
        for tensors, saved in zip([weights, *memory], [state.pop("weights"), *state.pop("memory")], strict=True):
            for tensor, value in zip(tensors, saved, strict=True):
                tensor.copy_(value)
    return state


@torch.no_grad()
def _accuracy(model, X, y):
    """`networks.accuracy` of a model with dropout off, a hundred images at a time: what fits anywhere."""
    device = next(model.parameters()).device
    model.eval()
    outputs = torch.cat([model(part.to(device)).cpu() for part in X.split(100)])
    return float(networks.accuracy(outputs, y))


def checkpoint(work, setting):
    """Where the checkpoint of a run lies in the folder ``work``: named by its setting, however it is tested."""
    trained = {field: value for field, value in setting.items() if field != "test_images"}
    digest = hashlib.sha256(json.dumps(trained, sort_keys=True).encode()).hexdigest()[:16]
    return sources.at_home("work", work) / f"{digest}.pt"
