"""The ranges that networks take, against the hosts' routes and Docker's own bridges."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from skep.compose import ComposeError, convert, document_of
from skep.kinds.files import RANGE_OVER_BRIDGE
from skep.kinds.hosts import POOL_OVER_ROUTE, RANGE_OVER_ROUTE
from skep.model import Cluster, Host
from skep.plan import Finding
from skep.preflight.facts import Facts
from skep.swarm.network import pools_of

DEFAULT_POOL = "10.0.0.0/8"
"""Docker's default address pool of a swarm. Source: docker swarm init reference."""
BRIDGES = {
    "docker0": "containers of such a network cannot reach the host there",
    "docker_gwbridge": "containers of such a network do not start",
}
"""Docker's own bridges, and what an overlay network over their range means. A task has an interface in docker_gwbridge
beside the overlay's, and two that overlap are refused. Source: moby, libnetwork/osl: checkRouteConflict."""
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def stack_ranges(cluster: Cluster) -> list[tuple[str, str]]:
    """Networks that stacks ask for, and their ranges. What is wrong with a compose file is reported elsewhere."""
    found: list[tuple[str, str]] = []
    for stack in cluster.stacks:
        with suppress(ComposeError, KeyError):
            if any(b"subnet" in stack.files[name] for name in stack.compose):
                networks = convert(document_of(stack), stack.name).networks
                pools = [(name, pool) for name, body in networks.items() for pool in pools_of(body)]
                found += [(name, pool["Subnet"]) for name, pool in pools if "Subnet" in pool]
    return found


def stacks_at(host: Host, fact: Facts, desired: Sequence[tuple[str, str]]) -> Iterator[Finding]:
    """Networks of stacks over a route or a bridge of a host: a warning, for they may be there and do."""
    for name, subnet in desired:
        for route, device in [*_routes(fact), *_bridges(fact)]:
            if _overlap(route, _network(subnet)):
                what = BRIDGES.get(device, "containers of such a network cannot reach what lies behind it")
                text = f"network {name} of a stack, {subnet}, overlaps its route {route} ({device}): {what}"
                action = "choose another range for it in the compose file"
                kind = RANGE_OVER_BRIDGE if device in BRIDGES else RANGE_OVER_ROUTE
                yield Finding("warning", text, host=host.name, next_action=action, standing=True, kind=kind)


def ranges(cluster: Cluster, host: Host, fact: Facts) -> Iterator[Finding]:
    """What the swarm's networks take, against the host's routes and Docker's own bridges."""
    desired = [(f"network {network.name}", network.subnet, network) for network in cluster.networks if network.subnet]
    pools = [("swarm.address-pools", pool, None) for pool in cluster.swarm.address_pools]
    for what, subnet, network in [*desired, *pools]:
        choose = f"choose another range for {what}"
        for route, device in _routes(fact):
            if _overlap(route, _network(subnet)):
                text = f"{what} {subnet} overlaps its route {route} ({device})"
                yield Finding("error", text, host=host.name, next_action=choose)
        for route, device in _bridges(fact):
            if _overlap(route, _network(subnet)):
                text = f"{what} {subnet} overlaps {device} ({route}): {BRIDGES[device]}"
                if device == "docker_gwbridge" and network and not network.internal:
                    yield Finding("error", text, host=host.name, next_action=choose)
                else:
                    kind = RANGE_OVER_BRIDGE
                    yield Finding("warning", text, host.name, next_action=choose, standing=True, kind=kind)


def bridge_pools(host: Host, fact: Facts) -> Iterator[Finding]:
    """Docker takes no range on a network the host is in, and does not look at routes behind a gateway.

    Source: moby, libnetwork/netutils: InferReservedNetworks.
    """
    given = host.daemon.get("default-address-pools", ())
    pools = [(_network(pool["base"]), pool["size"]) for pool in given if isinstance(pool["base"], str)]
    behind = {_network(to) for to in fact.behind}
    choose = "choose another range for daemon.default-address-pools"
    overlaps = [(base, *route) for base, _ in pools for route in _routes(fact) if _overlap(route[0], base)]
    for base, route, device in overlaps:
        text = f"daemon.default-address-pools {base} overlaps its route {route} ({device}): Docker "
        text += "may take it for a bridge, which cuts it off" if route in behind else "leaves that part out"
        yield Finding("warning", text, host.name, next_action=choose, standing=True, kind=RANGE_OVER_ROUTE)
    near = [route for route, _ in _routes(fact) if route not in behind]
    left = sum(_free(base, size, near) for base, size in pools if base)
    needed = len(BRIDGES) - ("bip" in host.daemon)
    if overlaps and left < needed and not fact.in_swarm:
        text = f"its routes leave {left} ranges of daemon.default-address-pools; Docker's own bridges need {needed}"
        yield Finding("error", text, host=host.name, next_action=choose)


def _free(pool: Network, size: int, taken: Sequence[Network]) -> int:
    """How many ranges of that prefix length in a pool overlap none of those taken."""
    inside = [network for network in taken if _overlap(network, pool)]
    if not inside:
        return 1 << (size - pool.prefixlen)
    if pool.prefixlen == size or min(network.prefixlen for network in inside) <= pool.prefixlen:
        return 0
    return sum(_free(half, size, inside) for half in pool.subnets())


def default_pool(cluster: Cluster, facts: Mapping[str, Facts]) -> Iterator[Finding]:
    """Before a swarm exists: hosts whose routes lie in the pool Docker takes by default."""
    if cluster.swarm.address_pools or any(fact.in_swarm for fact in facts.values()):
        return
    inside = {
        host: route
        for host, fact in facts.items()
        for route, _ in [*_routes(fact), *_bridges(fact)]
        if _overlap(route, _network(DEFAULT_POOL))
    }
    for host, route in inside.items():
        yield Finding(
            "warning",
            f"Docker's default pool {DEFAULT_POOL} holds its route {route}",
            host,
            kind=POOL_OVER_ROUTE,
            next_action="name swarm.address-pools in the inventory; they hold from init on",
        )


def _routes(fact: Facts) -> list[tuple[Network, str]]:
    """Routes that are not Docker's own, with their interface."""
    return _parsed([route for route in fact.routes if not re.match(r"docker|br-|veth", route[1])])


def _bridges(fact: Facts) -> list[tuple[Network, str]]:
    """Routes of Docker's own bridges. Those made by hand do not matter: no task is in them."""
    return _parsed([route for route in fact.routes if route[1] in BRIDGES])


def _parsed(routes: Sequence[tuple[str, str]]) -> list[tuple[Network, str]]:
    found = [(_network(to), device) for to, device in routes]
    return [(route, device) for route, device in found if route is not None]


def _network(text: str | None) -> Network | None:
    try:
        return ipaddress.ip_network(text or "", strict=False)
    except ValueError:
        return None


def _overlap(one: Network, other: Network | None) -> bool:
    return other is not None and one.version == other.version and one.overlaps(other)
