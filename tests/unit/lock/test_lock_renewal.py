"""Keeping the lock while a run lasts, and noticing in time that it is no longer ours."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from skep.lock import cluster_lock as lock
from skep.lock import lease
from skep.lock.cluster_lock import ClusterLock
from skep.lock.lease import TTL
from skep.waiting import until
from tests.timing import Clock
from tests.unit.lock.shells import ShellPool

Pools = Callable[..., ShellPool]


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Renewals twenty times a second, of leases that end as the test lets time pass."""
    made = Clock()
    monkeypatch.setattr(lease, "RENEW", 0.05)
    for module in (lease, lock):
        monkeypatch.setattr(module, "now", made)
    return made


@dataclass
class Taken:
    """A lock that is held, and the hosts it lies on."""

    pool: ShellPool
    lease: lease.Lease
    clock: Clock

    def renewed(self, *names: str) -> bool:
        """Whether it is renewed on these from now on, while twice the time passes that a lease lives."""
        for _ in range(8):
            self.clock.now += TTL / 4
            if not until(lambda: all(self._is_new(name) for name in names), seconds=60, every=0.01):
                return False
        return True

    def _is_new(self, name: str) -> bool:
        return self.lease._until[name] == self.clock.now + TTL

    def lost(self, seconds: float) -> bool:
        """Whether it is lost within so many seconds."""
        deadline = time.monotonic() + seconds
        while self.lease.held and time.monotonic() < deadline:
            time.sleep(0.01)
        return not self.lease.held


@pytest.fixture
def taken(pool: Pools, clock: Clock) -> Iterator[Taken]:
    here = pool()
    with ClusterLock(here, here.hosts, "cluster.up") as held:  # type: ignore[arg-type]
        yield Taken(here, held.lease, clock)


def test_it_stays_young(taken: Taken) -> None:
    file = taken.pool["m2"].file("lock")
    os.utime(file, (time.time() - 50,) * 2)
    deadline = time.monotonic() + 60
    while time.time() - file.stat().st_mtime > 10:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert taken.lease.held


def test_a_minority_that_is_lost_does_no_harm(taken: Taken) -> None:
    taken.pool["m1"].down = True
    assert taken.renewed("m2", "m3")
    assert taken.lease.held and taken.lease.sure == 2


def test_a_short_break_everywhere_does_no_harm(taken: Taken) -> None:
    for name in taken.pool.hosts:
        taken.pool[name].down = True
    taken.clock.now += TTL / 2
    assert taken.lease.held
    for name in taken.pool.hosts:
        taken.pool[name].down = False
    assert taken.renewed(*taken.pool.hosts)
    assert taken.lease.held


def test_it_is_lost_before_it_expires_on_a_majority(taken: Taken) -> None:
    taken.pool["m1"].down = taken.pool["m3"].down = True
    taken.clock.now += TTL - lease.RENEW + 0.01
    assert taken.lost(60)
    assert {name for name, until in taken.lease._until.items() if until > taken.clock.now} >= {"m1", "m3"}


def test_it_is_lost_at_once_where_another_has_it(pool: Pools, clock: Clock) -> None:
    here = pool()
    with ClusterLock(here, here.hosts, "cluster.up") as held:  # type: ignore[arg-type]
        here["m1"].file("lock").unlink()
        here["m2"].file("lock").write_text("another's\n")
        assert Taken(here, held.lease, clock).lost(60)
        assert held.lease.loss().cause == "it was removed, or taken over, on m1, m2"


def test_once_lost_it_is_not_had_again(taken: Taken) -> None:
    here = taken.pool
    assert lock.break_all(here, here.hosts) == (["m1", "m2", "m3"], {})  # type: ignore[arg-type]
    assert taken.lost(60)
    for name in here.hosts:
        here[name].file("lock").write_text(taken.lease.holder.line)
    time.sleep(0.2)
    assert not taken.lease.held


@pytest.mark.parametrize("moment", ["giving back", "a last renewal"])
def test_ctrl_c_at_the_end_does_not_leave_it_behind(pool: Pools, moment: str) -> None:
    here = pool()
    with pytest.raises(KeyboardInterrupt), ClusterLock(here, here.hosts, "cluster.up"):  # type: ignore[arg-type]
        asked, stopped = threading.Event(), threading.Event()

        def wait() -> None:
            asked.set()
            stopped.wait(60)

        def stop() -> None:
            asked.wait(60)
            time.sleep(0.1)  # until that is waited for
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.3)
            stopped.set()

        for name in here.hosts:
            here[name].before = wait
        if moment == "a last renewal":
            asked.wait(60)
        threading.Thread(target=stop, daemon=True).start()
    assert not any(here[name].file("lock").exists() for name in here.hosts)


def test_a_manager_that_says_nothing_does_not_hold_up_the_others_renewal(taken: Taken) -> None:
    answered = threading.Event()
    taken.pool["m2"].before = lambda: answered.wait(600) and None
    try:
        assert taken.renewed("m1", "m3")
        assert taken.lease.held
    finally:
        answered.set()
