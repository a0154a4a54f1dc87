"""Any stack desired, any found: the plan, played, leads there, touches only what differs, and can be taken back."""

from __future__ import annotations

import copy
from dataclasses import replace
from random import Random
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from skep.model import Cluster, Host, Network, Secret, Stack
from skep.plan import Plan
from skep.request import RequestedCluster, Rollout
from skep.swarm.revision import Revision, read_revision
from tests.steps import roles
from tests.world.clusters import a_stack
from tests.world.docker_cli import stack_deploy
from tests.world.mishaps import record_lost, stack_touched
from tests.world.observing import down_plan_for, plan_for
from tests.world.playing import Fault, Outcome, play
from tests.world.raft import Swarm
from tests.world.truth import stack_differences
from tests.world.world import World

SEEDS = st.integers(min_value=0, max_value=2**32)
FAULTS = st.builds(Fault, at=st.integers(0, 12), kind=st.sampled_from(["before", "after", "dead"]))
NETWORKS = (Network("back"), Network("front"))
HOSTS = (Host("h1", "10.0.0.1", "manager"), Host("h2", "10.0.0.2", "worker"))
CLUSTER = RequestedCluster("stacks", HOSTS, networks=NETWORKS, nonce=Secret("0" * 32))
fewer = settings(max_examples=settings.default.max_examples // 4)


def with_stack(stack: Stack, **rollout: Any) -> Cluster:
    return replace(CLUSTER, stacks=(replace(stack, rollout=Rollout(**rollout)) if rollout else stack,))


def bare(luck: Random) -> World:
    """A swarm with networks and no stack."""
    world = World.fresh(["h1", "h2"])
    carry(world, CLUSTER, luck)
    return world


def carry(world: World, cluster: Cluster, luck: Random, **more: Any) -> Outcome:
    """Plan and play once."""
    plan = plan_for(world, cluster)
    assert [str(error) for error in plan.errors] == []
    outcome = play(plan, world, cluster, luck, **more)
    world.settle()
    return outcome


def swarm_of(world: World) -> Swarm:
    return next(iter(world.swarms.values()))


def as_desired(world: World, cluster: Cluster) -> None:
    """The world has arrived, and a plan says so."""
    assert list(stack_differences(swarm_of(world), cluster.stacks[0])) == []
    assert list(plan_for(world, cluster)) == []


def versions(world: World) -> dict[str, int]:
    return {one["Spec"]["Name"]: one["Version"]["Index"] for one in swarm_of(world).services.values()}


def meaning(world: World) -> dict[str, Any]:
    """What services are, with what their configs and secrets hold in place of their names."""
    swarm = swarm_of(world)
    found = {}
    for one in swarm.services.values():
        spec = copy.deepcopy(one["Spec"])
        spec["TaskTemplate"].pop("ForceUpdate")
        container = spec["TaskTemplate"]["ContainerSpec"]
        for store, what in ((swarm.configs, "Config"), (swarm.secrets, "Secret")):
            for file in container.get(f"{what}s") or ():
                file["holds"] = store[file.pop(f"{what}ID")]["Spec"]["Data"]
        found[spec["Name"]] = spec
    return found


def revisions(world: World) -> list[Revision]:
    found = [one for config in swarm_of(world).configs.values() if (one := read_revision(config))]
    return sorted(found, key=lambda revision: revision.number)


@fewer
@given(SEEDS, st.integers(1, 4))
def test_any_stack_becomes_any_other_in_one_run_and_then_nothing_is_left(seed: int, count: int) -> None:
    luck = Random(seed)
    world = bare(luck)
    for _ in range(count):
        cluster = with_stack(a_stack(luck, "web", NETWORKS))
        assert carry(world, cluster, luck).failed == {}
        as_desired(world, cluster)


@fewer
@given(SEEDS)
def test_what_is_as_desired_is_not_written(seed: int) -> None:
    """Services whose description did not change keep their version, whatever becomes of the others."""
    luck = Random(seed)
    world = bare(luck)
    old = replace(a_stack(luck, "web", NETWORKS), rollout=Rollout())
    carry(world, with_stack(old), luck)
    before = versions(world)
    document = yaml.safe_load(old.files["compose.yml"])
    touched = luck.choice(sorted(document["services"]))
    document["services"][touched]["environment"] = {"TOUCHED": "yes"}
    new = replace(old, files={**old.files, "compose.yml": yaml.safe_dump(document).encode()})
    assert carry(world, with_stack(new), luck).failed == {}
    changed = {name for name, version in versions(world).items() if before[name] != version}
    assert changed == {f"web_{touched}"}


@fewer
@given(SEEDS)
def test_what_the_cli_deployed_is_taken_over_without_a_step(seed: int) -> None:
    luck = Random(seed)
    world = bare(luck)
    stack = replace(a_stack(luck, "web", NETWORKS), rollout=Rollout())
    cluster = with_stack(stack)
    stack_deploy(world.api(swarm_of(world)), stack)
    as_desired(world, cluster)
    other = a_stack(luck, "web", NETWORKS)
    assert carry(world, with_stack(other), luck).failed == {}
    as_desired(world, with_stack(other))


@fewer
@given(SEEDS, st.integers(1, 4))
def test_every_kept_revision_can_be_gone_back_to(seed: int, count: int) -> None:
    luck = Random(seed)
    world = bare(luck)
    ran: dict[int, Any] = {}
    keep = luck.randint(1, 3)
    for _ in range(count):
        stack = replace(a_stack(luck, "web", NETWORKS), keep=keep, rollout=Rollout(prune=True))
        carry(world, with_stack(stack), luck)
        ran[revisions(world)[-1].number] = meaning(world)
    kept = revisions(world)
    assert all(revision.done for revision in kept)
    assert len(kept) <= keep + 1
    for revision in kept:
        assert plan_for(world, with_stack(stack, revision=revision.number)).errors == ()
    target = luck.choice(kept).number
    back = with_stack(stack, revision=target)
    carry(world, back, luck)
    assert meaning(world) == ran[target]
    assert list(plan_for(world, back)) == []
    forth = with_stack(replace(stack, rollout=Rollout(prune=True)))
    carry(world, forth, luck)
    as_desired(world, forth)


@fewer
@given(SEEDS)
def test_going_back_without_a_number_is_to_what_ran_before(seed: int) -> None:
    luck = Random(seed)
    world = bare(luck)
    ran: list[Any] = []
    for _ in range(3):
        stack = replace(a_stack(luck, "web", NETWORKS), rollout=Rollout(prune=True))
        carry(world, with_stack(stack), luck)
        if not ran or meaning(world) != ran[-1]:
            ran.append(meaning(world))
    if len(ran) > 1:
        carry(world, with_stack(stack, revision="before"), luck)
        assert meaning(world) == ran[-2]
        assert list(plan_for(world, with_stack(stack, revision="last"))) == []


@fewer
@given(SEEDS, st.lists(FAULTS, min_size=1, max_size=2), st.booleans())
def test_after_faults_and_other_hands_running_again_arrives(seed: int, faults: list[Fault], touched: bool) -> None:
    luck = Random(seed)
    world = bare(luck)
    for _ in range(2):
        cluster = with_stack(a_stack(luck, "web", NETWORKS))
        carry(world, cluster, luck, faults=tuple(faults))
        if touched:
            luck.choice((stack_touched, record_lost))(world, world.machines["h1"], luck)
    assert carry(world, cluster, luck).failed == {}
    as_desired(world, cluster)
    assert touched or all(revision.done for revision in revisions(world)[-1:])


@fewer
@given(SEEDS, st.lists(FAULTS, min_size=1, max_size=2))
def test_a_roll_out_that_failed_can_be_taken_back(seed: int, faults: list[Fault]) -> None:
    """What ``on-failure: rollback`` does: to the last revision that was seen to run."""
    luck = Random(seed)
    world = bare(luck)
    old, new = (replace(a_stack(luck, "web", NETWORKS), rollout=Rollout(prune=True)) for _ in range(2))
    carry(world, with_stack(old), luck)
    before = meaning(world)
    if carry(world, with_stack(new), luck, faults=tuple(faults)).failed:
        number = max(revision.number for revision in revisions(world) if revision.done)
        back = with_stack(new, revision="last")
        assert carry(world, back, luck).failed == {}
        if number == 1:
            assert meaning(world) == before
        assert list(plan_for(world, back)) == []


@fewer
@given(SEEDS)
def test_only_refresh_rolls_out_tags_that_have_moved(seed: int) -> None:
    luck = Random(seed)
    world = bare(luck)
    stack = replace(a_stack(luck, "web", NETWORKS), rollout=Rollout())
    carry(world, with_stack(stack), luck)
    for number in (1, 2, 3):
        world.pushed[f"busybox:{number}"] = 1
    assert list(plan_for(world, with_stack(stack))) == []
    reported = plan_for(world, with_stack(stack, resolve="all"))
    assert list(reported) == []
    assert len([one for one in reported.findings if not one.standing]) == len(versions(world))
    refreshed = with_stack(stack, resolve="refresh")
    carry(world, refreshed, luck)
    for one in swarm_of(world).services.values():
        tag, _, digest = one["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"].partition("@")
        assert digest == world.digest(tag)
    assert list(plan_for(world, refreshed)) == []
    assert list(plan_for(world, with_stack(stack))) == []


@fewer
@given(SEEDS)
def test_scale_and_restart_touch_one_service(seed: int) -> None:
    luck = Random(seed)
    world = bare(luck)
    stack = replace(a_stack(luck, "web", NETWORKS), rollout=Rollout())
    carry(world, with_stack(stack), luck)
    for rollout in ({"scale": {}}, {"restart": frozenset()}):
        (what,) = rollout
        before = versions(world)
        name = luck.choice(sorted(before))
        carry(world, with_stack(stack, **{what: {name: 7} if what == "scale" else frozenset({name})}), luck)
        assert {one for one, version in versions(world).items() if version != before[one]} == {name}
        spec = swarm_of(world).stack("web")[name]
        assert spec["Mode"]["Replicated"]["Replicas"] == 7 or what == "restart"
        assert spec["TaskTemplate"]["ForceUpdate"] == (what == "restart")
    carry(world, with_stack(stack), luck)
    as_desired(world, with_stack(stack))


@fewer
@given(SEEDS, st.lists(FAULTS, max_size=2))
def test_down_takes_all_that_was_made_and_nothing_else(seed: int, faults: list[Fault]) -> None:
    luck = Random(seed)
    world = bare(luck)
    foreign = replace(a_stack(luck, "jobs", NETWORKS), rollout=Rollout())
    stack_deploy(world.api(swarm_of(world)), foreign)
    others = meaning(world)
    cluster = with_stack(a_stack(luck, "web", NETWORKS))
    carry(world, cluster, luck)
    for tries in (tuple(faults), ()):
        play(stacks_down(world, cluster), world, cluster, luck, faults=tries)
        world.settle()
    swarm = swarm_of(world)
    assert meaning(world) == others
    labels = [one["Spec"]["Labels"] for store in (swarm.configs, swarm.secrets) for one in store.values()]
    assert not any("web" in (label.get("com.docker.stack.namespace"), label.get("skep.stack")) for label in labels)
    assert set(swarm.networks) - {"jobs_default"} == {"back", "front"}
    assert list(stacks_down(world, cluster)) == []


@fewer
@given(SEEDS, st.lists(FAULTS, min_size=1, max_size=3))
def test_what_the_cli_deployed_is_taken_down_to_the_end_however_often_it_fails(seed: int, faults: list[Fault]) -> None:
    """No record names such a stack: what is left of it does."""
    luck = Random(seed)
    world = bare(luck)
    stack = replace(a_stack(luck, "web", NETWORKS), rollout=Rollout())
    stack_deploy(world.api(swarm_of(world)), stack)
    cluster = with_stack(stack)
    for fault in (*((one,) for one in faults), ()):
        play(stacks_down(world, cluster), world, cluster, luck, faults=fault)
        world.settle()
    swarm = swarm_of(world)
    assert (swarm.services, swarm.configs, swarm.secrets) == ({}, {}, {})
    assert set(swarm.networks) == {"back", "front"}


def stacks_down(world: World, cluster: Cluster) -> Plan:
    """Of the plan that takes all down, what is about stacks."""
    plan = down_plan_for(world, cluster)
    return Plan([step for step in plan if step.role == "stacks"], roles("stacks"), plan.hosts)
