"""Invoke tasks: ``invoke --list`` shows them, ``invoke --help TASK`` explains one. They are declared in
``skep/commands``."""

from invoke.collection import Collection

from skep.cli.program import adopt
from skep.commands import cluster, completion, help, inventory, lab, node, repository, stack

NOUNS = {"cluster": cluster, "stack": stack, "node": node, "inventory": inventory, "lab": lab}

namespace = Collection(
    *help.TASKS, *completion.TASKS, *repository.TASKS, *(Collection(name, *noun.TASKS) for name, noun in NOUNS.items())
)
adopt()
