"""What engines refuse of a network's pools."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from skep.refusals.document import Pool, Thing
from skep.refusals.names import made
from skep.refusals.rule import Context, Path, Said
from skep.swarm.addresses import Network, go_address, go_network, overlap

FAMILY = {4: "IPv4", 6: "IPv6"}


def each_other(networks: Mapping[str, Thing], context: Context, path: Path) -> Iterator[Said]:
    """Ranges of a file's networks that overlap: the second network gets no addresses."""
    taken: list[tuple[Network, str]] = []
    for key, number, pool, _ in _pools(networks, context):
        subnet = go_network(pool.get("subnet") or "")
        other = next((other for other in taken if subnet is not None and overlap(subnet, other[0])), None)
        if subnet is not None and other is not None:
            what = f"overlaps the subnet {other[0]} of {context.quote(other[1])}"
            yield (key, "ipam", "config", number, "subnet"), f"{what}: its tasks would never get an address"
        elif subnet is not None:
            taken.append((subnet, key))


def pools(networks: Mapping[str, Thing], context: Context, path: Path) -> Iterator[Said]:
    """Pools without a subnet, and what does not lie in its pool."""
    for key, number, pool, _ in _pools(networks, context):
        where = (key, "ipam", "config", number)
        if not pool.get("subnet"):
            if not context.broken((*path, *where, "subnet")):
                yield where, "needs a subnet"
            continue
        subnet = go_network(pool["subnet"])
        if subnet is None:
            yield (*where, "subnet"), "must be a subnet such as 10.1.0.0/24"
            continue
        for name, given in (("gateway", pool.get("gateway") or ""), ("ip_range", pool.get("ip_range") or "")):
            inner = go_address(given.partition("/")[0])
            if inner is not None and (inner.version != subnet.version or inner not in subnet):
                yield (*where, name), f"{context.quote(given)} is not in the subnet {context.quote(pool['subnet'])}"


def host_bits(networks: Mapping[str, Thing], context: Context, path: Path) -> Iterator[Said]:
    """Pools as the API itself looks at them from 25.0 on. Without ``enable_ipv6`` it passes over those of IPv6."""
    for key, number, pool, six in _pools(networks, context):
        subnet = go_network(pool.get("subnet") or "")
        if subnet is None or (subnet.version == 6 and not six):
            continue
        where = (key, "ipam", "config", number)
        if go_address(pool["subnet"].partition("/")[0]) != subnet.network_address:
            yield (*where, "subnet"), f"{context.quote(pool['subnet'])} has bits behind its prefix: write {subnet}"
        for message in _range(pool["ip_range"], subnet, context) if pool.get("ip_range") else ():
            yield (*where, "ip_range"), message


def _pools(networks: Mapping[str, Thing], context: Context) -> Iterator[tuple[str, int, Pool, bool]]:
    """Network, number and pool, and whether the network has IPv6; of networks that the stack makes."""
    for key, network in made(networks, context):
        for number, pool in enumerate((network.get("ipam") or {}).get("config") or ()):
            yield key, number, pool, bool(network.get("enable_ipv6"))


def _range(text: str, subnet: Network, context: Context) -> Iterator[str]:
    inner = go_network(text)
    if inner is None:
        yield "must be a subnet such as 10.1.0.0/25"
    elif inner.version != subnet.version:
        yield f"{context.quote(text)} is not {FAMILY[subnet.version]}, as the subnet is"
    elif inner.prefixlen < subnet.prefixlen:
        yield f"{context.quote(text)} is wider than the subnet {subnet}"
    elif go_address(text.partition("/")[0]) != inner.network_address:
        yield f"{context.quote(text)} has bits behind its prefix: write {inner}"
    elif not subnet.overlaps(inner):
        yield f"{context.quote(text)} is not in the subnet {subnet}"
