"""Write the README's picture: the first slider of notebook 3 in JupyterLab, at its first mark.

python -m benchmarks.screenshot
"""

import io

from PIL import Image, ImageOps

from tests import lab

NOTEBOOK = lab.ROOT / "notebooks" / "03_lasso.ipynb"
PICTURE = lab.ROOT / "notebooks" / "slider.png"
MARGIN = 12  # white CSS pixels around the slider
SCALE = 2  # device pixels per CSS pixel

# The smallest rectangle around all that one sees of the slider.
_RECTANGLE = """root => {
    const parts = [...root.querySelectorAll('.widget-slider, button, canvas, em')];
    const boxes = parts.map(part => part.getBoundingClientRect());
    const x = Math.min(...boxes.map(box => box.left)), right = Math.max(...boxes.map(box => box.right));
    const y = Math.min(...boxes.map(box => box.top)), bottom = Math.max(...boxes.map(box => box.bottom));
    return {x, y, width: right - x, height: bottom - y};
}"""


def main():
    with lab.server() as jupyter, lab.browser() as chromium:
        with lab.opened(jupyter, chromium, NOTEBOOK, viewport=(1500, 1400), scale=SCALE) as notebook:
            notebook.run_all()
            orbit = notebook.live("orbit")
            orbit.root.get_by_role("button").first.click()
            orbit.settled()
            orbit.canvas.evaluate("canvas => canvas.scrollIntoView({block: 'center'})")
            notebook.page.mouse.move(0, 0)
            notebook.page.evaluate("document.activeElement.blur()")
            notebook.page.wait_for_timeout(500)  # the button's colours fade back
            seen = notebook.page.screenshot(clip=orbit.root.evaluate(_RECTANGLE))
    picture = ImageOps.expand(Image.open(io.BytesIO(seen)).convert("RGB"), SCALE * MARGIN, "white")
    picture.quantize(256).save(PICTURE, optimize=True)
    print(f"{PICTURE.relative_to(lab.ROOT)}: {PICTURE.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
