"""Points that are moved by hand: a press or a drag on axes of the figure sets the controls that stand for its place."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from ipywidgets import ValueWidget
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ngdm_helpers.live.controls import nearest, numbers

# Of the horizontal and of the vertical axis: the control that it sets; or None; or a function of the controls' values
# that says where the point is on an axis that sets nothing.
Place = tuple[str | Callable[..., float] | None, str | Callable[..., float] | None]
Planes = Mapping[Axes, Place]


def checked(figure: Figure, drag: Planes, controls: Mapping[str, ValueWidget]) -> dict[Axes, Place]:
    """``drag``, if it names axes of ``figure`` and controls that are numbers. Raises TypeError or ValueError else."""
    for ax, place in drag.items():
        if not isinstance(ax, Axes) or ax.figure is not figure:
            raise TypeError(f"drag must name axes of the figure, got {ax!r}")
        if not isinstance(place, tuple) or len(place) != 2 or not any(isinstance(name, str) for name in place):
            raise ValueError(f"drag must give two controls for axes, one of them may be None, got {place!r}")
        for name in place:
            if isinstance(name, str) and not (name in controls and numbers(controls[name])):
                allowed = ", ".join(key for key, control in controls.items() if numbers(control))
                raise ValueError(f"drag must name sliders of numbers ({allowed}), got {name!r}")
    return dict(drag)


def record(
    figure: Figure, planes: Planes, controls: Mapping[str, ValueWidget], values: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """What the page needs of each of ``planes``, as they are laid out now, at the controls' ``values``.

    {"box": [left, top, width, height] in shares of the figure, "at": the point, [x, y] in shares of the box from its
    top left corner, each of them None where there is a line across, "sets": labels of the controls}.
    """
    said = []
    for ax, place in planes.items():
        box = ax.bbox.transformed(figure.transFigure.inverted())
        at = [values[one] if isinstance(one, str) else one(**values) if one else None for one in place]
        # a coordinate that is not there is put on the axes' own limits, where any scale has a place for it
        data = [
            limits[0] if one is None else one for one, limits in zip(at, (ax.get_xlim(), ax.get_ylim()), strict=True)
        ]
        x, y = ax.transAxes.inverted().transform(ax.transData.transform(data))
        shares = [
            None if one is None or not np.isfinite(s) else float(s) for one, s in zip(at, (x, 1 - y), strict=True)
        ]
        entry = {"box": [float(number) for number in (box.x0, 1 - box.y1, box.width, box.height)], "at": shares}
        said.append(entry | {"sets": [controls[one].description for one in place if isinstance(one, str)]})
    return said


def reached(ax: Axes, place: Place, x: float, y: float, controls: Mapping[str, ValueWidget]) -> dict[str, Any]:
    """{control: value} at shares (x, y) of ``ax`` from its top left corner: of each control, the nearest place."""
    data = ax.transData.inverted().transform(ax.transAxes.transform((x, 1 - y)))
    chosen = zip(place, data, strict=True)
    return {name: nearest(controls[name], float(value)) for name, value in chosen if isinstance(name, str)}
