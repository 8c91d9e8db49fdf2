"""A notebook and all sliders in a real JupyterLab in a headless Chromium: run, move, look at what is painted.

The first notebook is run whole, as a student runs it. The sliders of the others, whose cells nbval runs, stand in a
notebook written here, a cell for each: training a network again would tell nothing about the page.
"""

import re

import nbformat
import pytest

from ngdm_helpers.course import explorers
from tests import lab
from tests.lab import expect
from tests.pictures import SAME_LETTERS, differing, pixels

WHOLE = lab.ROOT / "notebooks" / "01_preliminaries.ipynb"
IN_WHOLE = re.findall(r"explorers\.(\w+)\(", WHOLE.with_suffix(".py").read_text(encoding="utf-8"))
ELSEWHERE = [name for name in explorers.__all__ if name not in IN_WHOLE]
SCREENSHOTS = lab.ROOT / "tests" / "screenshots"


def write_notebook(path, *cells):
    """A notebook of these code cells, at ``path``, which is returned."""
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    cells = [nbformat.v4.new_code_cell(cell.strip()) for cell in cells]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), path)
    return path


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    """A notebook of all the sliders that WHOLE does not show."""
    path = tmp_path_factory.mktemp("notebooks") / "others.ipynb"
    cells = (f"{name} = explorers.{name}()\n{name}" for name in ELSEWHERE)
    return write_notebook(path, "from ngdm_helpers.course import explorers", *cells)


@pytest.fixture(scope="module", params=["whole", "others"])
def notebook(request, jupyter, chromium, others):
    """One of the two, all cells run."""
    path = {"whole": WHOLE, "others": others}[request.param]
    with lab.opened(jupyter, chromium, path, SCREENSHOTS / f"opening_{path.stem}.png") as notebook:
        notebook.run_all()
        yield notebook


ORBIT = "from ngdm_helpers.course import explorers\norbit = explorers.l1_orbit()\norbit"
RAISES = """
from ngdm_helpers import figures
from ngdm_helpers.live import live, slider

figure, ax = figures.new(size=(4, 3))
(line,) = ax.plot([0, 1], [0, 0])
ax.set_ylim(0, 10)

def update(n):
    if n > 6:
        raise ValueError(f"n must be <= 6, got {n}")
    line.set_ydata([0, n])
    return (line,)

widget = live(figure, update, alt="a line", play=[line], n=slider("n", 5, 0, 9, 1))
widget
"""


def write_small(folder, name):
    """A notebook of two sliders, and cells enough to scroll. JupyterLab has one kernel for each name."""
    return write_notebook(folder / f"{name}.ipynb", ORBIT, *12 * ["0"], RAISES)


@pytest.fixture(scope="module")
def small(jupyter, chromium, tmp_path_factory):
    """The notebook of two sliders, all cells run: to open one costs more than most tests."""
    path = write_small(tmp_path_factory.mktemp("notebooks"), "two_sliders")
    with lab.opened(jupyter, chromium, path, SCREENSHOTS / "opening_two_sliders.png") as notebook:
        notebook.run_all()
        yield notebook


@pytest.fixture(scope="module")
def tablet(jupyter, chromium, tmp_path_factory):
    """The same on a screen that is touched, of two pixels per CSS pixel."""
    path = write_small(tmp_path_factory.mktemp("notebooks"), "tablet")
    with lab.opened(jupyter, chromium, path, viewport=(1280, 720), scale=2, touch=True) as notebook:
        notebook.run_all()
        yield notebook


@pytest.fixture(autouse=True)
def screenshot_of_a_failure(request, chromium):
    failed = request.session.testsfailed
    yield
    if request.session.testsfailed > failed:
        for page in (page for context in chromium.contexts for page in context.pages):
            lab.save_screenshot(page, SCREENSHOTS / f"{request.node.name}.png")


@pytest.fixture
def orbit(small):
    """The slider of the 2-D orbit."""
    return small.live("orbit")


@pytest.fixture(scope="module")
def twin():
    """The same slider in this process."""
    return explorers.l1_orbit()


def assert_shows(slider, twin):
    """The painted picture is what this process draws, with Agg, at the kernel's values. Returns these."""
    values = slider.settled()
    twin.set(**values)
    assert differing(pixels(slider.picture()), pixels(twin.png)) < (0.01 if SAME_LETTERS else 0.02), values
    for name, control in twin.controls.items():
        if hasattr(control, "numbers"):
            await_readout(slider, control.description, pytest.approx(values[name], rel=6e-3))
    return values


def await_readout(slider, label, value):
    """Wait until this is the number that stands next to a slider."""
    lab._wait(lambda: float(slider.readout(label).replace("−", "-")) == value, f"{label} to read {value}")


def nudge(slider, handle):
    """Press an arrow key on a focused handle (the other one if it stood at that end) until its value changes.

    The values next to each other may read the same: five presses are enough. A dropdown is the browser's own; what its
    keys do differs between platforms, so another option is chosen.
    """
    if handle.evaluate("e => e.tagName") == "SELECT":
        chosen, count = handle.evaluate("e => [e.selectedIndex, e.options.length]")
        handle.select_option(index=(chosen + 1) % count)
        return
    place = handle.get_attribute("aria-valuetext")
    for key in 5 * ["ArrowRight"] + 5 * ["ArrowLeft"]:
        slider.page.keyboard.press(key)
        if handle.get_attribute("aria-valuetext") == place:
            lab.calm(slider.page)  # it may not have moved yet
        if handle.get_attribute("aria-valuetext") != place:
            return
    raise AssertionError(f"arrow keys leave a slider at {place}")


def test_runs_without_errors(notebook):
    assert notebook.errors() == []


@pytest.fixture(scope="module")
def walked(notebook):
    """What is found at each slider of the notebook, from top to bottom: one dictionary a slider."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = []
    for slider in notebook.lives():
        slider.settled()
        before, page = slider.picture(), slider.page
        handles = slider.root.locator(".noUi-handle").all()
        labels = [handle.get_attribute("aria-label") for handle in handles]
        words = [(slider.text(label), f"{label} = {slider.readout(label)}") for label in labels]
        slider.root.locator(".live-figure").evaluate("e => { e.id = 'looked-at'; }")
        looked = axe.run(page, context="#looked-at").response
        slider.root.locator(".live-figure").evaluate("e => { e.id = ''; }")
        handles, reached = slider.handles.all(), []
        handles[0].focus()
        for handle in handles:
            for _ in range(3):  # there may be a number to type in between
                if handle.evaluate("e => e === document.activeElement"):
                    break
                page.keyboard.press("Tab")
            reached.append(handle.evaluate("e => e === document.activeElement"))
            nudge(slider, handle)
            if handle is handles[0]:
                slider.settled()
                moved = slider.picture() != before
        found.append({"labels": labels, "words": words, "axe": looked, "reached": reached, "moved": moved})
    return found


def test_every_slider_is_reached_by_tab_and_moved_by_arrow_keys(notebook, others, walked):
    assert len(walked) == len(ELSEWHERE if notebook.name == others.name else IN_WHOLE)
    for slider in walked:
        assert all(slider["reached"]) and slider["moved"], slider["labels"]


def test_arrow_keys_move_eta(orbit, twin):
    start, before = assert_shows(orbit, twin), orbit.picture()
    orbit.press("η", "ArrowRight", times=5)
    higher = assert_shows(orbit, twin)
    assert higher["eta"] > start["eta"] and orbit.picture() != before
    assert {**higher, "eta": start["eta"]} == start
    orbit.press("η", "ArrowLeft", times=7)
    assert assert_shows(orbit, twin)["eta"] < start["eta"]


def test_the_mouse_drags_lambda(orbit, twin):
    orbit.click("paper, λ = 1")
    start, before = assert_shows(orbit, twin), orbit.picture()
    orbit.drag("λ", 60)
    right = assert_shows(orbit, twin)
    assert right["lam"] > 5 * start["lam"] and orbit.picture() != before
    assert {**right, "lam": start["lam"]} == start
    orbit.drag("λ", -90)
    assert assert_shows(orbit, twin)["lam"] < start["lam"]


def test_marks_jump_to_exactly_their_values(orbit, twin):
    for label in [*twin.marks, *twin.marks]:
        orbit.press("λ", "ArrowLeft")
        orbit.settled()
        before = orbit.picture()
        orbit.click(label)
        assert assert_shows(orbit, twin).items() >= twin.marks[label].items()
        assert orbit.picture() != before


def test_an_update_that_raises_says_so_and_the_last_picture_stays(small):
    widget = small.live("widget")
    assert widget.settled() == {"n": 5}
    expect(widget.message()).to_have_text("")
    widget.press("n", "ArrowRight")
    assert widget.settled() == {"n": 6}
    last = widget.picture()
    widget.press("n", "ArrowRight")
    assert widget.settled() == {"n": 7}
    expect(widget.message()).to_contain_text("ValueError: n must be <= 6, got 7")
    assert widget.picture() == last
    widget.press("n", "ArrowLeft", times=2)
    assert widget.settled() == {"n": 5} and widget.picture() != last
    expect(widget.message()).to_have_text("")


def test_every_handle_has_a_name_and_its_value_in_words(walked):
    for slider in walked:
        assert all(slider["labels"]) and all(told == shown for told, shown in slider["words"]), slider["words"]


def test_axe_finds_nothing_serious_on_any_explorer(walked):
    for slider in walked:
        assert len(slider["axe"]["passes"]) > 5
        serious = [one for one in slider["axe"]["violations"] if one["impact"] in ("serious", "critical")]
        assert [(one["id"], one["nodes"]) for one in serious] == []


def test_a_value_in_words_follows_keys_and_marks(orbit):
    orbit.click("paper, λ = 100")
    orbit.settled()
    for label, words in (("η", "η = 0.01"), ("λ", "λ = 100")):
        expect(orbit.handle(label)).to_have_attribute("aria-valuetext", words)
    # 200 places on a rail of fewer pixels
    expect(orbit.handle("η")).to_have_attribute("aria-description", "arrow keys: one step")
    orbit.press("λ", "Home")
    orbit.settled()
    expect(orbit.handle("λ")).to_have_attribute("aria-valuetext", "λ = 0.01")
    expect(orbit.handle("λ")).to_have_attribute("aria-label", "λ")


def test_tab_goes_from_sliders_to_marks_and_on_to_play(orbit):
    orbit.handle("η").focus()
    order = []
    for _ in range(20):
        kind = "e => e.closest('.live-play') ? 'play' : e.closest('button') ? 'mark' : 'slider'"
        order.append(orbit.page.evaluate(f"() => ({kind})(document.activeElement)"))
        if order[-1] == "play":
            break
        orbit.page.keyboard.press("Tab")
    assert order == sorted(order, key=["slider", "mark", "play"].index) and len(set(order)) == 3


def test_a_drag_in_the_plane_sets_both_sliders(orbit, twin):
    orbit.click("paper, λ = 1")
    start = assert_shows(orbit, twin)
    ring = orbit.root.locator(".live-ring")
    ring.scroll_into_view_if_needed()
    box, mouse = ring.bounding_box(), orbit.page.mouse
    x, y = box["x"] + 15, box["y"] + 15
    mouse.move(x, y)
    mouse.down()
    mouse.move(x - 90, y + 60, steps=40)
    mouse.up()
    end = assert_shows(orbit, twin)
    assert end["b1"] < start["b1"] - 0.3 and end["b2"] < start["b2"] - 0.2
    assert {**end, "b1": start["b1"], "b2": start["b2"]} == start
    box = ring.bounding_box()
    assert box["x"] + 15 == pytest.approx(x - 90, abs=2) and box["y"] + 15 == pytest.approx(y + 60, abs=2)


def finger(page, x, y, right, down):
    """A swipe from (x, y) by so many pixels."""
    tell = page.context.new_cdp_session(page).send
    tell("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for share in (k / 12 for k in range(1, 13)):
        point = {"x": x + share * right, "y": y + share * down}
        tell("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
        page.wait_for_timeout(16)
    tell("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    lab.calm(page, lab.STILL, frames=30)  # what a swipe has set going comes to rest


def test_a_swipe_across_a_rail_or_the_picture_scrolls_and_one_along_it_moves(tablet):
    orbit, page = tablet.live("orbit"), tablet.page
    start = orbit.settled()

    def swiped(element, x, y, right, down):
        """How far the page scrolls, and the values then."""
        box = element.bounding_box()
        before = orbit.canvas.bounding_box()["y"]
        finger(page, box["x"] + x * box["width"], box["y"] + y * box["height"], right, down)
        return orbit.canvas.bounding_box()["y"] - before, orbit.settled()

    rail, ring = orbit.control("λ").locator(".noUi-target"), orbit.root.locator(".live-ring")
    scrolled, values = swiped(rail, 0.2, 0.5, 0, -60)
    assert scrolled < -30 and values == start
    scrolled, values = swiped(orbit.canvas, 0.5, 0.5, 0, 40)
    assert scrolled > 20 and values == start
    scrolled, moved = swiped(rail, 0.2, 0.5, 60, 2)
    assert scrolled == 0 and moved["lam"] != start["lam"] and {**moved, "lam": start["lam"]} == start
    scrolled, dragged = swiped(ring, 0.5, 0.5, -50, 60)
    assert scrolled == 0 and dragged["b1"] < moved["b1"] and dragged["b2"] < moved["b2"]
    box = rail.bounding_box()
    page.touchscreen.tap(box["x"] + 0.9 * box["width"], box["y"] + box["height"] / 2)
    lab._wait(lambda: orbit.settled()["lam"] > 10, "a tap to move λ")


SAVE = "jupyterapp.commands.execute('docmanager:save')"


def test_a_reopened_notebook_shows_the_picture_and_says_how_to_move_it(small, jupyter, chromium, tmp_path):
    widget = small.live("widget")
    widget.press("n", "ArrowRight")
    widget.settled()
    picture = pixels(widget.picture())
    small.page.evaluate(SAVE)
    small.run_all()
    assert small.live("widget").settled() == {"n": 5}
    small.page.evaluate(SAVE)
    kept = nbformat.read(jupyter.folder / small.name, 4)
    stored = kept.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"]
    assert len(stored) == len(list(small.lives())) == 2  # not those of the first run
    path = tmp_path / "kept.ipynb"
    nbformat.write(kept, path)
    with lab.opened(jupyter, chromium, path) as notebook:
        notebook.shows(len(kept.cells) - 1, "This is a picture, at n = 5. Run this cell (Shift+Enter) to move it.")
        image = notebook.page.get_by_role("img", name="a line")
        expect(image).to_have_js_property("naturalWidth", picture.shape[1])
        expect(image).to_have_js_property("naturalHeight", picture.shape[0])
        assert notebook.errors() == []
        notebook.run_all()
        assert notebook.live("widget").settled() == {"n": 5}
        expect(image).to_have_count(1)


def test_the_picture_is_as_fine_as_the_screen(tablet):
    widget = tablet.live("widget")
    widget.settled()
    assert pixels(widget.picture()).shape == (600, 800, 3)
    assert widget.canvas.bounding_box()["width"] == 400


ENDS = {
    "ends": "__import__('os').kill(__import__('os').getpid(), 9)",
    "is started anew": None,
}


@pytest.fixture
def put_right(small):
    """After the test, the notebook is run with whatever kernel there is then."""
    yield
    small.page.wait_for_function(lab.KERNEL_IDLE)
    small.page.evaluate("moves.clear()")  # what the old kernel has not answered
    small.run_all()


@pytest.mark.parametrize("way", ENDS)
def test_a_page_whose_kernel_ends_says_so(way, small, put_right):
    widget, page = small.live("widget"), small.page
    widget.settled()
    before = widget.picture()
    assert widget.lost().inner_text() == ""
    if ENDS[way]:
        page.evaluate(lab.EXECUTE, ENDS[way])
    else:
        page.evaluate("() => void jupyterapp.shell.currentWidget.context.sessionContext.restartKernel()")
    widget.lost().get_by_text("run again").wait_for()
    assert widget.picture() == before and small.errors() == []
    if ENDS[way]:
        page.locator(".jp-Dialog .jp-mod-accept").click()  # JupyterLab's own words on it
    widget.root.get_by_role("button", name="Restart").click()  # it plays on
    widget.root.locator("canvas[data-step='0']").wait_for()
    assert widget.picture() != before
    widget.root.get_by_role("button", name="Step forward").click()
    widget.root.locator("canvas[data-step='1']").wait_for()
    assert widget.picture() == before


def test_the_next_step_is_shown_without_waiting_for_python(small, orbit, twin, put_right):
    """Here it would wait for ever: the kernel has ended."""
    orbit.press("η", "ArrowRight", times=2)
    values = orbit.settled()
    at, places = twin.controls["eta"].numbers.index(values["eta"]), "orbit.canvas.near.get('at', {}).get('eta')"
    lab._wait(lambda: small.evaluate(places) == at + 1, "Python to look ahead")
    small.page.evaluate(lab.EXECUTE, ENDS["ends"])
    orbit.lost().get_by_text("run again").wait_for()
    small.page.locator(".jp-Dialog .jp-mod-accept").click()
    for key, place in (("ArrowRight", at + 1), ("ArrowLeft", at)):
        orbit.press("η", key)
        twin.set(**values | {"eta": twin.controls["eta"].numbers[place]})
        drawn = pixels(twin.png)
        lab._wait(
            lambda drawn=drawn: differing(pixels(orbit.picture()), drawn) < (0.01 if SAME_LETTERS else 0.02),
            f"the picture of place {place}",
        )


def test_run_all_waits_as_long_as_cells_finish_and_names_the_one_that_does_not(jupyter, chromium, tmp_path):
    """Six cells that take longer in all than the patience, then one that takes longer than it by itself."""
    path = write_notebook(tmp_path / "sleeps.ipynb", *["import time; time.sleep(0.8)"] * 6, "time.sleep(600)")
    with lab.opened(jupyter, chromium, path) as notebook:
        with pytest.raises(TimeoutError, match=r"no cell has finished for 4 s, waiting for cell 6: time\.sleep\(600\)"):
            notebook.run_all(patience=4)
