"""What a swarm reports of stacks, put together from its managers and hosts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from roles.stacks.role import role
from roles.stacks.state import State, SwarmObjects, objects
from skep.model import Host
from skep.plan import Plan
from skep.request import RequestedCluster, RequestedStack
from tests.seen import seen
from tests.steps import roles

CLUSTER = RequestedCluster(
    "reported", (Host("m1", "10.0.0.1", "manager"), Host("m2", "10.0.0.2", "manager"), Host("w1", "10.0.0.3", "worker"))
)
NODES: dict[str, Any] = {"/nodes": []}


def record(number: int, stack: str = "web") -> dict[str, Any]:
    labels = {"skep.stack": stack, "skep.revision": str(number)}
    return {"ID": f"c{number}", "Spec": {"Name": f"skep.{stack}.{number}", "Labels": labels}}


def test_revisions_are_in_the_order_of_their_numbers() -> None:
    found = SwarmObjects(configs=(*map(record, (10, 9, 2, 1)), record(3, "web_two"))).of("web")
    assert [revision.number for revision in found.revisions] == [1, 2, 9, 10]


def test_stacks_are_those_of_which_anything_is_there() -> None:
    def of(stack: str) -> dict[str, Any]:
        return {"Labels": {"com.docker.stack.namespace": stack}}

    swarm = SwarmObjects(
        services=({"Spec": of("jobs")}, {"Spec": {"Name": "alone", "Labels": None}}),
        networks=({"Name": "n", **of("nets")}, {"Name": "ingress", "Labels": None}),
        configs=(record(1), {"Spec": of("pages")}),
        secrets=({"Spec": of("keys")},),
    )
    assert swarm.stacks == {"jobs", "nets", "web", "pages", "keys"}


def test_a_host_that_is_no_manager_reports_what_is_mounted() -> None:
    assert role.parse("", {}) is None
    state = role.parse("abc  /var/lib/docker/containers/c1/mounts/secrets/s1\n\nnot such a line at all\n", {})
    assert state == State({"s1": "abc"})


def test_a_manager_without_a_quorum_reports_nothing() -> None:
    assert role.parse("", {"/info": {}, "/services": []}) is None


def test_what_is_mounted_anywhere_counts_whoever_reports_the_rest() -> None:
    first = role.parse("aa  /x/mounts/secrets/s1", NODES)
    second = role.parse("bb  /x/mounts/secrets/s2", NODES)
    worker = role.parse("cc  /x/mounts/secrets/s3", {})
    swarm = objects(CLUSTER, seen({"m1": first, "m2": second, "w1": worker}))
    assert swarm is not None
    assert swarm.mounted == {"s1": "aa", "s2": "bb", "s3": "cc"}
    assert objects(CLUSTER, seen({"w1": worker})) is None
    assert objects(CLUSTER, seen({"m1": None, "w1": None})) is None
    assert objects(CLUSTER, seen({})) is None


def test_an_engine_that_reports_null_for_an_empty_list() -> None:
    state = role.parse("", {"/nodes": [], **dict.fromkeys(role.questions[:4])})
    assert state is not None
    assert state.swarm == SwarmObjects()


def test_the_key_is_no_revision_and_is_not_shown() -> None:
    spec = {"Name": "skep.key", "Labels": {"skep.key": "1"}, "Data": "aHVzaA=="}
    swarm = SwarmObjects(configs=({"ID": "k", "Spec": spec},))
    assert swarm.key is not None
    assert swarm.key.reveal() == "hush"
    assert "hush" not in repr(swarm.key)
    assert swarm.of("key").revisions == ()
    assert SwarmObjects().key is None


def test_stacks_that_use_each_other_s_networks_can_be_taken_down() -> None:
    def of(stack: str) -> dict[str, Any]:
        return {"Labels": {"com.docker.stack.namespace": stack}}

    def service(stack: str, network: str) -> dict[str, Any]:
        return {"Spec": {"Name": f"{stack}_app", **of(stack), "TaskTemplate": {"Networks": [{"Target": network}]}}}

    swarm = SwarmObjects(
        services=(service("one", "n2"), service("two", "n1")),
        networks=({"Name": "first", "Id": "n1", **of("one")}, {"Name": "second", "Id": "n2", **of("two")}),
    )
    cluster = replace(CLUSTER, stacks=(RequestedStack("one", ()), RequestedStack("two", ())))
    plan = Plan(role.down(cluster, seen({"m1": State(swarm=swarm)})), roles("stacks"), ["m1"])
    assert plan.findings == ()
    removals = [step for step in plan if step.id.startswith("stacks/remove")]
    assert [(step.id, step.after) for step in removals] == [("stacks/remove:one", ()), ("stacks/remove:two", ())]
