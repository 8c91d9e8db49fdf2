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


@contextlib.contextmanager
def visited(chromium, url, python=True, **options):
    """A browser at ``url`` that refuses every other host; nothing may have been asked of one, nor said as an error.

    python: whether the page's Python is let through; what waits for it goes on by ``page.let_python()``.
    """
    host = "/".join(url.split("/")[:3])
    context = chromium.new_context(**{"viewport": {"width": 1280, "height": 720}, **options})
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

    page.let_python = let_python

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
    """What is on the canvas once Python has drawn the newest move."""
    wait(page, "live", name)
    page.wait_for_timeout(300)  # the screen's next frame, on a busy machine
    wait(page, "live", name)
    return painted(page, name)


def slider(page, label):
    return page.get_by_role("slider", name=label, exact=True)
