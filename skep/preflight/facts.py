"""What a host says of itself, asked with the first observation."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import field

from skep import places
from skep.dataclass import dataclass
from skep.model import Cluster
from skep.preflight import reach
from skep.preflight.free_space import Room
from skep.preflight.free_space import parse as rooms
from skep.preflight.free_space import places as room_places
from skep.preflight.reach import ENGINE, Place, data_port, swarm_address
from skep.questions import Answers
from skep.seen import SYSTEMD, Platform, parse_platform
from skep.swarm.engine_info import in_containerd
from skep.swarm.labels import TASK_ID
from skep.swarm.ports import GOSSIP, RAFT

MODULES = {
    "overlay": "images cannot be stored on overlay2",
    "br_netfilter": "rules between containers of one bridge are not applied",
    "vxlan": "overlay networks do not reach other hosts",
    "ip_vs": "VIPs and the routing mesh do not answer; endpoint_mode dnsrr and mode: host ports do",
}
PORTS = ((RAFT, "tcp"), (GOSSIP, "tcp"), (GOSSIP, "udp"))
KERNEL = "the kernel"
TOOLS = {"ip": "addresses and routes", "ss": "who holds Swarm's ports"}
"""Programs of iproute2, which a small Debian lacks, each with what only it can answer."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a host says of itself. ``clock`` holds the earliest and latest offset to our clock, in seconds."""

    platform: Platform = field(default_factory=lambda: Platform(init=SYSTEMD))
    hostname: str = ""
    engine_on: str = ""
    """The name of the host that its engine says it runs on; empty where none answered."""
    machine_id: str = ""
    clock: tuple[float, float] = (0.0, 0.0)
    modules: frozenset[str] = frozenset(MODULES)
    modules_known: bool = True
    free: int = 1 << 40
    installed: bool = False
    containerd_images: bool = False
    """Whether its engine keeps images in containerd's folder, as it says."""
    in_swarm: bool = False
    data_port: int | None = None
    """UDP port of its swarm's overlay networks, as a manager reports it."""
    rooms: Mapping[str, Room] = field(default_factory=dict)
    """Where steps may write, by path; what is not known is missing."""
    held: tuple[tuple[int, str, str], ...] = ()
    """Port, protocol, and who listens there."""
    addresses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Interface → its addresses."""
    devices: frozenset[str] = frozenset()
    """Interfaces of a kind of their own, such as network cards, that are up; ``lo`` always where that is known."""
    standalone: tuple[tuple[str, str], ...] = ()
    """Containers that run beside Swarm, and their restart policies."""
    routes: tuple[tuple[str, str], ...] = ()
    """Destination and interface."""
    behind: frozenset[str] = frozenset()
    """Destinations that its routes reach through a gateway."""
    unroutable: tuple[str, ...] = ()
    """Addresses of hosts that it has no route to."""
    tried: frozenset[Place] = frozenset()
    """Address and port of the others that it tried to connect to."""
    open: frozenset[Place] = frozenset()
    """The addresses and ports that it could connect to."""
    lacking: frozenset[str] = frozenset()
    """Which of ``TOOLS`` are not there."""


def probe(cluster: Cluster) -> str:
    """POSIX sh, after ``places.HOST``, that prints the facts, read-only."""
    return places.probe(
        "skep/preflight/facts.sh",
        MODULES=" ".join(MODULES),
        ANY_MODULE="|".join(MODULES),
        TOOLS=" ".join(TOOLS),
        PORT=data_port(cluster, {}),
        TARGETS=" ".join(address for address in map(swarm_address, cluster.hosts) if address),
        TASK_ID=TASK_ID,
        PLACES=" ".join(room_places(cluster)),
        PORTS=" ".join(reach.ports(cluster)),
        PATIENCE=reach.PATIENCE,
    )


def parse(text: str, answers: Answers, sent: float, received: float) -> Facts:
    """Facts from the probe's output and the engine's ``/info``.

    ``sent`` and ``received`` are our clock around it, in seconds since 1970.
    """
    rows = [line.split() for line in text.splitlines() if line.strip()]
    single = {row[0]: row[1:] for row in rows}
    addresses: dict[str, list[str]] = {}
    for row in rows:
        if row[0] == "address":
            addresses.setdefault(row[1].partition("@")[0], []).append(row[2].partition("/")[0])
    swarm = answers.get("/info", {}).get("Swarm") or {}
    clock = float(single.get("clock", ["0"])[0])
    return Facts(
        platform=parse_platform(rows),
        hostname=" ".join(single.get("hostname", [])),
        engine_on=str(answers.get("/info", {}).get("Name") or ""),
        machine_id=" ".join(single.get("machine-id", [])),
        clock=(clock - received, clock - sent),
        modules=frozenset(row[1] for row in rows if row[0] == "module"),
        modules_known="modules-known" in single,
        free=int(single.get("free", ["0"])[0]) * 1024,
        installed="installed" in single,
        containerd_images=in_containerd(answers.get("/info", {})),
        in_swarm=swarm.get("LocalNodeState") in ("active", "locked"),
        data_port=(swarm.get("Cluster") or {}).get("DataPathPort") or None,
        rooms=rooms(rows),
        held=tuple(_listener(row, single.get("engine", [])) for row in rows if row[0] == "listen"),
        addresses={name: tuple(found) for name, found in addresses.items()},
        devices=frozenset(row[1] for row in rows if row[0] == "device"),
        standalone=tuple((row[1].removeprefix("/"), row[2]) for row in rows if row[0] == "container" and row[2:]),
        routes=tuple((row[1], row[2]) for row in rows if row[0] == "route"),
        behind=frozenset(row[1] for row in rows if row[0] == "route" and row[3:] == ["via"]),
        unroutable=tuple(row[1] for row in rows if row[0] == "unroutable"),
        tried=reach.places(rows, "tried"),
        open=reach.places(rows, "open"),
        lacking=frozenset(row[1] for row in rows if row[0] == "lacking"),
    )


def _listener(row: list[str], engine: Sequence[str]) -> tuple[int, str, str]:
    """Port, protocol and program. A dockerd may also run in a container that has the host's network."""
    found = re.search(r'"([^"]+)"', row[3]) if len(row) > 3 else None
    name = found.group(1) if found else KERNEL
    if name == ENGINE and engine and f"pid={engine[0]}," not in row[3]:
        name = f"another {ENGINE}"
    return int(row[2].rsplit(":", 1)[1]), row[1], name


def where(hosts: Sequence[str], facts: Mapping[str, Facts]) -> str:
    """Which of the hosts that answered, in words."""
    return "on every host" if len(hosts) == len(facts) > 1 else f"on {', '.join(hosts)}"
