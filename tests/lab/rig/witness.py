"""Watching all of a lab's processes from the machine while something runs: the arguments they were started with."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

CGROUPS = ("/sys/fs/cgroup", "/sys/fs/cgroup/unified")


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
        known: dict[str, str] = {}
        while not ended.is_set():
            known = _look(known)
            arguments.seen |= set(known.values())

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield arguments
    finally:
        ended.set()
        thread.join()


def _look(known: dict[str, str]) -> dict[str, str]:
    """Process id → command line now; a line once read is read again, since exec changes it."""
    found = {}
    for pid in os.listdir("/proc"):
        if not pid.isdigit():
            continue
        try:
            found[pid] = Path("/proc", pid, "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            found[pid] = known.get(pid, "")
    return found
