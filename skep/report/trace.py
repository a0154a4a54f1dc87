"""Tracebacks as Python prints them, but for control characters in what was raised."""

from __future__ import annotations

import sys
from traceback import format_exception
from types import TracebackType

from skep.visible import visible_lines


def trace(kind: type[BaseException], error: BaseException | None, where: TracebackType | None) -> None:
    """On stderr."""
    for text in visible_lines("".join(format_exception(kind, error, where)).rstrip("\n")):
        print(text, file=sys.stderr)
