"""Every task there is: those of no noun, and those of each noun."""

from __future__ import annotations

from skep.cli.command import Command
from skep.cli.known_tasks import TASKS
from skep.commands.tasks import cluster, completion, docs, help, inventory, lab, node, repository, schedule, site, stack
from skep.shipped import IS_CLONE

OWN: tuple[Command, ...] = (*help.TASKS, *completion.TASKS, *docs.TASKS, *(repository.TASKS if IS_CLONE else ()))
NOUNS: dict[str, tuple[Command, ...]] = {
    "cluster": cluster.TASKS,
    "stack": stack.TASKS,
    "node": node.TASKS,
    "schedule": schedule.TASKS,
    "inventory": inventory.TASKS,
    "site": site.TASKS,
    "lab": lab.TASKS,
}


TASKS.update({str(one.name): one for one in OWN})
TASKS.update({f"{noun}.{one.name}": one for noun, found in NOUNS.items() for one in found})
