"""systemd's calendar words, read and counted without systemd."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from skep.model.calendar import machine_zone, parse, zone_of

NOW = datetime(2026, 11, 28, 8, 0, tzinfo=UTC)  # a Saturday

TIMES = {
    "hourly": "2026-11-28 09:00:00",
    "daily": "2026-11-29 00:00:00",
    "weekly": "2026-11-30 00:00:00",
    "quarterly": "2027-01-01 00:00:00",
    "03:30": "2026-11-29 03:30:00",
    "Mon..Fri 03:30": "2026-11-30 03:30:00",
    "mon,wed 17:48:10": "2026-11-30 17:48:10",
    "Wed, 17:48": "2026-12-02 17:48:00",
    "Sat": "2026-12-05 00:00:00",
    "Mon-Fri 3:5": "2026-11-30 03:05:00",
    "*:0/20": "2026-11-28 08:20:00",
    "*:7/20:30": "2026-11-28 08:07:30",
    "1..10/4:00": "2026-11-28 09:00:00",
    "Sun *-*-1..7 04:00": "2026-12-06 04:00:00",
    "*-*~01": "2026-11-30 00:00:00",
    "*-02~01": "2027-02-28 00:00:00",
    "Mon *-*~07/1": "2026-11-30 00:00:00",
    "*-*-31": "2026-12-31 00:00:00",
    "*-02-29": "2028-02-29 00:00:00",
    "12-24 18:00": "2026-12-24 18:00:00",
    "2027-03-31": "2027-03-31 00:00:00",
    "03:30 Europe/Berlin": "2026-11-29 02:30:00",
    "2027-07-01 03:30 Europe/Berlin": "2027-07-01 01:30:00",
    "daily UTC": "2026-11-29 00:00:00",
    "*-02-30": "never",
    "2020-01-01": "never",
}


@pytest.mark.parametrize("text", TIMES)
def test_the_next_time_is_this(text: str) -> None:
    assert _ours(text) == TIMES[text]


def test_a_time_without_a_zone_is_in_the_one_given() -> None:
    found = parse("03:30").after(NOW, zone_of("America/New_York"))
    assert found is not None and found.strftime("%F %T") == "2026-11-28 08:30:00"


def test_an_hour_that_comes_twice_is_later_than_the_moment() -> None:
    """On the last Sunday of October 02:30 comes twice in Berlin; the next is never one that is over."""
    moment = datetime(2026, 10, 25, 0, 45, tzinfo=UTC)
    found = parse("02:30 Europe/Berlin").after(moment, UTC)
    assert found is not None and found > moment


def _rules(name: str) -> Path:
    import zoneinfo

    return next(file for folder in zoneinfo.TZPATH if (file := Path(folder, name)).is_file())


def test_the_machines_zone_knows_summer_time() -> None:
    summer = datetime(2026, 7, 1, tzinfo=UTC)
    berlin = str(_rules("Europe/Berlin"))
    for environ in ({"TZ": "Europe/Berlin"}, {"TZ": f":{berlin}"}, {}):
        zone = machine_zone(NOW, environ, berlin if not environ else "/nowhere")
        assert [f"{moment.astimezone(zone):%H %Z}" for moment in (NOW, summer)] == ["09 CET", "02 CEST"]
    assert machine_zone(NOW, {"TZ": ""}, berlin) == UTC


def test_a_machines_zone_without_rules_is_its_offset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "ABC-3")
    time.tzset()
    try:
        assert f"{NOW.astimezone(machine_zone(NOW)):%H %Z}" == "11 ABC"
    finally:
        monkeypatch.undo()
        time.tzset()


BAD = ("", "noon", "12", "24:00", "*:60", "*:*/5", "Sat..Tue", "Mon..", "*", "*-13-01", "*-*~1..7", "*:0/0",
       "every day", "0 3 * * *", "2026-11-28T10:00", "weekly 03:00", "Mars/Olympus",
       "03:30 Mars/Olympus", "*,5:00")  # fmt: skip


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write"):
        parse(text)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="only where systemd's own word can be had")
def test_systemd_says_the_same() -> None:
    for text in TIMES:
        assert _theirs(text) == TIMES[text], text
    for text in {*BAD} - {"*-*~1..7"}:  # which systemd counts in an order of its own
        assert _theirs(text) == "refused", text


def _ours(text: str) -> str:
    found = parse(text).after(NOW, UTC)
    return found.strftime("%Y-%m-%d %H:%M:%S") if found else "never"


def _theirs(text: str) -> str:
    done = subprocess.run(
        ["systemd-analyze", "calendar", "--base-time=2026-11-28 08:00:00 UTC", "--", text],
        capture_output=True, text=True, check=False, env={"TZ": "UTC", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    if done.returncode:
        return "refused"
    found = re.search(r"Next elapse: \w+ ([\d-]+ [\d:]+) UTC", done.stdout)
    return found[1] if found else "never"
