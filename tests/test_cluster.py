"""Runs that others do: processes of this machine, and the workers of a real Dask scheduler."""

import functools
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time

import pytest

from ngdm_helpers.course import cli, recorded
from ngdm_helpers.course.experiments import lasso_deep, runner
from tests.lab import ROOT
from tests.test_lasso_deep import stand_in
from tests.test_runner import numbers

pytestmark = [pytest.mark.slow, pytest.mark.cluster]
NAME, KEY = "squares", ("x",)
SETTINGS = [{"x": x} for x in range(6)]


@pytest.fixture(scope="module")
def cluster():
    """A scheduler and two worker processes with one thread each."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster:
        yield cluster


def squares(folder, waits_for, fails_for, group):
    """Rows; ``folder`` gets a file for each call, and a run in ``waits_for`` lasts until there is a file ``go``."""
    x = group[0]["x"]
    (folder / f"{x}-{os.getpid()}").touch()
    if x in fails_for:
        raise ValueError(f"no square of {x}")
    while x in waits_for and not (folder / "go").exists():
        time.sleep(0.01)
    return [{"x": x, "square": x * x}]


def measure(folder, waits_for=(), fails_for=(), **how):
    (folder / "calls").mkdir(parents=True, exist_ok=True)
    rows = functools.partial(squares, folder / "calls", waits_for, fails_for)
    how = {"record": NAME, "key": KEY, "title": "x = {x}", "folder": folder, "command": "", "progress": False} | how
    return runner.measure(SETTINGS, rows, **how)


def calls(folder, x="*"):
    """The processes that began the run x."""
    return [int(path.name.partition("-")[2]) for path in (folder / "calls").glob(f"{x}-*")]


def until(condition):
    """Wait, however busy the machine is, for ``condition()``; what it returned."""
    deadline = time.monotonic() + 1200
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return found


def when(condition, act):
    """Do ``act(condition())`` in a thread as soon as the condition holds."""
    thread = threading.Thread(target=lambda: act(until(condition)), daemon=True)
    thread.start()
    return thread


@pytest.fixture(params=["scheduler", "jobs"])
def others(request):
    """The option of `measure` that hands runs to others."""
    if request.param == "jobs":
        return {"jobs": 2}
    return {"scheduler": request.getfixturevalue("cluster").scheduler_address}


def test_others_measure_the_same_rows(others, tmp_path):
    assert measure(tmp_path / "here") == measure(tmp_path / "there", **others) == 6
    rows = [recorded.load(NAME, tmp_path / folder) for folder in ("here", "there")]
    assert numbers(rows[0]) == numbers(rows[1]) and len(rows[1]) == 6
    assert rows[1][0]["provenance"] == rows[0][0]["provenance"]
    assert set(calls(tmp_path / "here")) == {os.getpid()} and os.getpid() not in calls(tmp_path / "there")
    assert measure(tmp_path / "there", **others) == 0


def test_a_run_that_fails_is_counted_and_the_others_are_recorded(others, tmp_path, monkeypatch, capsys):
    shown = []

    class Bar(runner.tqdm):
        def set_postfix_str(self, text="", refresh=True):
            shown.append(text)
            super().set_postfix_str(text, refresh)

    monkeypatch.setattr(runner, "tqdm", Bar)
    going = when(lambda: "1 under way, 1 failed" in shown, lambda _: (tmp_path / "calls" / "go").touch())
    reason = re.escape("1 of 6 runs failed, first x = 1 with ValueError: no square of 1")
    with pytest.raises(runner.Failed, match=reason):
        measure(tmp_path, fails_for=(1,), waits_for=(5,), progress=True, **others)
    going.join()
    assert shown[-1] == "0 under way, 1 failed" and "5/6" in capsys.readouterr().err
    assert sorted(row["x"] for row in recorded.load(NAME, tmp_path)) == [0, 2, 3, 4, 5]
    assert measure(tmp_path) == 1 and len(recorded.load(NAME, tmp_path)) == 6


def test_a_killed_worker_of_dask_loses_nothing_and_its_run_is_done_again(cluster, tmp_path):
    def kill(pids):
        os.kill(pids[0], signal.SIGKILL)
        until(lambda: len(calls(tmp_path, 2)) == 2)  # by another process
        (tmp_path / "calls" / "go").touch()

    killer = when(lambda: calls(tmp_path, 2), kill)
    assert measure(tmp_path, waits_for=(2,), scheduler=cluster.scheduler_address) == 6
    killer.join()
    assert len(calls(tmp_path, 2)) == 2 and [row["x"] ** 2 for row in recorded.load(NAME, tmp_path)] == [
        row["square"] for row in recorded.load(NAME, tmp_path)
    ]
    assert len(recorded.load(NAME, tmp_path)) == 6


def test_a_killed_process_of_the_pool_is_said_and_what_was_done_is_kept(tmp_path):
    killer = when(
        lambda: len(recorded.load(NAME, tmp_path)) == 5 and calls(tmp_path, 2),
        lambda pids: os.kill(pids[0], signal.SIGKILL),
    )
    with pytest.raises(runner.Failed, match=r"a process was killed.* the same command goes on from here"):
        measure(tmp_path, waits_for=(2,), jobs=2)
    killer.join()
    assert len(recorded.load(NAME, tmp_path)) == 5
    assert measure(tmp_path) == 1 and len(recorded.load(NAME, tmp_path)) == 6


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = pathlib.Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.parametrize(
    "others, sent", [("scheduler", "SIGKILL"), ("jobs", "SIGKILL"), ("jobs", "SIGINT")], indirect=["others"]
)
def test_a_killed_client_goes_on_where_it_was(others, sent, tmp_path):
    code = f"""
import pathlib, signal
from tests import test_cluster
if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a suite in the background ignores it
    test_cluster.measure(pathlib.Path({str(tmp_path)!r}), waits_for=(4,), **{others!r})
"""
    script = tmp_path / "client.py"  # a process of the pool reads its main module again
    script.write_text(code)
    how = {"cwd": ROOT, "env": {**os.environ, "PYTHONPATH": str(ROOT)}, "stderr": subprocess.DEVNULL}
    client = subprocess.Popen([sys.executable, script], **how)
    until(lambda: client.poll() is not None or (recorded.load(NAME, tmp_path) and calls(tmp_path, 4)))
    client.send_signal(signal.Signals[sent])
    assert client.wait() != 0
    if "jobs" in others:  # no process is left behind
        until(lambda: not any(map(alive, calls(tmp_path))))
    (tmp_path / "calls" / "go").touch()
    before = recorded.load(NAME, tmp_path)
    assert 1 <= len(before) <= 5 and 4 not in [row["x"] for row in before]
    assert measure(tmp_path, **(others if "scheduler" in others else {})) == 6 - len(before)
    rows = recorded.load(NAME, tmp_path)
    assert rows[: len(before)] == before and sorted(row["x"] for row in rows) == list(range(6))


EXPERIMENTS = {
    "edge-of-stability": "--activations tanh --rates 0.1 0.2 --steps 12",
    "edge-ruler": "--activations gelu --rates 0.1 0.2 --seeds 0 --steps 12",
    "mlp-l1": "--method sgd adam --lam 0.1 0.2 --steps 12",
    "depth": "--images 16 --depths 11 --activations relu gelu --parts gain --seeds 1 --steps 2",
    "vgg16-l1": "--method sgd adam --steps 12 --images 40 --test-images 20 --checkpoint-every 5",
}


def _use_stand_in():
    lasso_deep.network = stand_in


def test_every_experiment_of_the_command_line_can_be_handed_to_others(cluster, tmp_path, monkeypatch, capsys):
    from distributed import Client

    assert set(EXPERIMENTS) == set(runner.EXPERIMENTS)
    monkeypatch.setattr(lasso_deep, "network", stand_in)
    with Client(cluster) as client:
        client.run(_use_stand_in)
    for name, options in EXPERIMENTS.items():
        for folder, how in (("here", []), ("there", ["--scheduler", cluster.scheduler_address])):
            how = [*how, "--folder", str(tmp_path / folder)]
            how += ["--work", str(tmp_path / folder / "work")] if name == "vgg16-l1" else []
            assert cli.main(["record", name, *options.split(), *how]) == 0, name
            assert f" run(s) measured; the record lies in {tmp_path / folder}" in capsys.readouterr().out
        (here,) = {path.stem for path in (tmp_path / "here").glob("*.json")} - {"done"}
        rows = [recorded.load(here, tmp_path / folder) for folder in ("here", "there")]
        assert len(rows[0]) >= 2 and numbers(rows[0]) == numbers(rows[1]), name
        assert rows[0][0]["provenance"] == rows[1][0]["provenance"], name
        for folder in ("here", "there"):
            (tmp_path / folder / f"{here}.json").unlink()
    assert not list((tmp_path / "there" / "work").iterdir())


def test_what_cannot_be_handed_to_others_is_said(tmp_path, monkeypatch, capsys):
    record = ["record", "edge-of-stability", "--steps", "2", "--folder", str(tmp_path)]
    for options, message in (
        (["--jobs", "0"], "jobs must be a positive integer, got 0"),
        (["--jobs", "2", "--scheduler", "tcp://127.0.0.1:1"], "jobs must be 1 with a scheduler"),
        (["--scheduler", "nonsense://"], "scheduler must be the address of a Dask scheduler"),
    ):
        assert cli.main([*record, *options]) == 1
        assert message in capsys.readouterr().err
    pytest.importorskip("distributed")
    import dask

    with dask.config.set({"distributed.comm.timeouts.connect": "100ms"}):
        assert cli.main([*record, "--scheduler", "tcp://127.0.0.1:1"]) == 1
    assert "such as tcp://host:8786, got 'tcp://127.0.0.1:1'" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert cli.main([*record, "--scheduler", "tcp://127.0.0.1:1"]) == 1
    assert 'needs distributed, which is not installed; pip install -e ".[cluster]"' in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
