"""What skep manages, in the order it is observed and planned. A list, so that nothing is discovered."""

from __future__ import annotations

from roles.daemon.role import role as daemon
from roles.engine.role import role as engine
from roles.files.role import role as files
from roles.firewall.role import role as firewall
from roles.images.role import role as images
from roles.networks.role import role as networks
from roles.stacks.role import role as stacks
from roles.swarm.role import role as swarm
from skep.role import AnyRole

ROLES: tuple[AnyRole, ...] = (files, firewall, engine, daemon, swarm, networks, images, stacks)
