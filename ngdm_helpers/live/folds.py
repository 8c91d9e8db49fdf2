"""What answers a question stays folded until the reader asks for it, whatever is run, saved or exported."""

import base64
import contextlib
import html
from collections.abc import Iterator
from typing import Any

from IPython.display import display
from IPython.utils.capture import RichOutput, capture_output

from ngdm_helpers.live import words


@contextlib.contextmanager
def reveal(summary: str = "What happens") -> Iterator[None]:
    """Fold what the block prints and displays into one ``<details>`` that says ``summary``: printed lines, then the
    rest. In a block Jupyter shows nothing by itself: ``with reveal("The end of both runs"): display(figures.show(…))``.

    A bare matplotlib figure is folded as a picture, without a text for who cannot see it. An empty fold says so.

    A fold is HTML, closed in JupyterLab, on GitHub and in an exported page alike; a folded output of JupyterLab's opens
    when its cell is run. What is written to stderr, and all that was shown before an error, stays open.

    Raises ValueError for an empty ``summary``, TypeError for what has no form in HTML or text (a slider has a picture).
    """
    if not isinstance(summary, str) or not summary.strip():
        raise ValueError(f"summary must say in words what is folded, got {summary!r}")
    shown: list[RichOutput] = []
    captured = None
    try:
        with capture_output(stderr=False) as captured:
            yield
    except BaseException:
        if captured is not None:
            captured.show()
        raise
    printed, shown = captured.stdout, captured.outputs
    parts = [_printed(printed)] if printed else []
    parts += [_markup(output.data) for output in shown]
    parts = parts or [_printed("Nothing was printed or displayed here.")]
    plain = "\n".join([f"▸ {summary}", *([printed.rstrip()] if printed else [])])
    folded = f"<details><summary>{words.inline(summary)}</summary>{''.join(parts)}</details>"
    display({"text/plain": plain, "text/html": folded}, raw=True)


def _markup(data: dict[str, Any]) -> str:
    """What was displayed, as HTML; what has no HTML, as text."""
    if "text/html" in data:
        return "".join(data["text/html"])
    if "image/png" in data:
        png = data["image/png"]  # matplotlib's is in base64 already, Pillow's is bytes
        text = base64.b64encode(png).decode() if isinstance(png, bytes) else png.strip()
        return f'<img src="data:image/png;base64,{text}">'
    for kind in ("text/markdown", "text/plain"):
        if kind in data:
            return _printed(data[kind])
    raise TypeError(f"reveal can fold what has a form in HTML or text, got {', '.join(data) or 'nothing'}")


def _printed(text: str) -> str:
    # nbconvert's pages have no font of their own for <pre> in an output
    return f'<pre style="font-family: monospace">{html.escape(text, quote=False)}</pre>'
