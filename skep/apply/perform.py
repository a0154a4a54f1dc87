"""One step on its host or on a manager: late references resolved here, secrets kept out of every error."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import Any, TypeVar

from skep.apply.commit import commit
from skep.apply.script import put_script, run_script
from skep.apply.transfer import fetch, send
from skep.engine import (
    OPERATIONS,
    SECRET,
    Clients,
    EngineClient,
    Logins,
    Overdue,
    Progress,
    ServiceRow,
    StackWatch,
    resolve,
    watch,
)
from skep.errors import BELOW, ConnectError, EngineFailed, SkepError, StepFailed
from skep.fence import REFUSED, fenced
from skep.lease import AGAIN, Lease, Limits
from skep.model import Registry
from skep.plan import Call, Fetch, Put, Ref, Run, Send, Step, Wait
from skep.secret import Redaction, Secret, secrets_in
from skep.shell import BUSY, NO_ROOM
from skep.ssh import Pool, Result
from skep.units import seconds_text

T = TypeVar("T")

STDERR_LINES = 15
SCRIPTS = 2
"""Scripts at once on one host; engine clients, the lock and the history need channels too, and sshd gives ten."""

ENDS = "see that it comes to its end, then run the same command again"

ROOM = "make room there, or what stands in the way writable, then run the same command again"

LOOK_AGAIN = 2.0
"""Seconds between two tries of a script that stands back from something else."""

PATIENCE = 60.0
"""Seconds a cluster-wide step waits for a manager that answers: one may be restarting, or a leader being elected."""

AT_ONCE = 5.0
"""Seconds. An engine that fails within them is asked once more; one that took longer waited for a leader, and is asked
until there is one. Source: ``swarmRequestTimeout`` of moby/moby, 20 s, seen as status 500 during an election."""

PAUSE = 1.0
"""Seconds before the managers are asked again where none answered."""

ANSWER = 60.0
"""Seconds an engine may take for one answer."""

GONE = "its engine is in no swarm any more"
EMPTIED = "it was told to leave the swarm, or what it kept of it is gone (/var/lib/docker/swarm)"
ANEW = "see the evidence and the way back in: invoke cluster.plan"

SETTLING = 120.0
"""Seconds beyond its deadline that a wait has once a manager is lost or another one leads: managers elect a leader (10
to 20 s a round), nodes find it (up to 8 s between two tries), and it waits up to a minute for each old task anew.
Sources: moby/swarmkit ``manager/state/raft``, ``agent/session.go``, ``manager/orchestrator/restart``."""

Say = Callable[..., None]
"""Takes a few words on how far a step is, and the rows that go with them, if any."""


@dataclass(slots=True)
class _Attempt:
    """One step under way, on whichever manager: its limits, and one memory of what was seen."""

    step: Step
    say: Say
    limits: Limits
    look: Callable[..., Progress] | None
    heard: float = field(default_factory=time.monotonic)
    """When a manager last answered."""
    failed: bool = False
    """Whether a manager said at once that it failed."""
    leader: str = ""
    """Who led the swarm when that was last seen."""

    def begin_anew(self) -> str:
        """Something happened among the managers: what Swarm was at begins anew, and so does a wait for it. What there
        is to say of that."""
        if not self.look:
            return ""
        return f"; waits up to {seconds_text(self.limits.start_again(SETTLING))} from now on"

    def led_by(self, leader: str) -> None:
        """Take note of who leads the swarm."""
        if leader and self.leader not in ("", leader):
            self.say(f"the swarm has another leader{self.begin_anew()}")
        self.leader = leader or self.leader


class Performer:
    """Performs steps, while the ``lease`` is held. ``managers`` are the hosts to ask for a cluster-wide step, best
    first; ``hides`` what nothing that is told may show, beside the secrets of the steps themselves."""

    def __init__(
        self,
        pool: Pool,
        managers: Sequence[str],
        lease: Lease,
        hides: Iterable[Secret] = (),
        *,
        registries: Sequence[Registry] = (),
        author: str = "",
    ) -> None:
        self._pool = pool
        self._managers = list(managers)
        self._here = threading.local()
        """What this thread is at: ``say``."""
        self._managed: set[str] = set()
        """Hosts that have answered as managers."""
        self._overdue = Overdue(pool, managers, lambda: self._here.say)
        self._clients = Clients(pool, self._overdue.watched)
        self._lease = lease
        self._lock = threading.Lock()
        self._redaction = Redaction(hides)
        self._slots: dict[str, threading.BoundedSemaphore] = {}
        self._closed = threading.Event()
        logins = Logins(registries, self._redaction.learn)
        self._local: dict[str, Callable[[], Any]] = {
            "registry-logins": lambda: logins,
            "author": lambda: author,
            "commit": cache(commit),
        }
        """Late values that this machine tells."""
        self._results: dict[str, Any] = {}
        """What steps gave back, by step id."""

    def stop(self) -> None:
        """End what waits."""
        self._closed.set()

    def close(self) -> None:
        """Close the engine clients and end what waits; the sessions stay the pool's."""
        self.stop()
        self._clients.close()

    def perform(self, step: Step, say: Say) -> None:
        """Do it. Raises ``StepFailed`` or ``ConnectError``, and ``LockLost`` where nothing else is known to have gone
        wrong before that; a cluster-wide step tries another manager first."""
        self._redaction.learn(secrets_in(step))

        def told(text: str, rows: tuple[ServiceRow, ...] = ()) -> None:
            clean = self._redaction.clean
            seen = tuple(replace(row, detail=clean(row.detail), error=clean(row.error)) for row in rows)
            say(clean(text), *([seen] if seen else []))

        self._here.say = told
        limits = Limits(step.timeout, self._lease, self._closed)
        look = watch(step.condition) if isinstance(step, Wait) else None
        if isinstance(look, StackWatch):
            look.inspect = self._inspect
        attempt = _Attempt(step, told, limits, look)
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

    def _anywhere(self, attempt: _Attempt) -> None:
        """On a manager; on another where that one is lost; again for a while where none answers just now."""
        while True:
            lost = self._on_any(attempt)
            if lost is None:
                return
            silent = time.monotonic() - attempt.heard
            if silent > PATIENCE or attempt.limits.left < 0:
                raise lost
            attempt.limits.pause(PAUSE)
            attempt.say("no manager answers just now")

    def _on_any(self, attempt: _Attempt) -> SkepError | None:
        lost: SkepError | None = None
        anew = ""
        for host in self._managing(attempt.step):
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
                self._last(host)
                lost, anew = error, attempt.begin_anew()
        return lost or StepFailed("no manager of the swarm answers", next_action=AGAIN)

    def _on(self, host: str, attempt: _Attempt) -> None:
        step = attempt.step
        if isinstance(step, Run | Put):
            self._script(host, step, attempt)
        elif isinstance(step, Send | Fetch):
            self._transfer(host, step, attempt)
        elif isinstance(step, Call):
            arguments = {key: self._late(value, host, attempt) for key, value in step.arguments.items()}
            with self._lend(host, attempt) as api:
                result = _told(step, partial(OPERATIONS[step.operation], api, **arguments))
            self._redaction.learn(secrets_in(result))
            self._results[step.id] = result
        elif isinstance(step, Wait):
            self._wait(host, step, attempt)

    @contextmanager
    def _lend(self, host: str, attempt: _Attempt) -> Iterator[EngineClient]:
        """A client that keeps to the step's limits, and waits for no answer beyond its deadline."""
        with self._clients.lend(host, attempt.step.id) as api:
            api.limits = attempt.limits
            api.timeout = max(1.0, min(ANSWER, attempt.limits.left))
            yield api

    def _script(self, host: str, step: Run | Put, attempt: _Attempt) -> None:
        """Run it; again where it stood back from something else that is at work on the host."""
        script = put_script(step) if isinstance(step, Put) else run_script(step)
        numbered = fenced(self._lease.number, self._lease.holder, script)
        patience = Limits(step.patience if isinstance(step, Run) else 0.0, self._lease, self._closed)
        said = ""
        while True:
            with self._slot(host):
                attempt.limits.check()
                result = self._pool[host].run(numbered, timeout=step.timeout, to_the_end=step.id)
            if result.status != BUSY or not (isinstance(step, Run) and step.patience):
                break
            told = _tail(result)
            if patience.left < 0:
                text = f"waited {step.patience:g} s in vain for something else on the host"
                raise StepFailed(text, host=host, cause=told, next_action=ENDS)
            if told != said:
                attempt.say(f"waits: {told}")
                said = told
            patience.pause(LOOK_AGAIN)
        self._judge(host, step, result)

    def _transfer(self, host: str, step: Send | Fetch, attempt: _Attempt) -> None:
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
            raise _script_failed(host, step, result)

    def _inspect(self, node: Mapping[str, Any], container: str) -> Mapping[str, Any] | None:
        """What the host that is that node tells of a container; ``None`` where none of ours is, or says nothing."""
        named = str((node.get("Description") or {}).get("Hostname") or "")
        address = str((node.get("Status") or {}).get("Addr") or "")
        for host in self._pool.hosts:
            if host == named or self._pool[host].address == address:
                with suppress(SkepError), self._clients.lend(host, "look at a container") as api:
                    if api.info()["Swarm"]["NodeID"] == node["ID"]:
                        return dict(api.inspect_container(container))
        return None

    def _slot(self, host: str) -> threading.BoundedSemaphore:
        with self._lock:
            return self._slots.setdefault(host, threading.BoundedSemaphore(SCRIPTS))

    def _wait(self, host: str, step: Wait, attempt: _Attempt) -> None:
        arguments = {key: self._late(value, host, attempt) for key, value in step.arguments.items()}
        pause, said = 0.05, Progress(False)
        assert attempt.look is not None
        while True:
            with self._lend(host, attempt) as api:
                progress = _told(step, partial(attempt.look, api, **arguments))
                attempt.heard = time.monotonic()
                attempt.limits.allow(progress.grace)
                attempt.led_by(progress.leader)
                if progress.done:
                    _say_changed(attempt.say, said, progress)
                    return
                if attempt.limits.left < 0 and progress.arrived:
                    _say_changed(attempt.say, said, progress.accepted())
                    return
                if attempt.limits.left < 0:
                    raise _not_in_time(api, host, attempt, progress.text)
            _say_changed(attempt.say, said, progress)
            said = progress
            attempt.limits.pause(pause if progress.again is None else progress.again)
            pause = min(0.5, pause * 1.5)

    def _late(self, value: Any, host: str, attempt: _Attempt) -> Any:
        """The value of a late reference. What only a manager can tell is asked for while a leader may be elected."""
        if not isinstance(value, Ref):
            return value
        name, _, place = value.name.partition("@")
        if name in self._local:
            return self._local[name]()
        if name == "result":
            return self._results[place]
        if place:
            return self._resolved(name, place, attempt.step)
        until = time.monotonic() + PATIENCE
        while True:
            lost: SkepError | None = None
            for source in self._managing(attempt.step):
                try:
                    return self._resolved(name, source, attempt.step)
                except (ConnectError, EngineFailed) as error:
                    self._last(source)
                    lost = error
            if time.monotonic() > until or attempt.limits.left < 0:
                told, why = (
                    f"no manager of the swarm can tell the {name}",
                    (lost.cause or lost.message) if lost else None,
                )
                raise StepFailed(told, host=host, cause=why, next_action=AGAIN)
            attempt.limits.pause(PAUSE)
            attempt.say(f"no manager tells the {name} just now")

    def _resolved(self, name: str, source: str, step: Step) -> Any:
        with self._clients.lend(source, step.id) as api:
            if name == "node-id":
                swarm = api.info()["Swarm"]
                if node := swarm["NodeID"]:
                    return node
                if swarm.get("LocalNodeState") == "inactive":
                    raise StepFailed(GONE, host=source, cause=EMPTIED, next_action=ANEW)
                raise ConnectError("its engine tells no node ID yet", host=source, step=step.id, next_action=AGAIN)
            found = resolve(api, name)
            if name in SECRET:
                self._redaction.learn([Secret(found)])
            return found

    def _managing(self, step: Step) -> Iterator[str]:
        """Managers that answer as such, best first; the host to avoid only where there is no other."""
        with self._lock:
            order = [name for name in self._managers if name != step.avoid]
            order.sort(key=self._overdue.was_silent)
            order += [step.avoid] if step.avoid in self._managers else []
        for name in order:
            try:
                with self._clients.lend(name, step.id) as api:
                    swarm = api.info()["Swarm"]
            except SkepError:
                self._last(name)
                continue
            if swarm.get("ControlAvailable") and not swarm.get("Error"):
                self._managed.add(name)
                yield name
            elif name in self._managed and swarm.get("LocalNodeState") == "inactive":
                self._here.say(f"{name}: {GONE}, {EMPTIED}")

    def _last(self, host: str) -> None:
        with self._lock:
            if host in self._managers:
                self._managers.remove(host)
                self._managers.append(host)

    def _redacted(self, error: SkepError) -> SkepError:
        clean = self._redaction.clean
        error.message = clean(error.message)
        error.cause = clean(error.cause) if error.cause else None
        error.next_action = clean(error.next_action) if error.next_action else None
        return error


def _told(step: Step, act: Callable[[], T]) -> T:
    try:
        return act()
    except (LookupError, TimeoutError) as error:
        raise StepFailed("cannot be done", step=step.id, cause=str(error), next_action=AGAIN) from None


def _script_failed(host: str, step: Step, result: Result) -> StepFailed:
    if result.status == NO_ROOM:
        return StepFailed("could not write a file", host=host, cause=_tail(result), next_action=ROOM)
    late = result.status in (124, 137)
    text = f"took longer than {step.timeout:g} s and was ended" if late else f"ended with status {result.status}"
    return StepFailed(text, host=host, cause=_tail(result), next_action=step.otherwise or AGAIN)


def _tail(result: Result) -> str:
    lines = [line for line in (result.err or result.out).strip().splitlines() if line.strip()]
    return f"\n{BELOW}".join(lines[-STDERR_LINES:]) or "it printed no error"


def _say_changed(say: Say, before: Progress, now: Progress) -> None:
    """Tell what is new: words, with the rows where there are any."""
    if now.rows and now.rows != before.rows:
        say(now.text, now.rows)
    elif now.text and now.text != before.text:
        say(now.text)


def _not_in_time(api: EngineClient, host: str, attempt: _Attempt, missing: str) -> StepFailed:
    step = attempt.step
    told = f"{missing}, {host} tells" if step.concerns not in (None, host) else missing
    watched = attempt.look if isinstance(attempt.look, StackWatch) else None
    cause = watched.report(api) if watched else told
    next_action = (watched and watched.remedy) or step.otherwise or AGAIN
    text = f"not so after {round(attempt.limits.given, 1):g} s"
    return StepFailed(text, host=step.concerns, cause=cause, next_action=next_action)
