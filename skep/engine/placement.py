"""Which nodes a global service is meant for, decided as the managers do.

Source: swarmkit ``manager/constraint``, ``manager/scheduler/filter.go`` and the global orchestrators: no task is made
for a node that does not meet the constraints, is drained, paused or not ready; one for a node of another platform is
made and stays pending for ever.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

ALIASES = {"x86_64": "amd64", "aarch64": "arm64"}


def is_ready(node: Mapping[str, Any]) -> bool:
    """The managers hear from it."""
    return bool(node["Status"]["State"] == "ready")


def is_meant(service: Mapping[str, Any], node: Mapping[str, Any]) -> bool:
    """A global service is to have a task on this node now."""
    placement = service["Spec"]["TaskTemplate"].get("Placement") or {}
    return (
        is_ready(node)
        and node["Spec"]["Availability"] == "active"
        and all(_meets(constraint, node) for constraint in placement.get("Constraints") or [])
        and _runs_on(placement.get("Platforms") or [], node)
    )


def _meets(constraint: str, node: Mapping[str, Any]) -> bool:
    wanted = "==" in constraint
    key, _, value = constraint.partition("==" if wanted else "!=")
    key, value = key.strip(), value.strip()
    if key.lower() == "node.ip":
        return _address(value, node["Status"].get("Addr", "")) is wanted
    found = _told(key, node)
    return found is not None and (found.lower() == value.lower()) is wanted


def _told(key: str, node: Mapping[str, Any]) -> str | None:
    """What the node says under a constraint's key; ``None`` for a key that Swarm does not know."""
    spec, description = node["Spec"], node.get("Description") or {}
    platform, engine = description.get("Platform") or {}, description.get("Engine") or {}
    plain = {
        "node.id": node["ID"],
        "node.hostname": description.get("Hostname", ""),
        "node.role": spec["Role"],
        "node.platform.os": platform.get("OS", ""),
        "node.platform.arch": platform.get("Architecture", ""),
    }
    for prefix, labels in (("node.labels.", spec.get("Labels")), ("engine.labels.", engine.get("Labels"))):
        if key.lower().startswith(prefix):
            return str((labels or {}).get(key[len(prefix) :], ""))
    found = plain.get(key.lower())
    return None if found is None else str(found)


def _address(wanted: str, address: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(address) in ipaddress.ip_network(wanted, strict=False)
    return False


def _runs_on(platforms: list[Mapping[str, Any]], node: Mapping[str, Any]) -> bool:
    own = (node.get("Description") or {}).get("Platform") or {}
    system, machine = own.get("OS", ""), own.get("Architecture", "")
    return not platforms or any(
        one.get("OS", "") in ("", system)
        and ALIASES.get(one.get("Architecture", ""), one.get("Architecture", "")) in ("", ALIASES.get(machine, machine))
        for one in platforms
    )
