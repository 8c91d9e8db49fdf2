"""The static site in a browser, behind a plain file server, with every other host refused.

A site of three explorers and one notebook. The whole one is that of ``test_site_whole.py``.
"""

import contextlib
import io
import itertools
import json
import re
import tarfile

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from ngdm_helpers import live
from ngdm_helpers.course import cli, explorers, problems
from ngdm_helpers.course.site import build, notebook, release
from tests import lab
from tests.lab import expect
from tests.pictures import differing, pixels
from tests.static import box, follow, painted, repainted, served, settled, slider, visited, wait

pytestmark = pytest.mark.slow
FEW, MANY, TORCH = "chord_law", "l1_orbit", "subdifferential"  # 8 states; 10¹²; functions of torch in the notebook


def small_notebook():
    """A notebook with a vote, a formula, a folded section and an explorer, as `ngdm build` stores them."""
    vote = live.vote("Is 1 < 2?", {"A": "Yes.", "B": "No, `2 < 1`."}, "A", {"A": "It *is*.", "B": "Count."})
    picture = '<figure><img src="data:image/png;base64,iVBORw0KGgo=" alt="an orbit"></figure>'
    cells = [
        new_markdown_cell(
            "# Small\n\nWith $\\eta\\lambda < 1$ and\n\n$$f(\\beta) = \\lambda\\|\\beta\\|_1$$", id="title"
        ),
        _shown(vote._repr_mimebundle_()[0]["text/html"], "vote", id="vote-predict"),
        _shown(picture, f"explorers.{MANY}()", id="play", metadata={"jupyter": {"source_hidden": True}}),
        new_markdown_cell("## Deeper", id="deeper", metadata={"jp-MarkdownHeadingCollapsed": True}),
        new_markdown_cell("Inside.", id="inside"),
        new_markdown_cell("## After", id="after"),
    ]
    return new_notebook(cells=cells)


def _shown(markup, source, **rest):
    data = {"text/html": markup, "text/plain": "…"}
    return new_code_cell(source, outputs=[new_output("execute_result", data=data, execution_count=1)], **rest)


@pytest.fixture(scope="module")
def small(release_folder, tmp_path_factory):
    """A site of three explorers and one notebook, as the command writes it."""
    here = tmp_path_factory.mktemp("small")
    (here / "notebooks").mkdir()
    nbformat.write(small_notebook(), here / "notebooks" / "03_lasso.ipynb")
    options = ["--to", here / "site", "--pyodide", release_folder, "--folder", here / "notebooks"]
    assert cli.main(["site", *map(str, options), FEW, MANY, TORCH, "03_lasso"]) == 0
    return here / "site"


# --- before Python has come


def test_a_page_paints_plays_and_jumps_to_marks_without_python(small, chromium):
    with served(small) as host, visited(chromium, f"{host}/play/{MANY}/", python=False) as page:
        first = painted(page)
        page.get_by_role("button", name="Restart").click()
        page.wait_for_function("document.querySelector('.live-canvas').dataset.step === '0'")
        assert differing(painted(page), first) > 0
        page.get_by_label("speed").select_option("1000")
        page.get_by_role("button", name="Play").click()
        page.wait_for_function("Number(document.querySelector('.live-canvas').dataset.step) > 2")
        repainted(page, page.get_by_role("button", name="paper, λ = 100").click)
        expect(slider(page, "λ")).to_have_attribute("aria-valuetext", "λ = 100")
        assert box(page).get_attribute("data-state") == "stored"
        slider(page, "λ").press("ArrowLeft")
        page.get_by_text(re.compile("then it draws η = 0.01, λ = 9")).wait_for()


@pytest.mark.site
def test_a_figure_of_few_states_moves_everywhere_without_python(small, chromium):
    with served(small) as host, visited(chromium, f"{host}/play/{FEW}/", python=False) as page:
        painted(page)
        slider(page, "η").press("Home")
        expect(page.locator(".status")).not_to_contain_text("draws η")  # once all states have come
        lab.calm(page)
        pictures = [painted(page)]
        for _ in range(7):
            pictures.append(repainted(page, lambda: slider(page, "η").press("ArrowRight")))
            assert "draws η" not in page.locator(".status").inner_text()
        assert all(differing(one, other) > 0 for one, other in itertools.pairwise(pictures))


@pytest.mark.site
def test_a_link_restores_a_setting_and_share_makes_it(small, chromium):
    with served(small) as host, visited(chromium, f"{host}/play/{MANY}/#eta=0.01&lam=100") as page:
        painted(page)
        expect(slider(page, "η")).to_have_attribute("aria-valuetext", "η = 0.01")
        expect(slider(page, "λ")).to_have_attribute("aria-valuetext", "λ = 100")
        follow(page, "eta=0.5&lam=3.01&rival=nobody&none=1")
        expect(slider(page, "λ")).to_have_attribute("aria-valuetext", "λ = 3.02")
        expect(slider(page, "η")).to_have_attribute("aria-valuetext", "η = 0.501")
        page.go_back()
        expect(slider(page, "λ")).to_have_attribute("aria-valuetext", "λ = 100")
        wait(page, "live")
        slider(page, "λ").press("ArrowLeft")
        page.get_by_role("button", name="Share").click()
        expect(page.get_by_label("link to this setting")).to_have_value(re.compile("#eta=0.01&lam=9"))
        link, there = page.get_by_label("link to this setting").input_value(), settled(page)
        expect(page).to_have_url(link)
        page.goto("about:blank")
        page.goto(link)
        painted(page)
        assert np.array_equal(settled(page), there)


# --- with Python


def drawn(folder, name):
    """What the widget draws at its start by Agg, in the pages' own Python."""
    (picture,) = folder.glob(f"live-*/play/{name}/picture.png")
    return pixels(picture.read_bytes())


def test_python_takes_over_and_paints_what_the_widget_draws(small, chromium):
    widget = explorers.l1_orbit()
    with served(small) as host, visited(chromium, f"{host}/play/{MANY}/") as page:
        painted(page)
        stored = page.locator(".live-ring").bounding_box()
        start = settled(page)
        assert differing(start, drawn(small, MANY)) < 0.02
        assert page.locator(".live-ring").bounding_box() == pytest.approx(stored, abs=0.1)  # laid out the same way
        for label, name, key in (("η", "eta", "ArrowRight"), ("λ", "lam", "End"), ("β₀ first", "b1", "ArrowLeft")):
            slider(page, label).press(key)
            assert differing(settled(page), start) > 0
            control = widget.controls[name]
            control.index = int(slider(page, label).input_value())
            words = f"{label} = {control._options_labels[control.index]}"
            expect(slider(page, label)).to_have_attribute("aria-valuetext", words)
        follow(page, "eta=0.1&rival=proximal")
        assert np.array_equal(settled(page), start)
        assert page.locator(".status").inner_text() == ""


def test_the_next_step_is_shown_without_waiting_for_python(small, chromium):
    with served(small) as host, visited(chromium, f"{host}/play/{MANY}/") as page:
        wait(page, "live")
        shown = {}
        for key in [*["ArrowRight"] * 3, *["ArrowLeft"] * 3, *["ArrowRight"] * 2]:
            repainted(page, lambda key=key: slider(page, "η").press(key))
            shown[slider(page, "η").input_value()] = settled(page)
        page.evaluate("Worker.prototype.postMessage = () => {}")  # Python hears of nothing any more
        for key in ("ArrowRight", "ArrowLeft"):
            there = repainted(page, lambda key=key: slider(page, "η").press(key))
            assert np.array_equal(there, shown[slider(page, "η").input_value()])


def test_a_reader_reaches_the_goals(small, chromium):
    figure = explorers.l1_orbit()
    with served(small) as host, visited(chromium, f"{host}/play/{MANY}/") as page:
        wait(page, "live")
        for k, one in enumerate(figure.goals.goals):
            (setting,) = one.at
            follow(page, "&".join(f"{key}={value}" for key, value in setting.items()))
            expect(page.locator(".live-goals li").nth(k)).to_contain_text("reached at")


@pytest.mark.site
def test_a_hand_drags_the_start_and_the_keyboard_reaches_all(small, chromium):
    with served(small) as host, visited(chromium, f"{host}/play/{MANY}/") as page:
        settled(page)
        ring = page.locator(".live-ring").bounding_box()
        x, y = ring["x"] + ring["width"] / 2, ring["y"] + ring["height"] / 2
        before = slider(page, "β₀ first").input_value(), slider(page, "β₀ second").input_value()
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x - 60, y + 40, steps=5)
        page.mouse.up()
        settled(page)
        after = slider(page, "β₀ first").input_value(), slider(page, "β₀ second").input_value()
        assert int(after[0]) < int(before[0]) and int(after[1]) < int(before[1])
        page.evaluate("document.activeElement.blur()")
        names = []
        for _ in range(30):
            page.keyboard.press("Tab")
            names.append(page.evaluate("document.activeElement.ariaLabel ?? document.activeElement.textContent"))
        assert {"η", "λ", "β₀ first", "paper, λ = 1", "Play", "step", "Share"} <= set(names)


@pytest.mark.site
def test_functions_of_torch_have_their_twins_in_numpy(small, chromium):
    import torch

    with served(small) as host, visited(chromium, f"{host}/play/{TORCH}/") as page:
        assert differing(settled(page), drawn(small, TORCH)) < 0.02
    functions = {
        "abs": torch.abs,
        "relu": torch.relu,
        "clamp(min=0)": lambda x: torch.clamp(x, min=0),
        "maximum(x, 0)": lambda x: torch.maximum(x, torch.zeros(1, dtype=x.dtype)),
        "leaky_relu": torch.nn.functional.leaky_relu,
        "relu6": torch.nn.functional.relu6,
        "hardtanh": torch.nn.functional.hardtanh,
        "norm": lambda x: torch.linalg.vector_norm(x[..., None], dim=-1),
        "sqrt": torch.sqrt,
        "relu(x) − relu(−x)": lambda x: torch.relu(x) - torch.relu(-x),
    }
    assert list(functions) == list(problems.KINKS)
    grid = np.linspace(-8, 8, 1601)
    for name, function in functions.items():
        f, kink, derivative = problems.KINKS[name]
        np.testing.assert_allclose(f(grid), function(torch.as_tensor(grid)).numpy(), rtol=1e-15, err_msg=name)
        x = torch.tensor([kink], dtype=torch.float64, requires_grad=True)
        found = torch.autograd.grad(function(x).sum(), x)[0].item()
        # clamp: 1 up to PyTorch 2.13
        assert found == derivative or (name, found) == ("clamp(min=0)", 1.0)


@pytest.mark.site
def test_two_tabs_and_a_worker_that_dies(small, chromium):
    with served(small) as host, visited(chromium, f"{host}/play/{MANY}/") as page:
        other = page.context.new_page()
        other.goto(f"{host}/play/{FEW}/")
        wait(page, "live")
        wait(other, "live")
        other.close()
        before = settled(page)
        with contextlib.suppress(Exception):
            page.workers[0].evaluate("self.close()")
        page.evaluate("window.timer = setTimeout; window.setTimeout = (then, ms) => timer(then, ms / 20)")
        slider(page, "λ").press("End")  # which is not answered for 20 seconds, here for one
        again = page.get_by_role("button", name="Start Python again")
        again.wait_for()
        page.evaluate("window.setTimeout = timer")
        assert np.array_equal(painted(page), before)
        again.click()
        assert differing(settled(page), before) > 0
        expect(slider(page, "λ")).to_have_attribute("aria-valuetext", "λ = 100")
        expect(again).to_be_hidden()


@pytest.mark.site
def test_a_second_visit_needs_no_network(small, chromium):
    with served(small) as host, visited(chromium, f"{host}/play/{MANY}/") as page:
        wait(page, "live")
        page.wait_for_function(
            "caches.open('ngdm').then(one => one.keys()).then(all => all.some(({url}) => url.includes('bundle.zip')"
            " ) && all.some(({url}) => url.endsWith('.wasm')))"
        )
        page.context.set_offline(True)
        page.reload()
        painted(page)
        slider(page, "λ").press("ArrowRight")
        settled(page)


# --- other pages, other screens


@pytest.mark.site
def test_a_notebook_reads_without_scripts(small, chromium):
    with served(small) as host, visited(chromium, f"{host}/03_lasso.html", java_script_enabled=False) as page:
        assert page.get_by_role("img", name="an orbit").count() == 1
        page.get_by_text("Answer").click()
        expect(page.get_by_text("It is.")).to_be_visible()
        assert page.locator(".katex-display").count() == 1 and page.locator("math").count() == 2
        expect(page.get_by_role("heading", name="After")).to_be_visible()
        assert not page.get_by_text("Inside.").is_visible()
        page.locator("summary", has_text="Deeper").click()
        expect(page.get_by_text("Inside.")).to_be_visible()


@pytest.mark.site
def test_the_figures_and_votes_of_a_notebook_live(small, chromium):
    with served(small) as host, visited(chromium, f"{host}/03_lasso.html") as page:
        page.get_by_label("B No, 2 < 1.").check()
        page.get_by_role("button", name="Answer").click()
        expect(page.get_by_role("status").first).to_have_text(re.compile(r"^B, your answer, is wrong\. Count\."))
        box(page).scroll_into_view_if_needed()
        before = settled(page)
        slider(page, "λ").press("End")
        assert differing(settled(page), before) > 0


@pytest.mark.site
def test_the_index_leads_to_every_page(small, chromium):
    with served(small) as host, visited(chromium, host) as page:
        assert page.locator(".card").count() == 3
        links = page.locator("a").evaluate_all("all => all.map(one => one.href)")
        for link in {*links}:
            assert page.request.get(link).ok, link


@pytest.mark.site
def test_embedded_there_is_only_the_figure(small, chromium):
    with served(small) as host, visited(chromium, f"{host}/play/{FEW}/?embed#eta=0.1", python=False) as page:
        painted(page)
        assert not page.get_by_role("navigation").is_visible() and not page.get_by_role("heading").first.is_visible()


@pytest.mark.site
@pytest.mark.parametrize("path", ["", f"play/{MANY}/", "03_lasso.html"])
def test_a_phone_shows_a_page_without_sideways_scrolling(path, small, chromium):
    phone = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True, "device_scale_factor": 3}
    with served(small) as host, visited(chromium, f"{host}/{path}", python=False, **phone) as page:
        if path:
            box(page).scroll_into_view_if_needed()
            painted(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        small_ones = page.locator("button:visible, select:visible, input[type=range]:visible").evaluate_all(
            "all => all.filter(one => one.getBoundingClientRect().height < 30).map(one => one.outerHTML)"
        )
        assert small_ones == []


@pytest.mark.site
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["", f"play/{MANY}/", "03_lasso.html"])
def test_nothing_keeps_a_reader_out(path, scheme, small, chromium):
    from axe_playwright_python.sync_playwright import Axe

    with served(small) as host, visited(chromium, f"{host}/{path}", python=False, color_scheme=scheme) as page:
        if path:
            painted(page)
        found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
        assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []


# --- building


def test_unknown_names_foreign_folders_and_wrong_files_are_refused(tmp_path, capsys):
    assert cli.main(["site", "orbit"]) == 1
    assert "NAME must be one of 01_preliminaries" in capsys.readouterr().err
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(ValueError, match="--to must name a new folder"):
        build.build(tmp_path, names=[MANY])
    with pytest.raises(ValueError, match=r"--pyodide must name a folder with Pyodide .* lacks pyodide.asm.mjs"):
        release.gather(tmp_path / "to", tmp_path)
    for name in release.SHA256:
        (tmp_path / name).write_text("another")
    with pytest.raises(ValueError, match=r"pyodide.asm.mjs from .* must have the official sha256"):
        release.gather(tmp_path / "to", tmp_path)
    assert list((tmp_path / "to").iterdir()) == []


def test_a_vote_is_read_from_what_is_stored_and_other_outputs_are_left():
    vote = live.vote("1 < 2?", {"A": "Yes & no.", "B": "`x`"}, "B", {"A": "Why *not*.", "B": "So."})
    read = notebook._vote(vote._repr_mimebundle_()[0]["text/html"])
    assert read["question"] == vote.question
    assert [list(row) for row in read["options"]] == [list(row) for row in vote.options]
    assert notebook._vote("<p><b>Predict.</b> nothing</p>") is None and notebook._vote("<p>text</p>") is None


def test_the_official_lock_file_vouches_for_every_package(tmp_path):
    try:
        with tarfile.open(fileobj=io.BytesIO(release.packed(release.CORE))) as archive:
            lock = json.loads(archive.extractfile("package/pyodide-lock.json").read())
    except OSError as error:
        pytest.skip(str(error))
    for name, entry in release.RELEASE["lock"]["packages"].items():
        assert lock["packages"][name] == entry
    assert lock["info"] == release.RELEASE["lock"]["info"]
