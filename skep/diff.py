"""What differs between two nested values, one change a leaf, and how it is shown."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from skep.dataclass import dataclass
from skep.measures import in_units
from skep.secret import STARS, revealed, veiled
from skep.visible import visible

ARROW = "→"
UNSET = "unset"


@dataclass(frozen=True, slots=True)
class Change:
    """One leaf: the keys that lead to it, what was there and what is to be; ``None`` for nothing."""

    path: tuple[str, ...]
    old: Any
    new: Any

    def __str__(self) -> str:
        old, new = self.texts
        return f"{'.'.join(self.path)}: " + (f"{old} {ARROW} {new}" if old != new else f"{new} (a secret, changed)")

    @property
    def texts(self) -> tuple[str, str]:
        """Old and new as they are shown, in the same unit. They are the same only where what differs is secret."""
        sides = (self.old, self.new)
        old, new = (show(side) for side in in_units(self.path[-1] if self.path else "", sides))
        if old == new and STARS not in new:  # such as a text and the number it says
            old, new = (quoted(side) if isinstance(side, str) else show(side) for side in sides)
        return old, new


def changes(old: Any, new: Any, path: tuple[str, ...] = ()) -> Iterator[Change]:
    """Every leaf that differs, sorted by path. Mappings are looked into, everything else is compared as it is.

    A mapping that comes or goes is shown leaf by leaf; a key with ``None`` is as good as none. Where the new value
    holds a secret, what stands in its place in the old one is not shown either.
    """
    if _open(old) and _open(new) and (old or new):
        one, other = old or {}, new or {}
        for key in sorted({*one, *other}):
            yield from changes(one.get(key), other.get(key), (*path, str(key)))
    elif revealed(old) != revealed(new):
        yield Change(path, veiled(old, new), new)


def lines(old: Mapping[str, object], new: Mapping[str, object]) -> tuple[str, ...]:
    """``key.key: old → new`` of every leaf that differs."""
    return tuple(str(change) for change in changes(old, new))


def show(value: object) -> str:
    """A value as a plan prints it: text as it is, JSON for data, ``unset`` for what is absent (``none`` may be a
    value). In quotes a text that is empty, that very word, in quotes already, or not all to be seen."""
    if value is None:
        return UNSET
    if isinstance(value, bool | int | float | list | tuple | Mapping):
        return visible(json.dumps(value, sort_keys=True, default=str, ensure_ascii=False))
    text = str(value)
    plain = text.isprintable() and text == text.strip() and not text.startswith('"') and text not in ("", UNSET)
    return text if plain else quoted(text)


def quoted(text: str) -> str:
    """A text in quotes, with a backslash before what would be taken for something else, and no character hidden."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{"".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in escaped)}"'


def _open(value: object) -> bool:
    """Whether a value can be looked into, or is nothing."""
    return value is None or isinstance(value, Mapping)
