"""The tasks of a service's current spec by slot: those that run, come, are complete or ended. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field

from skep.dataclass import dataclass
from skep.engine.tasks import (
    Node,
    Service,
    Task,
    has_ended,
    is_alive,
    is_kept,
    rank,
    runs_once,
    slot_of,
    weight,
)
from skep.swarm.placement import is_meant, is_ready
from skep.swarm.service import is_global, is_job, job_of, replicas_of


@dataclass(slots=True)
class Slots:
    """The current spec's tasks, one a slot: those that run, are complete for good, are on their way, or ended and get
    no successor."""

    running: list[Task] = field(default_factory=list)
    complete: list[Task] = field(default_factory=list)
    coming: list[Task] = field(default_factory=list)
    dead: list[Task] = field(default_factory=list)
    failed: dict[str | int, frozenset[str]] = field(default_factory=dict)
    newest_failure: Task | None = None


def of_iteration(service: Service, task: Task) -> bool:
    """A job runs anew with each iteration; tasks of earlier ones say nothing about this one."""
    desired = ((service.get("JobStatus") or {}).get("JobIteration") or {}).get("Index", 0)
    iteration = task.get("JobIteration")
    return iteration is not None and iteration.get("Index", 0) == desired


def desired_of(service: Service, nodes: Mapping[str, Node]) -> tuple[int, set[str] | None]:
    """How many tasks the service is to have; for a global one, on which nodes."""
    spec = service["Spec"]
    if is_global(spec):
        places = {identity for identity, node in nodes.items() if is_meant(spec, node)}
        return len(places), places
    return job_of(spec)[0] if is_job(spec) else replicas_of(spec), None


def slots_in(
    service: Service, current: Iterable[Task], places: set[str] | None, nodes: Mapping[str, Node], job: bool
) -> Slots:
    """The ``current`` tasks by slot; only the slots in ``places`` where that is given."""
    by_slot: dict[str | int, list[Task]] = {}
    for task in current:
        by_slot.setdefault(slot_of(service, task), []).append(task)
    found = Slots()
    for slot, tasks in by_slot.items():
        if places is not None and slot not in places:
            continue
        newest = max(tasks, key=lambda task: str(task.get("CreatedAt", "")))
        kept = [task for task in tasks if is_kept(task) and is_alive(task)]
        running = [task for task in kept if task["Status"]["State"] == "running" and on_ready(task, nodes)]
        complete = [task for task in tasks if task["Status"]["State"] == "complete"]
        if job and complete:
            found.complete.append(complete[0])
            continue
        failures = [task for task in tasks if has_ended(service, task)]
        if running and not job:
            found.running.append(running[0])
        elif kept:
            found.coming.append(max(kept, key=rank))
        elif not is_kept(newest) and newest in complete and runs_once(service):
            found.complete.append(newest)
        elif not is_kept(newest) and newest in (*failures, *complete):
            found.dead.append(newest)
        if failures:
            found.failed[slot] = frozenset(task["ID"] for task in failures)
            latest = max(failures, key=weight)
            if found.newest_failure is None or weight(latest) > weight(found.newest_failure):
                found.newest_failure = latest
    return found


def on_ready(task: Task, nodes: Mapping[str, Node]) -> bool:
    """Whether the task's node answers the managers."""
    node = nodes.get(task.get("NodeID", ""))
    return node is not None and is_ready(node)
