"""Who changed a service: somebody on the swarm, since this tool wrote it, or the compose files."""

from __future__ import annotations

from roles.stacks.drift import Difference, Drift
from skep.swarm.comparing import differences
from skep.swarm.spec import ServiceSpec
from skep.swarm.versions import understood

Fields = frozenset[tuple[str, ...]]


def by_hand(drift: Drift, difference: Difference) -> Fields:
    """Those of its changing fields that are not as a revision wrote them. None where it is not the files that ask for
    the change, where no revision knows the service, or where Swarm took its update back by itself."""
    have, written = difference.have, _written(drift, difference.name)
    if have is None or not written or not drift.desired.document or drift.was_taken_back(difference.name):
        return frozenset()
    edited = min((_fields(drift, spec, have) for spec in written), key=len)
    return edited & {change.path for change in difference.changes}


def why(drift: Drift, difference: Difference) -> str:
    """The cause of writing a service."""
    since = f"by hand since revision {drift.found.revisions[-1].number}" if drift.found.revisions else ""
    if difference.have is None:
        last = drift.found.revisions[-1] if drift.found.revisions else None
        was = last is not None and last.done and difference.name in last.content["services"]
        return f"removed {since}" if was and drift.desired.document else "missing"
    if not by_hand(drift, difference):
        return drift.cause
    return f"changed {since}" + (f"; {drift.cause}, too" if by_files(drift, difference) else "")


def by_files(drift: Drift, difference: Difference) -> Fields:
    """Those of its changing fields for which the compose files ask for something else than the last revision did."""
    written = _written(drift, difference.name)
    asked = _fields(drift, written[0], difference.spec) if written else frozenset()
    return asked & {change.path for change in difference.changes}


def reason(drift: Drift) -> str:
    """The cause of the roll-out as a whole: for history, and for who looks at its first step."""
    causes = {why(drift, one) for one in drift.differing}
    return causes.pop() if len(causes) == 1 and not drift.pruned and causes != {"missing"} else drift.cause


def _written(drift: Drift, service: str) -> list[ServiceSpec]:
    """What the last revision says of a service; where its end was not seen, also what the last that ran says."""
    past = drift.found.revisions
    ran = [one for one in past if one.done][-1:]
    last = [*past[-1:], *(ran if past and not past[-1].done else ())]
    return [one.content["services"][service] for one in last if service in one.content["services"]]


def _fields(drift: Drift, one: ServiceSpec, other: ServiceSpec) -> Fields:
    old, new = understood(one, drift.oldest), understood(other, drift.oldest)
    return frozenset(change.path for change in differences(old, new, drift.names))
