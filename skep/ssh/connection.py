"""A Fabric connection set up as the inventory says: keys, ssh_config, gateways, host keys, no Nagle."""

from __future__ import annotations

import logging
import socket
import threading
import time
import traceback
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import paramiko
from fabric import Config, Connection

from skep.errors import AccessError, ConnectError
from skep.model import Access
from skep.ssh.hostkeys import Trust
from skep.ssh.keys import Identity
from skep.ssh.proxy import Proxy
from skep.ssh.ssh_config import COMMAND, Settings, settings
from skep.ssh.transport import Transport

logging.getLogger("paramiko").setLevel(logging.CRITICAL + 1)
"""Paramiko logs tracebacks of its threads; each of those failures reaches us as an exception as well."""

_config = Config(ssh_config=paramiko.SSHConfig(), lazy=True)
"""Fabric's configuration, which is to read no ssh_config by itself."""

_building = threading.Lock()
"""Fabric's configuration is filled while it is read, so connections are built one at a time."""

UNREACHED = "cannot be reached"
"""What is said of a host, or of its gateway, to which there is no connection."""

SILENCE = 30
"""Seconds a host may leave what we sent without any acknowledgement; then it counts as gone."""

_doors: dict[tuple[str, int], threading.BoundedSemaphore] = defaultdict(lambda: threading.BoundedSemaphore(8))
"""Logins at once at one address, which may be the gateway of many hosts: from the tenth on, a stock sshd drops them
(MaxStartups)."""


class _Through(Connection):
    """A connection that knows the settings in force. Its way through a gateway may end without a traceback: paramiko's
    thread closes its channel, and the gateway may be gone by then."""

    settings: Settings
    """Given by ``build``."""

    def open_gateway(self) -> Any:
        channel = super().open_gateway()
        close = channel.close

        def quietly() -> None:
            with suppress(OSError, EOFError, paramiko.SSHException):
                close()

        channel.close = quietly
        return channel


def log_in(
    host: str, address: str, access: Access, through: Callable[[], Connection | None], *, gateway: bool = False
) -> Connection:
    """A connection to an address, logged in. It is that of a ``gateway`` on the way to the host, or the host's own.

    ``through`` gives the open gateway to go through, if any. Raises ``ConnectError`` that names the host this is for,
    after the retries, whatever it was that went wrong.
    """
    for attempt in range(access.retries + 1):
        connection: Connection | None = None
        since = time.monotonic()
        try:
            connection = build(address, access, through())
            _open(connection, access, f" of the gateway {connection.host}" if gateway else "")
            return connection
        except ConnectError as error:
            _give_up(connection)
            error.host = host
            raise
        except BaseException as error:
            patience = min(access.connect_timeout, _whole(access.connect_timeout))
            waited = isinstance(error, TimeoutError) or time.monotonic() - since >= 0.99 * patience
            failure = _failure(error, host, connection, gateway=gateway, waited=waited)
            _give_up(connection)
            if not failure:
                raise
            again = type(failure) is ConnectError and not waited
            if attempt == access.retries or connection is None or not again:
                raise failure from error
        time.sleep(0.3 * (attempt + 1))
    raise AssertionError("there is a first attempt")


def build(address: str, access: Access, gateway: Connection | None = None) -> Connection:
    """A connection object through an open gateway, if any; not yet open. Nothing is sent.

    Raises ``AccessError`` where ssh_config cannot be used.
    """
    here, wait = settings(address, access), access.connect_timeout
    with _building:
        connection = _Through(
            here.host,
            user=here.user,
            port=here.port,
            gateway=gateway or False,
            forward_agent=False,
            config=_config,
            connect_timeout=_whole(wait),
            connect_kwargs={"banner_timeout": wait, "auth_timeout": wait, "channel_timeout": wait},
        )
    connection._set(settings=here)  # a plain assignment goes into Fabric's configuration, which all connections share
    return connection


def _whole(seconds: float) -> int:
    """As Fabric takes it."""
    return max(1, round(seconds))


def _open(connection: Connection, access: Access, of: str) -> None:
    trust = Trust(connection.settings, access, of)
    connection.client.set_missing_host_key_policy(trust)
    connection.connect_kwargs["transport_factory"] = trust.transport
    connection.connect_kwargs["auth_strategy"] = Identity(connection.settings, access, of)
    if connection.gateway:
        connection.open()
    else:
        kind, command = connection.settings.way or ("", "")
        proxied = kind == COMMAND  # all of them may lead through one bastion
        with _doors[("", 0) if proxied else (connection.host, connection.port)]:
            connection.connect_kwargs["sock"] = Proxy(command) if proxied else _socket(connection, access)
            connection.open()
    connection.transport.set_keepalive(15)


def _socket(connection: Connection, access: Access) -> socket.socket:
    sock = socket.create_connection((connection.host, connection.port), timeout=access.connect_timeout)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENCE * 1000)
    return sock


def _give_up(connection: Connection | None) -> None:
    """Leave nothing open, however far it came."""
    if connection is not None:
        connection.close()
        connection.client.close()
        if sock := connection.connect_kwargs.get("sock"):
            sock.close()


def _failure(
    error: BaseException, host: str, connection: Connection | None, *, gateway: bool, waited: bool
) -> ConnectError | None:
    """What went wrong, for the user; ``None`` for Ctrl-C and its like."""
    if not isinstance(error, Exception):
        return None
    if connection is None or not isinstance(error, OSError | EOFError | paramiko.SSHException):
        return _unexpected(error, host)
    of = f" of the gateway {connection.host}" if gateway else ""
    transport = connection.client.get_transport()
    if isinstance(error, paramiko.ssh_exception.IncompatiblePeer) and isinstance(transport, Transport):
        return _no_common(transport, host, of)
    proxy = connection.connect_kwargs.get("sock")
    lost = proxy.ended() if isinstance(proxy, Proxy) else lost_gateway(connection)
    if waited and transport and not transport.initial_kex_done and not lost and not isinstance(proxy, Proxy):
        return ConnectError(
            f"the sshd{of} accepts connections and does not answer",
            host=host,
            step="connect",
            cause=f"{connection.host} port {connection.port}: no answer in time",
            next_action="look at the host's console: systemctl status ssh; it may be frozen, or the host out of memory",
        )
    through = f" (through the gateway {connection.gateway.host})" if connection.gateway else ""
    return ConnectError(
        f"its gateway {connection.host} {UNREACHED}" if gateway else UNREACHED,
        host=host,
        step="connect",
        cause=lost or f"{connection.host} port {connection.port}: {_reason(error)}{through}",
        next_action="check the ProxyCommand that ssh_config has for it"
        if isinstance(proxy, Proxy)
        else f"check that {'the gateway' if gateway else 'the host'} is up and that port {connection.port} is"
        f" open from {connection.gateway.host if connection.gateway else 'here'}",
    )


def _no_common(transport: Transport, host: str, of: str) -> AccessError:
    name, theirs, ours, keyword = transport.not_common() or (
        "protocol",
        ["another version of SSH"],
        ["2.0"],
        "Protocol",
    )
    return AccessError(
        f"no {name} in common with the sshd{of}",
        host=host,
        step="connect",
        cause=f"it offers {', '.join(theirs)}; here there are {', '.join(ours)}",
        next_action=f"allow one of the latter in its sshd_config ({keyword})",
    )


def _unexpected(error: Exception, host: str) -> ConnectError:
    """A failure of that one host all the same: the others can go on."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return ConnectError(
        "the login failed unexpectedly",
        host=host,
        step="connect",
        cause=f"{type(error).__name__}: {error} ({Path(place.filename).name}:{place.lineno})",
        next_action="if the cause does not tell what to fix, this is a bug in skep: report it",
    )


def lost_gateway(connection: Connection | None) -> str | None:
    """Which gateway on the way is not connected any more, in words, outermost first; ``None`` where all are."""
    gateway = connection.gateway if connection else None
    if not gateway:
        return None
    gateway.transport.join(0.2)  # what it carried ends a moment before it does
    if further := lost_gateway(gateway):
        return further
    return None if gateway.is_connected else f"the connection to the gateway {gateway.host} was lost"


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, paramiko.ChannelException):
        return error.text
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
