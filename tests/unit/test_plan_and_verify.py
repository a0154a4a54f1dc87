"""Plan, status and verify say the same of a stack, whatever Swarm and others made of its services."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roles.stacks import verify
from skep.model import Cluster
from skep.plan import Plan
from skep.request import RequestedStack
from tests.unit.test_converges_stacks import NETWORKS, bare, carry, swarm_of, with_stack
from tests.world.clusters import a_stack
from tests.world.mishaps import stack_touched
from tests.world.observing import plan_for
from tests.world.world import World

fewer = settings(max_examples=settings.default.max_examples // 4)
STATES = ("updating", "paused", "completed", "rollback_started", "rollback_paused", "rollback_completed")
ENDS: tuple[tuple[str, str], ...] = (("pending", "no suitable node"), ("failed", "exit (1)"), ("complete", ""))


def asked(world: World) -> Callable[..., list[Any]]:
    """What the managers tell verify's questions, of the one stack there is."""
    swarm = swarm_of(world)

    def ask(_: object, command: str, *about: str) -> list[Any]:
        services = [copy.deepcopy(one) for one in swarm.services.values()]
        if command == verify.SERVICES:
            return [
                {
                    "Name": one["Spec"]["Name"],
                    "Image": one["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"].partition("@")[0],
                    "Replicas": "{RunningTasks}/{DesiredTasks}".format(**swarm.status(one)),
                }
                for one in services
            ]
        if command == verify.INSPECT:
            return [[one["ID"], one["Spec"]["Name"], one.get("UpdateStatus")] for one in services]
        if command == verify.SPECS:
            return [one["Spec"] for one in services]
        assert command == verify.TASKS
        return [[one["ID"], one["ServiceID"], "node", "running", one["Status"]] for one in swarm.tasks]

    return ask


def verified(world: World, stack: RequestedStack) -> list[str]:
    """What verify finds wrong."""
    wrong = []
    for check in (verify.test_services, verify.test_updates):
        try:
            check(None, stack, Cluster("test", ()), asked(world))
        except AssertionError as error:
            wrong.append(str(error))
    return wrong


def updated_by_others(world: World, service: dict[str, Any], luck: Random) -> None:
    """Swarm's word on an update by other hands; a rollback may have taken back what they wrote."""
    service["UpdateStatus"] = {"State": luck.choice(STATES), "Message": "as it happens"}


def ended(world: World, service: dict[str, Any], luck: Random) -> None:
    """A task does not run any more, or was never placed."""
    state, error = luck.choice(ENDS)
    status = {"State": state, "Err": error, "Timestamp": "2026-01-01T00:00:00Z"}
    swarm_of(world).tasks.append({"ID": world.new_id("task"), "ServiceID": service["ID"], "Status": status})


def one_shot(stack: RequestedStack, luck: Random) -> RequestedStack:
    """The same, perhaps with services that are to run once."""
    text = stack.files["compose.yml"].decode()
    if luck.random() < 0.3:
        text = text.replace("    image:", "    deploy: {restart_policy: {condition: on-failure}}\n    image:")
    return RequestedStack(stack.name, stack.compose, {**stack.files, "compose.yml": text.encode()}, stack.variables)


def says(plan: Plan) -> bool:
    return bool(len(plan) or plan.unwell)


@fewer
@given(st.integers(min_value=0, max_value=2**32), st.integers(0, 3))
def test_where_verify_is_red_the_plan_says_something_and_the_other_way_round(seed: int, count: int) -> None:
    luck = Random(seed)
    world = bare(luck)
    stack = a_stack(luck, "web", NETWORKS)
    if not any("deploy" in line for line in stack.files["compose.yml"].decode().splitlines()):
        stack = one_shot(stack, luck)
    cluster = with_stack(stack, prune=False)
    carry(world, cluster, luck)
    assert (verified(world, stack), says(plan_for(world, cluster))) == ([], False)
    for _ in range(count):
        services = list(swarm_of(world).services.values())
        what = luck.choice((updated_by_others, ended, None))
        if what and services:
            what(world, luck.choice(services), luck)
        else:
            stack_touched(world, world.machines["h1"], luck)
    plan, red = plan_for(world, cluster), verified(world, stack)
    assert not red or says(plan), f"verify says {red}, and the plan nothing"
    assert not plan.unwell or red, f"the plan says {[str(one) for one in plan.unwell]}, and verify nothing"


COMPOSE = "services: {{app: {{image: 'busybox:1', environment: {{LEVEL: {0}}}}}}}"


def app(level: str) -> RequestedStack:
    return RequestedStack("web", ("compose.yml",), {"compose.yml": COMPOSE.format(level).encode()})


@pytest.mark.parametrize(("files", "right"), [("info", True), ("debug", False)])
def test_after_swarm_went_back_it_counts_whether_the_files_did_too(files: str, right: bool) -> None:
    luck = Random(0)
    world = bare(luck)
    carry(world, with_stack(app("info")), luck)
    (service,) = swarm_of(world).services.values()
    service["UpdateStatus"] = {"State": "rollback_completed", "Message": "rollback completed"}
    plan = plan_for(world, with_stack(app(files)))
    assert (verified(world, app(files)) == [], not says(plan)) == (right, right)


@pytest.mark.parametrize(
    ("state", "text", "next_action"),
    [
        (
            "paused",
            "service web_app is as described, and Swarm paused the last roll-out of it: task 5 ended",
            "roll it out anew: invoke stack.restart web app",
        ),
        (
            "updating",
            "service web_app is as described, and a roll-out of it is under way",
            "see what its tasks say: invoke stack.ps web",
        ),
    ],
)
def test_what_other_hands_began_is_reported_with_what_helps(state: str, text: str, next_action: str) -> None:
    luck = Random(0)
    world = bare(luck)
    carry(world, with_stack(app("info")), luck)
    (service,) = swarm_of(world).services.values()
    service["UpdateStatus"] = {"State": state, "Message": "task 5 ended"}
    plan = plan_for(world, with_stack(app("info")))
    assert [(one.text, one.next_action) for one in plan.unwell] == [(text, next_action)]
    assert len(plan) == 0


def test_tasks_that_do_not_run_are_reported_with_their_error() -> None:
    luck = Random(0)
    world = bare(luck)
    carry(world, with_stack(app("info")), luck)
    (service,) = swarm_of(world).services.values()
    status = {"State": "pending", "Err": "no suitable node (disk=ssd)", "Timestamp": "2026-01-01T00:00:00Z"}
    swarm_of(world).tasks.append({"ID": "t", "ServiceID": service["ID"], "Status": status})
    (finding,) = plan_for(world, with_stack(app("info"))).unwell
    assert finding.text == ("service web_app is as described, and 0 of 1 tasks run: no suitable node (disk=ssd)")
    assert json.dumps(verified(world, app("info")))


def test_a_rollout_of_a_stack_says_it_in_place_of_nothing() -> None:
    """Where steps are planned for the stack, they are what there is to say."""
    luck = Random(0)
    world = bare(luck)
    carry(world, with_stack(app("info")), luck)
    (service,) = swarm_of(world).services.values()
    service["UpdateStatus"] = {"State": "paused", "Message": "task 5 ended"}
    assert plan_for(world, with_stack(app("debug"))).unwell == ()
