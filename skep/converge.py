"""Observing an environment and planning what differs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from skep import preflight
from skep.accepting import judged
from skep.dataclass import dataclass
from skep.deferring import deferred
from skep.errors import SkepError
from skep.kinds.hosts import HOST_LEFT_OUT, LEFT_OUT_BY_LIMIT
from skep.model import Cluster
from skep.observe import Observation, observe
from skep.plan import Declared, Finding, Plan, Run, Step
from skep.questions import Inquiry
from skep.request import requested
from skep.role import AnyRole
from skep.ssh import Pool

Planner = Callable[[Observation], Sequence[Step | Finding]]


def _ignore(_: object) -> None:
    """Ignores its argument."""


@dataclass(frozen=True, slots=True)
class Site:
    """An environment at hand: what is desired, the sessions, and the roles in order.

    ``known`` are all roles there are, in order, where ``roles`` is only some of them. ``note`` gets what stands
    beside a result, in a line; ``waiting`` which hosts have not answered while all are observed. ``wait_lock`` is how
    many seconds to wait where somebody else holds the lock.
    """

    cluster: Cluster
    pool: Pool
    roles: Sequence[AnyRole]
    known: Sequence[Declared]
    note: Callable[[str], None] = _ignore
    waiting: Callable[[Sequence[str]], None] = _ignore
    wait_lock: float = 0.0
    remarks: Sequence[Finding] = ()
    """What is to be said of the inventory, which is right."""

    @property
    def manager_names(self) -> list[str]:
        """Hosts desired as managers: they hold the lock and the history."""
        return [host.name for host in self.cluster.managers]


def look(site: Site) -> tuple[Observation, Plan]:
    """Observe every host and plan what differs. Changes nothing."""
    observation = see(site)
    return observation, plan(site, observation)


def see(site: Site, before: Observation | None = None, *, inquire: bool = True) -> Observation:
    """Observe every host, or those that answered ``before``: the silent ones stay silent for a run.

    Where all roles are the cluster's, only the manager that is believed is asked again, as long as it stays so.
    Roles that want to know more of a manager then are answered, unless nobody is to ``inquire``; what was answered
    ``before`` is not asked again.
    """
    observation = _seen_again(site, before) if before else _observed(site)
    answers = dict(before.answers) if before else {}
    states = dict(observation.states)
    for role in site.roles if inquire else ():
        seen = observation.of(role)
        desired = role.inquiries(requested(site.cluster), seen)
        missing = [inquiry for inquiry in desired if inquiry not in answers or not inquiry.lasting]
        if missing:
            answers |= _answers(site, observation, missing)
        states[role.name] = role.with_answers(seen, {inquiry: answers[inquiry] for inquiry in desired})
    return replace(observation, states=states, answers=answers)


def _observed(site: Site, hosts: Iterable[str] | None = None) -> Observation:
    return observe(site.cluster, site.pool, site.roles, hosts, site.waiting)


def _seen_again(site: Site, before: Observation) -> Observation:
    one = before.manager if all(role.is_cluster_wide for role in site.roles) else None
    if one:
        seen = _observed(site, [one])
        all_seen = before.updated(seen)
        if not seen.failures and all_seen.manager == one:
            return all_seen
    seen = _observed(site, before.hosts)
    return replace(seen, failures={**before.failures, **seen.failures})


def _answers(site: Site, observation: Observation, missing: Sequence[Inquiry]) -> Mapping[Inquiry, object]:
    from skep.engine import Logins, inquire

    return inquire(site.pool, asked_managers(site, observation), missing, Logins(site.cluster.registries))


def plan(site: Site, observation: Observation, *, down: bool = False) -> Plan:
    """The plan for what was observed, preflight's findings first."""
    items: list[Step | Finding] = []
    cluster = requested(site.cluster)
    for role in site.roles:
        seen = observation.of(role)
        items += role.down(cluster, seen) if down else role.plan(cluster, seen)
    checked = preflight.check(site.cluster, observation.facts, observation.failures)
    if all(role.is_cluster_wide for role in site.roles):
        checked = [_aside(finding, observation.failures) for finding in checked]
    items = list(deferred([*checked, *items]))
    rooms = {host: fact.rooms for host, fact in observation.facts.items()}
    steps = [item for item in items if isinstance(item, Step)]
    items += preflight.room(site.cluster, steps, rooms)
    items += preflight.standalone(steps, {host: fact.standalone for host, fact in observation.facts.items()})
    whole = len(site.roles) == len(site.known) and not (down or observation.failures)
    return make(site, [*site.remarks, *items], down=down, whole=whole)


def _aside(finding: Finding, failures: Mapping[str, SkepError]) -> Finding:
    """What keeps us from a host forbids nothing where the managers tell and do all there is."""
    if finding.level != "error" or finding.host not in failures:
        return finding
    return replace(finding, level="warning", kind=HOST_LEFT_OUT)


def make(site: Site, items: Iterable[Step | Finding], *, down: bool = False, whole: bool = False) -> Plan:
    """A plan of this site's roles and hosts. Roles take ``down`` what they made in the opposite order. ``whole``: it
    has all findings that there are."""
    today, accepted = date.today(), site.cluster.accepted
    items = [judged(one, accepted, today) if accepted and isinstance(one, Finding) else one for one in items]
    known = site.known[::-1] if down else site.known
    return Plan(items, known, [host.name for host in site.cluster.hosts], whole=whole)


def asked_managers(site: Site, observation: Observation) -> list[str]:
    """Hosts that may answer for the cluster: those desired as managers first."""
    names = [host.name for host in (*site.cluster.managers, *site.cluster.workers)]
    return [name for name in names if name in observation.facts]


def _left_behind(plan: Plan, step: Step, hosts: set[str]) -> list[str]:
    """Hosts outside a limit whose engines the whole plan would interrupt before that of this step."""
    if not (isinstance(step, Run) and step.restarts):
        return []
    ahead = plan.ahead(step.id)
    found = (one.concerns for one in plan if one.id in ahead and isinstance(one, Run) and one.restarts)
    return [name for name in dict.fromkeys(found) if name and name not in hosts]


def _ahead(plan: Plan, step: Step, hosts: set[str]) -> Finding:
    others = ", ".join(_left_behind(plan, step, hosts))
    text = f"goes ahead of {others}, which the whole plan takes first and --limit leaves out"
    return Finding("note", text, host=step.concerns, role=step.role)


def limited(site: Site, plan: Plan, hosts: set[str]) -> Plan:
    """Only the steps about those hosts, less those that need a step about others. What is said of steps that are left
    out, be they about other hosts or about none, goes with them."""
    kept = [step for step in plan if step.concerns in hosts]
    names = {step.id for step in kept}
    wide = {role.name for role in site.roles if role.is_cluster_wide}
    items: list[Step | Finding] = [
        one
        for one in plan.findings
        if (one.host or one.role not in wide)
        and (one.role != preflight.ROOM or one.host in hosts or one.level != "error")
    ]
    items += [_ahead(plan, step, hosts) for step in kept if _left_behind(plan, step, hosts)]
    for step in kept:
        lacking = sorted(plan.needs[step.id] - plan.gates[step.id] - names)
        if lacking:
            names.discard(step.id)
            text = f"{step.id} is left out: it needs {lacking[0]}, which --limit leaves out"
            items.append(Finding("warning", text, host=step.concerns, role=step.role, kind=LEFT_OUT_BY_LIMIT))
    return make(site, [*items, *(step for step in kept if step.id in names)])
