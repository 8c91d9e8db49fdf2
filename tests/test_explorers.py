"""Each slider of the notebooks, taken to its ends and marks once, and moved as a student moves it."""

import functools

import numpy as np
import pytest

from ngdm_helpers import live
from ngdm_helpers.course import explorers
from ngdm_helpers.live.controls import stops
from tests import painter
from tests.pictures import SAME_LETTERS, assert_picture_is_current, count_full_draws, differing, pixels

KINKS = {
    "|x|": (np.abs, 0.0, 0.0),
    "√x": (lambda x: np.sqrt(np.maximum(x, 0)), 0.0, np.inf),
    "x²": (np.square, 0.0, 0.0),
}
EXPLORERS = {name: getattr(explorers, name) for name in explorers.__all__}
EXPLORERS["subdifferential"] = functools.partial(explorers.subdifferential, KINKS)
# The share of pixels that may differ by more than an eighth. Where several lines cross one pixel, Agg adds up what each
# covers of it and a canvas takes their union: two hundred alternations, two pixels apart, differ by that.
MOST_DIFFERENT = {"huber_rise": 0.015, "step_reduction": 0.015}


@functools.cache
def made(name):
    """The explorer ``name``, made once in a process: a test that moves it takes it back to where it was."""
    return EXPLORERS[name]()


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPLORERS)
def test_an_explorer_is_driven_to_its_ends_and_marks_and_back(name, monkeypatch):
    widget = made(name)
    start, first = widget.values, widget.png
    assert widget.alt and widget.caption and widget.marks
    assert_picture_is_current(widget)

    def compared_at_the_last(control):
        # one end stands for both: what is drawn over what depends on the artists, not on the value
        yield from stops(control)
        assert_picture_is_current(widget)

    set_values, pictures = widget.set, []

    def set_and_compare(**values):
        set_values(**values)
        if values != start:  # where the first picture is asked for, below
            assert_picture_is_current(widget)
        pictures.append((values, widget.png))

    monkeypatch.setattr(live, "stops", compared_at_the_last)
    monkeypatch.setattr(widget, "set", set_and_compare)
    widget.drive()
    assert widget.png == first == pictures[-1][1] and widget.values == start and widget.message.value == ""
    of_marks = {png for values, png in pictures if values in widget.marks.values()}
    assert len(of_marks) == len(widget.marks)  # every mark shows something of its own


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPLORERS)
def test_an_ordinary_move_of_an_explorer_draws_only_what_moves(name, monkeypatch):
    widget = made(name)
    start, calls = widget.values, count_full_draws(widget, monkeypatch)
    controls = list(widget.controls.values())
    control = next((c for c in controls if not hasattr(c, "options")), controls[-1])
    for value in control.options if hasattr(control, "options") else (f * control.value for f in (0.9, 0.8, 0.7)):
        control.value = value
    assert not calls
    widget.set(**start)


@pytest.fixture(scope="module")
def page(chromium):
    """An empty page with the painter."""
    page = painter.open_page(chromium)
    yield page
    page.close()


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPLORERS)
def test_the_page_paints_what_agg_draws_at_every_end_and_mark(name, page):
    widget = made(name)
    start = widget.values
    painter.tell(page, widget)
    page.evaluate("show()")
    states = [{key: value} for key, control in widget.controls.items() for value in stops(control)]
    differences = {}
    for state in [{}, *states, *widget.marks.values()]:
        widget.set(**{**start, **state})
        painter.tell(page, widget)
        differences[str(state)] = differing(painter.painted(page), pixels(widget.png))
    widget.set(**start)
    page.evaluate("close(); document.body.replaceChildren()")
    most = MOST_DIFFERENT.get(name, 0.01 if SAME_LETTERS else 0.02)
    assert {state: share for state, share in differences.items() if share > most} == {}
