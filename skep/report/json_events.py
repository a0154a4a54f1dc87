"""JSON events, one a line on stdout and nothing else there."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from skep.apply import Event, Outcome
from skep.errors import OutputLost, SkepError
from skep.plan import Finding, Plan
from skep.report.output import Output
from skep.report.reporter import Reporter, Row
from skep.visible import visible

if TYPE_CHECKING:
    from skep.picture.view import Change


class JsonReporter(Reporter):
    """Each line is an object with ``event``."""

    out: Output

    def __init__(self) -> None:
        self.out = Output(sys.stdout)
        self._lock = threading.Lock()

    def _emit(self, event: str, **values: object) -> None:
        with self._lock:
            text = json.dumps({"event": event, **values}, default=str).replace("\x7f", "\\u007f")
            self.out.write(f"{text}\n")
            self.out.flush()

    def say(self, text: str) -> None:
        """``{"event": "note", "text": …}``"""
        self._emit("note", text=self.spelled(text))

    def document(self, text: str) -> None:
        """The same, as it is."""
        self._emit("note", text=text)

    def note(self, text: str) -> None:
        """The same."""
        self.say(text)

    def plan(self, plan: Plan, *, applying: bool, everything: bool = False) -> None:
        """``{"event": "plan", "steps": […], "findings": […]}``"""
        self._emit("plan", applying=applying, **{**plan.as_json(), "findings": self._spelled(plan.findings)})

    def findings(self, findings: Sequence[Finding]) -> None:
        """``{"event": "findings", "findings": […]}``"""
        if findings:
            self._emit("findings", findings=self._spelled(findings))

    def _spelled(self, findings: Sequence[Finding]) -> list[dict[str, object]]:
        shown = [one.as_json() for one in findings]
        return [{**one, "next": self.spelled(one["next"]) if one["next"] else None} for one in shown]

    def event(self, event: Event) -> None:
        """``{"event": "step", "kind": …, "id": …, "host": …}``; a wait for a stack has ``rows``, see ``ServiceRow``"""
        step = event.step
        self._emit(
            "step",
            kind=event.kind,
            id=step.id,
            host=step.concerns,
            title=step.title,
            time=round(event.time, 3),
            seconds=round(event.seconds, 3),
            text=event.text,
            **({"rows": [asdict(row) for row in event.rows]} if event.rows else {}),
        )

    def outcome(self, outcome: Outcome, plan: Plan, seconds: float) -> None:
        """``{"event": "outcome", "done": […], "failed": {…}, "skipped": {…}}``"""
        failed = {name: "\n".join(error.lines()) for name, error in outcome.failed.items()}
        self._emit(
            "outcome",
            done=outcome.done,
            failed=failed,
            skipped=outcome.skipped,
            seconds=round(seconds, 3),
            interrupted=outcome.interrupted,
        )

    def checks(self, checks: Sequence[Row], seconds: float) -> None:
        """``{"event": "verify", "checks": […]}``"""
        rows = [
            {"role": c.role, "host": c.host, "name": c.name, "outcome": c.outcome, "message": c.message} for c in checks
        ]
        self._emit("verify", checks=rows, seconds=round(seconds, 3))

    def table(
        self,
        name: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[object]],
        title: str = "",
        *,
        for_scripts: Collection[str] = (),
        spare: Sequence[str] = (),
    ) -> None:
        """``{"event": NAME, "rows": [{…}]}``"""
        self._emit(name, rows=[dict(zip(columns, row, strict=True)) for row in rows])

    def log(self, entry: Mapping[str, str], *, timestamps: bool = False, colour: bool = False) -> None:
        """``{"event": "log", "service": …, "task": …, "node": …, "stream": …, "time": …, "text": …}``"""
        self._emit("log", **entry)
        if self.lost:
            raise self.lost

    def change(self, change: Change) -> None:
        """``{"event": "change", "time": …, "kind": …, "name": …, "host": …, "stack": …, "bad": …, "text": …}``"""
        self._emit("change", **change.as_json())
        if self.lost:
            raise self.lost

    def data(self, name: str, value: Mapping[str, object]) -> None:
        """``{"event": NAME, …}``"""
        self._emit(name, **value)

    def done(self, text: str) -> None:
        """``{"event": "done", "text": …}``"""
        self._emit("done", text=self.spelled(text))

    def error(self, error: SkepError) -> None:
        """``{"event": "error", "exit": …, "message": …}``; in words on stderr where that cannot be written"""
        self.steady()
        self._emit(
            "error",
            exit=error.exit_code,
            kind=type(error).__name__,
            message=error.message,
            host=error.host,
            step=error.step,
            cause=error.cause,
            state=error.state,
            next=self.spelled(error.next_action) if error.next_action else None,
            lines=[self.spelled(line) for line in error.lines()],
        )
        if isinstance(self.lost, OutputLost):
            Output(sys.stderr, steady=True).write("".join(f"{visible(line)}\n" for line in error.lines()))
