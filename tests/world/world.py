"""All hosts and all swarms there are, what stands still and what is on its way, and what must never happen."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from docker.errors import APIError

from skep.model import Cluster
from skep.questions import Inquiry
from skep.request import requested
from tests.world.engine_api import EngineApi
from tests.world.machine import Machine, Refused
from tests.world.raft import Node, Swarm


class Forbidden(AssertionError):
    """Something happened that no plan may ever cause."""


@dataclass
class World:
    """``machines`` by host name. Swarms stay listed after their last node left."""

    machines: dict[str, Machine]
    swarms: dict[str, Swarm] = field(default_factory=dict)
    count: int = 0
    pushed: dict[str, int] = field(default_factory=dict)
    """Images → how often their tag was moved."""
    lacking: set[str] = field(default_factory=set)
    """Images that no registry has."""
    permit: Callable[[], None] = lambda: None
    """Called before each write of a client of an engine; may raise."""

    @classmethod
    def fresh(cls, names: Iterable[str]) -> World:
        """Bare hosts: reachable, nothing installed."""
        return cls({name: Machine(name, f"10.0.0.{place}") for place, name in enumerate(names, 1)})

    def new_id(self, kind: str) -> str:
        self.count += 1
        return f"{kind}{self.count:03d}".ljust(25, "x")

    def found(self, machine: Machine) -> Swarm:
        """A new swarm, led by that machine."""
        swarm = Swarm(self.new_id("swarm"), self.machines)
        self.swarms[swarm.id] = swarm
        self.enter(swarm, machine, "manager")
        swarm.nodes[machine.node or ""].member = True
        return swarm

    def enter(self, swarm: Swarm, machine: Machine, role: str) -> Node:
        """The machine becomes a new node of the swarm; the managers see it Ready a little later."""
        machine.need_running()
        if machine.swarm:
            raise Refused(f"{machine.name} is already part of a swarm")
        if machine.lingers:
            raise Forbidden(f"{machine.name} joins a swarm while its engine listens to another")
        node = Node(self.new_id("node"), machine.hostname or machine.name, machine.address, role)
        swarm.nodes[node.id] = node
        machine.node, machine.swarm = node.id, swarm.id
        return node

    def start(self, machine: Machine) -> None:
        """Start an engine. A manager of a swarm with autolock comes back locked."""
        was = machine.running
        machine.start()
        swarm, node = self.swarms.get(machine.swarm or ""), self.node_of(machine.name)
        locks = swarm is not None and swarm.spec.get("EncryptionConfig", {}).get("AutoLockManagers", False)
        machine.locked = not was and locks and node is not None and node.member
        machine.pending = not was and not machine.locked and node is not None and not (swarm and swarm.quorum)

    def observed(self, name: str) -> bool:
        """Whether a host is observed whole: it answers, and the login may become root."""
        return self.machines[name].answers and self.machines[name].privileged

    def swarm_of(self, name: str) -> Swarm | None:
        return self.swarms.get(self.machines[name].swarm or "")

    def node_of(self, name: str) -> Node | None:
        swarm = self.swarm_of(name)
        return swarm.nodes.get(self.machines[name].node or "") if swarm else None

    def digest(self, image: str) -> str | None:
        """What a registry says an image is now."""
        if image in self.lacking:
            return None
        return f"sha256:{hashlib.sha256(f'{image} {self.pushed.get(image, 0)}'.encode()).hexdigest()}"

    def api(self, swarm: Swarm, *, writes: int | None = None) -> EngineApi:
        """The Engine API of a manager of that swarm."""
        return EngineApi(swarm, self.new_id, self.digest, writes=writes, permit=self.permit)

    def answer(self, cluster: Cluster, inquiry: Inquiry) -> Any:
        """What a manager answers to a role's further question; a text where it refuses."""
        swarm = self.swarm_of(self.managers(cluster)[0])
        assert swarm is not None
        try:
            return self.api(swarm).read(inquiry.path)
        except APIError as error:
            return str(error.explanation)

    def ids(self, cluster: Cluster) -> set[str]:
        """Swarms that hosts of the inventory are in, be their engines running or not.

        A silent host that is to be a worker does not count: nobody has to hear it before a swarm is initialised.
        """
        asked = [self.machines[h.name] for h in cluster.hosts if h.role == "manager" or self.observed(h.name)]
        return {machine.swarm for machine in asked if machine.swarm}

    def managers(self, cluster: Cluster, avoid: str | None = None) -> list[str]:
        """Hosts that answer and run a manager in quorum: who a cluster-wide step may be asked of."""
        able = [host.name for host in cluster.hosts if self._manages(host.name)]
        return [name for name in able if name != avoid] or able

    def _manages(self, name: str) -> bool:
        swarm, node = self.swarm_of(name), self.node_of(name)
        if not (self.observed(name) and swarm and node):
            return False
        return node.member and swarm.alive(node) and swarm.quorum

    def lags(self) -> list[tuple[Swarm, str]]:
        return [(swarm, lag) for swarm in self.swarms.values() for lag in swarm.lags()]

    def settle(self) -> None:
        """Let everything that is on its way arrive."""
        while late := self.lags():
            swarm, lag = late[0]
            swarm.catch_up(lag)
        for machine in self.machines.values():
            joined = self.swarms.get(machine.swarm or "")
            machine.pending = machine.pending and not (joined and joined.quorum)


class Watch:
    """Looks at the world during a play: majority never lost, never two swarms, one manager change at a time."""

    def __init__(self, world: World, cluster: Cluster, *, ending: bool = False) -> None:
        self.world, self.cluster, self.ending = world, cluster, ending
        self.had_quorum = {swarm.id for swarm in world.swarms.values() if swarm.quorum}
        self.ids = world.ids(cluster)
        self.absent = {
            node.id
            for swarm in world.swarms.values()
            for node in swarm.nodes.values()
            if (node.member or node.role == "manager") and not (node.member and swarm.alive(node))
        }
        """Managers that were not reachable before the play, and never since."""
        self.results: dict[str, Any] = {}
        """What steps gave back, by step id."""
        self.broken: set[str] = set()
        """Hosts whose engine a fault has broken: what follows from that is no plan's doing."""
        self.look("before the play")

    def look(self, event: str) -> None:
        """Raise ``Forbidden`` if what holds always does not hold after the event."""
        for swarm in self.world.swarms.values():
            if swarm.quorum or self.ending:
                self.had_quorum.add(swarm.id)
            elif swarm.id in self.had_quorum and len(swarm.members) > 1 and not self._allowed(swarm):
                raise Forbidden(f"{event}: {len(swarm.reachable)} of {len(swarm.members)} managers are left")
            self.absent -= {node.id for node in swarm.reachable}
        ids = self.world.ids(self.cluster)
        if len(ids) > max(1, len(self.ids)) or (self.ids and not ids <= self.ids):
            raise Forbidden(f"{event}: there are the swarms {sorted(ids)}, before {sorted(self.ids)}")

    def _allowed(self, swarm: Swarm) -> bool:
        """Whether the user takes it that one manager is missing for a moment, where none can be spared."""
        none_spared = len(swarm.members) == 2 or any(node.id in self.absent for node in swarm.members)
        return (
            requested(self.cluster).allow_quorum_loss
            and none_spared
            and len(swarm.reachable) >= len(swarm.members) // 2
        )

    def no_longer(self, event: str, swarm: Swarm, node: Node) -> None:
        """Raise ``Forbidden`` if a machine still is that node by what is on its disk, whatever it shows of that."""
        for machine in self.world.machines.values():
            if (machine.node, machine.swarm) == (node.id, swarm.id):
                raise Forbidden(f"{event}: {machine.name} still is the node {node.id}")

    def manager_change(self, event: str, swarm: Swarm, node: Node | None) -> None:
        """Raise ``Forbidden`` if another manager is not reachable, save those that were not so before."""
        for other in swarm.nodes.values():
            if other is node or other.hostname in self.broken or other.id in self.absent:
                continue
            if (other.member or other.role == "manager") and not (other.member and swarm.alive(other)):
                raise Forbidden(f"{event} while {other.hostname} is not reachable")
            if other.member and other.role == "worker":
                raise Forbidden(f"{event} while {other.hostname} is being demoted")
