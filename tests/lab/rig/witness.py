"""Watching all of a lab's processes from the machine while something runs: the arguments they were started with."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

PAUSE = 0.05
"""Seconds between two looks, so that what is watched gets its share of the machine."""


@dataclass
class Arguments:
    """Command lines seen so far, of the lab's hosts and of this machine's own processes."""

    seen: set[str] = field(default_factory=set)

    def holding(self, secret: str) -> list[str]:
        """Those that show a secret, with the secret blotted out."""
        return sorted(words.replace(secret, "***") for words in self.seen if secret in words)


@contextmanager
def watching() -> Iterator[Arguments]:
    """Look at the arguments of every process, again and again, until the block ends.

    The hosts are containers, so their processes are this machine's too.
    """
    arguments, ended = Arguments(), threading.Event()

    def look() -> None:
        while not ended.is_set():
            arguments.seen |= set(_look().values())
            ended.wait(PAUSE)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield arguments
    finally:
        ended.set()
        thread.join()


def _look() -> dict[str, str]:
    """Process → command line now; all are read again each time, since exec changes them."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            found[process.name] = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:  # ended meanwhile
            continue
    return found
