"""The picture, goals and votes as readers have them: narrow, wide, dark, zoomed, twice on a page, in three front-ends.

One small notebook serves all: a figure with two runs of a 2-cycle, a slider, a mark, a goal, play, and a vote.
"""

import re
import shutil

import pytest

from ngdm_helpers.course import build
from tests import lab
from tests.lab import expect
from tests.pictures import differing, pixels
from tests.test_browser import SAVE, write_notebook
from tests.test_explorers import EXPLORERS

pytestmark = pytest.mark.pages
CELLS = (
    """
from ngdm_helpers import figures
from ngdm_helpers.live import goal, live, slider, vote

figure, ax = figures.new(size=(8, 3.5))
ax.set(xlim=(0, 40), ylim=(-3, 3), xlabel="step k", ylabel="β")
(line,) = ax.plot([], [], marker="o", **figures.NGDM)

def update(s):
    line.set_data(range(41), [s * (-1) ** k / 2 for k in range(41)])
    ax.title.set_text(f"jumps by {s:g}")
    return line, ax.title

widget = live(
    figure, update, alt="a line that jumps", caption="The step is as long as the jump.", play=[line],
    marks={"two": {"s": 2.0}}, goals=[goal("(i) Make it jump by *more* than 4.", lambda s: s > 4, {"s": 5.0})],
    s=slider("s", 1.0, 0.5, 5, 0.5, meaning="the step"),
)
widget
""",
    """
question = vote("Which is larger?", {"A": "1;", "B": "2."}, answer="B", because={"A": "No.", "B": "Yes, *by one*."})
question
""",
    "widget",
)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return write_notebook(tmp_path_factory.mktemp("notebooks") / "small.ipynb", *CELLS)


@pytest.fixture(scope="module")
def notebook(jupyter, chromium, path):
    screenshot = lab.ROOT / "tests" / "screenshots" / "opening_small.png"
    with lab.opened(jupyter, chromium, path, screenshot, viewport=(1280, 720)) as notebook:
        notebook.run_all()
        yield notebook


def box(locator):
    found = locator.bounding_box()
    return found["x"], found["y"], found["x"] + found["width"], found["y"] + found["height"]


def test_a_vote_answers_each_letter_in_jupyterlab(notebook):
    cell = notebook.cell(1)
    cell.locator("input[value=A]").check()
    cell.get_by_role("button", name="Answer").click()
    answers = cell.get_by_role("status").locator("p")
    expect(answers).to_have_text(["A, your answer, is wrong. No.", "B is right. Yes, by one."])
    cell.locator("input[value=A]").press("ArrowDown")
    cell.get_by_role("button", name="Answer").press("Space")  # JupyterLab has a shortcut of its own for it
    expect(answers).to_have_text(["B, your answer, is right. Yes, by one.", "A is wrong. No."])


def test_keys_step_and_play_and_jupyterlab_takes_none_of_them(notebook):
    slider, page = notebook.live("widget"), notebook.page
    slider.settled()
    button = slider.root.get_by_role("button", name="Step back")
    button.focus()
    for key, step in (("Space", 39), ("ArrowLeft", 38), ("ArrowLeft", 37), ("Enter", 36), ("ArrowRight", 37)):
        page.keyboard.press(key)
        expect(slider.canvas).to_have_attribute("data-step", str(step))
        assert button.evaluate("e => e === document.activeElement")
    slider.root.get_by_label("step", exact=True).press("End")
    mark = slider.root.get_by_role("button", name="two", exact=True)
    for key in ("Enter", "Space"):
        slider.press("s", "Home")
        mark.press(key)
        assert slider.settled() == {"s": 2}


def test_the_keys_of_a_dropdown_are_its_own(jupyter, chromium, tmp_path):
    """In JupyterLab's command mode an arrow goes to another cell, and b adds one."""
    code = "from ngdm_helpers.course import claims\ntable = claims.browse('E1', 'E5', 'E6')\ntable"
    with lab.opened(jupyter, chromium, write_notebook(tmp_path / "ledger.ipynb", code)) as notebook:
        notebook.run_all()
        dropdown = notebook.cell(0).get_by_label("verdict")
        for key in ("ArrowDown", "b"):
            dropdown.press(key)
            notebook.page.keyboard.press("Escape")  # where an arrow opens the list
            assert notebook.evaluate("0") == 0  # there and back: JupyterLab is done with the key
            assert dropdown.evaluate("e => e === document.activeElement")
        assert notebook.page.evaluate("jupyterapp.shell.currentWidget.content.widgets.length") == 1
        dropdown.select_option(label="wrong (1)")
        notebook.page.get_by_text("1 of 3 claims").wait_for()
        assert notebook.evaluate("[claim.id for claim, _ in table.chosen]") == ["E5"]


def test_a_goal_ticks_when_the_hand_rests_there_and_a_second_view_follows(notebook):
    first, second = notebook.cell(0), notebook.cell(2)  # of one widget
    slider = notebook.live("widget")
    slider.press("s", "Home")
    slider.settled()
    expect(first.locator(".live-goals li")).to_have_text(re.compile("^○"))
    slider.press("s", "End")
    assert slider.settled() == {"s": 5}
    for view in (first, second):
        expect(view.locator(".live-goals li")).to_have_text(re.compile("^✓.* – reached at s = 5$"))
    same = "new Set([...document.querySelectorAll('canvas.live-canvas')].map(one => one.toDataURL())).size === 1"
    notebook.page.wait_for_function(same)
    second.locator(".noUi-handle").first.press("Home")
    assert slider.settled() == {"s": 0.5}
    notebook.page.wait_for_function(same)
    first.get_by_role("button", name="start again").click()
    second.locator(".live-goals li", has_text="○").wait_for()


@pytest.mark.parametrize("width", [400, 768, 1280, 1920])
def test_nothing_is_cut_off_from_a_phone_to_a_wide_screen(notebook, width):
    page = notebook.page
    page.set_viewport_size({"width": width, "height": 900})
    page.evaluate("jupyterapp.shell.collapseLeft()")
    try:
        slider = notebook.live("widget")
        lab.calm(page, lab.STILL, frames=20)
        left, _, right, _ = box(page.locator(".jp-Notebook"))
        parts = [slider.canvas, *slider.root.locator(".widget-inline-hbox, .live-play, .live-goals, button").all()]
        for part in parts:
            if part.is_visible():
                assert left - 1 <= box(part)[0] and box(part)[2] <= right + 1, part.evaluate("e => e.className")
        shape = slider.canvas.evaluate("c => [c.clientWidth / c.clientHeight, c.width / c.height]")
        assert shape[0] == pytest.approx(shape[1], rel=0.02)  # smaller, not squeezed
    finally:
        page.set_viewport_size({"width": 1280, "height": 720})


def test_in_the_dark_theme_the_picture_stays_and_the_words_are_seen(notebook):
    page, slider = notebook.page, notebook.live("widget")
    slider.settled()
    light = pixels(slider.picture())
    theme = "name => jupyterapp.commands.execute('apputils:change-theme', {theme: name})"
    page.evaluate(theme, "JupyterLab Dark")
    try:
        page.locator("body[data-jp-theme-light=false]").wait_for(state="attached")
        lab.calm(page, lab.STILL, frames=20)
        assert differing(pixels(slider.picture()), light) == 0
        axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
        for index in (0, 1):
            notebook.cell(index).locator(".jp-OutputArea-output").first.evaluate("e => { e.id = 'looked-at'; }")
            found = axe.run(page, context="#looked-at").response
            page.locator("#looked-at").evaluate("e => { e.id = ''; }")
            assert [
                (one["id"], [node["html"] for node in one["nodes"]])
                for one in found["violations"]
                if one["impact"] in ("serious", "critical")
            ] == []
    finally:
        page.evaluate(theme, "JupyterLab Light")
        page.locator("body[data-jp-theme-light=true]").wait_for(state="attached")


def test_at_150_percent_controls_picture_and_caption_are_on_one_screen(jupyter, chromium, tmp_path):
    """1280×720 at 150 % is a page of 853×480 at 1.5 device pixels. Every explorer that needs no function of torch."""
    names = [name for name in EXPLORERS if name not in ("subdifferential", "chord_curvature")]
    cells = [f"explorers.{name}()" for name in names]
    path = write_notebook(tmp_path / "all.ipynb", "from ngdm_helpers.course import explorers", *cells)
    heights = {}
    with lab.opened(jupyter, chromium, path, viewport=(853, 480), scale=1.5) as notebook:
        notebook.page.evaluate("jupyterapp.shell.collapseLeft()")
        notebook.run_all()
        assert notebook.errors() == []
        screen = notebook.page.locator(".jp-WindowedPanel-outer").first.bounding_box()["height"]
        for index, name in enumerate(names, 1):
            notebook.cell(index).scroll_into_view_if_needed()
            figure = notebook.cell(index).locator(".live-figure")
            figure.locator("canvas[data-frame]").wait_for()
            first = figure.locator(".noUi-target, select, input").first
            heights[name] = box(figure.locator("em").first)[3] - box(first)[1]
    assert {name: height for name, height in heights.items() if height > screen} == {}, screen


FAR = CELLS[0].replace("a line that jumps", "a line far below")


def test_what_was_never_on_the_screen_is_kept_as_well(jupyter, chromium, tmp_path):
    """JupyterLab lays out what is near: of the rest, and of votes, the stored HTML is kept."""
    path = write_notebook(tmp_path / "long.ipynb", *CELLS[:2], *25 * ['print("\\n" * 20)'], FAR)
    with lab.opened(jupyter, chromium, path, viewport=(1280, 720)) as notebook:
        notebook.run_all()
        notebook.live("widget")  # the last one: its name is that of the first
        notebook.cell(0).locator("canvas.live-canvas").wait_for()
        notebook.page.evaluate(SAVE)
    shutil.copy(jupyter.folder / path.name, path)
    with lab.opened(jupyter, chromium, path, viewport=(1280, 720)) as notebook:
        notebook.page.get_by_role("img", name="a line that jumps").first.wait_for()
        vote = notebook.cell(1)
        vote.get_by_text("Run this cell (Shift+Enter) to make it live.").wait_for()
        assert vote.locator("li").all_inner_texts() == ["A 1;", "B 2."] and vote.locator("details").count() == 1
        notebook.cell(27)
        notebook.page.get_by_role("img", name="a line far below").first.wait_for()
        assert notebook.errors() == []


PAIR = """\
# %% [markdown] id="title"
# # Tiny

# %% id="one-reveal"
from ngdm_helpers.live import reveal

with reveal("The end"):
    print("42")

# %% [markdown] id="exercise-1-solution"
# <details><summary>Solution</summary>
#
# Forty-two.
#
# </details>
"""


def test_who_runs_all_and_saves_has_edited_nothing_and_unfolded_nothing(jupyter, chromium, tmp_path):
    source = tmp_path / "pair.py"
    source.write_text(PAIR)
    target = build.build(source)
    with lab.opened(jupyter, chromium, target) as notebook:
        notebook.run_all()
        notebook.page.evaluate(SAVE)
        for words in ("The end", "Solution"):
            fold = notebook.page.locator("details", has=notebook.page.get_by_text(words, exact=True))
            expect(fold).to_have_count(1)
            assert not fold.evaluate("fold => fold.open")
    shutil.copy(jupyter.folder / target.name, target)
    assert '"execution_count": 1' in target.read_text()
    build.check(source)  # the same cells, the same outputs
    build.build(source)


@pytest.mark.parametrize("address", ["notebooks/{}", "voila/render/{}"], ids=["Notebook 7", "Voila"])
def test_it_moves_plays_and_answers_in_other_front_ends(address, jupyter, chromium, path):
    shutil.copy(path, jupyter.folder / path.name)
    page = chromium.new_page(viewport={"width": 1280, "height": 720})
    page.set_default_timeout(1000 * lab.PATIENCE)
    try:
        page.goto(f"{jupyter.url}/{address.format(path.name)}?token={jupyter.token}")
        if address.startswith("notebooks"):
            page.wait_for_function(lab.KERNEL_IDLE)
            page.evaluate("() => void jupyterapp.commands.execute('notebook:run-all-cells')")
        canvas, handle = page.locator("canvas.live-canvas").first, page.locator(".noUi-handle").first
        page.wait_for_function("() => document.querySelector('canvas.live-canvas')?.dataset.frame >= 1")
        before = canvas.evaluate("canvas => canvas.toDataURL()")
        handle.press("ArrowRight")
        page.wait_for_function(
            "before => document.querySelector('canvas.live-canvas').toDataURL() !== before", arg=before
        )
        expect(handle).to_have_attribute("aria-valuetext", "s = 1.5")
        page.get_by_role("button", name="Restart").first.click()
        page.get_by_role("button", name="Step forward").first.press("ArrowRight")
        page.wait_for_function("() => document.querySelector('canvas.live-canvas').dataset.step === '1'")
        page.locator("input[value=A]").press("ArrowDown")
        page.get_by_role("button", name="Answer").press("Enter")
        expect(page.get_by_role("status").locator("p", has_text="B, your answer, is right")).to_have_count(1)
    finally:
        page.close()
