"""The logins on one host: the first, further ones where its sshd gives one few channels, and whether to try again."""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Callable
from typing import Any

import paramiko

from skep.errors import ConnectError, LoginError
from skep.model import Access
from skep.ssh.connection import log_in, lost_gateway
from skep.waiting import until

MORE = 9
"""Further logins on one host, where its sshd gives one login few channels."""

PATIENCE = 30.0
"""Seconds to wait for a channel where the host has given all it allows."""


class Logins:
    """Opened at first use and reopened where they broke, until closed. Thread-safe. ``through`` gives the gateway that
    leads to the host, if any."""

    def __init__(self, host: str, address: str, access: Access, through: Callable[[], Any]) -> None:
        self.host = host
        self._address = address
        self.access = access
        self._through = through
        self.took = 0.0
        """Seconds that the last login took."""
        self.closed = False
        """Whether it was for good."""
        self._connection: Any = None
        self._latest: Any = None
        """The connection that is, or was before it was given up."""
        self._more: list[Any] = []
        """Further connections, whose channels are used like those of the first."""
        self._refusal: ConnectError | None = None
        self._again = 0.0
        """Until when (monotonic) the refusal stands."""
        self._lock = threading.Lock()
        self._entering = threading.Lock()
        """Held while logging in, which may take long: who closes them waits for ``_lock`` alone."""
        self._asking = threading.Lock()

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
                if self.closed:
                    self._forget()
                self._refuse_closed()
                new: paramiko.Transport = made.transport
                return new

    def _refuse_closed(self) -> None:
        if self.closed:
            raise ConnectError("logged out: the run has ended", host=self.host)

    def refuse_again(self) -> None:
        """A host that let us wait in vain is not tried again for as long: history, lock and a last look all come
        upon a manager that died, one after the other."""
        if self._refusal is not None and time.monotonic() < self._again:
            raise copy.copy(self._refusal)

    def _log_in(self) -> Any:
        self.refuse_again()
        since = time.monotonic()
        try:
            return log_in(self.host, self._address, self.access, self._through)
        except ConnectError as error:
            self.remember(error, since)
            raise

    def remember(self, error: ConnectError, since: float) -> None:
        """Keep a refusal for as long as it took."""
        self._refusal = copy.copy(error)
        self._again = 2 * time.monotonic() - since

    def close(self) -> None:
        """Log out, for good: what still runs is cut off and cannot come back. A login still on its way is not waited
        for: it is given up when it arrives."""
        with self._lock:
            self.closed = True
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

    def channel(self) -> paramiko.Channel:
        """A new channel. Where the host refuses one (sshd's MaxSessions counts by login), one more login has room;
        beyond ``MORE`` of them one is waited for.

        Asked for one at a time: of two refused at once, paramiko gives one a refusal and the other something that
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
            raise self.broken(error, transport) from None

    def _more_transports(self) -> list[paramiko.Transport]:
        with self._lock:
            self._more = [one for one in self._more if one.is_connected]
            return [one.transport for one in self._more]

    def _one_more(self) -> paramiko.Transport:
        made = self._log_in()
        with self._lock:
            self._more.append(made)
            if self.closed:
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

    def broken(self, error: Exception, where: paramiko.Channel | paramiko.Transport) -> ConnectError:
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
