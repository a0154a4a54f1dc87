"""Logins to registries, from the inventory."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence

from skep.model import Registry, Secret


class Logins:
    """Knows the inventory's ``registries``."""

    def __init__(self, registries: Sequence[Registry]) -> None:
        self._registries = {registry.server: registry for registry in registries}

    def header(self, image: str) -> Secret | None:
        """``X-Registry-Auth`` for the image's registry."""
        registry = self._registries.get(image.partition("/")[0])
        if registry is None:
            return None
        login = {"username": registry.username, "password": registry.password.reveal()}
        text = json.dumps(login | {"serveraddress": registry.server})
        return Secret(base64.urlsafe_b64encode(text.encode()).decode())
