"""How long a roll-out takes at most, by what a service asks for."""

from __future__ import annotations

from typing import Any

import pytest

from skep.measures import seconds_text
from skep.swarm.timing import Timing, grace_of, timing

S = 10**9


def spec(replicas: int | None = 1, **more: Any) -> dict[str, Any]:
    """``grace``, ``health`` (seconds: start_period, interval, timeout; retries), ``update``, ``back``."""
    container: dict[str, Any] = {"Image": "busybox:1"}
    if "grace" in more:
        container["StopGracePeriod"] = int(more["grace"] * S)
    if "health" in more:
        keys = ("StartPeriod", "Interval", "Timeout")
        times = {key: int(one * S) for key, one in zip(keys, more["health"], strict=False)}
        test = more.get("test", ["CMD", "true"])
        container["Healthcheck"] = {"Test": test, **times, "Retries": more.get("retries", 0)}
    mode = more.get("mode") or ({"Global": {}} if replicas is None else {"Replicated": {"Replicas": replicas}})
    made: dict[str, Any] = {"Mode": mode, "TaskTemplate": {"ContainerSpec": container}}
    for key, section in (("update", "UpdateConfig"), ("back", "RollbackConfig")):
        if key in more:
            words = dict(more[key])
            times = {one: int(words.pop(one) * S) for one in ("Monitor", "Delay") if one in words}
            made[section] = {**words, **times}
    return made


def update(**words: Any) -> dict[str, Any]:
    return {"Parallelism": 1, "Monitor": 1, **words}


@pytest.mark.parametrize(
    ("new", "old", "seconds"),
    [
        (spec(), None, 5),
        (spec(update=update(Monitor=30)), None, 30),
        (spec(health=[20, 10, 5], retries=2), None, 20 + 2 * 15 + 5),
        (spec(health=[0], test=["NONE"]), None, 5),
        (spec(health=[0]), None, 3 * 60 + 5),
        (spec(), spec(), 10 + 5),
        (spec(grace=1), spec(grace=45), 45 + 5),
        (spec(update=update()), spec(grace=180), 180),
        (spec(3, update=update()), spec(3, grace=180), 2 * 60 + 180),
        (spec(3, update=update(Delay=20)), spec(3, grace=5), 3 * (5 + 20) + 1),
        (spec(3, update=update(Parallelism=2, Delay=20)), spec(3, grace=5), 2 * (5 + 20) + 1),
        (spec(3, update=update(Parallelism=0, Delay=20)), spec(3, grace=5), 25 + 1),
        (spec(3), spec(3, grace=5), 3 * 5 + 5),
        (spec(2, update=update(Order="start-first")), spec(2, grace=90), 90),
        (spec(2, update=update(Order="start-first"), health=[0, 5, 5], retries=1), spec(2, grace=90), 10 + 10 + 90),
        (spec(None, update=update()), spec(None, grace=5), 4 * 5 + 1),
        (spec(1, update=update()), spec(9, grace=5), 9 * 5 + 1),
    ],
)
def test_a_roll_out_that_replaces_tasks(new: Any, old: Any, seconds: float) -> None:
    assert timing(new, old, replaced=True, nodes=4).seconds == seconds


@pytest.mark.parametrize(
    ("new", "old", "seconds"),
    [(spec(2, update=update()), spec(1, grace=99), 1), (spec(1, update=update()), spec(2, grace=99), 99)],
)
def test_in_place_only_what_is_too_many_stops(new: Any, old: Any, seconds: float) -> None:
    assert timing(new, old, replaced=False, nodes=4).seconds == seconds


def test_nobody_can_tell_how_long_a_job_takes() -> None:
    assert timing(spec(mode={"ReplicatedJob": {}}), None, replaced=True, nodes=1) == Timing()


def test_swarms_own_rollback_takes_longer_still() -> None:
    """By the settings of what it goes back to: those are in force again."""
    new, old = spec(2, grace=30, update=update(FailureAction="rollback")), spec(2, grace=5, back=update(Monitor=7))
    assert timing(new, old, replaced=True, nodes=1).back == 2 * 30 + 7
    assert timing(spec(update=update(FailureAction="pause")), spec(), replaced=True, nodes=1).back == 0


def test_what_it_is_made_of() -> None:
    new = spec(3, health=[60, 10, 5], retries=2, update=update(Delay=20))
    assert timing(new, spec(3, grace=180), replaced=True, nodes=1).text == (
        "8m40s (3 tasks in 3 turns, an old task may take 3m to stop, a health check may take 1m30s, a delay of 20s,"
        " watched for 1s)"
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.25, "250ms"), (59.2, "1m"), (90, "1m30s"), (300, "5m"), (3600, "1h"), (3660, "1h1m"), (3605, "1h0m5s")],
)
def test_seconds_as_people_write_them(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text


@pytest.mark.parametrize(("given", "seconds"), [({}, 10), ({"StopGracePeriod": 0}, 0), ({"StopGracePeriod": 3 * S}, 3)])
def test_a_grace_period_of_none_is_one(given: Any, seconds: float) -> None:
    assert grace_of(given) == seconds
