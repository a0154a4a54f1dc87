"""``docs``: what a key of the inventory or of a compose file means."""

from __future__ import annotations

from skep.cli.options import Option
from skep.commands.call import Call, task


@task(
    "key",
    inventory=None,
    key=Option("a key or a task, such as engine.version (default: the list of all)", "", "KEY", names="keys"),
)
def docs(call: Call, key: str = "") -> None:
    """Explain a key of the inventory or of a compose file: what it means, where it stands, an example. Works offline.

    Example: invoke docs engine.version
    """
    from skep.commands import docs_texts

    docs_texts.show(key, call.tell, as_json=call.json)


TASKS = (docs,)
