"""The cluster lock, with its own scripts on hosts that are folders."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from skep.errors import ConnectError, LockHeld
from skep.holder import Holder
from skep.lock import cluster_lock as lock
from skep.lock.cluster_lock import ClusterLock
from skep.lock.fence import REFUSED, fenced, read_fence
from skep.lock.lease import TTL
from tests.unit.lock.shells import ShellPool

Pools = Callable[..., ShellPool]
OTHER = Holder("0123", "eve@elsewhere", "another machine", 7, "1", "2024-05-01T10:00:00+00:00", "cluster.up")


def cluster_lock(pool: Any, what: str = "cluster.up") -> ClusterLock:
    return ClusterLock(pool, pool.hosts, what)


def hold(pool: ShellPool, name: str, holder: Holder = OTHER, age: float = 0) -> Path:
    """Lay a lock of somebody else's on a host, renewed ``age`` seconds ago."""
    file = pool[name].file("lock")
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(asdict(holder)) + "\n")
    os.utime(file, (time.time() - age,) * 2)
    return file


def locked(pool: ShellPool) -> list[str]:
    return [name for name in pool.hosts if pool[name].file("lock").exists()]


def test_it_lies_on_every_manager_and_goes_with_its_holder(pool: Pools) -> None:
    here = pool()
    with cluster_lock(here) as taken:
        assert taken.held == ["m1", "m2", "m3"]
        found, _ = lock.read(here, here.hosts)
        assert set(found) == {"m1", "m2", "m3"}
        assert found["m1"] == taken.holder
        assert (taken.holder.what, taken.holder.pid) == ("cluster.up", os.getpid())
        assert taken.holder.who.endswith(f"@{socket.gethostname()}")
    assert locked(here) == []
    assert lock.read(here, here.hosts) == ({}, {})


def test_it_goes_when_the_run_fails(pool: Pools) -> None:
    here = pool()
    with pytest.raises(RuntimeError), cluster_lock(here):
        raise RuntimeError
    assert locked(here) == []


def test_a_second_taker_learns_of_the_first(pool: Pools) -> None:
    here = pool()
    hold(here, "m1")
    with pytest.raises(LockHeld) as failure, cluster_lock(here):
        pass
    error = failure.value
    assert (error.host, error.step) == ("m1", "lock")
    assert "eve@elsewhere, since 2024-05-01T10:00:00+00:00, for cluster.up (process 7)" in error.message
    assert error.next_action and "--wait-lock" in error.next_action and "invoke cluster.unlock" in error.next_action
    assert locked(here) == ["m1"]


def test_of_many_takers_at_once_one_wins(pool: Pools) -> None:
    here = pool()
    inside: list[str] = []
    ready = threading.Barrier(6)

    def take(name: str) -> bool:
        ready.wait()
        try:
            with cluster_lock(here, name) as taken:
                inside.append(name)
                assert set(lock.read(here, here.hosts)[0].values()) == {taken.holder}
                all_tried.wait()
        except LockHeld:
            all_tried.wait()
            return False
        return True

    all_tried = threading.Barrier(6)
    with ThreadPoolExecutor(6) as threads:
        won = list(threads.map(take, "abcdef"))
    assert sum(won) == len(inside) == 1
    assert locked(here) == []


def test_a_loser_takes_back_what_it_got(pool: Pools) -> None:
    here = pool()
    hold(here, "m2")
    with pytest.raises(LockHeld), cluster_lock(here):
        pass
    assert locked(here) == ["m2"]


@pytest.mark.parametrize(
    ("age", "free"), [(TTL / 2, False), (TTL, True), (3600, True), (-TTL / 2, False), (-3600, True)]
)
def test_a_lock_expires_by_the_hosts_clock(pool: Pools, age: float, free: bool) -> None:
    here = pool()
    hold(here, "m1", age=age)
    assert list(lock.read(here, here.hosts)[0]) == ([] if free else ["m1"])
    if free:
        with cluster_lock(here) as taken:
            assert len(taken.held) == 3
    else:
        with pytest.raises(LockHeld), cluster_lock(here):
            pass


@pytest.mark.parametrize("text", ["", "not json\n", "[]\n", "null\n", "\0\0\0", '{"id": "x"}\n'])
def test_what_is_no_lock_is_nobodys(pool: Pools, text: str) -> None:
    here = pool()
    hold(here, "m1").write_text(text)
    assert lock.read(here, here.hosts) == ({}, {})
    with cluster_lock(here) as taken:
        assert taken.held == ["m1", "m2", "m3"]


def test_a_lock_of_another_version_is_somebodys(pool: Pools) -> None:
    here = pool()
    file = hold(here, "m1")
    file.write_text(file.read_text().replace("}", ', "more": 1}'))
    with pytest.raises(LockHeld, match="by somebody"), cluster_lock(here):
        pass


def test_a_dead_process_of_this_machine_is_replaced(pool: Pools) -> None:
    here = pool()
    mine = lock.me("cluster.up")
    hold(here, "m1", replace(mine, id="dead", pid=2**22 + 1))
    hold(here, "m2", replace(mine, id="reused", born="1"))
    with cluster_lock(here) as taken:
        assert set(lock.read(here, here.hosts)[0].values()) == {taken.holder}


def test_a_living_process_of_this_machine_is_not(pool: Pools) -> None:
    here = pool()
    hold(here, "m1", replace(lock.me("cluster.up"), id="alive"))
    with pytest.raises(LockHeld), cluster_lock(here):
        pass


def test_processes_of_another_container_are_not_taken_for_dead() -> None:
    assert "pid:[" in lock.me("x").machine


def test_a_dead_holder_replaced_meanwhile_is_not_replaced_twice(pool: Pools) -> None:
    here = pool()
    file = hold(here, "m1", replace(lock.me("x"), id="dead", born="1"))
    turns = iter([lambda: None, lambda: hold(here, "m1") and None])
    here["m1"].before = lambda: next(turns, lambda: None)()
    with pytest.raises(LockHeld, match="eve@elsewhere"), cluster_lock(here):
        pass
    assert json.loads(file.read_text())["id"] == OTHER.id


def test_only_ones_own_is_released(pool: Pools) -> None:
    here = pool()
    with cluster_lock(here):
        hold(here, "m2")
        here["m3"].file("lock").unlink()
    assert locked(here) == ["m2"]


def test_a_dead_minority_does_not_block(pool: Pools) -> None:
    here = pool(silent="m1")
    with cluster_lock(here) as taken:
        assert taken.held == ["m2", "m3"]


@pytest.mark.parametrize(
    ("hosts", "silent", "need"),
    [
        ("m1 m2 m3", "m1 m3", "2 of 3"),
        ("m1 m2", "m2", "2 of 2"),
        ("m1", "m1", "1 of 1"),
        ("m1 m2 m3 m4", "m1 m2", "3 of 4"),
    ],
)
def test_without_a_majority_nothing_is_held(pool: Pools, hosts: str, silent: str, need: str) -> None:
    here = pool(*hosts.split(), silent=silent)
    with pytest.raises(ConnectError) as failure, cluster_lock(here):
        pass
    assert failure.value.message.startswith(f"the cluster lock needs {need} managers")
    assert "cannot be reached: no answer in time" in str(failure.value.cause)
    assert locked(here) == []


def test_two_that_reach_different_managers_cannot_both_have_it(pool: Pools) -> None:
    left, right = pool(silent="m3"), pool(silent="m1")
    with cluster_lock(left) as taken:
        assert taken.held == ["m1", "m2"]
        with pytest.raises(LockHeld), cluster_lock(right):
            pass
        assert locked(right) == ["m1", "m2"]
    with cluster_lock(right) as taken:
        assert taken.held == ["m2", "m3"]


def test_a_manager_that_cannot_keep_the_file_counts_as_silent(pool: Pools, tmp_path: Path) -> None:
    here = pool()
    (tmp_path / "m1").write_text("in the way")
    with cluster_lock(here) as taken:
        assert taken.held == ["m2", "m3"]


def test_a_lock_broken_by_hand(pool: Pools) -> None:
    here = pool(silent="m3")
    hold(here, "m1")
    hold(here, "m2", age=TTL * 2)
    unlocked, left = lock.break_all(here, here.hosts)
    assert (unlocked, list(left)) == (["m1", "m2"], ["m3"])
    assert locked(here) == []


def test_who_cannot_be_asked_for_the_lock_is_reported(pool: Pools, tmp_path: Path) -> None:
    here = pool(silent="m3")
    hold(here, "m2")
    (tmp_path / "m1").write_text("in the way")
    holders, silent = lock.read(here, here.hosts)
    assert (list(holders), list(silent)) == (["m2"], ["m3"])
    unlocked, left = lock.break_all(here, here.hosts)
    assert (unlocked, list(left)) == (["m2"], ["m1", "m3"])
    assert str(left["m1"]).startswith("m1: the lock cannot be removed\n  cause: ")


def test_a_user_without_a_name_has_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> str:
        raise KeyError("getpwuid(): uid not found: 4711")

    monkeypatch.setattr("skep.holder.getpass.getuser", unknown)
    assert lock.me("x").who.startswith(f"uid {os.getuid()}@")


def fence(pool: ShellPool, name: str) -> int:
    return int(pool[name].file("fence").read_text().split()[0])


def test_each_lock_has_a_higher_number_than_all_before(pool: Pools) -> None:
    numbers: list[int] = []
    for silent in ("m3", "m1", "", "m2", ""):
        here = pool(silent=silent)
        with cluster_lock(here) as taken:
            numbers.append(taken.lease.number)
            assert {fence(here, name) for name in taken.held} == {taken.lease.number}
    assert numbers == sorted(set(numbers))


def test_managers_that_lost_their_memory_do_not_start_again_below(pool: Pools) -> None:
    here = pool()
    with cluster_lock(here) as taken:
        before = taken.lease.number
    time.sleep(1.1)
    for name in here.hosts:
        here[name].file("fence").unlink()
    with cluster_lock(here) as taken:
        assert taken.lease.number > before


@pytest.mark.parametrize("kept", ["", "garbage", "-1 x", "99999999999 x"])
def test_whatever_a_manager_kept_the_number_goes_up(pool: Pools, kept: str) -> None:
    here, begun = pool(), int(time.time())
    here["m1"].file("fence").parent.mkdir()
    here["m1"].file("fence").write_text(kept)
    with cluster_lock(here) as taken:
        assert taken.lease.number >= begun
        assert taken.lease.number > (99999999999 if kept.startswith("9") else 0)


def test_who_gets_no_majority_raises_no_number(pool: Pools) -> None:
    here = pool()
    hold(here, "m2")
    with pytest.raises(LockHeld), cluster_lock(here):
        pass
    assert not any(here[name].file("fence").exists() for name in here.hosts)


def test_a_loss_names_who_has_had_it_since_be_that_run_over_or_not(pool: Pools) -> None:
    here = pool()
    with cluster_lock(here) as taken:
        assert "nobody else has taken it" in taken.lease.loss().message
    with cluster_lock(here) as stale:
        lock.break_all(here, here.hosts)  # type: ignore[arg-type]
        with cluster_lock(pool(), "stack.deploy web") as later:
            pass
        assert str(later.holder) in stale.lease.loss().message


def test_once_it_was_removed_hosts_refuse_what_its_run_still_sends(pool: Pools) -> None:
    here = pool()
    with cluster_lock(here) as taken:
        mine = fenced(taken.lease.number, taken.holder, "echo done")
        assert here["m2"].run(mine).out == "done\n"
        lock.break_all(here, here.hosts)
        refused = here["m2"].run(mine)
        assert refused.status == REFUSED
        assert read_fence(refused.err)[1] is not None
        assert "cluster.unlock" in refused.err
    with cluster_lock(here) as after:
        assert here["m2"].run(fenced(after.lease.number, after.holder, "echo done")).out == "done\n"


def test_a_manager_that_takes_no_file_is_named_with_what_helps_there(pool: Pools) -> None:
    here = pool("m1")
    place = here["m1"].file("")
    place.parent.mkdir(exist_ok=True)
    place.write_text("a file where a folder belongs")
    with pytest.raises(ConnectError) as failure, cluster_lock(here):
        pass
    assert failure.value.message == "the cluster lock needs 1 of 1 managers, 0 answered"
    assert "m1: the lock cannot be written" in str(failure.value.cause)
    assert str(failure.value.next_action).startswith("make /var/lib/skep writable on m1; ")
