"""A widget's picture against its figure, pixel by pixel."""

import functools
import io
from unittest import mock

import numpy as np
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.ft2font import FT2Font
from PIL import Image

# Before 3.11, matplotlib does not say how Agg lays out a text: the page's letters may stand a pixel beside Agg's.
SAME_LETTERS = hasattr(FT2Font, "_layout")


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def full_redraw(widget):
    """The widget's figure drawn anew from nothing, animated artists included."""
    figure, canvas = widget.figure, widget.figure.canvas
    stale = figure.stale
    with mock.patch.object(canvas, "is_saving", return_value=True):  # as savefig does, which draws twice
        canvas.draw()
    # or else the next move would paint a background of its own, and hide that the old one is wrong
    figure.stale = stale
    return np.array(canvas.buffer_rgba())[..., :3]


@functools.lru_cache(maxsize=4)  # most moves have the background of the move before
def _upside_down(png):
    """The rows of a picture from the lowest up, as Agg draws them."""
    return np.array(Image.open(io.BytesIO(png)).convert("RGBA"))[::-1]


def composed(widget):
    """What the widget sent to the page, put together by Agg: the background, and over it the artists that move."""
    stale = widget.figure.stale
    own = widget.figure.canvas.get_renderer()  # its size need not be whole numbers, and texts are placed by it
    renderer = RendererAgg(own.width, own.height, own.dpi)
    renderer.draw_image(renderer.new_gc(), 0, 0, _upside_down(widget.canvas.ground))
    for artist in widget._moving:
        artist.draw(renderer)
    widget.figure.stale = stale  # see full_redraw; a legend sets it while it is drawn
    return np.array(renderer.buffer_rgba())[..., :3]


def assert_picture_is_current(widget):
    whole = full_redraw(widget)
    assert np.array_equal(composed(widget), whole)
    assert np.array_equal(pixels(widget.png), whole)


def differing(one, other):
    """The share of the pixels of two pictures (height, width, 3) that differ by more than an eighth of the range."""
    return (np.abs(one.astype(np.int16) - other) > 32).any(axis=-1).mean()


def count_full_draws(widget, monkeypatch):
    """A list that grows by one with every background that the widget draws."""
    ground, calls = widget._ground, []
    monkeypatch.setattr(widget, "_ground", lambda: (calls.append(1), ground())[1])
    return calls
