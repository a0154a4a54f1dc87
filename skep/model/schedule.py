"""What runs by itself, as the inventory says it."""

from __future__ import annotations

from typing import Literal

from skep.dataclass import dataclass
from skep.secret import Secret

What = Literal["drift", "audit", "stack.refresh", "stack.deploy", "cluster.backup", "prune"]
WHAT: tuple[What, ...] = ("drift", "audit", "stack.refresh", "stack.deploy", "cluster.backup", "prune")
"""What may be scheduled."""
OF_STACKS = frozenset({"stack.refresh", "stack.deploy"})

HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Schedule:
    """One thing that is run by itself. Times are in seconds; ``timezone`` is empty for that of the machine."""

    name: str
    run: What
    when: tuple[str, ...]
    timezone: str = ""
    stacks: tuple[str, ...] = ()
    """Without any: all."""
    jitter: float = 0.0
    deadline: float = HOUR
    wait_lock: float = 600.0
    on_failure: Literal["keep", "rollback"] | None = None
    profile: str | None = None
    """Of an audit: what it checks beside how the cluster runs."""
    severity: str = "low"
    """Of an audit: its findings from this severity on count."""
    older_than: float = 86400.0
    """Of a prune: for how many seconds containers of tasks stay after they ended."""
    ping: str | Secret | None = None
    """URL of a dead man's switch."""
    at: str = ""
    """The host of the cluster where it runs; empty: the machine where ``schedule.apply`` is called."""

    @property
    def calendars(self) -> tuple[str, ...]:
        """``when`` as systemd takes it, with the time zone."""
        from skep.model.calendar import parse

        zone = f" {self.timezone}" if self.timezone else ""
        return tuple(text if parse(text).zone else f"{text}{zone}" for text in self.when)

    def __str__(self) -> str:
        return " ".join((self.run, *self.stacks))
