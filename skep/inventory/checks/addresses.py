"""What an address, an interface, a host name or a range must look like."""

from __future__ import annotations

import re
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_interface,
)

from skep.swarm.addresses import go_network

Address = IPv4Address | IPv6Address
Range = IPv4Network | IPv6Network

_HOST_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_LIKE_IPV4 = re.compile(r"[0-9]+(\.[0-9]+)*\.?")
_INTERFACE = re.compile(r"[A-Za-z_][A-Za-z0-9_.@:-]{0,14}")
_WITH_PORT = re.compile(r"(\[[^\]]*\]|[^:]*):[0-9]+")


def is_host_name(text: str) -> bool:
    """Whether a machine may have that name: at most 64 characters (Linux), labels of letters, digits and '-'."""
    fits = len(text) <= 64 and all(_HOST_LABEL.fullmatch(label) for label in text.split("."))
    return fits and not _LIKE_IPV4.fullmatch(text)


def as_address(text: str) -> Address | None:
    """The IP address a text is, if it is one."""
    try:
        return ip_address(text)
    except ValueError:
        return None


def as_range(text: str) -> Range | None:
    """The range a text is in CIDR notation, as engines read it, host bits ignored; ``None`` if it is none."""
    return go_network(text)


def address_problem(text: str) -> str | None:
    """What is wrong with an address that SSH is to go to; ``None`` if nothing is."""
    address = as_address(text)
    if address is not None:
        unusable = address.is_unspecified or address.is_multicast
        return "is not the address of a single machine" if unusable else None
    if "@" in text:
        return "holds a user: that goes into ssh.user"
    if "/" in text:
        return "must be written without a prefix length" if _is_interface_address(text) else "is not an address"
    if _WITH_PORT.fullmatch(text):
        return "holds a port: that goes into ssh.port"
    if _LIKE_IPV4.fullmatch(text):
        return "is not a valid IPv4 address"
    if ":" in text:
        return "is not a valid IPv6 address"
    labels = text.removesuffix(".").split(".")
    is_name = len(text) <= 253 and all(_LABEL.fullmatch(label) for label in labels)
    return None if is_name else "is neither an IP address nor a host name"


def advertise_problem(text: str) -> str | None:
    """What is wrong with an address or interface to advertise; ``None`` if nothing is."""
    address = as_address(text)
    if address is not None:
        unusable = address.is_unspecified or address.is_multicast or address.is_loopback
        return "is not an address that other hosts can reach" if unusable else None
    if _INTERFACE.fullmatch(text):
        return None
    if _LIKE_IPV4.fullmatch(text):
        return "is not a valid IPv4 address"
    return "is neither an IP address nor the name of an interface"


def range_problem(text: str) -> str | None:
    """What is wrong with a range such as ``10.0.0.0/24``; ``None`` if nothing is."""
    found = as_range(text)
    if found is None:
        return "is not a range such as 10.90.0.0/24"
    if str(ip_interface(text).ip) != str(found.network_address):
        return f"has bits set after its prefix: {found} is the whole range"
    return "is a multicast range" if found.is_multicast else None


def _is_interface_address(text: str) -> bool:
    try:
        ip_interface(text)
    except ValueError:
        return False
    return True
