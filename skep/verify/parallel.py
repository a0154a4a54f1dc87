"""Hosts are checked at once: one thread a host runs its tests ahead, and pytest, in its own order, finds them done."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

import pytest

from skep.workers import Workers, result

TestsOfHost = Sequence[tuple[pytest.Item, Callable[[], Any]]]
"""Tests and the calls that run them, one after the other."""


class HostTests:
    """Test functions called ahead of pytest, in threads."""

    def __init__(self, by_host: Mapping[Hashable, TestsOfHost], width: int) -> None:
        self._results: dict[pytest.Item, Future[tuple[float, BaseException | None]]] = {
            item: Future() for tests in by_host.values() for item, _ in tests
        }
        self._threads = Workers(width, "verify")
        for tests in by_host.values():
            self._threads.submit(self._run, tests)

    def __contains__(self, item: pytest.Item) -> bool:
        return item in self._results

    def result(self, item: pytest.Item) -> None:
        """Wait for a test that runs ahead. Raises what it raised."""
        _, error = result(self._results[item])
        if error is not None:
            raise error

    def seconds(self, item: pytest.Item) -> float:
        """How long a test that is done took."""
        return self._results[item].result()[0]

    def stop(self) -> None:
        """Start no more tests; do not wait for those that run."""
        for future in self._results.values():
            future.cancel()
        self._threads.close()

    def _run(self, tests: TestsOfHost) -> None:
        for item, call in tests:
            future = self._results[item]
            if not future.set_running_or_notify_cancel():
                continue
            start, failure = time.monotonic(), None
            try:
                call()
            except BaseException as error:  # pytest.skip() is one
                failure = error
            future.set_result((time.monotonic() - start, failure))
