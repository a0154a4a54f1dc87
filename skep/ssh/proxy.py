"""A ProxyCommand of ssh_config, as a socket that leads to the host."""

from __future__ import annotations

import atexit
import os
import signal
import socket
import subprocess
import tempfile
from contextlib import suppress
from typing import Any
from weakref import WeakSet

GRACE = 1.0
"""Seconds a command gets to end once nobody reads it any more."""

_running: WeakSet[Proxy] = WeakSet()


class Proxy(socket.socket):
    """Our end of what the command reads and writes; closing it ends the command.

    Other than with paramiko's own, the end of the command is seen, as the end of the stream. The command is in a
    session of its own: Ctrl-C is for us, and what runs on the hosts is given time to end. Its stderr is kept.
    """

    def __init__(self, command: str) -> None:
        ours, theirs = socket.socketpair()
        super().__init__(fileno=ours.detach())
        self._said: Any = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the socket
        with theirs:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", f"exec {command}"],
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=self._said,
                start_new_session=True,
            )
        _running.add(self)

    def ended(self) -> str | None:
        """How the command ended and the last it said, in words; ``None`` while it runs."""
        try:
            status = self._process.wait(0.2)  # the stream may end a moment before
        except subprocess.TimeoutExpired:
            return None
        said = os.pread(self._said.fileno(), 65536, 0).decode(errors="replace").strip().splitlines()
        return f"its ProxyCommand ended with status {status}" + (f": {said[-1]}" if said else "")

    def close(self) -> None:
        """Also ends the command, and what it started."""
        super().close()
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self._process.poll() is not None:
                return
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(GRACE)


@atexit.register
def _close_all() -> None:
    """Logins under way are not waited for at the end, so nobody else ends theirs."""
    for proxy in list(_running):
        proxy.close()
