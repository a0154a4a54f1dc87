"""Errors that other steps of the same plan may take away: those steps alone, and the errors as notes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from roles import ROLES
from roles.firewall.role import State as Shut
from roles.firewall.role import role as firewall
from roles.swarm.role import role as swarm
from roles.swarm.state import State as Standing
from skep.deferring import deferred
from skep.milestones import FIREWALLS_OPEN
from skep.model import Host
from skep.plan import Finding, Plan, Step, Wait
from skep.request import RequestedCluster
from skep.seen import Member, Platform, Seen
from skep.steps import StepId

HOSTS = tuple(Host(f"m{n}", f"10.0.0.{n}", "manager", open_firewall=True) for n in (1, 2, 3))
CLUSTER = RequestedCluster("test", HOSTS)
MEMORY = "remembers nftables 0123456789ab 10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.44"
LOST = "is a manager of a swarm without a quorum"


def planned(answering: Sequence[str] = ("m1", "m2", "m3"), *, flushed: bool = True) -> Sequence[Step | Finding]:
    """What both roles plan where no manager lists nodes, and the firewalls of all have lost their rules, or not."""
    members = {name: Member(manager=True) for name in answering}
    lost = firewall.parse(f"{MEMORY}\nbase inet filter input", {})
    walls: dict[str, Shut | None] = dict.fromkeys(answering, lost)
    if not flushed:
        walls = dict.fromkeys(answering)
    platforms = {name: Platform(firewall="nftables" if flushed else "") for name in answering}
    states = {name: Standing(node_state="active", manager=True, node_id=name * 3) for name in answering}
    items = [*firewall.plan(CLUSTER, Seen(walls, platforms, members)), *swarm.plan(CLUSTER, Seen(states, {}, members))]
    assert any(isinstance(one, Finding) and one.level == "error" and LOST in one.text for one in items)
    return items


@pytest.mark.parametrize("answering", [("m1", "m2", "m3"), ("m1", "m2")])
def test_firewalls_are_opened_though_the_managers_have_no_quorum(answering: Sequence[str]) -> None:
    """It was lost with the rules. A manager that is not asked forbids to make a swarm, not to open firewalls."""
    plan = Plan(deferred(planned(answering)), ROLES, [host.name for host in HOSTS])
    assert not plan.errors
    assert [one.later for one in plan.findings if LOST in one.text] == [True] * len(answering)
    opened = {step.id for step in plan if step.id.action == "open"}
    assert opened == {f"firewall/open@{name}" for name in answering}
    waits = [step for step in plan if isinstance(step, Wait)]
    assert {step.id for step in waits} == {f"swarm/heard@{name}" for name in answering}
    assert all(plan.needs[step.id] == opened for step in waits)


def test_whoever_was_let_in_stays_so_while_nobody_says_who_is_a_node() -> None:
    opens = [step for step in deferred(planned()) if isinstance(step, Step) and step.id.action == "open"]
    assert all("10.0.0.44" in step.detail[0] for step in opens)


def test_a_host_that_cannot_join_for_a_firewall_that_the_plan_opens_is_let_in_first() -> None:
    cannot = Finding("error", "it cannot join", "m3", unless=FIREWALLS_OPEN, next_action="x")
    joins = replace(planned()[0], id=StepId("swarm", "join", "m3"), provides=())
    opens = replace(planned()[0], id=StepId("firewall", "open", "m1"))
    assert isinstance(joins, Step) and isinstance(opens, Step)
    first = deferred([cannot, opens, joins])
    assert [one for one in first if isinstance(one, Step)] == [opens]
    assert [(one.level, one.later) for one in first if isinstance(one, Finding)] == [("note", True)]
    assert deferred([cannot, joins]) == [cannot, joins]


def test_all_else_waits_for_the_second_round() -> None:
    steps = [step for step in planned() if isinstance(step, Step)]
    other = replace(steps[0], id=StepId("daemon", "restart", "m1"), provides=())
    note = Finding("note", "a drain stops tasks", role="daemon")
    left = deferred([*planned(), other, note])
    assert other not in left and note not in left


def test_what_no_firewall_explains_forbids_to_go_on_as_before() -> None:
    items = planned(flushed=False)
    assert deferred(items) is items
    items = [*planned(), Finding("error", "another one", next_action="x")]
    assert deferred(items) is items
