"""The swarm's state saved to this machine: one manager that can be spared is taken out of service for it. No part of
what ``cluster.up`` does: ``cluster.backup`` asks this role, and no other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from skep.backup import save, taken
from skep.dataclass import dataclass
from skep.plan import Finding, Step
from skep.questions import SERVICES, Answers
from skep.request import RequestedCluster
from skep.role import ClusterRole
from skep.rolling import ACTIONS, MILESTONES, rolling
from skep.seen import Seen
from skep.steps import Milestone, StepId


@dataclass(frozen=True, slots=True)
class State:
    """Nothing beyond a host's standing in the swarm."""


class Backup(ClusterRole[State]):
    """Saves once: a request that has no ``stamp`` any more asks for nothing."""

    name = "backup"
    actions: tuple[str, ...] = ACTIONS
    milestones: tuple[Milestone, ...] = MILESTONES
    questions: tuple[str, ...] = ("/info", "/nodes", SERVICES)

    def parse(self, text: str, answers: Answers) -> State | None:
        """Nothing: the standing of hosts is read elsewhere."""
        return None

    def plan(self, cluster: RequestedCluster, seen: Seen[State]) -> Sequence[Step | Finding]:
        """From a manager that does not lead, if there is one."""
        if not cluster.stamp:
            return ()
        leads = {name: member.leader for name, member in seen.members.items() if member and member.managers}
        managers = [host.name for host in seen.hosts(cluster) if host.name in leads]
        if seen.manager is None or not managers:
            return [_error("no manager in a quorum answers: there is no state that can be trusted", "cluster.status")]
        name = min(managers, key=lambda host: leads[host])
        member = seen.members[seen.manager]
        if member and len(member.managers) == 1 and not cluster.allow_quorum_loss:
            return [
                _error(
                    "it is the only manager: while its engine is stopped its tasks stop, and nothing can be changed",
                    "cluster.backup --allow-quorum-loss",
                    name,
                    when="by hand, at a time that can bear it: ",
                )
            ]
        here = seen.members[name]
        saved = save(cluster, name, self.name, "asked for", locked=bool(here and here.locks))
        wrapped = rolling(cluster, {name: saved}, seen.members)
        done = [StepId(self.name, action, name) for action in ("back",)]
        copies = [replace(step, after=(*step.after, *done)) for step in taken(cluster, name, saved)]
        return [*wrapped, *(copies if any(isinstance(item, Step) for item in wrapped) else [])]


def _error(text: str, task: str, host: str | None = None, *, when: str = "") -> Finding:
    return Finding("error", text, host=host, role="backup", next_action=f"{when}invoke {task}")


role = Backup()
