"""Which tasks ``stack.ps`` shows, and in which order."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from skep.commands.stack.ps import COLUMNS, age, task_rows
from tests.unit.engine.stacks import NODES, service, task

NOW = datetime(2025, 6, 1, 12, 1, tzinfo=UTC)
APP = service(replicas=2)
EACH = service("web_each", mode="global")
TASKS = [
    task(1, slot=2, state="ready", desired="ready", node="w1"),
    task(2, slot=2, state="failed", desired="shutdown", err="exit\n (1)", node="w1"),
    task(3, slot=2, state="failed", desired="shutdown", err="exit (0)", node="w2"),
    task(4, slot=1),
    task(5, slot=1, state="shutdown", desired="shutdown"),
    task(6, slot=3, desired="remove"),
    task(7, of=EACH, node="w1"),
    task(8, of=EACH, node="gone", state="pending", err="no suitable node"),
    task(9, of=service("other"), slot=1),
]


def shown(*, history: bool) -> list[dict[str, Any]]:
    columns, rows = task_rows([EACH, APP], TASKS, NODES, NOW, history=history)
    assert columns == COLUMNS
    return [dict(zip(columns, row, strict=True)) for row in rows]


def test_those_that_count_come_first_then_what_explains_a_slot_that_does_not_run() -> None:
    assert [(row["task"], row["state"], row["current"]) for row in shown(history=False)] == [
        ("web_app.1", "running", "yes"),
        ("web_app.2", "ready", "yes"),
        ("web_app.2", "failed", "no"),
        ("web_app.3", "running", "no"),
        ("web_each.gone", "pending", "yes"),
        ("web_each.w1", "running", "yes"),
    ]


def names(of: Any, *tasks: Any, history: bool = False) -> list[tuple[str, str]]:
    _, rows = task_rows([of], list(tasks), NODES, NOW, history=history)
    return [(str(row[0]), str(row[2])) for row in rows]


def test_of_a_job_only_the_newest_run_of_each_slot() -> None:
    job = service(mode="replicated-job", replicas=2)
    done = {"state": "complete", "desired": "complete"}
    runs = [task(number, iteration=20 - number, **done) for number in range(1, 20)]
    runs += [task(30, slot=1, iteration=19, **done), task(31, slot=1, iteration=18, **done)]
    assert names(job, *runs) == [("web_app.0", "complete"), ("web_app.1", "complete")]
    assert len(names(job, *runs, history=True)) == 21
    stopping = task(40, iteration=3, state="running", desired="remove")
    assert names(job, *runs, stopping)[2:] == [("web_app.0", "running")]


def test_a_job_that_failed_shows_its_last_try_of_this_run() -> None:
    job = service(mode="replicated-job")
    tries = [task(number, iteration=9, state="failed", desired="shutdown") for number in (1, 2)]
    assert names(job, task(3, iteration=8, state="complete", desired="complete"), *tries) == [("web_app.0", "failed")]


def test_slots_that_were_scaled_away_have_nothing_to_tell() -> None:
    away = [task(number, slot=number, state="shutdown", desired="shutdown") for number in (2, 3, 4)]
    assert names(service(replicas=1), task(1, slot=1), *away) == [("web_app.1", "running")]
    assert names(service(replicas=0), *away) == []
    missing = task(5, slot=1, state="failed", desired="shutdown")
    assert names(service(replicas=1), missing, *(task(9, slot=2, state="shutdown", desired="remove"),)) == [
        ("web_app.1", "failed")
    ]


def test_nodes_on_which_a_global_service_was_stopped_have_nothing_to_tell() -> None:
    stopped = task(2, of=EACH, node="w2", state="shutdown", desired="shutdown")
    failed = task(3, of=EACH, node="m1", state="failed", desired="shutdown")
    assert names(EACH, TASKS[6], stopped, failed) == [("web_each.w1", "running"), ("web_each.m1", "failed")]


def test_history_is_all_of_it_newest_first() -> None:
    over = [(row["task"], row["error"]) for row in shown(history=True) if row["current"] == "no"]
    assert over == [("web_app.2", "exit (1)"), ("web_app.2", "exit (0)"), ("web_app.1", ""), ("web_app.3", "")]


def test_a_row_says_where_since_when_and_why() -> None:
    assert shown(history=False)[2] == {
        "task": "web_app.2",
        "node": "w1",
        "state": "failed",
        "age": "3 s",
        "desired": "shutdown",
        "since": "2025-06-01T12:00:57Z",
        "current": "no",
        "error": "exit (1)",
    }


def test_slots_are_in_the_order_of_numbers() -> None:
    tasks = [task(number, slot=number) for number in (10, 9, 2, 1)]
    _, rows = task_rows([APP], tasks, NODES, NOW, history=False)
    assert [row[0] for row in rows] == ["web_app.1", "web_app.2", "web_app.9", "web_app.10"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-3, "0 s"), (0.4, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "119 min"), (7200, "2 h"), (1e6, "11 d")],
)
def test_ages_are_in_one_unit(seconds: float, text: str) -> None:
    assert age(seconds) == text
