"""Commands about one stack: what they refuse, what they roll out, and the way back; played on a world."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from roles import ROLES
from roles.stacks.role import role as stacks
from skep import converge
from skep.apply import Outcome
from skep.commands.asking import Asking
from skep.commands.cluster import changes
from skep.commands.stack import rollouts
from skep.converge import Site
from skep.errors import AccessError, ConnectError, HostKeyError, PreflightError, SkepError, StepFailed, UsageError
from skep.model import Cluster, Host, Secret, Stack
from skep.observe import Observation
from skep.plan import Finding, Plan
from skep.preflight import Facts
from skep.report import Reporter
from skep.request import Request, requested
from skep.runs import loop, recovery, refusing, rounds, turn
from skep.steps import Milestone
from tests.steps import step_id
from tests.world.observing import member_of, plan_for, stacks_state
from tests.world.playing import Fault, play
from tests.world.world import World

POOL: Any = SimpleNamespace(hosts=["h1"])
EVERYTHING = Request("cluster.plan")
HOSTS = (Host("h1", "10.0.0.1", "manager"),)


def stack(image: str = "busybox:1", name: str = "web", **more: Any) -> Stack:
    text = f"services: {{app: {{image: '{image}'}}, db: {{image: 'busybox:1'}}}}"
    return Stack(name, ("compose.yml",), {"compose.yml": text.encode()}, **more)


class Recording(Reporter):
    """Keeps what was said."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.plans: list[list[str]] = []
        self.said_of_plans: list[list[Finding]] = []
        self.rows: list[Any] = []
        self.failures: list[SkepError] = []

    def error(self, error: SkepError) -> None:
        self.failures.append(error)

    def say(self, text: str) -> None:
        self.lines.append(text)

    def done(self, text: str) -> None:
        self.lines.append(text)

    def plan(self, plan: Plan, *, applying: bool) -> None:
        self.plans.append([step.id for step in plan])
        self.said_of_plans.append([finding for finding in plan.findings if not finding.standing])

    def table(self, name: str, columns: Any, rows: Any, title: str = "", **_: Any) -> None:
        self.rows = [*rows]


def reached(plan: Plan, done: Any) -> set[Milestone]:
    """The milestones of the steps that are done."""
    return {milestone for step in plan if step.id in done for milestone in step.provides}


class Stage:
    """A world under the commands. ``faults`` befall the next plan; ``locks`` are what runs were called; ``silent`` are
    hosts that do not answer, ``deaf`` where no manager is among those that do."""

    def __init__(self) -> None:
        self.world = World.fresh(["h1"])
        bare = Cluster("test", HOSTS, nonce=Secret("0" * 32))
        play(plan_for(self.world, bare), self.world, bare, Random(0))
        self.world.settle()
        self.cluster = bare
        self.faults: list[Fault] = []
        self.locks: list[str] = []
        self.silent: dict[str, SkepError] = {}
        self.deaf = False
        self.tell = Recording()

    def site(self, *desired: Stack) -> Site:
        return Site(replace(self.cluster, stacks=desired), POOL, [stacks], ROLES)  # type: ignore[list-item]

    def see(self, site: Site, before: Observation | None = None, *, inquire: bool = True) -> Observation:
        seen = {} if self.deaf else {"h1": stacks_state(self.world, "h1")}
        members = {name: member_of(self.world, name) for name in seen}
        observation = Observation({"stacks": seen}, {name: Facts() for name in seen}, self.silent, members)
        asked = stacks.inquiries(requested(site.cluster), observation.of(stacks))
        answers = {one: self.world.answer(site.cluster, one) for one in asked}
        return replace(observation, states={"stacks": stacks.with_answers(observation.of(stacks), answers)})

    def look(self, site: Site) -> tuple[Observation, Plan]:
        seen = self.see(site)
        return seen, converge.plan(site, seen)

    def run(self, site: Site, what: str) -> Stage:
        self.locks.append(what)
        return self

    def __enter__(self) -> Stage:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def announce(self, plan: Plan, seen: Observation) -> None:
        """Nobody else is there."""

    def check(self) -> None:
        """It is never lost."""

    def apply(self, site: Site, plan: Plan, seen: Observation, tell: Any) -> Outcome:
        refusing.refuse_errors(plan)
        faults, self.faults = self.faults, []
        ended = play(plan, self.world, site.cluster, Random(1), faults=tuple(faults))
        failed: dict[str, SkepError] = {name: StepFailed(text, step=name) for name, text in ended.failed.items()}
        skipped = dict.fromkeys(ended.skipped, "a failure")
        return Outcome(ended.done, failed, skipped, reached=reached(plan, ended.done))

    @property
    def images(self) -> dict[str, str]:
        (swarm,) = self.world.swarms.values()
        specs = [one["Spec"] for one in swarm.services.values()]
        return {one["Name"]: one["TaskTemplate"]["ContainerSpec"]["Image"].partition("@")[0] for one in specs}

    def deploy(self, desired: Stack, *others: Stack, **more: Any) -> None:
        rollouts.deploy(self.site(desired, *others), self.tell, name=desired.name, **more)


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    made = Stage()
    monkeypatch.setattr(turn, "Run", made.run)
    monkeypatch.setattr(turn.cluster_lock, "read", lambda *_: ({}, {}))
    for module in (loop, rounds, recovery):
        monkeypatch.setattr(module, "see", made.see)
    monkeypatch.setattr(converge.preflight, "check", lambda *_: [])
    return made


def test_deploy_and_again(stage: Stage) -> None:
    stage.deploy(stack())
    assert stage.images == {"web_app": "busybox:1", "web_db": "busybox:1"}
    assert stage.tell.lines[-1].startswith(f"web is {rollouts.DESCRIBED}")
    stage.deploy(stack())
    assert stage.tell.plans[-1] == []
    assert stage.locks == ["stack.deploy web"]


def test_only_the_named_stack_is_touched(stage: Stage) -> None:
    stage.deploy(stack(), stack(name="jobs"))
    assert set(stage.images) == {"web_app", "web_db"}


def test_a_failure_is_kept_where_nothing_else_was_said(stage: Stage) -> None:
    stage.deploy(stack())
    stage.faults = [Fault(1, "after")]
    with pytest.raises(StepFailed, match="1 step failed"):
        stage.deploy(stack("busybox:2"))
    assert stage.images["web_app"] == "busybox:2"
    (swarm,) = stage.world.swarms.values()
    errors = {one["Spec"]["Name"]: one["Spec"]["Labels"].get("skep.error") for one in swarm.configs.values()}
    assert errors["skep.web.2"] == "fault after it was done: no cause given"
    assert errors["skep.web.1"] is None


BEGIN, UPDATE, DONE = range(3)
"""Places of the steps in a roll-out of one changed service."""


@pytest.mark.parametrize(
    "fault",
    [
        Fault(BEGIN, "before"),
        Fault(BEGIN, "after"),
        Fault(UPDATE, "before"),
        Fault(UPDATE, "after"),
        Fault(DONE, "before"),
    ],
)
@pytest.mark.parametrize("said", [{"on_failure": "rollback"}, {}])
def test_a_failure_is_taken_back_where_that_was_said(stage: Stage, fault: Fault, said: Any) -> None:
    stage.deploy(stack())
    stage.faults = [fault]
    desired = stack("busybox:2", on_failure="keep" if said else "rollback")
    with pytest.raises(StepFailed) as failure:
        stage.deploy(desired, **said)
    assert stage.images == {"web_app": "busybox:1", "web_db": "busybox:1"}
    if fault.at > BEGIN and fault != Fault(UPDATE, "before"):
        assert failure.value.message == "web failed and was rolled back to what ran before"
    else:
        assert failure.value.message == "web failed; what ran before runs, nothing was left to take back"
    assert failure.value.step
    stage.deploy(desired)
    assert stage.images["web_app"] == "busybox:2"


@pytest.mark.parametrize("what", ["scale", "restart", "rollback"])
def test_only_a_deploy_takes_back(stage: Stage, what: str) -> None:
    """An emergency scale of a stack that is to go back on failure is what somebody asked for just now."""
    desired = stack("busybox:2", on_failure="rollback")
    stage.deploy(stack())
    stage.deploy(desired)
    stage.faults = [Fault(UPDATE, "after")]
    acts: dict[str, Callable[[Site], None]] = {
        "scale": lambda site: rollouts.scale(site, stage.tell, name="web", counts=["app=3"], timeout=None),
        "restart": lambda site: rollouts.restart(site, stage.tell, name="web", services=["app"], timeout=None),
        "rollback": lambda site: rollouts.rollback(
            site, stage.tell, name="web", revision=None, timeout=None, asking=Asking(yes=True)
        ),
    }
    with pytest.raises(StepFailed, match="1 step failed"):
        acts[what](stage.site(desired))
    assert stage.images["web_app"] == ("busybox:1" if what == "rollback" else "busybox:2")


def test_what_was_noted_to_run_is_not_taken_back(stage: Stage) -> None:
    stage.deploy(stack())
    stage.faults = [Fault(DONE, "after")]
    with pytest.raises(StepFailed):
        stage.deploy(stack("busybox:2"), on_failure="rollback")
    assert stage.images["web_app"] == "busybox:2"


def test_the_first_roll_out_has_nothing_to_go_back_to(stage: Stage) -> None:
    stage.faults = [Fault(2, "before")]
    with pytest.raises(StepFailed) as failure:
        stage.deploy(stack(), on_failure="rollback")
    assert failure.value.message == "web failed and stays as it is: no revision of it ran before, to go back to"
    assert failure.value.cause is None
    assert failure.value.next_action == (
        "fix the stack's files and run the same command again, or take it away: invoke stack.rm web"
    )
    assert len(stage.tell.plans) == 1


def test_a_first_roll_out_that_failed_keeps_no_other_from_going_back(stage: Stage) -> None:
    stage.deploy(stack())
    both = stage.site(stack("busybox:2", on_failure="rollback"), stack(name="jobs", on_failure="rollback"))
    seen, planned = stage.look(both)
    unseen = ("stacks/running", "stacks/done", "stacks/collect")
    steps = [step for step in planned if step.id.partition(":")[0] not in unseen]
    done = play(Plan(steps, both.known, ["h1"]), stage.world, both.cluster, Random(1)).done
    failed = {step_id(name): StepFailed("x", step=name) for name in ("stacks/running:web", "stacks/running:jobs")}
    with pytest.raises(StepFailed) as failure:
        recovery.Recovery(stage.tell, both)(stage, Outcome(done, dict(failed), reached=reached(planned, done)), seen)  # type: ignore[arg-type]
    assert failure.value.message.startswith("web failed and was rolled back to what ran before; jobs failed and stays")
    assert stage.images["web_app"] == "busybox:1"


def test_what_failed_and_was_taken_back_is_not_gone_back_from(stage: Stage) -> None:
    """Whoever follows the failure with a rollback means what has happened already."""
    for image in ("busybox:1", "busybox:2"):
        stage.deploy(stack(image))
    stage.faults = [Fault(UPDATE, "after")]
    with pytest.raises(StepFailed):
        stage.deploy(stack("busybox:3"), on_failure="rollback")
    site, before = stage.site(stack("busybox:3")), len(stage.tell.plans)
    rollouts.rollback(site, stage.tell, name="web", revision=None, timeout=None)
    assert stage.images["web_app"] == "busybox:2"
    assert stage.tell.plans[before:] == [[]]
    (note,) = stage.tell.said_of_plans[-1]
    assert note.next_action == (
        "to go further back: invoke stack.rollback web 1; what there is: invoke stack.history web"
    )
    rollouts.rollback(site, stage.tell, name="web", revision=1, timeout=None, asking=Asking(yes=True))
    assert stage.images["web_app"] == "busybox:1"


@pytest.mark.parametrize("answer", ["y", "n"])
def test_a_rollback_asks_first(stage: Stage, monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    for image in ("busybox:1", "busybox:2"):
        stage.deploy(stack(image))
    site = stage.site(stack("busybox:2"))
    with pytest.raises(UsageError, match="Nobody can be asked here"):
        rollouts.rollback(site, stage.tell, name="web", revision=None, timeout=None)
    asked: list[str] = []
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("builtins.input", lambda question: asked.append(question) or answer)
    if answer == "n":
        with pytest.raises(UsageError, match="not agreed; nothing was changed"):
            rollouts.rollback(site, stage.tell, name="web", revision=None, timeout=None)
    else:
        rollouts.rollback(site, stage.tell, name="web", revision=None, timeout=None)
    assert asked == ["Take stack web back, as the plan says? [y/N] "]
    assert stage.images["web_app"] == ("busybox:1" if answer == "y" else "busybox:2")


def day_two(name: str) -> Callable[[Stage, Site], None]:
    acts: dict[str, Callable[[Stage, Site], None]] = {
        "deploy": lambda stage, site: rollouts.deploy(site, stage.tell, name="web"),
        "refresh": lambda stage, site: rollouts.refresh(site, stage.tell, name="all", timeout=None, on_failure=None),
        "scale": lambda stage, site: rollouts.scale(site, stage.tell, name="web", counts=["app=3"], timeout=None),
        "restart": lambda stage, site: rollouts.restart(site, stage.tell, name="web", services=["app"], timeout=None),
        "rollback": lambda stage, site: rollouts.rollback(
            site, stage.tell, name="web", revision=None, timeout=None, asking=Asking(yes=True)
        ),
        "plan": lambda stage, site: [rollouts.show_plan(site, stage.tell, name="web", resolve=True, exit_code=False)],  # type: ignore[dict-item, list-item]
    }
    return acts[name]


@pytest.mark.parametrize("why", [ConnectError, AccessError, HostKeyError])
@pytest.mark.parametrize("what", ["deploy", "refresh", "scale", "restart", "rollback", "plan"])
def test_a_host_that_is_silent_has_no_part_in_it(stage: Stage, what: str, why: type[SkepError]) -> None:
    """The managers tell and do it all: it is done, and nothing says that it be done again."""
    for image in ("busybox:1", "busybox:2"):
        stage.deploy(stack(image))
    stage.world.pushed["busybox:1"] = 1
    stage.silent = {"w1": why("cannot be asked", host="w1")}
    notes: list[str] = []
    day_two(what)(stage, replace(stage.site(stack("busybox:3")), note=notes.append))
    (note,) = notes
    done = "" if what == "plan" else ", and nothing is left to do"
    assert note == f"not asked: w1; the managers know all that this needs{done}"


@pytest.mark.parametrize("what", ["deploy", "refresh", "scale", "restart", "rollback", "plan"])
def test_where_no_manager_reports_nothing_is_said_to_be_done(stage: Stage, what: str) -> None:
    stage.deploy(stack())
    stage.silent, stage.deaf = {"h1": ConnectError("cannot be reached", host="h1", cause="no route")}, True
    with pytest.raises((ConnectError, PreflightError)) as failure:
        day_two(what)(stage, stage.site(stack("busybox:2")))
    assert stage.tell.lines[1:] == []
    if isinstance(failure.value, ConnectError):
        assert "no route" in (failure.value.cause or "")


def test_a_stack_is_not_taken_back_for_one_whose_name_begins_the_same() -> None:
    assert step_id("stacks/update:web_two/web_two_app").stack == "web_two"
    assert step_id("stacks/update:web/web_two_app").stack == "web"


@pytest.mark.parametrize(
    ("step", "about"),
    [
        ("stacks/update:web/web_app", True),
        ("stacks/running:web", True),
        ("stacks/ready:web/2", True),
        ("stacks/begin:web", True),
        ("stacks/update:webb/webb_app", False),
        ("stacks/running:webb", False),
        ("networks/create:web", False),
        ("swarm/join@web", False),
    ],
)
def test_whose_failure_it_is(step: str, about: bool) -> None:
    assert (step_id(step).stack == "web") == about


def test_an_interrupted_run_is_left_as_it_is(stage: Stage) -> None:
    recover = recovery.Recovery(stage.tell, stage.site(stack(on_failure="rollback")))
    outcome = Outcome([], {step_id("stacks/update:web/web_app"): StepFailed("x")}, interrupted=True)
    recover(None, outcome, Observation({}, {}, {}))  # type: ignore[arg-type]
    assert stage.tell.lines == []


def test_scale_restart_and_rollback(stage: Stage) -> None:
    site = stage.site(stack())
    stage.deploy(stack())
    rollouts.scale(site, stage.tell, name="web", counts=["app=3", "web_db=2"], timeout=None)
    (swarm,) = stage.world.swarms.values()
    modes = {name: spec["Mode"]["Replicated"]["Replicas"] for name, spec in swarm.stack("web").items()}
    assert modes == {"web_app": 3, "web_db": 2}
    assert "until" not in stage.tell.lines[-1] or "next deploy" in stage.tell.lines[-1]
    rollouts.restart(site, stage.tell, name="web", services=["app"], timeout="5m")
    forced = {name: spec["TaskTemplate"]["ForceUpdate"] for name, spec in swarm.stack("web").items()}
    assert forced == {"web_app": 1, "web_db": 0}
    rollouts.rollback(site, stage.tell, name="web", revision=1, timeout=None, asking=Asking(yes=True))
    modes = {name: spec["Mode"]["Replicated"]["Replicas"] for name, spec in swarm.stack("web").items()}
    assert modes == {"web_app": 1, "web_db": 1}
    assert stage.locks == [
        "stack.deploy web",
        "stack.scale web app=3 web_db=2",
        "stack.restart web app",
        "stack.rollback web",
    ]


def test_a_stack_that_only_the_swarm_knows(stage: Stage) -> None:
    stage.deploy(stack())
    rollouts.scale(stage.site(), stage.tell, name="web", counts=["app=2"], timeout=None)
    with pytest.raises(PreflightError):
        rollouts.scale(stage.site(), stage.tell, name="wep", counts=["app=2"], timeout=None)
    with pytest.raises(PreflightError):
        rollouts.rollback(stage.site(), stage.tell, name="wep", revision=None, timeout=None, asking=Asking(yes=True))


def test_refresh_is_for_what_has_moved(stage: Stage) -> None:
    stage.deploy(stack())
    rollouts.refresh(stage.site(stack()), stage.tell, name="all", timeout=None, on_failure=None)
    assert stage.locks == ["stack.deploy web"]
    stage.world.pushed["busybox:1"] = 1
    rollouts.refresh(stage.site(stack()), stage.tell, name="all", timeout=None, on_failure="rollback")
    assert stage.locks[1:] == ["stack.refresh web"]
    assert stage.tell.plans[-1].count("stacks/running:web") == 1


def test_a_stack_that_cannot_be_refreshed_keeps_no_other_from_it(stage: Stage) -> None:
    site = stage.site(stack(), stack("busybox:3", name="jobs"))
    for one in site.cluster.stacks:
        rollouts.deploy(site, stage.tell, name=one.name)
    stage.world.pushed |= {"busybox:1": 1, "busybox:3": 1}
    stage.faults = [Fault(1, "after")]
    stage.locks.clear()
    with pytest.raises(StepFailed, match="1 of 2 stacks did not end well: web\n"):
        rollouts.refresh(site, stage.tell, name="all", timeout=None, on_failure=None)
    assert stage.locks == ["stack.refresh web", "stack.refresh jobs"]
    assert stage.tell.lines[-1].startswith("jobs is at what its tags are now")
    assert [error.exit_code for error in stage.tell.failures] == [5]


def test_plan_changes_nothing_and_reports_by_its_exit_code(stage: Stage) -> None:
    site = stage.site(stack())
    assert rollouts.show_plan(site, stage.tell, name="web", resolve=True, exit_code=True) == 10
    assert rollouts.show_plan(site, stage.tell, name="web", resolve=True, exit_code=False) == 0
    assert (stage.images, stage.locks) == ({}, [])
    stage.deploy(stack())
    assert rollouts.show_plan(site, stage.tell, name="all", resolve=True, exit_code=True) == 0
    assert "nothing to change" in stage.tell.lines[-1]


def test_plans_of_a_stack_and_of_all_tell_tags_that_have_moved(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.deploy(stack())
    texts: list[str] = []
    monkeypatch.setattr(
        stage.tell,
        "plan",
        lambda plan, applying: texts.extend(finding.text for finding in plan.findings if not finding.standing),
    )
    site = replace(stage.site(stack()), pool=POOL)  # type: ignore[arg-type]
    stage.world.pushed["busybox:1"] = 1
    assert changes.show_plan(site, stage.tell, EVERYTHING, exit_code=True) == 0
    assert [text.partition(" runs ")[0] for text in texts] == ["service web_app", "service web_db"]
    texts.clear()
    assert changes.show_plan(site, stage.tell, EVERYTHING, exit_code=True, resolve=False) == 0
    stage.world.lacking.add("busybox:1")
    assert changes.show_plan(site, stage.tell, EVERYTHING, exit_code=True) == 0
    assert texts == []


def test_a_service_may_be_named_with_the_prefix_of_its_stack(stage: Stage) -> None:
    stage.deploy(stack())
    shown: dict[str, list[Any]] = {}
    for name in ("app", "web_app"):
        site, before, only = stage.site(stack()), len(stage.tell.plans), Asking(only_shown=True)
        rollouts.scale(site, stage.tell, name="web", counts=[f"{name}=3"], timeout=None, asking=only)
        rollouts.restart(site, stage.tell, name="web", services=[name], timeout=None, asking=only)
        shown[name] = stage.tell.plans[before:]
    assert shown["app"] == shown["web_app"]
    assert [plan[1] for plan in shown["app"]] == ["stacks/update:web/web_app", "stacks/restart:web/web_app"]


def scaled(*counts: str) -> Callable[[Site], None]:
    return lambda site: rollouts.scale(site, Reporter(), name="web", counts=counts, timeout=None)


@pytest.mark.parametrize(
    ("act", "text", "then"),
    [
        (scaled("app"), "app is not SERVICE=NUMBER", "web=3"),
        (scaled("app=x"), "app=x is not SERVICE=NUMBER", "web=3"),
        (scaled("app=-1"), "app=-1 is not SERVICE=NUMBER", "web=3"),
        (scaled("=3"), "=3 is not SERVICE=NUMBER", "web=3"),
        (scaled("app=²"), "app=² is not SERVICE=NUMBER", "web=3"),
        (scaled(), "no service is named", "web=3"),
        (
            lambda site: rollouts.restart(site, Reporter(), name="web", services=[], timeout=None),
            "no service is named",
            "stack.restart web web",
        ),
        (
            lambda site: rollouts.deploy(site, Reporter(), name="wep"),
            "no stack wep in the inventory",
            "its stacks are: web, jobs",
        ),
        (
            lambda site: rollouts.deploy(site, Reporter(), name="web", on_failure="retry"),
            "--on-failure retry is not one of keep, rollback",
            None,
        ),
        (lambda site: rollouts.deploy(site, Reporter(), name="web", timeout="soon"), "--timeout soon:", None),
        (
            lambda site: rollouts.show_plan(site, Reporter(), name="x", resolve=True, exit_code=False),
            "no stack x in the inventory",
            "its stacks are: web, jobs",
        ),
    ],
)
def test_what_was_asked_wrongly_is_refused(stage: Stage, act: Any, text: str, then: str | None) -> None:
    with pytest.raises(UsageError) as failure:
        act(stage.site(stack(), stack(name="jobs")))
    assert failure.value.message.startswith(text)
    assert then is None or then in (failure.value.next_action or "")
    assert stage.locks == []


@pytest.mark.parametrize(("given", "seconds"), [(None, None), ("90", 90.0), ("2m", 120.0), ("1h30m", 5400.0)])
def test_timeouts(given: str | None, seconds: float | None) -> None:
    assert rollouts._request("stack.deploy web", "web", rollouts.Rollout(), given).timeout == seconds
