"""Walks the plan's graph with one bounded pool: no barriers, what depends on a failure is skipped and said so."""

from __future__ import annotations

import time
from concurrent.futures import FIRST_COMPLETED, Future, wait

from skep.apply.attempt import Say
from skep.apply.events import Event, Outcome, Tell
from skep.apply.perform import Performer
from skep.apply.standing import left, standing
from skep.errors import LockLost, SkepError, StepFailed
from skep.lock.lease import Lease
from skep.plan import Plan, Put, Run, Step, Wait
from skep.workers import Workers

GRACE = 10.0
"""Seconds that running steps get to end after Ctrl-C, or once the lock was lost."""


class Executor:
    """One run of one plan. No step starts without the ``lease``."""

    def __init__(self, plan: Plan, performer: Performer, tell: Tell, lease: Lease, *, width: int = 32) -> None:
        self._plan = plan
        self._performer = performer
        self._tell = tell
        self._lease = lease
        self._width = width
        self._waiting = {step.id: step for step in plan}
        self._running: dict[Future[None], tuple[Step, float]] = {}
        self._untold: Exception | None = None
        self.outcome = Outcome()

    def run(self) -> Outcome:
        """Until nothing can start any more and all that runs has ended. Ctrl-C and the loss of the lock stop starting
        steps; what only waits for something ends at once then."""
        threads = Workers(self._width, "step")
        try:
            self._loop(threads)
            if self._is_lost():
                self.outcome.lost = self._lease.loss()
                self._performer.stop()
                self._settle(f"{self.outcome.lost.message}; ")
        except KeyboardInterrupt:
            self.outcome.interrupted = True
            self._performer.stop()
            self._settle()
        finally:
            self._performer.close()
            threads.close()
        for step in self._plan:
            if step.id not in self.outcome.failed and step.id not in self.outcome.done:
                self.outcome.skipped.setdefault(step.id, "the run was stopped")
        self.outcome.left = left(self._plan, self.outcome.done)
        if self._untold:
            raise self._untold
        return self.outcome

    def _report(self, event: Event) -> None:
        """Report an event. A listener that fails does not stop what changes hosts: its error is raised when all has
        ended."""
        try:
            self._tell(event)
        except Exception as error:
            self._untold = self._untold or error

    def _loop(self, threads: Workers) -> None:
        while self._lease.held:
            self._start_ready(threads)
            if not self._running:
                return
            ended, _ = wait(self._running, timeout=0.5, return_when=FIRST_COMPLETED)
            for future in ended:
                self._finish(future)

    def _start_ready(self, threads: Workers) -> None:
        settled = {*self.outcome.done, *self.outcome.failed, *self.outcome.skipped}
        done = set(self.outcome.done)
        for step in list(self._waiting.values()):
            needs = self._plan.needs[step.id]
            lost = sorted(needs & settled - done)
            if lost:
                del self._waiting[step.id]
                self.outcome.skipped[step.id] = lost[0]
                settled.add(step.id)
                self._report(Event("skipped", step, f"needs {lost[0]}"))
            elif needs <= done and self._plan.after[step.id] <= settled and self._lease.held:
                self._report(Event("started", step))
                future = threads.submit(self._performer.perform, step, self._say(step))
                self._running[future] = (step, time.monotonic())
                del self._waiting[step.id]

    def _say(self, step: Step) -> Say:
        return lambda text, rows=(): self._report(Event("progress", step, text, rows=rows))

    def _finish(self, future: Future[None]) -> None:
        step, since = self._running.pop(future)
        seconds = time.monotonic() - since
        error = future.exception()
        if error is None:
            self.outcome.done.append(step.id)
            self.outcome.reached.update(step.provides)
            self._report(Event("done", step, seconds=seconds))
            return
        if not isinstance(error, SkepError):
            error = StepFailed("unexpected error", cause=f"{type(error).__name__}: {error}")
        error.host = error.host or step.concerns
        error.step = step.id.without_host
        error.state = standing(self._plan, self.outcome.done, step)
        self.outcome.failed[step.id] = error
        self._report(Event("failed", step, str(error), seconds=seconds))

    def _is_lost(self) -> bool:
        refused = any(isinstance(error, LockLost) for error in self.outcome.failed.values())
        return not self._lease.held and bool(self._running or self._waiting or refused)

    def _settle(self, why: str = "") -> None:
        """Wait for running steps to end, ``GRACE`` seconds at most; those that do not are reported as failed, and
        their connections are cut."""
        for step, _ in self._running.values():
            if not isinstance(step, Wait):
                self._report(Event("stopping", step, f"{why}is given {GRACE:.0f} s to end"))
        deadline = time.monotonic() + GRACE
        try:
            while self._running and time.monotonic() < deadline:
                ended, _ = wait(self._running, timeout=0.2, return_when=FIRST_COMPLETED)
                for future in ended:
                    self._finish(future)
        except KeyboardInterrupt:
            pass
        for step, _ in self._running.values():
            error = StepFailed(
                "was still running when the run was stopped",
                host=step.concerns,
                step=step.id.without_host,
                state=standing(self._plan, self.outcome.done, step),
                next_action="run the same command again; it continues from what it finds"
                + (", after this has ended on the host" if isinstance(step, Run | Put) else ""),
            )
            self.outcome.failed[step.id] = error
            self._report(Event("failed", step, str(error)))
