"""environment.yml and pyproject.toml list the same packages."""

import pathlib
import tomllib

import pytest
import yaml

ROOT = pathlib.Path(__file__).parents[1]
CONDA_NAMES = {"torch": "pytorch"}  # where conda-forge's name differs


def conda_list(text):
    """(requirements, pip section) of an environment.yml."""
    entries = yaml.safe_load(text)["dependencies"]
    pip = next((entry["pip"] for entry in entries if isinstance(entry, dict)), [])
    return {entry for entry in entries if isinstance(entry, str)}, pip


def expected(project):
    """pyproject's runtime requirements under conda-forge's names, with Python's own and pip for the last line."""
    renamed = set()
    for requirement in project["dependencies"]:
        name = requirement.split(">")[0].split("=")[0]
        renamed.add(requirement.replace(name, CONDA_NAMES.get(name, name), 1))
    return renamed | {f"python{project['requires-python']}", "pip"}


@pytest.fixture
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_both_lists_agree(project):
    packages, pip = conda_list((ROOT / "environment.yml").read_text())
    assert packages == expected(project)
    assert pip == ["-e ."]


@pytest.mark.parametrize("drift", ["  - tqdm\n", "  - numpy>=2.1\n"])
def test_a_drift_shows(project, drift):
    text = (ROOT / "environment.yml").read_text()
    assert drift in text
    assert conda_list(text.replace(drift, ""))[0] != expected(project)


def test_conda_forge_is_the_only_channel():
    assert yaml.safe_load((ROOT / "environment.yml").read_text())["channels"] == ["conda-forge"]
