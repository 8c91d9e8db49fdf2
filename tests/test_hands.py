"""Points that are moved by hand, and titles that are read out, on a page without Jupyter."""

import numpy as np
import pytest

from ngdm_helpers import figures
from ngdm_helpers.course import explorers
from ngdm_helpers.live import choice, live, log_slider, select_slider, slider
from tests import painter
from tests.lab import expect


def point(place=("a", "b"), scale="linear", **controls):
    """A point in the right one of two axes, with a title that follows."""
    figure, (_, ax) = figures.new(2, size=(8, 4))
    ax.set(xlim=(-2, 2), ylim=(0.01, 100), yscale=scale)
    (dot,) = ax.plot([], [], "o")
    controls = controls or {"a": slider("a", 0.5, -1.0, 1.0), "b": log_slider("b", 1.0, 0.1, 10)}

    def update(**values):
        dot.set_data([[one] for one in list(values.values())[:2]])
        ax.title.set_text(f"at {', '.join(f'{one}' for one in values.values())}")
        return dot, ax.title

    widget = live(figure, update, alt="a point", drag={ax: place}, **controls)
    return widget, ax


def share(widget, ax, x, y):
    """Data coordinates as the page tells them: in shares of the axes, from the top left corner."""
    left, bottom = ax.transAxes.inverted().transform(ax.transData.transform((x, y)))
    return [float(left), float(1 - bottom)]


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_a_place_on_the_axes_sets_both_controls_in_data_coordinates(scale):
    widget, ax = point(scale=scale)
    for x, y in ((-0.42, 3.0), (0.0, 0.3)):
        widget.canvas.hand = [0, *share(widget, ax, x, y)]
        values = widget.values
        assert values["a"] == pytest.approx(x, abs=0.006) and values["b"] == pytest.approx(y, rel=0.02)
        assert all(widget.values[name] in control.numbers for name, control in widget.controls.items())
        (told,) = widget.canvas.frame["hands"]
        assert told["at"] == pytest.approx(share(widget, ax, *values.values())) and told["sets"] == ["a", "b"]


def test_a_place_beyond_a_control_is_its_end_and_a_move_is_drawn_once():
    widget, ax = point(scale="log")
    count = widget.canvas.frame["count"]
    widget.canvas.hand = [0, *share(widget, ax, 2.0, 0.01)]
    assert widget.values == {"a": 1.0, "b": 0.1} and widget.canvas.frame["count"] == count + 1
    widget.canvas.hand = [0, *share(widget, ax, 1.9, 0.02)]
    assert widget.canvas.frame["count"] == count + 1  # nothing has moved


def test_every_slider_of_numbers_can_be_dragged():
    controls = {"n": slider("n", 3, 1, 9, 2), "m": select_slider("m", 0.1, [0.1, 1, 10])}
    widget, ax = point(("n", "m"), **controls)
    widget.canvas.hand = [0, *share(widget, ax, 5.7, 4.0)]
    assert widget.values == {"n": 5, "m": 1}


def test_an_axis_that_sets_nothing_has_a_line_across_or_a_place_from_the_values():
    widget, ax = point((None, "b"))
    widget.canvas.hand = [0, *share(widget, ax, 1.0, 5.0)]
    assert widget.values["a"] == 0.5 and widget.values["b"] == pytest.approx(5, rel=0.02)
    assert widget.canvas.frame["hands"][0]["at"][0] is None
    widget, ax = point((lambda a, b: -a, "b"))
    assert widget.canvas.frame["hands"][0]["at"] == pytest.approx(share(widget, ax, -0.5, 1.0))


def test_what_cannot_be_dragged_is_refused():
    kinds = {"a": slider("a", 0.5, 0.0, 1.0), "k": choice("k", "x", ["x", "y"])}
    other = figures.new()[1]
    with pytest.raises(ValueError, match=r"drag must name sliders of numbers \(a\), got 'k'"):
        point(("a", "k"), **kinds)
    with pytest.raises(ValueError, match=r"drag must name sliders of numbers \(a\), got 'c'"):
        point(("a", "c"), **kinds)
    for place in ("ab", (None, None), ("a",)):
        with pytest.raises(ValueError, match="drag must give two controls for axes, one of them may be None, got"):
            point(place)
    with pytest.raises(TypeError, match="drag must name axes of the figure, got"):
        live(figures.new()[0], lambda a: (), alt="x", drag={other: ("a", None)}, a=kinds["a"])


DRAGGED = {
    "l1_orbit": ("b1", "b2"),
    "relu_loss": ("b1", "b2"),
    "capture": ("start",),
    "basins": ("u", "v"),
    "huber_memory": ("c", "start"),
    "penalty_map": ("lam", "eta"),
    "tongues": ("ratio", "etah"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", DRAGGED)
def test_the_point_of_an_explorer_is_dragged(name):
    path = DRAGGED[name]
    widget = getattr(explorers, name)()
    (place,) = widget.canvas.frame["hands"]
    before = [widget.values[key] for key in path]
    # the ring is on the point: where it is, a press changes nothing
    widget.canvas.hand = [0, *place["at"]]
    assert [widget.values[key] for key in path] == before
    widget.canvas.hand = [0, 0.4, 0.3]
    assert [widget.values[key] for key in path] != before


# --- the page ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def page(chromium):
    page = painter.open_page(chromium)
    yield page
    assert page.evaluate("close() ?? listeners()") == 0
    page.close()


def show(page, widget):
    painter.tell(page, widget)
    page.evaluate("show()")
    painter.painted(page)
    page.evaluate("said.length = 0")
    return page.locator(".live-ring").bounding_box()


def told(page):
    return [value for name, value in page.evaluate("said") if name == "hand"]


def test_the_ring_is_taken_where_it_is_and_elsewhere_the_point_comes_to_the_hand(page):
    widget, _ = point(scale="log")
    ring = show(page, widget)
    assert (ring["width"], ring["height"]) == (30, 30)
    at, (x, y) = widget.canvas.frame["hands"][0]["at"], (ring["x"] + 15, ring["y"] + 15)
    page.mouse.move(x + 12, y - 9)
    page.mouse.down()
    assert told(page)[-1] == pytest.approx([0, *at], abs=1e-3)
    page.mouse.move(x + 62, y + 31)
    page.mouse.up()
    page.mouse.move(x, y)
    width, height = (
        page.locator(".live-ring").evaluate(f"e => e.parentNode.client{side}") for side in ("Width", "Height")
    )
    assert told(page)[-1] == pytest.approx([0, at[0] + 50 / width, at[1] + 40 / height], abs=2e-3)
    page.mouse.click(x - 60, y)  # farther from the point than its ring reaches
    assert told(page)[-1] == pytest.approx([0, at[0] - 60 / width, at[1]], abs=2e-3)
    page.mouse.click(x, y, button="right")
    assert told(page)[-1] == pytest.approx([0, at[0] - 60 / width, at[1]], abs=2e-3)


def test_the_ring_is_on_the_painted_point_at_any_width_of_the_page(page):
    widget, _ = point(scale="log")
    show(page, widget)
    for width in (1400, 500):
        page.set_viewport_size({"width": width, "height": 700})
        ring, canvas = (page.locator(name).bounding_box() for name in (".live-ring", ".live-canvas"))
        picture = painter.painted(page).astype(int)
        blue = np.argwhere(picture[..., 2] > picture[..., 0] + 80)  # the dot, matplotlib's first colour
        y, x = blue.mean(axis=0) * canvas["width"] / picture.shape[1]
        assert ring["x"] + 15 - canvas["x"] == pytest.approx(x, abs=1.5)
        assert ring["y"] + 15 - canvas["y"] == pytest.approx(y, abs=1.5)


def test_a_line_reaches_across_the_axes_and_a_hand_does_not_leave_them(page):
    widget, _ = point((None, "b"), scale="log")
    ring = show(page, widget)
    plane = page.locator(".live-ring").evaluate(
        "e => [e.parentNode.clientWidth, getComputedStyle(e.parentNode).touchAction]"
    )
    assert ring["width"] == pytest.approx(plane[0], abs=1) and ring["height"] == 30 and plane[1] == "none"
    assert page.locator(".live-canvas").evaluate("e => getComputedStyle(e).touchAction") == "auto"
    page.mouse.move(ring["x"] + 40, ring["y"] + 15)
    page.mouse.down()
    page.mouse.move(ring["x"] + 40, 0)
    page.mouse.up()
    assert told(page)[-1][2] == 0
    page.mouse.move(700, 300)
    assert len(told(page)) == 2


def test_titles_are_said_politely_once_a_move_has_come_to_rest(page):
    widget, _ = point(scale="log")
    show(page, widget)
    region = page.locator("[aria-live=polite].live-said")
    page.wait_for_timeout(700)
    assert region.inner_text() == ""  # what is there from the start is read with the page
    region.evaluate("""region => {
        window.heard = [];
        new MutationObserver(() => heard.push(region.textContent)).observe(region, {childList: true});
    }""")
    frames = []
    for a in (0.1, 0.2, 0.3):
        widget.set(a=a)
        frames.append({"frame": widget.canvas.frame})
    painter.send(page, *frames)
    expect(region).to_have_text("at 0.3, 1.0")
    assert page.evaluate("heard") == ["at 0.3, 1.0"]
