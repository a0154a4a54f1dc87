"""When nothing is to be changed."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from skep.model import Freeze, Maintenance, Window

NIGHTS = Window("Mon..Thu 22:00", 6 * 3600)
OF_WEB = Window("Sat 06:00", 7200, ("web",))
CHRISTMAS = Freeze(date(2026, 12, 20), date(2027, 1, 6), "Christmas trade")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "stack", "says"),
    [
        ("2026-11-30T21:59:59", None, "outside its maintenance windows until Mon 2026-11-30 22:00 UTC"),
        ("2026-11-30T22:00:00", None, None),
        ("2026-12-01T03:59:59", "web", None),
        ("2026-12-01T04:00:00", "web", "outside its maintenance windows until Tue 2026-12-01 22:00 UTC"),
        ("2026-12-05T07:00:00", "web", None),
        ("2026-12-05T07:00:00", "db", "outside its maintenance windows until Mon 2026-12-07 22:00 UTC"),
        ("2026-12-05T07:00:00", None, "outside its maintenance windows until Mon 2026-12-07 22:00 UTC"),
    ],
)
def test_windows(moment: str, stack: str | None, says: str | None) -> None:
    assert Maintenance("UTC", (NIGHTS, OF_WEB)).closed(at(moment), stack) == says


def test_a_window_of_one_stack_leaves_others_alone() -> None:
    assert Maintenance("UTC", (OF_WEB,)).closed(at("2026-12-04T07:00:00"), "db") is None
    assert Maintenance("UTC", (OF_WEB,)).closed(at("2026-12-04T07:00:00"), "web")


@pytest.mark.parametrize(
    ("moment", "frozen"),
    [("2026-12-19T22:59:59", False), ("2026-12-19T23:00:00", True), ("2027-01-06T22:59:59", True),
     ("2027-01-06T23:00:00", False)],
)  # fmt: skip
def test_a_freeze_lasts_through_its_last_day_where_it_is_meant(moment: str, frozen: bool) -> None:
    said = Maintenance("Europe/Berlin", (), (CHRISTMAS,)).closed(at(moment), None)
    assert said == ("frozen through 2027-01-06: Christmas trade" if frozen else None)


def test_a_window_of_the_machines_zone_does_not_move_when_summer_time_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """It opens at 22:00 of summer time, and six hours later it is shut, whatever the clock then shows."""
    monkeypatch.setenv("TZ", ":Europe/Berlin")
    machines = Maintenance("", (Window("22:00", 6 * 3600),))
    assert machines.closed(at("2026-10-25T01:59:59"), None) is None
    assert machines.closed(at("2026-10-25T02:30:00"), None) == (
        "outside its maintenance windows until Sun 2026-10-25 22:00 CET"
    )


def test_a_freeze_goes_before_a_window_and_is_of_its_stacks_alone() -> None:
    both = Maintenance("UTC", (NIGHTS,), (Freeze(date(2026, 11, 30), date(2026, 11, 30), "sale", ("shop",)),))
    assert both.closed(at("2026-11-30T23:00:00"), "shop") == "frozen through 2026-11-30: sale"
    assert both.closed(at("2026-11-30T23:00:00"), "web") is None
    assert not Maintenance() and both
