"""Watching a swarm that is played: events come from hosts, lists from one manager, until that is lost."""

from __future__ import annotations

import json
import queue
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from skep.converge import Site
from skep.errors import ConnectError
from skep.model import Cluster, Host
from skep.picture import streams as streams_room
from skep.picture.streams import FILTERS, Streams, kind_of
from skep.picture.watch import Watch
from tests.unit.picture.test_picture_reading import node, service, task

HOSTS = ("m1", "m2", "w1")
CLUSTER = Cluster("prod", tuple(Host(name, f"10.0.0.{place}", "manager") for place, name in enumerate(HOSTS, 1)))
CONTAINER = {"Type": "container", "Action": "die", "Actor": {"Attributes": {"com.docker.swarm.task.id": "t1"}}}


class Swarm:
    """What managers list, and who of them answers; ``listings`` counts those at work at once."""

    def __init__(self) -> None:
        self.lost: set[str] = set()
        self.asked: list[str] = []
        self.nodes = [node(1, "m1", leader=True), node(2, "m2", leader=True), node(3, "w1")]
        self.nodes[1]["ManagerStatus"] = {"Leader": False, "Reachability": "reachable"}
        self.running = 2
        self.at_work = self.most = 0

    @contextmanager
    def ask(self, site: Any) -> Iterator[Any]:
        alive = [name for name in ("m1", "m2") if name not in self.lost]
        if not alive:
            raise ConnectError("no manager of a swarm could be asked", cause="all are silent")
        yield Manager(self, alive[0])


class Manager:
    def __init__(self, swarm: Swarm, host: str) -> None:
        self.swarm, self.host, self.timeout = swarm, host, 60

    def _asked(self, what: str) -> None:
        self.swarm.at_work += 1
        self.swarm.most = max(self.swarm.most, self.swarm.at_work)
        try:
            if self.host in self.swarm.lost:
                raise ConnectError("the engine cannot be asked", host=self.host, cause="timed out")
            self.swarm.asked.append(what)
        finally:
            self.swarm.at_work -= 1

    def nodes(self) -> Any:
        self._asked("nodes")
        return self.swarm.nodes

    def services(self, *, status: bool) -> Any:
        self._asked("services")
        return [service("shop_web", 2, self.swarm.running)]

    def tasks(self) -> Any:
        self._asked("tasks")
        return [task(1, "n1"), task(2, "n3", *(() if self.swarm.running == 2 else ("failed", "shutdown")))]


class Engines:
    """Hosts whose events the test sends; ``broken`` ones cannot be reached."""

    hosts = HOSTS

    def __init__(self) -> None:
        self.events: dict[str, queue.SimpleQueue[Any]] = {name: queue.SimpleQueue() for name in HOSTS}
        self.listened = dict.fromkeys(HOSTS, 0)
        self.filters: list[Any] = []
        self.broken: set[str] = set()

    def __getitem__(self, host: str) -> str:
        return host


class Client:
    def __init__(self, engines: Engines, host: str) -> None:
        self.engines, self.host = engines, host

    def events(self, *, filters: Any, decode: bool) -> Iterator[Any]:
        if self.host in self.engines.broken:
            raise ConnectError("cannot be reached", host=self.host, cause="no route")
        self.engines.listened[self.host] += 1
        self.engines.filters.append((filters, decode))
        return iter(self.engines.events[self.host].get, None)

    def close(self) -> None:
        pass


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch) -> Engines:
    made = Engines()
    monkeypatch.setattr("skep.engine.EngineClient", lambda host: Client(made, host))
    monkeypatch.setattr(streams_room, "FIRST", 0.01)
    return made


def said(look: Any) -> list[str]:
    return [change.text for change in look[1]]


def test_events_lead_to_one_reading_of_what_they_are_about_and_to_a_look_where_it_changed(engines: Engines) -> None:
    swarm = Swarm()
    watch = Watch(Site(CLUSTER, engines, [], []), swarm.ask)  # type: ignore[arg-type]
    looks = watch.looks()
    first = next(looks)
    assert said(first) == [
        "m1 answers: 2 of 2 managers reachable; one more loss stops changes; 3 of 3 nodes well;"
        " 1 of 1 services as desired"
    ]
    assert engines.filters[0] == (FILTERS, True)
    swarm.running = 1
    engines.events["w1"].put(CONTAINER)
    assert said(next(looks)) == ["shop_web: 1 of 2 running", "shop_web.2: failed on w1: no error is reported"]
    before = len(swarm.asked)
    swarm.running = 2
    for _ in range(20):
        engines.events["w1"].put(CONTAINER)
    assert said(next(looks)) == ["shop_web: 2 of 2 running"]
    assert "nodes" not in swarm.asked[before:] and len(swarm.asked) - before <= 4 and swarm.most == 1
    looks.close()


def test_another_manager_is_asked_when_one_is_lost_and_said_so(engines: Engines) -> None:
    swarm = Swarm()
    looks = Watch(Site(CLUSTER, engines, [], []), swarm.ask).looks()  # type: ignore[arg-type]
    next(looks)
    swarm.lost.add("m1")
    swarm.nodes[0]["Status"]["State"] = "down"
    engines.events["m2"].put({"Type": "node", "Action": "update", "Actor": {"Attributes": {"state.new": "down"}}})
    assert said(next(looks)) == [
        "m2 answers now: m1: the engine cannot be asked: timed out",
        "m1: ready → down",
        "shop_web: 1 of 2 running",
    ]
    swarm.lost.add("m2")
    engines.events["m2"].put({"Type": "service", "Action": "update", "Actor": {}})
    look = next(looks)
    (lost,) = said(look)
    assert lost.startswith("no manager in a quorum answers; asking again") and look[0].machines
    swarm.lost.clear()
    swarm.nodes[0]["Status"]["State"] = "ready"
    assert said(next(looks))[-2:] == ["m1: down → ready", "shop_web: 2 of 2 running"]
    looks.close()


def test_without_any_manager_at_the_beginning_it_ends(engines: Engines) -> None:
    swarm = Swarm()
    swarm.lost |= {"m1", "m2"}
    with pytest.raises(ConnectError):
        next(Watch(Site(CLUSTER, engines, [], []), swarm.ask).looks())  # type: ignore[arg-type]


def test_a_stream_that_breaks_is_named_and_opened_again(engines: Engines) -> None:
    swarm = Swarm()
    looks = Watch(Site(CLUSTER, engines, [], []), swarm.ask).looks()  # type: ignore[arg-type]
    next(looks)
    engines.broken.add("w1")
    engines.events["w1"].put(None)
    assert said(next(looks)) == ["w1: its events do not arrive: the engine ended them; trying again"]
    engines.broken.clear()
    assert said(next(looks)) == ["w1: its events arrive again"]
    assert engines.listened["w1"] == 2
    looks.close()


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (CONTAINER, "container"),
        ({"Type": "container", "Action": "die", "Actor": {"Attributes": {"image": "x"}}}, ""),
        ({"Type": "node", "Action": "update"}, "node"),
        ({}, ""),
    ],
)
def test_only_containers_of_tasks_count(event: dict[str, Any], kind: str) -> None:
    assert kind_of(event) == kind


class Engine(BaseHTTPRequestHandler):
    """An engine that answers /events as moby does: headers at once, then an object a chunk."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        if "/events" not in self.path:
            self._chunk({"ApiVersion": "1.45", "MinAPIVersion": "1.24"})
            self.wfile.write(b"0\r\n\r\n")
            return
        self.server.paths.append(self.path)  # type: ignore[attr-defined]
        for event in (CONTAINER, {"Type": "node", "Action": "update"}):
            self._chunk(event)

    def _chunk(self, content: Any) -> None:
        data = json.dumps(content).encode() + b"\n"
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def log_message(self, *_: Any) -> None:
        pass


class Session:
    host = "m1"

    def __init__(self, address: Any) -> None:
        self._address = address

    def stream(self, words: str, *, timeout: float) -> socket.socket:
        return socket.create_connection(self._address, timeout)


def test_events_are_heard_through_the_engine_api_as_they_come() -> None:
    heard: queue.SimpleQueue[str] = queue.SimpleQueue()
    with ThreadingHTTPServer(("127.0.0.1", 0), Engine) as server:
        server.daemon_threads = True
        server.paths = []  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        with Streams({"m1": Session(server.server_address)}, ["m1"], heard.put):  # type: ignore[arg-type, dict-item]
            assert [heard.get(timeout=60) for _ in range(3)] == ["all", "container", "node"]
        server.shutdown()
        assert "filters=" in server.paths[0]  # type: ignore[attr-defined]
