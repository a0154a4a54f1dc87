"""Whether a service runs as desired, by its tasks and Swarm's word on the roll-out. Pure: no request is made.

Sources: swarmkit ``manager/orchestrator`` (``update``, ``restart``, ``jobs``), decision 0013.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import field, replace

from skep.dataclass import dataclass
from skep.engine.progress import ServiceRow
from skep.engine.remedies import anew, names, node_to_blame, nodes_to_blame, ports_of_hosts, reserves, taken, too_many
from skep.engine.slots import Slots, desired_of, of_iteration, on_ready, slots_in
from skep.engine.tasks import (
    RUNNING,
    Node,
    Service,
    Task,
    end_of,
    error_of,
    grace,
    holds_node,
    is_kept,
    is_stopping,
    node_name,
    rank,
    task_name,
)
from skep.measures import seconds_text
from skep.swarm.placement import is_meant
from skep.swarm.service import health_of, is_job, rollout_of

DEFAULT_MONITOR = 5.0
"""Seconds; what Docker takes where an update_config names no monitor."""

ENDED = {
    "paused": "Swarm paused the roll-out of {}",
    "rollback_paused": "Swarm paused the rollback of {}",
    "rollback_completed": "Swarm rolled {} back to what ran before",
}
"""Words of Swarm for a roll-out that did not arrive, and goes no further by itself."""

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
    of the service moves. ``arrived``: all that is missing is the end of tasks that were asked to
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


@dataclass(frozen=True, slots=True)
class _Look:
    """What there is to count of a service. ``there`` are the tasks that run or are complete, of as many as ``desired``;
    ``surplus`` those that are to go, ``stopping`` those of them that know. ``update`` is Swarm's word on the roll-out,
    ``left`` the seconds until the tasks have run long enough."""

    service: Service
    nodes: Mapping[str, Node]
    current: Sequence[Task]
    slots: Slots
    desired: int
    there: int
    surplus: int
    stopping: Sequence[Task]
    update: str
    left: float

    @property
    def all_there(self) -> bool:
        """As many as desired, and none beyond."""
        return self.there >= self.desired and not self.surplus

    @property
    def enough(self) -> bool:
        """The same, and Swarm is at it no more."""
        return self.all_there and self.update not in GOES_ON

    @property
    def unplaced(self) -> list[Task]:
        """Tasks for which Swarm finds no node."""
        return [task for task in self.slots.coming if error_of(task) and not holds_node(task)]


def judge(
    service: Service,
    tasks: Sequence[Task],
    fresh: Collection[str],
    nodes: Mapping[str, Node],
    ran: Callable[[Task], float],
) -> Verdict:
    """One service. ``tasks`` are all of it, ``fresh`` the ids of those that Swarm takes for up to date, ``ran`` says
    how many seconds a running task has run."""
    look = _look(service, tasks, fresh, nodes, ran)
    over, remedy = _end(look, ran)
    unplaced, failed = look.unplaced, look.slots.failed
    remedy = remedy or ("" if over else _port_remedy(look))
    all_wait = remedy and unplaced and len(unplaced) == len(look.slots.coming) and not look.stopping
    bad = unplaced[0] if unplaced else look.slots.newest_failure
    remedy = remedy or node_to_blame(service, bad, nodes) or nodes_to_blame(service, next(iter(unplaced), None), nodes)
    done = look.enough and look.left <= 0 and not over
    slowest = min(look.slots.coming, key=rank, default=None)
    row = ServiceRow(
        name=service["Spec"]["Name"],
        running=look.there,
        desired=look.desired,
        job=is_job(service["Spec"]),
        state="over" if over else "done" if done else "stuck" if bad else "moving",
        update=look.update,
        node=node_name(nodes, slowest["NodeID"]) if slowest and slowest.get("NodeID") else "",
        error=end_of(bad) if bad and not done else "",
    )
    if done:
        return Verdict(row)
    arrived = look.there >= look.desired and look.surplus == len(look.stopping) and look.update not in GOES_ON
    return Verdict(
        replace(row, detail=_detail(look, row.error, bad, watched=look.enough and not over)),
        look.left if look.all_there and not over else None,
        over,
        failed,
        remedy,
        port_waits=frozenset(task["ID"] for task in unplaced) if all_wait else frozenset(),
        arrived=arrived and look.left <= 0 and not over,
        stopping=_still_stopping(service, look.stopping, nodes),
    )


def _look(
    service: Service,
    tasks: Sequence[Task],
    fresh: Collection[str],
    nodes: Mapping[str, Node],
    ran: Callable[[Task], float],
) -> _Look:
    job = is_job(service["Spec"])
    current = [task for task in tasks if (of_iteration(service, task) if job else task["ID"] in fresh)]
    desired, places = desired_of(service, nodes)
    slots = slots_in(service, current, places, nodes, job)
    own = {task["ID"] for task in (*slots.running, *slots.coming, *slots.complete)}
    held = [task for task in tasks if task["ID"] not in own and holds_node(task) and on_ready(task, nodes)]
    surplus = len(held)
    if not job:  # scaled down, and the managers have yet to choose who goes
        surplus += max(0, len(slots.running) + len(slots.coming) - desired)
    return _Look(
        service,
        nodes,
        current,
        slots,
        desired,
        there=len(slots.complete) + (0 if job else len(slots.running)),
        surplus=surplus,
        stopping=[task for task in held if is_stopping(task)],
        update=str((service.get("UpdateStatus") or {}).get("State") or ""),
        left=max((_monitor(service) - ran(task) for task in slots.running), default=0.0),
    )


def _end(look: _Look, ran: Callable[[Task], float]) -> tuple[str, str]:
    """Why it will not get there any more, and what helps; empty while it can."""
    lacking = look.there + len(look.slots.coming) < look.desired
    if over := _over(look.service, look.slots, lacking, look.nodes):
        return over, ""
    stranded = _stranded(look, ran) if look.update in GOES_ON else None
    if stranded is None:
        return "", ""
    place, name = node_name(look.nodes, stranded["NodeID"]), look.service["Spec"]["Name"]
    stack, short = names(look.service)
    return (
        f"the roll-out of {name} is stuck: Swarm waits for its task on {place}, which is down",
        f"bring {place} back, or roll out anew: invoke stack.restart {stack} {short}",
    )


def _port_remedy(look: _Look) -> str:
    """What helps where tasks wait for a port of a host; nothing where that is not it."""
    service = look.service
    places = sum(is_meant(service["Spec"], node) for node in look.nodes.values())
    if not (look.unplaced and ports_of_hosts(service) and places) or reserves(service):
        return ""
    if look.desired > places:
        return too_many(service, look.desired, places)
    return anew(service) if look.update else taken(service)


def _detail(look: _Look, error: str, bad: Task | None, *, watched: bool) -> str:
    """How far it is in words: what comes, what went wrong, what is still to go; ``watched`` where only time lacks."""
    unplaced, parts = look.unplaced, _under_way(look.slots, look.unplaced)
    if error:
        count = len(unplaced) or sum(len(ids) for ids in look.slots.failed.values())
        if bad and not error_of(bad):
            parts.append(f"{error} {_times(count)}")
        else:
            parts.append(f"{count} {'cannot be placed' if unplaced else 'failed'}: {error}")
    still = _still_stopping(look.service, look.stopping, look.nodes)
    others = look.surplus - len(look.stopping)
    parts += [f"{others} still to stop"] if others > 0 else []
    parts += [still] if still else []
    parts += [f"watched for {_monitor(look.service):g} s"] if watched else []
    return ", ".join(parts)


def _stranded(look: _Look, ran: Callable[[Task], float]) -> Task | None:
    """The task of a roll-out of which nothing moves any more whose node went down before it started it: Swarm waits
    for it without end, though another has taken its place. Source: swarmkit ``updater.updateTask``."""
    config = rollout_of(look.service["Spec"])
    patience = (config.get("Monitor") or DEFAULT_MONITOR * 1e9) / 1e9 + (config.get("Delay") or 0) / 1e9 + OVERDUE
    if look.slots.coming or not look.slots.running or any(ran(task) < patience for task in look.slots.running):
        return None
    lost = (
        task for task in look.current if not is_kept(task) and task.get("NodeID") and not on_ready(task, look.nodes)
    )
    return next((task for task in lost if rank(task) < RUNNING), None)


def _over(service: Service, slots: Slots, lacking: bool, nodes: Mapping[str, Node]) -> str:
    """Why waiting longer cannot help; empty while it can. ``lacking``: fewer tasks are there or coming than desired.
    Where none lacks, a slot that ended belongs to what was scaled down."""
    name = service["Spec"]["Name"]
    state = (service.get("UpdateStatus") or {}).get("State", "")
    all_ended_well = state == "paused" and not (lacking or slots.running or slots.coming or slots.failed)
    if state in ENDED and not all_ended_well:
        return ENDED[state].format(name)
    if slots.dead and lacking:
        ended = task_name(service, slots.dead[0], nodes)
        what = f"job {name}" if is_job(service["Spec"]) else name
        return f"{what} failed: its restart policy starts no further task for {ended}"
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


def _under_way(slots: Slots, unplaced: Sequence[Task]) -> list[str]:
    """How many are in which state, the slowest first."""
    placed = (task for task in sorted(slots.coming, key=rank) if task not in unplaced)
    states = Counter(task["Status"]["State"] for task in placed)
    return [f"{count} {state}" for state, count in states.items()]
