"""The votes of the notebooks, a file for each. The answers stand here, so that no notebook's source gives them away."""

import functools
import importlib.resources
import tomllib

from ngdm_helpers import live

TOPICS = ("preliminaries", "convergence", "lasso", "edge_of_stability")  # in the order of the notebooks


@functools.cache
def of_topic(topic):
    """{name: {"question", "options", "answer", "because"}} of the votes of ``topic``, in the order of its file.

    ValueError for an unknown topic and for a file that is no table of votes.
    """
    if topic not in TOPICS:
        raise ValueError(f"topic must be one of {', '.join(TOPICS)}, got {topic!r}")
    text = importlib.resources.files(__name__).joinpath(f"{topic}.toml").read_text(encoding="utf-8")
    try:
        written = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{topic}.toml is not TOML: {error}") from None
    if loose := [name for name, vote in written.items() if not isinstance(vote, dict)]:
        raise ValueError(f"{topic}.toml must hold a table for each vote, got {', '.join(loose)} outside of one")
    letters = {name: [key for key in vote if len(key) == 1] for name, vote in written.items()}
    return {
        name: {key: value for key, value in vote.items() if len(key) > 1}
        | {"options": {letter: vote[letter] for letter in letters[name]}}
        for name, vote in written.items()
    }


def ask(name):
    """The vote called ``name``, such as "lasso.recursion", as a widget.

    ValueError for an unknown one and for one that is not whole.
    """
    topic, _, idea = name.partition(".")
    if idea not in of_topic(topic):
        raise ValueError(f"{topic} has the votes {', '.join(of_topic(topic))}, got {idea!r}")
    try:
        return live.vote(**of_topic(topic)[idea])
    except (ValueError, TypeError, AttributeError) as error:  # a key is missing or unknown, or holds no text
        raise ValueError(f"{topic}.toml, [{idea}]: {error}") from None
