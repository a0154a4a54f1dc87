"""Networks, one by one."""

from __future__ import annotations

from skep.inventory.checks.addresses import as_address, as_range, range_problem
from skep.inventory.checks.labels import check_label_keys
from skep.model import LOCAL_DRIVERS
from skep.reading.findings import Findings, KeyPath
from skep.reading.values import Fields
from skep.refusals import RULES, Context, faults

LONGEST_PREFIX = {4: 29, 6: 125}


def check_networks(file: Fields, findings: Findings) -> None:
    """Note names, drivers, subnets and gateways that the engine would refuse."""
    networks = file.section("networks")
    for fault in faults(RULES, Context({"networks": networks}), file="inventory"):
        findings.error(fault.path, fault.message)
    for name, given in networks.items():
        path = ("networks", name)
        check_label_keys((*path, "labels"), given.section("labels"), findings)
        _check_driver(path, given, findings)
        _check_addresses(path, given, findings)


def _check_driver(path: KeyPath, given: Fields, findings: Findings) -> None:
    driver = given.get("driver", "overlay")
    if driver in LOCAL_DRIVERS:
        message = f"'{driver}' networks live on a single host; one that spans the swarm is 'overlay'"
        findings.error((*path, "driver"), message)
    elif not driver:
        findings.error((*path, "driver"), "is empty: overlay, or the name of a plugin")
    elif given.get("encrypted") and driver != "overlay":
        findings.error((*path, "encrypted"), "only an overlay network can be encrypted")


def _check_addresses(path: KeyPath, given: Fields, findings: Findings) -> None:
    subnet, gateway = given.get("subnet"), given.get("gateway")
    place = (*path, "subnet")
    found = as_range(subnet) if subnet is not None else None
    if subnet is not None:
        problem = range_problem(subnet)
        if found is not None and not problem and found.prefixlen > LONGEST_PREFIX[found.version]:
            problem = f"is too small: /{LONGEST_PREFIX[found.version]} is the least"
        if problem:
            findings.error(place, f"{findings.written(place, subnet)} {problem}")
    if gateway is None:
        return
    place = (*path, "gateway")
    shown = findings.written(place, gateway)
    address = as_address(gateway)
    if address is None:
        findings.error(place, f"{shown} is not an IP address")
    elif subnet is None and not findings.is_broken((*path, "subnet")):
        findings.error(place, "a gateway needs a subnet to be in")
    elif found is not None and address not in found:
        findings.error(place, f"{shown} is not in the subnet {found}")
    elif found is not None and address in (found.network_address, found.broadcast_address):
        findings.error(place, f"{shown} is the first or last address of the subnet and cannot be a gateway")
