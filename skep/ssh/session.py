"""One host's session: scripts run as root over one login, secrets over stdin only."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import paramiko

from skep.errors import ConnectError, SudoError
from skep.model import Access
from skep.ssh.connection import Hop, build, chain, open_connection


@dataclass(frozen=True, slots=True)
class Result:
    """What a remote script gave: exit status and its two streams as text."""

    status: int
    out: str
    err: str


class Session:
    """A login on one host, opened at first use and reopened if it broke. Thread-safe."""

    def __init__(self, host: str, address: str, access: Access) -> None:
        self.host = host
        self.access = access
        self.hops: Sequence[Hop] = ()
        """Gateways on the way, outermost first."""
        self._address = address
        self._connection: Any = None
        self._lock = threading.Lock()

    def open(self) -> paramiko.Transport:
        """The live transport. Raises ``ConnectError``."""
        with self._lock:
            if self._connection is None or not self._connection.is_connected:
                self._close()
                self._connection = build(self._address, self.access, self.hops)
                open_connection(self._connection, self.host, self.access)
            transport: paramiko.Transport = self._connection.transport
            return transport

    def run(self, script: str, *, timeout: float = 60.0) -> Result:
        """Run a POSIX sh script as root.

        The script travels over stdin; its own commands read from ``/dev/null``. After ``timeout`` seconds it
        is ended on the host (status 124). Raises ``ConnectError`` when the connection breaks.
        """
        body = "{\n" + script + "\n} </dev/null\n"
        channel = self._start(f"timeout -k 5 {round(timeout) or 1} sh -s", timeout)
        try:
            channel.sendall(body.encode())
            channel.shutdown_write()
            deadline = time.monotonic() + timeout + 15
            out = _drain(channel.recv, channel, deadline)
            err = _drain(channel.recv_stderr, channel, deadline)
            status = channel.recv_exit_status()
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise self._broken(error) from None
        finally:
            channel.close()
        if status == -1:
            raise self._broken(EOFError("the connection closed before the script ended"))
        text = err.decode(errors="replace")
        if status == 1 and not out and text.startswith("sudo: "):
            raise self._no_sudo(text)
        return Result(status, out.decode(errors="surrogateescape"), text)

    def stream(self, command: str, *, timeout: float = 60.0) -> paramiko.Channel:
        """A command as root with its stdin and stdout as a socket-like channel."""
        return self._start(command, timeout)

    def close(self) -> None:
        """Log out."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._connection is not None:
            for hop in chain(self._connection):
                hop.close()
            self._connection = None

    def _start(self, command: str, timeout: float) -> paramiko.Channel:
        try:
            channel = self.open().open_session(timeout=self.access.connect_timeout + 5)
            channel.settimeout(timeout + 15)
            if not self.access.sudo or self._connection.user == "root":
                channel.exec_command(command)
            elif self.access.sudo_password is None:
                channel.exec_command(f"sudo -n {command}")
            else:
                self._sudo_with_password(channel, command)
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise self._broken(error) from None
        return channel

    def _sudo_with_password(self, channel: paramiko.Channel, command: str) -> None:
        """Give sudo the password over stdin, and go on only when the shell behind it says so.

        The shell skips what sudo left unread (it may not have asked), up to a word of this call.
        """
        assert self.access.sudo_password is not None
        word = secrets.token_hex(8)
        skip = f'while IFS= read -r l && [ "$l" != {word} ]; do :; done; echo {word}; exec {command}'
        channel.exec_command(f"sudo -k -S -p '' sh -c '{skip}'")
        channel.sendall(f"{self.access.sudo_password.reveal()}\n{word}\n".encode())
        answer = b""
        while not answer.endswith(f"{word}\n".encode()):
            if channel.recv_ready():
                answer += channel.recv(1)
            elif channel.recv_stderr_ready() or channel.exit_status_ready():
                text = channel.recv_stderr(4096).decode(errors="replace") if channel.recv_stderr_ready() else ""
                if "lecture" not in text:
                    channel.close()
                    raise self._no_sudo(text)
            else:
                time.sleep(0.002)

    def _no_sudo(self, text: str) -> SudoError:
        asked = self.access.sudo_password is not None
        return SudoError(
            "may not become root",
            host=self.host,
            step="sudo",
            cause=text.strip().splitlines()[-1] if text.strip() else "sudo ended without a word",
            next_action="check ssh.sudo-password in the inventory and the host's sudoers"
            if asked
            else "set ssh.sudo-password in the inventory, or allow sudo without a password on the host",
        )

    def _broken(self, error: Exception) -> ConnectError:
        self.close()
        return ConnectError(
            "the connection broke",
            host=self.host,
            cause=str(error) or type(error).__name__,
            next_action="run the same command again; it continues where it stopped",
        )


def _drain(receive: Any, channel: paramiko.Channel, deadline: float) -> bytes:
    parts: list[bytes] = []
    while True:
        channel.settimeout(max(0.1, deadline - time.monotonic()))
        data = receive(65536)
        if not data:
            return b"".join(parts)
        parts.append(data)
