"""JupyterLite beside the site: the four notebooks run to the end in a browser, with every other host refused."""

import contextlib
import json
import pathlib

import nbformat
import pytest

from ngdm_helpers.course import TORCH_MARK, cli
from ngdm_helpers.course.site import lite
from tests import lab
from tests.static import served

ROOT = pathlib.Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MOST_BYTES = 43_000_000  # beside the pages, which weigh 47 million


@pytest.fixture(scope="module")
def site(release_folder, tmp_path_factory):
    """A site of JupyterLite and no page but the index."""
    to = tmp_path_factory.mktemp("lite") / "site"
    options = ["--to", to, "--pyodide", release_folder, "--folder", ROOT / "notebooks"]
    assert cli.main(["site", *map(str, options), lite.NAME]) == 0
    return to


@contextlib.contextmanager
def opened(site, chromium, name):
    """A notebook in JupyterLite, once its kernel is idle; nothing may have been asked of another host."""
    with served(site) as host:
        context = chromium.new_context(viewport={"width": 1280, "height": 720})
        page, asked = context.new_page(), []
        page.set_default_timeout(1000 * lab.PATIENCE)

        def refuse(route):
            asked.append(route.request.url)
            route.abort()

        def expose(route):  # window.jupyterapp
            config = route.fetch().json()
            config["jupyter-config-data"]["exposeAppInBrowser"] = "true"
            route.fulfill(json=config)

        context.route(lambda address: not address.startswith((host, "data:", "blob:")), refuse)
        context.route("**/lite/jupyter-lite.json*", expose)
        page.goto(f"{host}/{lite.address(name)}")
        page.wait_for_function(lab.KERNEL_IDLE)
        page.evaluate(lab.LISTEN)
        yield lab.Notebook(page, name)
        assert asked == []
        context.close()


def first_slider(notebook):
    """The first cell with a slider figure that is painted."""
    for output in notebook.outputs():
        cell = notebook.cell(output["cell"])
        if output["model"] and cell.locator("canvas.live-canvas[data-frame]").count():
            return cell
    raise AssertionError("no slider figure is painted")


@pytest.mark.site
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_to_the_end(path, site, chromium):
    with opened(site, chromium, path.stem) as notebook:
        notebook.run_all(patience=5 * lab.PATIENCE)
        assert notebook.errors() == []
        cells = notebook.page.evaluate("() => jupyterapp.shell.currentWidget.content.model.toJSON().cells")
        kept = {cell["id"]: cell for cell in cells if "".join(cell["source"]).startswith(TORCH_MARK)}
        stored = {cell.id: cell.outputs for cell in nbformat.read(path, 4).cells if cell.id in kept}
        for name, cell in kept.items():
            sentence, *rest = cell["outputs"]
            assert "There is no PyTorch for browsers" in "".join(sentence["text"])
            pictures = [output.data["text/html"] for output in stored[name] if "data" in output]
            assert [output["data"]["text/html"] for output in rest if "data" in output] == pictures
        cell = first_slider(notebook)
        canvas, handle = cell.locator("canvas.live-canvas"), cell.locator(".noUi-handle").first
        before = canvas.get_attribute("data-frame"), handle.get_attribute("aria-valuetext")
        handle.press("ArrowLeft")
        canvas.and_(notebook.page.locator(f"canvas:not([data-frame='{before[0]}'])")).wait_for()
        assert handle.get_attribute("aria-valuetext") != before[1]


@pytest.mark.site
def test_the_folder_weighs_little_and_has_nothing_twice(site):
    files = [path for path in (site / lite.NAME).rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= MOST_BYTES
    assert not [path for path in files if path.suffix == ".map" or path.name == "pyodide.asm.wasm"]


@pytest.mark.site
def test_only_the_own_host_is_named(site):
    """What JupyterLite takes from elsewhere by default, Pyodide and the packages of %pip, it takes from here or not."""
    config = json.loads((site / lite.NAME / "jupyter-lite.json").read_text())["jupyter-config-data"]
    (kernel,) = config["litePluginSettings"].values()
    assert kernel["disablePyPIFallback"] and (site / lite.NAME / kernel["pyodideUrl"]).exists()
    folder = (site / lite.NAME / kernel["loadPyodideOptions"]["lockFileURL"]).parent
    lock = json.loads((folder / "pyodide-lock.json").read_text())
    assert {*kernel["loadPyodideOptions"]["packages"]} <= {*lock["packages"]}
    assert all((folder / entry["file_name"]).exists() for entry in lock["packages"].values())
