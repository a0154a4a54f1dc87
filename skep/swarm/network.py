"""A network in one form, whoever tells it: a manager, what is sent, the inventory or a compose file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from skep.model import Network, canonical
from skep.swarm.labels import labels_of

POOL = ("Subnet", "IPRange", "Gateway")
"""What a network's pool is told by."""

VXLAN = "com.docker.network.driver.overlay.vxlanid_list"
"""The option that the Engine adds to an overlay network."""

ENCRYPTED = "encrypted"
"""The option by which an overlay network is encrypted, whatever its value."""


def settings(network: Mapping[str, Any]) -> dict[str, Any]:
    """What decides whether two networks are alike, of one as the API tells or takes it, in the API's terms; without
    what the Engine adds. A pool's addresses are a list for each of ``POOL``."""
    ipam = network.get("IPAM") or {}
    pools = ipam.get("Config") or ()
    return {
        "Driver": network.get("Driver") or "overlay",
        "Internal": bool(network.get("Internal")),
        "Attachable": bool(network.get("Attachable")),
        "EnableIPv6": bool(network.get("EnableIPv6")),
        "Options": {key: value for key, value in (network.get("Options") or {}).items() if key != VXLAN},
        "Labels": dict(labels_of(network)),
        "IPAM.Driver": ipam.get("Driver") or "default",
        **{key: [canonical(pool[key]) if pool.get(key) else None for pool in pools] for key in POOL},
    }


def body(network: Network) -> dict[str, Any]:
    """What is sent to make a network of the inventory. One with an IPv6 subnet has IPv6 enabled: without that, newer
    managers pass over the subnet, and older ones take it and give no task an address of it."""
    made: dict[str, Any] = {
        "Name": network.name,
        "Driver": network.driver,
        "Scope": "swarm",
        "Attachable": network.attachable,
        "Internal": network.internal,
        "Labels": dict(network.labels),
        "Options": dict(network.options) | ({ENCRYPTED: ""} if network.encrypted else {}),
    }
    if network.subnet:
        pool = {"Subnet": canonical(network.subnet), "Gateway": network.gateway and canonical(network.gateway)}
        made["IPAM"] = {"Driver": "default", "Config": [{key: value for key, value in pool.items() if value}]}
    if ":" in (network.subnet or ""):
        made["EnableIPv6"] = True
    return made
