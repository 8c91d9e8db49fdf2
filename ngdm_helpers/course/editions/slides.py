"""Slides of a core that need no network: one folder a deck, with reveal.js, the figures and their Python in it.

A claim and its vote are one slide. The next is the slider figure alone; over it come, as fragments, the picture of the
reveal and the verdict. The presenter's notes are those of the run sheet, and what the notebook says beside the slides.
"""

import html
import json
import os
import pathlib
import re
import shutil
import tarfile
import tempfile

import bs4
import nbformat

from ngdm_helpers.course import build, votes
from ngdm_helpers.course.editions import lesson, lessons
from ngdm_helpers.course.site import build as site
from ngdm_helpers.course.site import notebook, release

HERE = pathlib.Path(__file__).parent
MOST = 14  # slides of a core
DECK = "deck.json"  # {"files": {name: its sha256 as written}}: whatever else a folder holds is not ours
_OWN = ("slides.css", "slides.js", "clicker.js")
_REVEAL = ("reveal.js", "reveal.css", "plugin/notes.js")  # of reveal.js' dist
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{live}/reveal.css">
<link rel="stylesheet" href="{live}/katex.min.css">
<link rel="stylesheet" href="{live}/slides.css">
</head>
<body>
<div class="reveal"><div class="slides">
{slides}
</div></div>
<p class="serve">Opened as a file, the pictures stand still. To move them run, in the folder of this file,
<code>python -m http.server</code>, and open <code>http://localhost:8000</code>.</p>
<script src="{live}/reveal.js"></script>
<script src="{live}/notes.js"></script>
<script src="{live}/clicker.js"></script>
<script src="{live}/slides.js"></script>
</body>
</html>
"""


def slides(names=(), to=pathlib.Path("build/slides"), pyodide=None, folder=build.FOLDER, force=False):
    """Write a deck for each of the notebooks ``names``, of all if there are none.

    Gives [(its folder ``to``/NAME, what it replaced that this had not written)].

    pyodide: a folder with a copy of the release, see `release`. folder: where the notebooks lie, built. Raises
    ValueError for an unknown name, `build.Drift` for a notebook that is not built, FileNotFoundError without Node, and
    FileExistsError where a folder holds what this did not write, or what was edited since, unless ``force``.
    """
    build.into(to)
    replaced = {}
    for source in build.chosen(names, folder):
        build.check(source)
        replaced[source] = foreign(to / source.stem)
        if replaced[source] and not force:
            raise FileExistsError(f"{to / source.stem}: ngdm slides did not write {_few(replaced[source])}, or it was "
                                  "edited since; --force replaces the folder and all that is in it")  # fmt: skip
    site.node()
    core = release.gather(to.parent / f"pyodide-{release.RELEASE['version']}", pyodide)
    at_hand = pyodide if pyodide and (pyodide / release.REVEAL).exists() else None
    release.gather(core, at_hand, release.RELEASE["reveal"])
    to.mkdir(parents=True, exist_ok=True)
    return [(_write(source, to / source.stem, core), _few(names)) for source, names in replaced.items()]


def foreign(deck):
    """The names of what is in the folder ``deck``, or in its place, that is not as `slides` has written it."""
    if deck.is_symlink() or not deck.is_dir():
        return [deck.name] * os.path.lexists(deck)
    try:
        written = dict(json.loads((deck / DECK).read_text(encoding="utf-8"))["files"])
    except (OSError, ValueError, KeyError, TypeError):
        written = {}
    found = {path.relative_to(deck).as_posix(): path for path in deck.rglob("*") if path.is_symlink() or path.is_file()}
    return sorted(
        name
        for name, path in found.items()
        if (name != DECK or not written)
        and (path.is_symlink() or written.get(name) != release.sha256(path.read_bytes()))
    )


def _few(names):
    return f"{', '.join(names[:3])}{f' and {len(names) - 3} more' if len(names) > 3 else ''}"


def _write(source, to, core):
    held, built = lesson.read(source), nbformat.read(source.with_suffix(".ipynb"), as_version=4)
    parts = [(idea, cells) for idea in held.ideas if idea.core for cells in _beats(idea)]
    shown = [name for _, cells in parts for cell in cells for name in sorted(notebook.explorers_of(cell))]
    with tempfile.TemporaryDirectory(dir=to.parent) as temporary:  # from which a whole deck is moved
        new = pathlib.Path(temporary) / to.name
        new.mkdir()
        live, summary, formulas = site.shared(new, core, shown, {source.stem: built}, _modules(core, temporary))
        page = _page(held, parts, built, summary, live, notebook.Renderer(formulas))
        (new / "index.html").write_text(page, encoding="utf-8")
        files = {path.relative_to(new).as_posix(): path.read_bytes() for path in new.rglob("*") if path.is_file()}
        written = {name: release.sha256(content) for name, content in files.items()}
        (new / DECK).write_text(json.dumps({"notebook": held.stem, "files": written}), encoding="utf-8")
        if to.is_symlink() or to.is_file():
            to.unlink()
        elif to.exists():
            shutil.rmtree(to)
        new.rename(to)
    return to


def _modules(core, folder):
    """{name: path} of our own files and of reveal.js, which is unpacked into ``folder``."""
    with tarfile.open(core / release.REVEAL) as archive:
        archive.extractall(folder, filter="data")
    more = {pathlib.Path(name).name: pathlib.Path(folder, "package", "dist", name) for name in _REVEAL}
    return more | {name: HERE / name for name in _OWN}


def _page(held, parts, built, summary, live, render):
    outputs = {cell.id: cell.get("outputs", []) for cell in built.cells}

    def read(text):
        return _together(render.read(text))

    (_, notes), written = lessons.of_topic(held.topic), []
    for idea, cells in parts:
        note = notes.get(idea.cells[0].id.rpartition("-")[0])
        written += [_asked(idea, cells, note, read), _answered(idea, cells, note, read, outputs, summary, live)]
    if len(written) + 2 <= MOST:
        written = [_title(held, read), *written, _end(held, read)]
    return _PAGE.format(title=html.escape(held.title), live=live, slides="\n".join(written))


def _together(markup):
    """``markup`` in which no line ends between a formula and its full stop."""
    soup = bs4.BeautifulSoup(markup, "html.parser")
    for formula in soup.select(".katex"):
        if stop := re.match(r"[.,;:!?)]+", after := str(formula.next_sibling or "")):
            formula.next_sibling.replace_with(after[stop.end() :])
            formula.wrap(soup.new_tag("span", style="white-space: nowrap")).append(stop[0])
    return str(soup)


def _beats(idea):
    """The cells of an idea by their claims: an idea may make a second one."""
    starts = [0, *(at for at, cell in enumerate(idea.cells) if at and cell.id.endswith("-claim"))]
    return [idea.cells[at:end] for at, end in zip(starts, [*starts[1:], len(idea.cells)], strict=True)]


def _title(held, read):
    paragraphs = held.cells[0].source.split("\n\n")
    aims = next(at for at, text in enumerate(paragraphs) if text.startswith("**Afterwards"))
    table = "".join(
        f"<tr><td>{html.escape(idea.title)}</td><td>{idea.minutes} min</td></tr>" for idea in held.ideas if idea.core
    )
    return f"<section>{read((chr(10) * 2).join(paragraphs[:aims]))}<table>{table}</table></section>"


def _end(held, read):
    """What the title says that one can do afterwards."""
    _, _, aims = held.cells[0].source.partition("**Afterwards you can**")
    return f"<section><h2>Now you can</h2>{read(aims.partition(chr(10) * 2 + '|')[0])}</section>"


def _asked(idea, cells, note, read):
    """The slide of a claim and its vote. note: the run sheet's `lessons.Notes`, or None."""
    words = _seen(cells[0])
    heading = "" if words.startswith("#") else f"<h2>{html.escape(idea.title)}</h2>"
    names = lesson.votes_of(cells)
    asked, notes = "".join(map(_vote, names)), f"<p>{idea.minutes} minutes for the idea.</p>"
    for name in (name.partition(".")[2] for name in names):
        if note and name in note.usual:
            notes += f"<p>The usual wrong answer: {note.usual[name]}. {html.escape(note.reveals.get(name, ''))}</p>"
    notes += read(_folded(cells[0]))
    return f'<section>{heading}<div class="text">{read(words)}</div>{asked}{_notes(notes)}</section>'


def _answered(idea, cells, note, read, outputs, summary, live):
    """The slide of a figure, over which the reveal's picture and then the verdict come."""
    names = [name for cell in cells for name in sorted(notebook.explorers_of(cell))]
    layers = [_layer(_figure(name, summary[name], live), at, len(names)) for at, name in enumerate(names)]
    picture = _picture([output for cell in _of(cells, "reveal", "picture") for output in outputs[cell.id]])
    verdict = "".join(read(_seen(cell)) for cell in _of(cells, "verdict"))
    if picture and verdict:
        verdict = f'<div class="fragment" data-fragment-index="{len(names)}">{verdict}</div>'
    heading = "" if picture.startswith("<h2>") else f"<h2>{html.escape(idea.title)}</h2>"
    layers.append(_layer(heading + picture + verdict, len(names), len(names)))
    beside = [cell for cell in cells[1:] if cell.cell_type == "markdown" and cell not in _of(cells, "verdict")]
    first = note is not None and cells[0] is idea.cells[0]
    notes = f"<p>{html.escape(note.say)}</p><p>To cut: {html.escape(note.cut)}</p>" if first else ""
    notes += "".join(read(_seen(cell) + _folded(cell)) for cell in beside)
    notes += "".join(read(_folded(cell)) for cell in _of(cells, "verdict"))
    return f'<section class="layers">{"".join(layers)}{_notes(notes)}</section>'


def _layer(inner, at, last):
    """A screen of a slide; each but the first comes with a fragment, and takes the place of the one before."""
    kinds = ["fragment"] * (last > 0) + ["fade-out"] * (at == 0 and last > 0) + ["fade-in-then-out"] * (0 < at < last)
    index = f' data-fragment-index="{max(at - 1, 0)}"' if kinds else ""
    return f'<div class="{" ".join(["layer", *kinds])}"{index}>{inner}</div>'


def _figure(name, facts, live):
    alt, caption = (html.escape(facts[key]) for key in ("alt", "caption"))
    return (
        f'<div data-explorer="{name}" style="--ratio: {facts["width"] / facts["height"]:.4f}"><figure>'
        f'<img src="{live}/play/{name}/picture.png" alt="{alt}"><figcaption>{caption}</figcaption></figure></div>'
    )


def _picture(found):
    """The first picture of some outputs; if there is none, what is printed; under what the reveal says of it."""
    markup = [one.data["text/html"] for one in found if "text/html" in one.get("data", {})]
    soups = [bs4.BeautifulSoup(one, "html.parser") for one in markup]
    for kind in ("figure", "pre"):
        for soup in soups:
            if part := soup.find(kind):
                fold = soup.find("summary")
                return f"<h2>{fold.decode_contents()}</h2>{part}" if fold else str(part)
    return ""


def _vote(name):
    asked = votes.ask(name)
    data = html.escape(json.dumps({"question": asked.question, "options": asked.options}, ensure_ascii=False))
    return f'<div data-vote="{data}">{asked._repr_mimebundle_()[0]["text/html"]}</div>'


def _of(cells, *roles):
    return [cell for cell in cells if cell.id.endswith(tuple(f"-{role}" for role in roles))]


def _seen(cell):
    """What a cell says before its first fold."""
    return cell.source.partition("<details>")[0]


def _folded(cell):
    """What a cell folds, open: a presenter's note."""
    _, fold, rest = cell.source.partition("<details>")
    return f"\n\n{fold and '<details open>'}{rest.replace('<details>', '<details open>')}"


def _notes(text):
    """A presenter's notes. Their window has no style sheet for KaTeX's HTML, and shows the MathML beside it."""
    soup = bs4.BeautifulSoup(text, "html.parser")
    for part in soup.select(".katex-html"):
        part.decompose()
    return f'<aside class="notes">{soup}</aside>'
