"""What is in force for a host: as ``ssh -G`` says, and the same where no ``ssh`` is installed, or a refusal."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skep.errors import AccessError
from skep.model import Access
from skep.ssh import programs, ssh_config
from skep.ssh.ssh_config import COMMAND, JUMP, Settings, settings
from tests.timing import having_begun
from tests.unit.ssh.servers import gone

Read = Callable[..., Settings]


@pytest.fixture(params=["asked", "read"])
def read(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Read:
    """The settings for ``m1`` in a file of that text."""
    if request.param == "read":
        monkeypatch.setattr(ssh_config.shutil, "which", lambda name: None)

    def of(text: str, **more: Any) -> Settings:
        (tmp_path / "config").write_text(text.replace("FOLDER", str(tmp_path)))
        return settings("m1", Access(config=tmp_path / "config", **more))

    return of


SAME: list[tuple[str, dict[str, Any]]] = [
    ("Host m1\n  HostName m1.example.com\n  Port 2222\n", {"host": "m1.example.com", "port": 2222}),
    ("Port 2222 # as the firewall has it\nUser me # not you\n", {"port": 2222, "user": "me"}),
    ('User "some one"\n', {"user": "some one"}),
    ("HostName=%h.example.com\n", {"host": "m1.example.com"}),
    ("Port 2222\nPort 22\n", {"port": 2222}),
    ("Host * !m1\n  Port 2222\nHost ?1\n  Port 23\n", {"port": 23}),
    ("HostKeyAlias Web\n", {"host_key_alias": "web"}),
    ("UserKnownHostsFile /a/%h /b\n", {"user_known_hosts": ("/a/m1", "/b")}),
    ("UserKnownHostsFile none\n", {"user_known_hosts": ()}),
    ("GlobalKnownHostsFile /c\n", {"global_known_hosts": ("/c",)}),
    ("IdentityFile /keys/%r-%n\nUser me\n", {"identity_files": ("/keys/me-m1",)}),
    ("IdentitiesOnly yes\nIdentityAgent none\n", {"identities_only": True, "identity_agent": "none"}),
    ("IdentityAgent /run/agent-%n\n", {"identity_agent": "/run/agent-m1"}),
    ("CheckHostIP yes\n", {"check_host_ip": True}),
    ("HostKeyAlgorithms ssh-ed25519,rsa-sha2-512\n", {"host_key_algorithms": ("ssh-ed25519", "rsa-sha2-512")}),
    ("ProxyJump you@g1:2222\nProxyCommand x %h\n", {"way": (JUMP, "you@g1:2222")}),
    ("ProxyCommand x %h '#1' %%\nProxyJump g1\n", {"way": (COMMAND, "x m1 '#1' %")}),
    ("ProxyCommand none\nProxyJump g1\n", {"way": None}),
    ("Match host m1\n  Port 23\n", {"port": 23}),
    ("Match host m2\n  Port 23\n", {"port": 22}),
    ("Match originalhost m1 user me\n  Port 23\nUser me\n", {"port": 22}),
    ("SendEnv LANG\nHashKnownHosts yes\n", {"port": 22, "way": None}),
]


@pytest.mark.parametrize(("text", "expected"), SAME)
def test_the_same_is_in_force_with_and_without_ssh(read: Read, text: str, expected: dict[str, Any]) -> None:
    found = read(text)
    assert {key: getattr(found, key) for key in expected} == expected


def test_the_inventory_counts_before_ssh_config(read: Read) -> None:
    found = read("User you\nPort 23\nMatch user me\n  HostName m9\n", user="me", port=2222)
    assert (found.user, found.port, found.host) == ("me", 2222, "m9")


ONLY_SSH = [
    ("Include FOLDER/more\n", "config:1: include"),
    ("Port 22\nMatch localnetwork 10.0.0.0/8\n  User x\n", "config:2: Match localnetwork"),
    ("Match host m1 !final\n  User x\n", "config:1: Match final"),
    ("CanonicalizeHostname yes\n", "config:1: canonicalizehostname"),
    ("KnownHostsCommand /bin/true\n", "config:1: knownhostscommand"),
    ("Match exec true\n  Port 23\n", "config:1: Match exec"),
    ("Port\n", "config:1: this line cannot be understood"),
]


@pytest.mark.parametrize(("text", "place"), ONLY_SSH)
def test_what_only_ssh_can_follow_is_refused_without_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, place: str
) -> None:
    (tmp_path / "config").write_text(text.replace("FOLDER", str(tmp_path)))
    (tmp_path / "more").write_text("User x\n")
    monkeypatch.setattr(ssh_config.shutil, "which", lambda name: None)
    with pytest.raises(AccessError) as failure:
        settings("m1", Access(config=tmp_path / "config"))
    assert str(failure.value.cause).startswith(f"{tmp_path}/{place}")


@pytest.mark.parametrize("read", ["asked"], indirect=True)
def test_files_are_included(read: Read, tmp_path: Path) -> None:
    (tmp_path / "more").write_text("Host m1\n  Port 2222\n")
    assert read("Include FOLDER/m*\n").port == 2222


def test_ssh_is_not_asked_where_nothing_is_said(read: Read, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def asked(*words: Any, **more: Any) -> None:
        raise AssertionError(words)

    monkeypatch.setattr(subprocess, "Popen", asked)
    (tmp_path / "harmless").write_text("Host *\n  GSSAPIAuthentication yes\n")
    found = read("Include FOLDER/h*\nHost *\n  SendEnv LANG LC_*\n  HashKnownHosts yes\n")
    assert (found.host, found.port, found.way, found.host_key_algorithms) == ("m1", 22, None, ())


@pytest.mark.parametrize("read", ["asked"], indirect=True)
@pytest.mark.parametrize(("command", "port"), [("test %h = m1", 23), ("false", 22)])
def test_a_match_runs_its_command(read: Read, command: str, port: int) -> None:
    assert read(f'Match exec "{command}"\n  Port 23\n').port == port


@pytest.mark.parametrize("read", ["asked"], indirect=True)
def test_a_match_that_hangs_is_named_and_ended(read: Read, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pid = tmp_path / "pid"

    def ask(seconds: float) -> None:
        monkeypatch.setattr(programs, "ANSWER", seconds)
        with pytest.raises(AccessError, match="perhaps a Match exec in it, took longer than"):
            read('Match exec "echo $$ >FOLDER/pid.new; mv FOLDER/pid.new FOLDER/pid; exec sleep 600"\n  User x\n')

    having_begun(pid.exists, ask)
    assert gone(int(pid.read_text()))
