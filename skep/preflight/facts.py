"""What a host says of itself, asked with the first observation."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from skep.model import Cluster
from skep.preflight import reach
from skep.preflight.reach import Place, swarm_address
from skep.preflight.room import Room
from skep.preflight.room import parse as rooms
from skep.preflight.room import probe as room_probe
from skep.preflight.standalone import PROBE as STANDALONE
from skep.questions import Answers

MODULES = {
    "overlay": "images cannot be stored on overlay2",
    "br_netfilter": "rules between containers of one bridge are not applied",
    "vxlan": "overlay networks do not reach other hosts",
    "ip_vs": "VIPs and the routing mesh do not answer; endpoint_mode dnsrr and mode: host ports do",
}
PORTS = ((2377, "tcp"), (7946, "tcp"), (7946, "udp"))
DATA_PORT = 4789
"""Docker's default for the overlay networks' traffic, over UDP. Source: docker swarm init reference."""
KERNEL = "the kernel"
TOOLS = {"ip": "addresses and routes", "ss": "who holds Swarm's ports"}
"""Of iproute2, which a small Debian lacks, and what only they tell."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a host says of itself. ``clock`` holds the earliest and latest offset to our clock, in seconds."""

    os: tuple[str, ...] = ()
    hostname: str = ""
    engine_on: str = ""
    """The name of the host that its engine says it runs on; empty where none answered."""
    machine_id: str = ""
    systemd: bool = True
    clock: tuple[float, float] = (0.0, 0.0)
    modules: frozenset[str] = frozenset(MODULES)
    modules_told: bool = True
    free: int = 1 << 40
    installed: bool = False
    in_swarm: bool = False
    rooms: Mapping[str, Room] = field(default_factory=dict)
    """Where steps may write, by path; what is not told is missing."""
    held: tuple[tuple[int, str, str], ...] = ()
    """Port, protocol, and who listens there."""
    addresses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Interface → its addresses."""
    devices: frozenset[str] = frozenset()
    """Interfaces of a kind of their own, such as network cards, that are up; ``lo`` always where that is told."""
    standalone: tuple[tuple[str, str], ...] = ()
    """Containers that run beside Swarm, and their restart policies."""
    routes: tuple[tuple[str, str], ...] = ()
    """Destination and interface."""
    behind: frozenset[str] = frozenset()
    """Destinations behind a gateway."""
    unroutable: tuple[str, ...] = ()
    """Addresses of hosts that it has no route to."""
    tried: frozenset[Place] = frozenset()
    """Address and port of the others that it tried to connect to."""
    open: frozenset[Place] = frozenset()
    """Those where that went well."""
    lacking: frozenset[str] = frozenset()
    """Which of ``TOOLS`` are not there."""


def probe(cluster: Cluster) -> str:
    """POSIX sh that prints the facts, read-only."""
    targets = " ".join(address for address in map(swarm_address, cluster.hosts) if address)
    data = data_port(cluster)
    return rf"""
date '+clock %s.%N'
( . /etc/os-release; echo "os ${{ID:-}} ${{VERSION_ID:-}} ${{VERSION_CODENAME:-}}" )
machine=
read -r hostname </proc/sys/kernel/hostname; read -r release </proc/sys/kernel/osrelease
read -r machine </etc/machine-id || :
echo "hostname $hostname"
echo "machine-id $machine"
[ -d /run/systemd/system ] && echo "systemd yes"
command -v dockerd >/dev/null && echo "installed yes"
[ ! -e /proc/net/ip_vs ] || echo "module ip_vs"
[ ! -d /proc/sys/net/bridge ] || echo "module br_netfilter"
for module in {" ".join(MODULES)}; do [ ! -d "/sys/module/$module" ] || echo "module $module"; done
grep -sw overlay /proc/filesystems | sed 's/.*/module overlay/'
if [ -d "/lib/modules/$release" ]; then
  echo "modules-told yes"
  grep -hosE '/({"|".join(MODULES)})\.ko' "/lib/modules/$release/modules.builtin" "/lib/modules/$release/modules.dep" |
    sed 's:/\(.*\)\.ko:module \1:'
fi
directory=/var/lib/docker; [ -d $directory ] || directory=/var/lib
{room_probe(cluster)}
stat -f -c '%a %S' "$directory" | awk '{{ printf "free %.0f\n", $1 * $2 / 1024 }}'
ss -Hlntup 2>/dev/null | awk '$5 ~ /:(2377|7946|{data})$/ {{ print "listen", $1, $5, $7 }}'
ip -o addr show 2>/dev/null | awk '{{ print "address", $2, $4 }}'
ip -j -d link show 2>/dev/null | sed 's/}},{{"ifindex"/\n{{"ifindex"/g' | grep -v '"info_kind"' |
  sed -n 's/.*"ifname":"\([^"]*\)","flags":\[[^]]*"UP".*/device \1/p'
ip -o route show 2>/dev/null | awk '$1 != "default" {{
  via = ""
  for (i = 1; i < NF; i++) if ($i == "via") via = $i; else if ($i == "dev") print "route", $1, $(i + 1), via }}'
for target in {targets}; do echo "route get $target"; done | ip -force -batch - 2>&1 >/dev/null |
  awk -v targets="{targets}" 'BEGIN {{ split(targets, all) }}
    sub(/^Command failed -:/, "") {{ print "unroutable", all[$0 + 0] }}'
{STANDALONE}
{reach.probe(cluster)}
for tool in {" ".join(TOOLS)}; do command -v $tool >/dev/null || echo "lacking $tool"; done
true
"""


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
    told = float(single.get("clock", ["0"])[0])
    return Facts(
        os=tuple(single.get("os", [])),
        hostname=" ".join(single.get("hostname", [])),
        engine_on=str(answers.get("/info", {}).get("Name") or ""),
        machine_id=" ".join(single.get("machine-id", [])),
        systemd="systemd" in single,
        clock=(told - received, told - sent),
        modules=frozenset(row[1] for row in rows if row[0] == "module"),
        modules_told="modules-told" in single,
        free=int(single.get("free", ["0"])[0]) * 1024,
        installed="installed" in single,
        in_swarm=swarm.get("LocalNodeState") in ("active", "locked"),
        rooms=rooms(rows),
        held=tuple(_listener(row) for row in rows if row[0] == "listen"),
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


def _listener(row: list[str]) -> tuple[int, str, str]:
    name = re.search(r'"([^"]+)"', row[3]) if len(row) > 3 else None
    return int(row[2].rsplit(":", 1)[1]), row[1], name.group(1) if name else KERNEL


def data_port(cluster: Cluster) -> int:
    """UDP port of the overlay networks."""
    return cluster.swarm.data_path_port or DATA_PORT


def where(hosts: Sequence[str], facts: Mapping[str, Facts]) -> str:
    """Which of the hosts that answered, in words."""
    return "on every host" if len(hosts) == len(facts) > 1 else f"on {', '.join(hosts)}"
