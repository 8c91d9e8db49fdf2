"""`trajectories.run` against the loop that torch users write: ``python -m benchmarks.trajectories``.

Both sides start from the same point, record the same iterates in float64 and are compared before they are timed. They
are timed in turn within one run, and the table shows medians. Ends with status 1 if a ratio falls short.
"""

import statistics
import subprocess
import sys
import time

import numpy as np
import torch

from ngdm_helpers import objectives, trajectories

START = np.array([0.5053, 0.3141])
SIDE, STEPS, SAMPLED = 100, 1000, 20  # the grid has SIDE × SIDE settings, the loop runs SAMPLED of them
RATES, PENALTIES = np.logspace(-3, 0, SIDE)[:, None], np.logspace(-2, 1, SIDE)[None, :]


def loop(loss, beta0, lr, steps, record_every=1):
    """The loop that users write; it keeps the iterates, as `trajectories.run` does (which keeps the losses as well)."""
    beta = torch.tensor(beta0, requires_grad=True)
    optimizer = torch.optim.SGD([beta], lr=lr)
    path = [beta.detach().clone()]
    for k in range(1, steps + 1):
        optimizer.zero_grad()
        loss(beta).backward()
        optimizer.step()
        if k % record_every == 0:
            path.append(beta.detach().clone())
    return torch.stack(path).numpy()


def l1(lam):
    """(7) as users write it."""
    return lambda beta: lam * beta.abs().sum()


def medians(slow, fast, repeats, fast_per_slow=5):
    """Median seconds of the two, measured in turn: both see the same machine."""
    times = {slow: [], fast: []}
    for _ in range(repeats):
        for side in (slow, *[fast] * fast_per_slow):
            begin = time.perf_counter()
            side()
            times[side].append(time.perf_counter() - begin)
    return statistics.median(times[slow]), statistics.median(times[fast])


def single(name, required, objective, loss, beta0, lr, steps=2000, repeats=7):
    """One setting on both sides."""

    def slow():
        return loop(loss, beta0, lr, steps)

    def fast():
        return trajectories.run(objective, beta0, lr, steps).iterates

    np.testing.assert_allclose(fast(), slow(), rtol=0, atol=1e-11)
    return name, *medians(slow, fast, repeats), required


def grid(record_every, required=2000, repeats=3):
    """SIDE² settings in one call, and the loop extrapolated from SAMPLED of them."""
    chosen = np.random.default_rng(0).choice(SIDE * SIDE, SAMPLED, replace=False)
    rows, columns = np.unravel_index(chosen, (SIDE, SIDE))
    sampled = list(zip(RATES[rows, 0].tolist(), PENALTIES[0, columns].tolist(), strict=True))

    def slow():
        return [loop(l1(lam), START, lr, STEPS, record_every) for lr, lam in sampled]

    def fast():
        return trajectories.run(objectives.L1Norm(PENALTIES), START, RATES, STEPS, record_every=record_every).iterates

    np.testing.assert_allclose(fast()[:, rows, columns], np.stack(slow(), axis=1), rtol=0, atol=1e-11)
    slow_time, fast_time = medians(slow, fast, repeats, fast_per_slow=3)
    kept = "every iterate" if record_every == 1 else "the last iterate"
    return (
        f"{SIDE * SIDE:,} (η, λ) × {STEPS} steps of (7), {kept}",
        slow_time * SIDE**2 / SAMPLED,
        fast_time,
        required,
    )


def huber():
    rng = np.random.default_rng(0)
    X, y = rng.uniform(0, 1, (20, 50)), rng.uniform(0, 1, 20)
    objective = objectives.Huber(X, y)
    TX, Ty, criterion = torch.tensor(X), torch.tensor(y), torch.nn.HuberLoss()
    lr = 2.5 / objective.smoothness
    return single(
        "n = 20, p = 50 Huber (13), 2000 steps", 10, objective, lambda b: criterion(TX @ b, Ty), np.zeros(50), lr
    )


def on_gpu(side=1000, repeats=3):
    """Median seconds of side² settings on the GPU, the end state checked against the CPU."""
    rates, penalties = np.logspace(-3, 0, side)[:, None], np.logspace(-2, 1, side)[None, :]

    def go(to):
        objective = objectives.L1Norm(to(penalties))
        return trajectories.run(objective, to(START), to(rates), STEPS, record_every=STEPS).iterates

    def gpu():
        result = go(lambda array: torch.tensor(array, device="cuda"))
        torch.cuda.synchronize()
        return result

    np.testing.assert_allclose(gpu()[:, ::100, ::100].cpu(), go(np.asarray)[:, ::100, ::100], rtol=0, atol=1e-11)
    return medians(lambda: None, gpu, repeats, fast_per_slow=1)[1]


def import_time(statement, repeats=5):
    """Median seconds of a statement in a fresh interpreter."""
    code = f"import time; begin = time.perf_counter(); {statement}; print(time.perf_counter() - begin)"
    return statistics.median(float(subprocess.check_output([sys.executable, "-c", code])) for _ in range(repeats))


def seconds(value):
    return f"{value:,.0f} s" if value >= 100 else f"{value:.2f} s" if value >= 1 else f"{1000 * value:.1f} ms"


def main():
    measured = [
        single("2-D (7), 2000 steps", 40, objectives.L1Norm(1.0), l1(1.0), START, 0.01),
        huber(),
        grid(record_every=1),
        grid(record_every=STEPS),
    ]
    heading = f"{'':58}{'torch loop':>12}{'run':>12}{'ratio':>9}{'required':>10}"
    print(heading, "-" * len(heading), sep="\n")
    for name, slow, fast, required in measured:
        verdict = "" if slow / fast >= required else "  short"
        print(f"{name:58}{seconds(slow):>12}{seconds(fast):>12}{slow / fast:>8,.0f}×{f'≥ {required}×':>10}{verdict}")
    print(f"\nThe loop over {SIDE * SIDE:,} settings is extrapolated from {SAMPLED} of them.")

    if torch.cuda.is_available():
        print(f"1,000,000 (η, λ) × {STEPS} steps on {torch.cuda.get_device_name()}: {seconds(on_gpu())}")
    else:
        print("No GPU here: 1,000,000 settings were not run.")

    imports = ["import ngdm_helpers", "from ngdm_helpers import objectives, theory, trajectories"]
    import_times = [import_time(statement) for statement in imports]
    for statement, taken in zip(imports, import_times, strict=True):
        print(f"{statement}: {seconds(taken)} (required: under 500 ms)")

    met = all(slow / fast >= required for _, slow, fast, required in measured) and max(import_times) < 0.5
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
