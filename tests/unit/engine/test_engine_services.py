"""When a service runs as desired: a table of cases, see ``services.yml``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from skep.engine.services import judge
from skep.swarm.placement import is_meant
from tests.unit.engine.stacks import NODES, node, service, task

CASES: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "services.yml").read_text())


@pytest.mark.parametrize("name", CASES)
def test_a_look_at_a_service(name: str) -> None:
    case = CASES[name]
    tasks = [task(number, **words) for number, words in enumerate(case["tasks"])]
    fresh = {made["ID"] for made, words in zip(tasks, case["tasks"], strict=True) if words.get("fresh", True)}
    ran = {made["ID"]: words.get("ran", 100) for made, words in zip(tasks, case["tasks"], strict=True)}
    verdict = judge(service(**case["service"]), tasks, fresh, NODES, lambda one: ran[one["ID"]])
    expect = {"over": "", "left": None, "node": "", "arrived": False, **case["expect"]}
    found = {"state": verdict.row.state, "text": verdict.row.text, "over": verdict.over, "left": verdict.left}
    found |= {"node": verdict.row.node, "arrived": verdict.arrived}
    assert {key: found[key] for key in expect} == expect


def test_the_cases_name_every_state_and_mode() -> None:
    assert {case["expect"]["state"] for case in CASES.values()} == {"done", "moving", "stuck", "over"}
    modes = {case["service"].get("mode", "replicated") for case in CASES.values()}
    assert modes == {"replicated", "global", "replicated-job", "global-job"}


@pytest.mark.parametrize(
    ("constraint", "meant"),
    [
        ("node.role == WORKER", True),
        ("node.role==manager", False),
        ("node.role != manager", True),
        ("node.id == w1", True),
        ("node.hostname != w1", False),
        ("node.platform.os == linux", True),
        ("node.platform.arch == x86_64", True),
        ("node.labels.zone == north", True),
        ("node.labels.Zone == north", False),
        ("Node.Labels.zone == North", True),
        ("node.labels.disk == ssd", False),
        ("node.labels.disk != ssd", True),
        ("engine.labels.disk != ssd", True),
        ("node.ip == 10.0.0.7", True),
        ("node.ip == 10.0.0.0/24", True),
        ("node.ip != 10.0.0.0/24", False),
        ("node.ip == nonsense", False),
        ("node.colour == red", False),
    ],
)
def test_constraints_are_read_as_swarm_reads_them(constraint: str, meant: bool) -> None:
    assert is_meant(service(mode="global", constraints=[constraint])["Spec"], NODES["w1"]) is meant


@pytest.mark.parametrize(
    ("platforms", "arch", "meant"),
    [
        ([], "riscv64", True),
        ([{}], "riscv64", True),
        ([{"OS": "linux", "Architecture": "amd64"}], "x86_64", True),
        ([{"OS": "linux", "Architecture": "x86_64"}], "amd64", True),
        ([{"Architecture": "arm64"}], "aarch64", True),
        ([{"OS": "windows", "Architecture": "amd64"}], "x86_64", False),
        ([{"Architecture": "arm64"}, {"Architecture": "amd64"}], "x86_64", True),
    ],
)
def test_platforms_are_compared_by_their_usual_names(platforms: list[Any], arch: str, meant: bool) -> None:
    assert is_meant(service(mode="global", platforms=platforms)["Spec"], node("n", arch=arch)) is meant


@pytest.mark.parametrize(("state", "availability"), [("down", "active"), ("ready", "drain"), ("ready", "pause")])
def test_nodes_that_get_no_task(state: str, availability: str) -> None:
    assert not is_meant(service(mode="global")["Spec"], node("n", state=state, availability=availability))


def test_a_node_that_has_never_reported_itself() -> None:
    bare = node("n") | {"Description": {}}
    assert is_meant(service(mode="global")["Spec"], bare)
    assert not is_meant(service(mode="global", platforms=[{"OS": "linux"}])["Spec"], bare)
