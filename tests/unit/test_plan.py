"""The plan's graph, its text, and what it never shows."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from roles import ROLES as REAL
from skep.milestones import engine_up
from skep.model import Secret
from skep.plan import Call, Finding, Plan, Put, Run, Step, Wait, file_bytes
from skep.steps import EARLIER, Edge, Milestone, StepId
from tests.steps import AnyRole, step_id

UP, SWARM = Milestone("up", in_turn=True), Milestone("swarm")
ROLES = [AnyRole(name, milestones=(UP, SWARM)) for name in ("engine", "swarm", "networks")]
A, B = step_id("engine/a@m1"), step_id("engine/b@m1")


def run(id: str, **more: Any) -> Run:
    return Run(id=step_id(id), title="do it", cause="because", script="true", **more)


def plan(*items: Step | Finding, hosts: tuple[str, ...] = ("m1", "w1")) -> Plan:
    return Plan(items, ROLES, hosts)


def needs(found: Plan, step: str) -> set[str]:
    return set(found.needs[step])


def test_an_edge_names_a_step_or_what_others_bring_about() -> None:
    steps = [
        run("engine/install@m1", host="m1", provides=(UP.about("m1"),)),
        run("engine/start@m1", host="m1", provides=(UP.about("m1"),)),
        run("engine/install@w1", host="w1", provides=(UP.about("w1"),)),
        run("engine/other@m1", host="m1"),
    ]

    def found(*edges: Edge) -> set[str]:
        return needs(plan(*steps, run("swarm/init@m1", needs=edges)), "swarm/init@m1")

    assert found(step_id("engine/install@m1")) == {"engine/install@m1"}
    assert found(step_id("engine/install@gone")) == set(), "what no step brings about is so already"
    assert found(UP.about("m1")) == {"engine/install@m1", "engine/start@m1"}
    assert found(UP) == {"engine/install@m1", "engine/start@m1", "engine/install@w1"}
    assert found(UP.about("gone")) == set()
    assert found(EARLIER) == {step.id for step in steps}


def test_a_cluster_wide_step_concerns_the_node_it_is_about() -> None:
    step = run("swarm/promote@w1")
    assert step.host is None
    assert step.concerns == "w1"


def test_roles_take_turns_for_what_several_bring_about() -> None:
    steps = [
        run(f"{role}/restart@m1", host="m1", after=(UP.about("m1"),), provides=(UP.about("m1"),))
        for role in ("networks", "engine", "swarm")
    ]
    found = plan(*steps)
    assert [step.id for step in found] == ["engine/restart@m1", "swarm/restart@m1", "networks/restart@m1"]
    assert found.after["networks/restart@m1"] == {"engine/restart@m1", "swarm/restart@m1"}


def test_what_is_brought_about_once_is_waited_for_whoever_does_it() -> None:
    found = plan(run("engine/a@m1", needs=(SWARM,)), run("networks/b", provides=(SWARM,)))
    assert needs(found, "engine/a@m1") == {"networks/b"}


def test_a_step_does_not_need_itself() -> None:
    assert needs(plan(run("engine/a@m1", host="m1", needs=(A,))), "engine/a@m1") == set()


def test_order_follows_the_edges_whatever_order_they_are_given_in() -> None:
    steps = [
        run("swarm/init@m1", host="m1", needs=(step_id("engine/install@m1"),)),
        run("networks/create:back", after=(EARLIER,)),
        run("engine/install@m1", host="m1"),
    ]
    assert [step.id for step in plan(*steps)] == ["engine/install@m1", "swarm/init@m1", "networks/create:back"]
    assert str(plan(*steps)) == str(plan(*reversed(steps)))


@pytest.mark.parametrize("edges", ["needs", "gates", "after", "only_with"])
@pytest.mark.parametrize(
    ("edge", "why"),
    [
        (StepId("docker", "install", "a"), "swarm/init@a names docker/install@a, and there is no role docker"),
        (StepId("engine", "instal", "a"), "names engine/instal@a, and the role engine declares no action instal"),
        (StepId("engine", "fetsh"), "names engine/fetsh, and the role engine declares no action fetsh"),
        (Milestone("engine_upp", "a"), "swarm/init@a waits for engine_upp@a, which no role declares to provide"),
    ],
)
def test_an_edge_that_nobody_declares_is_a_mistake(edge: Edge, why: str, edges: str) -> None:
    step = Run(
        id=StepId("swarm", "init", "a"),
        title="t",
        cause="c",
        script="",
        **{edges: edge if edges == "only_with" else (edge,)},  # type: ignore[arg-type]
    )
    with pytest.raises(ValueError, match=why):
        Plan([step], REAL, ["a"])


def test_a_step_that_its_role_does_not_declare_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="the role engine declares no action instal"):
        Plan([run("engine/instal@m1")], REAL, ["m1"])
    with pytest.raises(ValueError, match="networks/create:a provides engine_up@m1, which its role does not declare"):
        Plan([run("networks/create:a", provides=(engine_up("m1"),))], REAL, ["m1"])


def test_an_id_given_twice_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="two steps with the id engine/a@m1"):
        plan(run("engine/a@m1"), run("engine/a@m1"))


def test_a_cycle_is_a_mistake() -> None:
    with pytest.raises(ValueError, match=r"cycle: engine/[ab]@m1 -> "):
        plan(run("engine/a@m1", needs=(B,)), run("engine/b@m1", after=(A,)))


def test_a_step_only_with_another_goes_without_it_and_takes_along_what_needs_it() -> None:
    steps = [
        run("networks/create:back", only_with=SWARM),
        run("networks/use:back", needs=(step_id("networks/create:back"),)),
    ]
    assert len(plan(*steps)) == 0
    assert len(plan(*steps, run("swarm/init@m1", provides=(SWARM,)))) == 3


def test_text_is_by_place_hosts_in_inventory_order_then_the_cluster() -> None:
    found = plan(
        run("networks/create:back", detail=("subnet: none → 10.0.0.0/24",), needs=(step_id("swarm/promote@w1"),)),
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


def test_neither_text_nor_json_reports_secrets_scripts_or_contents() -> None:
    secret = "hunter2"
    found = plan(
        run("engine/a@m1", host="m1", variables={"KEY": Secret(secret)}, files={"f": secret.encode()}),
        run("engine/e@m1", host="m1", files={"f": {"auth": [Secret(secret)]}}, hides=(Secret(secret),)),
        Put(id=step_id("engine/b@m1"), host="m1", title="put", cause="c", path="/etc/x", content=secret.encode()),
        Call(
            id=step_id("swarm/c@m1"),
            host="m1",
            title="call",
            cause="c",
            operation="o",
            arguments={"token": Secret(secret)},
        ),
        Wait(
            id=step_id("swarm/d@m1"),
            host="m1",
            title="wait",
            cause="c",
            condition="o",
            arguments={"node": Secret(secret)},
        ),
    )
    reported = json.dumps(found.as_json())
    assert secret not in reported + str(found) + repr(found.steps)
    assert sorted(step["kind"] for step in found.as_json()["steps"]) == ["call", "put", "run", "run", "wait"]


def test_a_file_of_data_is_json_with_its_secrets_in_it() -> None:
    assert json.loads(file_bytes({"auths": {"r": {"password": Secret("hunter2")}}})) == {
        "auths": {"r": {"password": "hunter2"}}
    }
    assert file_bytes(b"as it is") == b"as it is"


def test_json_holds_the_graph_and_the_findings() -> None:
    found = plan(
        run("engine/a@m1", host="m1", timeout=5),
        run("swarm/b@w1", needs=(EARLIER,), after=(A,), detail=("x: 1 → 2",)),
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
            | {"id": None, "stack": None, "standing": False, "accepted": None, "lapsed": None}
        ],
    }


def test_the_machinery_names_no_step_of_a_role() -> None:
    """What it has to know of one is a milestone."""
    named = re.compile(rf'StepId\(\s*"({"|".join(role.name for role in REAL)})"')
    files = sorted(Path(__file__).parents[2].glob("skep/**/*.py"))
    assert len(files) > 100
    assert [file for file in files if named.search(file.read_text())] == []
