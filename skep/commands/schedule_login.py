"""How a schedule that runs on a host of the cluster logs in: by the key made there, and as ``schedule.apply`` did."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

from skep.errors import UsageError
from skep.inventory import Inventory
from skep.model import Access


def with_own_key(found: Inventory, folder: Path) -> Inventory:
    """The inventory with that way in place of its own. Raises ``UsageError`` where it is not there."""
    try:
        users = json.loads((folder / "access.json").read_text(encoding="utf-8"))
        access = {name: _by_own_key(one, users.get(name, {}), folder) for name, one in found.access.items()}
    except (OSError, ValueError, LookupError, AttributeError, TypeError) as error:
        raise UsageError(
            f"{folder}/access.json cannot be read, which says how schedules on this host log in",
            cause=str(error),
            next_action="run schedule.apply again where it was run",
        ) from None
    return replace(found, access=access)


def _by_own_key(one: Access, given: dict[str, object], folder: Path) -> Access:
    """Straight to each host: gateways and settings of ssh_config are the operator's."""
    return replace(
        one,
        user=str(given["user"]) if given else one.user,
        port=int(str(given["port"])) if given else one.port,
        key=folder / "key",
        password=None,
        agent=False,
        config=Path(os.devnull),
        gateways=(),
        host_keys="strict",
        known_hosts=folder / "known_hosts",
    )
