"""Who hears how a run goes. A schedule or an audit has nobody to hear it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

from skep.apply import Event, Outcome
from skep.plan import Finding, Plan


class Listener:
    """Says nothing; the base of all."""

    def steady(self) -> None:
        """Hosts are changed from here on: to tell raises nothing any more."""

    def busy(self, text: str) -> AbstractContextManager[None]:
        """A context in which something lasts; shown only where it helps."""
        return nullcontext()

    def say(self, text: str) -> None:
        """One line about how things go."""

    def plan(self, plan: Plan, *, applying: bool, everything: bool = False) -> None:
        """The plan, with findings; ``applying`` says whether it is about to be carried out. ``everything``: also what
        is accepted, and what was shown before."""

    def findings(self, findings: Sequence[Finding]) -> None:
        """What is to be said of something that is right, or at the end of a run."""

    def run(self, plan: Plan) -> AbstractContextManager[None]:
        """A context in which steps happen; ``event`` is called within."""
        return nullcontext()

    def event(self, event: Event) -> None:
        """One thing that happened to a step. Called from several threads."""

    def outcome(self, outcome: Outcome, plan: Plan, seconds: float) -> None:
        """How a plan ended: hosts done, failed, skipped."""
