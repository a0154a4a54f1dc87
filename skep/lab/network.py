"""The lab's network: one bridge with the gateway's address, and the way out. Nothing but lab addresses is touched."""

from __future__ import annotations

import ipaddress
import itertools
import json
import shlex
from pathlib import Path

from skep.errors import LabError
from skep.lab.spec import Lab, LabHost, checked_name
from skep.lab.system import run, succeeds
from skep.waiting import until

_TABLES = ("filter", "nat")
_IFF_UP = 1
_FORWARDING = "3"  # BR_STATE_FORWARDING of linux/if_bridge.h
_PLUG_SECONDS = 3.0


def bridge(name: str) -> str:
    """Name of the lab's bridge."""
    return f"sk-{checked_name(name)}"


def machine_name(lab: Lab, host: LabHost) -> str:
    """Name the container goes by at systemd-nspawn."""
    return f"{lab.name}-{lab.number(host)}"


def cable(lab: Lab, host: LabHost) -> str:
    """Name of this machine's end of the host's network cable; systemd-nspawn makes it from the container's name."""
    return f"vb-{machine_name(lab, host)}"


def rules(lab: Lab) -> list[tuple[str, list[str]]]:
    """The lab's iptables rules as (table, chain and rule); a comment says whose they are."""
    port, mark = bridge(lab.name), ["-m", "comment", "--comment", _mark(lab.name)]
    answers = ["-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED"]
    return [
        ("filter", ["FORWARD", "-i", port, *mark, "-j", "ACCEPT"]),
        ("filter", ["FORWARD", "-o", port, *answers, *mark, "-j", "ACCEPT"]),
        ("filter", ["INPUT", "-i", port, "-s", lab.subnet, *mark, "-j", "ACCEPT"]),
        ("nat", ["POSTROUTING", "-s", lab.subnet, "!", "-o", port, *mark, "-j", "MASQUERADE"]),
    ]


def connect(lab: Lab) -> None:
    """Makes the bridge and the rules; what is there already stays."""
    name, step = bridge(lab.name), "make the lab's network"
    if not _exists(name):
        run(["ip", "link", "add", name, "type", "bridge"], step=step)
    run(["ip", "address", "replace", f"{lab.gateway}/{lab.prefix_length}", "dev", name], step=step)
    run(["ip", "link", "set", name, "up"], step=step)
    for table, rule in rules(lab):
        if not succeeds(["iptables", "-w", "-t", table, "-C", *rule]):
            run(["iptables", "-w", "-t", table, "-I", *rule], step=step)


def refuse_overlap(lab: Lab) -> None:
    """Raises `LabError` when this machine reaches addresses of the lab's subnet by another way than the lab."""
    routes = json.loads(run(["ip", "-4", "-json", "route", "show"], step="look for a free subnet"))
    ways = [(route["dst"], route.get("dev", "no device")) for route in routes]
    taken = overlapping(lab.subnet, [way for way in ways if way[1] != bridge(lab.name)])
    if taken is not None:
        raise LabError(
            f"the lab's subnet {lab.subnet} overlaps {taken}",
            step="lab",
            next_action="give the lab another private subnet",
        )


def overlapping(subnet: str, routes: list[tuple[str, str]]) -> str | None:
    """The first of this machine's routes (destination, device) that shares addresses with a subnet."""
    ours = ipaddress.IPv4Network(subnet)
    for destination, device in routes:
        if destination != "default" and ours.overlaps(ipaddress.IPv4Network(destination, strict=False)):
            return f"{destination}, which this machine reaches by {device}"
    return None


def disconnect(name: str) -> None:
    """Removes the bridge, the cables in it and every rule with the lab's comment."""
    step = "remove the lab's network"
    for table in _TABLES:
        for rule in marked(run(["iptables", "-w", "-t", table, "-S"], step=step), _mark(name)):
            run(["iptables", "-w", "-t", table, "-D", *rule], step=step)
    ports = Path("/sys/class/net", bridge(name), "brif")
    for interface in [*(path.name for path in ports.glob("*")), bridge(name)]:
        remove_link(interface)


def remove_link(interface: str) -> None:
    """Removes a network interface if it exists; the kernel may be removing it at the same time."""
    if _exists(interface) and not succeeds(["ip", "link", "delete", interface]) and _exists(interface):
        run(["ip", "link", "delete", interface], step="remove the lab's network")


def marked(listing: str, mark: str) -> list[list[str]]:
    """Chain and rule of each line of ``iptables -S`` that carries a comment, ready for ``iptables -D``."""
    found = []
    for line in listing.splitlines():
        words = shlex.split(line)
        if words[0] == "-A" and any(pair == ("--comment", mark) for pair in itertools.pairwise(words)):
            found.append(words[1:])
    return found


def switch(lab: Lab, host: LabHost, *, on: bool) -> None:
    """Plugs a host's network cable in or pulls it; returns when the bridge has noticed."""
    if not _exists(cable(lab, host)):
        raise LabError("has no network cable because it is not running", host=host.name)
    run(["ip", "link", "set", cable(lab, host), "up" if on else "down"], step="network cable")
    until(lambda: _forwards(cable(lab, host)) == on, seconds=_PLUG_SECONDS, every=0.02)


def _forwards(interface: str) -> bool:
    try:
        return Path("/sys/class/net", interface, "brport/state").read_text().strip() == _FORWARDING
    except OSError:  # the host went down meanwhile
        return False


def is_cut(lab: Lab, host: LabHost) -> bool:
    """Whether the cable of a running host is pulled."""
    try:
        flags = int(Path("/sys/class/net", cable(lab, host), "flags").read_text(), base=16)
    except OSError:
        return False
    return not flags & _IFF_UP


def _mark(name: str) -> str:
    return f"skep-lab-{name}"


def _exists(interface: str) -> bool:
    return Path("/sys/class/net", interface).exists()
