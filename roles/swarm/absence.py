"""Nodes that are there and that the managers do not count on: locked, or not heard from."""

from __future__ import annotations

from collections.abc import Iterator

from roles.swarm.identity import Observed
from roles.swarm.state import LOCKED
from roles.swarm.view import View
from skep.model import Cluster
from skep.plan import Step, Wait
from skep.rolling import unheard as not_heard
from skep.rolling import unlock


def unlocks(cluster: Cluster, observed: Observed, seen: View | None) -> Iterator[Step]:
    """Managers that came back locked from a restart, where another one can tell the key."""
    for host in cluster.hosts if seen else ():
        state = observed.get(host.name)
        if state and state.node_state == LOCKED:
            yield unlock(unlock_id(host.name), host.name, needs=(f"engine@{host.name}", f"daemon@{host.name}"))


def unheard(cluster: Cluster, observed: Observed, seen: View | None) -> Iterator[Step]:
    """Hosts whose engine runs as a node that the managers do not see: after a leader was lost, for example.

    A new leader that has just not heard of a node yet (``unknown``) needs no step: it will in a moment.
    """
    for host in cluster.hosts if seen else ():
        state = observed.get(host.name)
        node = seen.node_of(state) if seen else None
        if state is None or node is None or state.node_state not in ("active", LOCKED) or node.role != host.role:
            continue
        locked, down = state.node_state == LOCKED, node.state == "down"
        if not (locked or down or node.reachability == "unreachable"):
            continue
        told = node.state if down else node.reachability
        yield Wait(
            id=f"swarm/heard@{host.name}",
            title="wait until Ready" + (" and Reachable" if host.role == "manager" else ""),
            cause="it was locked" if locked else f"its engine runs, and is {told} in the managers' eyes",
            condition="node_ready",
            arguments={"node": node.id},
            otherwise=not_heard(host.name),
            needs=(unlock_id(host.name),),
            after=(f"engine@{host.name}", f"daemon@{host.name}"),
        )


def unlock_id(name: str) -> str:
    """The step that unlocks a manager."""
    return f"swarm/unlock@{name}"
