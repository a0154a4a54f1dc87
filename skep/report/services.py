"""The services of a stack that is waited for, as lines on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from skep.report.signs import STATES
from skep.report.text import line
from skep.visible import visible

if TYPE_CHECKING:
    from skep.engine import ServiceRow

ORDER = ("over", "stuck", "moving", "done")


def service_lines(rows: Sequence[ServiceRow], *, width: int, room: int) -> Text:
    """A line a service: running of desired, the roll-out's state, what is missing and where.

    At most ``room`` lines of ``width`` columns: those that are not done come first, the others are counted.
    """
    shown, left = list(rows), []
    if len(rows) > room:
        rows = sorted(rows, key=lambda row: ORDER.index(row.state))
        shown, left = list(rows[: room - 1]), rows[room - 1 :]
    name = min(max(cell_len(visible(row.name)) for row in shown), max(12, width // 3))
    count = max(len(_counted(row)) for row in shown)
    update = max(len(row.roll_out) for row in shown)
    lines = [_line(row, name, count, update, width) for row in shown]
    if left:
        done = sum(row.state == "done" for row in left)
        lines.append(Text(f"    … {len(left)} more, {done} of them done", style="dim"))
    return Text("\n").join(lines)


def _counted(row: ServiceRow) -> str:
    return f"{row.running}/{row.desired}"


def _line(row: ServiceRow, name: int, count: int, update: int, width: int) -> Text:
    sign, colour = STATES[row.state]
    called = line(row.name)
    called.truncate(name, overflow="ellipsis", pad=True)
    update_word = f" {row.roll_out:<{update}}" if update else ""
    place = f" on {row.node}" if row.node and row.state == "moving" else ""
    rest = (f" {row.detail}{place}", "" if row.error else "dim")
    shown = line("  ", (sign, colour), " ") + called + line(f" {_counted(row):>{count}}", (update_word, "cyan"), rest)
    shown.truncate(width, overflow="ellipsis")
    return shown
