"""Carrying out a plan under the lock, until observing again finds nothing left."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

from skep.apply import Outcome
from skep.converge import Site, make, see
from skep.dataclass import dataclass
from skep.errors import LockHeld
from skep.observe import Observation
from skep.plan import Call, Plan, Step
from skep.runs.listener import Listener
from skep.runs.locked_run import Run
from skep.runs.refusing import Done, refuse_errors, refuse_later, refuse_repeated, refuse_unclean
from skep.runs.turn import locked
from skep.steps import StepId
from skep.waiting import until

Remaining = Callable[[Observation], Plan]

ERROR = 500
"""Characters of a failure that a revision keeps."""

LATER = 10.0
"""Seconds to look for what was left for another round: a host may hear late what it has become."""


@dataclass(frozen=True, slots=True)
class Carried:
    """How a plan was carried out: what was seen last, and the steps of all rounds."""

    observation: Observation
    steps: tuple[Step, ...] = ()


def carry_out(
    site: Site,
    listener: Listener,
    planned: Plan,
    observation: Observation,
    what: str,
    remaining: Remaining,
    *,
    agreed: bool = False,
    inquire: bool = True,
    recover: Callable[[Run, Outcome, Observation], None] | None = None,
) -> Carried:
    """Under the lock, look again, apply, observe again; what only shows after the first round gets one of its own.

    The plan was made before the lock: where another run has changed the cluster since, the new plan is shown and
    carried out, or refused (``LockHeld``) where somebody ``agreed`` to the old one. ``recover`` hears of failures
    before they are raised. A wait may come again, as nodes do that the managers lose sight of; at most as often as
    ``refuse_repeated`` allows. Without ``inquire`` no registry is asked anything.
    """
    if not len(planned):
        return Carried(observation)
    listener.steady()
    done: Done = Counter()
    steps: list[Step] = []
    with locked(site, listener, what) as run:
        with listener.busy("looking again, now that nobody else can change it"):
            run.announce(planned, observation)
            observation = see(site, observation, inquire=inquire)
        planned = _confirmed(listener, planned, remaining(observation), agreed=agreed)
        while len(planned):
            outcome = carry_round(run, site, listener, planned, observation)
            if outcome.failed and not (outcome.lost or outcome.interrupted):
                note_failures(run, site, planned, outcome, observation)
            if outcome.failed and recover:
                recover(run, outcome, observation)
            refuse_unclean(outcome, {})
            done.update((step.id, step.detail) for step in planned if step.id in outcome.done)
            steps += planned
            with listener.busy("observing again"):
                observation = see(site, observation, inquire=inquire)
            observation, planned = _left(site, observation, remaining, inquire=inquire)
            run.check()
            refuse_repeated(planned, done)
            if len(planned):
                listener.plan(planned, applying=True)
                refuse_errors(planned, "what was done before stays done")
        refuse_later(planned)
    listener.findings([one for one in planned.findings if one.outcome])
    return Carried(observation, tuple(steps))


def _left(site: Site, observation: Observation, remaining: Remaining, *, inquire: bool) -> tuple[Observation, Plan]:
    """What is left to do; looked for again while all there is can only be planned later."""
    seen, plans = [observation], list[Plan]()

    def settled() -> bool:
        if plans:
            seen.append(see(site, seen[-1], inquire=inquire))
        plans.append(remaining(seen[-1]))
        return bool(len(plans[-1]) or not plans[-1].later)

    until(settled, seconds=LATER, every=1)
    return seen[-1], plans[-1]


def carry_round(run: Run, site: Site, listener: Listener, planned: Plan, observation: Observation) -> Outcome:
    """One plan, shown as it goes."""
    since = time.monotonic()
    with listener.run(planned):
        outcome = run.apply(site, planned, observation, listener.event)
    listener.outcome(outcome, planned, time.monotonic() - since)
    return outcome


def _words(planned: Plan) -> list[str]:
    """The plan less how services fare at the moment."""
    passing = {str(finding) for finding in planned.unwell}
    return [line for line in str(planned).splitlines() if line not in passing]


def note_failures(run: Run, site: Site, planned: Plan, outcome: Outcome, observation: Observation) -> None:
    """Write down on each revision that was begun what kept its stack from running like that."""
    notes = []
    for begun in (step for step in planned if isinstance(step, Call) and step.operation == "revision_begin"):
        needing = [one for one in outcome.failed if begun.id in planned.ahead(one)]
        if begun.id in outcome.done and needing:
            name, error = begun.arguments["records"][-1]["Name"], outcome.failed[needing[0]]
            text = " ".join(f"{error.message}: {error.cause or 'no cause given'}".split())[:ERROR]
            arguments = {"name": name, "error": text}
            notes.append(
                Call(
                    id=StepId(begun.role, "failed", object=name),
                    title="note what failed",
                    cause="a step failed",
                    operation="revision_failed",
                    arguments=arguments,
                    timeout=30,
                )
            )
    if notes:
        run.apply(site, make(site, notes), observation, lambda _: None)


def _confirmed(listener: Listener, planned: Plan, now: Plan, *, agreed: bool) -> Plan:
    """The plan as it is now, shown where it is another one."""
    if _words(now) == _words(planned):
        return now
    if agreed:
        raise LockHeld(
            "the cluster was changed since this plan was shown; nothing was done",
            step="plan",
            next_action="run the same command again and look at the new plan",
        )
    listener.say("the cluster was changed since this plan was made; this is the plan now:")
    listener.plan(now, applying=True)
    refuse_errors(now)
    return now
