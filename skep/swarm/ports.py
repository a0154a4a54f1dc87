"""Ports that services publish, and which of them Swarm refuses. Source: ``checkPortConflicts`` of moby/swarmkit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypedDict

from skep.swarm.objects import Service
from skep.swarm.spec import EndpointSpec, ServiceSpec

Key = tuple[str, int]
"""Protocol and published port: what a port is taken by."""


RAFT, GOSSIP, DATA_PORT = 2377, 7946, 4789
"""Ports between the hosts of a swarm: of managers, of all, and (unless ``init`` said another) of overlay networks."""


def swarm_ports(data_path_port: int | None = None) -> frozenset[Key]:
    """What the engines of a swarm talk to each other over."""
    return frozenset({("tcp", RAFT), ("tcp", GOSSIP), ("udp", GOSSIP), ("udp", data_path_port or DATA_PORT)})


class Published(TypedDict):
    """A port with its defaults filled in."""

    Protocol: str
    PublishedPort: int
    PublishMode: str


def published(spec: ServiceSpec) -> Iterator[Published]:
    """The ports of a ServiceSpec that are published where the file says, their defaults filled in."""
    return _known(spec.get("EndpointSpec"))


def ports_of(service: Service) -> dict[Key, bool]:
    """The ports of a service as ``/services`` lists it (Swarm's own choices too), and whether they are the whole
    swarm's (``ingress``)."""
    found: dict[Key, bool] = {}
    for port in (*published(service["Spec"]), *_known(service.get("Endpoint"))):
        key = port_of(port)
        found[key] = found.get(key, False) or port["PublishMode"] == "ingress"
    return found


def port_of(port: Published) -> Key:
    """What a port is taken by."""
    return port["Protocol"], port["PublishedPort"]


def clash(one: Mapping[Key, bool], other: Mapping[Key, bool]) -> Key | None:
    """A port that both cannot have: one of them for the whole swarm. Ports of hosts may be the same."""
    return next((port for port in one if port in other and (one[port] or other[port])), None)


def _known(endpoint: EndpointSpec | None) -> Iterator[Published]:
    for port in (endpoint or {}).get("Ports") or ():
        if port.get("PublishedPort"):
            yield {
                "Protocol": port.get("Protocol", "tcp"),
                "PublishedPort": port["PublishedPort"],
                "PublishMode": port.get("PublishMode", "ingress"),
            }
