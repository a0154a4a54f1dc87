"""Every warning has a kind, every kind is one of some warning, and an id is declared once."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from skep.commands.own_roles import kinds, roles
from skep.kinds import Kind, shipped

ROOT = Path(__file__).parents[3]
ALL = (*shipped(), *(kind for role in roles(None) for kind in role.kinds))
SOURCES = {
    str(file.relative_to(ROOT)): file.read_text()
    for folder in ("skep", "roles")
    for file in (ROOT / folder).rglob("*.py")
}


def declares(name: str) -> bool:
    """Whether a file declares kinds."""
    return name.startswith("skep/kinds/") or (name.endswith("/kinds.py") and name.startswith("roles/"))


def findings(source: str) -> Iterator[ast.Call]:
    """Where findings are made."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Finding":
            yield node


def level(call: ast.Call) -> str:
    return ast.unparse(call.args[0]) if call.args else ""


def test_an_id_is_declared_once_and_roles_have_theirs() -> None:
    assert [name for name, count in Counter(one.id for one in ALL).items() if count > 1] == []
    assert list(kinds(roles(None))) == sorted(one.id for one in ALL)


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: str(kind.id))
def test_an_id_can_be_read_and_its_kind_says_what_to_do(kind: Kind) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+){1,4}", kind.id)
    assert kind.meaning.endswith(".") and kind.fix and not kind.fix.endswith(".")


@pytest.mark.parametrize("name", [name for name, source in SOURCES.items() if "Finding(" in source])
def test_every_warning_has_a_kind(name: str) -> None:
    without = [
        call.lineno
        for call in findings(SOURCES[name])
        if "warning" in level(call) and "kind" not in {keyword.arg for keyword in call.keywords}
    ]
    assert without == []


def test_every_kind_is_one_of_some_warning() -> None:
    rest = "\n".join(source for name, source in SOURCES.items() if not declares(name))
    declared = {
        target.id
        for name, source in SOURCES.items()
        if declares(name)
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "Kind"
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    assert len(declared) == len(ALL)
    used = Counter(re.findall(r"\w+", rest))
    assert {one for one in declared if used[one] < 2} == set()
