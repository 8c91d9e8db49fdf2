"""A static site in a browser, behind a plain file server, for the tests and the benchmark."""

import base64
import contextlib
import functools
import http.server
import threading

from tests import lab
from tests.pictures import pixels


class _Files(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@contextlib.contextmanager
def served(folder):
    """The address of a plain file server on ``folder``; ended on leaving, as a host that has gone."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Files, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


# A page whose `drawing` counts the backgrounds that are being unpacked for a canvas.
_COUNT = """{
    const make = createImageBitmap.bind(window);
    window.drawing = 0;
    window.createImageBitmap = (...given) => {
        window.drawing += 1;
        return make(...given).finally(() => { window.drawing -= 1; });
    };
}"""


@contextlib.contextmanager
def visited(chromium, url, python=True, **options):
    """A browser at ``url`` that refuses every other host; nothing may have been asked of one, nor said as an error.

    python: whether the page's Python is let through; what waits for it goes on by ``page.let_python()``. The page may
    go on to another of the host, ``page.goto(…)``, where Python waits again.
    """
    host = "/".join(url.split("/")[:3])
    context = chromium.new_context(**{"viewport": {"width": 1280, "height": 720}, **options})
    context.add_init_script(_COUNT)
    page, faults = context.new_page(), []
    page.set_default_timeout(1000 * lab.PATIENCE)
    page.on("console", lambda said: faults.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: faults.append(str(error)))

    def refuse(route):
        faults.append(f"asked for {route.request.url}")
        route.abort()

    waiting = []  # for what does not come

    def let_python():
        while not waiting:
            page.wait_for_timeout(50)
        waiting.pop().continue_()

    page.let_python, page.faults = let_python, faults

    context.route(lambda address: not address.startswith((host, "data:", "blob:")), refuse)
    if not python:
        context.route("**/bundle.zip", lambda route: waiting.append(route))
    try:
        page.goto(url)
        yield page
        assert faults == []
    finally:
        context.close()


def box(page, name=None):
    return page.locator(f"[data-explorer={name}]" if name else "[data-explorer]").first


def painted(page, name=None):
    """What is on the canvas, once something is."""
    canvas = box(page, name).locator("canvas.live-canvas[data-frame]")
    canvas.wait_for()
    return pixels(base64.b64decode(canvas.evaluate("one => one.toDataURL().split(',')[1]")))


def wait(page, state, name=None):
    page.locator(f"[data-explorer{f'={name}' if name else ''}][data-state={state}]").first.wait_for()


def settled(page, name=None):
    """What is on the canvas once Python has answered the newest move and the page has painted it."""
    live = f"[data-explorer{f'={name}' if name else ''}][data-state=live]"
    lab.calm(page, "live => !window.drawing && document.querySelector(live)", live)
    return painted(page, name)


def repainted(page, move, name=None):
    """What is on the canvas once ``move()`` has changed it."""
    canvas = box(page, name).locator("canvas.live-canvas")
    before = canvas.get_attribute("data-frame")
    move()
    lab.expect(canvas).not_to_have_attribute("data-frame", before)
    return painted(page, name)


def follow(page, setting):
    """Follow a link to a ``setting`` of the page's figure, not that of now, and wait until the page has taken it."""
    page.evaluate(
        """setting => new Promise(done => {
            addEventListener('hashchange', done, {once: true});
            location.hash = setting;
        })""",
        setting,
    )


def slider(page, label):
    return page.get_by_role("slider", name=label, exact=True)
