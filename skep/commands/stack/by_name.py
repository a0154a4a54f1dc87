"""A stack of the inventory by its name."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from skep.errors import UsageError
from skep.model import Stack


def named(stacks: Sequence[Stack], name: str) -> Stack:
    """The stack of that name. Raises ``UsageError`` with the nearest name."""
    for stack in stacks:
        if stack.name == name:
            return stack
    names = [stack.name for stack in stacks]
    near = get_close_matches(name, names, 1)
    raise UsageError(
        f"no stack {name} in the inventory" + (f" (did you mean {near[0]}?)" if near else ""),
        next_action=f"its stacks are: {', '.join(names) or 'none'}",
    )
