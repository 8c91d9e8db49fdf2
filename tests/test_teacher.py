"""The teacher's papers: notes that fit the notebooks, pages that fit the paper, polls that a parser reads back."""

import csv
import html
import io
import json
import os
import pathlib
import re
import shutil
import subprocess

import bs4
import nbformat
import pypdf
import pytest

from ngdm_helpers.course import build, cli
from ngdm_helpers.course.editions import lesson, lessons, paper, polls, teacher
from tests import lab

SOURCES = build.pairs(lab.ROOT / "notebooks")
STEMS = [source.stem for source in SOURCES]
A4_HIGH = 279  # mm between the margins
READ = """\
const {parse} = require("gift-pegjs");
process.stdout.write(JSON.stringify(parse(require("fs").readFileSync(0, "utf8"))));
"""


@pytest.fixture(scope="session")
def papers():
    return {source.stem: teacher.papers(source) for source in SOURCES}


@pytest.fixture(scope="session")
def read_gift(tmp_path_factory):
    """A reader of GIFT: npm's gift-pegjs, the grammar of the format that is kept. (PyPI's parsers know no escapes.)

    Without Node or npm's registry: skip, or fail where NGDM_REQUIRE_SITE is 1.
    """
    folder = tmp_path_factory.mktemp("gift")
    install = ["npm", "install", "--silent", "--fetch-retries=0", "--fetch-timeout=20000", "gift-pegjs@1"]
    try:
        subprocess.run(install, cwd=folder, check=True, capture_output=True, timeout=120)
    except (OSError, subprocess.SubprocessError) as error:
        if os.environ.get("NGDM_REQUIRE_SITE") == "1":
            raise
        pytest.skip(f"gift-pegjs needs Node and npm's registry: {error}")

    def read(text):
        done = subprocess.run(["node", "-e", READ], cwd=folder, input=text.encode(), capture_output=True, check=True)
        return json.loads(done.stdout)

    return read


def soup(text):
    return bs4.BeautifulSoup(text, "html.parser")


def words(tag):
    return re.sub(r"\s+", " ", tag.get_text().replace("\u2060", "").replace("\xa0", " "))


def core(source):
    return [idea for idea in lesson.read(source).ideas if idea.core]


# --- the notes --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("source", SOURCES, ids=STEMS)
def test_every_idea_has_its_lines(source):
    held = lesson.read(source)
    run_all, notes = lessons.of_topic(held.topic)
    assert re.search(rf"Run All.*?\b{run_all}", " ".join(held.cells[0].source.split()))
    built = nbformat.read(source.with_suffix(".ipynb"), as_version=4)
    outputs = {cell.id: cell.get("outputs", []) for cell in built.cells}
    for idea, (name, said) in zip(core(source), notes.items(), strict=True):
        assert idea.cells[0].id.startswith(f"{name}-")
        assert 15 <= len(said.say.split()) <= 60 and said.cut, name
        assert set(said.usual) == set(said.reveals) == {vote.partition(".")[2] for vote in idea.votes}, name
        for vote, asked in idea.votes.items():
            letter = said.usual[vote.partition(".")[2]]
            assert letter in asked["options"] and letter != asked["answer"], vote
        assert bool(said.law) == bool(idea.of_role("why")), name  # notes have none
        known = teacher.goals(idea, outputs)
        if not idea.of_role("play"):
            assert said.goal is None and said.key == "", name
        elif known:
            assert 1 <= said.goal <= len(known) and said.key, name
        else:  # no goal is ticked: a question of the play note
            asked = " ".join(idea.of_role("play-note")[0].source.split())
            assert said.key and plain(said.goal) in plain(asked), name


def plain(text):
    """English letters and digits alone, of text or Markdown."""
    return re.sub(r"\\\w+|[^a-zA-Z0-9]", "", text).lower()


def test_a_note_that_does_not_fit_is_named(monkeypatch):
    _, notes = lessons.of_topic("lasso")
    for changes, message in (
        ({"goal": 3}, "goal of recursion must be 1 to 2, one of its goals, got 3"),
        ({"usual": {"rice": "A"}}, "usual and reveals of recursion must be for recursion, got rice, recursion"),
    ):
        changed = notes | {"recursion": lessons.dataclasses.replace(notes["recursion"], **changes)}
        monkeypatch.setattr(lessons, "of_topic", lambda topic, changed=changed: ("a minute", changed))
        with pytest.raises(ValueError, match=re.escape(message)):
            teacher.papers(SOURCES[2])
    monkeypatch.setattr(lessons, "of_topic", lambda topic: ("a minute", {}))
    with pytest.raises(ValueError, match=r"lasso\.toml must have notes for deep, recursion, .*, got $"):
        teacher.papers(SOURCES[2])


# --- what the pages say -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("source", SOURCES, ids=STEMS)
def test_a_run_sheet_adds_up_and_says_all(papers, source):
    page = soup(papers[source.stem][f"{source.stem}-run-sheet.html"])
    spans = [small.parent.contents[0].split("–") for small in page.select(".minutes small")]
    starts, ends = zip(*([int(minute) for minute in span] for span in spans), strict=True)
    assert starts == (0, *ends[:-1])
    assert [end - start for start, end in zip(starts, ends, strict=True)] == [idea.minutes for idea in core(source)]
    readme = (lab.ROOT / "README.md").read_text(encoding="utf-8")
    assert re.search(rf"notebooks/{source.stem}\.ipynb\).*\| {ends[-1]} min \|", readme)
    for idea, row in zip(core(source), page.select(".minutes tr"), strict=True):
        text = words(row)
        assert text.count("Vote") == len(idea.votes) and text.count("A ____ B ____ C ____") == len(idea.votes)
        assert all(part in text for part in (idea.title, "Goal:", "Say:", "Leave out:"))
    assert "The kernel dies:" in words(page) and "nobody has counted them" in words(page)


@pytest.mark.parametrize("source", SOURCES, ids=STEMS)
def test_a_handout_keeps_its_answers_for_the_other_side(papers, source):
    first, second = soup(papers[source.stem][f"{source.stem}-handout.html"]).select(".sheet")
    asked = [vote for idea in core(source) for vote in idea.votes.values()]
    boxes = first.select(".vote")
    assert len(boxes) == len(asked) == len(first.select(".vote .because"))
    for box, vote in zip(boxes, asked, strict=True):
        assert words(box).startswith(polls.plain(vote["question"]))
        assert [words(option) for option in box.select("li")] == [
            f"{letter} {polls.plain(option)}" for letter, option in vote["options"].items()
        ]
    assert "Verdict" not in words(first) and "Law." not in words(first) and not first.select("img")
    for idea, found in zip(core(source), second.select(".found"), strict=True):
        heading, pictures = words(found.h2), found.select("img")
        assert heading.startswith(idea.title) and re.findall(r"\b[A-C]\b", heading.removeprefix(idea.title)) == [
            vote["answer"] for vote in idea.votes.values()
        ]
        assert pictures and all(len(picture["alt"].split()) > 5 for picture in pictures)
        assert "Law." in words(found) or not idea.of_role("why")


@pytest.mark.parametrize("stem", STEMS)
def test_a_page_is_whole_and_its_formulas_are_typeset(papers, stem):
    for name in (f"{stem}-run-sheet.html", f"{stem}-handout.html"):
        page = soup(papers[stem][name])
        assert not page.select("script, iframe, object") and not re.search(r"@import|url\((?!\"data:)", str(page.style))
        assert all(tag[key].startswith("data:") for key in ("src", "href") for tag in page.select(f"[{key}]"))
        assert not re.search(r"[$\\]", words(page.body))
        assert all(formula["aria-label"] and formula.path for formula in page.select("svg"))
    assert len(page.select("svg")) > 40


def test_what_is_not_folded_is_taken_or_else_what_is():
    assert paper.unfolded("**Why.** So.\n\n<details><summary>Proof</summary>\n\nThus.\n\n</details>") == "**Why.** So."
    assert paper.unfolded("<details><summary>Why</summary>\n\nThus.\n\n</details>") == "**Why.** Thus."


# --- what they print --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("stem", STEMS)
def test_the_pages_fit_the_paper(papers, stem, chromium):
    for name, sheets in ((f"{stem}-run-sheet.html", 1), (f"{stem}-handout.html", 2)):
        page = chromium.new_page(viewport={"width": 718, "height": 1000})  # 190 mm
        asked = []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.emulate_media(media="print")
        page.set_content(papers[stem][name])
        page.evaluate("document.fonts.ready")
        assert [url for url in asked if not url.startswith("data:")] == []
        assert page.evaluate("document.fonts.check('10pt Paper')")
        heights = page.evaluate("[...document.querySelectorAll('.sheet')].map(s => s.getBoundingClientRect().height)")
        assert len(heights) == sheets and all(height * 25.4 / 96 <= A4_HIGH for height in heights), heights
        assert page.evaluate(SMALL) == []
        assert page.evaluate(CUT) == []
        file = pypdf.PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True, print_background=True)))
        page.close()
        assert len(file.pages) == sheets
        assert [round(float(side) / 72 * 25.4) for side in file.pages[0].mediabox[2:]] == [210, 297]


# texts below 10 pt = 13.33 px that are seen
SMALL = """() => {
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, parent = node.parentElement;
    if (node.data.trim() && parent.getClientRects().length && parseFloat(getComputedStyle(parent).fontSize) < 13.3)
      found.push(node.data);
  }
  return found;
}"""
# what leaves its sheet, or is taller or wider than its box
CUT = """() => [...document.querySelectorAll('.sheet *')].filter(tag => {
  if (tag.closest('svg') && tag.tagName != 'svg') return false;
  const box = tag.getBoundingClientRect(), sheet = tag.closest('.sheet').getBoundingClientRect();
  const column = tag.closest('.claims > div, .found > div')?.getBoundingClientRect() ?? sheet;
  return box.width && (box.right > column.right + 1 || box.left < column.left - 1 || box.bottom > sheet.bottom + 1
    || (tag.closest('.claims > div') && box.bottom > column.bottom + 1));
}).map(tag => tag.outerHTML.slice(0, 100))"""


# --- polls ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("source", SOURCES, ids=STEMS)
def test_a_table_reads_back(papers, source):
    text = papers[source.stem][f"{source.stem}-polls.csv"]
    assert text.startswith("\ufeff")  # by which Excel knows UTF-8
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert tuple(rows[0]) == polls.COLUMNS
    assert not [cell for row in rows for cell in row.values() if cell[:1] in "=+-@" and cell]  # no formula of Excel's
    votes = {name: (idea, vote) for idea in lesson.read(source).ideas for name, vote in idea.votes.items()}
    assert [row["vote"] for row in rows] == list(votes)
    for row, (idea, vote) in zip(rows, votes.values(), strict=True):
        assert (row["notebook"], row["idea"]) == (source.stem, idea.title)
        assert row["part"] == ("core" if idea.core else "deeper")
        assert (row["question"], row["answer"]) == (polls.plain(vote["question"]), vote["answer"])
        for letter in vote["options"]:
            assert row[letter] == polls.plain(vote["options"][letter])
            assert row[f"because_{letter}"] == polls.plain(vote["because"][letter])
    assert all(name in cli._TEACHER for name in polls.COLUMNS)


def as_read(vote):
    """What a reader of GIFT must find of a vote, as HTML: question, and (option, right, feedback) of each letter."""
    return {
        "stem": inline(vote["question"]),
        "choices": [
            (inline(option), letter == vote["answer"], inline(vote["because"][letter]))
            for letter, option in vote["options"].items()
        ],
    }


def inline(text):
    """Emphasis and code as HTML, written here anew."""
    text = re.sub(r"`([^`]*)`", r"<code>\1</code>", html.escape(text, quote=False))
    return re.sub(r"\*([^*<]+)\*(?![^<]*</code>)", r"<em>\1</em>", text)


def found(question):
    assert question["stem"]["format"] == "html" and question["type"] == "MC"
    choices = [(one["text"]["text"], one["isCorrect"], one["feedback"]["text"]) for one in question["choices"]]
    return {"stem": question["stem"]["text"], "choices": choices}


@pytest.mark.parametrize("source", SOURCES, ids=STEMS)
def test_moodles_file_reads_back(papers, source, read_gift):
    category, *questions = read_gift(papers[source.stem][f"{source.stem}-polls.gift"])
    assert category == {"type": "Category", "title": f"NGDM/{source.stem}"}
    votes = {name: vote for idea in lesson.read(source).ideas for name, vote in idea.votes.items()}
    assert {question["title"]: found(question) for question in questions} == {
        name: as_read(vote) for name, vote in votes.items()
    }


NASTY = {
    "question": "Is {a} = b ~ #1: `x = {1}`, x < 2 & y > 3 // no comment?",
    "options": {"A": "= yes: {all}", "B": "~ no # really", "C": "50 % \\ of it -> half"},
    "answer": "B",
    "because": {"A": "=a", "B": "#b: ~", "C": "} c {"},
}


def test_the_signs_of_gift_are_texts_in_it(read_gift):
    (question,) = read_gift(polls._question("a:b", NASTY) + "\n")
    assert question["title"] == "a:b" and found(question) == as_read(NASTY)


def test_the_signs_of_gift_are_escaped():
    for line in polls._question("a:b", NASTY).splitlines()[1:-1]:
        bare = re.sub(r"\\.", "", line.strip())
        assert re.fullmatch(r"[=~][^~=#{}:]*#[^~=#{}:]*", bare), line


# --- the command ------------------------------------------------------------------------------------------------------
def teach(to, *options):
    return cli.main(["teacher", "03_lasso", "--to", str(to), "--folder", str(lab.ROOT / "notebooks"), *options])


def test_only_what_it_wrote_is_written_over(tmp_path, capsys, papers, monkeypatch):
    monkeypatch.setattr(teacher, "papers", lambda source: dict(papers[source.stem]))
    to = tmp_path / "new" / "folder"
    assert teach(to) == 0 and teach(to) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 8 and not any("in place of" in line for line in lines)
    for name, text in papers["03_lasso"].items():
        assert (to / name).read_bytes().decode() == text
    sheet, table = to / "03_lasso-run-sheet.html", to / "03_lasso-polls.csv"
    sheet.write_text("my own notes")
    table.unlink()
    assert teach(to) == 1 and not table.exists() and sheet.read_text() == "my own notes"
    said = capsys.readouterr().err
    assert "has 03_lasso-run-sheet.html, which ngdm teacher did not write or which was edited since; --force" in said
    assert teach(to, "--force") == 0
    assert [line for line in capsys.readouterr().out.splitlines() if "in place of" in line] == [
        f"{sheet}, in place of a file that ngdm teacher did not write"
    ]
    (to / ".ngdm-teacher.json").write_text("[3")
    assert teach(to) == 1  # it no longer knows what it wrote


def test_bad_input_gets_a_sentence(tmp_path, capsys, monkeypatch):
    assert cli.main(["teacher", "05_none", f"--folder={lab.ROOT / 'notebooks'}"]) == 1
    assert "NAME must be one of 01_preliminaries" in capsys.readouterr().err
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert teach(tmp_path / "papers", "--pdf") == 1 and not (tmp_path / "papers").exists()
    assert "--pdf needs one of chromium, " in capsys.readouterr().err


def test_a_notebook_that_is_not_built_is_named(tmp_path, capsys):
    shutil.copy(SOURCES[0], tmp_path)
    assert cli.main(["teacher", f"--folder={tmp_path}", f"--to={tmp_path / 'papers'}"]) == 1
    assert "run: ngdm build 01_preliminaries" in capsys.readouterr().err


def test_a_browser_that_does_not_end_is_named(tmp_path, monkeypatch):
    def run(command, timeout, **_):
        raise subprocess.TimeoutExpired(command, timeout)

    monkeypatch.setattr(paper, "browser", lambda: "chromium")
    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(OSError, match="chromium has not printed the page in 300 s"):
        paper.pdf("<p>", tmp_path)


def test_pdfs_are_printed(tmp_path, chromium, capsys):
    to = tmp_path / "für Stunde λ=1 & more"
    assert teach(to, "--pdf") == 0
    pages = {path.name: len(pypdf.PdfReader(path).pages) for path in sorted(to.glob("*.pdf"))}
    assert pages == {"03_lasso-handout.pdf": 2, "03_lasso-run-sheet.pdf": 1}
    assert len(capsys.readouterr().out.splitlines()) == 6
    assert isinstance(paper.browser(), str) and pathlib.Path(paper.browser()).exists()
