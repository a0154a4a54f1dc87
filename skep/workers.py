"""Threads that work side by side. They are daemons: neither Ctrl-C nor the end of the process waits for them, as both
do for ``concurrent.futures``' own."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, ParamSpec, TypeVar

LOOK = 0.5
"""Seconds after which a signal is noticed at the latest."""

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


class Workers:
    """Does what is submitted, in that order, in at most ``width`` threads, until closed."""

    def __init__(self, width: int, name: str) -> None:
        self._width = width
        self._name = name
        self._threads = 0
        self._tasks: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = queue.SimpleQueue()

    def submit(self, work: Callable[P, R], *args: P.args, **more: P.kwargs) -> Future[R]:
        """Start the work and give its future. To be called from one thread only."""
        future: Future[R] = Future()
        self._tasks.put((future, partial(work, *args, **more)))
        if self._threads < self._width:
            self._threads += 1
            threading.Thread(target=self._work, name=self._name, daemon=True).start()
        return future

    def close(self) -> None:
        """Cancel work that has not begun; work that runs is not waited for."""
        with suppress(queue.Empty):
            while task := self._tasks.get_nowait():
                task[0].cancel()
        for _ in range(self._threads):
            self._tasks.put(None)

    def _work(self) -> None:
        while task := self._tasks.get():
            future, work = task
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(work())
            except BaseException as error:
                future.set_exception(error)


@contextmanager
def regularly(
    act: Callable[[], object], *, every: float, name: str, at_once: bool = False, patience: float | None = None
) -> Iterator[None]:
    """Calls ``act`` every so many seconds, from a thread, until the block ends; the first time ``at_once`` or after
    that time. What it is at by then is waited for, at most for ``patience`` seconds, if given."""
    ended = threading.Event()

    def tick() -> None:
        if at_once:
            act()
        while not ended.wait(every):
            act()

    thread = threading.Thread(target=tick, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(patience)


def result(future: Future[R]) -> R:
    """What came of it, or what it raised.

    A signal that comes just before a wait begins does not end that wait: so it is looked for now and then.
    """
    while not future.done():
        wait([future], timeout=LOOK)
    return future.result()


def side_by_side(work: Callable[[T], R], items: Iterable[T], *, width: int, name: str) -> list[R]:
    """``work`` on all items, ``width`` at once; the results in their order.

    Raises what the first of them raised, and ``KeyboardInterrupt`` at once: the others are then left to themselves.
    """
    workers = Workers(width, name)
    try:
        futures = [workers.submit(work, item) for item in items]
        return [result(future) for future in futures]
    finally:
        workers.close()
