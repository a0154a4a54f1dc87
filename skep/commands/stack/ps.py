"""``stack.ps``: the tasks of a stack, those that count first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from skep.commands.listing import Table, manager_client
from skep.converge import Site
from skep.engine.tasks import (
    Node,
    Service,
    Task,
    error_of,
    is_alive,
    is_kept,
    node_name,
    parse_time,
    slot_of,
    task_name,
)
from skep.errors import UsageError
from skep.measures import age
from skep.report import Reporter
from skep.swarm.labels import of_stack
from skep.swarm.service import mode_of, replicas_of

COLUMNS = ("task", "node", "state", "age", "desired", "since", "current", "error")
FOR_SCRIPTS = ("desired", "since", "current")


def show(site: Site, tell: Reporter, *, name: str, history: bool) -> None:
    """Tasks with node, state, when they came to it, and error. ``history``: those that are over, too."""
    with manager_client(site) as api:
        label = {"label": of_stack(name)}
        services = api.services(filters=label)
        if not services:
            raise UsageError(f"there is no stack {name} in the swarm", next_action="see: invoke stack.ls")
        nodes = {node["ID"]: node for node in api.nodes()}
        now = parse_time(api.info()["SystemTime"])
        columns, rows = task_rows(services, api.tasks(filters=label), nodes, now, history=history)
    tell.table("tasks", columns, rows, for_scripts=FOR_SCRIPTS)


def task_rows(
    services: Sequence[Service], tasks: Sequence[Task], nodes: Mapping[str, Node], now: datetime, *, history: bool
) -> Table:
    """A row a task: by service those the managers want, by slot, then those that are over, newest first.

    Without ``history``, of a job only the newest run, and of what is over only the newest task of each slot that is
    desired and has nothing running: what it ended with is why. ``since`` is when it came to its state, in UTC, ``age``
    how long that is before ``now``.
    """
    rows: list[tuple[object, ...]] = []
    for service in sorted(services, key=lambda one: str(one["Spec"]["Name"])):
        own = [task for task in tasks if task["ServiceID"] == service["ID"]]
        if not history:
            own = _of_last_run(service, own)
        own.sort(key=lambda task: str(task["Status"].get("Timestamp", "")), reverse=True)
        current = [task for task in own if is_kept(task)]
        current.sort(key=lambda task: (int(task.get("Slot", 0)), node_name(nodes, task.get("NodeID", ""))))
        over = [task for task in own if not is_kept(task)]
        if not history:
            over = _telling(service, current, over)
        rows += [_row(service, task, nodes, now) for task in (*current, *over)]
    return COLUMNS, rows


def _of_last_run(service: Service, tasks: Sequence[Task]) -> list[Task]:
    """Without those of a job's earlier runs, as far as its slots have come to another; what is still to stop stays."""
    newest: dict[str | int, int] = {}
    for task in tasks:
        slot = slot_of(service, task)
        newest[slot] = max(newest.get(slot, 0), _run(task))
    return [task for task in tasks if is_alive(task) or _run(task) == newest[slot_of(service, task)]]


def _run(task: Task) -> int:
    return (task.get("JobIteration") or {}).get("Index", 0)


def _telling(service: Service, current: Sequence[Task], over: Sequence[Task]) -> list[Task]:
    """The newest of each slot in which nothing runs or is complete, and what is still to stop.

    Slots that were scaled away have nothing to tell, nor have nodes on which a global service was stopped.
    """
    fine = {slot_of(service, task) for task in current if task["Status"]["State"] in ("running", "complete")}
    kept = {slot_of(service, task) for task in current}
    missing = _missing(service, len(kept))
    shown = []
    for task in over:
        slot = slot_of(service, task)
        if is_alive(task):
            shown.append(task)
        elif slot not in fine and slot not in kept:
            if missing > 0 and not (mode_of(service["Spec"]) == "Global" and task["Status"]["State"] == "shutdown"):
                shown.append(task)
                missing -= 1
        elif slot not in fine:
            shown.append(task)
        fine.add(slot)
    return shown


def _missing(service: Service, kept: int) -> float:
    """How many slots of the service nothing is in. A job's and a global service's are as many as have tasks."""
    spec = service["Spec"]
    return replicas_of(spec) - kept if mode_of(spec) == "Replicated" else float("inf")


def _row(service: Service, task: Task, nodes: Mapping[str, Node], now: datetime) -> tuple[object, ...]:
    since = parse_time(task["Status"]["Timestamp"])
    return (
        task_name(service, task, nodes),
        node_name(nodes, task["NodeID"]) if task.get("NodeID") else "",
        task["Status"]["State"],
        age((now - since).total_seconds()),
        task["DesiredState"],
        since.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "yes" if is_kept(task) else "no",
        error_of(task),
    )
