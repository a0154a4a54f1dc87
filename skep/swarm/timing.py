"""How long a roll-out takes at most by what its service asks for, so that no deadline ends one that goes well.

Sources: swarmkit ``manager/orchestrator/update/updater.go`` and ``restart/restart.go``. Left out, since no spec says
it: pulling images, and health checks that the image brings along.
"""

from __future__ import annotations

import math

from skep.dataclass import dataclass
from skep.measures import seconds_text
from skep.swarm.service import (
    Section,
    container_of,
    health_of,
    is_job,
    rollout_of,
    tasks_of,
)
from skep.swarm.spec import ContainerSpec, ServiceSpec

SECOND = 10**9
GRACE = 10.0
"""Seconds that the engine gives a task to stop where its service names no stop_grace_period."""
RESTART_DELAY = 5.0
"""Seconds, where a restart policy names none."""
MONITOR = 5.0
"""Seconds for which Swarm watches an update where none are named."""
OLD_TASK = 60.0
"""Seconds that Swarm waits, in the order stop-first, for an old task to stop; then the new one starts beside it."""
INTERVAL, PATIENCE, RETRIES = 30.0, 30.0, 3
"""The engine's defaults of a health check: seconds between two, seconds for one, failures in a row."""
NOTABLE = 60.0
"""Seconds from which on the plan says what a roll-out may take."""


@dataclass(frozen=True, slots=True)
class Timing:
    """The most that a service takes to get where it is to be, in seconds. ``back``: how much longer it takes if Swarm
    then rolls it back by itself. ``why``: what it is made of."""

    seconds: float = 0.0
    back: float = 0.0
    why: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """``3m1s (its old task may take 3m0s to stop, …)``."""
        return f"{seconds_text(self.seconds)} ({', '.join(self.why)})"


def timing(spec: ServiceSpec, have: ServiceSpec | None, *, replaced: bool, nodes: int) -> Timing:
    """Of a service that becomes ``spec``; ``have`` is what it was. ``replaced``: its tasks are; ``nodes``: those that
    a global service may run on. Nobody can tell how long a job takes."""
    if is_job(spec):
        return Timing()
    if have is None:
        healthy = _until_healthy(spec)
        why = [_healthy(healthy)] if healthy else []
        return Timing(healthy + _watched(spec, "UpdateConfig"), 0.0, (*why, _monitored(spec, "UpdateConfig")))
    forth = _seconds(spec, have, "UpdateConfig", replaced, nodes)
    action = rollout_of(spec).get("FailureAction")
    back = _seconds(have, spec, "RollbackConfig", replaced, nodes) if action == "rollback" else 0.0
    return Timing(forth, back, tuple(_why(spec, have, replaced, nodes)))


def grace_of(container: ContainerSpec) -> float:
    """Seconds that a task may take to stop, by its ContainerSpec."""
    given = container.get("StopGracePeriod")
    return GRACE if given is None else float(given) / SECOND


def restart_delay(spec: ServiceSpec) -> float:
    """Seconds that Swarm waits before it starts a task again."""
    delay = (spec["TaskTemplate"].get("RestartPolicy") or {}).get("Delay")
    return RESTART_DELAY if delay is None else delay / SECOND


def _seconds(new: ServiceSpec, old: ServiceSpec, section: Section, replaced: bool, nodes: int) -> float:
    watched, grace = _watched(new, section), _grace(old)
    if not replaced:
        return max(_until_healthy(new) + watched, grace if tasks_of(old, nodes) > tasks_of(new, nodes) else 0.0)
    config = rollout_of(new, section)
    start_first = config.get("Order") == "start-first"
    step = _until_healthy(new) + (0.0 if start_first else min(grace, OLD_TASK))
    delay = (config.get("Delay") or 0) / SECOND
    batches = _batches(new, old, section, nodes)
    last_stops = (batches - 1) * (step + delay) + grace + (_until_healthy(new) if start_first else 0.0)
    return max(batches * (step + delay) + watched, last_stops)


def _why(new: ServiceSpec, old: ServiceSpec, replaced: bool, nodes: int) -> list[str]:
    """What the time is made of, in words."""
    config, grace, healthy = rollout_of(new), _grace(old), _until_healthy(new)
    delay, batches = (config.get("Delay") or 0) / SECOND, _batches(new, old, "UpdateConfig", nodes)
    why = []
    if replaced and batches > 1:
        why.append(f"{tasks_of(new, nodes)} tasks in {batches} turns")
    if replaced or tasks_of(old, nodes) > tasks_of(new, nodes):
        why.append(f"an old task may take {seconds_text(grace)} to stop")
    why += [_healthy(healthy)] if healthy else []
    why += [f"a delay of {seconds_text(delay)}"] if replaced and delay else []
    return [*why, _monitored(new, "UpdateConfig")]


def _healthy(seconds: float) -> str:
    return f"a health check may take {seconds_text(seconds)}"


def _monitored(spec: ServiceSpec, section: Section) -> str:
    return f"watched for {seconds_text(_watched(spec, section))}"


def _watched(spec: ServiceSpec, section: Section) -> float:
    nanoseconds = rollout_of(spec, section).get("Monitor")
    return float(nanoseconds) / SECOND if nanoseconds else MONITOR


def _grace(spec: ServiceSpec) -> float:
    return grace_of(container_of(spec))


def _until_healthy(spec: ServiceSpec) -> float:
    """Until the engine has called a task healthy, or unhealthy: it is not running before."""
    check = health_of(spec)
    if check is None:
        return 0.0
    interval, patience = (check.get("Interval") or 0) / SECOND, (check.get("Timeout") or 0) / SECOND
    each = (interval or INTERVAL) + (patience or PATIENCE)
    return float((check.get("StartPeriod") or 0) / SECOND + each * (check.get("Retries") or RETRIES))


def _batches(new: ServiceSpec, old: ServiceSpec, section: Section, nodes: int) -> int:
    """Turns in which the tasks come; 0 at once means all. Without a section Swarm takes one by one."""
    tasks = max(tasks_of(new, nodes), tasks_of(old, nodes))
    at_once = rollout_of(new, section).get("Parallelism", 0) if rollout_of(new, section) else 1
    return math.ceil(tasks / at_once) if at_once else 1
