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
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILLION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"

NGDM = {"color": VERMILLION, "linestyle": "-"}
NGDM_LARGE = {"color": BLUE, "linestyle": "-"}  # the second NGDM run of a pair: the large penalty
SMOOTH = {"color": SKY, "linestyle": "-."}
MOMENTUM = {"color": ORANGE, "linestyle": "-"}
ADAM = {"color": BLUE, "linestyle": "-"}
PROXIMAL = {"color": GREEN, "linestyle": (0, (3, 1, 1, 1, 1, 1))}
THEORY = {"color": BLACK, "linestyle": "--"}
THRESHOLD = {"color": "0.5", "linestyle": ":"}

# Where drawing goes is no matter of style.
_HOUSE: dict[Any, Any] = {
    name: value for name, value in mpl.rcParamsDefault.items() if not name.startswith(("backend", "interactive"))
}
_HOUSE |= {
    "axes.titlesize": 12,
    "axes.labelsize": 12,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,  # ticks and grid below every curve: part of live's background
    "grid.color": "0.9",
    "figure.dpi": 100,
}


def house() -> contextlib.AbstractContextManager[None]:
    """A context in which matplotlib has the house style and nothing of the user's own settings."""
    other = {name: value for name, value in _HOUSE.items() if mpl.rcParams[name] != value}
    return mpl.rc_context(other) if other else contextlib.nullcontext()


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
