"""What is installed: environment.yml repeats pyproject.toml, make finds a Python, CONTRIBUTING's examples run."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tomllib
from unittest import mock

import pytest
import yaml
from jupyter_server.services.kernels.websocket import KernelWebsocketHandler
from traitlets.config import Configurable

from ngdm_helpers.course import server

ROOT = pathlib.Path(__file__).parents[1]
CONDA_NAMES = {"torch": "pytorch"}  # where conda-forge's name differs
EXTRAS = ("lab", "torch")  # with which every notebook runs; `make lab` adds what a teacher uses


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


@pytest.fixture
def project():
    return tomllib.loads(read("pyproject.toml"))["project"]


def name(requirement):
    return re.match(r"[\w.-]+", requirement)[0]


def conda_list(text):
    """(requirements, pip section) of an environment.yml."""
    entries = yaml.safe_load(text)["dependencies"]
    pip = next((entry["pip"] for entry in entries if isinstance(entry, dict)), [])
    return {entry for entry in entries if isinstance(entry, str)}, pip


def expected(project):
    """pyproject's requirements for the notebooks under conda-forge's names, with Python, and pip for the last line."""
    extras = project["optional-dependencies"]
    requirements = [*project["dependencies"], *(entry for extra in EXTRAS for entry in extras[extra])]
    renamed = {entry.replace(name(entry), CONDA_NAMES.get(name(entry), name(entry)), 1) for entry in requirements}
    return renamed | {f"python{project['requires-python']}", "pip"}


def test_both_lists_agree(project):
    packages, pip = conda_list(read("environment.yml"))
    assert packages == expected(project)
    assert pip == ["-e ."]


@pytest.mark.parametrize("drift", ["  - tqdm\n", "  - numpy>=2.1\n", "  - pytorch\n", "  - jupytext\n"])
def test_a_drift_shows(project, drift):
    text = read("environment.yml")
    assert drift in text
    assert conda_list(text.replace(drift, ""))[0] != expected(project)


def test_conda_forge_is_the_only_channel():
    assert yaml.safe_load(read("environment.yml"))["channels"] == ["conda-forge"]


def test_a_plain_install_is_small_and_the_tests_bring_everything(project):
    plain = {name(entry) for entry in project["dependencies"]}
    widgets, arrays = {"ipywidgets", "anywidget"}, {"numpy", "scipy", "array-api-compat"}
    assert plain == {*widgets, *arrays, "matplotlib", "scikit-learn", "tqdm"}
    assert "ngdm-notebooks[cluster,lab,lecture,site,teacher,torch]" in project["optional-dependencies"]["test"]


def test_every_direct_dependency_has_an_oldest_version_in_ci(project):
    oldest = read(".github/oldest.txt")
    pinned = dict(re.findall(r"^([\w-]+)==(\S+)$", oldest, re.MULTILINE))
    required = [*project["dependencies"], *(entry for e in EXTRAS for entry in project["optional-dependencies"][e])]
    assert set(pinned) >= {name(entry) for entry in required}
    for entry in required:
        if ">=" in entry:  # the oldest version that we allow is the one that is tested
            assert f"{pinned[name(entry)]}.".startswith(f"{entry.partition('>=')[2]}."), entry


def test_binder_and_colab_open_files_that_there_are(project):
    links = re.findall(r"https://(?:mybinder|colab)\S+?(?:labpath=|blob/main/)([^)\s]+)", read("README.md"))
    assert len(links) == 2 and all((ROOT / link).is_file() for link in links)
    (name,) = re.findall(r'pip install -q "(\S+) @ git\+https://github.com/OWNER/REPOSITORY"', read("README.md"))
    assert name == project["name"]
    (extra,) = re.findall(r'pip install .*-e "\.\[(\w+)\]"', read("binder/postBuild"))
    assert extra in project["optional-dependencies"] and os.access(ROOT / "binder" / "postBuild", os.X_OK)
    python, _ = yaml.safe_load(read("binder/environment.yml"))["dependencies"]
    assert python.startswith("python=") and project["requires-python"] == ">=3.11"


def test_the_readme_s_pictures_are_small_and_have_words():
    shown = re.findall(r"^!\[(.+)\]\((\S+\.png)\)$", read("README.md"), re.MULTILINE)
    assert len(shown) == 4 and all(len(words.split()) > 8 for words, _ in shown)
    for _, path in shown:
        picture = (ROOT / path).read_bytes()
        assert picture.startswith(b"\x89PNG") and len(picture) < 120_000, path
        if path.startswith("docs/"):
            assert [int.from_bytes(picture[at : at + 4]) for at in (16, 20)] == [1280, 720], path


def test_one_oldest_python_everywhere(project):
    oldest = project["requires-python"].removeprefix(">=")
    workflow = yaml.safe_load(read(".github/workflows/test.yml"))
    assert oldest in workflow["jobs"]["test"]["strategy"]["matrix"]["python"]
    assert f"sys.version_info < ({oldest.replace('.', ', ')})" in read("Makefile")
    assert tomllib.loads(read("pyproject.toml"))["tool"]["mypy"]["python_version"] == oldest


# A Python of another version: `-c` is asked for it, `-m venv` makes a .venv of the same kind, everything is logged.
FAKE = """#!/bin/sh
if [ "$1" = -c ]; then
  exec {real} -c "import sys; sys.version_info = ({tuple}); sys.version = '{version}'; exec(sys.argv[1])" "$2"
fi
echo "{version} $(basename "$0") $*" >> log
if [ "$2" = venv ]; then
  mkdir -p .venv/bin && cp "$0" .venv/bin/python && cp "$0" .venv/bin/jupyter
  exit {status}
fi
"""


@pytest.fixture
def checkout(tmp_path):
    """A folder with the Makefile, and with Pythons of some versions in bin/."""
    if shutil.which("make") is None or os.name == "nt":
        pytest.skip("make is not here")
    for file in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / file, tmp_path)
    (tmp_path / "bin").mkdir()
    versions = {"python3.9": "3.9.18", "python3": "3.11.7", "python3.12": "3.12.1", "python3.13": "3.13.0"}
    for program, version in versions.items():
        status = 1 if program == "python3.13" else 0  # its venv module fails, as Debian's does without python3-venv
        numbers = version.replace(".", ", ")
        path = tmp_path / "bin" / program
        path.write_text(FAKE.format(real=sys.executable, tuple=numbers, version=version, status=status))
        path.chmod(0o755)
    return tmp_path


def make(checkout, *arguments):
    """Run make in the checkout: (exit status, what it says on stderr, what the Pythons were called for)."""
    own = ("PYTHON", "TORCH", "FAST", "JOB", "LAB_OPTIONS", "MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES")
    environment = {key: value for key, value in os.environ.items() if key not in own}
    environment["PATH"] = f"{checkout / 'bin'}{os.pathsep}{environment['PATH']}"
    run = subprocess.run(["make", *arguments], cwd=checkout, env=environment, capture_output=True, text=True)
    log = checkout / "log"
    calls = log.read_text().splitlines() if log.exists() else []
    log.unlink(missing_ok=True)
    return run.returncode, run.stderr, calls


LIGHT = "python -m pip install --no-compile -e .[lecture,teacher]"
FULL = "python -m pip install -e .[lecture,teacher,torch]"
OPEN = "jupyter lab --ServerApp.kernel_websocket_connection_class=ngdm_helpers.course.server.Prompt notebooks"


def test_make_lab_installs_once_and_opens(checkout):
    assert make(checkout, "lab")[2] == ["3.11.7 python3 -m venv .venv", f"3.11.7 {FULL}", f"3.11.7 {OPEN}"]
    assert make(checkout, "lab")[2] == make(checkout, "lab", "TORCH=no")[2] == [f"3.11.7 {OPEN}"]


def test_torch_comes_later_when_it_was_left_out(checkout):
    assert make(checkout, "lab", "TORCH=no")[2][1:] == [f"3.11.7 {LIGHT}", f"3.11.7 {OPEN}"]
    assert make(checkout, "lab", "TORCH=no")[2] == [f"3.11.7 {OPEN}"]
    assert make(checkout, "lab")[2] == [f"3.11.7 {FULL}", f"3.11.7 {OPEN}"]


@pytest.mark.parametrize("program, is_what", [("python3.9", "is Python 3.9.18"), ("no-python", "does not run")])
def test_an_old_python_is_named_before_anything_is_made(checkout, program, is_what):
    status, message, calls = make(checkout, "lab", f"PYTHON={program}")
    assert status and calls == [] and not (checkout / ".venv").exists()
    assert len(message.splitlines()) == 1
    assert f"{program} {is_what}, and Python 3.11 or newer is needed: make lab PYTHON=python3.12" in message


def test_an_old_python_leaves_a_good_environment_alone(checkout):
    make(checkout, "lab")
    assert make(checkout, "lab", "PYTHON=python3.9")[0] != 0
    assert make(checkout, "lab")[2] == [f"3.11.7 {OPEN}"]


@pytest.mark.parametrize("arguments, version", [((), "3.11.7"), (("PYTHON=python3.12",), "3.12.1")])
@pytest.mark.parametrize("state", ["old", "gone"])
def test_an_environment_with_an_old_python_is_made_anew(checkout, arguments, version, state):
    make(checkout, "lab")
    (checkout / ".venv" / "bin" / "python").unlink()
    if state == "old":
        shutil.copy(checkout / "bin" / "python3.9", checkout / ".venv" / "bin" / "python")
    program = "python3.12" if arguments else "python3"
    calls = [f"{version} {program} -m venv .venv", f"{version} {FULL}", f"{version} {OPEN}"]
    assert make(checkout, "lab", *arguments)[2] == calls
    assert make(checkout, "lab")[2] == [f"{version} {OPEN}"]


def test_a_python_that_is_given_is_used_and_remade_only_for_another_version(checkout):
    make(checkout, "lab")
    calls = ["3.12.1 python3.12 -m venv .venv", f"3.12.1 {FULL}", f"3.12.1 {OPEN}"]
    assert make(checkout, "lab", "PYTHON=python3.12")[2] == calls
    assert make(checkout, "lab", "PYTHON=python3.12")[2] == [f"3.12.1 {OPEN}"]


def test_an_environment_that_could_not_be_made_is_not_kept(checkout):
    assert make(checkout, "lab", "PYTHON=python3.13")[0] != 0
    assert not (checkout / ".venv").exists()


@pytest.mark.parametrize(
    ("option", "allowed"),
    [
        ("TORCH=nope", "TORCH and FAST are yes or no, got"),
        ("FAST=true", "TORCH and FAST are yes or no, got"),
        ("JOB=sight", "JOB is all or one of: pages site cluster tools classroom; got"),
    ],
)
def test_an_option_that_make_does_not_know_is_an_error(checkout, option, allowed):
    status, message, calls = make(checkout, "lab", option)
    assert status and calls == []
    assert allowed in message and option in message


def test_the_jobs_of_make_are_the_marks_of_pytest():
    jobs = re.search(r"^JOBS := (.*)$", read("Makefile"), re.MULTILINE)[1].split()
    options = tomllib.loads(read("pyproject.toml"))["tool"]["pytest"]["ini_options"]
    assert jobs == [mark.partition(":")[0] for mark in options["markers"]][1:]
    assert f'-m "not ({" or ".join(jobs)})"' in options["addopts"]


@pytest.mark.slow
def test_what_a_kernel_says_is_not_held_back(monkeypatch):
    handler = mock.Mock(spec=KernelWebsocketHandler)
    monkeypatch.setattr(server.ZMQChannelsWebsocketConnection, "connect", lambda self: "connected")
    connection = server.Prompt(parent=Configurable(), websocket_handler=handler)
    assert connection.connect() == "connected" and handler.set_nodelay.mock_calls == [mock.call(True)]


TLJH = "deploy/tljh/jupyterhub_config.d/ngdm.py"


@pytest.mark.parametrize("path", ["Makefile", TLJH, "ngdm_helpers/course/editions/lecture.py", "tests/lab.py"])
def test_a_server_that_is_started_here_is_told_so(path):
    assert re.findall(r"kernel_websocket_connection_class=([\w.]+)", read(path)) == [f"{server.__name__}.Prompt"]


def test_contributing_examples_run(tmp_path):
    """Every Python block of CONTRIBUTING.md, in one interpreter from top to bottom."""
    text = read("CONTRIBUTING.md")
    blocks = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 3
    script = tmp_path / "blocks.py"
    script.write_text("\n".join(blocks), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "agg"}
    run = subprocess.run([sys.executable, script], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
