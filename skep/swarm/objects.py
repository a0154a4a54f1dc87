"""Swarm's objects as the Engine API lists them: views on its JSON, as in ``skep.swarm.spec``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from skep.swarm.spec import EndpointSpec, Platform, ServiceSpec, TaskSpec


class Version(TypedDict, total=False):
    """What an update has to name."""

    Index: int


class UpdateStatus(TypedDict, total=False):
    """Swarm's word on the last roll-out."""

    State: str
    Message: str


class ServiceStatus(TypedDict, total=False):
    """How many tasks run and are to; of a job, how many are complete."""

    RunningTasks: int
    DesiredTasks: int
    CompletedTasks: int


class JobStatus(TypedDict, total=False):
    """How often a job was asked to run."""

    JobIteration: Version | None


class Service(TypedDict, total=False):
    """A service as ``/services`` lists it."""

    ID: str
    Version: Version
    UpdatedAt: str
    Spec: ServiceSpec
    PreviousSpec: ServiceSpec | None
    Endpoint: EndpointSpec | None
    UpdateStatus: UpdateStatus | None
    ServiceStatus: ServiceStatus | None
    JobStatus: JobStatus | None


class Pool(TypedDict, total=False):
    """Addresses of a network."""

    Subnet: str
    IPRange: str
    Gateway: str


class Ipam(TypedDict, total=False):
    """Who gives out addresses, and which."""

    Driver: str
    Config: list[Pool] | None


class Network(TypedDict, total=False):
    """A network as ``/networks`` lists it, or as it is sent."""

    Id: str
    Name: str
    Driver: str
    Scope: str
    Internal: bool
    Attachable: bool
    EnableIPv6: bool
    Labels: Mapping[str, str] | None
    Options: Mapping[str, str] | None
    IPAM: Ipam | None


class ObjectSpec(TypedDict, total=False):
    """A config or secret; ``Data`` in base64, which no engine gives of a secret."""

    Name: str
    Labels: Mapping[str, str] | None
    Data: str
    Driver: Mapping[str, object] | None
    Templating: Mapping[str, object] | None


class Object(TypedDict, total=False):
    """A config or secret as ``/configs`` or ``/secrets`` lists it; ``CreatedAt`` is the manager's (RFC 3339)."""

    ID: str
    Version: Version
    CreatedAt: str
    Spec: ObjectSpec


class PluginInterface(TypedDict, total=False):
    """What a plugin is a driver of, such as ``docker.networkdriver/1.0``."""

    Types: list[str] | None


class PluginConfig(TypedDict):
    """Of a plugin."""

    Interface: PluginInterface


class Plugin(TypedDict, total=False):
    """A plugin as ``/plugins`` lists it."""

    Name: str
    Enabled: bool
    Config: PluginConfig


class NodeSpec(TypedDict, total=False):
    """What a node is asked to be."""

    Role: str
    Availability: str
    Labels: Mapping[str, str] | None


class EngineDescription(TypedDict, total=False):
    """The engine of a node."""

    EngineVersion: str
    Labels: Mapping[str, str] | None


class Description(TypedDict, total=False):
    """What a node says of itself."""

    Hostname: str
    Platform: Platform
    Resources: Mapping[str, object]
    Engine: EngineDescription


class NodeStatus(TypedDict, total=False):
    """What managers see of a node."""

    State: str
    Addr: str


class ManagerStatus(TypedDict, total=False):
    """What managers see of a manager."""

    Leader: bool
    Reachability: str
    Addr: str


class Node(TypedDict, total=False):
    """A node as ``/nodes`` lists it."""

    ID: str
    Version: Version
    CreatedAt: str
    Spec: NodeSpec
    Description: Description
    Status: NodeStatus
    ManagerStatus: ManagerStatus | None


class ContainerStatus(TypedDict, total=False):
    """The container of a task."""

    ContainerID: str


class TaskStatus(TypedDict, total=False):
    """What a node says of a task."""

    State: str
    Timestamp: str
    Err: str
    Message: str
    ContainerStatus: ContainerStatus | None


class Task(TypedDict, total=False):
    """A task as ``/tasks`` lists it."""

    ID: str
    ServiceID: str
    NodeID: str
    Slot: int
    CreatedAt: str
    DesiredState: str
    Spec: TaskSpec
    Status: TaskStatus
    JobIteration: Version | None
