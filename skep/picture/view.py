"""What ``cluster.watch`` shows, what changed between two looks, and when which list is to be read again. Pure: the
clock is given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from datetime import UTC, datetime
from typing import Literal

from skep.dataclass import dataclass
from skep.picture.model import FailedTask, Machine, ServiceLine

GATHER = 0.3
"""Seconds from an event to the reading: events come in bursts, and nodes report tasks to the managers a little later
than their engines report containers."""
REST = 2.0
"""After a reading, at least so many times as long as it took: large clusters are not read without a pause."""
SOON = 1.0
"""Seconds to the next reading without an event, while something is not as desired: a task that waits for an image or
for a node is in no event. Twice as long each time nothing changed."""
LONGEST = 10.0
"""Seconds until a manager is asked again where none answers, at most."""
CALM = 30.0
"""Seconds to the next reading without an event, at most."""

Kind = Literal["cluster", "node", "service", "task"]
NODES, TASKS = "nodes", "tasks"
"""What is read: nodes, or services with their tasks."""


@dataclass(frozen=True, slots=True)
class View:
    """A cluster at one moment (``taken``, UTC), as the manager ``asked`` lists it; empty where none answers, for the
    reason ``why``. ``mute`` are hosts whose events do not arrive, with why."""

    taken: datetime
    machines: tuple[Machine, ...] = ()
    services: tuple[ServiceLine, ...] = ()
    failed: tuple[FailedTask, ...] = ()
    quorum: str = ""
    at_risk: bool = False
    asked: str = ""
    why: str = ""
    mute: Mapping[str, str] = field(default_factory=dict)

    @property
    def settled(self) -> bool:
        """Whether all is as desired, so that nothing is on its way."""
        nodes = [one for one in self.machines if one.in_swarm]
        return bool(self.asked) and all(one.well for one in nodes) and all(one.well for one in self.services)

    @property
    def summary(self) -> str:
        """All of it in one line."""
        nodes = [one for one in self.machines if one.in_swarm]
        return (
            f"{self.quorum}; {sum(one.well for one in nodes)} of {len(nodes)} nodes well;"
            f" {sum(one.well for one in self.services)} of {len(self.services)} services as desired"
        )


@dataclass(frozen=True, slots=True)
class Change:
    """What became another between two looks. ``host`` and ``stack`` are empty where it is about none."""

    time: datetime
    kind: Kind
    name: str
    text: str
    bad: bool = False
    host: str = ""
    stack: str = ""

    def as_json(self) -> dict[str, object]:
        """For scripts."""
        return {
            "time": f"{self.time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "kind": self.kind,
            "name": self.name,
            "host": self.host or None,
            "stack": self.stack or None,
            "bad": self.bad,
            "text": self.text,
        }


Look = tuple[View, Sequence[Change]]
"""How things stand, and what is another than at the look before."""


def changes(before: View | None, after: View) -> list[Change]:
    """From one look to the next. Of the first look, how things stand and what is not as desired."""
    if before is None:
        standing = Change(after.taken, "cluster", after.asked, f"{after.asked} answers: {after.summary}", after.at_risk)
        return [standing, *_mute({}, after), *_troubles(after)]
    return [
        *_asked(before, after),
        *_mute(before.mute, after),
        *_nodes(before, after),
        *_services(before, after),
        *_tasks(before, after),
    ]


def concerns(view: View, change: Change, host: str, stack: str) -> bool:
    """Whether a change is about that host and that stack, as far as they are named. A service is about the hosts that
    its tasks are on, a host about the stacks whose tasks it runs."""
    if change.kind == "cluster":
        return True
    if host and host != change.host and (change.host or change.name not in _on(view, host)):
        return False
    if not stack or stack == change.stack:
        return True
    there = _on(view, change.host)
    return not change.stack and any(one.stack == stack and one.name in there for one in view.services)


def _on(view: View, host: str) -> set[str]:
    """Services with tasks there. Asked for each change that is shown, so no other host is looked at."""
    return {task.service for one in view.machines if one.name == host for task in one.tasks}


def standing(machine: Machine) -> str:
    """A node's state in words."""
    words = [machine.state]
    if machine.availability not in ("", "active"):
        words.append(machine.availability)
    if machine.unreachable:
        words.append(f"{machine.reachability} by the other managers")
    return ", ".join(words)


def _asked(before: View, after: View) -> Iterator[Change]:
    if after.asked != before.asked:
        text = f"{after.asked} answers now" if after.asked else "no manager in a quorum answers; asking again"
        why = f": {after.why}" if after.why else ""
        yield Change(after.taken, "cluster", after.asked or before.asked, f"{text}{why}", bad=not after.asked)
    if after.asked and after.quorum != before.quorum:
        yield Change(after.taken, "cluster", after.asked, after.quorum, after.at_risk)


def _mute(before: Mapping[str, str], after: View) -> Iterator[Change]:
    for host, why in after.mute.items():
        if host not in before:
            text = f"{host}: its events do not arrive: {why}; trying again"
            yield Change(after.taken, "node", host, text, bad=True, host=host)
    for host in before:
        if host not in after.mute:
            yield Change(after.taken, "node", host, f"{host}: its events arrive again", host=host)


def _troubles(view: View) -> Iterator[Change]:
    for machine in view.machines:
        if machine.in_swarm and not machine.well:
            yield _of_node(view, machine, standing(machine))
    for service in view.services:
        if not service.well:
            yield _of_service(view, service, [_counted(service), _rolled(service)])
    yield from (_of_task(view, task) for task in view.failed if not task.over)


def _nodes(before: View, after: View) -> Iterator[Change]:
    old, new = ({one.name: one for one in view.machines if one.in_swarm} for view in (before, after))
    leaders = [next((name for name, one in nodes.items() if one.leader), "") for nodes in (old, new)]
    if leaders[0] != leaders[1]:
        text = f"leader: {leaders[0] or 'none'} → {leaders[1] or 'none'}"
        yield Change(after.taken, "cluster", leaders[1], text, bad=not leaders[1], host=leaders[1])
    for name, one in new.items():
        was = old.get(name)
        if was is None:
            yield _of_node(after, one, f"in the swarm, {standing(one)}")
            continue
        pairs = (
            (was.role, one.role),
            (standing(was), standing(one)),
            (was.engine, one.engine),
        )
        if words := [f"{first or 'unknown'} → {second or 'unknown'}" for first, second in pairs if first != second]:
            yield _of_node(after, one, ", ".join(words))
    for name in old.keys() - new.keys():
        yield Change(after.taken, "node", name, f"{name}: not in the swarm any more", bad=True, host=name)


def _services(before: View, after: View) -> Iterator[Change]:
    old, new = ({one.name: one for one in view.services} for view in (before, after))
    for name, one in new.items():
        was = old.get(name)
        words = []
        if was is None:
            words.append("created")
        elif (was.image, was.digest) != (one.image, one.digest):
            words.append(f"image {_image(was)} → {_image(one)}")
        if was is None or (was.running, was.desired) != (one.running, one.desired):
            words.append(_counted(one))
        if (was.update if was else "") != one.update:
            words.append(_rolled(one))
        if any(words):
            yield _of_service(after, one, words)
    for name in old.keys() - new.keys():
        yield Change(after.taken, "service", name, f"{name}: removed", stack=old[name].stack)


def _tasks(before: View, after: View) -> Iterator[Change]:
    known = {(task.id, task.state) for task in before.failed}
    yield from (_of_task(after, task) for task in after.failed if (task.id, task.state) not in known)


def _counted(one: ServiceLine) -> str:
    return f"{one.running} of {one.desired} {'complete' if one.mode.endswith('job') else 'running'}"


def _rolled(one: ServiceLine) -> str:
    return f"roll-out {one.update.replace('_', ' ')}" if one.update else ""


def _image(one: ServiceLine) -> str:
    return f"{one.image}@{one.digest}" if one.digest else one.image


def _of_node(view: View, one: Machine, text: str) -> Change:
    return Change(view.taken, "node", one.name, f"{one.name}: {text}", bad=not one.well, host=one.name)


def _of_service(view: View, one: ServiceLine, words: Sequence[str]) -> Change:
    text = f"{one.name}: {', '.join(filter(None, words))}"
    return Change(view.taken, "service", one.name, text, bad=not one.well, stack=one.stack)


def _of_task(view: View, task: FailedTask) -> Change:
    place = f" on {task.node}" if task.node else ""
    text = f"{task.name}: {task.state}{place}: {task.error or 'no error is reported'}"
    return Change(view.taken, "task", task.name, text, bad=True, host=task.node, stack=task.stack)


class Due:
    """What is to be read next, and when. Times are seconds of one clock."""

    def __init__(self) -> None:
        self._dirty = {NODES, TASKS}
        self._since = float("-inf")
        self._ended = float("-inf")
        self._rest = 0.0
        self._idle = SOON

    def event(self, kind: str, now: float) -> None:
        """Something happened to a ``node``, ``service`` or ``container``, or (``all``) events may have been missed."""
        if not self._dirty:
            self._since = now
        self._dirty |= {NODES, TASKS} if kind in ("node", "all") else {TASKS}
        self._idle = SOON

    @property
    def when(self) -> float:
        """When to read next, if no event comes before."""
        if self._dirty:
            return max(self._since + GATHER, self._ended + self._rest)
        return self._ended + max(self._idle, self._rest)

    def take(self) -> frozenset[str]:
        """What to read now. What happens from here on is for the next reading."""
        taken = frozenset(self._dirty or {NODES, TASKS})
        self._dirty = set()
        return taken

    def read(self, now: float, took: float, *, changed: bool, settled: bool) -> None:
        """A reading ended."""
        self._ended, self._rest = now, took * REST
        self._idle = CALM if settled else SOON if changed else min(CALM, self._idle * 2)

    def failed(self, now: float) -> None:
        """A reading failed: all of it is to be read, after a rest that gets longer."""
        self._dirty, self._since, self._ended = {NODES, TASKS}, now, now
        self._rest = min(LONGEST, max(SOON, self._rest * 2))
