"""Watches services until they have all their tasks, and ends early where a host can start none of a service's."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import field

from skep.dataclass import dataclass
from skep.engine.failing import became
from skep.engine.moving import SHOWN, Shortage, shortages
from skep.engine.progress import Progress
from skep.engine.remedies import NO_IMAGE
from skep.engine.tasks import Node, Task, error_of, never_ran, node_name
from skep.engine.transport import EngineClient
from skep.errors import StepFailed

REFUSED = 6
"""Tasks of a service that one node could not start. After five Swarm goes to another, if there is one that the service
may use. Source: swarmkit, scheduler: maxFailures."""

IN_VAIN = 60.0
"""Seconds from the first of them that were seen to the last: a network may come back."""

NO_PULL = "No such image: "
"""How the error of a task begins whose image its node does not have and could not pull: such a task is waited for to
the end, for its registry may be a service that has just been moved. Source: moby, executor/container: Prepare."""


@dataclass(slots=True)
class _Refusals:
    """The tasks of a service, by ID, that a node could not start while so many were ``there``."""

    since: float
    there: int
    tasks: set[str] = field(default_factory=set)


@dataclass(slots=True)
class SettledWatch:
    """The condition ``services_settled``, with the memory that one wait needs: Swarm keeps a few old tasks only."""

    clock: Callable[[], float] = time.monotonic
    _old: set[str] | None = None
    """IDs of tasks that had ended before the first look."""
    _refusals: dict[tuple[str, str], _Refusals] = field(default_factory=dict)
    """By service and node."""

    def __call__(self, api: EngineClient, *, known: Collection[str]) -> Progress:
        """Look once. Raises ``StepFailed`` where a node has refused tasks of a service long enough."""
        nodes: Mapping[str, Node] = {node["ID"]: node for node in api.nodes()}
        short = [one for one in shortages(api, nodes) if one.service["ID"] not in known]
        late = {one.service["ID"] for one in short}
        self._refusals = {key: found for key, found in self._refusals.items() if key[0] in late}
        refused = [(one, task) for one in short for task in one.tasks if _in_vain(task)]
        if self._old is None:
            self._old = {task["ID"] for _, task in refused}
        for one, task in refused:
            if task["ID"] not in self._old:
                self._note(one, task, nodes)
        text = ", ".join(one.words for one in short[:SHOWN])
        more = f" and {len(short) - SHOWN} more" if len(short) > SHOWN else ""
        return Progress(not short, text + more)

    def _note(self, short: Shortage, task: Task, nodes: Mapping[str, Node]) -> None:
        service, now, key = short.service, self.clock(), (short.service["ID"], task.get("NodeID", ""))
        found = self._refusals.get(key)
        if found is None or found.there < short.there:
            found = self._refusals[key] = _Refusals(now, short.there)
        if task["ID"] in found.tasks:
            return
        found.tasks.add(task["ID"])
        if len(found.tasks) >= REFUSED and now - found.since >= IN_VAIN:
            name, host = service["Spec"]["Name"], node_name(nodes, key[1])
            raise StepFailed(
                f"{host} cannot start tasks of {name}: {len(found.tasks)} in a row",
                cause=became(service, task, nodes, error_of(task)),
                next_action=f"see what {host} lacks: on {host} look at journalctl -u docker; then run the same command"
                " again. No other host is taken out of service before",
            )


def services_settled(api: EngineClient, *, known: Collection[str]) -> Progress:
    """Every service has the tasks that it is to have, and none is being rolled out; but those ``known`` to have too few
    before. A wait uses ``SettledWatch``, which knows more than one look can tell."""
    return SettledWatch()(api, known=known)


def _in_vain(task: Task) -> bool:
    """Whether its node could not start it, and no registry is what was missing."""
    error = error_of(task)
    return never_ran(task) and (error.startswith(NO_IMAGE) or not error.startswith(NO_PULL))
