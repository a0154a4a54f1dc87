"""Volumes with a size, which an engine makes only where its file system has project quotas. Source: moby's
``volume/local`` and ``quota``: without them each task ends with "quota size requested but no quota support"."""

from __future__ import annotations

from collections.abc import Iterator

from roles.stacks.drift import Drift
from roles.stacks.kinds import VOLUME_SIZE
from skep.plan import Finding
from skep.reading.wording import few
from skep.swarm.service import container_of
from skep.swarm.spec import ServiceSpec


def without_quota(drift: Drift) -> Iterator[Finding]:
    """By volume, the hosts where tasks of what is rolled out could not start: an error where there is no other for
    them. What a host has already is mounted as it is."""
    for name, specs in sorted(_sized(drift).items()):
        hosts = [host.name for host in drift.cluster.hosts if any(drift.may_be_on(host, spec) for spec in specs)]
        lacking = [
            host
            for host in hosts
            if host in drift.swarm.without_quota and name not in drift.swarm.volumes.get(host, {})
        ]
        if lacking:
            where = few(lacking, 3)
            yield Finding(
                "error" if lacking == hosts else "warning",
                f"stack {drift.name}: the volume {name} has a size, and the file system of Docker's data has no project"
                f" quotas on {where}: no task with it starts there",
                role="stacks",
                kind=None if lacking == hosts else VOLUME_SIZE,
                stack=drift.name,
                next_action=f"mount it with the option prjquota on {where} (xfs, or ext4 that has the feature project),"
                " or take size out of the volume's driver_opts",
            )


def _sized(drift: Drift) -> dict[str, list[ServiceSpec]]:
    """Named volumes of the driver ``local`` with a size, and the changed services that mount them. One of a type of its
    own, such as tmpfs, has its size in other words."""
    found: dict[str, list[ServiceSpec]] = {}
    for difference in drift.differing:
        spec = drift.desired.services[difference.name]
        for mount in container_of(spec).get("Mounts") or ():
            driver = (mount.get("VolumeOptions") or {}).get("DriverConfig") or {}
            if (driver.get("Name") or "local") == "local" and (driver.get("Options") or {}).get("size"):
                found.setdefault(mount.get("Source") or "", []).append(spec)
    return found
