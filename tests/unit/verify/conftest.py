"""Hosts that are not there: sessions answering from a table, and a pool of them."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from skep.errors import ConnectError
from skep.model import Cluster, Host
from skep.ssh import Result
from skep.verify import Check, run

AWAKE = "MainPID=1\n"


class FakeSession:
    """Answers a script with the first entry of its table whose key is in the script; notes what it was asked."""

    def __init__(self, host: str, table: Mapping[str, Any]) -> None:
        self.host = host
        self.table = dict(table)
        self.asked: list[str] = []

    def run(self, script: str, *, timeout: float = 60.0) -> Result:
        self.asked.append(script)
        assert timeout <= 60
        for key, answer in self.table.items():
            if key in script:
                if isinstance(answer, Exception):
                    raise answer
                if callable(answer):
                    answer = answer(script)
                return answer if isinstance(answer, Result) else Result(0, answer, "")
        return Result(0, "", "")

    def close(self) -> None:
        pass


class FakePool:
    """As ``skep.ssh.Pool``, one after the other."""

    width = 4

    def __init__(self, *sessions: FakeSession) -> None:
        self.sessions = {session.host: session for session in sessions}

    @property
    def hosts(self) -> tuple[str, ...]:
        return tuple(self.sessions)

    def __getitem__(self, host: str) -> FakeSession:
        return self.sessions[host]

    def shell(self, host: str) -> FakeSession:
        return self.sessions[host]


@pytest.fixture
def session() -> Callable[..., FakeSession]:
    return lambda host="m1", **table: FakeSession(host, table.get("table", {}))


@pytest.fixture
def pool() -> Callable[..., FakePool]:
    """A pool of hosts with their tables."""
    return lambda **tables: FakePool(*(FakeSession(host, table) for host, table in tables.items()))


@pytest.fixture
def unreachable() -> ConnectError:
    return ConnectError("cannot be reached", host="w1", cause="10.0.0.2 port 22: no answer in time")


@pytest.fixture
def pair() -> Cluster:
    """A manager and a worker."""
    return Cluster("test", (Host("m1", "10.0.0.1", "manager"), Host("w1", "10.0.0.2", "worker")))


@pytest.fixture
def verify(tmp_path: Path, pair: Cluster, pool: Callable[..., FakePool]) -> Callable[..., list[Check]]:
    """Run the text of a ``verify.py`` on two hosts that answer everything with success."""

    def go(text: str, *, role: str = "thing", on: FakePool | None = None, **options: Any) -> list[Check]:
        file = tmp_path / role / "verify.py"
        file.parent.mkdir()
        file.write_text(textwrap.dedent(text))
        cluster = options.pop("cluster", pair)
        hosts = options.pop("hosts", [host.name for host in cluster.hosts])
        return run(cluster, on or pool(m1={}, w1={}), {role: file}, hosts=hosts, **options)  # type: ignore[arg-type]

    return go
