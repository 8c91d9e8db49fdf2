"""What goes to the page as text: words with `code` and *emphasis* as HTML, and its modules."""

import html
import pathlib
import re


def module(name: str) -> str:
    """The text of ``name``, a file beside this one. Given its path, anywidget would keep every widget alive, to tell it
    when the file changes.
    """
    return pathlib.Path(__file__).with_name(name).read_text(encoding="utf-8")


def inline(text: str) -> str:
    """``text`` as HTML: its own <, > and & as they are read, `…` as code and *…* as emphasis.

    Formulas are written in Unicode, ‖β‖₁ or 10⁻⁵: a page without MathJax reads them too, and so does a screen reader.
    """
    parts = re.split(r"`([^`]+)`", html.escape(text, quote=False))
    plain = [re.sub(r"\*([^*]+)\*", r"<em>\1</em>", part) for part in parts[::2]]
    code = [f"<code>{part}</code>" for part in parts[1::2]] + [""]
    return "".join(part for pair in zip(plain, code, strict=True) for part in pair)
