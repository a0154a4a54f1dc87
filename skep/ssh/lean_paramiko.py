"""A quick start: Paramiko is loaded here first, without what it needs for its own version number alone."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

METADATA = "importlib.metadata"
"""Paramiko asks this for its version, which imports readers of mail, CSV and ZIP: a third of its start."""


def _version() -> str | None:
    """From the name of the folder that the installer wrote beside the package."""
    found = find_spec("paramiko")
    beside = Path(found.origin).parents[1].glob("paramiko-*.dist-info") if found and found.origin else ()
    return next((folder.stem.removeprefix("paramiko-") for folder in beside), None)


def _load() -> None:
    version = None if METADATA in sys.modules or "paramiko" in sys.modules else _version()
    if version is None:
        return
    stub = ModuleType(METADATA)
    vars(stub)["version"] = lambda _: version
    sys.modules[METADATA] = stub
    try:
        import paramiko  # noqa: F401
    finally:
        del sys.modules[METADATA]


_load()
