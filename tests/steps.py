"""Steps of roles that there are not: names from their text, and roles that may do anything."""

from __future__ import annotations

from dataclasses import dataclass, field

from skep import milestones
from skep.steps import Milestone, StepId


def step_id(text: str) -> StepId:
    """From ``role/action:object@host``."""
    rest, _, host = text.partition("@")
    what, _, about = rest.partition(":")
    role, _, action = what.partition("/")
    return StepId(role, action, host or None, about or None)


MILESTONES = tuple(one for one in vars(milestones).values() if isinstance(one, Milestone))


class Anything:
    """Holds every word."""

    def __contains__(self, word: object) -> bool:
        return True


@dataclass
class AnyRole:
    """A role that declares everything."""

    name: str
    actions: Anything = field(default_factory=Anything)
    milestones: tuple[Milestone, ...] = MILESTONES


def roles(*names: str) -> list[AnyRole]:
    """Roles of these names, in that order."""
    return [AnyRole(name) for name in names]
