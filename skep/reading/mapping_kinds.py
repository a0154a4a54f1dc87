"""The kinds of mappings: records of known keys, tables of named things, and pairs of texts."""

from __future__ import annotations

import re
from collections.abc import Mapping

from skep.dataclass import dataclass
from skep.kinds.files import KEY_IGNORED
from skep.reading.findings import Place
from skep.reading.tree import Entry, Leaf, Pairs, bare
from skep.reading.value_kinds import NOTHING, At, Json, Kind, Nothing, known
from skep.reading.values import Fields
from skep.reading.wording import suggested

MAPPING = "must be a mapping (key: value)"
NAME = re.compile(r"[a-zA-Z0-9._-]+")
ANY_NAME = re.compile(r"(?s).*")


@dataclass(frozen=True)
class Ignored(Kind):
    """A key that is ignored; ``why`` says what to use instead. ``by``: who ignores it."""

    why: str
    by: str = "Swarm"

    def read(self, entry: Entry, at: At) -> object:
        at.warn(KEY_IGNORED, entry.place, f"is ignored by {self.by}{': ' if self.why else ''}{self.why}")
        return bare(entry)

    def merge(self, base: object, over: object, at: At, place: Place) -> object:
        return over


def unsent(why: str = "") -> Ignored:
    """A key that Swarm would take, and Docker's CLI leaves out: sending it would change stacks that it deployed."""
    return Ignored(why, "Docker's CLI, and so here")


@dataclass(frozen=True)
class Refused(Kind):
    """A key that is refused; ``why`` says what to do instead."""

    why: str

    def read(self, entry: Entry, at: At) -> Nothing:
        return at.error(entry.place, f"is not supported by Swarm{': ' if self.why else ''}{self.why}")


class Extension(Kind):
    """What an ``x-`` key holds."""

    def read(self, entry: Entry, at: At) -> object:
        return bare(entry)

    def merge(self, base: object, over: object, at: At, place: Place) -> object:
        return over


EXTENSION = Extension()


@dataclass(frozen=True)
class Record(Kind):
    """A mapping of known keys. ``empty``: nothing at all stands for a mapping without keys."""

    fields: Mapping[str, Kind]
    required: tuple[str, ...] = ()
    empty: bool = False
    extensions: bool = False
    whole: bool = False
    """A later file's replaces instead of being merged key by key."""
    name: str = ""
    """Under which the JSON Schema defines it once; without, it stands wherever it is used."""
    about: str = ""
    """What it is, for the JSON Schema."""
    others: Kind | None = None
    """What keys hold that are not known; without, they are refused."""

    def read(self, entry: Entry, at: At) -> Fields | Nothing:
        content = {} if self.empty and entry.is_null else entry.content
        if not isinstance(content, dict):
            return at.wrong(entry, MAPPING, several=True)
        found = Fields(entry.place)
        for key, (place, inner) in content.items():
            value = self._value(key, place, inner, at, content)
            if not isinstance(value, Nothing):
                found.set(key, value, place)
        for key in self.required:
            if key not in content and not at.findings.is_broken((*at.path, key)):
                (at / key).error(entry.place, "is missing")
        return found

    def _value(self, key: str, place: Place, entry: Entry, at: At, beside: Pairs) -> object:
        if key.startswith("x-") and self.extensions and key not in self.fields:
            return bare(entry)
        kind = self.fields.get(key, self.others)
        if kind is None:
            near = at.findings.nearest(key, self._offered())
            if near and near not in beside:
                at.findings.give_up((*at.path, near))
            return (at / key).error(place, f"unknown key{suggested(near) or known(self._offered())}")
        return kind.read(entry, at / key)

    def _offered(self) -> list[str]:
        return [key for key, kind in self.fields.items() if not isinstance(kind, Refused)]

    def merge(self, base: Fields, over: Fields, at: At, place: Place) -> Fields:
        """Key by key. An empty list overrides nothing: a key that only the later file has, so, is not there."""
        if self.whole:
            return over
        both = Fields(base.place, base.items(), base.places)
        for key, value in over.items():
            there = over.where(key)
            if key in both:
                value = self.fields.get(key, EXTENSION).merge(both[key], value, at / key, there)
            elif value == []:
                continue
            both.set(key, value, there)
        for key in base:
            kind = self.fields.get(key)
            if kind is not None and kind.keyed and key not in over:
                both[key] = kind.merge(base[key], [], at / key, base.where(key))
        return both

    def dump(self, value: Fields) -> dict[str, object]:
        order = [*self.fields, *(key for key in value if key not in self.fields)]
        return {key: self.fields.get(key, EXTENSION).dump(value[key]) for key in order if key in value}

    def json(self) -> Json:
        return {"$ref": f"#/$defs/{self.name}"} if self.name else self.definition()

    def definition(self) -> Json:
        """Its JSON Schema, written out."""
        schema: Json = {
            "type": "object",
            "properties": {key: kind.json() for key, kind in self.fields.items()},
            "additionalProperties": self.others is not None,
        }
        return (
            schema
            | ({"description": self.about} if self.about else {})
            | ({"required": list(self.required)} if self.required else {})
            | ({"patternProperties": {"^x-": {}}} if self.extensions else {})
        )


@dataclass(frozen=True)
class Table(Kind):
    """A mapping of named things of one kind."""

    kind: Kind
    name: re.Pattern[str] = NAME
    must: str = "a name of letters, digits, '.', '_' and '-' only"
    extensions: bool = False
    empty: bool = False
    """Nothing at all stands for a mapping without keys."""

    def read(self, entry: Entry, at: At) -> Fields | Nothing:
        if self.empty and entry.is_null:
            return Fields(entry.place)
        if not isinstance(entry.content, dict):
            return at.wrong(entry, MAPPING, several=True)
        found = Fields(entry.place)
        for key, (place, inner) in entry.content.items():
            if self.extensions and key.startswith("x-"):
                continue
            if not self.name.fullmatch(key):
                (at / key).error(place, f"must have {self.must}")
                continue
            value = self.kind.read(inner, at / key)
            if not isinstance(value, Nothing):
                found.set(key, value, place)
        return found

    def merge(self, base: Fields, over: Fields, at: At, place: Place) -> Fields:
        both = Fields(base.place, base.items(), base.places)
        for key, value in over.items():
            there = over.where(key)
            if key in both:
                value = self.kind.merge(both[key], value, at / key, there)
            both.set(key, value, there)
        return both

    def dump(self, value: Fields) -> object:
        return {key: self.kind.dump(inner) for key, inner in value.items()}

    def json(self) -> Json:
        return {"type": "object", "additionalProperties": self.kind.json() or True}


@dataclass(frozen=True)
class ListOf(Kind):
    """A list of one kind; a later file's is put behind."""

    kind: Kind
    of: str = "mappings"
    empty: bool = False
    """Nothing at all stands for a list without items."""
    single: bool = False
    """A single value stands for a list of one."""
    all_or_none: bool = False
    """One item that cannot be used spoils the list: what comes after it would be counted wrongly."""

    def read(self, entry: Entry, at: At) -> list[object] | Nothing:
        if self.empty and entry.is_null:
            return []
        if self.single and is_text(entry):
            items, places = [entry], [at]
        elif isinstance(entry.content, list):
            items, places = entry.content, [at / number for number in range(len(entry.content))]
        else:
            return at.wrong(entry, f"must be a list of {self.of}", several=True)
        found = [self.kind.read(item, here) for item, here in zip(items, places, strict=True)]
        usable = [value for value in found if value is not NOTHING]
        return NOTHING if self.all_or_none and len(usable) < len(found) else usable

    def merge(self, base: list[object], over: list[object], at: At, place: Place) -> list[object]:
        return [*base, *over]

    def dump(self, value: list[object]) -> list[object]:
        return [self.kind.dump(item) for item in value]

    def json(self) -> Json:
        schema: Json = {"type": "array", "items": self.kind.json()}
        return {"anyOf": [self.kind.json(), schema]} if self.single else schema


def is_text(entry: Entry) -> bool:
    """Whether an entry is a single value that is written."""
    return isinstance(entry.content, Leaf) and not entry.is_null
