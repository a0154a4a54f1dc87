"""One host's session: scripts run as root over one login, secrets over stdin only."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from typing import Any

import paramiko

from skep.dataclass import dataclass
from skep.errors import ConnectError
from skep.model import Access
from skep.shell import quoted
from skep.ssh.channels import answering, drain, end
from skep.ssh.gateways import Gateways, Hop, route
from skep.ssh.handshake import give_password, hear, no_commands, no_shell, no_sudo, unread
from skep.ssh.logins import Logins
from skep.ssh.scripts import LOGIN, RUNNING, as_root, by_login, by_sudo, by_sudo_asking, changing, command, looking


@dataclass(frozen=True, slots=True)
class Result:
    """What a remote script gave: exit status and its two streams as text."""

    status: int
    out: str
    err: str


SPARE = 15.0
"""Seconds a script gets beyond its deadline, in which the host ends it."""

PATIENCE = 30.0
"""Seconds to wait for sudo's answer, which may come from a directory service."""


class Session:
    """A login on one host, opened at first use and reopened if it broke, until closed. Thread-safe."""

    def __init__(
        self, host: str, address: str, access: Access, hops: Sequence[Hop] = (), gateways: Gateways | None = None
    ) -> None:
        """``hops`` are the gateways on the way, outermost first; their logins are the ``gateways``', which may be
        shared and are closed by who made them."""
        self.host = host
        self.hops = hops
        self._gateways = gateways or Gateways()
        self.address = address
        self._logins = Logins(host, address, access, self._through)

    def twin(self) -> Session:
        """A session of its own on the same host, not logged in yet."""
        made = Session(self.host, self.address, self.access)
        made.hops = self.hops
        return made

    def quick(self, seconds: float) -> Session:
        """A session of its own for a look, which waits no longer than that for each answer, and tries but once."""
        wait = min(seconds, self.access.connect_timeout)
        access = replace(self.access, connect_timeout=wait, retries=0)
        return Session(self.host, self.address, access, self.hops, self._gateways)

    @property
    def access(self) -> Access:
        """How to log in."""
        return self._logins.access

    @property
    def took(self) -> float:
        """Seconds that the last login took."""
        return self._logins.took

    def open(self) -> paramiko.Transport:
        """The live transport. Raises ``ConnectError``."""
        return self._logins.open()

    def close(self) -> None:
        """Log out, for good: what still runs is cut off and cannot come back. A login still on its way is not waited
        for: it is given up when it arrives."""
        self._logins.close()

    def _through(self) -> Any:
        return self._gateways.through(route(Hop(self.address, self.access), self.hops), self.host)

    def run(self, script: str, *, timeout: float = 60.0, to_the_end: str = "") -> Result:
        """Run a POSIX sh script as root.

        The script travels over stdin; its own commands read from ``/dev/null``. After ``timeout`` seconds it
        is ended on the host (status 124), and so it is when the connection ends; unless ``to_the_end`` gives it a
        name: then it runs on, and the next of that name on that host waits for it. Raises ``ConnectError`` when the
        connection breaks.
        """
        body = changing(script, to_the_end) if to_the_end else looking(script)
        return self._run(command(timeout), [body], timeout, close=bool(to_the_end))

    def pipe(
        self,
        script: str,
        pieces: Iterable[bytes] = (),
        take: Callable[[bytes], object] | None = None,
        *,
        timeout: float,
    ) -> Result:
        """Run a POSIX sh script as root that reads the ``pieces`` from stdin, and whose output ``take`` gets piece by
        piece; else as ``run``. The script stands in the arguments of a process there: it must hold no secret.
        """
        begins = "read -r _\n"  # not before what was said on the way to root has been read
        words = f"timeout -k 5 {round(timeout) or 1} sh -c {quoted(begins + script)}"
        return self._run(words, chain([b"\n"], pieces), timeout, take=take)

    def _run(
        self,
        words: str,
        pieces: Iterable[bytes],
        timeout: float,
        *,
        close: bool = True,
        take: Callable[[bytes], object] | None = None,
    ) -> Result:
        channel = self._start(words, timeout)
        deadline = time.monotonic() + timeout + SPARE
        try:
            for piece in pieces:
                try:
                    channel.sendall(piece)
                except OSError:  # it may end without having read all
                    break
            if close:
                with suppress(OSError):
                    channel.shutdown_write()
            out, err = drain(channel, deadline, take)
            if not channel.status_event.wait(max(0.1, deadline - time.monotonic())):
                raise TimeoutError("the script did not end in time")
            status = channel.recv_exit_status()
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise self._logins.broken(error, channel) from None
        finally:
            end(channel)
        if status == -1:
            raise self._logins.broken(
                EOFError("the connection closed, or the script was killed, before its end"), channel
            )
        return Result(status, out.decode(errors="surrogateescape"), err.decode(errors="replace"))

    def stream(self, words: str, *, timeout: float = 60.0) -> paramiko.Channel:
        """A command as root with its stdin and stdout as a socket-like channel."""
        return self._start(words, timeout)

    def broken(self, error: Exception, channel: paramiko.Channel) -> ConnectError:
        """The failure of a stream whose connection broke; the next one has a new connection."""
        return self._logins.broken(error, channel)

    def _start(self, words: str, timeout: float) -> paramiko.Channel:
        """A channel on which the command runs as root; nothing but sudo's password was sent, and that to sudo alone.

        Raises ``ConnectError``: the connection broke, or what answered there was no shell, or sudo said no.
        """
        self._logins.refuse_again()
        channel = self._logins.channel()
        channel.settimeout(timeout + SPARE)
        since = time.monotonic()
        try:
            self._become_root(channel, as_root(words))
        except ConnectError as error:
            end(channel)
            error.host = self.host
            self._logins.remember(error, since)
            raise
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise self._logins.broken(error, channel) from None
        return channel

    def _become_root(self, channel: paramiko.Channel, command: str) -> None:
        user, wait = channel.get_transport().get_username() or "", self.access.connect_timeout
        sudo = self.access.sudo and user != "root"
        password = self.access.sudo_password if sudo else None
        word, prompt = secrets.token_hex(8), secrets.token_hex(8)
        if password:
            command = by_sudo_asking(command, word, prompt)
        elif sudo:
            command = by_sudo(command)
        try:
            with answering(channel, wait + 5):
                channel.exec_command(by_login(command))
        except paramiko.SSHException:
            if channel.get_transport().is_active() and not self._logins.closed:
                raise no_commands(user) from None
            raise
        if said := hear(channel, LOGIN, wait):
            raise no_shell(said, user, wait)
        said = give_password(channel, password, word, prompt, PATIENCE) if password else None
        if said := said or hear(channel, RUNNING, PATIENCE):
            raise no_sudo(said, user, PATIENCE, password=bool(password)) if sudo else no_shell(said, user, PATIENCE)
        unread(channel)  # greetings, and what sudo says besides
