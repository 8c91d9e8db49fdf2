"""What tests in several files need."""

import json
import os
import pathlib
import shutil

import filelock
import pytest

from ngdm_helpers.course import cli
from ngdm_helpers.course.site import build
from tests import lab, pyodide


@pytest.fixture(scope="session")
def chromium():
    """A browser. Without one: skip, or fail where NGDM_REQUIRE_BROWSER is 1."""
    try:
        with lab.browser() as browser:
            yield browser
    except lab.NoBrowser as error:
        if os.environ.get("NGDM_REQUIRE_BROWSER") == "1":
            raise
        pytest.skip(f"the browser tests need Chromium: {error}")


@pytest.fixture(scope="session")
def jupyter(chromium):
    """A JupyterLab server for all that is opened in the browser."""
    with lab.server() as server:
        yield server


@pytest.fixture(scope="session")
def release_folder():
    """Pyodide's release, and Node. Without them: skip, or fail where NGDM_REQUIRE_SITE is 1."""
    try:
        if shutil.which("node") is None:
            raise pyodide.Missing("there is no node on the PATH")
        return pyodide.folder()
    except pyodide.Missing as error:
        if os.environ.get("NGDM_REQUIRE_SITE") == "1":
            raise
        pytest.skip(f"the site's tests need Node and Pyodide: {error}")


@pytest.fixture(scope="session")
def whole(release_folder, tmp_path_factory, worker_id):
    """The folder of a site: that of $NGDM_SITE, which is built already, else one that the first worker builds."""
    if named := os.environ.get("NGDM_SITE"):
        return pathlib.Path(named)
    here = tmp_path_factory.getbasetemp()
    shared = (here if worker_id == "master" else here.parent) / "whole"
    shared.mkdir(exist_ok=True)
    with filelock.FileLock(shared / "lock"):
        facts = shared / "site" / build.SITE
        if not facts.exists() or not json.loads(facts.read_text(encoding="utf-8")):  # empty until it is whole
            assert cli.main(["site", "--to", str(shared / "site"), "--pyodide", str(release_folder)]) == 0
    return shared / "site"
