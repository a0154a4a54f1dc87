"""What plans and outcomes come to: places with the same steps together, and how many ended how; whose a log line is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from skep.apply import Outcome
from skep.measures import seconds_text
from skep.plan import Plan, Step, Wait
from skep.report.parts import Part
from skep.report.signs import EVENTS
from skep.visible import visible


def why(step: Step) -> str:
    """The step's cause; for a wait also how long it may take."""
    return f"{step.cause}, at most {seconds_text(step.timeout)}" if isinstance(step, Wait) else step.cause


def alike(plan: Plan) -> list[tuple[list[str], list[Step]]]:
    """Hosts whose steps read the same, grouped."""
    groups: dict[tuple[Any, ...], tuple[list[str], list[Step]]] = {}
    for place, steps in plan.by_place().items():
        text = tuple((step.role, step.title, step.cause, step.detail) for step in steps)
        groups.setdefault(text, ([], steps))[0].append(place)
    return list(groups.values())


def parts_of(outcome: Outcome, plan: Plan, seconds: float) -> list[Part]:
    """The line on a run's end: how many steps, and the hosts that are done, failed or skipped."""
    by_place: dict[str, set[str]] = {}
    for step in plan:
        state = "failed" if step.id in outcome.failed else "skipped" if step.id in outcome.skipped else "done"
        by_place.setdefault(step.concerns or "cluster", set()).add(state)
    worst = {p: next(s for s in ("failed", "skipped", "done") if s in found) for p, found in by_place.items()}
    parts: list[Part] = [f"{len(outcome.done)} of {len(plan)} steps in {seconds:.1f} s; "]
    for state in ("done", "failed", "skipped"):
        names = [place for place, how in worst.items() if how == state]
        if names:
            parts += ["; " if len(parts) > 1 else "", (state, EVENTS[state][1]), f": {', '.join(names)}"]
    return parts


def label_of(entry: Mapping[str, str]) -> str:
    """The source of a log line: its task, with the node where the task's name does not end with it."""
    task, node = visible(entry["task"]), visible(entry["node"])
    return task if not node or task.endswith(f".{node}") else f"{task}@{node}"
