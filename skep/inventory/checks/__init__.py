"""Checks across keys, each run on whatever has the right shape, all in one go."""

from __future__ import annotations

from skep.inventory.checks.accepts import check_accepts
from skep.inventory.checks.certificates import check_certificates
from skep.inventory.checks.daemon import check_daemons
from skep.inventory.checks.engine import check_engines
from skep.inventory.checks.hosts import check_hosts
from skep.inventory.checks.machine import check_machines
from skep.inventory.checks.managers import check_managers
from skep.inventory.checks.networks import check_networks
from skep.inventory.checks.notices import check_notices
from skep.inventory.checks.schedules import check_maintenance, check_metrics, check_schedules
from skep.inventory.checks.ssh import check_ssh
from skep.inventory.checks.stacks import check_registries, check_stacks
from skep.inventory.checks.subnets import check_subnets
from skep.inventory.checks.swarm import check_swarm
from skep.inventory.checks.versions import check_versions
from skep.inventory.loaded import Ids
from skep.inventory.merging import MergedHost
from skep.inventory.stack_files import StackFiles
from skep.inventory.value_references import Surroundings
from skep.reading.findings import Findings
from skep.reading.values import Fields


def check(
    file: Fields,
    hosts: list[MergedHost],
    findings: Findings,
    surroundings: Surroundings,
    ids: Ids | None = None,
) -> dict[str, StackFiles]:
    """Note everything that does not fit; gives each stack's files. ``ids`` gives those of all warnings."""
    check_hosts(file, hosts, findings)
    check_managers(file, hosts, findings)
    check_ssh(file, hosts, findings)
    check_engines(file, hosts, findings)
    check_daemons(file, hosts, findings)
    check_versions(file, hosts, findings)
    check_machines(file, hosts, findings)
    check_certificates(file, findings, surroundings)
    check_swarm(file, hosts, findings)
    check_networks(file, findings)
    check_subnets(file, hosts, findings)
    check_registries(file, findings)
    check_accepts(file, hosts, ids, findings)
    check_schedules(file, findings)
    check_maintenance(file, findings)
    check_notices(file, findings)
    check_metrics(file, findings)
    return check_stacks(file, findings, surroundings)
