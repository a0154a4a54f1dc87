"""``stack.rm``."""

from __future__ import annotations

from difflib import get_close_matches

from skep.commands.asking import UNASKED, Asking, agreed
from skep.commands.listing import manager_client
from skep.commands.wording import seconds_of
from skep.converge import Site
from skep.errors import ConnectError, UsageError
from skep.plan import Plan
from skep.report import Reporter
from skep.request import Request, Rollout
from skep.runs.loop import run
from skep.runs.refusing import pass_over_silent
from skep.steps import STACKS
from skep.swarm.labels import NAMESPACE, stack_of


def remove(
    site: Site,
    tell: Reporter,
    *,
    name: str,
    volumes: str | None,
    timeout: str | None = None,
    asking: Asking = UNASKED,
) -> None:
    """Remove a stack and wait until services, tasks and networks are gone. Volumes stay but those named."""
    chosen = tuple(filter(None, (volumes or "").split(",")))
    request = Request(
        f"stack.rm {name}",
        stacks=(name,),
        rollout=Rollout(volumes=chosen),
        timeout=seconds_of("--timeout", timeout),
        down=True,
        only_planned=asking.only_shown,
        anyway=asking.anyway,
    )
    question = f"Remove stack {name} from {site.cluster.name}?"
    result = run(site, request, tell, lambda _: agreed(question, yes=asking.yes))
    if not len(result.plan):
        pass_over_silent(site, result.silent)
        if not result.kept:
            _refuse_unknown(site, name)
        tell.done(f"what is left of {name} is used by others" if result.kept else f"there is no stack {name}")
        return
    if asking.only_shown:
        return
    _refuse_left(name, result.plan)
    pass_over_silent(site, result.silent)
    but = ", but for what others use" if result.kept else ""
    tell.done(f"{name} is gone{but}; {'all other' if chosen else 'its'} volumes stay")


def _refuse_left(stack: str, planned: Plan) -> None:
    """Raise ``ConnectError`` where volumes that were to go may be left on hosts that did not answer."""
    left = [finding for finding in planned.findings if finding.role == STACKS and finding.host]
    if left:
        hosts = ", ".join(str(finding.host) for finding in left)
        raise ConnectError(
            f"{stack} is gone, but for volumes on {hosts}, which could not be asked",
            next_action=left[0].next_action,
        )


def _refuse_unknown(site: Site, name: str) -> None:
    """Raise ``UsageError`` with the nearest name, unless the inventory has a stack of that name."""
    names = {stack.name for stack in site.cluster.stacks}
    if name in names:
        return
    with manager_client(site) as api:
        names |= {stack_of(service["Spec"]) for service in api.services(filters={"label": NAMESPACE})}
    near = get_close_matches(name, sorted(names), 1)
    raise UsageError(
        f"no stack {name} in the swarm or in the inventory" + (f" (did you mean {near[0]}?)" if near else ""),
        next_action=f"the stacks are: {', '.join(sorted(names)) or 'none'}",
    )
