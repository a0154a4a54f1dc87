"""``cluster.backup``: the swarm's state from one manager to this machine."""

from __future__ import annotations

from dataclasses import replace

from skep.backup import FOLDER, LOCKED, UNLOCKED
from skep.commands.asking import Asking
from skep.converge import Site
from skep.plan import Fetch
from skep.report import Reporter
from skep.request import Request
from skep.runs.loop import run
from skep.runs.refusing import refuse_silent
from skep.upkeep.saving import role


def backup(site: Site, tell: Reporter, *, allow_quorum_loss: bool, asking: Asking) -> None:
    """Say where it lies. A ``SkepError`` where no manager can be spared."""
    only = replace(site, roles=[role], known=[*site.known, role])
    request = asking.of(Request("cluster.backup", allow_quorum_loss=allow_quorum_loss, once=True, heeds=False))
    result = run(only, request, tell, asking.agreed_to)
    if not result.steps:
        return
    refuse_silent(result.silent)
    [tar] = [step.target for step in result.steps if isinstance(step, Fetch) and step.target.endswith(".tar")]
    locked = any(step.id.action == "key" for step in result.steps)
    but = f"; {LOCKED}: {UNLOCKED} for one that can be restored" if locked else ""
    tell.done(f"{site.cluster.name}: saved as {tar}, readable by you alone: keep {FOLDER}/ as you keep secrets{but}")
