"""The plan's graph, its text, and what it never tells."""

from __future__ import annotations

import json
from typing import Any

import pytest

from skep.model import Secret
from skep.plan import Call, Finding, Plan, Put, Run, Step, Wait, file_bytes

ROLES = ("engine", "swarm", "networks")


def run(id: str, **more: Any) -> Run:
    return Run(id=id, title="do it", cause="because", script="true", **more)


def plan(*items: Step | Finding, hosts: tuple[str, ...] = ("m1", "w1")) -> Plan:
    return Plan(items, ROLES, hosts)


def needs(found: Plan, step: str) -> set[str]:
    return set(found.needs[step])


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("engine/install@m1", {"engine/install@m1"}),
        ("engine/install", {"engine/install@m1", "engine/install@w1"}),
        ("engine@m1", {"engine/install@m1", "engine/start@m1"}),
        ("engine", {"engine/install@m1", "engine/start@m1", "engine/install@w1"}),
        ("engine/install@gone", set()),
        ("networks", set()),
    ],
)
def test_a_need_names_a_step_an_action_a_host_or_a_role(name: str, found: set[str]) -> None:
    steps = [run(f"engine/{what}", host=what.partition("@")[2]) for what in ("install@m1", "start@m1", "install@w1")]
    assert needs(plan(*steps, run("swarm/init@m1", needs=(name,))), "swarm/init@m1") == found


def test_a_cluster_wide_step_belongs_to_the_node_it_is_about() -> None:
    step = run("swarm/promote@w1")
    assert step.host is None
    assert step.concerns == "w1"
    assert needs(plan(step, run("networks/create:back", needs=("swarm@w1",))), "networks/create:back") == {step.id}


def test_a_step_does_not_need_itself() -> None:
    assert needs(plan(run("engine/a@m1", host="m1", needs=("engine@m1",))), "engine/a@m1") == set()


def test_order_follows_the_edges_whatever_order_they_are_given_in() -> None:
    steps = [
        run("swarm/init@m1", host="m1", needs=("engine@m1",)),
        run("networks/create:back", after=("swarm",)),
        run("engine/install@m1", host="m1"),
    ]
    assert [step.id for step in plan(*steps)] == ["engine/install@m1", "swarm/init@m1", "networks/create:back"]
    assert str(plan(*steps)) == str(plan(*reversed(steps)))


def test_a_need_on_no_role_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="there is no role docker"):
        plan(run("engine/a@m1", needs=("docker/install@m1",)))


def test_an_id_given_twice_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="two steps with the id engine/a@m1"):
        plan(run("engine/a@m1"), run("engine/a@m1"))


def test_a_cycle_is_a_mistake() -> None:
    with pytest.raises(ValueError, match=r"cycle: engine/[ab]@m1 -> "):
        plan(run("engine/a@m1", needs=("engine/b@m1",)), run("engine/b@m1", after=("engine/a@m1",)))


def test_a_step_only_with_another_goes_without_it_and_takes_along_what_needs_it() -> None:
    steps = [
        run("networks/create:back", only_with="swarm/init"),
        run("networks/use:back", needs=("networks/create:back",)),
    ]
    assert len(plan(*steps)) == 0
    assert len(plan(*steps, run("swarm/init@m1"))) == 3


def test_text_is_by_place_hosts_in_inventory_order_then_the_cluster() -> None:
    found = plan(
        run("networks/create:back", detail=("subnet: none → 10.0.0.0/24",), needs=("swarm",)),
        run("swarm/promote@w1"),
        run("engine/install@m1", host="m1"),
        Finding("warning", "no ip_vs", host="m1", role="engine"),
        Finding("error", "two swarms", role="swarm", next_action="decide"),
        hosts=("w1", "m1"),
    )
    assert str(found) == "\n".join(
        [
            "warning: m1: no ip_vs",
            "error: two swarms",
            "w1",
            "  swarm/promote: do it (because)",
            "m1",
            "  engine/install: do it (because)",
            "cluster",
            "  networks/create:back: do it (because)",
            "      subnet: none → 10.0.0.0/24",
            "      after swarm/promote@w1",
        ]
    )
    assert [finding.text for finding in found.errors] == ["two swarms"]


def test_an_empty_plan_is_empty_text() -> None:
    assert str(plan()) == ""
    assert len(plan()) == 0
    assert list(plan()) == []


def test_neither_text_nor_json_tells_secrets_scripts_or_contents() -> None:
    secret = "hunter2"
    found = plan(
        run("engine/a@m1", host="m1", variables={"KEY": Secret(secret)}, files={"f": secret.encode()}),
        run("engine/e@m1", host="m1", files={"f": {"auth": [Secret(secret)]}}, hides=(Secret(secret),)),
        Put(id="engine/b@m1", host="m1", title="put", cause="c", path="/etc/x", content=secret.encode()),
        Call(id="swarm/c@m1", host="m1", title="call", cause="c", operation="o", arguments={"token": Secret(secret)}),
        Wait(id="swarm/d@m1", host="m1", title="wait", cause="c", condition="o", arguments={"node": Secret(secret)}),
    )
    told = json.dumps(found.as_json())
    assert secret not in told + str(found) + repr(found.steps)
    assert sorted(step["kind"] for step in found.as_json()["steps"]) == ["call", "put", "run", "run", "wait"]


def test_a_file_of_data_is_json_with_its_secrets_in_it() -> None:
    assert json.loads(file_bytes({"auths": {"r": {"password": Secret("hunter2")}}})) == {
        "auths": {"r": {"password": "hunter2"}}
    }
    assert file_bytes(b"as it is") == b"as it is"


def test_json_holds_the_graph_and_the_findings() -> None:
    found = plan(
        run("engine/a@m1", host="m1", timeout=5),
        run("swarm/b@w1", needs=("engine",), after=("engine/a@m1",), detail=("x: 1 → 2",)),
        Finding("warning", "no ip_vs", host="m1", role="engine", next_action="modprobe ip_vs"),
    )
    assert found.as_json() == {
        "steps": [
            {"id": "engine/a@m1", "kind": "run", "host": "m1", "concerns": "m1", "title": "do it", "cause": "because"}
            | {"detail": [], "needs": [], "after": [], "timeout": 5},
            {"id": "swarm/b@w1", "kind": "run", "host": None, "concerns": "w1", "title": "do it", "cause": "because"}
            | {"detail": ["x: 1 → 2"], "needs": ["engine/a@m1"], "after": ["engine/a@m1"], "timeout": 120.0},
        ],
        "findings": [
            {"level": "warning", "host": "m1", "role": "engine", "text": "no ip_vs", "next": "modprobe ip_vs"}
        ],
    }
