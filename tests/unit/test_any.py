"""``Any`` switches mypy off for whatever it touches: how often it is named is bounded, and may only go down."""

import ast
from pathlib import Path

import pytest

MOST = 149
ROOT = Path(__file__).parents[2]


def uses(source: str) -> int:
    """How often ``Any`` is named in a module, by whatever name ``typing`` is imported; not where it is imported."""
    tree = ast.parse(source)
    return sum(
        (isinstance(node, ast.Name) and node.id == "Any")
        or (isinstance(node, ast.Attribute) and node.attr == "Any")
        or (isinstance(node, ast.ImportFrom) and any(one.name == "Any" and one.asname for one in node.names))
        for node in ast.walk(tree)
    )


def test_any_stays_rare() -> None:
    found = {
        str(path.relative_to(ROOT)): count
        for room in ("skep", "roles")
        for path in sorted((ROOT / room).rglob("*.py"))
        if (count := uses(path.read_text()))
    }
    worst = sorted(found.items(), key=lambda item: -item[1])[:5]
    assert sum(found.values()) <= MOST, f"say what it is: a TypedDict, a Protocol, or object and isinstance; {worst}"


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("from typing import Any\nx: dict[str, Any] = {}", 1),
        ("import typing\ndef f(x: typing.Any) -> typing.Any: ...", 2),
        ("from typing import Any as Whatever\nx: Whatever = 1", 1),
        ("x: object = 'Any'", 0),
    ],
)
def test_every_way_to_name_it_counts(source: str, count: int) -> None:
    assert uses(source) == count
