"""What roles bring about for one another. A role names in ``milestones`` those that its steps provide."""

from __future__ import annotations

from skep.steps import Milestone

ENGINE_UP = Milestone("engine_up", in_turn=True)
"""The engine of a host runs as described. A role that installs, starts or restarts engines provides it."""

RETURNED = Milestone("returned", in_turn=True)
"""A host that was taken out of service is back in it."""

CONFIGURED = Milestone("configured")
"""What an engine reads when it starts is in place on a host."""

FIREWALLS_OPEN = Milestone("firewalls_open")
"""Firewalls of hosts let Swarm through between them."""

SWARM_EXISTS = Milestone("swarm_exists")
"""There is a swarm, with one manager at least."""

SWARM_SETTINGS = Milestone("swarm_settings")
"""The swarm has the settings of the inventory."""

NETWORKS_EXIST = Milestone("networks_exist")
"""The inventory's networks are there."""

IMAGES_LOADED = Milestone("images_loaded")
"""Images from files that a stack's services name are on the hosts that may run them."""

STACK_RUNS = Milestone("stack_runs")
"""A stack was seen to run as desired."""


def engine_up(host: str) -> Milestone:
    """``ENGINE_UP`` on one host."""
    return ENGINE_UP.about(host)


def returned(host: str) -> Milestone:
    """``RETURNED`` of one host."""
    return RETURNED.about(host)


def configured(host: str) -> Milestone:
    """``CONFIGURED`` on one host."""
    return CONFIGURED.about(host)


def images_loaded(stack: str) -> Milestone:
    """``IMAGES_LOADED`` for one stack."""
    return IMAGES_LOADED.about(stack)


def stack_runs(stack: str) -> Milestone:
    """``STACK_RUNS`` of one stack."""
    return STACK_RUNS.about(stack)
