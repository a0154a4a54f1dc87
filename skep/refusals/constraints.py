"""Placement constraints: what is one, and which nodes meet it. Source: ``manager/constraint`` of moby/swarmkit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from skep.refusals.addresses import go_address, go_network
from skep.refusals.rule import Context

NODE_LABELS = "node.labels."
ENGINE_LABELS = "engine.labels."
OPERATORS = ("==", "!=")
_FOLDED = "a-zA-Z\u017f\u212a"
"""Letters, and those that are one of them to Go without regard to case."""
_KEY = re.compile(rf"[{_FOLDED}_][{_FOLDED}0-9_.-]+")
_VALUE = re.compile(rf"[{_FOLDED}0-9:\-_\t\n\f\r .*()?+\[\]\\^$|/]+")


@dataclass(frozen=True, slots=True)
class Constraint:
    """A key, whether it is to be the value or not to be it, and the value."""

    key: str
    equal: bool
    value: str


def parse(text: str) -> Constraint:
    """Raises ``ValueError`` with what is wrong."""
    operator = next((one for one in OPERATORS if one in text), None)
    if operator is None:
        raise ValueError("has neither == nor !=")
    key, value = (part.strip() for part in text.split(operator, 1))
    if not _KEY.fullmatch(key):
        raise ValueError("key")
    if not _VALUE.fullmatch(value):
        raise ValueError("value")
    return Constraint(key, operator == "==", value)


def constraint(text: str, context: Context) -> str | None:
    """What Swarm refuses a constraint for."""
    try:
        parse(text)
    except ValueError as problem:
        key, _, value = re.sub("!=|==", "\0", text, count=1).partition("\0")
        shown = context.quote(text)
        if str(problem) == "value" and value.strip():
            quotes = " without quotes" if value.strip()[0] in "\"'" else ""
            return (
                f"the value {context.quote(value.strip())} is invalid to Swarm: write it{quotes} with letters, digits,"
                r" spaces and : - _ . * ( ) ? + [ ] \ ^ $ | / only"
            )
        if str(problem) == "key" and key.strip() and value:
            return (
                f"the key {context.quote(key.strip())} is invalid to Swarm: a letter or '_', then letters, digits, '-',"
                " '_' and '.'"
            )
        return f"must be a constraint such as node.role==manager, not {shown}"
    return None


def meets(text: str, node: Mapping[str, Any]) -> bool:
    """Whether a node (as ``/nodes`` lists it) meets ``KEY==VALUE`` or ``KEY!=VALUE``.

    Keys and values are compared without regard to case, names of labels with it. A key nobody knows is met by none,
    nor is ``node.ip`` beside what is neither an address nor a network.
    """
    operator = "==" if "==" in text else "!="
    key, _, value = (part.strip() for part in text.partition(operator))
    wanted = operator == "=="
    if key.casefold() == "node.ip":
        within = _within(str((node.get("Status") or {}).get("Addr") or ""), value)
        return within is not None and within == wanted
    found = _told(key, node)
    return found is not None and (found.casefold() == value.casefold()) == wanted


def _told(key: str, node: Mapping[str, Any]) -> str | None:
    """What a key other than ``node.ip`` is on the node, empty where it is not told; ``None``: no such key."""
    spec, description = node.get("Spec") or {}, node.get("Description") or {}
    platform = description.get("Platform") or {}
    folded = key.casefold()
    values = {
        "node.id": node.get("ID"),
        "node.hostname": description.get("Hostname"),
        "node.role": spec.get("Role"),
        "node.platform.os": platform.get("OS"),
        "node.platform.arch": platform.get("Architecture"),
    }
    if folded in values:
        return str(values[folded] or "")
    engine = description.get("Engine") or {}
    for prefix, labels in ((NODE_LABELS, spec.get("Labels")), (ENGINE_LABELS, engine.get("Labels"))):
        if folded.startswith(prefix) and len(key) > len(prefix):
            return str((labels or {}).get(key[len(prefix) :], ""))
    return None


def _within(address: str, wanted: str) -> bool | None:
    """Whether an address is the wanted one, or in the wanted network; ``None`` where that is neither."""
    own, one, network = go_address(address), go_address(wanted), go_network(wanted)
    if one is not None:
        return own == one
    if network is None:
        return None
    return own is not None and own.version == network.version and own in network
