"""Tasks of Swarm, as the Engine API gives them: their states, names and times."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from skep.swarm.objects import Node as Node
from skep.swarm.objects import Service as Service
from skep.swarm.objects import ServiceStatus
from skep.swarm.objects import Task as Task
from skep.swarm.service import container_in, is_global
from skep.swarm.service import runs_once as spec_runs_once
from skep.swarm.timing import grace_of

STATES = (
    "new",
    "allocated",
    "pending",
    "assigned",
    "accepted",
    "preparing",
    "ready",
    "starting",
    "running",
    "complete",
    "shutdown",
    "failed",
    "rejected",
    "remove",
    "orphaned",
)
"""In the order in which a task goes through them."""

_RANK = {state: rank for rank, state in enumerate(STATES)}
RUNNING = _RANK["running"]
"""The rank of a task that runs."""


NOT_STARTED = "starting container failed"
NO_ADDRESS = "node is missing network attachments"
"""Words of an engine that waited 30 s for the addresses its node gets in the networks of a task. That they are used up,
which it adds, is its guess: managers that are slow have the same effect."""


def rank(task: Task) -> int:
    """How far it has come."""
    return _RANK.get(task["Status"]["State"], 0)


def is_alive(task: Task) -> bool:
    """It runs, or may still come to that."""
    return rank(task) <= _RANK["running"]


def is_kept(task: Task) -> bool:
    """The managers want it to run (a job's: to complete), be it now or after a restart delay."""
    return task["DesiredState"] not in ("shutdown", "remove")


def without_lost(services: Iterable[Service], tasks: Iterable[Task], nodes: Iterable[Node]) -> list[Service]:
    """The services, with running tasks counted but for those on nodes that are Down: managers count them by what they
    last heard, beside the ones started in their place. Source: swarmkit, controlapi: ListServiceStatuses."""
    down = {node["ID"] for node in nodes if node["Status"]["State"] == "down"}
    lost = Counter(
        task["ServiceID"] for task in tasks if task["Status"]["State"] == "running" and task.get("NodeID") in down
    )
    return [_less(service, lost[service["ID"]]) if lost[service["ID"]] else service for service in services]


def _less(service: Service, lost: int) -> Service:
    status: ServiceStatus = {**(service.get("ServiceStatus") or {})}
    status["RunningTasks"] = max(0, (status.get("RunningTasks") or 0) - lost)
    return {**service, "ServiceStatus": status}


def has_failed(task: Task) -> bool:
    """It ended with an error, or its node could not even start it."""
    return task["Status"]["State"] in ("failed", "rejected")


def never_ran(task: Task) -> bool:
    """Its node could not start it: Swarm's word for it until the node tries to start its container, and moby's after
    that, as where it has no runtime. Source: swarmkit, agent/exec: Do; moby, executor/container: Start."""
    return task["Status"]["State"] == "rejected" or (has_failed(task) and error_of(task).startswith(NOT_STARTED))


def runs_once(service: Service) -> bool:
    """A task that ends with success is not started again: with this policy, that is what it was asked to do."""
    return spec_runs_once(service["Spec"])


def has_ended(service: Service, task: Task) -> bool:
    """It failed; or it ended with success, where the service is to go on running."""
    return has_failed(task) or (task["Status"]["State"] == "complete" and not runs_once(service))


def end_of(task: Task) -> str:
    """Its error, or that it ended with 0."""
    return error_of(task) or ("ended with 0" if task["Status"]["State"] == "complete" else "")


def holds_node(task: Task) -> bool:
    """A node has it and has not reported its end."""
    return _RANK["assigned"] <= rank(task) <= _RANK["running"]


def is_stopping(task: Task) -> bool:
    """The managers have asked its node to stop it, and the node has not reported its end."""
    return not is_kept(task) and holds_node(task)


def grace(task: Task) -> float:
    """Seconds that it may take to stop."""
    return grace_of(container_in(task.get("Spec")))


def slot_of(service: Service, task: Task) -> str | int:
    """What its successor after a restart shares with it: the slot; the node where there is one task a node.

    A replicated job counts its slots from 0, which the API leaves out.
    """
    return task.get("NodeID", "") if is_global(service["Spec"]) else task.get("Slot", 0)


def task_name(service: Service, task: Task, nodes: Mapping[str, Node]) -> str:
    """``SERVICE.SLOT``, or ``SERVICE.NODE`` where there is one a node."""
    place = slot_of(service, task)
    if isinstance(place, str):
        place = node_name(nodes, place)
    return f"{service['Spec']['Name']}.{place}"


def node_name(nodes: Mapping[str, Node], node: str) -> str:
    """Its host name; its ID where it has never reported one or is gone."""
    description = nodes.get(node, {}).get("Description") or {}
    return str(description.get("Hostname") or node or "no node")


def error_of(task: Task) -> str:
    """Its error on one line, or nothing."""
    return " ".join(str(task["Status"].get("Err") or "").split())


def weight(task: Task) -> tuple[bool, str]:
    """Which of several failures is the one to name, the greatest: the newest, but before one for want of an address,
    which says nothing of the task itself."""
    return NO_ADDRESS not in error_of(task), str(task["Status"].get("Timestamp", ""))


def parse_time(text: str) -> datetime:
    """RFC 3339 as the engine writes it, nanoseconds cut to microseconds."""
    match = re.fullmatch(r"(.*?)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)", text)
    if not match:
        raise ValueError(f"not a time: {text}")
    whole, fraction, zone = match.groups()
    moment = datetime.fromisoformat(whole + ("+00:00" if zone == "Z" else zone))
    return (moment + (datetime.resolution * int((fraction or "0")[:6].ljust(6, "0")))).astimezone(UTC)
