"""Login shells that greet, refuse, or do something else; and what every command finds set once it runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from skep.errors import ConnectError, LoginError
from skep.questions import SOCKET
from skep.ssh import Session, handshake, logins, session
from skep.ssh.handshake import Said
from skep.waiting import until
from tests.timing import Clock
from tests.unit.ssh.servers import Server

Serve = Callable[..., Server]
Login = Callable[..., Session]

GREETING = """echo 'Welcome to {0}'; echo 'no newline, -- skep login --'; printf 'and -- skep --\\r\\033[1m$ '; echo
echo 'disk is nearly full' >&2; i=0; while [ $i -lt 500 ]; do echo 'a long message of the day'; i=$((i + 1)); done
exec sh -c "$1"
"""
ELSEWHERE = """export DOCKER_HOST=tcp://192.0.2.1:2375 DOCKER_CONTEXT=far DOCKER_CONFIG=/root/far DOCKER_TLS_VERIFY=1
export DOCKER_TLS=1 DOCKER_CERT_PATH=/root/far DOCKER_API_VERSION=1.24 DOCKER_DEFAULT_PLATFORM=linux/arm
export LANG=de_DE.UTF-8 LC_ALL=de_DE.UTF-8 LC_MESSAGES=de_DE.UTF-8 LANGUAGE=de:fr PATH=/bin:/usr/bin
exec sh -c "$1"
"""
SHOWN = "env | grep -E '^(DOCKER_|LANGUAGE|LC_ALL)' | sort"
SET = f"DOCKER_CONFIG=/nonexistent\nDOCKER_HOST={SOCKET}\nLC_ALL=C\n"


@pytest.fixture
def shell(serve: Serve, tmp_path: Path) -> Callable[[str], Server]:
    """A server whose login shell is a script: ``$1`` is the command."""

    def make(text: str) -> Server:
        (tmp_path / "shell").write_text(f"#!/bin/sh\n{text}")
        (tmp_path / "shell").chmod(0o755)
        return serve(shell=(f"{tmp_path}/shell",))

    return make


def test_a_greeting_on_both_streams_is_neither_output_nor_answer(
    shell: Callable[[str], Server], login: Login, tmp_path: Path
) -> None:
    (tmp_path / "run").mkdir()
    here = login(shell(GREETING))
    for script in ("echo out; echo err >&2; exit 3", "cat; echo out; echo err >&2; exit 3"):
        result = here.run(script)
        assert (result.status, result.out, result.err.splitlines()[-1]) == (3, "out\n", "err")
    channel = here.stream("cat")
    channel.sendall(b"HTTP/1.1 200 OK\r\n")
    assert channel.recv(100) == b"HTTP/1.1 200 OK\r\n"
    channel.close()


def test_every_command_speaks_english_and_asks_its_own_hosts_engine(
    shell: Callable[[str], Server], login: Login
) -> None:
    here = login(shell(ELSEWHERE))
    assert here.run(SHOWN).out == SET
    assert here.run('echo "$PATH"').out == "/bin:/usr/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/sbin\n"
    channel = here.stream(f'sh -c "{SHOWN}"')
    received = b""
    while data := channel.recv(100):
        received += data
    assert received.decode() == SET


@pytest.mark.parametrize(
    ("text", "cause", "action"),
    [
        ("echo 'This account is currently not available.'; exit 1", "This account is currently not", "getent passwd"),
        ("exit 0", "it ended with status 0 and said nothing", "getent passwd root"),
        ("echo 'Restricted menu' >&2; exit 0", "Restricted menu", "forcecommand"),
        ("echo 'Password change required but no TTY available.'; exit 1", "Password change required", "passwd root"),
    ],
)
def test_a_login_shell_that_runs_no_commands(
    shell: Callable[[str], Server], login: Login, text: str, cause: str, action: str
) -> None:
    here = login(shell(text))
    for ask in (lambda: here.run("echo out"), lambda: here.stream("cat")):
        with pytest.raises(LoginError, match="the login shell runs no commands") as failure:
            ask()
        assert failure.value.host == "m1"
        assert cause in str(failure.value.cause) and action in str(failure.value.next_action)


@pytest.mark.parametrize(
    ("text", "kind", "cause"),
    [
        ("exec cat", ConnectError, "it said nothing"),
        ("printf 'Choose 1 or 2: '; read answer", LoginError, "Choose 1 or 2:"),
    ],
)
def test_a_login_shell_that_waits_is_given_up_soon_and_not_asked_again_at_once(
    shell: Callable[[str], Server], login: Login, monkeypatch: pytest.MonkeyPatch, text: str, kind: type[ConnectError],
    cause: str,
) -> None:  # fmt: skip
    server, clock, reading = shell(text), Clock(), session.hear
    says = "" if kind is ConnectError else f"{cause} "

    def hear(channel: Any, word: str, seconds: float) -> Said | None:
        """Its seconds pass once all has come, and was read, that the shell says."""
        assert until(lambda: len(channel.in_buffer) == len(says), seconds=60, every=0.01)
        asked = iter([clock.now])

        def passing() -> float:
            since = next(asked, None)
            if since is None and not channel.recv_ready():
                clock.now += seconds + 0.1
            return clock.now

        monkeypatch.setattr(handshake, "time", SimpleNamespace(monotonic=passing))
        return reading(channel, word, seconds)

    monkeypatch.setattr(session, "hear", hear)
    for module in (session, logins):
        monkeypatch.setattr(module, "time", clock)
    here = login(server, connect_timeout=20)
    for _ in range(3):
        with pytest.raises(ConnectError, match=r"did not come to run a command within 20 s") as failure:
            here.run("echo out")
        assert type(failure.value) is kind and cause in str(failure.value.cause)
        clock.now += 6.5
    assert len(server.commands) == 1
    clock.now += 1
    with pytest.raises(ConnectError):
        here.run("echo out")
    assert len(server.commands) == 2


def test_a_server_that_runs_no_commands_at_all(serve: Serve, login: Login) -> None:
    with pytest.raises(LoginError, match="the SSH server there runs no commands"):
        login(serve(shell=())).run("true")
