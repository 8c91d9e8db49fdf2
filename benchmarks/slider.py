"""From a key press to the painted picture in JupyterLab: `live`, `interact` with a new figure each time, and the floor.

    python -m benchmarks.slider            # in JupyterLab as `make lab` starts it
    python -m benchmarks.slider stock      # in JupyterLab as it comes

All three run in one notebook and take turns. live and interact draw the same content, that of
`explorers.l1_orbit`; the floor is a slider whose value the kernel echoes into a label. In the corner of each picture a
row of black and white cells spells the value of η, so that a press counts as painted when *its* picture is on the page.
A press is one step to the right, of which the page has the picture once Python has looked ahead. Then live and the
floor move by pages of five steps, which nobody has foreseen, and η is dragged through its whole range in 3 s. Exits
with 1 if a required ratio is missed.
"""

import inspect
import math
import os
import pathlib
import statistics
import sys
import tempfile
import time
from unittest import mock

import ipywidgets
import nbformat
import numpy as np
import psutil
from matplotlib import pyplot as plt
from matplotlib.lines import Line2D
from matplotlib.transforms import IdentityTransform

from ngdm_helpers import figures
from ngdm_helpers.course import explorers
from ngdm_helpers.live import live, log_slider
from tests import lab

PRESSES, WARM_UP, DRAG = 40, 6, 3.0
FASTER_THAN_INTERACT, OF_THE_FLOOR, OF_ITS_P95, FRAMES = 10.0, 1.3, 1.6, 22.0  # required
BITS, CELL = 12, 8  # of the barcode: its length, and the pixels of a cell
SIDES = ("live", "interact", "echo")
PAGES = 36  # presses that move by five steps each: what fits on the scale of 200

# --- in the kernel ----------------------------------------------------------------------------------------------------


def _code(eta):
    """η as a whole number: 1000 log₁₀ η, shifted to be positive."""
    return round(1000 * math.log10(eta)) + 3500


def _orbit(make, **patches):
    """`explorers.l1_orbit` with a barcode of η in its figure, given to ``make`` in place of `live`."""

    def with_barcode(figure, update, **options):
        # black cells side by side on the white figure: a line as wide as a cell is high, broken where a bit is 1
        look = {"color": "k", "linewidth": CELL * 72 / figure.dpi, "solid_capstyle": "butt", "zorder": 99}
        barcode = Line2D([], [], transform=IdentityTransform(), **look)
        figure.add_artist(barcode)

        def coded(eta, lam, b1, b2, rival):
            bits = [_code(eta) >> k & 1 for k in range(BITS)]
            cells = [(CELL * k, CELL * (k + 1), CELL * (k + 1)) for k in range(BITS)]
            heights = [(CELL / 2, CELL / 2, math.nan) if not bit else (math.nan,) * 3 for bit in bits]
            barcode.set_data(np.ravel(cells), np.ravel(heights))
            return *update(eta, lam, b1, b2, rival), barcode

        return make(figure, coded, **options)

    with mock.patch.multiple(inspect.getmodule(explorers.l1_orbit), live=with_barcode, **patches):
        return explorers.l1_orbit()


def live_side():
    return _orbit(live)


def interact_side():
    """The same picture as students draw it: a function that makes a new pyplot figure for each value."""

    def no_control(*_, **__):
        """The sliders are made once."""

    def draw(**values):
        with mock.patch.object(figures, "Figure", plt.figure):
            update = _orbit(
                lambda figure, update, **_: update, log_slider=no_control, slider=no_control, choice=no_control
            )
        update(**values)
        plt.show()

    names = ("eta", "lam", "b1", "b2", "rival")
    controls = _orbit(lambda figure, update, **options: {name: options[name] for name in names})
    return ipywidgets.interactive(draw, **controls)


def echo_side():
    """A slider whose value the kernel writes into a label."""
    slider, label = log_slider("η", 0.1, 1e-3, 1), ipywidgets.Label()
    slider.observe(lambda change: setattr(label, "value", str(_code(change.new))), names="value")
    return ipywidgets.VBox([slider, label])


# --- in the page ------------------------------------------------------------------------------------------------------

# Notes for a side: frames, a list of (time painted, code read from the picture), and values, a list of (time, code that
# the slider reads). "Painted": a frame of the screen with the new picture, decoded, has been handed over.
_WATCH = """(root, [name, bits, cell]) => {
    const side = {frames: [], values: []};
    (window.sides ??= {})[name] = side;
    if (window.pressed === undefined) {
        window.pressed = window.released = 0;
        document.addEventListener('keydown', event => { window.pressed = event.timeStamp; }, true);
        document.addEventListener('pointerup', event => { window.released = event.timeStamp; }, true);
    }
    const corner = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    corner.canvas.width = bits * cell;
    corner.canvas.height = cell;
    const read = picture => {
        corner.drawImage(picture, 0, cell - (picture.naturalHeight ?? picture.height));
        const pixels = corner.getImageData(0, cell / 2, bits * cell, 1).data;
        let code = 0;
        for (let k = 0; k < bits; k++) code += (pixels[4 * (k * cell + cell / 2)] > 127) << k;
        return code;
    };
    let last = null;
    const look = () => {
        const found = root.querySelector('canvas, img') ?? root.querySelector('.widget-label:not([title])');
        const content = found && (found.dataset.frame ?? found.src ?? found.textContent);
        if (!content || content === last) return;
        if (found.complete === false) return found.addEventListener('load', () => requestAnimationFrame(after));
        last = content;
        side.frames.push([performance.now(), found.matches('canvas, img') ? read(found) : Number(found.textContent)]);
    };
    const painted = new MessageChannel();  // its message arrives when the painting of the screen's frame is done
    painted.port1.onmessage = look;
    const after = () => painted.port2.postMessage(0);
    // What live paints, it paints within a frame. Nothing is asked of the page while nothing changes.
    const change = () => (root.querySelector('canvas') ? after() : requestAnimationFrame(after));
    const seen = {subtree: true, childList: true, characterData: true, attributeFilter: ['data-frame', 'src']};
    new MutationObserver(change).observe(root, seen);
    change();
    const readout = root.querySelector('.widget-readout');
    const note = () => {  // once a value: at the end of a drag the slider writes the same one again
        const value = Math.round(1000 * Math.log10(readout.textContent)) + 3500;
        if (value !== side.values.at(-1)?.[1]) side.values.push([performance.now(), value]);
    };
    new MutationObserver(note).observe(readout, {childList: true, characterData: true, subtree: true});
}"""

_CAUGHT_UP = """name => {
    const {frames, values} = window.sides[name];
    const frame = frames.at(-1), value = values.at(-1);
    return frame && value && value[0] >= window.pressed && frame[0] > value[0] && Math.abs(frame[1] - value[1]) < 3
        && [window.pressed, window.released, frame[0]];
}"""


# --- here -------------------------------------------------------------------------------------------------------------


def _notebook(path):
    """Write the notebook with the three sides."""
    begin = [
        "%matplotlib inline",
        # a message to another side would end with showing the figure that interact is about to fill
        "from matplotlib_inline import backend_inline",
        "get_ipython().events.unregister('post_execute', backend_inline.flush_figures)",
        "from benchmarks import slider",
    ]
    cells = ["\n".join(begin), *(f"slider.{side}_side()" for side in SIDES)]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells], metadata=metadata)
    nbformat.write(notebook, path)
    return path


def _press(page, name, handle, key="ArrowRight"):
    """Press a key on a slider; milliseconds until the picture of the new value is painted."""
    handle.focus()
    page.wait_for_timeout(30)
    page.keyboard.press(key)
    pressed, _, painted = page.wait_for_function(_CAUGHT_UP, arg=name, polling=20, timeout=20_000).json_value()
    return painted - pressed


def _drag(page, name, handle):
    """Drag η over its whole range; (frames per second, ages of the frames when painted, lag after release), in ms."""
    _press(page, name, handle, "End")
    right = handle.bounding_box()
    _press(page, name, handle, "Home")
    left = handle.bounding_box()
    page.evaluate("name => { const side = window.sides[name]; side.frames.length = side.values.length = 0; }", name)
    y, width = left["y"] + left["height"] / 2, right["x"] - left["x"]
    page.mouse.move(left["x"] + left["width"] / 2, y)
    page.mouse.down()
    start = time.perf_counter()
    while (elapsed := time.perf_counter() - start) < DRAG:
        page.mouse.move(left["x"] + left["width"] / 2 + width * elapsed / DRAG, y)
        time.sleep(0.008)
    page.mouse.up()
    _, released, last = page.wait_for_function(_CAUGHT_UP, arg=name, polling=20, timeout=20_000).json_value()
    side = page.evaluate("name => window.sides[name]", name)
    ages = []
    for painted, code in side["frames"]:
        taken = [when for when, value in side["values"] if abs(value - code) < 3]
        ages += [painted - taken[0]] if taken else []
    during = sum(painted <= released for painted, _ in side["frames"])
    return during / DRAG, ages, max(0, last - released)


def _middle_and_95(milliseconds):
    return statistics.median(milliseconds), statistics.quantiles(milliseconds, n=20)[-1]


def measure(prompt=True):
    """({side: latencies in ms}, {side: what `_drag` returns}), from one notebook in one browser. prompt: see `lab`."""
    with tempfile.TemporaryDirectory() as folder, lab.server(prompt=prompt) as jupyter, lab.browser() as chromium:
        path = _notebook(pathlib.Path(folder) / "slider.ipynb")
        with lab.opened(jupyter, chromium, path, viewport=(1280, 720)) as notebook:
            notebook.run_all()
            if notebook.errors():
                raise RuntimeError("\n".join(notebook.errors()))
            page, handles = notebook.page, {}
            for index, name in enumerate(SIDES, 1):
                root = notebook.cell(index).locator(".jp-Cell-outputWrapper")
                handles[name] = root.locator(".noUi-handle").first
                handles[name].wait_for()
                root.evaluate(_WATCH, [name, BITS, CELL])
            page.wait_for_timeout(2000)
            print(f"CPU use just before: {psutil.cpu_percent(2):.0f} % of {os.cpu_count()} cores", end=", ")
            print("load average {:.1f} {:.1f} {:.1f}".format(*os.getloadavg()))
            times = {name: [] for name in SIDES}
            for _ in range(WARM_UP + PRESSES):
                for name, handle in handles.items():
                    times[name].append(_press(page, name, handle))
            times = {name: milliseconds[WARM_UP:] for name, milliseconds in times.items()}
            for name in ("live", "echo"):
                _press(page, name, handles[name], "Home")
                times[f"{name}, pages"] = []
            for _ in range(PAGES):
                for name in ("live", "echo"):
                    times[f"{name}, pages"].append(_press(page, name, handles[name], "PageUp"))
            return times, {name: _drag(page, name, handles[name]) for name in SIDES}


def main(stock=()):
    times, drags = measure(prompt=not stock)
    print(f"\nkey press to painted picture, {PRESSES} presses each, in turn\n{'':13}{'median':>10}{'p95':>10}")
    for name, milliseconds in times.items():
        print("{:13}{:7.0f} ms{:7.0f} ms".format(name, *_middle_and_95(milliseconds)))
    print(
        f"\n{DRAG:.0f} s drag{'':6}{'frames/s':>10}{'age of a frame: median':>25}{'p95':>10}{'lag after release':>20}"
    )
    for name, (rate, ages, lag) in drags.items():
        print("{:15}{:9.1f}{:22.0f} ms{:7.0f} ms{:17.0f} ms".format(name, rate, *_middle_and_95(ages), lag))
    (median, p95), (floor, floor95) = (_middle_and_95(times[name]) for name in ("live", "echo"))
    unforeseen, its_floor = (statistics.median(times[f"{name}, pages"]) for name in ("live", "echo"))
    print(f"\nlive / echo by pages, not foreseen: {unforeseen / its_floor:.2f}")
    rows = [
        ("interact / live", statistics.median(times["interact"]) / median, "least", FASTER_THAN_INTERACT),
        ("live / echo", median / floor, "most", OF_THE_FLOOR),
        ("live / echo, p95", p95 / floor95, "most", OF_ITS_P95),
        ("live, frames/s", drags["live"][0], "least", FRAMES),
    ]
    print()
    for what, found, bound, required in rows:
        print(f"{what:20}{found:6.2f}   required: at {bound} {required}")
    return int(any(found < required if bound == "least" else found > required for _, found, bound, required in rows))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
