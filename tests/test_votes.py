"""A vote: refused when it does not fit, answered for every letter in the page alone, readable without one."""

import pathlib
import re

import nbformat
import pytest

from ngdm_helpers.course import build
from ngdm_helpers.course import votes as ballots
from ngdm_helpers.live import vote, votes
from tests import painter
from tests.lab import expect

ROOT = pathlib.Path(__file__).parents[1]
OPTIONS = {"A": "it is 0;", "B": "it is *less* than 1 < 2;", "C": "`x`."}
WHY = {"A": "No: 1 > 0.", "B": "Yes, *half*.", "C": "No."}


def half():
    return vote("Is ‖β‖₁ *half* of `x`?", OPTIONS, "B", WHY)


def test_without_a_page_it_is_a_list_and_a_fold_with_a_sentence_for_every_letter():
    data, _ = half()._repr_mimebundle_()
    question, fold = data["text/html"].split("<details>")
    assert "Is ‖β‖₁ <em>half</em> of <code>x</code>?" in question
    assert re.findall(r"<li><b>(.)</b> (.*?)</li>", question) == [
        ("A", "it is 0;"), ("B", "it is <em>less</em> than 1 &lt; 2;"), ("C", "<code>x</code>."),
    ]  # fmt: skip
    assert re.findall(r"<p><b>(.*?)</b> (.*?)</p>", fold) == [
        ("B, right.", "Yes, <em>half</em>."), ("A, wrong.", "No: 1 &gt; 0."), ("C, wrong.", "No."),
    ]  # fmt: skip
    assert "right" not in question and "Yes" not in data["text/plain"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"question": " "}, "question must be in words, got ' '"),
        ({"options": {"A": "x"}}, r"options must have the letters A, B, … in this order, two at least, got \['A'\]"),
        ({"options": {"B": "x", "A": "y", "C": "z"}}, r"options must have the letters .*, got \['B', 'A', 'C'\]"),
        ({"options": {"A": "x", "B": " ", "C": "z"}}, "options must say something for every letter, got nothing for B"),
        ({"answer": "D"}, r"answer must be a letter of the options \(A, B, C\), got 'D'"),
        (
            {"because": {"A": "x", "B": "y"}},
            r"because must have the letters of the options \(A, B, C\), got \['A', 'B'\]",
        ),
        ({"because": WHY | {"D": "x"}}, "because must have the letters of the options"),
        ({"because": WHY | {"C": ""}}, "because must say something for every letter, got nothing for C"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        vote(**({"question": "Which?", "options": OPTIONS, "answer": "B", "because": WHY} | change))


@pytest.mark.slow
def test_a_rebuilt_notebook_has_the_same_bytes_and_reads_without_widgets(tmp_path):
    path = tmp_path / "tiny.py"
    path.write_text(
        '# %% id="one-predict"\nfrom ngdm_helpers.live import vote\n'
        f'vote("Which?", {OPTIONS}, answer="B", because={WHY})\n',
        encoding="utf-8",
    )
    first = build.build(path).read_bytes()
    assert build.build(path).read_bytes() == first
    (cell,) = nbformat.reads(first.decode(), as_version=4).cells
    assert set(cell.outputs[0].data) == {"text/plain", "text/html"}
    assert cell.metadata["jupyter"] == {"source_hidden": True}


@pytest.mark.parametrize("topic", ballots.TOPICS)
def test_no_letter_is_a_good_guess(topic):
    answers = [written["answer"] for written in ballots.of_topic(topic).values()]
    assert set(answers) == set("ABC") and max(map(answers.count, "ABC")) <= 0.4 * len(answers), answers


@pytest.mark.parametrize("topic", ballots.TOPICS)
def test_each_written_vote_is_asked_once_in_its_notebook_and_opens(topic):
    (source,) = [path for path in build.pairs(ROOT / "notebooks") if path.stem.endswith(topic)]
    asked = re.findall(r'votes\.ask\("([^"]*)"\)', source.read_text(encoding="utf-8"))
    assert sorted(asked) == sorted(f"{topic}.{name}" for name in ballots.of_topic(topic))
    for name in asked:
        assert ballots.ask(name).options


@pytest.mark.parametrize("name", ["lasso.nothing", "lasso", "nothing.recursion"])
def test_an_unknown_vote_is_refused(name):
    with pytest.raises(ValueError, match=r"lasso has the votes .*, got ''|got 'nothing'"):
        ballots.ask(name)


# --- in the page, which has no kernel here


WRITTEN = '[x]\nquestion = "Which?"\nA = "a"\nB = "b"\nanswer = "A"\nbecause.A = "yes"\nbecause.B = "no"\n'


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('question = "Which?"\n', "", r"lasso.toml, \[x\]: .*missing.*'question'"),
        ('because.A = "yes"\nbecause.B = "no"\n', "", r"lasso.toml, \[x\]: .*missing.*'because'"),
        ('"Which?"', "3", r"lasso.toml, \[x\]: "),
        ('A = "a"\n', "", r"lasso.toml, \[x\]: options must have the letters"),
        ('"A"\n', '"A"\nhint = "h"\n', r"lasso.toml, \[x\]: .*unexpected.*'hint'"),
        ("[x]\n", "x = 3\n", "lasso.toml must hold a table for each vote, got x, question"),
        ("[x]\n", "[x\n", "lasso.toml is not TOML: .*line 1"),
    ],
)
def test_a_vote_that_is_written_wrongly_is_named(tmp_path, monkeypatch, old, new, message):
    (tmp_path / "lasso.toml").write_text(WRITTEN.replace(old, new, 1), encoding="utf-8")
    monkeypatch.setattr(ballots.importlib.resources, "files", lambda _: tmp_path)
    monkeypatch.setattr(ballots, "of_topic", ballots.of_topic.__wrapped__)
    with pytest.raises(ValueError, match=message):
        ballots.ask("lasso.x")


@pytest.fixture
def page(chromium):
    page = painter.open_page(chromium, source=str(votes.Vote._esm))
    widget = half()
    page.evaluate("news => { tell(news); show(); }", {"question": widget.question, "options": widget.options})
    yield page
    page.close()


@pytest.mark.parametrize(
    ("letter", "order"),
    [
        ("A", ["A, your answer, is wrong. No: 1 > 0.", "B is right. Yes, half.", "C is wrong. No."]),
        ("B", ["B, your answer, is right. Yes, half.", "A is wrong. No: 1 > 0.", "C is wrong. No."]),
        ("C", ["C, your answer, is wrong. No.", "A is wrong. No: 1 > 0.", "B is right. Yes, half."]),
    ],
)
def test_the_page_answers_every_letter_the_chosen_one_first(page, letter, order):
    answers = page.get_by_role("status").locator("p")
    expect(page.get_by_role("button", name="Answer")).to_be_disabled()
    assert answers.count() == 0
    page.locator(f"input[value={letter}]").check()
    expect(page.get_by_role("button", name="Answer")).to_be_enabled()
    assert answers.count() == 0  # the arrow keys choose on their way: nothing is given away before the button
    page.get_by_role("button", name="Answer").click()
    expect(answers).to_have_text(order)


def test_it_is_a_named_group_that_the_keyboard_reaches(page):
    assert page.get_by_role("group", name="Predict. Is ‖β‖₁ half of x?").count() == 1
    page.get_by_role("radio").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.get_by_role("status").locator("p").first).to_have_text(re.compile("^C, your answer, is wrong."))


def test_two_votes_on_a_page_do_not_disturb_each_other(page):
    page.evaluate("show()")
    radios = page.get_by_role("radio")
    radios.nth(0).check()
    radios.nth(4).check()
    for number in (0, 4):
        expect(radios.nth(number)).to_be_checked()
