"""The cluster lock: a lease on a majority of the inventory's managers, so that a dead one neither blocks nor
splits it. Kept in ``/var/lib/skep/lock`` as one JSON line; expires by the host's own clock when not renewed."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, wait
from contextlib import suppress

from skep.errors import ConnectError, LockHeld, SkepError, nobody
from skep.holder import Holder, me, read_holder
from skep.lock import lease
from skep.lock.fence import GUARDED, SEEN, raised, read_fence
from skep.lock.lease import Lease, majority, now
from skep.shell import quoted
from skep.ssh import Pool, Session
from skep.workers import LOOK, Workers, result

GONE = 1
"""What a renewal ends with where the lock is another's, or nobody's."""

HELD = 75
"""What taking it ends with where another has it."""

ASK = 5.0
"""Seconds to find out to whom a lock was lost."""

_AGE = "$(($(date +%s) - $(stat -c %Y lock)))"
_FRESH = f"""grep -qs '^{{"id": "[^"]*", "who": ' lock && [ {_AGE} -lt {lease.TTL} ] && [ {_AGE} -gt -{lease.TTL} ]"""
"""sh; whether somebody has the lock. What is no lock, and one whose time lies in the future, is nobody's."""


class Unwritable(ConnectError):
    """A manager answers, and takes no lock."""


class ClusterLock:
    """Take with ``with``; ``lease`` says whether it still is held."""

    def __init__(self, pool: Pool, managers: Sequence[str], what: str) -> None:
        self._pool = pool
        self._managers = list(managers)
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._asked: dict[str, Future[None]] = {}
        self.held: list[str] = []
        self.holder = me(what)
        self.lease = Lease(self.holder, self._managers, self._successor)

    def __enter__(self) -> ClusterLock:
        """One manager after the other, in inventory order, so that of two takers one wins at the first. Then all that
        were taken learn the number of this lock, which is above all before it.

        Raises ``LockHeld`` with the other's name, or ``ConnectError`` without a majority.
        """
        silent: dict[str, SkepError] = {}
        try:
            for name in self._managers:
                try:
                    self._take(name)
                except ConnectError as error:
                    silent[name] = error
            self._renew()
        except BaseException:
            self._release()
            raise
        if not self.lease.enough:
            answered, need = len(self.held), majority(self._managers)
            self._release()
            raise nobody(
                f"the cluster lock needs {need} of {len(self._managers)} managers, {answered} answered",
                silent,
                _unwritable([name for name, error in silent.items() if isinstance(error, Unwritable)])
                or "bring the managers back; without a majority nobody can know that nobody else is at work",
            )
        self._thread = threading.Thread(target=self._keep, name="lock", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        try:
            if self._thread:
                self._thread.join(timeout=5)
        finally:
            self._release()

    def announce(self, hosts: Iterable[str]) -> None:
        """Tell hosts the number of this lock, so that none takes a script of an older run any more. One that is not
        reached now learns it from the first script of this run."""
        _announce(self._pool, hosts, self.lease.number, self.holder)

    def _take(self, name: str) -> None:
        found = _attempt(self._pool[name], self.holder, replace="")
        if isinstance(found, Holder) and found.dead:
            found = _attempt(self._pool[name], self.holder, replace=found.id)
        if isinstance(found, Holder):
            raise held_by(found, name)
        self.held.append(name)
        self.lease.number = max(self.lease.number, found)

    def _release(self) -> None:
        """Give back what was taken. One Ctrl-C waits until that is done: else others would be kept out for ``TTL``."""
        script = f"{GUARDED}\n! grep -qsF {quoted(self.holder.id)} lock || rm -f lock"
        held, self.held = self.held, []
        worker = Workers(1, "lock")
        giving = None
        try:
            giving = worker.submit(self._pool.map, lambda session: session.run(script, timeout=15), held)
            result(giving)
        except KeyboardInterrupt:
            if giving:
                result(giving)
            raise
        finally:
            worker.close()

    def _keep(self) -> None:
        while not self._ended.wait(lease.RENEW) and self.lease.held:
            self._renew(lease.RENEW / 3)

    def _renew(self, patience: float | None = None) -> None:
        """One round. A manager that cannot be asked keeps its lease until that ends by itself; one that is silent is
        asked again once it has answered, and after ``patience`` the others do not wait for it."""
        number = raised(self.lease.number, self.holder)
        script = f"{GUARDED}\ngrep -qsF {quoted(self.holder.id)} lock || exit {GONE}\n{number}\ntouch lock"
        names = [name for name in self.held if name not in self._asked or self._asked[name].done()]
        worker, since = Workers(len(names) or 1, "lock"), now()
        for name in names:
            self._asked[name] = worker.submit(self._renew_on, name, script, since)
        until = math.inf if patience is None else since + patience
        while now() < until and not all(one.done() for one in self._asked.values()):
            wait(self._asked.values(), timeout=min(LOOK, until - now()))
        worker.close()

    def _renew_on(self, name: str, script: str, since: float) -> None:
        with suppress(SkepError):
            status = self._pool[name].run(script, timeout=15).status
            if status == 0:
                self.lease.extend(name, since)
            elif status == GONE:
                self.lease.drop(name)

    def _successor(self) -> Holder | None:
        """Who has had the lock since, as far as a manager says so soon."""
        worker = Workers(1, "lock")
        script = "cat /var/lib/skep/fence 2>/dev/null || true"
        asking = worker.submit(self._pool.map, lambda session: session.run(script, timeout=ASK), self._managers)
        wait([asking], timeout=ASK)
        worker.close()
        with suppress(TimeoutError):
            answers = [one for one in asking.result(timeout=0).values() if not isinstance(one, SkepError)]
            number, holder = max((read_fence(one.out) for one in answers), key=lambda one: one[0], default=(0, None))
            return holder if number > self.lease.number else None
        return None


def _unwritable(names: Sequence[str]) -> str:
    """What to do where managers take no lock; empty without any."""
    if not names:
        return ""
    look = "df -h /var/lib/skep; df -i /var/lib/skep; findmnt -T /var/lib/skep"
    return f"make /var/lib/skep writable on {', '.join(names)}; what is wrong there shows: {look}"


def held_by(holder: Holder, host: str | None = None) -> LockHeld:
    """What there is to say where somebody else has the lock."""
    error = LockHeld(
        f"the cluster is locked by {holder}",
        host=host,
        step="lock",
        next_action="wait for it to end, as --wait-lock 5m does; a lock whose process was killed expires after"
        f" {lease.TTL} s. If you are sure: invoke cluster.unlock",
    )
    error.holder = holder
    return error


Failures = dict[str, SkepError]
"""Managers that could not be asked, and why."""


def read(pool: Pool, managers: Sequence[str]) -> tuple[dict[str, Holder], Failures]:
    """Who holds a live lock, by manager."""
    script = f"cd /var/lib/skep 2>/dev/null || exit 0\n{_FRESH} && cat lock\nexit 0"
    answers, failures = ask_each(pool, managers, script, "the lock cannot be read")
    return {name: _holder(text) for name, text in answers.items() if text.strip()}, failures


def break_all(pool: Pool, managers: Sequence[str]) -> tuple[list[str], Failures]:
    """Remove the lock everywhere, whoever holds it; the managers where that was done. Hosts first learn a higher number
    than its own, so that they refuse what its run still sends."""
    seen, _ = ask_each(pool, managers, f"{GUARDED}\n{SEEN}\necho $seen", "the fence cannot be read")
    _announce(pool, pool.hosts, 1 + max(map(int, seen.values()), default=0), me("cluster.unlock"))
    answers, failures = ask_each(pool, managers, f"{GUARDED}\nrm -f lock", "the lock cannot be removed")
    return list(answers), failures


def _announce(pool: Pool, hosts: Iterable[str], number: int, holder: Holder) -> None:
    script = f"{GUARDED}\n{raised(number, holder)}"
    pool.map(lambda session: session.run(script, timeout=15), hosts)


def ask_each(pool: Pool, managers: Sequence[str], script: str, otherwise: str) -> tuple[dict[str, str], Failures]:
    """What the script prints, by manager; ``otherwise`` is said of those where it ends with another status than 0."""

    def one(session: Session) -> str:
        result = session.run(script, timeout=20)
        if result.status:
            cause = result.err.strip() or f"ended with status {result.status}"
            raise ConnectError(otherwise, host=session.host, cause=cause)
        return result.out

    found = pool.map(one, managers)
    failures = {name: answer for name, answer in found.items() if isinstance(answer, SkepError)}
    return {name: answer for name, answer in found.items() if not isinstance(answer, SkepError)}, failures


def _attempt(session: Session, holder: Holder, *, replace: str) -> Holder | int:
    """Take the lock there, or tell who has it. ``replace`` is the id of a holder known to be dead.

    Taken, it gives the least number that this lock may have: above all that this manager has seen, and above all
    that went by its clock, so that managers which lost their memory do not start again below what hosts have seen.
    """
    dead = f"! grep -qF {quoted(replace)} lock" if replace else "true"
    script = f"""{GUARDED}
if {_FRESH} && {dead}; then cat lock; exit {HELD}; fi
printf '%s\\n' {quoted(holder.line)} >lock.new && mv -f lock.new lock || exit 70
{SEEN}
least=$(date +%s)
[ "$least" -gt "$seen" ] || least=$((seen + 1))
echo "$least\""""
    result = session.run(script, timeout=20)
    if result.status == HELD:
        return _holder(result.out)
    if result.status:
        raise Unwritable("the lock cannot be written", host=session.host, step="lock", cause=result.err.strip())
    return int(result.out)


def _holder(text: str) -> Holder:
    """Whoever it is, be it written by another version of this tool."""
    return read_holder(text) or Holder("", "somebody", "", 0, "", "an unknown time", "something unknown")
