"""Run in Pyodide under Node, when the site is built: what each page shows before Python has arrived, and the bundle.

Usage: run.mjs RELEASE STAGE OUT store.py NAME … See `course.site` for the folders.
"""

import gzip
import importlib.metadata
import importlib.util
import itertools
import json
import marshal
import math
import pathlib
import sys
import zipfile

import numpy as np

import ngdm_helpers
from ngdm_helpers.course.site import kernel

ROOMY = 500  # an explorer with at most so many states has each of them stored,
MOST_BYTES = 3_000_000  # unless they weigh more than that: Python is there sooner
GRID = 16  # places a pixel at which stored shapes lie: their numbers pack to half the size, and no eye tells
FINE = 2.0  # pixels of a stored background per pixel of the figure: sharp on a phone and on most laptops
SITE = pathlib.Path(ngdm_helpers.__file__).parents[1]
# Of matplotlib's fonts the house's own, and those that it looks up whenever a text has a formula in it.
FONTS = ("DejaVuSans*.ttf", "STIXGeneral.ttf", "STIXNonUni.ttf", "STIXSiz*SymReg.ttf", "cm*.ttf")
# Modules of the standard library for terminals, networks and processes, which a page has not.
UNUSABLE = ("_pyrepl/", "doctest", "ftplib", "http/", "imaplib", "mailbox", "multiprocessing/", "pdb", "pydoc")
UNUSABLE += ("smtplib", "unittest/", "xml/", "xmlrpc/")
VERSIONS = ("anywidget", "matplotlib", "numpy", "pillow")  # packages that are asked for their version


def store(name, folder):
    """Write what the page of explorer ``name`` needs, opening.bin, and states.bin where they are few; a summary."""
    figure, boxes = kernel.make(name, FINE)
    every = {key: kernel.places(control) for key, control in figure.controls.items()}
    count, start, pack = math.prod(map(len, every.values())), figure.values, _Pack()
    head = {"root": figure.model_id, "controls": {key: one.model_id for key, one in figure.controls.items()}}
    head |= {"opening": pack.put(kernel.models(name)), "boxes": boxes, "more": False}
    opening, marks = _places(figure), {}
    states = {_key(opening): pack.put(kernel.shown(figure))}
    for label, mark in figure.marks.items():
        figure.set(**start)
        figure.set(**mark)
        at = _places(figure)
        marks[figure.buttons[label].model_id] = {key: k for key, k in at.items() if key in mark or k != opening[key]}
        states[_key(at)] = pack.put(kernel.shown(figure))
    folder.mkdir(parents=True, exist_ok=True)
    first, first_pack = states, pack
    if count <= ROOMY:
        states, pack = {}, _Pack()
        for at in itertools.product(*every.values()):
            figure.set(**{key: kernel.value(figure.controls[key], k) for key, k in zip(every, at, strict=True)})
            states[_key(_places(figure))] = pack.put(kernel.shown(figure))
        every_state = _packed({"states": states}, pack)
        head["more"] = len(every_state) <= MOST_BYTES
        if head["more"]:
            (folder / "states.bin").write_bytes(every_state)
    (folder / "opening.bin").write_bytes(_packed({**head, "marks": marks, "states": first}, first_pack))
    figure.set(**start)
    (folder / "picture.png").write_bytes(figure.png)
    width, height = figure.figure.canvas.get_width_height()
    return {"alt": figure.alt, "caption": figure.caption, "width": width, "height": height, "states": count}


def _places(figure):
    return {key: kernel.place(control) for key, control in figure.controls.items()}


def _key(places):
    return ",".join(map(str, places.values()))


class _Pack:
    """Buffers, each of them once."""

    def __init__(self):
        self.buffers = {}

    def put(self, states):
        """``states``, as `kernel.state` gives them, as [messages, numbers of their buffers]."""
        messages, numbers = [], []
        for message, buffers in states:
            messages.append(message)
            if ["frame", "numbers"] in message[2]:
                at = message[2].index(["frame", "numbers"])
                buffers = [*buffers[:at], _coarse(message[1]["frame"], buffers[at]), *buffers[at + 1 :]]
            numbers += [self.buffers.setdefault(bytes(one), len(self.buffers)) for one in buffers]
        return [messages, numbers]


def _coarse(frame, numbers):
    """The numbers of a frame on the `GRID`; what the page reads out or makes audible is no place, and stays."""
    exact = np.frombuffer(numbers, "<f4")
    coarse = np.round(exact * GRID) / GRID
    play = frame.get("play", {})
    for start, count, *_ in filter(None, [*play.get("readings", {}).values(), play.get("sound")]):
        coarse[start : start + count] = exact[start : start + count]
    return coarse.astype("<f4").tobytes()


def _packed(head, pack):
    head["sizes"] = [len(data) for data in pack.buffers]
    text = json.dumps(head, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    body = len(text).to_bytes(4, "little") + text + b"".join(pack.buffers)
    return gzip.compress(body, 9, mtime=0)


def bundle(folder):
    """Write bundle.zip: every module that is loaded now, compiled, and the data they read. Gives its size."""
    files = {pathlib.Path(module.__file__) for module in [*sys.modules.values()] if getattr(module, "__file__", None)}
    files = {file for file in files if file.is_relative_to(SITE)}
    data = SITE / "matplotlib" / "mpl-data"
    fonts = {font for pattern in FONTS for font in data.glob(f"fonts/ttf/{pattern}")}
    files |= fonts | {data / "matplotlibrc"} | {*SITE.glob("ngdm_helpers/course/recorded/*.json")}
    files |= {*SITE.glob("ngdm_helpers/live/*.mjs"), *SITE.glob("ngdm_helpers/live/*.css")}
    for name in VERSIONS:
        files.add(SITE / importlib.metadata.distribution(name)._path / "METADATA")
    with _archive(folder / "bundle.zip") as archive:
        for file in sorted(files):
            _add(archive, str(file.relative_to(SITE)), file.read_bytes(), compiled=file.suffix == ".py")
        # Pyodide's matplotlib comes with its list of fonts; what is not in the bundle must not be in the list
        fonts_known = "matplotlib/fontlist.json"
        known, names = json.loads((SITE / fonts_known).read_text()), {str(font.relative_to(data)) for font in fonts}
        known["ttflist"], known["afmlist"] = [one for one in known["ttflist"] if one["fname"] in names], []
        _add(archive, fonts_known, json.dumps(known), compiled=False)


def standard_library(folder):
    """Write stdlib.zip: Python's own modules, of which Pyodide ships the sources; those loaded now are compiled."""
    (source,) = (path for path in sys.path if path.endswith(".zip"))
    loaded = {getattr(module, "__file__", None) for module in [*sys.modules.values()]}
    with zipfile.ZipFile(source) as given, _archive(folder / "stdlib.zip") as archive:
        for name in given.namelist():
            if (used := f"{source}/{name}" in loaded) or not name.startswith(UNUSABLE):
                _add(archive, name, given.read(name), compiled=used)


def _archive(path):
    return zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9)


def _add(archive, name, content, compiled):
    """Add a file without its date, a module ``compiled`` to what Python's import system finds beside no source."""
    if compiled:
        name, code = f"{name}c", compile(content, name, "exec", dont_inherit=True, optimize=2)
        content = importlib.util.MAGIC_NUMBER + bytes(12) + marshal.dumps(code)  # flags, date and size: not looked at
    archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED, 9)


def main(out, *names):
    summary = {}
    for name in names:
        summary[name] = store(name, out / "play" / name)
        print("stored", name, flush=True)
    bundle(out)
    standard_library(out)
    (out / "summary.json").write_text(json.dumps(summary, ensure_ascii=False))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), *sys.argv[2:])
