"""What a service is asked to be, in the Engine API's terms: views on JSON, which cost nothing at run time.

Only what this tool reads or writes is listed; what else an object holds stays in it. Every key may be missing, and what
is a list or a mapping may be null. Source: ``api/types/swarm`` of moby/moby.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict


class File(TypedDict, total=False):
    """Where a task finds a config or secret."""

    Name: str
    UID: str
    GID: str
    Mode: int


class ConfigReference(TypedDict, total=False):
    """A config that a service uses: by ``File``, or as its credential spec (``Runtime``)."""

    ConfigName: str
    ConfigID: str
    File: File
    Runtime: Mapping[str, object]


class SecretReference(TypedDict, total=False):
    """A secret that a service uses."""

    SecretName: str
    SecretID: str
    File: File


class CredentialSpec(TypedDict, total=False):
    """For Windows: one of these; ``Config`` is an identifier, and in a revision a name."""

    Config: str
    File: str
    Registry: str


class Privileges(TypedDict, total=False):
    """What its containers may do."""

    CredentialSpec: CredentialSpec | None
    SELinuxContext: Mapping[str, object] | None
    NoNewPrivileges: bool


class HealthCheck(TypedDict, total=False):
    """Times in nanoseconds; what is missing or zero is the image's, else the engine's."""

    Test: list[str]
    Interval: int
    Timeout: int
    Retries: int
    StartPeriod: int
    StartInterval: int


class Driver(TypedDict, total=False):
    """Of a volume; ``local`` where it has no name."""

    Name: str
    Options: Mapping[str, str] | None


class VolumeOptions(TypedDict, total=False):
    """How a volume is made where a task first needs it."""

    Labels: Mapping[str, str]
    DriverConfig: Driver
    NoCopy: bool
    Subpath: str


class Mount(TypedDict, total=False):
    """Of a task."""

    Type: str
    Source: str
    Target: str
    ReadOnly: bool
    Consistency: str
    VolumeOptions: VolumeOptions
    BindOptions: Mapping[str, object]
    TmpfsOptions: Mapping[str, object]
    ClusterOptions: Mapping[str, object]


class Ulimit(TypedDict):
    """A limit of the kernel."""

    Name: str
    Hard: int
    Soft: int


class ContainerSpec(TypedDict, total=False):
    """The container of each task; ``StopGracePeriod`` in nanoseconds."""

    Image: str
    Labels: Mapping[str, str] | None
    Command: list[str] | None
    Args: list[str] | None
    Hostname: str
    Env: list[str] | None
    Dir: str
    User: str
    Groups: list[str] | None
    Privileges: Privileges | None
    StopSignal: str
    TTY: bool
    OpenStdin: bool
    ReadOnly: bool
    Mounts: list[Mount] | None
    Healthcheck: HealthCheck | None
    Hosts: list[str] | None
    DNSConfig: Mapping[str, object] | None
    Secrets: list[SecretReference] | None
    Configs: list[ConfigReference] | None
    Isolation: str
    Sysctls: Mapping[str, str] | None
    CapabilityAdd: list[str] | None
    CapabilityDrop: list[str] | None
    Ulimits: list[Ulimit] | None
    Init: bool | None
    StopGracePeriod: int | None


class Platform(TypedDict, total=False):
    """Empty means any."""

    Architecture: str
    OS: str


class Spread(TypedDict, total=False):
    """Over the values of what."""

    SpreadDescriptor: str


class Preference(TypedDict, total=False):
    """How tasks are spread."""

    Spread: Spread | None


class Placement(TypedDict, total=False):
    """Where tasks may run; ``MaxReplicas`` on one node, 0 for no bound."""

    Constraints: list[str] | None
    Preferences: list[Preference] | None
    Platforms: list[Platform] | None
    MaxReplicas: int


class Attachment(TypedDict, total=False):
    """A network that tasks are in: ``Target`` is its identifier, and in what is sent its name."""

    Target: str
    Aliases: list[str] | None
    DriverOpts: Mapping[str, str] | None


class RestartPolicy(TypedDict, total=False):
    """Times in nanoseconds."""

    Condition: str
    Delay: int
    MaxAttempts: int
    Window: int


class TaskSpec(TypedDict, total=False):
    """What every task of a service is."""

    ContainerSpec: ContainerSpec
    Resources: Mapping[str, object]
    RestartPolicy: RestartPolicy | None
    Placement: Placement | None
    Networks: list[Attachment] | None
    LogDriver: Mapping[str, object] | None
    ForceUpdate: int


class Replicated(TypedDict, total=False):
    """So many tasks."""

    Replicas: int | None


class ReplicatedJob(TypedDict, total=False):
    """So many tasks that end."""

    MaxConcurrent: int
    TotalCompletions: int


class Mode(TypedDict, total=False):
    """One of these."""

    Replicated: Replicated | None
    Global: Mapping[str, object] | None
    ReplicatedJob: ReplicatedJob | None
    GlobalJob: Mapping[str, object] | None


class UpdateConfig(TypedDict, total=False):
    """Times in nanoseconds; ``Parallelism`` 0 means all at once."""

    Parallelism: int
    Delay: int
    FailureAction: str
    Monitor: int
    MaxFailureRatio: float
    Order: str


class Port(TypedDict, total=False):
    """``PublishedPort`` is missing or 0 where Swarm chooses it."""

    Protocol: str
    TargetPort: int
    PublishedPort: int
    PublishMode: str


class EndpointSpec(TypedDict, total=False):
    """How a service is reached."""

    Mode: str
    Ports: list[Port] | None


class ServiceSpec(TypedDict, total=False):
    """What a service is asked to be."""

    Name: str
    Labels: Mapping[str, str] | None
    TaskTemplate: TaskSpec
    Mode: Mode
    UpdateConfig: UpdateConfig | None
    RollbackConfig: UpdateConfig | None
    EndpointSpec: EndpointSpec | None
    Networks: list[Attachment] | None
    """Before Swarm had them in the task; engines still read them."""
