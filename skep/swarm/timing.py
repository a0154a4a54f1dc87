"""How long a roll-out takes at most by what its service asks for, so that no deadline ends one that goes well.

Sources: swarmkit ``manager/orchestrator/update/updater.go`` and ``restart/restart.go``. Left out, since no spec tells
it: pulling images, and health checks that the image brings along.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from skep.swarm.comparing import JOBS
from skep.units import seconds_text

Raw = Mapping[str, Any]

SECOND = 10**9
GRACE = 10.0
"""Seconds that the engine gives a task to stop where its service names no stop_grace_period."""
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


def timing(spec: Raw, have: Raw | None, *, replaced: bool, nodes: int) -> Timing:
    """Of a service that becomes ``spec``; ``have`` is what it was. ``replaced``: its tasks are; ``nodes``: those that
    a global service may run on. Nobody can tell how long a job takes."""
    if any(job in spec["Mode"] for job in JOBS):
        return Timing()
    if have is None:
        healthy = _until_healthy(spec)
        why = [_healthy(healthy)] if healthy else []
        return Timing(healthy + _watched(spec, "UpdateConfig"), 0.0, (*why, _monitored(spec, "UpdateConfig")))
    forth = _seconds(spec, have, "UpdateConfig", replaced, nodes)
    action = (spec.get("UpdateConfig") or {}).get("FailureAction")
    back = _seconds(have, spec, "RollbackConfig", replaced, nodes) if action == "rollback" else 0.0
    return Timing(forth, back, tuple(_why(spec, have, replaced, nodes)))


def grace_of(container: Raw) -> float:
    """Seconds that a task may take to stop, by its ContainerSpec."""
    given = container.get("StopGracePeriod")
    return GRACE if given is None else float(given) / SECOND


def _seconds(new: Raw, old: Raw, section: str, replaced: bool, nodes: int) -> float:
    watched, grace = _watched(new, section), _grace(old)
    if not replaced:
        return max(_until_healthy(new) + watched, grace if _tasks(old, nodes) > _tasks(new, nodes) else 0.0)
    config = new.get(section) or {}
    start_first = config.get("Order") == "start-first"
    step = _until_healthy(new) + (0.0 if start_first else min(grace, OLD_TASK))
    delay = (config.get("Delay") or 0) / SECOND
    batches = _batches(new, old, section, nodes)
    last_stops = (batches - 1) * (step + delay) + grace + (_until_healthy(new) if start_first else 0.0)
    return max(batches * (step + delay) + watched, last_stops)


def _why(new: Raw, old: Raw, replaced: bool, nodes: int) -> list[str]:
    """What the time is made of, in words."""
    config, grace, healthy = new.get("UpdateConfig") or {}, _grace(old), _until_healthy(new)
    delay, batches = (config.get("Delay") or 0) / SECOND, _batches(new, old, "UpdateConfig", nodes)
    why = []
    if replaced and batches > 1:
        why.append(f"{_tasks(new, nodes)} tasks in {batches} turns")
    if replaced or _tasks(old, nodes) > _tasks(new, nodes):
        why.append(f"an old task may take {seconds_text(grace)} to stop")
    why += [_healthy(healthy)] if healthy else []
    why += [f"a delay of {seconds_text(delay)}"] if replaced and delay else []
    return [*why, _monitored(new, "UpdateConfig")]


def _healthy(seconds: float) -> str:
    return f"a health check may take {seconds_text(seconds)}"


def _monitored(spec: Raw, section: str) -> str:
    return f"watched for {seconds_text(_watched(spec, section))}"


def _watched(spec: Raw, section: str) -> float:
    nanoseconds = (spec.get(section) or {}).get("Monitor")
    return float(nanoseconds) / SECOND if nanoseconds else MONITOR


def _grace(spec: Raw) -> float:
    return grace_of(spec["TaskTemplate"].get("ContainerSpec") or {})


def _until_healthy(spec: Raw) -> float:
    """Until the engine has called a task healthy, or unhealthy: it is not running before."""
    check = (spec["TaskTemplate"].get("ContainerSpec") or {}).get("Healthcheck") or {}
    if not check.get("Test") or check["Test"][0] == "NONE":
        return 0.0
    interval, patience = ((check.get(key) or 0) / SECOND for key in ("Interval", "Timeout"))
    each = (interval or INTERVAL) + (patience or PATIENCE)
    return float((check.get("StartPeriod") or 0) / SECOND + each * (check.get("Retries") or RETRIES))


def _tasks(spec: Raw, nodes: int) -> int:
    return nodes if "Global" in spec["Mode"] else int((spec["Mode"].get("Replicated") or {}).get("Replicas", 1))


def _batches(new: Raw, old: Raw, section: str, nodes: int) -> int:
    """Turns in which the tasks come; 0 at once means all. Without a section Swarm takes one by one."""
    tasks = max(_tasks(new, nodes), _tasks(old, nodes))
    at_once = (new.get(section) or {}).get("Parallelism", 0) if new.get(section) else 1
    return math.ceil(tasks / at_once) if at_once else 1
