"""``docs``: what a key of the inventory or of a compose file means, a warning, or a check of an audit."""

from __future__ import annotations

from skep.cli.options import Option
from skep.commands.call import Call, task


@task(
    "key",
    inventory=None,
    key=Option(
        "a key, a task, or the id of a warning or of a check of audits; findings: all ids (default: a list)",
        "",
        "KEY",
        names="keys",
    ),
)
def docs(call: Call, key: str = "") -> None:
    """Explain a key of the inventory or of a compose file, a warning, or what an audit looks at. Works offline.

    Example: invoke docs engine.version
    """
    from skep.audit.controls import all_controls
    from skep.commands import docs_texts
    from skep.errors import UsageError
    from skep.kinds import shipped
    from skep.manual import of_roles

    try:
        kinds, host_keys = call.kinds, call.host_keys
    except UsageError:  # a role of the site's that cannot be used: what comes with skep is explained all the same
        kinds, host_keys = {one.id: one for one in shipped()}, {}
    docs_texts.show(key, call.tell, kinds, all_controls(), of_roles(host_keys), as_json=call.json)


TASKS = (docs,)
