"""For JupyterLite: SciPy and scikit-learn, of whose unpacking half of Python's start would consist, come when a module
first imports them. (Where a cell does, JupyterLite's kernel has loaded them before it runs.)
"""

import importlib
import importlib.machinery
import io
import sys
import sysconfig
import zipfile

PACKAGES = ("scikit-learn",)  # names in Pyodide's lock file, which says what can be imported from them


class _Later:
    """Finds what is not there yet."""

    def find_spec(self, name, path=None, target=None):
        import pyodide_js

        for package in PACKAGES:
            entry = getattr(pyodide_js.lockfile.packages, package, None)
            here = entry is None or hasattr(pyodide_js.loadedPackages, package)
            if path is None and not here and name in entry.imports.to_py():
                with zipfile.ZipFile(io.BytesIO(_fetched(pyodide_js.lockfileBaseUrl + entry.file_name))) as archive:
                    archive.extractall(sysconfig.get_path("purelib"))
                setattr(pyodide_js.loadedPackages, package, entry.file_name)  # the kernel need not load it again
                importlib.invalidate_caches()
                return importlib.machinery.PathFinder.find_spec(name, None, target)


def _fetched(url):
    """The bytes of a file of our own host: a worker may wait for them, as an import has to."""
    from js import XMLHttpRequest

    request = XMLHttpRequest.new()
    request.open("GET", url, False)
    request.responseType = "arraybuffer"
    request.send()
    if request.status != 200:
        raise ImportError(f"{url} could not be loaded: status {request.status}")
    return request.response.to_bytes()


def install():
    """Have `PACKAGES` come when what they have is first imported."""
    # Pyodide's own, which come after it, say that a package is not installed
    after = sys.meta_path.index(importlib.machinery.PathFinder) + 1
    sys.meta_path.insert(after, _Later())
