"""Who else is at work on the cluster: asked beside the first look, and waited for where that is asked for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TypeVar

from skep import lock
from skep.compose.quantities import duration
from skep.converge import Site, make
from skep.errors import LockHeld, UsageError
from skep.holder import Holder
from skep.plan import Finding, Plan
from skep.report import Reporter
from skep.run import Run
from skep.workers import Workers, result

T = TypeVar("T")

ASK_EVERY = 2.0
"""Seconds between two looks at the lock of another."""

TELL_EVERY = 30.0
"""Seconds after which it is said again who is waited for."""


def seconds_of(option: str, text: str | None) -> float | None:
    """What an option such as ``--timeout`` gives: ``90s``, ``5m`` or seconds. Raises ``UsageError``."""
    try:
        return duration(f"{text}s" if text.isdigit() else text) / 1e9 if text else None
    except ValueError as error:
        raise UsageError(f"{option} {text}: {error}") from None


def beside(site: Site, act: Callable[[], T]) -> tuple[T, Holder | None]:
    """What ``act`` gives, and who held the lock at its beginning."""
    asking = Workers(1, "lock")
    asked = asking.submit(lock.read, site.pool, site.manager_names)
    try:
        found = act()
        holders, _ = result(asked)
    finally:
        asking.close()
    return found, next(iter(holders.values()), None)


def alone(site: Site, tell: Reporter, text: str, act: Callable[[], T], *, only_shown: bool = False) -> T:
    """What ``act`` sees of the hosts while nobody else changes them: waits for another as long as the user lets it.

    Raises ``LockHeld``. A dead process of this machine is nobody. What is ``only_shown`` need not wait.
    """
    until = time.monotonic() + site.wait_lock
    while True:
        with tell.busy(text):
            found, holder = beside(site, act)
        if holder is None or holder.dead:
            return found
        if only_shown:
            tell.say(f"warning: somebody is at work: {holder}; this plan may show what is half done")
            return found
        _wait(site, tell, holder, until)


@contextmanager
def locked(site: Site, tell: Reporter, what: str) -> Iterator[Run]:
    """The lock, held; waits for another as long as the user lets it. Raises ``LockHeld``."""
    until = time.monotonic() + site.wait_lock
    with ExitStack() as held:
        while True:
            try:
                run = held.enter_context(Run(site, what))
                break
            except LockHeld as error:
                if error.holder is None or time.monotonic() >= until:
                    raise
                _wait(site, tell, error.holder, until)
        yield run


def told(site: Site, planned: Plan, holder: Holder | None) -> Plan:
    """A plan that is only looked at, with who is at work meanwhile."""
    if holder is None:
        return planned
    if holder.dead:
        text = f"a lock was left by {holder}, which is dead: a process of this machine"
        then = "nothing: the next command that changes something takes it over. To remove it now: invoke cluster.unlock"
    else:
        text = f"somebody is at work: {holder}; this plan may show what is half done"
        then = "wait for the end of that; what changes something waits for it with --wait-lock 5m"
    warning = Finding("warning", text, role="lock", next_action=then)
    return make(site, [warning, *planned.findings, *planned.steps])


def _wait(site: Site, tell: Reporter, holder: Holder, until: float) -> None:
    """Until nobody holds the lock. Raises ``LockHeld`` where that takes too long."""
    since, said, told_of = time.monotonic(), -TELL_EVERY, ""
    here: Holder | None = holder
    while here is not None and not here.dead:
        now = time.monotonic()
        if now >= until:
            raise lock.held_by(here)
        if here.id != told_of or now - said > TELL_EVERY:
            said, told_of = now, here.id
            tell.say(f"waiting for {here}, for {until - now:.0f} s at most")
        with tell.busy(f"waiting for {here.who}, {now - since:.0f} s so far"):
            time.sleep(min(ASK_EVERY, until - now))
            holders, _ = lock.read(site.pool, site.manager_names)
        here = next(iter(holders.values()), None)
    tell.say(f"nobody else is at work any more, after {time.monotonic() - since:.0f} s")
