"""Service specs in a form that can be compared: what is sent and what the Engine then answers come out the same.

The Engine fills in defaults, sorts what has no order and gives identifiers for names; see ``daemon/cluster/convert``
of moby/moby.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from skep.diff import Change, changes
from skep.hidden import SENSITIVE, holds
from skep.secret import STARS
from skep.swarm.image import short
from skep.swarm.labels import labels_of
from skep.swarm.references import attachments, named, used
from skep.swarm.service import container_of, is_job, job_of, mode_of, placement_of, replicas_of
from skep.swarm.spec import Attachment, ContainerSpec, File, Mount, Port, ServiceSpec, UpdateConfig

IN_PLACE = ("Labels", "Mode", "UpdateConfig", "RollbackConfig", "Name", "Placement")
"""Parts whose change leaves the running tasks as they are. Source: IsTaskDirty of moby/swarmkit, by which a change of
constraints replaces only tasks on nodes that do not meet them."""

MODE = ("Mode", "Mode")
"""Where a change from one mode to another is shown: Swarm refuses it."""

_PREDEFINED = ("host", "bridge", "none", "nat")
_EVERYWHERE = "a network of every node"
"""Nodes' own networks, where which one is not known: the Engine gives an identifier of them that nothing lists."""
_ZERO_COUNTS = frozenset({"Init", "StopGracePeriod", "Delay", "Window"})
"""Keys in which zero or false is not the same as nothing."""
_OPEN = frozenset({"Labels", "ContainerLabels", "Env", "Sysctls", "Options", "DriverOpts"})
"""Mappings whose keys are the operator's own: an empty text there is a value."""


def comparable(spec: ServiceSpec, names: Mapping[str, str], *, alike: bool = False) -> dict[str, Any]:
    """A ServiceSpec by sections, lists as mappings by what identifies an item.

    ``names``: identifiers of networks and configs → names. ``alike``: nodes' own networks count as one.
    """
    spec = named(spec, names)
    task, placement, endpoint = spec["TaskTemplate"], placement_of(spec), spec.get("EndpointSpec") or {}
    found = {
        "Labels": dict(labels_of(spec)),
        "Mode": _mode(spec),
        "UpdateConfig": _rollout(spec.get("UpdateConfig")),
        "RollbackConfig": _rollout(spec.get("RollbackConfig")),
        "EndpointMode": endpoint.get("Mode") or "vip",
        "Ports": {_port(port): "published" for port in endpoint.get("Ports") or ()},
        "Networks": {_network(one, names, alike): _network_options(one) for one in attachments(spec)},
        "Constraints": dict.fromkeys(placement.get("Constraints") or (), "required"),
        "Placement": _without(placement, "Constraints", "Platforms"),
        **_container(container_of(spec)),
        **_without(task, "ContainerSpec", "Networks", "Placement", "ForceUpdate", "Runtime"),
    }
    if "RestartPolicy" in task:
        found["RestartPolicy"] = {"Condition": "any"} | _filled(task["RestartPolicy"] or {})
    return _filled(found)


def differences(old: ServiceSpec, new: ServiceSpec, names: Mapping[str, str]) -> list[Change]:
    """What changes from one spec to the other, by section. Nodes' own networks differ where all are known by name."""
    alike = bool(unlisted(old, names) or unlisted(new, names))
    return list(changes(comparable(old, names, alike=alike), comparable(new, names, alike=alike)))


def unlisted(spec: ServiceSpec, names: Mapping[str, str]) -> set[str]:
    """Identifiers of networks that are not among ``names``: nodes' own, which no list of networks shows."""
    return {one for one in used("network", spec) - {*names, *names.values()} if _is_identifier(one)}


def effect(have: ServiceSpec, found: Iterable[Change], *, restart: bool = False) -> str:
    """What an update of the service there does to its tasks, in words. A job runs again whatever changes: see
    UpdateService of moby/swarmkit."""
    parts = {"Mode.Mode" if change.path == MODE else change.path[0] for change in found}
    if is_job(have):
        return "the job runs again"
    if restart or parts - {*IN_PLACE, "Constraints"}:
        return "its tasks are replaced"
    return "tasks on nodes that no longer fit are replaced" if "Constraints" in parts else "in place"


def shown(change: Change, hidden: frozenset[str]) -> Change:
    """A change as it may be seen: images short; as stars what is ``hidden``, and variables that sound like secrets.

    Where one side holds something hidden the other is hidden, too: it may hold what was hidden before.
    """
    values: list[Any] = [change.old, change.new]
    sounds = change.path[0] == "Env" and any(word in change.path[-1].lower() for word in SENSITIVE)
    if sounds or holds(values, hidden):
        values = [None if value is None else STARS for value in values]
    elif change.path == ("Image",):
        cut = [short(value) if value else None for value in values]
        values = cut if cut[0] != cut[1] else values
    return Change(tuple(STARS if holds(part, hidden) else part for part in change.path), *values)


def _container(container: ContainerSpec) -> dict[str, Any]:
    isolation = container.get("Isolation")
    return {
        **_without(container, "Labels"),
        "Env": dict(_variable(item) for item in container.get("Env") or ()),
        "ContainerLabels": dict(labels_of(container)),
        "Configs": dict(_file(one.get("ConfigName", ""), one.get("File")) for one in container.get("Configs") or ()),
        "Secrets": dict(_file(one.get("SecretName", ""), one.get("File")) for one in container.get("Secrets") or ()),
        "Mounts": {mount.get("Target", "?"): _mount(mount) for mount in container.get("Mounts") or ()},
        "Ulimits": {limit["Name"]: limit for limit in container.get("Ulimits") or ()},
        "Hosts": dict.fromkeys(container.get("Hosts") or (), "set"),
        "Isolation": isolation if isolation != "default" else None,
    }


def _without(values: Mapping[str, object], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key not in keys}


def _variable(item: str) -> tuple[str, object]:
    """Name and value; a variable without ``=`` is taken out of the image's."""
    name, equals, value = item.partition("=")
    return name, value if equals else {"unset": "yes"}


def _file(name: str, file: File | None) -> tuple[str, dict[str, Any]]:
    if not file:
        return f"runtime {name}", {"Name": name}
    return file["Name"], {**_without(file, "Name"), "Name": name}


def _mount(mount: Mount) -> dict[str, Any]:
    return {"Type": "volume", **_without(mount, "Target", "Consistency")}


def _port(port: Port) -> str:
    published = port.get("PublishedPort") or "any"
    mode = port.get("PublishMode") or "ingress"
    return f"{published}:{port.get('TargetPort')}/{port.get('Protocol') or 'tcp'} {mode}"


def _network(attachment: Attachment, names: Mapping[str, str], alike: bool) -> str:
    name = attachment["Target"]
    unknown = name not in names.values() and _is_identifier(name)
    return _EVERYWHERE if unknown or (alike and name in _PREDEFINED) else name


def _network_options(attachment: Attachment) -> dict[str, Any]:
    aliases = dict.fromkeys(attachment.get("Aliases") or (), "set")
    return {"joined": "yes", "Aliases": aliases, **_without(attachment, "Target", "Aliases")}


def _is_identifier(text: str) -> bool:
    return len(text) == 25 and text.isalnum() and text == text.lower()


def _mode(spec: ServiceSpec) -> dict[str, str]:
    mode = mode_of(spec)
    if mode == "ReplicatedJob":
        completions, at_once = job_of(spec)
        return {"Mode": "replicated-job", "Completions": str(completions), "MaxConcurrent": str(at_once)}
    if mode == "Replicated":
        return {"Mode": "replicated", "Replicas": str(replicas_of(spec))}
    return {"Mode": "global" if mode == "Global" else "global-job"}


def _rollout(config: UpdateConfig | None) -> dict[str, Any] | None:
    if config is None:
        return None
    return {"FailureAction": "pause", "Order": "stop-first"} | _filled(config)


def _filled(values: Mapping[str, object]) -> dict[str, Any]:
    """Without what is empty, zero or false, at every depth; but see ``_ZERO_COUNTS``."""
    inner = {name: _inner(name, one) for name, one in values.items()}
    return {name: one for name, one in inner.items() if one or (name in _ZERO_COUNTS and one is not None)}


def _inner(name: str, value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value) if name in _OPEN else _filled(value)
    return [_inner("", item) for item in value] if isinstance(value, list) else value
