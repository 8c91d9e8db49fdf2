"""JupyterLite beside the site: the four notebooks run to the end in a browser, with every other host refused."""

import contextlib
import importlib.util
import json
import pathlib
import re
import sys
import types
import zipfile

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell, new_notebook

from ngdm_helpers.course import TORCH_MARK, cli, explorers, without_torch
from ngdm_helpers.course.site import build, kept, later, lite, pages
from tests import lab
from tests.lab import expect
from tests.static import served

ROOT = pathlib.Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MOST_BYTES = 42_000_000  # beside the pages, which weigh 47 million: 90 million in all


def test_in_a_browser_a_cell_that_needs_torch_shows_what_it_gave(tmp_path, capsys, monkeypatch):
    with monkeypatch.context() as browser:
        browser.setattr(sys, "platform", "emscripten")
        lines = [without_torch([f"{TORCH_MARK}{what}\n", "import torch\n"]) for what in ("a slope's sign", "a check")]
    outputs = [{"output_type": "stream", "name": "stdout", "text": "+1\n"}, {"data": {"text/html": "<b>+</b>"}}]
    monkeypatch.setattr(kept, "FILE", tmp_path / "kept.json")
    kept.FILE.write_text(json.dumps({"a slope's sign": outputs}))
    displayed = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: displayed.append((data, raw)))
    for (line,) in lines:
        exec(line)
    first, text, second = capsys.readouterr().out.splitlines()
    assert "There is no PyTorch for browsers" in first and "a slope's sign" in first and text == "+1"
    assert "a check; it gives no output" in second and displayed == [({"text/html": "<b>+</b>"}, True)]


def test_a_package_comes_once_when_a_module_first_imports_from_it(tmp_path, monkeypatch):
    (tmp_path / "site").mkdir()
    with zipfile.ZipFile(tmp_path / "large.zip", "w") as archive:
        archive.writestr("large_one/__init__.py", "")
        archive.writestr("large_two.py", "number = 2")
    entry = types.SimpleNamespace(
        file_name="large.zip", imports=types.SimpleNamespace(to_py=lambda: ["large_one", "large_two", "large_three"])
    )
    pyodide = types.SimpleNamespace(lockfile=types.SimpleNamespace(packages=types.SimpleNamespace(large=entry)))
    pyodide.lockfileBaseUrl, pyodide.loadedPackages = f"{tmp_path}/", types.SimpleNamespace()
    fetched = []
    monkeypatch.setitem(sys.modules, "pyodide_js", pyodide)
    monkeypatch.setattr(later, "PACKAGES", ("absent", "large"))
    monkeypatch.setattr(later, "_fetched", lambda url: fetched.append(url) or pathlib.Path(url).read_bytes())
    monkeypatch.setattr(later.sysconfig, "get_path", {"purelib": tmp_path / "site"}.get)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "site")])
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    later.install()
    for name, there in (("small", False), ("large_two", True), ("large_one", True), ("large_three", False)):
        assert (importlib.util.find_spec(name) is not None) == there, name
    assert fetched == [f"{tmp_path}/large.zip"] and pyodide.loadedPackages.large == "large.zip"


def test_each_page_links_to_its_notebook_in_jupyterlite(tmp_path):
    told = {"03_lasso": new_notebook(cells=[new_markdown_cell("# LASSO", id="title")])}
    facts = {"alt": "an orbit", "caption": "It turns.", "width": 8, "height": 4}
    links = {"03_lasso.html": "lite/lab/index.html?path=03_lasso.ipynb", "index.html": "lite/lab/index.html"}
    links["play/l1_orbit/index.html"] = "../../lite/lab/index.html?path=03_lasso.ipynb"
    for edited in ([], [*told]):
        pages.write(tmp_path, "live-0", {"l1_orbit": facts}, told, {}, edited)
        for page, link in links.items():
            assert (f'href="{link}"' in (tmp_path / page).read_text()) == bool(edited), page


def test_without_jupyterlite_it_is_named_before_anything_is_built(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "jupyterlite_core", None)
    assert cli.main(["site", "--to", str(tmp_path / "site")]) == 1
    said = capsys.readouterr().err
    assert "needs jupyterlite_core, which is not installed" in said and '-e ".[site]" installs it' in said
    assert not (tmp_path / "site").exists()


def test_jupyterlite_is_had_without_pages_or_beside_them_or_not_at_all():
    names = [path.stem for path in NOTEBOOKS]
    shown, told, edited = build._chosen([lite.NAME], ROOT / "notebooks")
    assert (shown, told, [*edited]) == ([], {}, names)
    shown, told, edited = build._chosen([], ROOT / "notebooks")
    assert sorted(shown) == sorted(explorers.__all__) and [*told] == [*edited] == names
    assert build._chosen(["l1_orbit"], ROOT / "notebooks") == (["l1_orbit"], {}, {})


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


@pytest.mark.site
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_to_the_end(path, whole, chromium):
    with opened(whole, chromium, path.stem) as notebook:
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
        figure = next(k for k, cell in enumerate(cells) if cell["id"].endswith("-play") and cell["id"] not in kept)
        canvas, handle = (notebook.cell(figure).locator(part).first for part in ("canvas.live-canvas", ".noUi-handle"))
        expect(canvas).to_have_attribute("data-frame", re.compile(r"\d"))
        before = canvas.get_attribute("data-frame"), handle.get_attribute("aria-valuetext")
        handle.press("ArrowLeft")
        expect(canvas).not_to_have_attribute("data-frame", before[0])
        expect(handle).not_to_have_attribute("aria-valuetext", before[1])


@pytest.mark.site
def test_the_folder_weighs_little_and_has_nothing_twice(whole):
    files = [path for path in (whole / lite.NAME).rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= MOST_BYTES
    assert not [path for path in files if path.suffix == ".map" or path.name == "pyodide.asm.wasm"]


@pytest.mark.site
def test_only_the_own_host_is_named(whole):
    """What JupyterLite takes from elsewhere by default, Pyodide and the packages of %pip, it takes from here or not."""
    config = json.loads((whole / lite.NAME / "jupyter-lite.json").read_text())["jupyter-config-data"]
    (kernel,) = config["litePluginSettings"].values()
    assert kernel["disablePyPIFallback"] and (whole / lite.NAME / kernel["pyodideUrl"]).exists()
    folder = (whole / lite.NAME / kernel["loadPyodideOptions"]["lockFileURL"]).parent
    lock = json.loads((folder / "pyodide-lock.json").read_text())
    assert {*kernel["loadPyodideOptions"]["packages"]} == {*lock["packages"]} - {*later.PACKAGES} - {"bundle"}
    assert all((folder / entry["file_name"]).exists() for entry in lock["packages"].values())
