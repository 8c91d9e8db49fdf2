"""A JupyterLab in a headless browser, for the tests and the benchmarks.

    with lab.server() as jupyter, lab.browser() as chromium:
        with lab.opened(jupyter, chromium, "notebooks/03_lasso.ipynb") as notebook:
            notebook.run_all()
            orbit = notebook.live("orbit")
            orbit.press("η", "ArrowRight")
            values = orbit.settled()

Everything is started for this purpose and ended on leaving the ``with``, whatever happens inside: the server has a
port, a token, a folder and a process group of its own, and works on a copy of the notebook.

How fast the machine is decides nothing here: every wait ends with what it waits for, or when nothing has come of it for
`PATIENCE` seconds.
"""

import ast
import base64
import contextlib
import dataclasses
import json
import os
import pathlib
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
PATIENCE = 120  # seconds in which nothing happens: what takes a second on an idle machine has failed
PROMPT = "--ServerApp.kernel_websocket_connection_class=ngdm_helpers.course.server.Prompt"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_ARGUMENTS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()


class NoBrowser(Exception):
    """There is no Chromium or Chrome here, or no playwright to drive it."""


@dataclasses.dataclass(frozen=True)
class Server:
    """A running Jupyter server: its address, its token and the folder that it serves."""

    url: str
    token: str
    folder: pathlib.Path

    def responds(self, path="api/status"):
        request = urllib.request.Request(f"{self.url}/{path}", headers={"Authorization": f"token {self.token}"})
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE):
                return True
        except (urllib.error.URLError, OSError):
            return False


@contextlib.contextmanager
def server(module="jupyterlab", prompt=True):
    """Start ``python -m jupyterlab`` (or another ``module``, say notebook) on a temporary folder; yields a `Server`.

    prompt: with `ngdm_helpers.course.server`, as ``make lab`` starts it.
    """
    with tempfile.TemporaryDirectory(prefix="lab-", ignore_cleanup_errors=True) as temporary:
        here = pathlib.Path(temporary)
        jupyter = Server(f"http://127.0.0.1:{_free_port()}", secrets.token_hex(16), here / "work")
        jupyter.folder.mkdir()
        _no_questions(here / "jupyterlab_settings_dir")
        command = [sys.executable, "-m", module, *_options(jupyter), *([PROMPT] if prompt else [])]
        log = here / "log"
        with log.open("wb") as stream:
            process = subprocess.Popen(
                command, cwd=here, env=_environment(here, jupyter), stdout=stream, stderr=stream, start_new_session=True
            )
        try:
            _wait(lambda: process.poll() is not None or jupyter.responds(), "the server to answer")
            if process.poll() is not None:
                raise RuntimeError(f"{module} ended with status {process.returncode}:\n{log.read_text()}")
            yield jupyter
        finally:
            _end(process)


@contextlib.contextmanager
def browser():
    """Start a headless Chromium; yields playwright's Browser. Raises NoBrowser where there is none."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise NoBrowser("playwright is not installed: pip install playwright") from error
    with sync_playwright() as playwright:
        found = [path for path in (*map(shutil.which, _NAMES), playwright.chromium.executable_path) if path]
        found = [path for path in found if os.path.exists(path)]
        if not found:
            raise NoBrowser(
                f"none of {', '.join(_NAMES)} is on the PATH, nor has `playwright install chromium` been run"
            )
        chromium = playwright.chromium.launch(executable_path=found[0], args=_ARGUMENTS, timeout=1000 * PATIENCE)
        try:
            yield chromium
        finally:
            chromium.close()


@contextlib.contextmanager
def opened(jupyter, chromium, path, screenshot=None, viewport=(1400, 1000), scale=1, touch=False, view="doc"):
    """Open a copy of the notebook at ``path`` in JupyterLab and wait for its kernel; yields a `Notebook`.

    screenshot: where to keep a picture of the page if an error leaves the ``with``.
    scale: device pixels per CSS pixel. touch: on a screen that is touched. view: "lab" with the list of files as well.
    """
    name = pathlib.Path(path).name
    shutil.copy(path, jupyter.folder / name)
    width, height = viewport
    size = {"width": width, "height": height}
    page = chromium.new_page(viewport=size, device_scale_factor=scale, has_touch=touch)
    page.set_default_timeout(1000 * PATIENCE)
    try:
        page.goto(f"{jupyter.url}/{view}/tree/{name}?reset&token={jupyter.token}")
        page.wait_for_function(KERNEL_IDLE)
        page.evaluate(LISTEN)
        yield Notebook(page, name)
    except BaseException:
        if screenshot:
            save_screenshot(page, screenshot)
        raise
    finally:
        with contextlib.suppress(Exception):  # the server would keep the kernel for the next visit
            page.evaluate("jupyterapp.shell.currentWidget.context.sessionContext.shutdown()")
        page.close()


def save_screenshot(page, path):
    """Keep a picture of ``page`` at ``path``, making its folder."""
    pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=path)


def expect(shown):
    """playwright's ``expect(shown)``, as patient as every other wait."""
    from playwright.sync_api import expect

    expect.set_options(timeout=1000 * PATIENCE)
    return expect(shown)


def calm(page, condition="() => true", arg=None, frames=5):
    """Wait until a function of JavaScript holds at ``frames`` frames in a row: what was to begin has, and has ended."""
    page.wait_for_function(
        f"""([arg, frames, wait]) => {{
            if (window.wait !== wait) [window.wait, window.calm] = [wait, 0];
            window.calm = ({condition})(arg) ? window.calm + 1 : 0;
            return window.calm >= frames;
        }}""",
        arg=[arg, frames, secrets.token_hex(4)],
    )


# For `calm`: nothing that is laid out has moved since the last frame, and nothing fades.
STILL = """() => {
    const places = () => [...document.querySelectorAll('canvas, .jp-Notebook')].map(one => one.getBoundingClientRect());
    const [before, now] = [window.places, JSON.stringify(places())];
    window.places = now;
    return now === before && !document.getAnimations().some(one => one instanceof CSSTransition);
}"""


class Notebook:
    """A notebook open in JupyterLab: the page, and the name of its file."""

    def __init__(self, page, name):
        self.page, self.name = page, name

    def run_all(self, patience=PATIENCE):
        """Run all cells and wait for the end, however long, as long as cells keep finishing.

        Raises TimeoutError, which names the cell, when one has not finished for ``patience`` seconds.
        """
        cells = self.page.evaluate(_RUN_ALL)
        finished, since = 0, time.monotonic()
        while not self.page.evaluate("window.ranAll"):
            before, finished = finished, self.page.evaluate("window.finished")
            if finished > before:
                since = time.monotonic()
            elif time.monotonic() - since > patience:
                name = cells[finished] if finished < len(cells) else "JupyterLab after the last cell"
                raise TimeoutError(f"no cell has finished for {patience} s, waiting for {name}")
            self.page.wait_for_timeout(100)

    def outputs(self):
        """Of each output of each cell: cell (index), kind (output_type), text (of an error), model (of a widget)."""
        return self.page.evaluate(_OUTPUTS)

    def errors(self):
        """The error messages stored in the cells, and the widgets that JupyterLab could not show."""
        stored = [f"cell {o['cell']}: {o['text']}" for o in self.outputs() if o["kind"] == "error"]
        return stored + self.page.get_by_text("Error displaying widget").all_inner_texts()

    def evaluate(self, expression):
        """The value of a Python expression in the kernel; it must be a literal (numbers, strings, bytes, dicts …)."""
        reply = self.page.evaluate(_EVALUATE, expression)
        if reply["status"] != "ok":
            raise RuntimeError(f"{expression}: {reply['ename']}: {reply['evalue']}")
        return ast.literal_eval(reply["data"]["text/plain"])

    def cell(self, index):
        """A locator of cell ``index``, scrolled into the page (JupyterLab leaves distant cells out of it)."""
        self.page.evaluate("i => jupyterapp.shell.currentWidget.content.scrollToItem(i, 'start')", index)
        return self.page.locator(f'.jp-Notebook .jp-Cell[data-windowed-list-index="{index}"]')

    def shows(self, index, text):
        """Wait until cell ``index`` shows ``text``. What loads above it may push it out of the page."""
        follow = """([i, text]) => {
            jupyterapp.shell.currentWidget.content.scrollToItem(i, 'start');
            return document.querySelector(`.jp-Notebook .jp-Cell[data-windowed-list-index="${i}"]`)
                ?.innerText.includes(text);
        }"""
        self.page.wait_for_function(follow, arg=[index, text], polling=500)

    def live(self, name):
        """The slider figure that the kernel knows as ``name``."""
        model = self.evaluate(f"{name}.model_id")
        return self._slider(next(output for output in self.outputs() if output["model"] == model))

    def lives(self):
        """Yield every slider figure of the notebook, top to bottom, those in collapsed sections too."""
        self.page.evaluate("() => void jupyterapp.commands.execute('notebook:expand-all-headings')")
        models = self.evaluate(f"[w.model_id for w in {_WIDGETS}.values() if type(w).__name__ == 'Live']")
        for output in self.outputs():
            if output["model"] in models:
                yield self._slider(output)

    def _slider(self, output):
        return Slider(self, self.cell(output["cell"]), f"{_WIDGETS}[{output['model']!r}]")


class Slider:
    """One slider figure on the page: its controls by label, its marks, its picture."""

    def __init__(self, notebook, root, expression):
        self.notebook, self.page, self.root, self.expression = notebook, notebook.page, root, expression
        self.canvas = root.locator("canvas.live-canvas")
        self.canvas.wait_for()

    @property
    def handles(self):
        """What moves by hand: the handles of sliders, and dropdowns, in the order of the page."""
        return self.root.locator(".noUi-handle, .widget-dropdown select")

    def control(self, label):
        """The row of the control with this label."""
        return self.root.locator(".widget-inline-hbox").filter(
            has=self.page.locator(".widget-label").get_by_text(label, exact=True)
        )

    def handle(self, label):
        return self.control(label).locator(".noUi-handle")

    def text(self, label):
        """The value that a slider tells a screen reader."""
        return self.handle(label).get_attribute("aria-valuetext")

    def readout(self, label):
        """The value that stands next to a slider."""
        return self.control(label).locator(".widget-readout").inner_text()

    def press(self, label, key, times=1):
        """Focus a slider and press a key."""
        self.handle(label).focus()
        for _ in range(times):
            self.page.keyboard.press(key)

    def drag(self, label, pixels, steps=20):
        """Move a handle with the mouse by ``pixels`` to the right, in ``steps`` moves."""
        self.handle(label).scroll_into_view_if_needed()
        box = self.handle(label).bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + pixels, y, steps=steps)
        self.page.mouse.up()

    def click(self, mark):
        self.root.get_by_role("button", name=mark, exact=True).click()

    def picture(self):
        """What is on the canvas now, as PNG."""
        return base64.b64decode(self.canvas.evaluate("canvas => canvas.toDataURL().split(',')[1]"))

    def settled(self):
        """The kernel's values, once no move is under way and the kernel's newest picture is painted."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            self.page.wait_for_timeout(50)
            self.page.wait_for_function("() => window.moves.size === 0")
            values, count = self.notebook.evaluate(
                f"({self.expression}.values, {self.expression}.canvas.frame['count'])"
            )
            painted = self.canvas.get_attribute("data-frame")
            if self.page.evaluate("window.moves.size") == 0 and painted == str(count):
                return values
        raise TimeoutError(f"after {PATIENCE} s the page does not show the kernel's picture of {values}")

    def message(self):
        """A locator of the words above the picture: empty, or why it could not be drawn."""
        return self.root.locator(".widget-html-content").first

    def lost(self):
        """A locator of the words below the picture: empty, or that there is no Python any more."""
        return self.root.locator("p[role=status]")


_WIDGETS = "__import__('ipywidgets').widgets.widget._instances"

KERNEL_IDLE = """() => {
    const session = window.jupyterapp?.shell.currentWidget?.context?.sessionContext;
    return session?.isReady && session.session?.kernel?.status === 'idle';
}"""

# moves: the widget messages that the kernel has not finished with. An execute request cannot tell: JupyterLab has
# widgets handled in a subshell, beside the cells. finished: how many execute requests have been answered.
LISTEN = """() => {
    window.moves = new Set();
    window.finished = 0;
    const kernel = jupyterapp.shell.currentWidget.context.sessionContext.session.kernel;
    kernel.anyMessage.connect((_, {msg, direction}) => {
        if (direction === 'send' && msg.header.msg_type === 'comm_msg') {
            window.moves.add(msg.header.msg_id);
        } else if (msg.header.msg_type === 'status' && msg.content.execution_state === 'idle') {
            window.moves.delete(msg.parent_header.msg_id);
        } else if (direction === 'recv' && msg.header.msg_type === 'execute_reply') {
            window.finished += 1;
        }
    });
}"""

# Gives the cells that are run, as an error names them.
_RUN_ALL = """() => {
    window.ranAll = false;
    window.finished = 0;
    const done = () => { window.ranAll = true; };
    jupyterapp.commands.execute('notebook:run-all-cells').then(done, done);
    return jupyterapp.shell.currentWidget.content.model.toJSON().cells
        .map((cell, index) => ({...cell, source: [cell.source].flat().join(''), index}))
        .filter(cell => cell.cell_type === 'code' && cell.source.trim())
        .map(cell => `cell ${cell.index}: ${cell.source}`);
}"""

# Pictures make toJSON slow: only errors are turned into it.
_OUTPUTS = """() => [...jupyterapp.shell.currentWidget.content.model.cells].flatMap((cell, index) =>
    Array.from({length: cell.outputs?.length ?? 0}, (_, place) => {
        const output = cell.outputs.get(place);
        const error = output.type === 'error' ? output.toJSON() : null;
        return {
            cell: index,
            kind: output.type,
            text: error ? `${error.ename}: ${error.evalue}` : '',
            model: output.data['application/vnd.jupyter.widget-view+json']?.model_id ?? null,
        };
    }))"""

# Does not wait for an answer: the code may end the kernel.
EXECUTE = """code => {
    const kernel = jupyterapp.shell.currentWidget.context.sessionContext.session.kernel;
    kernel.requestExecute({code}).done.catch(() => {});
}"""

_EVALUATE = """async expression => {
    const kernel = jupyterapp.shell.currentWidget.context.sessionContext.session.kernel;
    const request = {code: '', store_history: false, user_expressions: {answer: expression}};
    return (await kernel.requestExecute(request).done).content.user_expressions.answer;
}"""


def _options(jupyter):
    return [
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={jupyter.url.rpartition(':')[2]}",
        "--ServerApp.port_retries=0",
        "--ServerApp.open_browser=False",
        "--ServerApp.allow_root=True",
        f"--ServerApp.root_dir={jupyter.folder}",
        "--LabApp.expose_app_in_browser=True",  # window.jupyterapp
        "--JupyterNotebookApp.expose_app_in_browser=True",
    ]


def _no_questions(settings):
    """Settings with which JupyterLab neither asks about news nor looks for updates."""
    folder = settings / "@jupyterlab" / "apputils-extension"
    folder.mkdir(parents=True)
    answer = {"fetchNews": "false", "checkForUpdates": False}
    (folder / "notification.jupyterlab-settings").write_text(json.dumps(answer))


def _environment(here, jupyter):
    """The environment of the server: folders of its own, and this checkout's ngdm_helpers for the kernels."""
    own = {
        name: str(here / name.lower())
        for name in (
            "JUPYTER_CONFIG_DIR",
            "JUPYTER_DATA_DIR",
            "JUPYTER_RUNTIME_DIR",
            "JUPYTERLAB_SETTINGS_DIR",
            "JUPYTERLAB_WORKSPACES_DIR",
            "IPYTHONDIR",
        )
    }
    return {**kernel_environment(), **own, "JUPYTER_TOKEN": jupyter.token}


def kernel_environment():
    """The environment of a kernel that finds this checkout's ngdm_helpers first."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))}


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait(condition, what):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {PATIENCE} s for {what}")
        time.sleep(0.1)


def _end(process, seconds=15):
    """End a server and all that it started: politely, so that it ends its kernels, after ``seconds`` for certain."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
