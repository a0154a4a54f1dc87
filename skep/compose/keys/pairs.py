"""The kind of names with texts."""

from __future__ import annotations

from skep.compose.keys.texts import Text, scalar_text
from skep.dataclass import dataclass
from skep.kinds.files import DOCKER_MERGE
from skep.reading.findings import Place
from skep.reading.mapping_kinds import MAPPING
from skep.reading.tree import Entry
from skep.reading.value_kinds import At, Kind, Nothing
from skep.reading.values import Fields


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
            return at.wrong(entry, MAPPING)
        if not isinstance(entry.content, list):
            return at.wrong(entry, f"must be a mapping, or a list of NAME{self.separator}VALUE")
        seen: set[str] = set()
        for number, item in enumerate(entry.content):
            self._item(item, at / number, seen, found)
        return found

    def _item(self, item: Entry, at: At, seen: set[str], found: Fields) -> None:
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
                    DOCKER_MERGE,
                    over.where(key),
                    "an empty value does not override the earlier file's in Docker's merge",
                )
                continue
            both.set(key, value, over.where(key))
        return both

    def dump(self, value: Fields) -> dict[str, object]:
        return dict(value)
