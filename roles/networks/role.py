"""Overlay networks: created where missing; a drifted one is refused, for a network cannot be changed in place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from skep.diff import lines
from skep.model import Cluster, Host, Network
from skep.plan import Call, Finding, Step
from skep.questions import Answers

NETWORKS = "/networks?filters=%7B%22scope%22%3A%5B%22swarm%22%5D%7D"

Observed = Mapping[str, "State | None"]


@dataclass(frozen=True, slots=True)
class Overlay:
    """A network of the swarm as a manager tells it, and the services that use it."""

    id: str
    settings: Mapping[str, Any]
    users: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """The swarm's networks by name, as far as this host can tell: managers only."""

    networks: Mapping[str, Overlay] = field(default_factory=dict)


class Networks:
    """Creates; recreates only what the user named with ``--replace-network``."""

    name = "networks"
    probe = ""
    questions = (NETWORKS, "/services", "/nodes")

    def desired(self, cluster: Cluster, host: Host) -> State | None:
        """All networks, on managers."""
        if host.role != "manager":
            return None
        return State({network.name: Overlay("", settings(network)) for network in cluster.networks})

    def parse(self, text: str, answers: Answers) -> State | None:
        """From the networks of swarm scope and the services' targets; ``None`` on a worker."""
        if "/nodes" not in answers:
            return None
        users: dict[str, list[str]] = {}
        for service in answers.get("/services", []):
            spec = service["Spec"]
            for target in [*(spec["TaskTemplate"].get("Networks") or []), *(spec.get("Networks") or [])]:
                users.setdefault(target["Target"], []).append(spec["Name"])
        return State({raw["Name"]: _overlay(raw, users) for raw in answers.get(NETWORKS, [])})

    def plan(
        self,
        cluster: Cluster,
        desired: Mapping[str, State | None],
        observed: Observed,
    ) -> Sequence[Step | Finding]:
        """Planned once, from what the first manager that can tell says."""
        told = _told(cluster, observed)
        have = told or {}
        steps: list[Step | Finding] = []
        for network in cluster.networks:
            overlay = have.get(network.name)
            if overlay is None:
                steps.append(_create(network, "missing", only_with=None if told is not None else "swarm/init"))
                continue
            drift = _drift(network, overlay)
            if drift:
                steps += _replace(cluster, network, overlay, drift)
        return steps

    def down(self, cluster: Cluster, observed: Observed) -> Sequence[Step | Finding]:
        """Remove the inventory's networks, once the stacks are gone."""
        have = _told(cluster, observed) or {}
        return [
            _remove(network, have[network.name], "taken down", needs=("stacks",))
            for network in cluster.networks
            if network.name in have
        ]


def settings(network: Network) -> dict[str, Any]:
    """What decides whether a network is the one wanted, in Docker's terms."""
    return {
        "driver": network.driver,
        "subnet": network.subnet,
        "gateway": network.gateway,
        "attachable": network.attachable,
        "internal": network.internal,
        "encrypted": network.encrypted,
        "labels": dict(network.labels),
        "options": dict(network.options),
    }


def _overlay(raw: Mapping[str, Any], users: Mapping[str, list[str]]) -> Overlay:
    pools = (raw.get("IPAM") or {}).get("Config") or [{}]
    options = {k: v for k, v in (raw.get("Options") or {}).items() if "vxlanid_list" not in k}
    encrypted = options.pop("encrypted", None) is not None
    found = {
        "driver": raw["Driver"],
        "subnet": pools[0].get("Subnet"),
        "gateway": pools[0].get("Gateway"),
        "attachable": raw["Attachable"],
        "internal": raw["Internal"],
        "encrypted": encrypted,
        "labels": raw.get("Labels") or {},
        "options": options,
    }
    return Overlay(raw["Id"], found, tuple(sorted({*users.get(raw["Id"], ()), *users.get(raw["Name"], ())})))


def _told(cluster: Cluster, observed: Observed) -> Mapping[str, Overlay] | None:
    """What the first manager that can tell says; ``None`` where nobody can."""
    for host in cluster.hosts:
        state = observed.get(host.name)
        if state is not None:
            return state.networks
    return None


def _drift(network: Network, overlay: Overlay) -> tuple[str, ...]:
    """Lines ``key: old → new``; what the inventory leaves to Docker (subnet, gateway) does not count."""
    wanted = {key: value for key, value in settings(network).items() if value is not None}
    return lines({key: overlay.settings.get(key) for key in wanted}, wanted)


def _replace(cluster: Cluster, network: Network, overlay: Overlay, drift: tuple[str, ...]) -> list[Step | Finding]:
    told = f"network {network.name} differs ({'; '.join(drift)})"
    if overlay.users:
        return [
            _refusal(
                f"{told} and is used by {', '.join(overlay.users)}",
                "put the old value back, or remove the stacks that use it first: invoke stack.rm NAME",
            )
        ]
    if network.name not in cluster.replace_networks:
        return [
            _refusal(
                f"{told}; a network cannot be changed in place",
                f"nothing uses it: allow its replacement with --replace-network {network.name}",
            )
        ]
    return [
        _remove(network, overlay, "differs, and its replacement was allowed", detail=drift),
        _create(network, "replaced", needs=(f"networks/remove:{network.name}",)),
    ]


def _refusal(text: str, next_action: str) -> Finding:
    return Finding("error", text, role="networks", next_action=next_action)


def _create(network: Network, cause: str, needs: tuple[str, ...] = (), only_with: str | None = None) -> Step:
    pool = {"Subnet": network.subnet, "Gateway": network.gateway}
    body: dict[str, Any] = {
        "Name": network.name,
        "Driver": network.driver,
        "Scope": "swarm",
        "Attachable": network.attachable,
        "Internal": network.internal,
        "Labels": dict(network.labels),
        "Options": dict(network.options) | ({"encrypted": ""} if network.encrypted else {}),
    }
    if network.subnet:
        body["IPAM"] = {"Driver": "default", "Config": [{key: value for key, value in pool.items() if value}]}
    return Call(
        id=f"networks/create:{network.name}",
        title=f"create network {network.name}",
        cause=cause,
        operation="network_create",
        arguments={"body": body},
        needs=("swarm/init", *needs),
        only_with=only_with,
    )


def _remove(
    network: Network, overlay: Overlay, cause: str, *, needs: tuple[str, ...] = (), detail: tuple[str, ...] = ()
) -> Step:
    return Call(
        id=f"networks/remove:{network.name}",
        title=f"remove network {network.name}",
        cause=cause,
        operation="network_remove",
        arguments={"network": overlay.id},
        needs=needs,
        detail=detail,
    )


role = Networks()
