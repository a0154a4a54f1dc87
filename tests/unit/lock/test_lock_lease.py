"""The lease in memory: what a clock that goes on in sleep says, and what ends with it."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from skep.errors import LockLost, StepFailed
from skep.holder import me
from skep.lock import lease
from skep.lock.lease import RENEW, TTL, Lease, Limits
from tests.timing import Clock

MANAGERS = ("m1", "m2", "m3")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(lease, "now", made)
    return made


def made(clock: Clock, *kept: str, **more: Any) -> Lease:
    found = Lease(me("cluster.up"), MANAGERS, **more)
    for name in kept or MANAGERS:
        found.extend(name, clock.now)
    return found


@pytest.mark.parametrize(("kept", "held"), [(("m1",), False), (("m1", "m3"), True), (MANAGERS, True)])
def test_a_majority_keeps_it(clock: Clock, kept: tuple[str, ...], held: bool) -> None:
    assert made(clock, *kept).held is held


def test_it_ends_before_anybody_else_can_have_it(clock: Clock) -> None:
    here = made(clock)
    clock.now += TTL - RENEW - 0.1
    here.check()
    clock.now += 0.2
    with pytest.raises(LockLost) as failure:
        here.check()
    assert failure.value.exit_code == 7
    assert failure.value.message == "the cluster lock was lost, and nobody else has taken it so far"
    assert "45 s ago: this process or machine stood still, or m1, m2, m3 did not answer" in str(failure.value.cause)


def test_what_was_lost_is_not_had_again(clock: Clock) -> None:
    here = made(clock)
    clock.now += 64
    assert not here.held
    for name in MANAGERS:
        here.extend(name, clock.now)
    assert not here.held


def test_it_is_asked_once_who_has_it_now(clock: Clock) -> None:
    other, asked = me("stack.deploy web"), []

    def successor() -> Any:
        asked.append(1)
        return other

    here = made(clock, successor=successor)
    clock.now += 64
    for _ in range(3):
        with pytest.raises(LockLost, match=r"was lost to .* for stack\.deploy web") as failure:
            here.check()
    assert asked == [1]
    assert "invoke cluster.status" in str(failure.value.next_action)


def test_the_clock_goes_on_while_the_machine_sleeps(monkeypatch: pytest.MonkeyPatch) -> None:
    assert time.CLOCK_BOOTTIME == lease._CLOCK
    slept = {time.CLOCK_BOOTTIME: 3600.0, time.CLOCK_MONOTONIC: 5.0}
    monkeypatch.setattr(time, "clock_gettime", slept.__getitem__)
    assert lease.now() == 3600.0


def test_a_pause_ends_with_the_deadline_the_run_or_the_lock(clock: Clock) -> None:
    here, stopped = made(clock), threading.Event()
    assert Limits(60, here, stopped).pause(0.01)
    assert not Limits(0.01, here, stopped).pause(60)
    stopped.set()
    with pytest.raises(StepFailed, match="when the run was stopped"):
        Limits(60, here, stopped).pause(60)
    clock.now += 64
    with pytest.raises(LockLost):
        Limits(60, here, stopped).pause(60)


def test_without_a_lock_there_is_none_to_lose() -> None:
    Limits().check()
    assert Limits().pause(0.001)


def test_what_begins_anew_has_its_time_anew_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(lease, "time", clock)
    here = Limits(60)
    clock.now += 10
    assert here.start_again(5) == 65
    assert here.given == 75
    for _ in range(30):
        clock.now += 10
        here.start_again(5)
    assert here.given == 125
