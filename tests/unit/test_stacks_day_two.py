"""A stack's days after the first deploy: what failed half-way, restarts, ways back, names that others have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from skep.model import Cluster, Host, Secret, Stack
from skep.plan import Plan, Wait
from skep.request import RequestedCluster, RequestedStack, Rollout
from skep.swarm.revision import Revision, read_revision
from tests.world import playing
from tests.world.docker_cli import stack_deploy
from tests.world.observing import plan_for
from tests.world.playing import Outcome, play
from tests.world.raft import Swarm
from tests.world.world import World

HOSTS = (Host("h1", "10.0.0.1", "manager"),)
LUCK = Random(0)


class Scene:
    """A swarm of one, and stacks by name and compose text."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.world = World.fresh(["h1"])
        self.never: set[str] = set()
        """Waits that fail."""
        holds: Callable[[World, Cluster, Wait], bool] = playing.holds
        monkeypatch.setattr(playing, "holds", lambda *about: about[2].id not in self.never and holds(*about))
        self.deploy()

    @property
    def swarm(self) -> Swarm:
        return next(iter(self.world.swarms.values()))

    def cluster(self, *stacks: Stack) -> Cluster:
        return RequestedCluster("c", HOSTS, stacks=stacks, nonce=Secret("0" * 32))

    def plan(self, *stacks: Stack) -> Plan:
        return plan_for(self.world, self.cluster(*stacks))

    def deploy(self, *stacks: Stack, never: str = "") -> Outcome:
        plan = self.plan(*stacks)
        assert plan.errors == ()
        self.never = {never}
        outcome = play(plan, self.world, self.cluster(*stacks), LUCK)
        self.never = set()
        self.world.settle()
        assert set(outcome.failed) == ({never} if never else set())
        return outcome

    def image(self, service: str) -> str:
        image: str = self.swarm.stack("shop")[service]["TaskTemplate"]["ContainerSpec"]["Image"]
        return image.partition("@")[0]

    @property
    def revisions(self) -> list[Revision]:
        found = [one for config in self.swarm.configs.values() if (one := read_revision(config))]
        return sorted(found, key=lambda revision: revision.number)


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    return Scene(monkeypatch)


def shop(text: str, name: str = "shop", **more: object) -> Stack:
    return replace(RequestedStack(name, ("compose.yml",), {"compose.yml": text.encode()}), **more)  # type: ignore[arg-type]


def app(version: int, **more: object) -> Stack:
    return shop(f"services: {{app: {{image: 'busybox:{version}'}}}}", **more)


def rolled(stack: Stack, **rollout: object) -> Stack:
    return replace(stack, rollout=Rollout(**rollout))  # type: ignore[arg-type]


RESTART = {"restart": frozenset({"shop_app"})}


def ids(plan: Plan) -> list[str]:
    return [step.id for step in plan]


def test_a_restart_does_not_hide_what_ran_before(scene: Scene) -> None:
    for stack in (app(1), app(2), *[rolled(app(2), **RESTART)] * 3):
        scene.deploy(stack)
    scene.deploy(rolled(app(2), revision="before"))
    assert scene.image("shop_app") == "busybox:1"


def test_restarts_push_no_revision_out_of_reach_and_are_not_kept_for_ever(scene: Scene) -> None:
    for stack in (app(1, keep=3), app(2, keep=3), *[rolled(app(2, keep=3), **RESTART)] * 9):
        scene.deploy(stack)
    assert [revision.number for revision in scene.revisions] == [1, 8, 9, 10, 11]
    scene.deploy(rolled(app(2, keep=3), revision="before"))
    assert scene.image("shop_app") == "busybox:1"


def test_nothing_to_go_back_to_is_an_error(scene: Scene) -> None:
    scene.deploy(app(1))
    scene.deploy(rolled(app(1), **RESTART))
    (error,) = scene.plan(rolled(app(1), revision="before")).errors
    assert "has no revision to go back to: none that ran differs from what runs now" in error.text
    assert "its revisions are" not in str(error.next_action)


def test_a_first_deploy_that_failed_has_no_number_to_go_back_to(scene: Scene) -> None:
    scene.deploy(app(1), never="stacks/running:shop")
    (error,) = scene.plan(rolled(app(1), revision="before")).errors
    assert error.text == "stack shop has no revision to go back to: none was seen to run"
    assert error.next_action == (
        "fix its files and deploy it again: invoke stack.deploy shop; or take it away: invoke stack.rm shop"
    )


def test_what_is_used_and_missing_is_made_by_the_command_that_is_printed(scene: Scene) -> None:
    services = "services: {app: {image: 'busybox:1', networks: [n], configs: [c], secrets: [s]}}"
    outside = "\n".join(f"{kind}s: {{{kind[0]}: {{external: true}}}}" for kind in ("network", "config", "secret"))
    helps = [error.next_action for error in scene.plan(shop(f"{services}\n{outside}")).errors]
    assert helps == [
        "make it first, on a manager: docker network create --driver overlay n, or under networks: in the inventory",
        "make it first, on a manager: docker config create c FILE",
        "make it first, on a manager: docker secret create s FILE",
    ]


@pytest.mark.parametrize(
    "rollout", [{"scale": {"shop_app": 3}}, RESTART, {"revision": 1}], ids=["scale", "restart", "rollback"]
)
@pytest.mark.parametrize("where", ["inventory", "compose"])
def test_as_many_revisions_stay_as_was_asked_for(scene: Scene, rollout: dict[str, object], where: str) -> None:
    def stack(version: int) -> Stack:
        text = f"services: {{app: {{image: 'busybox:{version}'}}}}"
        return shop(text, keep=9) if where == "inventory" else shop(f"{text}\nx-skep: {{keep: 9}}")

    for version in range(1, 9):
        scene.deploy(stack(version))
    scene.deploy(rolled(stack(8), **rollout))
    assert [revision.number for revision in scene.revisions] == list(range(1, 10))


def test_nothing_is_forgotten_of_a_stack_that_only_the_swarm_knows(scene: Scene) -> None:
    for version in range(1, 7):
        scene.deploy(app(version, keep=20))
    scene.deploy(rolled(RequestedStack("shop", ()), scale={"shop_app": 2}))
    assert len(scene.revisions) == 7


HOOKED = """
services:
  app: {{image: 'busybox:{0}'}}
  job:
    image: 'busybox:1'
    command: [job, '{1}']
    deploy: {{restart_policy: {{condition: none}}}}
    x-skep: {{hook: {2}}}
"""


@pytest.mark.parametrize(
    ("when", "lost"),
    [("after", "ready:shop/shop_job"), ("after", "running:shop"), ("before", "ready:shop/shop_job")],
)
def test_a_hook_that_failed_or_never_ran_is_run_by_the_next_deploy(scene: Scene, when: str, lost: str) -> None:
    scene.deploy(shop(HOOKED.format(1, 1, when)))
    after = shop(HOOKED.format(1 if when == "before" else 2, 2, when))
    scene.deploy(after, never=f"stacks/{lost}")
    again = ids(scene.plan(after))
    assert "stacks/ready:shop/shop_job" in again
    assert again[-1] == "stacks/done:shop"
    scene.deploy(after)
    assert ids(scene.plan(after)) == []
    assert scene.revisions[-1].done


def test_a_hook_alone_waits_for_no_service_and_scaling_not_for_hooks(scene: Scene) -> None:
    scene.deploy(shop(HOOKED.format(1, 1, "after")))
    plan = scene.plan(shop(HOOKED.format(1, 2, "after")))
    assert [step.arguments["services"] for step in plan if isinstance(step, Wait)] == [["shop_job"]]
    scene.deploy(shop(HOOKED.format(1, 2, "after")), never="stacks/ready:shop/shop_job")
    plan = scene.plan(rolled(shop(HOOKED.format(1, 2, "after")), scale={"shop_app": 5}))
    assert [step.arguments["services"] for step in plan if isinstance(step, Wait)] == [["shop_app"]]


def test_hooks_are_remembered_and_neither_run_nor_changed_on_the_way_back(scene: Scene) -> None:
    scene.deploy(shop(HOOKED.format(1, 1, "before")))
    scene.deploy(rolled(shop(HOOKED.format(1, 1, "before")), scale={"shop_app": 2}))
    scene.deploy(shop(HOOKED.format(2, 2, "before")))
    job = scene.swarm.stack("shop")["shop_job"]
    for number, image in ((2, "busybox:1"), (3, "busybox:2")):
        back = rolled(shop(HOOKED.format(2, 2, "before")), revision=number)
        assert not any("shop_job" in step for step in ids(scene.plan(back)))
        scene.deploy(back)
        assert scene.image("shop_app") == image
        assert scene.swarm.stack("shop")["shop_job"] == job
    assert ids(scene.plan(shop(HOOKED.format(2, 2, "before")))) == []


def test_going_back_is_to_another_version_of_services_not_of_hooks(scene: Scene) -> None:
    scene.deploy(shop(HOOKED.format(1, 1, "before")))
    scene.deploy(shop(HOOKED.format(2, 1, "before")))
    scene.deploy(shop(HOOKED.format(2, 2, "before")))
    scene.deploy(rolled(shop(HOOKED.format(2, 2, "before")), revision="before"))
    assert scene.image("shop_app") == "busybox:1"


def test_a_hook_is_not_scaled(scene: Scene) -> None:
    scene.deploy(shop(HOOKED.format(1, 1, "before")))
    (error,) = scene.plan(rolled(shop(HOOKED.format(1, 1, "before")), scale={"shop_job": 2})).errors
    assert error.text == "shop_job is a hook of stack shop: scaling would run it"


def test_a_failed_roll_out_keeps_its_number_unless_it_is_tried_again(scene: Scene) -> None:
    scene.deploy(app(1))
    for stack in (app(2), app(2), app(3)):
        scene.deploy(stack, never="stacks/running:shop")
    scene.deploy(app(4))
    assert [(one.number, one.done) for one in scene.revisions] == [(1, True), (2, False), (3, False), (4, True)]
    scene.deploy(rolled(app(4), revision="before"))
    assert scene.image("shop_app") == "busybox:1"


def test_a_roll_out_that_is_tried_again_says_what_it_changed_at_first(scene: Scene) -> None:
    scene.deploy(app(1))
    reported = []
    for _ in range(3):
        scene.deploy(app(2), never="stacks/running:shop")
        reported.append((scene.revisions[-1].number, scene.revisions[-1].content["changes"]))
    assert reported == [reported[0]] * 3
    number, changes = reported[0]
    assert (number, changes[0].partition("@")[0]) == (2, "shop_app: Image: busybox:1")


def test_what_swarm_paused_is_rolled_out_anew_by_the_next_deploy(scene: Scene) -> None:
    scene.deploy(app(1))
    scene.deploy(app(2), never="stacks/running:shop")
    [service] = scene.swarm.services.values()
    service["UpdateStatus"] = {"State": "paused", "Message": "task 5 ended early"}
    plan = scene.plan(app(2))
    assert [step.cause for step in plan if step.id == "stacks/restart:shop/shop_app"] == [
        "Swarm paused it: task 5 ended early"
    ]
    for one_thing in ({"scale": {"shop_app": 1}}, {"resolve": "refresh"}):
        assert "stacks/restart:shop/shop_app" not in ids(scene.plan(rolled(app(2), **one_thing)))
    scene.deploy(app(2))
    assert scene.swarm.stack("shop")["shop_app"]["TaskTemplate"]["ForceUpdate"] == 1
    service["UpdateStatus"] = {"State": "paused", "Message": "what was seen to run since stays as it is"}
    assert ids(scene.plan(app(2))) == []


def test_refresh_brings_images_and_nothing_else(scene: Scene) -> None:
    text = "services: {{app: {{image: 'busybox:{0}', environment: {{A: '{1}'}}}}, db: {{image: 'busybox:2'}}}}"
    scene.deploy(shop(text.format(1, "old")))
    scene.deploy(rolled(shop(text.format(1, "old")), scale={"shop_app": 3}))
    edited = shop(text.format(3, "edited"))
    assert ids(scene.plan(rolled(edited, resolve="refresh"))) == []
    scene.world.pushed["busybox:2"] = 1
    refresh = rolled(edited, resolve="refresh")
    plan = scene.plan(refresh)
    assert [finding.text for finding in plan.findings] == [
        "the files of stack shop ask for more than new images; a refresh leaves that"
    ]
    assert [step for step in ids(plan) if "update" in step] == ["stacks/update:shop/shop_db"]
    scene.deploy(refresh)
    spec = scene.swarm.stack("shop")["shop_app"]
    assert scene.image("shop_app") == "busybox:1"
    assert spec["Mode"]["Replicated"]["Replicas"] == 3
    assert ids(scene.plan(refresh)) == []


def test_a_stack_that_is_not_there_is_not_refreshed_into_being(scene: Scene) -> None:
    assert ids(scene.plan(rolled(app(1), resolve="refresh"))) == []


WAVES = """
x-skep: {{waves: true}}
services:
  db: {{image: 'busybox:{0}'}}
  cache: {{image: 'busybox:1'}}
  api: {{image: 'busybox:{0}', depends_on: [db, cache]}}
"""


def test_a_wave_that_failed_is_waited_for_again(scene: Scene) -> None:
    scene.deploy(shop(WAVES.format(1)))
    scene.deploy(shop(WAVES.format(2)), never="stacks/ready:shop/1")
    assert scene.image("shop_api") == "busybox:1"
    again = scene.plan(shop(WAVES.format(2)))
    assert again.needs["stacks/update:shop/shop_api"] >= {"stacks/ready:shop/1"}
    [wait] = [step for step in again if isinstance(step, Wait) and step.id == "stacks/ready:shop/1"]
    assert wait.arguments["services"] == ["shop_cache", "shop_db"]


@pytest.mark.parametrize("owner", ["", "other"])
def test_a_service_of_others_is_never_taken_for_ours(scene: Scene, owner: str) -> None:
    stack_deploy(scene.world.api(scene.swarm), app(1, name="other"))
    [service] = scene.swarm.services.values()
    service["Spec"]["Name"] = "shop_app"
    service["Spec"]["Labels"] = {"com.docker.stack.namespace": owner} if owner else {}
    [error] = scene.plan(app(2)).errors
    assert error.text == (
        "stack shop has a service shop_app, and another one of that name exists, "
        + ("of stack other" if owner else "of no stack")
    )


@pytest.mark.parametrize(
    ("name", "text", "kind", "about"),
    [
        ("shop", "services: {api_x: {image: 'busybox:1'}}", "service", "shop_api_x"),
        (
            "shop",
            "services: {y: {image: 'busybox:1', networks: [n]}}\nnetworks: {n: {name: shared}}",
            "network",
            "shared",
        ),
        ("shop", "services: {y: {image: 'busybox:1'}}\nconfigs: {n: {name: shared, content: x}}", "config", "shared"),
    ],
)
def test_two_stacks_cannot_have_the_same(scene: Scene, name: str, text: str, kind: str, about: str) -> None:
    other = {
        "service": "services: {x: {image: 'busybox:1'}}",
        "network": "services: {z: {image: 'busybox:1', networks: [n]}}\nnetworks: {n: {name: shared}}",
        "config": "services: {z: {image: 'busybox:1'}}\nconfigs: {n: {name: shared, content: x}}",
    }[kind]
    plan = scene.plan(shop(text, name), shop(other, "shop_api"))
    assert [error.text for error in plan.errors] == [f"stacks shop and shop_api both have a {kind} of the name {about}"]


def test_a_new_service_is_shown_with_what_it_mounts_and_the_names_of_its_variables(scene: Scene) -> None:
    text = """
services:
  app:
    image: busybox:1
    environment: {PASSWORD: hush, LEVEL: debug}
    volumes: ["data:/data", "/etc/hosts:/h:ro", {type: tmpfs, target: /t}]
volumes: {data: {}}
"""
    [detail] = [step.detail for step in scene.plan(shop(text)) if step.id == "stacks/create:shop/shop_app"]
    assert detail[-2:] == (
        "Mounts: volume shop_data at /data, bind /etc/hosts at /h read-only, tmpfs at /t",
        "Env: LEVEL, PASSWORD",
    )


def test_going_back_after_a_failure_is_to_what_ran_last_even_if_it_runs(scene: Scene) -> None:
    """A failed deploy says how to go back: doing so must not go further."""
    for version in (1, 2):
        scene.deploy(shop(HOOKED.format(version, version, "before")))
    failed = shop(HOOKED.format(3, 3, "before"))
    scene.deploy(failed, never="stacks/ready:shop/shop_job")
    assert scene.image("shop_app") == "busybox:2"
    assert ids(scene.plan(rolled(failed, revision="before"))) == []


@pytest.mark.parametrize(("asked", "deadline"), [(50.0, 300 + 2 * 40 + 5.0), (3000.0, 3000.0)])
def test_the_way_back_after_a_failure_has_its_own_time_whatever_was_too_short(
    scene: Scene, asked: float, deadline: float
) -> None:
    text = "services: {{app: {{image: 'busybox:{0}', stop_grace_period: 40s, deploy: {{replicas: 2}}}}}}"
    scene.deploy(shop(text.format(1)))
    failed = shop(text.format(2), timeout=asked)
    cut = [step.otherwise for step in scene.plan(failed) if isinstance(step, Wait)]
    assert ["files, or give it more time (--timeout 2m), and" in text for text in cut] == [asked < 85]
    scene.deploy(failed, never="stacks/running:shop")
    plan = scene.plan(rolled(failed, revision="last"))
    assert [step.timeout for step in plan if isinstance(step, Wait)] == [deadline]
    assert not [finding for finding in plan.findings if "may be called a failure" in finding.text]
    wish = scene.plan(rolled(failed, revision="before"))
    assert [step.timeout for step in wish if isinstance(step, Wait)] == [asked]


def test_a_way_back_that_was_cut_off_is_gone_to_its_end(scene: Scene) -> None:
    for version in (1, 2):
        scene.deploy(app(version))
    back = rolled(app(2), revision="before")
    scene.deploy(back, never="stacks/running:shop")
    assert ids(scene.plan(back)) == ["stacks/running:shop", "stacks/done:shop"]
    scene.deploy(back)
    assert scene.image("shop_app") == "busybox:1"
    assert [(one.number, one.done) for one in scene.revisions] == [(1, True), (2, True), (3, True)]


@pytest.mark.parametrize("when", ["before", "after"])
def test_recovery_does_not_vouch_for_the_hook_that_failed(scene: Scene, when: str) -> None:
    scene.deploy(shop(HOOKED.format(1, 1, when)))
    failed = shop(HOOKED.format(1, 2, when))
    scene.deploy(failed, never="stacks/ready:shop/shop_job")
    assert ids(scene.plan(rolled(failed, revision="last"))) == []
    assert "stacks/ready:shop/shop_job" in ids(scene.plan(failed))


@pytest.mark.parametrize("rollout", [{"scale": {"shop_app": 2}}, {"scale": {"shop_app": 1}}, RESTART])
def test_scaling_and_restarts_bury_no_hook_that_failed(scene: Scene, rollout: dict[str, object]) -> None:
    text = (
        HOOKED.replace("'busybox:{0}'}}", "'busybox:{0}', deploy: {{replicas: 2}}}}") if "scale" in rollout else HOOKED
    )
    scene.deploy(shop(HOOKED.format(1, 1, "after")))
    scene.deploy(shop(HOOKED.format(2, 2, "after")), never="stacks/ready:shop/shop_job")
    asked = rolled(shop(HOOKED.format(2, 2, "after")), **rollout)
    scene.deploy(asked)
    assert ids(scene.plan(rolled(asked, still=True))) == []
    assert not scene.revisions[-1].done
    assert "stacks/ready:shop/shop_job" in ids(scene.plan(shop(text.format(2, 2, "after"))))
    assert "stacks/ready:shop/shop_job" in ids(scene.plan(shop(HOOKED.format(2, 2, "after"))))


def test_a_refresh_sees_nothing_to_its_end_and_starts_from_something_sound(scene: Scene) -> None:
    scene.deploy(app(1))
    scene.deploy(app(2), never="stacks/running:shop")
    [service] = scene.swarm.services.values()
    service["UpdateStatus"] = {"State": "paused", "Message": "task 5 ended early"}
    plan = scene.plan(rolled(app(2), resolve="refresh"))
    assert ids(plan) == []
    assert [finding.text for finding in plan.findings] == [
        "service shop_app is as described, and Swarm paused the last roll-out of it: task 5 ended early"
    ]
    scene.world.pushed["busybox:2"] = 1
    (error,) = scene.plan(rolled(app(2), resolve="refresh")).errors
    assert error.text == "images of stack shop have moved, and its last roll-out was not seen to its end"


@pytest.mark.parametrize("waves", ["", "x-skep: {waves: true}"])
def test_a_refresh_leaves_services_alone_that_are_in_no_file(scene: Scene, waves: str) -> None:
    both = shop(f"{waves}\nservices: {{app: {{image: 'busybox:1'}}, old: {{image: 'busybox:2'}}}}")
    scene.deploy(rolled(both, resolve="never"))
    one = rolled(shop(f"{waves}\nservices: {{app: {{image: 'busybox:1'}}}}"), resolve="refresh")
    scene.world.pushed |= {"busybox:1": 1, "busybox:2": 1}
    assert [step for step in ids(scene.plan(one)) if "update" in step] == ["stacks/update:shop/shop_app"]
    scene.deploy(one)
    assert ids(scene.plan(one)) == []
    assert "shop_old" in scene.swarm.stack("shop")


def test_what_was_to_run_once_is_not_run_again_because_swarm_paused_it(scene: Scene) -> None:
    text = "services: {{init: {{image: 'busybox:{0}', deploy: {{restart_policy: {{condition: none}}}}}}}}"
    scene.deploy(shop(text.format(1)))
    scene.deploy(shop(text.format(2)), never="stacks/running:shop")
    [service] = scene.swarm.services.values()
    service["UpdateStatus"] = {"State": "paused", "Message": "early termination"}
    assert ids(scene.plan(shop(text.format(2)))) == ["stacks/running:shop", "stacks/done:shop"]


@pytest.mark.parametrize("lost", ["ready:shop/shop_job", "running:shop"])
def test_files_that_went_back_after_a_failure_are_seen_to_run_with_their_hooks(scene: Scene, lost: str) -> None:
    scene.deploy(shop(HOOKED.format(1, 1, "before")))
    scene.deploy(shop(HOOKED.format(2, 2, "before")), never=f"stacks/{lost}")
    there = shop(HOOKED.format(1 if "job" in lost else 2, 2, "before"))
    assert ids(scene.plan(there))[-3:] == ["stacks/ready:shop/shop_job", "stacks/running:shop", "stacks/done:shop"]
    scene.deploy(there)
    assert ids(scene.plan(there)) == []
    assert scene.revisions[-1].done


ANY = """
x-skep: {{waves: {waves}, keep: {keep}}}
services:
  app: {{image: 'busybox:{image}', deploy: {{replicas: {replicas}}}}}
  api: {{image: 'busybox:{image}', depends_on: [app], environment: {{LEVEL: '{level}'}}}}
  job:
    image: 'busybox:1'
    command: [job, '{job}']
    deploy: {{restart_policy: {{condition: none}}}}
    x-skep: {{hook: {when}}}
"""
JOB = "stacks/ready:shop/shop_job"


class Days:
    """Any life of a stack: what is asked for, in which order, what fails, and what Swarm and registries do."""

    def __init__(self, scene: Scene, seed: int) -> None:
        self.scene = scene
        self.luck = Random(seed)
        self.fixed = {
            "waves": self.luck.choice(["true", "false"]),
            "keep": self.luck.randint(1, 3),
            "when": self.luck.choice(["before", "after"]),
        }
        self.files = self.written()
        self.owing = False
        """Whether a deploy failed, and nobody has seen its hook run since."""

    def written(self) -> Stack:
        """Other files."""
        numbers = {name: self.luck.randint(1, 3) for name in ("image", "replicas", "level", "job")}
        return shop(ANY.format(**self.fixed, **numbers))

    def pass_by(self) -> None:
        """One of them."""
        services = [one for one in self.scene.swarm.services.values() if "job" not in one["Spec"]["Name"]]
        act = self.luck.choice(
            ["deploy"] * 3 + ["scale", "restart", "rollback", "recovery", "refresh", "push", "pause"]
        )
        if act == "push":
            self.scene.world.pushed[f"busybox:{self.luck.randint(1, 3)}"] = self.luck.randint(1, 5)
        elif act == "pause" and services:
            self.luck.choice(services)["UpdateStatus"] = {"State": "paused", "Message": "as it happens"}
        elif act == "deploy":
            self.files = self.written()
            self.ask(self.files, self.files)
        elif act == "scale":
            self.ask(*[rolled(self.files, scale={"shop_app": self.luck.randint(1, 3)})] * 2)
        elif act == "restart":
            self.ask(rolled(self.files, **RESTART), rolled(self.files, still=True))
        elif act in ("rollback", "recovery"):
            back = rolled(self.files, revision="before" if act == "rollback" else "last")
            self.ask(back, rolled(self.files, revision="last"))
        elif act == "refresh":
            self.ask(*[rolled(self.files, resolve="refresh")] * 2)

    def ask(self, asked: Stack, then: Stack, *, fails: float = 0.4) -> None:
        """Plan and play, perhaps with a wait in vain; what comes to its end leaves nothing of ``then`` to do."""
        plan = self.scene.plan(asked)
        if plan.errors:
            return
        waits = [step.id for step in plan if isinstance(step, Wait)]
        never = self.luck.choice(waits) if waits and self.luck.random() < fails else ""
        self.scene.deploy(asked, never=never)
        if asked == self.files:
            assert never or not self.owing or JOB in ids(plan), "a hook was forgotten"
            self.owing = bool(never)
        elif asked.rollout.revision is not None and ids(plan) and not never:
            self.owing = False
        if not never:
            again = self.scene.plan(then)
            assert (ids(again), again.errors) == ([], ())


@settings(max_examples=settings.default.max_examples // 2)  # type: ignore[union-attr]
@given(st.integers(0, 2**32), st.integers(1, 9))
def test_whatever_happened_a_deploy_arrives_and_forgets_no_hook(seed: int, count: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        scene = Scene(patch)
        days = Days(scene, seed)
        for _ in range(count):
            days.pass_by()
        days.files = days.written()
        days.ask(days.files, days.files, fails=0)
        desired = yaml.safe_load(days.files.files["compose.yml"])["services"]
        there = scene.swarm.stack("shop")
        assert {name: scene.image(f"shop_{name}") for name in desired} == {
            n: one["image"] for n, one in desired.items()
        }
        assert there["shop_app"]["Mode"]["Replicated"]["Replicas"] == desired["app"]["deploy"]["replicas"]
        assert scene.revisions[-1].done
        assert len(scene.revisions) <= 3 * (int(days.fixed["keep"]) + 1)
