"""Runs in time: which lines of a figure are made of steps, and where each step is, for the page to play."""

from collections.abc import Iterable, Mapping
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

Runs = Mapping[Line2D, tuple[int, int]]  # line: the step of its first point, and how many points a step has
# Turns up and down on a course over the steps, from which on its points are drawn without the line that joins them:
# more would make a solid block, where two rows of points show the two branches of a 2-cycle.
MOST_TURNS = 60
POINTS = {"linewidth": 0, "marker": ".", "markersize": 3}


def checked(
    figure: Figure, play: Iterable[Line2D | tuple[Line2D, int, int]], readings: Mapping[str, Line2D]
) -> dict[Line2D, tuple[int, int]]:
    """``play``, lines or (line, first step, points a step), as `Runs`; a line alone begins with step 0, a point a step.

    Raises TypeError or ValueError unless they are lines of ``figure``, and the lines of ``readings`` among them.
    """
    runs = {}
    for entry in play:
        line, first, every = entry if isinstance(entry, tuple) else (entry, 0, 1)
        if not isinstance(line, Line2D) or line.figure is not figure:
            raise TypeError(f"play must name lines of the figure, got {line!r}")
        if not isinstance(first, int) or first < 0 or not isinstance(every, int) or every < 1:
            raise ValueError(f"play must give a first step ≥ 0 and at least one point a step, got {first!r}, {every!r}")
        runs[line] = first, every
    if unknown := [name for name, line in readings.items() if line not in runs]:
        raise ValueError(f"readings must be of lines in play, got {', '.join(unknown)}")
    return runs


def draw_turns(runs: Runs, looks: Mapping[Line2D, Mapping[str, Any]]) -> None:
    """Draw each course of ``runs`` as in ``looks``, {line: properties}, or as points where it turns too often."""
    for line in runs:
        x, y = np.asarray(line.get_xydata(), dtype=float).T
        rises = np.diff(y)
        turns = 0 if _in_plane(x) else int((rises[1:] * rises[:-1] < 0).sum())
        if turns > MOST_TURNS and look(line) != POINTS:
            # before 3.11, matplotlib scales dashes by the width, and then refuses to draw dashes of length 0
            with mpl.rc_context({"lines.scale_dashes": False}):
                line.set(**POINTS)
        elif turns <= MOST_TURNS and look(line) != looks[line]:
            line.set(**looks[line])


def look(line: Line2D) -> dict[str, Any]:
    """What `draw_turns` may change of a line, as it is now."""
    return {name: getattr(line, f"get_{name}")() for name in POINTS}


def _in_plane(x):
    """Whether these are abscissas of a path in the plane, not of a course over the steps."""
    return not bool((np.diff(x) > 0).all())


def record(
    runs: Runs,
    readings: Mapping[str, Line2D],
    sound: Line2D | None,
    spans: Mapping[Any, tuple[int, int]],
    height: float,
    start: int,
) -> tuple[dict[str, Any], bytes]:
    """What the page needs to play ``runs``: plain data, and float32 numbers that follow the draw list's ``start``.

    {"last": the last step, "lines": […], "readings": {name: [first number, points, first step]}, "sound": [first
    number, points] of the heights that are heard, or None}. A line is {"ops": its span of ops, "points": [first number,
    points], "first": the step of its first point, "every": points a step, "color", "plane": whether it is a path in a
    plane rather than a course over the steps}. Points are in pixels from the top left corner.
    """
    lines, numbers, last = [], [np.empty(0)], 0

    def put(values):
        nonlocal start
        begin, flat = start, np.ravel(values)
        numbers.append(flat)
        start += flat.size
        return begin

    for line, (first, every) in runs.items():
        data = np.asarray(line.get_xydata(), dtype=float)
        if len(data) < 2 or line not in spans or not line.get_visible():
            continue
        points = line.get_transform().transform(data) * (1, -1) + (0, height)
        last = max(last, first + (len(data) - 1) // every)
        entry = {"ops": list(spans[line]), "points": [put(points), len(points)], "first": first, "every": every}
        lines.append(entry | {"color": to_hex(line.get_color()), "plane": _in_plane(data[:, 0])})
    said = {}
    for name, line in readings.items():
        values = np.asarray(line.get_ydata(), dtype=float)
        said[name] = [put(values), len(values), runs[line][0]]
    heard = None if sound is None else np.asarray(sound.get_ydata(), dtype=float)
    ear = None if heard is None else [put(heard), len(heard)]
    with np.errstate(over="ignore"):  # beyond 10³⁸ a point is off every page
        floats = np.concatenate(numbers).astype("<f4").tobytes()
    return {"last": last, "lines": lines, "readings": said, "sound": ear}, floats
