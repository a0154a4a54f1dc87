"""Who else is at work on the cluster: asked beside the first look, and waited for where that is asked for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TypeVar

from skep.converge import Site, make
from skep.errors import LockHeld
from skep.holder import Holder
from skep.kinds.hosts import LOCK_HELD
from skep.lock import cluster_lock
from skep.plan import Finding, Plan
from skep.runs.listener import Listener
from skep.runs.locked_run import Run
from skep.waiting import sleep, until
from skep.workers import Workers, result

T = TypeVar("T")

ASK_EVERY = 2.0
"""Seconds between two looks at the lock of another."""

TELL_EVERY = 30.0
"""Seconds between two notes on who is waited for."""


def beside(site: Site, act: Callable[[], T]) -> tuple[T, Holder | None]:
    """The result of ``act``, and who held the lock when it began."""
    asking = Workers(1, "lock")
    asked = asking.submit(cluster_lock.read, site.pool, site.manager_names)
    try:
        found = act()
        holders, _ = result(asked)
    finally:
        asking.close()
    return found, next(iter(holders.values()), None)


def alone(site: Site, listener: Listener, text: str, act: Callable[[], T]) -> T:
    """The result of ``act`` on hosts that no other run changes meanwhile: waits for one as long as the user allows.

    Raises ``LockHeld``. A holder that is a dead process of this machine does not count.
    """
    end = time.monotonic() + site.wait_lock
    while True:
        with listener.busy(text):
            found, holder = beside(site, act)
        if holder is None or holder.dead:
            return found
        _wait(site, listener, holder, end)


@contextmanager
def locked(site: Site, listener: Listener, what: str) -> Iterator[Run]:
    """The lock, held; waits for another as long as the user lets it. Raises ``LockHeld``."""
    end = time.monotonic() + site.wait_lock
    with ExitStack() as held:
        while True:
            try:
                run = held.enter_context(Run(site, what))
                break
            except LockHeld as error:
                if error.holder is None or time.monotonic() >= end:
                    raise
                _wait(site, listener, error.holder, end)
        yield run


def with_holder(site: Site, planned: Plan, holder: Holder | None) -> Plan:
    """A plan that is only looked at, with who is at work meanwhile."""
    if holder is None:
        return planned
    if holder.dead:
        text = f"a lock was left by {holder}, which is dead: a process of this machine"
        then = "nothing: the next command that changes something takes it over. To remove it now: invoke cluster.unlock"
    else:
        text = f"somebody is at work: {holder}; this plan may show what is half done"
        then = "wait for the end of that; what changes something waits for it with --wait-lock 5m"
    warning = Finding("warning", text, role="lock", next_action=then, kind=LOCK_HELD)
    return make(site, [warning, *planned.findings, *planned.steps])


def _wait(site: Site, listener: Listener, holder: Holder, end: float) -> None:
    """Until nobody holds the lock. Raises ``LockHeld`` where that takes too long."""
    since, said, named = time.monotonic(), -TELL_EVERY, ""
    here: Holder | None = holder

    def pause(seconds: float) -> None:
        nonlocal here, said, named
        now = time.monotonic()
        if here is not None and (here.id != named or now - said > TELL_EVERY):
            said, named = now, here.id
            listener.say(f"waiting for {here}, for {end - now:.0f} s at most")
        with listener.busy(f"waiting for {here.who if here else 'nobody'}, {now - since:.0f} s so far"):
            sleep(seconds)
            holders, _ = cluster_lock.read(site.pool, site.manager_names)
        here = next(iter(holders.values()), None)

    until(lambda: here is None or here.dead, seconds=end - since, every=ASK_EVERY, pause=pause)
    if here is not None and not here.dead:
        raise cluster_lock.held_by(here)
    listener.say(f"nobody else is at work any more, after {time.monotonic() - since:.0f} s")
