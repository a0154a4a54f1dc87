"""Which nodes a service's tasks may run on, decided as the managers do.

Source: swarmkit ``manager/constraint``, ``manager/scheduler/filter.go`` and the global orchestrators: no task is made
for a node that does not meet the constraints, is drained, paused or not ready; one for a node of another platform is
made and stays pending for ever.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from skep.dataclass import dataclass
from skep.swarm.addresses import go_address, go_network
from skep.swarm.objects import Node
from skep.swarm.quorum import hostname_of
from skep.swarm.service import container_of, placement_of
from skep.swarm.spec import Platform, ServiceSpec

ALIASES = {"x86_64": "amd64", "aarch64": "arm64"}
NODE_LABELS = "node.labels."
ENGINE_LABELS = "engine.labels."
OPERATORS = ("==", "!=")
_FOLDED = "a-zA-Z\u017f\u212a"
"""Letters, and those that are one of them to Go without regard to case."""
_KEY = re.compile(rf"[{_FOLDED}_][{_FOLDED}0-9_.-]+")
_VALUE = re.compile(rf"[{_FOLDED}0-9:\-_\t\n\f\r .*()?+\[\]\\^$|/]+")


@dataclass(frozen=True, slots=True)
class Constraint:
    """A key, whether it is to be the value or not to be it, and the value."""

    key: str
    equal: bool
    value: str


def parse(text: str) -> Constraint:
    """Raises ``ValueError`` with what is wrong."""
    operator = next((one for one in OPERATORS if one in text), None)
    if operator is None:
        raise ValueError("has neither == nor !=")
    key, value = (part.strip() for part in text.split(operator, 1))
    if not _KEY.fullmatch(key):
        raise ValueError("key")
    if not _VALUE.fullmatch(value):
        raise ValueError("value")
    return Constraint(key, operator == "==", value)


def fitting(constraints: Iterable[str], nodes: Iterable[Node]) -> list[Node]:
    """The nodes that meet all constraints."""
    desired = list(constraints)
    return [node for node in nodes if all(meets(constraint, node) for constraint in desired)]


def spread_labels(spec: ServiceSpec) -> list[str]:
    """The labels of nodes over whose values its tasks are spread, in the order of the preferences."""
    preferences = placement_of(spec).get("Preferences") or ()
    descriptors = [(one.get("Spread") or {}).get("SpreadDescriptor", "") for one in preferences]
    return [one.removeprefix(NODE_LABELS) for one in descriptors if one.startswith(NODE_LABELS)]


def taking_tasks(nodes: Iterable[Node]) -> list[Node]:
    """The nodes that are active and not down."""
    return [
        node
        for node in nodes
        if (node.get("Spec") or {}).get("Availability", "active") == "active"
        and (node.get("Status") or {}).get("State", "ready") != "down"
    ]


def idle(node: Node) -> str:
    """Why a node takes no tasks, in words that follow its name."""
    down = (node.get("Status") or {}).get("State") == "down"
    why = "Down" if down else f"set to {(node.get('Spec') or {}).get('Availability')}"
    return f"{hostname_of(node)} would, and is {why}"


def is_ready(node: Node) -> bool:
    """Whether the managers hear from the node."""
    return node["Status"]["State"] == "ready"


def is_meant(spec: ServiceSpec, node: Node) -> bool:
    """A global service of that ServiceSpec is to have a task on this node now."""
    active = (node.get("Spec") or {}).get("Availability", "active") == "active"
    return is_ready(node) and active and bool(fitting(constraints_of(spec), [node])) and runs_on(spec, node)


def runs_on(spec: ServiceSpec, node: Node) -> bool:
    """The node has one of the platforms that the service's image is for, as far as they are known."""
    platforms = placement_of(spec).get("Platforms") or ()
    own = (node.get("Description") or {}).get("Platform") or {}
    system, machine = own.get("OS", ""), own.get("Architecture", "")
    return not platforms or any(
        one.get("OS", "") in ("", system)
        and ALIASES.get(one.get("Architecture", ""), one.get("Architecture", "")) in ("", ALIASES.get(machine, machine))
        for one in platforms
    )


def architecture(platform: Platform) -> str:
    """A node's machine, by the name that images have for it."""
    own = str(platform.get("Architecture") or "unknown")
    return ALIASES.get(own, own)


def reserved(spec: ServiceSpec) -> dict[str, int]:
    """What a task of that ServiceSpec asks of its node for itself: ``NanoCPUs``, ``MemoryBytes``, kinds of others."""
    resources = spec["TaskTemplate"].get("Resources") or {}
    return _amounts(resources.get("Reservations") or {})


def size(node: Node) -> dict[str, int]:
    """What a node has of the same, taken or not."""
    return _amounts((node.get("Description") or {}).get("Resources") or {})


def _amounts(resources: Any) -> dict[str, int]:
    """Of named ones Swarm counts how many there are of a kind."""
    found = {key: int(resources[key]) for key in ("NanoCPUs", "MemoryBytes") if resources.get(key)}
    for one in resources.get("GenericResources") or ():
        counted, named = one.get("DiscreteResourceSpec"), one.get("NamedResourceSpec")
        if counted:
            kind = counted.get("Kind", "")
            found[kind] = found.get(kind, 0) + int(counted.get("Value", 0))
        elif named:
            found[named["Kind"]] = found.get(named["Kind"], 0) + 1
    return found


def missing_plugin(spec: ServiceSpec, node: Node) -> str:
    """What a task needs of its node and the node lacks: the driver of a volume or of its log; empty for nothing.

    Swarm places it where the plugin is, and takes a node that lists none of that kind for one that does not say.
    """
    engine: Mapping[str, Any] = (node.get("Description") or {}).get("Engine") or {}
    there: dict[str, set[str]] = {}
    for plugin in engine.get("Plugins") or ():
        there.setdefault(plugin["Type"], set()).add(plugin["Name"])
    log = str((spec["TaskTemplate"].get("LogDriver") or {}).get("Name") or "")
    needed = [("Volume", name) for name in volume_drivers(spec)] + ([("Log", log)] if log not in ("", "none") else [])
    for kind, name in needed:
        if kind in there and not {name, f"{name}:latest"} & there[kind]:
            return f"{kind.lower()} driver {name}"
    return ""


def volume_drivers(spec: ServiceSpec) -> list[str]:
    """The drivers of its named volumes, but for the engine's own."""
    mounts = [mount for mount in container_of(spec).get("Mounts") or () if mount.get("Type", "volume") == "volume"]
    drivers = [(mount.get("VolumeOptions") or {}).get("DriverConfig") or {} for mount in mounts]
    return [driver["Name"] for driver in drivers if driver.get("Name") not in (None, "", "local")]


def limit_of_cpus(spec: ServiceSpec) -> int:
    """The most that a task may use of its node's processors, in billionths of one; 0 for no limit."""
    resources: Mapping[str, Any] = spec["TaskTemplate"].get("Resources") or {}
    return int((resources.get("Limits") or {}).get("NanoCPUs") or 0)


def constraints_of(spec: ServiceSpec) -> Sequence[str]:
    """The constraints of a ServiceSpec."""
    return placement_of(spec).get("Constraints") or ()


def only_on_workers(spec: ServiceSpec) -> bool:
    """Whether its constraints keep it from managers."""
    worker = ("node.role==worker", "node.role!=manager")
    return any("".join(one.split()).casefold() in worker for one in constraints_of(spec))


def meets(text: str, node: Node) -> bool:
    """Whether a node (as ``/nodes`` lists it) meets ``KEY==VALUE`` or ``KEY!=VALUE``.

    Keys and values are compared without regard to case, names of labels with it. A key nobody knows is met by none,
    nor is ``node.ip`` beside what is neither an address nor a network, nor what Swarm refuses as a constraint.
    """
    try:
        asked = parse(text)
    except ValueError:
        return False
    if asked.key.casefold() == "node.ip":
        within = _within(str((node.get("Status") or {}).get("Addr") or ""), asked.value)
        return within is not None and within == asked.equal
    found = _value(asked.key, node)
    return found is not None and (found.casefold() == asked.value.casefold()) == asked.equal


def unmet_hint(text: str) -> str:
    """What may be meant by a constraint that no node meets: a key that Swarm does not have, a machine's other name."""
    asked = parse(text)
    key = asked.key.casefold()
    if key != "node.ip" and _value(asked.key, {}) is None:
        return (
            f": Swarm has no key {asked.key}, but node.id, node.hostname, node.ip, node.role, node.platform.os,"
            " node.platform.arch, node.labels.NAME and engine.labels.NAME"
        )
    other = next((one for one, name in ALIASES.items() if name == asked.value.casefold()), "")
    return f": nodes say {other} there" if key == "node.platform.arch" and other else ""


def _value(key: str, node: Node) -> str | None:
    """What a key other than ``node.ip`` is on the node, empty where it is not known; ``None``: no such key."""
    spec, description = node.get("Spec") or {}, node.get("Description") or {}
    platform = description.get("Platform") or {}
    folded = key.casefold()
    values = {
        "node.id": node.get("ID"),
        "node.hostname": description.get("Hostname"),
        "node.role": spec.get("Role"),
        "node.platform.os": platform.get("OS"),
        "node.platform.arch": platform.get("Architecture"),
    }
    if folded in values:
        return str(values[folded] or "")
    engine = description.get("Engine") or {}
    for prefix, labels in ((NODE_LABELS, spec.get("Labels")), (ENGINE_LABELS, engine.get("Labels"))):
        if folded.startswith(prefix) and len(key) > len(prefix):
            return str((labels or {}).get(key[len(prefix) :], ""))
    return None


def _within(address: str, desired: str) -> bool | None:
    """Whether an address is the desired one, or in the desired network; ``None`` where that is neither."""
    own, one, network = go_address(address), go_address(desired), go_network(desired)
    if one is not None:
        return own == one
    if network is None:
        return None
    return own is not None and own.version == network.version and own in network
