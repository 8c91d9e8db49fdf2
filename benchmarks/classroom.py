"""A class on one server: what a student costs, and how long a move takes when 1, 10 and 40 students drag sliders.

    python -m benchmarks.classroom [STUDENTS …] [--seconds S] [--until CELL] [--to FOLDER]

Needs root, JupyterHub and configurable-http-proxy (`tests.hub` says what is missing). It makes an account for each
student, starts a hub with the configuration that is shipped, has each student start a server and a kernel and run the
core of notebook 3, all cells sent at once, and then move a slider once a second: the figures of the core in turn, from
one student to the next. A student here speaks to the server as JupyterLab's page does, over the same websocket and in
the same messages; one more, the screen, is a real Chromium with the notebook open. The class grows from one number to
the next. At the end three students train the networks.

A move is timed from the hand (a page that waits for the kernel holds the newest value back, which counts) to the draw
list of that move; then all move once more, and the screen beside them, from the key press to the paint. Exits with 1 if
a required number is missed.
"""

import argparse
import asyncio
import collections
import json
import os
import pathlib
import re
import statistics
import sys
import threading
import time
import uuid

import nbformat
import psutil
from jupyter_server.services.kernels.connection.base import deserialize_msg_from_ws_v1, serialize_msg_to_ws_v1
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import websocket_connect

from ngdm_helpers.course import build, recorded
from tests import hub, lab

P95, KERNEL = 400.0, 150.0  # required: milliseconds, MB before a network is trained
REST = 0.6  # seconds without a move after which the page says so: painter.mjs
TRAINERS = 3  # students who train networks at the end: what PyTorch's files take in memory is shared
LOST = 30.0  # seconds without an answer
NAME = "core.ipynb"
SLIDERS = ("orbit", "η")  # on the screen: the figure, the label of its control
PROTOCOL = "v1.kernel.websocket.jupyter.org"
SCREEN = f"{hub.PREFIX}screen"
# What a page of JupyterLab asks the server for while nobody does anything, and every how many seconds.
POLLS = dict.fromkeys(("api/kernels", "api/sessions", "api/contents", "api/terminals", "lab/api/workspaces"), 10)
# (the figure, its first slider) of each that the notebook has shown, in its order; names of IPython's own begin with _
_FIGURES = """[(n, k) for n, v in globals().items() if n[0] != '_' and type(v).__name__ == 'Live'
for k in [k for k, c in v.controls.items() if hasattr(c, 'numbers')][:1]]"""
_FIND = "({0}.canvas.model_id, {0}.controls[{1!r}].model_id, len({0}.controls[{1!r}].numbers))"
_STATE = "({0}.canvas.frame['count'], {0}.controls[{1!r}].index)"
_ONWARD, _COUNT = re.compile(rb'"onward":\s*true').search, re.compile(rb'"count":\s*(\d+)').search


def cells(until="stop-here"):
    """(cells of notebook 3 before this one that train no network, those that do), as source."""
    source = build.read_source(pathlib.Path("notebooks/03_lasso.py")).cells
    core = source[: next(k for k, cell in enumerate(source) if cell.id == until)]
    code = [cell.source for cell in core if cell.cell_type == "code"]
    trains = [text.startswith("# Needs PyTorch") for text in code]
    return tuple([text for text, late in zip(code, trains, strict=True) if late == wanted] for wanted in (False, True))


class Student:
    """One page: a server, a kernel, a websocket; it moves a slider and notes when the draw list of each move comes."""

    def __init__(self, class_, name):
        self.class_, self.name, self.token = class_, name, class_.tokens[name]
        self.session, self.futures, self.sent, self.shell = uuid.uuid4().hex, {}, {}, None
        self.times, self.bytes, self.overtaken, self.under_way, self.held, self.timer = [], [], 0, None, None, None

    async def fetch(self, path, data=None):
        """What the hub or the student's server answers."""
        request = HTTPRequest(
            f"{self.class_.url}/{path}",
            method="GET" if data is None else "POST",
            headers={"Authorization": f"token {self.token}"},
            body=None if data is None else json.dumps(data),
            request_timeout=5 * lab.PATIENCE,
        )
        answer = await AsyncHTTPClient().fetch(request)
        return json.loads(answer.body or "null")

    async def open(self):
        """Start the server, the kernel and the websocket, as the page of the notebook does."""
        user = f"hub/api/users/{self.name}"
        await self.fetch(f"{user}/server", {})
        while not (await self.fetch(user))["servers"].get("", {}).get("ready"):
            await asyncio.sleep(1)
        about = {"path": NAME, "name": NAME, "type": "notebook", "kernel": {"name": "python3"}}
        kernel = (await self.fetch(f"user/{self.name}/api/sessions", about))["kernel"]["id"]
        url = f"{self.class_.url}/user/{self.name}/api/kernels/{kernel}/channels?session_id={self.session}"
        request = HTTPRequest(url.replace("http", "ws", 1), headers={"Authorization": f"token {self.token}"})
        self.socket = await websocket_connect(
            request, subprotocols=[PROTOCOL], on_message_callback=self._on_message, max_message_size=2**30
        )
        await self.ask("shell", "kernel_info_request", {})
        # JupyterLab has comms handled in a thread of their own beside the cells
        self.shell = (await self.ask("control", "create_subshell_request", {}))["subshell_id"]

    def send(self, channel, kind, content, subshell=None):
        header = {"msg_id": uuid.uuid4().hex, "msg_type": kind, "session": self.session, "username": self.name}
        header |= {"date": "", "version": "5.2", "subshell_id": subshell}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
        pack = lambda part: json.dumps(part).encode()  # noqa: E731
        self.socket.write_message(serialize_msg_to_ws_v1(message, channel, pack), binary=True)
        return header["msg_id"]

    async def ask(self, channel, kind, content):
        """The answer to a request."""
        self.futures[key := self.send(channel, kind, content)] = asyncio.get_running_loop().create_future()
        return await self.futures[key]

    async def run(self, sources):
        """Run All: send every cell, wait for the last. Raises RuntimeError for a cell that fails."""
        blank = {"silent": False, "store_history": True, "user_expressions": {}, "stop_on_error": True}
        for reply in await asyncio.gather(
            *(self.ask("shell", "execute_request", blank | {"code": code}) for code in sources)
        ):
            if reply["status"] != "ok":
                raise RuntimeError(f"{self.name}: {reply.get('ename')}: {reply.get('evalue')}")

    async def evaluate(self, expression):
        asked = {"code": "", "silent": False, "store_history": False, "user_expressions": {"x": expression}}
        answer = (await self.ask("shell", "execute_request", asked))["user_expressions"]["x"]
        if answer["status"] != "ok":
            raise RuntimeError(f"{self.name}: {expression}: {answer['evalue']}")
        return eval(answer["data"]["text/plain"], {"__builtins__": {}})

    async def play(self, seconds, phase, turn=0):
        """Move a slider once a second, of figure number ``turn``, from the first again after the last.

        In every second round of the figures by single steps, as arrow keys do, after each of which Python looks ahead.

        (moves made, moves whose draw list did not come, overtaken in the page)
        """
        figures = await self.evaluate(_FIGURES)
        slider = figures[turn % len(figures)]
        self.canvas, self.control, places = await self.evaluate(_FIND.format(*slider))
        before, place = await self.evaluate(_STATE.format(*slider))
        self.times, self.bytes, self.overtaken, self.sent = [], [], 0, {}
        step = 1 if turn // len(figures) % 2 else max(1, places // 20)
        start, loop = time.monotonic() + phase, asyncio.get_running_loop()
        for second in range(seconds):
            await asyncio.sleep(start + second - time.monotonic())
            if not 0 <= place + step < places:
                step = -step
            place += step
            if self.under_way is None:
                self._move(place, loop.time())
            else:  # the page keeps the newest value until the kernel is idle
                self.overtaken += self.held is not None
                self.held = place, loop.time()
        end = time.monotonic() + LOST
        while (self.under_way or self.held or self.sent) and time.monotonic() < end:
            await asyncio.sleep(0.1)
        after, found = await self.evaluate(_STATE.format(*slider))
        arrived = len(self.times)
        # the kernel's own account: it drew each move that was sent once, and stands where the page does
        missed = seconds - self.overtaken - arrived + (found != place) + abs(after - before - arrived)
        return seconds, missed, self.overtaken

    def _update(self, model, state):
        data = {"method": "update", "state": state, "buffer_paths": []}
        return self.send("shell", "comm_msg", {"comm_id": model, "data": data}, self.shell)

    def _move(self, place, when):
        self.under_way = self._update(self.control, {"index": place})
        self.sent[self.under_way] = when

    def _on_message(self, message):
        if message is None:
            return
        now = asyncio.get_running_loop().time()
        channel, parts = deserialize_msg_from_ws_v1(message)
        kind, parent, content = json.loads(parts[0])["msg_type"], json.loads(parts[1]).get("msg_id"), parts[3]
        if channel in ("shell", "control") and parent in self.futures:
            self.futures.pop(parent).set_result(json.loads(content))
        elif kind == "comm_msg" and parent in self.sent:
            # the content of a draw list is long, and is not parsed
            if self.canvas.encode() in content and b'"frame"' in content:
                self.times.append(1000 * (now - self.sent.pop(parent)))
                self.bytes.append(len(message))
                if _ONWARD(content):
                    self._update(self.canvas, {"painted": int(_COUNT(content)[1])})
                if self.timer:
                    self.timer.cancel()
                rested = {"rested": len(self.times)}
                self.timer = asyncio.get_running_loop().call_later(REST, self._update, self.canvas, rested)
        elif kind == "status" and parent == self.under_way and b'"idle"' in content:
            self.under_way = None
            if self.held:
                held, self.held = self.held, None
                self._move(*held)

    async def poll(self):
        """Ask for what a page asks for, until cancelled."""

        async def every(path, seconds):
            while True:
                await asyncio.sleep(seconds)
                await self.fetch(f"user/{self.name}/{path}")

        await asyncio.gather(*(every(*poll) for poll in POLLS.items()))


# --- the screen: one student in a real browser ------------------------------------------------------------------------

_WATCH = """canvas => {
    window.painted = [];
    document.addEventListener('keydown', event => { window.pressed = event.timeStamp; }, true);
    const after = new MessageChannel();  // its message arrives when the frame's painting is done
    after.port1.onmessage = () => window.painted.push([performance.now(), Number(canvas.dataset.frame)]);
    new MutationObserver(() => requestAnimationFrame(() => after.port2.postMessage(0)))
        .observe(canvas, {attributes: true, attributeFilter: ['data-frame']});
}"""
_PAINTED = """count => {
    const [when, frame] = window.painted.at(-1) ?? [0, 0];
    return frame > count && when - window.pressed;
}"""


class Screen(threading.Thread):
    """A Chromium with the notebook open. ``wanted``: key presses to make; ``times``: what they took, in ms."""

    def __init__(self, class_):
        super().__init__(daemon=True)
        self.class_, self.times, self.fault, self.requests = class_, [], None, collections.Counter()
        self.wanted = 0
        self.ready, self.go, self.done = (threading.Event() for _ in range(3))

    def run(self):
        try:
            with lab.browser() as chromium:
                self._show(chromium)
        except BaseException as error:  # told to the main thread
            self.fault = error
            self.ready.set()
            self.done.set()

    def _show(self, chromium):
        page = chromium.new_page(viewport={"width": 1280, "height": 720})
        page.set_default_timeout(5000 * lab.PATIENCE)
        page.goto(f"{self.class_.url}/hub/login")
        page.fill("input[name=username]", SCREEN)
        page.fill("input[name=password]", self.class_.password)
        page.click("#login_submit")
        page.goto(f"{self.class_.url}/hub/spawn/{SCREEN}")
        page.wait_for_url(f"**/user/{SCREEN}/**")
        page.goto(f"{self.class_.url}/user/{SCREEN}/doc/tree/{NAME}?reset")
        page.wait_for_function(lab.KERNEL_IDLE)
        page.evaluate(lab.LISTEN)
        notebook = lab.Notebook(page, NAME)
        notebook.run_all()
        figure = notebook.live(SLIDERS[0])
        figure.canvas.evaluate(_WATCH)
        page.on("request", lambda request: self.requests.update([request.url.split("?")[0].split(SCREEN)[-1]]))
        self.ready.set()
        while True:
            while not self.go.wait(0.05):
                page.wait_for_timeout(50)  # the page's events are handled
            self.go.clear()
            if not self.wanted:
                return
            self.times, handle, key = [], figure.handle(SLIDERS[1]), "ArrowRight"
            for turn in range(self.wanted):
                began, count = time.monotonic(), int(figure.canvas.get_attribute("data-frame"))
                handle.focus()
                page.keyboard.press(key if turn % 20 < 10 else "ArrowLeft")
                taken = page.wait_for_function(_PAINTED, arg=count, polling=20, timeout=1000 * LOST).json_value()
                self.times.append(taken)
                page.wait_for_timeout(max(1, 1000 * (1 - (time.monotonic() - began))))
            self.done.set()

    def press(self, times):
        self.wanted = times
        self.done.clear()
        self.go.set()


# --- what it costs ----------------------------------------------------------------------------------------------------


def memory(class_, names):
    """{"server" or "kernel": [(PSS, RSS) in MB, a process each]}."""
    found = {"server": [], "kernel": []}
    for kind, processes in class_.processes(*names).items():
        for process in processes:
            lines = pathlib.Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines()
            sizes = {line.split()[0]: int(line.split()[1]) / 1024 for line in lines[1:]}
            found[kind].append((sizes["Pss:"], sizes["Rss:"]))
    return found


def seconds_of_cpu(class_, names):
    """{what: seconds of CPU so far} for the kernels, the servers, the hub, the proxy, this client and its browser."""
    spent, me = collections.Counter(), psutil.Process()
    groups = {"client": [me], "browser": me.children(recursive=True), "hub": [psutil.Process(class_.process.pid)]}
    ours = {class_.process.pid, *(child.pid for child in groups["hub"][0].children(recursive=True))}
    groups["browser"] = [process for process in groups["browser"] if process.pid not in ours]
    groups["proxy"] = [p for p in groups["hub"][0].children() if "configurable-http-proxy" in " ".join(p.cmdline())]
    groups |= class_.processes(*names)
    for what, processes in groups.items():
        for process in processes:
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            spent[what] += times.user + times.system
    return spent


def middle_and_95(numbers):
    return statistics.median(numbers), statistics.quantiles(numbers, n=20)[-1] if len(numbers) > 1 else numbers[0]


async def measure(class_, names, sizes, seconds, until):
    """Yield a row of results for each size of the class, and at the end one of the networks."""
    early, late = cells(until)
    students, polls, screen = [], [], Screen(class_)
    for name in (*names, SCREEN):
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in early])
        notebook.metadata["kernelspec"] = build._KERNEL
        hub.give(name, NAME, nbformat.writes(notebook))
    for size in sizes:
        newcomers = [Student(class_, name) for name in names[len(students) : size]]
        began = time.monotonic()
        await asyncio.gather(*(student.open() for student in newcomers))
        opened = time.monotonic() - began
        empty = memory(class_, [student.name for student in newcomers])

        async def run(student, began):
            await student.run(early)
            return time.monotonic() - began

        began, before = time.monotonic(), seconds_of_cpu(class_, names[:size])["kernel"]
        ran = await asyncio.gather(*(run(student, began) for student in newcomers))
        computed = (seconds_of_cpu(class_, names[:size])["kernel"] - before) / len(newcomers)
        students += newcomers
        polls += [asyncio.create_task(student.poll()) for student in newcomers]
        if size == sizes[0]:
            screen.start()
            await asyncio.to_thread(screen.ready.wait)
        if screen.fault:
            raise screen.fault
        used = memory(class_, names[:size])
        busy = psutil.cpu_percent(2)
        everyone = [*names[:size], SCREEN]
        before, start = seconds_of_cpu(class_, everyone), time.monotonic()
        played = await asyncio.gather(*(s.play(seconds, k / size, k) for k, s in enumerate(students)))
        passed, after = time.monotonic() - start, seconds_of_cpu(class_, everyone)
        times = [milliseconds for student in students for milliseconds in student.times]
        # once more with the screen: a real class has its browsers on other machines, and this one takes a quarter core
        screen.press(seconds)
        await asyncio.gather(*(s.play(seconds, k / size, k) for k, s in enumerate(students)))
        await asyncio.to_thread(screen.done.wait)
        if screen.fault:
            raise screen.fault
        if not times:
            raise RuntimeError(f"no draw list came for any of {size * seconds} moves")
        yield {
            "students": size,
            "newcomers": len(newcomers),
            "busy_before_percent": busy,
            "seconds_to_open_all": opened,
            "run_all_seconds": middle_and_95(ran),
            "run_all_seconds_of_cpu": computed,
            "moves": sum(moves for moves, _, _ in played),
            "lost": sum(lost for _, lost, _ in played),
            "overtaken_in_the_page": sum(overtaken for _, _, overtaken in played),
            "move_ms": middle_and_95(times),
            "screen_ms": middle_and_95(screen.times),
            "message_kB": statistics.median(size for s in students for size in s.bytes) / 1024,
            "kernel_MB_at_start": _sizes(empty["kernel"]),
            "kernel_MB": _sizes(used["kernel"]),
            "server_MB": _sizes(used["server"]),
            "cpu_cores": {what: round((after[what] - before[what]) / passed, 3) for what in sorted(after)},
        }
    began, some = time.monotonic(), students[:TRAINERS]
    await asyncio.gather(*(student.run(late) for student in some))
    yield {
        "students": len(students),
        "trainers": len(some),
        "networks_seconds": time.monotonic() - began,
        "kernel_MB_with_a_network": _sizes(memory(class_, names[: len(some)])["kernel"]),
        "requests_of_the_screen": dict(screen.requests.most_common(12)),
    }
    screen.press(0)
    for task in polls:
        task.cancel()


def _sizes(rows):
    pss, rss = zip(*rows, strict=True)
    return {"PSS": statistics.median(pss), "most_PSS": max(pss), "RSS": statistics.median(rss), "of_all_PSS": sum(pss)}


def needs(students, row, last):
    """(cores, GB) for a class of this size, each moving a slider once a second, all with a network in their kernel."""
    each = sum(row["cpu_cores"].get(what, 0) for what in ("kernel", "server", "proxy", "hub")) / (row["students"] + 1)
    # busy to 70 %, above which queues grow; 2 GB for the hub and the system
    return students * each / 0.7, 2 + students * (
        row["server_MB"]["PSS"] + last["kernel_MB_with_a_network"]["PSS"]
    ) / 1024


def show(row):
    if "moves" not in row:
        size = row["kernel_MB_with_a_network"]
        print(f"\n{row['trainers']} of {row['students']} train networks: {row['networks_seconds']:.0f} s,", end=" ")
        print(f"a kernel then has {size['PSS']:.0f} MB (RSS {size['RSS']:.0f})")
        return
    (run, run95), (move, move95), (screen, screen95) = row["run_all_seconds"], row["move_ms"], row["screen_ms"]
    kernel, server = row["kernel_MB"], row["server_MB"]
    print(f"\n{row['students']} students   (CPU before: {row['busy_before_percent']:.0f} % of {os.cpu_count()} cores)")
    print(f"  {row['newcomers']} more: servers and kernels up in {row['seconds_to_open_all']:.0f} s,", end=" ")
    print(f"Run All (core, no network) median {run:.0f} s, p95 {run95:.0f} s,", end=" ")
    print(f"{row['run_all_seconds_of_cpu']:.1f} s of CPU each")
    print(f"  a move to its draw list: median {move:.0f} ms, p95 {move95:.0f} ms;", end=" ")
    print(f"{row['moves']} moves, {row['lost']} lost, {row['overtaken_in_the_page']} overtaken in the page;", end=" ")
    print(f"a draw list has {row['message_kB']:.0f} kB")
    print(f"  key press to paint on the screen: median {screen:.0f} ms, p95 {screen95:.0f} ms")
    empty, total = row["kernel_MB_at_start"]["PSS"], (kernel["of_all_PSS"] + server["of_all_PSS"]) / 1024
    print(f"  PSS: kernel {kernel['PSS']:.0f} MB (most {kernel['most_PSS']:.0f}, RSS {kernel['RSS']:.0f},", end=" ")
    print(f"empty {empty:.0f}), server {server['PSS']:.0f} MB (RSS {server['RSS']:.0f}); all {total:.1f} GB")
    print("  cores busy: " + ", ".join(f"{what} {cores:.2f}" for what, cores in row["cpu_cores"].items()), flush=True)


async def collect(class_, names, options):
    rows = []
    async for row in measure(class_, names, options.students, options.seconds, options.until):
        rows.append(row)
        show(row)
        recorded.write_text(options.to / "classroom.json", json.dumps(rows, indent=1) + "\n")
    return rows


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m benchmarks.classroom", description=__doc__.partition("\n")[0])
    parser.add_argument("students", nargs="*", type=int, default=[1, 10, 40], help="sizes of the class (1 10 40)")
    parser.add_argument("--seconds", type=int, default=20, help="moves of each student (20)")
    parser.add_argument("--until", default="stop-here", help="cell before which Run All ends (stop-here: the core)")
    parser.add_argument("--to", type=pathlib.Path, default=pathlib.Path("build/classroom"), help="folder of the JSON")
    options = parser.parse_args(arguments)
    if why := hub.missing():
        print(f"No hub can be started here: {why}", file=sys.stderr)
        return 1
    options.to.mkdir(parents=True, exist_ok=True)
    AsyncHTTPClient.configure(None, max_clients=1000)
    names = [f"{hub.PREFIX}{k:02d}" for k in range(max(options.students))]
    began = time.monotonic()
    with hub.running([*names, SCREEN], log=options.to / "hub.log") as class_:
        rows = asyncio.run(collect(class_, names, options))
    print(f"\n{time.monotonic() - began:.0f} s in all; {options.to / 'classroom.json'}")
    largest = rows[-2]
    for students in (40, 200):
        cores, gigabytes = needs(students, *rows[-2:])
        print(f"{students} students that all train networks and move sliders: {cores:.1f} cores, {gigabytes:.0f} GB")
    missed = [
        (f"p95 at {largest['students']} students", largest["move_ms"][1] > P95),
        ("lost moves", any(row["lost"] for row in rows[:-1])),
        ("kernel before a network", largest["kernel_MB"]["PSS"] > KERNEL),
    ]
    print("missed: " + (", ".join(what for what, is_missed in missed if is_missed) or "nothing"))
    return int(any(is_missed for _, is_missed in missed))


if __name__ == "__main__":
    sys.exit(main())
