"""``stack.logs``: what the tasks of a stack print, in one stream by time."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from skep.commands.listing import manager_client
from skep.converge import Site
from skep.dataclass import dataclass
from skep.errors import ConnectError, SkepError, StepFailed, UsageError
from skep.report import Reporter
from skep.swarm.labels import of_stack
from skep.swarm.quorum import hostname_of

if TYPE_CHECKING:
    from skep.engine import EngineClient
    from skep.engine.logs import LogLine
    from skep.ssh import Session
    from skep.swarm.objects import Service

STREAMS = 8
"""Streams on one login: sshd's stock MaxSessions is 10, and asking needs one too."""

NEWS = 2.0
"""Seconds between two looks for new services and tasks while following."""

PATIENCE = 10
"""Seconds a manager may be silent when asked."""

QUEUE = 1000
"""Lines read and not yet shown; a stream that comes faster waits."""


@dataclass(slots=True)
class _Stream:
    """One service's stream and how it ended. ``last`` is the time of the newest line of each task."""

    service: Service
    session: Session
    thread: threading.Thread | None = None
    error: Exception | None = None
    last: dict[str, str] = field(default_factory=dict)

    @property
    def over(self) -> bool:
        """It ended, however."""
        return self.thread is not None and not self.thread.is_alive()


def show(
    site: Site,
    tell: Reporter,
    *,
    name: str,
    services: Sequence[str] = (),
    follow: bool = False,
    tail: str = "100",
    since: str | None = None,
    timestamps: bool = False,
    colour: bool = False,
) -> None:
    """Tell a stack's log. Following ends with Ctrl-C, quietly, or with ``ConnectError`` when the manager is lost."""
    if tail != "all" and not tail.isdigit():
        raise UsageError(f"--tail {tail} is neither a number nor all")
    gone: BrokenPipeError | None = None
    with manager_client(site) as api:
        api.timeout = PATIENCE
        reader = _Reader(site, api, name, services, follow=follow, tail=tail, since=_since(api, since))
        reader.look()
        if not reader.streams:
            raise UsageError(_nothing(api, name, services), next_action="see: invoke stack.ls")
        try:
            with reader.reading():
                for line in reader.lines():
                    if line.stream == "error":
                        reader.remark(tell, line)
                        continue
                    tell.log(reader.named(line), timestamps=timestamps, colour=colour)
        except BrokenPipeError as error:  # of whoever reads us, not of the engine
            gone = error
        except KeyboardInterrupt:
            if not follow:
                raise
    if gone:
        raise gone


def _since(api: EngineClient, text: str | None) -> float | None:
    from skep.engine.logs import moment
    from skep.engine.tasks import parse_time

    if text is None:
        return None
    try:
        return moment(text, parse_time(api.info()["SystemTime"]))
    except ValueError:
        hint = "such as 10m, 1h30m or 2025-06-01T12:00:00Z"
        raise UsageError(f"--since {text} is no time", next_action=hint) from None


def _nothing(api: EngineClient, name: str, services: Sequence[str]) -> str:
    names = sorted(one["Spec"]["Name"] for one in api.services(filters={"label": of_stack(name)}))
    if not names:
        return f"there is no stack {name} in the swarm"
    return f"no service {', '.join(services)} in stack {name}; there are: {', '.join(names)}"


class _Reader:
    """All streams of one stack, each read by a thread of its own, shown as one."""

    def __init__(
        self, site: Site, api: EngineClient, stack: str, services: Sequence[str], *, follow: bool, tail: str, since: Any
    ) -> None:
        self.streams: dict[str, _Stream] = {}
        self._site, self._api, self._stack = site, api, stack
        self._desired = frozenset(services)
        self._follow, self._tail, self._since = follow, tail, since
        self._queue: queue.Queue[LogLine] = queue.Queue(QUEUE)
        self._sessions = [site.pool[api.host]]
        self._tasks: dict[str, str] = {}
        self._nodes: dict[str, str] = {}
        self._said: set[tuple[str, str]] = set()
        self._ended = threading.Event()
        self._asked = 0.0
        self._started = False

    def look(self) -> None:
        """Which services and tasks there are now; new ones are read from their first line."""
        from skep.engine.tasks import task_name

        label = {"label": of_stack(self._stack)}
        found = {one["ID"]: one for one in self._api.services(filters=label)}
        nodes = {node["ID"]: node for node in self._api.nodes()}
        self._nodes = {identity: hostname_of(node) for identity, node in nodes.items()}
        self._tasks = {
            task["ID"]: task_name(found[task["ServiceID"]], task, nodes)
            for task in self._api.tasks(filters=label)
            if task["ServiceID"] in found
        }
        self._asked = time.monotonic()
        for identity in [one for one in self.streams if one not in found and self.streams[one].over]:
            del self.streams[identity]
        for identity, service in found.items():
            full = service["Spec"]["Name"]
            desired = not self._desired or not self._desired.isdisjoint((full, full.removeprefix(f"{self._stack}_")))
            if desired and identity not in self.streams:
                self.streams[identity] = _Stream(service, self._session(len(self.streams)))
                if self._started:
                    self._start(self.streams[identity], tail="all", since=None)

    def _session(self, number: int) -> Any:
        """The login for one more stream: a further one where sshd would refuse."""
        while len(self._sessions) <= number // STREAMS:
            self._sessions.append(self._site.pool.another(self._api.host))
        return self._sessions[number // STREAMS]

    @contextmanager
    def reading(self) -> Iterator[None]:
        """A thread a stream, ended with the block."""
        self._started = True
        for stream in self.streams.values():
            self._start(stream, tail=self._tail, since=self._since)
        try:
            yield
        finally:
            self._ended.set()

    def _start(self, stream: _Stream, *, tail: str, since: float | None) -> None:
        """Read it in a thread; lines that were shown before it ended the last time are left out."""
        seen = dict(stream.last)

        def read() -> None:
            from skep.engine import EngineClient, engine_errors
            from skep.engine.logs import read_log

            try:
                with engine_errors(self._api.host, "logs"), closing(EngineClient(stream.session)) as api:
                    for line in read_log(api, stream.service, follow=self._follow, tail=tail, since=since):
                        if not line.time or line.time > seen.get(line.task, ""):
                            stream.last[line.task] = max(line.time, stream.last.get(line.task, ""))
                            self._put(line)
            except SkepError as error:
                stream.error = error

        stream.error = None
        stream.thread = threading.Thread(target=read, name="log", daemon=True)
        stream.thread.start()

    def _put(self, line: LogLine) -> None:
        while not self._ended.is_set():
            try:
                return self._queue.put(line, timeout=0.5)
            except queue.Full:
                continue

    def lines(self) -> Iterator[LogLine]:
        """By time. Until all streams have ended, or for ever when following."""
        from skep.engine.logs import Interleaved

        merged = Interleaved() if self._follow else Interleaved(hold=float("inf"))
        while True:
            over = not self._follow and all(stream.over for stream in self.streams.values())
            for line in self._news(over):
                merged.add(line, time.monotonic())
                yield from merged.ready(time.monotonic())
            yield from merged.ready(time.monotonic())
            if over:
                yield from merged.rest()
                return self._refuse()
            if self._follow and time.monotonic() - self._asked > NEWS:
                self._go_on()

    def _news(self, over: bool) -> Iterator[LogLine]:
        """What was read meanwhile, as much as can wait to be shown."""
        for _ in range(QUEUE + len(self.streams)):
            try:
                line = self._queue.get(timeout=0.0 if over else 0.1)
            except queue.Empty:
                return
            yield line

    def _go_on(self) -> None:
        """Look for news; streams that ended, as after a change of leader, are opened again where they stopped."""
        from skep.engine.logs import LogLine

        try:
            self.look()
        except ConnectError as error:
            host = self._api.host
            again = "run the same command again: another manager is asked"
            raise ConnectError("was lost", host=host, cause=error.cause or error.message, next_action=again) from None
        for stream in self.streams.values():
            if stream.over:
                if isinstance(stream.error, StepFailed):
                    with suppress(queue.Full):
                        words = stream.error.cause or stream.error.message
                        self._queue.put_nowait(LogLine(stream.service["Spec"]["Name"], "error", words))
                newest = max(filter(None, stream.last.values()), default=None)
                self._start(stream, tail="all", since=_seconds(newest))

    def _refuse(self) -> None:
        for stream in self.streams.values():
            if stream.error:
                raise stream.error

    def remark(self, tell: Reporter, line: LogLine) -> None:
        """Once what the engine says of its own: no task has printed it."""
        from skep.engine.logs import missing_output

        words = missing_output(line.text, self._nodes)
        if words and (line.service, words) not in self._said:
            self._said.add((line.service, words))
            tell.note(f"{line.service}: {words}")

    def named(self, line: LogLine) -> dict[str, str]:
        """A line with names instead of IDs; a task that is new is asked for, at most once a second."""
        if line.task and line.task not in self._tasks and time.monotonic() - self._asked > 1.0:
            self.look()
        return {
            "time": line.time,
            "service": line.service,
            "task": self._tasks.get(line.task, line.task[:12] or line.service),
            "node": self._nodes.get(line.node, line.node),
            "stream": line.stream,
            "text": line.text,
        }


def _seconds(text: str | None) -> float:
    from skep.engine.tasks import parse_time

    return (parse_time(text) if text else datetime.now(UTC)).timestamp()
