"""Networks that stacks are to make, against whatever has their addresses: Swarm takes a network that overlaps another
one, and none of its tasks ever gets an address. Source: moby libnetwork ipam, by swarmkit's allocator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from roles.stacks.drift import Drift
from skep.compose.naming import Names
from skep.dataclass import dataclass
from skep.kinds import Kind
from skep.kinds.files import HOST_IN_RANGE, RANGE_IN_POOL
from skep.model import Cluster
from skep.plan import Finding
from skep.swarm.addresses import Network as Range
from skep.swarm.addresses import go_address, go_network, overlap
from skep.swarm.network import pools_of
from skep.swarm.objects import Network


@dataclass(frozen=True, slots=True)
class _Taken:
    """A range and who has it; ``made`` is what makes it, for networks that are not there yet."""

    range: Range
    name: str
    of: str = ""


def overlaps(drifts: Sequence[Drift]) -> Iterator[Finding]:
    """Errors for ranges of other networks, warnings for the swarm's pools and hosts' addresses."""
    if not drifts:
        return
    cluster = drifts[0].cluster
    taken = [*_there(drifts[0].swarm.networks), *_planned(cluster, drifts[0])]
    for drift in drifts:
        for body in drift.new_networks():
            own = _ranges(body, body["Name"])
            for number, one in enumerate(own):
                yield from _findings(drift, one, number, taken)
            taken += [_Taken(one.range, one.name, f" of stack {drift.name}") for one in own]


def _findings(drift: Drift, one: _Taken, number: int, taken: Sequence[_Taken]) -> Iterator[Finding]:
    place = _place(drift, one.name, number)

    def warning(kind: Kind, text: str, action: str) -> Finding:
        what = f"{place}: {one.range} {text}"
        return Finding("warning", what, None, "stacks", action, standing=True, kind=kind, stack=drift.name)

    other = next((other for other in taken if other.name != one.name and overlap(other.range, one.range)), None)
    if other is not None:
        text = f"overlaps {other.range} of the network {other.name}{other.of}: its tasks would never get an address"
        remove = "" if other.of else f", or remove that network: docker network rm {other.name}"
        action = f"choose another range{remove}"
        yield Finding("error", f"{place}: {one.range} {text}", role="stacks", next_action=action)
    for pool in drift.cluster.swarm.address_pools:
        network = go_network(pool)
        if network is not None and overlap(network, one.range):
            yield warning(
                RANGE_IN_POOL,
                f"overlaps {pool} of swarm.address-pools: another network may take it first",
                "choose a range outside the pools",
            )
    for host in drift.cluster.hosts:
        address = go_address(host.advertise or host.address)
        if address is not None and address.version == one.range.version and address in one.range:
            text = f"holds the address {address} of {host.name}: containers in the network cannot reach that host"
            yield warning(HOST_IN_RANGE, text, "choose another range")


def _place(drift: Drift, name: str, number: int) -> str:
    """Where the range stands, or the network where no file is at hand."""
    document = drift.desired.document
    if document is None:
        return f"network {name}"
    names = Names(document, drift.name)
    key = next((key for key in document.section("networks") if names.of("networks", key) == name), "default")
    at = ("networks", key, "ipam", "config", number, "subnet")
    return f"{document.where(*at)}: networks.{key}.ipam.config[{number}].subnet"


def _there(networks: Sequence[Network]) -> list[_Taken]:
    return [one for network in networks for one in _ranges(network, network["Name"])]


def _planned(cluster: Cluster, drift: Drift) -> list[_Taken]:
    """The inventory's networks that are not there yet."""
    there = drift.swarm.facts.networks
    found = [(go_network(network.subnet or ""), network.name) for network in cluster.networks]
    return [_Taken(range, name, " of the inventory") for range, name in found if range and name not in there]


def _ranges(body: Network, name: str) -> list[_Taken]:
    found = [go_network(pool.get("Subnet") or "") for pool in pools_of(body)]
    return [_Taken(network, name) for network in found if network is not None]
