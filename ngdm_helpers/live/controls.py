"""The controls of `live`: sliders that read as they are used, and keep exactly the values that they are given.

``meaning`` becomes the tooltip. A start outside the ends, or ends in the wrong order, raise ValueError; a start that is
no option raises traitlets' TraitError.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import ipywidgets as widgets
import traitlets
from ipywidgets import ValueWidget
from ipywidgets.widgets.widget_description import DescriptionWidget

from ngdm_helpers import checks

_MOST = 100_000  # places on a scale, which the page holds as a list


class Scale(DescriptionWidget, ValueWidget, widgets.CoreWidget):
    """A slider over a list of numbers, shown as text by ``format``, that keeps exactly any value set from Python.

    ipywidgets' FloatSlider and FloatLogSlider move every value to the nearest step, in the page, and send that back:
    a mark at 0.01 becomes 0.0101. This one is a SelectionSlider in the page, which knows places in the list only. The
    list does not change once it is shown: a value that is not on it borrows the nearest place that is no end, and the
    page reads that value there until the slider moves on.
    """

    _view_name = traitlets.Unicode("SelectionSliderView").tag(sync=True)
    _model_name = traitlets.Unicode("SelectionSliderModel").tag(sync=True)
    _options_labels = traitlets.List(traitlets.Unicode()).tag(sync=True)
    # not told to the page that moved it: of a drag, every second message would be an echo
    index = traitlets.CInt(0).tag(sync=True, echo_update=False)
    orientation = traitlets.Unicode("horizontal").tag(sync=True)
    behavior = traitlets.Unicode("drag-tap").tag(sync=True)
    readout = traitlets.Bool(True).tag(sync=True)
    disabled = traitlets.Bool(False).tag(sync=True)
    continuous_update = traitlets.Bool(True).tag(sync=True)
    value = traitlets.CFloat()

    def __init__(self, value: float, numbers: Iterable[float], format: str, **appearance: Any) -> None:
        self.numbers, self._format, self._placing = tuple(sorted({*numbers, value})), format, False
        self._lent = None  # the place that a value which is not on the scale has borrowed
        self.min, self.max = self.numbers[0], self.numbers[-1]
        super().__init__(value=value, **appearance)

    def include(self, value: float) -> None:
        """Give ``value`` a place of its own, before the slider is shown."""
        self.numbers = tuple(sorted({*self.numbers, min(max(float(value), self.min), self.max)}))
        self._show(None)

    @traitlets.validate("value")
    def _inside(self, proposal):
        if math.isnan(proposal["value"]):
            raise traitlets.TraitError(f"{self.description} must be a number, got nan")
        return min(max(proposal["value"], self.min), self.max)

    @traitlets.observe("value")
    def _show(self, change):
        if change and self._lent is None and self.numbers[self.index] == self.value:
            return  # the page moved it, and reads what it shows
        inner = range(1, len(self.numbers) - 1) if self.min < self.value < self.max else range(len(self.numbers))
        place = min(inner or (0,), key=lambda k: abs(self.numbers[k] - self.value))
        shown = [*self.numbers[:place], self.value, *self.numbers[place + 1 :]]
        self._lent = None if self.numbers[place] == self.value else place
        self._placing = True
        try:
            with self.hold_sync():  # the page gets both at once
                self._options_labels = [format(number, self._format) for number in shown]
                self.index = place
        finally:
            self._placing = False

    @traitlets.observe("index")
    def _moved(self, change):
        if not self._placing:
            self.value = self.numbers[self.index]


def log_slider(label: str, value: float, low: float, high: float, meaning: str = "", steps: int = 200) -> Scale:
    """A slider on a logarithmic scale from ``low`` to ``high`` (both > 0), starting at ``value``."""
    _check_ends(label, value, low, high, "0 < low < high")
    if (steps := checks.count("steps", steps)) > _MOST:
        raise ValueError(f"steps must be at most {_MOST}, got {steps}")
    # rounded to what is shown: what is read is what is used
    grid = (float(f"{low * (high / low) ** (k / steps):.3g}") for k in range(1, steps))
    numbers = [low, *(number for number in grid if low < number < high), high]
    return Scale(value, numbers, ".3g", **_appearance(label, meaning, low, high))


def slider(label: str, value: float, low: float, high: float, step: float = 0.01, meaning: str = "") -> ValueWidget:
    """A slider on a linear scale; integers throughout give an integer slider."""
    _check_ends(label, value, low, high, "low < high")
    checks.positive_number("step", step)
    appearance = _appearance(label, meaning, low, high)
    if all(isinstance(number, int) for number in (value, low, high, step)):
        return widgets.IntSlider(value=value, min=low, max=high, step=step, **appearance)
    if (high - low) / step > _MOST:
        raise ValueError(f"step must leave at most {_MOST} places between low and high, got {step!r}")
    between = (float(f"{low + k * step:.12g}") for k in range(1, math.ceil((high - low) / step)))
    return Scale(value, [low, *between, high], ".4g", **appearance)


def select_slider(label: str, value: Any, options: Sequence[Any], meaning: str = "") -> widgets.SelectionSlider:
    """A slider over a list of values, such as the settings of recorded runs."""
    return widgets.SelectionSlider(value=value, options=options, **_appearance(label, meaning))


def choice(label: str, value: Any, options: Sequence[Any], meaning: str = "") -> widgets.Dropdown:
    """A dropdown. ``options``: a list of values, or of (text, value) pairs."""
    appearance = {**_appearance(label, meaning), "layout": {"width": "auto", "margin": "2px 1.5em 2px 2px"}}
    return widgets.Dropdown(value=value, options=options, **appearance)


def stops(control: ValueWidget) -> tuple[Any, ...]:
    """The values that `Live.drive` takes a control to: all of a short list, both ends of a scale."""
    if hasattr(control, "options"):
        pairs = all(isinstance(option, tuple) and len(option) == 2 for option in control.options)
        return tuple(option[1] for option in control.options) if pairs else tuple(control.options)
    if isinstance(control, widgets.Checkbox | widgets.ToggleButton):
        return False, True
    return control.min, control.max


def numbers(control: ValueWidget) -> Sequence[float]:
    """The numbers that a slider can be put on, in order; empty for what is no slider of numbers."""
    if isinstance(control, Scale):
        return control.numbers
    if isinstance(control, widgets.IntSlider):
        return range(control.min, control.max + 1, control.step)
    options = stops(control) if isinstance(control, widgets.SelectionSlider) else ()
    return options if all(isinstance(option, int | float) for option in options) else ()


def place(control: ValueWidget, value: Any) -> Any:
    """Where ``value`` is on a control, as the page tells it: its place on a list, or itself; None where it has none."""
    if not hasattr(control, "index"):
        return value if isinstance(value, int | float | str) else None
    places = control.numbers if isinstance(control, Scale) else stops(control)
    return places.index(value) if value in places else None


def nearest(control: ValueWidget, value: float) -> float:
    """Of a slider's `numbers`, the one nearest to ``value``, which may lie beyond its ends."""
    return min(numbers(control), key=lambda number: abs(number - value))


def _appearance(label, meaning, *ends):
    span = f"{ends[0]:g} … {ends[1]:g}" if ends else ""
    return {
        "description": label,
        "tooltip": ": ".join(filter(None, (meaning or label, span))),
        "style": {"description_width": "initial"},
        "layout": {"width": "20em"},
    }


def _check_ends(label, value, low, high, order):
    for name, number in ((label, value), ("low", low), ("high", high)):
        checks.finite(name, number, checks.NUMBER)
    if not low < high or (low <= 0 and order.startswith("0")):
        raise ValueError(f"low and high must satisfy {order}, got {low!r} and {high!r}")
    if not low <= value <= high:
        raise ValueError(f"{label} must start between {low!r} and {high!r}, got {value!r}")
