"""Which networks of a cluster are encrypted."""

from __future__ import annotations

import re

from skep.model import Cluster, Stack

_OPTION = re.compile(rb"""^[^#\n]*\bencrypted["']?\s*:""", re.MULTILINE)
"""The option of a network in a compose file, whose text is looked at: putting files together takes far longer."""


def encrypted(cluster: Cluster) -> tuple[str, ...]:
    """In words, the inventory's networks that are encrypted, and stacks whose files have the option for theirs."""
    networks = [f"network {one.name}" for one in cluster.networks if one.encrypted]
    return (*networks, *(f"a network of stack {stack.name}" for stack in cluster.stacks if _encrypts(stack)))


def _encrypts(stack: Stack) -> bool:
    """Of a file that cannot be had the stack's own plan speaks."""
    try:
        return any(_OPTION.search(stack.files[name]) for name in stack.compose)
    except KeyError:
        return False
