"""Taking hosts of a live swarm out of service one after another, as steps: drain, work, return, in an order
that keeps the quorum. Workers first in batches, then managers one by one, the leader last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from skep.dataclass import dataclass
from skep.kinds.hosts import QUORUM_LOST_MEANWHILE
from skep.milestones import RETURNED, SWARM_SETTINGS, returned
from skep.model import Cluster
from skep.plan import Call, Finding, Ref, Step, Wait
from skep.seen import Member, Members, believed
from skep.steps import EARLIER, Edge, StepId

ACTIONS = ("key", "quorum", "drain", "drained", "unlock", "back", "return")
"""Of the steps that are planned here, for a role that takes hosts out of service."""

MILESTONES = (RETURNED,)
"""What these steps provide, beside what the work in between does."""


def rolling(cluster: Cluster, work: Mapping[str, Step], members: Members) -> list[Step | Finding]:
    """The steps of ``work`` (host name → the step that interrupts its engine) wrapped and put in order.

    ``members`` holds every host that answered; hosts in ``work`` are members of the swarm. Roles take turns: all that
    roles before do is waited for. A failure anywhere stops what would come later. The availability a node returns to
    is the inventory's. A host whose node was removed is no part of the order: it serves nobody. Managers that cannot be
    restarted without losing the quorum, or coming back locked for good, are a finding instead.
    """
    work = {name: replace(step, after=(*step.after, EARLIER)) for name, step in work.items()}
    standing = {name: members[name] or Member() for name in work}
    known = _believed(members).nodes
    removed = {name for name, member in standing.items() if known and member.node and member.node not in known}
    names = [host.name for host in cluster.hosts if host.name in work and host.name not in removed]
    workers = [name for name in names if not standing[name].manager]
    managers = sorted((n for n in names if standing[n].manager), key=lambda name: standing[name].leader)
    batch = max(1, len(cluster.workers) // 4)
    reserve = _reserve(members)
    steps: list[Step | Finding] = [work[name] for name in work if name in removed]
    if managers and not reserve.enough:
        finding = _without_reserve(cluster, work[managers[0]].role, managers, members, reserve)
        steps += [finding] if finding else []
        managers = [] if finding and finding.level != "warning" else managers
    for place, name in enumerate(workers):
        before = [workers[place - batch]] if place >= batch else []
        steps += _one(cluster, work[name], name, before, standing[name], gated=False)
    for place, name in enumerate(managers):
        before = [managers[place - 1]] if place else workers
        steps += _one(cluster, work[name], name, before, standing[name], gated=reserve.enough)
    return steps


@dataclass(frozen=True, slots=True)
class Reserve:
    """How many managers there are, and how many of them would be left while another one is restarted."""

    managers: int
    left: int

    @property
    def enough(self) -> bool:
        """Whether those left hold the quorum."""
        return self.left >= self.managers // 2 + 1


def _reserve(members: Members) -> Reserve:
    """From what the manager that is believed lists. One that lists nodes itself counts as reachable: it is waited for.
    No list counts as enough: the swarm role refuses such a swarm."""
    managers = _believed(members).managers
    if not managers:
        return Reserve(0, 1)
    alive = {node for node, reachable in managers.items() if reachable}
    alive |= {member.node for member in members.values() if member and member.managers and member.node}
    return Reserve(len(managers), len(alive & set(managers)) - 1)


def _believed(members: Members) -> Member:
    return members.get(believed(members) or "") or Member()


def _without_reserve(
    cluster: Cluster, role: str, hosts: Sequence[str], members: Members, reserve: Reserve
) -> Finding | None:
    """What there is to say before restarting managers that nobody stands in for; only a warning lets it happen."""
    names = ", ".join(hosts)
    asked = [host for host in cluster.hosts if host.name in members]
    changing = [host.name for host in asked if _manages(members[host.name]) != (host.role == "manager")]
    if changing:
        text = f"is restarted in a second round, once {', '.join(changing)} changed to the role of the inventory"
        return Finding("note", text, names, role, later=True)
    locks = any(member.locks for member in members.values() if member)
    if locks and cluster.swarm.autolock is False:
        return Finding("note", "is restarted in a second round, once autolock is off", names, role, later=True)
    if locks or cluster.swarm.autolock:
        return Finding(
            "error",
            "would come back locked from its restart, and no other manager could tell the unlock key",
            names,
            role,
            "add managers until one can be spared; or set swarm.autolock to false, run this, and set it to true again",
        )
    if reserve.managers == 1:
        return None
    loss = f"{reserve.left} of {reserve.managers} managers reachable: no quorum"
    if cluster.allow_quorum_loss:
        text = f"restarting it leaves {loss} until it is back; services go on, nothing can be changed meanwhile"
        return Finding("warning", text, names, role, kind=QUORUM_LOST_MEANWHILE)
    return Finding(
        "error",
        f"restarting it would leave {loss}",
        names,
        role,
        "bring the managers that are down back, or add one, until one can be spared; or allow it for that moment:"
        " --allow-quorum-loss",
    )


def _manages(member: Member | None) -> bool:
    return member is not None and member.manager


def _one(cluster: Cluster, step: Step, host: str, before: Sequence[str], member: Member, *, gated: bool) -> list[Step]:
    """``gated``: the others hold the quorum without it, or will once they are back."""
    key = _key(cluster, step, host, member)
    first = [key] if key else []
    if key:
        step = replace(step, needs=(key.id,), gates=(), after=())
    out = _out_of_service(cluster, step, host, gated=gated)
    if out:
        step = replace(step, needs=(out[-1].id,), gates=(), after=())
    steps = [*first, *out, step, *_back(cluster, step, host, member, key)]
    gates = (*steps[0].gates, *(StepId(step.role, "return", name) for name in before))
    return [replace(steps[0], gates=gates), *steps[1:]]


def _key(cluster: Cluster, step: Step, host: str, member: Member) -> Step | None:
    """Asks for the key while all managers are there: the restart of a leader is followed by an election, during which
    nobody can tell it."""
    if not (member.manager and (member.locks or cluster.swarm.autolock)):
        return None
    return Call(
        id=StepId(step.role, "key", host),
        title="ask for the unlock key",
        cause="the swarm has autolock, so the manager comes back locked; the key is kept in memory only",
        operation="unlock_key",
        needs=step.needs,
        gates=step.gates,
        after=(*step.after, SWARM_SETTINGS),
    )


def _out_of_service(cluster: Cluster, step: Step, host: str, *, gated: bool) -> list[Step]:
    role, node = step.role, Ref(f"node-id@{host}")
    common: dict[str, Any] = {"avoid": host, "cause": step.cause}
    first: dict[str, Any] = {"needs": step.needs, "gates": step.gates, "after": step.after}
    steps: list[Step] = []
    if gated:
        steps.append(
            Wait(
                id=StepId(role, "quorum", host),
                title="wait until the other managers hold the quorum without it",
                condition="quorum_without",
                arguments={"node": node},
                otherwise="bring the managers that are down back, and run the same command again",
                **first,
                **common,
            )
        )
        first = {"needs": (StepId(role, "quorum", host),)}
    if len(cluster.hosts) > 1 and cluster.host(host).availability != "drain":
        steps += [
            Call(
                id=StepId(role, "drain", host),
                title="drain the node",
                operation="node_update",
                arguments={"node": node, "spec": {"Availability": "drain"}, "drop_labels": []},
                leaves=f"{host} is drained: it runs no tasks. The same command goes on with it; with the change taken"
                " out of the inventory, it only gives it its tasks back",
                **first,
                **common,
            ),
            Wait(
                id=StepId(role, "drained", host),
                title="wait until its tasks run elsewhere",
                condition="node_drained",
                arguments={"node": node},
                otherwise="see which tasks have no place or do not start: invoke stack.ls",
                needs=(StepId(role, "drain", host),),
                timeout=300,
                **common,
            ),
        ]
    return steps


def _back(cluster: Cluster, step: Step, host: str, member: Member, key: Step | None) -> list[Step]:
    role, node, awake = step.role, Ref(f"node-id@{host}"), step.id
    steps: list[Step] = []
    if key:
        awake = StepId(role, "unlock", host)
        steps.append(unlock(awake, host, needs=(step.id,), key=Ref(f"result@{key.id}")))
    availability = cluster.host(host).availability
    return [
        *steps,
        Wait(
            id=StepId(role, "back", host),
            title="wait until the node is Ready" + (" and Reachable" if member.manager else ""),
            condition="node_ready",
            arguments={"node": node},
            otherwise=unheard(host),
            needs=(awake,),
            cause=step.cause,
        ),
        Call(
            id=StepId(role, "return", host),
            title=f"set availability {availability} again",
            operation="node_update",
            arguments={"node": node, "spec": {"Availability": availability}, "drop_labels": []},
            needs=(StepId(role, "back", host),),
            provides=(returned(host), *step.provides),
            cause=step.cause,
            leaves="",
        ),
    ]


UNLOCK_KEY = Ref("unlock-key")


def unlock(name: StepId, host: str, *, needs: tuple[Edge, ...], key: Ref = UNLOCK_KEY) -> Step:
    """Unlock a manager that came back locked, with a key from before, or with the one that another manager tells."""
    return Call(
        id=name,
        host=host,
        title="unlock the manager",
        cause="the swarm has autolock",
        avoid=host,
        operation="swarm_unlock",
        arguments={"key": key},
        needs=needs,
    )


def unheard(host: str) -> str:
    """What to look at when the managers do not see a node whose engine runs."""
    return (
        f"see that 2377/tcp and 7946/tcp+udp are open between {host} and the managers and that the clocks agree;"
        f" on {host} look at: journalctl -u docker; then run the same command again"
    )
