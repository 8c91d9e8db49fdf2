"""What a move costs the kernel: CPU time from a slider's new place to the draw list, for every explorer and control.

    python -m benchmarks.moves [EXPLORER …]

Each control goes up and down its scale in 40 places, from the explorer's start. Exits with 1 if a median, a p95 or an
opening takes longer than required. The page's share, and the way there and back, are those of `benchmarks.slider`.
"""

import itertools
import os
import statistics
import sys
import time

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy comes: threads that wait for one another count as CPU

import ipywidgets

from tests.test_explorers import EXPLORERS

MOVES, WARM_UP = 40, 4
MEDIAN, P95, OPENING = 25.0, 60.0, 1000.0  # milliseconds, required


def _places(control):
    """(trait, values) that a hand takes a control through: the places on its scale, there and back."""
    if hasattr(control, "numbers"):
        every = range(0, len(control.numbers), max(1, len(control.numbers) // (MOVES // 2)))
    elif hasattr(control, "options"):
        every = range(len(control.options))
    elif hasattr(control, "max"):
        every = range(control.min, control.max + 1, max(1, (control.max - control.min) // (MOVES // 2)))
        return "value", [*every, *reversed(every)]
    else:
        return "value", [False, True]
    return "index", [*every, *reversed(every)]


def costs(control):
    """Milliseconds of CPU of each of `MOVES` moves of a control."""
    trait, places = _places(control)
    times = []
    for place in itertools.islice(itertools.cycle(places), WARM_UP + MOVES):
        moved, start = getattr(control, trait) != place, time.process_time()
        setattr(control, trait, place)
        if moved:
            times.append(1000 * (time.process_time() - start))
    return times[WARM_UP:]


def main(names=()):
    """Print the table; how many numbers are too large."""
    too_large = 0
    print(f"{'explorer':24}{'opens':>9}  {'control':12}{'median':>9}{'p95':>9}   milliseconds of CPU")
    for name in names or EXPLORERS:
        start = time.process_time()
        widget = EXPLORERS[name]()
        widget.png  # noqa: B018 - as the notebook's output needs it
        opening = 1000 * (time.process_time() - start)
        too_large += opening > OPENING
        head = f"{name:24}{opening:9.0f}{'!' if opening > OPENING else ' '}"
        for key, control in widget.controls.items():
            before = control.value
            times = costs(control)
            control.value = before
            median, p95 = statistics.median(times), statistics.quantiles(times, n=20)[-1]
            flags = [" !"[median > MEDIAN], " !"[p95 > P95]]
            too_large += flags.count("!")
            print(f"{head:34} {key:12}{median:8.1f}{flags[0]}{p95:8.1f}{flags[1]}", flush=True)
            head = ""
        ipywidgets.Widget.close_all()  # forty explorers at once, which Python would search for garbage, nobody has open
    print(f"\n{too_large} too large (!): at most {MEDIAN:.0f}, {P95:.0f}, and {OPENING:.0f} to open")
    return int(too_large > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
