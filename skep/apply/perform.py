"""One step on its host or on a manager: late references resolved here, secrets kept out of every error."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from typing import Any, TypeVar

from skep.apply.commit import commit
from skep.apply.script import put_script, run_script
from skep.engine import CONDITIONS, OPERATIONS, SECRET, Clients, EngineClient, Logins, resolve
from skep.errors import ConnectError, SkepError, StepFailed
from skep.model import Registry, Secret, reveal
from skep.plan import Call, Put, Ref, Run, Step, Wait
from skep.ssh import Pool, Result

T = TypeVar("T")

STDERR_LINES = 15
SCRIPTS = 2
"""Scripts at once on one host; engine clients, the lock and the history need channels too, and sshd gives ten."""

AGAIN = "run the same command again; it continues where this one stopped"


PATIENCE = 60.0
"""Seconds a cluster-wide step waits for a manager that answers: one may be restarting, or a leader being elected."""


class Performer:
    """Performs steps. ``managers`` are the hosts to ask for a cluster-wide step, best first."""

    Say = Callable[[str], None]

    def __init__(
        self, pool: Pool, managers: Sequence[str], *, registries: Sequence[Registry] = (), author: str = ""
    ) -> None:
        self._pool = pool
        self._clients = Clients(pool)
        self._managers = list(managers)
        self._lock = threading.Lock()
        self._secrets: set[str] = set()
        self._slots: dict[str, threading.BoundedSemaphore] = {}
        self._closed = threading.Event()
        logins = Logins(registries, self._hide)
        self._local: dict[str, Callable[[], Any]] = {
            "registry-logins": lambda: logins,
            "author": lambda: author,
            "commit": cache(commit),
        }
        """Late values that this machine tells."""
        self._results: dict[str, Any] = {}
        """What steps gave back, by step id."""

    def close(self) -> None:
        """Close the engine clients and end what waits; the sessions stay the pool's."""
        self._closed.set()
        self._clients.close()

    def perform(self, step: Step, say: Say) -> None:
        """Do it. Raises ``StepFailed`` or ``ConnectError``; a cluster-wide step tries another manager first."""
        try:
            if step.host is not None:
                self._on(step.host, step, say)
            else:
                self._anywhere(step, say)
        except SkepError as error:
            raise self._redacted(error) from None
        except Exception as error:
            cause = f"{type(error).__name__}: {error}"
            raise self._redacted(StepFailed("unexpected error", cause=cause)) from None

    def _anywhere(self, step: Step, say: Say) -> None:
        """On a manager; on another where that one is lost; again for a while where none answers just now."""
        deadline = time.monotonic() + min(step.timeout, PATIENCE)
        while True:
            lost = self._on_any(step, say)
            if lost is None:
                return
            if time.monotonic() > deadline or self._closed.wait(1.0):
                raise lost
            say("no manager answers just now")

    def _on_any(self, step: Step, say: Say) -> SkepError | None:
        lost: ConnectError | None = None
        for host in self._managing(step):
            if lost:
                say(f"{lost.host or 'a manager'} was lost, trying {host}")
            try:
                self._on(host, step, say)
                return None
            except ConnectError as error:
                self._last(host)
                lost = error
        return lost or StepFailed("no manager of the swarm answers", next_action=AGAIN)

    def _on(self, host: str, step: Step, say: Say) -> None:
        if isinstance(step, Run | Put):
            self._script(host, step)
        elif isinstance(step, Call):
            arguments = {key: self._late(value, host, step) for key, value in step.arguments.items()}
            with self._clients.lend(host, step.id) as api:
                self._results[step.id] = _told(step, partial(OPERATIONS[step.operation], api, **arguments))
        elif isinstance(step, Wait):
            self._wait(host, step, say)

    def _script(self, host: str, step: Run | Put) -> None:
        script = put_script(step) if isinstance(step, Put) else run_script(step)
        if isinstance(step, Run):
            self._hide(*(value.reveal() for value in step.secrets.values() if isinstance(value, Secret)))
        with self._lock:
            slot = self._slots.setdefault(host, threading.BoundedSemaphore(SCRIPTS))
        with slot:
            result = self._pool[host].run(script, timeout=step.timeout)
        if result.status:
            raise _script_failed(host, step, result)

    def _wait(self, host: str, step: Wait, say: Say) -> None:
        arguments = {key: self._late(value, host, step) for key, value in step.arguments.items()}
        deadline, pause, said = time.monotonic() + step.timeout, 0.05, ""
        while True:
            with self._clients.lend(host, step.id) as api:
                progress = _told(step, partial(CONDITIONS[step.condition], api, **arguments))
                if progress.done:
                    return
                if time.monotonic() > deadline:
                    raise _not_in_time(api, host, step, progress.text)
            if progress.text != said:
                say(progress.text)
                said = progress.text
            if self._closed.wait(pause):
                raise StepFailed("was still waiting when the run was stopped", host=host, next_action=AGAIN)
            pause = min(0.5, pause * 1.5)

    def _late(self, value: Any, host: str, step: Step) -> Any:
        if not isinstance(value, Ref):
            return value
        name, _, place = value.name.partition("@")
        if name in self._local:
            return self._local[name]()
        if name == "result":
            return self._results[place]
        lost: ConnectError | None = None
        for source in [place] if place else self._managing(step):
            try:
                return self._resolved(name, source, step)
            except ConnectError as error:
                self._last(source)
                lost = error
        raise lost or StepFailed(f"no manager of the swarm can tell the {name}", host=host, next_action=AGAIN)

    def _resolved(self, name: str, source: str, step: Step) -> Any:
        with self._clients.lend(source, step.id) as api:
            if name == "node-id":
                return api.info()["Swarm"]["NodeID"]
            found = resolve(api, name)
            if name in SECRET:
                self._hide(found)
            return found

    def _managing(self, step: Step) -> Iterator[str]:
        """Managers that answer as such, best first; the host to avoid only where there is no other."""
        with self._lock:
            order = [name for name in self._managers if name != step.avoid]
            order += [step.avoid] if step.avoid in self._managers else []
        for name in order:
            try:
                with self._clients.lend(name, step.id) as api:
                    swarm = api.info()["Swarm"]
            except SkepError:
                self._last(name)
                continue
            if swarm.get("ControlAvailable") and not swarm.get("Error"):
                yield name

    def _last(self, host: str) -> None:
        with self._lock:
            if host in self._managers:
                self._managers.remove(host)
                self._managers.append(host)

    def _hide(self, *secrets: str) -> None:
        """Values, and each line of those that have several, that no error may show."""
        with self._lock:
            for secret in secrets:
                self._secrets |= {part for part in (secret, *map(str.strip, secret.splitlines())) if part}

    def _redacted(self, error: SkepError) -> SkepError:
        with self._lock:
            hidden = sorted(self._secrets, key=len, reverse=True)
        for secret in hidden:
            error.message = error.message.replace(secret, "***")
            error.cause = error.cause.replace(secret, "***") if error.cause else None
            error.next_action = error.next_action.replace(secret, "***") if error.next_action else None
        return error


def _told(step: Step, act: Callable[[], T]) -> T:
    try:
        return act()
    except (LookupError, TimeoutError) as error:
        raise StepFailed("cannot be done", step=step.id, cause=str(error), next_action=AGAIN) from None


def _script_failed(host: str, step: Step, result: Result) -> StepFailed:
    if result.status in (124, 137):
        return StepFailed(f"took longer than {step.timeout:g} s and was ended", host=host, cause=_tail(result))
    next_action = step.otherwise or AGAIN
    return StepFailed(f"ended with status {result.status}", host=host, cause=_tail(result), next_action=next_action)


def _tail(result: Result) -> str:
    lines = [line for line in (result.err or result.out).strip().splitlines() if line.strip()]
    return "\n         ".join(lines[-STDERR_LINES:]) or "it printed no error"


def _not_in_time(api: EngineClient, host: str, step: Wait, missing: str) -> StepFailed:
    cause = missing
    if step.condition == "stack_running":
        from skep.engine.services import failure_report

        cause = f"{missing}\n{failure_report(api, reveal(step.arguments['stack']))}"
    next_action = step.otherwise or AGAIN
    return StepFailed(f"not so after {step.timeout:g} s", host=host, cause=cause, next_action=next_action)
