"""slider → figure: one function, `live`.

The figure is drawn once. What does not move is kept as a background bitmap; a move of a slider restores it, draws the
artists that ``update`` returned, and sends the result as a PNG to an ``ipywidgets.Image``. The handler is synchronous:
ipywidgets' front-end keeps one message under way and holds the newest value back until the kernel is idle, so the
latest value wins without a queue of our own. Nothing but ipywidgets is needed in the front-end.
"""

import contextlib
import html
import inspect
import io
import math
import sys
import threading

import ipywidgets as widgets
import traitlets
from ipywidgets.widgets.widget_description import DescriptionWidget
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from ngdm_helpers import checks
from ngdm_helpers.figures import picture_bundle

# --- controls ---------------------------------------------------------------------------------------------------------


class Scale(DescriptionWidget, widgets.ValueWidget, widgets.CoreWidget):
    """A slider over a list of numbers, shown as text by ``format``. A value set from Python joins the list.

    ipywidgets' FloatSlider and FloatLogSlider move every value to the nearest step, in the page, and send that back:
    a mark at 0.01 becomes 0.0101. This one is a SelectionSlider in the page, which knows places in the list only.
    """

    _view_name = traitlets.Unicode("SelectionSliderView").tag(sync=True)
    _model_name = traitlets.Unicode("SelectionSliderModel").tag(sync=True)
    _options_labels = traitlets.List(traitlets.Unicode()).tag(sync=True)
    index = traitlets.CInt(0).tag(sync=True)
    orientation = traitlets.Unicode("horizontal").tag(sync=True)
    behavior = traitlets.Unicode("drag-tap").tag(sync=True)
    readout = traitlets.Bool(True).tag(sync=True)
    disabled = traitlets.Bool(False).tag(sync=True)
    continuous_update = traitlets.Bool(True).tag(sync=True)
    value = traitlets.CFloat()

    def __init__(self, value, numbers, format, **look):
        self.min, self.max, self._numbers, self._format = min(numbers), max(numbers), sorted({*numbers, value}), format
        super().__init__(value=value, **look)

    @traitlets.validate("value")
    def _inside(self, proposal):
        return min(max(proposal["value"], self.min), self.max)

    @traitlets.observe("value")
    def _show(self, change):
        with self.hold_sync():  # the page gets both at once
            if self.value not in self._numbers:
                self._numbers = sorted([*self._numbers, self.value])
            self._options_labels = [format(number, self._format) for number in self._numbers]
            self.index = self._numbers.index(self.value)

    @traitlets.observe("index")
    def _moved(self, change):
        self.value = self._numbers[self.index]


def log_slider(label, value, low, high, meaning="", steps=200):
    """A slider on a logarithmic scale from ``low`` to ``high`` (both > 0), starting at ``value``."""
    if not 0 < low < high:
        raise ValueError(f"low and high must satisfy 0 < low < high, got {low!r} and {high!r}")
    _within(label, value, low, high)
    steps = checks.count("steps", steps)
    grid = (low * (high / low) ** (k / steps) for k in range(1, steps))
    between = (float(f"{number:.3g}") for number in grid)  # what is read is what is used
    inside = (number for number in between if low < number < high)
    return Scale(value, [low, *inside, high], ".3g", **_look(label, meaning, low, high))


def slider(label, value, low, high, step=0.01, meaning=""):
    """A slider on a linear scale; integers throughout give an integer slider."""
    if not low < high:
        raise ValueError(f"low and high must satisfy low < high, got {low!r} and {high!r}")
    _within(label, value, low, high)
    checks.positive_number("step", step)
    look = _look(label, meaning, low, high)
    if all(isinstance(x, int) for x in (value, low, high, step)):
        return widgets.IntSlider(value=value, min=low, max=high, step=step, **look)
    between = (float(f"{low + k * step:.12g}") for k in range(1, math.ceil((high - low) / step)))
    return Scale(value, [low, *between, high], ".4g", **look)


def select_slider(label, value, options, meaning=""):
    """A slider over a list of values, such as the settings of recorded runs."""
    return widgets.SelectionSlider(value=value, options=options, **_look(label, meaning))


def choice(label, value, options, meaning=""):
    """A dropdown. ``options``: a list of values, or of (text, value) pairs."""
    look = _look(label, meaning)
    look["layout"] = {"width": "auto", "margin": "2px 1.5em 2px 2px"}
    return widgets.Dropdown(value=value, options=options, **look)


def _look(label, meaning, *ends):
    span = f"{ends[0]:g} … {ends[1]:g}" if ends else ""
    return {
        "description": label,
        "tooltip": ": ".join(filter(None, (meaning or label, span))),
        "style": {"description_width": "initial"},
        "layout": {"width": "20em"},
    }


def _within(label, value, low, high):
    if not low <= value <= high:
        raise ValueError(f"{label} must start between {low!r} and {high!r}, got {value!r}")


def _ends(control):
    """The values that `Live.drive` takes a control to."""
    if hasattr(control, "options"):
        pairs = all(isinstance(option, tuple) and len(option) == 2 for option in control.options)
        return tuple(option[1] for option in control.options) if pairs else tuple(control.options)
    if isinstance(control, widgets.Checkbox | widgets.ToggleButton):
        return False, True
    return control.min, control.max


# --- live -------------------------------------------------------------------------------------------------------------


def live(figure, update, *, alt, marks=None, caption="", background=(), **controls):
    """Put ``controls`` above ``figure`` and call ``update`` at every move.

    update: a function of the controls' values that sets artists and returns those it changed, as
    ``matplotlib.animation.FuncAnimation(blit=True)`` asks. What it changes without returning it is drawn as well,
    at the price of a full redraw. It may move other controls, two that show one quantity, say: that draws nothing more.
    marks: {label: {control: value, …}}: buttons that jump to the theory's values; controls not named stay.
    caption: the finding. alt: what the picture shows, for those who do not see it.
    background: names of controls whose moves redraw everything (ticks, contours, fields).
    controls: widgets with a ``value``, see `log_slider`, `slider`, `choice`; their names are update's arguments.

    Returns a `Live` widget. Raises TypeError or ValueError for controls, marks or a background that do not fit.
    """
    if not alt:
        raise ValueError(f"alt must describe the picture in words, got {alt!r}")
    try:
        inspect.signature(update).bind(**controls)
    except TypeError as error:
        raise TypeError(f"controls must match the arguments of update{inspect.signature(update)}: {error}") from None
    marks = dict(marks or {})
    for where, names in (("background", background), *((f"mark {label!r}", mark) for label, mark in marks.items())):
        unknown = sorted(set(names) - set(controls))
        if unknown:
            raise ValueError(f"{where} must name controls ({', '.join(controls)}), got {', '.join(unknown)}")
    for label, mark in marks.items():
        for name, value in mark.items():
            _reachable(label, name, value, controls[name])
    return Live(figure, update, controls, marks, caption, alt, frozenset(background))


def _reachable(label, name, value, control):
    ends = _ends(control)
    if hasattr(control, "options"):
        inside, allowed = value in ends, ", ".join(map(repr, ends))
    else:
        slack = 1e-9 * max(map(abs, ends))
        inside = ends[0] - slack <= value <= ends[1] + slack
        allowed = f"{ends[0]:g} … {ends[1]:g}"
    if not inside:
        raise ValueError(f"mark {label!r} must lie on the control {name} ({allowed}), got {value!r}")


class Live(widgets.VBox):
    """A figure with its controls. Made by `live`."""

    def __init__(self, figure, update, controls, marks, caption, alt, background):
        self.figure, self._update, self._background_names = figure, update, background
        self._canvas = _own_canvas(figure)
        self._bitmap, self._moving = None, []
        # JupyterLab 4.6 with ipykernel 7 handles a slider's messages in a subshell, a thread beside the running cell.
        self._lock, self._held = threading.RLock(), False
        self.controls, self.marks, self.caption, self.alt = controls, marks, caption, alt
        self.buttons = {label: self._button(label, mark) for label, mark in marks.items()}
        self.image = _Picture(format="png", tooltip=alt, layout={"max_width": "100%", "align_self": "flex-start"})
        self.message = widgets.HTML()
        self._refresh()
        for name, control in controls.items():
            control.observe(lambda change, name=name: self._on_move(name), names="value")
        wrap = widgets.Layout(flex_flow="row wrap")
        rows = [widgets.Box(list(controls.values()), layout=wrap)]
        if marks:
            rows.append(widgets.Box(list(self.buttons.values()), layout=wrap))
        rows += [self.message, self.image]
        if caption:
            rows.append(widgets.HTML(f"<em>{html.escape(caption)}</em>"))
        super().__init__(rows)

    @property
    def values(self):
        """The controls' values now."""
        return {name: control.value for name, control in self.controls.items()}

    @property
    def png(self):
        """The picture now, as bytes."""
        return bytes(self.image.value)

    def set(self, **values):
        """Move several controls at once, with one redraw."""
        with self._lock:
            self._held = True
            try:
                for name, value in values.items():
                    self.controls[name].value = value
            finally:
                self._held = False
            self._refresh(*values)

    def drive(self):
        """Move every control to both ends (a dropdown to every option) and to every mark, then back.

        An error in ``update`` is raised here. The page is told only how it ends: it answers a move that comes from
        Python by sending the place on the scale back, and that answer would arrive after the drive, as a move.
        """
        with self._lock, contextlib.ExitStack() as held:
            for widget in (*self.controls.values(), self.image, self.message):
                held.enter_context(widget.hold_sync())
            start = self.values
            for name, control in self.controls.items():
                for end in _ends(control):
                    control.value = end
                control.value = start[name]
            for button in self.buttons.values():
                button.click()
            self.set(**start)

    def _button(self, label, mark):
        tooltip = ", ".join(f"{self.controls[name].description} = {value}" for name, value in mark.items())
        button = widgets.Button(description=label, tooltip=tooltip, layout={"width": "auto"})
        button.on_click(lambda _: self.set(**mark))
        return button

    def _on_move(self, name):
        with self._lock:
            if not self._held:
                self._refresh(name)

    def _refresh(self, *moved):
        held, self._held = self._held, True  # what update itself moves
        try:
            artists = self._update(**self.values)
            self._paint(artists, redraw=not self._background_names.isdisjoint(moved))
        except Exception as error:
            words = html.escape(f"{type(error).__name__}: {error}")
            at = html.escape(", ".join(f"{self.controls[n].description} = {v}" for n, v in self.values.items()))
            self.message.value = f"<b>Not drawn at {at}.</b> {words} The picture below is the last that could be drawn."
            raise
        finally:
            self._held = held
        if self.message.value:
            self.message.value = ""

    def _paint(self, artists, redraw):
        if artists is None:
            raise TypeError("update must return the artists that it changed, got None")
        artists = tuple(artists)
        fresh = [artist for artist in artists if not artist.get_animated()]
        if fresh or redraw or self.figure.stale or self._bitmap is None:
            self._draw_background(fresh)
        self._canvas.restore_region(self._bitmap)
        renderer = self._canvas.get_renderer()
        for artist in self._moving:
            artist.draw(renderer)
        self.figure.stale = False  # a legend sets it while it is drawn
        self.image.value = _png(self._canvas)

    def _draw_background(self, fresh):
        """Draw everything that stays, and note, in drawing order, what each move draws over it.

        An artist that stays but lies above a moving one has to be drawn over it again: it counts as moving.
        """
        for artist in fresh:
            artist.set_animated(True)
        if self.figure.get_layout_engine() is not None:  # lay out once: nothing jumps while a slider moves
            self._canvas.draw()
            self.figure.set_layout_engine("none")
        self._moving, over = [], []
        for artist, box in _drawing_order(self.figure, self.figure.bbox):
            if artist.get_animated() or any(box.overlaps(other) for other in over):
                artist.set_animated(True)
                self._moving.append(artist)
                over.append(box)
        self._canvas.draw()
        self._bitmap = self._canvas.copy_from_bbox(self.figure.bbox)

    def _repr_mimebundle_(self, **kwargs):
        bundle = super()._repr_mimebundle_(**kwargs)
        width, height = self._canvas.get_width_height()
        return picture_bundle(self.png, width, height, self.alt, self.caption, bundle)


class _Picture(widgets.Image):
    """An Image whose tooltip, our alt text, can be shown: the front-end fails on a tooltip without a description."""

    description = traitlets.Unicode("").tag(sync=True)


def _own_canvas(figure):
    """An Agg canvas for ``figure``, which pyplot forgets, so that it is not shown a second time below the cell."""
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close(figure)
    return FigureCanvasAgg(figure)


def _drawing_order(container, box):
    """(artist, box of its container) for all that matplotlib draws in ``container``, in its order."""
    skipped = {container.patch}
    if isinstance(container, Axes):
        if not container.axison:
            skipped.update(container._axis_map.values())
        if not (container.axison and container.get_frame_on()):
            skipped.update(container.spines.values())
    for artist in sorted(container.get_children(), key=lambda a: a.get_zorder()):
        if artist in skipped:
            continue
        if isinstance(artist, Axes):
            if artist.axison and artist.get_frame_on():
                yield artist.patch, artist.bbox
            yield from _drawing_order(artist, artist.bbox)
        else:
            yield artist, box


def _png(canvas):
    """The canvas as PNG bytes, lightly compressed: the time counts, and the way is short."""
    buffer = io.BytesIO()
    pixels = Image.frombuffer("RGBA", canvas.get_width_height(), canvas.buffer_rgba(), "raw", "RGBA", 0, 1)
    pixels.convert("RGB").save(buffer, format="png", compress_level=1)
    return buffer.getvalue()
