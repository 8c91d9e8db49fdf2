"""live: the picture is always that of the controls, and equals a full redraw pixel by pixel."""

import base64
import datetime
import itertools
import math
import threading

import ipywidgets
import numpy as np
import pytest
from matplotlib.figure import Figure
from traitlets import TraitError

from ngdm_helpers import figures
from ngdm_helpers.live import choice, live, log_slider, slider
from tests.pictures import assert_picture_is_current, count_full_draws, pixels


def sine(update=None, **options):
    """A small figure with what blitting gets wrong: artists that stay, over and under the moving line."""
    figure = Figure(figsize=(4, 3), layout="constrained")
    ax = figure.subplots()
    x = np.linspace(0, 6, 50)
    (line,) = ax.plot(x, np.sin(x), linewidth=6, label="moving")
    ax.plot(x, np.cos(x), linewidth=6, color="k", zorder=3)  # stays, above the moving line
    ax.text(3, 0, "over the line", zorder=9)
    ax.axhspan(-0.2, 0.2, color="y", zorder=0)
    ax.legend(loc="lower left")
    ax.set(xlim=(0, 6), ylim=(-1, 1))
    title = ax.set_title("")

    def draw(a, b):
        line.set_ydata(a * np.sin(x + b))
        title.set_text(f"a = {a:.3g}")
        return line, title

    controls = {"a": log_slider("a", 0.5, 0.01, 1), "b": slider("b", 0.0, -2.0, 2.0)}
    widget = live(figure, (update or (lambda f: f))(draw), alt="a sine", **controls, **options)
    return widget


# --- the picture ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_equals_a_full_redraw_at_every_move():
    widget = sine()
    for a, b in itertools.product((0.01, 0.3, 1.0), (-2.0, 0.7, 2.0)):
        widget.set(a=a, b=b)
        assert_picture_is_current(widget)


def test_overlapping_axes_and_insets_are_drawn_in_order():
    figure = Figure(figsize=(4, 3))
    ax = figure.subplots()
    twin, inset = ax.twinx(), ax.inset_axes([0.3, 0.3, 0.4, 0.4])
    (line,) = ax.plot([0, 1], [0, 1], linewidth=9, color="r")
    twin.plot([0, 1], [1, 0], linewidth=9, color="b")
    inset.plot([0, 1], [0, 1])
    ax.set_ylim(0, 1)

    def update(y):
        line.set_ydata([0, y])
        return (line,)

    widget = live(figure, update, alt="lines", y=slider("y", 0.5, 0.0, 1.0))
    for y in (0.0, 0.9, 1.0):
        widget.set(y=y)
        assert_picture_is_current(widget)


def test_axes_without_frame_stay_without():
    figure = Figure(figsize=(3, 2))
    ax = figure.subplots()
    ax.set_axis_off()
    (line,) = ax.plot([0, 1], [0, 1])

    def update(y):
        line.set_ydata([0, y])
        return (line,)

    widget = live(figure, update, alt="a line", y=slider("y", 0.5, 0.0, 1.0))
    widget.set(y=0.2)
    assert_picture_is_current(widget)


@pytest.mark.slow
def test_the_last_of_200_values_is_shown():
    widget, fresh = sine(), sine()
    for value in np.geomspace(0.01, 1, 200):
        widget.controls["a"].value = value
    fresh.set(a=widget.controls["a"].value)
    assert np.array_equal(pixels(widget.png), pixels(fresh.png))


def test_a_move_draws_only_what_moves(monkeypatch):
    widget = sine()
    calls = count_full_draws(widget, monkeypatch)
    for value in np.linspace(-2, 2, 20):
        widget.controls["b"].value = value
    assert not calls


def test_a_drive_tells_the_page_only_how_it_ends(monkeypatch):
    """The page answers every place on a scale that it is told; an answer that comes after the drive is a move."""
    widget = sine(marks={"off the grid": {"a": 0.123456}})
    sent = []
    for part in (*widget.controls.values(), widget.canvas):
        send = part.send_state
        monkeypatch.setattr(part, "send_state", lambda key=None, send=send, part=part: [sent.append(part), send(key)])
    start = widget.values
    widget.drive()
    assert widget.values == start and len(sent) == len(set(sent))
    sent.clear()
    widget.set(a=0.2)
    assert widget.controls["a"] in sent and widget.canvas in sent  # as any other move


def test_a_background_control_redraws_everything_and_only_it(monkeypatch):
    widget = sine(background={"b"})
    calls = count_full_draws(widget, monkeypatch)
    widget.controls["a"].value = 0.2
    assert not calls
    widget.controls["b"].value = 1.0
    assert calls


def test_a_change_that_update_does_not_return_is_drawn():
    def forgetful(draw):
        def update(a, b):
            line, _ = draw(a, b)
            line.axes.set_xlim(0, 6 * a)  # neither returned nor declared
            return (line,)

        return update

    widget = sine(forgetful)
    for a in (0.2, 0.9):
        widget.set(a=a)
        assert_picture_is_current(widget)


def test_an_artist_that_starts_moving_later():
    figure, ax = figures.new(size=(4, 3))
    lines = [ax.plot([0, 1], [0, k])[0] for k in (1, 2)]

    def update(which):
        lines[which].set_ydata([2, 0])
        return (lines[which],)

    widget = live(figure, update, alt="lines", which=slider("which", 0, 0, 1, 1))
    widget.set(which=1)
    assert_picture_is_current(widget)


def test_set_redraws_once():
    calls = []
    widget = sine(lambda draw: lambda a, b: (calls.append((a, b)), draw(a, b))[1])
    calls.clear()
    widget.set(a=0.1, b=1.0)
    assert calls == [(0.1, 1.0)]


def following(background=()):
    """A figure with two controls for one quantity, b = 2a, and the list of the values that were drawn."""
    figure, ax = figures.new(size=(3, 2))
    (line,) = ax.plot([0, 1], [0, 1])
    ax.set(ylim=(0, 4))
    a, b, drawn = slider("a", 0.5, 0.0, 2.0), slider("b", 1.0, 0.0, 4.0), []
    a.observe(lambda change: setattr(b, "value", 2 * a.value), names="value")
    b.observe(lambda change: setattr(a, "value", b.value / 2), names="value")

    def update(a, b):
        drawn.append((a, b))
        line.set_ydata([a, b])
        return (line,)

    return live(figure, update, alt="a line", background=background, a=a, b=b), drawn


def test_controls_that_follow_each_other_are_drawn_once():
    widget, drawn = following()
    widget.controls["a"].value = 1.0
    widget.controls["b"].value = 0.5
    assert drawn == [(0.5, 1.0), (1.0, 2.0), (0.25, 0.5)]
    assert_picture_is_current(widget)


def test_a_background_control_that_follows_redraws_everything(monkeypatch):
    for moved in ("a", "b"):
        widget, _ = following(background=("a",))
        calls = count_full_draws(widget, monkeypatch)
        widget.controls[moved].value = 1.5
        assert calls


# --- the next step ----------------------------------------------------------------------------------------------------


def noting(calls):
    """For `sine`: keeps what update gets for b."""
    return lambda draw: lambda a, b: (calls.append(b), draw(a, b))[1]


def step(widget, *places, name="b"):
    """Move a slider to ``places`` on its scale one by one, each of which the page then paints."""
    for place in places:
        widget.controls[name].index = place
        widget.canvas.painted = widget.canvas.frame["count"]


def look(frame):
    """What a frame shows, without its number."""
    return {key: value for key, value in frame.items() if key not in ("count", "onward")}


@pytest.mark.parametrize("way", [1, -1])
def test_the_next_step_is_drawn_once_the_page_has_painted_the_last(way):
    calls = []
    widget = sine(noting(calls))
    at = widget.controls["b"].numbers
    for k in range(1, 4):
        calls.clear()
        here, next_one = 200 + k * way, 200 + (k + 1) * way
        step(widget, here)
        assert calls == [at[here], at[next_one], at[here]]
        assert_picture_is_current(widget)  # the figure is where the page is
        fresh = sine()
        fresh.controls["b"].index = next_one
        assert widget.canvas.near == look(fresh.canvas.frame) and widget.canvas.near["at"]["b"] == next_one


def test_nothing_is_foreseen_but_after_a_step_that_can_go_on():
    calls = []
    widget = sine(noting(calls))
    last = len(widget.controls["b"].numbers) - 1
    calls.clear()
    step(widget, 210, 100, 102, last - 3, last - 1)  # jumps
    assert len(calls) == 5
    step(widget, last)  # the end
    widget.set(a=0.123456, b=0.0)  # two at once, one of them off its scale
    assert widget.canvas.frame["at"] == {"a": None, "b": 200}
    widget.canvas.painted = widget.canvas.frame["count"]
    step(widget, 100, name="a")  # from nowhere on the scale
    assert len(calls) == 8 and widget.canvas.near == {} and not widget.canvas.frame["onward"]
    widget.controls["b"].index = 201
    assert widget.canvas.frame["onward"]
    widget.canvas.painted = widget.canvas.frame["count"] - 1  # the page is behind
    assert len(calls) == 9 and widget.canvas.near == {}


def test_a_change_that_no_name_tells_of_is_foreseen_once(monkeypatch):
    def forgetful(draw):
        def update(a, b):
            line, title = draw(a, b)
            line.axes.set_ylim(-1, 1 + abs(b))
            return line, title

        return update

    widget = sine(forgetful)
    step(widget, 201)
    calls = count_full_draws(widget, monkeypatch)
    step(widget, 202, 203)
    assert len(calls) == 2 and widget.canvas.near == {}  # a full redraw for each move, none for looking ahead
    assert_picture_is_current(widget)


def test_what_changes_the_background_is_not_foreseen():
    calls = []
    widget = sine(noting(calls), background=lambda a, b: b > 0)
    at = widget.controls["b"].numbers
    calls.clear()
    step(widget, 202, 201, 200, 199)
    assert calls == [at[k] for k in (202, 201, 200, 199, 198, 199)]


def test_what_fails_ahead_is_said_when_the_reader_is_there():
    widget = sine(raising_above(0.02))
    step(widget, 201, 202)
    assert widget.message.value == "" and widget.canvas.near["at"]["b"] == 202
    assert_picture_is_current(widget)
    with pytest.raises(ValueError, match="b must be at most"):
        step(widget, 203)
    assert "b must be at most" in widget.message.value
    assert_picture_is_current(widget)


def test_an_interrupted_look_ahead_leaves_the_figure_where_the_page_is():
    def interrupted(draw):
        def update(a, b):
            artists = draw(a, b)
            if b == 0.02:
                raise KeyboardInterrupt
            return artists

        return update

    widget = sine(interrupted)
    with pytest.raises(KeyboardInterrupt):
        step(widget, 201)
    assert_picture_is_current(widget)


def test_a_control_of_the_users_own_has_no_place_that_the_page_knows():
    figure, ax = figures.new()
    (line,) = ax.plot([0, 1], [0, 1])

    def update(day, on, level):
        line.set_ydata([0, day.day])
        return (line,)

    day = ipywidgets.DatePicker(value=datetime.date(2026, 1, 31))
    on, level = ipywidgets.Checkbox(True), ipywidgets.Dropdown(options=[("high", 2), ("low", 1)], value=1)
    widget = live(figure, update, alt="a line", day=day, on=on, level=level)
    assert widget.canvas.frame["at"] == {"day": None, "on": True, "level": 1}


@pytest.mark.slow
def test_moves_from_another_thread_wait_for_drive():
    """JupyterLab handles slider messages in a thread of its own, while a cell may be driving."""
    widget = sine()

    def student():
        for value in np.linspace(-2, 2, 60):
            widget.controls["b"].value = float(value)

    thread = threading.Thread(target=student)
    thread.start()
    for _ in range(5):
        widget.drive()
    thread.join()
    assert_picture_is_current(widget)
    fresh = sine()
    fresh.set(**widget.values)
    assert np.array_equal(pixels(widget.png), pixels(fresh.png))


def test_a_slider_keeps_exactly_the_values_it_is_given():
    for control in (log_slider("η", 0.1, 1e-3, 1), slider("b", 0.3, 0.0, 1.0)):
        for value in (0.0101158, 0.5053, 1 / 3, control.min, control.max):
            control.value = value
            assert control.value == value
            assert control._options_labels[control.index] == format(value, control._format)
        control.index = 0  # as the page moves it
        assert control.value == control.min


def test_a_sliders_list_stays_and_both_ends_are_reached_after_any_move():
    control = log_slider("η", 0.1, 1e-3, 1)
    numbers, labels = control.numbers, control._options_labels
    for value in (0.966, 0.9999, 0.00100001, 0.0101158, 1.0, 1e-3):
        control.value = value
        assert control.value == value and control.numbers == numbers and len(control._options_labels) == len(labels)
        assert control.index not in (0, len(numbers) - 1) or value in (control.min, control.max)
        for end in (len(numbers) - 1, 0):
            control.index = end  # as the page moves it: End and Home
            assert control.value == numbers[end] and control._options_labels == labels


def test_slider_steps_read_as_they_are_used():
    control = log_slider("η", 0.1, 1e-3, 1)
    assert all(float(label) == number for label, number in zip(control._options_labels, control.numbers, strict=True))
    assert len(control.numbers) == 202  # 200 steps, and the start between two of them


# --- errors -----------------------------------------------------------------------------------------------------------


def raising_above(limit):
    def wrap(draw):
        def update(a, b):
            if b > limit:
                raise ValueError(f"b must be at most {limit}, got <{b}>")
            return draw(a, b)

        return update

    return wrap


def raising_between(low, high):
    def wrap(draw):
        def update(a, b):
            if low < b < high:
                raise ValueError(f"b must be at most {low}, got {b}")
            return draw(a, b)

        return update

    return wrap


def test_an_error_is_shown_in_words_and_raised_and_the_last_picture_stays():
    widget = sine(raising_above(1.0))
    before = widget.png
    with pytest.raises(ValueError, match="b must be at most"):
        widget.controls["b"].value = 1.5
    assert "ValueError: b must be at most 1.0, got &lt;1.5&gt;" in widget.message.value
    assert "b = 1.5" in widget.message.value and widget.png == before
    widget.controls["b"].value = 0.5
    assert widget.message.value == "" and widget.png != before
    assert_picture_is_current(widget)
    with pytest.raises(ValueError, match="b must be at most"):
        widget.controls["b"].value = 1.5
    widget.controls["b"].value = 0.5  # back to what is drawn: the message goes all the same
    assert widget.message.value == ""


def test_drive_lets_errors_out():
    with pytest.raises(ValueError, match="b must be at most"):
        sine(raising_above(1.9)).drive()


@pytest.mark.slow
def test_drive_lets_errors_at_a_mark_out():
    with pytest.raises(ValueError, match="b must be at most"):
        sine(raising_between(0.4, 0.6), marks={"there": {"b": 0.5}}).drive()


def test_an_update_that_returns_nothing():
    with pytest.raises(TypeError, match="update must return the artists that it changed, got None"):
        sine(lambda draw: lambda a, b: None)


# --- drive ------------------------------------------------------------------------------------------------------------


def test_drive_reaches_every_end_option_and_mark_and_comes_back():
    figure, ax = figures.new(size=(3, 2))
    (line,) = ax.plot([0, 1], [0, 1])
    seen = []

    def update(eta, n, kind):
        seen.append((eta, n, kind))
        return (line,)

    widget = live(
        figure,
        update,
        alt="a line",
        eta=log_slider("η", 0.1, 1e-3, 1),
        n=slider("n", 3, 1, 9, 1),
        kind=choice("kind", "x", [("ex", "x"), ("why", "y"), ("zed", "z")]),
        marks={"both": {"eta": 0.01, "n": 7}, "letter": {"kind": "z"}},
    )
    start = widget.values
    seen.clear()
    widget.drive()
    etas, ns, kinds = (set(column) for column in zip(*seen, strict=True))
    assert {1e-3, 1.0} <= etas and {1, 9} <= ns and kinds == {"x", "y", "z"}
    assert (0.01, 7, "x") in seen  # the mark, both controls at once
    assert widget.values == start


# --- what Jupyter gets ------------------------------------------------------------------------------------------------


def test_mimebundle_carries_widget_png_alt_text_and_caption():
    widget = sine(caption="It <moves>.")
    data, metadata = widget._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    shown = pixels(base64.b64decode(data["image/png"])).astype(int)
    assert np.abs(shown - pixels(widget.png)).max() <= 32  # the stored copy has 256 colours
    assert 'alt="a sine"' in data["text/html"] and "It &lt;moves&gt;." in data["text/html"]
    assert metadata["image/png"]["alt"] == data["text/plain"] == "a sine"


def test_the_canvas_has_a_text_alternative():
    assert sine().canvas.alt == "a sine"


def test_a_pyplot_figure_is_not_shown_twice():
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    figure, ax = plt.subplots()
    (line,) = ax.plot([0, 1])
    live(figure, lambda y: (line,), alt="a line", y=slider("y", 0.5, 0.0, 1.0))
    assert not plt.get_fignums()


def test_static_picture_needs_and_carries_alt_text():
    figure, _ = figures.new(size=(3, 2))
    data, _ = figures.show(figure, "A finding.", alt="empty axes")._repr_mimebundle_()
    assert 'alt="empty axes"' in data["text/html"] and "A finding." in data["text/html"] and data["image/png"]
    with pytest.raises(ValueError, match="alt must describe the picture in words, got ''"):
        figures.show(figure, "A finding.", alt="")


# --- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: log_slider("η", 0.1, 0, 1), ValueError, "low and high must satisfy 0 < low < high, got 0 and 1"),
        (lambda: log_slider("η", 2, 0.1, 1), ValueError, "η must start between 0.1 and 1, got 2"),
        (lambda: slider("b", 0, 1, -1), ValueError, "low and high must satisfy low < high, got 1 and -1"),
        (lambda: sine(marks={"m": {"c": 1}}), ValueError, r"mark 'm' must name controls \(a, b\), got c"),
        (lambda: sine(marks={"m": {"b": 7}}), ValueError, "mark 'm' must lie on the control b .*got 7"),
        (
            lambda: live(Figure(), lambda k: (), alt="x", k=choice("k", "a", ["a", "b"]), marks={"m": {"k": "c"}}),
            ValueError,
            "mark 'm' must lie on the control k .'a', 'b'., got 'c'",
        ),
        (lambda: slider("b", 0, 0, math.inf), ValueError, "high must be finite, got inf"),
        (lambda: slider("b", 0, "a", 1), TypeError, "low must be a number, got 'a'"),
        (lambda: slider("b", math.nan, 0, 1), ValueError, "b must be finite, got nan"),
        (lambda: slider("b", 0, 0, 10**400), ValueError, "high must be finite, got a number beyond"),
        (lambda: slider("b", 1.0, 0.1, 2**63), ValueError, "step must leave at most 100000 places .* got 0.01"),
        (lambda: log_slider("η", 1, 0.1, math.inf), ValueError, "high must be finite, got inf"),
        (lambda: log_slider("η", 1, 0.1, 2, steps=2**63), ValueError, "steps must be at most 100000, got 9"),
        (lambda: sine().set(c=1), ValueError, r"set must name controls \(a, b\), got c"),
        (lambda: sine().set(a=math.nan), TraitError, "a must be a number, got nan"),
        (lambda: sine(caption=3), TypeError, "caption must be text, got 3"),
        (
            lambda: live(Figure(), lambda: (), alt=["x"]),
            ValueError,
            r"alt must describe the picture in words, got \['x'\]",
        ),
        (lambda: figures.show(Figure(), None, alt="x"), TypeError, "caption must be text, got None"),
        (lambda: sine(background={"c"}), ValueError, r"background must name controls \(a, b\), got c"),
        (lambda: live(Figure(), lambda y: (), alt=""), ValueError, "alt must describe the picture"),
        (lambda: live(Figure(), lambda y: (), alt="x"), TypeError, "controls must match the arguments of update"),
    ],
)
def test_bad_input_names_argument_value_and_what_is_allowed(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_the_picture_follows_the_controls_that_moved_before_one_refused():
    widget = sine()
    with pytest.raises(TraitError):
        widget.set(a=0.9, b=math.nan)
    assert widget.values == {"a": 0.9, "b": 0.0}
    assert_picture_is_current(widget)


def test_log_slider_spans_its_ends():
    control = log_slider("η", 0.1, 1e-3, 1)
    assert control.min == 1e-3 and control.max == 1
    assert control.value == 0.1 and control.description == "η" and "0.001 … 1" in control.tooltip


def test_a_logarithmic_slider_stays_within_its_ends():
    for low, high in ((1.004, 1.2), (2.001, 5.0)):
        scale = log_slider("c", (low + high) / 2, low, high)
        assert min(scale.numbers) == low and max(scale.numbers) == high
    for bad in (0, -0.1):
        with pytest.raises(ValueError, match="step must be positive"):
            slider("c", 1.0, 0.0, 2.0, step=bad)
    with pytest.raises(ValueError, match="steps must be a positive integer, got 0"):
        log_slider("c", 1.0, 0.5, 2.0, steps=0)
