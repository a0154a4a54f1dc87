"""Nodes that no host is any more: Down twins of reinstalled hosts, joins cut short, and what is not ours."""

from __future__ import annotations

from collections.abc import Iterator

from roles.swarm.identity import Observed, is_pending, same_host, was
from roles.swarm.state import Node
from roles.swarm.view import View
from skep.model import Cluster
from skep.plan import Call, Finding, Step, Wait


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
                id=unmanage_id(name, node),
                title=f"demote the lost node {short}",
                cause=cause,
                avoid=name,
                operation="node_update",
                needs=(gate,),
                arguments={"node": node.id, "spec": {"Role": "worker"}, "drop_labels": []},
            )
            gate = unmanage_id(name, node)
        yield Call(
            id=forget_id(name, node),
            title=f"remove the lost node {short}",
            cause=cause,
            avoid=name,
            operation="node_remove",
            arguments={"node": node.id},
            needs=(gate,),
        )


def twins(cluster: Cluster, observed: Observed, seen: View) -> list[tuple[str, Node]]:
    """Nodes that were a host which answered and is another node, or none, now."""
    ids = {state.node_id for state in observed.values() if state}
    return [
        (host.name, node)
        for node in seen.nodes.values()
        if node.id not in ids
        for host in cluster.hosts
        if host.name in observed and was(node, host)
    ]


def forget_unborn(cluster: Cluster, observed: Observed, seen: View) -> Iterator[Step]:
    """Nodes left by joins that were cut short; only once no host of the inventory may still become one of them."""
    ids = {state.node_id for state in observed.values() if state}
    settled = all(host.name in observed and not is_pending(observed[host.name]) for host in cluster.hosts)
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


def foreign_nodes(cluster: Cluster, observed: Observed, seen: View) -> Iterator[Finding]:
    """Nodes that no host of the inventory is: told, never touched."""
    ids = {state.node_id for state in observed.values() if state}
    for node in seen.nodes.values():
        if node.id not in ids and not node.unborn and not any(same_host(node, host) for host in cluster.hosts):
            yield Finding(
                "warning",
                f"node {node.hostname} ({node.address}, {node.state}) is in the swarm, not in the inventory",
                role="swarm",
                next_action="add it to the inventory, or remove it by hand",
            )


def unmanage_id(name: str, node: Node) -> str:
    """The step that demotes a lost node."""
    return f"swarm/unmanage-{node.id[:12]}@{name}"


def forget_id(name: str, node: Node) -> str:
    """The step that removes a lost node."""
    return f"swarm/forget-{node.id[:12]}@{name}"
