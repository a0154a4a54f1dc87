"""What the versions of engines in the inventory do not go together with."""

from __future__ import annotations

from skep.inventory.checks.engine import reaches
from skep.inventory.checks.sections import sections
from skep.inventory.merging import MergedHost
from skep.reading.findings import Findings
from skep.reading.values import Fields
from skep.refusals.engines import ENCRYPTED, cuts_encrypted, refused_settings


def check_versions(file: Fields, hosts: list[MergedHost], findings: Findings) -> None:
    """Note settings of daemon.json and encrypted networks that an engine of the desired version refuses or cuts."""
    for path, given in sections(file, "daemon"):
        if given.get("firewall-backend") == "nftables":
            message = (
                "must not be nftables: an engine in a swarm does not start with it; leave it out, which means iptables"
            )
            findings.error((*path, "firewall-backend"), message)
        for version in dict.fromkeys(_versions(hosts, path)):
            for key, problem in refused_settings(given, version):
                findings.error((*path, key), problem)
    networks = [name for name, network in file.section("networks").items() if network.get("encrypted") is True]
    if networks:
        for path, given in sections(file, "engine"):
            if cuts_encrypted(given.get("version") or ""):
                findings.error((*path, "version"), f"network {networks[0]} is encrypted, and {ENCRYPTED}")


def _versions(hosts: list[MergedHost], path: tuple[str | int, ...]) -> list[str]:
    """The versions desired on the hosts that a section is for."""
    return [host.engine["version"] for host in hosts if reaches(path, host) and host.engine.get("version")]
