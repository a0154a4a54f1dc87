"""Who is in the swarm and as what: init, join, promote, demote."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from roles.swarm.absence import unlock_id
from roles.swarm.identity import Observed, advertise, is_pending, node_ref, outside
from roles.swarm.lost import forget_id, twins, unmanage_id
from roles.swarm.state import State, wanted_fixed, wanted_spec
from roles.swarm.view import View
from skep.model import Cluster, Host
from skep.plan import Call, Finding, Ref, Step, Wait
from skep.rolling import unheard as not_heard


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


def managers(cluster: Cluster, observed: Observed, seen: View | None) -> Iterator[Step]:
    """Joins and promotions in inventory order, each waiting until the one before is Reachable."""
    names = [host.name for host in cluster.managers if host.name in observed]
    gate: tuple[str, ...] = () if seen else (f"swarm/init@{names[0]}",)
    if seen is None:
        names = names[1:]
    for name in names:
        node = seen.node_of(observed[name]) if seen else None
        if node is not None and node.role == "manager":
            gate += (f"swarm/heard@{name}",) if is_pending(observed[name]) else ()
            continue
        if node is None and outside(name, observed):
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
            otherwise=not_heard(name),
            needs=(change,),
        )
        gate = (f"swarm/ready@{name}",)


def workers(cluster: Cluster, observed: Observed, seen: View | None) -> Iterator[Step]:
    """Joins of workers, all at once."""
    gate = () if seen else (f"swarm/init@{cluster.managers[0].name}",)
    for host in cluster.workers:
        if host.name in observed and outside(host.name, observed) and not (seen and seen.node_of(observed[host.name])):
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
    gate += tuple(unmanage_id(name, seen.nodes[node]) for node, name in lost.items())
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
            after=(*_returns(cluster), unlock_id(name)),
        )
        yield Wait(
            id=f"swarm/demoted@{name}",
            title="wait until it is a worker",
            cause="the next change waits for it",
            avoid=name,
            condition="node_ready",
            arguments={"node": node.id},
            otherwise=not_heard(name),
            needs=(f"swarm/demote@{name}",),
        )
        gate = (f"swarm/demoted@{name}",)


def _join(cluster: Cluster, host: Host, observed: Observed, seen: View | None, gate: tuple[str, ...]) -> Step:
    state = observed[host.name]
    pending = is_pending(state)
    lost = [forget_id(name, node) for name, node in twins(cluster, observed, seen) if name == host.name] if seen else []
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
