"""Each notebook in the hands of other tools, each tool itself. The README says what they are good for.

The package is built with them in mind: a picture is HTML with its alt text, a solution a <details> that is closed.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import warnings

import nbformat
import pytest
from bs4 import BeautifulSoup

from ngdm_helpers.course import build
from tests import lab

pytestmark = pytest.mark.tools
SOURCES = build.pairs(lab.ROOT / "notebooks")
# nbconvert's pages load MathJax, require.js and what draws Mermaid's diagrams, of which there are none.
HOSTS = {"cdnjs.cloudflare.com"}
README = (lab.ROOT / "README.md").read_text(encoding="utf-8")
# Its way to slides that need no network (but for the diagrams' host, which is asked and not needed).
PACKAGES = re.search(r"^npm install (.+)$", README, re.MULTILINE)[1].split()
LOCAL = [option.replace("'", "") for option in re.findall(r"--SlidesExporter\.\S+", README)]


@pytest.fixture(params=SOURCES, ids=lambda path: path.stem)
def pair(request, tmp_path):
    """The .py of a copy of the pair, beside a copy of jupytext's settings, as in the repository."""
    (tmp_path / "notebooks").mkdir()
    shutil.copy(lab.ROOT / "pyproject.toml", tmp_path)
    for suffix in (".py", ".ipynb"):
        shutil.copy(request.param.with_suffix(suffix), tmp_path / "notebooks")
    return tmp_path / "notebooks" / request.param.name


def tool(pair, *command):
    """What ``python -m COMMAND`` prints when run where the pair is."""
    run = subprocess.run(
        [sys.executable, "-m", *command], cwd=pair.parent, capture_output=True, text=True, encoding="utf-8"
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def said_by_check(pair):
    with pytest.raises(ValueError) as fault:
        build.check(pair)
    return str(fault.value)


def html_outputs(cells):
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    return [output.data["text/html"] for output in outputs if "text/html" in output.get("data", {})]


# --- pages and slides -------------------------------------------------------------------------------------------------


@pytest.fixture
def page(chromium):
    """A page with no network: `page.hosts` are those that it asks, `page.faults` the errors of its scripts."""
    page = chromium.new_page(viewport={"width": 1280, "height": 720})
    page.set_default_timeout(1000 * lab.PATIENCE)
    page.hosts, page.faults = set(), []

    def refuse(route):
        page.hosts.add(route.request.url.split("/")[2])
        route.abort()

    page.route(re.compile("^https?:"), refuse)
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    yield page
    page.close()


PICTURES = "images => images.map(image => [image.naturalWidth > 0, image.alt > ''])"


def test_html(pair, page):
    tool(pair, "nbconvert", "--to", "html", pair.stem + ".ipynb")
    page.goto(pair.with_suffix(".html").as_uri())
    pictures = page.eval_on_selector_all("img", PICTURES)
    stored = "".join(html_outputs(nbformat.read(pair.with_suffix(".ipynb"), as_version=4).cells))
    assert len(pictures) >= stored.count("<img") > 0 and all(map(all, pictures))
    folds = page.eval_on_selector_all("details", "folds => folds.map(fold => fold.open)")
    assert len(folds) > stored.count("<details>") > 0 and not any(folds)  # those of the hints and solutions too
    assert page.hosts <= HOSTS and page.faults == []
    shown = page.locator("img:not(details img)").count()
    assert page.pdf().count(b"/Subtype /Image") >= shown > 0  # what is folded is not printed


@pytest.fixture(scope="session")
def npm(tmp_path_factory):
    """A folder with reveal.js, MathJax and what they need. Without npm: skip, or fail where NGDM_REQUIRE_SITE is 1."""
    program, folder = shutil.which("npm"), tmp_path_factory.mktemp("npm")
    if program is None:
        (pytest.fail if os.environ.get("NGDM_REQUIRE_SITE") == "1" else pytest.skip)("there is no npm on the PATH")
    subprocess.run([program, "install", "--silent", *PACKAGES], cwd=folder, check=True)
    return folder


# To each slide, to the first one at last: those that are taller than the screen and do not scroll. (nbconvert lets a
# slide scroll when one comes to it, which leaves out the one that is there at the beginning.)
CUT_OFF = """async () => {
    const Reveal = await new Promise((found) => require(["node_modules/reveal.js/dist/reveal.js"], found))
    const faults = [], slides = Reveal.getSlides()
    for (const slide of [...slides.slice(1), slides[0]]) {
        const {h, v} = Reveal.getIndices(slide)
        Reveal.slide(h, v)
        const scrolls = getComputedStyle(slide).overflowY === "scroll"
        if (slide.scrollHeight > (scrolls ? Infinity : 720)) faults.push(slide.innerText.slice(0, 80))
    }
    return [slides.length, faults]
}"""


def test_slides_that_need_no_network(pair, page, npm):
    tool(pair, "nbconvert", "--to", "slides", *LOCAL, "--output-dir", npm, pair.stem + ".ipynb")
    page.goto((npm / f"{pair.stem}.slides.html").as_uri())
    page.locator(".reveal.ready").wait_for(state="attached")
    number, faults = page.evaluate(CUT_OFF)
    notebook = nbformat.read(pair.with_suffix(".ipynb"), as_version=4)
    assert number == sum(cell.metadata.slideshow.slide_type in ("slide", "subslide") for cell in notebook.cells)
    assert faults == []
    pictures = page.eval_on_selector_all("img", PICTURES)
    assert len(pictures) > 0 and all(map(all, pictures))
    page.locator(".mjx-chtml").first.wait_for(state="attached")
    assert page.hosts <= HOSTS and page.faults == []


def test_voila_serves_a_notebook_live(pair, jupyter, chromium):
    """With all its sliders, folds closed. What is done with them there: tests/test_frontends.py."""
    source = pair.with_suffix(".ipynb")
    shutil.copy(source, jupyter.folder)
    page = chromium.new_page(viewport={"width": 1280, "height": 720})
    page.set_default_timeout(3000 * lab.PATIENCE)  # the page comes when its last cell has run
    try:
        page.goto(f"{jupyter.url}/voila/render/{source.name}?token={jupyter.token}")
        page.wait_for_function("() => document.querySelector('canvas.live-canvas')?.dataset.frame >= 1")
        cells = nbformat.read(source, as_version=4).cells
        page.wait_for_function(
            "number => document.querySelectorAll('canvas.live-canvas').length >= number",
            arg=sum(cell.id.endswith("-play") for cell in cells),
        )
        assert page.get_by_text("Traceback").count() == 0
        folds = page.eval_on_selector_all("details", "folds => folds.map(fold => fold.open)")
        assert folds and not any(folds)
    finally:
        page.close()


# --- what runs, pairs, strips and compares them -----------------------------------------------------------------------


def test_papermill(pair):
    """It runs every cell; there are no parameters to set, and it says so."""
    output = pair.with_name("run.ipynb")
    tool(pair, "papermill", "--no-progress-bar", "-p", "lam", "1", pair.stem + ".ipynb", output.name)
    notebook, before = (nbformat.read(path, as_version=4) for path in (output, pair.with_suffix(".ipynb")))
    assert all(cell.metadata.papermill.status == "completed" for cell in notebook.cells)
    injected = [cell.id for cell in notebook.cells if "injected-parameters" in cell.metadata.tags]
    assert len(notebook.cells) == len(before.cells) + len(injected) and len(injected) == 1


def test_jupytext_without_pairing(pair):
    """Nothing is paired, so --sync does nothing; the .py is a whole notebook and the .ipynb a whole script."""
    built = pair.with_suffix(".ipynb")
    before = pair.read_bytes(), built.read_bytes()
    for path in (pair, built):
        tool(pair, "jupytext", "--sync", path.name)
    tool(pair, "jupytext", "--test-strict", pair.name, "--to", "ipynb")
    tool(pair, "jupytext", "--test-strict", built.name, "--to", "py:percent")
    assert (pair.read_bytes(), built.read_bytes()) == before


@pytest.mark.parametrize(
    ("newer", "command", "said"),
    [
        (".py", ("--set-formats", "ipynb,py:percent", "{}.ipynb"), "run: ngdm build --discard-edits {}"),
        (".ipynb", ("--set-formats", "ipynb,py:percent", "{}.ipynb"), 'write # %% id="…" with an id of its own'),
        (".py", ("--update", "--to", "ipynb", "{}.py"), "run: ngdm build --discard-edits {}"),
        (".ipynb", ("--to", "py:percent", "{}.ipynb"), 'write # %% id="…" with an id of its own'),
    ],
    ids=["pair", "pair with a newer .ipynb", "update the .ipynb", "overwrite the .py"],
)
def test_what_jupytext_writes_is_noticed(pair, newer, command, said):
    """Pairing goes by timestamps, and what is written over the .py has no ids: then git has the .py."""
    before = pair.read_bytes()
    os.utime(pair.with_suffix(".py" if newer == ".ipynb" else ".ipynb"), (0, 1e9))
    tool(pair, "jupytext", *(word.format(pair.stem) for word in command))
    assert said_by_check(pair).endswith(said.format(pair.stem))
    assert (pair.read_bytes() == before) == (newer == ".py")


@pytest.mark.parametrize(
    ("options", "said"), [((), "does not have the ids of {}.py"), (("--keep-id",), "lost its outputs")]
)
def test_nbstripout_leaves_a_notebook_that_a_build_mends(pair, options, said):
    tool(pair, "nbstripout", *options, pair.stem + ".ipynb")
    stripped = nbformat.read(pair.with_suffix(".ipynb"), as_version=4)
    assert html_outputs(stripped.cells) == [] and build.inputs(stripped) == build.inputs(build.read_source(pair))
    message = said_by_check(pair)
    assert said.format(pair.stem) in message and message.endswith(f"run: ngdm build {pair.stem}")


def test_nbdime_says_little_about_a_small_edit(pair):
    """With the outputs of a cell there would be lines as long as its pictures."""
    built, edited = pair.with_suffix(".ipynb"), pair.with_name("edited.ipynb")
    notebook = nbformat.read(built, as_version=4)
    cell = next(cell for cell in notebook.cells if any("<img" in html for html in html_outputs([cell])))
    cell.source += "\n# one more line"
    for output in cell.outputs:
        output.data["text/html"] = output.data["text/html"].replace("base64,iVBO", "base64,iVBOR")
    nbformat.write(notebook, edited)
    assert tool(pair, "nbdime", "diff", built.name, built.name) == ""
    said = tool(pair, "nbdime", "diff", "--no-color", "--ignore-outputs", built.name, edited.name)
    assert "+# one more line" in said and len(said.splitlines()) <= 20 and len(said) < 4000


# --- what shows them --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("validator", ["fastjsonschema", "jsonschema"])
def test_every_reader_of_format_4_accepts_it(pair, validator, monkeypatch):
    """As stored, nothing repaired; and without the ids, which 4.5 brought, in every version before it."""
    monkeypatch.setenv("NBFORMAT_VALIDATOR", validator)
    notebook = json.loads(pair.with_suffix(".ipynb").read_text(encoding="utf-8"))
    with warnings.catch_warnings(action="error"):
        nbformat.validate(notebook)
        for cell in notebook["cells"]:
            del cell["id"]
        for minor in range(5):
            nbformat.validate(notebook | {"nbformat_minor": minor})


# GitHub does not publish what its view of a notebook keeps of HTML, but what it keeps of a README's, in html-pipeline's
# SanitizationFilter: these elements, their alt and width, no style, no data: addresses. Then pictures are their alt
# texts. The other reading of its documentation, "static HTML", keeps the pictures.
TAGS = set(
    """
    h1 h2 h3 h4 h5 h6 br b i strong em a pre code img tt div ins del sup sub p ol ul table thead tbody tfoot blockquote
    dl dt dd kbd q samp var hr ruby rt rp li tr td th s strike summary details
""".split()
)
ATTRIBUTES = {"*": {"align", "alt", "colspan", "height", "open", "rowspan", "scope", "title", "width"}}
ATTRIBUTES |= {"a": {"href"}, "img": {"src"}}


@pytest.mark.parametrize("schemes", [{"http", "https"}, {"http", "https", "data"}], ids=["strict", "pictures"])
def test_what_github_keeps_reads_the_same(pair, schemes):
    import nh3

    notebook = nbformat.read(pair.with_suffix(".ipynb"), as_version=4)
    for html in html_outputs(notebook.cells):
        kept = nh3.clean(html, tags=TAGS, attributes=ATTRIBUTES, url_schemes=schemes, link_rel=None)
        before, after = BeautifulSoup(html, "html.parser"), BeautifulSoup(kept, "html.parser")
        assert after.get_text() == before.get_text()
        for name in ("details", "summary", "li", "td", "th", "pre", "p"):
            assert len(after.find_all(name)) == len(before.find_all(name))
        sources = [picture.get("src") if "data" in schemes else None for picture in before.find_all("img")]
        assert [picture.get("src") for picture in after.find_all("img")] == sources
        alts = [[picture["alt"] for picture in soup.find_all("img")] for soup in (before, after)]
        assert alts[0] == alts[1]
    written = "".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert set(re.findall(r"</?([a-z][a-z0-9]*)[ >]", re.sub(r"`[^`]*`|\$[^$]*\$", "", written))) <= TAGS
