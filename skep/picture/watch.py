"""Watching a cluster: events say when to read, one manager is read, and what changed comes out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from skep.converge import Site
from skep.errors import ConnectError, SkepError, StepFailed
from skep.picture import reading
from skep.picture.reading import Answered
from skep.picture.streams import Streams
from skep.picture.view import NODES, TASKS, Due, Look, View, changes
from skep.swarm.quorum import quorum

if TYPE_CHECKING:
    from skep.engine import EngineClient

PATIENCE = 5
"""Seconds a manager may be silent when asked, before another is."""

Asking = Callable[[Site], "AbstractContextManager[EngineClient]"]
"""Gives a client of a manager in a quorum. Raises ``ConnectError`` where there is none."""


class Watch:
    """Gives a look when something changed. One listing at a time, and none before the last look is taken."""

    def __init__(self, site: Site, ask: Asking) -> None:
        self._site = replace(site, note=self._note)
        self._ask = ask
        self._due = Due()
        self._news = threading.Condition()
        self._answered = Answered()
        self._view: View | None = None
        self._why = ""
        self._asked = ""

    def looks(self) -> Iterator[Look]:
        """For ever. Raises ``SkepError`` where no manager answers at the beginning; later it waits for one."""
        with Streams(self._site.pool, self._site.pool.hosts, self._heard) as streams:
            while True:
                try:
                    with self._ask(self._site) as api:
                        api.timeout = PATIENCE
                        while True:
                            if look := self._look(api, streams):
                                yield look
                except (ConnectError, StepFailed) as error:
                    if self._view is None:
                        raise
                    if look := self._lost(error, streams):
                        yield look

    def _look(self, api: EngineClient, streams: Streams) -> Look | None:
        """Read when it is time; ``None`` where nothing is another."""
        self._wait()
        with self._news:
            what = self._due.take()
        since = time.monotonic()
        old = self._answered
        tasks = TASKS in what
        self._answered = answered = Answered(
            api.nodes() if NODES in what else old.nodes,
            api.services(status=True) if tasks else old.services,
            api.tasks() if tasks else old.tasks,
        )
        machines = reading.machines(self._site.cluster, answered, {}, {}, {})
        standing = quorum(answered.nodes)
        before = self._view
        self._view = view = View(
            datetime.now(UTC), machines, reading.services(answered), reading.failed(answered, machines),
            str(standing), standing.at_risk, api.host, self._why, streams.mute,
        )  # fmt: skip
        self._asked, self._why = api.host, ""
        same = before is not None and replace(view, taken=before.taken, why=before.why) == before
        now = time.monotonic()
        with self._news:
            self._due.read(now, now - since, changed=not same, settled=view.settled)
        return None if same else (view, changes(before, view))

    def _lost(self, error: SkepError, streams: Streams) -> Look | None:
        """A manager was lost: ``None``, for another is asked at once. Or none answered: wait until asking again."""
        place = f"{error.host}: " if error.host else ""
        with self._news:
            self._due.failed(time.monotonic())
        before = self._view
        if self._asked or before is None:
            self._asked, self._why = "", f"{place}{error.reason}"
            return None
        if not before.asked:
            self._wait()
            return None
        self._view = view = replace(before, taken=datetime.now(UTC), asked="", why=error.reason, mute=streams.mute)
        return view, changes(before, view)

    def _wait(self) -> None:
        """Until something is to be read."""
        with self._news:
            while (left := self._due.when - time.monotonic()) > 0:
                self._news.wait(left)

    def _heard(self, kind: str) -> None:
        with self._news:
            self._due.event(kind, time.monotonic())
            self._news.notify()

    def _note(self, text: str) -> None:
        """Who does not answer is part of the next look."""
        if self._view is None:
            self._why = text
