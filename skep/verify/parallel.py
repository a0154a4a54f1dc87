"""Tests run side by side, ahead of pytest, which in its own order finds them done.

Those of one host, too: what they ask it travels together.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from types import TracebackType
from typing import Any

import pytest

from skep.workers import Workers, result

AT_ONCE = 64
"""Tests that run at the same time. They wait for hosts most of the time."""


Ended = tuple[float, BaseException | None, TracebackType | None]
"""Seconds that a test took, what it raised, and where: many tests raise the same, and each would add to that."""


class TestsAhead:
    """Test functions called ahead of pytest, in threads, in the order given."""

    __test__ = False
    """pytest takes it for a test by its name."""

    def __init__(self, tests: Iterable[tuple[pytest.Item, Callable[[], Any]]], width: int = AT_ONCE) -> None:
        self._results: dict[pytest.Item, Future[Ended]] = {}
        self._threads = Workers(width, "verify")
        for item, call in tests:
            self._results[item] = self._threads.submit(_timed, call)

    def __contains__(self, item: pytest.Item) -> bool:
        return item in self._results

    def result(self, item: pytest.Item) -> None:
        """Wait for a test that runs ahead. Raises what it raised."""
        _, error, where = result(self._results[item])
        if error is not None:
            raise error.with_traceback(where)

    def seconds(self, item: pytest.Item) -> float:
        """How long a test that is done took."""
        return self._results[item].result()[0]

    def stop(self) -> None:
        """Start no more tests; do not wait for those that run."""
        self._threads.close()


def _timed(call: Callable[[], Any]) -> Ended:
    start = time.monotonic()
    try:
        call()
    except BaseException as error:  # pytest.skip() is one
        return time.monotonic() - start, error, error.__traceback__
    return time.monotonic() - start, None, None
