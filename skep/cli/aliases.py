"""A site's own short names for whole command lines: ``aliases`` under ``skep`` in its invoke.yaml."""

from __future__ import annotations

import shlex
from collections.abc import Collection

from skep.errors import UsageError

PLACE = "invoke.yaml: skep.aliases"
EXAMPLE = "plan: cluster.plan -i prod"


def aliases(given: object, tasks: Collection[str]) -> dict[str, list[str]]:
    """The words that each alias stands for, of which the first is a task. Raises ``UsageError`` for one that cannot be
    used."""
    if given is None:
        return {}
    if not hasattr(given, "items"):
        raise _wrong("", "must be a mapping of names to command lines")
    return {str(name): _words(str(name), line, tasks) for name, line in given.items()}


def _words(name: str, line: object, tasks: Collection[str]) -> list[str]:
    if name in tasks:
        raise _wrong(name, "there is a task of that name")
    if not name or name.startswith("-") or name.split() != [name]:
        raise _wrong(name, "a name is one word, and no option")
    try:
        words = shlex.split(line) if isinstance(line, str) else []
    except ValueError:
        raise _wrong(name, "a quotation in it has no end") from None
    if not words or words[0] not in tasks:
        first = f"{words[0]} is no task: " if words else ""
        raise _wrong(name, f"{first}it must be a task, and what follows a task on the command line")
    return words


def _wrong(name: str, what: str) -> UsageError:
    return UsageError(f"{PLACE}{name and '.'}{name}: {what}", next_action=f"write it such as {EXAMPLE}")
