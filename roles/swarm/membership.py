"""Who is in the swarm and as what: init, join, promote, demote."""

from __future__ import annotations

from collections.abc import Iterator

from roles.swarm.absence import heard_id, unlock_id
from roles.swarm.identity import (
    Observed,
    advertise,
    changeable,
    expelled,
    is_pending,
    joins,
    moved,
    node_ref,
    settled,
    stranded,
    unsure,
)
from roles.swarm.left import release, release_id
from roles.swarm.lost import forget_id, twins, unmanage_id
from roles.swarm.state import STOPPED, Node, State, desired_fixed, desired_spec
from roles.swarm.view import View
from skep.milestones import FIREWALLS_OPEN, RETURNED, SWARM_EXISTS, engine_up
from skep.model import Cluster, Host
from skep.outage import unheard as not_heard
from skep.plan import Call, Finding, Ref, Step, Wait
from skep.steps import Edge, StepId


def absent(cluster: Cluster, observed: Observed) -> Iterator[Step]:
    """Managers without an engine yet: what their disks hold shows once one runs, and before a swarm is initialised."""
    for host in cluster.managers[1:]:
        if observed.get(host.name) is None:
            yield Call(
                id=StepId("swarm", "absent", host.name),
                host=host.name,
                title="ask its engine whether it is in a swarm",
                cause="it had none to ask, and no swarm is initialised beside another",
                operation="swarm_absent",
                needs=(engine_up(host.name),),
            )


def init(cluster: Cluster) -> Step:
    """Initialise on the first manager. Only planned when every manager has answered that it is in no swarm."""
    first = cluster.managers[0]
    others = tuple(StepId("swarm", "absent", host.name) for host in cluster.managers[1:])
    fixed = desired_fixed(cluster)
    arguments = {
        "advertise": advertise(first),
        "address_pools": list(fixed.address_pools or ()),
        "subnet_size": fixed.subnet_size,
        "data_path_port": fixed.data_path_port,
        "spec": desired_spec(cluster),
    }
    return Call(
        id=StepId("swarm", "init", first.name),
        host=first.name,
        title="initialise the swarm",
        cause="no manager of the inventory is in a swarm",
        operation="swarm_init",
        arguments=arguments,
        otherwise=_unchosen(first),
        needs=(engine_up(first.name), release_id(first.name), *others),
        provides=(SWARM_EXISTS,),
    )


def managers(cluster: Cluster, observed: Observed, swarm: View | None) -> Iterator[Step]:
    """Joins and promotions in inventory order, each waiting until the one before is Reachable."""
    names = [host.name for host in cluster.managers if host.name in observed]
    gate: tuple[Edge, ...] = () if swarm else (SWARM_EXISTS,)
    if swarm is None:
        names = names[1:]
    for name in names:
        node = swarm.node_of(observed[name]) if swarm else None
        if node is not None and node.role == "manager":
            gate += (heard_id(name),) if is_pending(observed[name]) else ()
            continue
        if swarm and not _comes(name, cluster, observed, swarm):
            continue
        if node is None:
            yield from _join(cluster, cluster.host(name), observed, swarm, gate)
            change, identity = StepId("swarm", "join", name), node_ref(name, cluster, observed, swarm)
        else:
            change, identity = StepId("swarm", "promote", name), node.id
            yield Call(
                id=change,
                title="promote to manager",
                cause="is a worker",
                operation="node_update",
                arguments={"node": node.id, "spec": {"Role": "manager"}, "drop_labels": []},
                needs=(engine_up(name), *gate),
                after=(FIREWALLS_OPEN, RETURNED),
            )
        yield Wait(
            id=StepId("swarm", "ready", name),
            title="wait until Ready and Reachable",
            cause="the next manager waits for it",
            condition="node_ready",
            arguments={"node": identity},
            otherwise=not_heard(name),
            needs=(change,),
        )
        gate = (StepId("swarm", "ready", name),)


def workers(cluster: Cluster, observed: Observed, swarm: View | None) -> Iterator[Step]:
    """Joins of workers, all at once."""
    gate = () if swarm else (SWARM_EXISTS,)
    for host in cluster.workers:
        known = swarm.node_of(observed.get(host.name)) if swarm else None
        if host.name in observed and known is None and joins(host.name, cluster, observed, swarm):
            yield from _join(cluster, host, observed, swarm, gate)


def demotions(cluster: Cluster, observed: Observed, swarm: View | None) -> Iterator[Step | Finding]:
    """Managers desired as workers, after every promotion, one by one, the leader last; never below a majority."""
    if swarm is None:
        return
    surplus = [
        (host.name, node)
        for host in cluster.workers
        for node in [swarm.node_of(observed.get(host.name))]
        if node is not None and node.role == "manager" and changeable(observed[host.name], node)
    ]
    coming = [
        h.name
        for h in cluster.managers
        if h.name in observed and not _manages(swarm, observed[h.name]) and _comes(h.name, cluster, observed, swarm)
    ]
    lost = {found.node.id: found.host for found in twins(cluster, observed, swarm)}
    members = [node for node in swarm.nodes.values() if node.role == "manager" and node.id not in lost]
    count = len(members) + len(coming)
    reachable = len([node for node in members if node.reachability == "reachable"]) + len(coming)
    gate = tuple(StepId("swarm", "ready", name) for name in coming)
    gate += tuple(unmanage_id(name, swarm.nodes[node]) for node, name in lost.items())
    for name, node in sorted(surplus, key=lambda item: item[1].leader):
        count, reachable = count - 1, reachable - (node.reachability == "reachable")
        if reachable < count // 2 + 1:
            yield _no_quorum(cluster, observed, swarm, name, f"{reachable} of {count} managers reachable: no quorum")
            return
        namesake = next((host for host in cluster.managers if host.name == node.hostname), None)
        if namesake is not None:
            yield _misnamed(name, node, namesake)
            continue
        yield from _demotion(name, node, gate)
        gate = (StepId("swarm", "demoted", name),)


def _demotion(name: str, node: Node, gate: tuple[Edge, ...]) -> Iterator[Step]:
    """Of one manager, once what is in the ``gate`` is done."""
    yield Call(
        id=StepId("swarm", "demote", name),
        title="demote to worker",
        cause="is a manager, and the inventory makes it a worker",
        avoid=name,
        operation="node_update",
        arguments={"node": node.id, "spec": {"Role": "worker"}, "drop_labels": []},
        needs=gate,
        after=(RETURNED, unlock_id(name)),
    )
    yield Wait(
        id=StepId("swarm", "demoted", name),
        title="wait until it is a worker",
        cause="the next change waits for it",
        avoid=name,
        condition="node_ready",
        arguments={"node": node.id},
        otherwise=not_heard(name),
        needs=(StepId("swarm", "demote", name),),
    )


def _comes(name: str, cluster: Cluster, observed: Observed, swarm: View) -> bool:
    """Whether a host is promoted or joins in this plan."""
    node = swarm.node_of(observed[name])
    return joins(name, cluster, observed, swarm) if node is None else changeable(observed[name], node)


def _no_quorum(cluster: Cluster, observed: Observed, swarm: View, name: str, loss: str) -> Finding:
    """Why a manager cannot be demoted: for now, where hosts whose engine is off may be managers."""
    starting = {h.name for h in cluster.managers if (state := observed.get(h.name)) and state.node_state == STOPPED}
    hosts = [host for host in cluster.hosts if host.name in observed]
    looked = [host.name for host in hosts if host.name in starting or unsure(host, observed, swarm)]
    if looked:
        text = f"is demoted in a second round, once {', '.join(looked)} is looked at: now it would leave {loss}"
        return Finding("note", text, host=name, role="swarm")
    return Finding(
        "error",
        f"demoting it would leave {loss}",
        host=name,
        role="swarm",
        next_action="bring the managers that are down back first",
    )


def _misnamed(name: str, node: Node, namesake: Host) -> Finding:
    return Finding(
        "error",
        f"the machine there calls itself {node.hostname}, which the inventory makes a manager: it is not demoted",
        host=name,
        role="swarm",
        next_action=f"see whether the addresses of {name} and {namesake.name} are swapped in the inventory; if not,"
        f" name the machine: hostnamectl set-hostname {name} && systemctl restart docker",
    )


def departures(cluster: Cluster, observed: Observed, swarm: View | None) -> Iterator[Step]:
    """Hosts that can only come back as a new node: first they leave what they hold on to in vain."""
    for host in cluster.hosts:
        if cause := _in_vain(observed.get(host.name), swarm):
            yield Call(
                id=leave_id(host.name),
                host=host.name,
                title="leave the swarm, to join it anew",
                cause=cause,
                operation="swarm_leave",
                arguments={"force": True},
                needs=(engine_up(host.name),),
                after=(RETURNED,),
            )
            yield release(
                host.name,
                "restart docker if it still listens to the swarm it left",
                "an engine that nobody hears leave may go on listening, and has no overlay networks in the next swarm",
                leave_id(host.name),
            )


def _in_vain(state: State | None, swarm: View | None) -> str | None:
    """Why a host's place in the swarm is of no use to it or to anybody; ``None`` where it may be."""
    if swarm is None or state is None:
        return None
    if expelled(state, swarm):
        return (
            f"its engine takes itself for the node {(state.node_id or '')[:12]} of this swarm, and the managers have no"
            " such node: it was removed"
        )
    if stranded(state):
        return "its first join came to no end: it never became a node"
    node = swarm.node_of(state)
    if moved(state, node):
        return (
            f"its address changed: its engine still advertises {state.address}, the host has"
            f" {', '.join(state.addresses)}, and the managers cannot reach it"
        )
    return None


def leave_id(name: str) -> StepId:
    """The step in which a host gives up a place in the swarm that it cannot use."""
    return StepId("swarm", "leave", name)


def _join(
    cluster: Cluster, host: Host, observed: Observed, swarm: View | None, gate: tuple[Edge, ...]
) -> Iterator[Step]:
    lost = (
        [forget_id(found.host, found.node) for found in twins(cluster, observed, swarm) if found.host == host.name]
        if swarm
        else []
    )
    yield Call(
        id=StepId("swarm", "join", host.name),
        host=host.name,
        title=f"join as {host.role}",
        cause="is in no swarm" if settled(observed[host.name]) or observed[host.name] is None else "left, to join anew",
        operation="swarm_join",
        arguments={
            "addresses": Ref("manager-addresses"),
            "token": Ref(f"{host.role}-token"),
            "advertise": advertise(host),
        },
        otherwise=_unchosen(host),
        needs=(engine_up(host.name), leave_id(host.name), release_id(host.name), *gate, *lost),
        after=(FIREWALLS_OPEN, *((RETURNED,) if host.role == "manager" else ())),
    )


def _unchosen(host: Host) -> str | None:
    """What helps where its engine is given no address and cannot choose one."""
    return None if advertise(host) else f"if it cannot choose an address to advertise: set hosts.{host.name}.advertise"


def _manages(swarm: View, state: State | None) -> bool:
    node = swarm.node_of(state)
    return node is not None and node.role == "manager"
