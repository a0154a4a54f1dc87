"""What a run's lines have shown so far: services by their states, and the steps that are at work."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from skep.apply import Event

if TYPE_CHECKING:
    from skep.engine import ServiceRow


class Rows:
    """States already shown, by step and service."""

    def __init__(self) -> None:
        self._shown: dict[str, dict[str, set[str]]] = {}

    def new(self, step: str, rows: Sequence[ServiceRow]) -> Iterator[ServiceRow]:
        """Those in a state that was not shown: at most once a service and state; none for how they stood at the first
        look, unless they are stuck."""
        first = step not in self._shown
        states = self._shown.setdefault(step, {row.name: {row.state} for row in rows})
        for row in rows:
            seen = states.setdefault(row.name, set())
            if (first and row.state in ("stuck", "over")) or row.state not in seen:
                seen.add(row.state)
                yield row


class Running:
    """Steps at work, with how they began and their last word."""

    def __init__(self) -> None:
        self._steps: dict[str, tuple[Event, str]] = {}

    def note(self, event: Event) -> None:
        """A step begins, says something, or ends."""
        if event.kind == "started":
            self._steps[event.step.id] = (event, "")
        elif event.kind == "progress" and event.step.id in self._steps:
            self._steps[event.step.id] = (self._steps[event.step.id][0], event.text)
        elif event.kind in ("done", "failed", "skipped"):
            self._steps.pop(event.step.id, None)

    def lasting(self, least: float) -> list[str]:
        """A line for each that has run for at least so many seconds."""
        lines = []
        for event, word in list(self._steps.values()):
            lasts = time.time() - event.time
            if lasts >= least:
                said = f" – {word}" if word else ""
                lines.append(f" {event.step.concerns or 'cluster':8} {event.step.title}, {lasts:.0f} s so far{said}")
        return lines

    def clear(self) -> None:
        """The run is over."""
        self._steps.clear()
