"""Kinds that name something elsewhere: env files, external things, and a service's logging."""

from __future__ import annotations

from skep.compose.keys.pairs import TextPairs
from skep.compose.keys.texts import Flag, Text, once
from skep.kinds.files import DOCKER_MERGE
from skep.reading.findings import Place
from skep.reading.mapping_kinds import Record, is_text
from skep.reading.tree import Entry
from skep.reading.value_kinds import At, Kind, Nothing
from skep.reading.values import Fields

_ENV_FILE = Record(
    {"path": Text(), "required": Flag(), "format": Text(("raw",))},
    required=("path",),
)


class EnvFiles(Kind):
    """A name, a list of names, or a list of mappings with ``path`` and ``required``."""

    def read(self, entry: Entry, at: At) -> list[Fields] | Nothing:
        if is_text(entry):
            items, places = [entry], [at]
        elif isinstance(entry.content, list):
            items, places = entry.content, [at / number for number in range(len(entry.content))]
        else:
            return at.wrong(entry, "must be a file's name or a list of them")
        found: list[Fields] = []
        for item, here in zip(items, places, strict=True):
            if isinstance(item.content, dict):
                one: object = _ENV_FILE.read(item, here)
            else:
                name = Text().read(item, here)
                one = name if isinstance(name, Nothing) else Fields(item.place, [("path", name)])
            if isinstance(one, Fields) and "path" in one:
                found.append(one)
        return found

    def merge(self, base: list[Fields], over: list[Fields], at: At, place: Place) -> list[Fields]:
        return [*base, *over]

    def dump(self, value: list[Fields]) -> list[object]:
        return once(one["path"] if len(one) == 1 else dict(one) for one in value)


class External(Kind):
    """True or false, or (an old form) a mapping with the name. Gives a mapping: ``external`` and perhaps ``name``."""

    def read(self, entry: Entry, at: At) -> Fields | Nothing:
        if isinstance(entry.content, dict):
            found = Record({"name": Text()}).read(entry, at)
            if isinstance(found, Fields):
                found.set("external", True, entry.place)
            return found
        value = Flag().read(entry, at)
        return value if isinstance(value, Nothing) else Fields(entry.place, [("external", value)])

    def dump(self, value: Fields) -> object:
        return {"name": value["name"]} if "name" in value else value["external"]


class Logging(Kind):
    """A log driver and its options; options are merged for one driver, else the later replaces."""

    _record = Record({"driver": Text(), "options": TextPairs(separator=None)}, extensions=True)

    def read(self, entry: Entry, at: At) -> object:
        return self._record.read(entry, at)

    def merge(self, base: Fields, over: Fields, at: At, place: Place) -> Fields:
        one, other = base.get("driver", ""), over.get("driver", "")
        if one and other and one != other:
            return over
        both = Fields(base.place, base.items(), base.places)
        if other:
            both.set("driver", other, over.where("driver"))
        if "options" in over and "options" not in base:
            message = "are lost in Docker's merge: the earlier file's logging has no options"
            (at / "options").warn(DOCKER_MERGE, over.where("options"), message)
        elif "options" in over:
            merged = Fields(base["options"].place, base["options"].items(), base["options"].places)
            for key, value in over["options"].items():
                merged.set(key, value, over["options"].where(key))
            both.set("options", merged, over.where("options"))
        return both

    def dump(self, value: Fields) -> object:
        return self._record.dump(value)
