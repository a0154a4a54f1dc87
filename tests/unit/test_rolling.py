"""Restarting nodes of a live swarm: in which order, with what between, and what stops it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

import pytest

from skep.model import Cluster, Host, Swarm
from skep.plan import Fetch, Finding, Plan, Ref, Run, Step
from skep.request import RequestedCluster
from skep.rolling import rolling
from skep.seen import Member, member
from tests.steps import roles, step_id


def cluster(managers: int, workers: int, **more: str) -> Cluster:
    names = [(f"m{number}", "manager") for number in range(1, managers + 1)]
    names += [(f"w{number}", "worker") for number in range(1, workers + 1)]
    hosts = [Host(name, "10.0.0.1", role, availability=more.get(name, "active")) for name, role in names]  # type: ignore[arg-type]
    return RequestedCluster(name="lab", hosts=tuple(hosts))


def planned(
    of: Cluster,
    *,
    leader: str = "m1",
    only: tuple[str, ...] = (),
    upgrade: bool = False,
    services: Mapping[str, str] | None = None,
    first: tuple[str, ...] = (),
    **step: tuple[str, ...],
) -> Plan:
    names = only or tuple(host.name for host in of.hosts)
    work: dict[str, Step] = {
        name: Run(
            id=step_id(f"daemon/restart@{name}"), host=name, title="restart", cause="key differs", script="true", **step
        )  # type: ignore[arg-type]
        for name in names
    }
    managers = {host.name: True for host in of.managers}
    members = {
        host.name: Member(
            manager=host.role == "manager",
            leader=host.name == leader,
            node=host.name,
            managers=managers if host.role == "manager" else {},
            services=services or {},
        )
        for host in of.hosts
    }
    return Plan(rolling(of, work, members, upgrade=upgrade, first=first), roles("engine", "daemon"), names)


def before(plan: Plan, step: str) -> set[str]:
    """Everything that must have ended before a step starts."""
    found: set[str] = set()
    ahead = {step}
    while ahead:
        ahead = {other for name in ahead for other in plan.needs[name] | plan.after[name]} - found
        found |= ahead
    return found


def test_a_manager_is_taken_out_of_service_and_brought_back() -> None:
    plan = planned(cluster(3, 0), only=("m2",))
    assert [step.id for step in plan] == [
        f"daemon/{what}@m2" for what in ("quorum", "drain", "drained", "restart", "back", "return")
    ]
    assert all(step.avoid == "m2" for step in plan.steps[:3])


@pytest.mark.parametrize(
    ("desired", "now", "unlocks"), [(None, False, 0), (True, False, 1), (None, True, 1), (False, True, 1)]
)
def test_a_manager_that_may_come_back_locked_is_unlocked(desired: bool | None, now: bool, unlocks: int) -> None:
    of = replace(cluster(3, 1), swarm=Swarm(autolock=desired))
    work: dict[str, Step] = {
        name: Run(id=step_id(f"daemon/restart@{name}"), host=name, title="r", cause="c", script="true")
        for name in ("m1", "w1")
    }
    steps = rolling(of, work, {"m1": Member(manager=True, locks=now), "w1": Member()})
    assert {step.id: step.needs for step in steps if step.id.startswith(("daemon/key", "daemon/quorum"))} == (
        {"daemon/key@m1": (), "daemon/quorum@m1": ("daemon/key@m1",)} if unlocks else {"daemon/quorum@m1": ()}
    )
    assert [step.arguments for step in steps if step.id == "daemon/unlock@m1"] == [  # type: ignore[union-attr]
        {"key": Ref("result@daemon/key@m1")}
    ] * unlocks
    unlock = [step for step in steps if step.id.startswith("daemon/unlock")]
    assert [step.needs for step in unlock] == [("daemon/restart@m1",)] * unlocks
    assert [step.needs for step in steps if step.id == "daemon/back@m1"] == [
        ("daemon/unlock@m1",) if unlocks else ("daemon/restart@m1",)
    ]


def test_only_a_node_on_its_way_back_counts_as_it_was() -> None:
    plan = planned(cluster(3, 2))
    leaves = {step.id: step.leaves for step in plan if step.leaves is not None}
    for host in plan.hosts:
        drains, returns = (
            leaves.pop(next(name for name in leaves if name.endswith(f"/{act}@{host}"))) for act in ("drain", "return")
        )
        assert (drains or "").startswith(f"{host} is drained")
        assert returns == ""
    assert leaves == {}


def test_a_worker_needs_no_quorum() -> None:
    plan = planned(cluster(1, 2), only=("w1",))
    assert [step.id for step in plan] == [
        f"daemon/{what}@w1" for what in ("drain", "drained", "restart", "back", "return")
    ]


def test_managers_come_after_all_workers_one_by_one_and_the_leader_last() -> None:
    plan = planned(cluster(3, 2), leader="m1")
    order = [step.id.partition("@")[2] for step in plan if step.id.startswith("daemon/restart")]
    assert order == ["w1", "w2", "m2", "m3", "m1"]
    assert {"daemon/return@w1", "daemon/return@w2"} <= before(plan, "daemon/quorum@m2")
    assert "daemon/return@m2" in before(plan, "daemon/quorum@m3")
    assert "daemon/return@m3" in before(plan, "daemon/quorum@m1")


@pytest.mark.parametrize(("workers", "batch"), [(1, 1), (3, 1), (3, 2), (4, 4), (3, 9)])
def test_as_many_workers_are_away_at_once_as_the_request_allows(workers: int, batch: int) -> None:
    plan = planned(replace(cluster(1, workers), parallel_workers=batch))
    names = [f"w{number}" for number in range(1, workers + 1)]
    free = [name for name in names if not plan.needs[f"daemon/drain@{name}"]]
    assert len(free) == min(batch, workers)
    for place, name in enumerate(names):
        earlier = names[: place // batch * batch]
        assert {f"daemon/return@{other}" for other in earlier} <= before(plan, f"daemon/drain@{name}")


def test_an_upgrade_takes_managers_first_the_leader_last_of_them_and_saves_the_swarms_state_from_the_first() -> None:
    plan = planned(replace(cluster(3, 2), stamp="now"), leader="m1", upgrade=True)
    order = [step.id.partition("@")[2] for step in plan if step.id.startswith("daemon/restart")]
    assert order == ["m2", "m3", "m1", "w1", "w2"]
    assert "daemon/return@m1" in before(plan, "daemon/drain@w1")
    saved = [step for step in plan if step.id.startswith(("daemon/backup", "daemon/copy", "daemon/discard"))]
    assert {step.host for step in saved} == {"m2"}
    assert "daemon/drained@m2" in before(plan, "daemon/backup@m2")
    assert {step.id for step in saved} <= before(plan, "daemon/restart@m2")
    copies = [step for step in saved if isinstance(step, Fetch)]
    assert [step.target for step in copies] == ["backups/lab/now-m2.tar", "backups/lab/now-m2.json"]
    assert {step.mode for step in copies} == {0o600}


@pytest.mark.parametrize("upgrade", [True, False])
def test_hosts_that_may_be_out_of_service_already_go_first_one_by_one(upgrade: bool) -> None:
    of = replace(cluster(3, 3), stamp="now", parallel_workers=3)
    plan = planned(of, leader="m1", upgrade=upgrade, first=("w3", "m1", "w1"))
    order = [step.id.partition("@")[2] for step in plan if step.id.startswith("daemon/restart")]
    assert order == (["m1", "w1", "w3", "m2", "m3", "w2"] if upgrade else ["m1", "w1", "w3", "w2", "m2", "m3"])
    for one, next_one in pairwise(order):
        gate = "daemon/quorum" if next_one.startswith("m") else "daemon/drain"
        assert f"daemon/return@{one}" in before(plan, f"{gate}@{next_one}")
    assert not upgrade or {step.host for step in plan if step.id.action == "backup"} == {"m1"}


def test_whoever_leads_by_then_no_manager_goes_before_the_others_hold_the_quorum_without_it() -> None:
    """The order is that of the plan, where the leader may be another by the time: that costs an election, no quorum."""
    for leader in ("m1", "m2", "m3"):
        plan = planned(cluster(3, 0), leader=leader, upgrade=True)
        order = [step.id.partition("@")[2] for step in plan if step.id.startswith("daemon/restart")]
        for one, next_one in pairwise(order):
            assert {f"daemon/back@{one}", f"daemon/quorum@{next_one}"} <= before(plan, f"daemon/drain@{next_one}")


def test_workers_wait_where_managers_get_another_version_only_in_a_second_round() -> None:
    of = cluster(2, 2)
    work: dict[str, Step] = {
        host.name: Run(id=step_id(f"engine/install@{host.name}"), host=host.name, title="i", cause="c", script="true")
        for host in of.hosts
    }
    managers = {"m1": True, "m2": True}
    members = {
        "m1": Member(manager=True, leader=True, node="m1", managers=managers),
        "m2": Member(manager=True, node="m2", managers=managers),
        "w1": Member(manager=True, node="w1"),
        "w2": Member(node="w2"),
    }
    [note] = rolling(of, work, members, upgrade=True)
    assert isinstance(note, Finding) and note.later


SERVICES = {"web": "", "db": "its update_config has no order: start-first"}


def test_services_that_can_are_moved_before_the_drain_and_all_have_their_tasks_before_the_next_host() -> None:
    plan = planned(cluster(1, 2), services=SERVICES)
    names = ("short", "pause", "move", "moved", "drain", "drained", "restart", "back", "return", "settled")
    assert [step.id for step in plan if step.concerns == "w1"] == [f"daemon/{name}@w1" for name in names]
    assert "daemon/settled@w1" in before(plan, "daemon/short@w2")
    settled = next(step for step in plan if step.id == "daemon/settled@w1")
    assert settled.arguments == {"known": Ref("result@daemon/short@w1")}  # type: ignore[attr-defined]
    [note] = plan.findings
    assert "db (its update_config has no order: start-first)" in note.text and "web" not in note.text


def test_where_nothing_can_be_moved_nodes_are_not_paused() -> None:
    plan = planned(cluster(1, 1), services={"db": SERVICES["db"]})
    assert "daemon/pause@w1" not in {step.id for step in plan}
    assert "daemon/settled@w1" in {step.id for step in plan}


def test_what_lacked_tasks_before_is_noted_before_any_of_those_that_go_together_is_paused() -> None:
    plan = planned(replace(cluster(1, 2), parallel_workers=2), services=SERVICES)
    for name in ("w1", "w2"):
        assert {"daemon/short@w1", "daemon/short@w2"} <= before(plan, f"daemon/pause@{name}")
        assert {"daemon/pause@w1", "daemon/pause@w2"} <= before(plan, f"daemon/move@{name}")
    assert "daemon/moved@w1" in before(plan, "daemon/move@w2")


def test_a_failure_stops_what_would_come_later() -> None:
    plan = planned(cluster(3, 2))
    chain = ["drain@w1", "restart@w1", "return@w1", "drain@w2", "return@w2", "quorum@m2", "return@m2", "quorum@m3"]
    needed = {step.id: set(plan.needs[step.id]) for step in plan}
    for first, later in pairwise(chain):
        reached: set[str] = set()
        ahead = {f"daemon/{later}"}
        while ahead:
            ahead = {name for step in ahead for name in needed[step]} - reached
            reached |= ahead
        assert f"daemon/{first}" in reached


def test_a_host_desired_drained_is_not_drained_again_and_stays_so() -> None:
    plan = planned(cluster(1, 2, w1="drain"), only=("w1",))
    assert [step.id for step in plan] == ["daemon/restart@w1", "daemon/back@w1", "daemon/return@w1"]
    assert plan.steps[-1].arguments["spec"] == {"Availability": "drain"}  # type: ignore[attr-defined]


def test_the_only_host_is_not_drained() -> None:
    plan = planned(cluster(1, 0))
    assert [step.id for step in plan] == [f"daemon/{what}@m1" for what in ("restart", "back", "return")]


def test_availability_returns_to_the_inventorys() -> None:
    plan = planned(cluster(1, 2, w1="pause"), only=("w1",))
    assert plan.steps[0].arguments["spec"] == {"Availability": "drain"}  # type: ignore[attr-defined]
    assert plan.steps[-1].arguments["spec"] == {"Availability": "pause"}  # type: ignore[attr-defined]


def test_what_the_work_waits_for_comes_before_the_node_is_touched() -> None:
    upgrade = Run(id=step_id("engine/install@w2"), host="w2", title="install", cause="c", script="true")
    work: dict[str, Step] = {
        "m1": Run(id=step_id("daemon/restart@m1"), host="m1", title="r", cause="c", script="true", after=())
    }
    steps = rolling(cluster(1, 2), work, {"m1": Member(manager=True, leader=True)})
    plan = Plan([upgrade, *steps], roles("engine", "daemon"), ["m1", "w2"])
    for step in ("quorum", "drain", "restart"):
        assert upgrade.id in before(plan, f"daemon/{step}@m1")


def test_a_host_whose_node_was_removed_is_no_part_of_the_order() -> None:
    work: dict[str, Step] = {
        name: Run(id=step_id(f"daemon/restart@{name}"), host=name, title="r", cause="c", script="true")
        for name in ("w1", "w2")
    }
    leader = Member(manager=True, leader=True, node="m1", managers={"m1": True}, nodes=frozenset({"m1", "w1"}))
    of = cluster(1, 2)
    plan = Plan(
        rolling(of, work, {"m1": leader, "w1": Member(node="w1"), "w2": Member(node="w2")}), roles("daemon"), []
    )
    assert [step.id for step in plan if step.host == "w2" or step.id.endswith("@w2")] == ["daemon/restart@w2"]
    assert "daemon/drain@w1" in {step.id for step in plan}


def test_nothing_to_do_is_no_step() -> None:
    assert rolling(cluster(3, 2), {}, {}) == []


def test_a_member_is_derived_from_the_engines_answers() -> None:
    nodes = [
        {"ID": "a", "ManagerStatus": {"Leader": True, "Reachability": "reachable"}},
        {"ID": "b", "ManagerStatus": {"Reachability": "unreachable"}},
        {"ID": "c"},
    ]
    info = {"LocalNodeState": "active", "NodeID": "a", "ControlAvailable": True}
    reported, every = {"a": True, "b": False}, frozenset("abc")
    assert member({"/info": {"Swarm": info}, "/nodes": nodes}) == Member(
        True, True, node="a", managers=reported, nodes=every
    )
    other = {"Swarm": info | {"NodeID": "b"}}
    assert member({"/info": other, "/nodes": nodes}) == Member(True, node="b", managers=reported, nodes=every)
    autolock = {"Cluster": {"Spec": {"EncryptionConfig": {"AutoLockManagers": True}}}}
    assert member({"/info": {"Swarm": info | autolock}}) == Member(manager=True, locks=True, node="a")
    assert member({"/info": {"Swarm": info | {"NodeID": "c", "ControlAvailable": False}}}) == Member(node="c")
    assert member({"/info": {"Swarm": {"LocalNodeState": "inactive"}}}) is None
    assert member({}) is None


def test_a_member_knows_what_a_drain_interrupts_whatever_nodes_are_paused_just_now() -> None:
    def node(name: str, availability: str) -> dict[str, object]:
        spec, described = {"Availability": availability}, {"Hostname": name}
        return {"ID": name, "Spec": spec, "Description": described, "Status": {"State": "ready"}}

    info = {"LocalNodeState": "active", "NodeID": "a", "ControlAvailable": True}
    service = {"Name": "web", "UpdateConfig": {"Order": "start-first"}, "TaskTemplate": {}, "Mode": {"Replicated": {}}}
    answers = {
        "/info": {"Swarm": info},
        "/nodes": [node("a", "active"), node("b", "pause")],
        "/services?status=true": [{"Spec": service}, {"Spec": {**service, "Name": "db", "UpdateConfig": None}}],
    }
    found = member(answers)
    assert found is not None
    assert found.services == {"web": "", "db": "its update_config has no order: start-first"}
