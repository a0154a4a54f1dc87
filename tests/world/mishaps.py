"""What befalls a cluster between two runs: by hand, by power, by age."""

from __future__ import annotations

import copy
from collections.abc import Callable
from random import Random
from typing import Any

from tests.world.engine_api import used
from tests.world.machine import Machine
from tests.world.world import World


def befall(world: World, luck: Random, count: int) -> list[str]:
    """Let ``count`` mishaps happen; names what happened."""
    happened = []
    for _ in range(count):
        machine = luck.choice(list(world.machines.values()))
        mishap = luck.choice(MISHAPS)
        mishap(world, machine, luck)
        happened.append(f"{mishap.__name__} {machine.name}")
    return happened


def wiped(world: World, machine: Machine, luck: Random) -> None:
    machine.wipe()


def engine_stopped(world: World, machine: Machine, luck: Random) -> None:
    machine.stop()


def disabled(world: World, machine: Machine, luck: Random) -> None:
    machine.enabled = False


def cut_off(world: World, machine: Machine, luck: Random) -> None:
    """SSH does not answer; the node goes on in its swarm."""
    machine.answers = False


def powered_off(world: World, machine: Machine, luck: Random) -> None:
    machine.answers = machine.powered = False


def aged(world: World, machine: Machine, luck: Random) -> None:
    """The distribution went on, the engines did not."""
    for old in world.machines.values():
        if old.installed:
            old.version = "20.10.24"


def file_edited(world: World, machine: Machine, luck: Random) -> None:
    """Somebody wrote into daemon.json, and the engine does not have it in force."""
    machine.file[luck.choice(("debug", "log-driver", "userland-proxy"))] = luck.choice((True, "local"))


def file_key_lost(world: World, machine: Machine, luck: Random) -> None:
    if machine.file:
        machine.file.pop(luck.choice(sorted(machine.file)))


def file_broken(world: World, machine: Machine, luck: Random) -> None:
    if luck.random() < 0.3:
        machine.broken = "Expecting value"


def memory_lost(world: World, machine: Machine, luck: Random) -> None:
    machine.memory, machine.owned = {}, set()


def settings_changed(world: World, machine: Machine, luck: Random) -> None:
    for swarm in world.swarms.values():
        swarm.spec["Orchestration"] = {"TaskHistoryRetentionLimit": 9}


def node_edited(world: World, machine: Machine, luck: Random) -> None:
    node = world.node_of(machine.name)
    if node is not None:
        node.availability = luck.choice(("active", "pause", "drain"))
        node.labels |= {luck.choice(("disk", "zone", "foreign")): "by-hand"}
        node.labels.pop(luck.choice(("disk", "zone")), None)


def role_changed(world: World, machine: Machine, luck: Random) -> None:
    """Promoted or demoted by hand, where the engine would have let it happen."""
    swarm, node = world.swarm_of(machine.name), world.node_of(machine.name)
    if swarm is None or node is None or not swarm.quorum or not swarm.alive(node):
        return
    if node.role == "worker":
        node.role = "manager"
    elif swarm.can_lose(node) and len(swarm.members) > 1:
        node.role = "worker"
    world.settle()


def left(world: World, machine: Machine, luck: Random) -> None:
    """``docker swarm leave`` by hand; of a manager by force, which leaves the membership as it is."""
    if machine.running:
        machine.node = machine.swarm = None
        machine.lingers = luck.random() < 0.5


def forgotten(world: World, machine: Machine, luck: Random) -> None:
    """``docker node rm --force`` of a worker that lives on."""
    swarm, node = world.swarm_of(machine.name), world.node_of(machine.name)
    if swarm is not None and node is not None and not node.member and luck.random() < 0.3:
        del swarm.nodes[node.id]


def elsewhere(world: World, machine: Machine, luck: Random) -> None:
    """Put into a swarm of its own."""
    if machine.running and machine.swarm is None and not machine.lingers:
        world.found(machine)


def stopped_and_hidden(world: World, machine: Machine, luck: Random) -> None:
    """Stopped by hand, its data in a place that only an option of its unit names."""
    machine.hidden = True
    machine.stop()


def reinstalled(world: World, machine: Machine, luck: Random) -> None:
    if luck.random() < 0.3 and world.swarm_of(machine.name) is not None:
        machine.reinstall()


def no_root(world: World, machine: Machine, luck: Random) -> None:
    if luck.random() < 0.5:
        machine.privileged = False


def cloned(world: World, machine: Machine, luck: Random) -> None:
    """Another machine is made from a copy of this one's disk."""
    other = luck.choice(list(world.machines.values()))
    if luck.random() < 0.3 and other is not machine and machine.node and machine.installed:
        other.wipe()
        copied = ("package", "version", "enabled", "running", "file", "memory", "in_force", "node", "swarm")
        other.__dict__.update({key: copy.deepcopy(getattr(machine, key)) for key in copied})


def names_swapped(world: World, machine: Machine, luck: Random) -> None:
    """Two machines call themselves by each other's name."""
    other = luck.choice(list(world.machines.values()))
    if luck.random() < 0.5 and other is not machine:
        _rename(world, machine, other.name)
        _rename(world, other, machine.name)


def renumbered(world: World, machine: Machine, luck: Random) -> None:
    """A node's certificate is of another swarm than the one whose managers list it."""
    if luck.random() < 0.3 and machine.node and machine.swarm:
        machine.swarm = world.new_id("swarm")


def _rename(world: World, machine: Machine, name: str) -> None:
    machine.hostname = name
    node = world.node_of(machine.name)
    if node is not None:
        node.hostname = name


def overlays_lost(world: World, machine: Machine, luck: Random) -> None:
    """Its engine was unlocked, and its network agent stayed off."""
    machine.overlays = not machine.running or machine.node is None


def stack_touched(world: World, machine: Machine, luck: Random) -> None:
    """``docker service update`` or ``rm`` by hand."""
    for swarm in world.swarms.values():
        if swarm.services:
            service = swarm.services[luck.choice(sorted(swarm.services))]
            if luck.random() < 0.3:
                del swarm.services[service["ID"]]
                continue
            spec = copy.deepcopy(service["Spec"])
            luck.choice(TOUCHES)(spec, luck)
            service["PreviousSpec"], service["Spec"] = service["Spec"], spec


def record_lost(world: World, machine: Machine, luck: Random) -> None:
    """``docker config rm`` by hand: of records of revisions, of the key, of what no service names."""
    for swarm in world.swarms.values():
        named = {one for service in swarm.services.values() for one in used(service["Spec"])}
        for store in (swarm.configs, swarm.secrets):
            for identifier in [one for one in store if one not in named]:
                if luck.random() < 0.5:
                    del store[identifier]


def tag_moved(world: World, machine: Machine, luck: Random) -> None:
    """Somebody pushed: what runs is not to change by that."""
    for number in (1, 2, 3):
        image = f"busybox:{number}"
        world.pushed[image] = world.pushed.get(image, 0) + 1


def image_lost(world: World, machine: Machine, luck: Random) -> None:
    if luck.random() < 0.3:
        world.lacking.add(f"busybox:{luck.randint(1, 3)}")


def network_changed(world: World, machine: Machine, luck: Random) -> None:
    for swarm in world.swarms.values():
        for overlay in swarm.networks.values():
            overlay.settings["attachable"] = not overlay.settings["attachable"]


def network_removed(world: World, machine: Machine, luck: Random) -> None:
    for swarm in world.swarms.values():
        for name in [name for name in swarm.networks if not swarm.users(name)]:
            del swarm.networks[name]


def _image(spec: dict[str, Any], luck: Random) -> None:
    spec["TaskTemplate"]["ContainerSpec"]["Image"] = "busybox:9"


def _env(spec: dict[str, Any], luck: Random) -> None:
    spec["TaskTemplate"]["ContainerSpec"]["Env"] = ["BY=hand"]


def _scaled(spec: dict[str, Any], luck: Random) -> None:
    spec["Mode"] = {"Replicated": {"Replicas": luck.randint(0, 4)}}


def _restarted(spec: dict[str, Any], luck: Random) -> None:
    """``docker service update --force``, which is no difference."""
    spec["TaskTemplate"]["ForceUpdate"] += 1


def _labelled(spec: dict[str, Any], luck: Random) -> None:
    spec["Labels"]["by"] = "hand"


def _unbound(spec: dict[str, Any], luck: Random) -> None:
    for key in ("Configs", "Secrets"):
        spec["TaskTemplate"]["ContainerSpec"].pop(key, None)


TOUCHES = (_image, _env, _scaled, _restarted, _labelled, _unbound)

Mishap = Callable[[World, Machine, Random], None]

ODD: tuple[Mishap, ...] = (
    stopped_and_hidden,
    reinstalled,
    no_root,
    cloned,
    names_swapped,
    renumbered,
    wiped,
    cut_off,
)
"""What makes a healthy node look as if it were none, or another."""

MISHAPS: tuple[Mishap, ...] = (
    wiped,
    wiped,
    engine_stopped,
    engine_stopped,
    disabled,
    cut_off,
    powered_off,
    aged,
    file_edited,
    file_key_lost,
    file_broken,
    memory_lost,
    settings_changed,
    node_edited,
    node_edited,
    role_changed,
    left,
    forgotten,
    elsewhere,
    stopped_and_hidden,
    no_root,
    cloned,
    names_swapped,
    renumbered,
    overlays_lost,
    stack_touched,
    record_lost,
    tag_moved,
    image_lost,
    network_changed,
    network_removed,
)
