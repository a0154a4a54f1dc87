"""What a run leaves undone where nobody looks on."""

from __future__ import annotations

from skep.converge import Site, make
from skep.kinds.hosts import LEFT_UNDONE
from skep.plan import Call, Finding, Plan, Step

REMOVING = frozenset({"service_remove", "stack_remove", "network_remove", "node_remove", "swarm_leave"})
"""Operations that take something away which runs or is used."""


def removes(step: Step) -> bool:
    """Whether it takes something away which runs or is used."""
    return isinstance(step, Call) and step.operation in REMOVING


def without_removals(site: Site, planned: Plan) -> Plan:
    """The plan without anything about a stack, or about another object, of which something would be removed: half of it
    would be a state that nobody described. What would be removed is named."""
    removing = [step for step in planned if removes(step)]
    if not removing:
        return planned
    about = {(step.role, step.id.whole) for step in removing}
    gone = {step.id for step in planned if (step.role, step.id.whole) in about}
    kept = [step for step in planned if step.id not in gone and not planned.ahead(step.id) & gone]
    said = [
        Finding(
            "warning",
            f"left undone, since nobody looks on: {step.title} ({step.cause})",
            host=step.concerns,
            role=step.role,
            next_action="where that is meant, do it by hand: "
            + (f"invoke stack.deploy {step.id.stack}" if step.id.stack else "invoke cluster.up"),
            kind=LEFT_UNDONE,
        )
        for step in removing
    ]
    return make(site, [*planned.findings, *said, *kept], whole=planned.whole)
