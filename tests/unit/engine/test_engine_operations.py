"""Operations send what is given, try again where that helps, and are done when the engine says so."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from docker.errors import APIError

from skep.engine.nodes import find_node, merge
from skep.engine.operations import OPERATIONS
from skep.engine.refs import resolve
from skep.errors import StepFailed


def node(id: str, name: str = "m1", state: str = "ready", **spec: Any) -> dict[str, Any]:
    return {
        "ID": id,
        "Version": {"Index": 7},
        "Description": {"Hostname": name},
        "Spec": {"Role": "worker", "Availability": "active", "Labels": {"a": "1", "old": "x"}} | spec,
        "Status": {"State": state},
    }


@pytest.mark.parametrize(
    ("base", "change", "merged"),
    [
        ({}, {"a": 1}, {"a": 1}),
        ({"a": 1, "b": 2}, {"a": 3}, {"a": 3, "b": 2}),
        ({"a": {"x": 1, "y": 2}}, {"a": {"y": 3}}, {"a": {"x": 1, "y": 3}}),
        ({"a": None}, {"a": {"x": 1}}, {"a": {"x": 1}}),
        ({"a": {"x": 1}}, {"a": 5}, {"a": 5}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
    ],
)
def test_merge(base: dict[str, Any], change: dict[str, Any], merged: dict[str, Any]) -> None:
    before = repr(base)
    assert merge(base, change) == merged
    assert repr(base) == before


def test_init_sends_what_is_given_and_else_what_the_cli_sends(fake: Any) -> None:
    api = fake()
    nothing = {"advertise": None, "address_pools": [], "subnet_size": None, "data_path_port": None, "spec": {}}
    OPERATIONS["swarm_init"](api, **nothing)
    given = {"advertise": "10.0.0.1", "address_pools": ["10.9.0.0/16"], "subnet_size": 26, "data_path_port": 4790}
    OPERATIONS["swarm_init"](api, **given, spec={"Orchestration": {}})
    listen = {"ListenAddr": "0.0.0.0:2377"}
    assert api.called("write") == [
        ("/swarm/init", listen | {"Spec": {}, "SubnetSize": 24}),
        (
            "/swarm/init",
            listen
            | {"Spec": {"Orchestration": {}}, "AdvertiseAddr": "10.0.0.1"}
            | {"DefaultAddrPool": ["10.9.0.0/16"], "SubnetSize": 26, "DataPathPort": 4790},
        ),
    ]


def state(*names: str) -> list[dict[str, Any]]:
    return [{"Swarm": {"LocalNodeState": name}} for name in names]


def join(api: Any) -> None:
    OPERATIONS["swarm_join"](api, addresses=["10.0.0.1:2377"], token="t", advertise=None)


def test_join_waits_until_the_node_is_active(fake: Any, turns: Any) -> None:
    api = fake(info=turns(*state("inactive", "pending", "active")))
    join(api)
    assert len(api.called("info")) == 3


def test_join_goes_on_in_the_background_after_the_api_gave_up(fake: Any, turns: Any, refuse: Any) -> None:
    api = fake(write=refuse(503, "Timeout was reached"), info=turns(*state("pending", "pending", "active")))
    join(api)
    assert len(api.called("write")) == 1


@pytest.mark.parametrize("local", ["active", "pending", "locked", "error"])
def test_an_engine_that_may_be_a_node_is_reported_before_a_swarm_is_initialised(fake: Any, local: str) -> None:
    OPERATIONS["swarm_absent"](fake(info=state("inactive")[0]))
    with pytest.raises(StepFailed, match=f"takes itself for a node: {local}"):
        OPERATIONS["swarm_absent"](fake(info=state(local)[0]))


def test_join_that_was_refused_fails(fake: Any, turns: Any, refuse: Any) -> None:
    api = fake(write=refuse(400, "invalid join token"), info=turns(*state("inactive")))
    with pytest.raises(APIError, match="invalid join token"):
        join(api)


@pytest.mark.parametrize("after", ["error", "pending"])
def test_join_that_comes_to_no_end_fails_with_what_the_engine_says_and_where_to_look(
    fake: Any, refuse: Any, after: str
) -> None:
    reported = {"Swarm": {"LocalNodeState": after, "Error": "context deadline exceeded"}}
    api = fake(write=refuse(503, "Timeout was reached"), info=reported)
    with pytest.raises(StepFailed, match=f"did not join: its engine is {after}") as raised:
        join(api)
    assert raised.value.cause == "context deadline exceeded"
    assert (raised.value.next_action or "").startswith("see that this host reaches 10.0.0.1:2377 (a firewall?)")


WAITS: dict[str, tuple[dict[str, Any], str, Any]] = {
    "swarm_join": ({"addresses": ["10.0.0.1:2377"], "token": "t", "advertise": None}, "info", *state("pending")),
    "swarm_unlock": ({"key": "k"}, "info", *state("pending")),
    "node_remove": ({"node": "n1"}, "remove_node", 400),
    "network_remove": ({"network": "x"}, "networks", [{"Id": "x"}]),
    "node_update": ({"node": "n1", "spec": {}, "drop_labels": []}, "write", 409),
    "stack_remove": ({"stack": "web"}, "remove_network", 409),
}
"""Operations that wait: their arguments, the call that looks, and what the engine answers it without end (a number: it
refuses)."""


@pytest.mark.parametrize("operation", WAITS)
def test_a_wait_in_an_operation_ends_with_its_steps_time_and_when_the_run_is_stopped(
    fake: Any, refuse: Any, operation: str
) -> None:
    arguments, look, answer = WAITS[operation]
    networks = [{"Id": "x", "Name": "web_default"}]

    def looks(pause: Any, end: type[BaseException] | None) -> int:
        api = fake(nodes=[node("n1")], read=lambda path, **_: networks if path == "/networks" else [])
        api.answers[look] = refuse(answer) if isinstance(answer, int) else answer
        api.pause = pause
        try:
            OPERATIONS[operation](api, **arguments)
        except (StepFailed, APIError, TimeoutError) as error:
            assert end is None or isinstance(error, end), error
        return len(api.called(look))

    left = iter([True, True, False])
    assert looks(lambda seconds: next(left), None) == 3

    def stopped(seconds: float) -> bool:
        raise StepFailed("was still waiting when the run was stopped")

    assert looks(stopped, StepFailed) == 1


@pytest.mark.parametrize(("local", "calls"), [("inactive", 0), ("active", 1), ("pending", 1), ("locked", 1)])
def test_leave_only_what_one_is_in(fake: Any, local: str, calls: int) -> None:
    api = fake(info=state(local)[0])
    OPERATIONS["swarm_leave"](api, force=True)
    assert len(api.called("leave_swarm")) == calls


def test_node_update_merges_and_drops(fake: Any) -> None:
    api = fake(nodes=[node("n1", Name="kept")])
    spec = {"Labels": {"a": "2", "b": "3"}, "Availability": "drain"}
    OPERATIONS["node_update"](api, node="m1", spec=spec, drop_labels=["old", "never-there"])
    merged = {"Role": "worker", "Name": "kept", "Availability": "drain", "Labels": {"a": "2", "b": "3"}}
    assert api.calls[-1] == ("write", ("/nodes/n1/update", merged), {"version": 7})


def test_an_update_out_of_sequence_is_read_anew_and_tried_again(fake: Any, turns: Any, refuse: Any) -> None:
    late = refuse(500, "rpc error: code = Unknown desc = update out of sequence")
    api = fake(nodes=[node("n1")], write=turns(late, late, None))
    OPERATIONS["node_update"](api, node="n1", spec={}, drop_labels=[])
    assert len(api.called("write")) == len(api.called("nodes")) == 3


def test_a_slow_engine_is_asked_again_too(fake: Any, turns: Any, refuse: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 1000, 10))
    monkeypatch.setattr("skep.waiting.time", SimpleNamespace(monotonic=lambda: next(clock), sleep=lambda _: None))
    api = fake(nodes=[node("n1")], write=turns(refuse(500, "update out of sequence"), None))
    OPERATIONS["node_update"](api, node="n1", spec={}, drop_labels=[])
    assert len(api.called("write")) == 2


@pytest.mark.parametrize(("text", "again"), [("update out of sequence", True), ("no such node", False)])
def test_other_refusals_and_endless_conflicts_are_reported(fake: Any, refuse: Any, text: str, again: bool) -> None:
    api = fake(nodes=[node("n1")], write=refuse(500, text))
    with pytest.raises(APIError, match=text):
        OPERATIONS["node_update"](api, node="n1", spec={}, drop_labels=[])
    assert (len(api.called("write")) > 1) is again


def test_swarm_update_merges_into_the_spec(fake: Any) -> None:
    spec = {"Orchestration": {"TaskHistoryRetentionLimit": 5}, "Raft": {"SnapshotInterval": 10000}}
    api = fake(inspect_swarm={"Version": {"Index": 3}, "Spec": spec})
    OPERATIONS["swarm_update"](api, spec={"Orchestration": {"TaskHistoryRetentionLimit": 3}})
    merged = {"Orchestration": {"TaskHistoryRetentionLimit": 3}, "Raft": {"SnapshotInterval": 10000}}
    assert api.calls[-1] == ("write", ("/swarm/update", merged), {"version": 3})


def test_node_remove_is_patient_with_a_manager_that_steps_down(fake: Any, turns: Any, refuse: Any) -> None:
    api = fake(remove_node=turns(refuse(400, "node is a member of the cluster"), refuse(500), None))
    OPERATIONS["node_remove"](api, node="n1")
    assert len(api.called("remove_node")) == 3


def test_node_remove_of_what_is_gone_is_done(fake: Any, refuse: Any) -> None:
    OPERATIONS["node_remove"](fake(remove_node=refuse(404)), node="n1")


@pytest.mark.parametrize(("status", "again"), [(400, True), (403, False)])
def test_node_remove_gives_up(fake: Any, refuse: Any, status: int, again: bool) -> None:
    api = fake(remove_node=refuse(status))
    with pytest.raises(APIError):
        OPERATIONS["node_remove"](api, node="n1")
    assert (len(api.called("remove_node")) > 1) is again


def test_network_remove_waits_until_it_is_no_longer_listed(fake: Any, turns: Any) -> None:
    api = fake(networks=turns([{"Id": "x"}], [], []))
    OPERATIONS["network_remove"](api, network="x")
    assert len(api.called("networks")) == 3


def test_network_remove_of_one_in_use_is_reported(fake: Any, refuse: Any) -> None:
    OPERATIONS["network_remove"](fake(remove_network=refuse(404), networks=[]), network="x")
    with pytest.raises(APIError, match="in use"):
        OPERATIONS["network_remove"](fake(remove_network=refuse(403, "network x is in use")), network="x")


def test_find_node_by_id_or_by_the_name_of_the_one_that_lives(fake: Any) -> None:
    api = fake(nodes=[node("n1", state="down"), node("n2"), node("n3", "w1", state="down")])
    assert find_node(api, "n1")["ID"] == "n1"
    assert find_node(api, "m1")["ID"] == "n2"
    assert find_node(api, "w1")["ID"] == "n3"
    with pytest.raises(LookupError, match="0 nodes are called x"):
        find_node(api, "x")
    with pytest.raises(LookupError, match="2 nodes are called m1"):
        find_node(fake(nodes=[node("n1"), node("n2")]), "m1")


def test_late_references(fake: Any) -> None:
    managers = [{"NodeID": "n1", "Addr": "10.0.0.1:2377"}, {"NodeID": "n2", "Addr": "10.0.0.2:2377"}]
    tokens = {"Manager": "SWMTKN-m", "Worker": "SWMTKN-w"}
    api = fake(inspect_swarm={"JoinTokens": tokens}, info={"Swarm": {"RemoteManagers": managers}})
    assert resolve(api, "manager-token") == "SWMTKN-m"
    assert resolve(api, "worker-token") == "SWMTKN-w"
    assert resolve(api, "manager-addresses") == ["10.0.0.1:2377", "10.0.0.2:2377"]
    assert resolve(fake(info={"Swarm": {"RemoteManagers": None}}), "manager-addresses") == []
    with pytest.raises(KeyError):
        resolve(api, "nonsense")
