"""Engines and sessions that are not there, for a performer to ask."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from skep.apply.perform import Performer
from skep.errors import ConnectError
from skep.holder import me
from skep.lock.lease import Lease, now
from skep.model import Secret
from skep.ssh import Result

COMMON = {"title": "t", "cause": "c"}


class Api:
    """An engine: ``manager`` or not; ``lost`` raises as a dead connection does."""

    def __init__(self, host: str, *, manager: bool = True, lost: bool = False, error: str = "") -> None:
        self.host = host
        self.manager, self.lost, self.error = manager, lost, error

    def info(self) -> dict[str, Any]:
        if self.lost:
            raise ConnectError("the engine cannot be asked", host=self.host)
        return {"Swarm": {"ControlAvailable": self.manager, "Error": self.error, "NodeID": f"id-{self.host}"}}

    def inspect_swarm(self) -> dict[str, Any]:
        return {"JoinTokens": {"Manager": "SWMTKN-manager", "Worker": f"SWMTKN-worker-{self.host}"}}


class Clients:
    def __init__(self, *apis: Api) -> None:
        self.apis = {api.host: api for api in apis}
        self.lent: list[str] = []

    @contextmanager
    def lend(self, host: str, _: str) -> Iterator[Api]:
        self.lent.append(host)
        yield self.apis[host]

    def close(self) -> None:
        self.lent.append("closed")


class Session:
    """Gives one result for every script, or raises it."""

    def __init__(self, result: Any) -> None:
        self.result = result
        self.scripts: list[str] = []
        self.busy = self.most = 0
        self._lock = threading.Lock()

    def run(self, script: str, *, timeout: float, to_the_end: str) -> Result:
        with self._lock:
            self.busy += 1
            self.most = max(self.most, self.busy)
        self.scripts.append(script)
        if isinstance(self.result, Exception):
            raise self.result
        time.sleep(0.02 if self.result.out == "slow" else 0)
        with self._lock:
            self.busy -= 1
        return self.result  # type: ignore[no-any-return]


def held(**more: Any) -> Lease:
    """A lock that was just taken."""
    made = Lease(me("cluster.up"), ["m1"], **more)
    made.number = 7
    made.extend("m1", now())
    return made


class Sessions(dict[str, Session]):
    """As a pool: sessions by host name."""

    @property
    def hosts(self) -> tuple[str, ...]:
        return tuple(self)


def performer(*apis: Api, hides: Sequence[Secret] = (), **sessions: Any) -> Performer:
    pool: Any = Sessions({name: Session(result) for name, result in sessions.items()})
    made = Performer(pool, [api.host for api in apis], held(), hides)
    made._managers.clients = Clients(*apis)  # type: ignore[assignment]
    return made
