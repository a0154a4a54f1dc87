"""Taking hosts of a live swarm out of service one after another, as steps, in an order that keeps the quorum and all
that services are to have. What happens to one host stands in ``skep.outage``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from skep.dataclass import dataclass
from skep.kinds.hosts import QUORUM_LOST_MEANWHILE
from skep.milestones import RETURNED
from skep.outage import Outage
from skep.plan import Finding, Step
from skep.request import RequestedCluster
from skep.seen import Member, Members, believed
from skep.steps import EARLIER, StepId

ACTIONS = (
    "key", "quorum", "short", "pause", "move", "moved", "drain", "drained", "backup", "copy", "discard",
    "unlock", "back", "return", "settled",
)  # fmt: skip
"""Of the steps that are planned here, for a role that takes hosts out of service."""

MILESTONES = (RETURNED,)
"""What these steps provide, beside what the work in between does."""


def rolling(
    cluster: RequestedCluster,
    work: Mapping[str, Step],
    members: Members,
    *,
    upgrade: bool = False,
    first: Collection[str] = (),
) -> list[Step | Finding]:
    """The steps of ``work`` (host name → the step that interrupts its engine) wrapped and put in order.

    Workers come first, as many at once as the request allows; then managers one by one, the leader last. Where engines
    get another version (``upgrade``), managers come before workers, for an old leader does not know what a newer engine
    asks of it; and the swarm's state is saved from the first of them while it is out of service. Those in ``first`` go
    before all others, one by one.

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
    managers = [name for name in names if standing[name].manager]
    managers.sort(key=lambda name: (name not in first, standing[name].leader))
    reserve = _reserve(members)
    steps: list[Step | Finding] = [work[name] for name in work if name in removed]
    if managers and not reserve.enough:
        finding = _without_reserve(cluster, work[managers[0]].role, managers, members, reserve)
        steps += [finding] if finding else []
        if finding and finding.level != "warning":
            managers, workers = [], workers if not (upgrade and finding.later) else []
    outage = Outage(cluster, _believed(members).services)
    saved = managers[0] if upgrade and managers and cluster.stamp else None
    groups = _groups(workers, managers, first, cluster.parallel_workers, managers_first=upgrade)

    def wrapped(name: str, group: Sequence[str]) -> list[Step]:
        gated = standing[name].manager and reserve.enough
        return outage.of(name, work[name], standing[name], group, gated=gated, saved=name == saved)

    steps += _one_after_another(groups, wrapped)
    return [*steps, *(outage.interruptions(work[names[0]].role, names) if workers or managers else [])]


def _groups(
    workers: Sequence[str], managers: Sequence[str], first: Collection[str], at_once: int, *, managers_first: bool
) -> list[list[str]]:
    """Hosts that are out of service together, group after group."""
    early = [[name] for name in (*managers, *workers) if name in first]
    rest, at_once = [name for name in workers if name not in first], max(1, at_once)
    batches = [rest[place : place + at_once] for place in range(0, len(rest), at_once)]
    singles = [[name] for name in managers if name not in first]
    return early + (singles + batches if managers_first else batches + singles)


def _one_after_another(
    groups: Sequence[Sequence[str]], wrapped: Callable[[str, Sequence[str]], Sequence[Step]]
) -> list[Step]:
    """The steps of all groups; each group waits for the success of the one before."""
    steps: list[Step] = []
    before: list[StepId] = []
    for group in groups:
        made = [wrapped(name, group) for name in group]
        for first, *rest in made:
            steps += [replace(first, gates=(*first.gates, *before)), *rest]
        before = [own[-1].id for own in made]
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
    cluster: RequestedCluster, role: str, hosts: Sequence[str], members: Members, reserve: Reserve
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
        "bring the managers that are down back, or add one, until one can be spared; or allow it for that moment,"
        " by hand: --allow-quorum-loss",
    )


def _manages(member: Member | None) -> bool:
    return member is not None and member.manager
