"""Whose key is trusted: unknown ones as the policy says, changed ones never."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import paramiko
import pytest

from skep.errors import HostKeyError
from skep.model import Access
from skep.ssh import Session
from skep.ssh.hostkeys import apply_policy
from tests.unit.ssh.servers import Server

Serve = Callable[..., Server]
Login = Callable[..., Session]
Keys = list[paramiko.PKey]


def line(name: str, key: paramiko.PKey) -> str:
    return f"{name} {key.get_name()} {key.get_base64()}\n"


def known(client: paramiko.SSHClient, name: str) -> list[str]:
    return [key.get_base64() for key in (client.get_host_keys().lookup(name) or {}).values()]


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


def test_hashed_names_and_names_in_a_list_are_known(keys: Keys, tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    hashed = paramiko.HostKeys.hash_host("[10.0.0.1]:2222")
    file.write_text(line(hashed, keys[0]) + line("m2.example.com,10.0.0.2", keys[1]))
    access = Access(known_hosts=file)
    first, second, third = (paramiko.SSHClient() for _ in range(3))
    apply_policy(first, "10.0.0.1", 2222, access)
    apply_policy(second, "10.0.0.2", 22, access)
    apply_policy(third, "10.0.0.1", 22, access)
    assert known(first, "[10.0.0.1]:2222") == [keys[0].get_base64()]
    assert known(second, "10.0.0.2") == [keys[1].get_base64()]
    assert known(third, "10.0.0.1") == []


def test_lines_that_cannot_be_read_are_passed_over(keys: Keys, tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    broken = b"m1 ssh-rsa not-base-64\n\xff\xfe\n|1|x|y ssh-rsa AAAA\nm1\n# m1\n@revoked m1 ssh-rsa AAAA\n\n"
    file.write_bytes(broken + line("|1|bad|hash", keys[1]).encode() + line("m1", keys[0]).encode())
    client = paramiko.SSHClient()
    apply_policy(client, "m1", 22, Access(known_hosts=file))
    assert known(client, "m1") == [keys[0].get_base64()]


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
