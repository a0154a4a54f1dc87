"""Requests to an engine: what changes something is permitted right before it is sent, and not without the lock."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from skep.engine.clients import Clients
from skep.errors import LockLost
from skep.lock.lease import Limits


class Daemon(HTTPServer):
    """An engine that notes what it is asked to change; and the session that leads there."""

    host = "m1"

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.version, self.minimum = "1.41", "1.12"
        self.writes: list[str] = []
        self.log: list[str] = []

    def stream(self, words: str, *, timeout: float) -> socket.socket:
        self.log.append("connected")
        return socket.create_connection(self.server_address[:2], timeout)  # type: ignore[arg-type]


class Handler(BaseHTTPRequestHandler):
    server: Daemon

    def do_GET(self) -> None:
        if not self._refused():
            self._answer(200, {"ApiVersion": self.server.version, "MinAPIVersion": self.server.minimum})

    def _refused(self) -> bool:
        """As moby's version middleware does."""
        asked = re.match(r"/v(\d+)\.(\d+)/", self.path)
        least, most = (tuple(map(int, text.split("."))) for text in (self.server.minimum, self.server.version))
        if not asked or least <= (int(asked[1]), int(asked[2])) <= most:
            return False
        self._answer(400, {"message": f"client version {asked[1]}.{asked[2]} is too old or too new"})
        return True

    def _answer(self, status: int, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        if self._refused():
            return
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


@pytest.mark.parametrize(
    ("version", "minimum"), [("1.41", "1.12"), ("1.52", "1.44"), ("1.53", "1.40"), ("1.60", "1.52")]
)
def test_an_engine_is_spoken_to_in_its_own_version_be_it_one_that_is_not_known_yet(
    daemon: Daemon, version: str, minimum: str
) -> None:
    """Engine 29 and later are played here by what they refuse, as none is to be had for the lab: from 29.0 on versions
    below 1.44, from 29.3 on below 1.40; and one whose versions all are unknown today."""
    daemon.version, daemon.minimum = version, minimum
    with Clients({"m1": daemon}).lend("m1", "x") as api:  # type: ignore[arg-type]
        assert api.read("/services") and api.info() and api.nodes()
        api.write("/services/create", {})
        api.remove_service("s")
    assert [path.split("/")[1] for path in daemon.writes] == [f"v{version}"] * 2


def test_engines_of_different_versions_in_one_swarm_are_each_spoken_to_in_their_own(daemon: Daemon) -> None:
    daemon.version, daemon.minimum = "1.52", "1.44"
    with Daemon() as older:
        older.version = "1.41"
        thread = threading.Thread(target=older.serve_forever, args=(0.01,))
        thread.start()
        clients = Clients({"m1": daemon, "m2": older})  # type: ignore[arg-type]
        for name in ("m1", "m2"):
            with clients.lend(name, "x") as api:
                api.write("/services/create", {})
        clients.close()
        older.shutdown()
        thread.join()
        assert (daemon.writes, older.writes) == (["/v1.52/services/create"], ["/v1.41/services/create"])
