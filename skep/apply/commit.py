"""The git commit that the operator's files are at, for the record of what was rolled out."""

from __future__ import annotations

import subprocess
from pathlib import Path

COMMIT = ".skep-commit"
"""Of a copy of a site, which is in no repository: the file that holds it."""
COMMAND = ("git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*")


def commit() -> str:
    """Its abbreviated hash, with ``-dirty`` where files differ from it; empty outside a repository or without git."""
    try:
        done = subprocess.run(COMMAND, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return _kept()
    return done.stdout.strip() if done.returncode == 0 else _kept()


def _kept() -> str:
    try:
        return Path(COMMIT).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""
