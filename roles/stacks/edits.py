"""Who changed a service: somebody on the swarm, since this tool wrote it, or the compose files."""

from __future__ import annotations

from roles.stacks.case import Case, Difference
from skep.swarm.comparing import differences
from skep.swarm.spec import ServiceSpec
from skep.swarm.versions import understood

Fields = frozenset[tuple[str, ...]]


def by_hand(case: Case, difference: Difference) -> Fields:
    """Those of its changing fields that are not as a revision wrote them. None where it is not the files that ask for
    the change, where no revision knows the service, or where Swarm took its update back by itself."""
    have, written = difference.have, _written(case, difference.name)
    if have is None or not written or not case.desired.document or case.was_taken_back(difference.name):
        return frozenset()
    edited = min((_fields(case, spec, have) for spec in written), key=len)
    return edited & {change.path for change in difference.changes}


def why(case: Case, difference: Difference) -> str:
    """The cause of writing a service."""
    since = f"by hand since revision {case.found.revisions[-1].number}" if case.found.revisions else ""
    if difference.have is None:
        last = case.found.revisions[-1] if case.found.revisions else None
        was = last is not None and last.done and difference.name in last.content["services"]
        return f"removed {since}" if was and case.desired.document else "missing"
    if not by_hand(case, difference):
        return case.cause
    return f"changed {since}" + (f"; {case.cause}, too" if by_files(case, difference) else "")


def by_files(case: Case, difference: Difference) -> Fields:
    """Those of its changing fields for which the compose files ask for something else than the last revision did."""
    written = _written(case, difference.name)
    asked = _fields(case, written[0], difference.spec) if written else frozenset()
    return asked & {change.path for change in difference.changes}


def reason(case: Case) -> str:
    """The cause of the roll-out as a whole: for history, and for who looks at its first step."""
    causes = {why(case, one) for one in case.differing}
    return causes.pop() if len(causes) == 1 and not case.pruned and causes != {"missing"} else case.cause


def _written(case: Case, service: str) -> list[ServiceSpec]:
    """What the last revision says of a service; where its end was not seen, also what the last that ran says."""
    past = case.found.revisions
    ran = [one for one in past if one.done][-1:]
    last = [*past[-1:], *(ran if past and not past[-1].done else ())]
    return [one.content["services"][service] for one in last if service in one.content["services"]]


def _fields(case: Case, one: ServiceSpec, other: ServiceSpec) -> Fields:
    old, new = understood(one, case.oldest), understood(other, case.oldest)
    return frozenset(change.path for change in differences(old, new, case.names))
