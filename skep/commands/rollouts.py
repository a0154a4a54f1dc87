"""``stack.plan``, ``deploy``, ``refresh``, ``scale``, ``restart``, ``rollback``: what changes stacks."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from skep.apply import Outcome
from skep.commands.asking import UNASKED, Asking, agreed
from skep.commands.carrying import but_for, carry_out, carry_round
from skep.commands.locking import alone, beside, seconds_of, told
from skep.commands.stack_names import named
from skep.compose import ComposeError, document_of
from skep.converge import Site, look, plan, see
from skep.errors import ConnectError, Interrupted, NotConverged, PreflightError, SkepError, StepFailed, UsageError
from skep.model import Rollout, Stack
from skep.observe import Observation
from skep.refusing import pass_over_silent, refuse_errors, refuse_unclean, refuse_untold
from skep.report import Reporter
from skep.run import Run
from skep.steps import StepId

ON_FAILURE: dict[str, Literal["keep", "rollback"]] = {"keep": "keep", "rollback": "rollback"}
DESCRIBED = "as described"
BACK = "back at what it was; the next deploy sets what its files say"
SCALED = "scaled; the next deploy sets what its files say"


def show_plan(site: Site, tell: Reporter, *, name: str, resolve: bool, exit_code: bool) -> int:
    """What a deploy would change, with warnings about the files, and tags that have moved. Changes nothing.

    Returns 10 with ``exit_code`` when something would change, else 0.
    """
    stacks = _chosen(site, name)
    rollout = Rollout(resolve="all" if resolve else "never")
    only = only_stacks(site, [replace(stack, rollout=rollout) for stack in stacks])
    since = time.monotonic()
    with tell.busy("observing"):
        (observation, planned), holder = beside(only, lambda: look(only))
    planned = told(only, planned, holder)
    tell.plan(planned, applying=False)
    refuse_errors(planned)
    refuse_untold(only, observation)
    pass_over_silent(site, observation.failures, done=False)
    if not len(planned):
        names = ", ".join(stack.name for stack in stacks) or "no stack"
        tell.done(f"{names}: nothing to change{but_for(planned)} ({time.monotonic() - since:.2f} s)")
    return 10 if exit_code and len(planned) else 0


def deploy(
    site: Site,
    tell: Reporter,
    *,
    name: str,
    prune: bool = False,
    resolve: bool = True,
    timeout: str | None = None,
    on_failure: str | None = None,
    asking: Asking = UNASKED,
) -> None:
    """Bring one stack of the inventory to what its files say, and wait until it runs."""
    rollout = Rollout(prune=prune, resolve="new" if resolve else "never")
    stack = _with(named(site.cluster.stacks, name), rollout, timeout, on_failure)
    _roll_out(site, tell, stack, f"stack.deploy {name}", DESCRIBED, recover=True, asking=asking)


def refresh(
    site: Site,
    tell: Reporter,
    *,
    name: str,
    timeout: str | None,
    on_failure: str | None,
    asking: Asking = UNASKED,
) -> None:
    """Ask registries what tags are now, and roll out what has moved: of one stack, or of all.

    Of all, one that fails is told and the others go on; then it ends as the first failure did.
    """
    stacks = [_with(stack, Rollout(resolve="refresh"), timeout, on_failure) for stack in _chosen(site, name)]
    failed: dict[str, SkepError] = {}
    for stack in stacks:
        try:
            what = f"stack.refresh {stack.name}"
            _roll_out(site, tell, stack, what, "at what its tags are now", recover=True, asking=asking)
        except (ConnectError, PreflightError, StepFailed, NotConverged) as error:
            if name != "all":
                raise
            tell.error(error)
            failed[stack.name] = error
    if failed:
        raise type(next(iter(failed.values())))(
            f"{len(failed)} of {len(stacks)} stacks did not end well: {', '.join(failed)}",
            next_action="see above; the others are at what their tags are now",
        )


def scale(
    site: Site,
    tell: Reporter,
    *,
    name: str,
    counts: Sequence[str],
    timeout: str | None,
    asking: Asking = UNASKED,
) -> None:
    """Set the number of tasks of services, until the next deploy."""
    example = f"for example: invoke stack.scale {name} web=3"
    desired: dict[str, int] = {}
    for word in counts:
        service, equals, count = word.partition("=")
        if not equals or not count.isdecimal() or not service:
            raise UsageError(f"{word} is not SERVICE=NUMBER", next_action=example)
        desired[_full(name, service)] = int(count)
    if not desired:
        raise UsageError("no service is named", next_action=example)
    stack = _with(known(site, name), Rollout(scale=desired, resolve="never"), timeout, None)
    _roll_out(site, tell, stack, f"stack.scale {name} {' '.join(counts)}", SCALED, asking=asking)


def restart(
    site: Site,
    tell: Reporter,
    *,
    name: str,
    services: Sequence[str],
    timeout: str | None,
    asking: Asking = UNASKED,
) -> None:
    """Replace the tasks of services one after the other, as their update_config says."""
    if not services:
        raise UsageError("no service is named", next_action=f"for example: invoke stack.restart {name} web")
    chosen = frozenset(_full(name, service) for service in services)
    stack = _with(known(site, name), Rollout(restart=chosen, resolve="never"), timeout, None)
    try:
        what = f"stack.restart {name} {' '.join(services)}"
        _roll_out(site, tell, stack, what, "restarted", then=Rollout(still=True), asking=asking)
    except Interrupted as error:
        error.next_action = f"see which tasks are new: invoke stack.ps {name}; running it again begins another restart"
        raise


def rollback(
    site: Site,
    tell: Reporter,
    *,
    name: str,
    revision: int | None,
    timeout: str | None,
    asking: Asking = UNASKED,
) -> None:
    """The whole stack as it was at a revision: services, configs, secrets. Without a number, the one before. Asks
    first."""
    rollout = Rollout(revision="before" if revision is None else revision)
    stack = _with(known(site, name), rollout, timeout, None)
    question = None if asking.yes else f"Take stack {name} back, as the plan says?"
    then = Rollout(revision="last")
    _roll_out(site, tell, stack, f"stack.rollback {name}", BACK, then=then, question=question, asking=asking)


def recovery(tell: Reporter, site: Site) -> _Recovery:
    """What to do when the roll-out of a stack fails: see ``Stack.on_failure``."""
    return _Recovery(tell, site)


class _Recovery:
    """Takes stacks that failed, and are to go back, to the last revision that ran."""

    def __init__(self, tell: Reporter, site: Site) -> None:
        self._tell = tell
        self._site = site

    def __call__(self, run: Run, outcome: Outcome, before: Observation) -> None:
        """Raises ``StepFailed`` when something was rolled back: it is not what was asked for."""
        names_of = [stack.name for stack in self._site.cluster.stacks]
        lost = {_stack_of(step) for step in outcome.failed}
        lost -= {name for name in names_of if StepId("stacks", "done", object=name) in outcome.done}
        failed = [stack for stack in self._site.cluster.stacks if stack.name in lost]
        back = [stack for stack in failed if _on_failure(stack) == "rollback"]
        if not back or outcome.interrupted or outcome.lost:
            return
        ways = [replace(stack, rollout=Rollout(revision="last")) for stack in back]
        with self._tell.busy("observing again"):
            observation = see(only_stacks(self._site, ways), before)
        stuck = [way.name for way in ways if plan(only_stacks(self._site, [way]), observation).errors]
        only = only_stacks(self._site, [way for way in ways if way.name not in stuck])
        planned = plan(only, observation)
        names = ", ".join(stack.name for stack in only.cluster.stacks)
        if len(planned):
            self._tell.say(f"{names} failed; back to what ran before (on-failure: rollback):")
            self._tell.plan(planned, applying=True)
            refuse_unclean(carry_round(run, only, self._tell, planned, observation), {})
        raise _taken_back(outcome, names, stuck, changed=bool(len(planned)))


def _taken_back(outcome: Outcome, names: str, stuck: Sequence[str], *, changed: bool) -> StepFailed:
    """How stacks went back that failed; those that are ``stuck`` never ran before, and stay as they are. The cause
    stands with the step that failed, and is told again only where much was printed since."""
    first = next(iter(outcome.failed.values()))
    told, next_action = [], "fix the stack's files and run the same command again"
    if names:
        back = "failed and was rolled back to what ran before"
        told.append(f"{names} {back if changed else 'failed; what ran before runs, nothing was left to take back'}")
    if stuck:
        told.append(f"{', '.join(stuck)} failed and stays as it is: no revision of it ran before, to go back to")
        next_action += f", or take it away: invoke stack.rm {stuck[0]}"
    cause = f"{first.message}: {first.cause or 'no cause told'}" if changed else None
    return StepFailed("; ".join(told), host=first.host, step=first.step, cause=cause, next_action=next_action)


def _on_failure(stack: Stack) -> str | None:
    """What the command line says, else the compose files."""
    if stack.on_failure or not stack.compose:
        return stack.on_failure
    try:
        return document_of(stack).options.on_failure
    except ComposeError:
        return None


def _stack_of(step: StepId) -> str | None:
    """The stack that a step is about, or about a part of."""
    return step.whole if step.role == "stacks" else None


def _roll_out(
    site: Site,
    tell: Reporter,
    stack: Stack,
    what: str,
    end: str,
    *,
    then: Rollout | None = None,
    recover: bool = False,
    question: str | None = None,
    asking: Asking = UNASKED,
) -> None:
    """``then`` is to be so after it, where asking for the same again would do it again. ``recover``: on failure the
    stack may go back, where it is to. ``question``: to be answered with yes before anything changes."""
    only = only_stacks(site, [stack])
    since = time.monotonic()
    observation, planned = alone(only, tell, "observing", lambda: look(only), only_shown=asking.only_shown)
    tell.plan(planned, applying=not asking.only_shown)
    refuse_errors(planned)
    refuse_untold(only, observation)
    if asking.only_shown:
        pass_over_silent(site, observation.failures, done=False)
        if not len(planned):
            tell.done(f"{stack.name}: nothing to change{but_for(planned)} ({time.monotonic() - since:.2f} s)")
        return
    if question and len(planned):
        agreed(question, yes=False)
    agreed_to = question is not None or asking.agreed_to(planned)
    after = only_stacks(site, [replace(stack, rollout=then)]) if then else only
    rounds = iter((only,))
    carry_out(
        only,
        tell,
        planned,
        observation,
        what,
        lambda seen: plan(next(rounds, after), seen),
        agreed=agreed_to,
        recover=recovery(tell, only) if recover else None,
    )
    pass_over_silent(site, observation.failures)
    tell.done(f"{stack.name} is {end} ({time.monotonic() - since:.2f} s)")


def _chosen(site: Site, name: str) -> list[Stack]:
    """The stack of that name, or every one for ``all``."""
    return list(site.cluster.stacks) if name == "all" else [named(site.cluster.stacks, name)]


def only_stacks(site: Site, stacks: Sequence[Stack]) -> Site:
    """The site reduced to these stacks: other roles are not even asked."""
    cluster = replace(site.cluster, stacks=tuple(stacks))
    return replace(site, cluster=cluster, roles=[role for role in site.roles if role.name == "stacks"])


def known(site: Site, name: str) -> Stack:
    """A stack of the inventory, or one that only the swarm knows."""
    return next((stack for stack in site.cluster.stacks if stack.name == name), Stack(name, ()))


def _with(stack: Stack, rollout: Rollout, timeout: str | None, on_failure: str | None) -> Stack:
    if on_failure is not None and on_failure not in ON_FAILURE:
        raise UsageError(f"--on-failure {on_failure} is not one of {', '.join(ON_FAILURE)}")
    return replace(
        timed(stack, timeout),
        rollout=rollout,
        on_failure=ON_FAILURE[on_failure] if on_failure else stack.on_failure,
    )


def timed(stack: Stack, timeout: str | None) -> Stack:
    """The stack with the time that ``--timeout`` gives it, such as ``90s``, ``5m`` or seconds; without, its own."""
    return replace(stack, timeout=seconds_of("--timeout", timeout) or stack.timeout)


def all_timed(site: Site, timeout: str | None) -> Site:
    """The site with that time for each of its stacks."""
    stacks = tuple(timed(stack, timeout) for stack in site.cluster.stacks)
    return replace(site, cluster=replace(site.cluster, stacks=stacks))


def _full(stack: str, service: str) -> str:
    return service if service.startswith(f"{stack}_") else f"{stack}_{service}"
