"""The lecture view in a browser: Voilà on a small lesson, every other host refused."""

import contextlib
import re
import subprocess
import urllib.error
import urllib.request

import nbclient
import pytest

from ngdm_helpers.course import build, cli
from ngdm_helpers.course.editions import lecture
from tests import lab
from tests.lab import expect

LESSON = r"""
# %% [markdown] id="title"
# # 3 · Small
#
# A lesson of two ideas, $\eta\lambda=1$.
#
# **Afterwards you can** turn pages.
#
# | idea | minutes |
# |:--|--:|
# | 1 · The race | 2 |
# | 2 · The chord | 1 |

# %% id="imports"
from IPython.display import display

from ngdm_helpers import figures
from ngdm_helpers.course import explorers, votes
from ngdm_helpers.live import reveal

# %% [markdown] id="race-claim"
# ## 1 · The race
#
# **Claim.** With $$f(\beta)=\lambda\|\beta\|_1\quad(7)$$ the minimiser is $0$.

# %% id="race-predict"
votes.ask("lasso.recursion")

# %% [markdown] id="race-play-note"
# **Play.** Press ▶.

# %% id="race-play"
orbit = explorers.l1_orbit()
orbit

# %% id="race-by-hand"
answer = 6 * 7
print("not for the hall")

# %% id="race-theory"
print("needed by nothing")

# %% id="race-picture"
figure, ax = figures.new(size=(9, 3.6))
ax.plot([0, answer])
shown = figures.show(figure, "It rises.", alt="a line that rises")

# %% id="race-reveal"
with reveal("Where it ends"):
    print("at", answer)
    display(shown)

# %% [markdown] id="race-why"
# **Why.** Because of $\lambda$.
#
# <details><summary>More</summary>
#
# Much more.
#
# </details>

# %% [markdown] id="race-verdict"
# **Verdict: holds.**
#
# <details><summary>Key</summary>
#
# $\lambda=3$
#
# </details>

# %% [markdown] id="chord-claim"
# ## 2 · The chord
#
# **Claim.** One more.

# %% id="chord-play"
chord = explorers.chord_law()
chord

# %% [markdown] id="chord-verdict"
# **Verdict: wrong.**

# %% [markdown] id="stop-here"
# You can stop here.

# %% [markdown] id="exercises"
# ## Exercises
""".lstrip()


def write_lesson(folder):
    """The source of `LESSON` as the one notebook in ``folder``."""
    folder.mkdir()
    source = folder / "03_lasso.py"
    source.write_text(LESSON)
    return source


@contextlib.contextmanager
def serving(source, here):
    """Serve the lecture view of ``source`` from the folder ``here``, as the command does; yields its address."""
    (here / "served").mkdir()
    command, environment = lecture.prepare(source, here / "served")
    address, log = f"http://localhost:{lab._free_port()}", here / "log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [*command, f"--port={address.rpartition(':')[2]}", "--no-browser"],
            env=lab.kernel_environment() | environment | {"PYTHONPATH": str(lab.ROOT)},
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
    try:
        lab._wait(lambda: process.poll() is not None or _answers(f"{address}/voila/static/require.min.js"), "Voilà")
        assert process.poll() is None, log.read_text()
        yield address
    finally:
        lab._end(process)


@pytest.fixture(scope="module")
def hall(chromium, tmp_path_factory):
    """The lecture view of the small lesson: its page, and what it has complained of or asked another host for.

    The cell of the second figure has waited until the first could be seen and the second could not.
    """
    here = tmp_path_factory.mktemp("hall")
    gate = here / "gate"
    waits = f"import pathlib, time\n\nwhile not pathlib.Path({str(gate)!r}).exists():\n    time.sleep(0.1)\n"
    source = write_lesson(here / "notebooks")
    source.write_text(LESSON.replace("chord = explorers", f"{waits}chord = explorers"))
    context, faults = chromium.new_context(viewport={"width": 1280, "height": 720}), []

    def refuse(route):
        faults.append(f"asked for {route.request.url}")
        route.abort()

    with serving(source, here) as address, contextlib.closing(context):
        page = context.new_page()
        page.set_default_timeout(1000 * lab.PATIENCE)
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        context.route(lambda url: not url.startswith((address, "data:", "blob:")), refuse)
        page.goto(address)
        page.locator(".lecture-bar").wait_for()
        at(page, 4)
        page.get_by_text("at 42").wait_for()
        at(page, 7)
        waiting = page.locator(".voila-skeleton-container:visible")
        assert waiting.count() == 1 and "Python has not come to this cell yet" in waiting.evaluate(
            "one => getComputedStyle(one, '::after').content"
        )
        gate.touch()
        page.wait_for_function("document.querySelectorAll('canvas.live-canvas[data-frame]').length === 2")
        assert page.locator(".voila-skeleton-container").count() == 0
        at(page, 1)
        yield page, faults


def _answers(address):
    try:
        with urllib.request.urlopen(address, timeout=lab.PATIENCE):
            return True
    except (urllib.error.URLError, OSError):
        return False


def at(page, number):
    """Go to the step with this number, from 1 on."""
    page.evaluate("document.activeElement.blur()")
    here = int(page.locator(".lecture-bar output").inner_text().partition(" / ")[0])
    while here != number:
        way = 1 if here < number else -1
        page.keyboard.press("PageDown" if way > 0 else "PageUp")
        here += way
        shows(page, here)


def shows(page, number):
    """Wait until the page shows the step with this number."""
    expect(page.locator(".lecture-bar output")).to_have_text(re.compile(rf"^{number} / \d+$"))


def text(page):
    return page.locator("#rendered_cells").inner_text()


@pytest.mark.pages
def test_every_step_is_turned_to_and_none_shows_code(hall):
    page, faults = hall
    seen = []
    steps = "3 · Small", "Predict", "Press ▶", "It rises", "Because of", "Verdict: holds", "One more", "Verdict: wrong"
    for number, words in enumerate(steps, 1):
        at(page, number)
        expect(page.locator("#rendered_cells")).to_contain_text(words, use_inner_text=True)
        seen.append(text(page))
        assert not any(word in seen[-1] for word in ("explorers.", "import ", "not for the hall", "needed by nothing"))
        assert page.locator(".jp-InputArea:visible pre, .highlight:visible").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    for words in steps:
        assert sum(words in other for other in seen) == 1
    page.locator("mjx-container, .MathJax").first.wait_for(state="attached")
    page.keyboard.press("ArrowRight")
    shows(page, 8)
    page.locator(".lecture-bar").get_by_role("button", name="1", exact=True).click()
    shows(page, 2)
    assert faults == []


@pytest.mark.pages
def test_the_hall_votes(hall):
    page, faults = hall
    at(page, 2)
    page.locator("input[value=A]").check()
    page.keyboard.press("ArrowDown")  # the arrows choose: they do not turn the page
    page.get_by_role("button", name="Answer").click()
    expect(page.get_by_role("status").locator("p:visible").first).to_have_text(re.compile("^B, your answer, is wrong."))
    page.keyboard.press("ArrowRight")  # a button has no arrows of its own
    shows(page, 3)
    assert faults == []


@pytest.mark.pages
def test_space_plays_arrows_step_and_a_clicker_goes_on(hall):
    page, faults = hall
    at(page, 3)
    canvas, bar = page.locator("canvas.live-canvas:visible"), page.locator(".live-play:visible")
    page.keyboard.press("Space")
    page.wait_for_function("Number(document.querySelector('canvas.live-canvas').dataset.step) > 2")
    page.keyboard.press("Space")
    bar.get_by_role("button", name="Play").wait_for()
    stopped = int(bar.get_by_label("step", exact=True).input_value())
    for key, steps in (("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1)):
        page.keyboard.press(key)
        expect(canvas).to_have_attribute("data-step", str(stopped + steps))
    handle, before = page.locator(".noUi-handle:visible").first, canvas.evaluate("one => one.toDataURL()")
    expect(handle).to_have_attribute("aria-valuetext", "η = 0.1")
    handle.press("ArrowRight")
    page.wait_for_function("before => document.querySelector('canvas.live-canvas').toDataURL() !== before", arg=before)
    expect(handle).not_to_have_attribute("aria-valuetext", "η = 0.1")
    shows(page, 3)
    page.keyboard.press("PageDown")  # while the slider has the focus
    shows(page, 4)
    assert faults == []


@pytest.mark.pages
def test_who_comes_to_a_reveal_sees_it_and_keys_stay_folded(hall):
    page, _ = hall
    at(page, 4)
    expect(page.get_by_role("img", name="a line that rises")).to_be_visible()
    expect(page.locator("#rendered_cells")).to_contain_text("at 42", use_inner_text=True)
    at(page, 6)
    expect(page.get_by_text("Key")).to_be_visible()
    assert not page.get_by_text("λ=3").is_visible()
    page.get_by_text("Key").click()
    expect(page.locator("details[open]:visible")).to_have_count(1)


@pytest.mark.pages
def test_a_page_that_is_loaded_anew_opens_where_it_was(hall):
    page, _ = hall
    at(page, 7)
    page.reload()
    shows(page, 7)


@pytest.mark.parametrize("source", build.pairs(), ids=lambda path: path.stem)
def test_what_the_hall_sees_of_a_notebook(source):
    found = lecture.notebook(source).cells
    steps = [cell.metadata.step for cell in found if cell.metadata.step != ""]
    assert sorted({*steps}) == list(range(max(steps) + 1)) and steps == sorted(steps)
    names = [cell.id for cell in found]
    assert names[:2] == ["title", "imports"]
    assert not any(name.endswith(("-check", "-hint", "-solution", "-stub")) for name in names)
    for step in range(max(steps) + 1):  # words, and one thing to look at
        assert sum(cell.cell_type == "code" for cell in found if cell.metadata.step == step) <= 1


@pytest.mark.slow
@pytest.mark.tools
@pytest.mark.parametrize("source", build.pairs(), ids=lambda path: path.stem)
def test_what_the_hall_sees_needs_no_cell_that_is_left_out(source, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", lab.kernel_environment()["PYTHONPATH"])
    nbclient.NotebookClient(lecture.notebook(source), timeout=300).execute()  # raises where a cell does


def test_what_cannot_be_served_is_refused(tmp_path, capsys, monkeypatch):
    assert cli.main(["lecture", "05_none"]) == 1
    assert "NAME must be one of 01_preliminaries" in capsys.readouterr().err
    assert cli.main(["lecture", "03_lasso", "--port", "70000"]) == 1
    assert "--port must be 1 … 65535, got 70000" in capsys.readouterr().err
    monkeypatch.setattr(lecture.importlib.util, "find_spec", lambda name: None)
    assert cli.main(["lecture", "03_lasso"]) == 1
    assert 'needs voila, which is not installed; pip install -e ".[lecture]"' in capsys.readouterr().err


def test_the_help_says_how_long_it_takes(capsys):
    with pytest.raises(SystemExit):
        cli.main(["lecture", "--help"])
    assert "about a minute" in " ".join(capsys.readouterr().out.split())
