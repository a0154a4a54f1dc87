"""Rows of lists: how services stand."""

from __future__ import annotations

from typing import Any

import pytest

from skep.commands.listing import stack_rows
from tests.unit.engine.stacks import service


class Manager:
    """Lists one service, and tasks of it on nodes."""

    def __init__(self, swarm: Any, tasks: list[Any] | None = None, **nodes: str) -> None:
        self.swarm = swarm
        self.listed = tasks or []
        self.states = nodes

    def nodes(self) -> list[Any]:
        return [{"ID": name, "Status": {"State": state}} for name, state in self.states.items()]

    def tasks(self) -> list[Any]:
        return self.listed

    def services(self, **_: Any) -> list[Any]:
        return [self.swarm]


@pytest.mark.parametrize(
    ("made", "status", "row"),
    [
        ({"replicas": 3}, (2, 3, 0), ("replicated", "2/3", 2, 3, 0)),
        ({"mode": "global"}, (5, 5, 0), ("global", "5/5", 5, 5, 0)),
        ({"mode": "replicated-job"}, (0, 1, 1), ("replicated job", "1/1 completed", 0, 1, 1)),
        ({"mode": "replicated-job", "replicas": 4}, (2, 2, 1), ("replicated job", "2 running, 1/4 completed", 2, 4, 1)),
        ({"mode": "global-job"}, (0, 0, 5), ("global job", "5/5 completed", 0, 5, 5)),
        ({"mode": "global-job"}, (1, 1, 4), ("global job", "1 running, 4/5 completed", 1, 5, 4)),
        ({}, None, ("replicated", "", "", "", "")),
    ],
)
def test_how_a_service_stands(made: Any, status: Any, row: tuple[object, ...]) -> None:
    reported = service(**made)
    reported["Spec"]["Labels"] = {"com.docker.stack.namespace": "web"}
    if status:
        reported["ServiceStatus"] = dict(zip(("RunningTasks", "DesiredTasks", "CompletedTasks"), status, strict=True))
    columns, rows = stack_rows(Manager(reported))  # type: ignore[arg-type]
    assert columns[2:7] == ("mode", "tasks", "running", "desired", "completed")
    assert [one[2:7] for one in rows] == [row]


def test_tasks_of_nodes_that_are_down_do_not_run() -> None:
    reported = service(replicas=3)
    reported["Spec"]["Labels"] = {"com.docker.stack.namespace": "web"}
    reported["ServiceStatus"] = {"RunningTasks": 3, "DesiredTasks": 3}

    def task(node: str, state: str = "running") -> Any:
        return {"ServiceID": reported["ID"], "NodeID": node, "Status": {"State": state}}

    tasks = [task("w1"), task("w1", "failed"), task("w2"), task("w3"), task("", "pending")]
    _, rows = stack_rows(Manager(reported, tasks, w1="down", w2="ready", w3="unknown"))  # type: ignore[arg-type]
    assert rows[0][3:6] == ("2/3", 2, 3)
    _, rows = stack_rows(Manager(reported, tasks, w1="ready", w2="ready", w3="ready"))  # type: ignore[arg-type]
    assert rows[0][3:6] == ("3/3", 3, 3)
    assert reported["ServiceStatus"]["RunningTasks"] == 3
