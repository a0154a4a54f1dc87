"""Text that others wrote, as a terminal may show it: nothing in it moves the cursor, colours, ends a line or hides."""

from __future__ import annotations

import re
from unicodedata import category

HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories of what acts instead of being seen: control characters (C0, DEL, C1), format characters (the
bidirectional ones among them), halves of surrogate pairs (bytes that are no UTF-8), line and paragraph separators."""

COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
"""A sequence that sets colour or weight and does nothing else (SGR of ECMA-48)."""

TAB = 8


def visible(text: str) -> str:
    """The text in one line, each character that cannot be seen as its escape, such as ``\\n`` or ``\\x1b``."""
    return text if text.isprintable() else "".join(map(_shown, text))


def visible_lines(text: str) -> list[str]:
    """A text of several lines: the line breaks are kept, tabs become spaces, all else is as in ``visible``."""
    return [visible(line.removesuffix("\r").expandtabs(TAB)) for line in text.split("\n")]


def visible_log(text: str, *, colour: bool = False) -> str:
    """A line that a container printed: its colours are dropped, or kept and ended with the line."""
    text = text.rstrip("\r\n")
    if not colour:
        return visible(COLOUR.sub("", text).expandtabs(TAB))
    plain = [visible(part.expandtabs(TAB)) for part in COLOUR.split(text)]
    colours = COLOUR.findall(text)
    return "".join(part + one for part, one in zip(plain, [*colours, "\x1b[0m" if colours else ""], strict=True))


def _shown(char: str) -> str:
    return char.encode("unicode_escape").decode() if category(char) in HIDDEN else char
