"""``stack.rm``."""

from __future__ import annotations

from difflib import get_close_matches
from functools import partial

from skep.commands.asking import UNASKED, Asking, agreed
from skep.commands.carrying import carry_out
from skep.commands.listing import manager_client
from skep.commands.locking import alone
from skep.commands.rollouts import known, only_stacks, timed
from skep.converge import Site, plan
from skep.errors import ConnectError, UsageError
from skep.model import Rollout, Stack
from skep.observe import observe
from skep.plan import Plan
from skep.refusing import pass_over_silent, refuse_errors, refuse_untold
from skep.report import Reporter
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
    patience = timed(known(site, name), timeout).timeout
    only = only_stacks(site, [Stack(name, (), timeout=patience, rollout=Rollout(volumes=chosen))])
    observation = alone(
        only,
        tell,
        "observing",
        lambda: observe(only.cluster, only.pool, only.roles, waiting=only.waiting),
        only_shown=asking.only_shown,
    )
    planned = plan(only, observation, down=True)
    kept = any(finding.role == "stacks" and not finding.host for finding in planned.findings)
    if len(planned) or kept:
        tell.plan(planned, applying=not asking.only_shown)
        refuse_errors(planned)
    refuse_untold(only, observation)
    if not len(planned):
        pass_over_silent(site, observation.failures)
        if not kept:
            _refuse_unknown(site, name)
        tell.done(f"what is left of {name} is used by others" if kept else f"there is no stack {name}")
        return
    if asking.only_shown:
        return
    agreed(f"Remove stack {name} from {site.cluster.name}?", yes=asking.yes)
    remaining = partial(plan, only, down=True)
    carry_out(only, tell, planned, observation, f"stack.rm {name}", remaining, agreed=True, inquire=False)
    _refuse_left(name, planned)
    pass_over_silent(site, observation.failures)
    but = ", but for what others use" if kept else ""
    tell.done(f"{name} is gone{but}; {'all other' if chosen else 'its'} volumes stay")


def _refuse_left(stack: str, planned: Plan) -> None:
    """Raise ``ConnectError`` where volumes that were to go may be left on hosts that did not answer."""
    left = [finding for finding in planned.findings if finding.role == "stacks" and finding.host]
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
