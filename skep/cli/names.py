"""Names that may stand on the command line, read off the inventory's file without checking it: for completion and for
what to say where one is missing. What cannot be read has none."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from invoke.collection import Collection
from invoke.config import Config

from skep.cli.invoke_yaml import FILES as SETTINGS
from skep.errors import UsageError
from skep.files import user_path
from skep.json_types import items, mapping
from skep.site.place import INVENTORIES, ROOTS

if TYPE_CHECKING:
    from skep.cli.shapes import Context

FOLDER = Path(INVENTORIES)
STACKS = Path("stacks")
ELSEWHERE = ("/etc/invoke", "~/.invoke")
"""Where Invoke looks for settings besides those of the site; the ending is to come."""
COMPOSE = ("compose.yml", "compose.yaml", "docker-compose.yml", "docker-compose.yaml")


class Program(Protocol):
    """What names are looked up in, besides files."""

    collection: Collection
    config: Config


def names_of(program: Program, kind: str, context: Context) -> Sequence[str]:
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
        from skep.cli.task_table import keys

        return [*keys(), *sorted(program.collection.task_names)]
    document = _extended(_chosen(program, context))
    if kind == "hosts":
        hosts = _mapping(document.get("hosts"))
        named = (items(_mapping(one).get("groups")) for one in hosts.values())
        groups = [*_mapping(document.get("groups")), *(str(group) for groups in named for group in groups)]
        lab = context.name is not None and context.name.startswith("lab.")
        return [*hosts] if lab else [*dict.fromkeys([*hosts, *groups])]
    if kind == "services":
        files = _compose_files(document, str(context.args["name"].value))
        return [*dict.fromkeys(name for file in files for name in _mapping(_mapping(_read(file)).get("services")))]
    return [*_mapping(document.get(kind))]


def read_from(program: Program, kind: str, context: Context) -> tuple[list[Path], list[Path]]:
    """The files and folders that names of that kind are read from, with those that are looked for in vain; then what
    only matters by being there or not."""
    start = Path(os.environ.get("SKEP_FROM") or Path.cwd())
    places = [folder / name for folder in (start, *start.parents) for name in (INVENTORIES, *ROOTS)]
    endings = [Path(name).suffix for name in SETTINGS]
    files = [*map(Path, SETTINGS), *(Path(f"{name}{one}") for name in ELSEWHERE for one in endings)]
    if kind != "aliases":
        files += [FOLDER, *(FOLDER.iterdir() if FOLDER.is_dir() else ())]
    if kind not in ("aliases", "inventories"):
        from skep.inventory.bases import whole

        chosen = _chosen(program, context)
        files += [path for one in _named(program, context) if one for path in (Path(one), start / one)]
        files += whole(chosen) if chosen else []
        if kind == "services":
            files += _compose_files(_extended(chosen), str(context.args["name"].value))
    return [user_path(str(one)) for one in files], places


def _named(program: Program, context: Context) -> list[str | None]:
    """What names the inventory, the first of it counts."""
    given = context.args["inventory"].value if "inventory" in context.args else None
    return [given, os.environ.get("SKEP_INVENTORY"), program.config.get("skep", {}).get("inventory")]


def _chosen(program: Program, context: Context) -> Path | None:
    """The inventory, if there is one to take."""
    from skep.inventory import choose

    given, _, configured = _named(program, context)
    try:
        return choose(given, environ=os.environ, configured=configured, folder=FOLDER)
    except UsageError:
        return None


def _extended(path: Path | None, left: int = 8) -> dict[str, object]:
    """A file's mapping over that of what it extends."""
    from skep.inventory.bases import extended

    if path is None:
        return {}
    merged: dict[str, object] = {}
    for base in extended(path) if left else ():
        merged = _over(merged, _extended(base, left - 1))
    return _over(merged, _mapping(_read(path)))


def _over(base: dict[str, object], own: dict[str, object]) -> dict[str, object]:
    both = {key: _over(_mapping(base[key]), one) for key, one in own.items() if key in base and isinstance(one, dict)}
    return {**base, **{key: one for key, one in own.items() if one is not None or key not in base}, **both}


def _compose_files(document: Mapping[str, object], stack: str) -> list[Path]:
    own = _mapping(_mapping(document.get("stacks")).get(stack))
    named = [own["compose"]] if isinstance(own.get("compose"), str) else items(own.get("compose"))
    return [STACKS / stack / str(name) for name in named or COMPOSE]


def _read(path: Path) -> object:
    from skep.reading.plain import plain

    try:
        return plain(path.read_bytes())
    except (OSError, ValueError):
        return None


def _mapping(value: object) -> dict[str, object]:
    return {str(key): one for key, one in mapping(value).items()}
