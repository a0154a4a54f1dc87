"""What is printed can be typed: commands in our texts name the program as it was called, and the inventory where it had
to be named."""

from __future__ import annotations

import re

from skep.shell import quoted

NAMED = ("cluster", "stack", "node", "schedule", "inventory", "site", "lab")
WITHOUT_INVENTORY = ("inventory.init", "inventory.docs", "site.init", "site.check")
COMMAND = re.compile(
    r"\binvoke (?P<task>(?:"
    + "|".join(NAMED)
    + r")\.[a-z]+|demo|test|bench|release|help|completion|docs|manual)\b(?P<rest>[^;,`\n]*)"
)
"""A command in a text; ``rest`` holds its words and options, and what else stands up to the next stop."""
LISTING = re.compile(r"\binvoke (?=--?[a-z])")


def spelled(text: str, program: str, inventory: str | None = None) -> str:
    """The text with its commands as they have to be typed."""

    def typed(found: re.Match[str]) -> str:
        task, rest = found["task"], found["rest"]
        takes = "." in task and task not in WITHOUT_INVENTORY
        given = re.search(r"(^|\s)(-i|--inventory)\b", rest)
        option = f" -i {quoted(inventory)}" if inventory and takes and not given else ""
        return f"{program} {task}{option}{rest}"

    return LISTING.sub(f"{program} ", COMMAND.sub(typed, text))
