"""All tasks. In one's own repository a ``tasks.py`` that says ``from skep.tasks import namespace`` has them under
``invoke``. They are declared in ``skep/commands``."""

from __future__ import annotations

from invoke.collection import Collection

from skep.cli.program import adopt
from skep.commands import cluster, completion, help, inventory, lab, node, repository, stack
from skep.shipped import IS_CLONE

NOUNS = {"cluster": cluster, "stack": stack, "node": node, "inventory": inventory, "lab": lab}

namespace = Collection(
    *help.TASKS,
    *completion.TASKS,
    *(repository.TASKS if IS_CLONE else ()),
    *(Collection(name, *noun.TASKS) for name, noun in NOUNS.items()),
)
adopt()
