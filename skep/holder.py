"""Who holds a cluster's lock: a person, a machine, a process; as one JSON line on a host."""

from __future__ import annotations

import getpass
import json
import os
import secrets
import socket
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from skep.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Holder:
    """Who (user@machine), which process, since when (ISO 8601, UTC) and for which task."""

    id: str
    who: str
    machine: str
    pid: int
    born: str
    since: str
    what: str

    def __str__(self) -> str:
        return f"{self.who}, since {self.since}, for {self.what} (process {self.pid})"

    @property
    def dead(self) -> bool:
        """Whether it was a process of this machine that has ended."""
        return self.machine == _machine() and _born(self.pid) != self.born

    @property
    def line(self) -> str:
        """The JSON line as hosts keep it."""
        return json.dumps(asdict(self))


def read_holder(line: str) -> Holder | None:
    """The holder that a line names; ``None`` for any other text."""
    try:
        return Holder(**json.loads(line))
    except (ValueError, TypeError):
        return None


def me(what: str) -> Holder:
    """This process as a holder."""
    pid = os.getpid()
    now = datetime.now(UTC).isoformat(timespec="seconds")
    who = f"{_user()}@{socket.gethostname()}"
    return Holder(secrets.token_hex(16), who, _machine(), pid, _born(pid), now, what)


def _machine() -> str:
    path = Path("/etc/machine-id")
    boot = Path("/proc/sys/kernel/random/boot_id")
    parts = [file.read_text().strip() for file in (path, boot) if file.exists()]
    space = Path("/proc/self/ns/pid")
    parts += [str(space.readlink())] if space.is_symlink() else []
    return ":".join([socket.gethostname(), *parts])


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return f"uid {os.getuid()}"


def _born(pid: int) -> str:
    """When a process of this machine started, in clock ticks since boot; empty if there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
