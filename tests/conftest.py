"""What tests in several files need."""

import os
import shutil

import pytest

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
