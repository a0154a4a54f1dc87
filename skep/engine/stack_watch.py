"""Watches a stack until it runs as desired: a few requests a look, whatever the number of services.

What a look may conclude, and why, is written in decision 0013.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import field

from skep.dataclass import dataclass
from skep.engine.failing import Inspect, Report
from skep.engine.progress import Progress, ServiceRow
from skep.engine.services import Verdict, judge
from skep.engine.tasks import Node, Service, Task, parse_time
from skep.engine.transport import EngineClient
from skep.errors import StepFailed
from skep.swarm.labels import of_stack

STEP = 0.1
"""Seconds between two looks while tasks move; as long as the look itself took, where that is more."""

DUE = 0.03
"""The same in the first second after every task has run long enough: Swarm's word on the roll-out comes then."""

LONGEST = 1.0
"""Seconds a look waits at most for the monitor time to be over: a task may fail meanwhile."""

NODES_FOR = 1.0
"""Seconds for which the list of nodes is taken as it was."""

PORT_WAIT = 15.0
"""Seconds for which tasks wait for a port of a host while nothing moves, before that counts as for ever. Swarm places
one within a second of the port's release, or not at all (moby#36934)."""

FAILURES = 3
"""Tasks of one slot that failed one after another, while nothing else of the stack was on its way any more."""


@dataclass(slots=True)
class _Run:
    """When a task was first seen running, and when the last look before that was; seconds of our own clock."""

    seen: float
    before: float | None


@dataclass(slots=True)
class StackWatch:
    """The condition ``stack_running``, with the memory that one wait needs. Survives a change of manager."""

    clock: Callable[[], float] = time.monotonic
    inspect: Inspect = lambda node, container: None
    """Who can ask nodes."""
    _runs: dict[str, _Run] = field(default_factory=dict)
    _excused: set[str] = field(default_factory=set)
    _port_waits: dict[str, tuple[frozenset[str], float]] = field(default_factory=dict)
    """By service: which tasks wait for a port of a host, and since when."""
    _last: float | None = None
    _offset: tuple[str, float] = ("", 0.0)
    _nodes: tuple[float, Mapping[str, Node]] = (float("-inf"), {})
    _seen: tuple[Sequence[Service], Mapping[str, Sequence[Task]], Sequence[Verdict]] = ((), {}, ())

    def __call__(self, api: EngineClient, *, stack: str, services: Sequence[str] = ()) -> Progress:
        """Look once. ``services`` are full names; without any, all of the stack count.

        Raises ``StepFailed`` when waiting longer cannot help: a roll-out paused or rolled back, a job or a service
        whose restart policy is used up, tasks that fail again and again.
        """
        since = self.clock()
        label = {"label": of_stack(stack)}
        listed = api.services(filters=label)
        found = [one for one in listed if not services or one["Spec"]["Name"] in services]
        tasks = self._tasks(api, label, found)
        fresh = {task["ID"] for task in api.tasks(filters={**label, "_up-to-date": "true"})}
        now = self._now(api)
        nodes = self._known_nodes(api)
        own = [task for held in tasks.values() for task in held]
        self._note(own, now)
        first = self._last is None
        verdicts = [judge(one, tasks[one["ID"]], fresh, nodes, lambda task: self._ran(task, now)) for one in found]
        self._seen = (found, _to_blame(found, tasks, fresh), verdicts)
        self._last = now
        if first:
            self._excused |= {one for verdict in verdicts for ids in verdict.failed.values() for one in ids}
        self._refuse(api, stack, verdicts)
        missing = sorted(set(services) - {one["Spec"]["Name"] for one in found})
        rows = [*(verdict.row for verdict in verdicts), *(ServiceRow(name, detail="not there yet") for name in missing)]
        rows.sort(key=lambda row: row.name)
        left = [row for row in rows if row.state != "done"]
        text = "; ".join(f"{row.name}: {row.text}" for row in left[:3]) + (" …" if len(left) > 3 else "")
        late = [verdict for verdict in verdicts if verdict.row.state != "done"]
        return Progress(
            not left,
            text,
            tuple(rows),
            self._again(verdicts, len(left), self.clock() - since),
            arrived=not missing and all(verdict.arrived for verdict in late),
            leader=next((one for one, node in nodes.items() if (node.get("ManagerStatus") or {}).get("Leader")), ""),
        )

    def report(self, api: EngineClient, first: Collection[str] = ()) -> str:
        """Why it does not run, as of the last look: of each service that does not its newest failing task. Those that
        are only on their way come last, and not at all where there are others to name ``first``."""
        services, tasks, verdicts = self._seen
        states = {verdict.row.name: verdict.row.state for verdict in verdicts}
        desired = ("over", "stuck") if first else ("over", "stuck", "moving")
        late = [one for one in services if states[one["Spec"]["Name"]] in desired]
        late.sort(key=lambda one: (one["Spec"]["Name"] not in first, desired.index(states[one["Spec"]["Name"]])))
        missing = {verdict.row.name: verdict.stopping for verdict in verdicts}
        return Report(api, self._nodes[1], self.inspect).of(late, tasks, missing)

    @property
    def remedy(self) -> str:
        """What would help a roll-out that waits in vain, where that is not in the stack's files alone."""
        return next((verdict.remedy for verdict in self._seen[2] if verdict.remedy), "")

    def _tasks(self, api: EngineClient, label: Mapping[str, str], found: Sequence[Service]) -> dict[str, list[Task]]:
        tasks: dict[str, list[Task]] = {service["ID"]: [] for service in found}
        for task in api.tasks(filters=dict(label)):
            if task["ServiceID"] in tasks:
                tasks[task["ServiceID"]].append(task)
        return tasks

    def _now(self, api: EngineClient) -> float:
        """Our clock; how far the manager's is from it is asked once a manager."""
        if self._offset[0] != api.host:
            before = self.clock()
            theirs = parse_time(api.info()["SystemTime"]).timestamp()
            self._offset = (api.host, theirs - (before + self.clock()) / 2)
        return self.clock()

    def _known_nodes(self, api: EngineClient) -> Mapping[str, Node]:
        if self.clock() - self._nodes[0] > NODES_FOR:
            self._nodes = (self.clock(), {node["ID"]: node for node in api.nodes()})
        return self._nodes[1]

    def _note(self, tasks: Collection[Task], now: float) -> None:
        running = {task["ID"] for task in tasks if task["Status"]["State"] == "running"}
        self._runs = {one: self._runs.get(one) or _Run(now, self._last) for one in running}

    def _ran(self, task: Task, now: float) -> float:
        """Seconds it has run by its node's clock, held to what was seen by ours: a node whose clock is wrong can
        neither shorten nor lengthen the watch over a task that started before our eyes."""
        run = self._runs[task["ID"]]
        age = now + self._offset[1] - parse_time(task["Status"]["Timestamp"]).timestamp()
        least, most = now - run.seen, now - run.before if run.before is not None else float("inf")
        return min(max(age, least), most)

    def _refuse(self, api: EngineClient, stack: str, verdicts: Sequence[Verdict]) -> None:
        over = {verdict.row.name: verdict.over for verdict in verdicts if verdict.over}
        if any(verdict.row.state == "moving" for verdict in verdicts):
            self._excused |= {one for verdict in verdicts for ids in verdict.failed.values() for one in ids}
        for verdict in verdicts:
            counts = [len(ids - self._excused) for ids in verdict.failed.values()]
            if verdict.row.state == "stuck" and max(counts, default=0) >= FAILURES:
                over.setdefault(
                    verdict.row.name, f"{verdict.row.name} keeps {verdict.row.fate}: {max(counts)} tasks in a row"
                )
        over |= {name: verdict for name, verdict in self._waiting_in_vain(verdicts).items() if name not in over}
        went_back = any(verdict.row.update == "rollback_completed" for verdict in verdicts if verdict.over)
        if over:
            raise StepFailed(
                "; ".join(over.values()),
                cause=self.report(api, first=over),
                next_action=next((one.remedy for one in verdicts if one.remedy and one.row.name in over), None)
                or (f"its old spec is back; fix what fails, then: invoke stack.deploy {stack}" if went_back else None),
            )

    def _waiting_in_vain(self, verdicts: Sequence[Verdict]) -> dict[str, str]:
        """Services whose tasks have waited long enough for a port of a host, while nothing of the stack moved that
        might give it up."""
        now = self.clock()
        if any(verdict.row.state == "moving" for verdict in verdicts):
            self._port_waits.clear()
            return {}
        before = self._port_waits
        waits = {verdict.row.name: verdict for verdict in verdicts if verdict.port_waits}
        self._port_waits = {
            name: before[name] if name in before and before[name][0] == one.port_waits else (one.port_waits, now)
            for name, one in waits.items()
        }
        return {
            name: f"{'the roll-out of ' if one.row.update else ''}{name} is stuck: {_counted(len(one.port_waits))} for"
            f" a port of a host that nothing gives up"
            for name, one in waits.items()
            if now - self._port_waits[name][1] >= PORT_WAIT
        }

    def _again(self, verdicts: Sequence[Verdict], late: int, took: float) -> float:
        """When all that is missing is time: then. Else soon, but managers that are slow to answer get a rest."""
        times = [verdict.left for verdict in verdicts if verdict.left is not None]
        if not times or len(times) < late or max(times) < -1:
            return max(STEP, took)
        return min(LONGEST, max(DUE, took, *times))


def _counted(tasks: int) -> str:
    return "a task waits" if tasks == 1 else f"{tasks} tasks wait"


def _to_blame(
    services: Sequence[Service], tasks: Mapping[str, Sequence[Task]], fresh: Collection[str]
) -> dict[str, list[Task]]:
    """Tasks of the current specs: what became of older ones says nothing about now. Where Swarm went back, all of them:
    those that failed are of the spec that was taken back."""
    states = {one["ID"]: str((one.get("UpdateStatus") or {}).get("State", "")) for one in services}
    return {
        service: [task for task in held if task["ID"] in fresh or states[service].startswith("rollback")]
        for service, held in tasks.items()
    }
