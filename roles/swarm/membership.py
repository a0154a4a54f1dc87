"""Who is in the swarm and as what: init, join, promote, demote, and the Down twins of reinstalled hosts."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from roles.swarm.state import STOPPED, Node, State, wanted_fixed, wanted_spec
from roles.swarm.view import View
from skep.model import Cluster, Host
from skep.plan import Call, Finding, Ref, Step, Wait

Observed = Mapping[str, State | None]


def init(cluster: Cluster) -> Step:
    """Initialise on the first manager. Only planned when every manager has answered that it is in no swarm."""
    first = cluster.managers[0]
    fixed = wanted_fixed(cluster)
    arguments: dict[str, Any] = {
        "advertise": advertise(first),
        "address_pools": fixed.get("address-pools", []),
        "subnet_size": fixed.get("subnet-size"),
        "data_path_port": fixed.get("data-path-port"),
        "spec": wanted_spec(cluster),
    }
    return Call(
        id=f"swarm/init@{first.name}",
        host=first.name,
        title="initialise the swarm",
        cause="no manager of the inventory is in a swarm",
        operation="swarm_init",
        arguments=arguments,
        needs=(f"engine@{first.name}", f"daemon@{first.name}"),
    )


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
    return state is None or state.node_state in ("inactive", "pending")


def managers(cluster: Cluster, observed: Observed, seen: View | None) -> Iterator[Step]:
    """Joins and promotions in inventory order, each waiting until the one before is Reachable."""
    names = [host.name for host in cluster.managers if host.name in observed]
    gate: tuple[str, ...] = () if seen else (f"swarm/init@{names[0]}",)
    if seen is None:
        names = names[1:]
    for name in names:
        node = seen.node_of(observed[name]) if seen else None
        if node is not None and node.role == "manager":
            continue
        if outside(name, observed):
            yield _join(cluster, cluster.host(name), observed, seen, gate)
            change, identity = f"swarm/join@{name}", node_ref(name, observed)
        else:
            assert node is not None
            change, identity = f"swarm/promote@{name}", node.id
            yield Call(
                id=change,
                title="promote to manager",
                cause="is a worker",
                operation="node_update",
                arguments={"node": node.id, "spec": {"Role": "manager"}, "drop_labels": []},
                needs=(f"engine@{name}", f"daemon@{name}", *gate),
                after=_returns(cluster),
            )
        yield Wait(
            id=f"swarm/ready@{name}",
            title="wait until Ready and Reachable",
            cause="the next manager waits for it",
            condition="node_ready",
            arguments={"node": identity},
            needs=(change,),
        )
        gate = (f"swarm/ready@{name}",)


def workers(cluster: Cluster, observed: Observed, seen: View | None) -> Iterator[Step]:
    """Joins of workers, all at once."""
    gate = () if seen else (f"swarm/init@{cluster.managers[0].name}",)
    for host in cluster.workers:
        if host.name in observed and outside(host.name, observed):
            yield _join(cluster, host, observed, seen, gate)


def demotions(cluster: Cluster, observed: Observed, seen: View | None) -> Iterator[Step | Finding]:
    """Managers wanted as workers, after every promotion, one by one, the leader last; never below a majority."""
    if seen is None:
        return
    surplus = [
        (host.name, node)
        for host in cluster.workers
        for node in [seen.node_of(observed.get(host.name))]
        if node is not None and node.role == "manager"
    ]
    coming = [h.name for h in cluster.managers if h.name in observed and not _manages(seen, observed[h.name])]
    lost = {node.id: name for name, node in twins(cluster, observed, seen)}
    members = [node for node in seen.nodes.values() if node.role == "manager" and node.id not in lost]
    count = len(members) + len(coming)
    reachable = len([node for node in members if node.reachability == "reachable"]) + len(coming)
    gate = tuple(f"swarm/ready@{name}" for name in coming)
    gate += tuple(_unmanage_id(name, seen.nodes[node]) for node, name in lost.items())
    for name, node in sorted(surplus, key=lambda item: item[1].leader):
        count, reachable = count - 1, reachable - (node.reachability == "reachable")
        if reachable < count // 2 + 1:
            yield Finding(
                "error",
                f"demoting it would leave {reachable} of {count} managers reachable: no quorum",
                host=name,
                role="swarm",
                next_action="bring the managers that are down back first",
            )
            return
        yield Call(
            id=f"swarm/demote@{name}",
            title="demote to worker",
            cause="is a manager",
            avoid=name,
            operation="node_update",
            arguments={"node": node.id, "spec": {"Role": "worker"}, "drop_labels": []},
            needs=gate,
            after=_returns(cluster),
        )
        yield Wait(
            id=f"swarm/demoted@{name}",
            title="wait until it is a worker",
            cause="the next change waits for it",
            avoid=name,
            condition="node_ready",
            arguments={"node": node.id},
            needs=(f"swarm/demote@{name}",),
        )
        gate = (f"swarm/demoted@{name}",)


def forget_twins(cluster: Cluster, observed: Observed, seen: View) -> Iterator[Step]:
    """Nodes that a host was before it was reinstalled: in the way, and never to return (moby#24106)."""
    for name, node in twins(cluster, observed, seen):
        short = node.id[:12]
        cause = f"{name} is no longer that node"
        gate = f"swarm/down-{short}@{name}"
        yield Wait(
            id=gate,
            title=f"wait until the lost node {short} is Down",
            cause=cause,
            avoid=name,
            condition="node_down",
            arguments={"node": node.id},
        )
        if node.role == "manager" and node.reachability is not None:
            yield Call(
                id=_unmanage_id(name, node),
                title=f"demote the lost node {short}",
                cause=cause,
                avoid=name,
                operation="node_update",
                needs=(gate,),
                arguments={"node": node.id, "spec": {"Role": "worker"}, "drop_labels": []},
            )
            gate = _unmanage_id(name, node)
        yield Call(
            id=_forget_id(name, node),
            title=f"remove the lost node {short}",
            cause=cause,
            avoid=name,
            operation="node_remove",
            arguments={"node": node.id},
            needs=(gate,),
        )


def twins(cluster: Cluster, observed: Observed, seen: View) -> list[tuple[str, Node]]:
    """Nodes that were a host which answered and is another node, or none, now."""
    ids = {state.node_id for state in observed.values() if state and state.node_state in ("active", STOPPED)}
    return [
        (host.name, node)
        for node in seen.nodes.values()
        if node.id not in ids
        for host in cluster.hosts
        if host.name in observed and _was(node, host)
    ]


def forget_unborn(cluster: Cluster, observed: Observed, seen: View) -> Iterator[Step]:
    """Nodes left by joins that were cut short; only once no host of the inventory may still become one of them."""
    ids = {state.node_id for state in observed.values() if state}
    settled = all(host.name in observed and not _is_pending(observed[host.name]) for host in cluster.hosts)
    for node in seen.nodes.values() if settled else ():
        if node.unborn and node.id not in ids:
            short = node.id[:12]
            yield Call(
                id=f"swarm/forget:{short}",
                title=f"remove the node {short}",
                cause="its join was cut short, and it never told who it is",
                operation="node_remove",
                arguments={"node": node.id},
            )


def _is_pending(state: State | None) -> bool:
    return state is not None and state.node_state == "pending"


def foreign_nodes(cluster: Cluster, observed: Observed, seen: View) -> Iterator[Finding]:
    """Nodes that no host of the inventory is: told, never touched."""
    ids = {state.node_id for state in observed.values() if state}
    for node in seen.nodes.values():
        if node.id not in ids and not node.unborn and not any(_same_host(node, host) for host in cluster.hosts):
            yield Finding(
                "warning",
                f"node {node.hostname} ({node.address}, {node.state}) is in the swarm, not in the inventory",
                role="swarm",
                next_action="add it to the inventory, or remove it by hand",
            )


def unheard(cluster: Cluster, observed: Observed, seen: View | None) -> Iterator[Step]:
    """Hosts whose engine runs as a node that the managers do not see: after a leader was lost, for example.

    A new leader that has just not heard of a node yet (``unknown``) needs no step: it will in a moment.
    """
    for host in cluster.hosts if seen else ():
        state = observed.get(host.name)
        node = seen.node_of(state) if seen else None
        if state is None or node is None or state.node_state != "active" or node.role != host.role:
            continue
        lost = node.state == "down"
        if not lost and node.reachability != "unreachable":
            continue
        told = node.state if lost else node.reachability
        yield Wait(
            id=f"swarm/heard@{host.name}",
            title="wait until Ready" + (" and Reachable" if host.role == "manager" else ""),
            cause=f"its engine runs, and is {told} in the managers' eyes",
            condition="node_ready",
            arguments={"node": node.id},
            after=(f"engine@{host.name}", f"daemon@{host.name}"),
        )


def node_ref(name: str, observed: Observed) -> str | Ref:
    """The host's node ID, late if it has not joined yet."""
    state = observed[name]
    known = state is not None and state.node_state in ("active", STOPPED) and state.node_id
    return state.node_id if known and state and state.node_id else Ref(f"node-id@{name}")


def _join(cluster: Cluster, host: Host, observed: Observed, seen: View | None, gate: tuple[str, ...]) -> Step:
    state = observed[host.name]
    pending = _is_pending(state)
    lost = (
        [_forget_id(name, node) for name, node in twins(cluster, observed, seen) if name == host.name] if seen else []
    )
    return Call(
        id=f"swarm/join@{host.name}",
        host=host.name,
        title=f"join as {host.role}",
        cause="its join is still pending" if pending else "is in no swarm",
        operation="swarm_join",
        arguments={
            "addresses": Ref("manager-addresses"),
            "token": Ref(f"{host.role}-token"),
            "advertise": advertise(host),
        },
        needs=(f"engine@{host.name}", f"daemon@{host.name}", *gate, *lost),
        after=_returns(cluster) if host.role == "manager" else (),
    )


def _returns(cluster: Cluster) -> tuple[str, ...]:
    """Ends of rolling restarts of managers: membership changes wait for them."""
    return tuple(f"{role}/return@{host.name}" for role in ("engine", "daemon") for host in cluster.hosts)


def _manages(seen: View, state: State | None) -> bool:
    node = seen.node_of(state)
    return node is not None and node.role == "manager"


def _same_host(node: Node, host: Host) -> bool:
    return node.hostname == host.name or _same_address(node, host)


def _same_address(node: Node, host: Host) -> bool:
    return node.address in (advertise(host), host.address)


def _was(node: Node, host: Host) -> bool:
    """By address, or by name where nothing alive answers to it."""
    return _same_address(node, host) or (node.hostname == host.name and node.state != "ready")


def _unmanage_id(name: str, node: Node) -> str:
    return f"swarm/unmanage-{node.id[:12]}@{name}"


def _forget_id(name: str, node: Node) -> str:
    return f"swarm/forget-{node.id[:12]}@{name}"
