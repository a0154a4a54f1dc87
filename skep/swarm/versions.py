"""What engines of different versions understand of a spec: managers drop the keys that came after them without a word.

Source: ``daemon/cluster/convert`` of moby/moby, version by version.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import cast

from skep.dataclass import dataclass
from skep.swarm.objects import Node
from skep.swarm.spec import ContainerSpec, ServiceSpec

Version = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Manager:
    """A manager by its host name, and the version of its engine."""

    host: str
    version: Version


@dataclass(frozen=True, slots=True)
class Newer:
    """A key of a compose file's service, the field of the ContainerSpec it becomes (``*``: of each item of a list),
    and the first version whose managers keep it."""

    key: tuple[str, ...]
    field: tuple[str, ...]
    since: Version


NEWER = (
    Newer(("healthcheck", "start_interval"), ("Healthcheck", "StartInterval"), (25, 0)),
    Newer(("volumes", "*", "volume", "subpath"), ("Mounts", "*", "VolumeOptions", "Subpath"), (26, 1)),
)


def oldest_manager(nodes: Iterable[Node]) -> Manager | None:
    """The manager with the oldest engine, among nodes as ``/nodes`` lists them; ``None`` where none reports its own."""
    managers = [manager for node in nodes if (manager := _manager(node)) is not None]
    return min(managers, key=lambda manager: manager.version, default=None)


def newest_version(nodes: Iterable[Node]) -> Version | None:
    """The newest engine of a manager, which may be the one that is asked to create something."""
    managers = [manager for node in nodes if (manager := _manager(node)) is not None]
    return max((manager.version for manager in managers), default=None)


def understood(spec: ServiceSpec, manager: Manager | None) -> ServiceSpec:
    """A ServiceSpec without what that manager would drop."""
    template = spec["TaskTemplate"].copy()
    if manager is None or not template.get("ContainerSpec"):
        return spec
    for newer in NEWER:
        if manager.version < newer.since:
            template["ContainerSpec"] = cast(ContainerSpec, _without(template["ContainerSpec"], newer.field))
    return {**spec, "TaskTemplate": template}


def _manager(node: Node) -> Manager | None:
    description = node.get("Description") or {}
    version = re.match(r"([0-9]+)\.([0-9]+)", str((description.get("Engine") or {}).get("EngineVersion") or ""))
    if version is None or (node.get("Spec") or {}).get("Role") != "manager":
        return None
    return Manager(str(description.get("Hostname") or "a manager"), (int(version[1]), int(version[2])))


def _without(value: object, path: tuple[str, ...]) -> object:
    if path[0] == "*":
        return [_without(item, path[1:]) for item in value] if isinstance(value, list) else value
    if not isinstance(value, Mapping) or path[0] not in value:
        return value
    kept = {key: inner for key, inner in value.items() if key != path[0]}
    return kept if len(path) == 1 else {**value, path[0]: _without(value[path[0]], path[1:])}
