"""A Fabric connection set up as the inventory says: keys, ssh_config, gateways, host keys, no Nagle."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import paramiko
from fabric import Config, Connection

from skep.errors import ConnectError, HostKeyError, LoginError
from skep.model import Access
from skep.ssh.hostkeys import apply_policy, known_hosts_path

logging.getLogger("paramiko").setLevel(logging.CRITICAL + 1)
"""Paramiko logs tracebacks of its threads; each of those failures reaches us as an exception as well."""

_configs: dict[str, Config] = {}
_building = threading.Lock()
"""Fabric's configuration is filled while it is read, so connections are built one at a time."""

SILENCE = 30
"""Seconds a host may leave what we sent without any acknowledgement; then it counts as gone."""

_doors: dict[tuple[str, int], threading.BoundedSemaphore] = defaultdict(lambda: threading.BoundedSemaphore(8))
"""Logins at once at one address, which may be the gateway of many hosts: from the tenth on, a stock sshd drops them
(MaxStartups)."""


class _Through(Connection):
    """A connection whose way through a gateway may end without a traceback: paramiko's thread closes its channel, and
    the gateway may be gone by then."""

    def open_gateway(self) -> Any:
        channel = super().open_gateway()
        close = channel.close

        def quietly() -> None:
            with suppress(OSError, EOFError, paramiko.SSHException):
                close()

        channel.close = quietly
        return channel


def log_in(
    host: str, address: str, access: Access, way: Callable[[], Connection | None], *, gateway: bool = False
) -> Connection:
    """A connection to an address (``user@host:port`` where it is a ``gateway``), logged in.

    ``way`` gives the open gateway to go through, if any. Raises ``ConnectError`` or ``HostKeyError`` that names the
    host this is for, after the retries.
    """
    for attempt in range(access.retries + 1):
        connection = build(address, access, way())
        try:
            _open(connection, access)
            return connection
        except BaseException as error:
            connection.close()
            connection.client.close()
            told = _told(error, host, connection, access, gateway=gateway)
            if not told:
                raise
            again = type(told) is ConnectError and not isinstance(error, TimeoutError)
            if attempt == access.retries or not again:
                raise told from None
        time.sleep(0.3 * (attempt + 1))
    raise AssertionError("there is a first attempt")


def build(address: str, access: Access, gateway: Connection | None = None) -> Connection:
    """A connection object through an open gateway, if any; not yet open. Nothing is sent."""
    shorthand = {} if "@" in address else {"user": access.user, "port": access.port}
    with _building:
        connection = _Through(
            address,
            gateway=gateway,
            config=_config(access),
            connect_timeout=max(1, round(access.connect_timeout)),
            connect_kwargs=_kwargs(access),
            **shorthand,
        )
    apply_policy(connection.client, connection.host, connection.port, access)
    return connection


def _open(connection: Connection, access: Access) -> None:
    if connection.gateway:
        connection.open()
    else:
        place = connection.host, int(connection.port)
        with _doors[place]:
            sock = socket.create_connection(place, timeout=access.connect_timeout)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if hasattr(socket, "TCP_USER_TIMEOUT"):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENCE * 1000)
            connection.connect_kwargs["sock"] = sock
            connection.open()
    connection.transport.set_keepalive(15)


def _told(
    error: BaseException, host: str, connection: Connection, access: Access, *, gateway: bool
) -> ConnectError | None:
    """What went wrong, for the user; ``None`` for what is no failure to connect."""
    of = f" of the gateway {connection.host}" if gateway else ""
    if isinstance(error, HostKeyError):
        error.host = host
        return error
    if isinstance(error, paramiko.BadHostKeyException):
        return HostKeyError(
            f"the host key{of} has changed, so this may be another machine",
            host=host,
            step="connect",
            cause=f"got {error.key.get_name()} {error.key.fingerprint},"
            f" {known_hosts_path(access)} holds {error.expected_key.fingerprint}",
            next_action="if the host was reinstalled, remove the old key:"
            f" ssh-keygen -R {_known_name(connection)} -f {known_hosts_path(access)}",
        )
    if isinstance(error, paramiko.AuthenticationException):
        return LoginError(
            f"login as {connection.user}{of} was refused",
            host=host,
            step="connect",
            cause=str(error).rstrip("."),
            next_action=f"try: ssh -p {connection.port} {connection.user}@{connection.host};"
            " then set ssh.user, ssh.key or ssh.agent in the inventory",
        )
    if not isinstance(error, OSError | EOFError | paramiko.SSHException):
        return None
    lost = lost_gateway(connection)
    through = f" (through the gateway {connection.gateway.host})" if connection.gateway else ""
    return ConnectError(
        f"its gateway {connection.host} cannot be reached" if gateway else "cannot be reached",
        host=host,
        step="connect",
        cause=lost or f"{connection.host} port {connection.port}: {_reason(error)}{through}",
        next_action=f"check that {'the gateway' if gateway else 'the host'} is up and that port {connection.port} is"
        f" open from {connection.gateway.host if connection.gateway else 'here'}",
    )


def lost_gateway(connection: Connection | None) -> str | None:
    """Which gateway on the way is not connected any more, in words, outermost first; ``None`` where all are."""
    gateway = connection.gateway if connection else None
    if gateway is None:
        return None
    gateway.transport.join(0.2)  # what it carried ends a moment before it does
    if further := lost_gateway(gateway):
        return further
    return None if gateway.is_connected else f"the connection to the gateway {gateway.host} was lost"


def _config(access: Access) -> Config:
    """Fabric's configuration with ssh_config loaded once per file."""
    name = str(access.config or "")
    if name not in _configs:
        _configs[name] = Config(runtime_ssh_path=name or None, lazy=False)
    return _configs[name]


def _kwargs(access: Access) -> dict[str, Any]:
    wait = access.connect_timeout
    kwargs: dict[str, Any] = {"allow_agent": access.agent, "banner_timeout": wait, "auth_timeout": wait}
    kwargs["channel_timeout"] = wait
    if access.key:
        kwargs |= {"key_filename": [str(access.key)], "look_for_keys": False}
    if access.password:
        kwargs["password"] = access.password.reveal()
    return kwargs


def _known_name(connection: Connection) -> str:
    return connection.host if connection.port == 22 else f"'[{connection.host}]:{connection.port}'"


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, paramiko.ChannelException):
        return error.text
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
