"""A network in one form, wherever it is from: a manager, what is sent, the inventory or a compose file."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Literal, TypedDict

from skep import model
from skep.model import canonical
from skep.swarm.labels import labels_of
from skep.swarm.objects import Ipam, Network, Pool

POOL: tuple[Literal["Subnet", "IPRange", "Gateway"], ...] = ("Subnet", "IPRange", "Gateway")
"""What describes a network's pool."""

VXLAN = "com.docker.network.driver.overlay.vxlanid_list"
"""The option that the Engine adds to an overlay network."""

ENCRYPTED = "encrypted"
"""The option by which an overlay network is encrypted, whatever its value."""


Settings = TypedDict(
    "Settings",
    {
        "Driver": str,
        "Internal": bool,
        "Attachable": bool,
        "EnableIPv6": bool,
        "Options": Mapping[str, str],
        "Labels": Mapping[str, str],
        "IPAM.Driver": str,
        "Subnet": list[str | None],
        "IPRange": list[str | None],
        "Gateway": list[str | None],
    },
)
"""What decides whether two networks are alike; of a pool, what the engine has not been asked for is ``None``."""


def pools_of(network: Network) -> list[Pool]:
    """Its ranges of addresses; none where Swarm chooses, and has not yet."""
    return (network.get("IPAM") or {}).get("Config") or []


def needs_plugin(network: Network) -> bool:
    """Whether it names drivers that are not the engine's own."""
    addresses = (network.get("IPAM") or {}).get("Driver") or "default"
    return network.get("Driver", "overlay") != "overlay" or addresses.lower() != "default"


def room(network: Network, mask: int) -> int:
    """Addresses for whoever comes; 0 where they are not to be counted. ``mask``: bits of subnets Swarm chooses."""
    anything: list[Pool] = [{"Subnet": f"0.0.0.0/{mask}"}]
    rooms = [_room(pool) for pool in pools_of(network) or anything]
    return 0 if 0 in rooms else sum(rooms)


def _room(pool: Pool) -> int:
    """At most: without the network's, the broadcast's and the gateway's address."""
    subnet = ipaddress.ip_network(pool["Subnet"], strict=False) if pool.get("Subnet") else None
    if subnet is None or subnet.version == 6:
        return 0
    if pool.get("IPRange"):
        return ipaddress.ip_network(pool["IPRange"], strict=False).num_addresses - 1
    return max(1, subnet.num_addresses - 3)


def settings(network: Network) -> Settings:
    """What decides whether two networks are alike, of one as the API gives or takes it, in the API's terms; without
    what the Engine adds. A pool's addresses are a list for each of ``POOL``."""
    return {
        "Driver": network.get("Driver") or "overlay",
        "Internal": bool(network.get("Internal")),
        "Attachable": bool(network.get("Attachable")),
        "EnableIPv6": bool(network.get("EnableIPv6")),
        "Options": _options(network),
        "Labels": dict(labels_of(network)),
        "IPAM.Driver": (network.get("IPAM") or {}).get("Driver") or "default",
        "Subnet": _in_pools(network, "Subnet"),
        "IPRange": _in_pools(network, "IPRange"),
        "Gateway": _in_pools(network, "Gateway"),
    }


def body(network: model.Network) -> Network:
    """What is sent to make a network of the inventory; one with an IPv6 subnet has IPv6 enabled, as by ``--ipv6``."""
    made: Network = {
        "Name": network.name,
        "Driver": network.driver,
        "Scope": "swarm",
        "Attachable": network.attachable,
        "Internal": network.internal,
        "Labels": dict(network.labels),
        "Options": dict(network.options) | ({ENCRYPTED: ""} if network.encrypted else {}),
    }
    if network.subnet:
        pool: Pool = {"Subnet": canonical(network.subnet)}
        if network.gateway:
            pool["Gateway"] = canonical(network.gateway)
        made["IPAM"] = {"Driver": "default", "Config": [pool]}
    if ":" in (network.subnet or ""):
        made["EnableIPv6"] = True
    return made


def made_again(observed: Network) -> Network:
    """What would make an observed network again."""
    made: Network = {
        "Name": observed["Name"],
        "Driver": observed["Driver"],
        "Internal": observed.get("Internal", False),
        "Attachable": observed.get("Attachable", False),
        "Labels": observed.get("Labels"),
    }
    if observed.get("EnableIPv6"):
        made["EnableIPv6"] = True
    if options := _options(observed):
        made["Options"] = options
    driver = (observed.get("IPAM") or {}).get("Driver", "default")
    asked: Ipam = {"Driver": driver} if driver not in ("", "default") else {}
    if pools := [pool for pool in pools_of(observed) if pool.get("Subnet")]:
        asked["Config"] = pools
    if asked:
        made["IPAM"] = asked
    return made


def _in_pools(network: Network, key: Literal["Subnet", "IPRange", "Gateway"]) -> list[str | None]:
    return [canonical(given) if (given := pool.get(key)) else None for pool in pools_of(network)]


def _options(network: Network) -> dict[str, str]:
    return {key: value for key, value in (network.get("Options") or {}).items() if key != VXLAN}
