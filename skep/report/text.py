"""Where texts of others become what a terminal gets: nothing of theirs is taken as a control character or as markup."""

from __future__ import annotations

import re

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from skep.dataclass import dataclass
from skep.report.parts import Part
from skep.visible import visible

HANG = " " * 4
"""Indent of the second and further lines of a text that has no indent of its own."""


def line(*parts: Part, style: str = "") -> Text:
    """One line out of parts; a line break within one of them is shown as ``\\n``."""
    pairs = [(part, "") if isinstance(part, str) else part for part in parts]
    return Text.assemble(*((visible(text), own) for text, own in pairs), style=style)


LEAD = re.compile(r"\s*(?:(?:error|warning|note|cause|state|next|…|✓|✗|–|·|!):? +)?")
"""What stands before a line's text: its indent, and what kind of line it is."""


@dataclass(frozen=True, slots=True)
class _Hanging:
    """A text without an indent; from its second line on it has one."""

    text: Text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self.text.cell_len <= options.max_width:
            yield self.text
            return
        first, *rest = self.text.wrap(console, options.max_width - len(HANG))
        yield first
        for one in rest:
            yield Text.assemble(HANG, one)


def hung(text: Text) -> RenderableType:
    """The line so that what does not fit goes on below its text, not at the left edge."""
    found = LEAD.match(text.plain)
    lead = found.end() if found else 0
    if lead >= len(text):
        return text
    if not lead:
        return _Hanging(text)
    table = Table.grid()
    table.add_column(width=cell_len(text.plain[:lead]))
    table.add_column(overflow="fold")
    table.add_row(text[:lead], text[lead:])
    return table
