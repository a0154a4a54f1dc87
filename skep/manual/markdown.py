"""The page of all keys of a compose file."""

from __future__ import annotations

import json
from collections.abc import Iterable

from skep.manual.entry import ANY, Entry
from skep.manual.lookup import entries

INTRODUCTION = """\
# Keys of a compose file

<!-- Made from skep/compose/keys/every.py and skep/manual/compose.yml by `./inv manual`. Do not edit. -->

What each key means in a swarm. `skep docs KEY` shows the same on the command line, such as `skep docs update_config`.
[stacks.md](stacks.md) says how stacks are planned and deployed.

Keys that start with `x-` are free; `x-skep` is skep's own. Any other key that is not on this page is an error."""


def compose_page() -> str:
    """Keys that have an effect, by what they stand in; then those that are ignored or refused, with what to use."""
    found = [one for one in entries() if one.kind == "compose"]
    parts = [INTRODUCTION]
    for parent in dict.fromkeys(one.path[:-1] for one in found if one.usable and one.path[-1] != ANY):
        rows = [one for one in found if one.usable and one.path[:-1] == parent and one.path[-1] != ANY]
        title = f"`{_short(parent)}`" if parent else "Top level"
        parts.append(f"## {title}\n\n{_table(rows)}")
    for title, ignored in (("Ignored, with a warning", True), ("Refused", False)):
        rows = [one for one in found if not one.usable and one.meaning.startswith("Ignored") == ignored]
        parts.append(
            "\n".join([f"## {title}\n", "| key | |", "|---|---|", *(_row(f"`{one.key}`", one.meaning) for one in rows)])
        )
    return "\n\n".join(parts) + "\n"


def _short(parent: tuple[str, ...]) -> str:
    """A path for the list of contents, which is narrow: without chosen names, and of a service from its key on."""
    plain = [part for part in parent if part != ANY]
    return ".".join(plain[1:] if plain[0] == "services" and plain[1:] else plain)


def _table(rows: Iterable[Entry]) -> str:
    lines = (_row(f"`{one.path[-1]}`", one.type, one.meaning, f"`{json.dumps(one.sample)}`") for one in rows)
    return "\n".join(["| key | type | meaning | example |", "|---|---|---|---|", *lines])


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
