"""Figures: what a stored picture keeps, and the house style among other people's styles."""

import base64
import functools
import io

import matplotlib as mpl
import numpy as np
import pytest
from cycler import cycler
from matplotlib.style import library as STYLES
from PIL import Image

from ngdm_helpers import figures
from ngdm_helpers.course import explorers


def test_a_stored_picture_keeps_white_apart_from_the_palest_grey():
    figure, ax = figures.new(size=(4, 3))
    ax.axvspan(0.5, 1, color="0.95")
    ax.plot(np.linspace(0, 1, 50), np.random.default_rng(0).uniform(size=50), **figures.NGDM)
    ax.set(xlim=(0, 1))
    data, metadata = figures.show(figure, "Finding.", alt="Words.")._repr_mimebundle_()
    stored = np.asarray(Image.open(io.BytesIO(base64.b64decode(data["image/png"]))).convert("RGB")).reshape(-1, 3)
    shades = {tuple(map(int, pixel)) for pixel in np.unique(stored, axis=0)}
    assert (255, 255, 255) in shades and len(shades) <= 256
    assert any(abs(red - 242) <= 6 and red == green == blue for red, green, blue in shades)
    assert metadata["image/png"]["alt"] == "Words." and "Finding." in data["text/html"]


def test_a_picture_without_words_is_refused():
    with pytest.raises(ValueError, match="alt must describe the picture in words, got ''"):
        figures.show(figures.new()[0], "Finding.", alt="")


# What people put into a matplotlibrc, a startup file or a first cell.
HOSTILE = {
    "dark": STYLES["dark_background"],
    "ggplot": STYLES["ggplot"],
    "seaborn": STYLES["seaborn-v0_8-poster"],
    "TeX": {"text.usetex": True, "font.family": "serif"},
    "large type": {"font.size": 20, "axes.titlesize": "xx-large", "xtick.labelsize": 25},
    "markers": {"lines.marker": "x", "lines.markersize": 15, "lines.linestyle": "--"},
    "xkcd": {"path.sketch": (1, 100, 2), "path.effects": []},
    "saved grey": {
        "savefig.facecolor": "0.5",
        "savefig.dpi": 300,
        "savefig.bbox": "tight",
        "savefig.transparent": True,
    },
    "spines": {"axes.spines.top": True, "axes.spines.left": False, "axes.linewidth": 5, "axes.edgecolor": "red"},
    "ticks": {"xtick.top": True, "ytick.direction": "in", "xtick.minor.visible": True, "ytick.labelleft": False},
    "no minus": {"axes.unicode_minus": False, "axes.formatter.limits": (0, 0), "axes.formatter.useoffset": False},
    "margins": {"axes.xmargin": 0.5, "axes.autolimit_mode": "round_numbers", "figure.autolayout": True},
    "sharp edges": {
        "lines.antialiased": False,
        "text.antialiased": False,
        "text.hinting": "none",
        "path.simplify": False,
    },
    "colours": {"axes.prop_cycle": cycler(color=["y"]), "text.color": "m", "axes.labelcolor": "c", "grid.color": "k"},
    "legends": {"legend.frameon": False, "legend.loc": "center", "legend.numpoints": 3, "scatter.marker": "v"},
    "layout": {"figure.dpi": 200, "figure.figsize": (2, 2), "figure.constrained_layout.use": True, "hatch.color": "r"},
}


def pictures():
    """A static figure and a slider before and after a move, as bytes."""
    figure, ax = figures.new(size=(4, 3))
    x = np.linspace(0, 1, 50)
    ax.plot(x, 1e5 * (x - 0.5), label="a line")
    ax.scatter(x, x)
    ax.fill_between(x, -x, x, alpha=0.3)
    ax.set(xlabel="x", title="Title −1", xscale="log")
    figures.legend(ax)
    slider = explorers.relu_loss()
    shown = [figures.show(figure, "Finding.", alt="Words.").png, slider.png]
    slider.set(lam1=0.5)
    return [*shown, slider.png]


plain_pictures = functools.cache(pictures)


@pytest.mark.slow
@pytest.mark.parametrize("style", HOSTILE)
def test_the_house_style_holds_under_the_users_settings_and_leaves_them(style):
    expected = plain_pictures()
    with mpl.rc_context(HOSTILE[style]):
        before = dict(mpl.rcParams)
        assert pictures() == expected
        assert dict(mpl.rcParams) == before
