"""Time in tests: none that depends on how fast the machine is."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Given = TypeVar("Given")


class Clock:
    """Time that passes only as the test lets it. Stands in place of a module's ``time``, or of a function that gives
    the time."""

    clock_gettime = staticmethod(time.clock_gettime)

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    __call__ = monotonic

    def wait(self, seconds: float) -> bool:
        """In place of an event's: nothing happens meanwhile, and it takes a moment more."""
        self.now += seconds + 0.001
        return False


def having_begun(begun: Callable[[], object], attempt: Callable[[float], Given]) -> Given:
    """What an attempt gives that is cut off after so many seconds, and had ``begun`` by then: a busy machine may take
    long to begin anything."""
    for seconds in (1.0, 5.0, 25.0, 125.0):
        given = attempt(seconds)
        if begun():
            return given
    raise AssertionError("it did not begin")
