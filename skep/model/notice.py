"""To whom notices go, as the inventory says it."""

from __future__ import annotations

from typing import Literal

from skep.dataclass import dataclass
from skep.secret import Secret

Event = Literal["failure", "recovery", "drift", "findings", "undone"]
EVENTS: tuple[Event, ...] = ("failure", "recovery", "drift", "findings", "undone")
"""What there may be a notice of."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A target, by exactly one of ``webhook``, ``apprise`` and ``command``. ``secret`` signs what a webhook gets.
    Without ``schedules`` it gets notices of all."""

    name: str
    webhook: str | Secret | None = None
    secret: Secret | None = None
    apprise: Secret | None = None
    command: tuple[str, ...] = ()
    events: tuple[Event, ...] = EVENTS
    schedules: tuple[str, ...] = ()
