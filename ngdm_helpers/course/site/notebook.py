"""A built notebook as a page: its text, code and stored outputs, without a script; explorers and votes are marked."""

import ast
import base64
import functools
import hashlib
import html
import json
import pathlib
import re
import subprocess

import bs4
from nbconvert.filters import Highlight2HTML, ansi2html
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

_PICTURE = re.compile(r'src="data:image/(\w+);base64,([^"]+)"')
_COLLAPSED = ("jp-MarkdownHeadingCollapsed", "heading_collapsed")


def page(notebook, alive, formulas, pictures):
    """The body of the page of a ``notebook``, and its headings as [(level, id, text)].

    alive: the explorers that move on it. formulas: {(TeX, whether it is displayed): HTML}. pictures: a folder for the
    pictures, which the page refers to by its name.
    """
    render = Renderer(formulas)
    parts, headings, folded, seen = [], [], [], set()
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            text = render.read(cell.source)
            level, words = _heading(text)
            while level and folded and folded[-1] >= level:
                parts.append("</details>")
                folded.pop()
            if level:
                headings.append((level, cell.id, words))
            if level and any(cell.metadata.get(key) for key in _COLLAPSED):
                folded.append(level)
                head, _, rest = text.partition(f"</h{level}>")
                parts.append(f'<details class="idea" id="{cell.id}"><summary>{head}</h{level}></summary>{rest}')
            else:
                parts.append(f'<section class="cell" id="{cell.id}">{text}</section>')
        elif cell.cell_type == "code":
            parts.append(_code(cell, render, alive - seen))
            seen |= explorers_of(cell)
    parts += ["</details>"] * len(folded)
    return _PICTURE.sub(functools.partial(_keep, pictures), "\n".join(parts)), headings


def formulas(notebooks, node, katex):
    """All formulas of ``notebooks``, typeset: {(TeX, whether it is displayed): HTML}. KaTeX stops at a wrong one."""
    found = {}
    collect = Renderer(found, collect=True)
    for notebook in notebooks:
        for cell in notebook.cells:
            texts = [cell.source] if cell.cell_type == "markdown" else []
            texts += [output.data["text/markdown"] for output in cell.get("outputs", []) if _has(output, "markdown")]
            for text in texts:
                collect.read(text)
    script = pathlib.Path(__file__).with_name("formulas.mjs")
    done = subprocess.run(
        [node, script, katex], input=json.dumps([*found]), stdout=subprocess.PIPE, check=True, encoding="utf-8"
    )
    return dict(zip(found, json.loads(done.stdout), strict=True))


class Renderer(IPythonRenderer):
    """Markdown as nbconvert reads it, with formulas that are typeset already."""

    def __init__(self, formulas, collect=False):
        super().__init__(escape=False, exclude_anchor_links=True)
        self._formulas, self._collect = formulas, collect

    def read(self, text):
        return MarkdownWithMath(renderer=self).render(text)

    def _math(self, tex, displayed):
        if self._collect:
            self._formulas[tex.strip(), displayed] = ""
        return self._formulas[tex.strip(), displayed]

    def inline_math(self, body):
        return self._math(body, False)

    def block_math(self, body):
        return self._math(body, True)

    def latex_environment(self, name, body):
        return self._math(f"\\begin{{{name}}}{body}\\end{{{name}}}", True)


def _heading(text):
    """(level, words) of the heading with which ``text`` begins, or (0, "")."""
    found = re.match(r"\s*<h([1-6])[^>]*>(.*?)</h\1>", text, re.DOTALL)
    return (int(found[1]), found[2]) if found else (0, "")


def _code(cell, render, alive):
    folds = cell.metadata.get("jupyter", {})
    source = Highlight2HTML()(cell.source) if cell.source.strip() else ""
    output = "".join(_output(cell, one, render, alive) for one in cell.outputs)
    if folds.get("outputs_hidden"):
        summary = "Solution" if "solution" in cell.metadata.get("tags", []) else "Code and output"
        inner = f"<details><summary>{summary}</summary>{source}{output}</details>"
    elif folds.get("source_hidden"):
        inner = f"{output}<details><summary>Code</summary>{source}</details>"
    else:
        inner = source + output
    return f'<section class="cell code" id="{cell.id}">{inner}</section>'


def _output(cell, output, render, alive):
    if output.output_type == "stream":
        return f"<pre>{ansi2html(output.text)}</pre>"
    if output.output_type == "error":
        return f"<pre>{ansi2html(chr(10).join(output.traceback))}</pre>"
    if _has(output, "html"):
        markup = output.data["text/html"]
        if "<figure" in markup and (names := explorers_of(cell) & alive):
            return f'<div data-explorer="{min(names)}">{markup}</div>'
        if vote := _vote(markup):
            return f'<div data-vote="{html.escape(json.dumps(vote, ensure_ascii=False))}">{markup}</div>'
        return f'<div class="output">{markup}</div>'
    if _has(output, "markdown"):
        return f'<div class="output">{render.read(output.data["text/markdown"])}</div>'
    return f"<pre>{html.escape(output.data['text/plain'])}</pre>"


def _has(output, kind):
    return f"text/{kind}" in output.get("data", {})


def explorers_in(notebook):
    """The names of the explorers that a notebook makes, in its order."""
    return [name for cell in notebook.cells if cell.cell_type == "code" for name in sorted(explorers_of(cell))]


def explorers_of(cell):
    """The explorers that a cell makes."""
    if "explorers." not in cell.source:
        return set()
    calls = [node.func for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Call)]
    return {
        call.attr
        for call in calls
        if isinstance(call, ast.Attribute) and isinstance(call.value, ast.Name) and call.value.id == "explorers"
    }


def _vote(markup):
    """The question, options and answers of a stored vote, as `live.vote` holds them, or None for another output."""
    if "<b>Predict.</b>" not in markup:
        return None
    soup = bs4.BeautifulSoup(markup, "html.parser")
    question, options, fold = soup.find("p"), soup.find("ul"), soup.find("details")
    if not (question and options and fold and fold.find_all("p")):
        return None
    why = {}
    for row in fold.find_all("p"):
        letter, _, verdict = row.b.extract().get_text().partition(", ")
        why[letter] = verdict.startswith("right"), row.decode_contents().strip()
    rows = []
    for item in options.find_all("li"):
        letter = item.b.extract().get_text()
        rows.append([letter, item.decode_contents().strip(), *why[letter]])
    question.b.extract()
    return {"question": question.decode_contents().strip(), "options": rows}


def _keep(folder, found):
    """Write a picture that stands in the page to ``folder``; the page gets its name."""
    data = base64.b64decode(found[2])
    name = f"{hashlib.sha256(data).hexdigest()[:16]}.{found[1]}"
    (folder / name).write_bytes(data)
    return f'loading="lazy" src="{folder.name}/{name}"'
