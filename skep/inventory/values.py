"""Types of single values: each checks what was written, says in plain words what it must be, and shows in
the JSON Schema as what an editor should offer."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from skep.inventory.scalars import Scalar, kept
from skep.inventory.wording import did_you_mean, either
from skep.model import Secret

REFERENCE_PATTERN = r"\$\{"
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
LONGEST = 100 * 365 * 86400.0
_DURATION = re.compile(r"([0-9]+[smhdw])+")
_DURATION_PART = re.compile(r"([0-9]+)([smhdw])")
_ONE_REFERENCE = {"type": "string", "pattern": REFERENCE_PATTERN, "description": "a reference"}


def wrong(must: str, *, shown: bool = True) -> PydanticCustomError:
    """A refusal. ``must`` says what the value must be; unless ``shown`` is off, what it is gets appended."""
    return PydanticCustomError("wrong", "{must}", {"must": must, "shown": shown})


def typed(value: Any) -> Any:
    """What a scalar means; other values as they are."""
    return value.value if isinstance(value, Scalar) else value


def _text(value: Any) -> Any:
    if not isinstance(value, str):
        raise wrong("must be text")
    return str(value)


def _flag(value: Any) -> Any:
    if not isinstance(typed(value), bool):
        raise wrong("must be true or false, without quotes", shown=value is None or isinstance(value, dict | list))
    return typed(value)


def whole(low: int, high: int | None = None) -> Callable[[Any], int]:
    """A check for whole numbers in a range."""
    span = "a whole number" + (f" from {low} to {high}" if high is not None else f" of at least {low}")

    def check(value: Any) -> int:
        number = typed(value)
        if not isinstance(number, int) or isinstance(number, bool):
            raise wrong(f"must be {span}")
        if number < low or (high is not None and number > high):
            raise wrong(f"must be {span}")
        return number

    return check


def _any_whole(value: Any) -> int:
    number = typed(value)
    if not isinstance(number, int) or isinstance(number, bool):
        raise wrong("must be a whole number")
    return number


def _number(low: int, high: int | None = None) -> tuple[BeforeValidator, WithJsonSchema]:
    schema: dict[str, Any] = {"type": "integer", "minimum": low}
    if high is not None:
        schema["maximum"] = high
    return BeforeValidator(whole(low, high)), or_reference(schema)


def one_of(*options: str) -> BeforeValidator:
    """A check for one of a few words."""

    def check(value: Any) -> str:
        if isinstance(value, str) and value in options:
            return str(value)
        near = did_you_mean(value, options) if isinstance(value, str) and not _is_referenced(value) else ""
        raise PydanticCustomError(
            "wrong", "{must}", {"must": f"must be {either(options)}", "shown": True, "hint": near}
        )

    return BeforeValidator(check)


def or_reference(schema: dict[str, Any]) -> WithJsonSchema:
    """The JSON Schema of a value that may also be written as a reference."""
    return WithJsonSchema({"anyOf": [schema, _ONE_REFERENCE]})


def _is_referenced(value: str) -> bool:
    return isinstance(value, Scalar) and value.origin is not None


def seconds(value: Any) -> float:
    """Seconds of a duration: ``90d``, ``2160h``, ``1h30m``, or a bare number of seconds."""
    given = typed(value)
    total = -1.0
    if isinstance(given, int | float) and not isinstance(given, bool):
        total = float(given)
    if isinstance(given, str) and len(given) <= 40 and _DURATION.fullmatch(given):
        total = float(sum(int(count) * _UNITS[unit] for count, unit in _DURATION_PART.findall(given)))
    if 0 <= total <= LONGEST:
        return total
    raise wrong("must be a duration such as 30s, 5m, 2160h or 90d")


def _secret(value: Any) -> Secret:
    if not isinstance(value, Scalar) or not value.pure:
        raise wrong("must be a reference, ${env:NAME} or ${file:path}, never the value itself", shown=False)
    if not value:
        raise wrong("the reference gives an empty value", shown=False)
    return Secret(str(value))


def _text_or_secret(value: Any) -> str | Secret:
    if not isinstance(value, str):
        raise wrong("must be text")
    return Secret(str(value)) if _is_referenced(value) else str(value)


def _hidden_text(value: Any) -> str:
    """Text; where it came from a reference, still the scalar that says so."""
    if not isinstance(value, str):
        raise wrong("must be text")
    return value if _is_referenced(value) else str(value)


def _public_text(value: Any) -> Any:
    if isinstance(value, Scalar) and value.origin is not None and not value.failed:
        raise wrong("must be written as itself, not as a reference: Docker shows it to everybody who asks", shown=False)
    return _text(value)


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else _empty_list(value)


def _empty_list(value: Any) -> Any:
    return [] if value is None else value


def _empty_mapping(value: Any) -> Any:
    return {} if value is None else value


Text = Annotated[str, BeforeValidator(_text), WithJsonSchema({"type": "string"})]
"""Text exactly as written: 20.10 stays 20.10, yes stays yes."""

Written = Annotated[str, BeforeValidator(_text), WithJsonSchema({"type": ["string", "number", "boolean"]})]
"""Like ``Text``; editors also take an unquoted number or boolean."""

Flag = Annotated[bool, BeforeValidator(_flag), or_reference({"type": "boolean"})]
Count = Annotated[int, *_number(0)]
Port = Annotated[int, *_number(1, 65535)]
DataPathPort = Annotated[int, *_number(1024, 49151)]
Retries = Annotated[int, *_number(0, 20)]
SubnetSize = Annotated[int, *_number(1, 29)]
Number = Annotated[int, BeforeValidator(_any_whole), or_reference({"type": "integer"})]

Role = Annotated[
    Literal["manager", "worker"],
    one_of("manager", "worker"),
    or_reference({"enum": ["manager", "worker"]}),
]
Availability = Annotated[
    Literal["active", "pause", "drain"],
    one_of("active", "pause", "drain"),
    or_reference({"enum": ["active", "pause", "drain"]}),
]
HostKeys = Annotated[
    Literal["strict", "accept-new"],
    one_of("strict", "accept-new"),
    or_reference({"enum": ["strict", "accept-new"]}),
]
EngineSource = Annotated[Literal["distribution"], one_of("distribution"), or_reference({"enum": ["distribution"]})]

Duration = Annotated[
    float,
    BeforeValidator(seconds),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0},
                {"type": "string", "pattern": rf"^([0-9]+[smhdw])+$|{REFERENCE_PATTERN}"},
            ]
        }
    ),
]
"""Seconds."""

SecretText = Annotated[
    Any,
    PlainValidator(_secret),
    WithJsonSchema({"type": "string", "pattern": r"^\$\{(env:[A-Za-z_][A-Za-z0-9_]*|file:[^{}]+)\}$"}),
]
"""A ``model.Secret``; only ever a reference in the file."""

Variable = Annotated[Any, PlainValidator(_text_or_secret), WithJsonSchema({"type": ["string", "number", "boolean"]})]
"""Text, or a ``model.Secret`` where it came from a reference."""

Anything = Annotated[Any, BeforeValidator(kept)]

HiddenText = Annotated[Any, PlainValidator(_hidden_text), WithJsonSchema({"type": "string"})]
"""Text that becomes a ``model.Secret`` where it came from a reference."""

PublicText = Annotated[str, BeforeValidator(_public_text), WithJsonSchema({"type": "string"})]
"""Text that Docker shows to everybody, so that a reference, which may be a secret, is refused."""

Texts = Annotated[list[Text], BeforeValidator(_empty_list)]
OneOrMore = Annotated[
    list[Text],
    BeforeValidator(_listed),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
"""One text, or a list of them."""

HiddenTexts = Annotated[list[HiddenText], BeforeValidator(_empty_list)]
PublicTexts = Annotated[list[PublicText], BeforeValidator(_empty_list)]
_HiddenWritten = Annotated[Any, PlainValidator(_hidden_text), WithJsonSchema({"type": ["string", "number", "boolean"]})]
HiddenWrittenMap = Annotated[dict[str, _HiddenWritten], BeforeValidator(_empty_mapping)]
_PublicWritten = Annotated[
    str, BeforeValidator(_public_text), WithJsonSchema({"type": ["string", "number", "boolean"]})
]
PublicMap = Annotated[dict[str, _PublicWritten], BeforeValidator(_empty_mapping)]
WrittenMap = Annotated[dict[str, Written], BeforeValidator(_empty_mapping)]
Variables = Annotated[dict[str, Variable], BeforeValidator(_empty_mapping)]
EMPTY_MAPPING = BeforeValidator(_empty_mapping)
EMPTY_LIST = BeforeValidator(_empty_list)
