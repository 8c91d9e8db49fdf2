"""The votes of the notebooks, a file for each. The answers stand here, so that no notebook's source gives them away."""

import functools
import importlib.resources
import tomllib

from ngdm_helpers import live

TOPICS = ("preliminaries", "convergence", "lasso", "edge_of_stability")  # in the order of the notebooks


@functools.cache
def of_topic(topic):
    """{name: {"question", "options", "answer", "because"}} of the votes of ``topic``, in the order of its file."""
    if topic not in TOPICS:
        raise ValueError(f"topic must be one of {', '.join(TOPICS)}, got {topic!r}")
    written = tomllib.loads(importlib.resources.files(__name__).joinpath(f"{topic}.toml").read_text(encoding="utf-8"))
    letters = {name: [key for key in vote if len(key) == 1] for name, vote in written.items()}
    return {
        name: {key: value for key, value in vote.items() if len(key) > 1}
        | {"options": {letter: vote[letter] for letter in letters[name]}}
        for name, vote in written.items()
    }


def ask(name):
    """The vote called ``name``, such as "lasso.recursion", as a widget. ValueError for an unknown one."""
    topic, _, idea = name.partition(".")
    if idea not in of_topic(topic):
        raise ValueError(f"{topic} has the votes {', '.join(of_topic(topic))}, got {idea!r}")
    return live.vote(**of_topic(topic)[idea])
