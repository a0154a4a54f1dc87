"""Keys that came to Swarm after the oldest engine we support: managers of before drop them without a word.

Source: ``daemon/cluster/convert`` of moby/moby, version by version.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from skep.compose.load import Document
from skep.compose.problems import Problems
from skep.compose.values import where

Raw = Mapping[str, Any]
Version = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Manager:
    """A manager by its host name, and the version of its engine."""

    host: str
    version: Version


@dataclass(frozen=True, slots=True)
class _Newer:
    """A key of a compose file's service, the field of the ContainerSpec it becomes (``*``: of each item of a list),
    and the first version whose managers keep it."""

    key: tuple[str, ...]
    field: tuple[str, ...]
    since: Version


_NEWER = (
    _Newer(("healthcheck", "start_interval"), ("Healthcheck", "StartInterval"), (25, 0)),
    _Newer(("volumes", "*", "volume", "subpath"), ("Mounts", "*", "VolumeOptions", "Subpath"), (26, 1)),
)


def oldest_manager(nodes: Iterable[Raw]) -> Manager | None:
    """The manager with the oldest engine, among nodes as ``/nodes`` lists them; ``None`` where none tells its own."""
    told = [manager for node in nodes if (manager := _manager(node)) is not None]
    return min(told, key=lambda manager: manager.version, default=None)


def newest_version(nodes: Iterable[Raw]) -> Version | None:
    """The newest engine of a manager, which may be the one that is asked to create something."""
    told = [manager for node in nodes if (manager := _manager(node)) is not None]
    return max((manager.version for manager in told), default=None)


def understood(spec: Raw, manager: Manager | None) -> dict[str, Any]:
    """A ServiceSpec without what that manager would drop."""
    template = dict(spec["TaskTemplate"])
    container: Any = template.get("ContainerSpec")
    for newer in _NEWER if container and manager else ():
        if manager and manager.version < newer.since:
            container = _without(container, newer.field)
    return {**spec, "TaskTemplate": template | ({"ContainerSpec": container} if container else {})}


def dropped(document: Document, manager: Manager) -> list[str]:
    """Texts ``file:line: key.path: message``, one for each key that the manager would drop."""
    problems = Problems((), set(document.hidden))
    for name, service in document.section("services").items():
        for newer in _NEWER:
            for path in _uses(service, newer.key) if manager.version < newer.since else ():
                full = ("services", name, *path)
                message = f"is left out: Docker {_text(manager.version)} on {manager.host} does not know it"
                problems.warn(where(document.data, full), full, f"{message}, it needs {_text(newer.since)}")
    return problems.warnings


def _manager(node: Raw) -> Manager | None:
    description = node.get("Description") or {}
    version = re.match(r"([0-9]+)\.([0-9]+)", str((description.get("Engine") or {}).get("EngineVersion") or ""))
    if version is None or (node.get("Spec") or {}).get("Role") != "manager":
        return None
    return Manager(str(description.get("Hostname") or "a manager"), (int(version[1]), int(version[2])))


def _without(value: Any, path: tuple[str, ...]) -> Any:
    if path[0] == "*":
        return [_without(item, path[1:]) for item in value or ()]
    if not isinstance(value, Mapping) or path[0] not in value:
        return value
    kept = {key: inner for key, inner in value.items() if key != path[0]}
    return kept if len(path) == 1 else {**value, path[0]: _without(value[path[0]], path[1:])}


def _uses(value: Any, path: tuple[str, ...], at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if not path:
        yield at
    elif path[0] == "*":
        for number, item in enumerate(value):
            yield from _uses(item, path[1:], (*at, number))
    elif isinstance(value, Mapping) and value.get(path[0]):
        yield from _uses(value[path[0]], path[1:], (*at, path[0]))


def _text(version: Version) -> str:
    major, minor = version
    return f"{major}.{minor}" if minor else str(major)
