"""How long 1, 10³, 10⁵ (and on a GPU 10⁶) trajectories take in one call: NumPy, torch on the CPU, torch on a GPU.

python -m benchmarks.machines            prints the table
python -m benchmarks.machines --record   also keeps it in the record "machines", which notebook 1 shows
"""

import argparse
import functools
import os
import pathlib
import platform
import statistics
import time

import numpy as np
import torch

from ngdm_helpers import trajectories
from ngdm_helpers.course import recorded
from ngdm_helpers.objectives import L1Norm

STEPS, REPEATS = 200, 7
SIZES = (1, 1000, 100_000)


def seconds(to, size):
    """Median seconds of ``STEPS`` steps of (7) from ``size`` starts in the plane, the last iterate kept."""
    starts = to(np.random.default_rng(0).uniform(-1, 1, (size, 2)))
    times = []
    for _ in range(REPEATS + 1):  # the first one warms up
        begin = time.perf_counter()
        values = trajectories.run(L1Norm(1.0), starts, 0.01, STEPS, record_every=STEPS).values
        float(values[-1].max())  # waits for a GPU
        times.append(time.perf_counter() - begin)
    return statistics.median(times[1:])


def measure():
    """A row for each library and device that is here."""
    cpu = f"{os.cpu_count()}-core {platform.machine()} CPU"
    homes = [("NumPy", cpu, np.asarray, SIZES), ("torch", cpu, torch.as_tensor, SIZES)]
    if torch.cuda.is_available():
        name = torch.cuda.get_device_name()
        for label, dtype in (("torch", torch.float64), ("torch, float32", torch.float32)):
            to = functools.partial(torch.as_tensor, device="cuda", dtype=dtype)
            homes.append((label, name, to, (*SIZES, 1_000_000)))
    return [
        {"library": library, "device": device, "steps": STEPS, "seconds": {str(n): seconds(to, n) for n in sizes}}
        for library, device, to, sizes in homes
    ]


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m benchmarks.machines", description="Trajectories in one call.")
    parser.add_argument("--record", action="store_true", help="keep the rows for notebook 1")
    parser.add_argument("--folder", type=pathlib.Path, default=recorded.FOLDER, help="where the record lies")
    options = parser.parse_args(arguments)
    rows = measure()
    for row in rows:
        times = "".join(f"{int(n):>11,d}: {1e3 * s:8.2f} ms" for n, s in row["seconds"].items())
        print(f"{row['library']:14s} {row['device']:24s}{times}")
    if not torch.cuda.is_available():
        print("No GPU here: no CUDA row.")
    if options.record:
        command, key = "python -m benchmarks.machines --record", ("library", "device")
        path = recorded.write("machines", rows, command, key, options.folder)
        print(f"written to {path}")


if __name__ == "__main__":
    main()
