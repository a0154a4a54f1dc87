"""Nodes that are there and that the managers do not count on: locked, or not heard from."""

from __future__ import annotations

from collections.abc import Iterator

from roles.swarm.identity import Observed, expelled, moved
from roles.swarm.kinds import NODE_CUT_OFF
from roles.swarm.state import LOCKED, PENDING, STOPPED, Node, State
from roles.swarm.view import View
from skep.milestones import FIREWALLS_OPEN, engine_up
from skep.model import Cluster, Host
from skep.outage import unheard as not_heard
from skep.outage import unlock
from skep.plan import Finding, Ref, Step, Wait
from skep.steps import StepId
from skep.swarm.ports import DATA_PORT

SHOWN = 3
"""Managers that are named."""


def unlocks(cluster: Cluster, observed: Observed, swarm: View | None) -> Iterator[Step]:
    """Managers that are locked, or may be once their engine is started, where another one can tell the key."""
    if swarm is None:
        return
    now = (swarm.state.spec.get("EncryptionConfig") or {}).get("AutoLockManagers")
    for host in cluster.hosts:
        state = observed.get(host.name)
        if state is None or not state.manager or expelled(state, swarm):
            continue
        if state.node_state == LOCKED or (state.node_state == STOPPED and (now or cluster.swarm.autolock)):
            yield unlock(unlock_id(host.name), host.name, needs=(engine_up(host.name),))


def unheard(cluster: Cluster, observed: Observed, swarm: View | None) -> Iterator[Step | Finding]:
    """Hosts whose engine runs as a node that the managers do not see: after a leader was lost, for example.

    A new leader that has just not heard of a node yet (``unknown``) needs no step: it will in a moment.
    """
    for host in cluster.hosts if swarm else ():
        state = observed.get(host.name)
        node = swarm.node_of(state) if swarm else None
        if state is None or node is None or node.role != host.role or moved(state, node):
            continue
        if swarm and state.node_state == "active" and (node.state == "down" or node.reachability == "unreachable"):
            yield _cut_off(host.name, swarm)
        if cause := _absent(state, node):
            yield Wait(
                id=heard_id(host.name),
                title="wait until Ready" + (" and Reachable" if host.role == "manager" else ""),
                cause=cause,
                condition="node_ready",
                arguments={"node": node.id},
                otherwise=not_heard(host.name),
                needs=(unlock_id(host.name),),
                after=(engine_up(host.name),),
            )


def again(host: Host) -> Step:
    """Waits until the managers hear from a host, whatever became of the swarm: once firewalls let it through again."""
    return Wait(
        id=heard_id(host.name),
        title="wait until Ready" + (" and Reachable" if host.role == "manager" else ""),
        cause="the firewall had lost what lets Swarm through",
        condition="node_ready",
        arguments={"node": Ref(f"node-id@{host.name}")},
        otherwise=not_heard(host.name),
        gates=(FIREWALLS_OPEN,),
    )


def _cut_off(name: str, swarm: View) -> Finding:
    """A host that answers us, whose engine is active in the swarm, and that the managers do not hear: what there is to
    suspect. UDP ports cannot be tried, for nothing answers on them."""
    heard = [node for node in swarm.nodes.values() if node.reachability == "reachable" and node.hostname != name]
    others = ", ".join(sorted(node.hostname for node in heard[:SHOWN])) or "the managers"
    data = f"{swarm.state.fixed.data_path_port or DATA_PORT}/udp"
    ports = f"2377/tcp, 7946/tcp, 7946/udp and {data}"
    return Finding(
        "warning",
        f"SSH works and its engine is active, and the managers do not hear it: Swarm's ports between {name} and"
        f" {others} may be closed. 2377/tcp and 7946/tcp are tried, and reported where they are closed; 7946/udp"
        f" and {data} cannot be tried, and are suspected where nothing is reported",
        host=name,
        role="swarm",
        kind=NODE_CUT_OFF,
        next_action=f"compare the firewalls of {name} and {others} for {ports}: nft list ruleset; if they are open, on"
        f" {name}: journalctl -u docker",
    )


def _absent(state: State, node: Node) -> str | None:
    """Why a node has to be waited for; ``None`` if it has not."""
    if state.node_state == LOCKED:
        return "it was locked"
    if state.node_state == PENDING:
        return "its engine still looks for the managers"
    if state.node_state == "active" and node.state == "down":
        return "its engine runs, and is down in the managers' eyes"
    if state.node_state == "active" and node.reachability == "unreachable":
        return "its engine runs, and is unreachable in the managers' eyes"
    return None


def unlock_id(name: str) -> StepId:
    """The step that unlocks a manager."""
    return StepId("swarm", "unlock", name)


def heard_id(name: str) -> StepId:
    """The step that waits until the managers hear from a host."""
    return StepId("swarm", "heard", name)
