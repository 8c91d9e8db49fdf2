"""Goals of a figure: what a reader is asked to find, ticked once a move comes to rest there."""

import dataclasses
import functools
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import anywidget
import traitlets
from ipywidgets import ValueWidget

from ngdm_helpers.live import words
from ngdm_helpers.live.controls import Scale, stops
from ngdm_helpers.live.words import inline

Setting = Mapping[str, Any]  # {control: value}


class Unproved(AssertionError):
    """A goal that is true at the start already, or not reached where it says."""


@dataclasses.dataclass(frozen=True)
class Goal:
    """See `goal`. ``at``: settings to go to in turn, the last of which reaches the goal."""

    text: str
    test: Callable[..., bool]
    at: tuple[Setting, ...]

    def passes(self, state: Setting, seen: Sequence[Setting]) -> bool:
        """Whether the controls' values ``state`` reach the goal, after the reader has been at ``seen``."""
        known = {**state, "seen": tuple(seen)}
        return bool(self.test(**{name: known[name] for name in _arguments(self.test)}))


def goal(text: str, test: Callable[..., bool] | None = None, at: Setting | Sequence[Setting] = ()) -> Any:
    """A goal for ``live(…, goals=[…])``; without ``test``, the decorator that makes one of it: ``@goal(text, at=…)``.

    text: what to find, as in "(i) Make ‖β‖₁ end above where it started."
    test: whether it is found: a function of the controls' values that it names, and of ``seen``, if it names it, the
    states in which earlier moves came to rest, oldest first, each {control: value}; the first is the start.
    at: a setting {control: value} that reaches it, or several to go to in turn; other controls stay.

    Raises ValueError or TypeError for a goal without words, test or setting.
    """
    if test is None:
        return functools.partial(goal, text, at=at)
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"text must say in words what to find, got {text!r}")
    if not callable(test):
        raise TypeError(f"test must be a function of the controls' values, got {test!r}")
    settings = (at,) if isinstance(at, Mapping) else tuple(at)
    if not settings or not all(isinstance(setting, Mapping) and setting for setting in settings):
        raise ValueError(f"at must be a setting {{control: value}}, or several, got {at!r}")
    return Goal(text, test, settings)


def checked(
    goals: Iterable[Goal], controls: Mapping[str, ValueWidget], marks: Mapping[str, Setting]
) -> tuple[Goal, ...]:
    """``goals``, if each test asks for what there is and each ``at`` is a place on the sliders that no mark jumps to.

    Raises TypeError or ValueError otherwise.
    """
    goals, start = tuple(goals), {name: control.value for name, control in controls.items()}
    for one in goals:
        if not isinstance(one, Goal):
            raise TypeError(f"goals must be made by goal(…), got {one!r}")
        if unknown := [name for name in _arguments(one.test) if name not in (*controls, "seen")]:
            allowed = ", ".join((*controls, "seen"))
            raise ValueError(f"test of goal {one.text!r} must take controls ({allowed}), got {', '.join(unknown)}")
        for setting in one.at:
            if unknown := sorted(set(setting) - set(controls)):
                given = f"({', '.join(controls)}), got {', '.join(unknown)}"
                raise ValueError(f"at of goal {one.text!r} must name controls {given}")
            for name, value in setting.items():
                if not _has_place(controls[name], value):
                    raise ValueError(f"at of goal {one.text!r} must be a place on the control {name}, got {value!r}")
        reached = start | {name: value for setting in one.at for name, value in setting.items()}
        if labels := [label for label, mark in marks.items() if start | dict(mark) == reached]:
            raise ValueError(f"at of goal {one.text!r} must not be what a mark jumps to, got that of {labels[0]!r}")
    if len({one.text for one in goals}) < len(goals):
        raise ValueError(f"goals must differ in their text, got {[one.text for one in goals]}")
    return goals


def prove(one: Goal, states: Sequence[Setting]) -> None:
    """Raise `Unproved` unless ``one`` is reached in the last of ``states``, visited in turn, and in none before."""
    for k, state in enumerate(states):
        if one.passes(state, states[:k]) != (k == len(states) - 1):
            fault = "is reached already" if k < len(states) - 1 else "is not reached"
            raise Unproved(f"goal {one.text!r} {fault} at {', '.join(f'{key} = {v}' for key, v in state.items())}")


def spared(goals: "Goals", label: str, mark: Setting) -> None:
    """Raise `Unproved` if a click on ``mark`` reaches one of ``goals``."""
    if reached := [one.text for one in goals.goals if one.passes(goals.opening | mark, [goals.opening])]:
        raise Unproved(f"goal {reached[0]!r} is reached by a click on the mark {label!r}")


def markup(goals: Iterable[Goal]) -> str:
    """The goals as a list in HTML, for where no Python notices them."""
    items = "".join(f"<li>{inline(one.text)}</li>" for one in goals)
    return f'<p>Goals</p><ul style="list-style:none">{items}</ul>' if items else ""


class Goals(anywidget.AnyWidget):
    """The goals below a figure, which has it `look` at them when a move has come to rest."""

    _esm = words.module("goals.mjs")
    texts = traitlets.List(traitlets.Unicode()).tag(sync=True)  # HTML
    reached = traitlets.List(traitlets.Unicode()).tag(sync=True)  # where, in words; "": not yet

    def __init__(self, goals: Sequence[Goal], controls: Mapping[str, ValueWidget]) -> None:
        self.goals, self._controls = goals, controls
        super().__init__(texts=[inline(one.text) for one in goals], reached=[""] * len(goals))
        self.opening = self._state()
        self._seen = [self.opening]

    def look(self) -> None:
        """Tick the goals that the controls' values reach now, and remember that the reader has been here."""
        state, reached = self._state(), list(self.reached)
        if state == self._seen[-1]:
            return
        for k, one in enumerate(self.goals):
            if not reached[k] and one.passes(state, self._seen):
                names = dict.fromkeys(name for setting in one.at for name in setting)
                reached[k] = ", ".join(_reading(self._controls[name]) for name in names)
        self._seen.append(state)
        self.reached = reached

    @traitlets.observe("reached")
    def _begin_again(self, change):
        if not any(change["new"]):
            self._seen = [self._state()]

    def _state(self):
        return {name: control.value for name, control in self._controls.items()}


def _arguments(test):
    return tuple(inspect.signature(test).parameters)


def _has_place(control, value):
    if isinstance(control, Scale):
        return value in control.numbers
    if hasattr(control, "options") or not hasattr(control, "step"):
        return value in stops(control)
    return control.min <= value <= control.max and (value - control.min) % control.step == 0


def _reading(control):
    """A control as it reads on the page: "η = 0.1"."""
    if isinstance(control, Scale):
        return f"{control.description} = {control._options_labels[control.index]}"
    return f"{control.description} = {getattr(control, 'label', control.value)}"
