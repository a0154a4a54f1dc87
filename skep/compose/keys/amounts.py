"""The kinds of numbers and amounts."""

from __future__ import annotations

import re
from collections.abc import Callable

from skep.compose.keys.quantities import Duration, duration, size
from skep.compose.keys.texts import Text
from skep.dataclass import dataclass
from skep.measures import duration_text
from skep.reading.findings import Place
from skep.reading.tree import Entry, Leaf
from skep.reading.value_kinds import At, Kind, Nothing, leaf


@dataclass(frozen=True)
class Whole(Kind):
    """A whole number. ``pointer``: 0 overrides too."""

    low: int = 0
    high: int = 2**63 - 1
    pointer: bool = False

    def read(self, entry: Entry, at: At) -> int | Nothing:
        must = "must be a whole number"
        found = leaf(entry, at, must)
        if isinstance(found, Nothing):
            return found
        value = _whole(found)
        if value is None:
            return at.wrong(entry, must)
        if not self.low <= value <= self.high:
            bounds = f"{self.low} or more" if self.high >= 2**63 - 1 else f"from {self.low} to {self.high}"
            return at.wrong(entry, f"must be {bounds}")
        return value

    def merge(self, base: int, over: int, at: At, place: Place) -> int:
        return over if self.pointer else int(super().merge(base, over, at, place))


def _whole(found: Leaf) -> int | None:
    if isinstance(found.value, bool):
        return None
    if isinstance(found.value, int):
        return found.value
    if isinstance(found.value, float):
        return int(found.value) if found.value.is_integer() else None
    return int(found.text) if re.fullmatch(r"[-+]?[0-9]{1,18}", found.text, re.ASCII) else None


class Ratio(Kind):
    """A number from 0 to 1."""

    def read(self, entry: Entry, at: At) -> float | Nothing:
        must = "must be a number from 0 to 1"
        found = leaf(entry, at, must)
        if isinstance(found, Nothing):
            return found
        try:
            value = float(found.text) if not isinstance(found.value, bool) else -1
        except ValueError:
            value = -1
        return value if 0 <= value <= 1 else at.wrong(entry, must)


@dataclass(frozen=True)
class Quantity(Kind):
    """A text that a function takes for an amount, refusing with ``ValueError``. ``number``: a size is written so."""

    amount: Callable[[str], int]
    number: bool = False

    def read(self, entry: Entry, at: At) -> int | Nothing:
        found = leaf(entry, at, "must be an amount")
        if isinstance(found, Nothing):
            return found
        if isinstance(found.value, bool):
            return at.wrong(entry, "must be an amount")
        try:
            return self.amount(found.text)
        except ValueError as problem:
            return at.wrong(entry, str(problem))

    def dump(self, value: int) -> int | str:
        if isinstance(value, Duration):
            return duration_text(value)
        return int(value) if self.number else str(int(value))


SPAN = Quantity(duration)
SIZE = Quantity(size)


@dataclass(frozen=True)
class Amount(Text):
    """A text that must be an amount, kept as it is written."""

    amount: Callable[[str], int] = int
    numbers: bool = True

    def read(self, entry: Entry, at: At) -> str | Nothing:
        text = super().read(entry, at)
        try:
            if isinstance(text, str) and text:
                self.amount(text)
        except ValueError as problem:
            return at.wrong(entry, str(problem))
        return text
