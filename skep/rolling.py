"""Taking hosts of a live swarm out of service one after another, as steps: drain, work, return, in an order
that keeps the quorum. Workers first in batches, then managers one by one, the leader last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from skep.model import Cluster
from skep.plan import Call, Ref, Step, Wait
from skep.questions import Answers


@dataclass(frozen=True, slots=True)
class Member:
    """A host's standing in the swarm it is in: what decides its place in the order. ``locks``: its swarm has
    autolock now, so that a manager comes back locked."""

    manager: bool = False
    leader: bool = False
    locks: bool = False


def member(answers: Answers) -> Member | None:
    """A host's standing from its engine's ``/info`` and ``/nodes``; ``None`` outside a swarm."""
    swarm = answers.get("/info", {}).get("Swarm") or {}
    if swarm.get("LocalNodeState") != "active":
        return None
    own = [node for node in answers.get("/nodes", []) if node["ID"] == swarm.get("NodeID")]
    leads = any((node.get("ManagerStatus") or {}).get("Leader") for node in own)
    spec = (swarm.get("Cluster") or {}).get("Spec") or {}
    locks = bool((spec.get("EncryptionConfig") or {}).get("AutoLockManagers"))
    return Member(manager=bool(swarm.get("ControlAvailable")), leader=leads, locks=locks)


def rolling(cluster: Cluster, work: Mapping[str, Step], members: Mapping[str, Member]) -> list[Step]:
    """The steps of ``work`` (host name → the step that interrupts its engine) wrapped and put in order.

    A failure anywhere stops what would come later. The availability a node returns to is the inventory's.
    """
    names = [host.name for host in cluster.hosts if host.name in work]
    workers = [name for name in names if not members[name].manager]
    managers = sorted((n for n in names if members[n].manager), key=lambda name: members[name].leader)
    batch = max(1, len(cluster.workers) // 4)
    steps: list[Step] = []
    for place, name in enumerate(workers):
        before = [workers[place - batch]] if place >= batch else []
        steps += _one(cluster, work[name], name, before, members[name])
    for place, name in enumerate(managers):
        before = [managers[place - 1]] if place else workers
        steps += _one(cluster, work[name], name, before, members[name])
    return steps


def _one(cluster: Cluster, step: Step, host: str, before: Sequence[str], member: Member) -> list[Step]:
    role, node, manager = step.role, Ref(f"node-id@{host}"), member.manager
    gate = tuple(f"{role}/return@{name}" for name in before)
    common: dict[str, Any] = {"avoid": host, "cause": step.cause}
    steps: list[Step] = []
    if manager:
        steps.append(
            Wait(
                id=f"{role}/quorum@{host}",
                title="wait until the other managers hold the quorum without it",
                condition="quorum_without",
                arguments={"node": node},
                needs=(*step.needs, *gate),
                after=step.after,
                **common,
            )
        )
        gate = (f"{role}/quorum@{host}",)
    if len(cluster.hosts) > 1 and cluster.host(host).availability != "drain":
        steps += [
            Call(
                id=f"{role}/drain@{host}",
                title="drain the node",
                operation="node_update",
                arguments={"node": node, "spec": {"Availability": "drain"}, "drop_labels": []},
                needs=(*step.needs, *gate),
                after=step.after,
                **common,
            ),
            Wait(
                id=f"{role}/drained@{host}",
                title="wait until its tasks run elsewhere",
                condition="node_drained",
                arguments={"node": node},
                needs=(f"{role}/drain@{host}",),
                timeout=300,
                **common,
            ),
        ]
        gate = (f"{role}/drained@{host}",)
    steps.append(replace(step, needs=(*step.needs, *gate)))
    awake = step.id
    if manager and (member.locks or cluster.swarm.autolock):
        awake = f"{role}/unlock@{host}"
        steps.append(
            Call(
                id=awake,
                host=host,
                title="unlock the manager",
                cause="the swarm has autolock",
                avoid=host,
                operation="swarm_unlock",
                arguments={"key": Ref("unlock-key")},
                needs=(step.id,),
            )
        )
    steps.append(
        Wait(
            id=f"{role}/back@{host}",
            title="wait until the node is Ready" + (" and Reachable" if manager else ""),
            condition="node_ready",
            arguments={"node": node},
            needs=(awake,),
            cause=step.cause,
        )
    )
    availability = cluster.host(host).availability
    steps.append(
        Call(
            id=f"{role}/return@{host}",
            title=f"set availability {availability} again",
            operation="node_update",
            arguments={"node": node, "spec": {"Availability": availability}, "drop_labels": []},
            needs=(f"{role}/back@{host}",),
            cause=step.cause,
        )
    )
    return steps
