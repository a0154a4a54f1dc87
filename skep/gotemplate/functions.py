"""The functions that templates may call, and how values look and count. Source: Go's ``text/template/funcs.go``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from skep.dataclass import dataclass
from skep.gotemplate.error import TemplateError

_MAX = 1 << 20


@dataclass(frozen=True)
class Struct:
    """A struct of Go's by its type's name."""

    type: str
    fields: Mapping[str, object]


def type_name(value: object) -> str:
    """Its type as Go names it."""
    if isinstance(value, Struct):
        return value.type
    names = {bool: "bool", int: "int", float: "float64", str: "string"}
    return names.get(type(value), "map[string]string")


def truth(value: object) -> bool:
    """Whether it counts as true."""
    return isinstance(value, Struct) or bool(value)


def shown(value: object) -> str:
    """As Go prints it."""
    if value is None:
        return "<no value>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Struct):
        return "{" + " ".join(shown(one) for one in value.fields.values()) + "}"
    return "map[]" if isinstance(value, Mapping) else str(value)


def _print(arguments: list[object]) -> str:
    return "".join(map(shown, arguments))


def _printf(arguments: list[object]) -> str:
    """Near what Go prints; only whether two texts are the same hangs on it."""
    if not isinstance(arguments[0], str):
        raise TemplateError("wrong type for value; expected string")
    rest = iter(arguments[1:])
    text = re.sub(
        r"%[-+# 0]*[0-9]*(?:\.[0-9]+)?([%a-zA-Z])",
        lambda m: "%" if m[1] == "%" else shown(next(rest, "")),
        arguments[0],
    )
    return text[:_MAX] + ("%!(EXTRA)" if any(True for _ in rest) else "")


def _join(arguments: list[Any]) -> str:
    if not all(isinstance(one, str) for one in arguments):
        raise TemplateError("wrong type for value; expected string")
    return str(arguments[0]).join(arguments[1:])


def _index(arguments: list[object]) -> object:
    at = arguments[0]
    if at is None:
        raise TemplateError("error calling index: index of untyped nil")
    for key in arguments[1:]:
        if isinstance(at, Mapping) and isinstance(key, str):
            at = at.get(key, "")
        elif isinstance(at, str) and isinstance(key, int) and not isinstance(key, bool) and 0 <= key < len(at.encode()):
            at = at.encode()[key]
        else:
            raise TemplateError(f"error calling index: cannot index {type_name(at)} with {shown(key)}")
    return at


def _slice(arguments: list[Any]) -> str:
    text, places = arguments[0], arguments[1:]
    whole = all(isinstance(one, int) and not isinstance(one, bool) for one in places)
    if not isinstance(text, str) or not whole or len(places) > 2:
        raise TemplateError("error calling slice: can't slice that")
    raw = text.encode()
    begin, end = (places[0] if places else 0), (places[1] if len(places) > 1 else len(raw))
    if not 0 <= begin <= end <= len(raw):
        raise TemplateError("error calling slice: index out of range")
    return raw[begin:end].decode(errors="replace")


def _len(arguments: list[object]) -> int:
    if not isinstance(arguments[0], str | Mapping):
        raise TemplateError(f"error calling len: len of type {type_name(arguments[0])}")
    return len(arguments[0].encode()) if isinstance(arguments[0], str) else len(arguments[0])


def _kinds(arguments: list[object], allowed: tuple[type, ...]) -> None:
    if len({type(one) for one in arguments}) != 1 or type(arguments[0]) not in allowed:
        raise TemplateError("incompatible types for comparison")


def _eq(arguments: list[object]) -> bool:
    for other in arguments[1:]:
        if arguments[0] is not None and other is not None:
            _kinds([arguments[0], other], (str, int, float, bool))
        if arguments[0] == other:
            return True
    return False


def _ne(arguments: list[object]) -> bool:
    return not _eq(arguments)


def _ordered(holds: Callable[[Any, object], bool]) -> Callable[[list[object]], bool]:
    def compare(arguments: list[object]) -> bool:
        _kinds(arguments, (str, int, float))
        return holds(*arguments)

    return compare


def never(arguments: list[object]) -> object:
    raise TemplateError("error calling call: no value here is a function")


FUNCTIONS: Mapping[str, tuple[int, int | None, Callable[[list[object]], object]]] = {
    "join": (1, None, _join),
    "and": (1, None, never),
    "or": (1, None, never),
    "not": (1, 1, lambda arguments: not truth(arguments[0])),
    "call": (0, None, never),
    "html": (0, None, _print),
    "js": (0, None, _print),
    "urlquery": (0, None, _print),
    "print": (0, None, _print),
    "println": (0, None, lambda arguments: " ".join(map(shown, arguments)) + "\n"),
    "printf": (1, None, _printf),
    "index": (1, None, _index),
    "slice": (1, None, _slice),
    "len": (1, 1, _len),
    "eq": (2, None, _eq),
    "ne": (2, 2, _ne),
    "lt": (2, 2, _ordered(lambda a, b: a < b)),
    "le": (2, 2, _ordered(lambda a, b: a <= b)),
    "gt": (2, 2, _ordered(lambda a, b: a > b)),
    "ge": (2, 2, _ordered(lambda a, b: a >= b)),
}
"""Name → least and most arguments, and the function. ``and`` and ``or`` are the expansion's own."""
