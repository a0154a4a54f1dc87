"""The engine's own settings on a host."""

from __future__ import annotations

import json
from collections.abc import Mapping

from testinfra.host import Host as Remote

from skep.json_types import mapping
from skep.verify.check import NotSeen

FILE = "/etc/docker/daemon.json"


def daemon_json(host: Remote) -> Mapping[str, object]:
    """What the file holds; nothing where there is none. Raises ``NotSeen`` where it is no JSON."""
    file = host.file(FILE)
    if not file.exists:
        return {}
    try:
        return mapping(json.loads(file.content_string or "{}"))
    except ValueError as error:
        raise NotSeen(f"{FILE} is no JSON: {error}") from None
