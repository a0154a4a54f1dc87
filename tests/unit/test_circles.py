"""No circle of imports at any floor of the house: among the rooms of ``skep``, among roles, and in every folder below,
be the import at the top of a file, in a function, or for types alone. A folder counts as one, with all that is in it;
the order of the rooms is in ``.importlinter``."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def named(path: Path) -> str:
    """A file as imports call it; an ``__init__.py`` as its folder."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {named(path): path for house in ("skep", "roles") for path in (ROOT / house).rglob("*.py")}
ROOMS = sorted(name for name, path in FILES.items() if path.name == "__init__.py")


def imported(source: str, modules: Iterable[str]) -> set[str]:
    """Those of the modules that a source imports, wherever in it; a folder's own where a name is taken from that."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = (f"{node.module}.{alias.name}" for alias in node.names)
            found |= {name if name in modules else node.module for name in names}
    return found & {*modules}


def circle(graph: Mapping[str, Iterable[str]]) -> list[str]:
    """Names that lead to each other, the first again at the end; none where there is no circle."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return [str(name) for name in error.args[1]]
    return []


def of_room(room: str, imports: Mapping[str, Iterable[str]]) -> dict[str, set[str]]:
    """What each file and folder that stands directly in a room imports of the others there."""
    graph: dict[str, set[str]] = defaultdict(set)
    inside = {name: place(room, name) for name in imports if name == room or name.startswith(f"{room}.")}
    for name, here in inside.items():
        graph[here] |= {inside[other] for other in imports[name] if other in inside} - {here}
    return graph


def place(room: str, name: str) -> str:
    """The file or folder directly in a room where a module of it is."""
    return name.removeprefix(f"{room}.").partition(".")[0] if name != room else "__init__"


@cache
def house() -> dict[str, set[str]]:
    """What each module of skep and of roles imports of them."""
    return {name: imported(path.read_text(), FILES.keys()) for name, path in FILES.items()}


@pytest.mark.parametrize("room", ROOMS)
def test_no_room_has_a_circle(room: str) -> None:
    assert not circle(of_room(room, house()))


@pytest.mark.parametrize(
    "back",
    ["from a import x", "def f():\n    import a", "import typing\nif typing.TYPE_CHECKING:\n    import a"],
)
def test_a_circle_is_found_however_it_is_written(back: str) -> None:
    def graph(sources: dict[str, str]) -> dict[str, set[str]]:
        return {name: imported(source, sources) for name, source in sources.items()}

    assert set(circle(graph({"a": "import b", "b": "from c import d", "c": back}))) == {"a", "b", "c"}
    assert not circle(graph({"a": "import b", "b": "import c", "c": ""}))


@pytest.mark.parametrize(
    ("imports", "found"),
    [
        ({"h.model": {"h.times.data"}, "h.times.data": set(), "h.times.role": {"h.model"}}, {"model", "times"}),
        ({"h.model.data": set(), "h.model.all": {"h.model.data"}, "h.times.role": {"h.model.all"}}, set()),
        ({"h": {"h.kinds"}, "h.kinds": {"h"}}, {"__init__", "kinds"}),
        ({"h.a": {"h.b"}, "h.b": {"g.c"}, "g.c": {"h.a"}}, set()),
    ],
    ids=["folders of files that have none", "below one another", "what a folder hands on", "another house"],
)
def test_a_folder_counts_as_one(imports: dict[str, set[str]], found: set[str]) -> None:
    assert set(circle(of_room("h", imports))) == found
