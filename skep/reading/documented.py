"""Keys with their meaning, an example and a default; the JSON Schema and the list of keys that come of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from skep.dataclass import dataclass
from skep.reading.findings import Place
from skep.reading.mapping_kinds import ListOf, Record, Table
from skep.reading.tree import Entry
from skep.reading.value_kinds import At, Json, Kind

DIALECT = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True)
class Key(Kind):
    """A key of a record: its kind, and what a reader must know of it."""

    kind: Kind
    meaning: str
    example: object
    default: object = None
    shown: str = ""
    """The default in words, where those say more."""

    def read(self, entry: Entry, at: At) -> object:
        return self.kind.read(entry, at)

    def merge(self, base: object, over: object, at: At, place: Place) -> object:
        return self.kind.merge(base, over, at, place)

    def dump(self, value: object) -> object:
        return self.kind.dump(value)

    def json(self) -> Json:
        description = f"{self.meaning} Default: {self.shown}." if self.shown else self.meaning
        default = {} if self.default is None else {"default": self.default}
        return {**self.kind.json(), "description": description, "examples": [self.example], **default}


HostKeys = Mapping[str, Key]
"""Keys that a role brings along for hosts of the inventory, and for groups of them."""


def json_schema(root: Record, title: str) -> Json:
    """The JSON Schema of a file whose top level is ``root``; named records stand in it once."""
    definitions = {record.name: record.definition() for record in _records(root) if record is not root}
    schema = {"$defs": dict(sorted(definitions.items())), **_ordered(root.definition())}
    return {"$schema": DIALECT, "title": title, **_ordered(schema)}


def plain(kind: Kind) -> Kind:
    """The kind of a key without its description."""
    return kind.kind if isinstance(kind, Key) else kind


def _records(kind: Kind) -> Iterator[Record]:
    """A record and all named ones in it."""
    of = plain(kind)
    if isinstance(of, Record):
        if of.name:
            yield of
        for field in of.fields.values():
            yield from _records(field)
    elif isinstance(of, ListOf | Table):
        yield from _records(of.kind)


def _ordered(value: object, *, keep: bool = False) -> Any:
    """With the keys of each schema in the order of the alphabet; properties stay in theirs."""
    if isinstance(value, list):
        return [_ordered(item) for item in value]
    if not isinstance(value, dict):
        return value
    keys = list(value) if keep else sorted(value)
    return {key: _ordered(value[key], keep=key in ("properties", "$defs") and not keep) for key in keys}
