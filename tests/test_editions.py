"""The editions: the notebooks as their ideas, and what is made of them."""

import os
import shutil

import pytest

from ngdm_helpers.course import build, cli, votes
from ngdm_helpers.course.editions import lesson
from tests.lab import ROOT

FOLDER = f"--folder={ROOT / 'notebooks'}"
WRITE = ("student", "student --format nbgrader", "teacher", "slides", "site")


@pytest.mark.parametrize("source", build.pairs(), ids=lambda path: path.stem)
def test_a_lesson_has_each_vote_once_and_minutes_for_the_core(source):
    held = lesson.read(source)
    asked = [name for idea in held.ideas for name in idea.votes]
    assert asked == [f"{held.topic}.{name}" for name in votes.of_topic(held.topic)]
    assert all((idea.minutes is not None) == idea.core for idea in held.ideas)
    assert 5 <= sum(idea.core for idea in held.ideas) <= 6
    assert [cell.id for cell in held.exercises if cell.id.endswith("-stub")]


def test_an_idea_without_minutes_is_named(tmp_path):
    source = tmp_path / "03_lasso.py"
    source.write_text(build.pairs()[2].read_text().replace("# | 2 · The race | 20 |", "# | 2 · The rice | 20 |"))
    with pytest.raises(ValueError, match="minutes of '2 · The race', got none"):
        lesson.read(source)


@pytest.mark.parametrize("command", WRITE)
def test_what_can_be_no_folder_is_refused_before_anything_is_written(command, tmp_path, capsys):
    file = tmp_path / "letter λ.txt"
    file.write_text("mine")
    for to in (file, file / "below" / "it"):
        assert cli.main([*command.split(), "03_lasso", FOLDER, f"--to={to}"]) == 1
        assert capsys.readouterr().err == f"--to must be a folder, got {to}: {file} is a file\n"
    assert file.read_text() == "mine" and [*tmp_path.iterdir()] == [file]


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="takes a folder in which root cannot write either")
@pytest.mark.parametrize("command", WRITE)
def test_a_folder_that_cannot_be_written_to_is_refused(command, capsys):
    assert cli.main([*command.split(), "03_lasso", FOLDER, "--to=/proc/new"]) == 1
    assert "--to must be a folder that can be written to, got /proc/new: /proc takes no file" in capsys.readouterr().err


def test_the_notebooks_themselves_are_not_written_over(tmp_path, capsys):
    here = tmp_path / "my notebooks λ"
    here.mkdir()
    for kind in ("py", "ipynb"):
        shutil.copy(ROOT / "notebooks" / f"03_lasso.{kind}", here)
    before = {path.name: path.read_bytes() for path in here.iterdir()}
    assert cli.main(["student", f"--folder={here}", f"--to={here}"]) == 1
    assert "03_lasso.ipynb is no edition as ngdm student writes it" in capsys.readouterr().err
    assert cli.main(["teacher", f"--folder={here}", f"--to={here}"]) == 0  # beside them
    assert {name: (here / name).read_bytes() for name in before} == before
    assert len([*here.iterdir()]) == len(before) + 5
