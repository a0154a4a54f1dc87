"""Logins on gateways: one a gateway, whatever the number of hosts behind it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace

from fabric import Connection

from skep.errors import ConnectError
from skep.model import Access
from skep.ssh.connection import log_in


@dataclass(frozen=True, slots=True)
class Hop:
    """A gateway: an address as Fabric takes it (``user@host:port``), and how to log in there."""

    address: str
    access: Access

    @property
    def login(self) -> Hop:
        """The same without what makes no difference to the login there."""
        access = replace(self.access, gateways=(), sudo=True, sudo_password=None)
        return replace(self, access=replace(access, user=None, port=None) if "@" in self.address else access)


class Gateways:
    """Open connections to gateways, made at first use, and again where they broke. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._logins: dict[tuple[Hop, ...], Future[Connection]] = {}
        self._closed = False

    def through(self, hops: Sequence[Hop], host: str) -> Connection | None:
        """The connection to the last of these gateways, outermost first; ``None`` without any.

        Who comes while it is being made waits for it, and shares the failure. Raises ``ConnectError`` for ``host``.
        """
        if not hops:
            return None
        chain = tuple(hop.login for hop in hops)
        with self._lock:
            if self._closed:
                raise ConnectError("logged out: the run has ended", host=host)
            login = self._logins.get(chain)
            first = login is None or not _usable(login)
            if first:
                login = self._logins[chain] = Future()
        assert login is not None
        if first:
            last = chain[-1]
            try:
                way = chain[:-1]
                made = log_in(host, last.address, last.access, lambda: self.through(way, host), gateway=True)
                login.set_result(made)
            except BaseException as error:
                login.set_exception(error)
        try:
            found = login.result()
        except ConnectError as error:
            raise _for(host, error) from None
        if self._closed:
            found.close()
        return found

    def close(self) -> None:
        """Log out everywhere, for good."""
        with self._lock:
            self._closed = True
            logins = list(self._logins.values())
        for login in logins:
            if login.done() and not login.exception():
                login.result().close()


def _usable(login: Future[Connection]) -> bool:
    return not login.done() or (login.exception() is None and login.result().is_connected)


def _for(host: str, error: ConnectError) -> ConnectError:
    """The failure as one host's: each has its own."""
    return type(error)(error.message, host=host, step=error.step, cause=error.cause, next_action=error.next_action)
