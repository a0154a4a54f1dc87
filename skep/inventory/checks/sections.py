"""Where a kind of section may stand: at the file's top, in a group, in a host."""

from __future__ import annotations

from collections.abc import Iterator

from skep.reading.findings import KeyPath
from skep.reading.values import Fields

Place = tuple[KeyPath, Fields]


def sections(file: Fields, name: str) -> Iterator[Place]:
    """Each section of that name in the file (``ssh``, ``engine`` or ``daemon``): its path and what it gives."""
    if name in file:
        yield (name,), file[name]
    for path, given in layers(file):
        if name in given:
            yield (*path, name), given[name]


def layers(file: Fields) -> Iterator[Place]:
    """Each group, then each host: its path and what it gives."""
    for kind in ("groups", "hosts"):
        for name, section in file.section(kind).items():
            yield (kind, name), section
