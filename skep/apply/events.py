"""What happens during a run, as data for whoever shows or records it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import field
from typing import TYPE_CHECKING, Literal

from skep.dataclass import dataclass
from skep.errors import LockLost, SkepError
from skep.plan import Step
from skep.steps import Milestone, StepId

if TYPE_CHECKING:
    from skep.engine import ServiceRow

Kind = Literal["started", "progress", "stopping", "done", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a step. ``seconds`` it took, when it ended; ``time`` is seconds since 1970.

    ``stopping``: the run is being ended, and this step is given a moment to end by itself. ``rows``: of a step that
    waits for a stack, its services as they stand.
    """

    kind: Kind
    step: Step
    text: str = ""
    seconds: float = 0.0
    time: float = field(default_factory=time.time)
    rows: tuple[ServiceRow, ...] = ()


Tell = Callable[[Event], None]


@dataclass(slots=True)
class Outcome:
    """How a run ended: steps by id. ``skipped`` maps to what stood in the way; ``lost`` says that the lock was.
    ``left`` says it of each node that was left out of service; ``reached`` are the milestones of the steps done."""

    done: list[StepId] = field(default_factory=list)
    failed: dict[StepId, SkepError] = field(default_factory=dict)
    skipped: dict[StepId, str] = field(default_factory=dict)
    interrupted: bool = False
    lost: LockLost | None = None
    left: list[str] = field(default_factory=list)
    reached: set[Milestone] = field(default_factory=set)

    @property
    def clean(self) -> bool:
        """Whether every step was done."""
        return not (self.failed or self.skipped or self.interrupted or self.lost)
