"""What a kind of value is: how it is read, merged over an earlier file's, and written again.

Merging follows Docker's CLI (``loader/merge.go`` and mergo there), with its oddities: an empty value or ``false``
does not override, lists grow. Where that loses something, it is warned of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from enum import Enum
from typing import Any, ClassVar

from skep.dataclass import dataclass
from skep.kinds import Kind as Known
from skep.kinds.files import DOCKER_MERGE
from skep.reading.findings import Findings, KeyPath, Place
from skep.reading.tree import Entry, Leaf

MAX_KNOWN = 20
"""Most keys that a message lists."""


Json = dict[str, object]
"""A JSON Schema, or a piece of one."""


class Nothing(Enum):
    """What a read gives when the value cannot be used; why has been said."""

    NOTHING = 0


NOTHING = Nothing.NOTHING


@dataclass(frozen=True, slots=True)
class At:
    """The key path being read, and where findings go."""

    findings: Findings
    path: KeyPath = ()

    def __truediv__(self, part: str | int) -> At:
        return replace(self, path=(*self.path, part))

    def error(self, place: Place, message: str) -> Nothing:
        """Note an error at this path."""
        self.findings.unusable(self.path, message, place)
        return NOTHING

    def warn(self, kind: Known, place: Place, message: str) -> None:
        """Note a warning at this path."""
        self.findings.warn(kind, self.path, message, place)

    def wrong(self, entry: Entry, must: str, *, hint: str = "", several: bool = False) -> Nothing:
        """Note that a value is not what it must be. What variables or references gave is never shown, only they are;
        discreet findings do not show a single value where ``several``, a mapping or a list, are to be."""
        if isinstance(entry.content, Leaf) and entry.content.failed:
            return NOTHING
        if entry.is_null:
            return self.error(entry.place, f"has no value: {must}")
        return self.error(entry.place, f"{must}, not {self.described(entry, several=several)}{hint}")

    def described(self, entry: Entry, *, several: bool = False) -> str:
        """A value for a message."""
        if isinstance(entry.content, dict):
            return "a mapping"
        if isinstance(entry.content, list):
            return "a list"
        if entry.content.template is not None:
            return f"what {self.findings.value(entry.content.template)} gives"
        if self.findings.discreet and several:
            return "a single value"
        return self.findings.value(entry.content.text)


class Kind:
    """How a value is read, merged and written; the base leaves values as they are."""

    keyed: ClassVar[bool] = False
    """A list whose items have a key: put in the key's order wherever two files describe the service."""

    def read(self, entry: Entry, at: At) -> object:
        """The value, or ``NOTHING`` after saying what is wrong with it."""
        raise NotImplementedError

    def merge(self, base: Any, over: Any, at: At, place: Place) -> Any:
        """The value of two files; ``place`` is where the later one stands."""
        if not over and base:
            at.warn(
                DOCKER_MERGE, place, "an empty value, 0 or false does not override the earlier file's in Docker's merge"
            )
        return over or base

    def dump(self, value: Any) -> object:
        """The value as YAML holds it."""
        return value

    def json(self) -> Json:
        """The JSON Schema of the value, for editors; the base takes anything."""
        return {}


def leaf(entry: Entry, at: At, must: str) -> Leaf | Nothing:
    """The entry's leaf; says what it must be where it is none, or empty."""
    if not isinstance(entry.content, Leaf) or entry.is_null:
        return at.wrong(entry, must)
    return NOTHING if entry.content.failed else entry.content


Check = Callable[[str], str | None]
"""Says what is wrong with a text, such as ``must be …``, or ``None``."""


def known(options: Iterable[str]) -> str:
    """The right keys for a message, if they are few."""
    words = list(options)
    return f" (known here: {', '.join(words)})" if 0 < len(words) <= MAX_KNOWN else ""
