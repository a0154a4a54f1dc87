"""Rows of lists: how services stand."""

from __future__ import annotations

from typing import Any

import pytest

from skep.commands.listing import stack_rows
from tests.unit.engine.stacks import service


class Manager:
    """Tells one service."""

    def __init__(self, swarm: Any) -> None:
        self.swarm = swarm

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
