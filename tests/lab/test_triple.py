"""Plan, up, plan: a plan changes nothing, up gets there, and what is there needs nothing more."""

from __future__ import annotations

import os
from collections.abc import Mapping

from tests.lab.rig.building import Building
from tests.lab.rig.disk import must_be_same, must_write_nothing
from tests.lab.rig.environment import Environment
from tests.lab.rig.logins import Logins, Seen
from tests.lab.rig.tool import Ran
from tests.loaded import ALWAYS, loaded

CHANNELS = 2


def test_plan_for_bare_hosts_names_every_host_and_says_so_by_its_exit_status(building: Building) -> None:
    plan = building.plan.must(10)
    for host in building.environment.hosts.names:
        assert f"engine/install@{host}" in plan.ids, f"{host} is to get no engine\n{plan}"
    inits = [step for step in plan.ids if step.startswith("swarm/init")]
    assert inits == ["swarm/init@m1"], f"one swarm is to be made, at the first manager\n{plan}"
    assert not building.environment.tool("cluster.plan").must().steps


def test_plan_changes_nothing_on_bare_hosts(building: Building) -> None:
    must_be_same(building.bare, building.after_plan, "cluster.plan ran on bare hosts")


def test_up_does_what_was_planned(building: Building) -> None:
    planned, done = building.plan.ids, set(building.up.done)
    assert planned == done, f"planned and not done: {planned - done}; done and not planned: {done - planned}"
    assert not building.up.bad_checks, f"{building.up}"


def test_up_makes_one_swarm_of_all_hosts(cluster: Environment) -> None:
    cluster.hosts.must_be_one_swarm()


def test_plan_is_empty_after_up(cluster: Environment) -> None:
    ran = cluster.tool("cluster.plan", "--exit-code").must(0)
    assert not ran.steps, f"{ran}"


def test_plan_changes_nothing_on_a_cluster(cluster: Environment) -> None:
    must_write_nothing(cluster.hosts, cluster.must_be_as_described, "cluster.plan ran on a cluster as described")


def test_second_up_is_one_observation_and_writes_nothing(cluster: Environment) -> None:
    def up() -> tuple[Ran, Mapping[str, Seen]]:
        logins = Logins(cluster.hosts)
        return cluster.up(), logins.seen()

    ran, seen = must_write_nothing(cluster.hosts, up, "cluster.up ran on a cluster as described")
    assert not ran.steps and not ran.named("step"), f"{ran}"
    for host, sshd in seen.items():
        assert sshd.logins == 1, f"{sshd.logins} logins on {host}, by its sshd:\n{sshd.log}"
        assert 1 <= sshd.channels <= CHANNELS, f"{sshd.channels} channels on {host}, by its sshd:\n{sshd.log}"


def test_second_up_loads_no_more_than_it_needs(cluster: Environment) -> None:
    out, modules = loaded(["cluster.up", "-i", str(cluster.tool.inventory)], {**os.environ, **cluster.env})
    assert "as described" in out
    assert modules.isdisjoint(ALWAYS), modules & {*ALWAYS}


def test_no_host_of_a_lab_sets_the_clock_of_the_machine(cluster: Environment) -> None:
    refused = cluster.hosts.attempt("m1", 'LC_ALL=C date --set "$(date)"')
    assert refused.returncode and "Operation not permitted" in refused.stderr, f"{refused}"


def test_page_of_the_stack_answers_on_every_worker(cluster: Environment) -> None:
    cluster.page_must_answer()
