"""``node.*``: the nodes of the swarm."""

from __future__ import annotations

from skep.commands.call import Call, task


@task()
def ls(call: Call) -> None:
    """List the nodes of the swarm.

    Example: invoke node.ls -i prod
    """
    from skep.commands import listing

    with call.site() as here:
        listing.show_nodes(here, call.tell)


TASKS = (ls,)
