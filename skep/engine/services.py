"""Whether a service runs as desired, told from its tasks and Swarm's word on the roll-out. Pure: no request is made.

Sources: swarmkit ``manager/orchestrator`` (``update``, ``restart``, ``jobs``), decision 0013.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from skep.engine.progress import ServiceRow
from skep.engine.tasks import (
    RUNNING,
    Node,
    Service,
    Task,
    end_of,
    error_of,
    grace,
    has_ended,
    holds_node,
    is_alive,
    is_kept,
    is_stopping,
    node_name,
    rank,
    runs_once,
    slot_of,
    task_name,
)
from skep.swarm.labels import stack_of
from skep.swarm.placement import is_meant, is_ready, reserved
from skep.swarm.ports import published
from skep.swarm.service import health_of, is_global, is_job, job_of, replicas_of, rollout_of
from skep.units import seconds_text

DEFAULT_MONITOR = 5.0
"""Seconds; what Docker takes where an update_config names no monitor."""

ENDED = {
    "paused": "Swarm paused the roll-out of {}",
    "rollback_paused": "Swarm paused the rollback of {}",
    "rollback_completed": "Swarm rolled {} back to what ran before",
}
"""Words of Swarm for a roll-out that did not arrive, and goes no further by itself."""

NO_OVERLAYS = ("cannot create a swarm scoped network when swarm is not active", "no VNI provided")
"""Words of engines that have lost their place in the swarm's networks; there is no status for it (moby#34864)."""

GOES_ON = ("updating", "rollback_started")
"""Words of Swarm for a roll-out under way."""

OVERDUE = 10.0
"""Seconds beyond monitor time and delay, after which a roll-out of which nothing moves is held against a node."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a look says of a service.

    ``left``: seconds until its tasks have run long enough, where nothing else is missing but Swarm's word on the
    roll-out, which comes then; not above zero where that is late. ``over``: why it will not
    get there any more, ``remedy`` what would help where it is not the stack's files. ``failed``: ids of the current
    spec's tasks that failed, by slot. ``port_waits``: ids of tasks that wait for a port of a host, where nothing else
    of the service moves. ``arrived``: all that is missing is the end of tasks that were told to
    stop, ``stopping`` in words.
    """

    row: ServiceRow
    left: float | None = None
    over: str = ""
    failed: Mapping[str | int, frozenset[str]] = field(default_factory=dict)
    remedy: str = ""
    port_waits: frozenset[str] = frozenset()
    arrived: bool = False
    stopping: str = ""


@dataclass(slots=True)
class _Slots:
    """The current spec's tasks, one a slot: those that run, are complete for good, are on their way, or ended and get
    no successor."""

    running: list[Task] = field(default_factory=list)
    complete: list[Task] = field(default_factory=list)
    coming: list[Task] = field(default_factory=list)
    dead: list[Task] = field(default_factory=list)
    failed: dict[str | int, frozenset[str]] = field(default_factory=dict)
    newest_failure: Task | None = None


def judge(
    service: Service,
    tasks: Sequence[Task],
    fresh: Collection[str],
    nodes: Mapping[str, Node],
    ran: Callable[[Task], float],
) -> Verdict:
    """One service. ``tasks`` are all of it, ``fresh`` the ids of those that Swarm takes for up to date, ``ran`` tells
    how many seconds a running task has run."""
    job = is_job(service["Spec"])
    current = [task for task in tasks if (_of_iteration(service, task) if job else task["ID"] in fresh)]
    desired, places = _desired(service, nodes)
    slots = _slots(service, current, places, nodes, job)
    there = len(slots.complete) + (0 if job else len(slots.running))
    own = {task["ID"] for task in (*slots.running, *slots.coming, *slots.complete)}
    held = [task for task in tasks if task["ID"] not in own and holds_node(task) and _on_ready(task, nodes)]
    stopping = [task for task in held if is_stopping(task)]
    surplus = len(held)
    if not job:  # scaled down, and the managers have yet to choose who goes
        surplus += max(0, len(slots.running) + len(slots.coming) - desired)
    update = str((service.get("UpdateStatus") or {}).get("State") or "")
    all_there = there >= desired and not surplus
    enough = all_there and update not in GOES_ON
    left = max((_monitor(service) - ran(task) for task in slots.running), default=0.0)
    over = _over(service, slots, there + len(slots.coming) < desired, nodes, job)
    remedy = ""
    stranded = _stranded(service, slots, current, nodes, ran) if update in GOES_ON and not over else None
    if stranded:
        place, name = node_name(nodes, stranded["NodeID"]), service["Spec"]["Name"]
        over = f"the roll-out of {name} is stuck: Swarm waits for its task on {place}, which is down"
        stack, short = _names(service)
        remedy = f"bring {place} back, or roll out anew: invoke stack.restart {stack} {short}"
    unplaced = [task for task in slots.coming if error_of(task) and not holds_node(task)]
    places_there = sum(is_meant(service["Spec"], node) for node in nodes.values())
    of_ports = unplaced and not over and _ports_of_hosts(service) and places_there and not _reserves(service)
    if of_ports and desired > places_there:
        remedy = _too_many(service, desired, places_there)
    elif of_ports:
        remedy = _anew(service) if update else _taken(service)
    all_wait = remedy and unplaced and len(unplaced) == len(slots.coming) and not stopping
    done = enough and left <= 0 and not over
    bad = unplaced[0] if unplaced else slots.newest_failure
    remedy = remedy or _engine_to_blame(service, bad, nodes)
    slowest = min(slots.coming, key=rank, default=None)
    row = ServiceRow(
        name=service["Spec"]["Name"],
        running=there,
        desired=desired,
        job=job,
        state="over" if over else "done" if done else "stuck" if bad else "moving",
        update=update,
        node=node_name(nodes, slowest["NodeID"]) if slowest and slowest.get("NodeID") else "",
        error=end_of(bad) if bad and not done else "",
    )
    if done:
        return Verdict(row)
    parts = _under_way(slots, unplaced)
    if row.error:
        count = len(unplaced) or sum(len(ids) for ids in slots.failed.values())
        if bad and not error_of(bad):
            parts.append(f"{row.error} {_times(count)}")
        else:
            parts.append(f"{count} {'cannot be placed' if unplaced else 'failed'}: {row.error}")
    still = _still_stopping(service, stopping, nodes)
    parts += [f"{surplus - len(stopping)} still to stop"] if surplus > len(stopping) else []
    parts += [still] if still else []
    only_time = enough and not over
    parts += [f"watched for {_monitor(service):g} s"] if only_time else []
    only_word = all_there and not over
    return Verdict(
        replace(row, detail=", ".join(parts)),
        left if only_word else None,
        over,
        slots.failed,
        remedy,
        port_waits=frozenset(task["ID"] for task in unplaced) if all_wait else frozenset(),
        arrived=there >= desired and surplus == len(stopping) and update not in GOES_ON and left <= 0 and not over,
        stopping=still,
    )


def _stranded(
    service: Service,
    slots: _Slots,
    current: Iterable[Task],
    nodes: Mapping[str, Node],
    ran: Callable[[Task], float],
) -> Task | None:
    """The task of a roll-out of which nothing moves any more whose node went down before it started it: Swarm waits
    for it without end, though another has taken its place. Source: swarmkit ``updater.updateTask``."""
    config = rollout_of(service["Spec"])
    patience = (config.get("Monitor") or DEFAULT_MONITOR * 1e9) / 1e9 + (config.get("Delay") or 0) / 1e9 + OVERDUE
    if slots.coming or not slots.running or any(ran(task) < patience for task in slots.running):
        return None
    lost = (task for task in current if not is_kept(task) and task.get("NodeID") and not _on_ready(task, nodes))
    return next((task for task in lost if rank(task) < RUNNING), None)


def _ports_of_hosts(service: Service) -> list[int]:
    """What its tasks publish on the node they run on: one task a node can."""
    return [port["PublishedPort"] for port in published(service["Spec"]) if port["PublishMode"] == "host"]


def _anew(service: Service) -> str:
    """What helps where a new task waits for a port of a host: Swarm does not look again by itself (moby#36934)."""
    stack, name = _names(service)
    restart = f"invoke stack.restart {stack} {name}"
    if rollout_of(service["Spec"]).get("Order") == "start-first":
        return (
            f"its old tasks hold port {_ports_of_hosts(service)[0]}, and 'start-first' waits for them: write 'order:"
            f" stop-first' under update_config of {name} and deploy it; if a task stays pending after that: {restart}"
        )
    return f"Swarm places it once it is rolled out anew: {restart}"


def _engine_to_blame(service: Service, bad: Task | None, nodes: Mapping[str, Node]) -> str:
    """What helps where a node rejects every task that needs an overlay network; nothing where that is not it."""
    if bad is None or bad["Status"]["State"] != "rejected" or not any(one in error_of(bad) for one in NO_OVERLAYS):
        return ""
    node, (stack, _) = node_name(nodes, bad.get("NodeID", "")), _names(service)
    return (
        f"the stack is not to blame: the engine of {node} is in the swarm without its overlay networks. Restart it:"
        f" invoke cluster.up, or on {node}: systemctl restart docker; then: invoke stack.deploy {stack}"
    )


def _taken(service: Service) -> str:
    """What helps where the port was taken before the service came."""
    port, (stack, name) = _ports_of_hosts(service)[0], _names(service)
    return (
        f"publish another port than {port} in {name}, or remove what holds it on the nodes (on each: docker ps --filter"
        f" publish={port}), then: invoke stack.restart {stack} {name}"
    )


def _too_many(service: Service, desired: int, places: int) -> str:
    """What helps where each task takes a node of its own and there are fewer nodes."""
    port = _ports_of_hosts(service)[0]
    return (
        f"each task takes port {port} of a node, and {desired} are to run on {places}: write 'replicas: {places}' for"
        f" {_names(service)[1]} and deploy it, or add nodes"
    )


def _reserves(service: Service) -> bool:
    """Whether its tasks may wait for room as well as for a port."""
    return bool(reserved(service["Spec"]))


def _names(service: Service) -> tuple[str, str]:
    """Of its stack, and its own there."""
    stack = stack_of(service["Spec"])
    return stack, service["Spec"]["Name"].removeprefix(f"{stack}_")


def _of_iteration(service: Service, task: Task) -> bool:
    """A job runs anew with each iteration; tasks of earlier ones say nothing about this one."""
    desired = ((service.get("JobStatus") or {}).get("JobIteration") or {}).get("Index", 0)
    told = task.get("JobIteration")
    return told is not None and told.get("Index", 0) == desired


def _desired(service: Service, nodes: Mapping[str, Node]) -> tuple[int, set[str] | None]:
    """How many, and for one task a node: where."""
    spec = service["Spec"]
    if is_global(spec):
        places = {identity for identity, node in nodes.items() if is_meant(spec, node)}
        return len(places), places
    return job_of(spec)[0] if is_job(spec) else replicas_of(spec), None


def _slots(
    service: Service, current: Iterable[Task], places: set[str] | None, nodes: Mapping[str, Node], job: bool
) -> _Slots:
    by_slot: dict[str | int, list[Task]] = {}
    for task in current:
        by_slot.setdefault(slot_of(service, task), []).append(task)
    found = _Slots()
    for slot, tasks in by_slot.items():
        if places is not None and slot not in places:
            continue
        newest = max(tasks, key=lambda task: str(task.get("CreatedAt", "")))
        kept = [task for task in tasks if is_kept(task) and is_alive(task)]
        running = [task for task in kept if task["Status"]["State"] == "running" and _on_ready(task, nodes)]
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
            latest = max(failures, key=_when)
            if found.newest_failure is None or _when(latest) > _when(found.newest_failure):
                found.newest_failure = latest
    return found


def _when(task: Task) -> str:
    return str(task["Status"].get("Timestamp", ""))


def _on_ready(task: Task, nodes: Mapping[str, Node]) -> bool:
    node = nodes.get(task.get("NodeID", ""))
    return node is not None and is_ready(node)


def _over(service: Service, slots: _Slots, lacking: bool, nodes: Mapping[str, Node], job: bool) -> str:
    """Why waiting longer cannot help; empty while it can. ``lacking``: fewer tasks are there or coming than desired.
    Where none lacks, a slot that ended belongs to what was scaled down."""
    name = service["Spec"]["Name"]
    state = (service.get("UpdateStatus") or {}).get("State", "")
    all_ended_well = state == "paused" and not (lacking or slots.running or slots.coming or slots.failed)
    if state in ENDED and not all_ended_well:
        return ENDED[state].format(name)
    if slots.dead and lacking:
        ended = task_name(service, slots.dead[0], nodes)
        return f"{'job ' if job else ''}{name} failed: its restart policy starts no further task for {ended}"
    return ""


def _monitor(service: Service) -> float:
    """Seconds its tasks have to have run; none where a health check says that they do: Swarm calls such a task
    running when the check has passed."""
    if health_of(service["Spec"]) is not None:
        return 0.0
    nanoseconds = rollout_of(service["Spec"]).get("Monitor")
    return nanoseconds / 1e9 if nanoseconds else DEFAULT_MONITOR


def _still_stopping(service: Service, tasks: Sequence[Task], nodes: Mapping[str, Node]) -> str:
    """The slowest by name, and how long it may take; nothing where there are none."""
    if not tasks:
        return ""
    slowest = max(tasks, key=grace)
    more = f" and {len(tasks) - 1} more are" if len(tasks) > 1 else " is"
    name, place = task_name(service, slowest, nodes), node_name(nodes, slowest.get("NodeID", ""))
    return f"old task {name} on {place}{more} still stopping (may take {seconds_text(grace(slowest))})"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _under_way(slots: _Slots, unplaced: Sequence[Task]) -> list[str]:
    """How many are in which state, the slowest first."""
    placed = (task for task in sorted(slots.coming, key=rank) if task not in unplaced)
    states = Counter(task["Status"]["State"] for task in placed)
    return [f"{count} {state}" for state, count in states.items()]
