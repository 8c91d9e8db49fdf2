"""The votes for a class's own system: Moodle's GIFT, and a table."""

import csv
import html
import io
import re

from ngdm_helpers.live import words

COLUMNS = ("vote", "notebook", "idea", "part", "question", "A", "B", "C", "answer")
COLUMNS += ("because_A", "because_B", "because_C")
_GIFT = """\
// The votes of {stem}. In Moodle: Question bank, Import, GIFT format. Moodle shuffles the options, so letters differ.
$CATEGORY: NGDM/{stem}

{questions}
"""


def gift(lesson):
    """The votes of ``lesson`` in Moodle's GIFT format, each answer with its feedback. The texts are HTML."""
    return _GIFT.format(
        stem=lesson.stem, questions="\n\n".join(_question(name, vote) for name, vote, _ in _votes(lesson))
    )


def table(lesson):
    """The votes of ``lesson`` as CSV, a row each, with the `COLUMNS`; plain text, in UTF-8 as Excel recognises it."""
    rows = io.StringIO()
    writer = csv.DictWriter(rows, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for name, vote, idea in _votes(lesson):
        row = {"vote": name, "notebook": lesson.stem, "idea": idea.title, "part": "core" if idea.core else "deeper"}
        row |= {"question": vote["question"], **vote["options"], "answer": vote["answer"]}
        row |= {f"because_{letter}": why for letter, why in vote["because"].items()}
        writer.writerow({column: plain(text) for column, text in row.items()})
    return "\ufeff" + rows.getvalue()


def plain(text):
    """``text`` without the marks of `code` and *emphasis*."""
    return html.unescape(re.sub(r"</?(em|code)>", "", words.inline(text)))


def _votes(lesson):
    return [(name, vote, idea) for idea in lesson.ideas for name, vote in idea.votes.items()]


def _question(name, vote):
    lines = [f"::{_escaped(name)}:: [html]{_escaped(words.inline(vote['question']))} {{"]
    for letter, option in vote["options"].items():
        sign = "=" if letter == vote["answer"] else "~"
        option, why = (_escaped(words.inline(text)) for text in (option, vote["because"][letter]))
        lines.append(f"  {sign}{option}#{why}")
    return "\n".join([*lines, "}"])


def _escaped(text):
    r"""``text`` as GIFT writes it: its signs ~ = # { } : \ with a backslash before."""
    return re.sub(r"([~=#{}:\\])", r"\\\1", text)
