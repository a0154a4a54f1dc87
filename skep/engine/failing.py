"""Why services do not run: the task that failed, its node, its error and its last words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from docker.errors import APIError
from requests import RequestException

from skep.dataclass import dataclass
from skep.engine.frames import lines_of
from skep.engine.tasks import (
    Node,
    Service,
    Task,
    end_of,
    error_of,
    has_ended,
    has_failed,
    holds_node,
    is_kept,
    node_name,
    slot_of,
    task_name,
    weight,
)
from skep.engine.transport import EngineClient
from skep.errors import BELOW
from skep.measures import seconds_text
from skep.swarm.service import has_terminal
from skep.swarm.timing import restart_delay

LOG_LINES = 10
BREAK = "\n" + BELOW
"""Between lines of a cause, so that they stand below each other."""

ADDRESSES = (
    "tasks that stay new wait for addresses: most likely one of their networks overlaps another one or has none left"
    " (docker network inspect shows the subnet of one)"
)
"""Of tasks that Swarm's allocator has not dealt with, and of which it says nothing."""

SERVICES = 5
"""Services shown in full; the others by name."""

CHECKS = 2
"""Answers of a health check that are shown, the last ones."""

Inspect = Callable[[Node, str], Mapping[str, Any] | None]
"""What a node says of a container; ``None`` where it does not answer."""


@dataclass(frozen=True, slots=True)
class Report:
    """Asks a manager, and nodes by ``inspect``, why services do not run."""

    api: EngineClient
    nodes: Mapping[str, Node]
    inspect: Inspect

    def of(self, services: Sequence[Service], tasks: Mapping[str, Sequence[Task]], missing: Mapping[str, str]) -> str:
        """Of each service its newest failing task; where none has failed what is ``missing``, by the service's name,
        and how many tasks are in which state."""
        parts = [
            line
            for one in services[:SERVICES]
            for line in self._lines(one, tasks.get(one["ID"], ()), missing.get(one["Spec"]["Name"], ""))
        ]
        return BREAK.join([*parts, *(f"and {one['Spec']['Name']}" for one in services[SERVICES:])])

    def _lines(self, service: Service, tasks: Sequence[Task], missing: str) -> list[str]:
        bad = culprit(service, tasks)
        if bad is None:
            return [*_counted(service, tasks, missing, self.nodes), *self._starting(service, tasks)]
        ended = end_of(bad) or str(bad["Status"].get("Message") or bad["Status"]["State"])
        if not error_of(bad) and has_ended(service, bad):
            ended = _ended_well(service, bad, tasks)
        return [became(service, bad, self.nodes, ended), *self._check(bad), *self._last_words(service, bad)]

    def _starting(self, service: Service, tasks: Sequence[Task]) -> list[str]:
        """What the health check of a task says that is not taken for running yet."""
        starting = [task for task in tasks if is_kept(task) and task["Status"]["State"] == "starting"]
        return self._check(starting[0]) if starting else []

    def _check(self, task: Task) -> list[str]:
        """The last answers of its health check, as its node keeps them; nothing where there is none."""
        container, node = _container(task), self.nodes.get(task.get("NodeID", ""))
        found = self.inspect(node, container) if container and node else None
        health = ((found or {}).get("State") or {}).get("Health") or {}
        if health.get("Status") in (None, "none", "healthy"):
            return []
        answers = [one for one in health.get("Log") or () if one.get("ExitCode")][-CHECKS:]
        said = [(one["ExitCode"], " ".join(str(one.get("Output") or "no output").split())) for one in answers]
        return [f"  health check ended with {code}: {output}" for code, output in said]

    def _last_words(self, service: Service, task: Task) -> list[str]:
        """The end of its log. None where it never came to run, or its node does not answer."""
        if not _container(task):
            return []
        try:
            lines = lines_of(self.api.task_log(task["ID"], LOG_LINES), tty=has_terminal(service["Spec"]))
        except (APIError, RequestException, OSError):
            return []
        return [f"  log: {line}" for line in lines[-LOG_LINES:]]


def became(service: Service, task: Task, nodes: Mapping[str, Node], ended: str) -> str:
    """How a task ended, and where."""
    return f"task {task_name(service, task, nodes)} on {node_name(nodes, task.get('NodeID', ''))}: {ended}"


def culprit(service: Service, tasks: Sequence[Task]) -> Task | None:
    """The task to blame: the one Swarm names in its word on the roll-out, else one that cannot be placed, else the
    newest that failed, else the newest that ended and was not to, else the newest with an error."""
    named = str((service.get("UpdateStatus") or {}).get("Message", "")).split()
    groups = (
        [task for task in tasks if task["ID"] in named],
        [task for task in tasks if error_of(task) and is_kept(task) and not holds_node(task) and not has_failed(task)],
        [task for task in tasks if has_failed(task)],
        [task for task in tasks if has_ended(service, task)],
        [task for task in tasks if error_of(task) and is_kept(task)],
        [task for task in tasks if error_of(task)],
    )
    newest = (max(group, key=weight, default=None) for group in groups)
    return next((task for task in newest if task is not None), None)


def _counted(service: Service, tasks: Sequence[Task], missing: str, nodes: Mapping[str, Node]) -> list[str]:
    """How many are in which state, and of those that a node is at: on which."""
    states = Counter(task["Status"]["State"] + _at(task, nodes) for task in tasks if is_kept(task))
    counted = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    message = str((service.get("UpdateStatus") or {}).get("Message") or "no task has reported an error")
    waiting = ADDRESSES if states["new"] and not missing else ""
    said = "; ".join(filter(None, (message, missing, waiting)))
    return [f"{service['Spec']['Name']}: {said}; tasks: {counted or 'none'}"]


def _at(task: Task, nodes: Mapping[str, Node]) -> str:
    if not holds_node(task) or task["Status"]["State"] == "running":
        return ""
    return f" on {node_name(nodes, task.get('NodeID', ''))}"


def _ended_well(service: Service, bad: Task, tasks: Sequence[Task]) -> str:
    """How often the tasks of a slot ended with 0 where they were to go on running, and what to ask for otherwise."""
    same = [task for task in tasks if slot_of(service, task) == slot_of(service, bad) and has_ended(service, task)]
    waits = seconds_text(restart_delay(service["Spec"]))
    times = "once" if len(same) == 1 else f"{len(same)} times"
    return (
        f"ended with 0 {times} (restart_policy: condition any, delay {waits}): its command has to go on running;"
        " what runs once is 'condition: on-failure', or 'mode: replicated-job'"
    )


def _container(task: Task) -> str:
    return str((task["Status"].get("ContainerStatus") or {}).get("ContainerID") or "")
