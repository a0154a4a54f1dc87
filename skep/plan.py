"""What is to be done, as data: frozen steps in one graph. Nothing here acts; the executor decides nothing."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Any, ClassVar, Literal, Protocol

from skep.secret import Secret, revealed
from skep.steps import EARLIER, Edge, Milestone, StepId


@dataclass(frozen=True, slots=True)
class Ref:
    """A value known only at the step: shown as ``<name>``, resolved by the executor, never stored.

    Names: ``manager-token``, ``worker-token``, ``unlock-key``, ``manager-addresses`` (list of ``address:2377``),
    ``node-id@HOST``, ``result@STEP`` (what that step gave back), ``registry-logins``, ``author``, ``commit``.
    """

    name: str

    def __str__(self) -> str:
        return f"<{self.name}>"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something the plan has to say without doing anything. An ``error`` forbids to apply the plan;
    a ``note`` says what could not be told."""

    level: Literal["error", "warning", "note"]
    text: str
    host: str | None = None
    role: str = "preflight"
    next_action: str | None = None
    standing: bool = False
    """Always so on these hosts; said where something is planned, not on every look."""
    later: bool = False
    """Something is left to do, which can only be planned once the rest is done."""
    about: StepId | None = None
    """The id of the step it is about: without that in the plan it is not said."""
    unwell: bool = False
    """What it is about is as described and does not run so, and no step of a plan would help."""

    def __str__(self) -> str:
        place = f"{self.host}: " if self.host else ""
        return f"{self.level}: {place}{self.text}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One change. ``id`` names what it is about; ``host`` is where it runs; ``None`` means any reachable manager, but
    not ``avoid`` while there is another.

    ``needs`` is what must have succeeded before: steps by their ids, or milestones. ``gates`` are needs that order a
    roll-out over hosts: ``--limit`` may leave them out. ``after`` only orders. What no step of the plan brings about is
    so already. ``only_with`` leaves the step out of a plan where nothing brings that about, and with it what needs this
    one. ``provides`` are the milestones that are reached once it is done.
    ``writes`` are paths on its host and how many bytes they take at most: preflight looks for room there.
    ``timeout`` in seconds. ``detail`` holds further lines, old → new. ``otherwise`` is what the user can do when a
    script fails, or what is waited for does not come true in time. ``leaves`` says how the node stands that the step is
    about once it is done, and until another step says otherwise; empty: as before.
    """

    kind: ClassVar[str] = "step"

    id: StepId
    title: str
    cause: str
    host: str | None = None
    avoid: str | None = None
    needs: tuple[Edge, ...] = ()
    gates: tuple[Edge, ...] = ()
    after: tuple[Edge, ...] = ()
    only_with: Edge | None = None
    provides: tuple[Milestone, ...] = ()
    timeout: float = 120.0
    writes: Mapping[str, int] = field(default_factory=dict)
    detail: tuple[str, ...] = ()
    otherwise: str | None = None
    leaves: str | None = None

    @property
    def role(self) -> str:
        """The role that planned it."""
        return self.id.role

    @property
    def concerns(self) -> str | None:
        """The host it is about: where it runs, or the node a cluster-wide step changes."""
        return self.host or self.id.host


@dataclass(frozen=True, kw_only=True, slots=True)
class Run(Step):
    """A POSIX sh script, as root. ``files`` are laid under ``$FILES`` for its time and removed after.

    A file is bytes, or data that becomes JSON and may hold a ``Secret`` at any depth: nothing else has to be said
    for it to be kept out of errors. Bytes that hold a secret need it in ``hides``.
    """

    kind: ClassVar[str] = "run"
    script: str
    files: Mapping[str, bytes | Mapping[str, Any]] = field(default_factory=dict, repr=False)
    variables: Mapping[str, str | int | Secret] = field(default_factory=dict)
    """Exported to the script; they travel over stdin, never in argv. What is secret is a ``Secret``."""
    hides: tuple[Secret, ...] = ()
    """Further values that no output of it may show; not sent."""
    restarts: bool = False
    """Whether it ends the engine that runs there, if only for a moment."""
    patience: float = 0.0
    """Seconds for which a script that ends with ``BUSY`` is tried again; what it says is the step's progress."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Put(Step):
    """A file, written in one move, owned by root; through a link, whose target it replaces. A folder in its place is a
    failure."""

    kind: ClassVar[str] = "put"
    path: str
    content: bytes = field(repr=False)
    mode: int = 0o644


@dataclass(frozen=True, kw_only=True, slots=True)
class Call(Step):
    """One operation on the Engine API, named as in ``skep.engine.operations``."""

    kind: ClassVar[str] = "call"
    operation: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wait(Step):
    """A condition on the Engine API that must become true, named as in ``skep.engine.conditions``."""

    kind: ClassVar[str] = "wait"
    condition: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


class Declared(Protocol):
    """What a role declares of its steps: their actions, and the milestones that they provide."""

    @property
    def name(self) -> str:
        """The role's name."""

    @property
    def actions(self) -> Collection[str]:
        """What its steps do, each in a word."""

    @property
    def milestones(self) -> Collection[Milestone]:
        """What its steps bring about for others, about whichever host or object."""


class Plan:
    """Steps in a fixed order with their edges resolved, and the findings that go with them.

    ``roles`` are all there are, in their order: the one in which milestones are reached in turn.
    Raises ``ValueError`` for a duplicate id, a role, action or milestone that no role declares, or a cycle: mistakes of
    a role.
    """

    def __init__(self, items: Iterable[Step | Finding], roles: Sequence[Declared], hosts: Iterable[str]) -> None:
        items = list(items)
        self.hosts = tuple(hosts)
        steps: dict[StepId, Step] = {}
        for item in items:
            if isinstance(item, Step):
                if item.id in steps:
                    raise ValueError(f"two steps with the id {item.id}")
                steps[item.id] = item
        self.roles = tuple(roles)
        _check(steps.values(), self.roles)
        places = {role.name: place for place, role in enumerate(self.roles)}
        steps = _without_orphans(steps, places)
        findings = [item for item in items if isinstance(item, Finding)]
        self.findings = tuple(finding for finding in findings if finding.about is None or finding.about in steps)
        edges = _Edges(steps, places)
        self.gates = {step.id: edges.resolve(step, step.gates) for step in steps.values()}
        self.needs = {step.id: edges.resolve(step, step.needs) | self.gates[step.id] for step in steps.values()}
        self.after = {step.id: edges.resolve(step, step.after) for step in steps.values()}
        try:
            order = TopologicalSorter(
                {name: sorted(self.needs[name] | self.after[name]) for name in steps}
            ).static_order()
            rank = {name: place for place, name in enumerate(order)}
        except CycleError as error:
            raise ValueError(f"the plan has a cycle: {' -> '.join(error.args[1])}") from None
        self.steps = tuple(sorted(steps.values(), key=lambda step: rank[step.id]))

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __len__(self) -> int:
        return len(self.steps)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that forbid to apply."""
        return tuple(finding for finding in self.findings if finding.level == "error")

    @property
    def later(self) -> tuple[Finding, ...]:
        """The findings that leave something to do for another round."""
        return tuple(finding for finding in self.findings if finding.later)

    @property
    def unwell(self) -> tuple[Finding, ...]:
        """The findings about what is as described and does not run so."""
        return tuple(finding for finding in self.findings if finding.unwell)

    def ahead(self, step: StepId) -> set[StepId]:
        """All that a step needs, and what those need."""
        found: set[StepId] = set()
        more = set(self.needs[step])
        while more:
            found |= more
            more = {name for one in more for name in self.needs[one]} - found
        return found

    def by_place(self) -> dict[str, list[Step]]:
        """Steps under the host they concern, hosts in inventory order, then ``cluster``."""
        places: dict[str, list[Step]] = {host: [] for host in self.hosts}
        for step in self.steps:
            places.setdefault(step.concerns or "cluster", []).append(step)
        return {place: steps for place, steps in places.items() if steps}

    def __str__(self) -> str:
        lines = [str(finding) for finding in self.findings]
        for place, steps in self.by_place().items():
            lines.append(place)
            for step in steps:
                lines.append(f"  {step.id.without_host}: {step.title} ({step.cause})")
                lines += [f"      {text}" for text in step.detail]
                waits = sorted(self.needs[step.id] | self.after[step.id])
                if waits:
                    lines.append(f"      after {', '.join(waits)}")
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """The plan for scripts; file contents and secrets are left out."""
        return {
            "steps": [
                {
                    "id": step.id,
                    "kind": step.kind,
                    "host": step.host,
                    "concerns": step.concerns,
                    "title": step.title,
                    "cause": step.cause,
                    "detail": list(step.detail),
                    "needs": sorted(self.needs[step.id]),
                    "after": sorted(self.after[step.id]),
                    "timeout": step.timeout,
                }
                for step in self.steps
            ],
            "findings": [
                {"level": f.level, "host": f.host, "role": f.role, "text": f.text, "next": f.next_action}
                for f in self.findings
            ],
        }


class _Edges:
    """What edges stand for among these steps. ``places``: role → its place in the order."""

    def __init__(self, steps: Mapping[StepId, Step], places: Mapping[str, int]) -> None:
        self._steps = steps
        self._places = places
        self._providers: dict[str, list[tuple[Milestone, Step]]] = {}
        for step in steps.values():
            for milestone in step.provides:
                self._providers.setdefault(milestone.name, []).append((milestone, step))

    def resolve(self, step: Step, edges: Iterable[Edge]) -> frozenset[StepId]:
        """The ids of the steps to wait for."""
        return frozenset(found for edge in edges for found in self._of(edge, step) if found != step.id)

    def _of(self, edge: Edge, step: Step) -> Iterator[StepId]:
        if isinstance(edge, StepId):
            yield from (edge,) if edge in self._steps else ()
        elif edge == EARLIER:
            yield from (name for name, other in self._steps.items() if self._is_before(other, step))
        else:
            for provided, other in self._providers.get(edge.name, ()):
                if edge.is_met_by(provided) and (not edge.in_turn or self._is_before(other, step)):
                    yield other.id

    def _is_before(self, other: Step, step: Step) -> bool:
        return self._places[other.role] < self._places[step.role]


def _check(steps: Iterable[Step], roles: Sequence[Declared]) -> None:
    """Raise ``ValueError`` for what no role declares."""
    known = {role.name: role for role in roles}
    names = {milestone.name for role in roles for milestone in role.milestones} | {EARLIER.name}
    for step in steps:
        edges = (*step.needs, *step.gates, *step.after, *([step.only_with] if step.only_with else ()))
        for one in (step.id, *(edge for edge in edges if isinstance(edge, StepId))):
            if one.role not in known:
                raise ValueError(f"{step.id} names {one}, and there is no role {one.role}")
            if one.action not in known[one.role].actions:
                raise ValueError(f"{step.id} names {one}, and the role {one.role} declares no action {one.action}")
        for edge in edges:
            if isinstance(edge, Milestone) and edge.name not in names:
                raise ValueError(f"{step.id} waits for {edge}, which no role declares to provide")
        for milestone in step.provides:
            if milestone.name not in {one.name for one in known[step.role].milestones}:
                raise ValueError(f"{step.id} provides {milestone}, which its role does not declare")


def _without_orphans(steps: Mapping[StepId, Step], places: Mapping[str, int]) -> dict[StepId, Step]:
    """The steps less those whose ``only_with`` nothing brings about, and those that need such a one."""
    edges = _Edges(steps, places)
    lost = {step.id for step in steps.values() if step.only_with and not edges.resolve(step, [step.only_with])}
    while more := {step.id for step in steps.values() if step.id not in lost and not lost.isdisjoint(step.needs)}:
        lost |= more
    return {name: step for name, step in steps.items() if name not in lost}


def file_bytes(content: bytes | Mapping[str, Any]) -> bytes:
    """A file of a ``Run`` as it is sent: secrets in it are revealed here."""
    if isinstance(content, bytes):
        return content
    return (json.dumps(revealed(content), indent=2, sort_keys=True) + "\n").encode()
