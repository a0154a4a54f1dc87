"""A value as it was written in the file, and what YAML takes it for."""

from __future__ import annotations

import re
from math import isfinite
from typing import Any

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"})
_FALSE = frozenset({"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"})
_INT = re.compile(r"[-+]?(0|[1-9][0-9]{0,18})")
_FLOAT = re.compile(r"[-+]?(0|[1-9][0-9]*)?(\.[0-9]+|(?<=[0-9])\.)([eE][-+]?[0-9]{1,3})?")


class Scalar(str):
    """The text of a scalar; ``value`` is what an unquoted one means (true, 12, 1.5, None), else the text.

    Keeping both lets ``version: 20.10`` stay 20.10 and a label ``ssd: yes`` stay yes.
    ``origin`` is the text before its references were resolved (``None`` where there were none), ``pure``
    says the value is one whole reference, and ``failed`` that it could not be resolved.
    """

    value: Any
    unquoted: bool
    origin: str | None
    pure: bool
    failed: bool

    @classmethod
    def written(
        cls, text: str, *, plain: bool, origin: str | None = None, pure: bool = False, failed: bool = False
    ) -> Scalar:
        """A scalar from its text; ``plain`` when it stood unquoted."""
        scalar = cls(text)
        scalar.value = meaning(text) if plain else text
        scalar.unquoted = plain
        scalar.origin = origin
        scalar.pure = pure
        scalar.failed = failed
        return scalar


def meaning(text: str) -> Any:
    """What an unquoted scalar stands for. Octal, base-60 and dates are left as text: nobody means them."""
    if text in _NULLS:
        return None
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        return number if isfinite(number) else text
    return text


def kept(value: object) -> Any:
    """As ``plain``, but text that came from a reference stays the scalar that says so."""
    if isinstance(value, Scalar) and value.origin is not None and isinstance(value.value, str):
        return value
    if isinstance(value, dict):
        return {str(key): kept(item) for key, item in value.items()}
    return [kept(item) for item in value] if isinstance(value, list) else plain(value)


def plain(value: object) -> Any:
    """A value as bare Python data, fit for JSON."""
    if isinstance(value, Scalar):
        return str(value.value) if isinstance(value.value, str) else value.value
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value
