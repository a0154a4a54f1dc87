"""The cluster lock as a run has it: asked in memory before every change, so that nothing begins after its end."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence

from skep.errors import LockLost, StepFailed
from skep.holder import Holder
from skep.lock.fence import read_fence

TTL = 60
"""Seconds a lock lives without being renewed."""

RENEW = 15.0
"""Seconds between two renewals. A lease that would end before the next one counts as lost."""

AGAIN = "run the same command again; it continues where this one stopped"

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def now() -> float:
    """Seconds on a clock that nobody sets and that goes on while the machine sleeps (macOS: ``CLOCK_MONOTONIC``)."""
    return time.clock_gettime(_CLOCK)


def majority(managers: Sequence[str]) -> int:
    """How many of the managers it takes to hold the lock."""
    return len(managers) // 2 + 1


class Lease:
    """Held while a majority of the managers keeps it beyond the next renewal. Once lost, it is lost for good.

    ``number`` is higher than that of every lock before. ``successor`` is asked once, at the loss, who has it now.
    """

    def __init__(
        self, holder: Holder, managers: Sequence[str], successor: Callable[[], Holder | None] = lambda: None
    ) -> None:
        self.holder = holder
        self.number = 0
        self._need = majority(managers)
        self._until: dict[str, float] = {}
        """When it ends, by manager, on the clock of ``now``."""
        self._gone: set[str] = set()
        self._renewed = now()
        self._why: str | None = None
        self._successor = successor
        self._asking = threading.Lock()
        self._asked = False
        self._to: Holder | None = None

    def extend(self, manager: str, since: float) -> None:
        """That manager keeps it for ``TTL`` seconds from ``since`` on, when it was asked to."""
        self._until[manager] = since + TTL
        self._renewed = since

    def drop(self, manager: str) -> None:
        """That manager has the lock of another, or of nobody."""
        self._until[manager] = -math.inf
        self._gone.add(manager)

    def refused(self, host: str, stderr: str) -> None:
        """A host did not take a script, for it has seen a higher number: what it keeps of that."""
        self._to = read_fence(stderr)[1] or self._to
        self._why = self._why or f"{host} was changed by a later run"

    @property
    def sure(self) -> int:
        """Managers that keep it beyond the next renewal."""
        return sum(end > now() + RENEW for end in self._until.values())

    @property
    def enough(self) -> bool:
        """Whether those are a majority."""
        return self.sure >= self._need

    @property
    def held(self) -> bool:
        """Whether a change may begin now."""
        if self._why is None and not self.enough:
            self._why = self._reason()
        return self._why is None

    def check(self) -> None:
        """Raise ``LockLost`` unless a change may begin now."""
        if not self.held:
            raise self.loss()

    def loss(self) -> LockLost:
        """What there is to say of a lease that was lost, and to whom."""
        with self._asking:
            if not self._asked:
                self._asked = True
                self._to = self._to or self._successor()
        return LockLost(
            f"the cluster lock was lost to {self._to}"
            if self._to
            else "the cluster lock was lost, and nobody else has taken it so far",
            cause=self._why,
            next_action="see who is at work: invoke cluster.status; then run the same command again,"
            " it continues from what it finds",
        )

    def _reason(self) -> str:
        if len(self._gone) >= self._need:
            return f"it was removed, or taken over, on {', '.join(sorted(self._gone))}"
        late = [name for name, end in self._until.items() if end <= now() + RENEW]
        return (
            f"it was last renewed {now() - self._renewed:.0f} s ago: this process or machine stood still, or"
            f" {', '.join(late)} did not answer"
        )


class Limits:
    """What a step may not go beyond: its deadline, the end of the run, the loss of the lock."""

    def __init__(
        self, seconds: float = math.inf, lease: Lease | None = None, stopped: threading.Event | None = None
    ) -> None:
        self._seconds = seconds
        self._begun = time.monotonic()
        self._more = 0.0
        self._lease = lease
        self._stopped = stopped or threading.Event()

    @property
    def left(self) -> float:
        """Seconds until its deadline; negative after it."""
        return self._begun + self.given - time.monotonic()

    @property
    def given(self) -> float:
        """Seconds from the beginning to the deadline, as it is now."""
        return self._seconds + self._more

    def allow(self, seconds: float) -> None:
        """So much beyond the deadline, for what must not be hurried."""
        self._more = max(self._more, seconds)

    def start_again(self, seconds: float) -> float:
        """The time so far does not count, and so much is given beyond it: what is waited for began anew. However
        often that is, the deadline moves no further than by what it was at first and ``seconds``. What is left now."""
        self.allow(min(time.monotonic() - self._begun, self._seconds) + seconds)
        return self.left

    def check(self) -> None:
        """Before each change. Raises ``LockLost``."""
        if self._lease:
            self._lease.check()

    def pause(self, seconds: float) -> bool:
        """Wait so long before looking again, but not beyond the deadline; false where that has come.

        Raises ``LockLost``, and ``StepFailed`` where the run was stopped.
        """
        stopped = self._stopped.wait(max(0.0, min(seconds, self.left)))
        self.check()
        if stopped:
            raise StepFailed("was still waiting when the run was stopped", next_action=AGAIN)
        return self.left > 0
