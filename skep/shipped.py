"""What comes with skep and is no module of it: beside ``skep/`` in a clone, under ``skep/data`` in a wheel."""

from __future__ import annotations

import os
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
IS_CLONE = not (PACKAGE / "data").is_dir()
FOLDER = PACKAGE.parent if IS_CLONE else PACKAGE / "data"
"""Holds ``roles/``, ``inventory/example.yml`` and ``docs/inventory.schema.json``."""


def script_file(name: str) -> Path:
    """The file of a script named as in the repository, such as ``skep/ask.sh`` or ``roles/engine/probe.sh``; one of a
    role that is not ours is in the folder one works in."""
    for folder in (PACKAGE.parent, FOLDER):
        if (folder / name).is_file():
            return folder / name
    return Path.cwd() / name


def at_home() -> None:
    """Work in the repository of skep itself, wherever the user is."""
    os.chdir(FOLDER)
