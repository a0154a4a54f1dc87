"""Errors that may be over once steps of the same plan are done: those come first, all else in a second round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from skep.plan import Finding, Step
from skep.steps import Milestone


def deferred(items: Sequence[Step | Finding]) -> Sequence[Step | Finding]:
    """Where every error may be over once some of the steps are done, those alone, the waits for it, and the errors as
    notes: all else is planned anew in a second round, by what is seen then. Otherwise as it was."""
    errors = [one for one in items if isinstance(one, Finding) and one.level == "error"]
    waits = {one.unless.id: one.unless for one in errors if isinstance(one.unless, Step)}
    gates = {one.unless for one in errors if isinstance(one.unless, Milestone)}
    gates |= {edge for wait in waits.values() for edge in wait.gates if isinstance(edge, Milestone)}
    steps = [one for one in items if isinstance(one, Step)]
    first = [step for step in steps if any(gate.is_met_by(one) for gate in gates for one in step.provides)]
    if not first or not all(one.unless for one in errors):
        return items
    left = {step.role for step in steps} - {step.role for step in first}
    notes = [
        replace(one, level="note", later=True, text=f"{one.text}; the rest follows once that is over", next_action=None)
        if one in errors
        else one
        for one in items
        if isinstance(one, Finding) and (one in errors or one.role not in left)
    ]
    return [*notes, *first, *waits.values()]
