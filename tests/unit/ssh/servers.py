"""An SSH server in this process, on a loopback port: it runs what it is asked with the local shell."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import paramiko
from paramiko import common
from paramiko.common import cMSG_CHANNEL_SUCCESS, cMSG_USERAUTH_BANNER

PASSWORD = "pass word's"
CHUNK = 32768
FROZEN = 5.0
"""Seconds until a frozen server answers after all: later than the timeouts that tests set, sooner than the default
ones, so that who waits by those gets an answer."""


@dataclass
class Server:
    """Accepts logins with ``PASSWORD``, or with the ``authorized`` keys. ``path`` is where its commands look
    first, for a sudo of the test's own. ``shell`` is the login shell, which gets the command as its last word;
    without one, no command is run.

    ``channels`` is how many each login has, ``tries`` after how many keys it hangs up (0: never). ``frozen`` names what
    it leaves without an answer: ``exec``, ``channel`` or ``forward``. ``only`` is all that it offers of a kind
    (``kex``, ``ciphers``, ``macs``).
    """

    key: paramiko.PKey
    path: Path
    channels: int = 10
    tries: int = 0
    only: dict[str, str] = field(default_factory=dict)
    frozen: str = ""
    address: str = "127.0.0.1"
    shell: tuple[str, ...] = ("/bin/sh", "-c")
    authorized: list[paramiko.PKey] = field(default_factory=list)
    more_keys: list[Any] = field(default_factory=list)
    """Further host keys, such as one with a certificate."""
    last_words: str = ""
    """What it says to a key that it takes, and hangs up, as sshd does where an account has expired."""
    open_to_all: bool = False
    """Whether it lets everybody in who comes as far as asking."""
    commands: list[str] = field(default_factory=list)
    users: list[str] = field(default_factory=list)
    """Who logged in."""
    transports: list[paramiko.Transport] = field(default_factory=list)
    sockets: list[socket.socket] = field(default_factory=list)

    @property
    def logins(self) -> int:
        """How many logged in."""
        return len(self.users)

    def __post_init__(self) -> None:
        self._listener = socket.create_server((self.address, 0))
        self.port: int = self._listener.getsockname()[1]
        self.counting = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            transport = _Transport(sock)
            for kind, name in self.only.items():
                setattr(transport, f"_preferred_{kind}", (name,))
            for key in (self.key, *self.more_keys):
                transport.add_server_key(key)
            self.sockets.append(sock)
            self.transports.append(transport)
            try:
                transport.start_server(server=_Login(self, transport), event=threading.Event())
            except (paramiko.SSHException, OSError):
                sock.close()

    def drop(self) -> None:
        """Break every connection there is."""
        for transport in self.transports:
            transport.close()

    def close(self) -> None:
        """No more of it."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop()


class _Transport(paramiko.Transport):
    """Notes which channel's request was answered: what it asked for may begin then."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock)
        self._granted: dict[int, threading.Event] = {}

    def granted(self, channel: int) -> threading.Event:
        """Set once that channel's request was answered; the same for whichever thread comes first."""
        return self._granted.setdefault(channel, threading.Event())

    def _send_user_message(self, data: paramiko.Message) -> None:
        super()._send_user_message(data)  # type: ignore[misc]
        message = paramiko.Message(data.asbytes())
        if message.get_byte() == cMSG_CHANNEL_SUCCESS:
            self.granted(message.get_int()).set()


class _Login(paramiko.ServerInterface):
    """What one connection may do."""

    def __init__(self, server: Server, transport: _Transport) -> None:
        self.server = server
        self.transport = transport
        self.open_channels = self.failures = 0
        self.targets: dict[int, tuple[str, int]] = {}

    def get_allowed_auths(self, username: str) -> str:
        return "password,publickey" if self.server.authorized else "password"

    def check_auth_none(self, username: str) -> int:
        if not self.server.open_to_all:
            return common.AUTH_FAILED
        self.server.users.append(username)
        return common.AUTH_SUCCESSFUL

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        if key not in self.server.authorized:
            self.failures += 1
            if self.failures == self.server.tries:
                self.transport.sock.close()
            return common.AUTH_FAILED
        if self.server.last_words:
            self._hang_up(self.server.last_words)
            return common.AUTH_FAILED
        self.server.users.append(username)
        return common.AUTH_SUCCESSFUL

    def _hang_up(self, words: str) -> None:
        banner = paramiko.Message()
        banner.add_byte(cMSG_USERAUTH_BANNER)
        banner.add_string(words)
        banner.add_string("")
        self.transport._send_message(banner)  # type: ignore[attr-defined]
        self.transport.sock.close()

    def check_auth_password(self, username: str, password: str) -> int:
        if password != PASSWORD:
            return common.AUTH_FAILED
        self.server.users.append(username)
        return common.AUTH_SUCCESSFUL

    def check_channel_request(self, kind: str, chanid: int) -> int:
        if self.server.frozen == "channel":
            threading.Event().wait(FROZEN)
        with self.server.counting:
            if self.open_channels >= self.server.channels:
                return common.OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED
            self.open_channels += 1
        return common.OPEN_SUCCEEDED

    def check_channel_direct_tcpip_request(self, chanid: int, origin: Any, destination: tuple[str, int]) -> int:
        if self.server.frozen == "forward":
            threading.Event().wait(FROZEN)
        self.targets[chanid] = destination
        threading.Thread(target=self._forward, daemon=True).start()
        return common.OPEN_SUCCEEDED

    def _forward(self) -> None:
        channel = None
        while channel is None or channel.chanid not in self.targets:
            if not self.transport.is_active():
                return
            channel = self.transport.accept(0.5)  # nothing also where another thread was quicker
        try:
            sock = socket.create_connection(self.targets[channel.chanid])
        except OSError:
            channel.close()
            return
        threading.Thread(target=_pump, args=(sock.recv, channel.sendall, channel.close), daemon=True).start()
        _pump(channel.recv, sock.sendall, sock.close)

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        if self.server.frozen == "exec":
            threading.Event().wait(FROZEN)
        if not self.server.shell:
            return False
        self.server.commands.append(command.decode())
        threading.Thread(target=self._exec, args=(channel, command), daemon=True).start()
        return True

    def _exec(self, channel: paramiko.Channel, command: bytes) -> None:
        """Begins after our answer: a command that is quicker than that would close a channel not yet known to be
        open."""
        self.transport.granted(channel.remote_chanid).wait(60)
        environment = {**os.environ, "PATH": f"{self.server.path}:{os.environ['PATH']}"}
        pipe = subprocess.PIPE
        process = subprocess.Popen(
            [*self.server.shell, command.decode()],
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            env=environment,
            start_new_session=True,
        )
        streams: Any = process
        threads = [
            threading.Thread(
                target=_pump, args=(streams.stdout.read1, channel.sendall, streams.stdout.close), daemon=True
            ),
            threading.Thread(
                target=_pump, args=(streams.stderr.read1, channel.sendall_stderr, streams.stderr.close), daemon=True
            ),
        ]
        for thread in threads:
            thread.start()
        os.set_blocking(streams.stdin.fileno(), True)
        write = _into(streams.stdin)
        feed = threading.Thread(target=_pump, args=(channel.recv, write, streams.stdin.close))
        feed.daemon = True
        feed.start()
        status = process.wait()
        for thread in threads:
            thread.join()
        with self.server.counting:
            self.open_channels -= 1
        with suppress(OSError, EOFError):
            if status >= 0:
                channel.send_exit_status(status)
            channel.close()


def _into(file: Any) -> Callable[[bytes], None]:
    def write(data: bytes) -> None:
        file.write(data)
        file.flush()

    return write


def _pump(read: Callable[[int], bytes], write: Callable[[bytes], Any], end: Callable[[], Any] = lambda: None) -> None:
    with suppress(OSError, EOFError, ValueError):
        while data := read(CHUNK):
            write(data)
    with suppress(OSError, EOFError):
        end()


def alive(pid: int) -> bool:
    """Whether there is a process of that number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def gone(pid: int) -> bool:
    """Whether a process has ended, or does so within a minute."""
    until = time.monotonic() + 60
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.01)
    return not alive(pid)
