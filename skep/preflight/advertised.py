"""The address at which the others are to reach a host: named in the inventory, or found by its engine."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence

from skep.model import Host, canonical, is_ip
from skep.plan import Finding
from skep.preflight.facts import Facts

DOCKERS = ("docker", "br-", "veth")
"""How the names of Docker's own interfaces begin."""

Found = list[tuple[str, str]]
"""Addresses, each with its interface."""


def advertised(host: Host, fact: Facts) -> Iterator[Finding]:
    """Errors where the engine has no such address, or more than one to choose from: then it joins no swarm."""
    desired = host.advertise or (host.address if is_ip(host.address) else None)
    if not fact.addresses:
        return
    present = {canonical(address) for found in fact.addresses.values() for address in found}
    if desired and canonical(desired) not in present and desired not in fact.addresses:
        names = ", ".join(sorted(fact.addresses))
        yield _error(host, f"the advertise address {desired} is not on this host", names)
    if fact.in_swarm:
        return
    if desired in fact.addresses:
        several = _several([(address, str(desired)) for address in fact.addresses[str(desired)]])
        if several:
            text = f"the engine takes no interface with several addresses of a kind: {_named(several)}"
            yield _error(host, text, ", ".join(address for address, _ in several if not _local(address)))
    elif not desired:
        choice = _choice(fact)
        if len(choice) > 1:
            text = f"the engine cannot choose which address to advertise: {_named(choice)}"
            yield _error(host, text, ", ".join(address for address, _ in choice))


def _error(host: Host, text: str, choice: str) -> Finding:
    return Finding("error", text, host=host.name, next_action=f"set hosts.{host.name}.advertise to one of: {choice}")


def _choice(fact: Facts) -> Found:
    """What an engine that is given no address has to choose from; it must be one.

    Addresses of devices count, and only where those have none, addresses of other interfaces that are not Docker's.
    Source: moby, daemon/cluster/listen_addr_linux.go.
    """
    if not fact.devices:
        return []
    usable = {
        name: [address for address in found if not _local(address)]
        for name, found in fact.addresses.items()
        if name != "lo"
    }
    devices = _firsts({name: found for name, found in usable.items() if name in fact.devices})
    return devices or _firsts({name: found for name, found in usable.items() if not name.startswith(DOCKERS)})


def _firsts(addresses: dict[str, list[str]]) -> Found:
    """For each interface its only IPv4 address, else its only IPv6 address; where there are several of a kind, all of
    them."""
    found: Found = []
    for name, all_of_it in addresses.items():
        pairs = [(address, name) for address in all_of_it]
        found += _several(pairs) or sorted(pairs, key=lambda pair: ":" in pair[0])[:1]
    return found


def _several(pairs: Sequence[tuple[str, str]]) -> Found:
    """Addresses of the kind (IPv4 or IPv6) of which the interface has more than one."""
    kinds = [[pair for pair in pairs if (":" in pair[0]) is six] for six in (False, True)]
    return [pair for kind in kinds if len(kind) > 1 for pair in kind]


def _local(address: str) -> bool:
    """Whether the engine ignores the address: loopback and link-local ones."""
    parsed = ipaddress.ip_address(address)
    return parsed.is_loopback or parsed.is_link_local or parsed.is_multicast or parsed.is_unspecified


def _named(pairs: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"{address} ({name})" for address, name in pairs)
