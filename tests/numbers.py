"""What every explorer computes, read off its lines and titles: a test compares CPython's with Pyodide's.

Runs as it is in Pyodide (``run.mjs``), where there is no package ``tests``: run.mjs … tests/numbers.py [EXPLORER …]
"""

import json
import pathlib
import sys

import numpy as np

from ngdm_helpers.course import explorers, problems
from ngdm_helpers.live.controls import stops


def states(figure):
    """The start, both ends of each control or all of its options, and the marks: {name: values}."""
    # counted, not named by its value, which may have another last digit
    ends = {f"{key} {k}": {key: v} for key, control in figure.controls.items() for k, v in enumerate(stops(control))}
    return {"start": {}, **ends, **figure.marks}


def of_explorer(name):
    """({"state/line": (points, 2)}, {state: titles}) of an explorer at all of its `states`."""
    made = getattr(explorers, name)
    figure = made(problems.KINKS) if name == "subdifferential" else made()
    start, data, titles = figure.values, {}, {}
    for label, state in states(figure).items():
        figure.set(**{**start, **state})
        for number, line in enumerate(line for ax in figure.figure.axes for line in ax.lines):
            data[f"{label}/{number}"] = np.array(line.get_xydata(), dtype=float)
        titles[label] = figure.canvas.frame["titles"]
    return data, titles


def main(out, *names):
    """Write NAME.npz and NAME.json of each explorer to the folder ``out``."""
    for name in names or explorers.__all__:
        data, titles = of_explorer(name)
        np.savez(out / f"{name}.npz", **{str(k): points for k, points in enumerate(data.values())})
        (out / f"{name}.json").write_text(json.dumps({"lines": list(data), "titles": titles}), encoding="utf-8")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), *sys.argv[2:])
