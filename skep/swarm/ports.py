"""Ports that services publish, and which of them Swarm refuses. Source: ``checkPortConflicts`` of moby/swarmkit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Raw = Mapping[str, Any]
Port = tuple[str, int]
"""Protocol and published port."""


def published(spec: Raw) -> Iterator[dict[str, Any]]:
    """The ports of a ServiceSpec that are published where the file says, their defaults filled in."""
    return _known((spec.get("EndpointSpec") or {}).get("Ports"))


def ports_of(service: Raw) -> dict[Port, bool]:
    """The ports of a service as ``/services`` lists it (Swarm's own choices too), and whether they are the whole
    swarm's (``ingress``)."""
    found: dict[Port, bool] = {}
    for port in (*published(service["Spec"]), *_known((service.get("Endpoint") or {}).get("Ports"))):
        key = port_of(port)
        found[key] = found.get(key, False) or port["PublishMode"] == "ingress"
    return found


def port_of(port: Raw) -> Port:
    """What a port is taken by."""
    return port["Protocol"], port["PublishedPort"]


def clash(one: Mapping[Port, bool], other: Mapping[Port, bool]) -> Port | None:
    """A port that both cannot have: one of them for the whole swarm. Ports of hosts may be the same."""
    return next((port for port in one if port in other and (one[port] or other[port])), None)


def _known(ports: Any) -> Iterator[dict[str, Any]]:
    for port in ports or ():
        if port.get("PublishedPort"):
            yield {"Protocol": "tcp", "PublishMode": "ingress", **port}
