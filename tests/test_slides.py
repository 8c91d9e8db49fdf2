"""The slides in a browser, behind a plain file server and as a file, with every other host refused.

A deck of the small lesson of ``test_lecture.py``; `pytest -m site` builds those of the notebooks and walks through.
"""

import json

import pytest

from ngdm_helpers.course import build, cli
from ngdm_helpers.course.editions import lesson, lessons, slides
from ngdm_helpers.course.site import release
from tests import lab
from tests.lab import expect
from tests.pictures import differing
from tests.static import box, painted, repainted, served, settled, slider, visited
from tests.test_lecture import write_lesson

# Of the screen that is shown: what is cut off, and words of fewer than 24 pixels. Smaller may be: formulas' own small
# letters, captions and the list behind a choice. (What is drawn in a picture is no text of the page.)
FAULTS = """() => {
    const slide = Reveal.getCurrentSlide(), seen = one => one.checkVisibility({visibilityProperty: true});
    const cut = [slide, ...slide.querySelectorAll(".layer, .row label, .live-play")].filter(one => seen(one)
        && (one.scrollHeight > one.clientHeight || one.scrollWidth > one.clientWidth));
    const texts = document.createTreeWalker(slide, NodeFilter.SHOW_TEXT), small = [];
    while (texts.nextNode()) {
        const {textContent, parentElement} = texts.currentNode;
        if (textContent.trim() && seen(parentElement) && parseFloat(getComputedStyle(parentElement).fontSize) < 24
            && !parentElement.closest(".katex, figcaption, .words, .live-said, option")) small.push(textContent);
    }
    return [...cut.map(one => `${one.innerText.slice(0, 40)}: ${one.scrollWidth} × ${one.scrollHeight}`), ...small];
}"""
SETTLED = """() => document.getAnimations().every(one => one.playState !== "running")
    && [...document.querySelectorAll("section.present [data-explorer]")].every(one =>
        !one.checkVisibility({visibilityProperty: true}) || one.querySelector("canvas.live-canvas[data-frame]"))"""
RACE = "l1_orbit"  # the first of the two figures
AT_END = "Reveal.isLastSlide() && !Reveal.availableFragments().next"


def screens(page):
    """Go through a deck with a clicker, voting on the way; before each press, what is wrong with the screen."""
    page.wait_for_function("window.Reveal?.isReady()")
    while True:
        lab.calm(page, SETTLED)  # fragments fade, and figures are opened
        yield page.evaluate(FAULTS)
        for vote in page.locator("section.present .live-vote").all():
            vote.locator("input").last.check()
            vote.get_by_role("button", name="Answer").click()
            yield page.evaluate(FAULTS)
        if page.evaluate(AT_END):
            return
        page.keyboard.press("PageDown")


@pytest.fixture(scope="module")
def deck(release_folder, tmp_path_factory):
    """The deck of the small lesson, as the command writes it over what it was told to replace."""
    here = tmp_path_factory.mktemp("deck")
    build.build(write_lesson(here / "notebooks"))
    foreign = here / "slides" / "03_lasso" / "letter.txt"
    foreign.parent.mkdir(parents=True)
    foreign.write_text("mine")
    options = ["--to", here / "slides", "--pyodide", release_folder, "--folder", here / "notebooks"]
    arguments = ["slides", *map(str, options)]
    assert cli.main(arguments) == 1 and foreign.exists()  # no deck: it stays
    assert cli.main([*arguments, "--force"]) == 0 and not foreign.exists()
    assert sorted(path.name for path in (here / "slides").iterdir()) == ["03_lasso"]  # nothing is left over
    assert slides.foreign(foreign.parent) == []  # all of it is ours
    return foreign.parent


def redrawn(page, move):
    """What is on the canvas of the race once ``move()`` has been drawn: other figures may be Python's first."""
    repainted(page, move, RACE)
    return settled(page, RACE)


def where(page):
    """The slide and the fragment that are shown."""
    found = page.evaluate("Reveal.getIndices()")
    return found["h"], found.get("f")


def comes_to(page, slide, fragment=None):
    """Wait until this slide is shown, and of its fragments this one or, without it, any."""
    here = "const {h, f} = Reveal.getIndices(); return h === slide && [f, null].includes(fragment);"
    page.wait_for_function(f"([slide, fragment]) => {{ {here} }}", arg=[slide, fragment])


def go(page, slide):
    page.wait_for_function("window.Reveal?.isReady()")
    page.evaluate("slide => { document.activeElement.blur(); Reveal.slide(slide); }", slide)
    page.locator("section.present [data-explorer] canvas.live-canvas[data-frame]").first.wait_for()


@pytest.mark.site
def test_without_python_nothing_is_cut_off_or_small_and_no_one_is_asked(deck, chromium):
    with served(deck) as host, visited(chromium, f"{host}/", python=False) as page:
        found = [*screens(page)]
        # title; claim, answered; figure, reveal, verdict; claim; figure, verdict; what one can do
        assert len(found) == 10 and not any(found), found
        assert page.evaluate("Reveal.getTotalSlides()") == 6
        notes = page.locator("aside.notes").all_text_contents()
        assert "2 minutes" in notes[0] and "Press ▶" in notes[1] and "Much more" in notes[1] and "Key" in notes[1]
        assert page.locator(".notes math").count() == 2 and page.locator(".notes .katex-html").count() == 0
        assert page.locator("h1, p, pre").filter(has_text="not for the hall").count() == 0


@pytest.mark.site
def test_keys_turn_the_slides_but_not_from_a_slider_or_what_plays(deck, chromium):
    with served(deck) as host, visited(chromium, f"{host}/", python=False) as page:
        page.wait_for_function("window.Reveal?.isReady()")
        for key, to in (("ArrowRight", 1), ("PageDown", 2), ("ArrowLeft", 1), ("PageUp", 0)):
            page.keyboard.press(key)
            comes_to(page, to)
        go(page, 2)
        page.keyboard.press("Space")
        page.wait_for_function("Number(document.querySelector('.present .live-canvas').dataset.step) > 2")
        page.keyboard.press("Space")
        here = page.locator("section.present")
        canvas = here.locator("canvas.live-canvas")
        here.get_by_role("button", name="Play").wait_for()
        stopped = int(here.get_by_label("step", exact=True).input_value())
        page.keyboard.press("ArrowRight")
        expect(canvas).to_have_attribute("data-step", str(stopped + 1))
        assert where(page) == (2, -1)
        before = slider(page, "λ").input_value()
        slider(page, "λ").press("ArrowRight")
        expect(slider(page, "λ")).not_to_have_value(before)
        assert where(page) == (2, -1)
        page.keyboard.press("PageDown")  # while the slider has the focus
        comes_to(page, 2, 0)
        expect(canvas).to_be_hidden()
        expect(page.get_by_role("img", name="a line that rises")).to_be_visible()
        page.keyboard.press("ArrowRight")
        comes_to(page, 2, 1)
        expect(page.get_by_role("strong").filter(has_text="Verdict: holds.")).to_be_visible()


@pytest.mark.site
def test_marks_play_without_python_and_with_it_every_slider_moves(deck, chromium):
    with served(deck) as host, visited(chromium, f"{host}/", python=False) as page:
        go(page, 2)
        first = painted(page, RACE)
        stored = repainted(page, page.get_by_role("button", name="paper, λ = 100").click, RACE)
        assert differing(stored, first) > 0 and box(page, RACE).get_attribute("data-state") == "stored"
        expect(slider(page, "λ")).to_have_attribute("aria-valuetext", "λ = 100")
        page.let_python()
        marked = settled(page, RACE)
        assert differing(redrawn(page, lambda: slider(page, "η").press("End")), marked) > 0
        expect(box(page, RACE).locator(".status")).to_have_text("")


@pytest.mark.site
def test_a_deck_is_as_wide_as_its_screen(deck, chromium):
    with served(deck) as host, visited(chromium, f"{host}/", viewport={"width": 1920, "height": 1080}) as page:
        go(page, 2)
        settled(page, RACE)
        shown = box(page, RACE).locator("canvas.live-canvas").bounding_box()
        assert shown["width"] > 1300 and shown["x"] >= 0 and shown["x"] + shown["width"] <= 1920
        ring, before = page.locator(".live-ring").first.bounding_box(), slider(page, "β₀ first").input_value()
        at = ring["x"] + ring["width"] / 2 - 60, ring["y"] + ring["height"] / 2
        redrawn(page, lambda: page.mouse.click(*at))
        assert int(slider(page, "β₀ first").input_value()) < int(before)


@pytest.mark.site
def test_opened_as_a_file_it_shows_pictures_and_says_how_to_move_them(deck, chromium):
    with visited(chromium, (deck / "index.html").as_uri()) as page:
        page.wait_for_function("window.Reveal?.isReady()")
        expect(page.get_by_text("python -m http.server")).to_be_visible()
        page.keyboard.press("PageDown")
        vote = page.locator("section.present [data-vote]")
        vote.get_by_text("Answer", exact=True).click()
        expect(vote.get_by_text("C, right.")).to_be_visible()
        page.keyboard.press("PageDown")
        expect(page.locator("section.present [data-explorer] img")).to_be_visible()
        page.wait_for_function("document.querySelector('section.present [data-explorer] img').naturalWidth > 500")


def test_what_was_put_into_a_deck_or_edited_there_is_not_ours(tmp_path):
    deck = tmp_path / "a deck λ"
    assert slides.foreign(deck) == []
    (deck / "live").mkdir(parents=True)
    (deck / "index.html").write_text("a")
    (deck / slides.DECK).write_text(json.dumps({"files": {"index.html": release.sha256(b"a")}}))
    assert slides.foreign(deck) == []
    (deck / "live" / "notes.txt").write_text("mine")
    (deck / "theirs").symlink_to(tmp_path)
    assert slides.foreign(deck) == ["live/notes.txt", "theirs"]
    (deck / "index.html").write_text("edited")
    assert slides.foreign(deck)[0] == "index.html"
    for lost in ("{}", "[3", '{"files": 3}'):
        (deck / slides.DECK).write_text(lost)
        assert len(slides.foreign(deck)) == 4  # and somebody's deck.json
    assert slides.foreign(deck / "index.html") == ["index.html"]
    (tmp_path / "link").symlink_to(deck)
    assert slides.foreign(tmp_path / "link") == ["link"]


def test_what_is_no_deck_and_what_is_not_built_is_refused(tmp_path, capsys):
    source = write_lesson(tmp_path / "notebooks")
    options = [f"--folder={source.parent}", f"--to={tmp_path / 'slides'}"]
    assert cli.main(["slides", "04_none", *options]) == 1
    assert "NAME must be one of 03_lasso, got 04_none" in capsys.readouterr().err
    assert cli.main(["slides", *options]) == 1
    assert "has no 03_lasso.ipynb; run: ngdm build 03_lasso" in capsys.readouterr().err
    assert not (tmp_path / "slides").exists()


@pytest.mark.parametrize("source", build.pairs(), ids=lambda path: path.stem)
def test_a_core_has_at_most_14_slides(source):
    core = [idea for idea in lesson.read(source).ideas if idea.core]
    beats = [cells for idea in core for cells in slides._beats(idea)]
    assert 2 * len(beats) <= slides.MOST
    assert [cell.id for cells in beats for cell in cells] == [cell.id for idea in core for cell in idea.cells]


def test_a_presenter_has_the_run_sheet():
    held, (_, notes) = lesson.read(build.pairs()[2]), lessons.of_topic("lasso")
    idea = held.ideas[1]
    asked = slides._asked(idea, idea.cells, notes["recursion"], str)
    assert "20 minutes" in asked and "The usual wrong answer: A. “What starts farther out" in asked
    answered = slides._answered(idea, idea.cells[:3], notes["recursion"], str, {}, {}, "live")
    assert "Orange cannot make a shorter step" in answered and "To cut: The printed orbits" in answered


def test_the_help_says_how_to_show_them(capsys):
    with pytest.raises(SystemExit):
        cli.main(["slides", "--help"])
    assert "python -m http.server --directory build/slides/03_lasso" in " ".join(capsys.readouterr().out.split())


@pytest.fixture(scope="module")
def decks(release_folder, tmp_path_factory):
    to = tmp_path_factory.mktemp("decks")
    assert cli.main(["slides", "--to", str(to), "--pyodide", str(release_folder)]) == 0
    return to


@pytest.mark.site
@pytest.mark.parametrize("stem", [path.stem for path in build.pairs()])
def test_no_screen_of_a_core_is_cut_off_small_or_asks_for_another_host(stem, decks, chromium):
    with served(decks / stem) as host, visited(chromium, f"{host}/", python=False) as page:
        for number, faults in enumerate(screens(page)):
            assert faults == [], (number, where(page))
        assert page.evaluate("Reveal.getTotalSlides()") <= slides.MOST
