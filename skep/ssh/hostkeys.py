"""Host-key policy: a changed key is refused always, an unknown one as the inventory says."""

from __future__ import annotations

import threading
from functools import lru_cache
from pathlib import Path
from typing import Any

import paramiko

from skep.errors import HostKeyError
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
        with _writing:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with path.open("a") as file:
                file.write(f"{hostname} {key.get_name()} {key.get_base64()}\n")
        _load.cache_clear()


def known_hosts_path(access: Access) -> Path:
    """The known_hosts file in force; OpenSSH's own unless the inventory names another."""
    return access.known_hosts or Path("~/.ssh/known_hosts").expanduser()


@lru_cache(maxsize=8)
def _load(path: Path) -> paramiko.HostKeys:
    keys = paramiko.HostKeys()
    if path.exists():
        keys.load(str(path))
    return keys


def apply_policy(client: paramiko.SSHClient, hostname: str, port: int, access: Access) -> None:
    """Give the client the known keys of that one host and the policy for an unknown one."""
    name = hostname if port == 22 else f"[{hostname}]:{port}"
    for key in (_load(known_hosts_path(access)).lookup(name) or {}).items():
        client.get_host_keys().add(name, key[0], key[1])
    client.set_missing_host_key_policy(Unknown(access))
