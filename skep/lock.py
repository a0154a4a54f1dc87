"""The cluster lock: a lease on a majority of the inventory's managers, so that a dead one neither blocks nor
splits it. Kept in ``/var/lib/skep/lock`` as one JSON line; expires by the host's own clock when not renewed."""

from __future__ import annotations

import getpass
import json
import os
import shlex
import socket
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from skep.errors import ConnectError, LockHeld, SkepError
from skep.ssh import Pool, Session
from skep.workers import Workers, result

TTL = 60
"""Seconds a lock lives without being renewed."""

RENEW = 15.0
"""Seconds between two renewals. A lease that would end before the next one counts as lost."""

PRIVATE = "umask 077; mkdir -p /var/lib/skep && chmod 700 /var/lib/skep && cd /var/lib/skep || exit 70"
"""sh; goes to the folder of what this tool keeps on a host. Only root may look into it."""

GONE = 1
"""What a renewal ends with where the lock is another's, or nobody's."""

_GUARD = f"{PRIVATE}\nexec 9>lock.guard && flock -w 10 9 || exit 70"
_FRESH = f"[ -s lock ] && [ $(($(date +%s) - $(stat -c %Y lock))) -lt {TTL} ]"
HELD = 75


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock: person and machine, process, since when (ISO 8601, UTC), for what."""

    id: str
    who: str
    machine: str
    pid: int
    born: str
    since: str
    what: str

    def __str__(self) -> str:
        return f"{self.who}, since {self.since}, for {self.what} (process {self.pid})"

    @property
    def dead(self) -> bool:
        """Whether it was a process of this machine that no longer lives."""
        return self.machine == _machine() and _born(self.pid) != self.born


def me(what: str) -> Holder:
    """This process as a holder."""
    pid = os.getpid()
    now = datetime.now(UTC).isoformat(timespec="seconds")
    who = f"{_user()}@{socket.gethostname()}"
    return Holder(uuid.uuid4().hex, who, _machine(), pid, _born(pid), now, what)


def majority(managers: Sequence[str]) -> int:
    """How many of the managers it takes to hold the lock."""
    return len(managers) // 2 + 1


class ClusterLock:
    """Take with ``with``. ``lost`` is called once, from another thread, when a majority is no longer sure: before
    the leases there end by themselves, or when another's lock is found."""

    def __init__(self, pool: Pool, managers: Sequence[str], what: str, lost: Callable[[], None] = lambda: None) -> None:
        self._pool = pool
        self._managers = list(managers)
        self._need = majority(managers)
        self._lost = lost
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._until: dict[str, float] = {}
        """When our lease ends, by manager, on our monotonic clock."""
        self.held: list[str] = []
        self.holder = me(what)

    def __enter__(self) -> ClusterLock:
        """One manager after the other, in inventory order, so that of two takers one wins at the first.

        Raises ``LockHeld`` with the other's name, or ``ConnectError`` without a majority.
        """
        silent: list[SkepError] = []
        try:
            for name in self._managers:
                try:
                    self._take(name)
                except ConnectError as error:
                    silent.append(error)
        except BaseException:
            self._release()
            raise
        if min(self._until.values(), default=0) < time.monotonic() + TTL - RENEW:
            self._renew()
        if self._sure < self._need:
            answered = len(self.held)
            self._release()
            raise ConnectError(
                f"the cluster lock needs {self._need} of {len(self._managers)} managers, {answered} answered",
                step="lock",
                cause="; ".join(f"{error.host}: {error.cause or error.message}" for error in silent),
                next_action="bring the managers back; without a majority nobody can know that nobody else is at work",
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

    def _take(self, name: str) -> None:
        since = time.monotonic()
        found = _attempt(self._pool[name], self.holder, replace="")
        if found is not None and found.dead:
            found = _attempt(self._pool[name], self.holder, replace=found.id)
        if found is not None:
            raise LockHeld(
                f"the cluster is locked by {found}",
                host=name,
                step="lock",
                next_action=f"wait for it to end; a dead holder's lock expires after {TTL} s. If you are sure:"
                " invoke cluster.unlock",
            )
        self.held.append(name)
        self._until[name] = since + TTL

    def _release(self) -> None:
        """Give back what was taken. One Ctrl-C waits until that is done: else others would be kept out for ``TTL``."""
        script = f"{_GUARD}\n! grep -qsF {self.holder.id} lock || rm -f lock"
        held, self.held = self.held, []
        worker = Workers(1, "lock")
        giving = worker.submit(self._pool.map, lambda session: session.run(script, timeout=15), held)
        try:
            result(giving)
        except KeyboardInterrupt:
            result(giving)
            raise
        finally:
            worker.close()

    @property
    def _sure(self) -> int:
        """Managers whose lease lasts beyond the next renewal."""
        return sum(end > time.monotonic() + RENEW for end in self._until.values())

    def _keep(self) -> None:
        while not self._ended.wait(RENEW):
            self._renew()
            if self._sure < self._need and not self._ended.is_set():
                self._lost()
                return

    def _renew(self) -> None:
        """One round. A manager that cannot be asked keeps its lease until that ends by itself."""
        script = f"{_GUARD}\ngrep -qsF {self.holder.id} lock || exit {GONE}\ntouch lock"
        since = time.monotonic()
        for name, answer in self._pool.map(lambda session: session.run(script, timeout=15), self.held).items():
            if not isinstance(answer, SkepError) and answer.status in (0, GONE):
                self._until[name] = since + TTL if answer.status == 0 else 0.0


Failures = dict[str, SkepError]
"""Managers that could not be asked, and why."""


def read(pool: Pool, managers: Sequence[str]) -> tuple[dict[str, Holder], Failures]:
    """Who holds a live lock, by manager."""
    script = f"cd /var/lib/skep 2>/dev/null || exit 0\n{_FRESH} && cat lock\nexit 0"
    answers, failures = ask_each(pool, managers, script, "the lock cannot be read")
    return {name: _holder(text) for name, text in answers.items() if text.strip()}, failures


def break_all(pool: Pool, managers: Sequence[str]) -> tuple[list[str], Failures]:
    """Remove the lock everywhere, whoever holds it; the managers where that was done."""
    answers, failures = ask_each(pool, managers, f"{_GUARD}\nrm -f lock", "the lock cannot be removed")
    return list(answers), failures


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


def _attempt(session: Session, holder: Holder, *, replace: str) -> Holder | None:
    """Take the lock there, or tell who has it. ``replace`` is the id of a holder known to be dead."""
    dead = f"! grep -qF {shlex.quote(replace)} lock" if replace else "true"
    script = f"""{_GUARD}
if {_FRESH} && {dead}; then cat lock; exit {HELD}; fi
printf '%s\\n' {shlex.quote(json.dumps(asdict(holder)))} >lock.new && mv -f lock.new lock"""
    result = session.run(script, timeout=20)
    if result.status == HELD:
        return _holder(result.out)
    if result.status:
        raise ConnectError("the lock cannot be written", host=session.host, step="lock", cause=result.err.strip())
    return None


def _holder(text: str) -> Holder:
    try:
        return Holder(**json.loads(text))
    except (ValueError, TypeError):
        return Holder("", "somebody", "", 0, "", "an unknown time", "something not told")


def _machine() -> str:
    path = Path("/etc/machine-id")
    boot = Path("/proc/sys/kernel/random/boot_id")
    parts = [file.read_text().strip() for file in (path, boot) if file.exists()]
    space = Path("/proc/self/ns/pid")
    parts += [str(space.readlink())] if space.is_symlink() else []
    return ":".join([socket.gethostname(), *parts])


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return f"uid {os.getuid()}"


def _born(pid: int) -> str:
    """When a process of this machine started, in the kernel's ticks; empty if there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
