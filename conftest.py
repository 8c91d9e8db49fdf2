"""How the tests run: pytest reads this file for tests/ and for the cells in notebooks/ alike.

One thread per worker: with a worker on every core, the threads that BLAS and torch would add only wait for one another.
The variables are set before NumPy and torch are imported; kernels and other processes inherit them.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")
os.environ.setdefault("VECLIB_MAXIMUM_THREADS", "1")

import hypothesis
import pytest
from xdist.scheduler import LoadScopeScheduling

# How long an example takes says how busy the machine is, not whether the code is right.
hypothesis.settings.register_profile(
    "unhurried", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("unhurried")

BROWSER = "tests/test_browser.py"


@pytest.hookimpl(tryfirst=True)  # before -m looks at the marks
def pytest_collection_modifyitems(items):
    """Mark what is slow by its kind, and begin with it.

    A worker fetches its next test when it is nearly done with its last ones: with short tests at the end, none idles.
    """
    for item in items:
        if _group(item.nodeid) != item.nodeid:
            item.add_marker(pytest.mark.slow)
    items.sort(key=_rank)


def pytest_xdist_make_scheduler(config, log):
    """Any test may go to any worker, but for those that share a kernel or a browser: these stay on one."""
    return _Spread(config, log)


class _Spread(LoadScopeScheduling):
    def _split_scope(self, nodeid):
        return _group(nodeid)


def _group(nodeid):
    """The tests with the same answer share something: a notebook its kernel, the browser's tests their browser."""
    path = nodeid.partition("::")[0]
    return path if path == BROWSER or path.endswith(".ipynb") else nodeid


def _rank(item):
    """The browser, the notebooks, the other slow tests, the rest."""
    group = _group(item.nodeid)
    return (group != BROWSER, group == item.nodeid, item.get_closest_marker("slow") is None)
