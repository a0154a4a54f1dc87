"""What is shown to a host to be let in: private keys of any format that OpenSSH takes, the agent's, a password."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import field
from functools import lru_cache
from io import StringIO
from pathlib import Path
from typing import Any

import paramiko
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    load_ssh_private_key,
)
from paramiko.agent import AgentSSH

from skep.dataclass import dataclass
from skep.errors import AccessError, ConnectError, LoginError
from skep.model import Access
from skep.ssh.ssh_config import KEYS, Settings, home

SILENT_AGENT = 10.0
"""Seconds that an agent gets for an answer; a person may have to say yes to it."""


class KeyUnusable(ValueError):
    """A key file that gives no key; the text says why."""


class KeyEncrypted(KeyUnusable):
    """A key file that needs a passphrase."""


@dataclass
class Identity:
    """Offers one key or password after the other until the host accepts one. Given to Paramiko as its strategy."""

    settings: Settings
    access: Access
    of: str = ""
    """Which gateway this is, if it is one, in words."""
    _agent: _Agent | None = None
    _refused: list[str] = field(default_factory=list)
    """Keys and passwords that the host refused, in words."""
    _unusable: list[str] = field(default_factory=list)
    """Keys that could not be offered, and why."""

    def __post_init__(self) -> None:
        """Raises ``AccessError`` where the inventory's own key file gives no key, and no agent can stand in for it."""
        if self.access.key:
            try:
                self._load(str(self.access.key))
            except KeyEncrypted as error:
                if not self.access.agent:
                    raise self._key_error(str(error)) from None
            except KeyUnusable as error:
                raise self._key_error(str(error)) from None

    def authenticate(self, transport: paramiko.Transport) -> None:
        """Log in. Raises ``AccessError``."""
        try:
            for name, key in self._keys():
                if self._taken(transport, name, lambda key=key: transport.auth_publickey(self.settings.user, key)):
                    return
            if self.access.password:
                word = self.access.password.reveal()
                if self._taken(transport, "the password", lambda: transport.auth_password(self.settings.user, word)):
                    return
        finally:
            if self._agent:
                self._agent.close()
        raise self._no_login()

    def _taken(self, transport: paramiko.Transport, name: str, show: Any) -> bool:
        """Offer one, and say whether the host accepted it."""
        since = time.monotonic()
        try:
            if not show():
                return True
        except paramiko.BadAuthenticationType as error:
            self._unusable.append(f"it takes no {name}, but {' or '.join(error.allowed_types)}")
        except paramiko.AuthenticationException:
            if time.monotonic() - since >= self.access.connect_timeout:
                raise self._frozen(name) from None
            self._refused.append(name)
        if not transport.is_active():
            raise self._ended(transport) or self._cut_off()
        return False

    def _keys(self) -> Iterator[tuple[str, paramiko.PKey]]:
        """Each key once: files that are named first, then what the agent holds, then the usual files."""
        shown: set[bytes] = set()
        usual = [f"{home()}/.ssh/{name}" for name in KEYS]
        named = (
            [str(self.access.key)] if self.access.key else [f for f in self.settings.identity_files if f not in usual]
        )
        others = [] if self.access.key else [file for file in usual if file in self.settings.identity_files]
        for name, key in self._each(named, others):
            if key.asbytes() not in shown:
                shown.add(key.asbytes())
                yield name, key

    def _each(self, named: list[str], others: list[str]) -> Iterator[tuple[str, paramiko.PKey]]:
        for file in named:
            yield from self._of_file(file)
        if not self.settings.identities_only or self.access.key:
            for key in self._agent_keys():
                yield f"the agent's key {key.comment or key.get_name()}", key
        for file in others:
            yield from self._of_file(file)

    def _of_file(self, file: str) -> Iterator[tuple[str, paramiko.PKey]]:
        """The key of a file. Where the file has a passphrase: the agent's key that its .pub file names."""
        try:
            yield file, self._load(file)
        except KeyUnusable as error:
            public = _public(file)
            held = [key for key in self._agent_keys() if key.asbytes() == public]
            if not held and (isinstance(error, KeyEncrypted) or file == str(self.access.key) or Path(file).exists()):
                self._unusable.append(f"{file} {error}")
            yield from ((f"the agent's key for {file}", key) for key in held)

    def _load(self, file: str) -> paramiko.PKey:
        secret = self.access.password.reveal().encode() if self.access.password else None
        return read_key(Path(file), secret)

    def _agent_keys(self) -> list[paramiko.AgentKey]:
        if self._agent is None:
            where = self.settings.identity_agent or os.environ.get("SSH_AUTH_SOCK") or "none"
            self._agent = _Agent(where if self.access.agent else "none")
            if self._agent.problem:
                self._unusable.append(self._agent.problem)
        return list(self._agent.get_keys())

    def _key_error(self, why: str) -> AccessError:
        encrypted = "has a passphrase" in why
        return AccessError(
            "the private key cannot be used",
            step="connect",
            cause=f"{self.access.key} {why}",
            next_action=f"ssh-add {self.access.key}, and leave ssh.agent on"
            if encrypted
            else "set ssh.key in the inventory to a private key file that is there and can be read",
        )

    def _frozen(self, name: str) -> ConnectError:
        return ConnectError(
            "its sshd stopped answering at the login",
            step="connect",
            cause=f"{self.settings.host} port {self.settings.port}: no answer to {name} in time",
            next_action="look at the host: its sshd, or what it asks about users, hangs",
        )

    def _ended(self, transport: paramiko.Transport) -> LoginError | None:
        """What the host said before it ended the connection at a login that it took: its accounts allow none. Sshd
        says that in a banner, in PAM's words."""
        banner = getattr(transport.auth_handler, "banner", None)  # ``get_banner`` has none once all has ended
        said = " ".join((banner or b"").decode(errors="replace").split())
        user = self.settings.user
        if not said or len(self._refused) > 1:
            return None
        return LoginError(
            f"login as {user}{self.of} was ended by the host",
            step="connect",
            cause=f"it said: {said}",
            next_action=f"at the host's console: chage -E -1 {user} where the account has expired, passwd {user} where"
            f" the password has; what else forbids it stands in: journalctl -u ssh",
        )

    def _cut_off(self) -> LoginError:
        """Sshd's MaxAuthTries, most likely: it says so only to itself."""
        return LoginError(
            f"login as {self.settings.user}{self.of} was cut off after {len(self._refused)} keys",
            step="connect",
            cause=f"sshd takes only so many (MaxAuthTries); it did not take {_several(self._refused)}",
            next_action="name the right one as ssh.key in the inventory, and set ssh.agent: false there",
        )

    def _no_login(self) -> LoginError:
        user, host, port = self.settings.user, self.settings.host, self.settings.port
        parts = [f"it did not take {_several(self._refused)}"] if self._refused else []
        parts += self._unusable
        key = f" -i {self.access.key}" if self.access.key else ""
        return LoginError(
            f"login as {user}{self.of} was refused",
            step="connect",
            cause="; ".join(parts) or "there is no key or password to log in with",
            next_action=f"try: ssh -p {port}{key} {user}@{host};"
            " then set ssh.user, ssh.key or ssh.agent in the inventory",
        )


class _Agent(AgentSSH):
    """The agent behind a socket; one without keys, and with a ``problem``, where it does not answer."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.problem: str | None = None
        if path == "none":
            return
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(SILENT_AGENT)
        try:
            sock.connect(path)
            self._connect(sock)  # type: ignore[attr-defined]
        except (OSError, paramiko.SSHException) as error:
            sock.close()
            self.problem = f"the agent at {path} does not answer: {getattr(error, 'strerror', None) or error}"

    def close(self) -> None:
        """Close the connection to the agent."""
        self._close()  # type: ignore[attr-defined]


def read_key(path: Path, passphrase: bytes | None = None) -> paramiko.PKey:
    """The private key in a file, with its certificate where one lies beside it. Raises ``KeyUnusable``."""
    try:
        content = path.read_bytes()
        key = _parsed(content, passphrase)
    except OSError as error:
        raise KeyUnusable(f"cannot be read: {error.strerror}") from None
    with suppress(OSError, ValueError, paramiko.SSHException):
        key.load_certificate(f"{path}-cert.pub")
    return key


@lru_cache(maxsize=256)
def _openssh(content: bytes, passphrase: bytes | None) -> tuple[type[paramiko.PKey], str]:
    read: Any = load_ssh_private_key if b"BEGIN OPENSSH PRIVATE KEY" in content else load_pem_private_key
    try:
        key = read(content, None)
    except TypeError:
        try:
            key = read(content, passphrase or b"-")
        except (ValueError, TypeError):
            raise KeyEncrypted("has a passphrase, and the agent does not hold it") from None
    except (ValueError, UnsupportedAlgorithm):
        raise KeyUnusable(_not_private(content)) from None
    kinds: dict[Any, type[paramiko.PKey]] = {
        rsa.RSAPrivateKey: paramiko.RSAKey,
        ec.EllipticCurvePrivateKey: paramiko.ECDSAKey,
        Ed25519PrivateKey: paramiko.Ed25519Key,
    }
    made = next((made for kind, made in kinds.items() if isinstance(key, kind)), None)
    if made is None:
        raise KeyUnusable("is of a kind that is not taken here: RSA, ECDSA or Ed25519 is needed")
    return made, key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()


def _parsed(content: bytes, passphrase: bytes | None) -> paramiko.PKey:
    made, text = _openssh(content, passphrase)
    return made.from_private_key(StringIO(text))


def _not_private(content: bytes) -> str:
    if content.startswith((b"ssh-", b"ecdsa-", b"sk-")) or b"PUBLIC KEY" in content:
        return "is a public key: name the private one"
    return "is no private key that can be understood"


def _public(file: str) -> bytes | None:
    """The key in the .pub file beside it."""
    with suppress(OSError, ValueError, IndexError):
        blob = paramiko.pkey.PublicBlob.from_file(f"{file}.pub")
        return bytes(blob.key_blob)
    return None


def _several(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
