"""Services that can start their tasks elsewhere before a node is drained, and so never fall below their count."""

from __future__ import annotations

from collections.abc import Iterable

from skep.swarm.objects import Node
from skep.swarm.placement import is_meant
from skep.swarm.service import is_global, is_job, placement_of, replicas_of, rollout_of
from skep.swarm.spec import ServiceSpec


def interrupted(spec: ServiceSpec, nodes: Iterable[Node] | None = None) -> str:
    """Why a drain stops tasks of the service before others run in their place; empty where it does not have to, and for
    a service without tasks. ``nodes`` are all of the swarm, one of which is drained, whatever their availability is
    just now."""
    if is_job(spec):
        return "a job, which begins anew elsewhere"
    if is_global(spec):
        return "one task on each node"
    if not replicas_of(spec):
        return ""
    if rollout_of(spec).get("Order") != "start-first":
        return "its update_config has no order: start-first"
    ports = (spec.get("EndpointSpec") or {}).get("Ports") or ()
    if any(port.get("PublishMode") == "host" for port in ports):
        return "it publishes a port of its hosts"
    if nodes is not None and not _room(spec, sum(is_meant(spec, _active(node)) for node in nodes) - 1):
        return "its other nodes have no room for a task more"
    return ""


def moves(spec: ServiceSpec) -> bool:
    """Whether the service has tasks that are started elsewhere first."""
    return not (is_job(spec) or is_global(spec) or interrupted(spec)) and replicas_of(spec) > 0


def has_room(spec: ServiceSpec, nodes: Iterable[Node]) -> bool:
    """Whether these nodes may hold all tasks of the service and one more, as far as placement says it."""
    return _room(spec, sum(is_meant(spec, node) for node in nodes))


def _active(node: Node) -> Node:
    return {**node, "Spec": {**node["Spec"], "Availability": "active"}}


def _room(spec: ServiceSpec, places: int) -> bool:
    most = placement_of(spec).get("MaxReplicas") or 0
    return places > 0 and (not most or places * most > replicas_of(spec))
