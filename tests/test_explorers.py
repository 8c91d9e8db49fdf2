"""Each slider of the notebooks, taken to its ends, marks and goals once, and moved as a student moves it."""

import dataclasses
import functools
from typing import Any

import numpy as np
import pytest

from ngdm_helpers import live
from ngdm_helpers.course import explorers
from ngdm_helpers.live.controls import numbers, stops
from tests import painter
from tests.pictures import SAME_LETTERS, composed, count_full_draws, differing, full_redraw, pixels

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


@dataclasses.dataclass
class State:
    """Where a drive came by."""

    values: dict[str, Any]  # of the controls
    asked: dict[str, Any] | None  # what was set at once, as a mark does
    told: dict[str, Any]  # what the page was told
    composed: np.ndarray  # (height, width, 3): that, put together by Agg
    whole: np.ndarray  # (height, width, 3): the figure drawn anew from nothing


class Driven:
    """The explorer ``name``, and every state of its drive: drawing one is what costs, so all tests share them."""

    def __init__(self, name):
        self.name, self.widget, self.states = name, EXPLORERS[name](), []
        self.first = self.widget.png
        self._look()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(live, "stops", self._stops)
            set_values = self.widget.set
            patch.setattr(self.widget, "set", lambda **values: (set_values(**values), self._look(values)))
            self.widget.drive()
        self.last = self.widget.png

    def _look(self, asked=None):
        # a drive goes to where it began before each goal, and at the end
        if not self.states or asked != self.states[0].values or asked in self.widget.marks.values():
            shown = composed(self.widget), full_redraw(self.widget)
            self.states.append(State(self.widget.values, asked, painter.told(self.widget), *shown))

    def _stops(self, control):
        for value in stops(control):
            yield value
            self._look()


@pytest.fixture(scope="module", params=EXPLORERS)
def driven(request):
    return Driven(request.param)


@pytest.mark.slow
def test_an_explorer_is_driven_to_its_ends_and_marks_and_back(driven):
    widget, states = driven.widget, driven.states
    assert widget.alt and widget.caption and widget.marks
    for state in states:
        assert np.array_equal(state.composed, state.whole), state.values
    start = states[0]
    assert np.array_equal(pixels(driven.first), start.whole)
    assert driven.last == driven.first and widget.values == start.values and widget.message.value == ""
    assert np.array_equal(composed(widget), start.whole)
    assert len(states) > sum(len(stops(control)) for control in widget.controls.values()) + len(widget.marks)
    of_marks = {state.whole.tobytes() for state in states if state.asked in widget.marks.values()}
    assert len(of_marks) == len(widget.marks)  # every mark shows something of its own


@pytest.mark.slow
def test_an_ordinary_move_of_an_explorer_draws_only_what_moves(driven, monkeypatch):
    widget = driven.widget
    start, calls = widget.values, count_full_draws(widget, monkeypatch)
    controls = list(widget.controls.values())
    control = next((c for c in controls if not hasattr(c, "options")), controls[-1])
    for value in control.options if hasattr(control, "options") else (f * control.value for f in (0.9, 0.8, 0.7)):
        control.value = value
    assert not calls
    widget.set(**start)


@pytest.mark.slow
def test_the_step_that_python_draws_ahead_is_the_step_that_comes(driven):
    widget, start, foreseen = driven.widget, driven.widget.values, []
    scales = {name: numbers(control) for name, control in widget.controls.items()}
    scales = {name: scale for name, scale in scales.items() if len(scale) > 2}
    for name, scale in scales.items():
        control = widget.controls[name]
        k = min(max(scale.index(control.value), 1), len(scale) - 2)
        for value in scale[k - 1], scale[k]:
            widget.set(**{name: value})
        widget.canvas.painted = widget.canvas.frame["count"]
        near = widget.canvas.near
        assert np.array_equal(composed(widget), full_redraw(widget)), name  # the figure has come back
        control.value = scale[k + 1]
        if near.get("at") == widget.canvas.frame["at"]:
            assert near.items() <= widget.canvas.frame.items(), name
            foreseen.append(name)
        widget.set(**start)
    assert foreseen or not scales


@pytest.fixture(scope="module")
def page(chromium):
    """An empty page with the painter."""
    page = painter.open_page(chromium)
    yield page
    page.close()


@pytest.mark.slow
def test_the_page_paints_what_agg_draws_at_every_end_and_mark(driven, page):
    told, differences = {}, {}
    for state in driven.states:
        # what has not changed is not told, as ipywidgets does
        news = {name: value for name, value in state.told.items() if name not in told or value != told[name]}
        painter.send(page, news)
        if not told:
            page.evaluate("show()")
        told = state.told
        differences[str(state.values)] = differing(painter.painted(page), state.whole)
    page.evaluate("close(); document.body.replaceChildren()")
    most = MOST_DIFFERENT.get(driven.name, 0.01) + (0 if SAME_LETTERS else 0.01)
    assert {state: share for state, share in differences.items() if share > most} == {}
