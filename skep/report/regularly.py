"""Lines for what lasts, where nothing is redrawn in place."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

EVERY = 30.0
"""Seconds between two lines about the same."""


@contextmanager
def regularly(act: Callable[[], None]) -> Iterator[None]:
    """Calls ``act`` every ``EVERY`` seconds, from a thread, until the block ends."""
    ended = threading.Event()

    def tick() -> None:
        while not ended.wait(EVERY):
            act()

    thread = threading.Thread(target=tick, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
