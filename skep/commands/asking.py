"""The one question a user is asked: is that meant."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout

from skep.errors import UsageError
from skep.visible import visible


def agreed(question: str, *, yes: bool) -> None:
    """Ask on a terminal, through stderr; raise ``UsageError`` on a no, or where nobody can be asked."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(f"{question} Nobody can be asked here", next_action="add --yes if that is meant")
    try:
        with redirect_stdout(sys.stderr):
            answer = input(f"{visible(question)} [y/N] ")
    except EOFError:
        answer = ""
    if answer.strip().lower() not in ("y", "yes"):
        raise UsageError("not agreed; nothing was changed")
