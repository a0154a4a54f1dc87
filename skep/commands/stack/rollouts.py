"""``stack.plan``, ``deploy``, ``refresh``, ``scale``, ``restart``, ``rollback``: what changes stacks."""

from __future__ import annotations

from collections.abc import Sequence

from skep.commands.asking import UNASKED, Asking, agreed
from skep.commands.stack.by_name import named
from skep.commands.wording import but_for, seconds_of
from skep.converge import Site
from skep.errors import ConnectError, Interrupted, NotConverged, PreflightError, SkepError, StepFailed, UsageError
from skep.plan import Plan
from skep.report import Reporter
from skep.request import Choice, Request, Rollout
from skep.runs.loop import Result, run
from skep.runs.refusing import pass_over_silent

ON_FAILURE: dict[str, Choice] = {"keep": "keep", "rollback": "rollback"}
DESCRIBED = "as described"
BACK = "back at what it was; the next deploy sets what its files say"
SCALED = "scaled; the next deploy sets what its files say"


def show_plan(site: Site, tell: Reporter, *, name: str, resolve: bool, exit_code: bool) -> int:
    """What a deploy would change, with warnings about the files, and tags that have moved. Changes nothing.

    Returns 10 with ``exit_code`` when something would change, else 0.
    """
    names = _chosen(site, name)
    rollout = Rollout(resolve="all" if resolve else "never")
    result = run(site, Request(f"stack.plan {name}", names, rollout, only_planned=True), tell)
    _end_planned(site, tell, result, ", ".join(names) or "no stack")
    return 10 if exit_code and len(result.plan) else 0


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
    named(site.cluster.stacks, name)
    rollout = Rollout(prune=prune, resolve="new" if resolve else "never")
    request = _request(f"stack.deploy {name}", name, rollout, timeout, on_failure=on_failure, recovers=True)
    _roll_out(site, tell, request, DESCRIBED, asking)


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

    Of all, one that fails is reported and the others go on; then it ends as the first failure did.
    """
    names, rollout = _chosen(site, name), Rollout(resolve="refresh")
    failed: dict[str, SkepError] = {}
    for one in names:
        request = _request(f"stack.refresh {one}", one, rollout, timeout, on_failure=on_failure, recovers=True)
        try:
            _roll_out(site, tell, request, "at what its tags are now", asking)
        except (ConnectError, PreflightError, StepFailed, NotConverged) as error:
            if name != "all":
                raise
            tell.error(error)
            failed[one] = error
    if failed:
        raise type(next(iter(failed.values())))(
            f"{len(failed)} of {len(names)} stacks did not end well: {', '.join(failed)}",
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
    rollout = Rollout(scale=desired, resolve="never")
    _roll_out(site, tell, _request(f"stack.scale {name} {' '.join(counts)}", name, rollout, timeout), SCALED, asking)


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
    rollout, what = Rollout(restart=chosen, resolve="never"), f"stack.restart {name} {' '.join(services)}"
    try:
        _roll_out(site, tell, _request(what, name, rollout, timeout, then=Rollout(still=True)), "restarted", asking)
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
    request = _request(f"stack.rollback {name}", name, rollout, timeout, then=Rollout(revision="last"))
    _roll_out(site, tell, request, BACK, asking, question=f"Take stack {name} back, as the plan says?")


def _roll_out(
    site: Site, tell: Reporter, request: Request, end: str, asking: Asking, *, question: str | None = None
) -> None:
    """``question``: to be answered with yes before anything changes."""

    def agree(planned: Plan) -> bool:
        return agreed(question, yes=asking.yes) if question else asking.agreed_to(planned)

    (name,) = request.stacks or ()
    result = run(site, asking.of(request), tell, agree)
    if asking.only_shown:
        _end_planned(site, tell, result, name)
        return
    pass_over_silent(site, result.silent)
    tell.done(f"{name} is {end} ({result.seconds:.2f} s)")


def _end_planned(site: Site, tell: Reporter, result: Result, names: str) -> None:
    """After a plan that was only shown."""
    pass_over_silent(site, result.silent, done=False)
    if not len(result.plan):
        tell.done(f"{names}: nothing to change{but_for(result.plan)} ({result.seconds:.2f} s)")


def _chosen(site: Site, name: str) -> tuple[str, ...]:
    """The stack of that name, or every one for ``all``. Raises ``UsageError`` where the inventory has none such."""
    stacks = site.cluster.stacks
    return tuple(stack.name for stack in stacks) if name == "all" else (named(stacks, name).name,)


def _request(
    what: str,
    name: str,
    rollout: Rollout,
    timeout: str | None,
    *,
    on_failure: str | None = None,
    recovers: bool = False,
    then: Rollout | None = None,
) -> Request:
    """One stack, with the words of the user checked: how long it may take, and what becomes of a failure."""
    if on_failure is not None and on_failure not in ON_FAILURE:
        raise UsageError(f"--on-failure {on_failure} is not one of {', '.join(ON_FAILURE)}")
    return Request(
        what,
        stacks=(name,),
        rollout=rollout,
        then=then,
        timeout=seconds_of("--timeout", timeout),
        on_failure=ON_FAILURE[on_failure] if on_failure else None,
        recovers=recovers,
    )


def _full(stack: str, service: str) -> str:
    return service if service.startswith(f"{stack}_") else f"{stack}_{service}"
