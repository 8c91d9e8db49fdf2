"""The kernel of a static page: ipywidgets' messages without Jupyter. It runs in Pyodide, in a worker or in Node.

`install` comes before anything that imports ipywidgets. `make` makes an explorer, `receive` hands a page's message to
one of its widgets, `restore` moves its controls. What widgets send meanwhile goes to the page in one piece, as (text,
buffers): the text is JSON, a list of [model id, state, paths of buffers in it]. Model ids are counted, so that they are
the same wherever the same explorer is made: the page knows its models from the data that are stored with it.
"""

import contextlib
import functools
import importlib.machinery
import itertools
import json
import os
import sys
import types

# What the page has no use for: where JupyterLab finds a widget's view, and the modules, which the site has as files.
_UNUSED = {"_esm", "_css", "layout", "style", "tabbable", "_dom_classes", "_view_count", "_view_name"}
_UNUSED |= {f"_{kind}_{part}" for kind in ("model", "view") for part in ("module", "module_version")}

_sent, _made, _wires = [], {}, {}
_naming = map(str, itertools.count())


def _any_class(name):
    if name.startswith("__"):
        raise AttributeError(name)
    return type(name, (), {})


class _NoIPython:
    """Finds IPython, and all that is in it: classes that nothing is an instance of, and no shell."""

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "IPython":
            return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        module = types.ModuleType(spec.name)
        module.get_ipython, module.version_info = lambda: None, (9, 0, 0, "")
        module.__getattr__ = _any_class
        return module

    def exec_module(self, module):
        pass


def install():
    """Stand in for IPython, of which ipywidgets imports names that no page needs, and for Jupyter's comms.

    What matplotlib does for those who read its documentation, half of its import, is left out.
    """
    os.environ["JUPYTER_WIDGETS_ECHO"] = "0"  # there is one page, which knows what it has sent
    os.environ["MPLBACKEND"] = "agg"
    sys.meta_path.insert(0, _NoIPython())
    import comm
    from comm.base_comm import BaseComm

    class Wire(BaseComm):
        def __init__(self, **given):
            super().__init__(**{**given, "comm_id": next(_naming)})

        def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
            _wires[self.comm_id] = self
            if msg_type == "comm_msg":
                _sent.append(([self.comm_id, data["state"], data["buffer_paths"]], buffers or []))

    comm.create_comm = Wire
    from matplotlib.artist import Artist

    Artist._update_set_signature_and_docstring = lambda: None


def make(name, ratio=1.0, boxes=()):
    """Make the explorer ``name``, or make it anew. Its models are numbered in the order in which they are made.

    ratio: of the page's screen. boxes: those of the same figure, made before: to measure every tick anew is half of the
    work. Gives the figure, and its boxes.
    """
    global _naming
    from ngdm_helpers import live
    from ngdm_helpers.course import explorers, problems

    _naming = (f"{name}/{number}" for number in itertools.count())
    made, given = getattr(explorers, name), [problems.KINKS] if name == "subdifferential" else []
    with _laid_out(boxes) as measured, _put(live, "Canvas", functools.partial(live.Canvas, ratio=ratio)):
        _made[name] = made(*given)
    _sent.clear()  # the page has it already
    return _made[name], measured


@contextlib.contextmanager
def _laid_out(boxes):
    """Has matplotlib lay out a figure around ``boxes``, or measure it where there are none; gives what it measured."""
    from matplotlib import _constrained_layout as layout
    from matplotlib.transforms import Bbox

    measure, known, measured = layout.get_pos_and_bbox, iter(boxes), []

    def box_of(ax, renderer):
        if box := next(known, None):
            return ax.get_position(original=True), Bbox.from_extents(*box)
        place, box = measure(ax, renderer)
        measured.append([*map(float, box.extents)])
        return place, box

    with _put(layout, "get_pos_and_bbox", box_of):
        yield measured


@contextlib.contextmanager
def _put(module, name, there):
    """``there`` in place of what ``module`` has by that ``name``. (unittest.mock would take half a second to load.)"""
    before = getattr(module, name)
    setattr(module, name, there)
    try:
        yield
    finally:
        setattr(module, name, before)


def receive(model, state=None, content=None):
    """Hand a change of a model's ``state``, or a message with ``content``, such as a click, to its widget."""
    data = {"method": "custom", "content": content} if content else {"method": "update", "state": state}
    message = {"content": {"data": {**data, "buffer_paths": []}}, "buffers": []}
    with contextlib.suppress(Exception):  # the figure has said it in words, and shows its last picture
        _wires[model].handle_msg(message)
    return taken()


def restore(name, places):
    """Move the controls of explorer ``name`` to ``places``, {control: its `place`}, and draw once.

    The page gets all of the picture, for it may show one that has been stored.
    """
    figure = _made[name]
    with contextlib.suppress(Exception):
        figure.set(**{key: value(figure.controls[key], at) for key, at in places.items()})
    _sent.extend(shown(figure))
    return taken()


def shown(figure):
    """What a page has to take on to show ``figure`` as it is now, each as in `state`."""
    parts = {figure.canvas: ["ground", "frame"], figure.message: ["value"]}
    parts |= {control: ["index" if hasattr(control, "index") else "value"] for control in figure.controls.values()}
    return [state(widget, names) for widget, names in parts.items()]


def place(control):
    """Where a control stands, as a whole number: the index of an option, or the value of a slider of integers."""
    return control.index if hasattr(control, "index") else int(control.value)


def places(control):
    """All that `place` may give."""
    options = getattr(control, "_options_labels", None)
    return range(control.min, control.max + 1, control.step) if options is None else range(len(options))


def value(control, place):
    """The value of ``control`` at a place."""
    from ngdm_helpers.live.controls import Scale, stops

    if isinstance(control, Scale):
        return control.numbers[place]
    return stops(control)[place] if hasattr(control, "index") else place


def models(name):
    """The models of explorer ``name``, each as in `state`."""
    from ipywidgets.widgets.widget import _instances

    widgets = [_instances[model] for model in _wires if model.startswith(f"{name}/")]
    return [state(one) for one in widgets if hasattr(one, "layout")]  # neither layouts nor styles


def state(widget, names=None):
    """([model id, state, paths of its buffers], buffers) of a widget, of its traits ``names`` or of all."""
    from ipywidgets.widgets.widget import _remove_buffers

    plain, paths, buffers = _remove_buffers(widget.get_state(names))
    kept = {key: value for key, value in plain.items() if key not in _UNUSED}
    return [widget.model_id, kept, paths], buffers


def taken():
    """What widgets have sent since the last time: (text, buffers)."""
    messages = [*_sent]
    _sent.clear()
    text = json.dumps([message for message, _ in messages], ensure_ascii=False, allow_nan=False)
    return text, [one for _, buffers in messages for one in buffers]
