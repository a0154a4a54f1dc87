"""Names that may stand on the command line, read off the inventory's file without checking it: for completion and for
what to say where one is missing. What cannot be read has none."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from invoke.collection import Collection
from invoke.config import Config
from invoke.parser.context import ParserContext

from skep.errors import UsageError
from skep.json_types import items, mapping
from skep.site.place import INVENTORIES

FOLDER = Path(INVENTORIES)
STACKS = Path("stacks")
KEYS = Path(__file__).with_name("keys.txt")
"""The keys of the files, written by ``./inv manual``: to find them out takes the languages of all files."""
COMPOSE = ("compose.yml", "compose.yaml", "docker-compose.yml", "docker-compose.yaml")


class Program(Protocol):
    """What names are looked up in, besides files."""

    collection: Collection
    config: Config


def names_of(program: Program, kind: str, context: ParserContext) -> Sequence[str]:
    """The names of a kind: ``inventories``, ``tasks``, ``aliases`` of the site, ``hosts`` (with groups), ``stacks``,
    ``services`` of the stack that the line names, ``networks``, or ``keys`` of the files (with tasks)."""
    if kind == "inventories":
        from skep.inventory import environments

        return [path.stem for path in environments(FOLDER)]
    if kind == "tasks":
        return sorted(program.collection.task_names)
    if kind == "aliases":
        own = program.config.get("skep", {}).get("aliases")
        return sorted(map(str, own)) if hasattr(own, "items") else []
    if kind == "keys":
        from skep.kinds import shipped

        return [
            *KEYS.read_text(encoding="utf-8").splitlines(),
            *sorted(program.collection.task_names),
            "findings",
            *(one.id for one in shipped()),
        ]
    document = _inventory(program, context)
    if kind == "hosts":
        hosts = _mapping(document.get("hosts"))
        named = (items(_mapping(one).get("groups")) for one in hosts.values())
        groups = [*_mapping(document.get("groups")), *(str(group) for groups in named for group in groups)]
        lab = context.name is not None and context.name.startswith("lab.")
        return [*hosts] if lab else [*dict.fromkeys([*hosts, *groups])]
    if kind == "services":
        return _services(document, str(context.args["name"].value))
    return [*_mapping(document.get(kind))]


def _inventory(program: Program, context: ParserContext) -> Mapping[str, object]:
    from skep.inventory import choose

    configured = program.config.get("skep", {}).get("inventory")
    given = context.args["inventory"].value if "inventory" in context.args else None
    try:
        return _extended(choose(given, environ=os.environ, configured=configured, folder=FOLDER))
    except UsageError:
        return {}


def _extended(path: Path, left: int = 8) -> dict[str, object]:
    """A file's mapping over that of what it extends."""
    from skep.inventory.bases import extended

    merged: dict[str, object] = {}
    for base in extended(path) if left else ():
        merged = _over(merged, _extended(base, left - 1))
    return _over(merged, _mapping(_read(path)))


def _over(base: dict[str, object], own: dict[str, object]) -> dict[str, object]:
    both = {key: _over(_mapping(base[key]), one) for key, one in own.items() if key in base and isinstance(one, dict)}
    return {**base, **{key: one for key, one in own.items() if one is not None or key not in base}, **both}


def _services(document: Mapping[str, object], stack: str) -> list[str]:
    own = _mapping(_mapping(document.get("stacks")).get(stack))
    named = [own["compose"]] if isinstance(own.get("compose"), str) else items(own.get("compose"))
    files = [STACKS / stack / str(name) for name in named or COMPOSE]
    return [*dict.fromkeys(name for file in files for name in _mapping(_mapping(_read(file)).get("services")))]


def _read(path: Path) -> object:
    from skep.reading.plain import plain

    try:
        return plain(path.read_bytes())
    except (OSError, ValueError):
        return None


def _mapping(value: object) -> dict[str, object]:
    return {str(key): one for key, one in mapping(value).items()}
