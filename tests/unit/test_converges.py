"""Any cluster desired, any world found: the plan, played, leads there, and no step on the way does harm.

The world and what is forbidden in it are in ``tests/world``. ``SKEP_PROPERTIES=many`` searches for long.
"""

from __future__ import annotations

import re
from random import Random

from hypothesis import event, given
from hypothesis import strategies as st

from skep.model import Cluster
from skep.plan import Plan, Step, Wait
from tests.world.clusters import NAMES, random_cluster
from tests.world.grounds import groundless
from tests.world.mishaps import ODD, Mishap, befall
from tests.world.observing import down_plan_for, plan_for
from tests.world.playing import Fault, Outcome, play
from tests.world.truth import differences
from tests.world.world import World

SEEDS = st.integers(min_value=0, max_value=2**32)
ANNOUNCED = re.compile("looked at once it runs|in a second round")
FAULTS = st.builds(Fault, at=st.integers(0, 40), kind=st.sampled_from(["before", "after", "dead"]))


def arrive(world: World, cluster: Cluster, luck: Random, runs: int = 1) -> bool:
    """Plan and play until the plan is empty; false where it refuses with grounds.

    A run does not count that says that another one has to follow.
    """
    outcome = Outcome()
    announced = 0
    for run in range(runs + 4):
        plan = plan_for(world, cluster)
        if plan.errors:
            groundless_errors = [str(error) for error in plan.errors if groundless(world, cluster, error)]
            assert groundless_errors == []
            event(f"refused: {plan.errors[0].text[:30]}")
            return False
        if not changing(plan):
            world.settle()
            assert list(plan_for(world, cluster)) == []
            assert differences(world, cluster) == []
            event("arrived")
            return True
        if not has_place(world, cluster):
            event("no node runs tasks")
            return False
        announced += run - announced >= runs and came_back_locked(plan)
        assert run - announced < runs, f"after {run} runs still to do:\n{plan}\nthe last failed at {outcome.failed}"
        outcome = play(plan, world, cluster, luck)
        announced += any(ANNOUNCED.search(finding.text) for finding in plan.findings)
    raise AssertionError


def changing(plan: Plan) -> list[Step]:
    """Its steps that change something: to wait until managers hear of a node may always remain for a moment."""
    return [step for step in plan if not isinstance(step, Wait)]


def came_back_locked(plan: Plan) -> bool:
    """Whether all that is left is to unlock managers whose stopped engine was started: the round after sees them."""
    return all(step.id.startswith("swarm/unlock@") for step in changing(plan))


def has_place(world: World, cluster: Cluster) -> bool:
    """Whether a host that answers is to run tasks."""
    return any(host.availability == "active" and world.machines[host.name].answers for host in cluster.hosts)


def settled(luck: Random) -> World:
    """A world that has arrived at some cluster."""
    cluster, world = random_cluster(luck), World.fresh(NAMES)
    play(plan_for(world, cluster), world, cluster, luck)
    world.settle()
    assert differences(world, cluster) == []
    return world


@given(SEEDS)
def test_bare_hosts_arrive_in_one_run_and_nothing_fails(seed: int) -> None:
    luck = Random(seed)
    cluster, world = random_cluster(luck), World.fresh(NAMES)
    plan = plan_for(world, cluster)
    assert plan.errors == ()
    outcome = play(plan, world, cluster, luck)
    assert outcome.failed == {}
    assert changing(plan_for(world, cluster)) == []
    assert differences(world, cluster) == []


@given(SEEDS)
def test_a_cluster_as_described_moves_to_any_other_in_one_run(seed: int) -> None:
    luck = Random(seed)
    world = settled(luck)
    arrive(world, random_cluster(luck, steady=luck.random() < 0.9), luck)


@given(SEEDS, st.integers(1, 4))
def test_any_mishap_is_repaired_in_one_run_or_refused_with_grounds(seed: int, mishaps: int) -> None:
    luck = Random(seed)
    world = settled(luck)
    befall(world, luck, mishaps)
    world.settle()
    arrive(world, random_cluster(luck, steady=luck.random() < 0.9), luck)


@given(SEEDS, st.lists(st.sampled_from(ODD), min_size=1, max_size=4))
def test_no_node_that_a_machine_still_is_is_removed_or_demoted_and_no_swarm_made_beside_one(
    seed: int, odd: list[Mishap]
) -> None:
    """The world forbids it: whatever a machine shows of the node it is, and whether it is observed at all."""
    luck = Random(seed)
    world, cluster = settled(luck), random_cluster(luck, steady=True)
    for mishap in odd:
        mishap(world, luck.choice(list(world.machines.values())), luck)
    world.settle()
    kept = {(machine.swarm, machine.node) for machine in world.machines.values() if machine.node}
    for _ in range(2):
        plan = plan_for(world, cluster)
        event(f"refused: {plan.errors[0].text[:30]}" if plan.errors else "played")
        if not plan.errors:
            play(plan, world, cluster, luck)
            world.settle()
    left = [swarm.nodes for swarm in world.swarms.values()]
    still = [one for one in kept if any((m.swarm, m.node) == one for m in world.machines.values())]
    assert all(any(node in nodes for nodes in left) for swarm, node in still if swarm in world.swarms)


@given(SEEDS)
def test_no_swarm_is_made_beside_one_that_the_disks_of_reinstalled_managers_hold(seed: int) -> None:
    luck = Random(seed)
    cluster, world = random_cluster(luck), World.fresh(NAMES)
    play(plan_for(world, cluster), world, cluster, luck)
    for host in cluster.hosts:
        machine = world.machines[host.name]
        if host.role == "manager" and luck.random() < 0.5:
            machine.reinstall()
        else:
            machine.wipe()
    play(plan_for(world, cluster), world, cluster, luck)
    assert len(world.ids(cluster)) <= 1


@given(SEEDS)
def test_no_node_is_touched_while_a_version_is_not_on_offer_everywhere(seed: int) -> None:
    luck = Random(seed)
    world = settled(luck)
    for machine in world.machines.values():
        machine.version = machine.version and "20.10.24"
    cluster = random_cluster(luck, steady=True)
    plan = plan_for(world, cluster)
    fetching = [step.host for step in plan if step.id.startswith("engine/fetch@")]
    if plan.errors or not fetching:
        return
    lacking = luck.choice(fetching)
    world.machines[lacking or ""].offers = "20.10.24"
    outcome = play(plan, world, cluster, luck)
    assert f"engine/fetch@{lacking}" in outcome.failed
    touched = [step.id for step in plan if step.role == "engine" and step.concerns in fetching]
    assert [name for name in outcome.order if name in touched and "/fetch@" not in name] == []


@given(SEEDS, st.integers(0, 3), st.lists(FAULTS, min_size=1, max_size=3))
def test_after_faults_running_again_arrives(seed: int, mishaps: int, faults: list[Fault]) -> None:
    luck = Random(seed)
    world = settled(luck) if luck.random() < 0.7 else World.fresh(NAMES)
    befall(world, luck, mishaps)
    cluster = random_cluster(luck)
    plan = plan_for(world, cluster)
    if not plan.errors:
        play(plan, world, cluster, luck, faults=tuple(faults))
    world.settle()
    arrive(world, cluster, luck, runs=2)


@given(SEEDS, st.integers(0, 3), st.lists(st.integers(0, 100), min_size=1, max_size=3))
def test_after_being_killed_at_any_moment_running_again_arrives(seed: int, mishaps: int, stops: list[int]) -> None:
    luck = Random(seed)
    world = settled(luck) if luck.random() < 0.7 else World.fresh(NAMES)
    befall(world, luck, mishaps)
    cluster = random_cluster(luck)
    for stop in stops:
        plan = plan_for(world, cluster)
        if not plan.errors:
            play(plan, world, cluster, luck, stop_after=stop)
        world.settle()
    arrive(world, cluster, luck, runs=2)


@given(SEEDS, st.integers(1, 2))
def test_hosts_that_were_away_arrive_when_they_are_back(seed: int, away: int) -> None:
    luck = Random(seed)
    world = settled(luck) if luck.random() < 0.7 else World.fresh(NAMES)
    cluster = random_cluster(luck)
    gone = luck.sample(sorted(world.machines), away)
    powered = luck.random() < 0.5
    for name in gone:
        world.machines[name].answers, world.machines[name].powered = False, powered
    world.settle()
    arrive(world, cluster, luck, runs=2)
    for name in gone:
        world.machines[name].answers = world.machines[name].powered = True
    world.settle()
    arrive(world, cluster, luck, runs=2)


@given(SEEDS)
def test_down_leaves_nothing_and_up_arrives_again(seed: int) -> None:
    luck = Random(seed)
    cluster, world = random_cluster(luck), World.fresh(NAMES)
    play(plan_for(world, cluster), world, cluster, luck)
    outcome = play(down_plan_for(world, cluster), world, cluster, luck, ending=True)
    assert outcome.failed == {}
    assert world.ids(cluster) == set()
    left = down_plan_for(world, cluster)
    assert {step.id.action for step in left} == {"release"}, "engines that nobody heard leave"
    if luck.random() < 0.5:
        assert play(left, world, cluster, luck, ending=True).failed == {}
        assert len(down_plan_for(world, cluster)) == 0
    arrive(world, cluster, luck)


@given(SEEDS, st.integers(1, 3))
def test_down_of_what_is_not_whole_goes_to_its_end_or_refuses(seed: int, mishaps: int) -> None:
    luck = Random(seed)
    cluster, world = random_cluster(luck), World.fresh(NAMES)
    play(plan_for(world, cluster), world, cluster, luck)
    befall(world, luck, mishaps)
    world.settle()
    foreign = {
        name: machine.swarm for name, machine in world.machines.items() if machine.swarm not in (None, own(world))
    }
    plan = down_plan_for(world, cluster)
    if plan.errors or not any(world.machines[host.name].swarm == own(world) for host in cluster.hosts):
        return
    outcome = play(plan, world, cluster, luck, ending=True)
    assert outcome.failed == {}
    assert all(world.machines[name].swarm == swarm for name, swarm in foreign.items())
    answering = [world.machines[host.name] for host in cluster.hosts if world.machines[host.name].answers]
    assert {machine.swarm for machine in answering} <= {None, *foreign.values()}


def own(world: World) -> str:
    """The swarm that came first: the inventory's."""
    return next(iter(world.swarms))
