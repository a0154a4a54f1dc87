"""``stack.*`` and ``node.*``: one stack, or the lists of both."""

from __future__ import annotations

import time
from dataclasses import replace
from difflib import get_close_matches

from skep.commands.asking import agreed
from skep.commands.carrying import carry_out
from skep.commands.listing import manager_client, node_rows, stack_rows
from skep.converge import Site, look, plan, refuse_errors, refuse_silent
from skep.errors import UsageError
from skep.model import Stack
from skep.observe import observe
from skep.report import Reporter


def deploy(site: Site, tell: Reporter, *, name: str) -> None:
    """Deploy one stack of the inventory, if it differs from what was deployed; wait until it runs."""
    stack = _named(site, name)
    only = _only(site, stack)
    since = time.monotonic()
    with tell.busy("observing"):
        observation, planned = look(only)
    tell.plan(planned, applying=True)
    refuse_errors(planned)
    carry_out(only, tell, planned, observation, f"stack.deploy {name}", lambda seen: plan(only, seen))
    refuse_silent(observation.failures)
    tell.done(f"{name} is as described ({time.monotonic() - since:.2f} s)")


def remove(site: Site, tell: Reporter, *, name: str, yes: bool) -> None:
    """Remove a stack and wait until services, tasks and networks are gone. Volumes stay."""
    only = _only(site, Stack(name, ()))
    with tell.busy("observing"):
        observation = observe(only.cluster, only.pool, only.roles)
    planned = plan(only, observation, down=True)
    if not len(planned):
        refuse_silent(observation.failures)
        tell.done(f"there is no stack {name}")
        return
    tell.plan(planned, applying=True)
    refuse_errors(planned)
    agreed(f"Remove stack {name} from {site.cluster.name}?", yes=yes)
    carry_out(only, tell, planned, observation, f"stack.rm {name}", lambda seen: plan(only, seen, down=True))
    tell.done(f"{name} is gone; its volumes stay")


def show(site: Site, tell: Reporter) -> None:
    """All stacks with running and wanted tasks."""
    with manager_client(site) as api:
        tell.table("stacks", *stack_rows(api))


def nodes(site: Site, tell: Reporter) -> None:
    """The nodes of the swarm."""
    with manager_client(site) as api:
        tell.table("nodes", *node_rows(api))


def _named(site: Site, name: str) -> Stack:
    for stack in site.cluster.stacks:
        if stack.name == name:
            return stack
    names = [stack.name for stack in site.cluster.stacks]
    near = get_close_matches(name, names, 1)
    raise UsageError(
        f"no stack {name} in the inventory" + (f" (did you mean {near[0]}?)" if near else ""),
        next_action=f"its stacks are: {', '.join(names) or 'none'}",
    )


def _only(site: Site, stack: Stack) -> Site:
    """The site reduced to one stack: other roles are not even asked."""
    cluster = replace(site.cluster, stacks=(stack,))
    return replace(site, cluster=cluster, roles=[role for role in site.roles if role.name == "stacks"])
