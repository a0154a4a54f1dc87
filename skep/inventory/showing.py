"""An inventory with what it extends, as one YAML file that can be read back: each value with where it came from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from skep.hidden import SENSITIVE
from skep.inventory.extending import KEY
from skep.inventory.loading import as_written
from skep.reading.findings import KeyPath, Place, shown
from skep.reading.scalars import Scalar, setting
from skep.reading.tree import Entry, Leaf, Pairs
from skep.secret import STARS

_PLAIN_KEY = re.compile(r"[A-Za-z_](?:[A-Za-z0-9_.:/-]*[A-Za-z0-9_])?")
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_OPEN = ("ssh", "registries", "accept")
"""Sections that take a secret as a reference only, wherever they stand."""


class Shown:
    """One file and what it extends. Raises ``InventoryError`` where they cannot be read."""

    def __init__(self, path: Path, environ: Mapping[str, str]) -> None:
        self._pairs = {key: pair for key, pair in as_written(path, environ).items() if key != KEY}

    def text(self) -> str:
        """YAML, with file and line of each value behind it."""
        return "\n".join(_lines(self._pairs, (), ""))

    def data(self) -> object:
        """Plain data, as written: nothing is resolved."""
        return _data(Entry(Place("", 1), self._pairs), ())

    def origins(self) -> dict[str, str]:
        """Where each value that is neither mapping nor list stands, by its key path."""
        return dict(_origins(Entry(Place("", 1), self._pairs), ()))


def _lines(pairs: Pairs, path: KeyPath, pad: str) -> Iterator[str]:
    for key, (place, entry) in pairs.items():
        yield from _value(f"{pad}{_key(key)}:", Entry(place, entry.content), (*path, key), pad)


def _value(head: str, entry: Entry, path: KeyPath, pad: str) -> Iterator[str]:
    """``head`` and the value behind it, or below."""
    content, origin = entry.content, f"  # {entry.place}"
    if isinstance(content, Leaf):
        yield f"{head} {_scalar(content, path)}".rstrip() + origin
    elif not content:
        yield f"{head} {'{}' if isinstance(content, dict) else '[]'}{origin}"
    elif isinstance(content, dict):
        yield head
        yield from _lines(content, path, f"{pad}  ")
    else:
        yield head
        for number, item in enumerate(content):
            yield from _item(item, (*path, number), f"{pad}  ")


def _item(item: Entry, path: KeyPath, pad: str) -> Iterator[str]:
    """An item of a list: a mapping begins behind its hyphen."""
    if isinstance(item.content, dict) and item.content:
        first, *rest = _lines(item.content, path, f"{pad}  ")
        yield f"{pad}- {first.lstrip(' ')}"
        yield from rest
    else:
        yield from _value(f"{pad}-", item, path, pad)


def _key(key: str) -> str:
    return key if _PLAIN_KEY.fullmatch(key) and isinstance(setting(key), str) else _quoted(key)


def _scalar(leaf: Leaf, path: KeyPath) -> str:
    text = leaf.text
    if _is_secret(text, path):
        return _quoted(STARS)
    plain = isinstance(text, Scalar) and text.unquoted and "\n" not in text
    return str(text) if plain else _quoted(text)


def _quoted(text: str) -> str:
    """In double quotes, as JSON and YAML both have it."""
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(str(text), ensure_ascii=False))


def _is_secret(text: str, path: KeyPath) -> bool:
    """What sounds like a secret and is written as itself."""
    name = next((part for part in reversed(path) if isinstance(part, str)), "").lower()
    return bool(text) and "${" not in text and any(word in name for word in SENSITIVE) and not set(_OPEN) & set(path)


def _data(entry: Entry, path: KeyPath) -> object:
    if isinstance(entry.content, Leaf):
        return STARS if _is_secret(entry.content.text, path) else entry.content.value
    if isinstance(entry.content, list):
        return [_data(item, (*path, number)) for number, item in enumerate(entry.content)]
    return {key: _data(inner, (*path, key)) for key, (_, inner) in entry.content.items()}


def _origins(entry: Entry, path: KeyPath) -> Iterator[tuple[str, str]]:
    if isinstance(entry.content, Leaf):
        yield shown(path), str(entry.place)
    elif isinstance(entry.content, list):
        for number, item in enumerate(entry.content):
            yield from _origins(item, (*path, number))
    else:
        for key, (place, inner) in entry.content.items():
            yield from _origins(Entry(place, inner.content), (*path, key))
