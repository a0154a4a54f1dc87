"""The kinds of texts, lists of texts, and yes or no: as Docker's CLI takes them, quoted or not.

An inventory reads the same words otherwise (``skep/reading/settings.py``): there an unquoted 20.10 is a text, and a
"yes" in quotes no flag.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from skep.dataclass import dataclass
from skep.kinds.files import NUMBER_RESPELLED
from skep.reading.findings import Place
from skep.reading.scalars import as_text, truth
from skep.reading.tree import Entry, Leaf
from skep.reading.value_kinds import At, Check, Kind, Nothing, leaf
from skep.reading.values import Items
from skep.reading.wording import either

T = TypeVar("T")


@dataclass(frozen=True)
class Text(Kind):
    """A text. ``options``: only these, ``folded``: in upper or lower case; ``check`` looks at it; ``numbers``: an
    unquoted number is its text."""

    options: tuple[str, ...] = ()
    check: Check | None = None
    numbers: bool = False
    folded: bool = False

    def read(self, entry: Entry, at: At) -> str | Nothing:
        must = f"must be {either(self.options)}" if self.options else "must be text"
        found = leaf(entry, at, must)
        if isinstance(found, Nothing):
            return found
        number = isinstance(found.value, int | float) and not isinstance(found.value, bool)
        if not isinstance(found.value, str) and not (self.numbers and number):
            return at.wrong(entry, must, hint="" if self.options else ": quote it")
        if self.folded and found.text.lower() in self.options:
            return found.text.lower()
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
    text = as_text(found.value)
    if found.digits not in (None, text):
        at.warn(NUMBER_RESPELLED, entry.place, f"{found.digits} is a number to YAML, and becomes {text}: quote it")
    return text
