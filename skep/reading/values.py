"""The merged compose as data: plain values, in mappings that know where each of their keys stands."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from skep.reading.findings import Place


class Fields(dict[str, Any]):
    """A mapping of the file. ``place`` is where it stands, ``places`` where each key of it does."""

    def __init__(
        self, place: Place, pairs: Iterable[tuple[str, object]] = (), places: dict[str, Place] | None = None
    ) -> None:
        super().__init__(pairs)
        self.place = place
        self.places: dict[str, Place] = dict(places or {})

    def set(self, key: str, value: object, place: Place) -> None:
        """A key with its place."""
        self[key] = value
        self.places[key] = place

    def section(self, key: str) -> Fields:
        """The mapping at a key; without any keys where there is none."""
        found = self.get(key)
        return found if isinstance(found, Fields) else Fields(self.place)

    def where(self, key: str) -> Place:
        """The place of a key, or of the mapping."""
        return self.places.get(key, self.place)


class Items(list[Any]):
    """A list of the file. ``places`` is where each item stands."""

    def __init__(self, items: Iterable[object] = (), places: Iterable[Place] = ()) -> None:
        super().__init__(items)
        self.places = list(places)

    def where(self, number: int) -> Place:
        """The place of an item."""
        return self.places[number]


def where(root: Fields, path: Iterable[str | int]) -> Place:
    """The place of the value at a path, or of the nearest around it that has one."""
    place, at = root.place, root
    value: object = root
    for part in path:
        if isinstance(value, Fields) and isinstance(part, str):
            at = value
            place = at.where(part)
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int) and 0 <= part < len(value):
            place = value.where(part) if isinstance(value, Items) else place
            value = value[part]
            place = value.place if isinstance(value, Fields) else place
        else:
            break
    return place
