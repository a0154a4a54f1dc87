"""Late references of a plan: asked of a manager at the step that needs them, kept nowhere."""

from __future__ import annotations

from typing import Any

from skep.engine.transport import EngineClient

SECRET = frozenset({"manager-token", "worker-token", "unlock-key"})
"""Refs whose values never appear in an error."""


def resolve(api: EngineClient, name: str) -> Any:
    """The value of a ``Ref`` by that name. ``KeyError`` for an unknown name."""
    if name in ("manager-token", "worker-token"):
        return api.inspect_swarm()["JoinTokens"]["Manager" if name == "manager-token" else "Worker"]
    if name == "unlock-key":
        return api.get_unlock_key()["UnlockKey"]
    if name == "manager-addresses":
        return [manager["Addr"] for manager in api.info()["Swarm"].get("RemoteManagers") or []]
    raise KeyError(name)
