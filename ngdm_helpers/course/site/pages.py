"""The site's pages in HTML."""

import functools
import html
import inspect
import shutil

from pygments.formatters import HtmlFormatter

from ngdm_helpers.course import explorers
from ngdm_helpers.course.site import lite, notebook

LABELS = {
    "01_preliminaries": "1 Preliminaries",
    "02_convergence": "2 Convergence",
    "03_lasso": "3 LASSO",
    "04_edge_of_stability": "4 Edge of Stability",
}
NOTEBOOKS = {  # module of explorers: the notebook that shows them
    "preliminaries": "01_preliminaries",
    "convergence": "02_convergence",
    "depth": "02_convergence",
    "lasso": "03_lasso",
    "lasso_general": "03_lasso",
    "lasso_deep": "03_lasso",
    "lasso_solvers": "03_lasso",
    "edge_of_stability": "04_edge_of_stability",
}
# What figure.mjs imports: asked for with it, not after it.
EARLY = ("painter.mjs", "goals.mjs", "votes.mjs")
SHEETS = ("site.css", "code.css", "katex.min.css")
_ABOUT = """<p>What happens when gradient descent meets a loss that is not differentiable. Each picture opens a page
with its sliders. They run in your browser: nothing is installed, and nothing leaves this page.</p>
"""
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
{sheets}{early}<script type="module" src="{root}{live}/figure.mjs"></script>
</head>
<body>
{body}
</body>
</html>
"""
FIGURE = """<div data-explorer="{name}" data-page="yes">
<figure><img src="{picture}" width="{width}" height="{height}" alt="{alt}">
<figcaption>{caption}</figcaption></figure>
</div>
"""


def write(to, live, summary, told, formulas, edited=()):
    """Write index.html, the page of each explorer of ``summary`` and that of each notebook of ``told``.

    edited: the notebooks that JupyterLite has; each page links to its own.
    """
    nav = functools.partial(_nav, told, edited)
    for name, facts in summary.items():
        stem, where = NOTEBOOKS[getattr(explorers, name).__module__.rpartition(".")[2]], ""
        if stem in told:
            where = f'<p class="about">From notebook <a href="../../{stem}.html">{LABELS[stem]}</a>.</p>\n'
        figure = _figure(name, facts, f"../../{live}")
        body = f"{nav('../../', stem)}<main>\n<h1>{title(name)}</h1>\n{figure}{where}</main>"
        folder = to / "play" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "index.html").write_text(_page(title(name), body, live, "../../", first=name), encoding="utf-8")
    pictures = to / "pictures"
    shutil.rmtree(pictures, ignore_errors=True)
    pictures.mkdir()
    for stem, one in told.items():
        text, headings = notebook.page(one, set(summary), formulas, pictures)
        items = "".join(f'<li class="h{level}"><a href="#{key}">{words}</a></li>' for level, key, words in headings)
        contents = f'<details class="contents"><summary>Contents</summary><ul>{items}</ul></details>\n'
        body = f'{nav(stem=stem)}<main class="notebook">\n{contents}{text}\n</main>'
        (to / f"{stem}.html").write_text(_page(LABELS[stem], body, live, math=True), encoding="utf-8")
    body = f"{nav()}<main>\n<h1>The NGDM notebooks</h1>\n{_ABOUT}{_cards(summary, live)}</main>"
    (to / "index.html").write_text(_page("The NGDM notebooks", body, live), encoding="utf-8")


def title(name):
    """What the explorer shows, the first words of its docstring, before its controls."""
    first = inspect.getdoc(getattr(explorers, name)).partition("\n")[0]
    return html.escape(first.partition(": slider")[0].partition(": a ")[0].rstrip("."))


def code_css():
    """The colours of code, in a light and in a dark scheme."""
    light, dark = (HtmlFormatter(style=style).get_style_defs(".highlight") for style in ("default", "monokai"))
    return f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n"


def _page(title, body, live, root="", math=False, first=None):
    """first: the explorer that is seen as soon as the page is."""
    sheets = "".join(f'<link rel="stylesheet" href="{root}{live}/{name}">\n' for name in SHEETS[: 3 if math else 1])
    early = "".join(f'<link rel="modulepreload" href="{root}{live}/{name}">\n' for name in EARLY)
    if first:
        early += f'<link rel="preload" as="fetch" crossorigin href="{root}{live}/play/{first}/opening.bin">\n'
    return PAGE.format(title=title, root=root, live=live, sheets=sheets, early=early, body=body)


def _nav(told, edited, root="", stem=None):
    links = "".join(f'<a href="{root}{stem}.html">{LABELS[stem]}</a>\n' for stem in told)
    if edited:
        where, words = (stem, "Edit this notebook") if stem in edited else (None, "Edit the notebooks")
        links += f'<a href="{root}{lite.address(where)}">{words}</a>\n'
    return f'<nav><a href="{root or "./"}">The NGDM notebooks</a>\n{links}</nav>\n'


def _figure(name, facts, live):
    words = {key: html.escape(str(facts[key])) for key in ("alt", "caption", "width", "height")}
    return FIGURE.format(name=name, picture=f"{live}/play/{name}/picture.png", **words)


def _cards(summary, live):
    """The explorers in the order of the course, under their notebooks."""
    parts = []
    for stem, label in LABELS.items():
        items = "".join(
            f'<li class="card"><a href="play/{name}/"><h3>{title(name)}</h3><img src="{live}/play/{name}/picture.png" '
            f'width="{facts["width"]}" height="{facts["height"]}" alt="" loading="lazy">'
            f"<p>{html.escape(facts['caption'])}</p></a></li>\n"
            for name, facts in summary.items()
            if NOTEBOOKS[getattr(explorers, name).__module__.rpartition(".")[2]] == stem
        )
        parts.append(f'<h2>{label}</h2>\n<ul class="cards">\n{items}</ul>\n' if items else "")
    return "".join(parts)
