"""What a lab is: a name, a subnet and its hosts. Pure data, checked when made."""

from __future__ import annotations

import ipaddress
import re
from typing import Literal

from skep.dataclass import dataclass
from skep.errors import LabError

SUITES = ("bookworm", "trixie", "forky")
"""Debian releases a lab host can run."""
STAND_INS = {"el9": "trixie"}
"""What a lab host can pass for where packages are concerned → the Debian release it really is."""
KINDS = (*SUITES, *STAND_INS)
"""All that a host's ``suite`` may be."""

Backend = Literal["container", "vm"]
"""What a host is: a system container on this machine's kernel, or a virtual machine with Debian's."""
BACKENDS: tuple[Backend, ...] = ("container", "vm")

State = Literal["running", "stopped", "cut", "absent"]

_LAB_NAME = re.compile(r"[a-z0-9]{1,8}")
_HOST_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
HIGHEST_NUMBER = 999
"""The last place in a lab's subnet that a host can have."""


@dataclass(frozen=True, slots=True)
class LabHost:
    """One host: its hostname, its IPv4 address inside the subnet and its Debian release, or what it passes for."""

    name: str
    address: str
    suite: str = "bookworm"

    def __post_init__(self) -> None:
        if not _HOST_NAME.fullmatch(self.name):
            raise LabError(f"lab host name {self.name!r} is not a lower-case host name")
        if self.suite not in KINDS:
            raise LabError(f"no lab host runs {self.suite!r}; known: {', '.join(KINDS)}", host=self.name)
        try:
            ipaddress.IPv4Address(self.address)
        except ValueError as error:
            raise LabError(f"{self.address!r} is not an IPv4 address", host=self.name) from error


@dataclass(frozen=True, slots=True)
class Lab:
    """A named set of hosts on one subnet of this machine.

    ``name`` is one to eight of ``a-z0-9`` and is part of every interface, mount, rule and folder of the lab,
    so that two labs can be up at once. Raises `LabError` when names or addresses clash or do not fit.
    """

    name: str
    subnet: str
    hosts: tuple[LabHost, ...]
    registry_port: int = 5000
    backend: Backend = "container"
    packages: bool = False
    """Whether the gateway also serves package repositories with engines, as their vendor does."""

    def __post_init__(self) -> None:
        checked_name(self.name)
        if self.backend not in BACKENDS:
            raise LabError(f"no lab is made of {self.backend!r}; known: {', '.join(BACKENDS)}")
        try:
            network = ipaddress.IPv4Network(self.subnet)
        except ValueError as error:
            raise LabError(f"lab subnet {self.subnet!r} is not an IPv4 network: {error}") from error
        if not network.is_private or network.prefixlen > 29:
            raise LabError(f"lab subnet {self.subnet} must be private and hold a gateway and some hosts")
        for values in ([host.name for host in self.hosts], [host.address for host in self.hosts]):
            twice = sorted({value for value in values if values.count(value) > 1})
            if twice:
                raise LabError(f"{', '.join(twice)} occurs twice in lab {self.name}")
        for host in self.hosts:
            if self.backend == "vm" and host.suite in STAND_INS:
                raise LabError(f"no virtual machine passes for {host.suite}", host=host.name)
            if not 2 <= self.number(host) <= min(HIGHEST_NUMBER, network.num_addresses - 2):
                raise LabError(f"address {host.address} does not fit lab subnet {self.subnet}", host=host.name)

    @property
    def gateway(self) -> str:
        """The machine's own address in the lab, the first one of the subnet; the registry listens there."""
        return str(ipaddress.IPv4Network(self.subnet)[1])

    @property
    def prefix_length(self) -> int:
        """Length of the subnet's prefix, such as 24."""
        return ipaddress.IPv4Network(self.subnet).prefixlen

    @property
    def registry(self) -> str:
        """``address:port`` of the lab's image registry."""
        return f"{self.gateway}:{self.registry_port}"

    def number(self, host: LabHost) -> int:
        """The host's place in the subnet: 11 for 10.83.0.11 in 10.83.0.0/24."""
        return int(ipaddress.IPv4Address(host.address)) - int(ipaddress.IPv4Network(self.subnet)[0])

    def host(self, name: str) -> LabHost:
        """The host of that name; `LabError` when there is none."""
        for host in self.hosts:
            if host.name == name:
                return host
        known = ", ".join(host.name for host in self.hosts) or "none"
        raise LabError(f"lab {self.name} has no host {name!r}; it has: {known}")


@dataclass(frozen=True, slots=True)
class HostStatus:
    """A host as found: ``pid`` is its init's on this machine, ``ssh`` whether its SSH server answers."""

    name: str
    address: str
    suite: str
    state: State
    pid: int | None = None
    ssh: bool = False


def checked_name(name: str) -> str:
    """The lab name itself, or `LabError` when it is none: it becomes part of paths that are deleted."""
    if not _LAB_NAME.fullmatch(name):
        raise LabError(f"lab name {name!r} must be one to eight of a-z and 0-9")
    return name


def to_document(lab: Lab) -> dict[str, object]:
    """The lab as plain data for JSON; `from_document` reads it back."""
    return {
        "name": lab.name,
        "subnet": lab.subnet,
        "registry_port": lab.registry_port,
        "backend": lab.backend,
        "packages": lab.packages,
        "hosts": [{"name": host.name, "address": host.address, "suite": host.suite} for host in lab.hosts],
    }


def from_document(document: dict[str, object]) -> Lab:
    """The lab that `to_document` wrote; `LabError` when the data is something else."""
    match document:
        case {"name": str(name), "subnet": str(subnet), "registry_port": int(port), "hosts": list(entries)}:
            hosts = tuple(LabHost(**entry) for entry in entries)
            backend: Backend = "vm" if document.get("backend") == "vm" else "container"
            return Lab(name, subnet, hosts, port, backend, document.get("packages") is True)
    raise LabError("the record of this lab is not readable")
