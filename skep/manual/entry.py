"""A key and what it means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Literal

from skep.dataclass import dataclass
from skep.json_types import items, mapping
from skep.reading.plain import plain

ANY = "<name>"
"""Stands in a path for a name the operator chooses."""

NAMES = {
    "groups": "ssd",
    "hosts": "m1",
    "registries": "registry.example.com",
    "services": "web",
    "depends_on": "db",
    "ulimits": "nofile",
    "volumes": "data",
    "configs": "page",
    "secrets": "password",
    "networks": "front",
    "stacks": "web",
}
"""What stands for a chosen name in examples, by the key that it is a name of."""

LISTS = ("accept", "images", "windows", "freezes", "generic_resources", "preferences", "config")
"""Keys whose inner keys are those of a list's items."""


@dataclass(frozen=True, slots=True)
class Entry:
    """``kind``: the file it belongs to. ``sample`` is an example of its value. ``default`` is empty where there is
    none, or where the meaning says it. ``places`` are further paths at which the same key may stand."""

    kind: Literal["inventory", "compose"]
    path: tuple[str, ...]
    type: str
    default: str
    meaning: str
    sample: object = field(default=None, compare=False)
    places: tuple[str, ...] = ()
    usable: bool = True
    """Whether something comes of it; else ``meaning`` says why not."""

    @property
    def key(self) -> str:
        """The path as it is written."""
        return ".".join(self.path)

    @property
    def example(self) -> str:
        """YAML that can be put into the file; empty where there is no sample."""
        import yaml

        if self.sample is None:
            return ""
        value = self.sample
        for place in range(len(self.path) - 1, -1, -1):
            part = self.path[place]
            value = [value] if part in LISTS and place < len(self.path) - 1 else value
            value = {NAMES.get(self.path[place - 1], "name") if part == ANY else part: value}
        return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, default_flow_style=False)

    def as_json(self, inside: Sequence[Entry]) -> dict[str, object]:
        """As an event holds it, with the keys directly ``inside``."""
        return {
            "kind": self.kind,
            "key": self.key,
            "type": self.type,
            "default": self.default,
            "meaning": self.meaning,
            "example": self.example,
            "places": [self.key, *self.places],
            "keys": [one.path[-1] for one in inside],
            "usable": self.usable,
        }


def read(path: Path) -> Mapping[str, list[object]]:
    """A file of meanings, by key."""
    return {str(key): items(value) for key, value in mapping(plain(path.read_bytes())).items()}
