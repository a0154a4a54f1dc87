"""What a compose file says once it is read: views on its mappings, for the rules. They cost nothing at run time.

Only what rules look at is listed. ``skep/compose/keys`` has every key and checks that values are of these types.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Required, TypedDict, cast

from skep.reading.values import Fields


class Pool(TypedDict, total=False):
    """Addresses of a network."""

    subnet: str
    gateway: str
    ip_range: str


class Addresses(TypedDict, total=False):
    """Who gives out a network's addresses, and which."""

    driver: str
    config: list[Pool]


class Thing(TypedDict, total=False):
    """A network, volume, config or secret."""

    name: str
    driver: str
    driver_opts: Mapping[str, str]
    labels: Mapping[str, str]
    ipam: Addresses
    enable_ipv6: bool
    template_driver: str


class Port(TypedDict, total=False):
    """A published port; ``published`` is missing or 0 where Swarm chooses it."""

    mode: str
    protocol: str
    target: int
    published: int


class VolumeOptions(TypedDict, total=False):
    """How a volume is mounted."""

    subpath: str


class Mount(TypedDict, total=False):
    """Of a service."""

    type: Required[str]
    target: Required[str]
    source: str
    read_only: bool
    volume: VolumeOptions


class Reference(TypedDict, total=False):
    """A config or secret that a service uses."""

    source: Required[str]
    target: str


class RestartPolicy(TypedDict, total=False):
    """When ended tasks are replaced."""

    condition: str


class Placement(TypedDict, total=False):
    """On which nodes tasks may run."""

    constraints: list[str]


class Deploy(TypedDict, total=False):
    """How a service is run."""

    mode: str
    endpoint_mode: str
    replicas: int
    update_config: Mapping[str, object]
    restart_policy: RestartPolicy
    placement: Placement


class Healthcheck(TypedDict, total=False):
    """Times in nanoseconds."""

    disable: bool
    interval: int
    timeout: int
    start_period: int
    start_interval: int
    retries: int


class Service(TypedDict, total=False):
    """A service."""

    image: str
    deploy: Deploy
    networks: Mapping[str, object]
    ports: list[Port]
    volumes: list[Mount]
    sysctls: Mapping[str, str]
    environment: Mapping[str, str | None]
    command: list[str]
    entrypoint: list[str]
    isolation: str
    credential_spec: Mapping[str, str]
    configs: list[Reference]
    secrets: list[Reference]


def services_of(data: Mapping[str, object]) -> Mapping[str, Service]:
    """The services of a file that was read."""
    return cast("Mapping[str, Service]", data.get("services") or {})


def things_of(data: Mapping[str, object], section: str) -> Mapping[str, Thing]:
    """What stands under ``networks``, ``volumes``, ``configs`` or ``secrets``."""
    return cast("Mapping[str, Thing]", data.get(section) or {})


def place_of(value: object) -> str:
    """Where in its file a mapping stands; nothing for one that is of no file."""
    return str(value.place) if isinstance(value, Fields) else ""
