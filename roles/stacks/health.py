"""Whether services run as they are described: what a plan has to say of those that no step would help."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from roles.stacks.drift import Drift
from roles.stacks.kinds import SERVICE_UNWELL
from roles.stacks.state import SwarmObjects
from skep.plan import Finding
from skep.questions import Inquiry, tasks_of
from skep.swarm.objects import Service, Task
from skep.swarm.service import is_job, runs_once

UNDER_WAY = {"updating": "a roll-out", "rollback_started": "a rollback"}
"""Swarm's words for what goes on."""
PAUSED = {"paused": "the last roll-out", "rollback_paused": "the rollback"}
"""Swarm's words for what goes no further by itself. ``rollback_completed`` is none of them: what runs is known by the
spec, and how it came to that does not matter any more."""


def unwell(drift: Drift) -> Iterator[Finding]:
    """Services that are as described, and do not run so: each with what is known of it."""
    planned = {difference.name for difference in drift.differing} | set(drift.pruned)
    for name, raw in sorted(drift.found.services.items()):
        text = "" if name in planned or name in drift.surplus else _ill(raw, drift.swarm)
        if text:
            short = name.removeprefix(f"{drift.name}_")
            paused = _state(raw) in PAUSED
            yield Finding(
                "warning",
                f"service {name} is as described, and {text}",
                role="stacks",
                kind=SERVICE_UNWELL,
                stack=drift.name,
                next_action=f"roll it out anew: invoke stack.restart {drift.name} {short}"
                if paused
                else f"see what its tasks say: invoke stack.ps {drift.name}",
                unwell=True,
            )


def asked(services: Sequence[Service]) -> Iterator[Inquiry]:
    """Tasks of services that lack some: which may have done what they were to do, or say why they do not run."""
    for raw in services:
        if _lacking(raw):
            yield tasks_of("service", raw["ID"])


def _ill(raw: Service, swarm: SwarmObjects) -> str:
    """What is wrong with it; nothing where it runs."""
    state, status = _state(raw), raw.get("ServiceStatus") or {}
    message = str((raw.get("UpdateStatus") or {}).get("Message") or "no reason given")
    if state in PAUSED:
        return f"Swarm paused {PAUSED[state]} of it: {message}"
    if state in UNDER_WAY:
        return f"{UNDER_WAY[state]} of it is under way"
    tasks = swarm.tasks.get(raw["ID"], ())
    complete = sum(task["Status"]["State"] == "complete" for task in tasks) if runs_once(raw["Spec"]) else 0
    if _lacking(raw) <= complete:
        return ""
    running, desired = status.get("RunningTasks") or 0, status.get("DesiredTasks") or 0
    return f"{running} of {desired} tasks run{_reason(tasks)}"


def _reason(tasks: Sequence[Task]) -> str:
    """The newest error that a task of it reports."""
    failing = [task for task in tasks if task["Status"].get("Err")]
    newest = max(failing, key=lambda task: str(task["Status"].get("Timestamp", "")), default=None)
    return f": {' '.join(str(newest['Status']['Err']).split())}" if newest else ""


def _state(raw: Service) -> str:
    return str((raw.get("UpdateStatus") or {}).get("State") or "")


def _lacking(raw: Service) -> int:
    """How many tasks do not run that are to; jobs end, and count for nothing."""
    status = raw.get("ServiceStatus") or {}
    if is_job(raw["Spec"]):
        return 0
    return max(0, (status.get("DesiredTasks") or 0) - (status.get("RunningTasks") or 0))
