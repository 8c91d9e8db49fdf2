"""What the static site costs and how fast it answers, beside the kernel's echo in JupyterLab in the same run.

    python -m benchmarks.site FOLDER [EXPLORER …]

FOLDER holds a built site (make site: build/site). Prints what a first visit transfers, when a page is painted and when
Python has taken over, with an empty cache and with a warm one, how long a new student's first goal takes, and from a
key press to the painted picture: for a slider whose value JupyterLab's kernel echoes, and for the first slider of each
EXPLORER (all, if none are named). Exits with 1 if a required figure is missed.
"""

import gzip
import os
import pathlib
import statistics
import sys
import tempfile
import time

import nbformat
import psutil

from benchmarks import slider as widgets
from ngdm_helpers.course import explorers
from tests import lab
from tests.static import box, painted, served, slider, visited, wait

PRESSES, WARM_UP = 40, 6
FOLDER, VISIT = 90.0, 16.0  # MB, required at most
PAINTED, LIVE, ORBIT_P95, EVERY_P95 = 1000.0, 10_000.0, 40.0, 150.0  # milliseconds, required at most
ORBIT = "l1_orbit"

# Notes the time at which the picture that answers a key press is painted, as `benchmarks.slider` does.
_WATCH = """() => {
    const canvas = document.querySelector('.live-canvas');
    document.addEventListener('keydown', event => { window.pressed = event.timeStamp; }, true);
    let last = canvas.dataset.frame;
    const after = new MessageChannel();
    const frame = () => after.port2.postMessage(requestAnimationFrame(frame));
    after.port1.onmessage = () => {
        if (canvas.dataset.frame !== last) [window.painted, last] = [performance.now(), canvas.dataset.frame];
    };
    frame();
}"""


def weight(folder):
    """(MB of the folder, MB of a first visit to an explorer's page, as a host sends it that packs texts and wasm)."""
    sizes = {path: path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    (live,) = folder.glob("live-*")
    names = ("site.css", "figure.mjs", "painter.mjs", "goals.mjs", "votes.mjs", "worker.mjs", "pyodide.mjs")
    names += ("pyodide.asm.mjs", "pyodide.asm.wasm", "pyodide-lock.json")
    packed = sum(len(gzip.compress((live / name).read_bytes(), 6)) for name in names)
    whole = sum(sizes[live / name] for name in ("bundle.zip", "stdlib.zip", f"play/{ORBIT}/opening.bin"))
    return sum(sizes.values()) / 1e6, (packed + whole) / 1e6


def openings(page, url):
    """Milliseconds until the figure is painted and until it is live: with an empty cache, and again with a warm one."""
    for _ in range(2):
        start = time.perf_counter()
        page.goto(url)
        box(page).locator("canvas.live-canvas[data-frame]").wait_for()
        shown = time.perf_counter()
        wait(page, "live")
        yield 1000 * (shown - start), 1000 * (time.perf_counter() - start)


def first_goal(page):
    """Milliseconds of a new student, who knows what to do: link, painted, a slider that Python answers, a goal reached.

    The index, the page of `ORBIT`, its λ moved, then its second goal by the keyboard: η to its end, λ doubled.
    """
    start = time.perf_counter()
    page.locator(f'.card a[href="play/{ORBIT}/"]').click()
    painted(page)
    yield 1000 * (time.perf_counter() - start)
    slider(page, "λ").press("ArrowRight")
    wait(page, "live")
    yield 1000 * (time.perf_counter() - start)
    slider(page, "η").press("End")
    for _ in range(16):
        slider(page, "λ").press("ArrowRight", delay=60)
    page.get_by_text("reached at").first.wait_for()
    yield 1000 * (time.perf_counter() - start)


def presses(page):
    """Milliseconds from each of `PRESSES` key presses on the first slider to the painted picture."""
    handle, times = box(page).locator("input[type=range]").first, []
    page.evaluate(_WATCH)
    handle.focus()
    for k in range(WARM_UP + PRESSES):
        page.wait_for_timeout(30)
        # there and back, where the scale is short
        page.keyboard.press("ArrowLeft" if k // 3 % 2 else "ArrowRight")
        try:
            page.wait_for_function("window.painted > window.pressed", polling=20, timeout=5000)
        except Exception as error:  # the end of the scale: nothing moves
            if "Timeout" not in str(error):
                raise
            continue
        times.append(page.evaluate("window.painted - window.pressed"))
    return times[WARM_UP:]


def echo(chromium):
    """Milliseconds from a key press to a label in which JupyterLab's kernel echoes the slider."""
    with tempfile.TemporaryDirectory() as folder, lab.server() as jupyter:
        path = pathlib.Path(folder) / "echo.ipynb"
        cell = nbformat.v4.new_code_cell("from benchmarks import slider\nslider.echo_side()")
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata=kernel), path)
        with lab.opened(jupyter, chromium, path) as opened:
            opened.run_all()
            root = opened.cell(0).locator(".jp-Cell-outputWrapper")
            handle = root.locator(".noUi-handle").first
            handle.wait_for()
            root.evaluate(widgets._WATCH, ["echo", widgets.BITS, widgets.CELL])
            opened.page.wait_for_timeout(2000)
            return [widgets._press(opened.page, "echo", handle) for _ in range(WARM_UP + PRESSES)][WARM_UP:]


def _line(what, found, required=None, unit="ms"):
    fault = required is not None and found > required
    print(
        f"{what:44}{found:9.1f} {unit}{f'   required: at most {required:g}' if required else ''}{'  !' * fault}",
        flush=True,
    )
    return fault


def main(folder, names=()):
    faults = 0
    size, visit = weight(pathlib.Path(folder))
    faults += _line("the folder", size, FOLDER, "MB") + _line("a first visit", visit, VISIT, "MB")
    print(f"CPU use just before: {psutil.cpu_percent(2):.0f} % of {os.cpu_count()} cores", end=", ")
    print("load average {:.1f} {:.1f} {:.1f}".format(*os.getloadavg()))
    with lab.browser() as chromium, served(folder) as host:
        floor = widgets._middle_and_95(echo(chromium))
        _line("JupyterLab's echo, median", floor[0])
        _line("JupyterLab's echo, p95", floor[1])
        with visited(chromium, host) as page:
            for cache, (shown, live) in zip(("empty", "warm"), openings(page, f"{host}/play/{ORBIT}/"), strict=True):
                faults += _line(f"painted, {cache} cache", shown, PAINTED)
                faults += _line(f"live, {cache} cache", live, LIVE if cache == "warm" else None)
        with visited(chromium, host) as page:
            for what, taken in zip(("painted", "a slider answered", "a goal reached"), first_goal(page), strict=True):
                _line(f"from the index, empty cache, to {what}", taken)
        for name in names or explorers.__all__:
            with visited(chromium, f"{host}/play/{name}/") as page:
                wait(page, "live")
                median, p95 = statistics.median(times := presses(page)), statistics.quantiles(times, n=20)[-1]
            most = (floor[0], ORBIT_P95) if name == ORBIT else (None, EVERY_P95)
            faults += _line(f"{name}, median", median, most[0]) + _line(f"{name}, p95", p95, most[1])
    return int(faults > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
