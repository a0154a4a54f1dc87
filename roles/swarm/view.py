"""The swarm all hosts together show: one cluster, two, none, or one that cannot decide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from roles.swarm.state import LOCKED, PENDING, STOPPED, Node, State
from skep.model import Cluster
from skep.plan import Finding


@dataclass(frozen=True, slots=True)
class View:
    """The cluster as its managers tell it. ``told_by`` is the host whose word this is."""

    told_by: str
    state: State
    nodes: Mapping[str, Node]

    def node_of(self, state: State | None) -> Node | None:
        """The node a host is in this swarm."""
        return self.nodes.get(state.node_id) if state and state.node_id else None


def view(cluster: Cluster, observed: Mapping[str, State | None]) -> View | None:
    """What the managers of the inventory agree on, the leader's word first; ``None`` without such a manager."""
    told = [
        (name, state)
        for host in cluster.hosts
        for name, state in [(host.name, observed.get(host.name))]
        if state and state.nodes is not None
    ]
    if not told:
        return None
    name, state = max(told, key=lambda item: _leads(item[1]))
    return View(name, state, {node.id: node for node in state.nodes or ()})


def _leads(state: State) -> bool:
    return any(node.leader and node.id == state.node_id for node in state.nodes or ())


def refusals(cluster: Cluster, observed: Mapping[str, State | None], seen: View | None) -> Iterator[Finding]:
    """Every reason not to touch the swarm: split brain, foreign swarms, lost quorum, unasked managers."""
    swarms = {name: s.cluster_id for name, s in observed.items() if s and s.cluster_id}
    if len(set(swarms.values())) > 1:
        told = ", ".join(f"{name} in {(cid or '')[:12]}" for name, cid in sorted(swarms.items()))
        yield _error(
            None,
            f"the hosts are in {len(set(swarms.values()))} different swarms: {told}",
            "decide which one is right; on each host of the other run: docker swarm leave --force",
        )
        return
    stopped = [name for name, state in observed.items() if state and state.node_state == STOPPED]
    if seen is None and stopped:
        yield Finding(
            "warning",
            "is a node whose engine is stopped: the swarm is looked at once it runs",
            host=", ".join(stopped),
            role="swarm",
        )
        return
    silent = [host.name for host in cluster.managers if host.name not in observed]
    active = [state for state in observed.values() if state and state.node_state == "active"]
    headless = seen is None and (bool(silent) or any(state.manager for state in active))
    for name, state in observed.items():
        if headless and state and state.node_state == "active" and not state.manager:
            continue
        yield from _host_refusal(name, state, seen)
    if seen is None and silent:
        yield _error(
            ", ".join(silent),
            "cannot be asked, so nobody knows whether a swarm exists already",
            "no swarm is initialised before every manager of the inventory has answered: bring it"
            " back, or take it out of the inventory",
        )


def _host_refusal(name: str, state: State | None, seen: View | None) -> Iterator[Finding]:
    if state is None or state.node_state == "inactive":
        return
    if state.node_state == PENDING:
        if seen is None:
            yield _error(
                name,
                "its engine still looks for its swarm, and no manager of the inventory answers for it",
                f"run the same command again in a moment, for its managers may be on their way; if it stays: on {name}"
                " look at journalctl -u docker; if its place there may be given up: docker swarm leave --force",
            )
    elif state.node_state == LOCKED and seen is None:
        yield _error(
            name,
            "its swarm state is locked, and no manager of the inventory can tell the key",
            f"on {name} run: docker swarm unlock; it asks for the key, which any manager that is not locked tells:"
            " docker swarm unlock-key -q. Then run the same command again",
        )
    elif state.node_state not in ("active", LOCKED, STOPPED):
        yield _error(
            name,
            f"its engine reports the swarm state {state.node_state}: {state.error or 'no reason told'}",
            f"look at: journalctl -u docker on {name}; if the node may be given up: docker swarm leave",
        )
    elif state.node_state == "active" and state.manager and state.nodes is None:
        yield _error(
            name,
            f"is a manager of a swarm without a quorum: {state.error or 'its node list is not told'}",
            "run it again in a moment, for a new leader may be on its way; else bring the other managers back; only if"
            " they are lost for good: docker swarm init --force-new-cluster on one survivor",
        )
    elif seen is None:
        yield _error(
            name,
            "is in a swarm that no manager of this inventory leads",
            f"if that swarm may be given up, run on {name}: docker swarm leave --force",
        )
    elif seen.node_of(state) is None:
        yield _error(
            name,
            f"is in another swarm than {seen.told_by}, or was removed from this one",
            f"if its place there may be given up, run on {name}: docker swarm leave --force",
        )


def stays(observed: Mapping[str, State | None], seen: View | None) -> Iterator[Finding]:
    """Hosts that cannot, or must not, be told to leave: their engine is stopped, or they are in another swarm."""
    for name, state in observed.items():
        if state is None or state.node_state == "inactive":
            continue
        if state.node_state == STOPPED:
            yield _error(name, "is a node whose engine is stopped", f"on {name} run: systemctl start docker")
        elif seen and seen.node_of(state) is None:
            yield from _host_refusal(name, state, seen)


def _error(host: str | None, text: str, next_action: str) -> Finding:
    return Finding("error", text, host=host, role="swarm", next_action=next_action)
