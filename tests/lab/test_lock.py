"""The cluster lock: of two runs one goes, an abandoned lock can be removed, a dead local run holds nothing."""

from __future__ import annotations

import getpass
import os
import random
import signal
import socket

from tests.lab.rig.breakages import FILE
from tests.lab.rig.environment import Environment
from tests.lab.rig.tool import Ran, Running

SPOIL = f"""sed -i 's/"max-size": "10m"/"max-size": "11m"/' {FILE} && grep -q 11m {FILE}"""
LOCK = "/var/lib/skep/lock"
ME = f"{getpass.getuser()}@{socket.gethostname()}"


def test_of_two_ups_at_once_one_is_refused_with_the_name_of_the_other(cluster: Environment) -> None:
    cluster.hosts.run("w1", SPOIL)
    up = ("cluster.up", "--verify", "never")
    with cluster.tool.start(*up) as one, cluster.tool.start(*up) as other:
        pids = [one.process.pid, other.process.pid]
        ends = [one.end(), other.end()]
    assert sorted(ran.exit for ran in ends) == [0, 7], f"{ends[0]}\n{ends[1]}"
    refused = next(ran for ran in ends if ran.exit == 7)
    holder = pids[1 - ends.index(refused)]
    assert ME in refused.error["message"], f"the holder is not named\n{refused}"
    assert str(holder) in refused.error["message"], f"the holder is process {holder}\n{refused}"
    assert not refused.named("step"), f"a refused run did something\n{refused}"
    cluster.must_be_as_described()
    _must_be_unlocked(cluster)


def test_a_run_that_stood_still_starts_nothing_more_and_says_who_took_over(cluster: Environment) -> None:
    """Stopped at any of its steps until another run, which waited for the lock, has done its work."""
    cluster.hosts.run("w1", SPOIL)
    cluster.hosts.run("w2", SPOIL)
    at = random.Random(os.environ.get("SKEP_LAB_SEEDS", "4")).randint(1, 6)
    with cluster.tool.start("cluster.up") as stale:
        stale.wait_for(f"step {at}", lambda ran: len(_started(ran)) >= at)
        stale.stand_still()
        begun = _started(stale.so_far())
        other = cluster.tool("cluster.up", "--wait-lock", "3m", "--verify", "never").must()
        stale.send(signal.SIGCONT)
        ended = stale.end().must(7)
    assert _started(ended) == begun, f"stopped at step {at}, it went on\n{ended}"
    assert ended.error["kind"] == "LockLost", f"{ended}"
    assert f"was lost to {ME}" in ended.error["message"], f"{ended}"
    assert any("waiting for" in note["text"] and ME in note["text"] for note in other.named("note")), f"{other}"
    cluster.must_be_as_described()
    _must_be_unlocked(cluster)


def test_an_abandoned_lock_blocks_until_it_is_removed(cluster: Environment) -> None:
    _kill_while_locked(cluster)
    _be_anothers(cluster)
    refused = cluster.tool("cluster.up").must(7)
    assert ME in refused.error["message"], f"{refused}"
    assert "cluster.unlock" in refused.text, f"the way out is not named\n{refused}"
    status = cluster.tool("cluster.status")
    assert ME in status.text, f"the status does not show the lock\n{status}"
    cluster.tool("cluster.unlock").must(2)
    _be_anothers(cluster)
    cluster.tool("cluster.up").must(7)

    cluster.tool("cluster.unlock", "--yes").must()
    _must_be_unlocked(cluster)
    cluster.up("--verify", "always")
    assert "not locked" in cluster.tool("cluster.unlock", "--yes").must().text


def test_a_killed_run_of_this_machine_does_not_block(cluster: Environment) -> None:
    _kill_while_locked(cluster)
    cluster.up("--verify", "always")
    _must_be_unlocked(cluster)


def _kill_while_locked(cluster: Environment) -> None:
    """A run killed at its first step, with its lock still on the managers."""
    cluster.hosts.run("w2", SPOIL)
    with cluster.tool.start("cluster.up") as running:
        _kill_at_step(running)
    for name in cluster.hosts.managers:
        assert cluster.hosts.run(name, f"cat {LOCK}"), f"no lock on {name}"


def _be_anothers(cluster: Environment) -> None:
    """The lock is one of another machine, and was renewed just now."""
    cluster.hosts.each(f"""sed -i 's/"machine": "[^"]*"/"machine": "another"/' {LOCK}""", cluster.hosts.managers)


def _kill_at_step(running: Running) -> None:
    running.wait_for("a step", lambda ran: bool(ran.named("step")))
    running.send(signal.SIGKILL)
    running.end()


def _started(ran: Ran) -> list[str]:
    return [event["id"] for event in ran.named("step") if event["kind"] == "started"]


def _must_be_unlocked(cluster: Environment) -> None:
    for name in cluster.hosts.managers:
        left = cluster.hosts.run(name, f"cat {LOCK} 2>/dev/null || true")
        assert not left, f"still locked on {name}: {left}"
