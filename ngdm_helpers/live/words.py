"""Words on the page: plain text with `code` and *emphasis*, as HTML."""

import html
import re


def inline(text: str) -> str:
    """``text`` as HTML: its own <, > and & as they are read, `…` as code and *…* as emphasis.

    Formulas are written in Unicode, ‖β‖₁ or 10⁻⁵: a page without MathJax reads them too, and so does a screen reader.
    """
    parts = re.split(r"`([^`]+)`", html.escape(text, quote=False))
    plain = [re.sub(r"\*([^*]+)\*", r"<em>\1</em>", part) for part in parts[::2]]
    code = [f"<code>{part}</code>" for part in parts[1::2]] + [""]
    return "".join(part for pair in zip(plain, code, strict=True) for part in pair)
