"""What the page shows, as plain data: texts are as hosts and files gave them, nothing is made safe for HTML yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime

from skep.dataclass import dataclass

FULL, NEARLY_FULL = 0.95, 0.85
"""Shares of a disk from which on it is trouble, or soon will be."""
SOON = 7 * 86400.0
"""Seconds before its end in which a certificate should have been renewed: Swarm renews at half of its life, at the
latest some days before it ends."""


@dataclass(frozen=True, slots=True)
class Disk:
    """A file system of a host. ``path`` is one folder on it that matters; ``used`` a share from 0 to 1."""

    path: str
    free: int
    """Bytes."""
    used: float
    inodes_used: float

    @property
    def full(self) -> bool:
        """Of blocks or of inodes."""
        return max(self.used, self.inodes_used) >= FULL


@dataclass(frozen=True, slots=True)
class Outlook:
    """What will run out on a host, and when."""

    certificate: datetime | None = None
    """When the node's certificate for the swarm ends; ``None`` where there is none or it was not read."""
    disks: tuple[Disk, ...] = ()

    def ends_soon(self, now: datetime) -> bool:
        """The certificate should have been renewed by now."""
        return self.certificate is not None and (self.certificate - now).total_seconds() < SOON


@dataclass(frozen=True, slots=True)
class PlacedTask:
    """A task that is desired, or the newest that failed in its place."""

    name: str
    service: str
    state: str
    since: datetime | None
    error: str = ""

    @property
    def runs(self) -> bool:
        """Whether it is what it should be."""
        return self.state in ("running", "complete")


@dataclass(frozen=True, slots=True)
class FailedTask:
    """A task that failed, or that cannot be placed. ``over``: something runs in its place by now."""

    id: str
    name: str
    service: str
    stack: str
    node: str
    state: str
    since: datetime | None
    error: str
    over: bool


@dataclass(frozen=True, slots=True)
class Machine:
    """A node, a host of the inventory, or both. What is not known is empty."""

    name: str
    role: str = ""
    state: str = ""
    availability: str = ""
    leader: bool = False
    reachability: str = ""
    zone: str = ""
    engine: str = ""
    address: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    in_inventory: bool = True
    in_swarm: bool = True
    id: str = ""
    """Of the node; empty where there is none."""
    silent: str = ""
    """Why the host did not answer."""
    outlook: Outlook = field(default_factory=Outlook)
    tasks: tuple[PlacedTask, ...] = ()

    @property
    def well(self) -> bool:
        """A ready node that takes tasks, and a host that answers."""
        return self.state == "ready" and self.availability == "active" and not self.silent and not self.unreachable

    @property
    def unreachable(self) -> bool:
        """A manager that the others do not reach."""
        return self.reachability not in ("", "reachable")


@dataclass(frozen=True, slots=True)
class NetworkLine:
    """An overlay network and the services in it."""

    name: str
    subnets: str
    encrypted: bool
    attachable: bool
    internal: bool
    services: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ServiceLine:
    """A service. ``stack`` is empty where it is of none. ``running`` and ``desired`` count tasks; of a job, ``running``
    counts those that are complete."""

    stack: str
    name: str
    mode: str
    running: int
    desired: int
    update: str
    image: str
    digest: str
    updated: datetime | None
    networks: tuple[str, ...]
    unplaced: tuple[PlacedTask, ...] = ()
    """Tasks that have no node."""

    @property
    def well(self) -> bool:
        """All that is desired runs, and its last roll-out did not fail."""
        return self.running >= self.desired and self.update not in ("paused", "rollback_paused", "rollback_completed")


@dataclass(frozen=True, slots=True)
class Difference:
    """A step that ``cluster.up`` would take. ``fields`` are its details, a line each."""

    place: str
    title: str
    cause: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """A finding of the plan."""

    level: str
    id: str
    host: str
    text: str
    next_action: str
    accepted: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a command that changes something; ``ended`` is empty where its end is not in the history."""

    started: datetime | None
    what: str
    who: str
    commit: str
    ended: str
    steps: int
    failed: int
    error: str = ""


@dataclass(frozen=True, slots=True)
class AuditFinding:
    """What an audit found, with the hosts or stacks ``where``; ``since`` is the first of the audits that found it one
    after another."""

    severity: str
    id: str
    where: tuple[str, ...]
    text: str
    next: str
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Audit:
    """One audit. ``about`` are its options for profile and hosts: audits about the same can be compared.
    ``counts`` are results by status; ``severities`` findings by severity."""

    taken: datetime
    about: str
    who: str
    counts: Mapping[str, int]
    severities: Mapping[str, int]
    findings: tuple[AuditFinding, ...] = ()

    @property
    def found(self) -> int:
        """How many findings."""
        return self.counts.get("finding", 0)


@dataclass(frozen=True, slots=True)
class Picture:
    """One environment at one moment (``taken``, UTC)."""

    environment: str
    taken: datetime
    version: str
    commit: str
    quorum: str
    at_risk: bool
    machines: tuple[Machine, ...]
    networks: tuple[NetworkLine, ...]
    services: tuple[ServiceLine, ...]
    differences: tuple[Difference, ...]
    notes: tuple[Note, ...]
    runs: tuple[Run, ...]
    audits: tuple[Audit, ...] = ()
    """The newest, and those before it that were about the same; newest first."""
    listed: bool = True
    """Whether a manager in a quorum listed nodes, services and networks; else nothing is known of those."""
    unasked: tuple[str, ...] = ()
    """What could not be looked at, and why."""

    @property
    def zones(self) -> Mapping[str, Sequence[Machine]]:
        """Machines by zone, in the order of names; one without a name for those of none comes last."""
        names = sorted({one.zone for one in self.machines}, key=lambda zone: (zone == "", zone))
        return {zone: [one for one in self.machines if one.zone == zone] for zone in names}

    @property
    def stacks(self) -> Mapping[str, Sequence[ServiceLine]]:
        """Services by stack; those of none come last."""
        names = sorted({one.stack for one in self.services}, key=lambda stack: (stack == "", stack))
        return {name: [one for one in self.services if one.stack == name] for name in names}

    @property
    def healthy(self) -> bool:
        """Nothing differs and everything runs."""
        return not self.troubles

    @property
    def troubles(self) -> tuple[str, ...]:
        """What is not as it should be, in a few words each, worst first."""
        ill = [one.name for one in self.machines if one.in_inventory and not one.well]
        below = [one.name for one in self.services if not one.well]
        full = [one.name for one in self.machines if any(disk.full for disk in one.outlook.disks)]
        ending = [one.name for one in self.machines if one.outlook.ends_soon(self.taken)]
        errors = [one for one in self.notes if one.level == "error"]
        found = [
            (self.quorum, self.at_risk),
            (f"{_count(len(ill), 'host')} not well: {_some(ill)}", ill),
            (f"{_count(len(below), 'service')} below desired: {_some(below)}", below),
            (f"{_count(len(full), 'host')} with a full disk: {_some(full)}", full),
            (f"{_count(len(ending), 'certificate')} not renewed in time: {_some(ending)}", ending),
            (f"{_count(len(errors), 'error')} in the plan", errors),
            (f"{_count(len(self.differences), 'difference')} from the inventory", self.differences),
            (f"not asked: {'; '.join(self.unasked)}", self.unasked),
        ]
        return tuple(text for text, so in found if so)


FEW = 5


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _some(names: Sequence[str]) -> str:
    more = len(names) - FEW
    return ", ".join(names[:FEW]) + (f" and {more} more" if more > 0 else "")
