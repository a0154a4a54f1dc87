"""Lines of services' logs on a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from zlib import crc32

from skep.report.counts import label_of
from skep.report.output import Output
from skep.report.signs import COLOURS
from skep.report.text import line
from skep.visible import visible_log

if TYPE_CHECKING:
    from rich.console import Console


def logged(console: Console, out: Output, entry: Mapping[str, str], stamp: str, columns: int, *, colour: bool) -> None:
    """Prints one, its label padded to ``columns``, in a colour of its service that stays the same. With ``colour`` the
    text keeps those that it has."""
    said = visible_log(entry["text"], colour=colour)
    own = COLOURS[crc32(entry["service"].encode(errors="surrogateescape")) % len(COLOURS)]
    label = f"{label_of(entry):<{columns}} |"
    console.print(line((stamp, "dim"), (label, own), " "), soft_wrap=True, end="")
    if colour:
        out.write(f"{said}\n")
    else:
        console.print(line(said, style="red" if entry["stream"] == "error" else ""), soft_wrap=True)
