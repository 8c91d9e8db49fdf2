"""Runs in time: the page plays what the kernel has sent, without it."""

import itertools
import re

import numpy as np
import pytest

from ngdm_helpers import figures, trajectories
from ngdm_helpers.course import explorers
from ngdm_helpers.live import live, log_slider, slider, steps
from ngdm_helpers.objectives import L1Norm
from tests import painter
from tests.lab import expect

STEPS = 40


def orbit(courses=True):
    """(8) in the plane, and its norm over the steps."""
    figure, (plane, norm) = figures.new(2, size=(8, 4))
    plane.set(xlim=(-1, 1), ylim=(-1, 1))
    norm.set(xlim=(0, STEPS), ylim=(0, 2))
    (path,) = plane.plot([], [], marker=".", **figures.NGDM)
    (course,) = norm.plot([], [], **figures.NGDM_LARGE)

    def update(eta):
        run = trajectories.run(L1Norm(1.0), np.array([0.83, 0.31]), eta, STEPS)
        path.set_data(*run.iterates.T)
        if courses:
            course.set_data(run.steps, run.values)
        return path, course

    options = {"play": [path, course], "readings": {"‖β‖₁": course}} if courses else {"play": [path]}
    return live(figure, update, alt="an orbit", eta=log_slider("η", 0.2, 0.01, 1), **options)


@pytest.fixture
def page(chromium):
    page = painter.open_page(chromium)
    yield page
    assert page.evaluate("listeners()") == 0 or page.evaluate("close() ?? listeners()") == 0
    page.close()


def shown(page, widget):
    """Open ``widget`` on the page, and wait until it is painted."""
    painter.tell(page, widget)
    page.evaluate("show()")
    return painter.painted(page)


def at_step(page, step):
    """The canvas at a step, set by the page's own slider."""
    page.get_by_label("step", exact=True).fill(str(step))
    page.wait_for_function("step => document.querySelector('canvas').dataset.step === step", arg=str(step))
    return painter.painted(page)


def test_a_run_is_shown_up_to_its_step_and_whole_at_its_last(page):
    whole = shown(page, orbit())
    parts = [at_step(page, step) for step in (0, 1, 2, 3, STEPS)]
    assert all((before != after).any() for before, after in itertools.pairwise(parts))
    assert (parts[-1] == whole).all()


def test_on_a_cycle_the_plane_alternates_between_two_pictures(page):
    shown(page, orbit(courses=False))
    pictures = [at_step(page, step) for step in (20, 21, 22, 23)]
    assert (pictures[0] != pictures[1]).any()
    assert (pictures[0] == pictures[2]).all() and (pictures[1] == pictures[3]).all()


def test_the_buttons_and_keys_step_play_and_pause(page):
    shown(page, orbit())
    said = page.get_by_role("status").filter(has_text="step")
    expect(said).to_have_text(f"step {STEPS}: ‖β‖₁ = 0.12")
    page.get_by_role("button", name="Restart").click()
    expect(said).to_have_text("step 0: ‖β‖₁ = 1.14")
    page.get_by_role("button", name="Step forward").click()
    expect(said).to_have_text("step 1: ‖β‖₁ = 0.74")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(said).to_have_text(re.compile("^step 0:"))
    page.get_by_label("speed").select_option("1")
    page.get_by_role("button", name="Play").click()
    page.get_by_role("button", name="Pause").wait_for()
    page.get_by_label("speed").select_option("100")
    page.get_by_role("button", name="Play").wait_for()  # at the end it pauses by itself
    expect(said).to_have_text(re.compile(f"^step {STEPS}:"))
    page.get_by_label("speed").select_option("1")
    page.get_by_role("button", name="Play").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Pause").wait_for()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Play").wait_for()


def test_it_plays_at_the_screens_rate_and_never_by_itself(page):
    shown(page, orbit())
    page.wait_for_timeout(300)
    assert page.evaluate("document.querySelector('canvas').dataset.step") == ""
    page.get_by_label("speed").select_option("30")
    page.get_by_role("button", name="Play").click()
    seen = page.evaluate(
        """async () => {
            const steps = new Set();
            let frames = 0;
            for (const end = performance.now() + 900; performance.now() < end; frames++) {
                await new Promise(requestAnimationFrame);
                steps.add(document.querySelector('canvas').dataset.step);
            }
            return steps.size / Math.min(frames, 27);
        }"""
    )
    assert seen > 0.55  # of 30 steps a second, or of the frames of a machine that has fewer


def test_a_reader_who_asked_for_less_motion_gets_two_steps_a_second(page):
    page.emulate_media(reduced_motion="reduce")
    shown(page, orbit())
    page.get_by_label("speed").select_option("1000")
    page.evaluate("window.begun = performance.now()")
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("Number(document.querySelector('canvas').dataset.step) >= 2")
    page.get_by_role("button", name="Pause").click()
    step = int(page.locator(".live-canvas").get_attribute("data-step"))
    assert step <= 2 * page.evaluate("(performance.now() - begun) / 1000") + 1


def test_a_move_of_a_slider_keeps_the_step(page):
    widget = orbit()
    shown(page, widget)
    before = at_step(page, 5)
    widget.set(eta=0.5)
    painter.tell(page, widget, "frame")
    after = painter.painted(page)
    assert (before != after).any() and page.evaluate("document.querySelector('canvas').dataset.step") == "5"


def test_a_figure_without_runs_has_no_bar(page):
    figure, ax = figures.new()
    (line,) = ax.plot([0, 1], [0, 1])
    shown(page, live(figure, lambda a: (line,), alt="a line", a=slider("a", 0, 0, 1, 1)))
    assert not page.get_by_role("button", name="Play").is_visible()


def test_what_turns_often_is_two_rows_of_points():
    figure, ax = figures.new()
    (line,) = ax.plot([], [], linewidth=2, marker="o", markersize=7)

    def update(turns):
        line.set_data(np.arange(turns + 2), np.arange(turns + 2) % 2)
        return (line,)

    widget = live(figure, update, alt="a zigzag", play=[line], turns=slider("turns", 10, 0, 200, 1))
    joined = (2, "o", 7)
    for turns, look in ((60, joined), (61, (0, ".", 3)), (10, joined)):
        widget.set(turns=turns)
        assert (line.get_linewidth(), line.get_marker(), line.get_markersize()) == look


@pytest.mark.slow
def test_no_explorer_that_plays_shows_a_solid_block():
    for name in ("l1_orbit", "huber_rise", "two_recursions"):
        widget = getattr(explorers, name)()
        widget.set(**next(iter(widget.marks.values())))
        for line in widget._runs:
            x, y = line.get_xydata().T
            rises = np.diff(y)
            over_steps = (np.diff(x) > 0).all()
            assert not over_steps or (rises[1:] * rises[:-1] < 0).sum() <= steps.MOST_TURNS or line.get_linewidth() == 0


@pytest.mark.parametrize(
    ("play", "readings", "message"),
    [
        (lambda line, other: ["x"], {}, "play must name lines of the figure, got 'x'"),
        (lambda line, other: [other], {}, "play must name lines of the figure"),
        (lambda line, other: [(line, -1, 1)], {}, "play must give a first step ≥ 0 and at least one point a step"),
        (lambda line, other: [(line, 0, 0)], {}, "play must give a first step ≥ 0 and at least one point a step"),
        (lambda line, other: [], {"f": None}, "readings must be of lines in play, got f"),
    ],
)
def test_what_is_no_run_is_refused(play, readings, message):
    figure, ax = figures.new()
    (line,), (other,) = ax.plot([0, 1]), figures.new()[1].plot([0, 1])
    with pytest.raises((TypeError, ValueError), match=message):
        live(figure, lambda: (line,), alt="a line", play=play(line, other), readings=readings)


def test_the_sound_is_off_until_asked_for_and_hums_as_loud_as_the_step(page):
    heard = """() => {
        const whole = globalThis.AudioContext;
        globalThis.loud = [];
        globalThis.AudioContext = class extends whole {
            createBuffer(...size) {
                const buffer = super.createBuffer(...size);
                loud.push(buffer);
                return buffer;
            }
        };
        globalThis.largest = () => {
            const data = loud.at(-1).getChannelData(0).slice(-2000);
            return Math.max(...data) - Math.min(...data);
        };
    }"""
    page.evaluate(heard)
    widget = explorers.two_recursions()
    widget.set(function="|x|", eta=0.2, start=1.73)
    shown(page, widget)
    button = page.get_by_role("button", name="Sound")
    assert button.get_attribute("aria-pressed") == "false" and page.evaluate("loud.length") == 0
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("largest()") == pytest.approx(0.2, rel=1e-3)  # NGDM jumps by η for ever
    widget.set(function="x²", eta=0.2)
    painter.tell(page, widget, "frame")
    assert page.evaluate("largest()") < 1e-6  # gradient descent fades
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")


def test_a_figure_without_sound_has_no_button_for_it(page):
    shown(page, orbit())
    assert not page.get_by_role("button", name="Sound").is_visible()
