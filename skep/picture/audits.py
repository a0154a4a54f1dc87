"""The audits that managers remember."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from skep.engine.tasks import parse_time
from skep.json_types import items, mapping, text, texts
from skep.picture.model import Audit, AuditFinding


def past_audits(entries: Iterable[Mapping[str, object]], about: str | None = None) -> tuple[Audit, ...]:
    """Those about the same as the newest, newest first; or those of that kind."""
    audits = [audit for entry in entries if (audit := _audit(entry))]
    about = about if about is not None or not audits else audits[-1].about
    alike = [one for one in audits if one.about == about]
    return tuple(_since(alike, place) if one is alike[-1] else one for place, one in enumerate(alike))[::-1]


def _audit(entry: Mapping[str, object]) -> Audit | None:
    """As ``skep.audit.record`` wrote it; ``None`` for a line of a version that wrote another one."""
    try:
        taken = parse_time(text(entry.get("time")))
    except ValueError:
        return None
    found = [mapping(one) for one in items(entry.get("findings"))]
    findings = tuple(
        AuditFinding(
            text(one.get("severity")), text(one.get("id")), tuple(texts(one.get("where"))), text(one.get("text")),
            text(one.get("next")),
        )
        for one in found
    )  # fmt: skip
    severities = Counter[str]()
    for one in findings:
        severities[one.severity] += len(one.where)
    counts = {name: count for name, count in mapping(entry.get("counts")).items() if isinstance(count, int)}
    # not the Counter itself, of which asdict makes one that counts pairs
    return Audit(taken, text(entry.get("about")), text(entry.get("who")), counts, dict(severities), findings)


def _since(audits: Sequence[Audit], place: int) -> Audit:
    """With the time since when each finding stands."""
    return replace(
        audits[place],
        findings=tuple(replace(one, since=_first(audits[: place + 1], one.id)) for one in audits[place].findings),
    )


def _first(audits: Sequence[Audit], identity: str) -> datetime:
    first = audits[-1].taken
    for audit in reversed(audits):
        if all(one.id != identity for one in audit.findings):
            break
        first = audit.taken
    return first
