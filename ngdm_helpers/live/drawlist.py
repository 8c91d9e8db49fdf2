"""A draw list: what artists draw, as a few shapes for a canvas in the page, in place of pixels.

`Recorder.record` draws artists with a renderer that keeps what it is told. Its result is plain data, which ipywidgets
sends as JSON and buffers:

    {"ops": "[…]", "numbers": float32 as bytes, "images": [RGBA as bytes, …]}

The ops are JSON already, for ipywidgets looks for bytes in every list that it sends. Coordinates are pixels of the
figure at its own dpi, from the top left corner. An op is one of

    ["path", outline, pen, fill, clip]
    ["stamp", outline, places, pen, fill, clip]           the outline, drawn at each of the places
    ["image", index, width, height, left, top, clip]      row by row, from the top

outline: [first number, points, first code], matplotlib's codes among the numbers, or −1 for one polyline.
places: [first number, points]. pen: [colour, width, cap, join, dashes, offset], or 0. fill: a colour, or 0.
clip: [left, top, width, height, outline or 0], or 0.

Lines are snapped to pixels and markers are placed as Agg does it, so that the two pictures agree. Text is an outline as
well, with Agg's own layout and hinting: no font has to reach the page, letters stand where matplotlib measured them on
every system, and they stay sharp when the page is enlarged.
"""

import functools
import json
import math
import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backend_bases import GraphicsContextBase, RendererBase
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg, get_hinting_flag
from matplotlib.colors import to_hex
from matplotlib.font_manager import FontProperties
from matplotlib.ft2font import FT2Font
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.textpath import text_to_path
from matplotlib.transforms import Affine2D, Transform
from matplotlib.typing import ColorType

# Before 3.11, matplotlib does not tell how it lays a text out: then its letters are those of its vector formats.
_LAYOUT = hasattr(FT2Font, "_layout")
# Collections of more shapes than this (meshes, clouds of many colours) are one image: the page paints it faster.
MOST_SHAPES = 1000
# Of markers that fall on one pixel so many are drawn, and of more markers than that one: an oscillation has few places.
MOST_ALIKE, MOST_PLACES = 20, 1000
# Latin, Greek, Cyrillic, and signs; digits one by one, and what stands between them
_SIMPLE = re.compile("[ -\u02ff\u0370-\u0482\u2010-\u20cf\u2100-\u2bff]*").fullmatch  # no combining marks
_PARTS = re.compile(r"[0-9]|[^0-9]+").findall


class Recorder(RendererBase):
    """matplotlib's drawing commands in, a draw list out. One for a figure: it remembers how wide its texts are."""

    def __init__(self, canvas: FigureCanvasAgg) -> None:
        super().__init__()
        self._canvas = canvas
        self.width, self.height = canvas.get_width_height()
        self.dpi = canvas.figure.dpi
        self._flip = Affine2D().scale(1, -1).translate(0, self.height).get_matrix()
        self.keep(())

    def keep(self, artists: Iterable[Artist]) -> None:
        """Draw ``artists`` now, once: `record` takes them as they are, until one of them says that it has changed."""
        self._kept: dict[Artist, list[Any]] = {}
        self._ops: list[Any] = []
        self._images: list[bytes] = []
        self._numbers: list[np.ndarray] = []
        self._count = 0  # of numbers so far
        for artist in artists:
            first = len(self._ops)
            artist.draw(self)
            self._kept[artist] = self._ops[first:]
        self.spans: dict[Artist, tuple[int, int]] = {}
        self._start = self._images, self._numbers, self._count

    def record(self, artists: Iterable[Artist]) -> dict[str, Any]:
        """The draw list of ``artists``, in their order, as the canvas's own renderer would draw them.

        ``spans`` then says which ops are whose: {artist: (first op, one past its last)}.
        """
        if any(artist.stale for artist in self._kept):
            self.keep(self._kept)
        images, numbers, self._count = self._start
        self._ops, self._images, self._numbers, self.spans = [], [*images], [*numbers], {}
        for artist in artists:
            first = len(self._ops)
            if artist in self._kept:
                self._ops += self._kept[artist]
            else:
                artist.draw(self)
            self.spans[artist] = first, len(self._ops)
        data = np.concatenate([np.empty(0), *self._numbers]).astype("<f4").tobytes()
        return {"ops": json.dumps(self._ops), "numbers": data, "images": self._images}

    # --- what matplotlib asks of a renderer

    def get_canvas_width_height(self) -> tuple[float, float]:
        return self.width, self.height

    def get_text_width_height_descent(self, s: str, prop: FontProperties, ismath: Any) -> tuple[float, float, float]:
        if ismath == "TeX" or not _LAYOUT:
            return self._canvas.get_renderer().get_text_width_height_descent(s, prop, ismath)
        return _letters(s, prop.copy(), self.dpi, ismath, get_hinting_flag(), None, None).size

    def points_to_pixels(self, points: Any) -> Any:
        return points * self.dpi / 72

    def draw_path(
        self, gc: GraphicsContextBase, path: Path, transform: Transform, rgbFace: ColorType | None = None
    ) -> None:
        if not _smooth(gc):
            return self._by_agg(lambda agg: agg.draw_path(gc, path, transform, rgbFace))
        pen, fill = self._pen(gc), _fill(gc, rgbFace)
        if pen or fill:
            box = None if fill else (-1, -1, self.width + 1, self.height + 1)
            shape = self._cleaned(path, transform, gc, clip=box, simplify=path.should_simplify and not fill)
            self._add("path", gc, self._outline(shape), pen, fill)

    def draw_markers(
        self,
        gc: GraphicsContextBase,
        marker_path: Path,
        marker_trans: Transform,
        path: Path,
        trans: Transform,
        rgbFace: ColorType | None = None,
    ) -> None:
        if not _smooth(gc):
            return self._by_agg(lambda agg: agg.draw_markers(gc, marker_path, marker_trans, path, trans, rgbFace))
        pen, fill, width = self._pen(gc), _fill(gc, rgbFace), self._width(gc)
        matrix = tuple(marker_trans.get_matrix().ravel().tolist())
        outline, reach = _marker(marker_path, matrix, width, gc.get_snap(), gc.get_sketch_params())
        places = np.floor(trans.transform(path.vertices) * (1, -1) + (0.5, self.height + 0.5))
        inside = ((places > -reach) & (places < (self.width + reach, self.height + reach))).all(axis=1)  # no NaN is
        places = places[inside]
        if len(places) > MOST_ALIKE and all(colour.endswith("ff") for colour in (fill, pen and pen[0]) if colour):
            # an opaque marker adds nothing to its like but, for the first few, to their edges: of each pixel, the last
            alike = 1 if len(places) > MOST_PLACES else MOST_ALIKE
            pixels = places[::-1] @ (1, 1 << 16)
            order = np.argsort(pixels, kind="stable")
            first = np.searchsorted(pixels[order], pixels[order])  # of the same pixel, in this order
            last = order[np.arange(len(order)) - first < alike]
            places = places[len(places) - 1 - np.sort(last)[::-1]]
        if len(places) and (pen or fill):
            self._add("stamp", gc, self._outline(outline), [self._put(places), len(places)], pen, fill)

    def draw_path_collection(self, *arguments: Any, **options: Any) -> None:
        gc, _, paths, transforms, offsets, *rest = arguments
        antialiased = rest[5]
        if max(map(len, (paths, transforms, offsets))) > MOST_SHAPES or gc.get_hatch() or not all(antialiased):
            return self._by_agg(lambda agg: agg.draw_path_collection(*arguments, **options))
        super().draw_path_collection(*arguments, **options)

    def draw_quad_mesh(self, *arguments: Any, **options: Any) -> None:
        self._by_agg(lambda agg: agg.draw_quad_mesh(*arguments, **options))

    def draw_gouraud_triangles(self, *arguments: Any, **options: Any) -> None:
        self._by_agg(lambda agg: agg.draw_gouraud_triangles(*arguments, **options))

    def draw_image(self, gc: GraphicsContextBase, x: float, y: float, im: Any, transform: Any = None) -> None:
        left, bottom = np.floor(np.array([x, y]) + 0.5)
        self._image(gc, np.asarray(im)[::-1], left, self.height - bottom - len(im))

    def draw_text(
        self,
        gc: GraphicsContextBase,
        x: float,
        y: float,
        s: str,
        prop: FontProperties,
        angle: float,
        ismath: Any = False,
        mtext: Text | None = None,
    ) -> None:
        if not _LAYOUT:
            size = self.points_to_pixels(prop.get_size_in_points()) / text_to_path.FONT_SCALE
            place = Affine2D().scale(size).rotate_deg(angle).translate(x, self.height - y)
            flat = self.new_gc()
            flat.copy_properties(gc)
            flat.set_linewidth(0)
            return self.draw_path(flat, _outlines(s, prop.copy(), ismath), place, gc.get_rgb())
        features = (mtext.get_fontfeatures(), mtext.get_language()) if mtext is not None else (None, None)
        outline, bars, _ = _letters(s, prop.copy(), self.dpi, ismath, get_hinting_flag(), *features)
        place = Affine2D().rotate_deg(angle).translate(x, self.height - y)
        if len(outline.vertices):
            onto = Affine2D(self._flip @ place.get_matrix())
            colour = to_hex(gc.get_rgb(), keep_alpha=True)
            self._add("path", gc, self._outline(onto.transform_path(outline)), 0, colour)
        for left, bottom, width, height in bars:
            bar = self.new_gc()
            bar.copy_properties(gc)
            bar.set_linewidth(0)
            thin = max(0, 1 - height)  # the bar of a fraction does not vanish between two pixels
            corners = Path.unit_rectangle().transformed(
                Affine2D().scale(width, height + thin).translate(left, bottom - thin / 2)
            )
            self.draw_path(bar, corners, place, gc.get_rgb())

    # --- the ops

    def _add(self, kind, gc, outline, *rest):
        if outline[1]:
            self._ops.append([kind, outline, *rest, self._clip(gc)])

    def _put(self, numbers):
        start, flat = self._count, np.ravel(numbers)
        self._numbers.append(flat)
        self._count += flat.size
        return start

    def _outline(self, path):
        vertices, codes = path.vertices, path.codes
        if len(codes) and codes[-1] == Path.STOP:
            vertices, codes = vertices[:-1], codes[:-1]
        one_line = (codes[1:] == Path.LINETO).all()
        return [self._put(vertices), len(vertices), -1 if one_line else self._put(codes)]

    def _cleaned(self, path, transform, gc, clip=None, simplify=False, **snap):
        """The path in the canvas's pixels, as Agg prepares it: without what is not finite, snapped, simplified."""
        snap = snap or {"snap": gc.get_snap()}
        onto = Affine2D(self._flip @ transform.get_matrix())
        width, sketch = self._width(gc), gc.get_sketch_params()
        return path.cleaned(onto, True, clip, simplify=simplify, curves=True, stroke_width=width, sketch=sketch, **snap)

    def _width(self, gc):
        visible = len(gc.get_rgb()) == 3 or gc.get_rgb()[3] > 0
        return float(self.points_to_pixels(gc.get_linewidth())) if visible else 0.0

    def _pen(self, gc):
        if not (width := self._width(gc)):
            return 0
        offset, dashes = gc.get_dashes()
        scaled = [round(float(self.points_to_pixels(dash)), 3) for dash in (() if dashes is None else dashes)]
        start = round(float(self.points_to_pixels(offset or 0)), 3)
        colour = to_hex(gc.get_rgb(), keep_alpha=True)
        return [colour, round(width, 3), str(gc.get_capstyle()), str(gc.get_joinstyle()), scaled, start]

    def _clip(self, gc):
        box, (path, transform) = gc.get_clip_rectangle(), gc.get_clip_path()
        if box is None and path is None:
            return 0
        extents = (0, 0, self.width, self.height) if box is None else box.extents.tolist()
        x0, y0, x1, y1 = (math.floor(number + 0.5) for number in extents)
        rectangle = [x0, self.height - y1, x1 - x0, y1 - y0]
        return [*rectangle, 0 if path is None else self._outline(self._cleaned(path, transform, gc, snap=False))]

    def _image(self, gc, pixels, left, top):
        height, width = pixels.shape[:2]
        self._images.append(pixels.tobytes())
        self._ops.append(["image", len(self._images) - 1, width, height, int(left), int(top), self._clip(gc)])

    def _by_agg(self, draw: Callable[[RendererAgg], None]) -> None:
        """Hatches, meshes and edges that are not smoothed, which a canvas has not: an image."""
        agg = self._canvas.get_renderer()
        agg.clear()
        draw(agg)
        pixels = np.asarray(agg.buffer_rgba())
        rows, columns = box = around(pixels[..., 3] > 0)
        if pixels[box].size:
            self._image(self.new_gc(), pixels[box], columns.start, rows.start)


def around(drawn: np.ndarray) -> tuple[slice, slice]:
    """The rows and columns of the smallest box with all that is true in ``drawn``, (height, width); empty for none."""
    rows, columns = (np.flatnonzero(drawn.any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        return slice(0), slice(0)
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


class _Letters(NamedTuple):
    """A text that begins at the origin, in pixels, y upwards."""

    outline: Path
    bars: list[tuple[float, float, float, float]]  # left, bottom, width, height: the lines of fractions and roots
    size: tuple[float, float, float]  # width, height, descent


@functools.lru_cache(256)
def _letters(text, prop, dpi, ismath, flags, features, language):
    """The letters of a text, laid out, hinted and measured as `RendererAgg` does it."""
    if ismath:
        parsed = RendererAgg(1, 1, dpi).mathtext_parser.parse(text, dpi, prop)
        glyphs = [(x, y, _glyph(font, size, dpi, index, flags)) for font, size, _, index, x, y in parsed.glyphs]
    else:
        glyphs = _typesetter(prop, dpi, flags, features, language)(text)
    outline = _joined(glyphs)
    if ismath:
        return _Letters(outline, parsed.rects, (parsed.width, parsed.height, parsed.depth))
    heights = outline.vertices[outline.codes != Path.CLOSEPOLY, 1]
    low, high = (heights.min(), heights.max()) if heights.size else (0.0, 0.0)
    end = glyphs[-1][0] + glyphs[-1][2][2] if glyphs else 0.0
    return _Letters(outline, [], (end, high - low, -low))


@functools.lru_cache(256)
def _outlines(text, prop, ismath):
    """The letters of a text as matplotlib's vector formats have them, `FONT_SCALE` units high."""
    if ismath:
        return Path(*text_to_path.get_text_path(prop, text, ismath))
    return _joined(_vector_typesetter(prop)(text))


def _joined(glyphs):
    """The outline of a text that is laid out: [(x, y, (points, codes, …)), …]."""
    if not glyphs:
        return Path(np.empty((0, 2)), np.empty(0, Path.code_type))
    outlines = [points for _, _, (points, *_) in glyphs]
    places = np.repeat([(x, y) for x, y, _ in glyphs], [len(points) for points in outlines], axis=0)
    return Path(np.concatenate(outlines) + places, np.concatenate([glyph[1] for _, _, glyph in glyphs]))


@functools.lru_cache(64)
def _typesetter(prop, dpi, flags, features, language):
    """A function that lays a text out as `RendererAgg` does: [(x, y, its `_glyph`), …]."""

    def whole(text):
        font, size = RendererAgg(1, 1, dpi)._prepare_font(prop), prop.get_size_in_points()
        items = font._layout(text, flags=flags, features=features, language=language)
        return [(item.x, item.y, _glyph(item.ft_object, size, dpi, item.glyph_index, flags)) for item in items]

    return _in_parts(whole)


@functools.lru_cache(64)
def _vector_typesetter(prop):
    """A function that lays a text out as matplotlib's vector formats have it: [(x, y, (points, codes)), …]."""
    outlines = {}

    def whole(text):
        glyphs, new, _ = text_to_path.get_glyphs_with_font(text_to_path._get_font(prop), text)
        return [(x, y, outlines.setdefault(name, new[name])) for name, x, y, _ in glyphs]

    return _in_parts(whole)


def _in_parts(whole):
    """``whole``, a function that lays a text out, asked for parts alone: digits, and what stands between them.

    It is asked once for each: of a title that moves with a slider little else changes, and to lay it out anew is a
    quarter of what a move costs. Only scripts in which a letter depends on no more than its neighbour are taken apart.
    """
    whole = functools.lru_cache(1024)(whole)

    def laid_out(text):
        if not _SIMPLE(text):
            return whole(text)
        glyphs, before, x = [], "", 0.0
        for part in _PARTS(text):
            if before:
                pair = whole(before + part[0])
                if len(pair) != 2 or pair[0][2] is not glyphs[-1][2]:  # a letter melts into its neighbour
                    return whole(text)
                x = glyphs[-1][0] + pair[1][0] - pair[0][0]
            glyphs += [(x + place, y, glyph) for place, y, glyph in whole(part)]
            before = part[-1]
        return glyphs

    return laid_out


@functools.lru_cache(1024)
def _glyph(font, size, dpi, index, flags):
    """(points, codes, advance) of a letter's outline, hinted for this size, in pixels, y upwards."""
    font.set_size(size, dpi)
    advance = font.load_glyph(index, flags=flags).horiAdvance / 64
    points, codes = font.get_path()
    return points.reshape(-1, 2), codes, advance


@functools.lru_cache(256)
def _marker(path, matrix, width, snap, sketch):
    """(outline, reach) of a marker about its place, as Agg snaps it, in pixels, y downwards."""
    onto = Affine2D(np.reshape(matrix, (3, 3))).scale(1, -1)

    def cleaned(snap):
        return path.cleaned(onto, True, None, curves=True, stroke_width=width, sketch=sketch, snap=snap)

    shape = cleaned(snap)
    vertices, codes = shape.vertices, shape.codes
    if not snap and np.array_equal(vertices, cleaned(False).vertices):
        vertices = vertices + 0.5  # as Agg has it: what is not snapped is centred on a pixel
    return Path(vertices, codes), np.abs(vertices).max(initial=0) + width


def _fill(gc, rgb_face):
    if rgb_face is None:
        return 0
    alpha = gc.get_alpha() if gc.get_forced_alpha() or len(rgb_face) == 3 else rgb_face[3]
    return to_hex((*rgb_face[:3], alpha), keep_alpha=True) if alpha else 0


def _smooth(gc: GraphicsContextBase) -> bool:
    return bool(gc.get_antialiased()) and gc.get_hatch() is None
