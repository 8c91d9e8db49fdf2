"""Pyodide's release for the tests, gathered where its own host cannot be reached; nothing of it goes into the project.

npm's ``pyodide`` has the core, and one wheel on PyPI carries the packages: open-webui, taken without its dependencies,
of which not a line is run. What counts is the sha256: each file has to be the one of `release`.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile

from ngdm_helpers.course.site import release

CARRIER = "open-webui==0.12.4"
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "ngdm-notebooks"


class Missing(Exception):
    """Some files of the release cannot be had here."""


def folder():
    """A folder with the release: $NGDM_PYODIDE if it is set, else one that is gathered once. Raises `Missing`."""
    if named := os.environ.get("NGDM_PYODIDE"):
        return pathlib.Path(named)
    target = CACHE / f"pyodide-{release.RELEASE['version']}"
    target.mkdir(parents=True, exist_ok=True)
    try:
        release.gather(target, files=release.RELEASE["reveal"])
        if all((target / name).exists() for name in release.SHA256):
            return target
        with tempfile.TemporaryDirectory() as temporary:
            _gather(pathlib.Path(temporary))
            release.gather(target, temporary)
    except (OSError, ValueError, KeyError, subprocess.CalledProcessError) as error:
        how = f"name a folder with Pyodide {release.RELEASE['version']}, its packages and KaTeX in NGDM_PYODIDE"
        raise Missing(f"{CARRIER} from PyPI or npm does not give what it gave ({error}); {how}") from None
    return target


def _gather(to):
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", to, CARRIER]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = to.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        for name in release.SHA256:
            source = f"open_webui/frontend/pyodide/{name}"
            data = archive.read(source) if name.endswith(".whl") else release.fetch(name)
            (to / name).write_bytes(data)
