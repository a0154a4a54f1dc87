"""Scripts: read from their files, with the values they work on."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from functools import cache

from skep.shipped import script_file


@cache
def script(name: str, *before: str) -> str:
    """The POSIX sh in a file, without its comments.

    What it sources (``. skep/replace.sh``) stands in place of that line; nothing does where that is in ``before``, for
    it has been run already.
    """
    lines = []
    for line in script_file(name).read_text(encoding="utf-8").splitlines(keepends=True):
        if line.startswith(". "):
            sourced = line[2:].strip()
            lines += [] if sourced in before else [script(sourced, *before)]
        elif not line.lstrip().startswith("#"):
            lines.append(line)
    return "".join(lines)


def quoted(*values: str | int) -> str:
    """The values as words of a shell, which it takes as they are, whatever they hold."""
    return shlex.join(map(str, values))


def exported(variables: Mapping[str, str | int]) -> str:
    """POSIX sh: these variables, for all that follows and all that it starts. They are named in capitals there, to tell
    them from the script's own."""
    return "".join(f"export {name}={quoted(value)}\n" for name, value in sorted(variables.items()))


BUSY = 75
"""What a script ends with that could not begin because something else is at work on the host; it has changed nothing,
said who that is, and may be run again. As EX_TEMPFAIL of sysexits.h."""

NO_ROOM = 73
"""What a script ends with that could not write a file: no room, no inodes, read-only, or something else lies there. The
reason is on stderr. As EX_CANTCREAT of sysexits.h."""
