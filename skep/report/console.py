"""Rich's console, and what it draws beside lines of text. Loading Rich takes longer than most of what a short command
does: so it is imported where something is drawn, and plain lines do without."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TextIO, cast

from rich.console import Console
from rich.table import Table

from skep.report.output import Output
from skep.report.parts import Part
from skep.report.reporter import Row
from skep.report.text import hung, line

WIDE = 160
"""Columns where there is no terminal."""


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Let the error through: who called us ends the run in order, with its own exit code."""
        raise BrokenPipeError


def console(output: Output, *, soft: bool) -> Console:
    """One that writes there. ``soft``: to no terminal."""
    return _Console(file=cast(TextIO, output), highlight=False, emoji=False, width=WIDE if soft else None)


def draw(on: Console, parts: Iterable[Part], *, style: str, soft: bool) -> None:
    """A line; on a terminal what does not fit goes on below its text."""
    text = line(*parts, style=style)
    on.print(text if soft else hung(text), soft_wrap=soft)


def step_grid(role: str, title: str, why: str, detail: Iterable[str]) -> Table:
    """A step of a plan, folded within its columns."""
    table = Table.grid(padding=(0, 1))
    table.add_column(width=2)
    table.add_column(width=9)
    table.add_column(overflow="fold")
    table.add_row("", line(role, style="cyan"), line(title, "  ", (f"({why})", "dim")))
    for one in detail:
        table.add_row("", "", line(f"  {one}"))
    return table


def counted(checks: Sequence[Row]) -> Table:
    """A row a role with how many of its checks ended how."""
    table = Table("role", "passed", "failed", "skipped", "hosts", box=None, pad_edge=False)
    for role in dict.fromkeys(check.role for check in checks):
        own = [check for check in checks if check.role == role]
        bad = [check for check in own if check.outcome not in ("passed", "skipped")]
        passed = sum(check.outcome == "passed" for check in own)
        skipped = sum(check.outcome == "skipped" for check in own)
        hosts = len({check.host for check in own if check.host})
        failed = line(str(len(bad)), style="red" if bad else "")
        table.add_row(line(role), str(passed), failed, str(skipped), str(hosts or ""))
    return table
