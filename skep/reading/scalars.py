"""A value as it was written, and what an unquoted one means: to Docker's CLI, and in files of our own.

Facts about the CLI: go-yaml v3 ``resolve.go`` (which it uses from 27 on) and Go's ``fmt``. Dates stay the text they
are.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from math import inf, isfinite, isinf, isnan, nan
from typing import Self

Meaning = None | bool | int | float | str

NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_WORDS: dict[str, Meaning] = {
    **dict.fromkeys(NULLS),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -inf),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), nan),
}
_INTEGERS = (
    (re.compile(r"[-+]?(?:0|[1-9][0-9]*)"), 10),
    (re.compile(r"[-+]?0[xX][0-9a-fA-F]+"), 16),
    (re.compile(r"[-+]?0[oO]?[0-7]+"), 8),
    (re.compile(r"[-+]?0[bB][01]+"), 2),
)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ][0-9:. ]+(Z|[-+][0-9:]+)?)?")
_LONGEST = 400
_TRUE = frozenset({"y", "yes", "true", "on"})
_FALSE = frozenset({"n", "no", "false", "off"})
_SETTINGS: dict[str, Meaning] = {
    **{word: value for word, value in _WORDS.items() if not isinstance(value, float)},
    **dict.fromkeys(("yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("no", "No", "NO", "off", "Off", "OFF"), False),
}
_SETTING_INT = re.compile(r"[-+]?(0|[1-9][0-9]{0,18})")
_SETTING_FLOAT = re.compile(r"[-+]?(0|[1-9][0-9]*)?(\.[0-9]+|(?<=[0-9])\.)([eE][-+]?[0-9]{1,3})?")


class Scalar(str):
    """The text of a scalar; ``unquoted`` says that it may mean something else than its text."""

    unquoted: bool

    @classmethod
    def written(cls, text: str, *, unquoted: bool) -> Self:
        """A scalar from its text."""
        scalar = cls(text)
        scalar.unquoted = unquoted
        return scalar


def setting(text: str) -> Meaning:
    """What an unquoted scalar of an inventory means. Octal, base-60 and dates are left as text: nobody means them."""
    if text in _SETTINGS:
        return _SETTINGS[text]
    if _SETTING_INT.fullmatch(text):
        return int(text)
    if _SETTING_FLOAT.fullmatch(text):
        number = float(text)
        return number if isfinite(number) else text
    return text


def meaning(text: str) -> Meaning:
    """The value of an unquoted scalar to Docker's CLI: ``None``, a boolean, a number, or the text itself."""
    return _meaning(str(text))


def is_date(text: str) -> bool:
    """Whether an unquoted scalar is a date to YAML, with a time or without."""
    return text[4:5] == "-" and _DATE.fullmatch(text) is not None


@lru_cache(maxsize=4096)
def _meaning(text: str) -> Meaning:
    if text in _WORDS:
        return _WORDS[text]
    if len(text) > _LONGEST or text[0] not in "+-.0123456789":
        return text
    bare = text if text[0] == "." else text.replace("_", "")
    for pattern, base in _INTEGERS:
        if pattern.fullmatch(bare):
            number = int(re.sub(r"(?<=^0)[oO]|(?<=^[-+]0)[oO]", "", bare), base)
            return number if -(2**63) <= number < 2**64 else _finite(bare if base == 10 else str(number), text)
    return _finite(bare, text) if _FLOAT.fullmatch(bare) else text


def _finite(digits: str, text: str) -> float | str:
    """The number, or the text where no float holds it."""
    number = float(digits)
    return text if isinf(number) else number


def truth(text: str) -> bool | None:
    """What a text means where a yes or no is expected; ``None`` for neither."""
    word = text.lower()
    return True if word in _TRUE else False if word in _FALSE else None


def as_text(value: Meaning) -> str:
    """A scalar where Docker wants text of a number."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _float(value)
    return "" if value is None else str(value)


def _float(value: float) -> str:
    """As Go's ``%v``: the shortest digits, with an exponent where it is below -4 or above 5."""
    if isnan(value):
        return "NaN"
    if isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    assert isinstance(exponent, int)
    text = "".join(map(str, digits)).rstrip("0") or "0"
    power = len(digits) + exponent - 1 if any(digits) else 0
    minus = "-" if sign else ""
    if -4 <= power <= 5:
        if power < 0:
            return f"{minus}0.{'0' * (-power - 1)}{text}"
        whole = text[: power + 1].ljust(power + 1, "0")
        part = text[power + 1 :]
        return f"{minus}{whole}.{part}" if part else f"{minus}{whole}"
    part = f".{text[1:]}" if len(text) > 1 else ""
    return f"{minus}{text[0]}{part}e{'-' if power < 0 else '+'}{abs(power):02}"
