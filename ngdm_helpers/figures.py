"""Draw: data in, matplotlib artists out; the house style.

Colours are Okabe & Ito's, which people with any colour vision tell apart. The same thing has the same colour and line
style in every figure: see the constants. The style holds whatever a user's own settings are, and leaves them alone.
"""

import base64
import contextlib
import functools
import html
import inspect
import io
from collections.abc import Iterator
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, ListedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.text import Text
from PIL import Image

from ngdm_helpers import checks
from ngdm_helpers.checks import Array

BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILLION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"

NGDM = {"color": VERMILLION, "linestyle": "-"}
NGDM_LARGE = {"color": BLUE, "linestyle": "-"}  # the second NGDM run of a pair: the large penalty
SMOOTH = {"color": SKY, "linestyle": "-."}
MOMENTUM = {"color": ORANGE, "linestyle": "-"}
ADAM = {"color": BLUE, "linestyle": "-"}
ADAM_DECOUPLED = {"color": PURPLE, "linestyle": "-"}  # the penalty beside Adam's step, as AdamW decays
PROXIMAL = {"color": GREEN, "linestyle": (0, (3, 1, 1, 1, 1, 1))}
THEORY = {"color": BLACK, "linestyle": "--"}
THRESHOLD = {"color": "0.5", "linestyle": ":"}
# For fields. The places make the lightness rise evenly, so that it reads in grey and by any colour vision; white is
# free for what has no value.
FIELD = LinearSegmentedColormap.from_list("field", [(0, BLACK), (0.5, BLUE), (0.77, SKY), (1, YELLOW)]).with_extremes(
    bad="white"
)

# Where drawing goes is no matter of style.
_HOUSE: dict[Any, Any] = {
    name: value for name, value in mpl.rcParamsDefault.items() if not name.startswith(("backend", "interactive"))
}
_HOUSE |= {
    "axes.titlesize": 12,
    "axes.labelsize": 12,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titley": 1.0,  # nothing stands above the axes: matplotlib need not look for it at each redraw
    "axes.grid": True,
    "axes.axisbelow": True,  # ticks and grid below every curve: part of live's background
    "grid.color": "0.9",
    "figure.dpi": 100,
}


@contextlib.contextmanager
def house() -> Iterator[None]:
    """A context in which matplotlib has the house style and nothing of the user's own settings."""
    # dict's own access: hundreds of settings are compared at each move, and a browser's Python is slow. Only what
    # differs is set and set back: matplotlib's rc_context copies them all.
    now = functools.partial(dict.__getitem__, mpl.rcParams)
    users = {name: now(name) for name, value in _HOUSE.items() if now(name) != value}
    try:
        mpl.rcParams.update({name: _HOUSE[name] for name in users})
        yield
    finally:
        mpl.rcParams.update(users)


class _Axes(Axes):
    """Axes on which every artist is made and drawn in the house style, whenever that is."""


def _in_house(method):
    @functools.wraps(method)
    def inside(*arguments, **options):
        with house():
            return method(*arguments, **options)

    return inside


for _name, _method in inspect.getmembers(Axes, inspect.isfunction):
    if not _name.startswith(("_", "get_")):
        setattr(_Axes, _name, _in_house(_method))


def new(columns: int = 1, size: tuple[float, float] = (8, 4), **options: Any) -> tuple[Figure, Any]:
    """A figure of ``size`` inches in the house style and its axes (one, or an array of ``columns``).

    It does not pass through pyplot, so Jupyter shows it only where `show` or `live` does.
    """
    with house():
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots(1, columns, subplot_kw={"axes_class": _Axes}, **options)
        for ax in np.ravel(axes):
            ax.tick_params(labelsize=11)
            ax.title.set_fontsize(12)
    return figure, axes


def note(ax: Axes, x: float, y: float, text: str, **options: Any) -> Text:
    """Text on a white ground at axes coordinates (x, y), below the curves."""
    ground = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
    return ax.text(x, y, text, transform=ax.transAxes, bbox=ground, zorder=1, **options)


def bands(count: int) -> ListedColormap:
    """A colormap of ``count`` pale bands, so that a filled field shows its level sets."""
    return ListedColormap(mpl.colormaps["Blues"](np.linspace(0.6, 0.0, count)))


def map_of(
    ax: Axes,
    x: Array,
    y: Array,
    values: Array,
    label: str = "",
    norm: Normalize | None = None,
    ends: tuple[str, str] | None = None,
) -> AxesImage:
    """An image of the field ``values`` (m, n) over x (n,) and y (m,), a cell for each setting; NaN stays white.

    x, y: rising and evenly spaced on the scale that ``ax`` has, linear or log; its limits become the edges of the
    outermost cells. label: of the colour bar; without one there is none, for a map that is written on. norm: from
    values to colours. ends: what the bar calls the norm's ends where a control moves them; the bar itself stays.
    Returns the image, which fills the axes, for `refill`.

    Raises ValueError for settings that are not evenly spaced, or a field that does not fit them.
    """
    ax.set(autoscale_on=False)
    ax.grid(False)
    # a cell is as wide as any other on the axes' own scale, so the axes' fractions serve for a logarithmic one as well
    image = ax.imshow(
        np.full((1, 1), np.nan),
        extent=(0, 1, 0, 1),
        transform=ax.transAxes,
        origin="lower",
        aspect="auto",
        interpolation="nearest",
        cmap=FIELD,
        norm=norm,
    )
    refill(image, x, y, values)
    if label:
        with house():
            shades = image if ends is None else ScalarMappable(Normalize(0, 1), FIELD)
            bar = image.figure.colorbar(shades, ax=ax, label=label, pad=0.02, aspect=30)
            bar.minorticks_off()
            if isinstance(engine := ax.figure.get_layout_engine(), ConstrainedLayoutEngine):
                engine.set(wspace=0.05)  # or the next panel's label stands beside the bar's
            if ends is not None:
                bar.set_ticks([0, 1], labels=ends)
            elif bar.ax.get_yscale() == "linear":
                bar.ax.locator_params(nbins=5)
    return image


def refill(image: AxesImage, x: Array, y: Array, values: Array) -> None:
    """Let an image of `map_of` show another field, or another part of one. What it shows already costs no redraw."""
    ax = image.axes
    if np.shape(values) != (len(y), len(x)):
        raise ValueError(f"values must have shape {(len(y), len(x))}, a row for each y, got {np.shape(values)}")
    limits = {"xlim": _edges("x", x, ax.get_xscale()), "ylim": _edges("y", y, ax.get_yscale())}
    if (ax.get_xlim(), ax.get_ylim()) != tuple(limits.values()):
        ax.set(**limits)
    if not np.array_equal(np.ma.getdata(np.ma.asarray(image.get_array())), values, equal_nan=True):
        image.set_data(values)


def _edges(name, places, scale):
    """The outer edges of cells around ``places``, which lie evenly on a linear or logarithmic scale."""
    checks.choice("the scale of ax", scale, ("linear", "log"))
    there, back = (np.log, np.exp) if scale == "log" else (np.asarray, np.asarray)
    with np.errstate(invalid="ignore", divide="ignore"):
        at = there(np.asarray(places, dtype=float))
        steps = np.diff(at)
    if not (len(steps) and steps[0] > 0 and np.allclose(steps, steps[0], rtol=1e-6, atol=0)):
        raise ValueError(f"{name} must rise evenly on a {scale} scale, got {places!r}")
    return back(at[0] - steps[0] / 2), back(at[-1] + steps[0] / 2)


def cross_hair(ax: Axes) -> tuple[Line2D, Line2D, Line2D]:
    """Two lines across ``ax`` and a ring where they meet, in the colour of an NGDM run; `aim` moves them."""
    look: dict[str, Any] = {"color": VERMILLION, "linewidth": 1.2}
    (ring,) = ax.plot([], [], "o", markersize=9, markerfacecolor="none", markeredgecolor="white", markeredgewidth=1.8)
    return ax.axvline(1, **look), ax.axhline(1, **look), ring


def aim(hair: tuple[Line2D, Line2D, Line2D], x: float, y: float) -> None:
    """Move a `cross_hair` to (x, y)."""
    across, along, ring = hair
    across.set_xdata([x, x])
    along.set_ydata([y, y])
    ring.set_data([x], [y])


def legend(ax: Axes, *entries: Any, **options: Any) -> None:
    """``ax.legend`` below the curves, so that live keeps it in the background."""
    ax.legend(*entries, **options).set_zorder(1)


def check_words(alt: Any, caption: Any) -> None:
    """TypeError unless ``caption`` is text, ValueError unless ``alt`` is, and not empty."""
    if not isinstance(caption, str):
        raise TypeError(f"caption must be text, got {caption!r}")
    if not alt or not isinstance(alt, str):
        raise ValueError(f"alt must describe the picture in words, got {alt!r}")


class Picture:
    """A static figure as Jupyter shows it: a PNG, with alt text and a caption that states the finding."""

    def __init__(self, figure: Figure, caption: str, alt: str) -> None:
        check_words(alt, caption)
        buffer = io.BytesIO()
        with house():
            figure.savefig(buffer, format="png", dpi=1.5 * figure.dpi)  # sharp on a projector
        self.png, self.caption, self.alt = buffer.getvalue(), caption, alt
        self._size = [round(figure.dpi * inches) for inches in figure.get_size_inches()]

    def _repr_mimebundle_(self, **kwargs):
        return picture_bundle(self.png, *self._size, self.alt, self.caption)


def show(figure: Figure, caption: str, *, alt: str) -> Picture:
    """``figure`` as the value of a cell: ``figures.show(fig, "What it shows.", alt="What is seen.")``."""
    return Picture(figure, caption, alt)


def picture_bundle(
    png: bytes, width: int, height: int, alt: str, caption: str, bundle: dict[str, Any] | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """(data, metadata) of a picture for Jupyter: a PNG, and HTML around it that carries alt text and caption."""
    data = base64.b64encode(_compact(png)).decode("ascii")
    markup = (
        f'<figure style="margin:0"><img alt="{html.escape(alt, quote=True)}" width="{width}" '
        f'src="data:image/png;base64,{data}"/><figcaption><em>{html.escape(caption)}</em></figcaption></figure>'
    )
    metadata = {"image/png": {"alt": alt, "width": width, "height": height}}
    return {**(bundle or {}), "text/plain": alt, "image/png": data, "text/html": markup}, metadata


def _compact(png):
    """The same picture in 256 colours, a third of the bytes, for the notebook to store. White stays white."""
    buffer = io.BytesIO()
    pixels = np.array(Image.open(io.BytesIO(png)).convert("RGB"))
    white = (pixels == 255).all(axis=-1)
    pixels[white] = 0  # keep pure white out of the quantiser, which would merge it with the palest greys
    few = Image.fromarray(pixels).quantize(255, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    indices = np.array(few)
    indices[white] = 255
    stored = Image.fromarray(indices, mode="P")
    stored.putpalette((few.getpalette() + [0] * 768)[:765] + [255] * 3)
    stored.save(buffer, "png", optimize=True)
    return buffer.getvalue()


def canvas_png(canvas: FigureCanvasAgg) -> bytes:
    """What ``canvas`` shows as a PNG, lightly compressed: speed matters more than size on localhost."""
    buffer = io.BytesIO()
    pixels = Image.frombuffer("RGBA", canvas.get_width_height(), canvas.buffer_rgba(), "raw", "RGBA", 0, 1)
    pixels.convert("RGB").save(buffer, format="png", compress_level=1)
    return buffer.getvalue()
