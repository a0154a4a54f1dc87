"""Logs of services, as the managers gather them from the nodes: one stream a service."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import unquote

from skep.dataclass import dataclass
from skep.engine.frames import Framed
from skep.engine.tasks import Service, parse_time
from skep.engine.transport import EngineClient
from skep.swarm.labels import NODE_ID, TASK_ID
from skep.swarm.service import has_terminal

UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0}

HOLD = 0.3
"""Seconds a line is held, so that an older one of another stream can go before it."""

MOST = 16 * 1024 * 1024
"""Bytes held at most; beyond that the oldest go out, held or not."""

LINE = 600
"""Bytes that a line takes besides its text."""

GRABBING = "Error grabbing logs: "
"""How the engine begins what it says of its own in a log."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of a task's output. ``time`` as the node wrote it (RFC 3339, nanoseconds); ``task`` and ``node`` are IDs.

    ``stream``: ``stdout``, ``stderr``, or ``error`` where the engine says why there is no log; that has no time, task
    or node.
    """

    service: str
    stream: str
    text: str
    time: str = ""
    task: str = ""
    node: str = ""


def read_log(api: EngineClient, service: Service, *, follow: bool, tail: str, since: float | None) -> Iterator[LogLine]:
    """A service's log, as it comes. ``tail`` is a number a task or ``all``, ``since`` seconds since 1970.

    With ``follow`` it goes on until the connection ends; later tasks of the service are in it too.
    """
    name = service["Spec"]["Name"]
    frames = Framed(tty=has_terminal(service["Spec"]))
    query = {"stdout": 1, "stderr": 1, "timestamps": 1, "details": 1, "tail": tail, "follow": int(follow)}
    if since is not None:
        query["since"] = f"{since:.9f}"
    for data in api.service_log(service["ID"], query):
        yield from (log_line(name, stream, line) for stream, line in frames.feed(data))
    yield from (log_line(name, stream, line) for stream, line in frames.rest())


def log_line(service: str, stream: str, line: bytes) -> LogLine:
    """From the engine's ``TIME KEY=VALUE,… TEXT``."""
    text = line.decode(errors="replace")
    time, _, rest = text.partition(" ")
    details, _, words = rest.partition(" ")
    labels = {key: unquote(value) for key, _, value in (pair.partition("=") for pair in details.split(","))}
    if stream == "error" or TASK_ID not in labels:
        # With a terminal all streams are one.
        return LogLine(service, "error" if text.startswith(GRABBING) else stream, text)
    return LogLine(service, stream, words, time, labels[TASK_ID], labels.get(NODE_ID, ""))


def missing_output(words: str, nodes: Mapping[str, str]) -> str:
    """What the engine says of its own in a log, for people: whose output is missing, and why.

    Empty where that is only tasks that no node has got yet: those have printed nothing.
    """
    reasons = re.search(r"incomplete log stream.*?following reasons: (.*)", words, re.DOTALL)
    if not reasons:
        return words.removeprefix(GRABBING).strip()
    left = [one for one in reasons[1].strip().split(", ") if not re.fullmatch(r"task \w+ has not been scheduled", one)]
    named = [re.sub(r"(?<=^node )(\w+)", lambda found: nodes.get(found[1], found[1]), one) for one in left]
    return f"some output is missing: {', '.join(named)}" if named else ""


def moment(text: str, now: datetime) -> float:
    """``10m``, ``1h30m``, ``2d`` before ``now``, or a time in RFC 3339: seconds since 1970. Raises ``ValueError``."""
    if re.fullmatch(r"(\d+[dhms])+", text):
        ago = sum(int(number) * UNITS[unit] for number, unit in re.findall(r"(\d+)([dhms])", text))
        return (now - timedelta(seconds=ago)).timestamp()
    if re.fullmatch(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?)?", text):
        return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
    return parse_time(text).timestamp()


@dataclass(slots=True)
class Interleaved:
    """Lines of several streams, by time. Holds each for a moment, and never more than ``MOST`` bytes."""

    hold: float = HOLD
    most: int = MOST
    _heap: list[tuple[str, int, float, LogLine]] = field(default_factory=list)
    _bytes: int = 0
    _number: Any = field(default_factory=count)
    _latest: str = ""

    def add(self, line: LogLine, now: float) -> None:
        """Take one, at ``now`` seconds of any clock. What has no time goes with what came before it."""
        self._latest = max(self._latest, line.time)
        heapq.heappush(self._heap, (line.time or self._latest, next(self._number), now, line))
        self._bytes += len(line.text) + LINE

    def ready(self, now: float) -> Iterator[LogLine]:
        """Those that were held for long enough, in order, and those there is no room for."""
        while self._heap and (self._bytes > self.most or now - self._heap[0][2] >= self.hold):
            yield self._pop()

    def rest(self) -> Iterator[LogLine]:
        """All, in order."""
        while self._heap:
            yield self._pop()

    def _pop(self) -> LogLine:
        line = heapq.heappop(self._heap)[3]
        self._bytes -= len(line.text) + LINE
        return line
