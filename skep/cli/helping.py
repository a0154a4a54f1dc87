"""Help in columns: what does not fit a line goes on below its own column, and no word is broken."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import suppress

from skep.cli.described import Described
from skep.cli.spelling import spelled

USUAL = 80
"""Columns where nothing says how many there are."""
WIDEST = 110
"""Columns beyond which lines are harder to read."""
LEAST = 24
"""Columns that a description gets, however narrow the terminal."""


def width() -> int:
    """Columns to write in. As ``shutil.get_terminal_size``, which would load four modules for archives with it."""
    given = os.environ.get("COLUMNS", "")
    columns = int(given) if given.isdecimal() else 0
    if not columns and sys.__stdout__ is not None:
        with suppress(OSError, ValueError):  # no terminal, or closed
            columns = os.get_terminal_size(sys.__stdout__.fileno()).columns
    return min(columns or USUAL, WIDEST)


def wrapped(text: str, columns: int, *, first: str = "", indent: str = "") -> list[str]:
    """Lines of at most so many columns, but for a word that is longer; options such as ``--no-resolve`` are words."""
    if text and len(first) + len(text) <= columns and "\n" not in text:
        return [f"{first}{text}"]
    return textwrap.wrap(
        text, columns, initial_indent=first, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def in_columns(rows: Sequence[tuple[str, str | None]], columns: int) -> Iterator[str]:
    """Names with their descriptions beside them; below them where the terminal is too narrow."""
    left = max((len(name) for name, _ in rows), default=0) + 4
    beside = columns - left >= LEAST
    for name, text in rows:
        indent = " " * (left if beside else 6)
        if beside:
            yield from wrapped(text or "", columns, first=f"  {name}".ljust(left), indent=indent) or [f"  {name}"]
        else:
            yield f"  {name}"
            yield from wrapped(text or "", columns, first=indent, indent=indent)


def task_help(one: Described, program: str) -> Iterator[str]:
    """Usage, what it does, an example, its words and its options."""
    columns = width()
    yield f"Usage: {program} {one.usage}"
    for part in one.text.split("\n\n"):
        yield ""
        yield from wrapped(spelled(part, program), columns, first="  ", indent="  ")
    yield ""
    yield f"  Example: {spelled(one.example, program)}"
    for head, rows in (("Words", one.words), ("Options", one.options)):
        if rows:
            yield f"\n{head}:\n"
            yield from in_columns(rows, columns)
    yield ""
