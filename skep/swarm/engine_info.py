"""What an engine answers at ``/info``: views on its JSON, as in ``skep.swarm.spec``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict


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
    ServerVersion: str
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
    DefaultAddressPools: list[AddressPool] | None
    ExperimentalBuild: bool
    Runtimes: Mapping[str, object] | None
    HttpProxy: str
    HttpsProxy: str
    NoProxy: str
