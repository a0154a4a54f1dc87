"""Containers that go on while their engine is stopped: an engine that is set so joins no swarm, and does not start as a
node. Hosts that ran Docker by itself often have it in their own daemon.json.

Source: moby, daemon: `--live-restore daemon configuration is incompatible with swarm mode`.
"""

from __future__ import annotations

from collections.abc import Mapping

from skep.plan import Finding

KEY = "live-restore"


def refusal(host: str, merged: Mapping[str, object], live: Mapping[str, object], file: str) -> Finding | None:
    """Why an engine with the file ``merged`` cannot be a node, or one that reports ``live`` though the file no longer
    says so: taking the key out of it changes nothing in a running engine."""
    if merged.get(KEY, live.get(KEY)) is not True:
        return None
    where = f"{file} has {KEY}: true" if merged.get(KEY) is True else f"its engine runs with {KEY}"
    return Finding(
        "error",
        f"{where}: such an engine joins no swarm, and does not start as a node",
        host=host,
        role="daemon",
        next_action=f"set hosts.{host}.daemon.{KEY}: false in the inventory, then run the same command again: it is"
        " written there, and a running engine is restarted, which stops its containers for some seconds",
    )
