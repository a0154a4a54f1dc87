"""What the edges of a plan's steps stand for, and whether roles declare them."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from typing import Protocol

from skep.steps import EARLIER, Edge, Milestone, Step, StepId


class Declared(Protocol):
    """What a role declares of its steps: their actions, and the milestones that they provide."""

    @property
    def name(self) -> str:
        """The role's name."""

    @property
    def actions(self) -> Container[str]:
        """What its steps do, each in a word."""

    @property
    def milestones(self) -> Collection[Milestone]:
        """What its steps bring about for others, about whichever host or object."""


class Edges:
    """What edges stand for among these steps. ``places``: role → its place in the order."""

    def __init__(self, steps: Mapping[StepId, Step], places: Mapping[str, int]) -> None:
        self._steps = steps
        self._places = places
        self._providers: dict[str, list[tuple[Milestone, Step]]] = {}
        for step in steps.values():
            for milestone in step.provides:
                self._providers.setdefault(milestone.name, []).append((milestone, step))
        self._reached: dict[tuple[str, Milestone], frozenset[StepId]] = {}

    def resolve(self, step: Step, edges: Iterable[Edge]) -> frozenset[StepId]:
        """The ids of the steps to wait for."""
        edges = set(edges)
        milestones = [edge for edge in edges if isinstance(edge, Milestone)]
        found = frozenset(self._steps.keys() & edges)
        return found.union(*(self._reaching(milestone, step.role) for milestone in milestones)) - {step.id}

    def _reaching(self, milestone: Milestone, role: str) -> frozenset[StepId]:
        """The steps to be done before a milestone is reached, as a role waits for it."""
        key = (role, milestone)
        if key not in self._reached:
            self._reached[key] = frozenset(
                step.id
                for provided, step in self._provided(milestone)
                if milestone.is_met_by(provided)
                and (not milestone.in_turn or self._places[step.role] < self._places[role])
            )
        return self._reached[key]

    def _provided(self, milestone: Milestone) -> Iterable[tuple[Milestone, Step]]:
        if milestone == EARLIER:
            return [(EARLIER, step) for step in self._steps.values()]
        return self._providers.get(milestone.name, ())


def check(steps: Iterable[Step], roles: Sequence[Declared]) -> None:
    """Raise ``ValueError`` for what no role declares."""
    known = {role.name: role for role in roles}
    declared = {role.name: {milestone.name for milestone in role.milestones} for role in roles}
    names = {EARLIER.name}.union(*declared.values())
    right: set[Edge] = set()
    for step in steps:
        edges = {step.id, *step.needs, *step.gates, *step.after, *([step.only_with] if step.only_with else ())}
        for one in edges - right:
            if isinstance(one, Milestone):
                if one.name not in names:
                    raise ValueError(f"{step.id} waits for {one}, which no role declares to provide")
            elif one.role not in known:
                raise ValueError(f"{step.id} names {one}, and there is no role {one.role}")
            elif one.action not in known[one.role].actions:
                raise ValueError(f"{step.id} names {one}, and the role {one.role} declares no action {one.action}")
        right |= edges
        for milestone in step.provides:
            if milestone.name not in declared[step.role]:
                raise ValueError(f"{step.id} provides {milestone}, which its role does not declare")


def without_orphans(steps: Mapping[StepId, Step], places: Mapping[str, int]) -> dict[StepId, Step]:
    """The steps less those whose ``only_with`` nothing brings about, and those that need such a one."""
    edges = Edges(steps, places)
    lost = {step.id for step in steps.values() if step.only_with and not edges.resolve(step, [step.only_with])}
    while more := {step.id for step in steps.values() if step.id not in lost and not lost.isdisjoint(step.needs)}:
        lost |= more
    return {name: step for name, step in steps.items() if name not in lost}
