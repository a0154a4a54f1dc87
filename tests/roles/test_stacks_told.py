"""What a swarm tells of stacks, put together from its managers and hosts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from roles.stacks.role import role
from roles.stacks.state import State, Told, told
from skep.model import Cluster, Host, Stack
from skep.plan import Plan
from tests.steps import roles

CLUSTER = Cluster(
    "told", (Host("m1", "10.0.0.1", "manager"), Host("m2", "10.0.0.2", "manager"), Host("w1", "10.0.0.3", "worker"))
)
NODES: dict[str, Any] = {"/nodes": []}


def record(number: int, stack: str = "web") -> dict[str, Any]:
    labels = {"skep.stack": stack, "skep.revision": str(number)}
    return {"ID": f"c{number}", "Spec": {"Name": f"skep.{stack}.{number}", "Labels": labels}}


def test_revisions_are_in_the_order_of_their_numbers() -> None:
    found = Told(configs=(*map(record, (10, 9, 2, 1)), record(3, "web_two"))).of("web")
    assert [revision.number for revision in found.revisions] == [1, 2, 9, 10]


def test_stacks_are_those_of_which_anything_is_there() -> None:
    def of(stack: str) -> dict[str, Any]:
        return {"Labels": {"com.docker.stack.namespace": stack}}

    seen = Told(
        services=({"Spec": of("jobs")}, {"Spec": {"Name": "alone", "Labels": None}}),
        networks=({"Name": "n", **of("nets")}, {"Name": "ingress", "Labels": None}),
        configs=(record(1), {"Spec": of("pages")}),
        secrets=({"Spec": of("keys")},),
    )
    assert seen.stacks == {"jobs", "nets", "web", "pages", "keys"}


def test_a_host_that_is_no_manager_tells_what_is_mounted() -> None:
    assert role.parse("", {}) is None
    state = role.parse("abc  /var/lib/docker/containers/c1/mounts/secrets/s1\n\nnot such a line at all\n", {})
    assert state == State({"s1": "abc"})


def test_a_manager_without_a_quorum_tells_nothing() -> None:
    assert role.parse("", {"/info": {}, "/services": []}) is None


def test_what_is_mounted_anywhere_counts_whoever_tells_the_rest() -> None:
    first = role.parse("aa  /x/mounts/secrets/s1", NODES)
    second = role.parse("bb  /x/mounts/secrets/s2", NODES)
    worker = role.parse("cc  /x/mounts/secrets/s3", {})
    seen = told(CLUSTER, {"m1": first, "m2": second, "w1": worker})
    assert seen is not None
    assert seen.mounted == {"s1": "aa", "s2": "bb", "s3": "cc"}
    assert told(CLUSTER, {"w1": worker}) is None
    assert told(CLUSTER, {"m1": None, "w1": None}) is None
    assert told(CLUSTER, {}) is None


def test_an_engine_that_tells_null_for_an_empty_list() -> None:
    state = role.parse("", {"/nodes": [], **dict.fromkeys(role.questions[:4])})
    assert state is not None
    assert state.told == Told()


def test_the_key_is_no_revision_and_is_not_shown() -> None:
    seen = Told(configs=({"ID": "k", "Spec": {"Name": "skep.key", "Labels": {"skep.key": "1"}, "Data": "aHVzaA=="}},))
    assert seen.key is not None
    assert seen.key.reveal() == "hush"
    assert "hush" not in repr(seen.key)
    assert seen.of("key").revisions == ()
    assert Told().key is None


def test_stacks_that_use_each_other_s_networks_can_be_taken_down() -> None:
    def of(stack: str) -> dict[str, Any]:
        return {"Labels": {"com.docker.stack.namespace": stack}}

    def service(stack: str, network: str) -> dict[str, Any]:
        return {"Spec": {"Name": f"{stack}_app", **of(stack), "TaskTemplate": {"Networks": [{"Target": network}]}}}

    seen = Told(
        services=(service("one", "n2"), service("two", "n1")),
        networks=({"Name": "first", "Id": "n1", **of("one")}, {"Name": "second", "Id": "n2", **of("two")}),
    )
    cluster = replace(CLUSTER, stacks=(Stack("one", ()), Stack("two", ())))
    plan = Plan(role.down(cluster, {"m1": State(told=seen)}), roles("stacks"), ["m1"])
    assert plan.findings == ()
    removals = [step for step in plan if step.id.startswith("stacks/remove")]
    assert [(step.id, step.after) for step in removals] == [("stacks/remove:one", ()), ("stacks/remove:two", ())]
