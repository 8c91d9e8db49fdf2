"""What tests in several files need."""

import os

import pytest

from tests import lab


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
