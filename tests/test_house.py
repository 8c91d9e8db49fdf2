"""The house: arrows run one way, nothing in a circle, public functions are typed, one name per topic, kept small."""

import ast
import pathlib

import pytest

PACKAGE = pathlib.Path(__file__).resolve().parent.parent / "ngdm_helpers"
MODULES = sorted(PACKAGE.rglob("*.py"))
SMALL = [path for path in MODULES if "course" not in path.parts and path.name != "__main__.py"]
# Kept small: a change that adds a feature may raise these, and says in its message by how much and why.
MOST_LINES = {"outside course": 4885, "in all": 16325}


def name(path):
    """The dotted name of a module."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {name(path): path for path in MODULES}


def imports(path):
    """The modules of this package that a module imports, at its head or in a function."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names} & set(NAMES)
            found |= inner or {node.module}
    return found & set(NAMES) - {name(path)}


def circle(start, arrows):
    """A way from a module back to itself, or None."""
    stack = [(start, [start])]
    seen = set()
    while stack:
        module, way = stack.pop()
        for target in arrows[module]:
            if target == start:
                return [*way, start]
            if target not in seen:
                seen.add(target)
                stack.append((target, [*way, target]))
    return None


def test_nothing_outside_the_course_imports_it():
    assert {name(path): imports(path) for path in SMALL if any("course" in module for module in imports(path))} == {}


def test_no_module_imports_itself_by_a_detour():
    arrows = {module: imports(path) for module, path in NAMES.items()}
    # An __init__ that collects its own submodules is their address, not a detour, as long as they do not use it.
    assert [circle(module, arrows) for module in arrows if circle(module, arrows)] == []


def test_a_circle_is_found():
    arrows = {"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}
    assert circle("a", arrows) == ["a", "b", "c", "a"] and circle("d", arrows) is None


def test_torch_is_imported_at_the_head_of_networks_alone():
    heads = {
        name(path)
        for path in SMALL
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Import | ast.ImportFrom)
        and any(one.startswith("torch") for one in (getattr(node, "module", ""), *(alias.name for alias in node.names)))
    }
    assert heads == {f"ngdm_helpers.networks.{part}" for part in ("models", "sharpness", "training")}


def test_a_topic_has_one_name():
    topics = {
        room: {path.stem for path in (PACKAGE / "course" / room).glob("*.py")} - {"__init__", "ledger", "runner"}
        for room in ("explorers", "claims", "experiments")
    }
    assert topics["explorers"] == topics["claims"] >= topics["experiments"]


def public_functions(path):
    """The public functions of a module, and the public methods of its public classes."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield node
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from (
                method
                for method in node.body
                if isinstance(method, ast.FunctionDef) and not method.name.startswith("_")
            )


@pytest.mark.parametrize("path", SMALL, ids=name)
def test_public_functions_are_typed(path):
    untyped = []
    for function in public_functions(path):
        arguments = function.args
        parameters = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        missing = [p.arg for p in parameters if p and p.annotation is None and p.arg not in ("self", "cls")]
        untyped += [f"{function.name}: {', '.join(missing) or 'its result'}"] * bool(
            missing or function.returns is None
        )
    assert untyped == []


def test_the_house_stays_small():
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    found = {"outside course": sum(lines[path] for path in SMALL), "in all": sum(lines.values())}
    advice = "shorten, or raise MOST_LINES in the commit that adds a feature and say why"
    assert all(found[room] <= most for room, most in MOST_LINES.items()), f"{found}: {advice}"
