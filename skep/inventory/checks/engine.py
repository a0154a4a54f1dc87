"""The engine desired."""

from __future__ import annotations

import re

from skep.inventory.checks.places import sections
from skep.reading.findings import Findings
from skep.reading.values import Fields

_VERSION = re.compile(r"[0-9]{1,4}(\.[0-9]{1,4}){0,3}([+~-][A-Za-z0-9.+~-]{1,40})?")


def check_engines(file: Fields, findings: Findings) -> None:
    """Note versions that are none."""
    for path, given in sections(file, "engine"):
        version = given.get("version")
        if version is not None and not _VERSION.fullmatch(version):
            place = (*path, "version")
            findings.error(place, f"must be a version such as 26.1, not {findings.written(place, version)}")
