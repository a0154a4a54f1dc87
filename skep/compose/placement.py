"""Which nodes a service's tasks may run on, decided as the managers do.

Source: swarmkit ``manager/constraint``, ``manager/scheduler/filter.go`` and the global orchestrators: no task is made
for a node that does not meet the constraints, is drained, paused or not ready; one for a node of another platform is
made and stays pending for ever.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from skep.refusals.constraints import meets

__all__ = ["constraints_of", "fitting", "is_meant", "is_ready", "meets", "runs_on", "taking_tasks"]

Raw = Mapping[str, Any]

ALIASES = {"x86_64": "amd64", "aarch64": "arm64"}


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
