"""What a role plans from: the platform of each host, the states of hosts, and which manager is believed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Generic, TypeVar

from skep.dataclass import dataclass
from skep.model import Cluster, Host
from skep.questions import SERVICES, Answers
from skep.swarm.movable import interrupted
from skep.swarm.placement import ALIASES

State = TypeVar("State")

SYSTEMD = "systemd"


@dataclass(frozen=True, slots=True)
class Platform:
    """What a host is made of; a field is empty where the host does not say.

    ``distribution``, ``version`` and ``codename`` are ``ID``, ``VERSION_ID`` and ``VERSION_CODENAME`` of os-release.
    ``architecture`` is the kernel's, by Docker's name for it, such as ``amd64``. ``packages`` is the command of the
    package manager: ``apt-get``, ``dnf`` (version 4), ``dnf5``, ``yum``, ``rpm-ostree`` and others; ``init`` what runs
    as process 1; ``firewall`` the program that manages packet filters and is switched on: ``firewalld``, ``ufw`` or
    ``nftables``. ``like`` is ``ID_LIKE``, words; ``base`` the release it is made from: a codename of Debian or Ubuntu,
    or ``PLATFORM_ID`` such as ``el9``.
    """

    distribution: str = ""
    version: str = ""
    codename: str = ""
    architecture: str = ""
    packages: str = ""
    init: str = ""
    firewall: str = ""
    like: str = ""
    base: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, (self.distribution, self.version, self.codename)))


def parse_platform(rows: Sequence[Sequence[str]]) -> Platform:
    """From lines ``platform FIELD VALUE``, as words."""
    fields = {row[1]: " ".join(row[2:]) for row in rows if row[0] == "platform" and len(row) > 2}
    machine = fields.pop("architecture", "")
    return Platform(architecture=ALIASES.get(machine, machine), **fields)


@dataclass(frozen=True, slots=True)
class Member:
    """A host's standing in the swarm it is in: what decides its place in the order of a roll-out, and whether its word
    on the swarm counts. ``locks``: its swarm has autolock now, so that a manager comes back locked. ``managers``: what
    a manager in a quorum lists, node ID of each manager → whether it is reachable, and the IDs of all ``nodes``;
    ``node`` is its own."""

    manager: bool = False
    leader: bool = False
    locks: bool = False
    node: str | None = None
    managers: Mapping[str, bool] = field(default_factory=dict)
    nodes: frozenset[str] = frozenset()
    services: Mapping[str, str] = field(default_factory=dict)
    """By name: why a drain stops tasks of it before others run in their place; empty where it does not have to. As a
    manager lists them."""
    data_port: int | None = None
    """UDP port of its swarm's overlay networks, as a manager in a quorum reports it."""


Members = Mapping[str, Member | None]
"""Standing by host, of all hosts that answered; ``None`` outside a swarm."""


def member(answers: Answers) -> Member | None:
    """A host's standing from its engine's ``/info``, ``/nodes`` and services; ``None`` outside a swarm."""
    swarm = answers.get("/info", {}).get("Swarm") or {}
    if swarm.get("LocalNodeState") != "active":
        return None
    nodes = {node["ID"]: node.get("ManagerStatus") for node in answers.get("/nodes", [])}
    cluster = swarm.get("Cluster") or {}
    spec = cluster.get("Spec") or {}
    return Member(
        manager=bool(swarm.get("ControlAvailable")),
        leader=bool((nodes.get(swarm.get("NodeID")) or {}).get("Leader")),
        locks=bool((spec.get("EncryptionConfig") or {}).get("AutoLockManagers")),
        node=swarm.get("NodeID") or None,
        managers={name: status.get("Reachability") == "reachable" for name, status in nodes.items() if status},
        nodes=frozenset(nodes),
        services={
            one["Spec"]["Name"]: interrupted(one["Spec"], answers.get("/nodes", []))
            for one in answers.get(SERVICES, [])
        },
        data_port=cluster.get("DataPathPort") or None,
    )


def believed(members: Members) -> str | None:
    """The host whose word on the swarm counts: of the managers in a quorum the leader, else the first; ``None`` where
    no such manager answered."""
    listing = {name: one for name, one in members.items() if one and (one.nodes or one.managers)}
    return max(listing, key=lambda name: listing[name].leader, default=None)


def swarms(members: Members) -> list[list[str]]:
    """The managers that list nodes, by swarm: those of one swarm have nodes in common."""
    found: list[tuple[list[str], frozenset[str]]] = []
    for name, one in members.items():
        if one and one.nodes:
            same = [group for group in found if group[1] & one.nodes]
            others = [group for group in found if group not in same]
            names = [*(host for group in same for host in group[0]), name]
            found = [*others, (names, one.nodes.union(*(group[1] for group in same)))]
    return [names for names, _ in found]


@dataclass(frozen=True, slots=True)
class Seen(Generic[State]):
    """What was observed, as one role sees it: everything by host, and of hosts that answered only.

    ``states`` are the role's own, ``None`` where nothing is there. ``manager`` is the one host whose word on the swarm
    is believed, the same for all roles; ``None`` where no manager in a quorum answered.
    """

    states: Mapping[str, State | None]
    platforms: Mapping[str, Platform] = field(default_factory=dict)
    members: Members = field(default_factory=dict)
    manager: str | None = None

    @property
    def swarm(self) -> State | None:
        """The state of the manager that is believed: where roles find what is the swarm's."""
        return self.states.get(self.manager) if self.manager else None

    @property
    def data_port(self) -> int | None:
        """UDP port of the swarm's overlay networks, as that manager reports it."""
        member = self.members.get(self.manager) if self.manager else None
        return member.data_port if member else None

    def hosts(self, cluster: Cluster) -> Iterator[Host]:
        """Hosts of the inventory that answered, in its order."""
        return (host for host in cluster.hosts if host.name in self.states)
