"""The operator's YAML file, checked whole and turned into the model. Importing this costs next to nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from skep.inventory.bases import environments
from skep.inventory.loaded import Ids, Inventory
from skep.inventory.which_file import choose

if TYPE_CHECKING:
    from skep.inventory.showing import Shown
    from skep.reading.documented import HostKeys

__all__ = [
    "Ids",
    "Inventory",
    "choose",
    "environments",
    "initial",
    "json_schema",
    "load",
    "merged",
    "reference_markdown",
]


def load(
    path: Path,
    *,
    environ: Mapping[str, str] = os.environ,
    host_keys: HostKeys | None = None,
    ids: Ids | None = None,
) -> Inventory:
    """The inventory in a file, complete and merged. ``host_keys`` are those that roles bring along; ``ids`` gives
    all that can be accepted: without them, nobody looks whether an id in ``accept:`` is one.

    Raises ``InventoryError`` with every problem of the file at once, each ``file:line: key.path: message``.
    """
    from skep.inventory.loading import load_file

    return load_file(path, environ, host_keys or {}, ids)


def merged(path: Path, *, environ: Mapping[str, str] = os.environ) -> Shown:
    """A file with what it extends, as written. Raises ``InventoryError`` as ``load`` does."""
    from skep.inventory.showing import Shown

    return Shown(path, environ)


def json_schema(host_keys: HostKeys | None = None) -> dict[str, object]:
    """The JSON Schema (draft 2020-12) of an inventory file, for editors."""
    from skep.inventory.key_reference import schema

    return schema(host_keys or {})


def reference_markdown(host_keys: HostKeys | None = None) -> str:
    """A page on every key of an inventory, made from the schema."""
    from skep.inventory.key_reference import markdown

    return markdown(host_keys or {})


def initial(names: Sequence[str], *, stacks: Sequence[str] = (), schema: str | None = None) -> str:
    """The text of a first inventory: the first one or three hosts are managers, the rest workers. ``stacks`` are what
    runs on them, ``schema`` is where the JSON Schema is, as seen from the file.

    A name may be a host name, an address, or ``user@address``. Raises ``UsageError`` on one that is neither.
    """
    from skep.inventory.first import SCHEMA, first_inventory

    return first_inventory(names, stacks=stacks, schema=schema or SCHEMA)
