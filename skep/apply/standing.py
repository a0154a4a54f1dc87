"""In what state a run leaves the nodes that it took out of service."""

from __future__ import annotations

from collections.abc import Sequence

from skep.plan import Plan, Step
from skep.steps import StepId


def left(plan: Plan, done: Sequence[StepId]) -> list[str]:
    """A text for each node that is not as before, after these steps in that order."""
    states = {step.concerns: step.leaves for step in _in_order(plan, done)}
    return [state for state in states.values() if state]


def standing(plan: Plan, done: Sequence[StepId], failed: Step) -> str | None:
    """How the node stands that a failed step is about; ``None`` where the plan does not take it out of service."""
    host = failed.concerns
    if failed.leaves is not None:
        return f"whether {host} is drained is not known; the same command finds out and goes on with it"
    if not any(step.leaves for step in plan if step.concerns == host):
        return None
    states = [step.leaves for step in _in_order(plan, done) if step.concerns == host]
    return (states[-1] or None) if states else f"{host} was not drained: it goes on as before"


def _in_order(plan: Plan, done: Sequence[StepId]) -> list[Step]:
    telling = {step.id: step for step in plan if step.leaves is not None}
    return [telling[name] for name in done if name in telling]
