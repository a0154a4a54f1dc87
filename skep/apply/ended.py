"""What a step that did not end well ends with: its last words, and what to do."""

from __future__ import annotations

from skep.apply.attempt import Attempt
from skep.engine import EngineClient, StackWatch
from skep.errors import BELOW, StepFailed
from skep.lock.lease import AGAIN
from skep.plan import Step
from skep.shell import NO_ROOM
from skep.ssh import Result

STDERR_LINES = 15
"""Lines of a script that are shown, the last ones."""

ROOM = "make room there, or what stands in the way writable, then run the same command again"


def script_failed(host: str, step: Step, result: Result) -> StepFailed:
    if result.status == NO_ROOM:
        return StepFailed("could not write a file", host=host, cause=tail(result), next_action=ROOM)
    late = result.status in (124, 137)
    text = f"took longer than {step.timeout:g} s and was ended" if late else f"ended with status {result.status}"
    return StepFailed(text, host=host, cause=tail(result), next_action=step.otherwise or AGAIN)


def tail(result: Result) -> str:
    lines = [line for line in (result.err or result.out).strip().splitlines() if line.strip()]
    return f"\n{BELOW}".join(lines[-STDERR_LINES:]) or "it printed no error"


def not_in_time(api: EngineClient, host: str, attempt: Attempt, missing: str) -> StepFailed:
    step = attempt.step
    text = f"{missing}, {host} says" if step.concerns not in (None, host) else missing
    watched = attempt.look if isinstance(attempt.look, StackWatch) else None
    cause = watched.report(api) if watched else text
    next_action = (watched and watched.remedy) or step.otherwise or AGAIN
    text = f"not so after {round(attempt.limits.given, 1):g} s"
    return StepFailed(text, host=step.concerns, cause=cause, next_action=next_action)
