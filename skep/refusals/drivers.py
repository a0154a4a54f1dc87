"""Drivers of networks and of their addresses: the engine's own, and plugins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from skep.model import LOCAL_DRIVERS
from skep.refusals.document import Thing
from skep.refusals.names import made
from skep.refusals.rule import Context, Path, Said

NETWORK, ADDRESSES = "network", "ipam"
"""Kinds of plugins."""


def network(networks: Mapping[str, Thing], context: Context, path: Path) -> Iterator[Said]:
    """Drivers of a single host, and plugins that the managers do not have, of networks that services use."""
    for key, one in made(networks, context):
        driver = one.get("driver")
        if driver and driver in LOCAL_DRIVERS:
            message = f"{context.quote(driver)} networks live on a single host; one that services can use is 'overlay'"
            yield (key, "driver"), message
        elif driver and driver != "overlay":
            yield from _plugin((key, "driver"), driver, NETWORK, "overlay", context)


def addresses(networks: Mapping[str, Thing], context: Context, path: Path) -> Iterator[Said]:
    """Who gives out the addresses."""
    for key, one in made(networks, context):
        driver = (one.get("ipam") or {}).get("driver")
        if driver and driver.lower() != "default":
            yield from _plugin((key, "ipam", "driver"), driver, ADDRESSES, "default", context)


def _plugin(where: Path, driver: str, kind: str, own: str, context: Context) -> Iterator[Said]:
    """A driver by name; with its tag, ``:latest`` where it has none."""
    if context.swarm.plugins is None:
        return
    known = context.swarm.plugins.get(kind, frozenset())
    if driver not in known and f"{driver}:latest" not in known:
        there = f"; there is {', '.join(sorted(known))}" if known else ""
        message = f"{context.quote(driver)} is no driver of the managers{there}: install the plugin, or say {own}"
        yield where, message
