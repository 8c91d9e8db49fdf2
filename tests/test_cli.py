"""The command ngdm: its exit codes, its messages, and what --help says."""

import os
import signal
import subprocess
import sys
import time

import pytest

from ngdm_helpers.course import build, cli
from tests.lab import ROOT
from tests.test_torchless_notebooks import BLOCKED

TINY = """\
# %% id="sum"
1 + 1
"""


@pytest.fixture
def tiny(tmp_path):
    path = tmp_path / "tiny.py"
    path.write_text(TINY)
    return path


def test_build_and_check(tiny, capsys):
    folder = f"--folder={tiny.parent}"
    assert cli.main(["build", "tiny", folder]) == 0
    assert cli.main(["check", folder]) == 0
    assert "1 pair(s) agree" in capsys.readouterr().out
    tiny.write_text(TINY.replace("1 + 1", "1 + 2"))
    assert cli.main(["check", folder]) == 1
    assert "run: ngdm build tiny" in capsys.readouterr().err
    for command in ("build", "check"):
        assert cli.main([command, "04_none", folder]) == 1
        assert "NAME must be one of tiny, got 04_none" in capsys.readouterr().err


def test_check_names_the_fault_of_every_notebook(tiny, capsys):
    (tiny.parent / "other.py").write_text("# %%\n1\n")
    assert cli.main(["check", f"--folder={tiny.parent}"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2 and "other.py: cell 0 ('1') has no id" in lines[0] and "has no tiny.ipynb" in lines[1]


@pytest.mark.slow
def test_an_edit_by_hand_is_kept_until_it_is_discarded(tiny, capsys):
    folder = f"--folder={tiny.parent}"
    target = build.build(tiny)
    target.write_text(target.read_text().replace("1 + 1", "6 * 7"))
    assert cli.main(["build", folder]) == 1
    assert "run: ngdm build --discard-edits tiny" in capsys.readouterr().err and "6 * 7" in target.read_text()
    assert cli.main(["build", "--discard-edits", "tiny", folder]) == 0
    assert cli.main(["check", folder]) == 0


def test_outside_the_project(tmp_path, capsys):
    for command in ("build", "check"):
        assert cli.main([command, f"--folder={tmp_path}"]) == 1
        assert "no notebooks in" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("to_group", [True, False])
def test_an_interrupt_ends_with_130(tiny, to_group):
    """A real signal, as Ctrl-C sends it to the command and its kernel, or to the command alone."""
    begun, target = tiny.parent / "begun", tiny.with_suffix(".ipynb")
    before = build.build(tiny).read_bytes()
    tiny.write_text(f"{TINY}import pathlib, time\n\npathlib.Path({str(begun)!r}).touch()\ntime.sleep(600)\n")
    command = [sys.executable, "-m", "ngdm_helpers", "build", f"--folder={tiny.parent}"]
    run = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True, cwd=ROOT
    )
    while run.poll() is None and not begun.exists():
        time.sleep(0.02)
    (os.killpg if to_group else os.kill)(run.pid, signal.SIGINT)
    _, errors = run.communicate(timeout=60)
    assert run.returncode == 130 and "stopped; the same command starts again" in errors
    assert "Traceback" not in errors and "Error" not in errors
    assert target.read_bytes() == before


@pytest.mark.parametrize(
    ("command", "duration"),
    [("build", "1 minute"), ("check", "seconds"), ("teacher", "seconds"), ("record", "minutes to hours")],
)
def test_help_says_what_a_command_does_and_how_long_it_takes(command, duration, capsys):
    for arguments in (["--help"], [command, "--help"]):
        with pytest.raises(SystemExit) as end:
            cli.main(arguments)
        assert end.value.code == 0
        assert duration in " ".join(capsys.readouterr().out.split())


def test_without_a_command_it_says_what_there_is(capsys):
    with pytest.raises(SystemExit) as end:
        cli.main([])
    assert end.value.code == 2 and "COMMAND" in capsys.readouterr().err


def test_the_module_is_the_same_command():
    run = subprocess.run([sys.executable, "-m", "ngdm_helpers", "--help"], capture_output=True, text=True)
    assert run.returncode == 0 and run.stdout.startswith("usage: ngdm ") and "record" in run.stdout


@pytest.mark.slow
def test_without_torch_record_says_what_is_missing_and_check_works(tiny):
    code = f"{BLOCKED}\nfrom ngdm_helpers.course import cli\n"
    code += f"print([cli.main(['record']), cli.main(['check', '--folder={tiny.parent.as_posix()}'])])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    missing, *rest = run.stderr.splitlines()
    assert missing == "ngdm record needs torch, which is not installed; make lab installs it"
    assert run.stdout == "[1, 1]\n" and len(rest) == 1 and rest[0].endswith("has no tiny.ipynb; run: ngdm build tiny")
