"""Constraints that managers refuse."""

from __future__ import annotations

import re

from skep.refusals.rule import Context
from skep.swarm.placement import parse


def constraint(text: str, context: Context) -> str | None:
    """What Swarm refuses a constraint for."""
    try:
        parse(text)
    except ValueError as problem:
        key, _, value = re.sub("!=|==", "\0", text, count=1).partition("\0")
        shown = context.quote(text)
        if str(problem) == "value" and value.strip():
            quotes = " without quotes" if value.strip()[0] in "\"'" else ""
            return (
                f"the value {context.quote(value.strip())} is invalid to Swarm: write it{quotes} with letters, digits,"
                r" spaces and : - _ . * ( ) ? + [ ] \ ^ $ | / only"
            )
        if str(problem) == "key" and key.strip() and value:
            return (
                f"the key {context.quote(key.strip())} is invalid to Swarm: a letter or '_', then letters, digits, '-',"
                " '_' and '.'"
            )
        return f"must be a constraint such as node.role==manager, not {shown}"
    return None
