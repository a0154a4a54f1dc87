"""What ``schedule.apply`` leaves for runs that cannot read their inventory: who is to hear of that. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from skep.dataclass import dataclass
from skep.model import Notice, Schedule
from skep.secret import Secret, reveal

FILE = "notices.json"
"""Its name among the credentials of the units."""


@dataclass(frozen=True, slots=True)
class Left:
    """An inventory's name, who hears of its schedules, and these as far as a notice names them."""

    name: str
    notices: tuple[Notice, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    metrics: str | None = None


def pack(left: Left) -> Secret:
    """As the file holds it; webhooks and keys stand in it."""
    notices = [
        {
            "name": one.name,
            "webhook": one.webhook and reveal(one.webhook),
            "secret": one.secret and one.secret.reveal(),
            "apprise": one.apprise and one.apprise.reveal(),
            "command": one.command,
            "events": one.events,
            "schedules": one.schedules,
        }
        for one in left.notices
    ]
    schedules = [
        {"name": one.name, "run": one.run, "stacks": one.stacks, "ping": one.ping and reveal(one.ping)}
        for one in left.schedules
    ]
    return Secret(
        json.dumps({"inventory": left.name, "notices": notices, "schedules": schedules, "metrics": left.metrics})
    )


def unpack(text: str) -> Left | None:
    """What ``pack`` gave; ``None`` for anything else."""
    try:
        found = json.loads(text)
        return Left(
            found["inventory"],
            tuple(map(_notice, found["notices"])),
            tuple(map(_schedule, found["schedules"])),
            found["metrics"],
        )
    except (ValueError, LookupError, TypeError):
        return None


def _notice(one: Mapping[str, Any]) -> Notice:
    webhook, secret, apprise = (Secret(one[key]) if one[key] else None for key in ("webhook", "secret", "apprise"))
    lists = (tuple(one[key]) for key in ("command", "events", "schedules"))
    return Notice(one["name"], webhook, secret, apprise, *lists)


def _schedule(one: Mapping[str, Any]) -> Schedule:
    ping = Secret(one["ping"]) if one["ping"] else None
    return Schedule(one["name"], one["run"], (), stacks=tuple(one["stacks"]), ping=ping)
