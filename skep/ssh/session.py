"""One host's session: scripts run as root over one login, secrets over stdin only."""

from __future__ import annotations

import copy
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import paramiko

from skep.errors import ConnectError, LoginError
from skep.model import Access
from skep.shell import quoted
from skep.ssh.channels import answering, drain, end
from skep.ssh.connection import log_in, lost_gateway
from skep.ssh.gateways import Gateways, Hop, route
from skep.ssh.handshake import give_password, hear, no_commands, no_shell, no_sudo, unread
from skep.ssh.scripts import LOGIN, RUNNING, as_root, by_login, by_sudo, by_sudo_asking, changing, command, looking
from skep.waiting import until


@dataclass(frozen=True, slots=True)
class Result:
    """What a remote script gave: exit status and its two streams as text."""

    status: int
    out: str
    err: str


SPARE = 15.0
"""Seconds a script gets beyond its deadline, in which the host ends it."""

MORE = 9
"""Further logins on one host, where its sshd gives one login few channels."""

PATIENCE = 30.0
"""Seconds to wait for a channel where the host has given all it allows on one login, and for sudo's answer, which
may come from a directory service."""


class Session:
    """A login on one host, opened at first use and reopened if it broke, until closed. Thread-safe."""

    def __init__(
        self, host: str, address: str, access: Access, hops: Sequence[Hop] = (), gateways: Gateways | None = None
    ) -> None:
        """``hops`` are the gateways on the way, outermost first; their logins are the ``gateways``', which may be
        shared and are closed by who made them."""
        self.host = host
        self.access = access
        self.hops = hops
        self._gateways = gateways or Gateways()
        self.address = address
        self.took = 0.0
        """Seconds that the last login took."""
        self._connection: Any = None
        self._latest: Any = None
        """The connection that is, or was before it was given up."""
        self._more: list[Any] = []
        """Further connections, whose channels are used like those of the first."""
        self._closed = False
        self._refusal: ConnectError | None = None
        self._again = 0.0
        """Until when (monotonic) the refusal stands."""
        self._lock = threading.Lock()
        self._entering = threading.Lock()
        """Held while logging in, which may take long: who closes the session waits for ``_lock`` alone."""
        self._asking = threading.Lock()

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

    def open(self) -> paramiko.Transport:
        """The live transport. Raises ``ConnectError``."""
        with self._entering:
            with self._lock:
                self._refuse_closed()
                if self._connection is not None and self._connection.is_connected:
                    here: paramiko.Transport = self._connection.transport
                    return here
                self._forget()
                latest = self._latest
            lost_gateway(latest)  # one that just broke is known to be broken then
            begun = time.monotonic()
            made = self._log_in()
            self.took = time.monotonic() - begun
            with self._lock:
                self._connection = self._latest = made
                if self._closed:
                    self._forget()
                self._refuse_closed()
                new: paramiko.Transport = made.transport
                return new

    def _refuse_closed(self) -> None:
        if self._closed:
            raise ConnectError("logged out: the run has ended", host=self.host)

    def _refuse_again(self) -> None:
        """A host that let us wait in vain is not tried again for as long: history, lock and a last look all come
        upon a manager that died, one after the other."""
        if self._refusal is not None and time.monotonic() < self._again:
            raise copy.copy(self._refusal)

    def _log_in(self) -> Any:
        self._refuse_again()
        since = time.monotonic()
        try:
            return log_in(self.host, self.address, self.access, self._through)
        except ConnectError as error:
            self._remember(error, since)
            raise

    def _remember(self, error: ConnectError, since: float) -> None:
        self._refusal = copy.copy(error)
        self._again = 2 * time.monotonic() - since

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
            raise self._broken(error, channel) from None
        finally:
            end(channel)
        if status == -1:
            raise self._broken(EOFError("the connection closed, or the script was killed, before its end"), channel)
        return Result(status, out.decode(errors="surrogateescape"), err.decode(errors="replace"))

    def stream(self, words: str, *, timeout: float = 60.0) -> paramiko.Channel:
        """A command as root with its stdin and stdout as a socket-like channel."""
        return self._start(words, timeout)

    def close(self) -> None:
        """Log out, for good: what still runs is cut off and cannot come back. A login still on its way is not waited
        for: it is given up when it arrives."""
        with self._lock:
            self._closed = True
            self._forget()
            self._forget_more()

    def _forget_more(self, broken: paramiko.Transport | None = None) -> None:
        """Close the further connections: all, or the one of that transport."""
        for one in [one for one in self._more if broken is None or one.transport is broken]:
            one.close()
            one.client.close()
            self._more.remove(one)

    def _forget(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection.client.close()
            self._connection = None

    def _start(self, words: str, timeout: float) -> paramiko.Channel:
        """A channel on which the command runs as root; nothing but sudo's password was sent, and that to sudo alone.

        Raises ``ConnectError``: the connection broke, or what answered there was no shell, or sudo said no.
        """
        self._refuse_again()
        channel = self._channel()
        channel.settimeout(timeout + SPARE)
        since = time.monotonic()
        try:
            self._become_root(channel, as_root(words))
        except ConnectError as error:
            end(channel)
            error.host = self.host
            self._remember(error, since)
            raise
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise self._broken(error, channel) from None
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
            if channel.get_transport().is_active() and not self._closed:
                raise no_commands(user) from None
            raise
        if said := hear(channel, LOGIN, wait):
            raise no_shell(said, user, wait)
        said = give_password(channel, password, word, prompt, PATIENCE) if password else None
        if said := said or hear(channel, RUNNING, PATIENCE):
            raise no_sudo(said, user, PATIENCE, password=bool(password)) if sudo else no_shell(said, user, PATIENCE)
        unread(channel)  # greetings, and what sudo says besides

    def _channel(self) -> paramiko.Channel:
        """A new channel. Where the host refuses one (sshd's MaxSessions counts by login), one more login has room;
        beyond ``MORE`` of them one is waited for.

        Asked for one at a time: of two refused at once, paramiko tells one a refusal and the other something that
        looks like a broken connection.
        """
        channel = until(self._free_channel, seconds=PATIENCE, every=0.2)
        if channel is None:
            raise self._no_channel(f"{1 + MORE} logins are full")
        return channel

    def _free_channel(self) -> paramiko.Channel | None:
        """A channel on a login that has room, or on one more; ``None`` where there may be no more logins."""
        with self._asking:
            for transport in (self.open(), *self._more_transports()):
                if channel := self._asked_for_channel(transport):
                    return channel
            if len(self._more) >= MORE:
                return None
            if channel := self._asked_for_channel(self._one_more()):
                return channel
        raise self._no_channel("not even one")

    def _asked_for_channel(self, transport: paramiko.Transport) -> paramiko.Channel | None:
        """``None`` where there is no more room on that login."""
        try:
            return transport.open_session(timeout=self.access.connect_timeout + 5)
        except paramiko.ChannelException:
            return None
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise self._broken(error, transport) from None

    def _more_transports(self) -> list[paramiko.Transport]:
        with self._lock:
            self._more = [one for one in self._more if one.is_connected]
            return [one.transport for one in self._more]

    def _one_more(self) -> paramiko.Transport:
        made = self._log_in()
        with self._lock:
            self._more.append(made)
            if self._closed:
                self._forget_more()
            self._refuse_closed()
            transport: paramiko.Transport = made.transport
            return transport

    def _no_channel(self, why: str) -> LoginError:
        return LoginError(
            "allows no further channel on a login",
            host=self.host,
            step="connect",
            cause=why,
            next_action="raise MaxSessions in the host's sshd_config (0 forbids commands; 10 is its default)",
        )

    def _broken(self, error: Exception, where: paramiko.Channel | paramiko.Transport) -> ConnectError:
        """The connection is given up, unless others have a new one already."""
        transport = where.get_transport() if isinstance(where, paramiko.Channel) else where
        with self._lock:
            lost = lost_gateway(self._latest)
            if self._connection is not None and self._connection.transport is transport:
                self._forget()
            self._forget_more(transport)
        return ConnectError(
            "the connection broke",
            host=self.host,
            cause=lost or str(error) or type(error).__name__,
            next_action="run the same command again; it continues where it stopped",
        )
