"""Tasks that start elsewhere before a node is drained, and services that have all of theirs."""

from __future__ import annotations

from typing import Any

import pytest

from skep.engine.conditions import CONDITIONS
from skep.engine.operations import OPERATIONS
from skep.errors import StepFailed
from skep.swarm.movable import has_room, interrupted, moves


def spec(*, order: str = "start-first", replicas: int = 2, **more: Any) -> dict[str, Any]:
    return {
        "Name": "web_app",
        "TaskTemplate": {"ContainerSpec": {"Image": "app"}, "ForceUpdate": 3, **more.pop("task", {})},
        "Mode": {"Replicated": {"Replicas": replicas}},
        "UpdateConfig": {"Order": order, "Parallelism": 1},
        **more,
    }


def service(state: str = "", **more: Any) -> dict[str, Any]:
    update = {"UpdateStatus": {"State": state, "Message": "task failed"}} if state else {}
    return {"ID": "s1", "Version": {"Index": 7}, "Spec": spec(**more), **update}


def node(id: str, availability: str = "active", state: str = "ready") -> dict[str, Any]:
    described = {"Hostname": id}
    return {"ID": id, "Description": described, "Spec": {"Availability": availability}, "Status": {"State": state}}


def task(slot: int, node: str, *, state: str = "running", desired: str = "running") -> dict[str, Any]:
    return {
        "ID": f"t{slot}{node}{state}",
        "ServiceID": "s1",
        "Slot": slot,
        "NodeID": node,
        "DesiredState": desired,
        "Status": {"State": state},
    }


HOST_PORT = {"EndpointSpec": {"Ports": [{"TargetPort": 80, "PublishMode": "host"}]}}


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (spec(), ""),
        (spec(replicas=0, order="stop-first"), ""),
        (spec(order="stop-first"), "order: start-first"),
        (spec(order=""), "order: start-first"),
        (spec(**HOST_PORT), "port of its hosts"),
        ({**spec(), "Mode": {"Global": {}}}, "one task on each node"),
        ({**spec(), "Mode": {"ReplicatedJob": {}}}, "a job"),
    ],
)
def test_what_a_drain_interrupts_and_why(given: Any, why: str) -> None:
    assert why in interrupted(given)
    assert bool(interrupted(given)) is bool(why)
    assert moves(given) is (not why and given["Mode"]["Replicated"]["Replicas"] > 0)


@pytest.mark.parametrize(
    ("placement", "room"),
    [
        ({}, True),
        ({"MaxReplicas": 1}, False),
        ({"MaxReplicas": 2}, True),
        ({"Constraints": ["node.hostname==a"]}, False),
        ({"Constraints": ["node.hostname==b"]}, True),
    ],
)
def test_room_is_for_all_tasks_and_one_more(placement: dict[str, Any], room: bool) -> None:
    nodes = [node("a", "pause"), node("b"), node("c"), node("d", state="down")]
    assert has_room(spec(task={"Placement": placement}), nodes) is room  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "nodes", "expected"),
    [
        (spec(), "ab", False),
        (spec(), "a", True),
        (spec(task={"Placement": {"Constraints": ["node.hostname==a"]}}), "abc", True),
        (spec(task={"Placement": {"MaxReplicas": 1}}), "abc", True),
        (spec(task={"Placement": {"MaxReplicas": 1}}), "abcd", False),
    ],
)
def test_what_has_no_room_elsewhere_is_reported_beforehand(given: Any, nodes: str, expected: bool) -> None:
    assert interrupted(given, [node(name) for name in nodes]) == (  # type: ignore[arg-type]
        "its other nodes have no room for a task more" if expected else ""
    )


def api(fake: Any, tasks: list[dict[str, Any]], *services: dict[str, Any], **more: Any) -> Any:
    nodes = [node("a", "pause"), node("b"), node("c")]
    return fake(nodes=nodes, services=list(services), tasks=tasks, read=services[0] if services else None, **more)


def test_moving_replaces_the_tasks_of_services_with_one_on_the_node_and_changes_nothing_else(fake: Any) -> None:
    client = api(fake, [task(1, "a")], service())
    assert OPERATIONS["services_move"](client, node="a") == ["s1"]
    [(path, body)] = client.called("write")
    assert path == "/services/s1/update"
    assert body["TaskTemplate"]["ForceUpdate"] == 4
    assert {**body["TaskTemplate"], "ForceUpdate": 3} == service()["Spec"]["TaskTemplate"]


@pytest.mark.parametrize(
    ("tasks", "given"),
    [
        ([], service()),
        ([task(1, "a", state="shutdown", desired="shutdown")], service()),
        ([task(1, "a", desired="shutdown")], service()),
        ([task(1, "a")], service(order="stop-first")),
        ([task(1, "a")], service("paused")),
        ([task(1, "a")], service(task={"Placement": {"Constraints": ["node.hostname==a"]}})),
    ],
)
def test_what_has_nothing_there_or_cannot_is_left_alone_at_once(
    fake: Any, tasks: list[dict[str, Any]], given: dict[str, Any]
) -> None:
    client = api(fake, tasks, given)
    assert OPERATIONS["services_move"](client, node="a") == []
    assert not client.called("write")
    assert len(client.called("services")) == 1, "waited for nothing"


def test_a_roll_out_under_way_is_waited_for_and_then_its_tasks_are_moved(fake: Any, turns: Any) -> None:
    client = api(fake, [task(1, "a")], service())
    client.answers["services"] = turns([service("updating")], [service("updating")], [service("completed")])
    assert OPERATIONS["services_move"](client, node="a") == ["s1"]


@pytest.mark.parametrize(("state", "done"), [("", False), ("updating", False), ("completed", True)])
def test_moved_is_what_swarm_says_is_completed(fake: Any, state: str, done: bool) -> None:
    progress = CONDITIONS["services_moved"](api(fake, [], service(state)), services=["s1"])
    assert progress.done is done and ("web_app" in progress.text) is not done


@pytest.mark.parametrize("state", ["paused", "rollback_started", "rollback_completed", "rollback_paused"])
def test_a_move_that_swarm_gives_up_names_the_service_and_why(fake: Any, state: str) -> None:
    with pytest.raises(StepFailed, match="web_app") as failed:
        CONDITIONS["services_moved"](api(fake, [], service(state)), services=["s1"])
    assert failed.value.cause == "task failed"


def test_a_move_that_swarm_gives_up_names_the_host_that_did_not_start_the_task(fake: Any) -> None:
    bad = {**task(1, "b", state="rejected", desired="shutdown"), "Status": {"State": "rejected", "Err": "no runtime"}}
    with pytest.raises(StepFailed) as failed:
        CONDITIONS["services_moved"](api(fake, [bad], service("paused")), services=["s1"])
    assert failed.value.cause == "task web_app.1 on b: no runtime (task failed)"


def test_services_that_are_not_moved_or_gone_are_not_waited_for(fake: Any) -> None:
    assert CONDITIONS["services_moved"](fake(), services=[]).done
    assert CONDITIONS["services_moved"](api(fake, [], service("paused")), services=["other"]).done


@pytest.mark.parametrize(
    ("tasks", "given", "text"),
    [
        ([task(1, "a"), task(2, "b")], service(), ""),
        ([task(1, "a"), task(2, "b")], service("paused"), ""),
        ([task(1, "a"), task(2, "b")], service("updating"), "web_app is being rolled out"),
        ([task(1, "a"), task(2, "b", state="starting")], service(), "web_app has 1 of 2 tasks running"),
        ([task(1, "a")], service(), "web_app has 1 of 2 tasks running"),
        ([task(1, "a"), task(2, "b", desired="shutdown")], service(), "web_app has 1 of 2 tasks running"),
    ],
)
def test_settled_is_as_many_running_as_there_are_to_be(
    fake: Any, tasks: list[dict[str, Any]], given: dict[str, Any], text: str
) -> None:
    client = api(fake, tasks, given)
    progress = CONDITIONS["services_settled"](client, known=[])
    assert (progress.done, progress.text) == (not text, text)
    assert OPERATIONS["services_short"](client) == (["s1"] if text else [])
    assert CONDITIONS["services_settled"](client, known=["s1"]).done
