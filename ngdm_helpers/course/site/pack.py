"""Run in Pyodide under Node, when JupyterLite is built: packs what its Python needs beside the bundle of the pages.

Usage: run.mjs RELEASE STAGE OUT pack.py. OUT holds the bundle. What is loaded when the notebooks start is compiled,
with its docstrings; the rest stays as source, which is half as large. This package comes as both: a student reads it,
and an error names its lines.
"""

import importlib
import importlib.util
import pathlib
import py_compile
import sys
import zipfile

import ngdm_helpers
from ngdm_helpers.course.site import kernel

# {archive: the packages in it}; the last has all the rest. JupyterLite's kernel loads the first three by these names.
ARCHIVES = {"comm": ("comm",), "ipython": ("IPython",), "jedi": ("jedi",)}
ARCHIVES |= {"scikit-learn": ("joblib", "scipy", "sklearn", "threadpoolctl"), "rest": ()}
LOADED = ("IPython.core.completer", "jedi", "matplotlib.pyplot", "matplotlib_inline.backend_inline")
LOADED += ("ngdm_helpers.data", "tqdm.auto")
LOADED += tuple(f"ngdm_helpers.course.{name}" for name in ("claims", "exercises", "explorers", "votes"))
LEVEL = 19  # of Zstandard: a fifth smaller than deflate at its best
SITE = pathlib.Path(ngdm_helpers.__file__).parents[1]
OURS = pathlib.Path(ngdm_helpers.__file__).parent.name
# Tests, data and headers that nothing imports; jedi's stubs of other packages, and fonts that the pages do without.
_LEAVE = {"__pycache__", "tests", "sample_data", "images", "include", "labextension"}
_LEAVE |= {"stubs", "django-stubs", "afm", "ttf", "pdfcorefonts", "RECORD"}
_LEAVE |= {"fontTools", "pytz", "dateutil-zoneinfo.tar.gz"}  # for PDF, for pandas, and time zones
_SUFFIXES = {".pyx", ".pxd", ".tp", ".h", ".jpg"}
# Large packages of which a kernel uses little: what is not loaded does not travel.
_LITTLE = {"prompt_toolkit", "pygments"}
_NO_TIME = py_compile.PycInvalidationMode.UNCHECKED_HASH  # an archive does not keep a source's time


def files(archive, loaded):
    """The files of an archive, sorted."""
    taken = {name for names in ARCHIVES.values() for name in names}
    for file in sorted(SITE.rglob("*")):
        first, *parts = file.relative_to(SITE).parts
        # the name of a module or of a distribution's .dist-info: by the latter, Pyodide counts it as loaded
        name = first.partition("-")[0].partition(".")[0].replace("scikit_learn", "sklearn")
        here = name in ARCHIVES[archive] or (not ARCHIVES[archive] and name not in taken)
        left = _LEAVE & {first, *parts} or file.suffix in _SUFFIXES or (first in _LITTLE and file not in loaded)
        if here and not left and file.is_file():
            yield file


def packed(file, loaded):
    """What stands for ``file`` in an archive: [(name, content)]."""
    name = file.relative_to(SITE)
    source, ours = (str(name), file.read_bytes()), name.parts[0] == OURS
    if file not in loaded and not (ours and file.suffix == ".py"):
        return [source]
    target = SITE / "packed.pyc"
    py_compile.compile(str(file), str(target), doraise=True, optimize=0, invalidation_mode=_NO_TIME)
    place = importlib.util.cache_from_source(str(name)) if ours else f"{name}c"
    compiled = (place, target.read_bytes())
    target.unlink()
    return [source, compiled] if ours else [compiled]


def main(out):
    # As JupyterLite starts: without arguments, and without the pages' stand-in for IPython.
    sys.argv[:] = [""]
    sys.meta_path[:] = [one for one in sys.meta_path if not isinstance(one, kernel._NoIPython)]
    for name in [name for name in sys.modules if name.partition(".")[0] == "IPython"]:
        del sys.modules[name]
    streams = sys.stdout, sys.stderr
    for name in ("pyodide_kernel", *LOADED):
        importlib.import_module(name)
    # An error and a question are answered with modules of their own.
    sys.modules["pyodide_kernel"].ipython_shell.run_cell("1 / 0")
    sys.modules["pyodide_kernel"].ipython_shell.object_inspect_mime("print")
    sys.stdout, sys.stderr = streams
    loaded = {pathlib.Path(one.__file__) for one in [*sys.modules.values()] if getattr(one, "__file__", None)}
    loaded = {file for file in loaded if file.suffix == ".py"}
    with zipfile.ZipFile(out / "bundle.zip") as bundle:
        known = {*bundle.namelist()}
    for archive in ARCHIVES:
        with zipfile.ZipFile(out / f"{archive}.zip", "w", zipfile.ZIP_ZSTANDARD) as written:
            for name, content in (pair for file in files(archive, loaded) for pair in packed(file, loaded)):
                if name not in known or name.endswith(".pyc"):  # the bundle's have no docstrings
                    written.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_ZSTANDARD, LEVEL)
        print("packed", archive, flush=True)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
