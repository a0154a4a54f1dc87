"""Which folder is the site. Everything named relative to it is looked up in the current folder, so it is entered."""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from pathlib import Path

from skep.errors import UsageError
from skep.files import user_path
from skep.shell import quoted

INVENTORIES = "inventory"
"""What makes a folder a site: its inventories are there."""
ROOTS = (".git", "invoke.yaml", "tasks.py")
"""What only the uppermost folder of a repository has: no site is looked for above it."""
AWAY = "cd to a folder that you may use, then run the same command again"


def enter(named: str | None, environ: MutableMapping[str, str]) -> Path:
    """Make the site the current folder, and give it.

    It is the folder that ``--site`` names, else ``SKEP_SITE``, else the one the user is in, or above it in the same
    repository the nearest that has ``inventory/``. Where none has, ``./inv`` stays in its own repository, and what is
    given is the folder that could become one. ``SKEP_FROM`` then says where the user is, for files that they name.
    Raises ``UsageError`` for a folder that is not there, or cannot be entered.
    """
    start = Path(environ.get("SKEP_FROM") or _current())
    source = "--site" if named else "SKEP_SITE"
    named = named or environ.get("SKEP_SITE")
    if named:
        site = Path(os.path.normpath(start / user_path(named)))
    else:
        site = _nearest(start) or start
        if not _is_folder(site / INVENTORIES) and start != _current():
            return site
    _go(site, f"{named} (from {source})" if named else str(site))
    if site != start:
        environ["SKEP_FROM"] = str(start)
    return site


def _current() -> Path:
    try:
        return Path.cwd()
    except OSError as error:
        cause = f"{error.strerror}: it was deleted, or its disk is gone"
        raise UsageError("the current folder cannot be used", cause=cause, next_action=AWAY) from None


def _go(site: Path, said: str) -> None:
    try:
        os.chdir(site)
    except FileNotFoundError:
        if site.is_symlink():
            cause = f"it is a link to {site.readlink()}, which leads nowhere"
            raise UsageError(f"{said} is no folder", cause=cause, next_action="name the folder of a site") from None
        raise UsageError(f"there is no folder {said}", next_action=f"mkdir -p {quoted(str(site))}") from None
    except NotADirectoryError:
        raise UsageError(f"{said} is no folder", next_action="name the folder of a site") from None
    except OSError as error:
        cause = error.strerror or str(error)
        raise UsageError(f"the folder {said} cannot be entered", cause=cause, next_action=AWAY) from None


def _is_folder(path: Path) -> bool:
    """Not where nobody may look, or its disk does not answer; ``Path`` would raise."""
    return os.path.isdir(path)  # noqa: PTH112


def _nearest(start: Path) -> Path | None:
    """The folder itself, or the nearest above it that has inventories, up to the root of its repository."""
    found = None
    for folder in (start, *start.parents):
        if found is None and _is_folder(folder / INVENTORIES):
            found = folder
        if found == start or any(os.path.exists(folder / name) for name in ROOTS):  # noqa: PTH110
            return found
    return None
