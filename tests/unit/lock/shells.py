"""Hosts that are folders: a session runs its script with the local shell, in the host's folder."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from skep.errors import ConnectError, SkepError
from skep.ssh import Result

HOME = "/var/lib/skep"


class ShellSession:
    """As ``skep.ssh.Session``. ``down`` is a host that cannot be reached; ``before`` runs ahead of every script."""

    def __init__(self, host: str, folder: Path) -> None:
        self.host = host
        self.folder = folder / host
        self.down = False
        self.before: Callable[[], None] = lambda: None
        self.scripts: list[str] = []

    def run(self, script: str, *, timeout: float = 60.0, to_the_end: str = "") -> Result:
        self.before()
        if self.down:
            raise ConnectError("cannot be reached", host=self.host, cause="no answer in time")
        self.scripts.append(script)
        body = "{\n" + script.replace(HOME, str(self.folder)) + "\n} </dev/null\n"
        done = subprocess.run(["/bin/sh", "-s"], input=body.encode(), capture_output=True, timeout=timeout, check=False)
        return Result(done.returncode, done.stdout.decode(errors="surrogateescape"), done.stderr.decode())

    def file(self, name: str) -> Path:
        return self.folder / name


class ShellPool:
    """As ``skep.ssh.Pool``, of hosts that share nothing but what lies in their folders."""

    def __init__(self, folder: Path, *hosts: str) -> None:
        self.sessions = {host: ShellSession(host, folder) for host in hosts}
        self.asked: list[str] = []
        self._lock = threading.Lock()

    @property
    def hosts(self) -> tuple[str, ...]:
        return tuple(self.sessions)

    def __getitem__(self, host: str) -> ShellSession:
        return self.sessions[host]

    def map(self, work: Callable[[Any], Any], hosts: Iterable[str]) -> dict[str, Any]:
        def one(name: str) -> Any:
            with self._lock:
                self.asked.append(name)
            try:
                return work(self.sessions[name])
            except SkepError as error:
                return error

        names = list(hosts)
        with ThreadPoolExecutor(len(names) or 1) as threads:
            return dict(zip(names, threads.map(one, names), strict=True))
