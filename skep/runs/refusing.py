"""Why a plan is not carried out, and what a run ends with that did not end well."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from skep.apply import Outcome
from skep.converge import Site
from skep.errors import ConnectError, Interrupted, NotConverged, PreflightError, SkepError, StepFailed, nobody
from skep.observe import Observation
from skep.plan import Plan, Step, Wait
from skep.seen import swarms

LIMIT = 3
"""Times a step may repeat in one run before it counts as flapping."""

Done = Counter[tuple[str, tuple[str, ...]]]
"""How often a run took a step, by its id and details."""


def refuse_errors(plan: Plan, so_far: str = "nothing was changed") -> None:
    """Raise ``PreflightError`` if the plan holds findings that forbid to apply it."""
    if plan.errors:
        count = len(plan.errors)
        error = PreflightError(
            f"{count} finding{'s' if count > 1 else ''} above forbid{'s' if count == 1 else ''} to go on; {so_far}",
            next_action="do what the 'next' of each error above says, then run the same command again",
        )
        error.found = tuple(
            (f"{one.host}: {one.text}" if one.host else one.text, one.next_action) for one in plan.errors
        )
        raise error


def refuse_unclean(outcome: Outcome, failures: Mapping[str, SkepError]) -> None:
    """Raise what a run ended with, if it did not end well."""
    if outcome.interrupted:
        raise Interrupted(
            f"stopped: {len(outcome.done)} steps done, {len(outcome.skipped)} not started",
            state=_states(outcome.left),
            next_action="run the same command again; it continues from what it finds",
        )
    if outcome.lost:
        outcome.lost.state = _states(outcome.left)
        raise outcome.lost
    if outcome.failed:
        first = next(iter(outcome.failed.values()))
        hosts = sorted({error.host for error in outcome.failed.values() if error.host})
        raise StepFailed(
            f"{len(outcome.failed)} step{'s' if len(outcome.failed) > 1 else ''} failed"
            + (f" on {', '.join(hosts)}" if hosts else "")
            + (f", {len(outcome.skipped)} skipped" if outcome.skipped else ""),
            state=_states([*(error.state for error in outcome.failed.values()), *outcome.left]),
            next_action=first.next_action or "fix the cause and run the same command again; what is done stays done",
        )
    refuse_silent(failures)


def _states(states: Iterable[str | None]) -> str | None:
    """A line for each node, once."""
    return "\n".join(dict.fromkeys(state for state in states if state)) or None


def refuse_silent(failures: Mapping[str, SkepError]) -> None:
    """Raise ``ConnectError`` if hosts were left out."""
    if failures:
        raise ConnectError(
            f"{', '.join(failures)} could not be asked and {'was' if len(failures) == 1 else 'were'} left out",
            next_action=f"bring {'it' if len(failures) == 1 else 'them'} back and run the same command again",
        )


def refuse_untold(observation: Observation) -> None:
    """Raise ``ConnectError`` where no manager lists the swarm's objects: without that nothing can be planned for
    them."""
    if observation.manager is not None:
        return
    text, look = "no manager says what runs in the swarm; nothing was changed", "see what is wrong: invoke cluster.plan"
    if observation.failures:
        error = nobody(text, observation.failures, look)
        lonely = [name for name, one in observation.members.items() if one and one.manager]
        if lonely:
            error.cause = f"{', '.join(lonely)}: a manager of a swarm without a quorum; {error.cause}"
        raise error
    cause = "no host that answered is a manager of a swarm with a quorum"
    raise ConnectError(text, cause=cause, next_action=look)


def refuse_apart(observation: Observation) -> None:
    """Raise ``PreflightError`` where managers are in different swarms: a step would be done in any of them."""
    found = swarms(observation.members)
    if len(found) > 1:
        raise PreflightError(
            f"the managers are in {len(found)} different swarms; nothing was changed",
            cause="; ".join(
                f"{', '.join(names)} in {'one' if not at else 'another'}" for at, names in enumerate(found)
            ),
            next_action="see which, and what to do: invoke cluster.plan",
        )


def pass_over_silent(site: Site, failures: Mapping[str, SkepError], *, done: bool = True) -> None:
    """Note hosts that did not answer, and had no part in what was answered or ``done``: it was the managers'."""
    if failures:
        left = ", and nothing is left to do" if done else ""
        site.note(f"not asked: {', '.join(failures)}; the managers know all that this needs{left}")


def refuse_repeated(plan: Plan, done: Done) -> None:
    """Raise ``NotConverged`` if a plan made after a run holds a step that was done in it; ``done`` counts how often.

    A wait changes nothing, and a step with other details is another one, as where a node left meanwhile and a firewall
    is to let one address less in: such may come again, ``LIMIT`` times in all.
    """
    times: Counter[str] = Counter()
    for (name, _), count in done.items():
        times[name] += count
    repeated = [step for step in plan if times[step.id] >= LIMIT or (done[step.id, step.detail] and not _waits(step))]
    if not repeated:
        return
    flapping = all(map(_waits, repeated))
    lines = [f"{step.id}: {step.title} ({step.cause})" for step in repeated]
    raise NotConverged(
        "all steps ran, and "
        + (f"it does not stay so after {LIMIT} times" if flapping else f"{len(repeated)} would have to run again"),
        cause="; ".join(lines[:5]) + (" …" if len(lines) > 5 else ""),
        next_action=(flapping and repeated[0].otherwise)
        or "run the same command again; if it stays, something else changes these hosts",
    )


def _waits(step: Step) -> bool:
    return isinstance(step, Wait)


def refuse_later(plan: Plan) -> None:
    """Raise ``NotConverged`` if a plan without steps leaves something for another round, which then never comes."""
    if not len(plan) and plan.later:
        raise NotConverged(
            "something is left to do that could not be planned",
            cause="; ".join(f"{finding.host}: {finding.text}" for finding in plan.later),
            next_action="run the same command again, without --limit",
        )
