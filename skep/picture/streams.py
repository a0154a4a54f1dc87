"""What engines report as it happens: a stream of events from each host, over its login.

Managers report nodes, services and networks of the whole swarm, each manager the same. Tasks are in no event: what
becomes of them shows in containers, which each engine reports of its own. So an event only hints at what to read again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from typing import TYPE_CHECKING

from skep.errors import SkepError
from skep.json_types import mapping, text
from skep.ssh import Pool
from skep.swarm.labels import TASK_ID

if TYPE_CHECKING:
    pass

FILTERS = {
    "type": ["node", "service", "container"],
    "event": ["create", "update", "remove", "start", "die", "oom", "health_status"],
}
"""Without what health checks cause every few seconds (``exec_start`` and the like)."""
FIRST, LONGEST = 1.0, 30.0
"""Seconds until a stream that broke is asked for again: twice as long each time."""
AT_ONCE = 16
"""Logins at once."""

Heard = Callable[[str], None]
"""Gets ``node``, ``service`` or ``container``, or ``all`` where events may have been missed. Called from threads."""


class Streams:
    """A thread a host, until closed. Use as a context manager."""

    def __init__(self, pool: Pool, hosts: Iterable[str], heard: Heard) -> None:
        self._pool = pool
        self._hosts = list(hosts)
        self._heard = heard
        self._mute: dict[str, str] = {}
        self._ended = threading.Event()
        self._opening = threading.BoundedSemaphore(AT_ONCE)

    def __enter__(self) -> Streams:
        for host in self._hosts:
            threading.Thread(target=self._listen, args=(host,), name=f"events {host}", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()

    @property
    def mute(self) -> Mapping[str, str]:
        """Hosts whose events do not arrive, in the order of the inventory, with why."""
        mute = dict(self._mute)
        return {host: mute[host] for host in self._hosts if host in mute}

    def _listen(self, host: str) -> None:
        wait = FIRST
        while not self._ended.is_set():
            try:
                for kind in self._kinds(host):
                    wait = FIRST
                    self._heard(kind)
                    if self._ended.is_set():
                        return
                why = "the engine ended them"
            except SkepError as error:
                why = error.reason
            if host not in self._mute:
                self._mute[host] = why
                self._heard("all")
            self._ended.wait(wait)
            wait = min(LONGEST, wait * 2)

    def _kinds(self, host: str) -> Iterator[str]:
        """What happens there, from now on; first that something may have been missed before."""
        from skep.engine import EngineClient, engine_errors

        with engine_errors(host, "events"):
            with self._opening:
                api = EngineClient(self._pool[host])
            with closing(api):
                events = api.events(filters=FILTERS, decode=True)
                self._mute.pop(host, None)
                yield "all"
                yield from filter(None, map(kind_of, events))


def kind_of(event: Mapping[str, object]) -> str:
    """What an event is about; empty for a container that is no task's."""
    kind = text(event.get("Type"))
    if kind != "container":
        return kind
    attributes = mapping(mapping(event.get("Actor")).get("Attributes"))
    return kind if TASK_ID in attributes else ""
