"""Where the package is put: a read-only folder with blanks and ü, no home, LANG=C, every warning an error."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.lab import ROOT

CODE = """
from ngdm_helpers.course import claims, explorers
import matplotlib
import ngdm_helpers
explorers.l1_orbit().drive()
print(ngdm_helpers.__file__, matplotlib.get_backend(), claims.ledger("L2"), sep="\\n")
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "surroundings",
    [
        {"MPLBACKEND": "svg", "PYTHONWARNINGS": "error"},
        {"LANG": "C", "LC_ALL": "C"},
        {"HOME": None, "USER": None, "LOGNAME": None, "XDG_CACHE_HOME": None, "MPLCONFIGDIR": None},
    ],
    ids=["backend and warnings", "LANG=C", "no home"],
)
def test_a_slider_the_ledger_work(surroundings, tmp_path):
    place = tmp_path / "a lecture, für alle"
    place.mkdir()
    ignored = shutil.ignore_patterns("__pycache__", ".*")
    shutil.copytree(ROOT / "ngdm_helpers", place / "ngdm_helpers", ignore=ignored)
    for folder, _, files in os.walk(place, topdown=False):
        for name in files:
            os.chmod(os.path.join(folder, name), 0o444)
        os.chmod(folder, 0o555)  # root may write there all the same
    environment = {key: value for key, value in os.environ.items() if key not in ("MPLBACKEND", "PYTHONPATH")}
    environment |= {"PYTHONDONTWRITEBYTECODE": "1", **surroundings}
    environment = {key: value for key, value in environment.items() if value is not None}
    try:
        run = subprocess.run([sys.executable, "-c", CODE], cwd=place, env=environment, capture_output=True)
    finally:
        for folder, _, _ in os.walk(place):
            os.chmod(folder, 0o755)
    said, errors = run.stdout.decode(), run.stderr.decode()
    assert run.returncode == 0, errors
    where, backend, row = said.splitlines()
    assert where.startswith(str(place)) and backend == surroundings.get("MPLBACKEND", backend)
    assert row.startswith("L2: holds.")
