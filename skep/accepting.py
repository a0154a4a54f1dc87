"""Which findings the inventory accepts. Pure: the day is given."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from skep.model import Accepted
from skep.plan import Finding
from skep.reading.findings import Remark


def judged(finding: Finding, entries: Iterable[Accepted], today: date) -> Finding:
    """The finding, marked as accepted where an entry says so of all it is about; or as accepted until a day that is
    over. An error is never accepted."""
    if finding.level == "error" or finding.kind is None:
        return finding
    fitting = [entry for entry in entries if _fits(entry, finding)]
    valid = next((entry for entry in fitting if entry.until is None or today <= entry.until), None)
    return replace(finding, accepted=valid, lapsed=None if valid else next(iter(fitting), None))


def remarked(remarks: Iterable[Remark]) -> list[Finding]:
    """What is to be said of an inventory, as findings."""
    return [
        Finding(
            "warning", one.text, _at(one, "hosts"), "inventory", standing=True, kind=one.kind, stack=_at(one, "stacks")
        )
        for one in remarks
    ]


def _at(remark: Remark, section: str) -> str | None:
    """The host or stack it is about."""
    return str(remark.path[1]) if remark.path[:1] == (section,) and len(remark.path) > 1 else None


def _fits(entry: Accepted, finding: Finding) -> bool:
    if finding.kind is None or entry.id != finding.kind.id:
        return False
    hosts = not entry.hosts or (bool(finding.hosts) and entry.hosts.issuperset(finding.hosts))
    return hosts and (not entry.stacks or finding.stack in entry.stacks)
