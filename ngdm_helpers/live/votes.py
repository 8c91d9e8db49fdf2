"""A question before the answer: the reader chooses a letter, and then reads a sentence for every letter."""

from collections.abc import Mapping
from typing import Any

import anywidget
import traitlets

from ngdm_helpers.live import words
from ngdm_helpers.live.words import inline


def vote(question: str, options: Mapping[str, str], answer: str, because: Mapping[str, str]) -> "Vote":
    """Ask ``question`` with radio buttons; a press on "Answer" then shows why each letter is right or wrong.

    options: {letter: text}, two or more. answer: the right letter. because: {letter: why it is right or wrong}, for
    every letter. Texts may hold `code` and *emphasis*, and formulas in Unicode.

    The page answers by itself, without Python. Where widgets do not run, a stored notebook or an exported page, it is
    a list of the options and a fold with the answers. Raises ValueError, which names the argument, for what is missing
    or does not match.
    """
    if not question.strip():
        raise ValueError(f"question must be in words, got {question!r}")
    expected = [chr(ord("A") + k) for k in range(len(options))]
    if len(options) < 2 or list(options) != expected:
        raise ValueError(f"options must have the letters A, B, … in this order, two at least, got {list(options)}")
    if answer not in options:
        raise ValueError(f"answer must be a letter of the options ({', '.join(options)}), got {answer!r}")
    if set(because) != set(options):
        raise ValueError(f"because must have the letters of the options ({', '.join(options)}), got {list(because)}")
    for name, texts in (("options", options), ("because", because)):
        if empty := [letter for letter, text in texts.items() if not text.strip()]:
            raise ValueError(f"{name} must say something for every letter, got nothing for {', '.join(empty)}")
    return Vote(question, options, answer, because)


class Vote(anywidget.AnyWidget):
    """A question with its options and answers. Made by `vote`."""

    _esm = words.module("votes.mjs")
    question = traitlets.Unicode().tag(sync=True)  # HTML, as are the texts of options and answers
    options: traitlets.List = traitlets.List().tag(sync=True)  # [[letter, text, whether it is right, why], …]

    def __init__(self, question: str, options: Mapping[str, str], answer: str, because: Mapping[str, str]) -> None:
        self._plain = "\n".join([f"Predict. {question}", *(f"{letter}: {text}" for letter, text in options.items())])
        rows = [[key, inline(text), key == answer, inline(because[key])] for key, text in options.items()]
        super().__init__(question=inline(question), options=rows)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle = super()._repr_mimebundle_(**kwargs)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        choices = "".join(f"<li><b>{letter}</b> {text}</li>" for letter, text, _, _ in self.options)
        # the right one first: who opens the fold asks for it
        rows = sorted(self.options, key=lambda row: not row[2])
        why = "".join(
            f"<p><b>{letter}, {'right' if right else 'wrong'}.</b> {text}</p>" for letter, _, right, text in rows
        )
        markup = (
            f'<p><b>Predict.</b> {self.question}</p><ul style="list-style:none">{choices}</ul>'
            f"<details><summary>Answer</summary>{why}</details>"
        )
        return {**(data or {}), "text/plain": self._plain, "text/html": markup}, metadata
