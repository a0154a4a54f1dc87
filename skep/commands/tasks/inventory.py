"""``inventory.*``: check a file, show it, write a first one, print its schema."""

from __future__ import annotations

from pathlib import Path

from skep.cli.options import Option
from skep.commands.call import FOLDER, Call, task
from skep.shipped import IS_CLONE, at_home


@task()
def check(call: Call) -> None:
    """Check an inventory and its stacks' compose files: every error at once.

    Example: invoke inventory.check -i prod
    """
    from skep.commands import inventory_files

    inventory_files.check(call.inventory, call.tell, call.host_keys, call.ids)


@task()
def show(call: Call) -> None:
    """Show an inventory with what it extends, as one YAML file; behind each value where it stands.

    What sounds like a secret is stars; references stay as they are.

    Example: invoke inventory.show -i prod
    """
    from skep.commands import inventory_files

    inventory_files.show(call.inventory, call.tell, call.host_keys, call.ids, as_json=call.json)


@task(
    effect="acts",
    inventory=None,
    hosts=Option("host names or addresses, comma-separated", "", "HOSTS"),
    name=Option("environment to write (default: prod)", "", "NAME"),
)
def init(call: Call, hosts: str = "", name: str = "prod") -> None:
    """Write a first inventory from host names.

    Example: invoke inventory.init --hosts m1.example.com,m2.example.com,m3.example.com,w1.example.com
    """
    from skep.commands import inventory_files

    inventory_files.init(hosts, name, FOLDER, call.tell)


@task(effect="acts", inventory=None, in_clone=True)
def docs(call: Call) -> None:
    """Write docs/inventory.md and docs/inventory.schema.json from the schema.

    Example: invoke inventory.docs
    """
    from skep.commands import inventory_files

    at_home()
    inventory_files.docs(Path("docs"), call.tell, call.host_keys)


TASKS = (check, show, init, docs) if IS_CLONE else (check, show, init)
