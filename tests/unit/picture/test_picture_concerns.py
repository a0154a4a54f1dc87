"""What a line of changes costs: the board asks about hundreds of them each time it is drawn."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from skep.picture.model import Machine, PlacedTask
from skep.picture.view import Change, View, concerns

NOW = datetime(2026, 5, 1, tzinfo=UTC)


class Counted(tuple[Machine, ...]):
    """Machines that count how often they are gone through."""

    times = 0

    def __iter__(self) -> Any:
        Counted.times += 1
        return super().__iter__()


def test_tasks_of_all_hosts_are_not_gone_through_for_each_change() -> None:
    tasks = (PlacedTask("web.1", "web", "running", NOW),)
    view = View(NOW, Counted(Machine(f"n{number}", tasks=tasks) for number in range(3)))
    changes = [Change(NOW, "service", "web", "updated", stack="shop")] * 50
    assert all(concerns(view, one, "", stack) for one in changes for stack in ("", "shop"))
    assert Counted.times == 0
    assert concerns(view, changes[0], "n1", "") and not concerns(replace(view, machines=()), changes[0], "n1", "")
