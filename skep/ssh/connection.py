"""A Fabric connection set up as the inventory says: keys, ssh_config, gateways, host keys, no Nagle."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Hop:
    """A gateway: an address as Fabric takes it (``user@host:port``), and how to log in there."""

    address: str
    access: Access


def build(address: str, access: Access, hops: Sequence[Hop] = ()) -> Connection:
    """A connection object through the gateways, outermost first; not yet open. Nothing is sent."""
    with _building:
        connection = _chained(address, access, hops)
    for place, hop_connection in enumerate(chain(connection)):
        settings = access if place == 0 or place > len(hops) else hops[-place].access
        apply_policy(hop_connection.client, hop_connection.host, hop_connection.port, settings)
    return connection


def _chained(address: str, access: Access, hops: Sequence[Hop]) -> Connection:
    gateway = None
    for hop in hops:
        shorthand = {} if "@" in hop.address else {"user": hop.access.user, "port": hop.access.port}
        gateway = Connection(
            hop.address, gateway=gateway, config=_config(hop.access), connect_kwargs=_kwargs(hop.access), **shorthand
        )
    return Connection(
        address,
        user=access.user,
        port=access.port,
        gateway=gateway,
        config=_config(access),
        connect_timeout=max(1, round(access.connect_timeout)),
        connect_kwargs=_kwargs(access),
    )


def chain(connection: Connection) -> Iterator[Connection]:
    """The connection and the gateways behind it, nearest the target first."""
    hop: Any = connection
    while isinstance(hop, Connection):
        yield hop
        hop = hop.gateway


def open_connection(connection: Connection, host: str, access: Access) -> None:
    """Log in. Raises ``ConnectError`` or ``HostKeyError`` that names the host, after the retries."""
    for attempt in range(access.retries + 1):
        try:
            _open(connection, access)
            return
        except HostKeyError as error:
            error.host = host
            raise
        except paramiko.BadHostKeyException as error:
            hop = _missing(connection)
            raise HostKeyError(
                f"the host key{_of(hop, connection)} has changed, so this may be another machine",
                host=host,
                step="connect",
                cause=f"got {error.key.get_name()} {error.key.fingerprint},"
                f" {known_hosts_path(access)} holds {error.expected_key.fingerprint}",
                next_action="if the host was reinstalled, remove the old key:"
                f" ssh-keygen -R {_known_name(hop)} -f {known_hosts_path(access)}",
            ) from None
        except paramiko.AuthenticationException as error:
            hop = _missing(connection)
            raise LoginError(
                f"login as {hop.user}{_of(hop, connection)} was refused",
                host=host,
                step="connect",
                cause=str(error).rstrip("."),
                next_action=f"try: ssh -p {hop.port} {hop.user}@{hop.host};"
                " then set ssh.user, ssh.key or ssh.agent in the inventory",
            ) from None
        except (OSError, EOFError, paramiko.SSHException) as error:
            if attempt == access.retries or isinstance(error, TimeoutError):
                hop = _missing(connection)
                raise ConnectError(
                    "cannot be reached",
                    host=host,
                    step="connect",
                    cause=f"{hop.host} port {hop.port}: {_reason(error)}",
                    next_action=f"check that the host is up and that port {hop.port} is open from here",
                ) from None
            time.sleep(0.3 * (attempt + 1))


def _open(connection: Connection, access: Access) -> None:
    outermost = list(chain(connection))[-1]
    if not outermost.is_connected and not outermost.gateway:
        with _doors[outermost.host, int(outermost.port)]:
            sock = socket.create_connection((outermost.host, int(outermost.port)), timeout=access.connect_timeout)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if hasattr(socket, "TCP_USER_TIMEOUT"):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENCE * 1000)
            outermost.connect_kwargs["sock"] = sock
            outermost.open()
    connection.open()
    for hop in chain(connection):
        hop.transport.set_keepalive(15)


def _missing(connection: Connection) -> Connection:
    """The hop that could not be logged in to: the outermost that is not connected."""
    return next((hop for hop in reversed(list(chain(connection))) if not hop.is_connected), connection)


def _of(hop: Connection, connection: Connection) -> str:
    return "" if hop is connection else f" of the gateway {hop.host}"


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
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
