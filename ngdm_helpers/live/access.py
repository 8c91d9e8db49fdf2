"""What a figure's page needs beside the picture (``access.mjs``), and memory: figures that a cell has replaced go."""

import gc
import weakref
from typing import Any

import anywidget
import ipywidgets as widgets
import traitlets

from ngdm_helpers.live import words

# {a notebook's cell: {figure that it shows: the request that showed it}}
_shown: dict[str, weakref.WeakKeyDictionary] = {}


class Access(anywidget.AnyWidget):
    """Names and words for the controls of the figure that it stands in; for a screen reader, touch, a reopened page."""

    _esm = words.module("access.mjs")
    _css = words.module("access.css")
    figure = traitlets.Unicode().tag(sync=True)  # the model id under which the notebook refers to the figure


def replace(figure: widgets.Widget) -> None:
    """Note that the running cell shows ``figure``, and let go of those that it showed when it ran before.

    A figure that another cell shows as well stays, and so does one that the user holds, though it can be shown no more.
    """
    cell, request, shell = _running()
    if cell is None:
        return
    here = _shown.setdefault(cell, weakref.WeakKeyDictionary())
    old = [other for other, then in here.items() if then != request and other is not figure]
    here[figure] = request
    for other in old:
        del here[other]
        if not any(other in there for there in _shown.values()):
            _close(other)
            _forget(shell, other)
    if old:
        del old, other
        gc.collect()  # figures are circles, of megabytes: Python would wait for thousands of small objects


def _running():
    """(cell, request, shell) of the running cell; the cell is None where the front-end does not tell."""
    try:
        from IPython import get_ipython

        shell = get_ipython()
        parent: dict[str, Any] = shell.get_parent()
        return parent["metadata"]["cellId"], parent["header"]["msg_id"], shell
    except (ImportError, AttributeError, KeyError, LookupError, TypeError):  # no kernel, or one that says less
        return None, None, None


def _close(widget):
    """Close a widget and all widgets that are part of it, shown or not."""
    todo, seen = [widget, *vars(widget).values()], set()
    while todo:
        one = todo.pop()
        if isinstance(one, list | tuple):
            todo += one
        elif isinstance(one, widgets.Widget) and one not in seen:
            seen.add(one)
            todo += [getattr(one, name) for name in one.keys]
    for one in seen:
        one.close()


def _forget(shell, value):
    """Take a value out of IPython's own memory of results: Out, _12, and the last three as _, __ and ___."""
    if (last := shell.last_execution_result) is not None and last.result is value:
        last.result = None
    for space in (shell.user_ns.get("_oh", {}), shell.user_ns, shell.user_ns_hidden, vars(shell.displayhook)):
        for name in [name for name, one in space.items() if one is value and str(name).strip("_0123456789") == ""]:
            if str(name).strip("_"):
                del space[name]
            else:
                space[name] = ""
