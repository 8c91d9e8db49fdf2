"""A notebook by its ideas: what every edition is made from."""

import dataclasses
import re

from ngdm_helpers.course import build, votes

_VOTE = re.compile(r'votes\.ask\("(\w+)\.(\w+)"\)')


@dataclasses.dataclass(frozen=True)
class Idea:
    """An idea of a notebook: its cells, from its heading to the next one, and for the core its minutes in class."""

    title: str  # "2 · The race"
    cells: tuple
    core: bool
    minutes: int | None

    def of_role(self, *roles):
        """The cells whose id ends on one of ``roles``, such as "claim" or "by-hand", in the notebook's order."""
        return [cell for cell in self.cells if cell.id.endswith(tuple(f"-{role}" for role in roles))]

    @property
    def votes(self):
        """{"lasso.recursion": {"question", "options", "answer", "because"}}, in the notebook's order."""
        return {name: votes.of_topic(name.partition(".")[0])[name.partition(".")[2]] for name in votes_of(self.cells)}


@dataclasses.dataclass(frozen=True)
class Lesson:
    """A notebook as it is taught. ``exercises``: the cells from "Exercises" to the next heading."""

    stem: str  # "03_lasso"
    topic: str  # "lasso", the name of its votes, exercises, explorers and claims
    title: str  # "3 · LASSO: what NGDM does with an ℓ1 penalty"
    cells: list
    ideas: tuple
    exercises: tuple


def read(source):
    """The `Lesson` that the .py file ``source`` holds; raises as `build.read_source` does.

    ValueError if its title gives no minutes to an idea of the core.
    """
    notebook = build.read_source(source)
    cells, starts = notebook.cells, []
    for at, cell in enumerate(cells):
        if cell.cell_type == "markdown" and cell.source.startswith("## "):
            starts.append(at)
    stop = next(at for at, cell in enumerate(cells) if cell.id == "stop-here")
    ideas, exercises = [], ()
    for at, end in zip(starts, [*starts[1:], len(cells)], strict=True):
        heading = _heading(cells[at])
        if re.match(r"\d+ · ", heading):
            # what stands between the core's last idea and its end belongs to no idea
            part, core = cells[at : min(end, stop)] if at < stop else cells[at:end], at < stop
            minutes = _minutes(heading, cells[0].source) if core else None
            if core and minutes is None:
                raise ValueError(f"{source}: the table in the title must give the minutes of {heading!r}, got none")
            ideas.append(Idea(heading, tuple(part), core, minutes))
        elif heading == "Exercises":
            exercises = tuple(cells[at:end])
    stem = source.stem
    return Lesson(stem, stem.partition("_")[2], _heading(cells[0]), cells, tuple(ideas), exercises)


def votes_of(cells):
    """The names of the votes that ``cells`` ask, such as "lasso.recursion"."""
    return [f"{topic}.{name}" for cell in cells for topic, name in _VOTE.findall(cell.source)]


def _heading(cell):
    return cell.source.partition("\n")[0].lstrip("# ")


def _minutes(heading, title):
    """The minutes that a table in the title gives to the idea with this ``heading``; None if it has no such row."""
    for line in title.splitlines():
        row = [field.strip() for field in line.split("|")] if line.startswith("|") else []
        for at, field in enumerate(row):
            if field in (heading, heading.partition(" · ")[2]):
                return next((int(minutes) for minutes in row[at + 1 :] if minutes.isdecimal()), None)
    return None
