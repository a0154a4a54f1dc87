"""What each host gets: the file's top level, then its groups in order, then its own keys."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from skep.inventory.schema import HostSection, InventoryFile


@dataclass(frozen=True)
class MergedHost:
    """A host with all its settings in one place; ``ssh``, ``engine`` and ``daemon`` hold what is given only."""

    name: str
    own: HostSection
    groups: tuple[str, ...]
    role: str | None
    availability: str
    labels: dict[str, str]
    advertise: str | None
    ssh: dict[str, Any]
    engine: dict[str, Any]
    daemon: dict[str, Any]

    @property
    def address(self) -> str | None:
        """Where SSH goes; ``None`` if the file does not say."""
        return self.own.given().get("address")


def merged(file: InventoryFile) -> list[MergedHost]:
    """All hosts, in the file's order."""
    top = file.given()
    naming: dict[str, dict[str, None]] = {}
    for group, section in top.get("groups", {}).items():
        for name in section.given().get("hosts", ()):
            naming.setdefault(name, {})[group] = None
    hosts: dict[str, HostSection] = top.get("hosts", {})
    return [_host(file, name, own, naming.get(name, {})) for name, own in hosts.items()]


def _host(file: InventoryFile, name: str, own: HostSection, naming: Iterable[str]) -> MergedHost:
    """``naming``: the groups that name the host; those it names itself come after them, in its own order."""
    known = file.given().get("groups", {})
    named = dict.fromkeys(group for group in own.given().get("groups", ()) if group in known)
    groups = (*(group for group in naming if group not in named), *named)
    layers = [layer.given() for layer in (*(file.groups[group] for group in groups), own)]
    top = file.given()
    swarm = top["swarm"].given() if "swarm" in top else {}
    return MergedHost(
        name=name,
        own=own,
        groups=groups,
        role=_last(layers, "role", None),
        availability=_last(layers, "availability", "active"),
        labels={label: value for layer in layers for label, value in layer.get("labels", {}).items()},
        advertise=_last(layers, "advertise", swarm.get("advertise")),
        ssh=_ssh(top, layers, name),
        engine=_joined([top, *layers], "engine"),
        daemon=_joined([top, *layers], "daemon"),
    )


def _last(layers: list[dict[str, object]], key: str, default: object) -> Any:
    return next((layer[key] for layer in reversed(layers) if key in layer), default)


def _joined(layers: list[dict[str, Any]], section: str) -> dict[str, Any]:
    return {key: value for layer in layers if section in layer for key, value in layer[section].given().items()}


def _ssh(top: dict[str, object], layers: list[dict[str, object]], name: str) -> dict[str, Any]:
    """The host's ssh settings. A gateway chain meant for several hosts ends, for one in it, before itself."""
    shared = _joined([top, *layers[:-1]], "ssh")
    chain = shared.get("gateway", [])
    if name in chain:
        shared["gateway"] = chain[: chain.index(name)]
    return shared | _joined(layers[-1:], "ssh")
