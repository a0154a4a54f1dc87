"""Swarm's ports between the hosts: each tries those of the others over TCP, and that counts where they listen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from skep.kinds.hosts import PORTS_CLOSED
from skep.milestones import FIREWALLS_OPEN
from skep.model import Cluster, Host, canonical, is_ip
from skep.plan import Finding
from skep.swarm.ports import DATA_PORT, GOSSIP, RAFT

ENGINE = "dockerd"
WHAT = {RAFT: "how nodes and managers talk", GOSSIP: "how nodes hear of each other's overlay networks"}
MOST = 16
"""Workers whose ports each host tries; of managers it is all."""

PATIENCE = 2
"""Seconds for an answer, where packets are dropped."""

Place = tuple[str, int]


class Reaching(Protocol):
    """What is known of a host's own ports, and of those it tried."""

    @property
    def in_swarm(self) -> bool: ...
    @property
    def data_port(self) -> int | None: ...
    @property
    def held(self) -> tuple[tuple[int, str, str], ...]: ...
    @property
    def tried(self) -> frozenset[Place]: ...
    @property
    def open(self) -> frozenset[Place]: ...


def data_port(cluster: Cluster, facts: Mapping[str, Reaching]) -> int:
    """UDP port of the overlay networks: as a manager reports it, else as the inventory says."""
    reported = (fact.data_port for fact in facts.values() if fact.data_port)
    return next(reported, cluster.swarm.data_path_port or DATA_PORT)


def swarm_address(host: Host) -> str | None:
    """Where the others reach it, if the inventory says so with an IP address."""
    return next((canonical(text) for text in (host.advertise, host.address) if text and is_ip(text)), None)


def ports(cluster: Cluster) -> Sequence[str]:
    """What every host tries to connect to, as ADDRESS/PORT."""
    found = [(host, port) for host in cluster.managers for port in (RAFT, GOSSIP)]
    found += [(host, GOSSIP) for host in cluster.workers[:MOST]]
    return [f"{address}/{port}" for host, port in found if (address := swarm_address(host))]


def places(rows: Sequence[Sequence[str]], word: str) -> frozenset[Place]:
    """The places that a word stands before in the probe's output."""
    found = [row[1].rpartition("/") for row in rows if row[0] == word and len(row) == 2]
    return frozenset((address, int(port)) for address, _, port in found)


def blocked(cluster: Cluster, facts: Mapping[str, Reaching]) -> Iterator[Finding]:
    """Who cannot reach whom, and at which ports. Nobody can join without a manager; what runs is a warning."""
    data = data_port(cluster, facts)
    addresses = {host.name: address for host in cluster.hosts if (address := swarm_address(host))}
    for name, fact in facts.items():
        closed: dict[str, list[int]] = {}
        for other, there in facts.items():
            for port, protocol, holder in there.held:
                place = (addresses.get(other, ""), port)
                if other != name and (protocol, holder) == ("tcp", ENGINE) and place in fact.tried - fact.open:
                    closed.setdefault(other, []).append(port)
        if closed:
            yield _finding(name, fact, closed, addresses, [host.name for host in cluster.managers], data)


def _finding(
    name: str,
    fact: Reaching,
    closed: Mapping[str, list[int]],
    addresses: Mapping[str, str],
    managers: Sequence[str],
    data: int,
) -> Finding:
    ports = sorted({port for found in closed.values() for port in found})
    reached = [one for one in managers if one != name and (addresses.get(one, ""), RAFT) in fact.open]
    lost = not fact.in_swarm and RAFT in ports and not reached
    first = next(iter(closed))
    named = " and ".join(f"{port}/tcp ({WHAT[port]})" for port in ports)
    which = " and ".join(f"{other} on {'/'.join(map(str, sorted(set(found))))}" for other, found in closed.items())
    return Finding(
        "error" if lost else "warning",
        f"cannot reach {which}, though its engine listens there: {named}" + ("; so it cannot join" if lost else ""),
        host=name,
        kind=None if lost else PORTS_CLOSED,
        next_action=f"open these ports between the hosts, UDP 7946 and {data} as well; on {name} try: timeout 3 bash -c"
        f" '</dev/tcp/{addresses[first]}/{sorted(closed[first])[0]}'",
        unless=FIREWALLS_OPEN if lost else None,
    )
