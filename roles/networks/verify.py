"""Overlay networks, each asked for by its name."""

from __future__ import annotations

from testinfra.host import Host as Remote

from skep.model import Network, canonical
from skep.swarm import objects
from skep.swarm.labels import labels_of
from skep.swarm.network import pools_of
from skep.verify.ask import Ask


def test_as_described(manager: Remote, network: Network, ask: Ask) -> None:
    """the network is there and as the inventory describes it"""
    found = ask(manager, "timeout 20 docker network inspect --format '{{json .}}' %s", network.name)[0]
    wrong = [
        f"{what} is {have or 'none'}, desired {want or 'none'}"
        for what, have, want in _settings(found, network)
        if have != want
    ]
    assert not wrong, f"network {network.name}: {'; '.join(wrong)}"


def _settings(found: objects.Network, network: Network) -> list[tuple[str, object, object]]:
    """What, as found, as desired; without what the inventory leaves to Docker."""
    options, labels = found.get("Options") or {}, labels_of(found)
    pools = pools_of(found)
    ranges = [pool.get("Subnet", "") for pool in pools]
    gateways = [pool.get("Gateway", "") for pool in pools]
    settings: list[tuple[str, object, object]] = [
        ("name", found["Name"], network.name),
        ("scope", found["Scope"], "swarm"),
        ("driver", found["Driver"], network.driver),
        ("attachable", _yes(found["Attachable"]), _yes(network.attachable)),
        ("internal", _yes(found["Internal"]), _yes(network.internal)),
        ("encrypted", _yes("encrypted" in options), _yes(network.encrypted)),
    ]
    for what, there, desired in (("subnet", ranges, network.subnet), ("gateway", gateways, network.gateway)):
        if desired:
            settings.append((what, ", ".join(map(canonical, there)), canonical(desired)))
    if ":" in (network.subnet or ""):
        settings.append(("IPv6", _yes(found.get("EnableIPv6")), "yes"))
    settings += [(f"label {key}", labels.get(key), value) for key, value in network.labels.items()]
    settings += [(f"option {key}", options.get(key), value) for key, value in network.options.items()]
    return settings


def _yes(value: object) -> str:
    return "yes" if value else "no"
