"""The loop that is the one sentence: look, plan, agree, and under the lock apply and look again until nothing is left.

Nothing is printed here, and nobody is asked: a command, a schedule or an audit may run the same request.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from skep.converge import Site, plan, see
from skep.dataclass import dataclass
from skep.errors import SkepError
from skep.kinds.hosts import LEFT_UNDONE
from skep.observe import Observation
from skep.plan import Finding, Plan, Step
from skep.request import Request
from skep.runs.limits import hosts_of, within
from skep.runs.listener import Listener
from skep.runs.maintenance import heeding
from skep.runs.recovery import Recovery, only_stacks
from skep.runs.refusing import refuse_apart, refuse_errors, refuse_later, refuse_untold
from skep.runs.rounds import carry_out
from skep.runs.turn import alone, beside, with_holder
from skep.runs.unattended import without_removals
from skep.steps import STACKS

Agree = Callable[[Plan], bool]
"""Asked once, with the plan, before anything is changed: whether somebody agreed to exactly that plan. Raises to
refuse it."""


@dataclass(frozen=True, slots=True)
class Result:
    """How a run went that ended well: the ``plan`` it began with, what was seen last, the ``steps`` of all rounds."""

    plan: Plan
    observation: Observation
    steps: tuple[Step, ...]
    hosts: tuple[str, ...]
    """Those that answered, and are within the limit."""
    seconds: float
    left: tuple[Finding, ...] = ()
    """What later plans of the run left undone; the first says so itself."""

    @property
    def silent(self) -> dict[str, SkepError]:
        """Hosts that were left out because they did not answer, and why."""
        return dict(self.observation.failures)

    @property
    def undone(self) -> list[Finding]:
        """What was left undone since nobody looked on."""
        first = _left_undone(self.plan)
        return [*first, *(finding for finding in self.left if finding not in first)]

    @property
    def kept(self) -> list[Finding]:
        """What stacks leave where they are taken away, for others use it."""
        return _kept(self.plan)


def run(site: Site, request: Request, listener: Listener, agree: Agree = lambda _: False) -> Result:
    """Bring the hosts to what the inventory and the request say, or only plan it.

    Raises a ``SkepError`` for all that does not end well: ``LockHeld`` where another is at work for longer than the
    site waits, ``PreflightError`` for a plan with errors, ``StepFailed``, ``NotConverged``, ``LockLost`` and
    ``Interrupted``. Hosts that do not answer are left out, and named in the result.
    """
    since = time.monotonic()
    only = narrowed(site, request)
    observation, planned = _first(only, request, listener)
    hosts = hosts_of(only, request.limit, observation.facts)
    if _is_shown(request, planned):
        listener.plan(planned, applying=not request.only_planned)
        refuse_errors(planned)
    if request.stacks is not None:
        refuse_untold(observation)
        refuse_apart(observation)
    steps: tuple[Step, ...] = ()
    left: list[Finding] = []
    if not request.only_planned:
        refuse_later(planned)
        if len(planned):
            agreed = agree(planned) or request.down
            observation, steps = _carried(only, request, listener, planned, observation, hosts, left, agreed=agreed)
    seen = tuple(name for name in observation.hosts if hosts is None or name in hosts)
    return Result(planned, observation, steps, seen, time.monotonic() - since, tuple(left))


def narrowed(site: Site, request: Request) -> Site:
    """The site as the request asks for it; where that is about stacks, other roles are not even asked."""
    cluster = request.of(site.cluster)
    here = replace(site, cluster=cluster)
    return here if request.stacks is None else only_stacks(here, cluster.stacks)


def _first(site: Site, request: Request, listener: Listener) -> tuple[Observation, Plan]:
    """What is seen and planned before anything is changed, while nobody else is at work."""
    what = f"observing {len(site.pool.hosts)} hosts" if request.stacks is None else "observing"

    def look() -> Observation:
        return see(site, inquire=not request.down)

    if request.only_planned:
        with listener.busy(what):
            observation, holder = beside(site, look)
    else:
        observation, holder = alone(site, listener, what, look), None
    planned = plan(site, observation, down=request.down)
    planned = within(site, planned, hosts_of(site, request.limit, observation.facts))
    planned = _spared(site, request, planned)
    return observation, with_holder(site, planned, holder)


def _spared(site: Site, request: Request, planned: Plan) -> Plan:
    """The plan as it may be carried out now, by whoever asks for it."""
    spared = request.unattended and not request.only_planned
    return heeding(site, request, without_removals(site, planned) if spared else planned)


def _refuse_shut(site: Site, request: Request, listener: Listener, planned: Plan) -> None:
    """Raise ``PreflightError`` where a window has closed while the lock was waited for. What has begun goes on."""
    heeded = heeding(site, request, planned)
    if heeded is not planned:
        listener.plan(heeded, applying=True)
        refuse_errors(heeded)


def _left_undone(planned: Plan) -> list[Finding]:
    return [finding for finding in planned.findings if finding.kind is LEFT_UNDONE]


def _kept(planned: Plan) -> list[Finding]:
    return [finding for finding in planned.findings if finding.role == STACKS and not finding.host]


def _is_shown(request: Request, planned: Plan) -> bool:
    """Of a stack that is not there to be taken away there is nothing to see."""
    return not (request.down and request.stacks is not None) or len(planned) > 0 or bool(_kept(planned))


def _carried(
    site: Site,
    request: Request,
    listener: Listener,
    planned: Plan,
    observation: Observation,
    hosts: set[str] | None,
    undone: list[Finding],
    *,
    agreed: bool,
) -> tuple[Observation, tuple[Step, ...]]:
    """What was seen last, and the steps; ``undone`` gets what plans under the lock leave."""
    after = narrowed(site, request.afterwards)
    sites = iter((site,))

    def remaining(seen: Observation) -> Plan:
        here = next(sites, after)
        left = within(here, plan(here, seen, down=request.down), hosts)
        if request.unattended:
            left = _spared(here, request, left)
            undone.extend(finding for finding in _left_undone(left) if finding not in undone)
        elif here is site:
            _refuse_shut(here, request, listener, left)
        return left

    carried = carry_out(
        site,
        listener,
        planned,
        observation,
        request.known_as,
        remaining,
        agreed=agreed,
        inquire=not request.down,
        recover=Recovery(listener, site) if request.recovers else None,
    )
    return carried.observation, carried.steps
