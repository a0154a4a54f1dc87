"""Which nodes a service's tasks may run on, decided as the managers do.

Source: swarmkit ``manager/constraint``, ``manager/scheduler/filter.go`` and the global orchestrators: no task is made
for a node that does not meet the constraints, is drained, paused or not ready; one for a node of another platform is
made and stays pending for ever.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Raw = Mapping[str, Any]

ALIASES = {"x86_64": "amd64", "aarch64": "arm64"}
NODE_LABELS = "node.labels."
ENGINE_LABELS = "engine.labels."


def meets(constraint: str, node: Raw) -> bool:
    """Whether a node (as ``/nodes`` lists it) meets ``KEY==VALUE`` or ``KEY!=VALUE``.

    Keys and values are compared without regard to case, names of labels with it. A key nobody knows is met by none.
    """
    operator = "==" if "==" in constraint else "!="
    key, _, value = (part.strip() for part in constraint.partition(operator))
    wanted = operator == "=="
    if key.casefold() == "node.ip":
        within = _within((node.get("Status") or {}).get("Addr", ""), value)
        return within is not None and within == wanted
    found = _value(key, node)
    return found is not None and (found.casefold() == value.casefold()) == wanted


def fitting(constraints: Iterable[str], nodes: Iterable[Raw]) -> list[Raw]:
    """The nodes that meet all of them."""
    wanted = list(constraints)
    return [node for node in nodes if all(meets(constraint, node) for constraint in wanted)]


def taking_tasks(nodes: Iterable[Raw]) -> list[Raw]:
    """The nodes that are active and not down."""
    return [
        node
        for node in nodes
        if (node.get("Spec") or {}).get("Availability", "active") == "active"
        and (node.get("Status") or {}).get("State", "ready") != "down"
    ]


def is_ready(node: Raw) -> bool:
    """The managers hear from it."""
    return bool(node["Status"]["State"] == "ready")


def is_meant(spec: Raw, node: Raw) -> bool:
    """A global service of that ServiceSpec is to have a task on this node now."""
    active = (node.get("Spec") or {}).get("Availability", "active") == "active"
    return is_ready(node) and active and bool(fitting(constraints_of(spec), [node])) and runs_on(spec, node)


def runs_on(spec: Raw, node: Raw) -> bool:
    """The node has one of the platforms that the service's image is for, as far as they are known."""
    platforms = (spec["TaskTemplate"].get("Placement") or {}).get("Platforms") or ()
    own = (node.get("Description") or {}).get("Platform") or {}
    system, machine = own.get("OS", ""), own.get("Architecture", "")
    return not platforms or any(
        one.get("OS", "") in ("", system)
        and ALIASES.get(one.get("Architecture", ""), one.get("Architecture", "")) in ("", ALIASES.get(machine, machine))
        for one in platforms
    )


def constraints_of(spec: Raw) -> Sequence[str]:
    """The constraints of a ServiceSpec."""
    return list((spec["TaskTemplate"].get("Placement") or {}).get("Constraints") or ())


def _value(key: str, node: Raw) -> str | None:
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
    for prefix, labels in (
        (NODE_LABELS, spec.get("Labels")),
        (ENGINE_LABELS, (description.get("Engine") or {}).get("Labels")),
    ):
        if folded.startswith(prefix) and len(key) > len(prefix):
            return str((labels or {}).get(key[len(prefix) :], ""))
    return None


def _within(address: str, wanted: str) -> bool | None:
    """Whether an address is the wanted one, or in the wanted subnet; ``None`` where that is neither."""
    try:
        subnet = ipaddress.ip_network(wanted, strict=False)
    except ValueError:
        return None
    try:
        return ipaddress.ip_address(address) in subnet
    except ValueError:
        return False
