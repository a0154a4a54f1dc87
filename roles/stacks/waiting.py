"""Waits for a stack: until when, and what is said where that is not long enough."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence

from roles.stacks.drift import Difference, Drift
from roles.stacks.kinds import TIMEOUT_SHORT
from skep.measures import seconds_text
from skep.plan import Finding, Step, Wait
from skep.steps import EARLIER, StepId
from skep.swarm.comparing import effect
from skep.swarm.objects import Service
from skep.swarm.placement import is_meant
from skep.swarm.references import named
from skep.swarm.service import container_of
from skep.swarm.spec import ServiceSpec
from skep.swarm.timing import GRACE, NOTABLE, Timing, grace_of, timing

ALLOWANCE = 300.0
"""Seconds on top of what a roll-out takes by what its services ask for, where nobody names a timeout: images are
pulled, nodes are busy."""


def step_id(action: str, stack: str, part: str | None = None) -> StepId:
    """The name of a step about a stack, or about a part of it."""
    return StepId("stacks", action, object=f"{stack}/{part}" if part else stack)


def wait(drift: Drift, name: StepId, title: str, cause: str, services: Sequence[str], needs: Sequence[Step]) -> Wait:
    """Until these services run as desired. Where nothing is written before, it begins when the hosts are ready: a node
    that comes back in this run may be what they wait for."""
    timings = _timings(drift, services)
    return Wait(
        id=name,
        title=title,
        cause=cause,
        condition="stack_running",
        arguments={"stack": drift.name, "services": list(services)},
        needs=tuple(step.id for step in needs),
        after=() if needs else (EARLIER,),
        timeout=_deadline(drift, timings.values()),
        detail=tuple(f"{name}: up to {one.text}" for name, one in timings.items() if one.seconds >= NOTABLE),
        otherwise=_otherwise(drift, _slowest(drift, timings)),
    )


def _deadline(drift: Drift, timings: Collection[Timing]) -> float:
    """The stack's own timeout, else what the roll-out may take. A stack on its way back after a failure has both: the
    timeout was for what failed, and may be why it did."""
    asked, own = drift.stack.timeout, ALLOWANCE + max((one.seconds + one.back for one in timings), default=0)
    return max(asked or 0, own) if drift.rollout.revision == "last" else asked or own


def _slowest(drift: Drift, timings: Mapping[str, Timing]) -> tuple[str, Timing] | None:
    """The service whose roll-out may take longest, where that is longer than the timeout which ends it."""
    timeout = drift.stack.timeout if drift.rollout.revision != "last" else None
    name, slowest = max(timings.items(), key=lambda item: item[1].seconds, default=("", Timing()))
    return (name, slowest) if timeout is not None and slowest.seconds > timeout else None


def _enough(slowest: Timing) -> str:
    return f"{math.ceil((slowest.seconds + GRACE) / 60)}m"


def _otherwise(drift: Drift, cut: tuple[str, Timing] | None) -> str:
    """What to do where it does not get there. Never what has been done already, such as a restart. ``cut``: a service
    that the timeout gives too little time."""
    name, rollout = drift.name, drift.rollout
    look = f"see what its tasks say: invoke stack.ps {name}"
    if rollout.restart:
        return f"{look}; the restart has begun, and running it again begins another"
    if rollout.scale:
        return f"{look}; once they can run, Swarm starts them by itself"
    if rollout.revision is not None:
        return look
    more = f", or give it more time (--timeout {_enough(cut[1])})" if cut else ""
    if rollout.resolve == "refresh":
        again = f"fix what fails{more}, then deploy it: invoke stack.deploy {name}"
    else:
        again = f"fix the stack's files{more}{',' if more else ''} and run the same command again"
    if drift.goes_back_on_failure:
        return again
    ran = any(revision.done for revision in drift.found.revisions) or (
        drift.found.services and not drift.found.revisions
    )
    way = f"go back: invoke stack.rollback {name}" if ran else f"take it away: invoke stack.rm {name}"
    return f"{again}, or {way}"


def too_short(drift: Drift) -> Iterator[Finding]:
    """A timeout that ends a roll-out which may go well; it never ends a way back."""
    cut = _slowest(drift, _timings(drift, [difference.name for difference in drift.differing]))
    if cut and drift.stack.timeout is not None:
        name, slowest = cut
        yield Finding(
            "warning",
            f"stack {drift.name}: the roll-out of {name} may take up to {slowest.text}, and its timeout is"
            f" {seconds_text(drift.stack.timeout)}: one that goes well may be called a failure",
            role="stacks",
            kind=TIMEOUT_SHORT,
            stack=drift.name,
            next_action=f"give it more time: --timeout {_enough(slowest)}, or stacks.{drift.name}.timeout in the"
            " inventory",
        )


def longest_stop(services: Collection[Service]) -> float:
    """Seconds that the tasks of these services (as listed) may take to stop."""
    return max((grace_of(container_of(raw["Spec"])) for raw in services), default=0.0)


def _timings(drift: Drift, services: Sequence[str]) -> Mapping[str, Timing]:
    differing = {difference.name: difference for difference in drift.differing}
    return {name: _timing(drift, differing.get(name), name) for name in services}


def _timing(drift: Drift, difference: Difference | None, name: str) -> Timing:
    """Of one that does not differ: of the roll-out it is in, the end of which nobody saw."""
    raw = drift.found.services.get(name)
    if difference is None:
        spec = drift.have(name) or drift.desired.services[name]
        before = named((raw.get("PreviousSpec") if raw else None) or spec, drift.names)
        return timing(spec, before, replaced=True, nodes=_places(drift, spec))
    spec, have = difference.spec, difference.have
    how = effect(have, difference.changes, restart=drift.restarts(difference)) if have is not None else ""
    return timing(spec, have, replaced=how not in ("", "in place"), nodes=_places(drift, spec))


def _places(drift: Drift, spec: ServiceSpec) -> int:
    return sum(is_meant(spec, node) for node in drift.swarm.nodes)
