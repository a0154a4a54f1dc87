"""What an engine answers at ``/info``: views on its JSON, as in ``skep.swarm.spec``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypedDict

from skep.json_types import mapping
from skep.model import Host

SNAPSHOTTER = ("driver-type", "io.containerd.snapshotter.v1")
"""What an engine says of its storage driver where containerd keeps its images. Source: moby,
daemon/containerd/service.go: LayerStoreStatus."""


class Orchestration(TypedDict, total=False):
    """Of a swarm."""

    TaskHistoryRetentionLimit: int | None


class CaConfig(TypedDict, total=False):
    """Times in nanoseconds."""

    NodeCertExpiry: int


class EncryptionConfig(TypedDict, total=False):
    """Of a swarm."""

    AutoLockManagers: bool


class SwarmSpec(TypedDict, total=False):
    """What a swarm is asked to be."""

    Orchestration: Orchestration
    CAConfig: CaConfig
    EncryptionConfig: EncryptionConfig


class SwarmCluster(TypedDict, total=False):
    """A swarm as its managers know it."""

    ID: str
    Spec: SwarmSpec
    DefaultAddrPool: list[str] | None
    SubnetSize: int
    DataPathPort: int


class SwarmInfo(TypedDict, total=False):
    """The engine's place in a swarm."""

    LocalNodeState: str
    NodeID: str
    NodeAddr: str
    ControlAvailable: bool
    Error: str
    Cluster: SwarmCluster | None


class RegistryIndex(TypedDict, total=False):
    """How a registry is talked to."""

    Secure: bool


class RegistryConfig(TypedDict, total=False):
    """How registries are talked to."""

    Mirrors: list[str] | None
    IndexConfigs: Mapping[str, RegistryIndex] | None
    InsecureRegistryCIDRs: list[str] | None


class AddressPool(TypedDict):
    """Addresses for networks of the host."""

    Base: str
    Size: int


class EngineInfo(TypedDict, total=False):
    """An engine and its configuration."""

    Name: str
    Architecture: str
    """The kernel's."""
    ServerVersion: str
    ContainersRunning: int
    ContainersPaused: int
    ServerErrors: list[str] | None
    """Of Docker's CLI: why the engine has said nothing."""
    DriverStatus: list[list[str]] | None
    Swarm: SwarmInfo
    RegistryConfig: RegistryConfig | None
    Labels: list[str] | None
    Debug: bool
    LiveRestoreEnabled: bool
    LoggingDriver: str
    Driver: str
    DockerRootDir: str
    DefaultRuntime: str
    SecurityOptions: list[str] | None
    CgroupDriver: str
    CgroupVersion: str
    DefaultAddressPools: list[AddressPool] | None
    ExperimentalBuild: bool
    Runtimes: Mapping[str, object] | None
    HttpProxy: str
    HttpsProxy: str
    NoProxy: str


def in_containerd(info: EngineInfo) -> bool:
    """Whether an engine says that containerd keeps its images."""
    return SNAPSHOTTER in map(tuple, info.get("DriverStatus") or ())


def meant_for_containerd(host: Host) -> bool:
    """Whether containerd is to keep the images of an engine that is still to be installed there: a fresh one of 29 and
    later has it so unless set otherwise, or users are remapped. Source: moby's release notes of 29.0, moby#51042."""
    major = (host.engine.version or "").partition(".")[0]
    asked = _asked(host)
    fresh = major.isdecimal() and int(major) >= 29 and not host.daemon.get("userns-remap")
    return fresh if asked is None else asked


def will_be_in_containerd(hosts: Iterable[Host], infos: Mapping[str, EngineInfo | None]) -> dict[str, bool]:
    """Host → whether containerd keeps the images there once it is as the inventory says; ``infos`` are those of engines
    that run. One that does not, and may be of any version, is taken to be as the others are."""
    known = {host.name: _will_be(host, infos.get(host.name)) for host in hosts}
    others = [one for one in known.values() if one is not None]
    alike = bool(others) and all(others)
    return {name: alike if one is None else one for name, one in known.items()}


def _will_be(host: Host, info: EngineInfo | None) -> bool | None:
    asked = _asked(host)
    if asked is None and info:
        return in_containerd(info)
    return asked if asked is not None or not host.engine.version else meant_for_containerd(host)


def _asked(host: Host) -> bool | None:
    found = mapping(host.daemon.get("features")).get("containerd-snapshotter")
    return found if isinstance(found, bool) else None
