"""Maps: a pixel shows what `trajectories.run` gives at its setting, and a cross-hair does not draw the map again."""

import functools
import io
from unittest import mock

import numpy as np
import pytest
from matplotlib.colors import LogNorm

from ngdm_helpers import figures, theory, trajectories
from ngdm_helpers.counterexamples import Product
from ngdm_helpers.course import explorers, problems
from ngdm_helpers.live import live, slider
from ngdm_helpers.objectives import Huber, L1Norm
from tests.pictures import assert_picture_is_current, count_full_draws


def penalty_alone(lam, eta, values):
    run = trajectories.run(L1Norm(lam), problems.PAPER_START, eta, 1000)
    return np.abs(run.iterates[-200:]).sum(axis=-1).mean()


def with_data(lam, eta, values):
    run = trajectories.run(problems.one_dimensional_lasso(0.5, lam), [0.5053], eta, 1000)
    return 2 * np.abs(run.iterates[-200:]).mean()


def mean_sign(ratio, etah, values):
    path = trajectories.run(problems.one_dimensional_lasso(ratio, 1.0), [0.01], etah, 560).iterates[500:, 0]
    period = 1 + np.abs(path[1:] - path[0]).argmin()
    return np.sign(path[:period]).mean()


def sharpness(u, v, values):
    run = trajectories.run(Product(), np.array([u, v]), values["eta"], 60, on_overflow="ignore")
    return np.nan if run.overflow_step is not None else theory.product_sharpness(run.iterates[-1])


def lopsided(c, start, values):
    a, b = np.abs(trajectories.run(Huber(np.eye(1), np.zeros(1), reduction="sum"), [start], c, 60).iterates[-2:, 0])
    return abs(a - b) / (c - 2)


# name: explorer, where its other controls stand, what a pixel is, the controls of its cross-hair
MAPS = {
    "penalty alone": ("penalty_map", {}, penalty_alone, ("lam", "eta")),
    "with data": ("penalty_map", {"loss": "(β − ½)²/2 as well"}, with_data, ("lam", "eta")),
    "tongues": ("tongues", {}, mean_sign, ("ratio", "etah")),
    "basins": ("basins", {}, sharpness, ("u", "v")),
    "basins, small step": ("basins", {"eta": 0.3}, sharpness, ("u", "v")),
    "basins, enlarged": ("basins", {"u": 2.1, "v": 0.6, "zoom": 9}, sharpness, ("u", "v")),
    "Huber": ("huber_memory", {}, lopsided, ("c", "start")),
}


@functools.cache
def shown(name):
    """The widget of a map, opened once, and its x, y and field. Who moves it takes it back to where it was."""
    explorer, values, *_ = MAPS[name]
    with mock.patch.object(figures, "refill", wraps=figures.refill) as refill:
        widget = getattr(explorers, explorer)()
        widget.set(**values)
    return widget, *refill.call_args.args[1:]


@pytest.mark.slow
@pytest.mark.parametrize("name", MAPS)
def test_a_pixel_is_the_run_at_its_setting(name):
    widget, x, y, field = shown(name)
    image = widget.figure.axes[0].images[0]
    assert field.size >= 1e5 and np.array_equal(image.get_array().filled(np.nan), field, equal_nan=True)
    rng = np.random.default_rng(0)
    for row, column in zip(rng.integers(len(y), size=50), rng.integers(len(x), size=50), strict=True):
        expected = MAPS[name][2](x[column], y[row], widget.values)
        assert field[row, column] == pytest.approx(expected, rel=1e-12, abs=1e-14, nan_ok=True), (column, row)


@pytest.mark.slow
@pytest.mark.parametrize("name", MAPS)
def test_the_sliders_of_a_cross_hair_reach_all_of_the_map_and_nothing_else(name):
    widget, x, y, _ = shown(name)
    if name == "basins, enlarged":
        assert x[0] < widget.values["u"] < x[-1] and y[0] < widget.values["v"] < y[-1]
        return
    ax = widget.figure.axes[0]
    for key, (low, high), step in zip(MAPS[name][3], (ax.get_xlim(), ax.get_ylim()), (x, y), strict=True):
        control = widget.controls[key]
        assert low - 1e-9 <= control.min <= step[1] and step[-2] <= control.max <= high + 1e-9


@pytest.mark.slow
@pytest.mark.parametrize("name", MAPS)
def test_a_cross_hair_moves_over_a_map_that_stays(name, monkeypatch):
    widget, x, y, _ = shown(name)
    calls, start, ground = count_full_draws(widget, monkeypatch), widget.values, widget.canvas.ground
    horizontal, vertical = MAPS[name][3]
    for part in (0.1, 0.4, 0.9):
        widget.set(**{horizontal: x[int(part * len(x))], vertical: y[int(part * len(y))]})
        assert widget.canvas.ground is ground and widget.canvas.frame["images"] == []
    assert not calls
    assert_picture_is_current(widget)
    widget.set(**start)


@pytest.mark.slow
def test_where_the_enlarged_part_follows_the_cross_hair_its_background_does():
    widget = explorers.basins()
    widget.set(u=2.1, v=0.6, zoom=9)
    first = widget.png
    widget.set(u=-0.5, v=1.5)
    assert_picture_is_current(widget)
    other = widget.png
    # by way of the whole plane, and from one square to another at the same zoom
    for state, picture in (
        ({"u": 2.1, "v": 0.6}, first),
        ({"zoom": 1}, None),
        ({"zoom": 9, "u": -0.5, "v": 1.5}, other),
    ):
        widget.set(**state)
        assert picture is None or widget.png == picture
        assert_picture_is_current(widget)


@pytest.mark.slow
def test_a_part_of_the_background_is_drawn_anew_where_it_changed_whoever_drew_the_figure_before():
    widget = explorers.basins()
    first = widget.png
    widget.set(eta=0.9)  # the first move draws all; from then on the drawings are kept
    plane, sharp, _ = widget.figure.axes
    with mock.patch.object(type(sharp), "draw", autospec=True, side_effect=type(sharp).draw) as drawn:
        widget.set(eta=0.5)
    assert [call.args[0] for call in drawn.call_args_list] == [plane]
    for eta, picture in ((0.76, first), (0.9, None), (0.62, None)):
        widget.figure.savefig(io.BytesIO(), dpi=30)
        widget.set(eta=eta)
        assert picture is None or widget.png == picture
        assert_picture_is_current(widget)


@pytest.mark.slow
def test_the_plane_of_starts_is_a_quarter_mirrored():
    _, u, v, field = shown("basins")
    assert np.array_equal(field, field.T, equal_nan=True) and np.array_equal(field, field[::-1, ::-1], equal_nan=True)
    starts = np.stack(np.meshgrid(u, v[:80]), axis=-1)
    assert np.array_equal(problems.product_ends(starts, 0.76), field[:80], equal_nan=True)


def test_the_colours_of_a_map_become_lighter_all_the_way():
    red, green, blue, _ = figures.FIELD(np.linspace(0, 1, 256)).T
    linear = [np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) for c in (red, green, blue)]
    luminance = np.dot([0.2126, 0.7152, 0.0722], linear)
    lightness = 116 * np.cbrt(np.maximum(luminance, (6 / 29) ** 3)) - 16  # of CIELAB, apart from the darkest
    assert (np.diff(lightness[luminance > 0.009]) > 0.1).all() and (np.diff(luminance) > 0).all()
    assert luminance[-1] < 0.85  # white stands apart


def test_a_map_has_its_cells_around_its_settings():
    figure, ax = figures.new()
    ax.set_yscale("log")
    image = figures.map_of(ax, [0.0, 1.0, 2.0], [1.0, 100.0], np.arange(1, 7.0).reshape(2, 3), "height", LogNorm(1, 6))
    assert ax.get_xlim() == pytest.approx((-0.5, 2.5)) and ax.get_ylim() == pytest.approx((0.1, 1000))
    assert figure.axes[1].get_ylabel() == "height"
    canvas = figure.canvas
    canvas.draw()
    for (row, column), value in np.ndenumerate(image.get_array()):
        across, up = ax.transData.transform((column, [1, 100][row]))
        pixel = np.asarray(canvas.buffer_rgba())[canvas.get_width_height()[1] - 1 - int(up), int(across)]
        assert np.abs(pixel.astype(int) - image.cmap(image.norm(value), bytes=True)).max() <= 1
    named, ax = figures.new()
    figures.map_of(ax, [0, 1], [0, 1], np.eye(2), "height", ends=("low", "2/η"))
    assert [label.get_text() for label in named.axes[1].get_yticklabels()] == ["low", "2/η"]
    plain, bare = figures.new()
    figures.map_of(bare, [0, 1], [0, 1], np.eye(2))
    assert plain.axes == [bare]  # no label, no colour bar


@pytest.mark.parametrize(
    ("x", "scale", "shape", "words"),
    [
        ([0, 1, 3], "linear", (2, 3), r"x must rise evenly on a linear scale, got \[0, 1, 3\]"),
        ([0, 1, 2], "log", (2, 3), r"x must rise evenly on a log scale, got \[0, 1, 2\]"),
        ([2, 1, 0], "linear", (2, 3), r"x must rise evenly on a linear scale, got \[2, 1, 0\]"),
        ([1], "linear", (2, 1), r"x must rise evenly on a linear scale, got \[1\]"),
        ([0, 1, 2], "linear", (3, 2), r"values must have shape \(2, 3\), a row for each y, got \(3, 2\)"),
        ([0, 1, 2], "symlog", (2, 3), r"the scale of ax must be one of .*, got 'symlog'"),
    ],
)
def test_settings_that_do_not_fit_a_map_are_refused(x, scale, shape, words):
    ax = figures.new()[1]
    ax.set_xscale(scale)
    with pytest.raises(ValueError, match=words):
        figures.map_of(ax, x, [0, 1], np.zeros(shape))


def test_a_background_may_depend_on_any_function_of_the_controls(monkeypatch):
    figure, ax = figures.new(size=(4, 3))
    (line,) = ax.plot([0, 1], [0, 0])
    title = ax.title

    def update(a):
        if title.get_text() != str(a // 3):
            title.set_text(str(a // 3))
        line.set_ydata([0, a / 9])
        return (line,)

    widget = live(figure, update, alt="a line", background=lambda a: a // 3, a=slider("a", 0, 0, 9, 1))
    calls = count_full_draws(widget, monkeypatch)
    for a, drawn in ((1, 0), (2, 0), (3, 1), (5, 1), (0, 1), (4, 1)):  # 0 and 1 are kept once drawn
        widget.set(a=a)
        assert len(calls) == drawn
    assert_picture_is_current(widget)
