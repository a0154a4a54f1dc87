"""The loop that is the one sentence: observe, plan, apply, observe again until nothing differs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from skep import plan as plans
from skep import preflight
from skep.apply import Event, Outcome
from skep.errors import ConnectError, Interrupted, NotConverged, PreflightError, SkepError, StepFailed, nobody
from skep.history import Recorder
from skep.lock import ClusterLock
from skep.model import Cluster
from skep.observe import Observation, observe
from skep.plan import Finding, Plan, Step, Wait
from skep.questions import Inquiry
from skep.role import ClusterWide, Inquiring, Removable, Role, Witnessed
from skep.secret import secrets_in
from skep.ssh import Pool

WAITS = 3
"""How often one run waits for the same, which comes and goes."""

SEND_EVERY = 10.0
"""Seconds between two writes of history while a run lasts."""

Planner = Callable[[Observation], Sequence[Step | Finding]]


def _untold(_: object) -> None:
    """For who has nobody to tell."""


@dataclass(frozen=True, slots=True)
class Site:
    """An environment at hand: what is wanted, the sessions, and the roles in order.

    ``known`` names all roles there are, where ``roles`` is only some of them. ``note`` is told what stands beside a
    result, in a line; ``waiting`` which hosts have not answered while all are observed. ``wait_lock`` is how many
    seconds to wait where somebody else holds the lock.
    """

    cluster: Cluster
    pool: Pool
    roles: Sequence[Role]
    known: Sequence[str]
    note: Callable[[str], None] = _untold
    waiting: Callable[[Sequence[str]], None] = _untold
    wait_lock: float = 0.0

    @property
    def manager_names(self) -> list[str]:
        """Hosts wanted as managers: they hold the lock and the history."""
        return [host.name for host in self.cluster.managers]


def look(site: Site) -> tuple[Observation, Plan]:
    """Observe every host and plan what differs. Changes nothing."""
    observation = see(site)
    return observation, plan(site, observation)


def see(site: Site, before: Observation | None = None, *, inquire: bool = True) -> Observation:
    """Observe every host, or those that answered ``before``: the silent ones stay silent for a run.

    Where one host can tell what may have changed since ``before``, only that one is asked.
    Roles that want to know more of a manager then are answered, unless nobody is to ``inquire``; what was told
    ``before`` is not asked again.
    """
    observation = _seen_again(site, before) if before else _observed(site)
    answers = dict(before.answers) if before else {}
    states = dict(observation.states)
    for role in site.roles:
        if inquire and isinstance(role, Inquiring):
            wanted = role.inquiries(site.cluster, states[role.name])
            missing = [inquiry for inquiry in wanted if inquiry not in answers or not inquiry.lasting]
            if missing:
                answers |= _answers(site, observation, missing)
            states[role.name] = role.heard(states[role.name], {inquiry: answers[inquiry] for inquiry in wanted})
    return replace(observation, states=states, answers=answers)


def _observed(site: Site, hosts: Iterable[str] | None = None) -> Observation:
    return observe(site.cluster, site.pool, site.roles, hosts, site.waiting)


def _seen_again(site: Site, before: Observation) -> Observation:
    witness = _witness(site, before)
    if witness:
        seen = _observed(site, [witness])
        states = {name: {**before.states[name], **found} for name, found in seen.states.items()}
        all_seen = replace(before, states=states, facts={**before.facts, **seen.facts})
        if not seen.failures and _witness(site, all_seen) == witness:
            return all_seen
    seen = _observed(site, before.hosts)
    return replace(seen, failures={**before.failures, **seen.failures})


def _witness(site: Site, before: Observation) -> str | None:
    """The host that can tell for all roles; ``None`` where there is none."""
    told = {
        role.witness(site.cluster, before.states[role.name]) if isinstance(role, Witnessed) else None
        for role in site.roles
    }
    return told.pop() if len(told) == 1 else None


def _answers(site: Site, observation: Observation, missing: Sequence[Inquiry]) -> Mapping[Inquiry, Any]:
    from skep.engine import Logins, inquire

    return inquire(site.pool, asked_managers(site, observation), missing, Logins(site.cluster.registries))


def plan(site: Site, observation: Observation, *, down: bool = False) -> Plan:
    """The plan for what was observed, preflight's findings first."""
    items: list[Step | Finding] = []
    for role in site.roles:
        observed = observation.states[role.name]
        if down:
            items += role.down(site.cluster, observed) if isinstance(role, Removable) else ()
        else:
            desired = {h.name: role.desired(site.cluster, h) for h in site.cluster.hosts if h.name in observed}
            items += role.plan(site.cluster, desired, observed)
    checked = preflight.check(site.cluster, observation.facts, observation.failures)
    if all(isinstance(role, ClusterWide) for role in site.roles):
        checked = [_aside(finding, observation.failures) for finding in checked]
    rooms = {host: fact.rooms for host, fact in observation.facts.items()}
    steps = [item for item in items if isinstance(item, Step)]
    checked += preflight.room(site.cluster, steps, rooms)
    checked += preflight.standalone(steps, {host: fact.standalone for host, fact in observation.facts.items()})
    return make(site, [*checked, *items])


def _aside(finding: Finding, failures: Mapping[str, SkepError]) -> Finding:
    """What keeps us from a host forbids nothing where the managers tell and do all there is."""
    return replace(finding, level="warning") if finding.level == "error" and finding.host in failures else finding


def make(site: Site, items: Iterable[Step | Finding]) -> Plan:
    """A plan of this site's roles and hosts."""
    return Plan(items, site.known, [host.name for host in site.cluster.hosts])


def refuse_errors(plan: Plan, so_far: str = "nothing was changed") -> None:
    """Raise ``PreflightError`` if the plan holds findings that forbid to apply it."""
    if plan.errors:
        count = len(plan.errors)
        raise PreflightError(
            f"{count} finding{'s' if count > 1 else ''} above forbid{'s' if count == 1 else ''} to go on; {so_far}",
            next_action="do what the 'next' of each error above says, then run the same command again",
        )


class Run:
    """The cluster lock, held for one command: plans are carried out under it, one after the other, with history.

    Use with ``with``. Raises ``LockHeld``.
    """

    def __init__(self, site: Site, what: str) -> None:
        self._site = site
        self._lock = ClusterLock(site.pool, site.manager_names, what)
        self._ending: threading.Thread | None = None

    def __enter__(self) -> Run:
        self._lock.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        try:
            self._settle()
        finally:
            self._lock.__exit__(*error)

    def check(self) -> None:
        """Raise ``LockLost`` where the lock was lost: what is seen from then on may be another run's doing."""
        self._lock.lease.check()

    def announce(self, plan: Plan, observation: Observation) -> None:
        """Before the look that the run relies on: where it is to change hosts, no older run may do so from here on."""
        if any(isinstance(step, plans.Run | plans.Put) for step in plan):
            self._lock.announce(observation.hosts)

    def apply(self, site: Site, plan: Plan, observation: Observation, tell: Callable[[Event], None]) -> Outcome:
        """Carry out a plan, for as long as the lock is held. Raises ``PreflightError`` for one with errors."""
        from skep.apply.executor import Executor
        from skep.apply.perform import Performer

        refuse_errors(plan)
        recorder = Recorder(site.pool, self._lock.held, self._lock.holder)
        performer = Performer(
            site.pool,
            asked_managers(site, observation),
            self._lock.lease,
            secrets_in(site.cluster),
            registries=site.cluster.registries,
            author=self._lock.holder.who,
        )
        executor = Executor(plan, performer, _both(recorder.note, tell), self._lock.lease)
        how, why = "interrupted", None
        try:
            with _sending(recorder):
                outcome = executor.run()
            how, why = _how(outcome), outcome.lost
        finally:
            self._settle()
            self._ending = threading.Thread(target=recorder.end, args=(how, why), name="history", daemon=True)
            self._ending.start()
        return outcome

    def _settle(self) -> None:
        """Wait until the history of the round before is written; what comes after a round need not wait for it."""
        if self._ending is not None:
            self._ending.join()
            self._ending = None


def _how(outcome: Outcome) -> str:
    """A run's end in a word, for the history."""
    if outcome.interrupted:
        return "interrupted"
    return "lock lost" if outcome.lost else "done" if outcome.clean else "failed"


def asked_managers(site: Site, observation: Observation) -> list[str]:
    """Hosts that may answer for the cluster: those wanted as managers first."""
    names = [host.name for host in (*site.cluster.managers, *site.cluster.workers)]
    return [name for name in names if name in observation.facts]


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


def _states(told: Iterable[str | None]) -> str | None:
    """A line for each node, once."""
    return "\n".join(dict.fromkeys(state for state in told if state)) or None


def refuse_silent(failures: Mapping[str, SkepError]) -> None:
    """Raise ``ConnectError`` if hosts were left out."""
    if failures:
        raise ConnectError(
            f"{', '.join(failures)} could not be asked and {'was' if len(failures) == 1 else 'were'} left out",
            next_action="bring the host back and run the same command again",
        )


def refuse_untold(site: Site, observation: Observation) -> None:
    """Raise ``ConnectError`` where no manager told what is the swarm's: then nothing can be said of it."""
    if _witness(site, observation) is not None:
        return
    text, look = "no manager told what runs in the swarm; nothing was changed", "see what is wrong: invoke cluster.plan"
    if observation.failures:
        raise nobody(text, observation.failures, look)
    cause = "no host that answered is a manager of a swarm with a quorum"
    raise ConnectError(text, cause=cause, next_action=look)


def pass_over_silent(site: Site, failures: Mapping[str, SkepError], *, done: bool = True) -> None:
    """Note hosts that did not answer, and had no part in what was told or ``done``: it was the managers'."""
    if failures:
        left = ", and nothing is left to do" if done else ""
        site.note(f"not asked: {', '.join(failures)}; the managers told all that this needs{left}")


def refuse_repeated(plan: Plan, done: Mapping[str, int]) -> None:
    """Raise ``NotConverged`` if a plan made after a run holds a step that was done in it; ``done`` counts how often.

    A wait changes nothing, so it may come again: ``WAITS`` times.
    """
    repeated = [step for step in plan if done.get(step.id, 0) >= (WAITS if isinstance(step, Wait) else 1)]
    if not repeated:
        return
    flapping = all(isinstance(step, Wait) for step in repeated)
    lines = [f"{step.id}: {step.title} ({step.cause})" for step in repeated]
    raise NotConverged(
        "all steps ran, and "
        + (f"it does not stay so after {WAITS} times" if flapping else f"{len(repeated)} would have to run again"),
        cause="; ".join(lines[:5]) + (" …" if len(lines) > 5 else ""),
        next_action=(flapping and repeated[0].otherwise)
        or "run the same command again; if it stays, something else changes these hosts",
    )


def refuse_later(plan: Plan) -> None:
    """Raise ``NotConverged`` if a plan without steps leaves something for another round, which then never comes."""
    if not len(plan) and plan.later:
        raise NotConverged(
            "something is left to do that could not be planned",
            cause="; ".join(f"{finding.host}: {finding.text}" for finding in plan.later),
            next_action="run the same command again, without --limit",
        )


def limited(site: Site, plan: Plan, hosts: set[str]) -> Plan:
    """Only the steps about those hosts, less those that need a step about others. What is said of steps that are left
    out, be they about other hosts or about none, goes with them."""
    kept = [step for step in plan if step.concerns in hosts]
    names = {step.id for step in kept}
    wide = {role.name for role in site.roles if isinstance(role, ClusterWide)}
    items: list[Step | Finding] = [
        one
        for one in plan.findings
        if (one.host or one.role not in wide)
        and (one.role != preflight.ROOM or one.host in hosts or one.level != "error")
    ]
    for step in kept:
        lacking = sorted(plan.needs[step.id] - plan.gates[step.id] - names)
        if lacking:
            names.discard(step.id)
            text = f"{step.id} is left out: it needs {lacking[0]}, which --limit leaves out"
            items.append(Finding("warning", text, host=step.concerns, role=step.role))
    return make(site, [*items, *(step for step in kept if step.id in names)])


@contextmanager
def _sending(recorder: Recorder) -> Iterator[None]:
    ended = threading.Event()

    def send() -> None:
        recorder.send()
        while not ended.wait(SEND_EVERY):
            recorder.send()

    thread = threading.Thread(target=send, name="history", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(timeout=30)


def _both(*listeners: Callable[[Event], None]) -> Callable[[Event], None]:
    def tell(event: Event) -> None:
        for listener in listeners:
            listener(event)

    return tell
