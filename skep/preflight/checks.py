"""All findings at once, before anything is changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from skep.errors import AccessError, ConnectError, SkepError
from skep.kinds.hosts import DISK_LOW, HOST_LEFT_OUT, KERNEL_MODULE_MISSING, TOOL_MISSING
from skep.model import DATA_ROOT, Cluster, Host
from skep.plan import Finding
from skep.preflight.advertised import advertised
from skep.preflight.facts import KERNEL, MODULES, PORTS, TOOLS, Facts, where
from skep.preflight.ranges import bridge_pools, default_pool, ranges, stack_ranges, stacks_at
from skep.preflight.reach import ENGINE, blocked, data_port, swarm_address
from skep.seen import SYSTEMD
from skep.swarm.engine_info import meant_for_containerd

CONTAINERD = "/var/lib/containerd"
MIN_FREE = 1 << 30
LOW_FREE = 4 << 30
MAX_SKEW = 5.0
"""Seconds between the clocks of two hosts; more shows later as x509 errors at the join."""


def check(cluster: Cluster, facts: Mapping[str, Facts], failures: Mapping[str, SkepError]) -> list[Finding]:
    """All findings: hosts that did not answer, each host by itself, and the hosts against each other."""
    findings = [_silent(host, error) for host, error in failures.items()]
    ranged = stack_ranges(cluster)
    for host in cluster.hosts:
        if host.name in facts:
            findings += _host(cluster, host, facts[host.name], data_port(cluster, facts))
            findings += stacks_at(host, facts[host.name], ranged)
    findings += default_pool(cluster, facts)
    findings += _modules(facts)
    findings += _twins(facts, "hostname", lambda fact: fact.hostname)
    findings += _twins(facts, "machine-id", lambda fact: fact.machine_id)
    findings += _clocks(facts)
    findings += blocked(cluster, facts)
    findings += _untold(cluster, facts)
    return findings


def _silent(host: str, error: SkepError) -> Finding:
    """A host that is down is left out and said; one that refuses us is a mistake to fix first."""
    text = f"{error.message}: {error.cause}" if error.cause else error.message
    down = isinstance(error, ConnectError) and not isinstance(error, AccessError)
    if down:
        return Finding(
            "warning", f"{text}; left out of this run", host=host, kind=HOST_LEFT_OUT, next_action=error.next_action
        )
    return Finding("error", text, host=host, next_action=error.next_action)


def _host(cluster: Cluster, host: Host, fact: Facts, data: int) -> Iterator[Finding]:
    def error(text: str, next_action: str) -> Finding:
        return Finding("error", text, host=host.name, next_action=next_action)

    if fact.platform.init != SYSTEMD:
        yield error("does not run systemd", "use a host that does")
    if fact.engine_on not in ("", fact.hostname):
        yield error(
            f"the engine that answers there runs on {fact.engine_on}, this is {fact.hostname}",
            "find what stands in the engine's place: ls -l /var/run/docker.sock; ss -lxp | grep docker.sock; "
            "command -v docker",
        )
    for place, free in _free(host, fact):
        if free < MIN_FREE and not fact.installed:
            yield error(f"has {free >> 20} MiB free for {place}, {MIN_FREE >> 20} MiB are needed", "make room there")
        elif free < LOW_FREE:
            text = f"has only {free >> 20} MiB free for {place}"
            yield Finding(
                "warning", text, host=host.name, kind=DISK_LOW, next_action="make room there: images and logs need it"
            )
    for port, protocol, holder in fact.held:
        overlay = (port, protocol) == (data, "udp") and holder != KERNEL
        if not fact.in_swarm and holder != ENGINE and ((port, protocol) in PORTS or overlay):
            yield error(f"port {port}/{protocol} is held by {holder}", "stop that program: Swarm needs the port")
    yield from advertised(host, fact)
    yield from ranges(cluster, host, fact)
    yield from bridge_pools(host, fact)
    if fact.unroutable:
        others = [other.name for other in cluster.hosts if swarm_address(other) in fact.unroutable]
        yield error(
            f"has no route to {', '.join(others)}", f"on {host.name} look at: ip route get {fact.unroutable[0]}"
        )


def _free(host: Host, fact: Facts) -> Iterator[tuple[str, int]]:
    """Where images and logs go, and the bytes free there: the inventory's data root, and containerd's where images lie
    there, on another disk."""
    root, store = fact.rooms.get(host.data_root), fact.rooms.get(CONTAINERD)
    known = root if host.data_root != DATA_ROOT else None
    yield host.data_root, fact.free if known is None or known.bytes is None else known.bytes
    elsewhere = store is not None and (root is None or root.device != store.device)
    if store is not None and elsewhere and store.bytes is not None and _in_containerd(host, fact):
        yield CONTAINERD, store.bytes


def _in_containerd(host: Host, fact: Facts) -> bool:
    """Whether images are kept by containerd, whatever the data root."""
    return fact.containerd_images if fact.installed else meant_for_containerd(host)


def _modules(facts: Mapping[str, Facts]) -> Iterator[Finding]:
    for module, loss in MODULES.items():
        for host in (host for host, fact in facts.items() if _lacks(fact, module)):
            text = f"has no kernel module {module}: {loss}"
            action = "take a kernel that has it, such as the distribution's linux-image package, if that is needed"
            yield Finding("warning", text, host, next_action=action, standing=True, kind=KERNEL_MODULE_MISSING)


def _lacks(fact: Facts, module: str) -> bool:
    """Known to be missing: without ``/lib/modules`` only ip_vs can be known, by its file in ``/proc/net``."""
    return module not in fact.modules and (fact.modules_known or module == "ip_vs")


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
            f"not checked: whether 2377/tcp, 7946/tcp+udp and {data_port(cluster, facts)}/udp are open between the"
            f" hosts; nothing listens there yet {where(outside, facts)}",
        )
        named = [host.name for host in cluster.hosts if not swarm_address(host)]
        if named:
            yield Finding(
                "note",
                f"not checked: whether the others have a route to {', '.join(named)}: no IP address is given",
                next_action="write the IP address into hosts.*.advertise, and it is looked at",
            )
    for tool, what in TOOLS.items():
        hosts = [host for host, fact in facts.items() if tool in fact.lacking and (tool == "ip" or not fact.in_swarm)]
        for host in hosts:
            text = f"not checked: {what}; there is no {tool}"
            yield Finding("note", text, host, next_action="install iproute2 there", standing=True, kind=TOOL_MISSING)


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
