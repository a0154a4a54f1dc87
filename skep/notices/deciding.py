"""Whether a run's end is worth a notice: never twice for the same state. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping

from skep.model.notice import Event, Notice

OK = "ok"
_EVENTS: dict[str, Event] = {"failed": "failure", "drift": "drift", "findings": "findings", "left undone": "undone"}
UNTOLD = "untold"
"""What counts as known to a target that a notice of a failure could not reach."""
_PAST = "past "
_TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9:.]+)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?|[0-9]{2}:[0-9]{2}:[0-9]{2}"
_NUMBERS = re.compile(
    rf"(?<![\w.:-])(?:{_TIME}|[0-9]+(?:[.:][0-9]+)?(?:ms|[smh])?)(?![\w.:-]*\w)|(?<=[0-9\]]):[0-9]+(?=->)"
)
"""Times, amounts, and ports that a client was given; none that is a part of a name or an address."""


def state(result: Mapping[str, object]) -> str:
    """What a result says of how things stand, in a few characters: the same for the same state. Numbers such as seconds
    make no other state."""
    kind = str(result.get("result"))
    if kind == OK:
        return OK
    about = result.get("about")
    said = about if isinstance(about, list) and about else [result.get("text")]
    whole = [result.get("exit"), *(_NUMBERS.sub("#", str(one)) for one in said)]
    return f"{kind} {hashlib.sha256(json.dumps(whole).encode()).hexdigest()[:16]}"


def past(known: str) -> str:
    """What a target knows from then on to which nothing is said of another bad state: its recovery is news, and so is
    the same state when it comes again."""
    return known if known in ("", OK) or known.startswith(_PAST) else f"{_PAST}{known}"


def event(result: Mapping[str, object], known: str) -> Event | None:
    """What a target that knows of a state is to hear of; ``None`` for nothing. ``known`` is empty at first."""
    now = state(result)
    if now == known or (now == OK and not known):
        return None
    return "recovery" if now == OK else _EVENTS.get(str(result.get("result")))


def concerns(notice: Notice, schedule: str) -> bool:
    """Whether a target is to hear of a schedule."""
    return not notice.schedules or schedule in notice.schedules


def message(event: Event, inventory: str, result: Mapping[str, object]) -> tuple[str, str]:
    """Subject and text. The text says what to do next."""
    name, said = result.get("schedule"), result.get("text")
    subject = {
        "failure": f"{inventory}: schedule {name} failed",
        "recovery": f"{inventory}: schedule {name} is well again",
        "drift": f"{inventory}: schedule {name} found drift",
        "findings": f"{inventory}: schedule {name} has findings",
        "undone": f"{inventory}: schedule {name} left something undone",
    }[event]
    left = result.get("undone")
    lines = [
        f"{result.get('run')}: {said}",
        *([str(one) for one in left] if isinstance(left, list) else []),
        f"ended {result.get('ended')}, after {result.get('seconds')} s, with exit code {result.get('exit')}",
        f"next: {result.get('next') or 'nothing'}",
    ]
    return subject, "\n".join(lines)
