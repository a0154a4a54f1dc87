"""What is to be done, as data: frozen steps in one graph. Nothing here acts; the executor decides nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Any, ClassVar, Literal

from skep.secret import Secret, revealed


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
    about: str | None = None
    """The id of the step it is about: without that in the plan it is not said."""
    unwell: bool = False
    """What it is about is as described and does not run so, and no step of a plan would help."""

    def __str__(self) -> str:
        place = f"{self.host}: " if self.host else ""
        return f"{self.level}: {place}{self.text}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One change. ``id`` is ``role/action@host``, or ``role/action:object`` where it is cluster-wide.

    ``host`` is where it runs; ``None`` means any reachable manager, but not ``avoid`` while there is another.
    ``needs`` names what must have succeeded before: a step id, ``role/action`` wherever it runs, ``role@host`` for
    all steps of that role there, or ``role`` for all its steps. ``gates`` are needs that order a roll-out over
    hosts: ``--limit`` may leave them out. ``after`` only orders. What no step answers to is so already.
    ``only_with`` leaves the step out of a plan that has no step of that name, and with it what needs this one.
    ``writes`` are paths on its host and how many bytes they take at most: preflight looks for room there.
    ``timeout`` in seconds. ``detail`` holds further lines, old → new. ``otherwise`` is what the user can do when a
    script fails, or what is waited for does not come true in time. ``leaves`` says how the node stands that the step is
    about once it is done, and until another step says otherwise; empty: as before.
    """

    kind: ClassVar[str] = "step"

    id: str
    title: str
    cause: str
    host: str | None = None
    avoid: str | None = None
    needs: tuple[str, ...] = ()
    gates: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    only_with: str | None = None
    timeout: float = 120.0
    writes: Mapping[str, int] = field(default_factory=dict)
    detail: tuple[str, ...] = ()
    otherwise: str | None = None
    leaves: str | None = None

    @property
    def role(self) -> str:
        """The role that planned it."""
        return self.id.partition("/")[0]

    @property
    def concerns(self) -> str | None:
        """The host it is about: where it runs, or the node a cluster-wide step changes."""
        return self.host or (self.id.partition("@")[2] or None)


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


class Plan:
    """Steps in a fixed order with their edges resolved, and the findings that go with them.

    Raises ``ValueError`` for a duplicate id, a need on an unknown role, or a cycle: mistakes of a role.
    """

    def __init__(self, items: Iterable[Step | Finding], roles: Iterable[str], hosts: Iterable[str]) -> None:
        items = list(items)
        self.hosts = tuple(hosts)
        steps: dict[str, Step] = {}
        for item in items:
            if isinstance(item, Step):
                if item.id in steps:
                    raise ValueError(f"two steps with the id {item.id}")
                steps[item.id] = item
        names = set(roles)
        steps = _without_orphans(steps, names)
        findings = [item for item in items if isinstance(item, Finding)]
        self.findings = tuple(finding for finding in findings if finding.about is None or finding.about in steps)
        groups = _groups(steps.values(), names)
        self.gates = {step.id: _resolve(step, step.gates, groups) for step in steps.values()}
        self.needs = {step.id: _resolve(step, step.needs, groups) | self.gates[step.id] for step in steps.values()}
        self.after = {step.id: _resolve(step, step.after, groups) for step in steps.values()}
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

    def ahead(self, step: str) -> set[str]:
        """All that a step needs, and what those need."""
        found: set[str] = set()
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
                lines.append(f"  {step.id.partition('@')[0]}: {step.title} ({step.cause})")
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


def _groups(steps: Iterable[Step], roles: set[str]) -> dict[str, set[str]]:
    """Names a need may use → the ids they stand for."""
    groups: dict[str, set[str]] = {role: set() for role in roles}
    for step in steps:
        groups.setdefault(step.id, set()).add(step.id)
        groups[step.role].add(step.id)
        groups.setdefault(re.split("[@:]", step.id)[0], set()).add(step.id)
        if step.concerns:
            groups.setdefault(f"{step.role}@{step.concerns}", set()).add(step.id)
    return groups


def _without_orphans(steps: Mapping[str, Step], roles: set[str]) -> dict[str, Step]:
    """The steps less those whose ``only_with`` is not among them, and those that need such a one."""
    groups = _groups(steps.values(), roles)
    lost = {step.id for step in steps.values() if step.only_with and not groups.get(step.only_with)}
    while more := {step.id for step in steps.values() if step.id not in lost and lost & set(step.needs)}:
        lost |= more
    return {name: step for name, step in steps.items() if name not in lost}


def _resolve(step: Step, names: Iterable[str], groups: Mapping[str, set[str]]) -> frozenset[str]:
    found: set[str] = set()
    for name in names:
        role = name.partition("/")[0].partition("@")[0]
        if role not in groups:
            raise ValueError(f"{step.id} needs {name}, and there is no role {role}")
        found |= groups.get(name, set())
    return frozenset(found - {step.id})


def file_bytes(content: bytes | Mapping[str, Any]) -> bytes:
    """A file of a ``Run`` as it is sent: secrets in it are revealed here."""
    if isinstance(content, bytes):
        return content
    return (json.dumps(revealed(content), indent=2, sort_keys=True) + "\n").encode()
