"""Moving tasks off a node before it is drained, and whether services have as many as they are to have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from skep.dataclass import dataclass
from skep.engine.failing import became, culprit
from skep.engine.nodes import find_node
from skep.engine.progress import Progress
from skep.engine.refused import retry
from skep.engine.slots import desired_of, slots_in
from skep.engine.tasks import Node, Service, Task, end_of, error_of, is_alive, is_kept
from skep.engine.transport import EngineClient
from skep.errors import StepFailed
from skep.swarm.movable import has_room, moves
from skep.swarm.service import force_of, forced, is_job, replicas_of, rollout_of
from skep.waiting import until

GOES_ON = ("updating", "rollback_started")
HALTED = ("paused", "rollback_paused")
"""States of roll-outs under way, and of those that wait for somebody."""
ENDED_BADLY = (*HALTED, "rollback_started", "rollback_completed")
ROLLING = 240.0
"""Seconds that a roll-out which is under way already is waited for."""
SHOWN = 3
"""Services that are named."""


@dataclass(frozen=True, slots=True)
class Shortage:
    """A service that has not all its tasks running, or is being rolled out: so many of its ``tasks`` are ``there``, and
    what is missing in ``words``."""

    service: Service
    tasks: Sequence[Task]
    there: int
    words: str


def services_short(api: EngineClient) -> list[str]:
    """IDs of the services that have fewer tasks running than they are to have, or are being rolled out."""
    return [short.service["ID"] for short in shortages(api, {node["ID"]: node for node in api.nodes()})]


def services_move(api: EngineClient, *, node: str) -> list[str]:
    """Replace the tasks of services that have some on the node, which takes no new ones, and that start the new task
    first. Gives the IDs of the services.

    All tasks of such a service are replaced: Swarm knows no way to replace some. A roll-out under way is waited for. A
    service whose roll-out is paused, or that no other node has room for, is left alone.
    """
    found = find_node(api, node)
    nodes = api.nodes()

    def ready() -> list[list[Service]]:
        here = _on(api, found["ID"])
        services = [one for one in api.services() if one["ID"] in here and moves(one["Spec"])]
        services = [one for one in services if has_room(one["Spec"], nodes)]
        return [] if any(_update(one) in GOES_ON for one in services) else [services]

    found_ready = until(ready, seconds=ROLLING, every=0.5, pause=api.pause) or [[]]
    moved = [service["ID"] for service in found_ready[0] if _update(service) not in HALTED]
    for identifier in moved:
        retry(api, partial(_replace_tasks, api, identifier))
    return moved


def _on(api: EngineClient, node: str) -> set[str]:
    """The services that have tasks on a node."""
    return {task["ServiceID"] for task in api.tasks(filters={"node": node}) if is_alive(task) and is_kept(task)}


def _replace_tasks(api: EngineClient, identifier: str) -> None:
    """Update the service without a registry login: the managers keep the one it was made with."""
    have = api.read(f"/services/{identifier}")
    body = forced(have["Spec"], force_of(have["Spec"]) + 1)
    api.write(f"/services/{identifier}/update", body, version=have["Version"]["Index"], registryAuthFrom="spec")


def services_moved(api: EngineClient, *, services: Sequence[str]) -> Progress:
    """All tasks of these services were replaced. Raises ``StepFailed`` where Swarm gave that up."""
    if not services:
        return Progress(True)
    there = [service for service in api.services() if service["ID"] in services]
    for service in there:
        if _update(service) in ENDED_BADLY:
            name, why = service["Spec"]["Name"], str((service.get("UpdateStatus") or {}).get("Message") or "")
            why = why or f"its roll-out is {_update(service)}"
            tasks: list[Task] = api.tasks(filters={"service": service["ID"]})
            nodes = {node["ID"]: node for node in api.nodes()}
            bad = culprit(service, tasks)
            raise StepFailed(
                f"tasks of {name} do not start elsewhere",
                cause=became(service, bad, nodes, f"{end_of(bad)} ({why})") if bad and end_of(bad) else why,
                next_action=f"see why: invoke cluster.status; the node takes no new tasks meanwhile. Once {name} can be"
                " rolled out, run the same command again",
            )
    left = [service for service in there if _update(service) != "completed"]
    words = [_moving(api, service) for service in left[:SHOWN]]
    more = f" and {len(left) - SHOWN} more" if len(left) > SHOWN else ""
    return Progress(not left, ", ".join(words) + more, grace=max(map(_spread, left), default=0.0))


def shortages(api: EngineClient, nodes: Mapping[str, Node]) -> Iterator[Shortage]:
    """What services lack of the tasks that they are to have, and which are being rolled out."""
    services = api.services()
    tasks: dict[str, list[Task]] = {}
    for task in api.tasks() if services else ():
        tasks.setdefault(task["ServiceID"], []).append(task)
    for service in services:
        if is_job(service["Spec"]):
            continue
        desired, places = desired_of(service, nodes)
        own = tasks.get(service["ID"], [])
        slots = slots_in(service, own, places, nodes, job=False)
        there, bad = len(slots.running) + len(slots.complete), slots.newest_failure
        name = service["Spec"]["Name"]
        if there < desired:
            why = f" ({became(service, bad, nodes, end_of(bad))})" if bad and end_of(bad) else ""
            yield Shortage(service, own, there, f"{name} has {there} of {desired} tasks running{why}")
        elif _update(service) in GOES_ON:
            yield Shortage(service, own, there, f"{name} is being rolled out")


def _update(service: Service) -> str:
    return str((service.get("UpdateStatus") or {}).get("State") or "")


def _moving(api: EngineClient, service: Service) -> str:
    """A service, with what keeps its new tasks from running where that is known."""
    tasks: list[Task] = api.tasks(filters={"service": service["ID"], "desired-state": "running"})
    why = next((error_of(task) for task in tasks if error_of(task)), "")
    return f"tasks of {service['Spec']['Name']} start elsewhere{f': {why}' if why else ''}"


def _spread(service: Service) -> float:
    """Seconds that the delays of its roll-out take."""
    config = rollout_of(service["Spec"])
    rounds = -(-replicas_of(service["Spec"]) // max(1, config.get("Parallelism") or replicas_of(service["Spec"]) or 1))
    return rounds * ((config.get("Delay") or 0) + (config.get("Monitor") or 0)) / 1e9
