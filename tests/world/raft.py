"""A swarm as its managers keep it: nodes, raft members, settings, networks, services."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from roles.networks.role import Settings
from roles.swarm.state import Fixed
from tests.world.machine import Machine, Refused

NAMESPACE = "com.docker.stack.namespace"


@dataclass
class Node:
    """``role`` is the Spec's; ``member`` whether raft counts it; ``ready`` what the managers believe by now."""

    id: str
    hostname: str
    address: str
    role: str
    availability: str = "active"
    labels: dict[str, str] = field(default_factory=dict)
    member: bool = False
    ready: bool = False
    busy: bool = False
    """Tasks still run on it although it is drained."""


@dataclass
class Overlay:
    """``body`` is what it was created with, where that was a stack's."""

    id: str
    settings: Settings
    body: dict[str, Any] = field(default_factory=dict)


@dataclass
class Swarm:
    """``machines`` are all hosts of the world: a node lives where one has its id and a running engine.

    ``services``, ``configs`` and ``secrets`` by ID, as the Engine API lists them (and secrets with their data);
    ``index`` is the version of what changed last; ``engine`` the version of the engines of nodes without a machine.
    """

    id: str
    machines: Mapping[str, Machine]
    spec: dict[str, Any] = field(default_factory=dict)
    fixed: Fixed = field(default_factory=Fixed)
    nodes: dict[str, Node] = field(default_factory=dict)
    networks: dict[str, Overlay] = field(default_factory=dict)
    services: dict[str, dict[str, Any]] = field(default_factory=dict)
    configs: dict[str, dict[str, Any]] = field(default_factory=dict)
    secrets: dict[str, dict[str, Any]] = field(default_factory=dict)
    tasks: list[dict[str, Any]] = field(default_factory=list)
    """Tasks that do not run, each in the place of one that would; all others do."""
    index: int = 0
    engine: str = ""
    leader: str | None = None

    def machine_of(self, node: Node) -> Machine | None:
        first = None
        for machine in self.machines.values():
            if machine.node == node.id and machine.swarm == self.id:
                if machine.powered and machine.running:
                    return machine
                first = first or machine
        return first

    def alive(self, node: Node) -> bool:
        machine = self.machine_of(node)
        return machine is not None and machine.powered and machine.running and not machine.locked

    def engine_of(self, node: Node) -> str:
        """The version of a node's engine, as it reports it to the managers."""
        machine = self.machine_of(node)
        return (machine.version if machine else None) or self.engine

    @property
    def members(self) -> list[Node]:
        return [node for node in self.nodes.values() if node.member]

    @property
    def reachable(self) -> list[Node]:
        return [node for node in self.members if self.alive(node)]

    @property
    def quorum(self) -> bool:
        return len(self.reachable) >= len(self.members) // 2 + 1

    def need_quorum(self) -> None:
        if not self.quorum:
            raise Refused(f"swarm {self.id} has no quorum")

    def leads(self) -> str | None:
        """The leader's id; elected anew when the old one is gone."""
        if not self.quorum:
            return None
        alive = [node.id for node in self.reachable]
        if self.leader not in alive:
            self.leader = alive[0]
        return self.leader

    def find(self, word: str) -> Node | None:
        """By id, or by the host name of the only one that is not a Down twin."""
        found = [node for node in self.nodes.values() if word in (node.id, node.hostname)]
        alive = [node for node in found if node.ready] or found
        return alive[0] if len(alive) == 1 else None

    def users(self, network: str) -> tuple[str, ...]:
        """Services that use a network."""
        own = self.networks[network].id
        targets = {
            one["Spec"]["Name"]: {target["Target"] for target in one["Spec"]["TaskTemplate"].get("Networks") or ()}
            for one in self.services.values()
        }
        return tuple(sorted(name for name, used in targets.items() if own in used))

    def stack(self, name: str) -> dict[str, dict[str, Any]]:
        """Specs of the services of a stack, by name."""
        specs = {one["Spec"]["Name"]: one["Spec"] for one in self.services.values()}
        return {full: spec for full, spec in specs.items() if (spec.get("Labels") or {}).get(NAMESPACE) == name}

    def status(self, service: Mapping[str, Any]) -> dict[str, int]:
        """How many tasks of a service run and are to, as the managers count them."""
        number = (service["Spec"]["Mode"].get("Replicated") or {}).get("Replicas", 1)
        lost = sum(task["ServiceID"] == service["ID"] for task in self.tasks)
        return {"RunningTasks": max(0, number - lost), "DesiredTasks": number, "CompletedTasks": 0}

    def can_lose(self, node: Node) -> bool:
        """Swarmkit removes no member that the rest needs for its quorum."""
        others = [other for other in self.members if other is not node]
        alive = [other for other in others if self.alive(other)]
        return len(alive) >= len(others) // 2 + 1

    def lags(self) -> list[str]:
        """What the managers have not noticed or carried out yet, as ``node id:what``; needs a quorum."""
        if not self.quorum:
            return []
        late = []
        for node in self.nodes.values():
            alive = self.alive(node)
            if node.ready != alive:
                late.append(f"{node.id}:ready")
            if node.role == "manager" and not node.member and alive:
                late.append(f"{node.id}:enter")
            if node.role == "worker" and node.member and self.can_lose(node):
                late.append(f"{node.id}:exit")
            if node.busy and (node.availability == "drain" or not alive):
                late.append(f"{node.id}:drained")
        return late

    def catch_up(self, lag: str) -> None:
        """Let one of ``lags`` happen."""
        name, _, what = lag.partition(":")
        node = self.nodes[name]
        if what == "ready":
            node.ready = self.alive(node)
        elif what == "enter":
            node.member = True
        elif what == "exit":
            node.member = False
        else:
            node.busy = False
