"""The picture of a cluster on a terminal: what fits stands there, or what is asked for, and no name acts."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta

import pytest
from rich.console import Console

from skep.picture.model import FailedTask
from skep.picture.view import Change, View
from skep.report.board import KEPT, Board
from tests.pictures import HOSTILE, NOW, picture


def view(machines: int = 3, tasks: int = 6, *, names: tuple[str, ...] = (), ill: bool = True) -> View:
    shown = picture(machines, tasks, names=names, ill=ill)
    word = names[0] if names else "non-zero exit (137)"
    failed = FailedTask(
        "t1", "shop_web.2", shown.services[0].name, shown.services[0].stack, shown.machines[1].name, "failed",
        NOW - timedelta(seconds=90), word, over=False,
    )  # fmt: skip
    return View(NOW, shown.machines, shown.services, (failed,) if ill else (), shown.quorum, asked="node1")


def board(of: View, *keys: str, changes: tuple[Change, ...] = ()) -> Board:
    made = Board("prod")
    made.take(of, changes)
    for key in keys:
        assert made.key(key)
    return made


def lines(of: Board, width: int = 80, height: int = 24) -> list[str]:
    out = io.StringIO()
    console = Console(file=out, width=width, height=height, color_system=None, force_terminal=False)
    console.print(of.draw(width, height, NOW), soft_wrap=True)
    return out.getvalue().removesuffix("\n").split("\n")


@pytest.mark.parametrize(("width", "height"), [(80, 24), (160, 50), (40, 10), (120, 3), (20, 2)])
@pytest.mark.parametrize(("machines", "tasks"), [(3, 6), (100, 1000)])
def test_it_has_the_size_of_the_terminal(width: int, height: int, machines: int, tasks: int) -> None:
    changes = tuple(Change(NOW, "service", "shop_web", f"change {number}") for number in range(99))
    shown = lines(board(view(machines, tasks), changes=changes), width, height)
    assert len(shown) == height and max(map(len, shown)) <= width


def test_everything_stands_on_it() -> None:
    text = "\n".join(lines(board(view(), changes=(Change(NOW, "node", "node3", "node3: ready → down", bad=True),))))
    for words in (
        "prod  3 of 3 managers reachable", "node1  12:30:00Z", "2 of 3 nodes well; 0 of 1 services as desired",
        "✗ node3", "down", "✓ node1", "leader", "zone zone1", "shop_web", "4/6", "hosts (3)", "failing tasks (1)",
        "shop_web.2 failed on node2 90 s ago  non-zero exit (137)", "12:30:00 node3: ready → down", "q quit",
    ):  # fmt: skip
        assert words in text, f"{words}\n{text}"


def test_a_wide_terminal_has_two_columns() -> None:
    (row,) = [one for one in lines(board(view()), 160, 30) if "hosts (3)" in one]
    assert "services (1)" in row


def test_what_is_not_well_is_not_left_out_where_there_is_no_room_for_all() -> None:
    text = "\n".join(lines(board(view(100, 1000))))
    assert "✗ node3" in text and "more" in text


def test_keys_step_through_hosts_and_stacks_and_back_to_all() -> None:
    shown = board(view(), "h")
    assert (
        shown.host == "node1" and "hosts (1 of 3)" in "\n".join(lines(shown)) and "only host node1" in lines(shown)[-1]
    )
    for _ in range(3):
        shown.key("h")
    assert shown.host == ""
    shown.key("s")
    assert shown.stack == "shop" and shown.key("a") and shown.stack == ""
    assert not shown.key("q")


def test_a_name_is_typed_and_its_letters_are_no_keys() -> None:
    shown = board(view(), "/", *"nodeq", "backspace", "2")
    assert shown.find == "node2" and "find: node2" in lines(shown)[-1]
    shown.key("enter")
    text = "\n".join(lines(shown))
    assert "hosts (1 of 3)" in text and "services (0 of 1)" in text
    shown.key("escape")
    assert shown.find == "" and not shown.key("q")


def test_of_one_stack_other_services_and_their_changes_are_not_shown() -> None:
    both = view()
    other = replace(both.services[0], name="db_db", stack="db")
    both = replace(both, services=(*both.services, other))
    changes = tuple(Change(NOW, "service", one.name, f"{one.name}: created", stack=one.stack) for one in both.services)
    shown = board(both, "s", changes=changes)
    text = "\n".join(lines(shown))
    assert "shop_web: created" in text and "db_db" not in text


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_seen_and_do_nothing(name: str) -> None:
    named = view(names=(f"\x1b[2J\n\u202e{name}",))
    changes = (Change(NOW, "node", "x", f"{name}\x1b]0;x\x07\n"),)
    text = "\n".join(lines(board(named, changes=changes), 400, 40))
    assert text.count("\n") == 39
    assert not any(char in text for char in ("\x1b", "\x07", "\u202e", "\r"))
    assert "\\x1b" in text


def test_without_a_manager_it_says_why_and_keeps_what_it_knew() -> None:
    text = "\n".join(lines(board(replace(view(), asked="", why="m1: timed out", mute={"m1": "timed out"}))))
    assert "no manager answers: m1: timed out" in text and "node1" in text and "no events from m1" in text


def test_only_the_last_changes_are_remembered() -> None:
    shown = Board("prod")
    for number in range(KEPT * 3):
        shown.take(view(), [Change(NOW, "node", "x", f"change {number}")])
    assert len(shown._changes) == KEPT
