"""Ranges against each other: networks, pools, the pools of single hosts, and the hosts' own addresses."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network
from typing import Literal

from skep.dataclass import dataclass
from skep.inventory.checks.addresses import Range, as_address, as_range
from skep.inventory.checks.ranges import containers
from skep.inventory.checks.sections import sections
from skep.inventory.merging import MergedHost
from skep.kinds.files import HOST_IN_RANGE, RANGE_IN_POOL, RANGE_OVER_BRIDGE
from skep.reading.findings import Findings, KeyPath
from skep.reading.values import Fields

_Kind = Literal["network", "pool", "bridge", "default", "host"]

DOCKERS = ("172.17.0.0/16", "172.18.0.0/16")
"""What docker0 and docker_gwbridge get, in that order; with ``bip`` only the latter asks. Source: moby, ipamutils."""


@dataclass(frozen=True)
class _Taken:
    """A range and who takes it. ``name`` is a network's."""

    kind: _Kind
    path: KeyPath
    name: str
    range: Range


def check_subnets(file: Fields, hosts: list[MergedHost], findings: Findings) -> None:
    """Note networks and pools that overlap their like (error), and overlaps known to bite (warning)."""
    taken = [*_networks(file), *_swarm_pools(file), *_bridges(file), *_defaults(hosts), *_hosts(hosts)]
    for inner, outers in zip(taken, containers([item.range for item in taken]), strict=True):
        for index in outers:
            _note(inner, taken[index], findings)


def _note(inner: _Taken, outer: _Taken, findings: Findings) -> None:
    first, second = sorted((inner, outer), key=lambda item: (findings.place(item.path).line, str(item.path)))
    kinds = {inner.kind, outer.kind}
    if kinds == {"network"}:
        findings.error(second.path, f"{second.range} overlaps the subnet {first.range} of '{first.name}'")
    elif kinds == {"pool"}:
        findings.error(second.path, f"{second.range} overlaps the pool {first.range}")
    elif kinds == {"network", "pool"}:
        network, pool = (inner, outer) if inner.kind == "network" else (outer, inner)
        message = f"{network.range} overlaps {pool.range} of swarm.address-pools: another network may take it first"
        findings.warn(RANGE_IN_POOL, network.path, message)
    elif "bridge" in kinds and "network" in kinds:
        # moby#50011: names and routes in containers break where an overlay overlaps a bridge's range.
        network, bridge = (inner, outer) if inner.kind == "network" else (outer, inner)
        message = f"bridges of single hosts here overlap the network '{network.name}' ({network.range})"
        findings.warn(RANGE_OVER_BRIDGE, bridge.path, message)
    elif kinds == {"bridge", "pool"}:
        pool, bridge = (inner, outer) if inner.kind == "pool" else (outer, inner)
        message = f"bridges of single hosts here overlap {pool.range} of swarm.address-pools"
        findings.warn(RANGE_OVER_BRIDGE, bridge.path, f"{message}: containers in both do not start")
    elif "default" in kinds and kinds & {"network", "pool"}:
        ours, default = (inner, outer) if outer.kind == "default" else (outer, inner)
        message = f"{ours.range} overlaps {default.range}, where Docker puts its own bridges"
        findings.warn(
            RANGE_OVER_BRIDGE, ours.path, f"{message}: choose another range, or set daemon.default-address-pools"
        )
    elif inner.kind == "host" and outer.kind in ("network", "pool"):
        what = f"the network '{outer.name}'" if outer.kind == "network" else "a pool of swarm.address-pools"
        findings.warn(
            HOST_IN_RANGE, inner.path, f"lies in {what} ({outer.range}): containers there cannot reach this host"
        )


def _networks(file: Fields) -> Iterator[_Taken]:
    for name, section in file.section("networks").items():
        yield from _range("network", ("networks", name, "subnet"), name, section.get("subnet"))


def _swarm_pools(file: Fields) -> Iterator[_Taken]:
    for index, pool in enumerate(file.section("swarm").get("address-pools", ())):
        yield from _range("pool", ("swarm", "address-pools", index), "", pool)


def _bridges(file: Fields) -> Iterator[_Taken]:
    for path, given in sections(file, "daemon"):
        yield from _range("bridge", (*path, "bip"), "", given.get("bip"))
        for index, pool in enumerate(given.get("default-address-pools", ())):
            yield from _range("bridge", (*path, "default-address-pools", index), "", pool.get("base"))


def _defaults(hosts: list[MergedHost]) -> Iterator[_Taken]:
    """Docker's own bridges on hosts that are given no others."""
    daemons = [host.daemon for host in hosts]
    left = max((2 - ("bip" in daemon) for daemon in daemons if "default-address-pools" not in daemon), default=0)
    for text in DOCKERS[:left]:
        yield from _range("default", ("daemon",), "", text)


def _hosts(hosts: list[MergedHost]) -> Iterator[_Taken]:
    for host in hosts:
        address = as_address(host.address or "")
        if address is not None:
            alone = ip_network(str(address).partition("%")[0])
            yield _Taken("host", ("hosts", host.name, "address"), "", alone)


def _range(kind: _Kind, path: KeyPath, name: str, text: object) -> Iterator[_Taken]:
    found = as_range(text) if isinstance(text, str) else None
    if found is not None:
        yield _Taken(kind, path, name, found)
