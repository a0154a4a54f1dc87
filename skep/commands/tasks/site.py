"""``site.*``: a repository of one's own."""

from __future__ import annotations

from skep.cli.options import Option
from skep.commands.call import Call, called_from, task


@task(
    "folder",
    effect="acts",
    inventory=None,
    folder=Option("where (default: the folder you are in)", "", "FOLDER"),
    hosts=Option("host names or addresses for a first inventory, comma-separated", "", "HOSTS"),
    name=Option("environment to write (default: prod)", "", "NAME"),
)
def init(call: Call, folder: str = "", hosts: str = "", name: str = "prod") -> None:
    """Lay out a repository for an inventory and stacks of your own; what is there is left as it is.

    Example: invoke site.init --hosts m1.example.com,m2.example.com,m3.example.com,w1.example.com
    """
    from skep.commands import site_files

    host_keys = {} if folder else call.host_keys
    site_files.init(called_from(folder) if folder else call.folder, hosts, name, call.tell, host_keys)


@task(inventory=None)
def check(call: Call) -> None:
    """Find what is wrong with a repository: its inventories, compose files, settings, and secrets in git.

    Example: invoke site.check
    """
    from skep.commands import site_files

    site_files.check(call.folder, call.tell)


TASKS = (init, check)
