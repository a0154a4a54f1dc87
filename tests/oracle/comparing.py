"""What the Engine holds of stacks, what our planner would do about it, and what differs."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from cases import Case
from swarms import NAMESPACE, Swarm

from roles.stacks.role import role
from roles.stacks.state import State, SwarmObjects
from skep.model import Host
from skep.plan import Finding, Step
from skep.request import RequestedCluster
from tests.seen import seen

Held = dict[str, Any]


def listed(swarm: Swarm) -> SwarmObjects:
    """The raw lists as a manager lists them for the role."""
    kinds: dict[str, Any] = {
        kind: tuple(swarm.api("GET", f"/{kind}")) for kind in ("services", "configs", "secrets", "nodes")
    }
    networks = swarm.api("GET", "/networks?filters=%7B%22scope%22%3A%5B%22swarm%22%5D%7D")
    return SwarmObjects(**kinds, networks=tuple(networks))


def steps(case: Case, objects: SwarmObjects) -> list[str]:
    """What the planner would do, each field that differs a line; errors it finds too."""
    ids = {one["Spec"]["Name"]: one["ID"] for one in objects.secrets}
    mounted = {
        ids[name]: hashlib.sha256(base64.b64decode(body["Data"])).hexdigest()
        for name, body in case.specs.secrets.items()
        if "Data" in body
    }
    cluster = RequestedCluster("oracle", (Host("m1", "10.95.0.11", "manager"),), stacks=(case.stack,))
    items = role.plan(cluster, seen({"m1": State(mounted, objects)}))
    lines = [[str(item)] if isinstance(item, Finding) else [item.id, *item.detail] for item in items if _counts(item)]
    return [line for one in lines for line in one]


def _counts(item: Step | Finding) -> bool:
    return isinstance(item, Step) or item.level == "error"


def held(swarm: Swarm) -> dict[str, Held]:
    """What the Engine holds of each stack: services, networks, configs and secrets by name, without identifiers."""
    networks = {one["Id"]: one for one in swarm.api("GET", "/networks")}
    names = {identifier: one["Name"] for identifier, one in networks.items()}
    stacks: dict[str, Held] = {}
    for one in networks.values():
        _keep(stacks, "networks", one["Name"], _network(one), one.get("Labels"))
    for kind in ("configs", "secrets"):
        for one in swarm.api("GET", f"/{kind}"):
            names[one["ID"]] = one["Spec"]["Name"]
            _keep(stacks, kind, one["Spec"]["Name"], one["Spec"], one["Spec"].get("Labels"))
    for one in swarm.api("GET", "/services"):
        spec = _named(one["Spec"], names)
        # Docker's CLI has ports with the same published one, and files of the same name, in no certain order.
        container = spec["TaskTemplate"]["ContainerSpec"]
        for items in (spec.get("EndpointSpec", {}).get("Ports"), container.get("Configs"), container.get("Secrets")):
            (items or []).sort(key=lambda item: json.dumps(item, sort_keys=True))
        _keep(stacks, "services", spec["Name"], spec, spec["Labels"])
    return stacks


def _keep(stacks: dict[str, Held], kind: str, name: str, value: Any, labels: Mapping[str, str] | None) -> None:
    stack = (labels or {}).get(NAMESPACE)
    if stack:
        stacks.setdefault(stack, {}).setdefault(kind, {})[name] = value


def _network(one: dict[str, Any]) -> dict[str, Any]:
    """Without what the Engine made up: identifier, times, members, addresses where none were asked for."""
    kept = {key: value for key, value in one.items() if key not in ("Id", "Created", "Containers", "Peers", "Status")}
    kept["Driver"] = one["Driver"] or "overlay"  # until it is allocated it has none
    ipam = {**one["IPAM"], "Driver": one["IPAM"]["Driver"] or "default"}
    kept["IPAM"] = {**ipam, "Config": [pool for pool in one["IPAM"]["Config"] or () if _asked(pool)]}
    options = one.get("Options") or {}
    kept["Options"] = {key: value for key, value in options.items() if not key.endswith("vxlanid_list")}
    return kept


def _asked(pool: dict[str, Any]) -> bool:
    return str(pool.get("Subnet")).startswith("10.211.")


def _named(value: Any, names: Mapping[str, str]) -> Any:
    """Identifiers replaced by the names of what they identify."""
    if isinstance(value, dict):
        return {key: _named(inner, names) for key, inner in value.items()}
    if isinstance(value, list):
        return [_named(item, names) for item in value]
    return names.get(value, value) if isinstance(value, str) else value


def differences(theirs: Any, ours: Any, path: str = "") -> Iterator[str]:
    """Each field that differs, a line."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key in sorted({*theirs, *ours}):
            if key not in ours:
                yield f"{path}.{key}: only theirs: {theirs[key]!r}"
            elif key not in theirs:
                yield f"{path}.{key}: only ours: {ours[key]!r}"
            else:
                yield from differences(theirs[key], ours[key], f"{path}.{key}")
    elif theirs != ours:
        yield f"{path}: theirs {theirs!r}, ours {ours!r}"
