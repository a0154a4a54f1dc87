"""Watching the managers while something runs: how many of them are at work at once."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.lab.rig.hosts import Hosts

PORT = 2377
"""Where a manager listens for the others."""
ASK = "timeout 5 docker node ls --format '{{.Hostname}} {{.ManagerStatus}}'"
MOMENT = 1.5
"""Seconds: a look that took longer, on a machine busy with other things, says nothing of them all at once."""
WORKING = ("Leader", "Reachable")


@dataclass
class Quorum:
    """What was seen: each look as the managers at work in it."""

    listening: list[frozenset[str]] = field(default_factory=list)
    reported: list[frozenset[str]] = field(default_factory=list)

    def fewest(self) -> tuple[frozenset[str], frozenset[str]]:
        """The worst look at the managers' ports, and the worst that a manager reported of them all."""
        return min(self.listening, key=len), min(self.reported, key=len)


@contextmanager
def watched(hosts: Hosts) -> Iterator[Quorum]:
    """Look again and again until the block ends, from outside and through the managers themselves."""
    seen, ended = Quorum(), threading.Event()

    def listen() -> None:
        while not ended.is_set():
            since = time.monotonic()
            look = frozenset(name for name in hosts.managers if _listens(hosts.address(name)))
            if time.monotonic() - since < MOMENT:
                seen.listening.append(look)
            time.sleep(0.05)

    def ask() -> None:
        while not ended.is_set():
            for name in hosts.managers:
                words = [line.split() for line in hosts.attempt(name, ASK, timeout=15).stdout.splitlines()]
                if words:  # no answer while it restarts, or while a new leader is chosen
                    seen.reported.append(frozenset(word[0] for word in words if word[-1] in WORKING))
            ended.wait(0.3)

    threads = [threading.Thread(target=work, daemon=True) for work in (listen, ask)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def _listens(address: str) -> bool:
    try:
        with socket.create_connection((address, PORT), timeout=1):
            return True
    except OSError:
        return False
