"""The way back of stacks whose roll-out failed: see ``Stack.on_failure``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from skep.apply import Outcome
from skep.compose import ComposeError, document_of
from skep.converge import Site, plan, see
from skep.errors import StepFailed
from skep.milestones import stack_runs
from skep.model import Stack
from skep.observe import Observation
from skep.request import RequestedStack, Rollout, requested
from skep.runs.listener import Listener
from skep.runs.locked_run import Run
from skep.runs.refusing import refuse_unclean
from skep.runs.rounds import carry_round


class Recovery:
    """Takes stacks that failed, and are to go back, to the last revision that ran."""

    def __init__(self, listener: Listener, site: Site) -> None:
        self._listener = listener
        self._site = site

    def __call__(self, run: Run, outcome: Outcome, before: Observation) -> None:
        """Raises ``StepFailed`` when something was rolled back: it is not what was asked for."""
        stacks = requested(self._site.cluster).stacks
        names_of = [stack.name for stack in stacks]
        lost = {step.stack for step in outcome.failed}
        lost -= {name for name in names_of if stack_runs(name) in outcome.reached}
        failed = [stack for stack in stacks if stack.name in lost]
        back = [stack for stack in failed if _on_failure(stack) == "rollback"]
        if not back or outcome.interrupted or outcome.lost:
            return
        ways = [replace(stack, rollout=Rollout(revision="last")) for stack in back]
        with self._listener.busy("observing again"):
            observation = see(only_stacks(self._site, ways), before)
        stuck = [way.name for way in ways if plan(only_stacks(self._site, [way]), observation).errors]
        only = only_stacks(self._site, [way for way in ways if way.name not in stuck])
        planned = plan(only, observation)
        names = ", ".join(stack.name for stack in only.cluster.stacks)
        if len(planned):
            self._listener.say(f"{names} failed; back to what ran before (on-failure: rollback):")
            self._listener.plan(planned, applying=True)
            refuse_unclean(carry_round(run, only, self._listener, planned, observation), {})
        raise _taken_back(outcome, names, stuck, changed=bool(len(planned)))


def only_stacks(site: Site, stacks: Sequence[RequestedStack]) -> Site:
    """The site reduced to these stacks: roles that have no part in them are not even asked."""
    cluster = replace(requested(site.cluster), stacks=tuple(stacks))
    return replace(site, cluster=cluster, roles=[role for role in site.roles if role.has_part_in(stacks, cluster)])


def _taken_back(outcome: Outcome, names: str, stuck: Sequence[str], *, changed: bool) -> StepFailed:
    """How stacks went back that failed; those that are ``stuck`` never ran before, and stay as they are. The cause
    stands with the step that failed, and is shown again only where much was printed since."""
    first = next(iter(outcome.failed.values()))
    lines = []
    next_action = first.next_action or "fix the stack's files and run the same command again"
    if names:
        back = "failed and was rolled back to what ran before"
        lines.append(f"{names} {back if changed else 'failed; what ran before runs, nothing was left to take back'}")
    if stuck:
        lines.append(f"{', '.join(stuck)} failed and stays as it is: no revision of it ran before, to go back to")
        next_action += f", or take it away: invoke stack.rm {stuck[0]}"
    cause = f"{first.message}: {first.cause or 'no cause given'}" if changed else None
    return StepFailed("; ".join(lines), host=first.host, step=first.step, cause=cause, next_action=next_action)


def _on_failure(stack: Stack) -> str | None:
    """What was asked for, else what the compose files say."""
    if stack.on_failure or not stack.compose:
        return stack.on_failure
    try:
        return document_of(stack).options.on_failure
    except ComposeError:
        return None
