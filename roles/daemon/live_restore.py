"""Containers that go on while their engine is stopped: an engine that is set so joins no swarm, and does not start as a
node. Hosts that ran Docker by itself often have it in their own daemon.json.

Source: moby, daemon: `--live-restore daemon configuration is incompatible with swarm mode`.
"""

from __future__ import annotations

from collections.abc import Mapping

from roles.daemon.state import State
from skep.plan import Finding

KEY = "live-restore"
RESTARTED = "that stops its containers, and those without a restart policy stay stopped"


def refusal(host: str, merged: Mapping[str, object], have: State, file: str) -> Finding | None:
    """Why an engine with the file ``merged`` cannot be a node, or one that reports it though the file no longer says
    so: taking the key out of it changes nothing in a running engine. A file that the engine does not read says nothing;
    an option of docker.service does, and keeps the engine from starting with the key in the file."""
    in_file = merged.get(KEY) if have.config_file in (None, file) else None
    live = have.live.get(KEY) is True
    option = have.flags.get(KEY) if live else None
    if not option and in_file is not True and (in_file is False or not live):
        return None
    action = (
        f"set hosts.{host}.daemon.{KEY}: false in the inventory, then run the same command again: it is written there,"
        f" and a running engine is restarted; {RESTARTED}"
    )
    where = f"{file} has {KEY}: true" if in_file is True else f"its engine runs with {KEY}"
    if option:
        where = f"docker.service has {option}"
        action = (
            f"take {option} out of docker.service (on {host}: systemctl cat docker.service), then on {host}: systemctl"
            f" daemon-reload; systemctl restart docker; and run the same command again; {RESTARTED}"
        )
    return Finding(
        "error",
        f"{where}: such an engine joins no swarm, and does not start as a node",
        host=host,
        role="daemon",
        next_action=action,
    )
