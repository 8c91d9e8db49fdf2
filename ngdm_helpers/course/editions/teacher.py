"""The teacher's papers: for each notebook a run sheet (one A4 page), a handout (two) and its votes for a poll."""

import hashlib
import json
import pathlib

import bs4
import markupsafe
import nbformat

from ngdm_helpers.course import build, recorded
from ngdm_helpers.course.editions import lesson, lessons, paper, polls

_RECORD = ".ngdm-teacher.json"  # {file: its sha256 as written}: any other file stays


def papers(source):
    """{name of a file: its text} for the notebook of the .py file ``source``, whose .ipynb has the pictures and goals.

    Raises as `build.check` and `lesson.read` do, ValueError for notes that do not fit the notebook.
    """
    build.check(source)
    held = lesson.read(source)
    built = nbformat.read(source.with_suffix(".ipynb"), as_version=4)
    outputs = {cell.id: cell.get("outputs", []) for cell in built.cells}
    run_all, notes = lessons.of_topic(held.topic)
    core = [idea for idea in held.ideas if idea.core]
    if [_name(idea) for idea in core] != list(notes):
        raise ValueError(f"{held.topic}.toml must have notes for {', '.join(map(_name, core))}, got {', '.join(notes)}")
    ends = [sum(idea.minutes for idea in core[: at + 1]) for at in range(len(core))]
    rows = [_row(idea, notes[_name(idea)], end, goals(idea, outputs)) for idea, end in zip(core, ends, strict=True)]
    sheet = paper.page("run_sheet", title=held.title, stem=held.stem, run_all=run_all, ideas=rows)
    told = [_told(idea, notes[_name(idea)].law, outputs) for idea in core]
    handout = paper.page(
        "handout",
        title=held.title,
        found=f"{held.title.partition(':')[0]}: what was found",
        ideas=told,
        columns=_columns(told),
    )
    return {
        f"{held.stem}-run-sheet.html": sheet,
        f"{held.stem}-handout.html": handout,
        f"{held.stem}-polls.gift": polls.gift(held),
        f"{held.stem}-polls.csv": polls.table(held),
    }


def goals(idea, outputs):
    """The goals below the sliders of ``idea`` in stored ``outputs`` {id of a cell: [output]}, as HTML, in order."""
    found = []
    for cell in idea.of_role("play", "map"):
        for output in outputs[cell.id]:
            soup = bs4.BeautifulSoup(output.get("data", {}).get("text/html", ""), "html.parser")
            heads = (head for head in soup.find_all("p") if head.get_text() in ("Goal", "Goals"))
            found += [item.decode_contents() for head in heads for item in head.find_next("ul").find_all("li")]
    return found


def _name(idea):
    return idea.cells[0].id.rpartition("-")[0]


def _row(idea, notes, end, known):
    """A row of the run sheet, which ends at minute ``end``. known: the goals of the idea."""
    goal = notes.goal
    if isinstance(goal, int):
        if not 1 <= goal <= len(known):
            raise ValueError(f"goal of {_name(idea)} must be 1 to {len(known)}, one of its goals, got {goal}")
        goal = markupsafe.Markup(known[goal - 1])
    asked = [name.partition(".")[2] for name in idea.votes]
    if not asked == list(notes.usual) == list(notes.reveals):
        given = ", ".join(dict.fromkeys((*notes.usual, *notes.reveals)))
        raise ValueError(f"usual and reveals of {_name(idea)} must be for {', '.join(asked) or 'no vote'}, got {given}")
    votes = [
        {
            "letters": list(vote["options"]),
            "answer": vote["answer"],
            "usual": notes.usual[name],
            "reveals": notes.reveals[name],
        }
        for name, vote in zip(asked, idea.votes.values(), strict=True)
    ]
    texts = {"title": idea.title, "key": notes.key, "say": notes.say, "cut": notes.cut, "goal": goal}
    return {"start": end - idea.minutes, "end": end, "votes": votes, **texts}


def _told(idea, law, outputs):
    """What the handout says of ``idea``: claims and votes, then picture, law and verdict."""
    parts, votes = [], iter(idea.votes.values())
    for cell in idea.cells:
        if cell is idea.cells[0]:
            parts.append({"text": paper.rendered(cell.source.partition("\n")[2].strip())})
        elif cell.id.endswith("-claim"):
            parts.append({"text": paper.rendered(cell.source)})
        elif cell.id.endswith("-predict"):
            parts.append({"vote": next(votes)})
    # the picture that answers; an idea without one shows its slider's
    cells = [*idea.of_role("reveal", "picture"), *idea.of_role("play")]
    shown = [picture for cell in cells for picture in paper.pictures(outputs[cell.id])]
    texts = [f"**Law.** {law}"] * bool(law) + [paper.unfolded(cell.source) for cell in idea.of_role("verdict")]
    return {
        "title": idea.title,
        "parts": parts,
        "answers": [vote["answer"] for vote in idea.votes.values()],
        "pictures": shown[: max(1, len(idea.votes))],
        "found": paper.rendered("\n\n".join(texts)),
    }


def _columns(told):
    """The ideas in two columns, in order and about equally full."""
    lines = [
        sum(9 if "vote" in part else len(part["text"].striptags()) / 60 for part in idea["parts"]) for idea in told
    ]
    cut = min(range(1, len(told)), key=lambda at: max(sum(lines[:at]), sum(lines[at:])))
    return told[:cut], told[cut:]


def write(source, to, force=False, pdf=False):
    """Write the `papers` of the .py file ``source`` into the folder ``to``, with ``pdf`` the PDFs of its pages as well.

    Returns [(path, whether it replaced a file that this had not written)]. FileExistsError, before anything is written,
    for a file that this did not write or that was edited since, unless ``force``; raises as `papers` and `paper` do.
    """
    source, to = pathlib.Path(source), build.into(to)
    if pdf:
        paper.browser()
    contents = papers(source)
    pages = [name for name in contents if name.endswith(".html") and pdf]
    contents |= {name.replace(".html", ".pdf"): None for name in pages}
    made = _made(to)
    others = [name for name in contents if (to / name).exists() and made.get(name) != _fingerprint(to / name)]
    if others and not force:
        raise FileExistsError(f"{to} has {', '.join(others)}, which ngdm teacher did not write or which was edited "
                              "since; --force replaces, --to FOLDER writes elsewhere")  # fmt: skip
    to.mkdir(parents=True, exist_ok=True)
    contents |= {name.replace(".html", ".pdf"): paper.pdf(contents[name], to) for name in pages}
    for name, content in contents.items():
        recorded.write_bytes(to / name, content if isinstance(content, bytes) else content.encode())
        made[name] = _fingerprint(to / name)
        recorded.write_text(to / _RECORD, json.dumps(made, indent=1) + "\n")
    return [(to / name, name in others) for name in contents]


def _made(folder):
    """{name of a file that `write` wrote into ``folder``: its fingerprint}; empty if that is not recorded."""
    try:
        return dict(json.loads((folder / _RECORD).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def _fingerprint(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()
