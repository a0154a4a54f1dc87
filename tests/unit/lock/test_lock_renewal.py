"""Keeping the lock while a run lasts, and noticing in time that it is no longer ours."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from skep import lock
from skep.lock import TTL, ClusterLock
from tests.unit.lock.shells import ShellPool

Pools = Callable[..., ShellPool]


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Renewals twenty times a second, leases that outlive two of them."""
    monkeypatch.setattr(lock, "RENEW", 0.05)
    monkeypatch.setattr(lock, "TTL", 0.4)


@pytest.fixture
def lost() -> threading.Event:
    return threading.Event()


@pytest.fixture
def taken(pool: Pools, lost: threading.Event) -> Iterator[ShellPool]:
    here = pool()
    with ClusterLock(here, here.hosts, "cluster.up", lost.set):  # type: ignore[arg-type]
        yield here


def test_it_stays_young(taken: ShellPool, lost: threading.Event) -> None:
    file = taken["m2"].file("lock")
    os.utime(file, (time.time() - TTL + 1,) * 2)
    deadline = time.monotonic() + 5
    while time.time() - file.stat().st_mtime > 10:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert not lost.is_set()


def test_a_minority_that_is_lost_does_no_harm(taken: ShellPool, lost: threading.Event) -> None:
    taken["m1"].down = True
    assert not lost.wait(0.5)


def test_a_short_break_everywhere_does_no_harm(taken: ShellPool, lost: threading.Event) -> None:
    for name in taken.hosts:
        taken[name].down = True
    time.sleep(0.1)
    for name in taken.hosts:
        taken[name].down = False
    assert not lost.wait(0.5)


def test_it_is_lost_before_it_expires_on_a_majority(taken: ShellPool, lost: threading.Event) -> None:
    taken["m1"].down = taken["m3"].down = True
    assert lost.wait(5)


def test_it_is_lost_at_once_where_another_has_it(
    pool: Pools, lost: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "TTL", 3600)
    here = pool()
    with ClusterLock(here, here.hosts, "cluster.up", lost.set):  # type: ignore[arg-type]
        here["m1"].file("lock").unlink()
        here["m2"].file("lock").write_text("another's\n")
        assert lost.wait(5)


def test_loss_is_told_once_and_not_after_the_end(pool: Pools) -> None:
    here = pool()
    told: list[int] = []
    with ClusterLock(here, here.hosts, "cluster.up", lambda: told.append(1)):  # type: ignore[arg-type]
        assert lock.break_all(here, here.hosts) == (["m1", "m2", "m3"], {})  # type: ignore[arg-type]
        time.sleep(0.4)
    assert told == [1]
    with ClusterLock(here, here.hosts, "cluster.up", lambda: told.append(2)):  # type: ignore[arg-type]
        pass
    time.sleep(0.2)
    assert told == [1]


def test_what_was_taken_first_is_renewed_when_taking_lasts(pool: Pools) -> None:
    here = pool("m1", "m2", "m3", "m4", "m5", silent="m4")
    here["m4"].before = lambda: time.sleep(0.2)
    with ClusterLock(here, here.hosts, "cluster.up"):  # type: ignore[arg-type]
        assert here.asked[:4] == ["m1", "m2", "m3", "m5"]


@pytest.mark.parametrize("moment", ["giving back", "a last renewal"])
def test_ctrl_c_at_the_end_does_not_leave_it_behind(pool: Pools, moment: str) -> None:
    here = pool()
    with pytest.raises(KeyboardInterrupt), ClusterLock(here, here.hosts, "cluster.up"):  # type: ignore[arg-type]
        for name in here.hosts:
            here[name].before = lambda: time.sleep(0.3)
        if moment == "a last renewal":
            time.sleep(0.1)
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
    assert not any(here[name].file("lock").exists() for name in here.hosts)
