"""Which node a host is, was, or is about to become, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping

from roles.swarm.state import LOCKED, PENDING, STOPPED, Node, State
from roles.swarm.view import View
from skep.model import Cluster, Host, canonical, is_ip
from skep.plan import Ref

Observed = Mapping[str, State | None]


def advertise(host: Host) -> str | None:
    """What ``--advertise-addr`` gets: the inventory's word, else the host's address where that is an IP."""
    if host.advertise:
        return canonical(host.advertise)
    return canonical(host.address) if is_ip(host.address) else None


def is_pending(state: State | None) -> bool:
    """Whether its engine still looks for the managers."""
    return state is not None and state.node_state == PENDING


def settled(state: State | None) -> bool:
    """Whether its own running engine said which node it is, or that it is none: the only evidence there is."""
    return state is not None and (
        state.node_state == "inactive" or (state.node_state == "active" and bool(state.node_id))
    )


def is_node(state: State | None, node: Node) -> bool:
    """Whether a host is that node by its own word."""
    return state is not None and state.node_id == node.id


def expelled(state: State | None, swarm: View | None) -> bool:
    """Whether its engine takes it for a node of this swarm that the managers have removed: it is let in no more."""
    if state is None or swarm is None or state.node_state not in ("active", "error", LOCKED, PENDING):
        return False
    known = state.node_id is not None and state.node_id in swarm.nodes
    return bool(state.node_id) and not known and state.cluster_id == swarm.state.cluster_id


def stranded(state: State | None) -> bool:
    """Whether its first join came to no end: it waits for managers it does not reach, and never became a node."""
    return state is not None and state.never and state.node_state in (PENDING, "error")


def elsewhere(state: State) -> bool:
    """Whether its engine advertises an address that its host has no more."""
    present = {canonical(address) for address in state.addresses}
    return bool(state.address and present) and canonical(state.address) not in present


def moved(state: State | None, node: Node | None) -> bool:
    """Whether a node that the managers cannot reach advertises an address that its host has no more: Swarm keeps
    the address of a node for good."""
    if state is None or node is None:
        return False
    lost = node.state == "down" or node.reachability == "unreachable"
    return lost and state.node_state in ("active", PENDING, "error") and elsewhere(state)


def changeable(state: State | None, node: Node) -> bool:
    """Whether a node's role can be decided upon: its engine runs, and the managers can reach it where it is."""
    return state is not None and state.node_state != STOPPED and not moved(state, node)


def joins(name: str, cluster: Cluster, observed: Observed, swarm: View | None) -> bool:
    """Whether a host that answered is to join now: it is in no swarm, or its place there can be given up.

    A host without an engine joins only where no node can be it: what its disks hold is not known before one runs.
    """
    state = observed[name]
    if state is None:
        return swarm is None or not unsure(cluster.host(name), observed, swarm)
    return state.node_state == "inactive" or expelled(state, swarm) or stranded(state)


def unsure(host: Host, observed: Observed, swarm: View) -> list[Node]:
    """Nodes that a host may be whose engine does not run: by name or address, and no other host is them."""
    state = observed[host.name]
    if state is not None and state.node_state != STOPPED:
        return []
    ids = {state.node_id for state in observed.values() if state}
    return [node for node in swarm.nodes.values() if node.id not in ids and same_host(node, host)]


def node_ref(name: str, cluster: Cluster, observed: Observed, swarm: View | None) -> str | Ref:
    """The host's node ID, late if it has not joined yet."""
    state = observed[name]
    known = state.node_id if state and not joins(name, cluster, observed, swarm) else None
    return known or Ref(f"node-id@{name}")


def may_be_a_manager(host: Host, observed: Observed, swarm: View) -> bool:
    """Whether a host whose engine does not run may be a manager, and nobody can tell yet."""
    state = observed[host.name]
    stopped = state is not None and state.node_state == STOPPED and state.node_id is None
    return stopped or any(node.role == "manager" for node in unsure(host, observed, swarm))


def same_host(node: Node, host: Host) -> bool:
    """By name or by address."""
    return node.hostname == host.name or same_address(node, host)


def same_address(node: Node, host: Host) -> bool:
    """Whether a node is at the host's address, however that is written."""
    return bool(node.address) and canonical(node.address) in (advertise(host), canonical(host.address))
