"""Where a kind of section may stand: at the file's top, in a group, in a host."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from skep.inventory.findings import KeyPath
from skep.inventory.schema import InventoryFile

Place = tuple[KeyPath, dict[str, Any]]


def sections(file: InventoryFile, name: str) -> Iterator[Place]:
    """Each section of that name in the file (``ssh``, ``engine`` or ``daemon``): its path and what it gives."""
    top = file.given()
    if name in top:
        yield (name,), top[name].given()
    for path, given in layers(file):
        if name in given:
            yield (*path, name), given[name].given()


def layers(file: InventoryFile) -> Iterator[Place]:
    """Each group, then each host: its path and what it gives."""
    top = file.given()
    for kind in ("groups", "hosts"):
        for name, section in top.get(kind, {}).items():
            yield (kind, name), section.given()
