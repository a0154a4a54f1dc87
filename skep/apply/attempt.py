"""One step under way: its limits, what was seen of it, and the words for how far it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import field
from typing import TypeVar

from skep.dataclass import dataclass
from skep.engine import Progress
from skep.errors import StepFailed
from skep.lock.lease import AGAIN, Limits
from skep.measures import seconds_text
from skep.plan import Step

T = TypeVar("T")

SETTLING = 120.0
"""Seconds beyond its deadline that a wait has once a manager is lost or another one leads: managers elect a leader (10
to 20 s a round), nodes find it (up to 8 s between two tries), and it waits up to a minute for each old task anew.
Sources: moby/swarmkit ``manager/state/raft``, ``agent/session.go``, ``manager/orchestrator/restart``."""

Say = Callable[..., None]
"""Takes a few words on how far a step is, and the rows that go with them, if any."""


@dataclass(slots=True)
class Attempt:
    """One step under way, on whichever manager: its limits, and one memory of what was seen."""

    step: Step
    say: Say
    limits: Limits
    look: Callable[..., Progress] | None
    heard: float = field(default_factory=time.monotonic)
    """When a manager last answered."""
    failed: bool = False
    """Whether a manager said at once that it failed."""
    leader: str = ""
    """Who led the swarm when that was last seen."""

    def begin_anew(self) -> str:
        """Something happened among the managers: what Swarm was at begins anew, and so does a wait for it. What there
        is to say of that."""
        if not self.look:
            return ""
        return f"; waits up to {seconds_text(self.limits.start_again(SETTLING))} from now on"

    def led_by(self, leader: str) -> None:
        """Take note of who leads the swarm."""
        if leader and self.leader not in ("", leader):
            self.say(f"the swarm has another leader{self.begin_anew()}")
        self.leader = leader or self.leader


def say_changed(say: Say, before: Progress, now: Progress) -> None:
    """Tell what is new: words, with the rows where there are any."""
    if now.rows and now.rows != before.rows:
        say(now.text, now.rows)
    elif now.text and now.text != before.text:
        say(now.text)


def understood(step: Step, act: Callable[[], T]) -> T:
    try:
        return act()
    except (LookupError, TimeoutError) as error:
        raise StepFailed("cannot be done", step=step.id, cause=str(error), next_action=AGAIN) from None
