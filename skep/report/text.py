"""Where texts of others become what a terminal gets: nothing of theirs is taken as a control character or as markup."""

from __future__ import annotations

import re

from rich.cells import cell_len
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from skep.report.parts import Part
from skep.visible import visible


def line(*parts: Part, style: str = "") -> Text:
    """One line out of parts; a line break within one of them is shown as ``\\n``."""
    pairs = [(part, "") if isinstance(part, str) else part for part in parts]
    return Text.assemble(*((visible(text), own) for text, own in pairs), style=style)


LEAD = re.compile(r"\s*(?:(?:error|warning|note|cause|state|next|…|✓|✗|–|·|!):? +)?")
"""What stands before a line's text: its indent, and what kind of line it is."""


def hung(text: Text) -> RenderableType:
    """The line so that what does not fit goes on below its text, not at the left edge."""
    found = LEAD.match(text.plain)
    lead = found.end() if found else 0
    if not lead or lead >= len(text):
        return text
    table = Table.grid()
    table.add_column(width=cell_len(text.plain[:lead]))
    table.add_column(overflow="fold")
    table.add_row(text[:lead], text[lead:])
    return table
