"""What a host knows of its swarm, as the role compares it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from skep.dataclass import dataclass
from skep.model import Cluster, Host, canonical
from skep.questions import Answers
from skep.swarm import objects
from skep.swarm.engine_info import EngineInfo, SwarmCluster, SwarmSpec
from skep.swarm.labels import OWNED, labels_of

"""Node label that names the labels this tool owns, so that one taken out of the inventory is taken off."""

STOPPED = "stopped"
"""``node_state`` of a host whose engine does not run: it may be a node, be that found on its disk or not."""

LOCKED = "locked"
"""``node_state`` of a manager that waits for the unlock key; it is a node by what is on its disk."""

PENDING = "pending"
"""``node_state`` of a host whose engine still looks for its swarm: a first join, or a start without its managers."""


NETWORKS = "/networks?filters=%7B%22scope%22%3A%5B%22swarm%22%5D%7D"


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
    """The address at which the managers see the node; of a manager, the one that it advertises."""

    @property
    def unborn(self) -> bool:
        """Whether it got a certificate and has never said who it is: its host died, or is just joining."""
        return not self.hostname and self.state != "ready"


@dataclass(frozen=True, slots=True)
class Fixed:
    """Settings that a swarm keeps from init on; ``None`` where one is not known, or the inventory leaves it open."""

    address_pools: tuple[str, ...] | None = None
    subnet_size: int | None = None
    data_path_port: int | None = None


@dataclass(frozen=True, slots=True)
class State:
    """A host's place in a swarm. ``node_state`` is the engine's LocalNodeState, or ``STOPPED``; ``nodes``, ``spec``
    (an Engine API Swarm Spec) and ``fixed`` are the cluster's, known by managers in a quorum only. ``address`` is what
    its engine advertises, ``addresses`` are those the host has. ``never``: its engine runs, reports no node, and there
    is no certificate where it keeps its data: it has never become a node. ``overlays``: the engine has the swarm's
    overlay networks; ``ingress``: the swarm has one that every node is in. ``busy``: tasks that are left on it though
    it is drained. ``listens``: the port of Swarm's gossip where the engine of a host without a certificate listens
    there; ``containers``: how many run or are paused.
    """

    role: str = "worker"
    availability: str = "active"
    labels: Mapping[str, str] = field(default_factory=dict)
    node_state: str = "inactive"
    node_id: str | None = None
    cluster_id: str | None = None
    manager: bool = False
    error: str | None = None
    address: str = ""
    addresses: tuple[str, ...] = ()
    hostname: str = ""
    """The host name that its engine reports."""
    never: bool = False
    busy: int = 0
    overlays: bool = True
    ingress: bool = False
    listens: tuple[str, ...] = ()
    containers: int = 0
    nodes: tuple[Node, ...] | None = None
    spec: SwarmSpec = field(default_factory=SwarmSpec)
    fixed: Fixed = field(default_factory=Fixed)


def desired_state(host: Host) -> State:
    """The host as the inventory describes it."""
    labels = dict(host.labels)
    if labels:
        labels[OWNED] = ",".join(sorted(host.labels))
    return State(role=host.role, availability=host.availability, labels=labels, node_state="active")


def desired_spec(cluster: Cluster) -> SwarmSpec:
    """The part of an Engine API Swarm Spec that the inventory names."""
    swarm, spec = cluster.swarm, SwarmSpec()
    if swarm.task_history is not None:
        spec["Orchestration"] = {"TaskHistoryRetentionLimit": swarm.task_history}
    if swarm.cert_expiry is not None:
        spec["CAConfig"] = {"NodeCertExpiry": int(swarm.cert_expiry * 1_000_000_000)}
    if swarm.autolock is not None:
        spec["EncryptionConfig"] = {"AutoLockManagers": swarm.autolock}
    return spec


def desired_fixed(cluster: Cluster) -> Fixed:
    """The settings that the inventory names and that cannot be changed after init."""
    swarm = cluster.swarm
    return Fixed(
        tuple(canonical(pool) for pool in swarm.address_pools) or None, swarm.subnet_size, swarm.data_path_port
    )


def parse_state(text: str, answers: Answers) -> State | None:
    """From ``/info`` and, on managers in a quorum, ``/nodes``; what the engine does not tell of a node comes from its
    certificate in ``text``. Without an engine that answers: ``STOPPED`` where one is installed or was; else ``None``.
    """
    heads = [line.split() for line in text.splitlines()]
    addresses = tuple(head[1].partition("/")[0] for head in heads if head[:1] == ["address"] and head[1:])
    found = _certificates(text)
    if "/info" not in answers:
        if not found and ["engine", "installed"] not in heads:
            return None
        only = _identity(next(iter(found.values()))) if len(set(found.values())) == 1 else Identity()
        return State(
            node_state=STOPPED,
            node_id=only.node,
            cluster_id=only.cluster,
            manager=only.manager,
            addresses=addresses,
        )
    info: EngineInfo = answers["/info"]
    swarm = info["Swarm"]
    cluster: SwarmCluster = swarm.get("Cluster") or {}
    state, node = swarm["LocalNodeState"], swarm.get("NodeID") or None
    own = Identity() if state == "inactive" else _own(found, info.get("DockerRootDir", ""), node)
    return State(
        node_state=state,
        node_id=node or own.node,
        cluster_id=cluster.get("ID") or own.cluster,
        manager=bool(swarm.get("ControlAvailable")) or (state != "active" and own.manager),
        error=swarm.get("Error") or None,
        address=swarm.get("NodeAddr") or "",
        addresses=addresses,
        hostname=info.get("Name") or "",
        never=state != "inactive"
        and not (node or own.node)
        and f"root {info.get('DockerRootDir')}" in text.splitlines(),
        overlays=["overlay", "networks", "missing"] not in heads,
        ingress=any(network.get("Ingress") for network in answers.get(NETWORKS) or ()),
        listens=tuple(head[1] for head in heads if head[:1] == ["listens"]),
        containers=(info.get("ContainersRunning") or 0) + (info.get("ContainersPaused") or 0),
        nodes=tuple(_node(node) for node in answers["/nodes"]) if "/nodes" in answers and cluster.get("ID") else None,
        spec=cluster.get("Spec") or {},
        fixed=_fixed(cluster) if cluster else Fixed(),
    )


def _fixed(cluster: SwarmCluster) -> Fixed:
    pools = tuple(canonical(pool) for pool in cluster.get("DefaultAddrPool") or ())
    return Fixed(pools, cluster.get("SubnetSize"), cluster.get("DataPathPort"))


@dataclass(frozen=True, slots=True)
class Identity:
    """What a node's certificate says: Swarm writes node ID, role and cluster ID into it as CN, OU and O (swarmkit's
    ca package)."""

    node: str | None = None
    cluster: str | None = None
    manager: bool = False


def _certificates(text: str) -> dict[str, str]:
    """The certificates that the probe printed, by the data root they lie in."""
    found: dict[str, str] = {}
    root = ""
    for line in text.splitlines():
        if line.startswith("root "):
            root = line.removeprefix("root ")
        elif "BEGIN CERTIFICATE" in line or root in found:
            found[root] = found.get(root, "") + f"{line}\n"
    return found


def _own(found: Mapping[str, str], root: str, node: str | None) -> Identity:
    """The identity of an engine that runs: from the folder it keeps its data in, and never another node's."""
    identities = [_identity(found[root])] if root in found else [_identity(text) for text in found.values() if node]
    return next((identity for identity in identities if node in (None, identity.node)), Identity())


def _identity(certificate: str) -> Identity:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    subject = x509.load_pem_x509_certificate(certificate.encode()).subject

    def part(name: x509.ObjectIdentifier) -> str:
        return str(subject.get_attributes_for_oid(name)[0].value)

    return Identity(
        part(NameOID.COMMON_NAME),
        part(NameOID.ORGANIZATION_NAME),
        part(NameOID.ORGANIZATIONAL_UNIT_NAME) == "swarm-manager",
    )


def _node(raw: objects.Node) -> Node:
    manager: objects.ManagerStatus = raw.get("ManagerStatus") or {}
    spec = raw["Spec"]
    return Node(
        id=raw["ID"],
        hostname=raw["Description"].get("Hostname", ""),
        role=spec["Role"],
        availability=spec["Availability"],
        labels=labels_of(spec),
        state=raw["Status"]["State"],
        reachability=manager.get("Reachability"),
        leader=bool(manager.get("Leader")),
        address=_host_part(manager.get("Addr") or "") or raw["Status"].get("Addr", ""),
    )


def _host_part(address: str) -> str:
    """Of ``10.0.0.1:2377`` or ``[fd00::1]:2377``, the address."""
    return address.rpartition(":")[0].strip("[]")
