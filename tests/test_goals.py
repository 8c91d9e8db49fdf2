"""Goals: noticed when a move comes to rest, proved by drive, said in words."""

from unittest import mock

import numpy as np
import pytest

from ngdm_helpers import figures, trajectories
from ngdm_helpers.course import explorers
from ngdm_helpers.live import choice, goal, goals, live, log_slider, slider
from tests import painter
from tests.lab import expect

LARGE = goal("(i) Make η *large*.", lambda eta: eta > 0.5, {"eta": 1.0})


def sine(*aims, **options):
    """A figure with three controls and these goals."""
    figure, ax = figures.new()
    (line,) = ax.plot([], [])

    def update(eta, n, kind):
        line.set_data([0, n], [0, eta])
        return (line,)

    options = {"marks": {"half": {"eta": 0.4}}} | options
    kinds = choice("kind", "a", ["a", "b"])
    controls = {"eta": log_slider("η", 0.1, 0.01, 1), "n": slider("n", 3, 1, 9, 2), "kind": kinds}
    return live(figure, update, alt="a line", goals=aims, **options, **controls)


def rest(widget):
    """What the page tells once a move has come to rest."""
    widget.canvas.rested += 1


def test_a_goal_is_ticked_where_a_move_comes_to_rest_and_not_on_the_way():
    widget = sine(LARGE)
    widget.set(eta=1.0)
    assert widget.goals.reached == [""]
    widget.set(eta=0.2)
    rest(widget)
    assert widget.goals.reached == [""]
    widget.set(eta=0.7)
    rest(widget)
    assert widget.goals.reached == ["η = 0.7"]
    widget.set(eta=0.1)
    rest(widget)
    assert widget.goals.reached == ["η = 0.7"]  # ticks stay


def test_the_setting_is_read_as_the_controls_read():
    everything = goal("all", lambda eta, n, kind: (n, kind) == (5, "b"), {"eta": 1.0, "n": 5, "kind": "b"})
    widget = sine(everything)
    widget.set(eta=0.123, n=5, kind="b")
    rest(widget)
    assert widget.goals.reached == ["η = 0.123, n = 5, kind = b"]


def two_sizes(eta, n, seen):
    return n == 5 and any(state["n"] == n and state["eta"] != eta for state in seen)


def test_a_goal_of_two_settings_knows_where_the_reader_has_been_and_forgets_it_when_begun_again():
    widget = sine(goal("two η for one n", two_sizes, [{"n": 5}, {"n": 5, "eta": 0.01}]))
    widget.set(n=5)
    rest(widget)
    assert widget.goals.reached == [""]
    widget.set(eta=0.2)
    rest(widget)
    assert widget.goals.reached == ["n = 5, η = 0.2"]
    widget.goals.reached = [""]  # what the button "start again" sends
    widget.set(eta=0.2, n=3)
    rest(widget)
    assert widget.goals.reached == [""]
    widget.drive()


def test_what_is_not_drawn_is_not_found():
    figure, ax = figures.new()
    (line,) = ax.plot([], [])

    def update(a):
        line.set_data([0], [1 / (a - 1)])
        return (line,)

    aims = [goal("one", lambda a: a == 1, {"a": 1})]
    widget = live(figure, update, alt="a point", goals=aims, a=slider("a", 0, 0, 2, 1))
    with pytest.raises(ZeroDivisionError):
        widget.set(a=1)
    rest(widget)
    assert widget.goals.reached == [""]


@pytest.mark.parametrize(
    ("one", "fault"),
    [
        (
            goal("small", lambda eta: eta < 0.5, {"eta": 1.0}),
            "'small' is reached already at eta = 0.1, n = 3, kind = a",
        ),
        (goal("none", lambda eta: False, {"eta": 1.0}), "'none' is not reached at eta = 1.0"),
        (goal("half", lambda eta: eta > 0.3, {"eta": 1.0}), "'half' is reached by a click on the mark 'half'"),
        (
            goal("two", lambda n: n == 5, [{"n": 5}, {"n": 5, "eta": 1.0}]),
            "'two' is reached already at eta = 0.1, n = 5",
        ),
    ],
)
def test_drive_proves_that_a_goal_is_one(one, fault):
    with pytest.raises(goals.Unproved, match=fault):
        sine(one).drive()


def test_drive_leaves_goals_unticked_and_controls_where_they_were():
    widget = sine(LARGE)
    for eta in (0.1, 0.9):  # wherever the reader has left them
        widget.set(eta=eta)
        widget.drive()
        assert widget.goals.reached == [""] and widget.values == {"eta": eta, "n": 3, "kind": "a"}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: goal(" ", max, {"a": 1}), "text must say in words what to find, got ' '"),
        (lambda: goal("x", True, {"a": 1}), "test must be a function of the controls' values, got True"),
        (lambda: goal("x", max, {}), r"at must be a setting \{control: value\}, or several, got \{\}"),
        (lambda: goal("x", max, [1]), r"at must be a setting .*, got \[1\]"),
        (lambda: sine("x"), r"goals must be made by goal\(…\), got 'x'"),
        (lambda: sine(goal("x", lambda q: True, {"n": 5})), r"test of goal 'x' must take controls .*, got q"),
        (lambda: sine(goal("x", lambda n: True, {"q": 5})), r"at of goal 'x' must name controls .*, got q"),
        (lambda: sine(goal("x", lambda n: True, {"n": 4})), r"must be a place on the control n, got 4"),
        (lambda: sine(goal("x", lambda n: True, {"eta": 0.1001})), r"must be a place on the control eta, got 0.1001"),
        (lambda: sine(goal("x", lambda n: True, {"kind": "c"})), r"must be a place on the control kind, got 'c'"),
        (
            lambda: sine(goal("x", lambda n: True, {"eta": 0.4})),
            r"must not be what a mark jumps to, got that of 'half'",
        ),
        (lambda: sine(LARGE, LARGE), "goals must differ in their text"),
    ],
)
def test_what_is_no_goal_is_refused(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()


def test_the_stored_notebook_lists_the_goals():
    data, _ = sine(LARGE)._repr_mimebundle_()
    assert data["text/html"].endswith("<li>(i) Make η <em>large</em>.</li></ul>")
    assert "Goals" not in sine()._repr_mimebundle_()[0]["text/html"]


@pytest.mark.slow
def test_the_two_norms_of_the_paradox_are_noticed():
    widget = explorers.l1_orbit()
    same, above = widget.goals.goals
    states = [widget.values, widget.values | {"eta": 0.01, "lam": 10.0}]
    goals.prove(same, states)
    assert not same.passes(states[0] | {"lam": 10.0}, states[:1])  # η was not lowered with it
    assert not above.passes(states[0] | widget.marks["paper, λ = 100"], states[:1])
    assert above.passes(states[0] | {"eta": 1.0, "lam": 100.0}, [])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["l1_orbit", "huber_rise", "step_sizes"])
def test_a_reader_who_has_been_about_waits_no_longer(name):
    """Goals that ask where the reader has been do not run what was run there again."""
    widget = getattr(explorers, name)()
    # where step_sizes asks
    widget.set(**{"step_sizes": {"noise": 0.0, "rule": "reducing (StepLR)", "lr": 0.3}}.get(name, {}))
    control = widget.controls[{"l1_orbit": "lam", "huber_rise": "start", "step_sizes": "q"}[name]]
    runs = []
    for value in list(getattr(control, "numbers", np.arange(0.5, 0.9, 0.01)))[:12]:
        control.value = value
        with mock.patch.object(trajectories, "run", wraps=trajectories.run) as run:
            rest(widget)
        runs.append(run.call_count)
    assert 0 < max(runs) <= 3 and runs[-1] <= runs[1]


# --- in the page


@pytest.fixture
def page(chromium):
    page = painter.open_page(chromium, source=str(goals.Goals._esm))
    yield page
    assert page.evaluate("close() ?? listeners()") == 0
    page.close()


def shown(page, *texts):
    page.evaluate("news => tell(news)", {"texts": list(texts), "reached": [""] * len(texts)})
    page.evaluate("show()")


@pytest.mark.parametrize(("aims", "told"), [([LARGE], [["rested", 1]]), ([], [])], ids=["goals", "no goal"])
def test_the_page_tells_once_that_a_move_has_come_to_rest(chromium, aims, told):
    widget = sine(*aims)
    page = painter.open_page(chromium)
    painter.tell(page, widget)
    page.evaluate("tell({rested: 0}); show()")
    moves = """async () => {
        for (let count = 2; count < 7; count++) {
            tell({frame: {...last, count, titles: [`move ${count}`]}});
            await new Promise(done => setTimeout(done, 50));
        }
        return [...said];
    }"""
    assert page.evaluate(moves) == []
    page.get_by_text("move 6").wait_for()  # announced at the same moment
    page.wait_for_function("told => said.length === told", arg=len(told))
    assert page.evaluate("said") == told
    page.close()


def test_a_tick_says_where_and_is_announced_and_taken_back(page):
    shown(page, "(i) <em>one</em>", "(ii) two")
    rows = page.get_by_role("listitem")
    assert rows.all_inner_texts() == ["○(i) one", "○(ii) two"]
    assert page.get_by_role("status").inner_text() == ""
    assert page.get_by_role("button", name="start again").count() == 0  # hidden
    page.evaluate("tell({reached: ['', 'η = 0.5, λ = 2']})")
    expect(rows).to_have_text(["○(i) one", "✓(ii) two – reached at η = 0.5, λ = 2"])
    expect(page.get_by_role("status")).to_have_text("Goal (ii) two – reached at η = 0.5, λ = 2")
    page.get_by_role("button", name="start again").click()
    expect(rows).to_have_text(["○(i) one", "○(ii) two"])
    assert page.evaluate("said.at(-1)") == ["reached", ["", ""]]


def test_a_page_that_opens_on_ticks_says_nothing_aloud(page):
    page.evaluate("tell({texts: ['(i) one'], reached: ['η = 1']})")
    page.evaluate("show()")
    assert page.get_by_role("listitem").inner_text() == "✓(i) one – reached at η = 1"
    assert page.get_by_role("status").inner_text() == ""
