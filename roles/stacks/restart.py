"""``stack.restart``: what runs, with all tasks of some services replaced."""

from __future__ import annotations

from dataclasses import replace

from roles.stacks.desired import Desired, as_found, refuse_unknown
from roles.stacks.state import SwarmObjects
from skep.request import RequestedCluster, RequestedStack


def restarted(cluster: RequestedCluster, stack: RequestedStack, swarm: SwarmObjects) -> Desired:
    """The services there as they are; those that are named are written all the same. Raises ``Unplannable``."""
    services, now = stack.rollout.restart, as_found(stack, swarm)
    refuse_unknown(stack, services, now.services)
    return replace(now, cause=f"restart {', '.join(sorted(services))}")
