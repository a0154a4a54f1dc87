"""Which node a host is, was, or is about to become."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

from roles.swarm.state import PENDING, Node, State
from skep.model import Host
from skep.plan import Ref

Observed = Mapping[str, State | None]


def advertise(host: Host) -> str | None:
    """What ``--advertise-addr`` gets: the inventory's word, else the host's address where that is an IP."""
    if host.advertise:
        return host.advertise
    try:
        return str(ipaddress.ip_address(host.address))
    except ValueError:
        return None


def outside(name: str, observed: Observed) -> bool:
    """Whether a host that answered is not, or not yet fully, in a swarm."""
    state = observed[name]
    return state is None or state.node_state == "inactive" or is_pending(state)


def is_pending(state: State | None) -> bool:
    """Whether its engine still looks for the managers."""
    return state is not None and state.node_state == PENDING


def node_ref(name: str, observed: Observed) -> str | Ref:
    """The host's node ID, late if it has not joined yet."""
    state = observed[name]
    return state.node_id if state and state.node_id else Ref(f"node-id@{name}")


def same_host(node: Node, host: Host) -> bool:
    """By name or by address."""
    return node.hostname == host.name or _same_address(node, host)


def _same_address(node: Node, host: Host) -> bool:
    return node.address in (advertise(host), host.address)


def was(node: Node, host: Host) -> bool:
    """By address, or by name where nothing alive answers to it."""
    return _same_address(node, host) or (node.hostname == host.name and node.state != "ready")
