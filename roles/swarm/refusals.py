"""What forbids to touch the swarm: copies, split brain, foreign swarms, lost quorum, managers that were not asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from roles.swarm.absence import again
from roles.swarm.identity import advertise, elsewhere, expelled, stranded
from roles.swarm.kinds import ENGINE_STOPPED
from roles.swarm.state import LOCKED, PENDING, STOPPED, State
from roles.swarm.view import View, leads
from skep.model import Cluster, canonical
from skep.plan import Finding, Step

AGAIN = "then run the same command again"


def refusals(cluster: Cluster, observed: Mapping[str, State | None], swarm: View | None) -> Iterator[Finding]:
    """Every reason not to touch the swarm, on any host."""
    found = [*copies(observed), *_copied(observed, swarm), *_swarms(observed, swarm), *_split(observed)]
    if found:
        yield from found
        return
    stopped = [name for name, state in observed.items() if state and state.node_state == STOPPED]
    if swarm is None and stopped:
        yield Finding(
            "warning",
            "its engine is stopped: the swarm is looked at once it runs",
            host=", ".join(stopped),
            role="swarm",
            kind=ENGINE_STOPPED,
        )
        return
    silent = [host.name for host in cluster.managers if host.name not in observed]
    active = {name: state for name, state in observed.items() if state and state.node_state == "active"}
    leaderless = [name for name, state in active.items() if swarm is None and state.manager]
    headless = swarm is None and bool(silent or leaderless)
    for name, state in observed.items():
        if headless and state and state.node_state == "active" and not state.manager:
            continue
        yield from host_refusal(cluster, name, state, swarm)
    if swarm is None and silent:
        yield _silent(cluster, silent, list(active), leaderless)


def _silent(cluster: Cluster, silent: Sequence[str], active: Sequence[str], leaderless: Sequence[str]) -> Finding:
    """Managers that do not answer, where no other knows the swarm: there may be one, or it is known that there is."""
    if not active:
        return _error(
            ", ".join(silent),
            "cannot be asked, so nobody knows whether a swarm exists already",
            "no swarm is initialised before every manager of the inventory has answered: see above why each does not",
        )
    lacks = f"the swarm of {leaderless[0]} has no quorum" if leaderless else f"nobody manages the swarm of {active[0]}"
    return _error(
        ", ".join(silent),
        f"cannot be asked, and without {'it' if len(silent) == 1 else 'them'} {lacks}",
        f"bring {'it' if len(silent) == 1 else 'them'} back: see above why {'it' if len(silent) == 1 else 'each'} does"
        " not answer; nothing is changed before",
        unless=again(cluster.host(leaderless[0])) if leaderless else None,
    )


def copies(observed: Mapping[str, State | None]) -> Iterator[Finding]:
    """Hosts that are one and the same node: one of them was made from a copy of the other's disk."""
    hosts: dict[str, list[str]] = {}
    for name, state in observed.items():
        if state and state.node_id:
            hosts.setdefault(state.node_id, []).append(name)
    for node, names in hosts.items():
        if len(names) > 1:
            yield _error(
                ", ".join(names),
                f"are one and the same node {node}: the swarm state of one is a copy of the other's",
                "decide which one is the node; on each other one run: docker swarm leave --force; and give it a"
                f" machine-id of its own: rm /etc/machine-id && systemd-machine-id-setup; {AGAIN}",
            )


def _copied(observed: Mapping[str, State | None], swarm: View | None) -> Iterator[Finding]:
    """Hosts that take themselves for a node which the managers hear of from another machine, one that was not asked."""
    claimed = Counter(state.node_id for state in observed.values() if state)
    for name, state in observed.items():
        node = swarm.node_of(state) if swarm else None
        if state is None or node is None or node.state != "ready" or not (state.hostname and state.addresses):
            continue
        if claimed[node.id] > 1:
            continue  # copies of one in the inventory
        present = {canonical(address) for address in state.addresses}
        if node.hostname not in ("", state.hostname) and node.address and canonical(node.address) not in present:
            yield _error(
                name,
                f"takes itself for the node {node.id[:12]}, and that is {node.hostname} at {node.address}, which"
                f" answers the managers: the swarm state of {name} is a copy of it",
                f"run on {name}: docker swarm leave --force; and give it a machine-id of its own: rm /etc/machine-id &&"
                f" systemd-machine-id-setup; {AGAIN}",
            )


def _swarms(observed: Mapping[str, State | None], swarm: View | None) -> Iterator[Finding]:
    """Hosts in different swarms, by what their engines and certificates say."""
    swarms = {name: state.cluster_id for name, state in observed.items() if state and state.cluster_id}
    leading = {state.cluster_id for state in observed.values() if state and state.nodes is not None}
    if swarm is None or len(leading) > 1:
        if len(set(swarms.values())) > 1:
            places = ", ".join(f"{name} in {cluster[:12]}" for name, cluster in sorted(swarms.items()))
            yield _error(
                None,
                f"the hosts are in {len(set(swarms.values()))} different swarms: {places}",
                f"decide which one is right; on each host of the other run: docker swarm leave --force; {AGAIN}",
            )
        return
    for name, cluster in swarms.items():
        if cluster != swarm.state.cluster_id:
            yield _error(
                name,
                f"is in the swarm {cluster[:12]}, and {swarm.manager} manages the swarm"
                f" {(swarm.state.cluster_id or '')[:12]}",
                f"if its place there may be given up, run on {name}: docker swarm leave --force; {AGAIN}",
            )


def _split(observed: Mapping[str, State | None]) -> Iterator[Finding]:
    """Two leaders of one swarm with managers of their own, as ``--force-new-cluster`` on two survivors makes them."""
    swarms: dict[str | None, dict[str, frozenset[str]]] = {}
    for name, state in observed.items():
        if state and leads(state):
            managers = frozenset(node.id for node in state.nodes or () if node.role == "manager")
            swarms.setdefault(state.cluster_id, {})[name] = managers
    for leaders in swarms.values():
        if len(set(leaders.values())) > 1:
            yield _error(
                ", ".join(leaders),
                "each lead a swarm with other managers: one swarm was split in two",
                f"decide which one is right; on each host of the other run: docker swarm leave --force; {AGAIN}",
            )


def host_refusal(cluster: Cluster, name: str, state: State | None, swarm: View | None) -> Iterator[Finding]:
    """Why one host's place in a swarm forbids to go on."""
    if state is None or state.node_state in ("inactive", STOPPED):
        return
    if expelled(state, swarm) or (swarm and stranded(state)):
        return
    if state.node_state == PENDING:
        if swarm is None:
            yield _error(
                name,
                f"its engine still looks for its swarm, and no manager of the inventory answers for it{_where(state)}",
                f"run the same command again in a moment, for its managers may be on their way; if it stays: on {name}"
                " look at journalctl -u docker; if its place there may be given up: docker swarm leave --force",
                unless=again(cluster.host(name)),
            )
        elif swarm.node_of(state) is None:
            yield _stranger(name, swarm)
    elif state.node_state == LOCKED:
        if swarm is None:
            yield _error(
                name,
                "its swarm state is locked, and no manager of the inventory can tell the key",
                f"on {name} run: docker swarm unlock; it asks for the key, which any manager that is not locked shows:"
                f" docker swarm unlock-key -q. {AGAIN.capitalize()}",
            )
        elif state.node_id and swarm.node_of(state) is None:
            yield _stranger(name, swarm)
    elif state.node_state != "active":
        yield _error(
            name,
            f"its engine reports the swarm state {state.node_state}: {state.error or 'no reason given'}{_where(state)}",
            f"look at: journalctl -u docker on {name}; if the node may be given up: docker swarm leave --force",
        )
    elif state.manager and state.nodes is None:
        yield _untold(cluster, name, state, swarm)
    elif swarm is None:
        yield _error(
            name,
            "is in a swarm that no manager of this inventory leads",
            f"if that swarm may be given up, run on {name}: docker swarm leave --force",
        )
    elif swarm.node_of(state) is None:
        yield _stranger(name, swarm)


def _untold(cluster: Cluster, name: str, state: State, swarm: View | None) -> Finding:
    """Of a manager that lists no nodes: it is alone, or all are."""
    if swarm and swarm.node_of(state):
        return _error(
            name,
            f"is cut off from the other managers, which go on without it: {state.error or 'it gives no node list'}",
            f"open 2377/tcp, 7946/tcp and udp between it and {swarm.manager}; if they are: journalctl -u docker on"
            f" {name}. The swarm has its quorum: nothing is to be forced",
            unless=again(cluster.host(name)),
        )
    return _error(
        name,
        f"is a manager of a swarm without a quorum: {state.error or 'its node list is not known'}{_where(state)}",
        "run it again in a moment, for a new leader may be on its way; else bring the other managers back; only if"
        " they are lost for good: docker swarm init --force-new-cluster"
        f" --advertise-addr {advertise(cluster.host(name)) or 'ADDRESS'} on one survivor",
        unless=again(cluster.host(name)),
    )


def _stranger(name: str, swarm: View) -> Finding:
    return _error(
        name,
        f"is in another swarm than {swarm.manager}, or was removed from this one",
        f"if its place there may be given up, run on {name}: docker swarm leave --force; {AGAIN}",
    )


def _where(state: State) -> str:
    """That it advertises an address which its host has no more, where that is so."""
    if not elsewhere(state):
        return ""
    return (
        f"; it advertises {state.address}, which is no address of this host any more (it has"
        f" {', '.join(state.addresses)}): give it the old address again if you can"
    )


def stays(cluster: Cluster, observed: Mapping[str, State | None], swarm: View | None) -> Iterator[Finding]:
    """Hosts that cannot, or must not, be made to leave: their engine is stopped, or they are in another swarm."""
    strangers = list(_swarms(observed, swarm))
    yield from strangers
    for name, state in observed.items():
        if state is None or state.node_state == "inactive":
            continue
        if state.node_state == STOPPED:
            yield _error(
                name, "its engine is stopped, and it may be a node", f"on {name} run: systemctl start docker; {AGAIN}"
            )
        elif swarm and swarm.node_of(state) is None and not stranded(state) and not strangers:
            yield from host_refusal(cluster, name, state, swarm)


def _error(host: str | None, text: str, next_action: str, unless: Step | None = None) -> Finding:
    return Finding("error", text, host=host, role="swarm", next_action=next_action, unless=unless)
