"""Label names stand in one place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from skep.swarm import labels

ROOT = Path(__file__).parents[3]
SOURCES = [
    path
    for room in ("skep", "roles")
    for path in sorted((ROOT / room).rglob("*.py"))
    if path != ROOT / "skep/swarm/labels.py"
]
NAMES = [
    value for name, value in vars(labels).items() if name.isupper() and isinstance(value, str) and value != "skep."
]


@pytest.mark.parametrize("name", NAMES)
def test_no_other_module_spells_a_label_out(name: str) -> None:
    spelled = re.compile(rf"{re.escape(name)}(?![\w.])")
    found = [str(path.relative_to(ROOT)) for path in SOURCES if spelled.search(path.read_text())]
    modules = {f"{name.replace('.', '/')}.py", f"{name.replace('.', '/')}/__init__.py"}
    assert not [path for path in found if path not in modules]


@pytest.mark.parametrize("body", [{}, {"Labels": None}, {"Labels": {}}, {"Labels": {"tier": "web"}}])
def test_what_has_no_label_of_a_stack_is_of_none(body: dict[str, object]) -> None:
    assert labels.stack_of(body) == ""
    assert labels.labels_of(body) == (body.get("Labels") or {})


def test_a_stack_is_known_by_its_label() -> None:
    body = {"Labels": {labels.NAMESPACE: "web"}}
    assert labels.stack_of(body) == "web"
    assert labels.of_stack("web") == "com.docker.stack.namespace=web"
