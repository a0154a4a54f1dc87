"""An independent witness: how a world differs from a cluster as desired, found without any role's plan."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any

from skep.model import Cluster, Host, Stack, reveal
from skep.reading.plain import plain
from skep.request import RequestedStack, requested
from skep.swarm.labels import OWNED
from tests.world.machine import DEFAULTS, Machine
from tests.world.raft import Swarm
from tests.world.world import World


def differences(world: World, cluster: Cluster) -> list[str]:
    """What is not as desired, over the hosts that answer; empty when the world has arrived."""
    hosts = [host for host in cluster.hosts if world.machines[host.name].answers]
    found = [line for host in hosts for line in _host(world, cluster, host)]
    swarms = {world.machines[host.name].swarm for host in hosts}
    if len(swarms) != 1 or None in swarms:
        return [*found, f"the hosts are in {len(swarms)} swarms"]
    return found + list(_cluster(world, cluster, swarms.pop() or ""))


def _host(world: World, cluster: Cluster, host: Host) -> Iterator[str]:
    machine, node = world.machines[host.name], world.node_of(host.name)
    if not (machine.running and machine.enabled):
        yield f"{host.name}: the engine is not running, or not enabled"
    if host.engine.version and not (machine.version or "").startswith(f"{host.engine.version}."):
        yield f"{host.name}: engine {machine.version}, desired {host.engine.version}"
    yield from _daemon(machine, host)
    if node is None:
        yield f"{host.name}: is no node"
        return
    swarm = world.swarm_of(host.name)
    spared = not node.member or (swarm and len(swarm.reachable) - 1 >= len(swarm.members) // 2 + 1)
    if not machine.overlays and spared:
        yield f"{host.name}: has no overlay networks"
    if node.role != host.role or node.member != (host.role == "manager"):
        yield f"{host.name}: is {node.role}, raft member {node.member}"
    if node.availability != host.availability:
        yield f"{host.name}: is {node.availability}"
    if any(node.labels.get(key) != value for key, value in host.labels.items()):
        yield f"{host.name}: has the labels {node.labels}"
    owned = set(filter(None, node.labels.get(OWNED, "").split(",")))
    if owned != set(host.labels):
        yield f"{host.name}: owns the labels {owned}"


def _daemon(machine: Machine, host: Host) -> Iterator[str]:
    for key, value in host.daemon.items():
        if machine.in_force.get(key) != value:
            yield f"{host.name}: {key} is {machine.in_force.get(key)!r} in force, desired {value!r}"
        if machine.file.get(key) != value:
            yield f"{host.name}: {key} is {machine.file.get(key)!r} in the file, desired {value!r}"
    for key in machine.owned - set(host.daemon):
        if machine.in_force.get(key) not in (None, DEFAULTS.get(key)):
            yield f"{host.name}: {key} is {machine.in_force[key]!r} in force, and no longer desired"


def _cluster(world: World, cluster: Cluster, swarm_id: str) -> Iterator[str]:
    swarm = world.swarms[swarm_id]
    if not swarm.quorum:
        yield "the swarm has no quorum"
    alive = {machine.node for machine in world.machines.values()}
    names = [node.hostname for node in swarm.nodes.values() if node.id not in alive] + [
        *{node.hostname for node in swarm.nodes.values() if node.id in alive}
    ]
    names = [name for name in names if name in {host.name for host in cluster.hosts}]
    for name in {name for name in names if names.count(name) > 1 and world.machines[name].answers}:
        yield f"{name}: has twins"
    if cluster.swarm.task_history is not None:
        have = swarm.spec.get("Orchestration", {}).get("TaskHistoryRetentionLimit")
        if have != cluster.swarm.task_history:
            yield f"task history is {have}"
    for network in cluster.networks:
        overlay = swarm.networks.get(network.name)
        if overlay is None or (network.subnet and overlay.settings["subnet"] != network.subnet):
            yield f"network {network.name} is {overlay}"
    for stack in requested(cluster).stacks:
        yield from stack_differences(swarm, stack)


def stack_differences(swarm: Swarm, stack: RequestedStack) -> Iterator[str]:
    """How the services of a stack differ from its one compose file."""
    document: Any = plain(_filled(stack).encode())
    have = swarm.stack(stack.name)
    for short, desired in document["services"].items():
        name = f"{stack.name}_{short}"
        spec = have.get(name)
        if spec is None:
            yield f"service {name} is not there"
            continue
        container = spec["TaskTemplate"]["ContainerSpec"]
        if container["Image"].partition("@")[0] != desired["image"]:
            yield f"service {name} runs {container['Image']}"
        if sorted(container.get("Env") or ()) != sorted(f"{k}={v}" for k, v in desired.get("environment", {}).items()):
            yield f"service {name} has the variables {container.get('Env')}"
        if spec["Mode"]["Replicated"]["Replicas"] != desired.get("deploy", {}).get("replicas", 1):
            yield f"service {name} has the mode {spec['Mode']}"
        if {key for key in spec["Labels"] if not key.startswith("com.docker.stack.")}:
            yield f"service {name} has the labels {spec['Labels']}"
        yield from _contents(swarm, stack, name, container, desired)
        named = {overlay.id: network for network, overlay in swarm.networks.items()}
        joined = {named.get(target["Target"]) for target in spec["TaskTemplate"].get("Networks") or ()}
        if joined != set(desired.get("networks", ())) and joined != {f"{stack.name}_default"}:
            yield f"service {name} is in {joined}"
    surplus = set(have) - {f"{stack.name}_{short}" for short in document["services"]}
    if surplus and stack.rollout.prune:
        yield f"services {surplus} are in no compose file"


def _contents(
    swarm: Swarm, stack: Stack, name: str, container: Mapping[str, Any], desired: Mapping[str, Any]
) -> Iterator[str]:
    """What its configs and secrets hold in truth, whatever they are called."""
    for section, store, what in (("configs", swarm.configs, "Config"), ("secrets", swarm.secrets, "Secret")):
        found = {}
        for one in container.get(section.title()) or ():
            found[one["File"]["Name"].rpartition("/")[2]] = store[one[f"{what}ID"]]["Spec"]["Data"]
        expected = {one: base64.b64encode(stack.files[f"{section}/{one}"]).decode() for one in desired.get(section, ())}
        if found != expected:
            yield f"service {name} has the {section} {found}, desired {expected}"


def _filled(stack: Stack) -> str:
    text = stack.files["compose.yml"].decode()
    values = {key: reveal(value) for key, value in stack.variables.items()}
    for form, value in (("${TAG}", values["TAG"]), ("${PASSWORD:-none}", values.get("PASSWORD", "none"))):
        text = text.replace(form, value)
    return text
