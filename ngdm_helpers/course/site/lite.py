"""JupyterLite beside the pages, in the folder ``lite``: the notebooks to edit, in a JupyterLab without a server.

It shares Pyodide and the bundle with the pages. ``lite/python`` has what they lack: the rest of NumPy, matplotlib and
this package, IPython, SciPy and scikit-learn. The lock file there names them all, so that Python asks no other host for
a package, and `%pip` neither. There is no PyTorch in a browser: what a cell that needs it gave is kept, see `course`.
"""

import functools
import hashlib
import importlib
import importlib.metadata
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile

import nbformat
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ngdm_helpers.course import TORCH_MARK
from ngdm_helpers.course.site import kept, later, pack, release

NAME = "lite"
BUNDLE = "bundle.zip"
PYTHON = "python"  # the folder in it for what Python loads
_KERNEL = "@jupyterlite/pyodide-kernel-extension"
_EXTENSIONS = ("@jupyter-widgets/jupyterlab-manager", _KERNEL, "anywidget")
_WHEELS = ("ipykernel", "piplite", "pyodide-kernel")  # which the extension brings
# What this package and the kernel import: these distributions and what they need, taken from where this runs.
_ROOTS = ("anywidget", "array-api-compat", "ipython", "ipywidgets", "jedi", "tqdm")
_FRONT_ENDS = {"jupyterlab-widgets", "widgetsnbextension"}  # no Python is needed of them
_BROWSER = {"sys_platform": "emscripten", "platform_system": "Emscripten", "os_name": "posix", "extra": ""}
_KERNELSPEC = {"name": "python", "display_name": "Python (Pyodide)", "language": "python"}
# What only Mermaid's diagrams and terminals load, of which the notebooks have none: a fifth of JupyterLab.
_DIAGRAMS = {"@mermaid-js", "@xterm", "cose-base", "cytoscape", "cytoscape-cose-bilkent", "cytoscape-fcose", "elkjs"}
_DIAGRAMS |= {"katex", "khroma", "layout-base", "mermaid"}
# Fonts in forms that no browser of today asks for, as there is a .woff2 of each; how JupyterLite was built.
_UNUSED = ("build/fa-*.eot", "build/fa-*.svg", "build/fa-*.ttf", "build/fa-*.woff", "rspack.config*")


def check():
    """Raise ModuleNotFoundError where JupyterLite is not installed; building takes minutes before it is needed."""
    for name in ("jupyterlite_core", "jupyterlite_pyodide_kernel"):
        importlib.import_module(name)


def write(to, live, core, told, run):
    """Write JupyterLite with the notebooks ``told``, {name: notebook}, into the site ``to``.

    live: the folder that the pages share. core: Pyodide's release. run: `build.run`. Raises CalledProcessError where
    JupyterLite cannot be built, FileNotFoundError where an extension of JupyterLab is not installed.
    """
    target = to / NAME
    shutil.rmtree(target, ignore_errors=True)
    with tempfile.TemporaryDirectory() as temporary:
        here = pathlib.Path(temporary)
        (here / "files").mkdir()
        for name, notebook in told.items():
            copy = nbformat.from_dict({**notebook, "metadata": {**notebook.metadata, "kernelspec": _KERNELSPEC}})
            # JupyterLite takes a cell's source as it is stored: a string
            text = nbformat.writes(copy, split_lines=False)
            (here / "files" / f"{name}.ipynb").write_text(text, encoding="utf-8")
        _configure(here, target, live)
        command = [sys.executable, "-m", "jupyterlite_core", "build"]
        done = subprocess.run(command, cwd=here, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            print(done.stdout, file=sys.stderr)
        done.check_returncode()
    for path in [*(path for pattern in _UNUSED for path in target.glob(pattern)), *_diagrams(target)]:
        path.unlink(missing_ok=True)
    _python(target / PYTHON, live, core, told, run)


def _diagrams(target):
    """The scripts of nothing but what draws Mermaid's diagrams, and of terminals, as the maps of sources tell."""
    from jupyterlite_core.constants import ALL_APP_ARCHIVES

    with tarfile.open(ALL_APP_ARCHIVES[-1]) as archive:
        for member in archive:
            if member.name.endswith(".js.map"):
                sources = json.load(archive.extractfile(member))["sources"]
                if {re.sub(r".*node_modules/([^/]+).*|.*", r"\1", one) for one in sources} <= _DIAGRAMS:
                    yield target / member.name.removeprefix("package/").removesuffix(".map")


def address(name=None):
    """Where a notebook is opened, seen from the folder of the site; without a name, JupyterLab."""
    return f"{NAME}/lab/index.html" + (f"?path={name}.ipynb" if name else "")


def _configure(here, target, live):
    """Write what ``jupyter lite build`` reads in ``here``, and tell the page where its Python is."""
    from jupyter_core.paths import jupyter_path

    folders = {}
    for root in reversed(jupyter_path("labextensions")):  # what comes first there is what JupyterLab takes
        folders |= {name: folder for name in _EXTENSIONS if (folder := pathlib.Path(root) / name).exists()}
    if lacking := {*_EXTENSIONS} - {*folders}:
        raise FileNotFoundError(f"JupyterLab's extensions {', '.join(sorted(lacking))} are not installed here")
    options = {
        "apps": ["lab"],
        "federated_extensions": [str(folders[name]) for name in _EXTENSIONS],
        "ignore_sys_prefix": True,  # no other extension of where this runs
        "no_sourcemaps": True,
        "no_unused_shared_packages": True,
        "output_dir": str(target.resolve()),
    }
    (here / "jupyter_lite_config.json").write_text(json.dumps({"LiteBuildConfig": options}), encoding="utf-8")
    kernel = {
        "pyodideUrl": f"./../{live.name}/pyodide.mjs",
        "disablePyPIFallback": True,
        "loadPyodideOptions": {
            "lockFileURL": f"{PYTHON}/pyodide-lock.json",
            "packages": [*(name for name in pack.ARCHIVES if name not in later.PACKAGES), *_WHEELS, "micropip"],
        },
    }
    settings = {"litePluginSettings": {f"{_KERNEL}:kernel": kernel}}
    page = {"jupyter-lite-schema-version": 0, "jupyter-config-data": settings}
    (here / "jupyter-lite.json").write_text(json.dumps(page), encoding="utf-8")


def _python(folder, live, core, told, run):
    """Write what Python loads, and the lock file that names it."""
    folder.mkdir()
    micropip, static = (
        release.RELEASE["lock"]["packages"]["micropip"],
        folder.parent / "extensions" / _KERNEL / "static",
    )
    kernel = {name: next(static.glob(f"pypi/{name.replace('-', '_')}-[0-9]*.whl")) for name in _WHEELS}
    with tempfile.TemporaryDirectory() as temporary:
        out = pathlib.Path(temporary)
        shutil.copy(live / BUNDLE, out)
        add = functools.partial(_stage, wheels=[*_wheels(core), kernel["pyodide-kernel"]], told=told)
        run(core, out, pathlib.Path(pack.__file__), add=add)
        for name in pack.ARCHIVES:
            shutil.copy(out / f"{name}.zip", folder)
    shutil.copy(core / micropip["file_name"], folder)
    packages = {"micropip": micropip, "bundle": _entry("bundle", folder, f"../../{live.name}/{BUNDLE}")}
    for name, wheel in kernel.items():
        packages[name] = _entry(name, folder, f"../{wheel.relative_to(folder.parent).as_posix()}")
    for name, top in pack.ARCHIVES.items():
        packages[name] = _entry(name, folder, f"{name}.zip", depends=["bundle"], imports=[*top])
    lock = release.RELEASE["lock"] | {"packages": packages}
    (folder / "pyodide-lock.json").write_text(json.dumps(lock), encoding="utf-8")


def _wheels(core):
    """The wheels of the release that the pages do without, but for micropip's."""
    for name in pack.ARCHIVES["scikit-learn"]:
        name = {"sklearn": "scikit-learn"}.get(name, name)
        yield core / release.RELEASE["lock"]["packages"][name]["file_name"]


def _entry(name, folder, file, depends=(), imports=()):
    """An entry of a lock file, for a file seen from ``folder``."""
    digest = hashlib.sha256((folder / file).read_bytes()).hexdigest()
    facts = {"name": name, "version": "0", "file_name": file, "sha256": digest, "install_dir": "site"}
    facts |= {"depends": [*depends], "imports": [*imports], "package_type": "package", "unvendored_tests": False}
    return facts


def _stage(folder, wheels, told):
    """Put what the pages do without into ``folder``, and what the cells that need PyTorch gave."""
    for wheel in wheels:
        shutil.unpack_archive(wheel, folder, "zip")
    for distribution in _closure(_ROOTS):
        for file in distribution.files:
            if not {"..", "__pycache__"} & {*file.parts} and file.suffix not in (".so", ".pyd"):
                (folder / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file.locate(), folder / file)
    outputs = {}
    for cell in (cell for notebook in told.values() for cell in notebook.cells if cell.cell_type == "code"):
        first = cell.source.partition("\n")[0]
        if first.startswith(TORCH_MARK):
            outputs[first.removeprefix(TORCH_MARK).strip()] = cell.outputs
    target = folder / kept.FILE.relative_to(pathlib.Path(kept.__file__).parents[3])
    target.write_text(json.dumps(outputs, ensure_ascii=False), encoding="utf-8")


def _closure(names):
    """The distributions ``names`` and all that they need in a browser, without Pyodide's own."""
    found, known = {}, {*release.RELEASE["lock"]["packages"], *_FRONT_ENDS}
    names = [*names]
    while names:
        name = canonicalize_name(names.pop())
        if name not in found and name not in known:
            found[name] = importlib.metadata.distribution(name)
            needs = [Requirement(line) for line in found[name].requires or ()]
            names += [one.name for one in needs if one.marker is None or one.marker.evaluate(_BROWSER)]
    return found.values()
