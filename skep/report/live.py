"""On a terminal: a line a host with its current step and the time it takes, redrawn in place."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import field
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from skep.apply import Event
from skep.dataclass import dataclass
from skep.plan import Plan
from skep.report.lines import LinesReporter
from skep.report.services import service_lines
from skep.report.text import line

if TYPE_CHECKING:
    from skep.engine import ServiceRow
    from skep.picture.view import Look

QUIET = 0.6
"""Seconds something may last without being shown."""

PATIENCE = 2.0
"""Seconds hosts may take to answer before it is said who has not."""

NAMED = 3
"""Hosts waited for that are named; of more, the number."""


@dataclass(slots=True)
class _Place:
    """What is shown of one host: steps in all and ended, those running with their start and last word."""

    total: int
    ended: int = 0
    failed: bool = False
    since: float = 0.0
    until: float = 0.0
    running: dict[str, tuple[Event, str]] = field(default_factory=dict)

    @property
    def counted(self) -> str:
        """Steps ended of all."""
        return f"{self.ended}/{self.total}"


@dataclass(slots=True)
class _Busy:
    """What lasts, drawn anew each time: with the hosts it waits for, once that takes long."""

    text: str
    hosts: Sequence[str] = ()
    since: float = 0.0

    def wait(self, hosts: Sequence[str]) -> None:
        """For these from now on; for fewer of the same, since before."""
        self.since = self.since if self.hosts and hosts else time.monotonic()
        self.hosts = hosts

    def __rich__(self) -> Text:
        hosts, seconds = self.hosts, time.monotonic() - self.since
        if not hosts or seconds < PATIENCE:
            return line(self.text, style="dim")
        more = f" and {len(hosts) - NAMED} more" if len(hosts) > NAMED else ""
        return line(f"{self.text}: waiting for {', '.join(hosts[:NAMED])}{more}, {seconds:.0f} s", style="dim")


class LiveReporter(LinesReporter):
    """Motion while a run lasts, plain lines before and after."""

    def __init__(self, *, verbose: bool = False) -> None:
        super().__init__(verbose=verbose)
        self._places: dict[str, _Place] = {}
        self._services: dict[str, Sequence[ServiceRow]] = {}
        """Of the stacks that are waited for, by step."""
        self._drawing = threading.Lock()
        """Events come from the run's threads while another draws."""
        self._live: Live | None = None
        self._busy: _Busy | None = None

    @contextmanager
    def busy(self, text: str) -> Iterator[None]:
        """A spinner, gone when it ends."""
        self._busy = busy = _Busy(text)
        try:
            with self.console.status(busy):
                yield
        finally:
            self._busy = None

    def waiting(self, hosts: Sequence[str]) -> None:
        """Shown beside the spinner after a while."""
        if busy := self._busy:
            busy.wait(hosts)

    @property
    def has_screen(self) -> bool:
        """Keys come from a terminal, too, and it is not one that only prints."""
        return sys.stdin.isatty() and not self.console.is_dumb_terminal

    def screen(self, looks: Iterable[Look], environment: str, *, host: str = "", stack: str = "") -> None:
        """Draws; what else is to be said comes when it has ended."""
        from skep.report.board import Board
        from skep.report.screen import show

        show(looks, Board(environment, host=host, stack=stack), self.console)

    @contextmanager
    def run(self, plan: Plan) -> Iterator[None]:
        """The table of hosts, until the run ends."""
        self._places = {place: _Place(len(steps)) for place, steps in plan.by_place().items()}
        with Live(get_renderable=self._draw, console=self.console, refresh_per_second=8, transient=False) as live:
            self._live = live
            yield
        self._live = None

    def event(self, event: Event) -> None:
        """Keep what the table shows; failures also get lines of their own, above it."""
        with self._drawing:
            self._keep(event)
        if event.kind in ("failed", "stopping") or (self.verbose and event.kind == "done"):
            super().event(event)

    def _keep(self, event: Event) -> None:
        place = self._places.setdefault(event.step.concerns or "cluster", _Place(0))
        if event.kind == "started":
            place.since = place.since or event.time
            place.running[event.step.id] = (event, "")
        elif event.kind == "progress" and event.step.id in place.running:
            place.running[event.step.id] = (place.running[event.step.id][0], event.text)
            if event.rows:
                self._services[event.step.id] = event.rows
        elif event.kind in ("done", "failed", "skipped"):
            place.running.pop(event.step.id, None)
            self._services.pop(event.step.id, None)
            place.ended += 1
            place.until = event.time
            place.failed |= event.kind != "done"

    def _draw(self) -> RenderableType:
        with self._drawing:
            places = self._table()
            rows = [row for rows in self._services.values() for row in rows]
            room = self.console.height - 2 - min(len(self._places), self.console.height)
            if not rows:
                return places
            return Group(places, service_lines(rows, width=self.console.width, room=max(4, room)))

    def _table(self) -> RenderableType:
        now = time.time()
        room = max(3, self.console.height - 2 - (4 if self._services else 0))
        shown = sorted(self._places.items(), key=lambda item: (not item[1].running, item[1].ended >= item[1].total))
        rows = shown[:room] if len(shown) > room else list(self._places.items())
        names = min(max((cell_len(name) for name, _ in rows), default=0), self.console.width // 3)
        counts = max((len(place.counted) for _, place in rows), default=0)
        words = max(8, self.console.width - names - counts - 4)
        table = Table.grid(padding=(0, 1), expand=False)
        table.add_column(width=1)
        table.add_column(width=names, no_wrap=True, overflow="ellipsis")
        table.add_column(width=counts, no_wrap=True, justify="right", style="dim")
        table.add_column(max_width=words, no_wrap=True, overflow="ellipsis")
        for name, place in rows:
            sign, text = _shown(place, now, words, self._services)
            table.add_row(sign, line(name), place.counted, text)
        if len(shown) > room:
            ended = sum(place.ended >= place.total for place in self._places.values())
            table.add_row("", "", "", line(f"… {len(shown)} places, {ended} ended", style="dim"))
        return table


def _shown(place: _Place, now: float, width: int, below: Container[str]) -> tuple[RenderableType, RenderableType]:
    """Sign and words of a host's line. Of a step that does not fit its own words are cut, not the time it takes;
    ``below``: steps whose last word is shown under the table."""
    if place.running:
        event, word = next(iter(place.running.values()))
        took = f"  {now - event.time:.0f} s"
        text = line(f"{event.step.title}{' – ' + word if word and event.step.id not in below else ''}")
        text.truncate(max(1, width - len(took)), overflow="ellipsis")
        return Spinner("dots", style="cyan"), text.append(took, style="dim")
    if place.ended >= place.total:
        sign = Text("✗", style="red") if place.failed else Text("✓", style="green")
        return sign, Text(f"{max(0.0, place.until - place.since):.1f} s", style="dim")
    return Text(" "), Text("waiting", style="dim")
