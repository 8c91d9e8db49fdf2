"""The whole site, in minutes: Pyodide's numbers against CPython's, and every page in a browser."""

import json
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest

from ngdm_helpers.course import explorers, problems
from ngdm_helpers.course.build import pairs
from ngdm_helpers.course.site import build
from tests import numbers
from tests.lab import expect
from tests.pictures import differing, pixels
from tests.static import box, follow, painted, served, settled, visited, wait

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
def host(whole):
    with served(whole) as address:
        yield address


@pytest.fixture(scope="module")
def reader(host, chromium):
    """A page that goes from explorer to explorer: what the browser has compiled of Python serves the next one too."""
    with visited(chromium, host, python=False) as page:
        # a service worker would hand out, past `visited`, the bundle that is held back
        page.add_init_script("navigator.serviceWorker.register = () => new Promise(() => {})")
        yield page


@pytest.mark.parametrize("name", explorers.__all__)
def test_an_explorer_moves_on_its_page(name, whole, host, reader):
    """Painted, played and at each mark before Python; then at the start, as Agg draws it, each control and mark."""
    made, page = getattr(explorers, name), reader
    widget = made(problems.KINKS) if name == "subdifferential" else made()
    page.faults.clear()
    page.goto(f"{host}/play/{name}/")
    assert (painted(page) < 128).any()
    if "play" in widget.canvas.frame:
        page.get_by_label("speed").select_option("1000")
        page.get_by_role("button", name="Restart").click()
        page.wait_for_function("document.querySelector('.live-canvas').dataset.step === '0'")
        page.get_by_role("button", name="Play").click()
        page.wait_for_function("document.querySelector('.live-canvas').dataset.step !== '0'")
        page.get_by_label("step", exact=True).press("End")
    key, control = next(iter(widget.controls.items()))
    # a link sets what it does not name to the start; a mark leaves it where it is
    reads = control._options_labels[control.index] if hasattr(control, "_options_labels") else control.value
    start = f"{key}={quote(str(reads))}"
    marks = [box(page).get_by_role("button", name=label, exact=True) for label in widget.marks]
    for k, mark in enumerate(marks):
        follow(page, f"{start}&visit={k}")  # each a new link
        mark.click()
        assert "draws" not in box(page).locator(".status").inner_text()
    assert box(page).get_attribute("data-state") == "stored"
    page.let_python()
    wait(page, "live")
    follow(page, start)
    (picture,) = whole.glob(f"live-*/play/{name}/picture.png")  # Agg's, by the same Python
    assert differing(settled(page), pixels(picture.read_bytes())) < 0.02
    controls = box(page).locator(".row label :is(input, select)")
    assert controls.count() == len(widget.controls)
    for k in range(controls.count()):
        controls.nth(k).press("ArrowDown")
        settled(page)
    for mark in marks:
        mark.click()
        settled(page)
    assert box(page).locator(".words").first.inner_text() == ""  # nothing that could not be drawn
    assert page.faults == []


def test_the_back_button_leads_from_page_to_page(host, chromium):
    with visited(chromium, host) as page:
        page.locator(".card a").first.click()
        there = settled(page)
        page.go_back()
        page.locator(".card a").nth(1).click()
        assert not np.array_equal(settled(page), there)
        page.go_back()
        page.go_forward()
        page.go_back()
        expect(page.locator(".card")).to_have_count(len(explorers.__all__))
        page.locator(".card a").first.click()
        assert np.array_equal(settled(page), there)


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
        assert page.locator("[data-vote]").count() > 2
        expect(page.get_by_role("button", name="Answer")).to_have_count(page.locator("[data-vote]").count())


def test_no_page_is_wider_than_a_phone(host, chromium):
    phone = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
    with visited(chromium, host, python=False, **phone) as page:
        for path in ("", *(f"play/{name}/" for name in explorers.__all__)):
            page.goto(f"{host}/{path}")
            if path:
                painted(page)
            assert page.evaluate("document.documentElement.scrollWidth") == 360, path


def test_the_site_is_light(whole):
    size = sum(path.stat().st_size for path in whole.rglob("*") if path.is_file())
    assert size < 90e6, f"{size / 1e6:.0f} MB"
