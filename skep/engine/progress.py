"""What a look at a condition shows."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from skep.dataclass import dataclass

UPDATES = {
    "updating": "updating",
    "paused": "paused",
    "rollback_started": "rolling back",
    "rollback_paused": "rollback paused",
    "rollback_completed": "rolled back",
}
"""Swarm's words for a roll-out, as they are shown; ``completed`` needs none."""


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """A service of a stack in one look.

    ``running`` counts tasks of the current spec that run (of a ``job``: that are complete), ``desired`` how many have
    to. ``state``: ``done``; ``moving`` while it gets there; ``stuck`` where tasks fail or cannot be placed; ``over``
    where it will not get there any more. ``update`` is Swarm's word for the roll-out, empty where there is none.
    ``detail`` says what is missing, ``node`` where the slowest task is, ``error`` the newest error, each empty where
    there is nothing to say.
    """

    name: str
    running: int = 0
    desired: int = 0
    state: Literal["done", "moving", "stuck", "over"] = "moving"
    job: bool = False
    update: str = ""
    detail: str = ""
    node: str = ""
    error: str = ""

    @property
    def fate(self) -> str:
        """What the tasks do again and again where they do not keep running."""
        return "ending with 0" if self.error == "ended with 0" else "failing"

    @property
    def roll_out(self) -> str:
        """The roll-out's state in words; empty where there is none, or it is completed."""
        return UPDATES.get(self.update, "")

    @property
    def text(self) -> str:
        """All of it in one phrase."""
        counted = f"{self.running} of {self.desired} {'complete' if self.job else 'running'}"
        return ", ".join(filter(None, (counted, self.detail, self.roll_out)))


@dataclass(frozen=True, slots=True)
class Progress:
    """One look: whether the condition holds, a few words on what is missing, and a row a service where it is about a
    stack. ``again`` is in how many seconds looking again makes sense; ``None`` where nobody can tell.

    ``arrived``: all that is missing is the end of tasks that were asked to stop, which at the deadline is no failure.
    ``grace``: seconds beyond the deadline that such tasks may take, where their end is what is waited for.
    ``leader``: the ID of the manager that leads the swarm, where the look learnt it.
    """

    done: bool
    text: str = ""
    rows: tuple[ServiceRow, ...] = ()
    again: float | None = None
    arrived: bool = False
    grace: float = 0.0
    leader: str = ""

    def accepted(self) -> Progress:
        """The same, accepted as arrived."""
        return replace(self, done=True, rows=tuple(replace(row, state="done") for row in self.rows))
