"""Nodes that no host is any more: Down twins of reinstalled hosts, joins cut short, and what is not ours.

A node is lost only when the host it was says so by its own running engine. What a host does not tell, and hosts that
were not asked, are no evidence.
"""

from __future__ import annotations

from collections.abc import Iterator

from roles.swarm.identity import Observed, is_node, same_address, same_host, settled, unsure
from roles.swarm.kinds import NODE_FOREIGN
from roles.swarm.state import STOPPED, Node
from roles.swarm.view import View
from skep.dataclass import dataclass
from skep.model import Cluster, Host, is_ip
from skep.plan import Call, Finding, Step, Wait
from skep.steps import StepId


@dataclass(frozen=True, slots=True)
class Lost:
    """A node that a host was, and what shows that it is so no more."""

    host: str
    node: Node
    evidence: str


def forget_twins(cluster: Cluster, observed: Observed, swarm: View) -> Iterator[Step]:
    """Nodes that a host was before it was reinstalled: in the way, and never to return (moby#24106)."""
    for lost in twins(cluster, observed, swarm):
        name, node, short = lost.host, lost.node, lost.node.id[:12]
        gate = StepId("swarm", "down", name, short)
        yield Wait(
            id=gate,
            title=f"wait until the lost node {short} is Down",
            cause=lost.evidence,
            avoid=name,
            condition="node_down",
            arguments={"node": node.id},
            otherwise=f"a machine still runs as that node: find it by its address {node.address}, and stop or rename"
            " it, or add it to the inventory; nothing was removed",
        )
        if node.role == "manager" and node.reachability is not None:
            yield Call(
                id=unmanage_id(name, node),
                title=f"demote the lost node {short}",
                cause=lost.evidence,
                avoid=name,
                operation="node_update",
                needs=(gate,),
                arguments={"node": node.id, "spec": {"Role": "worker"}, "drop_labels": []},
            )
            gate = unmanage_id(name, node)
        yield Call(
            id=forget_id(name, node),
            title=f"remove the lost node {short}",
            cause=lost.evidence,
            avoid=name,
            operation="node_remove",
            arguments={"node": node.id},
            needs=(gate,),
        )


def twins(cluster: Cluster, observed: Observed, swarm: View) -> list[Lost]:
    """Nodes that are shown to be lost."""
    return [found for found in _unclaimed(cluster, observed, swarm) if isinstance(found, Lost)]


def doubts(cluster: Cluster, observed: Observed, swarm: View) -> Iterator[Finding]:
    """Nodes that look lost and are not shown to be."""
    for host in cluster.hosts:
        if host.name not in observed:
            continue
        nodes = unsure(host, observed, swarm)
        state = observed[host.name]
        if state is not None and state.node_state == STOPPED:
            text = "its engine is stopped: its place in the swarm is looked at once it runs"
            yield Finding("note", text, host=host.name, role="swarm")
        elif nodes:
            text = f"has no engine: whether it still is the node {nodes[0].id[:12]} is looked at once it runs"
            yield Finding("note", text, host=host.name, role="swarm")
    yield from (found for found in _unclaimed(cluster, observed, swarm) if isinstance(found, Finding))


def _unclaimed(cluster: Cluster, observed: Observed, swarm: View) -> Iterator[Lost | Finding]:
    """What is to be said of each node that no host says it is."""
    ids = {state.node_id for state in observed.values() if state}
    for node in swarm.nodes.values():
        if node.id in ids or node.unborn:
            continue
        here = [host for host in cluster.hosts if same_address(node, host)]
        named = [host for host in cluster.hosts if host.name == node.hostname and _bears(observed, host, node)]
        if not here and (not named or node.state == "ready"):
            continue
        was = here[0] if len(here) == 1 else next((host for host in named if host in here or not here), None)
        if was is None or not settled(observed.get(was.name)):
            continue
        doubtful = _others(cluster, observed, swarm, node, was, by_address=bool(here))
        if doubtful:
            yield _doubt(node, was, doubtful)
        else:
            yield Lost(was.name, node, _evidence(observed, node, was, by_address=bool(here)))


def _bears(observed: Observed, host: Host, node: Node) -> bool:
    """Whether a host has the node's name not only in the inventory, as far as its engine says what it is called."""
    state = observed.get(host.name)
    return state is None or state.hostname in ("", node.hostname)


def _others(
    cluster: Cluster, observed: Observed, swarm: View, node: Node, was: Host, *, by_address: bool
) -> list[Host]:
    """Hosts that may be the node as well: they bear its name, or may be at its address, and did not say which node
    they are."""
    silent = [host for host in cluster.hosts if host is not was and not settled(observed.get(host.name))]
    named = [host for host in silent if host.name == node.hostname]
    if by_address:
        return named
    known = {other.hostname for other in swarm.nodes.values() if other is not node}
    return named or [host for host in silent if not is_ip(host.advertise or host.address) and host.name not in known]


def _evidence(observed: Observed, node: Node, was: Host, *, by_address: bool) -> str:
    state = observed[was.name]
    says = f"it is the node {state.node_id[:12]}" if state and state.node_id else "it is in no swarm"
    had = f"this one has its address {node.address}" if by_address else "this one has its name, and no host its address"
    return f"{was.name}'s running engine says that {says}; {had}"


def _doubt(node: Node, was: Host, others: list[Host]) -> Finding:
    names = ", ".join(host.name for host in others)
    return Finding(
        "error",
        f"the node {node.id[:12]} ({node.hostname}, {node.address}, {node.state}) may be {was.name} as it was, or"
        f" {names}, which was not asked: it is not removed",
        host=was.name,
        role="swarm",
        next_action=f"bring {names} back and run the same command again; if that node is gone for good, run on a"
        f" manager: docker node rm {node.id}"
        + ("" if node.role == "worker" else f" after docker node demote {node.id}"),
    )


def forget_unborn(cluster: Cluster, observed: Observed, swarm: View) -> Iterator[Step]:
    """Nodes left by joins that were cut short; only once every host of the inventory has said which node it is."""
    whole = all(settled(observed.get(host.name)) for host in cluster.hosts)
    for node in swarm.nodes.values() if whole else ():
        if node.unborn and not any(is_node(state, node) for state in observed.values()):
            short = node.id[:12]
            yield Call(
                id=StepId("swarm", "forget", object=short),
                title=f"remove the node {short}",
                cause="its join was cut short: it never said who it is, and every host says that it is another node",
                operation="node_remove",
                arguments={"node": node.id},
            )


def foreign_nodes(cluster: Cluster, observed: Observed, swarm: View) -> Iterator[Finding]:
    """Nodes that no host of the inventory is: reported, never touched."""
    ids = {state.node_id for state in observed.values() if state}
    for node in swarm.nodes.values():
        if node.id not in ids and not node.unborn and not any(same_host(node, host) for host in cluster.hosts):
            yield Finding(
                "warning",
                f"node {node.hostname} ({node.address}, {node.state}) is in the swarm, not in the inventory",
                role="swarm",
                kind=NODE_FOREIGN,
                next_action="add it to the inventory, or remove it by hand",
            )


def unmanage_id(name: str, node: Node) -> StepId:
    """The step that demotes a lost node."""
    return StepId("swarm", "unmanage", name, node.id[:12])


def forget_id(name: str, node: Node) -> StepId:
    """The step that removes a lost node."""
    return StepId("swarm", "forget", name, node.id[:12])
