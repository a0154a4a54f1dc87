"""Lines of service logs: whose they are, since when, and in which order they are shown."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from skep.engine.logs import Interleaved, LogLine, log_line, moment, read_log
from tests.unit.engine.stacks import service

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)
DETAILS = b"com.docker.swarm.node.id=n1,com.docker.swarm.service.id=s1,com.docker.swarm.task.id=t1"


def line(time: str, text: str = "x", stream: str = "stdout") -> LogLine:
    return LogLine("web_app", stream, text, time and f"2025-06-01T12:00:{time}Z", "t1", "n1")


def test_a_line_says_when_where_and_which_task() -> None:
    found = log_line("web_app", "stderr", b"2025-06-01T12:00:00.5Z " + DETAILS + b" bad  = worse \xff")
    assert found == LogLine("web_app", "stderr", "bad  = worse \ufffd", "2025-06-01T12:00:00.5Z", "t1", "n1")


def test_labels_of_the_containers_log_may_be_among_the_details() -> None:
    found = log_line("web_app", "stdout", b"2025-06-01T12:00:00Z a=b%2Cc%20d," + DETAILS + b" ")
    assert (found.task, found.node, found.text) == ("t1", "n1", "")


@pytest.mark.parametrize("stream", ["stdout", "error"])
def test_what_the_daemon_says_of_its_own_is_kept_whole(stream: str) -> None:
    words = "Error grabbing logs: node x is not available"
    assert log_line("web_app", stream, words.encode()) == LogLine("web_app", "error", words)


@pytest.mark.parametrize("tty", [False, True])
def test_a_log_is_read_as_frames_unless_there_is_a_terminal(fake: Any, tty: bool) -> None:
    reported = b"2025-06-01T12:00:00Z " + DETAILS + b" hello"
    data = reported if tty else b"\x01\x00\x00\x00" + len(reported).to_bytes(4, "big") + reported
    api = fake(service_log=[data[:20], data[20:]])
    made = service()
    made["Spec"]["TaskTemplate"]["ContainerSpec"]["TTY"] = tty
    found = list(read_log(api, made, follow=True, tail="all", since=1.5))
    assert [(one.text, one.task) for one in found] == [("hello", "t1")]
    asked = api.called("service_log")[0][1]
    assert (asked["follow"], asked["tail"], asked["since"]) == (1, "all", "1.500000000")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10m", 600.0),
        ("1h30m", 5400.0),
        ("2d", 172800.0),
        ("45s", 45.0),
        ("2025-06-01T11:00:00Z", 3600.0),
        ("2025-06-01T11:00:00.5Z", 3599.5),
        ("2025-06-01T14:00:00+03:00", 3600.0),
        ("2025-06-01T11:30", 1800.0),
        ("2025-06-01", 43200.0),
    ],
)
def test_since_when(text: str, seconds: float) -> None:
    assert NOW.timestamp() - moment(text, NOW) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "10", "m", "yesterday", "-5m", "10 m"])
def test_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        moment(text, NOW)


def test_lines_are_reported_by_time_once_they_were_held_for_a_moment() -> None:
    merged = Interleaved(hold=0.3)
    merged.add(line("02"), 10.0)
    merged.add(line("01"), 10.1)
    assert list(merged.ready(10.2)) == []
    assert [one.time[-3:] for one in merged.ready(10.4)] == ["01Z", "02Z"]
    assert list(merged.rest()) == []


def test_lines_of_the_same_time_stay_in_their_order() -> None:
    merged = Interleaved()
    for text in "abc":
        merged.add(line("01", text), 0.0)
    assert [one.text for one in merged.rest()] == ["a", "b", "c"]


def test_what_has_no_time_goes_with_what_came_before_it() -> None:
    merged = Interleaved()
    merged.add(line("01"), 0.0)
    merged.add(line("", "no log", "error"), 0.0)
    merged.add(line("02"), 0.0)
    assert [one.time[-3:] or one.text for one in merged.rest()] == ["01Z", "no log", "02Z"]


def test_no_more_is_held_than_there_is_room_for() -> None:
    merged = Interleaved(hold=float("inf"), most=10_000)
    reported = []
    for number in range(1000):
        merged.add(line(f"{number:04d}", "x" * 100), 0.0)
        reported += list(merged.ready(0.0))
        assert len(merged._heap) <= 15
    reported += list(merged.rest())
    assert [one.time for one in reported] == sorted(one.time for one in reported)
    assert len(reported) == 1000
