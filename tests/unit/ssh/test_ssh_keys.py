"""What is shown to a host to be let in, and what is said where that does not do."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paramiko
import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from skep.errors import AccessError, LoginError
from skep.ssh import Session
from skep.ssh.keys import read_key
from tests.unit.ssh.servers import Server

Serve = Callable[..., Server]
Login = Callable[..., Session]

PKCS8, OPENSSH, TRADITIONAL = PrivateFormat.PKCS8, PrivateFormat.OpenSSH, PrivateFormat.TraditionalOpenSSL
MADE = {
    "rsa": rsa.generate_private_key(65537, 2048),
    "ecdsa": ec.generate_private_key(ec.SECP384R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate(),
}


def write(path: Path, key: Any, form: PrivateFormat, secret: bytes | None = None) -> Path:
    """The key in a file of that format, with its public part beside it."""
    locked = BestAvailableEncryption(secret) if secret else NoEncryption()
    path.write_bytes(key.private_bytes(Encoding.PEM, form, locked))
    path.with_name(f"{path.name}.pub").write_bytes(
        key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    )
    return path


class Agent:
    """An agent that holds keys; it signs with none of them but ``good``."""

    def __init__(self, path: Path, keys: list[paramiko.PKey]) -> None:
        self.keys, self.asked = keys, 0
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(sock,), daemon=True).start()

    def _talk(self, sock: socket.socket) -> None:
        with sock:
            while head := sock.recv(4, socket.MSG_WAITALL):
                message = paramiko.Message(sock.recv(struct.unpack(">I", head)[0], socket.MSG_WAITALL))
                answer = paramiko.Message()
                if message.get_byte() == b"\x0b":
                    answer.add_byte(b"\x0c")
                    answer.add_int(len(self.keys))
                    for key in self.keys:
                        answer.add_string(key.asbytes())
                        answer.add_string(f"key {self.keys.index(key)}")
                else:
                    self.asked += 1
                    blob, data = message.get_binary(), message.get_binary()
                    key = next(key for key in self.keys if key.asbytes() == blob)
                    answer.add_byte(b"\x0e")
                    answer.add_string(key.sign_ssh_data(data).asbytes())
                sock.sendall(struct.pack(">I", len(answer.asbytes())) + answer.asbytes())

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[list[paramiko.PKey]], Agent]]:
    agents: list[Agent] = []

    def start(keys: list[paramiko.PKey]) -> Agent:
        agents.append(Agent(tmp_path / "agent", keys))
        monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent"))
        return agents[-1]

    yield start
    for one in agents:
        one.close()


@pytest.mark.parametrize(
    ("kind", "form"),
    [("rsa", PKCS8), ("rsa", OPENSSH), ("rsa", TRADITIONAL), ("ecdsa", PKCS8), ("ecdsa", OPENSSH),
     ("ecdsa", TRADITIONAL), ("ed25519", PKCS8), ("ed25519", OPENSSH)],
)  # fmt: skip
def test_a_key_of_any_format_lets_us_in(serve: Serve, login: Login, tmp_path: Path, kind: str, form: Any) -> None:
    file = write(tmp_path / "key", MADE[kind], form)
    server = serve(authorized=[read_key(file)])
    login(server, key=file, password=None).run("true")
    assert server.logins == 1


@pytest.mark.parametrize("form", [PKCS8, OPENSSH, TRADITIONAL])
def test_a_key_with_a_passphrase_is_the_agents(
    serve: Serve, login: Login, agent: Any, tmp_path: Path, form: Any
) -> None:
    plain = read_key(write(tmp_path / "plain", MADE["rsa"], OPENSSH))
    file = write(tmp_path / "key", MADE["rsa"], form, b"secret")
    server = serve(authorized=[plain])
    others = [paramiko.ECDSAKey.generate() for _ in range(9)]
    held = agent([*others, plain])
    login(server, key=file, password=None, agent=True).run("true")
    assert (server.logins, held.asked) == (1, 1)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"", "is no private key that can be understood"),
        (b"-----BEGIN PRIVATE KEY-----\nrubbish\n", "is no private key that can be understood"),
        (b"ssh-ed25519 AAAA me\n", "is a public key: name the private one"),
        (dsa.generate_private_key(1024), "is of a kind that is not taken here: RSA, ECDSA or Ed25519 is needed"),
        (MADE["rsa"], "has a passphrase, and the agent does not hold it"),
    ],
    ids=["missing", "empty", "rubbish", "public", "dsa", "passphrase"],
)
def test_a_key_that_cannot_be_used_is_reported_before_anything_is_sent(
    serve: Serve, login: Login, tmp_path: Path, content: Any, why: str
) -> None:
    file = tmp_path / "key"
    if isinstance(content, bytes):
        file.write_bytes(content)
    elif content is not None:
        write(file, content, PKCS8, b"secret" if isinstance(content, rsa.RSAPrivateKey) else None)
    server = serve()
    with pytest.raises(AccessError) as failure:
        login(server, key=file, password=None).run("true")
    assert failure.value.lines()[:2] == [
        "m1: connect: the private key cannot be used",
        f"  cause: {file} {why}",
    ]
    assert ("ssh-add" in str(failure.value.next_action)) == ("passphrase" in why)
    assert server.logins == 0


def test_a_passphrase_that_no_agent_knows(serve: Serve, login: Login, agent: Any, tmp_path: Path) -> None:
    agent([])
    file = write(tmp_path / "key", MADE["ed25519"], OPENSSH, b"secret")
    with pytest.raises(LoginError) as failure:
        login(serve(), key=file, password=None, agent=True).run("true")
    assert failure.value.cause == f"{file} has a passphrase, and the agent does not hold it"


def test_many_keys_of_an_agent(serve: Serve, login: Login, agent: Any) -> None:
    agent([paramiko.ECDSAKey.generate() for _ in range(9)])
    server = serve(authorized=[paramiko.ECDSAKey.generate()], tries=6)
    with pytest.raises(LoginError) as failure:
        login(server, password=None, agent=True, user="me").run("true")
    assert failure.value.message == "login as me was cut off after 6 keys"
    assert str(failure.value.cause).endswith(
        "it did not take the agent's key key 0, the agent's key key 1, the agent's key key 2 and 3 more"
    )
    assert "name the right one as ssh.key" in str(failure.value.next_action)


def test_an_account_that_allows_no_login_is_reported_in_the_hosts_words(
    serve: Serve, login: Login, tmp_path: Path
) -> None:
    file = write(tmp_path / "key", MADE["ecdsa"], PKCS8)
    server = serve(authorized=[read_key(file)], last_words="Your account has expired;\nplease contact somebody.\n")
    with pytest.raises(LoginError) as failure:
        login(server, key=file, password=None, user="me").run("true")
    assert failure.value.message == "login as me was ended by the host"
    assert failure.value.cause == "it said: Your account has expired; please contact somebody."
    assert "chage -E -1 me" in str(failure.value.next_action)


def test_identities_only_keeps_the_agents_other_keys_back(
    serve: Serve, login: Login, agent: Any, tmp_path: Path
) -> None:
    file = write(tmp_path / "key", MADE["ecdsa"], PKCS8)
    right = read_key(file)
    held = agent([*(paramiko.ECDSAKey.generate() for _ in range(9)), right])
    file.unlink()
    (tmp_path / "ssh_config").write_text(f"IdentitiesOnly yes\nIdentityFile {file}\n")
    server = serve(authorized=[right], tries=6)
    login(server, password=None, agent=True).run("true")
    assert (server.logins, held.asked) == (1, 1)


def test_what_was_tried_is_reported(serve: Serve, login: Login, tmp_path: Path) -> None:
    file = write(tmp_path / "key", MADE["ecdsa"], OPENSSH)
    server = serve(authorized=[paramiko.ECDSAKey.generate()])
    with pytest.raises(LoginError) as failure:
        login(server, key=file, password=None, user="me").run("true")
    assert failure.value.lines() == [
        "m1: connect: login as me was refused",
        f"  cause: it did not take {file}",
        f"  next:  try: ssh -p {server.port} -i {file} me@127.0.0.1;"
        " then set ssh.user, ssh.key or ssh.agent in the inventory",
    ]


def test_an_agent_that_is_gone_is_reported(
    serve: Serve, login: Login, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "gone"))
    (tmp_path / "ssh_config").write_text("IdentityFile none\n")
    with pytest.raises(LoginError) as failure:
        login(serve(), password=None, agent=True).run("true")
    assert failure.value.cause == f"the agent at {tmp_path}/gone does not answer: No such file or directory"


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("kex", ("no key exchange in common", "KexAlgorithms")),
        ("ciphers", ("no cipher in common", "Ciphers")),
        ("macs", ("no MAC in common", "MACs")),
    ],
)
def test_nothing_in_common_is_reported_with_both_lists(
    serve: Serve, login: Login, monkeypatch: pytest.MonkeyPatch, kind: str, words: tuple[str, str]
) -> None:
    server = serve(only={kind: "strange"})
    with pytest.raises(AccessError) as failure:
        login(server).run("true")
    assert str(failure.value.message).startswith(words[0])
    assert str(failure.value.cause).startswith("it offers strange; here there are ")
    assert str(failure.value.next_action).endswith(f"sshd_config ({words[1]})")
