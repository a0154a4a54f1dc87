"""A role that restarts engines beside the others: nothing else is edited, wherever it stands in the order."""

from __future__ import annotations

import pytest

from roles import ROLES
from skep.milestones import ENGINE_UP, engine_up
from skep.model import Cluster
from skep.plan import Finding, Plan, Run, Step
from skep.rolling import ACTIONS, MILESTONES, rolling
from skep.seen import Member
from skep.steps import StepId
from tests.roles.test_cases import Case, a_cluster, a_plan, cases

TOGETHER = [
    case
    for path, _, case in (param.values for param in cases())
    if path.parent.name == "together" and not case.get("down")
]


class Kernel:
    """Boots hosts into a new kernel, one after the other."""

    name = "kernel"
    actions = ("boot", *ACTIONS)
    milestones = (ENGINE_UP, *MILESTONES)

    def plan(self, cluster: Cluster, hosts: tuple[str, ...]) -> list[Step | Finding]:
        """All hosts that answered, as members of one swarm."""
        work: dict[str, Step] = {
            name: Run(
                id=StepId("kernel", "boot", name),
                host=name,
                title="boot",
                cause="a new kernel",
                script="reboot",
                provides=(engine_up(name),),
                restarts=True,
            )
            for name in hosts
        }
        managers = {host.name: True for host in cluster.managers} | {"more": True, "even-more": True}
        members = {
            name: Member(cluster.host(name).role == "manager", node=name, managers=managers, nodes=frozenset(hosts))
            for name in hosts
        }
        return rolling(cluster, work, members)


def ahead(plan: Plan) -> dict[str, set[str]]:
    """Everything that has ended before each step starts."""
    found: dict[str, set[str]] = {}
    for step in plan:
        waits = plan.needs[step.id] | plan.after[step.id]
        found[step.id] = set(waits).union(*(found[one] for one in waits))
    return found


@pytest.mark.parametrize("case", TOGETHER, ids=[case["title"] for case in TOGETHER])
@pytest.mark.parametrize("place", range(len(ROLES) + 1))
def test_roles_that_restart_engines_take_turns(case: Case, place: int) -> None:
    cluster = a_cluster(case["cluster"])
    others, kernel = a_plan("together", cluster, case), Kernel()
    order = [*ROLES[:place], kernel, *ROLES[place:]]
    names = [role.name for role in order]
    plan = Plan([*others, *kernel.plan(cluster, tuple(case["observed"]))], order, others.hosts)
    ended = ahead(plan)
    for host in case["observed"]:
        before = {step.role for step in plan if step.id in ended[f"kernel/boot@{host}"]}
        assert before >= {step.role for step in plan if names.index(step.role) < place}
        for step in plan:
            interrupts = step.id.action == "drain" or step.role == "stacks"
            if interrupts and names.index(step.role) > place:
                assert f"kernel/return@{host}" in ended[step.id], f"{step.id} before {host} is back"
