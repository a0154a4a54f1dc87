"""Settings of the swarm."""

from __future__ import annotations

from collections import Counter

from skep.inventory.checks.addresses import advertise_problem, as_address, as_range, range_problem
from skep.inventory.checks.sections import layers
from skep.inventory.merging import MergedHost
from skep.kinds.files import SETTING_WITHOUT_EFFECT
from skep.reading.findings import Findings
from skep.reading.values import Fields

# swarmkit, ca/certificates.go: MinNodeCertExpiration.
SHORTEST_EXPIRY = 3600.0
GOSSIP_PORT = 7946


def check_swarm(file: Fields, hosts: list[MergedHost], findings: Findings) -> None:
    """Note settings that the engine would refuse or that cannot be meant."""
    given = file.section("swarm")
    _check_advertise(file, given, hosts, findings)
    _check_pools(given, findings)
    expiry = given.get("cert-expiry")
    if expiry is not None and expiry < SHORTEST_EXPIRY:
        findings.error(("swarm", "cert-expiry"), "must be at least 1h")
    if given.get("data-path-port") == GOSSIP_PORT:
        message = f"{GOSSIP_PORT} is the port on which the hosts find each other"
        findings.error(("swarm", "data-path-port"), message)


def _check_advertise(file: Fields, given: Fields, hosts: list[MergedHost], findings: Findings) -> None:
    shared: list[tuple[tuple[str, ...], str | None, int]] = [
        (("swarm", "advertise"), given.get("advertise"), len(hosts))
    ]
    members = Counter(group for host in hosts for group in host.groups)
    for path, layer in layers(file):
        if path[0] == "groups":
            shared.append(((*map(str, path), "advertise"), layer.get("advertise"), members[str(path[1])]))
    for place, advertise, count in shared:
        if advertise is None:
            continue
        problem = advertise_problem(advertise)
        if problem is None and as_address(advertise) is not None and count > 1:
            problem = f"is one address for {count} hosts: name an interface here, or addresses at the hosts"
        if problem:
            findings.error(place, f"{findings.written(place, advertise)} {problem}")


def _check_pools(given: Fields, findings: Findings) -> None:
    pools = given.get("address-pools", [])
    size = given.get("subnet-size")
    if size is not None and not pools and not findings.is_broken(("swarm", "address-pools")):
        findings.warn(SETTING_WITHOUT_EFFECT, ("swarm", "subnet-size"), "has no effect without address-pools")
    for index, pool in enumerate(pools):
        place = ("swarm", "address-pools", index)
        found = as_range(pool)
        problem = range_problem(pool)
        if problem or found is None:
            findings.error(place, f"{findings.written(place, pool)} {problem}")
            continue
        desired = 24 if size is None else size
        if found.version == 4 and desired < found.prefixlen:
            message = f"{findings.written(place, pool)} is smaller than one subnet of subnet-size {desired}"
            findings.error(place, message)
