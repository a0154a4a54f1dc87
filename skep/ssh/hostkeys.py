"""Host-key policy: a changed key is refused always, an unknown one as the inventory says."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import paramiko
from paramiko.hostkeys import HostKeyEntry, InvalidHostKey

from skep.errors import ConnectError, HostKeyError
from skep.model import Access

_writing = threading.Lock()


class Unknown(paramiko.MissingHostKeyPolicy):
    """What to do with a key that no known_hosts file holds."""

    def __init__(self, access: Access) -> None:
        self.access = access

    def missing_host_key(self, client: Any, hostname: str, key: paramiko.PKey) -> None:
        """Write the key down under ``accept-new``; raise ``HostKeyError`` under ``strict``."""
        path = known_hosts_path(self.access)
        if self.access.host_keys == "strict":
            raise HostKeyError(
                f"unknown host key {key.get_name()} {key.fingerprint}",
                cause=f"no entry for {hostname} in {path}",
                next_action=f"compare the fingerprint at the host's console, then add the key to {path},"
                " or set ssh.host-keys: accept-new",
            )
        client.get_host_keys().add(hostname, key.get_name(), key)
        with _writing, _usable(path):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            cut = path.exists() and path.read_bytes()[-1:] not in (b"", b"\n")
            with path.open("a") as file:
                file.write("\n" * cut + f"{hostname} {key.get_name()} {key.get_base64()}\n")
        _load.cache_clear()


def known_hosts_path(access: Access) -> Path:
    """The known_hosts file in force; OpenSSH's own unless the inventory names another."""
    return access.known_hosts or Path("~/.ssh/known_hosts").expanduser()


@lru_cache(maxsize=8)
def _load(path: Path) -> tuple[HostKeyEntry, ...]:
    """The entries of the file; lines that cannot be read are passed over, as OpenSSH does."""
    entries = []
    with _usable(path):
        text = path.read_text(errors="replace") if path.exists() else ""
    for line in text.splitlines():
        with suppress(InvalidHostKey, paramiko.SSHException, ValueError):
            entries.append(HostKeyEntry.from_line(line.strip()))
    return tuple(entry for entry in entries if entry)


@contextmanager
def _usable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConnectError(
            "the known host keys cannot be read or written",
            step="connect",
            cause=f"{path}: {error.strerror}",
            next_action="mend it, or name another file as ssh.known-hosts in the inventory",
        ) from None


def _names(entry: HostKeyEntry, hostname: str) -> bool:
    return any(known == hostname or _hashes(known, hostname) for known in entry.hostnames or ())


def _hashes(known: str, hostname: str) -> bool:
    try:
        return known.startswith("|1|") and paramiko.HostKeys.hash_host(hostname, known) == known
    except (ValueError, IndexError, AssertionError):
        return False


def apply_policy(client: paramiko.SSHClient, hostname: str, port: int, access: Access) -> None:
    """Give the client the known keys of that one host and the policy for an unknown one."""
    name = hostname if port == 22 else f"[{hostname}]:{port}"
    keys = client.get_host_keys()
    for entry in _load(known_hosts_path(access)):
        kind = entry.key.get_name() if entry.key else None
        if kind and _names(entry, name) and kind not in (keys.lookup(name) or {}):
            keys.add(name, kind, entry.key)
    client.set_missing_host_key_policy(Unknown(access))
