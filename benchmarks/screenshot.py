"""Make the README's pictures anew from what its commands show: three of 1280 × 720, and notebook 3's first slider.

python -m benchmarks.screenshot [NAME …]      # of slider, lab, run-sheet, lecture; all without a name
"""

import contextlib
import io
import pathlib
import sys
import tempfile

from PIL import Image, ImageOps

from ngdm_helpers.course.editions import teacher
from tests import lab, test_lecture

SOURCE = lab.ROOT / "notebooks" / "03_lasso.py"
SCREEN = {"width": 1280, "height": 720}
MARGIN = 12  # white CSS pixels around the slider
SCALE = 2  # device pixels per CSS pixel, of the slider
COLOURS = 256  # of a picture: a third of the bytes

# The smallest rectangle around all that one sees of the slider.
_RECTANGLE = """root => {
    const parts = [...root.querySelectorAll('.widget-slider, button, canvas, em')];
    const boxes = parts.map(part => part.getBoundingClientRect());
    const x = Math.min(...boxes.map(box => box.left)), right = Math.max(...boxes.map(box => box.right));
    const y = Math.min(...boxes.map(box => box.top)), bottom = Math.max(...boxes.map(box => box.bottom));
    return {x, y, width: right - x, height: bottom - y};
}"""


def _at_its_first_mark(figure, block):
    figure.root.get_by_role("button").first.click()
    figure.settled()
    figure.canvas.evaluate(f"canvas => canvas.scrollIntoView({{block: '{block}'}})")
    figure.page.mouse.move(0, 0)
    figure.page.evaluate("document.activeElement.blur()")
    figure.page.wait_for_timeout(500)  # the button's colours fade back


def slider(chromium):
    """The first slider of notebook 3 in JupyterLab, at its first mark."""
    with lab.server() as jupyter, _notebook(jupyter, chromium, viewport=(1500, 1400), scale=SCALE) as notebook:
        orbit = notebook.live("orbit")
        _at_its_first_mark(orbit, "center")
        return notebook.page.screenshot(clip=orbit.root.evaluate(_RECTANGLE))


def lab_(chromium):
    """What `make lab` opens, with notebook 3 run."""
    size = tuple(SCREEN.values())
    with lab.server() as jupyter, _notebook(jupyter, chromium, viewport=size, view="lab") as notebook:
        _at_its_first_mark(notebook.live("orbit"), "end")
        return notebook.page.screenshot()


@contextlib.contextmanager
def _notebook(jupyter, chromium, **options):
    with lab.opened(jupyter, chromium, SOURCE.with_suffix(".ipynb"), **options) as notebook:
        notebook.run_all()
        yield notebook


def run_sheet(chromium):
    """The run sheet that `ngdm teacher 03_lasso` writes, in the browser."""
    with tempfile.TemporaryDirectory() as folder, contextlib.closing(chromium.new_page(viewport=SCREEN)) as page:
        teacher.write(SOURCE, folder)
        page.goto(pathlib.Path(folder, "03_lasso-run-sheet.html").as_uri())
        return page.screenshot()


def lecture(chromium):
    """The first slider of notebook 3 as `ngdm lecture 03_lasso` shows it, played a few steps."""
    with (
        tempfile.TemporaryDirectory() as folder,
        test_lecture.serving(SOURCE, pathlib.Path(folder)) as address,
        contextlib.closing(chromium.new_page(viewport=SCREEN)) as page,
    ):
        page.set_default_timeout(1000 * lab.PATIENCE)
        page.goto(address)
        page.locator(".lecture-bar").wait_for()
        test_lecture.at(page, 8)
        page.locator("canvas.live-canvas[data-frame]:visible").wait_for()
        page.keyboard.press("Space")
        page.wait_for_function("[...document.querySelectorAll('canvas')].some(one => one.dataset.step > 40)")
        page.keyboard.press("Space")
        page.wait_for_timeout(500)
        return page.screenshot()


PICTURES = {
    "slider": (slider, lab.ROOT / "notebooks" / "slider.png"),
    "lab": (lab_, lab.ROOT / "docs" / "lab.png"),
    "run-sheet": (run_sheet, lab.ROOT / "docs" / "run-sheet.png"),
    "lecture": (lecture, lab.ROOT / "docs" / "lecture.png"),
}


def main(names=()):
    if unknown := [name for name in names if name not in PICTURES]:
        print(f"NAME must be one of {', '.join(PICTURES)}, got {', '.join(unknown)}", file=sys.stderr)
        return 1
    with lab.browser() as chromium:
        for name in names or PICTURES:
            make, path = PICTURES[name]
            picture = Image.open(io.BytesIO(make(chromium))).convert("RGB")
            if name == "slider":
                picture = ImageOps.expand(picture, SCALE * MARGIN, "white")
            path.parent.mkdir(exist_ok=True)
            picture.quantize(COLOURS).save(path, optimize=True)
            print(f"{path.relative_to(lab.ROOT)}: {path.stat().st_size / 1000:.0f} kB", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
