"""``stack.scale``: what runs, with other numbers of tasks."""

from __future__ import annotations

from dataclasses import replace

from roles.stacks.desired import Desired, Unplannable, as_found, refuse_unknown
from roles.stacks.state import SwarmObjects
from skep.request import RequestedCluster, RequestedStack
from skep.swarm.service import is_global, with_tasks


def scaled(cluster: RequestedCluster, stack: RequestedStack, swarm: SwarmObjects) -> Desired:
    """The services there, some with the number of tasks that is asked for. Raises ``Unplannable``."""
    counts, now = stack.rollout.scale, as_found(stack, swarm)
    refuse_unknown(stack, counts, now.services)
    hooks = sorted(set(counts) & set(now.hooks))
    if hooks:
        text = f"{', '.join(hooks)} is a hook of stack {stack.name}: scaling would run it"
        raise Unplannable(text, "scale services")
    one_a_node = [name for name in counts if is_global(now.services[name])]
    if one_a_node:
        text = f"{one_a_node[0]} is a global service: it has one task on each node"
        raise Unplannable(text, "scale replicated ones")
    services = {name: with_tasks(now.services[name], count) for name, count in counts.items()}
    words = " ".join(f"{name}={count}" for name, count in sorted(counts.items()))
    return replace(now, services={**now.services, **services}, cause=f"scale {words}")
