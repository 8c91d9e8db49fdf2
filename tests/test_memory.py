"""A cell that is run again and again: the figures that it has replaced go."""

import queue

import psutil
import pytest
from jupyter_client.manager import start_new_kernel

from tests import lab


@pytest.fixture
def run():
    """run(code, cell): in a kernel, as JupyterLab runs a cell. Gives what is printed."""
    manager, client = start_new_kernel(env=lab.kernel_environment())
    yield lambda code, cell: _execute(client, code, cell)
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def _execute(client, code, cell):
    content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
    request = client.session.msg("execute_request", content, metadata={"cellId": cell})
    client.shell_channel.send(request)
    printed = []
    while True:
        try:
            message = client.get_iopub_msg(timeout=lab.PATIENCE)
        except queue.Empty:
            raise TimeoutError(f"the kernel has not answered to {code}") from None
        if message["parent_header"].get("msg_id") != request["header"]["msg_id"]:
            continue
        kind, content = message["msg_type"], message["content"]
        assert kind != "error", content
        if kind == "stream" and content["name"] == "stdout":
            printed.append(content["text"])
        if kind == "status" and content["execution_state"] == "idle":
            return "".join(printed).strip()


# Laying a figure out takes most of the time, and keeps nothing.
NO_LAYOUT = "import matplotlib.layout_engine as e; e.ConstrainedLayoutEngine.execute = lambda self, figure: None"
COUNT = "import gc; gc.collect(); print(sum(type(one).__name__ == 'Live' for one in gc.get_objects()))"


@pytest.mark.slow
def test_a_cell_that_is_run_25_times_keeps_the_memory_within_20_megabytes(run):
    process = psutil.Process(int(run("import os; print(os.getpid())", "a")))
    run(f"from ngdm_helpers.course import explorers\n{NO_LAYOUT}", "a")
    sizes = []
    for _ in range(26):
        run("orbit = explorers.l1_orbit()\norbit", "b")
        sizes.append(process.memory_info().rss / 1e6)
    assert sizes[-1] - sizes[0] < 20
    assert run(COUNT, "c") == "1"


@pytest.mark.slow
def test_only_what_is_replaced_goes(run):
    run("from ngdm_helpers.course import explorers\nfrom IPython.display import display", "a")
    run("first = explorers.l1_orbit()\nfirst", "b")
    run("first", "c")
    run("display(first, explorers.l1_orbit())", "b")  # shown anew, and it stays where it stands elsewhere
    run("for w in (1, 2): display(explorers.l1_orbit())", "b")  # two of one run both stay
    alive = (
        "import ipywidgets\nprint(len([w for w in ipywidgets.Widget.widgets.values() if type(w).__name__ == 'Live']))"
    )
    assert run("print(first.comm is not None and first.png[:4])", "d") == r"b'\x89PNG'"
    assert run(alive, "d") == "3"
