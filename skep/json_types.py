"""Decoded JSON, of which no type is certain: narrowed to the one that is expected, else to what is empty."""

from __future__ import annotations

from collections.abc import Mapping


def mapping(value: object) -> Mapping[str, object]:
    """The value where it is a mapping, else one without keys."""
    return value if isinstance(value, Mapping) else {}


def items(value: object) -> list[object]:
    """The items of a list or tuple, else none."""
    return list(value) if isinstance(value, list | tuple) else []


def texts(value: object) -> list[str]:
    """The texts of a list or tuple, else none."""
    return [item for item in items(value) if isinstance(item, str)]


def text(value: object) -> str:
    """The value where it is a text, else an empty one."""
    return value if isinstance(value, str) else ""


def number(value: object) -> int:
    """The value where it is a whole number, else 0."""
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
