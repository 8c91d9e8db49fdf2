"""A widget's picture against its figure, pixel by pixel."""

import io
from unittest import mock

import numpy as np
from PIL import Image


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


def assert_picture_is_current(widget):
    assert np.array_equal(pixels(widget.png), full_redraw(widget))


def count_full_draws(widget, monkeypatch):
    """A list that grows by one with every full redraw of the widget's figure."""
    canvas, calls = widget.figure.canvas, []
    draw = canvas.draw
    monkeypatch.setattr(canvas, "draw", lambda: (calls.append(1), draw())[1])
    return calls
