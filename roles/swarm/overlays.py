"""Engines that are active in the swarm and without its overlay networks: each task of one is rejected there.

An engine that is unlocked stops its network agent and starts it anew. Where it hears of the stop only after the start,
the agent stays off until the engine is restarted (moby#34864; moby, daemon/cluster: UnlockSwarm, libnetwork:
clusterAgentInit). It shows in the sandbox of the ingress network, which every other node has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from roles.swarm.identity import elsewhere, moved
from roles.swarm.kinds import RESTART_LATER
from roles.swarm.state import State
from roles.swarm.view import View
from skep.plan import Finding, Run, Step
from skep.request import RequestedCluster
from skep.rolling import rolling
from skep.seen import Seen
from skep.shell import script
from skep.steps import StepId

CAUSE = "is active and has none of the swarm's overlay networks: it rejects every task that needs one"

RESTART = script("roles/swarm/restart.sh")


def restarts(cluster: RequestedCluster, seen: Seen[State], swarm: View | None) -> Sequence[Step | Finding]:
    """Restarts of those engines, host by host, after all steps that change engines or members."""
    work: dict[str, Step] = {}
    later: list[Step | Finding] = []
    changes = ("join", "ready", "demoted")
    members_changed = tuple(StepId("swarm", action, host.name) for action in changes for host in cluster.hosts)
    for host in cluster.hosts if swarm and swarm.state.ingress else ():
        state = seen.states.get(host.name)
        node = swarm.node_of(state) if swarm else None
        if state is None or node is None or state.overlays or seen.members.get(host.name) is None:
            continue
        if node.state != "ready" or node.role != host.role:
            text = f"{CAUSE}; it is restarted in a second round, once it is Ready and has its role"
            later.append(Finding("note", text, host.name, "swarm", later=True))
        elif elsewhere(state) and not moved(state, node):
            later.append(_elsewhere(host.name, state))
        else:
            work[host.name] = Run(
                id=StepId("swarm", "restart", host.name),
                host=host.name,
                title="restart docker",
                cause=CAUSE,
                script=RESTART,
                otherwise=f"on {host.name} look at: journalctl -u docker",
                after=members_changed,
                timeout=180,
                restarts=True,
            )
    return [*later, *(_warned(item) for item in rolling(cluster, work, seen.members))]


def _elsewhere(host: str, state: State) -> Finding:
    """An engine has no overlay networks where the address that it advertises is on none of its interfaces, and keeps
    that address for as long as it is a node: no restart helps. Behind NAT it never is there; a restart may help then.

    Source: moby, libnetwork, drivers/overlay: validateSelf.
    """
    back = (
        f"give {host} its old address again, which is not needed where the others reach it there by NAT; then on it"
        " run: systemctl restart docker"
    )
    anew = (
        "make it a worker in the inventory first, where other managers hold the quorum without it"
        if state.manager
        else f"give up its place: on {host} run docker swarm leave; then run the same command again: it joins as a new"
        " node"
    )
    return Finding(
        "error",
        f"its address changed: its engine still advertises {state.address}, the host has {', '.join(state.addresses)};"
        " so it has none of the swarm's overlay networks, and no restart helps",
        host=host,
        role="swarm",
        next_action=f"{back}; or {anew}",
    )


def _warned(item: Step | Finding) -> Step | Finding:
    """What keeps a manager from being restarted now forbids nothing else: it may be what the rest of the plan ends."""
    if not isinstance(item, Finding) or item.level != "error":
        return item
    return replace(
        item,
        level="warning",
        kind=RESTART_LATER,
        text=f"{CAUSE}; it is not restarted now: restarting it {item.text.removeprefix('restarting it ')}",
        next_action="run the same command again once the other managers are back; or restart it by hand, when a moment"
        f" without it does no harm: on {item.host} run systemctl restart docker",
    )
