"""Names of a site as they were found, kept in the user's cache: while no file that they were read from has changed,
completion need not read it again."""

from __future__ import annotations

import os
import stat
import time
from binascii import crc32

TYPE_CHECKING = False  # completion waits for what is imported here, ``typing`` included
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from skep.cli.shapes import Context

MOST = 200
"""Answers that are kept."""
SETTLED = 0.1
"""Seconds that a file has to be older than the look at it: clocks of file systems go in steps."""
MISSING, THERE = "-", "+"
"""Stand for the state of what is not there, and of what only has to be there."""


class Notes:
    """What is kept for a user who is in that folder. Where it cannot be read or written, nothing is known."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        home = environ.get("XDG_CACHE_HOME") or f"{environ.get('HOME', '')}/.cache"
        try:
            here = os.getcwd()  # noqa: PTH109
        except OSError:  # it was deleted
            home = here = ""
        self._folder = f"{home}/skep/names" if home.startswith("/") and home != "/.cache" else ""
        own = sorted((name, one) for name, one in environ.items() if name.startswith(("SKEP_", "INVOKE_")))
        self._place = (__file__, here, environ.get("HOME"), *own)
        self._began = time.time()

    def question(self, kind: str, context: Context) -> str:
        """What the names of a kind depend on, besides files: where the user is, and what the line says so far."""
        given = [context.args[one].value or "" for one in ("inventory", "name") if one in context.args]
        lab = str(context.name).startswith("lab.")
        return repr((*self._place, kind, *([lab, *given] if kind != "aliases" else ())))

    def recall(self, question: str) -> list[str] | None:
        """The names, if they are known and still hold."""
        if not self._is_ours():
            return None
        try:
            with open(self._file(question), encoding="utf-8", errors="surrogateescape") as file:  # noqa: PTH123
                asked, *lines = file.read().split("\n")
            end = lines.index("")
        except (OSError, ValueError):
            return None
        if asked != question or lines.pop() != "end":
            return None
        states = (line.partition(" ") for line in lines[:end])
        return lines[end + 1 :] if all(_holds(path, state) for state, _, path in states) else None

    def keep(self, question: str, names: Sequence[str], files: Iterable[object], places: Iterable[object]) -> None:
        """Keep names that were read from those ``files`` and folders. ``places`` are what only matters by being there,
        or by being missing. Nothing is kept where something may have changed while it was read."""
        states = {path: _state(path) for path in map(_absolute, files)}
        changed = (int(state.partition("/")[0]) for state in states.values() if state != MISSING)
        late = max(changed, default=0) / 1e9 > self._began - SETTLED
        states = {path: THERE if _state(path) != MISSING else MISSING for path in map(_absolute, places)} | states
        lines = [question, *(f"{state} {path}" for path, state in states.items()), "", *names, "end"]
        if late or not self._folder or any("\n" in one for one in lines):
            return
        try:
            os.makedirs(self._folder, 0o700, exist_ok=True)  # noqa: PTH103
            if not self._is_ours():
                return
            kept = os.listdir(self._folder)  # noqa: PTH208
            for one in kept if len(kept) >= MOST else ():
                os.unlink(f"{self._folder}/{one}")  # noqa: PTH108
            beside = f"{self._file(question)}.{os.getpid()}"
            with open(beside, "w", encoding="utf-8", errors="surrogateescape") as file:  # noqa: PTH123
                file.write("\n".join(lines))
            os.replace(beside, self._file(question))  # noqa: PTH105
        except OSError:
            return

    def _is_ours(self) -> bool:
        """Whether nobody else can write there, or lead what is written elsewhere."""
        try:
            found = os.lstat(self._folder)
        except OSError:
            return False
        return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o022

    def _file(self, question: str) -> str:
        return f"{self._folder}/{crc32(question.encode()):08x}"


def _absolute(path: object) -> str:
    return os.path.abspath(str(path))  # noqa: PTH100


def _state(path: str) -> str:
    """When a file, or what is in a folder, has changed last, and what changes with it."""
    try:
        found = os.stat(path)  # noqa: PTH116
    except OSError:
        return MISSING
    return f"{found.st_mtime_ns}/{found.st_ctime_ns}/{found.st_size}/{found.st_ino}"


def _holds(path: str, state: str) -> bool:
    found = _state(path)
    return found == state or (state == THERE and found != MISSING)
