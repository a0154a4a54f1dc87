"""The kinds of single values in an inventory, those of keys that roles add included: each checks what was written, says
in plain words what it must be, and shows in the JSON Schema as what an editor should offer.

Compose files have kinds of their own, ``skep/compose/keys``: Docker's CLI takes the same words otherwise.
"""

from __future__ import annotations

import re
from datetime import date

from skep.dataclass import dataclass
from skep.model import Secret
from skep.reading.findings import Place
from skep.reading.mapping_kinds import ANY_NAME, ListOf, Table
from skep.reading.tree import Entry, Leaf
from skep.reading.value_kinds import At, Check, Json, Kind, Nothing
from skep.reading.wording import either

REFERENCE_PATTERN = r"\$\{"
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
LONGEST = 100 * 365 * 86400.0
_DURATION = re.compile(r"([0-9]+[smhdw])+")
_DURATION_PART = re.compile(r"([0-9]+)([smhdw])")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MUST_BE_DAY = "must be a date such as 2027-03-31"
_SECRET_PATTERN = r"^\$\{(env:[A-Za-z_][A-Za-z0-9_]*|file:[^{}]+)\}$"
_WRITTEN = ["string", "number", "boolean"]


class Referenced(str):
    """A text that came from a reference, and so may be a secret."""


def or_reference(schema: Json) -> Json:
    """The JSON Schema of a value that may also be written as a reference."""
    return {"anyOf": [schema, {"type": "string", "pattern": REFERENCE_PATTERN, "description": "a reference"}]}


def _leaf(entry: Entry, at: At) -> Leaf | Nothing:
    """The entry's text; one whose reference failed, which was said, is the text as written."""
    if not isinstance(entry.content, Leaf) or entry.is_null:
        return at.wrong(entry, "must be text")
    return entry.content


@dataclass(frozen=True)
class Text(Kind):
    """Text exactly as written: 20.10 stays 20.10, yes stays yes. ``loose``: editors take numbers and booleans, too;
    ``check`` looks at it."""

    loose: bool = False
    check: Check | None = None

    def read(self, entry: Entry, at: At) -> object:
        """The text, or ``NOTHING`` after saying what is wrong."""
        found = _leaf(entry, at)
        if isinstance(found, Nothing):
            return found
        said = self.check(found.text) if self.check and not found.failed else None
        return at.wrong(entry, said) if said else self.value(found, entry.place, at)

    def value(self, found: Leaf, place: Place, at: At) -> object:
        """What the text gives."""
        return found.text

    def json(self) -> Json:
        """The JSON Schema."""
        return {"type": list(_WRITTEN) if self.loose else "string"}


@dataclass(frozen=True)
class HiddenText(Text):
    """Text that is ``Referenced`` where it came from a reference."""

    def value(self, found: Leaf, place: Place, at: At) -> object:
        """The text."""
        return Referenced(found.text) if found.filled else found.text


@dataclass(frozen=True)
class Variable(Text):
    """Text, or a ``Secret`` where it came from a reference."""

    def value(self, found: Leaf, place: Place, at: At) -> object:
        """The text or the secret."""
        return Secret(found.text) if found.filled else found.text


@dataclass(frozen=True)
class PublicText(Text):
    """Text that somebody shows to everybody, so that a reference, which may be a secret, is refused."""

    who: str = "Docker shows it to everybody who asks"

    def value(self, found: Leaf, place: Place, at: At) -> object:
        """The text."""
        if found.filled and not found.failed:
            return at.error(place, f"must be written as itself, not as a reference: {self.who}")
        return found.text


class SecretText(Kind):
    """A ``Secret``; only ever a reference in the file."""

    def read(self, entry: Entry, at: At) -> Secret | Nothing:
        """The secret. What was written in its place is not shown."""
        found = entry.content
        if isinstance(found, Leaf) and found.failed:
            return at.wrong(entry, "")
        if not isinstance(found, Leaf) or not found.pure:
            return at.error(entry.place, "must be a reference, ${env:NAME} or ${file:path}, never the value itself")
        return Secret(found.text) if found.text else at.error(entry.place, "the reference gives an empty value")

    def json(self) -> Json:
        """The JSON Schema."""
        return {"type": "string", "pattern": _SECRET_PATTERN}


class Flag(Kind):
    """True or false."""

    def read(self, entry: Entry, at: At) -> bool | Nothing:
        """The flag."""
        must = "must be true or false, without quotes"
        found = entry.content
        if isinstance(found, Leaf) and isinstance(found.value, bool):
            return found.value
        if not isinstance(found, Leaf) or found.failed or entry.is_null:
            return at.wrong(entry, must)
        return at.error(entry.place, must)

    def json(self) -> Json:
        """The JSON Schema."""
        return or_reference({"type": "boolean"})


@dataclass(frozen=True)
class Whole(Kind):
    """A whole number, perhaps in a range."""

    low: int | None = None
    high: int | None = None

    def read(self, entry: Entry, at: At) -> int | Nothing:
        """The number."""
        value = entry.content.value if isinstance(entry.content, Leaf) else None
        if not isinstance(value, int) or isinstance(value, bool) or not self._holds(value):
            return at.wrong(entry, f"must be {self._span()}")
        return value

    def _holds(self, value: int) -> bool:
        return (self.low is None or self.low <= value) and (self.high is None or value <= self.high)

    def _span(self) -> str:
        if self.low is None:
            return "a whole number"
        return (
            f"a whole number of at least {self.low}"
            if self.high is None
            else (f"a whole number from {self.low} to {self.high}")
        )

    def json(self) -> Json:
        """The JSON Schema."""
        bounds = {"minimum": self.low, "maximum": self.high}
        return or_reference({"type": "integer"} | {key: value for key, value in bounds.items() if value is not None})


class Choice(Kind):
    """One of a few words."""

    def __init__(self, *options: str) -> None:
        self.options = options

    def read(self, entry: Entry, at: At) -> str | Nothing:
        """The word."""
        found = entry.content
        if isinstance(found, Leaf) and found.text in self.options:
            return found.text
        written = isinstance(found, Leaf) and not found.filled and not entry.is_null
        hint = at.findings.hint(found.text, self.options) if written and isinstance(found, Leaf) else ""
        return at.wrong(entry, f"must be {either(self.options)}", hint=hint)

    def json(self) -> Json:
        """The JSON Schema."""
        return or_reference({"enum": list(self.options)})


class Duration(Kind):
    """Seconds: ``90d``, ``2160h``, ``1h30m``, or a bare number of seconds."""

    def read(self, entry: Entry, at: At) -> float | Nothing:
        """The seconds."""
        given = entry.content.value if isinstance(entry.content, Leaf) else None
        total = -1.0
        if isinstance(given, int | float) and not isinstance(given, bool):
            total = float(given)
        if isinstance(given, str) and len(given) <= 40 and _DURATION.fullmatch(given):
            total = float(sum(int(count) * _UNITS[unit] for count, unit in _DURATION_PART.findall(given)))
        return total if 0 <= total <= LONGEST else at.wrong(entry, "must be a duration such as 30s, 5m, 2160h or 90d")

    def json(self) -> Json:
        """The JSON Schema."""
        text: Json = {"type": "string", "pattern": rf"^([0-9]+[smhdw])+$|{REFERENCE_PATTERN}"}
        return {"anyOf": [{"type": "number", "minimum": 0}, text]}


class Day(Kind):
    """A date: ``2027-03-31``."""

    def read(self, entry: Entry, at: At) -> date | Nothing:
        """The date."""
        given = entry.content.text if isinstance(entry.content, Leaf) and not entry.is_null else ""
        try:
            return date.fromisoformat(given) if _DAY.fullmatch(given) else at.wrong(entry, _MUST_BE_DAY)
        except ValueError:
            return at.wrong(entry, _MUST_BE_DAY)

    def json(self) -> Json:
        """The JSON Schema."""
        return or_reference({"type": "string", "format": "date"})


class Anything(Kind):
    """Plain data; text in it that came from a reference is ``Referenced``."""

    def read(self, entry: Entry, at: At) -> object:
        """The data."""
        return _kept(entry)


def _kept(entry: Entry) -> object:
    found = entry.content
    if isinstance(found, Leaf):
        return Referenced(found.text) if found.filled and isinstance(found.value, str) else found.value
    if isinstance(found, list):
        return [_kept(item) for item in found]
    return {key: _kept(inner) for key, (_, inner) in found.items()}


TEXT = Text()
HIDDEN = HiddenText()
WRITTEN = Text(loose=True)
FLAG = Flag()
PORT = Whole(1, 65535)
DURATION = Duration()
DAY = Day()
SECRET = SecretText()
ANYTHING = Anything()


def texts(kind: Kind = TEXT, *, single: bool = False) -> ListOf:
    """A list of texts; left empty it has none. ``single``: one text stands for a list of one."""
    return ListOf(kind, "texts", empty=True, single=single, all_or_none=True)


def named(kind: Kind) -> Table:
    """Values by names that the operator chooses; left empty there are none."""
    return Table(kind, name=ANY_NAME, empty=True)


TEXTS = texts()
ONE_OR_MORE = texts(single=True)
PUBLIC_MAP = named(PublicText(loose=True))
