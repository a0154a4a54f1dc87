"""The nodes of a swarm: which one is meant, its Spec changed, and its removal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from skep.engine.refused import gone, retry
from skep.engine.transport import EngineClient
from skep.swarm.objects import Node


def node_update(api: EngineClient, *, node: str, spec: Mapping[str, object], drop_labels: list[str]) -> None:
    """Merge ``spec`` into a node's Spec and drop labels. ``node`` is an ID or a unique host name."""

    def change() -> None:
        found = find_node(api, node)
        desired = merge(found["Spec"], spec)
        for label in drop_labels:
            desired.get("Labels", {}).pop(label, None)
        api.write(f"/nodes/{found['ID']}/update", desired, version=found["Version"]["Index"])

    retry(api, change)


def node_remove(api: EngineClient, *, node: str) -> None:
    """Forget a node that is Down; retried while the managers still take it for one of theirs."""

    def remove() -> None:
        gone(api.remove_node, node)

    retry(api, remove, lambda error: error.status_code in (400, 500), seconds=20, every=0.5)


def find_node(api: EngineClient, node: str) -> Node:
    """The node with that ID, or the only one with that host name that is not a Down twin."""
    nodes: list[Node] = api.nodes()
    found = [n for n in nodes if node in (n["ID"], n["Description"].get("Hostname"))]
    alive = [n for n in found if n["Status"]["State"] != "down"] or found
    if len(alive) != 1:
        raise LookupError(f"{len(alive)} nodes are called {node}")
    return alive[0]


def merge(base: Mapping[str, object], change: Mapping[str, object]) -> dict[str, Any]:
    """``base`` with ``change`` put in, at every depth."""
    result = dict(base)
    for key, value in change.items():
        old = result.get(key)
        result[key] = merge(old, value) if isinstance(value, Mapping) and isinstance(old, Mapping) else value
    return result
