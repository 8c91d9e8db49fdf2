"""The draw list and the page's painter: whatever matplotlib draws looks as Agg draws it; the page says what it must."""

import io
import re

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import patheffects
from matplotlib.backends.backend_agg import RendererAgg, get_hinting_flag
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Circle, FancyArrowPatch, Rectangle, Wedge
from matplotlib.textpath import text_to_path
from PIL import Image

from ngdm_helpers import figures
from ngdm_helpers.live import drawlist, live, slider
from tests import painter
from tests.lab import expect
from tests.pictures import SAME_LETTERS, differing, pixels

# Counts in window.paints how often a picture is painted from now on: each begins with its background.
COUNT = """() => {
    window.paints = 0;
    window.draw ??= CanvasRenderingContext2D.prototype.drawImage;
    CanvasRenderingContext2D.prototype.drawImage = function (...all) { paints += 1; return draw.apply(this, all); };
}"""
TWO_FRAMES = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
X = np.linspace(0, 1, 60)
RANDOM = np.random.default_rng(0).uniform(size=(3, 40))


def still(draw, **axes):
    """A widget whose every moving artist is what ``draw(ax)`` returns, and that never moves."""
    figure = Figure(figsize=(4, 3), layout="constrained")
    ax = figure.subplots()
    ax.set(**{"xlim": (0, 1), "ylim": (0, 1), **axes})
    artists = draw(ax)
    return live(figure, lambda a: artists, alt="a drawing", a=slider("a", 0, 0, 1, 1))


def text(ax):
    return [
        ax.text(0.05, 0.8, "η₀ = 10⁻³, ‖β‖₁ ≤ x², “fi”", fontsize=13),
        ax.text(0.5, 0.55, r"$\frac{\eta\lambda}{2} \leq \sqrt{x_k^2 + \beta}$", ha="center", color="C3"),
        ax.text(0.2, 0.1, "turned by 30°", rotation=30, va="bottom"),
        ax.text(0.9, 0.1, "upright", rotation=90, ha="right", weight="bold", style="italic"),
        ax.text(0.5, 0.3, "two\nlines", bbox={"facecolor": "w", "edgecolor": "C1", "boxstyle": "round"}, alpha=0.6),
        ax.set_title("a title, in the middle"),
    ]


def lines(ax):
    ax.set(yscale="log", ylim=(0.05, 2))
    gaps = np.where(X > 0.8, np.nan, 0.1 + X)
    return [
        *ax.plot(X, 0.1 + X**2, "-.", linewidth=3, dash_capstyle="round"),
        *ax.plot(X, gaps, "--", color="C1"),
        *ax.plot(
            [0.1, 0.4, 0.45, 0.8], [0.2, 0.9, 0.2, 0.9], color="C2", linewidth=5, solid_joinstyle="miter", alpha=0.4
        ),
        *ax.plot(X, np.full(60, 0.3), linewidth=1, color="k"),
        *ax.plot([0.3, 0.3], [0, 1], linewidth=1, drawstyle="steps"),
        *ax.plot(np.linspace(-2, 2, 9000), 0.4 + 0.1 * np.sin(np.linspace(0, 200, 9000)), linewidth=0.5),
        ax.axvspan(0.6, 0.7, color="C4", alpha=0.3),
        ax.errorbar([0.9], [0.4], [0.1], capsize=4).lines[0],
    ]


def markers(ax):
    kinds = ["o", ".", "s", "x", "+", "D", "^", "*", "|", "1"]
    one_each = [
        line for k, kind in enumerate(kinds) for line in ax.plot(0.05 + k / 10 * np.ones(3), RANDOM[:3, k], kind)
    ]
    return [
        *one_each,
        *ax.plot(X, 0.5 + 0.1 * (-1) ** np.arange(60), ".-", markersize=3, linewidth=0.8),
        *ax.plot(np.tile(X, 15), np.full(900, 0.2), "o", markeredgecolor="k"),
        ax.scatter(*RANDOM[:2], c=RANDOM[2], s=200 * RANDOM[1], cmap="viridis", alpha=0.6, edgecolors="k"),
    ]


def fills(ax):
    star = ax.add_patch(Circle((0.75, 0.75), 0.2, transform=ax.transData))
    clipped = ax.plot(X, X, linewidth=30, color="C1")[0]
    clipped.set_clip_path(star)
    arrow = FancyArrowPatch((0.1, 0.9), (0.4, 0.6), arrowstyle="-|>", mutation_scale=15)
    outlined = ax.text(0.55, 0.1, "outlined", fontsize=18, color="w")
    outlined.set_path_effects([patheffects.withStroke(linewidth=3, foreground="C0")])
    return [
        ax.fill_between(X, 0.1, 0.1 + 0.3 * X, alpha=0.3),
        star,
        clipped,
        ax.add_patch(Rectangle((0.05, 0.5), 0.2, 0.1, hatch="//", facecolor="none", edgecolor="C2")),
        ax.add_patch(Wedge((0.5, 0.5), 0.15, 20, 300, facecolor="C4", edgecolor="k", linewidth=2)),
        ax.add_patch(arrow),
        ax.annotate("there", (0.5, 0.5), (0.7, 0.3), arrowprops={"arrowstyle": "->"}),
        outlined,
    ]


def fields(ax):
    field = np.sin(6 * X)[:, None] * np.cos(4 * X)
    return [
        ax.imshow(field[:20, :30], extent=(0, 0.45, 0, 0.45), origin="lower", cmap="RdBu", aspect="auto"),
        ax.imshow(field[:20, :30], extent=(0.55, 1, 0, 0.45), alpha=0.5, interpolation="bilinear", aspect="auto"),
        ax.pcolormesh(0.45 * X, 0.55 + 0.45 * X, field, cmap="magma"),
        ax.contourf(0.55 + 0.45 * X, 0.55 + 0.45 * X, field, levels=7),
        ax.contour(0.55 + 0.45 * X, 0.55 + 0.45 * X, field, levels=7, colors="k", linewidths=0.7),
    ]


def legend(ax):
    ax.plot(X, X, label="y = x")
    ax.scatter([0.5], [0.2], label="a point")
    return [ax.legend(loc="upper left", title="Legend", shadow=True), ax.xaxis, ax.yaxis]


@pytest.fixture(scope="module")
def page(chromium):
    page = painter.open_page(chromium)
    yield page
    page.close()


@pytest.fixture
def shown(page):
    """shown(widget): the page with this widget, and with nothing after the test."""

    def show(widget):
        painter.tell(page, widget)
        page.evaluate("show()")
        return page

    yield show
    page.evaluate("close(); document.body.replaceChildren(); said.length = 0")


@pytest.mark.parametrize("draw", [text, lines, markers, fills, fields, legend])
def test_what_matplotlib_draws_is_painted(draw, shown):
    widget = still(draw)
    assert len(widget.canvas.frame["ops"]) > 2
    assert differing(painter.painted(shown(widget)), pixels(widget.png)) < (0.005 if SAME_LETTERS else 0.05)


@pytest.mark.parametrize("draw", [text, markers, fills])
def test_the_picture_is_as_fine_as_the_screen(draw, chromium):
    widget = still(draw)
    page = painter.open_page(chromium, ratio=2)
    painter.tell(page, widget)
    page.evaluate("show()")
    assert page.evaluate("said") == [["ratio", 2]]
    widget.canvas.ratio = 2
    painter.tell(page, widget)
    picture = painter.painted(page)
    assert picture.shape == (600, 800, 3)
    box = page.locator(".live-canvas").bounding_box()
    assert (box["width"], box["height"]) == (400, 300)
    # matplotlib's own picture at this resolution, its letters hinted and its lines snapped to finer pixels
    buffer = io.BytesIO()
    widget.figure.savefig(buffer, dpi=200)
    fine = np.asarray(Image.open(buffer).convert("RGB"))
    coarse = np.asarray(Image.open(io.BytesIO(widget.png)).convert("RGB").resize((800, 600)))
    assert differing(picture, fine) < 0.6 * differing(coarse, fine)
    page.close()


@pytest.mark.parametrize("family", ["DejaVu Sans", "DejaVu Serif", "STIXGeneral", "cmr10"])
@pytest.mark.filterwarnings("ignore:Glyph")  # not every font has all of these
def test_a_text_that_is_laid_out_in_parts_stands_as_matplotlib_has_it(family):
    """Kerning beside a digit (T1), marks over one (7̂), a ligature (fi), and scripts that run from right to left."""
    prop, flags = FontProperties(family=family, size=10.5), get_hinting_flag()
    if SAME_LETTERS:
        laid_out, font = drawlist._typesetter(prop, 100, flags, None, None), RendererAgg(1, 1, 100)._prepare_font(prop)

        def whole(text):
            items = font._layout(text, flags=flags, features=None, language=None)
            glyphs = [drawlist._glyph(one.ft_object, 10.5, 100, one.glyph_index, flags) for one in items]
            return [(one.x, one.y, points) for one, (points, *_) in zip(items, glyphs, strict=True)]

    else:
        laid_out, font = drawlist._vector_typesetter(prop), text_to_path._get_font(prop)

        def whole(text):
            glyphs, outlines, _ = text_to_path.get_glyphs_with_font(font, text)
            return [(x, y, outlines[name][0]) for name, x, y, _ in glyphs]

    rng = np.random.default_rng(1)
    signs = [*"0123456789" * 4, *" .,:/=+−×·°%()[]‖∞√≤ηλβκ₁²³⁻AVTYWLPefiloy", "\u0302", "\u05d0", "\u0628"]
    texts = ["ηλ = 0.759, orbit from step 1", "T1V7 11.71", "fi7fi", "7\u0302, 5", "\u05d01\u05d12"]
    for text in [*texts, *("".join(rng.choice(signs, 12)) for _ in range(100))]:
        for (x, y, (points, *_)), (x_whole, y_whole, points_whole) in zip(laid_out(text), whole(text), strict=True):
            assert (x, y) == pytest.approx((x_whole, y_whole)), text
            assert np.array_equal(points, points_whole)


def test_the_picture_is_in_the_house_style_whatever_the_user_has_set():
    def made():
        figure, ax = figures.new(size=(4, 3))
        ax.set(title="η", ylim=(0, 1))
        (line,) = ax.plot([0, 1], [0, 1])
        widget = live(figure, lambda y: (line.set_ydata([0, y]), (line,))[1], alt="a line", y=slider("y", 1, 0, 1, 1))
        widget.canvas.ratio = 2
        widget.set(y=0)
        return widget.canvas.ground, widget.canvas.frame, widget.png

    plain = made()
    with mpl.rc_context(
        {"text.usetex": True, "axes.facecolor": "k", "path.sketch": (1, 100, 2), "text.hinting": "none"}
    ):
        assert made() == plain


def test_a_draw_list_is_short_and_plain_data():
    figure, ax = figures.new(size=(8, 4))
    long = ax.plot(np.arange(20_000), (-1.0) ** np.arange(20_000), "o")[0]
    for scale in ("linear", "log"):
        ax.set_yscale(scale)
        shapes = drawlist.Recorder(figure.canvas).record([long])
        assert len(shapes["ops"]) < 500 and shapes["images"] == []
        # places that fall on one pixel are one
        assert len(shapes["numbers"]) < 8 * 2 * 800 and np.isfinite(np.frombuffer(shapes["numbers"], "<f4")).all()


def test_the_newest_of_many_frames_is_painted_and_not_each_of_them(shown):
    widget = still(lines)
    page = shown(widget)
    painter.painted(page)
    page.evaluate(COUNT)
    frame = widget.canvas.frame
    page.evaluate(
        "count => { for (let k = 1; k <= 50; k++) tell({frame: {...last, count: count + k}}); }", frame["count"]
    )
    page.evaluate("painted()")
    assert page.locator(".live-canvas").get_attribute("data-frame") == str(frame["count"] + 50)
    assert page.evaluate("paints") <= 2


# --- the next step ----------------------------------------------------------------------------------------------------


@pytest.fixture
def steps(shown):
    """A widget that has come to x = 3 by steps, and the page, which has x = 4 as well and counts what it paints."""
    figure, ax = figures.new(size=(4, 3))
    ax.set(xlim=(0, 9), ylim=(0, 9))
    (line,) = ax.plot([0, 1], [0, 1], linewidth=20)

    def update(x, y):
        line.set_data([0, x], [0, y])
        return (line,)

    widget = live(figure, update, alt="a line", x=slider("x", 1, 0, 9, 1), y=slider("y", 1.0, 0.0, 9.0))
    page = shown(widget)
    painter.painted(page)
    for value in (2, 3):
        go(page, widget, value)
    widget.canvas.painted = widget.canvas.frame["count"]
    painter.tell(page, widget, "near")
    page.evaluate(COUNT)
    page.evaluate("said.length = 0")
    return widget, page


def put(page, widget, **values):
    """Put controls where a hand does, of which Python does not know yet."""
    for name, value in values.items():
        control = widget.controls[name]
        key = "index" if hasattr(control, "index") else "value"
        place = control.numbers.index(value) if key == "index" else value
        page.evaluate("all => put(...all)", [control.model_id, key, place])


def go(page, widget, x):
    """A step of x, painted once the kernel has drawn it."""
    put(page, widget, x=x, y=widget.controls["y"].value)
    widget.controls["x"].value = x
    painter.tell(page, widget, "frame")
    painter.painted(page)


def frame_on(page, count):
    """Wait until frame ``count`` is on the page; the picture, and how often it was painted."""
    return painter.painted(page, count), page.evaluate("paints")


@pytest.mark.parametrize("onto", [4, 2], ids=["on", "back"])
def test_a_step_is_painted_before_python_has_answered_and_once(onto, steps):
    widget, page = steps
    count = widget.canvas.frame["count"]
    put(page, widget, x=onto)
    foreseen, paints = frame_on(page, count + 1)
    assert paints == 1
    widget.controls["x"].value = onto  # now Python draws it
    assert differing(foreseen, pixels(widget.png)) < 0.005
    painter.tell(page, widget, "frame")
    assert page.evaluate("last.count") == count + 1
    page.wait_for_function("count => said.some(([name, at]) => name === 'painted' && at === count)", arg=count + 1)
    assert np.array_equal(painter.painted(page), foreseen) and page.evaluate("paints") == 1


def test_a_hand_that_is_further_on_does_not_see_the_past(steps):
    widget, page = steps
    count = widget.canvas.frame["count"]
    put(page, widget, x=4)
    foreseen, _ = frame_on(page, count + 1)
    put(page, widget, x=5)
    page.evaluate(TWO_FRAMES)
    assert np.array_equal(painter.painted(page, count + 1), foreseen) and page.evaluate("paints") == 1


def test_python_has_the_last_word(steps):
    widget, page = steps
    put(page, widget, x=4)
    foreseen, _ = frame_on(page, widget.canvas.frame["count"] + 1)
    widget.figure.axes[0].lines[0].set_color("C3")
    widget.controls["x"].value = 4
    painter.tell(page, widget, "frame")
    page.wait_for_function("paints === 2")
    assert differing(painter.painted(page), pixels(widget.png)) < 0.005 < differing(painter.painted(page), foreseen)


def test_a_hand_that_turns_back_at_once_is_followed(steps):
    widget, page = steps
    count, before = widget.canvas.frame["count"], painter.painted(page)
    put(page, widget, x=4)
    frame_on(page, count + 1)
    put(page, widget, x=3)  # where Python's own frame is
    assert np.array_equal(frame_on(page, count)[0], before)
    widget.controls["x"].value = 4
    painter.tell(page, widget, "frame")  # the answer to where the hand is no more
    assert np.array_equal(frame_on(page, count + 2)[0], before)
    assert page.evaluate("said") == []  # there is nothing to look at from where nobody is


def test_what_python_has_not_drawn_waits_for_it(steps):
    widget, page = steps
    put(page, widget, y=2.0)
    put(page, widget, x=4)  # near is for another y
    put(page, widget, x=5)
    put(page, widget, y=1.0)
    page.evaluate(TWO_FRAMES)
    assert page.evaluate("paints") == 0
    widget.canvas.ratio = 2.0  # another background
    painter.tell(page, widget, "ground", "frame")
    painter.painted(page)
    drawn = page.evaluate("paints")
    put(page, widget, x=4)
    put(page, widget, x=2)
    page.evaluate(TWO_FRAMES)
    assert page.evaluate("paints") == drawn


def test_a_page_tells_that_it_has_painted_only_where_python_may_look_ahead(steps):
    widget, page = steps
    widget.controls["x"].value = 9
    put(page, widget, x=9)
    painter.tell(page, widget, "frame")
    painter.painted(page)
    assert page.evaluate("said") == []
    go(page, widget, 8)
    page.wait_for_function("said.length")
    assert page.evaluate("said") == [["painted", widget.canvas.frame["count"]]]


def test_a_host_that_hands_over_no_other_models_gets_pythons_frames(shown):
    page = shown(still(lines))
    page.evaluate("close(); document.body.replaceChildren()")
    page.evaluate("alone = true; show()")
    widget = still(markers)
    painter.send(page, {"ground": widget.canvas.ground, "frame": {**widget.canvas.frame, "count": 2}})
    assert differing(painter.painted(page), pixels(widget.png)) < 0.005
    page.evaluate("alone = false")


def test_the_canvas_is_an_image_with_words(shown):
    page = shown(still(lines))
    assert page.get_by_role("img", name="a drawing").count() == 1
    assert page.get_by_role("status").inner_text() == ""


@pytest.mark.parametrize("signal, state", [("statusChanged", "autorestarting"), ("disposed", None)])
def test_a_page_that_has_lost_its_kernel_says_so_for_good(signal, state, shown):
    page = shown(still(lines))
    page.evaluate("([name, state]) => signals[name].emit(state)", [signal, state])
    expect(page.get_by_role("status")).to_contain_text("run again")
    page.evaluate("signals.connectionStatusChanged.emit('connected')")
    assert "run again" in page.get_by_role("status").inner_text()


def test_a_page_that_has_lost_the_connection_says_so_until_it_is_back(shown):
    page = shown(still(lines))
    for state, words in [("connecting", "No connection"), ("disconnected", "No connection"), ("connected", "")]:
        page.evaluate("state => signals.connectionStatusChanged.emit(state)", state)
        expect(page.get_by_role("status")).to_have_text(re.compile(f"^{words}" if words else "^$"))
    page.evaluate("signals.statusChanged.emit('busy')")
    assert page.get_by_role("status").inner_text() == ""


def test_a_view_that_is_closed_listens_to_nothing(shown):
    page = shown(still(lines))
    assert page.evaluate("listeners()") > 0
    page.evaluate("close()")
    assert page.evaluate("listeners()") == 0
