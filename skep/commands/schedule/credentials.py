"""What runs of schedules are given, beside their inventory."""

from __future__ import annotations

import os

from skep.inventory import Inventory
from skep.model import Schedule
from skep.schedules.fallback import FILE, Left, pack
from skep.secret import Secret


def credentials(found: Inventory, schedules: tuple[Schedule, ...]) -> dict[str, Secret]:
    """What runs are given, by the name of the file that keeps it: what variables of the environment give to the
    inventory's references, and who hears of a run that cannot read it. Nothing where there are no ``schedules``."""
    if not schedules:
        return {}
    cluster = found.cluster
    left = Left(cluster.name, cluster.notices, schedules, cluster.metrics)
    names = {reference[4:].partition(":-")[0] for reference in found.references if reference.startswith("env:")}
    values = {f"env.{name}": Secret(value) for name in names if (value := os.environ.get(name)) is not None}
    return {**values, FILE: pack(left)}
