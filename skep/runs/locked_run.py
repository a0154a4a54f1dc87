"""One command's run: the lock, and plans that are carried out under it."""

from __future__ import annotations

import threading
from collections.abc import Callable

from skep import plan as plans
from skep.apply import Event, Outcome
from skep.converge import Site, asked_managers
from skep.history import Recorder
from skep.lock.cluster_lock import ClusterLock
from skep.observe import Observation
from skep.plan import Plan
from skep.runs.refusing import refuse_errors
from skep.secret import secrets_in
from skep.workers import regularly

SEND_EVERY = 10.0
"""Seconds between two writes of history while a run lasts."""


class Run:
    """The cluster lock, held for one command: plans are carried out under it, one after the other, with history.

    Use with ``with``. Raises ``LockHeld``.
    """

    def __init__(self, site: Site, what: str) -> None:
        self._site = site
        self._lock = ClusterLock(site.pool, site.manager_names, what)
        self._ending: threading.Thread | None = None

    def __enter__(self) -> Run:
        self._lock.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        try:
            self._settle()
        finally:
            self._lock.__exit__(*error)

    def check(self) -> None:
        """Raise ``LockLost`` where the lock was lost: what is seen from then on may be another run's doing."""
        self._lock.lease.check()

    def announce(self, plan: Plan, observation: Observation) -> None:
        """Before the look that the run relies on: where it is to change hosts, no older run may do so from here on."""
        if any(isinstance(step, plans.Run | plans.Put | plans.Send) for step in plan):
            self._lock.announce(observation.hosts)

    def apply(self, site: Site, plan: Plan, observation: Observation, tell: Callable[[Event], None]) -> Outcome:
        """Carry out a plan, for as long as the lock is held. Raises ``PreflightError`` for one with errors."""
        from skep.apply.commit import commit
        from skep.apply.executor import Executor
        from skep.apply.perform import Performer

        refuse_errors(plan)
        recorder = Recorder(site.pool, self._lock.held, self._lock.holder, commit())
        performer = Performer(
            site.pool,
            asked_managers(site, observation),
            self._lock.lease,
            secrets_in(site.cluster),
            registries=site.cluster.registries,
            author=self._lock.holder.who,
        )
        executor = Executor(plan, performer, _both(recorder.note, tell), self._lock.lease)
        how, why = "interrupted", None
        try:
            with regularly(recorder.send, every=SEND_EVERY, name="history", at_once=True, patience=30):
                outcome = executor.run()
            how, why = _how(outcome), outcome.lost
        finally:
            self._settle()
            self._ending = threading.Thread(target=recorder.end, args=(how, why), name="history", daemon=True)
            self._ending.start()
        return outcome

    def _settle(self) -> None:
        """Wait until the history of the round before is written; what comes after a round need not wait for it."""
        if self._ending is not None:
            self._ending.join()
            self._ending = None


def _how(outcome: Outcome) -> str:
    """A run's end in a word, for the history."""
    if outcome.interrupted:
        return "interrupted"
    return "lock lost" if outcome.lost else "done" if outcome.clean else "failed"


def _both(*listeners: Callable[[Event], None]) -> Callable[[Event], None]:
    def tell(event: Event) -> None:
        for listener in listeners:
            listener(event)

    return tell
