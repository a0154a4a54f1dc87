"""What probing every host of a world would give, in the roles' own terms."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from typing import Any, cast

from roles import ROLES
from roles.daemon.state import State as DaemonState
from roles.engine.state import State as EngineState
from roles.networks.role import Overlay as SeenOverlay
from roles.networks.role import State as NetworksState
from roles.stacks.role import role as stacks
from roles.stacks.state import State as StacksState
from roles.swarm.state import Fixed
from roles.swarm.state import Node as SeenNode
from roles.swarm.state import State as SwarmState
from skep import preflight
from skep.model import Cluster
from skep.observe import Observation, not_root
from skep.plan import Plan
from skep.preflight import Facts
from skep.request import requested
from skep.seen import Member
from skep.swarm.engine_info import SwarmSpec
from skep.swarm.movable import interrupted
from tests.world.engine_api import used
from tests.world.machine import Machine
from tests.world.raft import Node, Swarm
from tests.world.world import World


def observe(world: World, cluster: Cluster) -> Observation:
    """Of the hosts that answer."""
    answering = [host.name for host in cluster.hosts if world.observed(host.name)]
    look = {
        "engine": engine_state,
        "daemon": daemon_state,
        "swarm": swarm_state,
        "networks": networks_state,
        "stacks": stacks_state,
    }
    return Observation(
        {role: {name: see(world, name) for name in answering} for role, see in look.items()},
        {name: Facts() for name in answering},
        {},
        {name: member_of(world, name) for name in answering},
    )


def plan_for(world: World, cluster: Cluster) -> Plan:
    """The plan of all roles from what the world shows."""
    observed = observe(world, cluster)
    items: list[Any] = _refused_logins(world, cluster)
    for role in (role for role in ROLES if role.name in observed.states):
        seen = observed.of(role)
        answers = {one: world.answer(cluster, one) for one in role.inquiries(requested(cluster), seen)}
        items += role.plan(requested(cluster), replace(seen, states=role.with_answers(seen, answers)))
    return Plan(items, ROLES, [host.name for host in cluster.hosts])


def down_plan_for(world: World, cluster: Cluster) -> Plan:
    """The plan that takes everything down again."""
    observed = observe(world, cluster)
    items: list[Any] = _refused_logins(world, cluster)
    for role in (role for role in ROLES[::-1] if role.name in observed.states):
        items += role.down(requested(cluster), observed.of(role))
    return Plan(items, ROLES[::-1], [host.name for host in cluster.hosts])


def _refused_logins(world: World, cluster: Cluster) -> list[Any]:
    """What preflight says of hosts whose login is not root's."""
    refused = {
        host.name: not_root(host.name, "deploy", sudo=False)
        for host in cluster.hosts
        if world.machines[host.name].answers and not world.machines[host.name].privileged
    }
    return list(preflight.check(cluster, {}, refused))


def engine_state(world: World, name: str) -> EngineState | None:
    machine = world.machines[name]
    if not machine.installed:
        return None
    return EngineState(
        version=machine.version,
        enabled=machine.enabled,
        running=machine.running,
        package=machine.package,
    )


def daemon_state(world: World, name: str) -> DaemonState:
    machine = world.machines[name]
    return DaemonState(
        keys={} if machine.broken else dict(machine.file),
        applied=dict(machine.memory),
        live=machine.live() if machine.running else {},
        running=machine.running,
        broken=machine.broken,
    )


def swarm_state(world: World, name: str) -> SwarmState | None:
    machine, swarm, node = world.machines[name], world.swarm_of(name), world.node_of(name)
    addresses = (machine.address,)
    if not machine.running:
        return _stopped(machine, node)
    if machine.node is None:
        listens = ("7946",) if machine.lingers else ()
        return SwarmState(addresses=addresses, hostname=machine.hostname or name, listens=listens)
    known: dict[str, Any] = {"node_id": machine.node, "cluster_id": machine.swarm, "addresses": addresses}
    known["hostname"] = machine.hostname or name
    if machine.locked:
        return SwarmState(node_state="locked", manager=True, **known)
    if machine.pending and node is not None:
        return SwarmState(node_state="pending", manager=node.role == "manager", address=node.address, **known)
    manages = node is not None and node.member
    rules = manages and swarm is not None and swarm.quorum
    return SwarmState(
        node_state="active",
        manager=manages,
        error=None if rules or not manages else "The swarm does not have a leader",
        address=node.address if node else machine.address,
        nodes=tuple(_seen(swarm, other) for other in swarm.nodes.values()) if rules and swarm else None,
        spec=cast("SwarmSpec", swarm.spec) if rules and swarm else SwarmSpec(),
        fixed=swarm.fixed if rules and swarm else Fixed(),
        overlays=machine.overlays,
        ingress=bool(rules),
        **known,
    )


def _stopped(machine: Machine, node: Node | None) -> SwarmState | None:
    addresses = (machine.address,)
    if machine.hidden or machine.node is None:
        return SwarmState(node_state="stopped", addresses=addresses) if machine.installed else None
    manager = node is not None and node.role == "manager"
    return SwarmState(
        node_state="stopped",
        node_id=machine.node,
        cluster_id=machine.swarm,
        manager=manager,
        addresses=addresses,
    )


def networks_state(world: World, name: str) -> NetworksState | None:
    swarm = _ruled(world, name)
    if swarm is None:
        return None
    return NetworksState(
        {
            name: SeenOverlay(overlay.id, overlay.settings.copy(), swarm.users(name))
            for name, overlay in swarm.networks.items()
        }
    )


def stacks_state(world: World, name: str) -> StacksState | None:
    """What the probe prints and a manager reports, read by the role itself."""
    swarm, lines = world.swarm_of(name), []
    if swarm is not None and world.machines[name].running:
        for secret in _mounted(world, swarm, name):
            checksum = hashlib.sha256(base64.b64decode(secret["Spec"].get("Data") or "")).hexdigest()
            lines.append(f"{checksum}  /var/lib/docker/containers/c1/mounts/secrets/{secret['ID']}")
    ruled = _ruled(world, name)
    answers = {path: world.api(ruled).read(path) for path in stacks.questions} if ruled else {}
    return stacks.parse("\n".join(lines), answers)


def _mounted(world: World, swarm: Swarm, name: str) -> list[dict[str, Any]]:
    """Secrets of tasks on a host: each service has one on a node of its own."""
    nodes = sorted(swarm.nodes.values(), key=lambda node: node.id)
    here = [place for place, node in enumerate(nodes) if node.hostname == name]
    ids = {
        secret
        for place, service in enumerate(swarm.services.values())
        if place % len(nodes) in here
        for secret in used(service["Spec"])
    }
    return [swarm.secrets[one] for one in sorted(ids) if one in swarm.secrets]


def _ruled(world: World, name: str) -> Swarm | None:
    """The swarm a host manages, in quorum."""
    swarm, node = world.swarm_of(name), world.node_of(name)
    if swarm and node and node.member and swarm.alive(node) and swarm.quorum:
        return swarm
    return None


def member_of(world: World, name: str) -> Member | None:
    machine, swarm, node = world.machines[name], world.swarm_of(name), world.node_of(name)
    if not machine.running or machine.locked or machine.pending or swarm is None:
        return None
    if node is None:
        return Member(node=machine.node)
    locks = node.member and swarm.spec.get("EncryptionConfig", {}).get("AutoLockManagers", False)
    answers = node.member and swarm.quorum
    alive = {other.id: swarm.alive(other) for other in swarm.members} if answers else {}
    nodes = frozenset(swarm.nodes) if answers else frozenset()
    services = {one["Spec"]["Name"]: interrupted(one["Spec"]) for one in swarm.services.values()} if answers else {}
    return Member(node.member, swarm.leads() == node.id, locks, node.id, alive, nodes, services)


def _seen(swarm: Swarm, node: Node) -> SeenNode:
    reachability = ("reachable" if swarm.alive(node) else "unreachable") if node.member else None
    return SeenNode(
        id=node.id,
        hostname=node.hostname,
        role=node.role,
        availability=node.availability,
        labels=dict(node.labels),
        state="ready" if node.ready else "down",
        reachability=reachability,
        leader=swarm.leads() == node.id,
        address=node.address,
    )
