"""Engine clients for a run: a few a host, lent to one thread at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from skep.engine.failures import engine_errors
from skep.engine.transport import EngineClient, Watched
from skep.lock.lease import Limits
from skep.ssh import Pool

PER_HOST = 6
"""Channels for the Engine API on one login; sshd's stock MaxSessions is 10, scripts need some too."""


class Clients:
    """Lends clients by host name; keeps them open between loans."""

    def __init__(self, pool: Pool, watched: Watched = lambda client: nullcontext()) -> None:
        self._pool = pool
        self._watched = watched
        self._idle: dict[str, list[EngineClient]] = {}
        self._slots: dict[str, threading.BoundedSemaphore] = {}
        self._lock = threading.Lock()

    @contextmanager
    def lend(self, host: str, step: str) -> Iterator[EngineClient]:
        """A client of that host's engine. What the SDK raises inside becomes our errors, naming the step."""
        with self._lock:
            slot = self._slots.setdefault(host, threading.BoundedSemaphore(PER_HOST))
        with slot, engine_errors(host, step):
            api = self._take(host)
            try:
                yield api
            except BaseException:
                api.close()
                raise
            api.limits = Limits()
            with self._lock:
                self._idle.setdefault(host, []).append(api)

    def _take(self, host: str) -> EngineClient:
        with self._lock:
            idle = self._idle.get(host)
            if idle:
                return idle.pop()
        return EngineClient(self._pool[host], watched=self._watched)

    def close(self) -> None:
        """Close what is idle."""
        with self._lock:
            for api in [api for idle in self._idle.values() for api in idle]:
                api.close()
            self._idle.clear()
