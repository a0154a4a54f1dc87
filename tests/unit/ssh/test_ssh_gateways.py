"""Hosts behind gateways, refused logins, and the pool of sessions."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import paramiko
import pytest

from skep.errors import ConnectError, HostKeyError, LoginError, SkepError
from skep.model import Access, Host, Secret
from skep.ssh import Pool, Session, connection
from tests.unit.ssh.servers import PASSWORD, Server

Serve = Callable[..., Server]
Login = Callable[..., Session]


def test_a_host_behind_two_gateways(serve: Serve, login: Login) -> None:
    target, outer, inner = serve(), serve(), serve()
    here = login(target, outer, inner)
    assert here.run("echo out").out == "out\n"
    assert [server.logins for server in (target, outer, inner)] == [1, 1, 1]
    assert [len(server.commands) for server in (target, outer, inner)] == [1, 0, 0]
    outermost = list(connection.chain(here._connection))[-1].transport.sock
    assert outermost.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_gateway_that_breaks_is_opened_again(serve: Serve, login: Login) -> None:
    target, gateway = serve(), serve()
    here = login(target, gateway)
    here.run("true")
    gateway.drop()
    while here._connection.is_connected:
        time.sleep(0.01)
    assert here.run("echo again").out == "again\n"


def test_nothing_listens_behind_the_gateway(serve: Serve, login: Login) -> None:
    target, gateway = serve(), serve()
    target.close()
    with pytest.raises(ConnectError) as failure:
        login(target, gateway, connect_timeout=0.5).run("true")
    assert failure.value.cause is not None
    assert failure.value.cause.startswith(f"127.0.0.1 port {target.port}: ")


def test_a_silent_host_behind_a_gateway_costs_the_timeout(serve: Serve, login: Login) -> None:
    target, gateway = serve(), serve(frozen="forward")
    here = login(target, gateway)
    here.hops = [replace(hop, access=replace(hop.access, connect_timeout=0.4)) for hop in here.hops]
    since = time.monotonic()
    with pytest.raises(ConnectError, match="cannot be reached"):
        here.run("true")
    assert time.monotonic() - since < 3


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
        "  cause: Authentication failed",
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
    deadline = time.monotonic() + 3
    while any(transport.is_active() for transport in server.transports):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_an_unreachable_host_is_tried_as_often_as_said(
    serve: Serve, login: Login, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[float] = []
    monkeypatch.setattr("skep.ssh.connection.time.sleep", tries.append)
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


def test_gateways_come_from_the_inventory_or_are_addresses(tmp_path: Path) -> None:
    hosts = [Host("bastion", "192.0.2.1", "worker"), Host("m1", "10.0.0.1", "manager")]
    access = {
        "bastion": Access(user="jump"),
        "m1": Access(user="root", gateways=("ops@edge:2222", "bastion"), password=Secret(PASSWORD)),
    }
    hops = Pool(hosts, access)["m1"].hops
    assert [(hop.address, hop.access.user) for hop in hops] == [("ops@edge:2222", "root"), ("192.0.2.1", "jump")]
