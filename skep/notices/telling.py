"""After a run: which targets get a notice, and what each of them knows already. Nothing here fails the run."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping

from skep.model.notice import Event, Notice
from skep.notices.deciding import UNTOLD, concerns, event, message, past, state
from skep.notices.sending import ANSWER, Undelivered, below, persist, post, send
from skep.schedules.state import Kept, keeping
from skep.secret import Redaction, Secret, reveal

PING = 5.0
"""Seconds that a dead man's switch may take to answer before a run begins."""

Note = Callable[[str], None]


def notify(
    notices: Iterable[Notice], inventory: str, kept: Kept, result: Mapping[str, object], hidden: Redaction, note: Note
) -> None:
    """Send each target what it does not know yet. What could not be delivered is noted; the next run says how things
    stand then, also after one that was killed before all had heard. What a target knows is kept at once, so that nobody
    hears it twice."""
    was, now, due = dict(kept.known), state(result), list[tuple[Notice, Event]]()
    known = dict(was)
    for notice in notices:
        before = was.get(notice.name, "")
        what = event(result, before)
        if what is None or not concerns(notice, kept.name):
            continue
        if what in notice.events:
            due.append((notice, what))
            known[notice.name] = before if what == "recovery" else UNTOLD
        else:
            known[notice.name] = now if what == "recovery" else past(before)
    if known != was:
        keeping(lambda: kept.know(known), (lambda _: None) if due else note)  # else the same would be noted twice
    for notice, what in due:
        if _sent(notice, inventory, kept, result, what, hidden, note):
            known[notice.name] = now
            keeping(lambda: kept.know(known), note)


def _sent(
    notice: Notice,
    inventory: str,
    kept: Kept,
    result: Mapping[str, object],
    what: Event,
    hidden: Redaction,
    note: Note,
) -> bool:
    subject, text = (hidden.clean(one) for one in message(what, inventory, result))
    facts = {
        key: _clean(value, hidden)
        for key, value in result.items()
        if key not in ("about", "invocation", "success", "findings")
    }
    try:
        send(notice, subject, text, {"event": what, "inventory": inventory, **facts}, secrets.token_hex(16))
    except Undelivered as error:
        said = hidden.clean(str(error))
        note(f"notice {notice.name} of schedule {kept.name} was not delivered: {said}; the next run tries again")
        return False
    return True


def ping(url: str | Secret, word: str, text: str, hidden: Redaction, note: Note) -> None:
    """Tell a dead man's switch that a run begins (``start``), has failed (``fail``), or is done."""
    target, body = below(reveal(url), word), hidden.clean(text).encode()
    headers = {"Content-Type": "text/plain; charset=utf-8"}
    try:
        if word == "start":
            post(target, body, headers, PING)
        else:
            persist(lambda: post(target, body, headers, ANSWER))
    except Undelivered as error:
        note(f"the dead man's switch could not be reached: {hidden.clean(str(error))}")


def _clean(value: object, hidden: Redaction) -> object:
    if isinstance(value, str):
        return hidden.clean(value)
    return [_clean(one, hidden) for one in value] if isinstance(value, list) else value
