"""Host keys as OpenSSH judges them: each row is judged by the ``ssh`` of this machine and by us."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paramiko
import pytest
from cryptography.hazmat.primitives.serialization import (
    SSHCertificateBuilder,
    SSHCertificateType,
    load_ssh_public_identity,
)

from skep.errors import AccessError
from skep.ssh import Session
from tests.unit.ssh.servers import Server

Serve = Callable[..., Server]
Login = Callable[..., Session]
Keys = list[paramiko.PKey]
HOUR = 3600


@dataclass
class Row:
    """What the files hold, and whether the host is let through.

    In ``known``, ``more`` and ``whole`` stand ``KEY`` for the host's key, ``OTHER`` for another of its kind, ``RSA``
    for one of another kind, ``CA`` for who signs certificates; in all, ``AT`` for ``[127.0.0.1]:port`` and ``HASHED``
    for its hash.
    """

    name: str
    accepted: bool
    known: str = ""
    config: str = ""
    policy: str = "strict"
    whole: str = ""
    """The global file."""
    more: str = ""
    """The second of the user's files."""
    signed: str | None = None
    """The principal of the host's certificate, if it has one."""
    valid: tuple[int, int] = (-HOUR, HOUR)
    kind: SSHCertificateType = SSHCertificateType.HOST
    signer: str = "CA"


NEW = "accept-new"
ROWS = [
    Row("nothing is known", False),
    Row("nothing is known, accept-new", True, policy=NEW),
    Row("its key by name and port", True, "AT KEY"),
    Row("its key, hashed", True, "HASHED KEY"),
    Row("another key, hashed", False, "HASHED OTHER", policy=NEW),
    Row("its key by a bare name", True, "127.0.0.1 KEY"),
    Row("another key by a bare name", False, "127.0.0.1 OTHER"),
    Row("another key by a bare name, accept-new", True, "127.0.0.1 OTHER", policy=NEW),
    Row("another key", False, "AT OTHER"),
    Row("another key, accept-new", False, "AT OTHER", policy=NEW),
    Row("a key of another kind", False, "AT RSA", policy=NEW),
    Row("a key of another kind and its own", True, "AT RSA\nAT KEY"),
    Row("several keys of its kind, the first its own", True, "AT KEY\nAT OTHER"),
    Row("several keys of its kind, the last its own", True, "AT OTHER\nAT KEY"),
    Row("a list of names", True, "m1.example.com,AT,10.0.0.2 KEY"),
    Row("a pattern", True, "[127.0.*]:* KEY"),
    Row("a pattern with another key", False, "[127.0.*]:* OTHER", policy=NEW),
    Row("a question mark", True, "?127.0.0.1]:* KEY"),
    Row("a star is any name", True, "* KEY"),
    Row("a star with another key", False, "* OTHER", policy=NEW),
    Row("brackets are no choice of letters", True, "[127.0.0.1]:* OTHER\nAT KEY"),
    Row("excepted with its port, named without", True, "*,!AT KEY"),
    Row("excepted by name", False, "*,!AT,!127.0.0.1 KEY"),
    Row("excepted by name, accept-new", True, "*,!AT OTHER", policy=NEW),
    Row("excepted by a pattern", False, "*,!*127* KEY"),
    Row("a name in capitals", True, "HOST.EXAMPLE KEY", "HostKeyAlias Host.Example"),
    Row("revoked", False, "@revoked AT KEY", policy=NEW),
    Row("revoked for all", False, "@revoked * KEY\nAT KEY"),
    Row("revoked behind its line", False, "AT KEY\n@revoked * KEY"),
    Row("another is revoked", True, "@revoked * OTHER\nAT KEY"),
    Row("only another is revoked", False, "@revoked * OTHER"),
    Row("revoked elsewhere", True, "AT KEY\n@revoked m2 KEY"),
    Row("revoked in the global file", False, "AT KEY", whole="@revoked * KEY", policy=NEW),
    Row("revoked in the second file", False, "AT KEY", more="@revoked * KEY"),
    Row("in the global file", True, whole="AT KEY"),
    Row("in the second file", True, more="AT KEY"),
    Row("another in the global file", False, whole="AT OTHER", policy=NEW),
    Row("another in the first, its own in the global file", True, "AT OTHER", whole="AT KEY"),
    Row("by its alias", True, "web KEY", "HostKeyAlias web"),
    Row("another by its alias", False, "web OTHER\nAT KEY", "HostKeyAlias web", policy=NEW),
    Row("only by its name, with an alias", False, "AT KEY", "HostKeyAlias web"),
    Row("an alias has no port", False, "[web]:PORT KEY", "HostKeyAlias web"),
    Row("an alias in a pattern", True, "w?b KEY", "HostKeyAlias web"),
    Row("a comment and a line of rubbish", True, "# AT OTHER\n\nAT\nAT ssh-rsa rubbish\n|1|x|y KEY\n  AT KEY #x"),
    Row("an unknown marker", False, "@trusted AT KEY"),
    Row("two markers", False, "@cert-authority @revoked AT KEY\n"),
    Row("a certificate", True, "@cert-authority * CA", signed="127.0.0.1"),
    Row("a certificate for its alias", True, "@cert-authority web CA", "HostKeyAlias web", signed="web"),
    Row("a certificate for another", False, "@cert-authority * CA", signed="m2"),
    Row("a certificate for another, accept-new", True, "@cert-authority * CA", signed="m2", policy=NEW),
    Row("a certificate for another, its key known", True, "@cert-authority * CA\nAT KEY", signed="m2"),
    Row("a certificate of a stranger", False, "@cert-authority * OTHER", signed="127.0.0.1"),
    Row("a certificate where none is trusted", False, "AT OTHER", signed="127.0.0.1", policy=NEW),
    Row("a certificate where its key is known", True, "AT KEY", signed="127.0.0.1"),
    Row("an authority is no host's key", False, "AT CA", signed="127.0.0.1"),
    Row("an authority elsewhere", False, "@cert-authority *.example.com CA", signed="127.0.0.1"),
    Row("an authority by a bare name", True, "@cert-authority 127.0.0.1 CA", signed="127.0.0.1"),
    Row("a host's key is no authority", False, "@cert-authority * KEY"),
    Row("an expired certificate", False, "@cert-authority * CA", signed="127.0.0.1", valid=(-2 * HOUR, -HOUR)),
    Row("a certificate of tomorrow", False, "@cert-authority * CA", signed="127.0.0.1", valid=(HOUR, 2 * HOUR)),
    Row("a user's certificate", False, "@cert-authority * CA", signed="127.0.0.1", kind=SSHCertificateType.USER),
    Row("a revoked authority", False, "@cert-authority * CA\n@revoked * CA", signed="127.0.0.1", policy=NEW),
    Row("a revoked key in a good certificate", False, "@cert-authority * CA\n@revoked * KEY", signed="127.0.0.1"),
    Row("a revoked authority, its key known", False, "@revoked * CA\nAT KEY", signed="127.0.0.1"),
    Row("revoked in a file of keys", False, "AT KEY", "RevokedHostKeys FOLDER/revoked"),
    Row("printed by a command", True, "", "KnownHostsCommand /bin/cat FOLDER/printed-%p-%t"),
    Row("a command that fails", False, "AT KEY", "KnownHostsCommand /bin/false"),
    Row("no file of the user's", False, "AT KEY", "UserKnownHostsFile none", policy=NEW),
    Row("a file by a token", True, "", "UserKnownHostsFile FOLDER/by-%p"),
    Row("no host key algorithm for what is known", False, "AT KEY", "HostKeyAlgorithms ssh-ed25519"),
]


class Certified:
    """A host's key with its certificate, as a server shows it."""

    def __init__(self, key: paramiko.PKey, blob: bytes) -> None:
        self._key = key
        self._blob = blob

    def get_name(self) -> str:
        return f"{self._key.get_name()}-cert-v01@openssh.com"

    def asbytes(self) -> bytes:
        return self._blob

    def sign_ssh_data(self, data: bytes, algorithm: str | None = None) -> Any:
        return self._key.sign_ssh_data(data)


def certified(key: paramiko.PKey, authority: Any, row: Row) -> Certified:
    public: Any = load_ssh_public_identity(f"{key.get_name()} {key.get_base64()}".encode())
    now = int(time.time())
    made = SSHCertificateBuilder().public_key(public).serial(1).type(row.kind).key_id(b"test")
    made = made.valid_after(now + row.valid[0]).valid_before(now + row.valid[1])
    made = made.valid_principals([row.signed.encode()]) if row.signed else made.valid_for_all_principals()
    blob = made.sign(authority.signing_key).public_bytes()
    return Certified(key, paramiko.pkey.PublicBlob.from_string(blob.decode()).key_blob)


def openssh(folder: Path, port: int, policy: str) -> str:
    """What ``ssh`` says when it logs in to a server that is open to all."""
    checking = "yes" if policy == "strict" else policy
    words = ["ssh", "-F", str(folder / "ssh_config"), "-o", "BatchMode=yes", "-o", f"StrictHostKeyChecking={checking}"]
    words += ["-p", str(port), "root@127.0.0.1", "true"]
    return subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120).stderr


@pytest.fixture(scope="module")
def rsa() -> paramiko.PKey:
    return paramiko.RSAKey.generate(2048)


@pytest.mark.parametrize("row", ROWS, ids=[row.name.replace(" ", "-") for row in ROWS])
def test_a_host_key_is_judged_as_by_openssh(
    serve: Serve, login: Login, keys: Keys, rsa: paramiko.PKey, tmp_path: Path, row: Row
) -> None:
    key, other, authority = keys
    shown = [certified(key, authority, row)] if row.signed is not None else []
    server = serve(key=key, more_keys=shown, open_to_all=True)
    at = f"[127.0.0.1]:{server.port}"
    words = {"KEY": key, "OTHER": other, "RSA": rsa, "CA": authority}

    def filled(text: str) -> str:
        for word, one in words.items():
            text = text.replace(f" {word}", f" {one.get_name()} {one.get_base64()}")
        text = text.replace("HASHED", paramiko.HostKeys.hash_host(at)).replace("AT ", f"{at} ").replace("AT,", f"{at},")
        return text.replace("PORT", str(server.port)) + "\n" * bool(text)

    files = {"known_hosts": row.known, "more": row.more, "whole": row.whole, "revoked": f"{key.get_name()} KEY"}
    files |= {
        f"by-{server.port}": "AT KEY",
        f"printed-{server.port}-NONE": "AT KEY",
        f"printed-{server.port}-{key.get_name()}": "AT KEY",
    }
    files["revoked"] = f"{key.get_name()} {key.get_base64()}"
    config = f"{row.config}\nUserKnownHostsFile FOLDER/known_hosts FOLDER/more\nGlobalKnownHostsFile FOLDER/whole\n"

    def write() -> None:
        for name, text in files.items():
            (tmp_path / name).write_text(filled(text))
        (tmp_path / "ssh_config").write_text(config.replace("FOLDER", str(tmp_path)))

    write()
    theirs = openssh(tmp_path, server.port, row.policy)
    accepted, noted = server.logins == 1, (tmp_path / "known_hosts").read_text()
    assert accepted == row.accepted, theirs
    write()
    here = login(server, known_hosts=None, host_keys=row.policy)
    if row.accepted:
        assert here.run("echo in").out == "in\n"
    else:
        with pytest.raises(AccessError):
            here.run("true")
    assert (server.logins == 2) == (row.accepted)
    assert len((tmp_path / "known_hosts").read_text().splitlines()) == len(noted.splitlines())
