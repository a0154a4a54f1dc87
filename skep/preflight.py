"""What must be so before the first change: looked at with the first observation, told all at once."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from skep.errors import ConnectError, HostKeyError, LoginError, SkepError, SudoError
from skep.model import Cluster, Host
from skep.plan import Finding
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
SUPPORTED = ("debian", "ubuntu")
KERNEL = "the kernel"
MIN_FREE = 1 << 30
LOW_FREE = 4 << 30
MAX_SKEW = 5.0
"""Seconds between the clocks of two hosts; more shows later as x509 errors at the join."""
DEFAULT_POOL = "10.0.0.0/8"
"""Docker's default address pool of a swarm. Source: docker swarm init reference."""
BRIDGES = {
    "docker0": "containers of such a network cannot reach the host there",
    "docker_gwbridge": "containers of such a network do not start",
}
"""Docker's own bridges, and what an overlay network over their range means. A task has an interface in docker_gwbridge
beside the overlay's, and two that overlap are refused. Source: moby, libnetwork/osl: checkRouteConflict."""
TOOLS = {"ip": "addresses and routes", "ss": "who holds Swarm's ports"}
"""Of iproute2, which a small Debian lacks, and what only they tell."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Facts:
    """What a host says of itself. ``clock`` holds the earliest and latest offset to our clock, in seconds."""

    os: tuple[str, ...] = ()
    hostname: str = ""
    machine_id: str = ""
    systemd: bool = True
    clock: tuple[float, float] = (0.0, 0.0)
    modules: frozenset[str] = frozenset(MODULES)
    modules_told: bool = True
    free: int = 1 << 40
    installed: bool = False
    in_swarm: bool = False
    held: tuple[tuple[int, str, str], ...] = ()
    """Port, protocol, and who listens there."""
    addresses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Interface → its addresses."""
    routes: tuple[tuple[str, str], ...] = ()
    """Destination and interface."""
    behind: frozenset[str] = frozenset()
    """Destinations behind a gateway."""
    unroutable: tuple[str, ...] = ()
    """Addresses of hosts that it has no route to."""
    lacking: frozenset[str] = frozenset()
    """Which of ``TOOLS`` are not there."""


def probe(cluster: Cluster) -> str:
    """POSIX sh that prints the facts, read-only."""
    targets = " ".join(address for address in map(_swarm_address, cluster.hosts) if address)
    data = _data_port(cluster)
    return rf"""
( . /etc/os-release; echo "os ${{ID:-}} ${{VERSION_ID:-}} ${{VERSION_CODENAME:-}}" )
echo "clock $(date +%s.%N)"
echo "hostname $(cat /proc/sys/kernel/hostname)"
echo "machine-id $(cat /etc/machine-id 2>/dev/null)"
[ -d /run/systemd/system ] && echo "systemd yes"
command -v dockerd >/dev/null && echo "installed yes"
release=$(uname -r)
[ -d "/lib/modules/$release" ] && echo "modules-told yes"
for module in {" ".join(MODULES)}; do
  if [ -d "/sys/module/$module" ] || grep -qsw "$module" /proc/filesystems || {{ [ "$module" = ip_vs ] &&
    [ -e /proc/net/ip_vs ]; }} || {{ [ "$module" = br_netfilter ] && [ -d /proc/sys/net/bridge ]; }} ||
    grep -qs "/$module\.ko" "/lib/modules/$release/modules.builtin" "/lib/modules/$release/modules.dep"; then
    echo "module $module"
  fi
done
directory=/var/lib/docker; [ -d $directory ] || directory=/var/lib
echo "free $(df -Pk $directory | awk 'NR == 2 {{ print $4 }}')"
ss -Hlntup 2>/dev/null | awk '{{ print "listen", $1, $5, $7 }}' | grep -E ':(2377|7946|{data}) '
ip -o addr show 2>/dev/null | awk '{{ print "address", $2, $4 }}'
ip -o route show 2>/dev/null | awk '$1 != "default" {{
  via = ""
  for (i = 1; i < NF; i++) if ($i == "via") via = $i; else if ($i == "dev") print "route", $1, $(i + 1), via }}'
for target in {targets}; do echo "route get $target"; done | ip -force -batch - 2>&1 >/dev/null |
  awk -v targets="{targets}" 'BEGIN {{ split(targets, all) }}
    sub(/^Command failed -:/, "") {{ print "unroutable", all[$0 + 0] }}'
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
        machine_id=" ".join(single.get("machine-id", [])),
        systemd="systemd" in single,
        clock=(told - received, told - sent),
        modules=frozenset(row[1] for row in rows if row[0] == "module"),
        modules_told="modules-told" in single,
        free=int(single.get("free", ["0"])[0]) * 1024,
        installed="installed" in single,
        in_swarm=swarm.get("LocalNodeState") in ("active", "locked"),
        held=tuple(_listener(row) for row in rows if row[0] == "listen"),
        addresses={name: tuple(found) for name, found in addresses.items()},
        routes=tuple((row[1], row[2]) for row in rows if row[0] == "route"),
        behind=frozenset(row[1] for row in rows if row[0] == "route" and row[3:] == ["via"]),
        unroutable=tuple(row[1] for row in rows if row[0] == "unroutable"),
        lacking=frozenset(row[1] for row in rows if row[0] == "lacking"),
    )


def check(cluster: Cluster, facts: Mapping[str, Facts], failures: Mapping[str, SkepError]) -> list[Finding]:
    """All findings: hosts that did not answer, each host by itself, and the hosts against each other."""
    findings = [_silent(host, error) for host, error in failures.items()]
    for host in cluster.hosts:
        if host.name in facts:
            findings += _host(cluster, host, facts[host.name])
    findings += _default_pool(cluster, facts)
    findings += _modules(facts)
    findings += _twins(facts, "hostname", lambda fact: fact.hostname)
    findings += _twins(facts, "machine-id", lambda fact: fact.machine_id)
    findings += _clocks(facts)
    findings += _untold(cluster, facts)
    return findings


def _silent(host: str, error: SkepError) -> Finding:
    """A host that is down is left out and said; one that refuses us is a mistake to mend first."""
    text = f"{error.message}: {error.cause}" if error.cause else error.message
    down = isinstance(error, ConnectError) and not isinstance(error, HostKeyError | LoginError | SudoError)
    if down:
        return Finding("warning", f"{text}; left out of this run", host=host, next_action=error.next_action)
    return Finding("error", text, host=host, next_action=error.next_action)


def _host(cluster: Cluster, host: Host, fact: Facts) -> Iterator[Finding]:
    def error(text: str, next_action: str) -> Finding:
        return Finding("error", text, host=host.name, next_action=next_action)

    if not fact.systemd:
        yield error("does not run systemd", "use a host that does")
    if not fact.installed and fact.os[:1] and fact.os[0] not in SUPPORTED:
        yield error(
            f"runs {' '.join(fact.os)}, not one of {', '.join(SUPPORTED)}", "install Docker there by hand first"
        )
    if fact.free < MIN_FREE and not fact.installed:
        yield error(f"has {fact.free >> 20} MiB free for /var/lib/docker, 1024 MiB are needed", "make room there")
    elif fact.free < LOW_FREE:
        text = f"has only {fact.free >> 20} MiB free for /var/lib/docker"
        yield Finding("warning", text, host=host.name, next_action="make room there: images and logs need it")
    for port, protocol, holder in fact.held:
        overlay = (port, protocol) == (_data_port(cluster), "udp") and holder != KERNEL
        if not fact.in_swarm and holder != "dockerd" and ((port, protocol) in PORTS or overlay):
            yield error(f"port {port}/{protocol} is held by {holder}", "stop that program: Swarm needs the port")
    yield from _advertised(host, fact)
    yield from _ranges(cluster, host, fact)
    yield from _bridge_pools(host, fact)
    if fact.unroutable:
        others = [other.name for other in cluster.hosts if _swarm_address(other) in fact.unroutable]
        yield error(
            f"has no route to {', '.join(others)}", f"on {host.name} look at: ip route get {fact.unroutable[0]}"
        )


def _advertised(host: Host, fact: Facts) -> Iterator[Finding]:
    wanted = host.advertise or (host.address if _is_ip(host.address) else None)
    if wanted is None or not fact.addresses:
        return
    present = {address for found in fact.addresses.values() for address in found}
    if wanted not in present and wanted not in fact.addresses:
        yield Finding(
            "error",
            f"the advertise address {wanted} is not on this host",
            host=host.name,
            next_action=f"set hosts.{host.name}.advertise to one of: {', '.join(sorted(fact.addresses))}",
        )


def _ranges(cluster: Cluster, host: Host, fact: Facts) -> Iterator[Finding]:
    """What the swarm's networks take, against the host's routes and Docker's own bridges."""
    wanted = [(f"network {network.name}", network.subnet, network) for network in cluster.networks if network.subnet]
    pools = [("swarm.address-pools", pool, None) for pool in cluster.swarm.address_pools]
    for what, subnet, network in [*wanted, *pools]:
        choose = f"choose another range for {what}"
        for route, device in _routes(fact):
            if _overlap(route, _network(subnet)):
                text = f"{what} {subnet} overlaps its route {route} ({device})"
                yield Finding("error", text, host=host.name, next_action=choose)
        for route, device in _bridges(fact):
            if _overlap(route, _network(subnet)):
                text = f"{what} {subnet} overlaps {device} ({route}): {BRIDGES[device]}"
                if device == "docker_gwbridge" and network and not network.internal:
                    yield Finding("error", text, host=host.name, next_action=choose)
                else:
                    yield Finding("warning", text, host=host.name, next_action=choose, standing=True)


def _bridge_pools(host: Host, fact: Facts) -> Iterator[Finding]:
    """Docker takes no range on a network the host is in, and does not look at routes behind a gateway.

    Source: moby, libnetwork/netutils: InferReservedNetworks.
    """
    given = host.daemon.get("default-address-pools", ())
    pools = [(_network(pool["base"]), pool["size"]) for pool in given if isinstance(pool["base"], str)]
    behind = {_network(to) for to in fact.behind}
    choose = "choose another range for daemon.default-address-pools"
    overlaps = [(base, *route) for base, _ in pools for route in _routes(fact) if _overlap(route[0], base)]
    for base, route, device in overlaps:
        text = f"daemon.default-address-pools {base} overlaps its route {route} ({device}): Docker "
        text += "may take it for a bridge, which cuts it off" if route in behind else "leaves that part out"
        yield Finding("warning", text, host=host.name, next_action=choose, standing=True)
    near = [route for route, _ in _routes(fact) if route not in behind]
    left = sum(_free(base, size, near) for base, size in pools if base)
    needed = len(BRIDGES) - ("bip" in host.daemon)
    if overlaps and left < needed and not fact.in_swarm:
        text = f"its routes leave {left} ranges of daemon.default-address-pools; Docker's own bridges need {needed}"
        yield Finding("error", text, host=host.name, next_action=choose)


def _free(pool: Network, size: int, taken: Sequence[Network]) -> int:
    """How many ranges of that prefix length in a pool overlap none of those taken."""
    inside = [network for network in taken if _overlap(network, pool)]
    if not inside:
        return 1 << (size - pool.prefixlen)
    if pool.prefixlen == size or min(network.prefixlen for network in inside) <= pool.prefixlen:
        return 0
    return sum(_free(half, size, inside) for half in pool.subnets())


def _default_pool(cluster: Cluster, facts: Mapping[str, Facts]) -> Iterator[Finding]:
    """Before a swarm exists: hosts whose routes lie in the pool Docker takes by default."""
    if cluster.swarm.address_pools or any(fact.in_swarm for fact in facts.values()):
        return
    inside = {
        host: route
        for host, fact in facts.items()
        for route, _ in [*_routes(fact), *_bridges(fact)]
        if _overlap(route, _network(DEFAULT_POOL))
    }
    if inside:
        yield Finding(
            "warning",
            f"Docker's default pool {DEFAULT_POOL} holds the route {next(iter(inside.values()))}"
            f" {_where(list(inside), facts)}",
            next_action="name swarm.address-pools in the inventory; they hold from init on",
        )


def _routes(fact: Facts) -> list[tuple[Network, str]]:
    """Routes that are not Docker's own, with their interface."""
    return _parsed([route for route in fact.routes if not re.match(r"docker|br-|veth", route[1])])


def _bridges(fact: Facts) -> list[tuple[Network, str]]:
    """Routes of Docker's own bridges. Those made by hand do not matter: no task is in them."""
    return _parsed([route for route in fact.routes if route[1] in BRIDGES])


def _parsed(routes: Sequence[tuple[str, str]]) -> list[tuple[Network, str]]:
    found = [(_network(to), device) for to, device in routes]
    return [(route, device) for route, device in found if route is not None]


def _modules(facts: Mapping[str, Facts]) -> Iterator[Finding]:
    for module, loss in MODULES.items():
        lacking = [host for host, fact in facts.items() if _lacks(fact, module)]
        if lacking:
            text = f"no kernel module {module} {_where(lacking, facts)}: {loss}"
            action = "take a kernel that has it, such as the distribution's linux-image package, if that is needed"
            yield Finding("warning", text, next_action=action, standing=True)


def _lacks(fact: Facts, module: str) -> bool:
    """Known to be missing: without ``/lib/modules`` only ip_vs can be told, by its file in ``/proc/net``."""
    return module not in fact.modules and (fact.modules_told or module == "ip_vs")


def _where(hosts: Sequence[str], facts: Mapping[str, Facts]) -> str:
    return "on every host" if len(hosts) == len(facts) > 1 else f"on {', '.join(hosts)}"


def _twins(facts: Mapping[str, Facts], what: str, value: Any) -> Iterator[Finding]:
    by_value: dict[str, list[str]] = {}
    for host, fact in facts.items():
        if value(fact):
            by_value.setdefault(value(fact), []).append(host)
    for same, hosts in by_value.items():
        if len(hosts) > 1:
            yield Finding(
                "error",
                f"{' and '.join(hosts)} have the same {what} {same}",
                next_action=f"give each host its own {what}",
            )


def _untold(cluster: Cluster, facts: Mapping[str, Facts]) -> Iterator[Finding]:
    """Whether a firewall lets Swarm's ports through shows only once they listen; the rest, what could not be asked."""
    outside = [host for host, fact in facts.items() if not fact.in_swarm]
    if outside and len(facts) > 1:
        yield Finding(
            "note",
            f"not told: whether 2377/tcp, 7946/tcp+udp and {_data_port(cluster)}/udp are open between the hosts;"
            f" nothing listens there yet {_where(outside, facts)}",
        )
        named = [host.name for host in cluster.hosts if not _swarm_address(host)]
        if named:
            yield Finding(
                "note",
                f"not told: whether the others have a route to {', '.join(named)}: no IP address is given",
                next_action="write the IP address into hosts.*.advertise, and it is looked at",
            )
    for tool, what in TOOLS.items():
        hosts = [host for host, fact in facts.items() if tool in fact.lacking and (tool == "ip" or not fact.in_swarm)]
        if hosts:
            text = f"not told: {what}; there is no {tool} {_where(hosts, facts)}"
            yield Finding("note", text, next_action="install iproute2 there", standing=True)


def _clocks(facts: Mapping[str, Facts]) -> Iterator[Finding]:
    if len(facts) < 2:
        return
    ahead = max(facts, key=lambda host: facts[host].clock[0])
    behind = min(facts, key=lambda host: facts[host].clock[1])
    skew = facts[ahead].clock[0] - facts[behind].clock[1]
    if skew > MAX_SKEW:
        yield Finding(
            "error",
            f"the clock of {ahead} is at least {skew:.0f} s ahead of {behind}",
            next_action="set up time synchronisation, for example systemd-timesyncd or chrony",
        )


def _listener(row: list[str]) -> tuple[int, str, str]:
    name = re.search(r'"([^"]+)"', row[3]) if len(row) > 3 else None
    return int(row[2].rsplit(":", 1)[1]), row[1], name.group(1) if name else KERNEL


def _network(text: str | None) -> Network | None:
    try:
        return ipaddress.ip_network(text or "", strict=False)
    except ValueError:
        return None


def _overlap(one: Network, other: Network | None) -> bool:
    return other is not None and one.version == other.version and one.overlaps(other)


def _data_port(cluster: Cluster) -> int:
    return cluster.swarm.data_path_port or DATA_PORT


def _swarm_address(host: Host) -> str | None:
    """Where the others reach it, if the inventory says so with an IP address."""
    return next((text for text in (host.advertise, host.address) if text and _is_ip(text)), None)


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
