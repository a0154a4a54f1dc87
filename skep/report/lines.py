"""Plain lines for logs and pipes; what a person reads, without motion."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import zip_longest
from typing import TYPE_CHECKING

from skep.apply import Event, Outcome
from skep.errors import SkepError
from skep.plan import Finding, Plan, Step
from skep.report.counts import alike, label_of, parts_of, why
from skep.report.output import Output
from skep.report.parts import Part, plain
from skep.report.progress import Rows, Running
from skep.report.reporter import Reporter, Row
from skep.report.shown import Together, not_repeated, said_of, together
from skep.report.signs import EVENTS, STATES
from skep.visible import visible, visible_lines, visible_log
from skep.workers import regularly

if TYPE_CHECKING:
    from rich.console import Console

    from skep.picture.view import Change

EVERY = 30.0
"""Seconds between two lines about the same."""

LABEL = 40
"""Columns to which labels of log lines are padded, at most."""


class LinesReporter(Reporter):
    """Prints as things happen. ``verbose`` adds starts, progress and the plan's order."""

    out: Output

    def __init__(self, *, verbose: bool = False) -> None:
        self.verbose = verbose
        self.soft = not sys.stdout.isatty()
        self.out = Output(sys.stdout)
        self._err = Output(sys.stderr, steady=True)
        self._forced = bool(os.environ.get("FORCE_COLOR"))
        self._lock = threading.Lock()
        self._rows = Rows()
        self._columns = 0
        self._waiting: Sequence[str] = ()
        """Hosts that have not answered so far."""
        self._running = Running()
        self._counted = False
        """Whether findings that are not repeated were counted."""

    @contextmanager
    def busy(self, text: str) -> Iterator[None]:
        """A line now and then, where it lasts."""
        if self.verbose:
            self.say(text)
        since = time.monotonic()

        def still() -> None:
            hosts = f": waiting for {', '.join(self._waiting)}" if self._waiting else ""
            with self._lock:
                self._print(("…", "cyan"), f" {text}{hosts}, {time.monotonic() - since:.0f} s so far")

        with regularly(still, every=EVERY, name="progress"):
            yield
        self._waiting = ()

    def waiting(self, hosts: Sequence[str]) -> None:
        """Named where it lasts."""
        self._waiting = hosts

    @cached_property
    def console(self) -> Console:
        """For what is drawn on stdout."""
        from skep.report.console import console

        return console(self.out, soft=self.soft)

    @cached_property
    def errors(self) -> Console:
        """For what is drawn on stderr."""
        from skep.report.console import console

        return console(self._err, soft=not sys.stderr.isatty())

    def _print(self, *parts: Part, style: str = "") -> None:
        if self.soft and not self._forced:
            self.out.line(plain(parts))
            return
        from skep.report.console import draw

        draw(self.console, parts, style=style, soft=self.soft)

    def _print_err(self, text: str, style: str = "") -> None:
        soft = not sys.stderr.isatty()
        if soft and not self._forced:
            self._err.line(plain([text]))
            return
        from skep.report.console import draw

        draw(self.errors, [text], style=style, soft=soft)

    def say(self, text: str) -> None:
        """A line."""
        self._print(self.spelled(text))

    def document(self, text: str) -> None:
        """Lines as they are."""
        for one in visible_lines(text):
            self._print(one)

    def note(self, text: str) -> None:
        """A line on stderr."""
        self._print_err(self.spelled(text), "yellow")

    def plan(self, plan: Plan, *, applying: bool, everything: bool = False) -> None:
        """Findings, then steps under their hosts; hosts with the same steps share one list."""
        self._findings(
            [one for one in plan.findings if len(plan) or not (applying and one.standing)], plan.hosts, everything
        )
        if self.shown and plan.whole:
            self.shown.note((), of=plan.findings)
        if not len(plan) or (applying and plan.errors):
            return
        for places, steps in (
            [([place], steps) for place, steps in plan.by_place().items()] if self.verbose else alike(plan)
        ):
            self._print(", ".join(places), style="bold")
            for step in steps:
                self._step(plan, step)
        count, hosts = len(plan), len([place for place in plan.by_place() if place != "cluster"])
        errors = len(plan.errors)
        text = f"{count} step{'s' if count != 1 else ''}"
        if errors:
            self._print(f"{text}, refused for {errors} error{'s' if errors != 1 else ''} above")
            return
        verb = "to do" if applying else "would be done"
        self._print(f"{text} {verb}" + (f" on {hosts} host{'s' if hosts != 1 else ''}" if hosts else ""))

    def findings(self, findings: Sequence[Finding]) -> None:
        """Lines, but for those that are accepted."""
        self._findings(findings, (), everything=self.verbose)

    def _findings(self, findings: Sequence[Finding], hosts: Sequence[str], everything: bool) -> None:
        """``everything``: also what is accepted, and what was shown before."""
        new = [one for one in findings if not one.accepted and not self._was_shown(one)]
        shown = list(findings) if everything or self.verbose else new
        lines = together(shown, each=self.verbose)
        for line, after in zip_longest(lines, lines[1:]):
            last = after is None or after.first.next_action != line.first.next_action
            self._finding(line, hosts, last=last)
        accepted = sum(one.accepted is not None for one in findings)
        before = len(findings) - len(new) - accepted
        if len(shown) < len(findings) and not self._counted:
            self._counted = True
            self._print((self.spelled(not_repeated(accepted, before)), "dim"))
        if self.shown:
            self.shown.note(one for one in shown if one.standing)

    def _was_shown(self, finding: Finding) -> bool:
        return finding.standing and finding.level != "error" and bool(self.shown and self.shown.knows(finding))

    def _finding(self, line: Together, hosts: Sequence[str] = (), *, last: bool = True) -> None:
        """``last`` of those in a row that want the same: what to do is said once."""
        finding = line.first
        self._print(*said_of(line, hosts, self.spelled))
        if finding.next_action and last and not finding.accepted:
            self._print(f"  next: {self.spelled(finding.next_action)}")

    def _step(self, plan: Plan, step: Step) -> None:
        waits = sorted(plan.needs[step.id] | plan.after[step.id]) if self.verbose else []
        detail = [*step.detail, *([f"after {', '.join(waits)}"] if waits else [])]
        if self.soft:
            self._print(f"   {step.role:<9} {step.title}  ({why(step)})")
            for one in detail:
                self._print(f"               {one}")
            return
        from skep.report.console import step_grid

        self.console.print(step_grid(step.role, step.title, why(step), detail))

    @contextmanager
    def run(self, plan: Plan) -> Iterator[None]:
        """Steps are printed as they end, and now and then those that last."""
        with regularly(self._print_running, every=EVERY, name="progress"):
            yield
        self._running.clear()

    def _print_running(self) -> None:
        with self._lock:
            for line in self._running.lasting(EVERY / 2):
                self._print(("…", "cyan"), line)

    def event(self, event: Event) -> None:
        """A line a finished step, and one where a service of a stack that is waited for came to another state; more
        with ``verbose``."""
        with self._lock:
            self._running.note(event)
            if event.rows and not self.verbose:
                self._print_rows(event)
        if (event.kind in ("started", "progress") and not self.verbose) or (event.rows and not event.text):
            return
        with self._lock:
            self._print_event(event)

    def _print_rows(self, event: Event) -> None:
        for row in self._rows.new(event.step.id, event.rows):
            sign, colour = STATES[row.state]
            self._print((sign, colour), f" {'':8} {row.name} {row.text}")

    def _print_event(self, event: Event) -> None:
        sign, colour = EVENTS.get(event.kind, ("·", "dim"))
        step = event.step
        took = f" {event.seconds:.1f} s" if event.seconds else ""
        words = f"  {event.text}" if event.text and event.kind != "failed" else ""
        self._print((sign, colour), f" {step.concerns or 'cluster':8} {step.title}", (took, "dim"), (words, "dim"))
        if event.kind == "failed":
            self._block(self.spelled(event.text))

    def _block(self, text: str) -> None:
        """The lines of a longer text, set in."""
        for one in visible_lines(text):
            self._print(f"    {one}")

    def outcome(self, outcome: Outcome, plan: Plan, seconds: float) -> None:
        """Which hosts are done, failed, skipped."""
        self._print(*parts_of(outcome, plan, seconds))

    def checks(self, checks: Sequence[Row], seconds: float) -> None:
        """One row a role with a column of results; each failure below with its words."""
        from skep.report.console import counted

        self.console.print(counted(checks))
        for check in checks:
            place = check.host or "cluster"
            if check.outcome not in ("passed", "skipped"):
                self._print(("✗", "red"), f" {place}: {check.role}: {check.name}")
                self._block(check.message)
            elif self.verbose:
                self._print(("✓", "green"), f" {place}: {check.name}")

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
        """Columns without frames; on a narrow terminal the last one below, if need be."""
        from skep.report.tables import tables

        if title:
            self._print(title, style="bold")
        shown = [place for place, column in enumerate(columns) if column not in for_scripts]
        cells = [["" if row[place] is None else visible(str(row[place])) for place in shown] for row in rows]
        names = [visible(columns[place]) for place in shown]
        kept = () if self.soft else tuple(name for name in spare if name in names)
        for part in tables(names, cells, self.console.width, kept):
            self.console.print(part)

    def log(self, entry: Mapping[str, str], *, timestamps: bool = False, colour: bool = False) -> None:
        """Task, node and text; on a terminal each service has a colour that stays the same."""
        if self.lost:
            raise self.lost
        from skep.report.logs import logged

        self._columns = max(self._columns, min(len(label_of(entry)), LABEL))
        stamp = f"{visible(entry['time'])} " if timestamps and entry["time"] else ""
        if self.soft:
            self.out.line(f"{stamp}{label_of(entry):<{self._columns}} | {visible_log(entry['text'], colour=colour)}")
        else:
            logged(self.console, self.out, entry, stamp, self._columns, colour=colour)

    def change(self, change: Change) -> None:
        """Time (UTC) and text."""
        if self.lost:
            raise self.lost
        self._print((f"{change.time:%Y-%m-%dT%H:%M:%SZ} ", "dim"), (change.text, "red" if change.bad else ""))

    def done(self, text: str) -> None:
        """The last line."""
        self._print(self.spelled(text), style="green")

    def error(self, error: SkepError) -> None:
        """On stderr."""
        first, *rest = map(self.spelled, error.lines())
        self._print_err(first, "red")
        for one in rest:
            self._print_err(one)
