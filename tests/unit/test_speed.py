"""Planning grows with what there is to plan, and no faster: ratios of counted work, not of seconds."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from roles.stacks.role import role
from roles.stacks.state import State
from skep.model import Cluster, Host, Secret, Stack
from skep.plan import Plan
from skep.request import RequestedCluster, RequestedStack
from tests.roles.swarms import Past
from tests.seen import seen
from tests.steps import roles

LINEAR = 13.0
"""Times the work for ten times the services: some is the same for any number, and sorting is a little more."""


def a_stack(count: int, mode: str = "a") -> Stack:
    services = {
        f"s{number}": {
            "image": f"busybox:{number}",
            "environment": {"MODE": mode, **{f"V{place}": "x" for place in range(5)}},
            "configs": [f"c{number}"],
            "secrets": ["key"],
        }
        for number in range(count)
    }
    configs = {f"c{number}": {"file": f"./c{number}"} for number in range(count)}
    compose = {"services": services, "configs": configs, "secrets": {"key": {"file": "./key"}}}
    files = {f"c{number}": str(number).encode() for number in range(count)} | {"key": b"hush"}
    return RequestedStack("web", ("compose.yml",), {"compose.yml": yaml.safe_dump(compose).encode(), **files})


def work(act: Callable[[], Any]) -> int:
    """How many lines of Python it takes, each turn of a loop counted: the same on any machine under any load."""
    lines = 0

    def count(frame: Any, event: str, argument: Any) -> Any:
        nonlocal lines
        lines += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        act()
    finally:
        sys.settrace(before)
    return lines


def planned(cluster: Cluster, state: State) -> int:
    def act() -> None:
        there = seen({"m1": state})
        role.inquiries(cluster, there)
        Plan(role.plan(cluster, there), roles("engine", "daemon", "swarm", "networks", "stacks"), ["m1"])

    act()
    return work(act)


@pytest.mark.parametrize("then", ["as deployed", "all changed", "not there"])
def test_planning_is_linear(then: str) -> None:
    costs = []
    for count in (10, 100):
        old, new = a_stack(count), a_stack(count, "b" if then == "all changed" else "a")
        cluster = RequestedCluster("speed", (Host("m1", "10.0.0.1", "manager"),), stacks=(new,), nonce=Secret("0" * 32))
        past = {"past": [] if then == "not there" else [{"deploy": {"web": {}}}]}
        state = Past(cluster, past, lambda name, given, old=old: old).state()  # type: ignore[misc]
        costs.append(planned(cluster, state))
    assert costs[1] < LINEAR * costs[0], costs
