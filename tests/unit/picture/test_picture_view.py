"""What changed between two looks at a cluster, and when it is looked at again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from skep.picture.model import FailedTask
from skep.picture.view import CALM, GATHER, NODES, REST, SOON, TASKS, Change, Due, View, changes, concerns
from tests.pictures import NOW, picture


def view(*, ill: bool = False) -> View:
    """Three managers with six tasks of shop_web on them; ``ill``: node3 is down, two tasks do not run."""
    shown = picture(ill=ill)
    machines = tuple(replace(one, id=one.name) for one in shown.machines)
    failed = (FAILED,) if ill else ()
    return View(NOW, machines, shown.services, failed, shown.quorum, asked="node1")


FAILED = FailedTask("t1", "shop_web.2", "shop_web", "shop", "node2", "failed", NOW, "exit (137)", over=False)
WELL = view()


def texts(before: View | None, after: View) -> list[str]:
    return [one.text for one in changes(before, after)]


def with_machine(of: View, number: int, **more: object) -> View:
    machines = list(of.machines)
    machines[number] = replace(machines[number], **more)  # type: ignore[arg-type]
    return replace(of, machines=tuple(machines))


def with_service(of: View, **more: object) -> View:
    return replace(of, services=(replace(of.services[0], **more),))  # type: ignore[arg-type]


def test_the_first_look_says_how_things_stand_and_what_is_wrong() -> None:
    assert texts(None, WELL) == [
        "node1 answers: 3 of 3 managers reachable; 1 more may be lost before changes stop; 3 of 3 nodes well;"
        " 1 of 1 services as desired"
    ]
    assert texts(None, view(ill=True))[1:] == [
        "node3: down",
        "shop_web: 4 of 6 running, roll-out completed",
        "shop_web.2: failed on node2: exit (137)",
    ]


def test_nothing_is_said_where_nothing_changed() -> None:
    assert changes(WELL, replace(WELL, taken=NOW + timedelta(seconds=5))) == []


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (with_machine(WELL, 2, state="down"), ["node3: ready → down"]),
        (with_machine(WELL, 2, availability="drain", engine="29.0"), ["node3: ready → ready, drain, 28.5.2 → 29.0"]),
        (with_machine(WELL, 2, role="worker"), ["node3: manager → worker"]),
        (
            with_machine(WELL, 1, reachability="unreachable"),
            ["node2: ready → ready, unreachable by the other managers"],
        ),
        (with_machine(with_machine(WELL, 0, leader=False), 1, leader=True), ["leader: node1 → node2"]),
        (with_machine(WELL, 0, leader=False), ["leader: node1 → none"]),
        (replace(WELL, machines=WELL.machines[:2]), ["node3: not in the swarm any more"]),
        (with_service(WELL, running=5, update="updating"), ["shop_web: 5 of 6 running, roll-out updating"]),
        (with_service(WELL, image="web:2", digest=""), ["shop_web: image registry.example/shop/web:1.4@4f5a → web:2"]),
        (with_service(WELL, update="rollback_paused"), ["shop_web: roll-out rollback paused"]),
        (replace(WELL, services=()), ["shop_web: removed"]),
        (replace(WELL, failed=(FAILED,)), ["shop_web.2: failed on node2: exit (137)"]),
        (replace(WELL, asked="node2", why="node1: timed out"), ["node2 answers now: node1: timed out"]),
        (replace(WELL, asked="", why="no quorum"), ["no manager in a quorum answers; asking again: no quorum"]),
        (replace(WELL, mute={"node3": "no route"}), ["node3: its events do not arrive: no route; trying again"]),
    ],
)
def test_each_change_is_one_line(after: View, said: list[str]) -> None:
    assert texts(WELL, after) == said


def test_what_comes_back_is_said_too() -> None:
    assert texts(replace(WELL, services=()), WELL) == ["shop_web: created, 6 of 6 running, roll-out completed"]
    assert texts(replace(WELL, machines=WELL.machines[:2]), WELL) == ["node3: in the swarm, ready"]
    assert texts(replace(WELL, mute={"node3": "no route"}), WELL) == ["node3: its events arrive again"]


def test_a_task_that_failed_is_said_once() -> None:
    failed = replace(WELL, failed=(FAILED,))
    again = replace(failed, failed=(replace(FAILED, id="t2"), FAILED))
    assert texts(failed, replace(failed, failed=(replace(FAILED, over=True),))) == []
    assert len(texts(failed, again)) == 1


@pytest.mark.parametrize(
    ("change", "host", "stack", "shown"),
    [
        (Change(NOW, "cluster", "node1", "leader"), "node2", "other", True),
        (Change(NOW, "node", "node1", "down", host="node1"), "node2", "", False),
        (Change(NOW, "service", "shop_web", "5 of 6", stack="shop"), "node2", "", True),
        (Change(NOW, "service", "shop_db", "0 of 1", stack="shop"), "node2", "", False),
        (Change(NOW, "service", "shop_web", "5 of 6", stack="shop"), "", "other", False),
        (Change(NOW, "node", "node1", "down", host="node1"), "", "shop", True),
        (Change(NOW, "task", "shop_web.1", "failed", host="node1", stack="shop"), "node1", "shop", True),
    ],
)
def test_what_a_change_is_about(change: Change, host: str, stack: str, shown: bool) -> None:
    assert concerns(WELL, change, host, stack) is shown


def test_everything_is_read_at_once_at_first_and_seldom_where_all_is_well() -> None:
    due = Due()
    assert due.when == float("-inf") and due.take() == {NODES, TASKS}
    due.read(10.0, 0.1, changed=True, settled=True)
    assert due.when == 10.0 + CALM


def test_an_event_is_followed_by_one_reading_of_what_it_is_about() -> None:
    due = Due()
    due.take()
    due.read(10.0, 0.1, changed=True, settled=True)
    for moment in (20.0, 20.1, 20.2):
        due.event("container", moment)
    assert due.when == 20.0 + GATHER and due.take() == {TASKS}
    due.event("node", 20.35)  # while that is read
    due.read(20.4, 0.1, changed=True, settled=True)
    assert due.when == pytest.approx(20.35 + GATHER) and due.take() == {NODES, TASKS}


def test_a_large_cluster_is_not_read_without_a_pause() -> None:
    due = Due()
    due.take()
    due.event("service", 11.0)
    due.read(14.0, 3.0, changed=True, settled=False)
    assert due.when == 14.0 + 3.0 * REST


def test_what_is_on_its_way_is_looked_for_less_and_less_often() -> None:
    due, now, waits = Due(), 0.0, []
    for _ in range(8):
        due.take()
        due.read(now, 0.0, changed=not waits, settled=False)
        waits.append(due.when - now)
        now = due.when
    assert waits == [SOON, 2, 4, 8, 16, CALM, CALM, CALM]
    due.event("container", now)
    due.take()
    due.read(now, 0.0, changed=False, settled=False)
    assert due.when - now == 2 * SOON


def test_without_a_manager_it_is_asked_for_with_longer_and_longer_rests() -> None:
    due, waits = Due(), []
    for _ in range(6):
        due.failed(0.0)
        waits.append(due.when)
    assert waits == [1, 2, 4, 8, 10, 10] and due.take() == {NODES, TASKS}
