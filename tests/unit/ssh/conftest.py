"""Servers on loopback and sessions to them; what they trust and run lies in the test's folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import paramiko
import pytest

from skep.model import Access, Secret
from skep.ssh import Session
from skep.ssh.gateways import Gateways, Hop
from tests.unit.ssh.servers import PASSWORD, Server


@pytest.fixture(scope="session")
def keys() -> list[paramiko.PKey]:
    return [paramiko.ECDSAKey.generate() for _ in range(3)]


@pytest.fixture
def serve(keys: list[paramiko.PKey], tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts a server; all end with the test."""
    servers: list[Server] = []

    def start(**more: Any) -> Server:
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        servers.append(Server(more.pop("key", keys[0]), folder, **more))
        return servers[-1]

    yield start
    for server in servers:
        with suppress(OSError):
            server.close()


@pytest.fixture
def access(tmp_path: Path) -> Callable[..., Access]:
    def of(server: Server, **more: Any) -> Access:
        settings: dict[str, Any] = {
            "user": "root", "port": server.port, "password": Secret(PASSWORD), "agent": False, "retries": 0,
            "host_keys": "accept-new", "known_hosts": tmp_path / "known_hosts", "connect_timeout": 60.0,
            "config": tmp_path / "ssh_config",
        }  # fmt: skip
        return Access(**(settings | more))

    (tmp_path / "ssh_config").write_text("")
    return of


@pytest.fixture
def login(access: Callable[..., Access]) -> Iterator[Callable[..., Session]]:
    """A session to a server; gateways are servers too, outermost first."""
    sessions: list[Session] = []
    shared = Gateways()

    def make(server: Server, *gateways: Server, **more: Any) -> Session:
        hops = [Hop("127.0.0.1", access(gateway)) for gateway in gateways]
        session = Session("m1", "127.0.0.1", access(server, **more), hops, shared)
        sessions.append(session)
        return session

    yield make
    for session in sessions:
        session.close()
    shared.close()
