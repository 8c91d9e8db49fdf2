"""The command ``ngdm``: build | check | record."""

import sys


def main(arguments=None):
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    if arguments[:1] == ["record"]:
        from ngdm_helpers.course import experiments

        return experiments.main(arguments[1:])
    from ngdm_helpers.course import build

    return build.main(arguments)
