"""The whole site, in minutes: Pyodide's numbers against CPython's, and every page in a browser."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from ngdm_helpers.course import explorers, problems
from ngdm_helpers.course.build import pairs
from ngdm_helpers.course.site import build
from tests import numbers
from tests.pictures import differing, pixels
from tests.static import box, painted, served, settled, visited, wait

pytestmark = [pytest.mark.slow, pytest.mark.site]
NOTEBOOKS = [path.stem for path in pairs()]


# By how much of a line's range Pyodide may differ from CPython, where that is more than 1e-12, and why.
LOOSER = {
    "chord_law": 1e-6,  # differences of iterates that have nearly converged, divided by one another
    "general_lasso": 1e-5,  # Adam divides by the size of gradients that are rounding
    "local_edge": 1e-9,  # thousands of steps just past the threshold let rounding grow
    "relu_loss": 1e-10,  # what is left of 1 after subtracting it
    "smoothness_at_kink": 1e-8,  # secants of length 1e-6: gradients that agree to nine digits, subtracted
    "step_sizes": 1e-9,  # f − f* where noise leaves little of it, of two numbers near 1
}
# On the line from the start of `capture` a term of the loss is 0 up to rounding: with kinks, the last bit of an
# eigenvector decides to which side the first step goes.
ON_A_KINK = {"capture": ("kink 1", "with kinks", "η = 1.9/L, kinks")}
# Titles that print the value of a minimum which is 0 up to rounding.
ROUNDING_IN_TITLES = {"huber_losses", "noisy_steps", "step_sizes"}


@pytest.fixture(scope="module")
def computed(release_folder, tmp_path_factory):
    """A folder with what Pyodide computes, see `numbers`."""
    out = tmp_path_factory.mktemp("numbers")
    build.run(release_folder, out, Path(numbers.__file__))
    return out


@pytest.mark.parametrize("name", explorers.__all__)
def test_pyodide_computes_the_same_numbers(name, computed):
    told = json.loads((computed / f"{name}.json").read_text(encoding="utf-8"))
    data, titles = numbers.of_explorer(name)
    assert list(data) == told["lines"]
    with np.load(computed / f"{name}.npz") as archive:
        found = dict(archive)
    kinks = ON_A_KINK.get(name, ())
    for k, (label, mine) in enumerate(data.items()):
        if label.rpartition("/")[0] not in kinks:
            scale = np.max(np.abs(mine), where=np.isfinite(mine), initial=1e-300, axis=0)
            tolerance = LOOSER.get(name, 1e-12)
            np.testing.assert_allclose(found[str(k)] / scale, mine / scale, rtol=0, atol=tolerance, err_msg=label)
    for state in titles:
        assert titles[state] == told["titles"][state] or state in kinks or name in ROUNDING_IN_TITLES


@pytest.fixture(scope="module")
def whole(request, tmp_path_factory):
    """The folder of a site: that of $NGDM_SITE, which is built already, else one that is built now."""
    if named := os.environ.get("NGDM_SITE"):
        return Path(named)
    return build.build(tmp_path_factory.mktemp("whole") / "site", request.getfixturevalue("release_folder"))


@pytest.fixture(scope="module")
def host(whole):
    with served(whole) as address:
        yield address


@pytest.mark.parametrize("name", explorers.__all__)
def test_an_explorer_moves_on_its_page(name, whole, host, chromium):
    """Painted before Python, then every mark and a place of every control, and the start as the widget draws it."""
    made = getattr(explorers, name)
    widget = made(problems.KINKS) if name == "subdifferential" else made()
    with visited(chromium, f"{host}/play/{name}/") as page:
        painted(page)
        start = settled(page)
        (picture,) = whole.glob(f"live-*/play/{name}/picture.png")  # Agg's, by the same Python
        assert differing(start, pixels(picture.read_bytes())) < 0.02
        controls = box(page).locator(".row label :is(input, select)")
        assert controls.count() == len(widget.controls)
        for k in range(controls.count()):
            controls.nth(k).press("ArrowDown")
            settled(page)
        for label in widget.marks:
            box(page).get_by_role("button", name=label, exact=True).click()
            settled(page)
        assert box(page).locator(".words").first.inner_text() == ""  # nothing that could not be drawn


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_figure_of_a_notebook_comes_alive(name, host, chromium):
    with visited(chromium, f"{host}/{name}.html") as page:
        page.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")
        names = page.locator("[data-explorer]").evaluate_all("all => all.map(one => one.dataset.explorer)")
        assert len(names) > 2
        for one in names:
            box(page, one).scroll_into_view_if_needed()
            wait(page, "live", one)
        assert page.get_by_text("could not be loaded").count() == 0
        assert page.get_by_role("button", name="Answer").count() == page.locator("[data-vote]").count() > 2


def test_the_site_is_light(whole):
    size = sum(path.stat().st_size for path in whole.rglob("*") if path.is_file())
    assert size < 90e6, f"{size / 1e6:.0f} MB"
