"""Plays a plan on a world the way an executor may: any order the graph allows, steps overlapping, with faults."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any, Literal

from skep.model import Cluster
from skep.plan import Plan, Step, Wait
from tests.world.deeds import INTERRUPTING, Deed, node_id
from tests.world.machine import NotYet, Refused
from tests.world.raft import NAMESPACE, Swarm
from tests.world.world import Watch, World

FaultKind = Literal["before", "after", "dead"]


@dataclass(frozen=True)
class Fault:
    """The ``at``-th step begun fails: before it does anything, after it did all, or leaving the engine dead (of a
    step made of several changes, after the first)."""

    at: int
    kind: FaultKind


@dataclass
class Outcome:
    """Step ids by how they ended, failures with their reason. ``order`` is the order in which steps began."""

    done: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    order: list[str] = field(default_factory=list)

    @property
    def settled(self) -> set[str]:
        return {*self.done, *self.failed, *self.skipped}


class Play:
    """One run of a plan. ``luck`` decides what happens next, ``faults`` what breaks. A play that is ``ending``
    the swarm may lose its quorum."""

    def __init__(
        self,
        plan: Plan,
        world: World,
        cluster: Cluster,
        luck: Random,
        *,
        faults: tuple[Fault, ...] = (),
        ending: bool = False,
    ) -> None:
        self.plan, self.world, self.cluster, self.luck = plan, world, cluster, luck
        self.faults = {fault.at: fault.kind for fault in faults}
        self.watch = Watch(world, cluster, ending=ending)
        self.outcome = Outcome()
        self.running: dict[str, Deed] = {}
        self.waiting: dict[str, Step] = {step.id: step for step in plan}

    def run(self, stop_after: int | None = None) -> Outcome:
        """Until every step has ended, or the tool is killed after that many events: what was begun then ends by
        itself or never, as luck has it."""
        events = 0
        while self.waiting or self.running:
            self._skip()
            if stop_after is not None and events >= stop_after:
                self._die()
                break
            self._next()
            events += 1
        return self.outcome

    def _next(self) -> None:
        """Let one of the things that can happen now happen; where nothing can, the patient have waited in vain."""
        choices: list[tuple[str, Callable[[], bool]]] = [
            (f"{lag} is noticed", partial(_notice, swarm, lag)) for swarm, lag in self.world.lags()
        ]
        choices += [(step.id, partial(self._start, step)) for step in self._ready()]
        choices += [(name, partial(self._finish, name)) for name in self.running]
        self.luck.shuffle(choices)
        for event, happen in choices:
            if happen():
                self.watch.look(event)
                return
        for name in [*self.running, *(step.id for step in self._ready())]:
            self._end(name, "waited in vain")

    def _ready(self) -> list[Step]:
        settled, done = self.outcome.settled, set(self.outcome.done)
        return [
            step
            for step in self.waiting.values()
            if self.plan.needs[step.id] <= done and self.plan.after[step.id] <= settled
        ]

    def _skip(self) -> None:
        """Give up what needs something that failed or was skipped."""
        for step in self.plan:
            if step.id in self.waiting and self.plan.needs[step.id] & {*self.outcome.failed, *self.outcome.skipped}:
                del self.waiting[step.id]
                self.outcome.skipped.append(step.id)

    def _start(self, step: Step) -> bool:
        if isinstance(step, Wait):
            if not holds(self.world, self.cluster, step):
                return False
            self._end(step.id)
            return True
        try:
            deed = Deed(self.world, self.cluster, self.watch, step)
        except NotYet:
            return False
        fault = self.faults.get(len(self.outcome.order))
        self.outcome.order.append(step.id)
        if fault and (deed.action in INTERRUPTING or deed.action.endswith("/unlock")):
            self.watch.broken.add(deed.host)
        if fault == "before":
            self._end(step.id, "fault before it began")
            return True
        try:
            deed.begin()
            if fault == "dead" and deed.action in INTERRUPTING:
                self._end(step.id, "fault: the engine does not return")
                return True
            if fault == "dead":
                deed.writes = 1
            if fault:
                deed.finish()
                self._end(step.id, "fault after it was done")
                return True
        except Refused as error:
            self._end(step.id, str(error))
            return True
        self.running[step.id] = deed
        del self.waiting[step.id]
        if step.host is None and step.kind == "call":
            self._finish(step.id)
        return True

    def _finish(self, name: str) -> bool:
        try:
            self.running[name].finish()
        except NotYet:
            return False
        except Refused as error:
            self._end(name, str(error))
            return True
        self._end(name)
        return True

    def _end(self, name: str, failure: str | None = None) -> None:
        self.waiting.pop(name, None)
        self.running.pop(name, None)
        if failure:
            self.outcome.failed[name] = failure
        else:
            self.outcome.done.append(name)

    def _die(self) -> None:
        """The tool is gone. Scripts on hosts go on to their end, or end where they are with the engine up."""
        for deed in self.running.values():
            try:
                if self.luck.random() < 0.5:
                    deed.finish()
                elif deed.action in INTERRUPTING and deed.machine.installed:
                    self.world.start(deed.machine)
            except Refused:
                continue


def holds(world: World, cluster: Cluster, wait: Wait) -> bool:
    """Whether the condition of a step is true now, in the eyes of a manager that answers."""
    able = world.managers(cluster, wait.avoid)
    swarm = world.swarm_of(able[0]) if able else None
    if swarm is None:
        return False
    arguments = dict(wait.arguments)
    try:
        if "node" in arguments:
            arguments["node"] = node_id(world, arguments["node"])
    except Refused:
        return False
    return CONDITIONS[wait.condition](swarm, **arguments)


def _node_ready(swarm: Swarm, *, node: str) -> bool:
    found = swarm.find(node)
    if found is None or not found.ready:
        return False
    if found.role == "manager":
        return found.member and swarm.alive(found)
    return not found.member


def _node_down(swarm: Swarm, *, node: str) -> bool:
    found = swarm.find(node)
    return found is None or not found.ready


def _quorum_without(swarm: Swarm, *, node: str) -> bool:
    managers = [other for other in swarm.nodes.values() if other.role == "manager" or other.member]
    others = [other for other in managers if other.id != node]
    return not others or len([o for o in others if o.member and swarm.alive(o)]) >= len(managers) // 2 + 1


def _services_moved(swarm: Swarm, *, services: object) -> bool:
    return True


def _services_settled(swarm: Swarm, *, known: object) -> bool:
    return True


def _node_drained(swarm: Swarm, *, node: str) -> bool:
    found = swarm.find(node)
    return found is not None and not found.busy


def _notice(swarm: Swarm, lag: str) -> bool:
    swarm.catch_up(lag)
    return True


def _node_empty(swarm: Swarm, *, node: str) -> bool:
    found = swarm.find(node)
    return found is not None and not (found.busy and found.ready)


def _stack_running(swarm: Swarm, *, stack: str, services: Sequence[str]) -> bool:
    places = [node for node in swarm.nodes.values() if node.availability == "active" and node.ready]
    return set(services) <= set(swarm.stack(stack)) and any(swarm.alive(node) for node in places)


def _stack_gone(swarm: Swarm, *, stack: str, keep: Sequence[str] = ()) -> bool:
    labels = [overlay.settings["labels"] for name, overlay in swarm.networks.items() if name not in keep]
    return not swarm.stack(stack) and stack not in [label.get(NAMESPACE) for label in labels]


CONDITIONS: Mapping[str, Callable[..., bool]] = {
    "node_ready": _node_ready,
    "node_down": _node_down,
    "quorum_without": _quorum_without,
    "node_drained": _node_drained,
    "node_empty": _node_empty,
    "services_moved": _services_moved,
    "services_settled": _services_settled,
    "stack_running": _stack_running,
    "stack_gone": _stack_gone,
}


def play(plan: Plan, world: World, cluster: Cluster, luck: Random, **more: Any) -> Outcome:
    """Play a whole plan. ``faults`` and ``stop_after`` as in ``Play``."""
    stop_after = more.pop("stop_after", None)
    return Play(plan, world, cluster, luck, **more).run(stop_after)
