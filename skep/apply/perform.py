"""One step on its host or on a manager: late references resolved here, secrets kept out of every error."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cache, partial
from typing import Any

from skep.apply import managers
from skep.apply.attempt import Attempt, Say, say_changed, understood
from skep.apply.commit import commit
from skep.apply.ended import not_in_time, script_failed, tail
from skep.apply.managers import Managers
from skep.apply.script import put_script, run_script
from skep.apply.transfer import fetch, send
from skep.engine import (
    OPERATIONS,
    EngineClient,
    Logins,
    Progress,
    ServiceRow,
    StackWatch,
    watch,
)
from skep.errors import ConnectError, EngineFailed, SkepError, StepFailed
from skep.lock.fence import REFUSED, fenced
from skep.lock.lease import AGAIN, Lease, Limits
from skep.model import Registry
from skep.plan import Call, Fetch, Put, Run, Send, Step, Wait
from skep.secret import Redaction, Secret, secrets_in
from skep.shell import BUSY
from skep.ssh import Pool, Result
from skep.waiting import until

SCRIPTS = 2
"""Scripts at once on one host; engine clients, the lock and the history need channels too, and sshd gives ten."""

ENDS = "see that it comes to its end, then run the same command again"

LOOK_AGAIN = 2.0
"""Seconds between two tries of a script that stands back from something else."""

AT_ONCE = 5.0
"""Seconds. An engine that fails within them is asked once more; one that took longer waited for a leader, and is asked
until there is one. Source: ``swarmRequestTimeout`` of moby/moby, 20 s, seen as status 500 during an election."""

ANSWER = 60.0
"""Seconds an engine may take for one answer."""


class Performer:
    """Performs steps, while the ``lease`` is held. ``names`` are the hosts to ask for a cluster-wide step, best
    first; ``hides`` what no output may show, beside the secrets of the steps themselves."""

    def __init__(
        self,
        pool: Pool,
        names: Sequence[str],
        lease: Lease,
        hides: Iterable[Secret] = (),
        *,
        registries: Sequence[Registry] = (),
        author: str = "",
    ) -> None:
        self._pool = pool
        self._here = threading.local()
        """What this thread is at: ``say``."""
        self._lease = lease
        self._lock = threading.Lock()
        self._redaction = Redaction(hides)
        self._slots: dict[str, threading.BoundedSemaphore] = {}
        self._closed = threading.Event()
        logins = Logins(registries, self._redaction.learn)
        local: dict[str, Callable[[], object]] = {
            "registry-logins": lambda: logins,
            "author": lambda: author,
            "commit": cache(commit),
        }
        self._managers = Managers(pool, names, lambda: self._here.say, self._redaction.learn, local)

    def stop(self) -> None:
        """End what waits."""
        self._closed.set()

    def close(self) -> None:
        """Close the engine clients and end what waits; the sessions stay the pool's."""
        self.stop()
        self._managers.clients.close()

    def perform(self, step: Step, say: Say) -> None:
        """Do it. Raises ``StepFailed`` or ``ConnectError``, and ``LockLost`` where nothing else is known to have gone
        wrong before that; a cluster-wide step tries another manager first."""
        self._redaction.learn(secrets_in(step))

        def progress(text: str, rows: tuple[ServiceRow, ...] = ()) -> None:
            clean = self._redaction.clean
            seen = tuple(replace(row, detail=clean(row.detail), error=clean(row.error)) for row in rows)
            say(clean(text), *([seen] if seen else []))

        self._here.say = progress
        limits = Limits(step.timeout, self._lease, self._closed)
        look = watch(step.condition) if isinstance(step, Wait) else None
        if isinstance(look, StackWatch):
            look.inspect = self._inspect
        attempt = Attempt(step, progress, limits, look)
        try:
            limits.check()
            if step.host is not None:
                self._on(step.host, attempt)
            else:
                self._anywhere(attempt)
        except SkepError as error:
            ended = isinstance(step, Run | Put) and isinstance(error, StepFailed)
            if isinstance(error, StepFailed):
                error.next_action = error.next_action or step.otherwise
            raise self._redacted(error if ended or self._lease.held else self._lease.loss()) from None
        except Exception as error:
            cause = f"{type(error).__name__}: {error}"
            raise self._redacted(StepFailed("unexpected error", cause=cause)) from None

    def _anywhere(self, attempt: Attempt) -> None:
        """On a manager; on another where that one is lost; again for a while where none answers just now."""
        while True:
            lost = self._on_any(attempt)
            if lost is None:
                return
            silent = time.monotonic() - attempt.heard
            if silent > managers.PATIENCE or attempt.limits.left < 0:
                raise lost
            attempt.limits.pause(managers.PAUSE)
            attempt.say("no manager answers just now")

    def _on_any(self, attempt: Attempt) -> SkepError | None:
        lost: SkepError | None = None
        anew = ""
        for host in self._managers.answering(attempt.step):
            if lost:
                attempt.say(f"{lost.host or 'a manager'} was lost ({lost.reason}), trying {host}{anew}")
            since = time.monotonic()
            try:
                self._on(host, attempt)
                return None
            except (ConnectError, EngineFailed) as error:
                if isinstance(error, EngineFailed) and time.monotonic() - since < AT_ONCE:
                    if attempt.failed:
                        raise
                    attempt.failed = True
                self._managers.last(host)
                lost, anew = error, attempt.begin_anew()
        return lost or StepFailed("no manager of the swarm answers", next_action=AGAIN)

    def _on(self, host: str, attempt: Attempt) -> None:
        step = attempt.step
        if isinstance(step, Run | Put):
            self._script(host, step, attempt)
        elif isinstance(step, Send | Fetch):
            self._transfer(host, step, attempt)
        elif isinstance(step, Call):
            arguments = {key: self._managers.late(value, host, attempt) for key, value in step.arguments.items()}
            with self._lend(host, attempt) as api:
                result = understood(step, partial(OPERATIONS[step.operation], api, **arguments))
            self._redaction.learn(secrets_in(result))
            self._managers.results[step.id] = result
        elif isinstance(step, Wait):
            self._wait(host, step, attempt)

    @contextmanager
    def _lend(self, host: str, attempt: Attempt) -> Iterator[EngineClient]:
        """A client that keeps to the step's limits, and waits for no answer beyond its deadline."""
        with self._managers.clients.lend(host, attempt.step.id) as api:
            api.limits = attempt.limits
            api.timeout = max(1.0, min(ANSWER, attempt.limits.left))
            yield api

    def _script(self, host: str, step: Run | Put, attempt: Attempt) -> None:
        """Run it; again where it stood back from something else that is at work on the host."""
        script = put_script(step) if isinstance(step, Put) else run_script(step)
        numbered = fenced(self._lease.number, self._lease.holder, script)
        patience = step.patience if isinstance(step, Run) else 0.0
        busy = ""

        def ended() -> Result | None:
            nonlocal busy
            with self._slot(host):
                attempt.limits.check()
                result = self._pool[host].run(numbered, timeout=step.timeout, to_the_end=step.id)
            if result.status != BUSY or not patience:
                return result
            before, busy = busy, tail(result)
            if busy != before:
                attempt.say(f"waits: {busy}")
            return None

        pause = Limits(lease=self._lease, stopped=self._closed).pause
        result = until(ended, seconds=patience, every=LOOK_AGAIN, pause=pause)
        if result is None:
            text = f"waited {patience:g} s in vain for something else on the host"
            raise StepFailed(text, host=host, cause=busy, next_action=ENDS)
        self._judge(host, step, result)

    def _transfer(self, host: str, step: Send | Fetch, attempt: Attempt) -> None:
        session = self._pool[host]
        with self._slot(host):
            if isinstance(step, Fetch):
                result = fetch(session, step, attempt.limits, attempt.say)
            else:
                guard = partial(fenced, self._lease.number, self._lease.holder)
                result = send(session, step, attempt.limits, attempt.say, guard)
        self._judge(host, step, result)

    def _judge(self, host: str, step: Run | Put | Send | Fetch, result: Result) -> None:
        """Raises what the script of a step ended with, if it did not end well."""
        if result.status == REFUSED:
            self._lease.refused(host, result.err)
            raise self._lease.loss()
        if result.status:
            raise script_failed(host, step, result)

    def _inspect(self, node: Mapping[str, Any], container: str) -> Mapping[str, object] | None:
        """What the host that is that node says of a container; ``None`` where none of ours is, or says nothing."""
        named = str((node.get("Description") or {}).get("Hostname") or "")
        address = str((node.get("Status") or {}).get("Addr") or "")
        for host in self._pool.hosts:
            if host == named or self._pool[host].address == address:
                with suppress(SkepError), self._managers.clients.lend(host, "look at a container") as api:
                    if api.info()["Swarm"]["NodeID"] == node["ID"]:
                        return dict(api.inspect_container(container))
        return None

    def _slot(self, host: str) -> threading.BoundedSemaphore:
        with self._lock:
            return self._slots.setdefault(host, threading.BoundedSemaphore(SCRIPTS))

    def _wait(self, host: str, step: Wait, attempt: Attempt) -> None:
        arguments = {key: self._managers.late(value, host, attempt) for key, value in step.arguments.items()}
        pause, said = 0.05, Progress(False)
        assert attempt.look is not None
        while True:
            with self._lend(host, attempt) as api:
                progress = understood(step, partial(attempt.look, api, **arguments))
                attempt.heard = time.monotonic()
                attempt.limits.allow(progress.grace)
                attempt.led_by(progress.leader)
                if progress.done:
                    say_changed(attempt.say, said, progress)
                    return
                if attempt.limits.left < 0 and progress.arrived:
                    say_changed(attempt.say, said, progress.accepted())
                    return
                if attempt.limits.left < 0:
                    raise not_in_time(api, host, attempt, progress.text)
            say_changed(attempt.say, said, progress)
            said = progress
            attempt.limits.pause(pause if progress.again is None else progress.again)
            pause = min(0.5, pause * 1.5)

    def _redacted(self, error: SkepError) -> SkepError:
        clean = self._redaction.clean
        error.message = clean(error.message)
        error.cause = clean(error.cause) if error.cause else None
        error.next_action = clean(error.next_action) if error.next_action else None
        return error
