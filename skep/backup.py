"""The state of a swarm saved from one of its managers to this machine, as steps: its engine is stopped for it, since a
copy of a raft log that is being written is worth nothing."""

from __future__ import annotations

from dataclasses import replace

from skep.plan import Fetch, Run, Step
from skep.request import RequestedCluster
from skep.shell import script
from skep.steps import StepId

FOLDER = "backups"
"""Folder of backups in the site. Its content belongs into no repository: it holds the swarm's keys, and secrets in the
clear unless
autolock is on."""
THERE = "/var/lib/skep/backup"
"""Where the copy lies on the host until it has been fetched."""
MOST = 1 << 30
"""Bytes that a swarm's state takes at most, as far as preflight looks for room; the script looks again."""


LOCKED = "autolock is on, and with it Docker cannot restore the state of one of several managers (moby#36852)"
"""About a copy that was taken with autolock: ``docker swarm unlock`` waits for a quorum, and
``--force-new-cluster`` takes no key."""
UNLOCKED = "set swarm.autolock: false, then cluster.up and cluster.backup"
"""How to get a copy that can be restored."""


def place(cluster: RequestedCluster, host: str) -> str:
    """Where a backup lies on this machine, less its ending."""
    return f"{FOLDER}/{cluster.name}/{cluster.stamp}-{host}"


def save(cluster: RequestedCluster, host: str, role: str, cause: str, *, locked: bool) -> Run:
    """The step that interrupts the engine; ``locked``: the swarm has autolock."""
    return Run(
        id=StepId(role, "backup", host),
        host=host,
        title="stop docker, save the swarm's state, start docker",
        cause=cause,
        script=script("skep/backup.sh"),
        variables={"THERE": THERE, "CLUSTER": cluster.name, "HOST": host, "TAKEN": cluster.stamp},
        detail=(f"{LOCKED}; for one that can be restored: {UNLOCKED}",) if locked else (),
        otherwise=f"on {host} look at: systemctl status docker; then run the same command again",
        timeout=600,
        restarts=True,
    )


def taken(cluster: RequestedCluster, host: str, saved: Step) -> list[Step]:
    """The steps that fetch the copy and remove it from the host."""
    local = place(cluster, host)
    copies = [
        Fetch(
            id=StepId(saved.role, "copy", host, kind),
            host=host,
            title=f"fetch {local}.{kind}",
            cause=saved.cause,
            path=f"{THERE}/state.{kind}",
            target=f"{local}.{kind}",
            timeout=1800,
            needs=(saved.id,),
        )
        for kind in ("tar", "json")
    ]
    discard = Run(
        id=StepId(saved.role, "discard", host),
        host=host,
        title="remove the copy there",
        cause="it is here now",
        script=f"rm -rf {THERE}",
        needs=tuple(step.id for step in copies),
    )
    return [*copies, discard]


def steps(cluster: RequestedCluster, host: str, before: Step, *, locked: bool) -> list[Step]:
    """All steps of a backup, where it is taken before another step."""
    saved = save(cluster, host, before.role, "before the first manager gets another version", locked=locked)
    first = replace(saved, needs=before.needs, gates=before.gates, after=before.after)
    return [first, *taken(cluster, host, first)]
