"""No circle of imports inside a room, be it at the top of a file, in a function, or for types alone: contracts between
rooms are in ``.importlinter``."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = sorted(
    str(path.parent.relative_to(ROOT)).replace("/", ".")
    for house in ("skep", "roles")
    for path in (ROOT / house).rglob("__init__.py")
    if len(list(path.parent.glob("*.py"))) > 1
)


def imported(source: str, modules: set[str]) -> set[str]:
    """Those of the modules that a source imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found & modules


def circle(sources: Mapping[str, str]) -> list[str]:
    """Modules that import each other, the first again at the end; none where there is no circle."""
    graph = {name: imported(source, {*sources} - {name}) for name, source in sources.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return [str(name) for name in error.args[1]]
    return []


@pytest.mark.parametrize("room", ROOMS)
def test_no_room_has_a_circle(room: str) -> None:
    folder = ROOT / room.replace(".", "/")
    sources = {f"{room}.{path.stem}": path.read_text() for path in folder.glob("*.py") if path.stem != "__init__"}
    assert not circle(sources)


@pytest.mark.parametrize(
    "back",
    ["from a import x", "def f():\n    import a", "import typing\nif typing.TYPE_CHECKING:\n    import a"],
)
def test_a_circle_is_found_however_it_is_written(back: str) -> None:
    assert set(circle({"a": "import b", "b": "from c import d", "c": back})) == {"a", "b", "c"}
    assert not circle({"a": "import b", "b": "import c", "c": ""})
