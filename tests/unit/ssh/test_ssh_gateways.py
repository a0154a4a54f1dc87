"""Hosts behind gateways, refused logins, and the pool of sessions."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import paramiko
import pytest

from skep.errors import ConnectError, HostKeyError, LoginError, SkepError
from skep.model import Access, Host, Secret
from skep.ssh import Pool, Session
from skep.ssh import gateways as module
from skep.ssh.connection import UNREACHED, build
from skep.ssh.gateways import written
from skep.waiting import until
from tests.unit.ssh.servers import PASSWORD, Server

Serve = Callable[..., Server]
Login = Callable[..., Session]


def test_a_host_behind_two_gateways(serve: Serve, login: Login) -> None:
    target, outer, inner = serve(), serve(), serve()
    here = login(target, outer, inner)
    assert here.run("echo out").out == "out\n"
    assert [server.logins for server in (target, outer, inner)] == [1, 1, 1]
    assert [len(server.commands) for server in (target, outer, inner)] == [1, 0, 0]
    outermost = here._logins._connection.gateway.gateway.transport.sock
    assert outermost.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_gateway_that_breaks_is_opened_again(serve: Serve, login: Login) -> None:
    target, gateway = serve(), serve()
    here = login(target, gateway)
    here.run("true")
    gateway.drop()
    while here._logins._connection.is_connected:
        time.sleep(0.01)
    assert here.run("echo again").out == "again\n"


def test_nothing_listens_behind_the_gateway(serve: Serve, login: Login) -> None:
    target, gateway = serve(), serve()
    target.close()
    with pytest.raises(ConnectError) as failure:
        login(target, gateway).run("true")
    assert failure.value.cause is not None
    assert failure.value.cause.startswith(f"127.0.0.1 port {target.port}: ")
    assert failure.value.cause.endswith(" (through the gateway 127.0.0.1)")


def test_a_silent_host_behind_a_gateway_costs_the_timeout(serve: Serve, login: Login) -> None:
    target, gateway = serve(), serve(frozen="forward")
    here = login(target, gateway)
    here.hops = [replace(hop, access=replace(hop.access, connect_timeout=0.4)) for hop in here.hops]
    with pytest.raises(ConnectError, match=UNREACHED):
        here.run("true")


def test_a_gateway_whose_key_changed_is_named(serve: Serve, login: Login, tmp_path: Path) -> None:
    target, gateway = serve(), serve()
    other = paramiko.ECDSAKey.generate()
    name = f"[127.0.0.1]:{gateway.port}"
    (tmp_path / "known_hosts").write_text(f"{name} {other.get_name()} {other.get_base64()}\n")
    with pytest.raises(HostKeyError) as failure:
        login(target, gateway).run("true")
    assert failure.value.message.startswith("the host key of the gateway 127.0.0.1 has changed")
    assert f"ssh-keygen -R '{name}' -f" in str(failure.value.next_action)


def test_a_refused_login_says_who_was_refused_where(serve: Serve, login: Login) -> None:
    target, gateway = serve(), serve()
    with pytest.raises(LoginError) as failure:
        login(target, user="ops", password=Secret("wrong")).run("true")
    assert failure.value.lines() == [
        "m1: connect: login as ops was refused",
        "  cause: it did not take the password",
        f"  next:  try: ssh -p {target.port} ops@127.0.0.1; then set ssh.user, ssh.key or ssh.agent in the inventory",
    ]
    here = login(target, gateway)
    here.hops = [replace(hop, access=replace(hop.access, password=Secret("wrong"))) for hop in here.hops]
    with pytest.raises(LoginError, match=r"login as root of the gateway 127\.0\.0\.1 was refused"):
        here.run("true")


def test_what_was_refused_leaves_no_open_connection(serve: Serve, login: Login) -> None:
    server = serve()
    for more in ({"host_keys": "strict"}, {"password": Secret("wrong")}):
        with pytest.raises(ConnectError):
            login(server, **more).run("true")
    deadline = time.monotonic() + 60
    while any(transport.is_active() for transport in server.transports):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_an_unreachable_host_is_tried_as_often_as_said(
    serve: Serve, login: Login, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[float] = []
    monkeypatch.setattr("skep.ssh.connection.time", SimpleNamespace(monotonic=time.monotonic, sleep=tries.append))
    server = serve()
    server.close()
    with pytest.raises(ConnectError):
        login(server, retries=3).run("true")
    assert tries == pytest.approx([0.3, 0.6, 0.9])


def pool_of(servers: list[Server], access: Callable[..., Access], **more: object) -> Pool:
    hosts = [Host(f"h{place}", "127.0.0.1", "worker") for place in range(len(servers))]
    return Pool(hosts, {f"h{place}": access(server) for place, server in enumerate(servers)}, **more)  # type: ignore[arg-type]


def test_a_pool_keeps_failures_as_values_and_logs_out(serve: Serve, access: Callable[..., Access]) -> None:
    servers = [serve(), serve(), serve()]
    servers[1].close()
    with pool_of(servers, access) as pool:
        found = pool.map(lambda session: session.run("echo out").out, pool.hosts)
        assert list(found) == ["h0", "h1", "h2"]
        assert isinstance(found.pop("h1"), SkepError)
        assert found == {"h0": "out\n", "h2": "out\n"}
        assert pool.map(lambda session: session.host, []) == {}
    with pytest.raises(ConnectError, match="the run has ended"):
        pool["h0"].run("true")


def test_a_pool_works_on_so_many_hosts_at_once(serve: Serve, access: Callable[..., Access]) -> None:
    busy: list[int] = []
    running = threading.Semaphore(3)

    def work(_: Session) -> None:
        busy.append(running.acquire(blocking=False))
        time.sleep(0.02)
        running.release()

    pool_of([serve() for _ in range(9)], access, width=3).map(work, [f"h{place}" for place in range(9)])
    assert busy == [True] * 9


@pytest.fixture
def behind(serve: Serve, access: Callable[..., Access]) -> Iterator[tuple[Pool, Server, list[Server]]]:
    """A pool of five hosts behind one gateway, that gateway, and the hosts' servers."""
    bastion, servers = serve(), [serve() for _ in range(5)]
    hosts = [Host(f"h{place}", "127.0.0.1", "worker") for place in range(5)]
    logins = {
        host.name: replace(access(server), gateways=("bastion",)) for host, server in zip(hosts, servers, strict=True)
    }
    with Pool([*hosts, Host("bastion", "127.0.0.1", "manager")], logins | {"bastion": access(bastion)}) as pool:
        yield pool, bastion, servers


def everywhere(pool: Pool, script: str) -> list[str | SkepError]:
    return list(pool.map(lambda session: session.run(script, timeout=120).out, pool.hosts[:5]).values())


def test_all_hosts_behind_a_gateway_share_one_login_there(behind: tuple[Pool, Server, list[Server]]) -> None:
    pool, bastion, servers = behind
    for _ in range(2):
        assert everywhere(pool, "echo out") == ["out\n"] * 5
    assert bastion.logins == 1
    assert [server.logins for server in servers] == [1] * 5
    servers[0].drop()
    while pool["h0"]._logins._connection.is_connected:
        time.sleep(0.01)
    assert everywhere(pool, "echo out") == ["out\n"] * 5
    assert bastion.logins == 1
    assert [server.logins for server in servers] == [2, 1, 1, 1, 1]


def test_a_lost_gateway_is_named_by_every_host_and_opened_once_more(
    behind: tuple[Pool, Server, list[Server]], tmp_path: Path
) -> None:
    pool, bastion, _ = behind
    everywhere(pool, "true")

    def drop() -> None:
        while len(list(tmp_path.glob("begun.*"))) < 5:
            time.sleep(0.01)
        bastion.drop()

    dropping = threading.Thread(target=drop, daemon=True)
    dropping.start()
    failures = everywhere(pool, f"touch {tmp_path}/begun.$$; sleep 120")
    dropping.join()
    assert [str(failure) for failure in failures] == [
        f"h{place}: the connection broke\n  cause: the connection to the gateway 127.0.0.1 was lost\n"
        "  next:  run the same command again; it continues where it stopped"
        for place in range(5)
    ]
    assert everywhere(pool, "echo out") == ["out\n"] * 5
    assert bastion.logins == 2


def test_a_gateway_that_refuses_is_asked_once_and_named_by_every_host(
    behind: tuple[Pool, Server, list[Server]], monkeypatch: pytest.MonkeyPatch
) -> None:
    pool, bastion, servers = behind
    ready = threading.Barrier(5)
    bastion.close()
    tries: list[object] = []
    connect = socket.create_connection

    def slowly(*place: object, **more: object) -> socket.socket:
        """Until all have come for it."""
        tries.append(place[0])
        assert until(lambda: came == 4, seconds=60, every=0.01)
        return connect(*place, **more)  # type: ignore[arg-type]

    came, usable = 0, module._usable

    def counted(login: Any) -> bool:
        """Asked under a lock, by each but the first."""
        nonlocal came
        came += 1
        return usable(login)

    monkeypatch.setattr(module, "_usable", counted)
    monkeypatch.setattr("skep.ssh.connection.socket.create_connection", slowly)

    def together(session: Session) -> str:
        ready.wait(60)
        return session.run("true").out

    failures = list(pool.map(together, pool.hosts[:5]).values())
    assert tries == [("127.0.0.1", bastion.port)]
    assert [str(failure).splitlines()[:2] for failure in failures] == [
        [
            f"h{place}: connect: its gateway 127.0.0.1 {UNREACHED}",
            f"  cause: 127.0.0.1 port {bastion.port}: Connection refused",
        ]
        for place in range(5)
    ]
    assert not any(server.logins for server in servers)


def test_a_pool_that_is_left_has_logged_out_at_the_gateway(serve: Serve, access: Callable[..., Access]) -> None:
    bastion, server = serve(), serve()
    hosts = [Host("h0", "127.0.0.1", "worker"), Host("bastion", "127.0.0.1", "manager")]
    with Pool(hosts, {"h0": replace(access(server), gateways=("bastion",)), "bastion": access(bastion)}) as pool:
        pool["h0"].run("true")
    deadline = time.monotonic() + 60
    while any(transport.is_active() for transport in bastion.transports):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    with pytest.raises(ConnectError, match="the run has ended"):
        pool._gateways.through(pool["h0"].hops, "h0")


def test_another_login_at_the_same_gateway_is_another_one() -> None:
    own = Access(user="ops", port=2222, gateways=("jump@edge:22",), sudo_password=Secret("a"))
    assert written("jump@edge:22", own).login == written("jump@edge:22", replace(own, user="me", sudo=False)).login
    assert written("edge", own).login != written("edge", replace(own, user="me")).login
    assert written("jump@edge:22", own).login != written("jump@edge:22", replace(own, password=Secret("b"))).login


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("edge", ("edge", "ops", 2222)),
        ("edge:22", ("edge", "ops", 22)),
        ("jump@edge", ("edge", "jump", None)),
        ("jump@edge:22", ("edge", "jump", 22)),
        ("jump@[2001:db8::1]:22", ("2001:db8::1", "jump", 22)),
    ],
)
def test_a_gateway_as_the_inventory_writes_it(text: str, place: tuple[str, str, int | None]) -> None:
    hop = written(text, Access(user="ops", port=2222))
    assert (hop.address, hop.access.user, hop.access.port) == place
    build(hop.address, hop.access)


def test_gateways_come_from_the_inventory_or_are_addresses(tmp_path: Path) -> None:
    hosts = [Host("bastion", "192.0.2.1", "worker"), Host("m1", "10.0.0.1", "manager")]
    access = {
        "bastion": Access(user="jump"),
        "m1": Access(user="root", gateways=("ops@edge:2222", "bastion"), password=Secret(PASSWORD)),
    }
    hops = Pool(hosts, access)["m1"].hops
    assert [(hop.address, hop.access.user) for hop in hops] == [("edge", "ops"), ("192.0.2.1", "jump")]
