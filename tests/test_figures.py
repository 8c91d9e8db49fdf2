"""Figures: what a stored picture keeps."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from ngdm_helpers import figures


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
