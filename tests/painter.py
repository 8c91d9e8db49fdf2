"""The page's half of `live` on an empty page: what it paints is read back, without Jupyter, server or network."""

import base64
import io
import pathlib

import numpy as np
from PIL import Image

from ngdm_helpers import live
from tests import lab

SOURCE = pathlib.Path(live.__file__).with_name("painter.mjs").read_text(encoding="utf-8")

# A model as anywidget hands it to the module: get, set, on. `window.tell` changes its state as a kernel does, and gives
# the canvas as PNG once the newest frame is painted; `window.said` is what the page has sent. `window.put` moves a
# control of the widget as a hand does.
_OPEN = """async source => {
    const module = await import(URL.createObjectURL(new Blob([source], {type: 'text/javascript'})));
    const bytes = text => new DataView(Uint8Array.from(atob(text), letter => letter.charCodeAt(0)).buffer);
    const state = {}, heard = {};
    window.said = [];
    window.signals = Object.fromEntries(['statusChanged', 'connectionStatusChanged', 'disposed'].map(name => {
        const slots = new Set();
        return [name, {connect: slot => slots.add(slot), disconnect: slot => slots.delete(slot),
                       emit: state => slots.forEach(slot => slot(null, state)), slots}];
    }));
    const model = {
        get: name => state[name],
        set: (name, value) => {
            if (state[name] === value) return;
            state[name] = value;
            said.push([name, value]);
            heard[`change:${name}`]?.forEach(slot => slot());
        },
        save_changes: () => {},
        on: (event, slot) => (heard[event] ??= new Set()).add(slot),
        off: (event, slot) => heard[event].delete(slot),
        widget_manager: {kernel: window.signals, get_model: async id => {
            if (window.alone) throw new Error('no other model');
            return sliders[id] ??= slider();
        }},
    };
    const sliders = {}, slider = () => ({
        places: {}, slots: new Set(),
        get(key) { return this.places[key]; },
        on(event, slot) { this.slots.add(slot); },
        off(event, slot) { this.slots.delete(slot); },
    });
    window.put = (id, key, place) => {
        sliders[id].places[key] = place;
        sliders[id].slots.forEach(slot => slot());
    };
    window.listeners = () => Object.values(heard).reduce((sum, slots) => sum + slots.size, 0)
        + Object.values(sliders).reduce((sum, {slots}) => sum + slots.size, 0)
        + Object.values(window.signals).reduce((sum, {slots}) => sum + slots.size, 0);
    window.tell = news => {
        if (news.ground) news.ground = bytes(news.ground);
        for (const name of ['frame', 'near']) if (typeof news[name]?.numbers === 'string') news[name] = {
            ...news[name], numbers: bytes(news[name].numbers), images: news[name].images.map(bytes)};
        Object.assign(state, news);
        window.last = state.frame;
        for (const name in news) heard[`change:${name}`]?.forEach(slot => slot());
    };
    window.show = () => { window.close = module.default.render({model, el: document.body}); };
    window.painted = async count => {
        const canvas = () => document.querySelector('canvas');
        const there = () => Number(canvas().dataset.frame) === (count ?? state.frame.count);
        while (!there()) await new Promise(requestAnimationFrame);
        return canvas().toDataURL().split(',')[1];
    };
}"""


def open_page(chromium, ratio=1, source=SOURCE):
    """An empty page with the painter, or another module, at ``ratio`` pixels of the screen per CSS pixel."""
    page = chromium.new_page(device_scale_factor=ratio, viewport={"width": 1400, "height": 700})
    page.set_default_timeout(1000 * lab.PATIENCE)
    page.evaluate(_OPEN, source)
    return page


TOLD = ("alt", "width", "ratio", "step", "ground", "frame", "controls", "near", "painted")


def told(widget):
    """What the kernel tells the page of the widget's picture: {trait: value}."""
    return {name: getattr(widget.canvas, name) for name in TOLD}


def tell(page, widget, *names):
    """Send the page the widget's state, as the kernel does; all of it, or what ``names`` name."""
    state = told(widget)
    send(page, {name: state[name] for name in names or state})


def send(page, *states):
    """Send the page ``states``, or parts of them, as `told` gives them, one right after the other."""
    page.evaluate("all => all.forEach(tell)", [_plain(state) for state in states])


def _plain(state):
    state = dict(state)
    if "ground" in state:
        state["ground"] = _text(state["ground"])
    for name in ("frame", "near"):
        if frame := state.get(name):
            images = [_text(image) for image in frame["images"]]
            state[name] = {**frame, "numbers": _text(frame["numbers"]), "images": images}
    return state


def painted(page, count=None):
    """(height, width, 3): what is on the canvas once frame ``count`` is painted, or the newest that Python has sent."""
    picture = base64.b64decode(page.evaluate("count => painted(count)", count))
    return np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"))


def _text(data):
    return base64.b64encode(data).decode("ascii")
