"""``stack.*`` and ``node.*``: one stack, or the lists of both."""

from __future__ import annotations

from functools import partial

from skep.commands.asking import agreed
from skep.commands.carrying import carry_out
from skep.commands.listing import manager_client, node_rows, stack_rows
from skep.commands.rollouts import only_stacks
from skep.converge import Site, plan, refuse_errors, refuse_silent
from skep.model import Rollout, Stack
from skep.observe import observe
from skep.report import Reporter


def remove(site: Site, tell: Reporter, *, name: str, volumes: str | None, yes: bool) -> None:
    """Remove a stack and wait until services, tasks and networks are gone. Volumes stay but those named."""
    chosen = tuple(filter(None, (volumes or "").split(",")))
    only = only_stacks(site, [Stack(name, (), rollout=Rollout(volumes=chosen))])
    with tell.busy("observing"):
        observation = observe(only.cluster, only.pool, only.roles, waiting=only.waiting)
    planned = plan(only, observation, down=True)
    kept = any(finding.role == "stacks" for finding in planned.findings)
    if len(planned) or kept:
        tell.plan(planned, applying=True)
    if not len(planned):
        refuse_silent(observation.failures)
        tell.done(f"what is left of {name} is used by others" if kept else f"there is no stack {name}")
        return
    refuse_errors(planned)
    agreed(f"Remove stack {name} from {site.cluster.name}?", yes=yes)
    remaining = partial(plan, only, down=True)
    carry_out(only, tell, planned, observation, f"stack.rm {name}", remaining, agreed=True, inquire=False)
    refuse_silent(observation.failures)
    but = ", but for what others use" if kept else ""
    tell.done(f"{name} is gone{but}; {'all other' if chosen else 'its'} volumes stay")


def show(site: Site, tell: Reporter) -> None:
    """All stacks with running and wanted tasks."""
    with manager_client(site) as api:
        tell.table("stacks", *stack_rows(api))


def nodes(site: Site, tell: Reporter) -> None:
    """The nodes of the swarm."""
    with manager_client(site) as api:
        tell.table("nodes", *node_rows(api))
