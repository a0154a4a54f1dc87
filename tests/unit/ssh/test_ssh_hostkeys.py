"""Whose key is trusted: unknown ones as the policy says, changed ones never."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import paramiko
import pytest

from skep.errors import HostKeyError
from skep.model import Access
from skep.ssh import Session
from skep.ssh.certificates import Certificate
from skep.ssh.hostkeys import Trust
from skep.ssh.ssh_config import Settings
from tests.unit.ssh.servers import Server

Serve = Callable[..., Server]
Login = Callable[..., Session]
Keys = list[paramiko.PKey]


def line(name: str, key: paramiko.PKey) -> str:
    return f"{name} {key.get_name()} {key.get_base64()}\n"


def test_strict_refuses_a_key_it_does_not_know(serve: Serve, login: Login, tmp_path: Path) -> None:
    server = serve()
    with pytest.raises(HostKeyError) as failure:
        login(server, host_keys="strict").run("true")
    assert failure.value.host == "m1"
    assert failure.value.message.startswith(f"unknown host key {server.key.get_name()} SHA256:")
    assert failure.value.cause == f"no entry for [127.0.0.1]:{server.port} in {tmp_path}/known_hosts"
    assert server.logins == 0
    assert not (tmp_path / "known_hosts").exists()


def test_accept_new_writes_it_down_and_strict_then_accepts(serve: Serve, login: Login, tmp_path: Path) -> None:
    server = serve()
    login(server).run("true")
    assert (tmp_path / "known_hosts").read_text() == line(f"[127.0.0.1]:{server.port}", server.key)
    login(server, host_keys="strict").run("true")
    login(server).run("true")
    assert len((tmp_path / "known_hosts").read_text().splitlines()) == 1


@pytest.mark.parametrize("policy", ["strict", "accept-new"])
def test_a_changed_key_is_refused_before_the_password_is_sent(
    serve: Serve, login: Login, keys: Keys, tmp_path: Path, policy: str
) -> None:
    server = serve(key=keys[1])
    (tmp_path / "known_hosts").write_text(line(f"[127.0.0.1]:{server.port}", keys[2]))
    with pytest.raises(HostKeyError) as failure:
        login(server, host_keys=policy).run("true")
    assert failure.value.message == "the host key has changed, so this may be another machine"
    assert keys[1].fingerprint in str(failure.value.cause)
    assert keys[2].fingerprint in str(failure.value.cause)
    assert failure.value.next_action is not None
    assert failure.value.next_action.endswith(f"ssh-keygen -R '[127.0.0.1]:{server.port}' -f {tmp_path}/known_hosts")
    assert server.logins == 0


@pytest.mark.parametrize("policy", ["strict", "accept-new"])
def test_a_key_of_another_kind_does_not_replace_the_known_one(
    serve: Serve, login: Login, tmp_path: Path, policy: str
) -> None:
    server = serve()
    other = paramiko.RSAKey.generate(1024)
    (tmp_path / "known_hosts").write_text(line(f"[127.0.0.1]:{server.port}", other))
    with pytest.raises(HostKeyError, match="has changed"):
        login(server, host_keys=policy).run("true")


class Client:
    """A client whose host is at that address."""

    def __init__(self, address: str) -> None:
        self.address = address

    def get_transport(self) -> Client:
        return self

    def getpeername(self) -> tuple[str, int]:
        return self.address, 22


@pytest.mark.parametrize(
    ("lines", "checked", "refused"),
    [
        ({"m1": 0}, True, False),
        ({"m1": 0, "10.0.0.1": 0}, True, False),
        ({"m1": 0, "10.0.0.1": 1}, True, True),
        ({"m1": 0, "10.0.0.1": 1}, False, False),
        ({"m1": 0, "10.0.0.*": 1}, True, True),
    ],
)
def test_the_key_of_its_address_must_be_the_same_where_that_is_checked(
    keys: Keys, tmp_path: Path, lines: dict[str, int], checked: bool, refused: bool
) -> None:
    (tmp_path / "known_hosts").write_text("".join(line(name, keys[number]) for name, number in lines.items()))
    here = Settings("m1", "m1", 22, "me", (), check_host_ip=checked)
    trust = Trust(here, Access(known_hosts=tmp_path / "known_hosts"))
    client: Any = Client("10.0.0.1")
    if not refused:
        trust.missing_host_key(client, "m1", keys[0])
        return
    with pytest.raises(HostKeyError, match="has changed"):
        trust.missing_host_key(client, "m1", keys[0])


@pytest.mark.parametrize(
    ("principals", "problem"),
    [
        (("m1",), None),
        (("m2", "m*"), None),
        ((), "its certificate is for nobody, not for m1"),
        (("m2", "M1"), "its certificate is for m2, M1, not for m1"),
    ],
)
def test_who_a_certificate_is_for(principals: tuple[str, ...], problem: str | None) -> None:
    """Patterns hold, and one for nobody holds nowhere, as in OpenSSH 10; older releases differ in both."""
    now = int(time.time())
    made = Certificate(2, principals, now - 60, now + 60, b"", b"", signed=True)
    assert made.problem("m1") == problem


def test_an_old_line_with_a_pattern_is_to_be_removed_by_hand(keys: Keys, tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    file.write_text("# ours\n" + line("m*", keys[1]))
    with pytest.raises(HostKeyError) as failure:
        Trust(Settings("m1", "m1", 22, "me", ()), Access(known_hosts=file)).missing_host_key(None, "m1", keys[0])
    assert str(failure.value.cause).endswith(f"{file}:2 holds {keys[1].get_name()} {keys[1].fingerprint} for m1")
    assert str(failure.value.next_action).endswith(f"remove the old key: line 2 of {file}")


def test_a_last_line_without_an_end_is_not_written_into(serve: Serve, login: Login, keys: Keys, tmp_path: Path) -> None:
    server = serve()
    (tmp_path / "known_hosts").write_text(line("elsewhere", keys[1]).rstrip())
    login(server).run("true")
    lines = (tmp_path / "known_hosts").read_text().splitlines()
    assert lines == [line("elsewhere", keys[1]).strip(), line(f"[127.0.0.1]:{server.port}", server.key).strip()]


def test_hosts_met_at_the_same_time_are_all_written(serve: Serve, login: Login, tmp_path: Path) -> None:
    sessions = [login(serve()) for _ in range(6)]
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(Session.open, sessions))
    assert len((tmp_path / "known_hosts").read_text().splitlines()) == 6
