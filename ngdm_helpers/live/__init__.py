"""slider → figure: one function, `live`.

The page paints. matplotlib draws once what does not move, the background, as fine as the page's screen. At a move of a
slider, the artists that ``update`` returned become a short list of shapes (`drawlist`), which the page paints over it
(``painter.mjs``). The handler is synchronous: ipywidgets' front-end keeps one message under way and holds the newest
value back until the kernel is idle, so the latest value wins without a queue of our own.
"""

import contextlib
import html
import inspect
import itertools
import math
import sys
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import anywidget
import ipywidgets as widgets
import numpy as np
import traitlets
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.spines import Spine

from ngdm_helpers import figures
from ngdm_helpers.live import access, drawlist, hands, steps, words
from ngdm_helpers.live import goals as aims
from ngdm_helpers.live.controls import Scale, choice, log_slider, numbers, place, select_slider, slider, stops
from ngdm_helpers.live.folds import reveal
from ngdm_helpers.live.goals import Goal, goal
from ngdm_helpers.live.votes import vote

__all__ = ["Live", "Scale", "choice", "goal", "live", "log_slider", "reveal", "select_slider", "slider", "vote"]

MOST_GROUNDS = 64  # backgrounds kept; a large one has 300 kB
FINEST = 4.0  # times the figure's own pixels: a finer background is not told apart, and costs


def live(
    figure: Figure,
    update: Callable[..., Iterable[Artist]],
    *,
    alt: str,
    marks: Mapping[str, Mapping[str, Any]] | None = None,
    caption: str = "",
    background: Collection[str] | Callable[..., Any] = (),
    play: Iterable[Line2D | tuple[Line2D, int, int]] = (),
    readings: Mapping[str, Line2D] | None = None,
    sound: Line2D | None = None,
    goals: Iterable[Goal] = (),
    drag: hands.Planes | None = None,
    **controls: widgets.ValueWidget,
) -> "Live":
    """Put ``controls`` above ``figure`` and call ``update`` at every move.

    update: a function of the controls' values that sets artists and returns those it changed, as
    ``matplotlib.animation.FuncAnimation(blit=True)`` asks. What it changes without returning it is drawn as well,
    at the price of a full redraw. After one step of a slider it is called for the next step too, ahead of the reader,
    and again for what is shown.
    marks: {label: {control: value, …}}: buttons that jump to the theory's values; controls not named stay.
    caption: the finding. alt: what the picture shows, for those who do not see it.
    background: names of controls whose moves redraw everything (ticks, contours, fields); or a function of the
    controls' values, as update is: what it returns is all that the background depends on.
    play: the lines whose points are the steps of a run from step 0 on, or (line, the step of its first point, points a
    step): the page can play them. readings: {name: a line of ``play``}: what the page reads out at each step.
    sound: a line, seen or not, whose heights the page makes audible as samples, when asked: what jumps by s hums as
    loud as s.
    goals: what to find, made by `goal`; listed below the figure, and ticked when a move comes to rest there.
    drag: {axes: (control, control)}: a press or a drag on these axes sets the two controls, in data coordinates. For an
    axis that sets nothing: None, then there is a line across; or a function of the controls' values that says where the
    point is on it.
    controls: widgets with a ``value``, see `controls`; their names are update's arguments. Two of them may follow each
    other, by observers of theirs that are older than the figure's: a move is drawn once.

    Returns a `Live` widget. Raises TypeError or ValueError for controls, marks, goals, a drag or a background that do
    not fit.
    """
    figures.check_words(alt, caption)
    try:
        inspect.signature(update).bind(**controls)
    except TypeError as error:
        raise TypeError(f"controls must match the arguments of update{inspect.signature(update)}: {error}") from None
    marks = dict(marks or {})
    named = () if callable(background) else tuple(background)
    for where, names in (("background", named), *((f"mark {label!r}", mark) for label, mark in marks.items())):
        if unknown := sorted(set(names) - set(controls)):
            raise ValueError(f"{where} must name controls ({', '.join(controls)}), got {', '.join(unknown)}")
    for label, mark in marks.items():
        for name, value in mark.items():
            _check_reachable(label, name, value, controls[name])
            if isinstance(controls[name], Scale):
                controls[name].include(value)
    runs = steps.checked(figure, play, readings or {})
    ground = background if callable(background) else lambda **values: tuple(values[name] for name in named)
    found = aims.Goals(aims.checked(goals, controls, marks), controls)
    said, planes = dict(readings or {}), hands.checked(figure, drag or {}, controls)
    return Live(figure, update, controls, marks, caption, alt, ground, runs, said, sound, found, planes)


def _check_reachable(label, name, value, control):
    values = stops(control)
    if hasattr(control, "options"):
        reachable, allowed = value in values, ", ".join(map(repr, values))
    else:
        # a mark computed from a closed form may miss an end by rounding; the control clamps it
        slack = 1e-9 * max(map(abs, values))
        reachable = values[0] - slack <= value <= values[1] + slack
        allowed = f"{values[0]:g} … {values[1]:g}"
    if not reachable:
        raise ValueError(f"mark {label!r} must lie on the control {name} ({allowed}), got {value!r}")


class Canvas(anywidget.AnyWidget):
    """The picture on the page. The page sets ``ratio``, ``hand``, ``painted`` and ``rested``, all else is set here."""

    _esm = words.module("painter.mjs")
    alt = traitlets.Unicode().tag(sync=True)
    width = traitlets.Int().tag(sync=True)  # of the figure, in its own pixels
    height = traitlets.Int().tag(sync=True)
    ratio = traitlets.Float(1.0).tag(sync=True)  # pixels of the screen per pixel of the figure
    ground = traitlets.Bytes().tag(sync=True)  # the background, a PNG
    # what moves: a draw list, its number as "count", its runs as "play"; "at": where the controls are, {name: `place`};
    # "onward": whether there is a next step to look at
    frame = traitlets.Dict().tag(sync=True)
    controls = traitlets.Dict().tag(sync=True)  # {name: model}
    near = traitlets.Dict().tag(sync=True)  # the frame of the next step, if the reader goes on
    painted = traitlets.Int(0).tag(sync=True, echo_update=False)  # the number of the frame that the page shows
    # where a hand is: which of the frame's "hands", and the place in shares of its box
    hand: traitlets.List[Any] = traitlets.List().tag(sync=True, echo_update=False)
    step = traitlets.Int(None, allow_none=True).tag(sync=True)  # of the runs, up to which they are shown; None: all
    rested = traitlets.Int(0).tag(sync=True, echo_update=False)  # how often a move came to rest

    @traitlets.validate("ratio")
    def _reasonable(self, proposal):
        return min(max(proposal["value"], 1.0), FINEST)


class Live(widgets.VBox):
    """A figure with its controls. Made by `live`."""

    def __init__(self, figure, update, controls, marks, caption, alt, background, runs, readings, sound, goals, planes):
        self.figure, self._update, self._background = figure, update, background
        self._runs, self._readings, self._sound, self._planes = runs, readings, sound, planes
        self._looks = {line: steps.look(line) for line in runs}
        if "matplotlib.pyplot" in sys.modules:  # pyplot forgets the figure: it is not shown again below the cell
            sys.modules["matplotlib.pyplot"].close(figure)
        self._recorder, self._moving = drawlist.Recorder(FigureCanvasAgg(figure)), []
        self._grounds = {}  # backgrounds, by the page's ratio and the values that they depend on
        # what stays in each of the axes, as last drawn at the ratio: megabytes, kept once a reader's move needs them
        self._layers = {}
        # JupyterLab 4.6 with ipykernel 7 handles a slider's messages in a subshell, a thread beside the running cell.
        self._lock, self._held = threading.RLock(), False
        self._drawn = None  # the values that the picture shows
        self._onward = None  # those of the next step, see `_ahead`
        self._foresees = True  # False where a move changes what no name in `background` tells of
        self.controls, self.marks, self.caption, self.alt = controls, marks, caption, alt
        self.buttons = {label: self._button(label, mark) for label, mark in marks.items()}
        width, height = figure.canvas.get_width_height()
        named = {name: control.model_id for name, control in controls.items()}
        self.canvas = Canvas(alt=alt, width=width, height=height, controls=named)
        self.message, self.goals = widgets.HTML(), goals
        self._refresh()
        self._layers.clear()
        self.canvas.observe(self._on_ratio, names="ratio")
        self.canvas.observe(self._on_hand, names="hand")
        self.canvas.observe(self._on_painted, names="painted")
        self.canvas.observe(self._on_rest, names="rested")
        for control in controls.values():
            control.observe(self._on_move, names="value")
        rows = [list(row) for row in (controls.values(), self.buttons.values()) if row]
        boxes = [widgets.Box(row, layout={"flex_flow": "row wrap"}) for row in rows]
        finding = [widgets.HTML(f"<em>{html.escape(caption)}</em>")] if caption else []
        listed, spoken = [self.goals] if self.goals.goals else [], access.Access()
        rows = [*boxes, self.message, self.canvas, *finding, *listed, spoken]
        super().__init__(rows, _dom_classes=["live-figure"])
        spoken.figure = self.model_id

    @property
    def values(self) -> dict[str, Any]:
        """The controls' values now."""
        return {name: control.value for name, control in self.controls.items()}

    @property
    def png(self) -> bytes:
        """The picture now, drawn by matplotlib: for where there is no page, and to compare the page with."""
        with self._lock, figures.house():
            canvas = self.figure.canvas
            canvas.draw()
            for artist in self._moving:
                artist.draw(canvas.get_renderer())
            self.figure.stale = False
            return figures.canvas_png(canvas)

    def set(self, **values: Any) -> None:
        """Move several controls at once, with one redraw. ValueError for a name that is no control's."""
        if unknown := sorted(set(values) - set(self.controls)):
            raise ValueError(f"set must name controls ({', '.join(self.controls)}), got {', '.join(unknown)}")
        with self._lock:
            self._held = True
            try:
                # twice: a control that follows another has been moved by it
                for name, value in [*values.items()] * 2:
                    self.controls[name].value = value
            finally:
                self._held = False
                self._refresh()  # a value that a control refuses comes after others that have moved

    def drive(self) -> None:
        """Move every control to both ends (a dropdown to every option), to every mark and to every goal, then back.

        An error in ``update`` is raised here, and `goals.Unproved` for a goal that is reached at the start, or not
        reached where it says. The page is told only how it ends: it answers a move that comes from
        Python by sending the place on the scale back, and that answer would arrive after the drive, as a move.
        """
        with self._lock, contextlib.ExitStack() as held:
            for widget in (*self.controls.values(), self.canvas, self.message, self.goals):
                held.enter_context(widget.hold_sync())
            start = self.values
            for name, control in self.controls.items():
                for value in stops(control):
                    control.value = value
                control.value = start[name]
            for mark in self.marks.values():
                self.set(**mark)  # a button's click would log an error, not raise it
            for one in self.goals.goals:
                # from where the figure opened: a reader who drives it again may have moved
                self.set(**self.goals.opening)
                states = [self.values]
                for setting in one.at:
                    self.set(**setting)
                    states.append(self.values)
                aims.prove(one, states)
            for label, mark in self.marks.items():
                aims.spared(self.goals, label, mark)
            self.set(**start)
            self._layers.clear()

    def _button(self, label, mark):
        tooltip = ", ".join(f"{self.controls[name].description} = {value}" for name, value in mark.items())
        button = widgets.Button(description=label, tooltip=tooltip, layout={"width": "auto"})
        button.on_click(lambda _: self.set(**mark))
        return button

    def _on_move(self, change):
        with self._lock:
            # of two controls that follow each other, the first that tells of a move has both drawn
            if not self._held and (self.values != self._drawn or self.message.value):
                self._refresh()

    def _on_painted(self, change):
        with self._lock:
            onward, shown = self._onward, self._drawn
            if not onward or self.canvas.painted != self.canvas.frame["count"] or self.values != shown:
                return  # another move is under way
            with figures.house(), contextlib.ExitStack() as after:
                after.callback(steps.draw_turns, self._runs, self._looks)
                after.callback(self._update, **shown)  # first: the figure goes back to what the page shows
                with contextlib.suppress(Exception):  # what fails there is said when the reader is there
                    artists = tuple(self._update(**onward))
                    steps.draw_turns(self._runs, self._looks)
                    self._foresees = not self.figure.stale and all(artist.get_animated() for artist in artists)
                    if self._foresees:
                        self.canvas.near = self._shapes(onward)

    def _ahead(self, before, now):
        """The values of the next step of a slider, if the controls came by one from ``before`` to ``now``, or None."""
        moved = [name for name in now if now[name] != before[name]]
        if not self._foresees or len(moved) != 1:
            return None
        scale, ends = numbers(self.controls[moved[0]]), [before[moved[0]], now[moved[0]]]
        i, j = (scale.index(end) if end in scale else math.inf for end in ends)
        if abs(j - i) != 1 or not 0 <= 2 * j - i < len(scale):
            return None
        onward = now | {moved[0]: scale[2 * j - i]}
        return onward if self._background(**onward) == self._background(**now) else None

    def _on_rest(self, change):
        with self._lock:
            if not self.message.value:  # what is not drawn is not found
                self.goals.look()

    def _on_hand(self, change):
        with self._lock:
            number, x, y = self.canvas.hand
            ax, place = list(self._planes.items())[number]
            wanted = hands.reached(ax, place, x, y, self.controls)
            if wanted != {name: self.controls[name].value for name in wanted}:
                self.set(**wanted)

    def _on_ratio(self, change):
        with self._lock, figures.house():
            self._put(self._ground(), self.canvas.frame)
            self._layers.clear()

    def _refresh(self):
        values, drawn = self.values, self._drawn
        try:
            with figures.house():
                artists = self._update(**values)
                redraw = drawn is None or self._background(**values) != self._background(**drawn)
                self._onward = None if redraw else self._ahead(drawn, values)
                self._paint(artists, redraw)
        except Exception as error:
            reason = html.escape(f"{type(error).__name__}: {error}")
            at = html.escape(", ".join(f"{self.controls[name].description} = {v}" for name, v in values.items()))
            self.message.value = (
                f"<b>Not drawn at {at}.</b> {reason} The picture below is the last that could be drawn."
            )
            if drawn is not None:  # the figure goes back to what the page shows
                with figures.house():
                    self._update(**drawn)
            raise
        self._drawn, self.message.value = values, ""

    def _paint(self, artists, redraw):
        if artists is None:
            raise TypeError("update must return the artists that it changed, got None")
        steps.draw_turns(self._runs, self._looks)
        artists = tuple(artists)
        fresh = [artist for artist in artists if not artist.get_animated()]
        ground = self.canvas.ground
        if fresh or (self.figure.stale and not redraw):  # something changed that no name in `background` tells of
            self._grounds.clear()
        if fresh or redraw or self.figure.stale:
            # noted here: any drawing of the figure, a reader's savefig as well, makes it forget
            self._layers = {ax: layer for ax, layer in self._layers.items() if not ax.stale}
            key = self.canvas.ratio, self._background(**self.values)
            if key not in self._grounds:
                if len(self._grounds) == MOST_GROUNDS:
                    self._grounds.clear()
                self._split(fresh)
                self._grounds[key] = self._ground()
                # frames and ticks are drawn over every curve, but they depend on nothing but their axes
                self._recorder.keep([a for a in self._moving if isinstance(a, Spine | Axis) and a not in artists])
            ground = self._grounds[key]
        self._put(ground, self._shapes(self.values))

    def _shapes(self, values):
        """What moves, as it is now, at the controls' ``values``: a frame for the page, but for its number."""
        shapes = self._recorder.record(self._moving)
        if self._runs:
            start = len(shapes["numbers"]) // 4
            height = self._recorder.height
            said = self._readings, self._sound
            shapes["play"], more = steps.record(self._runs, *said, self._recorder.spans, height, start)
            shapes["numbers"] += more
        shapes["hands"] = hands.record(self.figure, self._planes, self.controls, values)
        shapes["titles"] = _titles(self.figure)
        shapes["goals"] = bool(self.goals.goals)
        shapes["at"] = {name: place(control, values[name]) for name, control in self.controls.items()}
        self.figure.stale = False  # a legend sets it while it is drawn
        return shapes

    def _put(self, ground, shapes):
        with self.canvas.hold_sync():  # the page gets both at once
            self.canvas.ground = ground
            count = self.canvas.frame.get("count", 0) + 1
            self.canvas.frame = {**shapes, "count": count, "onward": self._onward is not None}

    def _ground(self):
        """Everything that stays, as a PNG at the page's ratio."""
        canvas, dpi = self.figure.canvas, self.figure.dpi
        self.figure.dpi = self.canvas.ratio * dpi
        try:
            boxes = [ax.bbox for ax in self.figure.axes]
            if any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2)):
                canvas.draw()
            else:
                self._draw_stale(canvas)
            return figures.canvas_png(canvas)
        finally:
            self.figure.dpi, self.figure.stale = dpi, False

    def _draw_stale(self, canvas):
        """Draw on ``canvas`` what stays; for axes in which nothing has changed the last drawing serves."""
        renderer, axes = canvas.get_renderer(), self.figure.axes
        page = np.asarray(canvas.buffer_rgba())
        if any(size != page.shape for size, _, _ in self._layers.values()):
            self._layers.clear()
        for ax in axes:
            if ax not in self._layers:
                renderer.clear()
                self.figure.patch.draw(renderer)
                ax.draw(renderer)
                box = drawlist.around(page.view(np.uint32)[..., 0] != 0xFFFFFFFF)  # all but white
                self._layers[ax] = page.shape, box, page[box].copy()
        renderer.clear()
        for artist in self.figure.get_children():
            if artist not in axes and not artist.get_animated():
                artist.draw(renderer)
        for _, box, layer in self._layers.values():  # dark on white, and apart: the darker one is what stands there
            np.minimum(page[box], layer, out=page[box])

    def _split(self, fresh):
        """Note, in drawing order, what each move draws over what stays. ``fresh``: what moves for the first time.

        An artist that stays but lies above a moving one has to be drawn over it again: it counts as moving.
        """
        for artist in fresh:
            artist.set_animated(True)
        if (engine := self.figure.get_layout_engine()) is not None:  # once: nothing jumps while a slider moves
            engine.execute(self.figure)
            self.figure.set_layout_engine("none")
        self._moving, over = [], []
        for artist, box in _drawing_order(self.figure, self.figure.bbox):
            if artist.get_animated() or any(box.overlaps(other) for other in over):
                artist.set_animated(True)
                self._moving.append(artist)
                over.append(box)

    def _repr_mimebundle_(self, **kwargs):
        access.replace(self)
        bundle = super()._repr_mimebundle_(**kwargs)
        width, height = self.figure.canvas.get_width_height()
        data, metadata = figures.picture_bundle(self.png, width, height, self.alt, self.caption, bundle)
        return data | {"text/html": data["text/html"] + aims.markup(self.goals.goals)}, metadata


def _titles(figure):
    """What the titles of a figure say, to be read out."""
    return [figure.get_suptitle(), *(ax.get_title(side) for ax in figure.axes for side in ("left", "center", "right"))]


def _drawing_order(container, box):
    """(artist, box of its container) for all that matplotlib draws in ``container``, in its order."""
    skipped = {container.patch}
    if isinstance(container, Axes):
        if not container.axison:
            skipped.update((container.xaxis, container.yaxis))
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
