"""Hosts and groups: names, addresses, and who belongs where."""

from __future__ import annotations

from skep.inventory.checks.addresses import address_problem, advertise_problem, as_address, is_host_name
from skep.inventory.checks.labels import check_label_keys
from skep.inventory.checks.sections import layers
from skep.inventory.merging import MergedHost
from skep.reading.findings import Findings
from skep.reading.values import Fields


def check_hosts(file: Fields, hosts: list[MergedHost], findings: Findings) -> None:
    """Note what is wrong with hosts and groups one by one, and with hosts against each other."""
    if not hosts and not findings.is_broken(("hosts",)):
        findings.error(("hosts",), "there are no hosts: describe at least one, with its address and role")
    for path, given in layers(file):
        check_label_keys((*path, "labels"), given.section("labels"), findings)
    for host in hosts:
        _check_host(host, findings)
    _check_membership(file, findings)
    _check_same_names(hosts, findings)
    _check_same_addresses(hosts, findings)
    _check_same_advertised(hosts, findings)


def _check_host(host: MergedHost, findings: Findings) -> None:
    path = ("hosts", host.name)
    if not is_host_name(host.name):
        message = "not a host name: letters, digits and '-' (not first or last), at most 63 between dots"
        findings.error(path, message)
    if host.address is None:
        findings.error((*path, "address"), "is missing: an IP address or a name")
    else:
        problem = address_problem(host.address)
        if problem:
            place = (*path, "address")
            findings.error(place, f"{findings.written(place, host.address)} {problem}")
    advertise: str = host.own.get("advertise", "")
    problem = advertise_problem(advertise) if "advertise" in host.own else None
    if problem:
        place = (*path, "advertise")
        findings.error(place, f"{findings.written(place, advertise)} {problem}")


def _check_membership(file: Fields, findings: Findings) -> None:
    known_hosts = dict.fromkeys(findings.children("hosts"))
    known_groups = dict.fromkeys(findings.children("groups"))
    for path, given in layers(file):
        kind = path[0]
        listed, known, what = ("groups", known_groups, "group") if kind == "hosts" else ("hosts", known_hosts, "host")
        for index, name in enumerate(given.get(listed, ())):
            if name not in known:
                place = (*path, listed, index)
                shown = findings.written(place, name)
                findings.error(place, f"{shown} is not a {what} of this file{findings.hint(name, known)}")


def _check_same_names(hosts: list[MergedHost], findings: Findings) -> None:
    first: dict[str, str] = {}
    for host in hosts:
        other = first.setdefault(host.name.casefold(), host.name)
        if other != host.name:
            findings.error(("hosts", host.name), f"the same host name as '{other}': case makes no difference")


def _check_same_addresses(hosts: list[MergedHost], findings: Findings) -> None:
    first: dict[tuple[str, int], str] = {}
    for host in hosts:
        if host.address is None:
            continue
        port = host.ssh.get("port", 22)
        other = first.setdefault((_normal(host.address), port), host.name)
        if other != host.name:
            place = ("hosts", host.name, "address")
            shown = findings.written(place, host.address)
            findings.error(place, f"{shown} port {port} is already the address of '{other}'")


def _check_same_advertised(hosts: list[MergedHost], findings: Findings) -> None:
    first: dict[str, str] = {}
    for host in hosts:
        advertise = host.own.get("advertise")
        if advertise is None or as_address(advertise) is None:
            continue
        other = first.setdefault(_normal(advertise), host.name)
        if other != host.name:
            place = ("hosts", host.name, "advertise")
            shown = findings.written(place, advertise)
            findings.error(place, f"{shown} is already advertised by '{other}'")


def _normal(address: str) -> str:
    found = as_address(address)
    return str(found) if found else address.casefold().rstrip(".")
