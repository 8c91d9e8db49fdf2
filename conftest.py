"""How the tests run: pytest reads this file for tests/ and for the cells in notebooks/ alike.

One thread per worker: with a worker on every core, the threads that BLAS and torch would add only wait for one another.
The variables are set before NumPy and torch are imported; kernels and other processes inherit them.
"""

import gc
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

SLIDERS = "tests/test_explorers.py"
# The tests of each of these stay on one worker, as they share what is expensive: a page, a process, what has been
# executed.
TOGETHER = (
    "tests/test_browser.py",
    "tests/test_screens.py",
    "tests/test_torchless_notebooks.py",
    "tests/test_frontends.py",
    "tests/test_memory.py",
    "tests/test_notebooks.py",
    "tests/test_maps.py",
    "tests/test_teacher.py",
    "tests/test_student.py",
    "tests/test_site.py",
    "tests/test_slides.py",
    "tests/test_lecture.py",
    "tests/test_cluster.py",
    "tests/test_classroom.py",
)
# These share no more than a site that is built once for all workers: each test may go to either.
APART = ("tests/test_lite.py", "tests/test_site_whole.py")
# How the ids of the longest begin, in the order in which they are begun. "notebooks/" is where the cells come.
FIRST = (
    "tests/test_browser.py",
    "tests/test_site_whole.py::test_the_site_is_light",  # has the whole site built, beside what does without it:
    "tests/test_slides.py",
    "tests/test_screens.py",
    "tests/test_torchless_notebooks.py",
    "notebooks/",
    "tests/test_tools.py::test_papermill",
    "tests/test_lite.py::test_a_notebook",
    "tests/test_frontends.py",
    "tests/test_site_whole.py::test_pyodide",
    "tests/test_site.py",
    "tests/test_cluster.py",
    "tests/test_classroom.py",
    "tests/test_site_whole.py::test_every_figure",
    "tests/test_memory.py",
    "tests/test_notebooks.py",
    "tests/test_maps.py",
    "tests/test_lecture.py",
)
SLOW = {"slow", "tools", "classroom"}  # the marks of what takes seconds, or minutes
LAST = "tests/test_site_whole.py::test_an_explorer"  # many of seconds each: with them both workers end together


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """What is imported and collected stays: to look for garbage in it took a third of the time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(tryfirst=True)  # before -m looks at the marks
def pytest_collection_modifyitems(items):
    """Mark what is slow by its kind, a notebook, a browser or the teacher's papers, and begin with what is longest.

    A worker fetches its next test when it is nearly done with its last ones: with short tests at the end, none idles.
    """
    for item in items:
        if item.path.suffix == ".ipynb" or {"chromium", "papers"} & set(item.fixturenames):
            item.add_marker(pytest.mark.slow)
    items.sort(key=_rank)


def pytest_xdist_make_scheduler(config, log):
    """Work is handed out by the group: see `_group`."""
    return _Scheduler(config, log)


class _Scheduler(LoadScopeScheduling):
    # --dist=loadgroup would write the group behind the id of a test, which pytest 9.2 does not let it
    def _split_scope(self, nodeid):
        return _group(nodeid)


def _group(nodeid):
    """Tests with the same answer stay on one worker, as they share what is expensive.

    The cells of a notebook share a kernel, the tests of a slider the slider; see `TOGETHER`. Else, the cases of a test
    are a group: xdist's own bookkeeping takes seconds for thousands of groups.
    """
    path, _, test = nodeid.partition("::")
    name, _, case = test.partition("[")
    if path in APART and "same_numbers" not in name:
        return nodeid
    if path in TOGETHER or path.endswith(".ipynb"):
        return path
    return f"{path}[{case}" if path == SLIDERS else f"{path}::{name}"


def _rank(item):
    """`FIRST`, the other slow tests, `LAST`, the rest."""
    place = next((k for k, start in enumerate(FIRST) if item.nodeid.startswith(start)), len(FIRST))
    return place, SLOW.isdisjoint(mark.name for mark in item.iter_markers()), item.nodeid.startswith(LAST)
