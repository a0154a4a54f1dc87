"""Logins on gateways: one a gateway, whatever the number of hosts behind it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace

from fabric import Connection

from skep.dataclass import dataclass
from skep.errors import ConnectError
from skep.model import Access
from skep.ssh.connection import log_in
from skep.ssh.programs import unusable
from skep.ssh.ssh_config import JUMP, address, settings

MOST = 16
"""Gateways on one way; an inventory's own are as many at most."""


@dataclass(frozen=True, slots=True)
class Hop:
    """A gateway, or the host behind them: its address, and how to log in there."""

    address: str
    access: Access

    @property
    def login(self) -> Hop:
        """The same without what makes no difference to the login there."""
        return replace(self, access=replace(self.access, gateways=(), sudo=True, sudo_password=None))


def written(text: str, own: Access) -> Hop:
    """The gateway of an inventory, ``user@host:port``. What it does not say is as for the host itself, whose access is
    ``own``; only the port is not, where it names another user."""
    found = address(text)
    assert found, "the inventory was checked"
    user, host, port = found
    return Hop(host, replace(own, user=user, port=port) if user else replace(own, port=port or own.port))


def route(target: Hop, hops: Sequence[Hop]) -> list[Hop]:
    """The gateways on the way, outermost first: these, and before them what ssh_config says of the first.

    Raises ``ConnectError`` where that cannot be used.
    """
    found = list(hops)
    while jumps := _jumps(found[0] if found else target):
        found = jumps + found
        places = [_place(hop) for hop in (*found, target)]
        if len(set(places)) < len(places) or len(found) > MOST:
            why = f"the way to {target.address} by ProxyJump goes round in a circle, or over more than {MOST}"
            raise unusable(target.access.config, why)
    return found


def _jumps(hop: Hop) -> list[Hop]:
    """What ``ProxyJump`` says of it. For one that is in the chain itself, that ends before it.

    As in OpenSSH, nothing but ssh_config says who logs in there, and how: no key or password of the inventory's goes
    there.
    """
    here = settings(hop.address, hop.access)
    kind, value = here.way or ("", "")
    jumps: list[Hop] = []
    for text in value.split(",") if kind == JUMP else ():
        found = address(text.strip())
        if not found:
            why = f"ProxyJump {value!r} is not user@host:port, or several with commas between"
            raise unusable(hop.access.config, why)
        user, host, port = found
        jump = Hop(host, replace(hop.access, user=user, port=port, key=None, password=None, sudo_password=None))
        if _place(jump) == (here.host, here.port):
            break
        jumps.append(jump)
    return jumps


def _place(hop: Hop) -> tuple[str, int]:
    here = settings(hop.address, hop.access)
    return here.host, here.port


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
