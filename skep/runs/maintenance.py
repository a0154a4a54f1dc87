"""Maintenance windows and freezes: a plan at a time at which nothing is to be changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from skep.converge import Site, make
from skep.kinds.hosts import LEFT_UNDONE
from skep.plan import Finding, Plan
from skep.request import Request
from skep.steps import STACKS


def heeding(site: Site, request: Request, planned: Plan) -> Plan:
    """The plan as it may be carried out now. By hand that is an error, and a note where it is only looked at; where
    nobody looks on, what may not be changed now is left undone."""
    maintenance = site.cluster.maintenance
    if not maintenance or request.anyway or not request.heeds or not len(planned):
        return planned
    now = datetime.now(UTC)
    shut = {what: why for what in {step.id.stack for step in planned} if (why := maintenance.closed(now, what))}
    if not shut:
        return planned
    if request.unattended and not request.only_planned:
        gone = {step.id for step in planned if step.id.stack in shut}
        kept = [step for step in planned if step.id not in gone and not planned.ahead(step.id) & gone]
        return make(site, [*planned.findings, *_left(shut), *kept], whole=planned.whole)
    return make(
        site, [*planned.findings, *_refused(shut, shown=request.only_planned), *planned.steps], down=request.down
    )


def _left(shut: dict[str | None, str]) -> Iterator[Finding]:
    for what, why in _ordered(shut):
        yield Finding(
            "warning", f"left undone: {_named(what)} is {why}", role=STACKS, kind=LEFT_UNDONE, stack=what,
            next_action="nothing: a later run does it; now and by hand, with --anyway REASON",
        )  # fmt: skip


def _refused(shut: dict[str | None, str], *, shown: bool) -> Iterator[Finding]:
    for what, why in _ordered(shut):
        found = Finding(
            "error", f"{_named(what)} is {why}", role=STACKS, stack=what,
            next_action="wait until then, or say why it cannot wait, for the history: --anyway 'REASON'",
        )  # fmt: skip
        yield replace(found, level="note", text=f"{found.text}; to change it now is refused") if shown else found


def _ordered(shut: dict[str | None, str]) -> list[tuple[str | None, str]]:
    return sorted(shut.items(), key=lambda item: item[0] or "")


def _named(what: str | None) -> str:
    return f"stack {what}" if what else "the cluster"
