"""Waiting for something that is looked at again and again: the one loop for it outside of ``Wait`` steps."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def sleep(seconds: float) -> None:
    """Wait in a thread that nothing else has to end: Ctrl-C ends it in the main one."""
    time.sleep(seconds)


def until(
    look: Callable[[], T | None], *, seconds: float, every: float, pause: Callable[[float], object] = sleep
) -> T | None:
    """What ``look`` gives as soon as that is true; else the last it gave, after ``seconds``. There is always a first
    look, and one at the end.

    ``pause`` takes the seconds until the next look; it ends the wait early with ``False``, or by what it raises, as
    ``Limits.pause`` does at a step's deadline, when the run is stopped and when the lock is lost.
    """
    since, paused = time.monotonic(), 0.0
    while not (found := look()):
        left = seconds - max(paused, time.monotonic() - since)
        if left <= 0 or pause(min(every, left)) is False:
            break
        paused += every
    return found
