"""The runner of the experiments: recorded runs are skipped, stopped ones go on, and their command line."""

import inspect
import pathlib
import re
import subprocess
import sys
import time

import pytest

from ngdm_helpers.course import cli, experiments, recorded
from ngdm_helpers.course.experiments import runner
from tests.lab import ROOT
from tests.test_lasso_deep import stand_in

NAME, KEY = "squares", ("x", "kind")
SETTINGS = [{"x": x, "kind": kind} for kind in ("a", "b") for x in (1, 2, 3)]


def numbers(rows):
    """The rows, ordered, without what differs from one computation to the next."""
    rows = [{key: value for key, value in row.items() if key not in ("seconds", "provenance")} for row in rows]
    return sorted(rows, key=str)


@pytest.fixture
def measure(tmp_path):
    """measure(settings, …): the squares of x; ``measure.groups`` lists what was computed."""

    def measure(settings=SETTINGS, stop_at=None, **options):
        def rows(group):
            measure.groups.append([setting["x"] for setting in group])
            if len(measure.groups) == stop_at:
                raise KeyboardInterrupt
            return [setting | {"square": setting["x"] ** 2} for setting in group]

        measure.groups.clear()
        how = {"record": NAME, "key": KEY, "title": "x = {x}", "folder": tmp_path, "progress": False, "command": ""}
        return runner.measure(settings, rows, **how | options)

    measure.groups = []
    return measure


def test_recorded_runs_are_skipped_unless_forced(measure, tmp_path):
    assert measure(SETTINGS[:2]) == 2 and measure.groups == [[1], [2]]
    first = recorded.load(NAME, tmp_path)
    assert measure() == 4 and measure.groups == [[3], [1], [2], [3]]
    assert measure() == 0 and measure.groups == []
    assert recorded.load(NAME, tmp_path)[:2] == first and len(recorded.load(NAME, tmp_path)) == 6
    assert measure(SETTINGS[:2], force=True) == 2 and measure.groups == [[1], [2]]
    assert numbers(recorded.load(NAME, tmp_path)[:2]) == numbers(first) and len(recorded.load(NAME, tmp_path)) == 6


def test_an_interrupted_run_is_not_recorded_and_the_rest_is_as_if_uninterrupted(measure, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        measure(stop_at=3)
    assert [row["x"] for row in recorded.load(NAME, tmp_path)] == [1, 2]
    assert measure() == 4
    parts = recorded.load(NAME, tmp_path)
    assert measure(folder=tmp_path / "whole") == 6
    assert numbers(parts) == numbers(recorded.load(NAME, tmp_path / "whole"))


def test_what_is_measured_together_is_written_together(measure, tmp_path):
    finished = []
    with pytest.raises(KeyboardInterrupt):
        measure(stop_at=2, together=("kind",), finished=finished.append)
    assert measure.groups == [[1, 2, 3], [1, 2, 3]] and finished == [SETTINGS[:3]]
    assert [row["square"] for row in recorded.load(NAME, tmp_path)] == [1, 4, 9]
    assert measure(together=("kind",), provenance=lambda: {"device": "abacus"}, command="a command") == 3
    provenance = recorded.load(NAME, tmp_path)[-1]["provenance"]
    assert provenance["device"] == "abacus" and provenance["command"] == "a command"


@pytest.mark.slow
def test_a_killed_process_resumes_to_the_same_numbers(tmp_path, monkeypatch, capsys):
    """VGG16's stand-in: of two runs the first is recorded, the second goes on from its checkpoint."""

    def options(folder):
        options = ["--steps", "400", "--images", "40", "--test-images", "20", "--checkpoint-every", "20"]
        options += ["--method", "sgd", "adam", "--folder", str(folder), "--work", str(folder / "work")]
        return ["record", "vgg16-l1", *options]

    code = f"""
from ngdm_helpers.course import cli
from ngdm_helpers.course.experiments import lasso_deep
from tests.test_lasso_deep import stand_in

lasso_deep.network = stand_in
raise SystemExit(cli.main({options(tmp_path / "parts")}))
"""

    monkeypatch.setattr(experiments.lasso_deep, "network", stand_in)

    def load(folder):
        return recorded.load("vgg16_l1", tmp_path / folder)

    killed = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 600
    while killed.poll() is None and time.monotonic() < deadline:
        if load("parts") and list(tmp_path.glob("parts/work/[!.]*.pt")):
            break
        time.sleep(0.005)
    killed.kill()
    killed.wait()
    before = load("parts")
    assert killed.returncode != 0 and len(before) == 1 and list(tmp_path.glob("parts/work/[!.]*.pt"))
    for folder in ("parts", "whole"):
        assert cli.main(options(tmp_path / folder)) == 0
        assert f"{1 if folder == 'parts' else 2} run(s) measured" in capsys.readouterr().out
    assert load("parts")[:1] == before and numbers(load("parts")) == numbers(load("whole"))
    command = load("whole")[0]["provenance"]["command"]
    assert command == (
        "ngdm record vgg16-l1 --method sgd adam --steps 400 --images 40 --test-images 20 --checkpoint-every 20"
    )


@pytest.mark.slow
def test_what_cannot_be_recorded_is_refused_before_the_first_run(measure, tmp_path, monkeypatch):
    called = []
    monkeypatch.setattr(experiments.edge_of_stability, "row", lambda **setting: called.append(setting))
    for misspelt in ({"forse": True}, {"where": tmp_path}):
        with pytest.raises(TypeError, match=next(iter(misspelt))):
            experiments.edge_of_stability.edge_of_stability(folder=tmp_path, progress=False, **misspelt)
        with pytest.raises(TypeError, match=next(iter(misspelt))):
            measure(**misspelt)
    with pytest.raises(TypeError, match="command"):
        runner.measure([], list, NAME, KEY, "")
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(OSError, match=rf"^folder must be a folder to write to, got '{re.escape(str(folder))}'"):
            measure(folder=folder)
    with pytest.raises(OSError, match=r"^work must be a folder to write to"):
        experiments.lasso_deep.vgg16_l1(images=8, test_images=8, work=tmp_path / "file", folder=tmp_path)
    (tmp_path / f"{NAME}.json").write_text('{"rows": [{"x": 1}]}')
    with pytest.raises(ValueError, match=rf"rows of {NAME} in .* must have the fields x, kind, got one without kind"):
        measure()
    assert called == measure.groups == []


# --- the command line -------------------------------------------------------------------------------------------------


def test_the_command_of_a_record_names_no_folder():
    def function(
        data: str = "digits",
        lam: tuple[float, ...] = (0.1,),
        work: pathlib.Path = pathlib.Path("w"),
        download: bool = False,
        adam_lr: float = 0.1,
        **how,
    ):
        """Nothing."""  # fmt: skip

    given = {"data": "/a/b c.npz", "lam": [0.2, 0.3], "work": pathlib.Path("/d/e"), "download": True, "adam_lr": 0.1}
    found = runner.reproducible_command("test", inspect.signature(function), given)
    assert found == "ngdm record test --data 'b c.npz' --lam 0.2 0.3 --download"


def test_every_experiment_says_what_it_does_and_how_long_it_takes(capsys):
    assert list(runner.EXPERIMENTS) == ["depth", "edge-of-stability", "edge-ruler", "mlp-l1", "vgg16-l1"]
    for name, function in runner.EXPERIMENTS.items():
        with pytest.raises(SystemExit) as stop:
            cli.main(["record", name, "--help"])
        text = capsys.readouterr().out
        assert stop.value.code == 0 and inspect.getdoc(function).partition(".")[0] in text and function.takes in text
        for option in inspect.signature(function).parameters:
            assert option == "how" or f"--{option.replace('_', '-')}" in text


def test_bad_input_from_the_command_line_is_named(tmp_path, capsys):
    folder = ["--folder", str(tmp_path)]
    assert cli.main(["record", "edge-of-stability", "--steps", "0", *folder]) == 1
    assert "steps must be a positive integer, got 0" in capsys.readouterr().err
    assert cli.main(["record", "vgg16-l1", "--data", str(tmp_path / "none.npz"), *folder]) == 1
    assert "data must be a file that exists" in capsys.readouterr().err
    for name, option, value in (
        ("depth", "images", "0"),
        ("depth", "images", "9999"),
        ("vgg16-l1", "test-images", "-1"),
        ("edge-of-stability", "seeds", "-1"),
        ("mlp-l1", "seeds", "-1"),
        ("mlp-l1", "adam-lr", "0"),
    ):
        assert cli.main(["record", name, f"--{option}", value, *folder]) == 1
        assert capsys.readouterr().err.startswith(f"{option.replace('-', '_')} must be ")
    (tmp_path / "file").write_text("")
    assert cli.main(["record", "edge-of-stability", "--folder", str(tmp_path / "file")]) == 1
    assert "folder must be a folder to write to" in capsys.readouterr().err


def test_an_interrupt_of_the_command_says_how_to_go_on(tmp_path, monkeypatch, capsys):
    def stopped(**setting):
        raise KeyboardInterrupt

    monkeypatch.setattr(experiments.edge_of_stability, "row", stopped)
    assert cli.main(["record", "edge-of-stability", "--folder", str(tmp_path)]) == 130
    assert "the same command goes on from here" in capsys.readouterr().err
