"""The whole environment as desired: hosts, the swarm, and what runs in it."""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, Protocol

from skep.dataclass import dataclass
from skep.model.machine import Certificates, Engine, Kernel, Proxy
from skep.model.maintenance import Maintenance
from skep.model.notice import Notice
from skep.model.schedule import Schedule
from skep.secret import Secret

LOCAL_DRIVERS = ("bridge", "host", "ipvlan", "macvlan", "none", "null")
"""Drivers of networks that live on a single host: no service can use one."""

DATA_ROOT = "/var/lib/docker"
"""Where an engine keeps everything if nobody says otherwise."""

NodeRole = Literal["manager", "worker"]
Availability = Literal["active", "pause", "drain"]
Target = int | Literal["last", "before"]
"""A revision to go back to: its number, the last that was seen to run, or the one before what runs."""


class NoFile(KeyError):
    """A named file cannot be had; ``why`` follows its name in a message. ``absent``: nothing is there."""

    def __init__(self, why: str, *, absent: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.absent = absent


class Files(Protocol):
    """Contents of files by name; a ``Mapping`` of bytes is one."""

    def __getitem__(self, name: str, /) -> bytes:
        """Raises ``KeyError``, ``NoFile`` where it can say why."""


def is_ip(text: str) -> bool:
    """Whether it is an address, and not a name."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=4096)
def canonical(text: str) -> str:
    """An IP address, or a range such as ``10.0.0.0/8``, in its shortest form, so that two can be compared, whoever
    wrote them; any other text as it is."""
    with suppress(ValueError):
        return str(ipaddress.ip_address(text))
    address, _, length = text.partition("/")
    if is_ip(address) and length.isdecimal():
        with suppress(ValueError):
            return str(ipaddress.ip_network(text, strict=False))
    return text


@dataclass(frozen=True, slots=True)
class Access:
    """How to log in to a host. Times in seconds."""

    user: str | None = None
    port: int | None = None
    key: Path | None = None
    password: Secret | None = None
    agent: bool = True
    config: Path | None = None
    gateways: tuple[str, ...] = ()
    sudo: bool = True
    sudo_password: Secret | None = None
    host_keys: Literal["strict", "accept-new"] = "strict"
    known_hosts: Path | None = None
    connect_timeout: float = 10.0
    retries: int = 1


@dataclass(frozen=True, slots=True)
class Host:
    """A machine and what it is to be in the swarm. ``address`` is where SSH goes."""

    name: str
    address: str
    role: NodeRole
    availability: Availability = "active"
    labels: Mapping[str, str] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    engine: Engine = field(default_factory=Engine)
    daemon: Mapping[str, Any] = field(default_factory=dict)
    """Keys of daemon.json; a ``Secret``, at any depth, where a text came from a reference."""
    advertise: str | None = None
    """Address or interface given to ``--advertise-addr``; ``None`` means ``address`` where it is an IP."""
    proxy: Proxy = field(default_factory=Proxy)
    certificates: Certificates = field(default_factory=Certificates)
    kernel: Kernel = field(default_factory=Kernel)
    open_firewall: bool = False
    """Whether a firewall that is active there lets Swarm's ports through from the other hosts."""
    settings: Mapping[str, object] = field(default_factory=dict)
    """What the keys that roles bring along (``Role.host_keys``) hold for it; one that is not given is missing."""

    @property
    def data_root(self) -> str:
        """Where its engine keeps everything, as far as the inventory says it openly."""
        root = self.daemon.get("data-root")
        return root if isinstance(root, str) else DATA_ROOT


@dataclass(frozen=True, slots=True)
class Swarm:
    """Settings of the swarm. Address pools, mask and data path port hold from init on and cannot change."""

    address_pools: tuple[str, ...] = ()
    subnet_size: int | None = None
    data_path_port: int | None = None
    task_history: int | None = None
    cert_expiry: float | None = None
    """Seconds."""
    autolock: bool | None = None
    """``None`` leaves it as it is."""


@dataclass(frozen=True, slots=True)
class Network:
    """An overlay network as ``docker network create`` takes it."""

    name: str
    driver: str = "overlay"
    subnet: str | None = None
    gateway: str | None = None
    attachable: bool = False
    internal: bool = False
    encrypted: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack to deploy. ``files`` gives what its compose files name, relative to the stack's folder or not."""

    name: str
    compose: tuple[str, ...]
    """Names in ``files`` of the compose files, in merge order."""
    files: Files = field(default_factory=dict[str, bytes])
    variables: Mapping[str, str | Secret] = field(default_factory=dict)
    """Values for ``${VAR}`` in the compose files; a ``Secret`` where it came from a reference."""
    timeout: float | None = None
    """Seconds to wait for its services to run as desired, or to be gone. ``None``: as long as that may take by what
    they ask for, and some minutes more for what nobody can tell."""
    on_failure: Literal["keep", "rollback"] | None = None
    """What becomes of a roll-out that fails: it stays as it is, or the stack goes back to what ran before. ``None``:
    as the compose files' ``x-skep`` says, else it stays."""
    outputs: Mapping[tuple[str, ...], Secret] = field(default_factory=dict)
    """What the commands that give its configs and secrets printed, by their words."""
    resolve: bool = True
    """Whether its images are in registries, to be asked for their digests."""
    keep: int | None = None
    """Revisions that can be gone back to: their configs and secrets stay. ``None``: as ``x-skep`` says, else 5."""
    directory: str = "/"
    """Its folder on the operator's machine, absolute: what relative binds are relative to."""


@dataclass(frozen=True, slots=True)
class ArchivedImage:
    """An image in an archive: its ``names``, each with a tag, the short ones."""

    names: tuple[str, ...]
    id: str
    """``sha256:…`` of its configuration: what an engine's own store calls it."""
    digest: str
    """``sha256:…`` of its manifest: what containerd's store calls it; empty where the archive does not say."""
    architecture: str
    """By Docker's name for it, such as ``amd64``."""
    unpacked: int
    """Bytes of its layers."""


@dataclass(frozen=True, slots=True)
class Archive:
    """A file of this machine with images, as ``docker save`` writes it. ``place`` is where the inventory names it."""

    path: str
    size: int
    """Bytes."""
    sha256: str
    images: tuple[ArchivedImage, ...]
    place: str = ""


@dataclass(frozen=True, slots=True)
class Registry:
    """Credentials for pulls from a private registry."""

    server: str
    username: str
    password: Secret


@dataclass(frozen=True, slots=True)
class Accepted:
    """A finding that may be as it is, says the inventory. Without ``hosts`` wherever it is, without ``stacks`` for all;
    through the day ``until``."""

    id: str
    reason: str
    until: date | None = None
    owner: str = ""
    hosts: frozenset[str] = frozenset()
    stacks: frozenset[str] = frozenset()

    def as_json(self) -> dict[str, str | None]:
        """For scripts: why, how long and who answers for it."""
        return {"reason": self.reason, "until": str(self.until) if self.until else None, "owner": self.owner or None}

    def __str__(self) -> str:
        notes = [f"until {self.until}"] * bool(self.until) + [self.owner] * bool(self.owner)
        more = f" ({', '.join(notes)})" if notes else ""
        return f"{self.reason}{more}"


@dataclass(frozen=True, slots=True)
class Cluster:
    """The whole environment as desired. ``name`` is the inventory's name."""

    name: str
    hosts: tuple[Host, ...]
    swarm: Swarm = field(default_factory=Swarm)
    networks: tuple[Network, ...] = ()
    stacks: tuple[Stack, ...] = ()
    registries: tuple[Registry, ...] = ()
    archives: tuple[Archive, ...] = ()
    """Where images of services come from instead of registries."""
    accepted: tuple[Accepted, ...] = ()
    """Findings that may be as they are."""
    schedules: tuple[Schedule, ...] = ()
    notices: tuple[Notice, ...] = ()
    """Who hears how schedules ended."""
    metrics: str | None = None
    """Folder for metrics of scheduled runs."""
    maintenance: Maintenance = field(default_factory=Maintenance)
    """When changes may be made."""
    nonce: Secret = field(default_factory=lambda: Secret(secrets.token_hex(16)), compare=False, repr=False)
    """Fresh randomness for what this run makes, such as the key of secrets' marks, so that planning needs none."""

    @property
    def managers(self) -> tuple[Host, ...]:
        """Hosts desired as managers, in inventory order."""
        return tuple(host for host in self.hosts if host.role == "manager")

    @property
    def workers(self) -> tuple[Host, ...]:
        """Hosts desired as workers, in inventory order."""
        return tuple(host for host in self.hosts if host.role == "worker")

    def host(self, name: str) -> Host:
        """The host of that name; ``KeyError`` if there is none."""
        for host in self.hosts:
            if host.name == name:
                return host
        raise KeyError(name)
