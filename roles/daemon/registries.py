"""Registries without TLS, and what versions of engines make of them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from ipaddress import ip_address, ip_network

from roles.daemon.kinds import LOOPBACK_REGISTRIES
from roles.daemon.state import INSECURE
from skep.json_types import texts
from skep.model import Host, is_ip
from skep.plan import Finding
from skep.refusals.engines import LOOPBACK_SECURE, is_from
from skep.secret import revealed

_LOOPBACK = tuple(map(ip_address, ("127.0.0.1", "::1")))


def items(host: Host, merged: Mapping[str, object], version: str) -> list[Finding]:
    """What is to be said of a host with that daemon.json, whose engine is ``version`` unless another is desired."""
    if INSECURE not in merged or not is_from(host.engine.version or version, LOOPBACK_SECURE):
        return []
    named = texts(revealed(merged[INSECURE]))
    if any(map(_is_loopback, named)):
        return []
    first = ".".join(map(str, LOOPBACK_SECURE))
    text = f"{INSECURE} is set{'' if named else ' to nothing'}: from Docker {first} on, registries of the host itself"
    return [
        Finding(
            "warning",
            f"{text}, such as localhost:5000, are spoken to with TLS then",
            host.name,
            "daemon",
            f"if there is one, name it in daemon.{INSECURE} of the inventory, too: localhost:5000"
            if INSECURE in host.daemon
            else f"on {host.name}, take {INSECURE} out of /etc/docker/daemon.json, then: systemctl restart docker",
            standing=True,
            kind=LOOPBACK_REGISTRIES,
        )
    ]


def _is_loopback(server: str) -> bool:
    """Of ``host:port``, ``[address]:port`` or a range, which may be wider: ``0.0.0.0/0`` is all of them."""
    name = server[1:].partition("]")[0] if server.startswith("[") else server.rpartition(":")[0] or server
    name = server if is_ip(server.partition("/")[0]) else name
    if "/" in name and is_ip(name.partition("/")[0]):
        with suppress(ValueError):
            return any(address in ip_network(name, strict=False) for address in _LOOPBACK)
    return name == "localhost" or name.startswith("127.") or name == "::1"
