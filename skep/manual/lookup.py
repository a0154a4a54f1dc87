"""Finding a key by what somebody types of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING

from skep.dataclass import dataclass
from skep.manual import compose, inventory
from skep.manual.entry import ANY, Entry

if TYPE_CHECKING:
    from skep.reading.documented import HostKeys


LIKE = 0.7
"""How much of a name there has to be in a mistyped one, that it may be meant: half of its letters are too few."""


@dataclass(frozen=True, slots=True)
class Found:
    """``exact``: entries whose path was given, whatever name stands in it. ``other``: those that end so."""

    exact: tuple[Entry, ...]
    other: tuple[Entry, ...]


@cache
def entries() -> tuple[Entry, ...]:
    """All keys there are."""
    return (*inventory.entries(), *compose.entries())


def of_roles(host_keys: HostKeys) -> tuple[Entry, ...]:
    """The keys that roles of a site bring along for hosts and groups."""
    known = set(entries())
    return tuple(one for one in inventory.entries(host_keys) if one not in known) if host_keys else ()


def inside(entry: Entry, own: Sequence[Entry] = ()) -> list[Entry]:
    """The keys directly inside one, or inside each name of it."""
    path = entry.path[2:] if entry.kind == "inventory" and entry.path[2:] in _SHARED else entry.path
    return [one for one in (*entries(), *own) if one.kind == entry.kind and one.path[:-1] in (path, (*path, ANY))
            and one.path[-1] != ANY]  # fmt: skip


def find(key: str, own: Sequence[Entry] = ()) -> Found:
    """What is meant by a key such as ``engine.version``, ``hosts.m1.role`` or ``update_config``. ``own`` are those of
    the site's roles."""
    known = (*entries(), *own)
    parts = tuple(part for part in key.strip().split(".") if part)
    exact = [one for one in known if _is(one, ".".join(parts))]
    longest = {one.kind: max(len(other.path) for other in exact if other.kind == one.kind) for one in exact}
    exact = [one for one in exact if len(one.path) == longest[one.kind]]
    other = [one for one in known if one not in exact and _ends(one, parts)]
    return Found(tuple(exact), tuple(other))


def nearest(key: str, more: Iterable[str] = (), own: Sequence[Entry] = ()) -> str | None:
    """The key, or one of ``more`` names, that is most like a mistyped one."""
    known: dict[str, str] = {name: name for name in more}
    for one in (*entries(), *own):
        for form in (one.key, ".".join(_plain(one)), one.path[-1]):
            known.setdefault(form, one.key)
    near = get_close_matches(key[:80], known, 3, LIKE)
    near.sort(key=lambda one: sorted(one) != sorted(key))  # letters that changed places are likelier
    return known[near[0]] if near else None


def _ends(entry: Entry, parts: tuple[str, ...]) -> bool:
    return bool(parts) and entry.path[-1] != ANY and _plain(entry)[-len(parts) :] == parts


@cache
def _plain(entry: Entry) -> tuple[str, ...]:
    return tuple(part for part in entry.path if part != ANY)


def _is(entry: Entry, key: str) -> bool:
    return any(_pattern(place).fullmatch(key) for place in (entry.key, *entry.places))


@cache
def _pattern(place: str) -> re.Pattern[str]:
    """A chosen name may be left out. That of a registry may hold dots."""
    parts: Sequence[str] = place.split(".")
    found = ""
    for number, part in enumerate(parts):
        name = r"\..+" if parts[number - 1] == "registries" else r"\.[^.]+"
        optional = f"(?:{name})?" if number < len(parts) - 1 else name
        found += optional if part == ANY else rf"\.{re.escape(part)}"
    name = r"(?:\.[^.]+)?" if parts[-1] in _TABLES and len(parts) == 1 else ""
    return re.compile(found.removeprefix(r"\.") + name)


_SHARED = (("ssh",), ("engine",), ("daemon",), ("proxy",), ("certificates",), ("kernel",))
"""What groups and hosts repeat of the top level."""

_TABLES = ("groups", "hosts", "networks", "stacks", "registries")
"""Mappings of chosen names, which have no entry of their own in an inventory."""
