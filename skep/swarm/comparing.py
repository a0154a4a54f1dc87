"""Service specs in a form that can be compared: what is sent and what the Engine then tells come out the same.

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

Raw = Mapping[str, Any]

IN_PLACE = ("Labels", "Mode", "UpdateConfig", "RollbackConfig", "Name", "Placement")
"""Parts whose change leaves the running tasks as they are. Source: IsTaskDirty of moby/swarmkit, by which a change of
constraints replaces only tasks on nodes that do not meet them."""

JOBS = ("ReplicatedJob", "GlobalJob")

MODE = ("Mode", "Mode")
"""Where a change from one mode to another is told: Swarm refuses it."""

_PREDEFINED = ("host", "bridge", "none", "nat")
_EVERYWHERE = "a network of every node"
"""Nodes' own networks, where which one is not known: the Engine tells an identifier of them that nothing lists."""
_ZERO_COUNTS = frozenset({"Init", "StopGracePeriod", "Delay", "Window"})
"""Keys in which zero or false is not the same as nothing."""
_OPEN = frozenset({"Labels", "ContainerLabels", "Env", "Sysctls", "Options", "DriverOpts"})
"""Mappings whose keys are the operator's own: an empty text there is a value."""


def comparable(spec: Raw, names: Mapping[str, str], *, alike: bool = False) -> dict[str, Any]:
    """A ServiceSpec by sections, lists as mappings by what identifies an item.

    ``names``: identifiers of networks and configs → names. ``alike``: nodes' own networks are not told apart.
    """
    task = dict(spec.get("TaskTemplate") or {})
    container = dict(task.pop("ContainerSpec", None) or {})
    task.pop("Networks", None)
    placement = dict(task.pop("Placement", None) or {})
    placement.pop("Platforms", None)
    for key in ("ForceUpdate", "Runtime"):
        task.pop(key, None)
    if "RestartPolicy" in task:
        task["RestartPolicy"] = {"Condition": "any"} | _filled(task["RestartPolicy"] or {})
    endpoint = dict(spec.get("EndpointSpec") or {})
    ports = endpoint.pop("Ports", None) or ()
    found = {
        "Labels": dict(spec.get("Labels") or {}),
        "Mode": _mode(spec.get("Mode") or {}),
        "UpdateConfig": _rollout(spec.get("UpdateConfig")),
        "RollbackConfig": _rollout(spec.get("RollbackConfig")),
        "EndpointMode": endpoint.get("Mode") or "vip",
        "Ports": {_port(port): "published" for port in ports},
        "Networks": {_network(target, names, alike): _network_options(target) for target in _targets(spec)},
        "Constraints": dict.fromkeys(placement.pop("Constraints", None) or (), "required"),
        "Placement": placement,
        **_container(container, names),
        **task,
    }
    return _filled(found)


def differences(old: Raw, new: Raw, names: Mapping[str, str]) -> list[Change]:
    """What changes from one spec to the other, by section. Nodes' own networks differ where all are known by name."""
    alike = bool(unlisted(old, names) or unlisted(new, names))
    return list(changes(comparable(old, names, alike=alike), comparable(new, names, alike=alike)))


def unlisted(spec: Raw, names: Mapping[str, str]) -> set[str]:
    """Identifiers of networks that are not among ``names``: nodes' own, which no list of networks shows."""
    targets = {str(target["Target"]) for target in _targets(spec)}
    return {one for one in targets - {*names, *names.values()} if _is_identifier(one)}


def effect(have: Raw, found: Iterable[Change], *, restart: bool = False) -> str:
    """What an update of the service there does to its tasks, in words. A job runs again whatever changes: see
    UpdateService of moby/swarmkit."""
    parts = {"Mode.Mode" if change.path == MODE else change.path[0] for change in found}
    if any(job in (have.get("Mode") or {}) for job in JOBS):
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


def _container(container: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    container.pop("Isolation", None) if container.get("Isolation") == "default" else None
    privileges = container.get("Privileges") or {}
    if not any(privileges.values()):
        container.pop("Privileges", None)
    elif (privileges.get("CredentialSpec") or {}).get("Config"):
        credentials = privileges["CredentialSpec"]
        named = {**credentials, "Config": names.get(credentials["Config"], credentials["Config"])}
        container["Privileges"] = {**privileges, "CredentialSpec": named}
    if container.get("Hosts"):
        container["Hosts"] = dict.fromkeys(container["Hosts"], "set")
    return {
        "Image": container.pop("Image", None),
        "Env": dict(_variable(item) for item in container.pop("Env", None) or ()),
        "ContainerLabels": dict(container.pop("Labels", None) or {}),
        "Configs": dict(_file(one, "Config") for one in container.pop("Configs", None) or ()),
        "Secrets": dict(_file(one, "Secret") for one in container.pop("Secrets", None) or ()),
        "Mounts": {mount.get("Target", "?"): _mount(mount) for mount in container.pop("Mounts", None) or ()},
        "Ulimits": {limit["Name"]: dict(limit) for limit in container.pop("Ulimits", None) or ()},
        **container,
    }


def _variable(item: str) -> tuple[str, Any]:
    """Name and value; a variable without ``=`` is taken out of the image's."""
    name, equals, value = item.partition("=")
    return name, value if equals else {"unset": "yes"}


def _file(one: Raw, what: str) -> tuple[str, dict[str, Any]]:
    file = one.get("File")
    name = one.get(f"{what}Name", "")
    if not file:
        return f"runtime {name}", {"Name": name}
    kept = {key: value for key, value in file.items() if key != "Name"}
    return file["Name"], {"Name": name, **kept}


def _mount(mount: Raw) -> dict[str, Any]:
    return {"Type": "volume", **{key: value for key, value in mount.items() if key not in ("Target", "Consistency")}}


def _port(port: Raw) -> str:
    published = port.get("PublishedPort") or "any"
    mode = port.get("PublishMode") or "ingress"
    return f"{published}:{port.get('TargetPort')}/{port.get('Protocol') or 'tcp'} {mode}"


def _targets(spec: Raw) -> list[Raw]:
    task = spec.get("TaskTemplate") or {}
    return [*(task.get("Networks") or ()), *(spec.get("Networks") or ())]


def _network(target: Raw, names: Mapping[str, str], alike: bool) -> str:
    name = names.get(target["Target"], target["Target"])
    unknown = name == target["Target"] and name not in names.values() and _is_identifier(name)
    return _EVERYWHERE if unknown or (alike and name in _PREDEFINED) else name


def _network_options(target: Raw) -> dict[str, Any]:
    kept = {key: value for key, value in target.items() if key not in ("Target", "Aliases")}
    return {"joined": "yes", "Aliases": dict.fromkeys(target.get("Aliases") or (), "set"), **kept}


def _is_identifier(text: str) -> bool:
    return len(text) == 25 and text.isalnum() and text == text.lower()


def _mode(mode: Raw) -> dict[str, Any]:
    if "Global" in mode:
        return {"Mode": "global"}
    if "GlobalJob" in mode:
        return {"Mode": "global-job"}
    if "ReplicatedJob" in mode:
        job = mode["ReplicatedJob"] or {}
        at_once = job.get("MaxConcurrent", 1)
        completions = job.get("TotalCompletions", at_once)
        return {"Mode": "replicated-job", "Completions": str(completions), "MaxConcurrent": str(at_once)}
    replicas = (mode.get("Replicated") or {}).get("Replicas")
    return {"Mode": "replicated", "Replicas": str(1 if replicas is None else replicas)}


def _rollout(config: Raw | None) -> dict[str, Any] | None:
    if config is None:
        return None
    return {"FailureAction": "pause", "Order": "stop-first"} | _filled(config)


def _filled(values: Raw) -> dict[str, Any]:
    """Without what is empty, zero or false, at every depth; but see ``_ZERO_COUNTS``."""
    inner = {name: _inner(name, one) for name, one in values.items()}
    return {name: one for name, one in inner.items() if one or (name in _ZERO_COUNTS and one is not None)}


def _inner(name: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value) if name in _OPEN else _filled(value)
    return [_inner("", item) for item in value] if isinstance(value, list) else value
