"""What a host knows of its swarm, as the role compares it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from skep.model import Cluster, Host
from skep.questions import Answers

OWNED = "skep.labels"
"""Node label that names the labels this tool owns, so that one taken out of the inventory is taken off."""

STOPPED = "stopped"
"""``node_state`` of a host that is a node by what is on its disk, while its engine does not answer."""

LOCKED = "locked"
"""``node_state`` of a manager that waits for the unlock key; it is a node by what is on its disk."""

PENDING = "pending"
"""``node_state`` of a host whose engine still looks for its swarm: a first join, or a start without its managers."""


@dataclass(frozen=True, slots=True)
class Node:
    """A node in the managers' list. ``reachability`` is ``None`` on workers."""

    id: str
    hostname: str
    role: str
    availability: str = "active"
    labels: Mapping[str, str] = field(default_factory=dict)
    state: str = "ready"
    reachability: str | None = None
    leader: bool = False
    address: str = ""

    @property
    def unborn(self) -> bool:
        """Whether it got a certificate and has never told who it is: its host died, or is just joining."""
        return not self.hostname and self.state != "ready"


@dataclass(frozen=True, slots=True)
class State:
    """A host's place in a swarm. ``node_state`` is the engine's LocalNodeState, or ``STOPPED``; ``nodes``, ``spec``
    (an Engine API Swarm Spec) and ``fixed`` are the cluster's, told by managers in a quorum only."""

    role: str = "worker"
    availability: str = "active"
    labels: Mapping[str, str] = field(default_factory=dict)
    node_state: str = "inactive"
    node_id: str | None = None
    cluster_id: str | None = None
    manager: bool = False
    error: str | None = None
    nodes: tuple[Node, ...] | None = None
    spec: Mapping[str, Any] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)


def desired_state(host: Host) -> State:
    """The host as the inventory wants it."""
    labels = dict(host.labels)
    if labels:
        labels[OWNED] = ",".join(sorted(host.labels))
    return State(role=host.role, availability=host.availability, labels=labels, node_state="active")


def wanted_spec(cluster: Cluster) -> dict[str, Any]:
    """The part of an Engine API Swarm Spec that the inventory names."""
    swarm, spec = cluster.swarm, {}
    if swarm.task_history is not None:
        spec["Orchestration"] = {"TaskHistoryRetentionLimit": swarm.task_history}
    if swarm.cert_expiry is not None:
        spec["CAConfig"] = {"NodeCertExpiry": int(swarm.cert_expiry * 1_000_000_000)}
    if swarm.autolock is not None:
        spec["EncryptionConfig"] = {"AutoLockManagers": swarm.autolock}
    return spec


def wanted_fixed(cluster: Cluster) -> dict[str, Any]:
    """What holds from init on and cannot be changed, as far as the inventory names it."""
    swarm = cluster.swarm
    wanted = {
        "address-pools": list(swarm.address_pools) or None,
        "subnet-size": swarm.subnet_size,
        "data-path-port": swarm.data_path_port,
    }
    return {key: value for key, value in wanted.items() if value is not None}


def parse_state(text: str, answers: Answers) -> State | None:
    """From ``/info`` and, on managers in a quorum, ``/nodes``; from the node's certificate in ``text`` while the
    engine does not answer, or does not tell what it is: locked, or pending; ``None`` without any."""
    certified = "BEGIN CERTIFICATE" in text
    if "/info" not in answers:
        return _from_disk(text, STOPPED) if certified else None
    swarm = answers["/info"]["Swarm"]
    if certified and swarm["LocalNodeState"] in (LOCKED, PENDING):
        return _from_disk(text, swarm["LocalNodeState"])
    cluster = swarm.get("Cluster") or {}
    return State(
        node_state=swarm["LocalNodeState"],
        node_id=swarm.get("NodeID") or None,
        cluster_id=cluster.get("ID") or None,
        manager=bool(swarm.get("ControlAvailable")),
        error=swarm.get("Error") or None,
        nodes=tuple(_node(node) for node in answers["/nodes"]) if "/nodes" in answers and cluster.get("ID") else None,
        spec=cluster.get("Spec") or {},
        fixed={
            "address-pools": cluster.get("DefaultAddrPool") or [],
            "subnet-size": cluster.get("SubnetSize"),
            "data-path-port": cluster.get("DataPathPort"),
        },
    )


def _from_disk(certificate: str, node_state: str) -> State:
    """Swarm writes node ID, role and cluster ID into a node's certificate as CN, OU and O (swarmkit's ca package)."""
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    subject = x509.load_pem_x509_certificate(certificate.encode()).subject

    def part(name: x509.ObjectIdentifier) -> str:
        return str(subject.get_attributes_for_oid(name)[0].value)

    return State(
        node_state=node_state,
        node_id=part(NameOID.COMMON_NAME),
        cluster_id=part(NameOID.ORGANIZATION_NAME),
        manager=part(NameOID.ORGANIZATIONAL_UNIT_NAME) == "swarm-manager",
    )


def _node(raw: Mapping[str, Any]) -> Node:
    manager = raw.get("ManagerStatus") or {}
    spec = raw["Spec"]
    return Node(
        id=raw["ID"],
        hostname=raw["Description"].get("Hostname", ""),
        role=spec["Role"],
        availability=spec["Availability"],
        labels=spec.get("Labels") or {},
        state=raw["Status"]["State"],
        reachability=manager.get("Reachability"),
        leader=bool(manager.get("Leader")),
        address=raw["Status"].get("Addr", ""),
    )
