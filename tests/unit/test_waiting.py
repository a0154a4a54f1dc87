"""The one loop for waiting: what it gives, and what ends it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from skep.waiting import until

ROOT = Path(__file__).parents[2]


def test_what_a_look_gives_ends_it_at_once() -> None:
    assert until(lambda: "there", seconds=60, every=1, pause=lambda _: pytest.fail("it was there")) == "there"


def test_it_looks_again_until_it_is_there_with_pauses_between() -> None:
    looks, pauses = iter([None, 0, "there"]), list[float]()
    assert until(lambda: next(looks), seconds=60, every=0.5, pause=pauses.append) == "there"
    assert pauses == [0.5, 0.5]


def test_its_time_is_what_it_paused_and_there_is_a_look_at_the_end() -> None:
    looks, pauses = list[int](), list[float]()

    def look() -> bool:
        looks.append(len(pauses))
        return False

    assert until(look, seconds=1, every=0.4, pause=pauses.append) is False
    assert looks == [0, 1, 2, 3]
    assert sum(pauses) == pytest.approx(1, abs=0.05)


def test_time_that_looks_take_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 1000, 10))
    monkeypatch.setattr("skep.waiting.time", SimpleNamespace(monotonic=lambda: next(clock)))
    pauses = list[float]()
    assert until(lambda: None, seconds=15, every=1, pause=pauses.append) is None
    assert pauses == [1]


def test_a_pause_that_says_no_ends_it() -> None:
    looks = list[int]()
    assert until(lambda: looks.append(1), seconds=60, every=1, pause=lambda _: False) is None
    assert looks == [1]


def test_what_a_pause_raises_is_raised() -> None:
    def stopped(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        until(lambda: None, seconds=60, every=1, pause=stopped)


ELSEWHERE = {
    "skep/waiting.py": "the one place",
    "skep/ssh/connection.py": "between two logins, whose number the inventory gives",
    "skep/commands/repository/testing.py": "the end of a test run, whatever it is that waits",
}


def test_nothing_else_sleeps() -> None:
    files = [path for folder in ("skep", "roles") for path in (ROOT / folder).rglob("*.py")]
    found = {path.relative_to(ROOT).as_posix() for path in files if "time.sleep(" in path.read_text()}
    assert found <= ELSEWHERE.keys()
