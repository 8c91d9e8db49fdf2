"""What a teacher says in each idea of the core, a file for each notebook beside its votes.

`of_topic` reads it. Which wrong answer is the usual one is what we expect; nobody has counted it in a class.
"""

import dataclasses
import functools
import importlib.resources
import tomllib


@dataclasses.dataclass(frozen=True)
class Notes:
    """The notes on an idea. ``goal``: the number of a goal below its sliders, from 1; words; or None without a slider.

    usual, reveals: {name of a vote: the wrong letter that we expect most often, what it says about its voter}.
    """

    say: str
    cut: str  # what to leave out when time is short
    goal: int | str | None = None
    key: str = ""  # where the goal is reached
    law: str = ""  # for the handout, in Markdown with formulas; a note has none
    usual: dict = dataclasses.field(default_factory=dict)
    reveals: dict = dataclasses.field(default_factory=dict)


@functools.cache
def of_topic(topic):
    """(how long Run All takes, {first word of the ids of an idea's cells: `Notes`}); ValueError for another file."""
    text = importlib.resources.files(__name__).joinpath(f"{topic}.toml").read_text(encoding="utf-8")
    try:
        written = tomllib.loads(text)
        return written.pop("run_all"), {name: Notes(**notes) for name, notes in written.items()}
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise ValueError(f"{topic}.toml must hold run_all and a table of notes for each idea: {error}") from None
