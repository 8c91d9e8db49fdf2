"""The editions: the notebooks as their ideas, and what is made of them."""

import pytest

from ngdm_helpers.course import build, votes
from ngdm_helpers.course.editions import lesson


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
