"""Data -> the schema's objects, with every mistake said in an operator's words.

What is wrong is reported, taken out, and the rest is looked at again, so that later checks see all that is right.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from skep.inventory.findings import Findings, KeyPath
from skep.inventory.scalars import Scalar
from skep.inventory.schema import InventoryFile
from skep.inventory.wording import quoted

_KIND_WORDS = {
    "model_type": "must be a mapping (key: value)",
    "model_attributes_type": "must be a mapping (key: value)",
    "dict_type": "must be a mapping (key: value)",
    "list_type": "must be a list",
}
_ROUNDS = 6


def shaped(data: dict[str, Any], findings: Findings) -> InventoryFile:
    """The data as schema objects, without what had to be reported."""
    try:
        return InventoryFile.model_validate(data)
    except ValidationError as first:
        errors = first.errors(include_url=False)
        for error in errors:
            _report(error, data, findings)
    for _ in range(_ROUNDS):
        _remove(data, errors)
        try:
            return InventoryFile.model_validate(data)
        except ValidationError as again:
            errors = again.errors(include_url=False)
    return InventoryFile.model_validate({})


def _remove(data: dict[str, Any], errors: list[ErrorDetails]) -> None:
    for error in errors:
        path = error["loc"]
        if error["type"] == "missing":
            path = path[:-1]
        indexes = [position for position, part in enumerate(path) if isinstance(part, int)]
        path = path[: indexes[0]] if indexes else path
        target: Any = data
        for part in path[:-1]:
            target = target.get(part) if isinstance(target, dict) else None
        if isinstance(target, dict) and path:
            target.pop(path[-1], None)


def _report(error: ErrorDetails, data: dict[str, Any], findings: Findings) -> None:
    path = error["loc"]
    given = error.get("input")
    if isinstance(given, Scalar) and given.failed:
        return
    kind = error["type"]
    if kind == "extra_forbidden":
        findings.error(path, f"unknown key{_meant(path, data, findings)}", broken=True)
    elif kind == "missing":
        findings.error(path, "is missing", broken=True)
    elif kind == "wrong":
        context = error["ctx"]
        message = _wrong(context["must"], given, context["shown"]) + context.get("hint", "")
        findings.error(path, message, broken=True)
    else:
        findings.error(path, _wrong(_KIND_WORDS.get(kind, error["msg"]), given, True), broken=True)


def _meant(path: KeyPath, data: dict[str, Any], findings: Findings) -> str:
    """What an unknown key may have been meant for. That key is then not missed any more."""
    known = _known_keys(path[:-1])
    near = findings.nearest(str(path[-1]), known)
    if near is None:
        return f" (known here: {', '.join(known)})" if known else ""
    beside: Any = data
    for part in path[:-1]:
        beside = beside[part]
    if near not in beside:
        findings.give_up((*path[:-1], near))
    return f" (did you mean '{near}'?)"


def _wrong(must: str, given: Any, show: bool) -> str:
    if not show:
        return must
    if given is None:
        return f"has no value: {must}"
    return f"{must}, not {described(given, must)}"


def described(given: Any, must: str = "") -> str:
    """A value for a message. One that came from a reference is named by the reference, never shown."""
    if isinstance(given, dict):
        return "a mapping"
    if isinstance(given, list):
        return "a list"
    if isinstance(given, Scalar) and given.origin is not None:
        return f"what {quoted(given.origin)} gives"
    if "mapping" in must or "list" in must:
        return "a single value"
    return quoted(str(given))


@cache
def _schema() -> dict[str, Any]:
    return InventoryFile.model_json_schema()


def _known_keys(path: KeyPath) -> list[str]:
    """The keys the schema knows at a place."""
    schema = _schema()
    at: dict[str, Any] = schema
    for part in path:
        at = _resolved(at, schema)
        inside = at.get("properties", {}).get(part, at.get("additionalProperties"))
        if not isinstance(inside, dict):
            return []
        at = inside
    return [*_resolved(at, schema).get("properties", {})]


def _resolved(at: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    name = str(at.get("$ref", "")).rpartition("/")[2]
    return schema["$defs"][name] if name else at
