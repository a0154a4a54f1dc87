"""Keys of labels."""

from __future__ import annotations

import re
from collections.abc import Iterable

from skep.kinds.files import LABEL_RESERVED
from skep.reading.findings import Findings, KeyPath
from skep.swarm.labels import RESERVED

_KEY = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._/-]{0,126}[A-Za-z0-9])?")


def check_label_keys(path: KeyPath, keys: Iterable[str], findings: Findings) -> None:
    """Note label keys that no constraint could name, and those in Docker's own namespaces."""
    for key in keys:
        if not _KEY.fullmatch(key):
            message = "not a usable label key: letters, digits, '.', '-', '_' and '/', at most 128"
            findings.error((*path, key), message)
        elif key.startswith(RESERVED):
            findings.warn(LABEL_RESERVED, (*path, key), "labels starting so are reserved for Docker's own use")
