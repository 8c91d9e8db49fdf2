"""Where the package is put and who runs it: a read-only folder with blanks and ü, a user's settings, LANG=C, no home.

Each of the surroundings is a process that does the main jobs: import, a slider, the ledger, check, a notebook built.
"""

import ast
import hashlib
import io
import os
import shutil
import subprocess
import sys

import matplotlib
import pytest

from ngdm_helpers.course import cli, explorers
from tests.lab import ROOT

CODE = """
import hashlib, os, socket, sys

def connect(self, address, connect=socket.socket.connect):
    assert self.family == socket.AF_UNIX or address[0] in ("127.0.0.1", "::1"), f"the network was asked for {address}"
    return connect(self, address)

socket.socket.connect = connect
from ngdm_helpers.course import claims, cli, explorers
import matplotlib
import ngdm_helpers

slider = explorers.l1_orbit()
slider.drive()
measured = claims.ledger("L2")
commands = zip(("check", "build", "build"), sys.argv[1:], strict=True)
status = [cli.main([command, f"--folder={folder}"]) for command, folder in commands]
picture = hashlib.sha256(slider.png).hexdigest()
print(ascii((os.fsencode(ngdm_helpers.__file__), matplotlib.get_backend(), picture, str(measured), status)))
"""
TINY = """\
# %% [markdown] id="title"
# # λ

# %% id="slider"
from ngdm_helpers.course import explorers

orbit = explorers.l1_orbit()
print("λ ü")
orbit
"""
STYLE = """
figure.facecolor: black
axes.facecolor: black
text.color: white
lines.color: white
lines.marker: x
font.size: 30
savefig.facecolor: black
text.usetex: {}
"""


# matplotlib 3.8 and 3.9 cannot be imported where the deprecations of a newer pyparsing are errors.
WARNINGS = "error" if matplotlib.__version_info__ >= (3, 10) else "error,ignore::DeprecationWarning"


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="folders are read-only in another way")
@pytest.mark.parametrize(
    ("usetex", "surroundings"),
    [
        (False, {"MPLBACKEND": "svg", "PYTHONWARNINGS": WARNINGS}),
        (True, {"MPLBACKEND": "TkAgg", "LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
        (False, {"MPLBACKEND": "", "USER": None, "LOGNAME": None, "XDG_CACHE_HOME": None, "MPLCONFIGDIR": None}),
    ],
    ids=["dark, warnings are errors", "TeX, LANG=C", "no home"],
)
def test_the_main_jobs_are_done(usetex, surroundings, tmp_path):
    """In a checkout that is read-only, without a network; no file is written but the notebook that is built."""
    place, exercise = tmp_path / "a lecture, für alle", tmp_path / "übung 1"
    ignored = shutil.ignore_patterns("__pycache__", ".*")
    shutil.copytree(ROOT / "ngdm_helpers", place / "ngdm_helpers", ignore=ignored)
    (place / "notebooks").mkdir()
    for suffix in (".py", ".ipynb"):
        shutil.copy(ROOT / "notebooks" / f"01_preliminaries{suffix}", place / "notebooks")
    (place / "matplotlibrc").write_text(STYLE.format(usetex), encoding="utf-8")
    exercise.mkdir()
    (exercise / "tiny.py").write_text(TINY, encoding="utf-8")
    for folder, _, files in os.walk(place, topdown=False):
        for name in files:
            os.chmod(os.path.join(folder, name), 0o444)
        os.chmod(folder, 0o555)
    environment = os.environ | {"PYTHONPATH": str(place), "MATPLOTLIBRC": str(place), **surroundings}
    if "USER" in surroundings:
        environment["HOME"] = str(place / "nobody")
    environment = {key: value for key, value in environment.items() if value is not None}
    # root may write anywhere, unless it gives that up
    as_anyone = ["setpriv", "--bounding-set=-dac_override"] if shutil.which("setpriv") and os.geteuid() == 0 else []
    command = [*as_anyone, sys.executable, "-c", CODE, "notebooks", exercise, "notebooks"]
    try:
        run = subprocess.run(command, cwd=place, env=environment, capture_output=True)
    finally:
        for folder, _, _ in os.walk(place):
            os.chmod(folder, 0o755)
    errors = run.stderr.decode(errors="replace")
    assert run.returncode == 0, errors
    where, backend, picture, row, status = ast.literal_eval(run.stdout.decode().splitlines()[-1])
    assert where == os.fsencode(place / "ngdm_helpers" / "__init__.py")
    assert backend in (surroundings["MPLBACKEND"], "agg") and row.startswith("L2: holds.")
    assert picture == hashlib.sha256(explorers.l1_orbit().png).hexdigest()
    assert status == [0, 0, 1], errors
    assert (exercise / "tiny.ipynb").exists()
    assert errors.splitlines()[-1] == "notebooks/01_preliminaries.ipynb cannot be written: notebooks is read-only"


def test_help_is_printed_where_greek_letters_are_not(monkeypatch):
    for encoding in ("ascii", "cp1252"):
        written = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding=encoding))
        with pytest.raises(SystemExit) as end:
            cli.main(["record", "mlp-l1", "--help"])
        sys.stdout.flush()
        assert end.value.code == 0 and b"\\u2113" in written.getvalue()
