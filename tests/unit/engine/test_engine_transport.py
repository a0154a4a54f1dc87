"""Requests to an engine: what changes something is permitted right before it is sent, and not without the lock."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from skep.engine.clients import Clients
from skep.errors import LockLost
from skep.lease import Limits


class Daemon(HTTPServer):
    """An engine that notes what it is asked to change; and the session that leads there."""

    host = "m1"

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.writes: list[str] = []
        self.log: list[str] = []

    def stream(self, words: str, *, timeout: float) -> socket.socket:
        self.log.append("connected")
        return socket.create_connection(self.server_address[:2], timeout)  # type: ignore[arg-type]


class Handler(BaseHTTPRequestHandler):
    server: Daemon

    def do_GET(self) -> None:
        body = json.dumps({"ApiVersion": "1.41"}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.server.log.append("written")
        self.server.writes.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_DELETE = do_POST  # noqa: N815

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    with Daemon() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


class Lost(Limits):
    """Limits of a step whose lock is lost."""

    def check(self) -> None:
        raise LockLost("the cluster lock was lost")


def test_without_the_lock_nothing_is_written_and_all_may_be_read(daemon: Daemon) -> None:
    with Clients({"m1": daemon}).lend("m1", "x") as api:  # type: ignore[arg-type]
        api.limits = Lost()
        assert api.read("/info")
        for change in (lambda: api.write("/services/create", {}), lambda: api.remove_node("n")):
            with pytest.raises(LockLost):
                change()
    assert daemon.writes == []


def test_permission_is_asked_for_when_nothing_but_the_sending_is_left(daemon: Daemon) -> None:
    class Noted(Limits):
        def check(self) -> None:
            daemon.log.append("permitted")

    clients = Clients({"m1": daemon})  # type: ignore[arg-type]
    with clients.lend("m1", "x") as api:
        api.limits = Noted()
        daemon.log.clear()
        api.write("/services/create", {})
    assert daemon.log == ["connected", "permitted", "written"]
    with clients.lend("m1", "y") as again:
        assert again is api
        assert not isinstance(again.limits, Noted)
