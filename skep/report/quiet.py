"""Only what was asked for, warnings and errors: for schedulers that send what is printed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from skep.apply import Event, Outcome
from skep.plan import Plan
from skep.report.lines import LinesReporter
from skep.report.reporter import Row
from skep.report.shown import together


class QuietReporter(LinesReporter):
    """Results as lines; nothing of how things go."""

    @contextmanager
    def busy(self, text: str) -> Iterator[None]:
        """Nothing."""
        yield

    def say(self, text: str) -> None:
        """Warnings only."""
        if text.startswith("warning"):
            super().say(text)

    def plan(self, plan: Plan, *, applying: bool, everything: bool = False) -> None:
        """All of a plan that is only shown; of one that is carried out what is wrong."""
        if not applying:
            super().plan(plan, applying=False, everything=everything)
            return
        found = [one for one in plan.findings if one.level != "note" and not (one.standing or one.accepted)]
        for line in together(found, each=False):
            self._finding(line, plan.hosts)

    def event(self, event: Event) -> None:
        """Failures."""
        if event.kind == "failed":
            super().event(event)

    def outcome(self, outcome: Outcome, plan: Plan, seconds: float) -> None:
        """Where not all was done."""
        if outcome.failed or outcome.skipped:
            super().outcome(outcome, plan, seconds)

    def checks(self, checks: Sequence[Row], seconds: float) -> None:
        """Those that failed."""
        bad = [check for check in checks if check.outcome not in ("passed", "skipped")]
        if bad:
            super().checks(bad, seconds)

    def done(self, text: str) -> None:
        """Nothing."""
