"""Which folder is the site. Everything named relative to it is looked up in the current folder, so it is entered."""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from pathlib import Path

from skep.errors import UsageError
from skep.shell import quoted

INVENTORIES = "inventory"
"""What makes a folder a site: its inventories are there."""
ROOTS = (".git", "invoke.yaml", "tasks.py")
"""What only the uppermost folder of a repository has: no site is looked for above it."""


def enter(named: str | None, environ: MutableMapping[str, str]) -> Path:
    """Make the site the current folder, and give it.

    It is the folder that ``--site`` names, else ``SKEP_SITE``, else the one the user is in, or above it in the same
    repository the nearest that has ``inventory/``. Where none has, ``./inv`` stays in its own repository, and what is
    given is the folder that could become one. ``SKEP_FROM`` then says where the user is, for files that they name.
    Raises ``UsageError`` for a folder that is not there.
    """
    start = Path(environ.get("SKEP_FROM") or Path.cwd())
    for source, name in (("--site", named), ("SKEP_SITE", environ.get("SKEP_SITE"))):
        if name:
            site = Path(os.path.normpath(start / Path(name).expanduser()))
            if not site.is_dir():
                if site.exists():
                    raise UsageError(f"{name} is no folder (from {source})", next_action="name the folder of a site")
                make = f"mkdir -p {quoted(str(site))}"
                raise UsageError(f"there is no folder {name} (from {source})", next_action=make)
            break
    else:
        site = _nearest(start) or start
        if not (site / INVENTORIES).is_dir() and start != Path.cwd():
            return site
    if site != start:
        environ["SKEP_FROM"] = str(start)
    os.chdir(site)
    return site


def _nearest(start: Path) -> Path | None:
    """The folder itself, or the nearest above it that has inventories, up to the root of its repository."""
    found = None
    for folder in (start, *start.parents):
        if found is None and (folder / INVENTORIES).is_dir():
            found = folder
        if found == start or any((folder / name).exists() for name in ROOTS):
            return found
    return None
