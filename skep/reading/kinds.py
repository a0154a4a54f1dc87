"""The kinds of single values and lists: how each is read, merged over an earlier file's, and written again.

Merging follows Docker's CLI (``loader/merge.go`` and mergo there), with its oddities: an empty value or ``false``
does not override, lists grow. Where that loses something, it is warned of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from enum import Enum
from typing import Any, ClassVar, TypeVar

from skep.dataclass import dataclass
from skep.kinds import Kind as Known
from skep.kinds.files import DOCKER_MERGE
from skep.reading.findings import Findings, KeyPath, Place
from skep.reading.scalars import as_text, truth
from skep.reading.tree import Entry, Leaf
from skep.reading.values import Items
from skep.reading.wording import either

T = TypeVar("T")

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

    def wrong(self, entry: Entry, must: str, *, hint: str = "") -> Nothing:
        """Note that a value is not what it must be. What variables or references gave is never shown, only they are."""
        if isinstance(entry.content, Leaf) and entry.content.failed:
            return NOTHING
        if entry.is_null:
            return self.error(entry.place, f"has no value: {must}")
        return self.error(entry.place, f"{must}, not {self.described(entry, must)}{hint}")

    def described(self, entry: Entry, must: str = "") -> str:
        """A value for a message."""
        if isinstance(entry.content, dict):
            return "a mapping"
        if isinstance(entry.content, list):
            return "a list"
        if entry.content.template is not None:
            return f"what {self.findings.value(entry.content.template)} gives"
        if self.findings.discreet and ("mapping" in must or "list" in must):
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


@dataclass(frozen=True)
class Text(Kind):
    """A text. ``options``: only these; ``check`` looks at it; ``numbers``: an unquoted number is its text."""

    options: tuple[str, ...] = ()
    check: Check | None = None
    numbers: bool = False

    def read(self, entry: Entry, at: At) -> str | Nothing:
        must = f"must be {either(self.options)}" if self.options else "must be text"
        found = leaf(entry, at, must)
        if isinstance(found, Nothing):
            return found
        number = isinstance(found.value, int | float) and not isinstance(found.value, bool)
        if not isinstance(found.value, str) and not (self.numbers and number):
            return at.wrong(entry, must, hint="" if self.options else ": quote it")
        if self.options and found.text not in self.options:
            hint = "" if found.filled else at.findings.hint(found.text, self.options)
            return at.wrong(entry, must, hint=hint)
        said = self.check(found.text) if self.check else None
        return at.wrong(entry, said) if said else found.text


class Flag(Kind):
    """True or false."""

    def read(self, entry: Entry, at: At) -> bool | Nothing:
        found = leaf(entry, at, "must be true or false")
        if isinstance(found, Nothing):
            return found
        value = found.value if isinstance(found.value, bool) else truth(found.text)
        return at.wrong(entry, "must be true or false") if value is None else value


@dataclass(frozen=True)
class TextList(Kind):
    """A list of texts. ``single``: one text stands for a list of one; ``unique``: none twice."""

    single: bool = False
    unique: bool = True
    numbers: bool = False
    check: Check | None = None

    def read(self, entry: Entry, at: At) -> list[str] | Nothing:
        one = Text(check=self.check, numbers=self.numbers)
        if self.single and isinstance(entry.content, Leaf) and not entry.is_null:
            text = one.read(entry, at)
            return text if isinstance(text, Nothing) else Items([text], [entry.place])
        if not isinstance(entry.content, list):
            return at.wrong(entry, "must be a text or a list of texts" if self.single else "must be a list of texts")
        found = Items()
        seen: set[str] = set()
        for number, item in enumerate(entry.content):
            text = one.read(item, at / number)
            if isinstance(text, Nothing):
                continue
            if self.unique and text in seen:
                (at / number).error(item.place, f"{(at / number).described(item)} is in the list twice")
            seen.add(text)
            found.append(text)
            found.places.append(item.place)
        return found

    def merge(self, base: list[str], over: list[str], at: At, place: Place) -> list[str]:
        return joined(base, over)

    def dump(self, value: list[str]) -> list[str]:
        return once(value) if self.unique else value


def joined(base: list[T], over: list[T]) -> list[T]:
    """One list behind another."""
    places = [*base.places, *over.places] if isinstance(base, Items) and isinstance(over, Items) else []
    return Items([*base, *over], places) if places else [*base, *over]


def once(items: Iterable[T]) -> list[T]:
    """Each item once: two files may both give it, and Docker sends it twice, but one file must not have it so."""
    return list({repr(item): item for item in items}.values())


def scalar_text(entry: Entry, at: At, *, null: bool) -> str | Nothing | None:
    """A text, number or (where ``null``) nothing, as text."""
    must = "must be text or a number"
    if entry.is_null and null:
        return None
    found = leaf(entry, at, must)
    if isinstance(found, Nothing):
        return found
    if isinstance(found.value, bool):
        return at.wrong(entry, must, hint=": quote it")
    return as_text(found.value)


def known(options: Iterable[str]) -> str:
    """The right keys for a message, if they are few."""
    words = list(options)
    return f" (known here: {', '.join(words)})" if 0 < len(words) <= MAX_KNOWN else ""
