"""Why services do not run: the task that failed, its node, its error and its last words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from docker.errors import APIError
from requests import RequestException

from skep.engine.frames import lines_of
from skep.engine.tasks import Node, Service, Task, error_of, has_failed, holds_node, is_kept, node_name, task_name
from skep.engine.transport import EngineClient
from skep.errors import BELOW

LOG_LINES = 10
BREAK = "\n" + BELOW
"""Between lines of a cause, so that they stand below each other."""

ADDRESSES = (
    "tasks that stay new wait for addresses: most likely one of their networks overlaps another one or has none left"
    " (docker network inspect NAME shows its subnet)"
)
"""Of tasks that Swarm's allocator has not dealt with, and of which it says nothing."""

SERVICES = 5
"""Services told in full; the others by name."""


def report(
    api: EngineClient,
    services: Sequence[Service],
    tasks: Mapping[str, Sequence[Task]],
    nodes: Mapping[str, Node],
    missing: Mapping[str, str],
) -> str:
    """Of each service its newest failing task; where none has failed what is ``missing``, by the service's name, and
    how many tasks are in which state."""
    return BREAK.join(
        [
            *(
                line
                for one in services[:SERVICES]
                for line in _lines(api, one, tasks.get(one["ID"], ()), nodes, missing.get(one["Spec"]["Name"], ""))
            ),
            *(f"and {one['Spec']['Name']}" for one in services[SERVICES:]),
        ]
    )


def culprit(service: Service, tasks: Sequence[Task]) -> Task | None:
    """The task to blame: the one Swarm names in its word on the roll-out, else one that cannot be placed, else the
    newest that failed, else the newest with an error."""
    named = str((service.get("UpdateStatus") or {}).get("Message", "")).split()
    failed = [task for task in tasks if has_failed(task)]
    groups = (
        [task for task in tasks if task["ID"] in named],
        [task for task in tasks if error_of(task) and is_kept(task) and not holds_node(task) and not has_failed(task)],
        failed,
        [task for task in tasks if error_of(task) and is_kept(task)],
        [task for task in tasks if error_of(task)],
    )
    newest = (max(group, key=lambda task: str(task["Status"].get("Timestamp", "")), default=None) for group in groups)
    return next((task for task in newest if task is not None), None)


def _lines(
    api: EngineClient, service: Service, tasks: Sequence[Task], nodes: Mapping[str, Node], missing: str
) -> list[str]:
    bad = culprit(service, tasks)
    if bad is None:
        states = Counter(task["Status"]["State"] for task in tasks if is_kept(task))
        counted = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
        told = str((service.get("UpdateStatus") or {}).get("Message") or "no task has told an error")
        waiting = ADDRESSES if states["new"] and not missing else ""
        said = "; ".join(filter(None, (told, missing, waiting)))
        return [f"{service['Spec']['Name']}: {said}; tasks: {counted or 'none'}"]
    ended = error_of(bad) or str(bad["Status"].get("Message") or bad["Status"]["State"])
    place = node_name(nodes, bad.get("NodeID", ""))
    return [f"task {task_name(service, bad, nodes)} on {place}: {ended}", *_last_words(api, service, bad)]


def _last_words(api: EngineClient, service: Service, task: Task) -> list[str]:
    """The end of its log. None where it never came to run, or its node does not answer."""
    if not (task["Status"].get("ContainerStatus") or {}).get("ContainerID"):
        return []
    container = service["Spec"]["TaskTemplate"].get("ContainerSpec") or {}
    try:
        lines = lines_of(api.task_log(task["ID"], LOG_LINES), tty=bool(container.get("TTY")))
    except (APIError, RequestException, OSError):
        return []
    return [f"  log: {line}" for line in lines[-LOG_LINES:]]
