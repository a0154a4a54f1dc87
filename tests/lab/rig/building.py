"""The main job from nothing, done once a session and looked at from all sides."""

from __future__ import annotations

from dataclasses import dataclass

from tests.lab.rig.disk import Listing, listing
from tests.lab.rig.environment import Environment
from tests.lab.rig.tool import Ran


@dataclass(repr=False)
class Building:
    """What was seen while five bare hosts became a cluster. ``intact``: whether it still is as described."""

    environment: Environment
    bare: Listing
    plan: Ran
    after_plan: Listing
    up: Ran
    intact: bool = True


def build(environment: Environment) -> Building:
    """Bare hosts, plan, up. Only the last must succeed for the tests to go on."""
    environment.hosts.renew()
    bare = listing(environment.hosts)
    plan = environment.plan()
    after_plan = listing(environment.hosts)
    return Building(environment, bare, plan, after_plan, environment.up())
