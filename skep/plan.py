"""What is to be done: steps in one graph, and what is to be said of it. Nothing here acts or decides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any, Literal

from skep.dataclass import dataclass
from skep.edges import Declared as Declared
from skep.edges import Edges, check, without_orphans
from skep.kinds import Kind
from skep.steps import Call as Call
from skep.steps import Fetch as Fetch
from skep.steps import Milestone, StepId
from skep.steps import Put as Put
from skep.steps import Ref as Ref
from skep.steps import Run as Run
from skep.steps import Send as Send
from skep.steps import Step as Step
from skep.steps import Wait as Wait
from skep.steps import file_bytes as file_bytes

if TYPE_CHECKING:
    from skep.model import Accepted


@dataclass(frozen=True, slots=True)
class Finding:
    """Something the plan has to say without doing anything. An ``error`` forbids to apply the plan;
    a ``note`` says what could not be checked."""

    level: Literal["error", "warning", "note"]
    text: str
    host: str | None = None
    role: str = "preflight"
    next_action: str | None = None
    standing: bool = False
    """Always so on these hosts; said where something is planned, not on every look."""
    later: bool = False
    """Something is left to do, which can only be planned once the rest is done."""
    unless: Step | Milestone | None = None
    """Of an error: what may end it, if steps of the plan provide that; or the step that waits until it is over, once
    what that one gates on is done (``skep.deferring``)."""
    about: StepId | None = None
    """The id of the step it is about: without that in the plan it is not said."""
    unwell: bool = False
    """What it is about is as described and does not run so, and no step of a plan would help."""
    outcome: bool = False
    """A step found it out: the run that took it says so at its end."""
    kind: Kind | None = None
    """What it says, for those who accept that; each warning has one, and no error."""
    stack: str | None = None
    accepted: Accepted | None = None
    """Who said in the inventory that it may be so."""
    lapsed: Accepted | None = None
    """Who said so until a day that is over."""

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts it is about; some findings name several."""
        return tuple(self.host.split(", ")) if self.host else ()

    def __str__(self) -> str:
        place = f"{self.host}: " if self.host else ""
        return f"{self.level}: {place}{self.text}"

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "level": self.level,
            "id": self.kind.id if self.kind else None,
            "host": self.host,
            "stack": self.stack,
            "role": self.role,
            "text": self.text,
            "next": self.next_action,
            "standing": self.standing,
            "accepted": self.accepted.as_json() if self.accepted else None,
            "lapsed": self.lapsed.as_json() if self.lapsed else None,
        }


class Plan:
    """Steps in a fixed order with their edges resolved, and the findings that go with them.

    ``roles`` are all there are, in their order: the one in which milestones are reached in turn. ``whole``: it has
    all findings that there are, of every host and role.
    Raises ``ValueError`` for a duplicate id, a role, action or milestone that no role declares, or a cycle: mistakes of
    a role.
    """

    def __init__(
        self, items: Iterable[Step | Finding], roles: Sequence[Declared], hosts: Iterable[str], *, whole: bool = False
    ) -> None:
        items = list(items)
        self.hosts = tuple(hosts)
        self.whole = whole
        steps: dict[StepId, Step] = {}
        for item in items:
            if isinstance(item, Step):
                if item.id in steps:
                    raise ValueError(f"two steps with the id {item.id}")
                steps[item.id] = item
        self.roles = tuple(roles)
        check(steps.values(), self.roles)
        places = {role.name: place for place, role in enumerate(self.roles)}
        steps = without_orphans(steps, places)
        findings = [item for item in items if isinstance(item, Finding)]
        self.findings = tuple(finding for finding in findings if finding.about is None or finding.about in steps)
        edges = Edges(steps, places)
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
            "findings": [finding.as_json() for finding in self.findings],
        }
