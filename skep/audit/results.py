"""What became of each control and test: a finding or not, and what of it the inventory accepts. Pure: the day is
given."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Literal

from skep.accepting import judged
from skep.audit.controls import Control, Place, all_controls
from skep.dataclass import dataclass
from skep.kinds import Kind
from skep.kinds.audits import SEVERITIES, Severity
from skep.model import Accepted
from skep.plan import Finding
from skep.verify.check import OWN, UNREACHABLE, Check

Status = Literal["finding", "not seen", "accepted", "to judge", "passed", "not applicable"]
PLACE = re.compile(r"(?<![\w.-])HOST(?![\w-])")
"""Where the host belongs in remedies of ours."""
ORDER: Sequence[Status] = ("finding", "not seen", "accepted", "to judge", "passed", "not applicable")
"""What an operator has to act on comes first."""


@dataclass(frozen=True, slots=True)
class Result:
    """``not seen``: something kept us from looking. ``to judge``: a person has to, by the evidence."""

    id: str
    suite: str
    host: str | None
    stack: str | None
    title: str
    status: Status
    severity: Severity
    message: str
    remedy: str
    on: Place
    evidence: tuple[tuple[str, str], ...]
    seconds: float
    control: Control | None = None
    accepted: Accepted | None = None
    lapsed: Accepted | None = None

    @property
    def where(self) -> str:
        """Host, stack, or the cluster as a whole."""
        return self.host or self.stack or "cluster"

    @property
    def fix(self) -> str:
        """The remedy with the place where it is typed; nothing where something else keeps us from looking."""
        if self.status == "not seen" and self.id != UNREACHABLE:
            return ""
        place = {"here": "", "manager": "on a manager: ", "host": f"on {self.host}: " if self.host else ""}[self.on]
        return f"{place}{self.remedy}" if self.remedy else ""

    def as_json(self) -> dict[str, object]:
        """For scripts."""
        return {
            "id": self.id,
            "suite": self.suite,
            "host": self.host,
            "stack": self.stack,
            "title": self.title,
            "why": self.control.reason if self.control else None,
            "status": self.status,
            "severity": self.severity,
            "message": self.message,
            "remedy": self.remedy,
            "on": self.on,
            "evidence": [{"command": command, "value": value} for command, value in self.evidence],
            "benchmark": self.control.as_json() if self.control and self.control.number else None,
            "accepted": self.accepted.as_json() if self.accepted else None,
            "lapsed": self.lapsed.as_json() if self.lapsed else None,
            "seconds": round(self.seconds, 3),
        }


def results_of(
    checks: Iterable[Check], accepted: Sequence[Accepted], today: date, spelled: Callable[[str], str] = str
) -> list[Result]:
    """The results, those first that somebody has to act on. ``spelled`` gives a remedy as it is typed here."""
    kept = list(checks)
    broken = {check.message for check in kept if check.outcome == "error"}
    results = [
        replace(one, remedy=spelled(one.remedy)) for one in (_result(check, broken, accepted, today) for check in kept)
    ]
    return sorted(results, key=lambda one: (ORDER.index(one.status), SEVERITIES.index(one.severity)))


def counts(results: Iterable[Result]) -> dict[Status, int]:
    """How many there are of each status."""
    found = Counter(one.status for one in results)
    return {status: found[status] for status in ORDER}


def idle(
    accepted: Iterable[Accepted], results: Sequence[Result], known: Mapping[str, Kind], today: date
) -> Iterator[str]:
    """Entries of ``accept:`` that accept nothing, each with why."""
    ids = {one.id for one in results} | set(known) | set(all_controls())
    for entry in sorted(accepted, key=lambda one: one.id):
        of_it = [one for one in results if one.id == entry.id]
        if entry.id not in ids:
            yield f"{entry.id} is the id of no warning and of no test"
        elif entry.until and entry.until < today:
            yield f"{entry.id} was accepted until {entry.until}: take it out, or write a later day"
        elif entry.hosts and of_it and all(one.host is None for one in of_it):
            yield f"{entry.id} is about no single host: take hosts out"
        elif entry.stacks and of_it and all(one.stack is None for one in of_it):
            yield f"{entry.id} is about no stack: take stacks out"


def _result(check: Check, broken: set[str], accepted: Sequence[Accepted], today: date) -> Result:
    control = all_controls().get(check.id)
    finding = Finding("warning", check.message, check.host, kind=Kind(check.id, "", ""), stack=check.stack)
    said = judged(finding, accepted, today)
    status = _status(check, control, broken)
    if status == "finding" and said.accepted:
        status = "accepted"
    return Result(
        check.id,
        check.role,
        check.host,
        check.stack,
        control.title if control else check.name,
        status,
        check.severity,
        check.message,
        PLACE.sub(check.host, check.remedy) if control and check.host else check.remedy,
        control.on if control and check.remedy == control.remedy else _place(check, control),
        check.evidence,
        check.seconds,
        control,
        said.accepted if status == "accepted" else None,
        said.lapsed if status == "finding" else None,
    )


def _status(check: Check, control: Control | None, broken: set[str]) -> Status:
    match check.outcome:
        case "failed":
            return "finding"
        case "error":
            return "not seen"
        case "skipped":
            return "not seen" if check.message in broken else "not applicable"
    return "to judge" if control and control.shown else "passed"


def _place(check: Check, control: Control | None) -> Place:
    """Where a remedy is typed that a test made: skep's own commands here, others on the host that it is about."""
    if "invoke " in check.remedy or check.remedy.startswith("on "):
        return "here"
    if control is None:
        return "host" if check.host and check.role.startswith(OWN) else "here"
    return "host" if check.host else "manager"
