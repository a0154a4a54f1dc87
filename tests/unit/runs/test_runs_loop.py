"""A request carried out as a schedule does it: by nobody at a terminal, with nothing printed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from skep import converge
from skep.converge import Site
from skep.errors import LockHeld, PreflightError, StepFailed, UsageError
from skep.observe import Observation
from skep.plan import Finding, Plan
from skep.request import Request, Rollout
from skep.runs import loop
from skep.runs.listener import Listener
from skep.runs.loop import run
from skep.seen import Member, swarms
from tests.unit.commands.test_commands_rollouts import UPDATE, Stage, stack, stage
from tests.world.playing import Fault

__all__ = ["stage"]

DEPLOY = Request("schedule web", stacks=("web",))


def test_a_request_is_carried_out_and_nothing_is_printed(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    first = run(stage.site(stack()), DEPLOY, Listener())
    assert stage.images == {"web_app": "busybox:1", "web_db": "busybox:1"}
    assert [step.id for step in first.steps] == [step.id for step in first.plan]
    assert (first.hosts, first.silent) == (("h1",), {})
    again = run(stage.site(stack()), DEPLOY, Listener())
    assert (len(again.plan), again.steps) == (0, ())
    assert stage.locks == ["schedule web"]
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("down", [True, False])
def test_what_is_only_planned_changes_nothing_and_asks_nobody(stage: Stage, down: bool) -> None:
    if down:
        stage.deploy(stack())
    before, locks = stage.images, list(stage.locks)
    request = replace(DEPLOY, down=down, only_planned=True)
    result = run(stage.site(stack()), request, Listener(), lambda _: pytest.fail("asked"))
    assert len(result.plan) > 0
    assert (result.steps, stage.images, stage.locks) == ((), before, locks)


def test_a_plan_is_agreed_to_before_the_lock_is_taken(stage: Stage) -> None:
    plans: list[int] = []

    def no(planned: Plan) -> bool:
        plans.append(len(planned))
        raise UsageError("not agreed")

    with pytest.raises(UsageError):
        run(stage.site(stack()), DEPLOY, Listener(), no)
    assert (len(plans), stage.images, stage.locks) == (1, {}, [])
    run(stage.site(stack()), DEPLOY, Listener())
    run(stage.site(stack()), DEPLOY, Listener(), no)  # nothing to do, nothing to ask
    assert len(plans) == 1


def test_what_is_taken_down_is_what_was_planned_or_nothing(stage: Stage) -> None:
    stage.deploy(stack())

    def late(planned: Plan) -> bool:
        stage.deploy(replace(stack(), name="web", files={"compose.yml": b"services: {app: {image: 'busybox:2'}}"}))
        (swarm,) = stage.world.swarms.values()
        swarm.services.clear()
        return False

    with pytest.raises(LockHeld, match="changed since"):
        run(stage.site(stack()), replace(DEPLOY, down=True), Listener(), late)


def test_a_request_says_how_stacks_are_rolled_out_and_the_inventory_stays(stage: Stage) -> None:
    stage.deploy(stack())
    site = stage.site(stack())
    run(site, replace(DEPLOY, rollout=Rollout(scale={"web_app": 3}, resolve="never")), Listener())
    (swarm,) = stage.world.swarms.values()
    assert swarm.stack("web")["web_app"]["Mode"]["Replicated"]["Replicas"] == 3
    assert site.cluster.stacks == (stack(),)
    run(site, DEPLOY, Listener())
    assert swarm.stack("web")["web_app"]["Mode"]["Replicated"]["Replicas"] == 1


def test_a_failure_is_raised_and_goes_back_only_where_that_was_asked(stage: Stage) -> None:
    stage.deploy(stack())
    desired = stage.site(stack("busybox:2", on_failure="rollback"))
    stage.faults = [Fault(UPDATE, "after")]
    with pytest.raises(StepFailed, match="1 step failed"):
        run(desired, DEPLOY, Listener())
    assert stage.images["web_app"] == "busybox:2"
    stage.faults = [Fault(UPDATE, "after")]
    with pytest.raises(StepFailed, match="rolled back"):
        run(stage.site(stack("busybox:3")), replace(DEPLOY, recovers=True, on_failure="rollback"), Listener())
    assert stage.images["web_app"] == "busybox:1"


def test_a_plan_with_errors_is_not_begun(stage: Stage) -> None:
    with pytest.raises(PreflightError):
        run(stage.site(), replace(DEPLOY, rollout=Rollout(scale={"web_app": 3}, resolve="never")), Listener())
    assert stage.locks == []


def test_a_host_that_is_wrong_forbids_to_take_a_stack_away_only_where_there_is_one(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = Finding("error", "its clock is wrong", host="h1", next_action="set it")
    monkeypatch.setattr(converge.preflight, "check", lambda *_: [wrong])
    down = replace(DEPLOY, down=True)
    assert len(run(stage.site(stack()), down, Listener()).plan) == 0
    monkeypatch.setattr(converge.preflight, "check", lambda *_: [])
    stage.deploy(stack())
    monkeypatch.setattr(converge.preflight, "check", lambda *_: [wrong])
    with pytest.raises(PreflightError):
        run(stage.site(stack()), down, Listener())


def test_a_stack_is_not_touched_where_managers_are_in_different_swarms(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def see(site: Site, before: Observation | None = None, *, inquire: bool = True) -> Observation:
        seen = stage.see(site, before, inquire=inquire)
        stray = Member(manager=True, leader=True, node="stray", managers={"stray": True}, nodes=frozenset({"stray"}))
        return replace(seen, members={**seen.members, "h2": stray})

    monkeypatch.setattr(loop, "see", see)
    with pytest.raises(PreflightError, match="2 different swarms") as refused:
        run(stage.site(stack()), DEPLOY, Listener())
    assert refused.value.cause == "h1 in one; h2 in another"
    assert (stage.images, stage.locks) == ({}, [])


def test_managers_of_one_swarm_have_nodes_in_common() -> None:
    def lists(*nodes: str) -> Member:
        return Member(manager=True, nodes=frozenset(nodes))

    late = {"m1": lists("a"), "m2": lists("b"), "m3": lists("a", "b"), "w1": Member(), "x": None, "m4": lists("c")}
    assert swarms(late) == [["m1", "m2", "m3"], ["m4"]]
    assert swarms({}) == []
