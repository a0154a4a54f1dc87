"""The one question a user is asked: is that meant. And whether a plan is carried out at all."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from dataclasses import replace

from skep.dataclass import dataclass
from skep.errors import UsageError
from skep.plan import Plan, Run, Step
from skep.request import Request
from skep.runs.unattended import removes
from skep.visible import visible

NAMED = 3
"""Most steps that a question names; where there are more, it says how many."""


@dataclass(frozen=True, slots=True)
class Asking:
    """The user's consent by options: ``yes`` to any plan, or that the plan is ``only_shown``."""

    yes: bool = False
    only_shown: bool = False
    anyway: str = ""
    """Why it cannot wait for a maintenance window, or the end of a freeze."""

    def of(self, request: Request) -> Request:
        """The request with what the user allows."""
        return replace(request, only_planned=self.only_shown, anyway=self.anyway)

    def agreed_to(self, planned: Plan) -> bool:
        """Whether the user was asked, and agreed. On a terminal that is so where something is removed or an engine
        restarts. Raises ``UsageError`` on a no."""
        steps = [step for step in planned if grave(step)]
        if self.yes or not steps or not (sys.stdin.isatty() and sys.stderr.isatty()):
            return False
        named = [f"{step.title} on {step.host}" if step.host else step.title for step in steps[:NAMED]]
        more = f" and {len(steps) - NAMED} more" if len(steps) > NAMED else ""
        agreed(f"This plan is to {', '.join(named)}{more}. Go on?", yes=False)
        return True


UNASKED = Asking()
"""No consent by options: the user is asked."""


def grave(step: Step) -> bool:
    """Whether it removes something, or ends an engine for a moment."""
    return removes(step) or (isinstance(step, Run) and step.restarts)


def agreed(question: str, *, yes: bool) -> bool:
    """Ask on a terminal, through stderr; raise ``UsageError`` on a no, or where nobody can be asked. Whether it was
    asked: not where ``yes`` was said before."""
    if yes:
        return False
    if not sys.stdin.isatty():
        raise UsageError(f"{question} Nobody can be asked here", next_action="add --yes if that is meant")
    try:
        with redirect_stdout(sys.stderr):
            answer = input(f"{visible(question)} [y/N] ")
    except EOFError:
        answer = ""
    if answer.strip().lower() not in ("y", "yes"):
        raise UsageError("not agreed; nothing was changed")
    return True
