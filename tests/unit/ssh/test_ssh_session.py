"""Scripts over a login: what comes back, and what happens when the host or the way to it does not behave."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from skep.errors import ConnectError, LoginError
from skep.model import Access
from skep.ssh import Session, logins, session
from skep.ssh.connection import UNREACHED, build
from tests.timing import Clock, having_begun
from tests.unit.ssh.servers import Server, alive, gone

Serve = Callable[..., Server]
Login = Callable[..., Session]


def test_status_and_both_streams_come_back(serve: Serve, login: Login) -> None:
    result = login(serve()).run("echo out; echo err >&2; exit 3")
    assert (result.status, result.out, result.err) == (3, "out\n", "err\n")


def test_a_cipher_that_authenticates_by_itself_is_preferred(serve: Serve, login: Login) -> None:
    transport = login(serve()).open()
    assert (transport.local_cipher, transport.remote_cipher) == ("aes128-gcm@openssh.com",) * 2
    offered = transport.preferred_ciphers
    assert offered.index("aes256-gcm@openssh.com") < offered.index("aes256-ctr"), "the others stay"


def test_one_login_serves_many_scripts_at_once(serve: Serve, login: Login) -> None:
    server = serve()
    here = login(server)
    with ThreadPoolExecutor(6) as threads:
        outs = [result.out for result in threads.map(here.run, [f"echo {number}" for number in range(12)])]
    assert outs == [f"{number}\n" for number in range(12)]
    assert server.logins == 1


def test_a_twin_is_a_login_of_its_own_on_the_same_host(serve: Serve, login: Login) -> None:
    server = serve()
    here = login(server)
    twin = here.twin()
    assert [session.run("echo on").out for session in (here, twin)] == ["on\n", "on\n"]
    assert server.logins == 2
    twin.close()
    assert here.run("echo on").out == "on\n"


def test_bytes_that_are_no_text_survive_on_stdout(serve: Serve, login: Login) -> None:
    result = login(serve()).run(r"printf '\377\000\303\251'")
    assert result.out.encode(errors="surrogateescape") == b"\xff\x00\xc3\xa9"


def test_commands_read_nothing(serve: Serve, login: Login) -> None:
    assert login(serve()).run("cat; echo after").out == "after\n"


def test_a_script_that_cannot_be_encoded_is_sent_as_it_came(serve: Serve, login: Login) -> None:
    result = login(serve()).run("printf %s '\udcff'")
    assert result.out == "\udcff"


def test_big_scripts_and_big_answers_on_both_streams(serve: Serve, login: Login) -> None:
    size = 3_000_000
    script = f"# {'x' * size}\nhead -c {size} /dev/zero >&2\nhead -c {size} /dev/zero"
    result = login(serve()).run(script, timeout=120)
    assert (result.status, len(result.out), len(result.err)) == (0, size, size)


def must_begin(*files: Path) -> None:
    """Wait for files that scripts make when they begin."""
    deadline = time.monotonic() + 60
    while not all(file.exists() for file in files):
        assert time.monotonic() < deadline, f"not there: {files}"
        time.sleep(0.01)


def test_stdout_closed_early_does_not_end_the_wait(serve: Serve, login: Login) -> None:
    result = login(serve()).run("exec >&-; sleep 0.3; echo late >&2; exit 4")
    assert (result.status, result.out, result.err) == (4, "", "late\n")


def test_a_script_beyond_its_deadline_is_ended_on_the_host(serve: Serve, login: Login, tmp_path: Path) -> None:
    here, begun = login(serve()), tmp_path / "begun"
    script = f"echo begun; touch {begun}; sleep 300"
    result = having_begun(begun.exists, lambda seconds: here.run(script, timeout=seconds))
    assert (result.status, result.out) == (124, "begun\n")


def test_a_host_that_does_not_end_it_costs_the_deadline_and_no_more(
    serve: Serve, login: Login, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "SPARE", 0.2)
    server = serve()
    (server.path / "timeout").write_text('#!/bin/sh\nshift 3\nexec "$@"\n')
    (server.path / "timeout").chmod(0o755)
    scripts = ("while sleep 0.05; do echo on and on; done", "exec >&- 2>&-; sleep 60", "sleep 60")
    with ThreadPoolExecutor(3) as threads:
        for running in [threads.submit(login(server).run, script, timeout=0.1) for script in scripts]:
            with pytest.raises(ConnectError, match="did not end in time"):
                running.result()


def test_a_connection_dropped_while_a_script_runs_is_reported_and_replaced(
    serve: Serve, login: Login, tmp_path: Path
) -> None:
    server = serve()
    here = login(server)
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(here.run, f"touch {tmp_path}/begun; sleep 120", timeout=120)
        must_begin(tmp_path / "begun")
        server.drop()
        with pytest.raises(ConnectError) as failure:
            running.result()
    assert (failure.value.host, failure.value.message) == ("m1", "the connection broke")
    assert here.run("echo again").out == "again\n"
    assert server.logins == 2


def test_a_script_ends_with_its_connection_but_a_change_does_not(
    serve: Serve, login: Login, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "run").mkdir()
    real = session.changing
    monkeypatch.setattr(session, "changing", lambda *given: real(*given).replace(b"/run/", f"{tmp_path}/run/".encode()))
    server = serve()
    here = login(server)

    def script(name: str) -> str:
        begun = f"echo $$ >{tmp_path}/{name}; mv {tmp_path}/{name} {tmp_path}/{name}-begun"
        wait = f"while [ ! -e {tmp_path}/cut ]; do sleep 0.05; done"
        return f"{begun}; {wait}; touch {tmp_path}/{name}-ended"

    with ThreadPoolExecutor(2) as threads:
        running = [
            threads.submit(here.run, script("look")),
            threads.submit(here.run, script("change"), to_the_end="a/b@m1"),
        ]
        must_begin(tmp_path / "look-begun", tmp_path / "change-begun")
        server.drop()
        for one in running:
            with pytest.raises(ConnectError, match="the connection broke"):
                one.result()
    assert gone(int((tmp_path / "look-begun").read_text()))
    assert alive(int((tmp_path / "change-begun").read_text()))
    (tmp_path / "cut").touch()
    assert here.run("echo again", to_the_end="a/b@m1").out == "again\n"
    assert (tmp_path / "change-ended").exists()
    assert not (tmp_path / "look-ended").exists()


def test_a_break_reported_late_does_not_close_the_new_connection(serve: Serve, login: Login) -> None:
    server = serve()
    here = login(server)
    old = here.open()
    server.drop()
    while old.is_active():
        time.sleep(0.01)
    new = here.open()
    here._logins.broken(EOFError("noticed late"), old)
    assert new.is_active()
    assert here.open() is new


def test_a_closed_session_stays_closed(serve: Serve, login: Login) -> None:
    here = login(serve())
    here.run("true")
    here.close()
    with pytest.raises(ConnectError, match="the run has ended"):
        here.run("true")


def test_closing_cuts_off_what_still_runs(serve: Serve, login: Login, tmp_path: Path) -> None:
    here = login(serve())
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(here.run, f"touch {tmp_path}/begun; sleep 120", timeout=120)
        must_begin(tmp_path / "begun")
        here.close()
        with pytest.raises(ConnectError):
            running.result()


def test_closing_does_not_wait_for_a_host_that_says_nothing(serve: Serve, login: Login) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, ThreadPoolExecutor(1) as threads:
        here = login(serve(), port=silent.getsockname()[1])
        opening = threads.submit(here.open)
        connection, _ = silent.accept()
        with connection:
            here.close()
            assert not opening.done(), "the login was waited for"
        with pytest.raises(ConnectError):
            opening.result()


def test_a_login_that_arrives_after_the_end_is_given_up(
    serve: Serve, login: Login, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, arriving, made = serve(), threading.Event(), []

    def late(*args: object) -> object:
        made.append(log_in(*args))  # type: ignore[arg-type]
        arriving.wait(60)
        return made[0]

    log_in = logins.log_in
    monkeypatch.setattr(logins, "log_in", late)
    here = login(server)
    with ThreadPoolExecutor(1) as threads:
        opening = threads.submit(here.open)
        while not made:
            time.sleep(0.01)
        here.close()
        arriving.set()
        with pytest.raises(ConnectError, match="the run has ended"):
            opening.result()
    assert not made[0].is_connected


@pytest.mark.parametrize("channels", [1, 2])
def test_a_login_with_few_channels_is_joined_by_others(
    serve: Serve, login: Login, tmp_path: Path, channels: int
) -> None:
    server = serve(channels=channels)
    here = login(server)
    script = f"touch {tmp_path}/begun.$$; until [ $(ls {tmp_path} | grep -c begun) -gt {channels} ]; do sleep 0.1; done"
    with ThreadPoolExecutor(6) as threads:
        statuses = [result.status for result in threads.map(here.run, [script] * 6)]
    assert statuses == [0] * 6
    assert 1 < server.logins <= 6
    before = server.logins
    here.run("true")
    assert server.logins == before
    here.close()
    for transport in server.transports:
        transport.join(60)
    assert not any(transport.is_active() for transport in server.transports)


def test_a_host_that_allows_no_channel_is_reported_at_once(serve: Serve, login: Login) -> None:
    with pytest.raises(LoginError, match="allows no further channel on a login") as failure:
        login(serve(channels=0)).run("true")
    assert (failure.value.host, failure.value.cause) == ("m1", "not even one")


def test_channels_beyond_the_last_login_are_waited_for(
    serve: Serve, login: Login, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logins, "MORE", 1)
    server = serve(channels=1)
    here = login(server)
    with ThreadPoolExecutor(5) as threads:
        assert [result.status for result in threads.map(here.run, ["sleep 0.3"] * 5)] == [0] * 5
    monkeypatch.setattr(logins, "PATIENCE", 0.3)
    with ThreadPoolExecutor(2) as threads:
        until = f"while [ ! -e {tmp_path}/end ]; do sleep 0.05; done"
        running = [threads.submit(here.run, f"touch {tmp_path}/{n}; {until}; echo fine") for n in range(2)]
        must_begin(tmp_path / "0", tmp_path / "1")
        try:
            with pytest.raises(LoginError, match="allows no further channel"):
                here.run("true")
        finally:
            (tmp_path / "end").touch()
        assert [one.result().out for one in running] == ["fine\n"] * 2
    assert server.logins == 2


@pytest.mark.parametrize("frozen", ["exec", "channel"])
def test_a_host_that_stops_answering_is_given_up(serve: Serve, login: Login, frozen: str) -> None:
    server = serve()
    here = login(server)
    here.open()
    here._logins.access = replace(here.access, connect_timeout=-4.8)  # a fifth of a second for an answer
    server.frozen = frozen
    with pytest.raises(ConnectError, match="the connection broke"):
        here.run("true")


def test_a_host_that_accepts_and_says_nothing_costs_the_timeout_and_no_second_one(serve: Serve, login: Login) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        socket.create_server(("127.0.0.1", 0)) as other,
        ThreadPoolExecutor(1) as threads,
    ):
        patient = threads.submit(login(serve(), port=other.getsockname()[1], connect_timeout=600.0).run, "true")
        connection, _ = other.accept()
        with connection:
            here = login(serve(), port=silent.getsockname()[1], connect_timeout=0.3, retries=2)
            since = time.monotonic()
            with pytest.raises(ConnectError, match="the sshd accepts connections and does not answer"):
                here.run("true")
            assert time.monotonic() - since >= 0.3
            assert not patient.done()
        with pytest.raises(ConnectError):
            patient.result()
        silent.accept()[0].close()
        silent.settimeout(0)
        with pytest.raises(BlockingIOError):
            silent.accept()


def test_nobody_listens(serve: Serve, login: Login) -> None:
    server = serve()
    server.close()
    with pytest.raises(ConnectError) as failure:
        login(server).run("true")
    assert failure.value.lines() == [
        f"m1: connect: {UNREACHED}",
        f"  cause: 127.0.0.1 port {server.port}: Connection refused",
        f"  next:  check that the host is up and that port {server.port} is open from here",
    ]


def test_small_packets_leave_at_once_and_a_dead_peer_is_noticed(serve: Serve, login: Login) -> None:
    sock = login(serve()).open().sock
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 30_000


def test_a_stream_is_a_socket_to_a_command(serve: Serve, login: Login) -> None:
    channel = login(serve()).stream("cat")
    channel.sendall(b"ping")
    assert channel.recv(10) == b"ping"
    channel.close()


def test_a_host_that_let_us_wait_is_not_tried_again_for_as_long(login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[str] = []
    clock = Clock()

    def silent(host: str, *_: object) -> None:
        tries.append(host)
        clock.now += 30
        raise ConnectError(UNREACHED, host=host, cause="no answer")

    monkeypatch.setattr(logins, "log_in", silent)
    monkeypatch.setattr(logins, "time", clock)
    here = Session("h1", "192.0.2.1", Access())
    for _ in range(3):
        with pytest.raises(ConnectError, match=UNREACHED) as failure:
            here.run("true")
        assert (failure.value.host, failure.value.cause) == ("h1", "no answer")
        clock.now += 9.9
    assert tries == ["h1"]
    clock.now += 1
    with pytest.raises(ConnectError):
        here.run("true")
    assert tries == ["h1", "h1"]


def test_each_connection_keeps_the_settings_of_its_own_host() -> None:
    """Invoke keeps attributes that a class does not have in a configuration, which all connections share."""
    one, other = (build(address, Access()) for address in ("10.0.0.1", "10.0.0.2"))
    assert (one.settings.host, other.settings.host) == ("10.0.0.1", "10.0.0.2")
