"""What the static site costs and how fast it answers, beside the kernel's echo in JupyterLab in the same run.

    python -m benchmarks.site FOLDER [PART …]

FOLDER holds a built site (make site: build/site). The parts, all of them if none is named:

    weight      what the folder weighs, and what a first visit transfers
    openings    when a page is painted and when Python has taken over, with an empty cache and with a warm one
    goal        how long a new student's first goal takes
    lite        when JupyterLite's first slider answers, with an empty cache
    echo        from a key press to a label in which JupyterLab's kernel echoes the slider, in JupyterLab as it comes
                and as `make lab` starts it
    EXPLORER    from a key press to the painted picture, on its first slider: by one step, and by a page of a tenth
                of the slider, which nobody has foreseen

Each says how busy the machine was just before. The pages are fetched as a reader's browser does it: the tests, which
refuse every other host, look at each request and so turn the browser's cache off. JupyterLite is driven as the tests
do. Exits with 1 if a required figure is missed.
"""

import contextlib
import gzip
import os
import pathlib
import sys
import tempfile
import time

import nbformat
import psutil

from benchmarks import slider as widgets
from ngdm_helpers.course import explorers
from tests import lab, test_lite
from tests.static import box, painted, served, slider, wait

PRESSES, WARM_UP, FAR = 40, 6, 20
FOLDER, VISIT = 90.0, 16.0  # MB, required at most
PAINTED, LIVE, ORBIT_P95, EVERY_P95 = 1000.0, 10_000.0, 40.0, 150.0  # milliseconds, required at most
LITE = 45_000.0
ORBIT, NOTEBOOK = "l1_orbit", "03_lasso"
PARTS = ("weight", "openings", "goal", "lite", "echo")

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

# Runs the cells up to the first that shows an explorer, and says which it is.
_RUN_TO_FIRST = """() => {
    const {content} = jupyterapp.shell.currentWidget;
    const number = content.widgets.findIndex(({model}) => /^\\w+ = explorers\\./m.test(model.sharedModel.source));
    content.activeCellIndex = number;
    const run = name => jupyterapp.commands.execute(`notebook:${name}`);
    run("run-all-above").then(() => { content.activeCellIndex = number; run("run-cell"); });
    return number;
}"""


@contextlib.contextmanager
def visited(chromium, url):
    """A page at ``url``, in a browser of its own with an empty cache."""
    with contextlib.closing(chromium.new_context(viewport={"width": 1280, "height": 720})) as context:
        page = context.new_page()
        page.set_default_timeout(1000 * lab.PATIENCE)
        page.goto(url)
        yield page


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


def presses(page, pages=False):
    """Milliseconds from each of `PRESSES` key presses on the first slider to the painted picture.

    By single steps to the end of the slider and back, at most `FAR`; or by ``pages``, from its start.
    """
    handle, times = box(page).locator("label input[type=range]").first, []
    keys = ("PageUp", "PageDown") if pages else ("ArrowRight", "ArrowLeft")
    page.evaluate(_WATCH)
    handle.focus()
    if pages:
        page.keyboard.press("Home")
        page.wait_for_timeout(1000)
    left = "({max, min, value, step}, pages) => (max - value) / Math.max(step, pages ? (max - min) / 10 : 0)"
    room = handle.evaluate(left, pages)
    back = min(int(room), FAR) or 1  # from the right end to the left first
    for k in range(WARM_UP + PRESSES):
        page.wait_for_timeout(30)
        page.keyboard.press(keys[(k // back + (room < 1)) % 2])
        try:
            page.wait_for_function("window.painted > window.pressed", polling=20, timeout=2000)
        except Exception as error:  # the end of the scale: nothing moves
            if "Timeout" not in str(error):
                raise
            continue
        times.append(page.evaluate("window.painted - window.pressed"))
    return times[WARM_UP:]


def echo(chromium, prompt):
    """Milliseconds from a key press to a label in which JupyterLab's kernel echoes the slider."""
    with tempfile.TemporaryDirectory() as folder, lab.server(prompt=prompt) as jupyter:
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


def first_slider(folder, chromium):
    """Milliseconds until the first slider of `NOTEBOOK` in JupyterLite answers, run as a reader does: no cell below."""
    start = time.perf_counter()
    with test_lite.opened(folder, chromium, NOTEBOOK) as notebook:
        yield 1000 * (time.perf_counter() - start)
        number = notebook.page.evaluate(_RUN_TO_FIRST)
        cell = notebook.cell(number)
        canvas = cell.locator("canvas.live-canvas[data-frame]")
        canvas.wait_for()
        before = canvas.get_attribute("data-frame")
        cell.locator(".noUi-handle").first.press("ArrowLeft")
        canvas.and_(notebook.page.locator(f"canvas:not([data-frame='{before}'])")).wait_for()
        yield 1000 * (time.perf_counter() - start)


def _line(what, found, required=None, unit="ms"):
    fault = required is not None and found > required
    print(
        f"{what:44}{found:9.1f} {unit}{f'   required: at most {required:g}' if required else ''}{'  !' * fault}",
        flush=True,
    )
    return fault


def _part(name, folder, host, chromium, floor):
    """Measure and print one part; how many figures are missed. floor: what the echo took, empty if not measured."""
    print(f"-- {name}; CPU use just before: {psutil.cpu_percent(1):.0f} % of {os.cpu_count()} cores, ", end="")
    print("load average {:.1f} {:.1f} {:.1f}".format(*os.getloadavg()))
    if name == "weight":
        size, visit = weight(folder)
        return _line("the folder", size, FOLDER, "MB") + _line("a first visit", visit, VISIT, "MB")
    if name == "openings":
        faults = 0
        with visited(chromium, host) as page:
            for cache, (shown, live) in zip(("empty", "warm"), openings(page, f"{host}/play/{ORBIT}/"), strict=True):
                faults += _line(f"painted, {cache} cache", shown, PAINTED)
                faults += _line(f"live, {cache} cache", live, LIVE if cache == "warm" else None)
        return faults
    if name == "goal":
        with visited(chromium, host) as page:
            for what, taken in zip(("painted", "a slider answered", "a goal reached"), first_goal(page), strict=True):
                _line(f"from the index, empty cache, to {what}", taken)
        return 0
    if name == "lite":
        kernel, answered = first_slider(folder, chromium)
        _line("JupyterLite's kernel is there", kernel)
        return _line("JupyterLite's first slider answers", answered, LITE)
    if name == "echo":
        for whose, prompt in (("JupyterLab's", False), ("make lab's", True)):
            floor += widgets._middle_and_95(echo(chromium, prompt))
            _line(f"{whose} echo, median", floor[-2])
            _line(f"{whose} echo, p95", floor[-1])
        return 0
    with visited(chromium, f"{host}/play/{name}/") as page:
        wait(page, "live")
        if not box(page).locator("label input[type=range]").count():
            print(f"{name} has no slider")
            return 0
        (median, p95), far = widgets._middle_and_95(presses(page)), widgets._middle_and_95(presses(page, pages=True))
    most = (floor[0] if floor else None, ORBIT_P95) if name == ORBIT else (None, EVERY_P95)
    faults = _line(f"{name}, median", median, most[0]) + _line(f"{name}, p95", p95, most[1])
    _line(f"{name}, not foreseen, median", far[0])
    return faults + _line(f"{name}, not foreseen, p95", far[1], None if name == ORBIT else EVERY_P95)


def main(folder, names=()):
    allowed = (*PARTS, *explorers.__all__)
    if unknown := [name for name in names if name not in allowed]:
        raise SystemExit(f"PART must be one of {', '.join(allowed)}, got {', '.join(unknown)}")
    folder, floor = pathlib.Path(folder), []
    with served(folder) as host:
        faults = 0
        for name in names or allowed:
            with lab.browser() as chromium:  # of its own: what one part leaves behind is not the next one's cost
                faults += _part(name, folder, host, chromium, floor)
    return int(faults > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
