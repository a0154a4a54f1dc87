"""The kinds of mappings: records of known keys, tables of named things, and pairs of texts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from skep.compose.kinds import NOTHING, At, Kind, Nothing, known, scalar_text
from skep.compose.problems import Place
from skep.compose.tree import Entry, Leaf, bare
from skep.compose.values import Fields

NAME = re.compile(r"[a-zA-Z0-9._-]+")


@dataclass(frozen=True)
class Ignored(Kind):
    """A key that nothing comes of; ``why`` says so, and what to use instead. ``by``: who takes no notice of it."""

    why: str
    by: str = "Swarm"

    def read(self, entry: Entry, at: At) -> object:
        at.warn(entry.place, f"is ignored by {self.by}{': ' if self.why else ''}{self.why}")
        return bare(entry)

    def merge(self, base: object, over: object, at: At, place: Place) -> object:
        return over


def unsent(why: str = "") -> Ignored:
    """A key that Swarm would take, and Docker's CLI leaves out: sending it would change stacks that it deployed."""
    return Ignored(why, "Docker's CLI, and so here")


@dataclass(frozen=True)
class Refused(Kind):
    """A key that cannot be; ``why`` says what to do instead."""

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

    def read(self, entry: Entry, at: At) -> Fields | Nothing:
        if self.empty and entry.is_null:
            return Fields(entry.place)
        if not isinstance(entry.content, dict):
            return at.wrong(entry, "must be a mapping")
        found = Fields(entry.place)
        for key, (place, inner) in entry.content.items():
            value = self._value(key, place, inner, at)
            if not isinstance(value, Nothing):
                found.set(key, value, place)
        for key in self.required:
            if key not in entry.content and not at.problems.is_broken((*at.path, key)):
                (at / key).error(entry.place, "is missing")
        return found

    def _value(self, key: str, place: Place, entry: Entry, at: At) -> Any:
        if key.startswith("x-") and self.extensions and key not in self.fields:
            return bare(entry)
        kind = self.fields.get(key)
        if kind is None:
            near = at.problems.nearest(key.replace("-", "_"), self._offered())
            if near:
                at.problems.give_up((*at.path, near))
            hint = f" (did you mean '{near}'?)" if near else known(self._offered())
            return (at / key).error(place, f"unknown key{hint}")
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

    def dump(self, value: Fields) -> dict[str, Any]:
        order = [*self.fields, *(key for key in value if key not in self.fields)]
        return {key: self.fields.get(key, EXTENSION).dump(value[key]) for key in order if key in value}


@dataclass(frozen=True)
class Table(Kind):
    """A mapping of named things of one kind."""

    kind: Kind
    name: re.Pattern[str] = NAME
    must: str = "a name of letters, digits, '.', '_' and '-' only"
    extensions: bool = False

    def read(self, entry: Entry, at: At) -> Fields | Nothing:
        if not isinstance(entry.content, dict):
            return at.wrong(entry, "must be a mapping")
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

    def dump(self, value: Fields) -> Any:
        return {key: self.kind.dump(inner) for key, inner in value.items()}


@dataclass(frozen=True)
class TextPairs(Kind):
    """Names with texts: a mapping, or (where there is a ``separator``) a list of ``name=text``.

    ``null``: a name may have none, which is ``None`` here; else it is an empty text.
    """

    separator: str | None = "="
    null: bool = False
    empty_values: bool = True

    def read(self, entry: Entry, at: At) -> Fields | Nothing:
        found = Fields(entry.place)
        if isinstance(entry.content, dict):
            for key, (place, inner) in entry.content.items():
                value = scalar_text(inner, at / key, null=self.empty_values)
                if not isinstance(value, Nothing):
                    found.set(key, value if self.null else value or "", place)
            return found
        if self.separator is None:
            return at.wrong(entry, "must be a mapping")
        if not isinstance(entry.content, list):
            return at.wrong(entry, f"must be a mapping, or a list of NAME{self.separator}VALUE")
        seen: set[str] = set()
        for number, item in enumerate(entry.content):
            self._item(item, at / number, seen, found)
        return found

    def _item(self, item: Entry, at: At, seen: set[str], found: Fields) -> None:
        from skep.compose.kinds import Text

        text = Text().read(item, at)
        if isinstance(text, Nothing):
            return
        if text in seen:
            at.error(item.place, f"{at.described(item)} is in the list twice")
        seen.add(text)
        assert self.separator is not None
        name, given, value = text.partition(self.separator)
        if not name:
            at.error(item.place, f"{at.described(item)} has no name before the '{self.separator}'")
            return
        found.set(name, value if given else None if self.null else "", item.place)

    def merge(self, base: Fields, over: Fields, at: At, place: Place) -> Fields:
        both = Fields(base.place, base.items(), base.places)
        for key, value in over.items():
            if self.null and base.get(key) and not value:
                (at / key).warn(
                    over.where(key), "an empty value does not override the earlier file's in Docker's merge"
                )
                continue
            both.set(key, value, over.where(key))
        return both

    def dump(self, value: Fields) -> dict[str, Any]:
        return dict(value)


@dataclass(frozen=True)
class ListOf(Kind):
    """A list of one kind; a later file's is put behind."""

    kind: Kind
    of: str = "mappings"
    keep: bool = field(default=False)

    def read(self, entry: Entry, at: At) -> list[Any] | Nothing:
        if not isinstance(entry.content, list):
            return at.wrong(entry, f"must be a list of {self.of}")
        found = [self.kind.read(item, at / number) for number, item in enumerate(entry.content)]
        return [value for value in found if value is not NOTHING]

    def merge(self, base: list[Any], over: list[Any], at: At, place: Place) -> list[Any]:
        return [*base, *over]

    def dump(self, value: list[Any]) -> list[Any]:
        return [self.kind.dump(item) for item in value]


def is_text(entry: Entry) -> bool:
    """Whether an entry is a single value that is written."""
    return isinstance(entry.content, Leaf) and not entry.is_null
