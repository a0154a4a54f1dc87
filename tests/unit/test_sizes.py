"""Files and functions of skep and its roles stay short enough to be read at once."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
LINES, BODY = 300, 50
"""At most, of a file and of a function."""


def sources() -> Iterator[tuple[str, str]]:
    for room in ("skep", "roles"):
        for path in sorted((ROOT / room).rglob("*.py")):
            yield str(path.relative_to(ROOT)), path.read_text()


def test_files_are_short() -> None:
    assert {name: text.count("\n") for name, text in sources() if text.count("\n") > LINES} == {}


def test_functions_are_short() -> None:
    long = {}
    for name, text in sources():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                long |= {f"{name}: {node.name}": lines} if lines > BODY else {}
    assert long == {}
