"""Addresses as Go reads them: what an engine takes for one, and which ranges have an address in common."""

from __future__ import annotations

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def go_address(text: str) -> Address | None:
    """As ``net.ParseIP``: no zone, and an IPv4 address within IPv6 is the IPv4 one."""
    if "%" in text:
        return None
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def go_network(text: str) -> Network | None:
    """As ``net.ParseCIDR``: the network around an address, by the length of a prefix."""
    address, slash, length = text.partition("/")
    if not slash or not length.isascii() or not length.isdigit() or (length[0] == "0" and length != "0"):
        return None
    found = go_address(address)
    if found is None or "%" in address:
        return None
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def overlap(one: Network, other: Network) -> bool:
    """Whether two ranges have an address in common."""
    if isinstance(one, ipaddress.IPv4Network):
        return isinstance(other, ipaddress.IPv4Network) and one.overlaps(other)
    return isinstance(other, ipaddress.IPv6Network) and one.overlaps(other)
