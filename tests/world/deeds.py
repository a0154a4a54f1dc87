"""What each kind of step does to a world. A deed is done in two halves, so that others fall between them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from docker.errors import APIError

from roles.swarm.state import Fixed
from skep.engine import OPERATIONS
from skep.errors import StepFailed
from skep.model import Cluster
from skep.plan import Call, Put, Ref, Run, Step, file_bytes
from skep.swarm.movable import moves
from tests.world.machine import Machine, NotYet, Refused
from tests.world.raft import Node, Swarm
from tests.world.world import Forbidden, Watch, World

INTERRUPTING = ("engine/install", "engine/backup", "daemon/restart", "swarm/restart", "swarm/release")


class Deed:
    """One step under way. ``begin`` and ``finish`` raise ``Refused`` where the real step would fail."""

    def __init__(self, world: World, cluster: Cluster, watch: Watch, step: Step) -> None:
        self.world, self.cluster, self.watch, self.step = world, cluster, watch, step
        self.writes: int | None = None
        """How many changes an engine takes before the connection is lost."""
        self.action = step.id.partition("@")[0].partition(":")[0]
        if step.host:
            self.host = step.host
        else:
            able = world.managers(cluster, step.avoid)
            if not able:
                raise silence(world, cluster)
            self.host = able[world.count % len(able)]

    @property
    def machine(self) -> Machine:
        return self.world.machines[self.host]

    @property
    def swarm(self) -> Swarm:
        """The swarm a manager that answers belongs to."""
        able = self.world.managers(self.cluster)
        swarm = self.world.swarm_of(self.host if self.host in able else able[0]) if able else None
        if swarm is None:
            raise silence(self.world, self.cluster)
        return swarm

    def begin(self) -> None:
        """The first half: an engine goes down, a file is replaced."""
        if not (self.machine.answers and self.machine.powered):
            raise Refused(f"{self.host} does not answer")
        if self.action in INTERRUPTING and self.machine.running:
            node = self.world.node_of(self.host)
            if node is not None and node.member:
                self.watch.manager_change(self.step.id, self.world.swarms[self.machine.swarm or ""], node)
            self.machine.stop()
        if self.action in ("daemon/reload", "daemon/restart"):
            self.machine.file = self._file("daemon.json")

    def finish(self) -> None:
        """The second half, after which the step has succeeded."""
        if not (self.machine.answers and self.machine.powered):
            raise Refused(f"{self.host} was lost")
        if isinstance(self.step, Put):
            self._put(self.step)
        elif isinstance(self.step, Run):
            RUNS[self.action](self)
        elif isinstance(self.step, Call):
            CALLS[self.step.operation](self, **{k: self._known(v) for k, v in self.step.arguments.items()})

    def _put(self, step: Put) -> None:
        keys = json.loads(step.content)
        if step.path == "/etc/docker/daemon.json":
            self.machine.file = keys
        elif step.path == "/var/lib/skep/daemon.json":
            self.machine.remember(keys)
        else:
            raise Refused(f"nothing in this world reads {step.path}")

    def _file(self, name: str) -> dict[str, Any]:
        assert isinstance(self.step, Run)
        return dict(json.loads(file_bytes(self.step.files[name])))

    def _known(self, value: Any) -> Any:
        """Late references, resolved as an executor would. A token is the role it admits to."""
        if not isinstance(value, Ref):
            return value
        if value.name in ("manager-token", "worker-token"):
            return value.name.partition("-")[0]
        if value.name == "manager-addresses":
            return [self.swarm.id]
        if value.name == "unlock-key":
            return self.swarm.id
        if value.name == "registry-logins":
            return NoLogins()
        if value.name.startswith("result@"):
            return self.watch.results[value.name.removeprefix("result@")]
        if value.name in ("author", "commit"):
            return f"the {value.name}"
        return node_id(self.world, value)


def silence(world: World, cluster: Cluster) -> Refused:
    """No manager answers: patience helps where there is a swarm, for one of its engines may be on its way back."""
    return NotYet("no manager answers") if world.ids(cluster) else Refused("there is no swarm")


def node_id(world: World, value: str | Ref) -> str:
    """A node's id, asked of its host where it is a late reference."""
    if isinstance(value, str):
        return value
    found = world.machines[value.name.removeprefix("node-id@")].node
    if found is None:
        raise Refused(f"{value} is not known: that host is no node")
    return found


def _fetch(deed: Deed) -> None:
    assert isinstance(deed.step, Run)
    desired, offers = str(deed.step.variables["DESIRED"]), deed.machine.offers
    if desired and not offers.startswith(f"{desired}."):
        raise Refused(f"desired {desired}, the sources of this host offer {offers}")


def _install(deed: Deed) -> None:
    machine = deed.machine
    try:
        _fetch(deed)
    except Refused:
        if machine.installed:
            deed.world.start(machine)
        raise
    machine.package, machine.version = "docker.io", machine.offers
    _start(deed)


def _start(deed: Deed) -> None:
    deed.machine.enabled = True
    deed.world.start(deed.machine)


def _write(deed: Deed) -> None:
    deed.machine.file = deed._file("daemon.json")
    deed.machine.remember(deed._file("memory.json"))


def _reload(deed: Deed) -> None:
    deed.machine.reload()
    deed.machine.remember(deed._file("memory.json"))


def _restart(deed: Deed) -> None:
    deed.world.start(deed.machine)
    deed.machine.remember(deed._file("memory.json"))


def _start_again(deed: Deed) -> None:
    deed.world.start(deed.machine)


def _nothing(deed: Deed) -> None:
    """Nothing here keeps volumes, or copies of a swarm's state."""


def _init(deed: Deed, *, spec: Mapping[str, Any], **fixed: Any) -> None:
    deed.machine.need_running()
    if deed.machine.swarm:
        raise Refused(f"{deed.host} is already part of a swarm")
    elsewhere = [host.name for host in deed.cluster.managers if deed.world.machines[host.name].swarm]
    if elsewhere:
        raise Forbidden(f"{deed.step.id}: {elsewhere} are in a swarm")
    swarm = deed.world.found(deed.machine)
    swarm.spec = dict(spec)
    swarm.fixed = Fixed(
        tuple(fixed["address_pools"] or ["10.0.0.0/8"]), fixed["subnet_size"] or 24, fixed["data_path_port"] or 4789
    )


def _absent(deed: Deed) -> None:
    deed.machine.need_running()
    if deed.machine.swarm:
        raise Refused(f"{deed.host} is part of a swarm")


def _join(deed: Deed, *, addresses: list[str], token: str, advertise: str | None) -> None:
    swarm = deed.world.swarms[addresses[0]]
    if token == "manager":
        deed.watch.manager_change(deed.step.id, swarm, None)
    deed.world.enter(swarm, deed.machine, token)


def _unlock_key(deed: Deed) -> None:
    deed.watch.results[deed.step.id] = deed.swarm.id


def _unlock(deed: Deed, *, key: str) -> None:
    deed.machine.need_running()
    if deed.machine.locked and key != deed.machine.swarm:
        raise Refused("invalid key")
    deed.machine.locked = False


def _leave(deed: Deed, *, force: bool) -> None:
    deed.machine.need_running()
    deed.machine.node = deed.machine.swarm = None
    deed.machine.lingers = True


def _update_swarm(deed: Deed, *, spec: Mapping[str, Any]) -> None:
    if not spec.get("EncryptionConfig", {}).get("AutoLockManagers", True):
        locked = [name for name, machine in deed.world.machines.items() if machine.locked and machine.answers]
        if any(deed.world.swarm_of(name) is deed.swarm for name in locked):
            raise Forbidden(f"{deed.step.id} throws the key away while {locked} are locked")
    for key, value in spec.items():
        old = deed.swarm.spec.get(key)
        deed.swarm.spec[key] = {**old, **value} if isinstance(old, dict) else value


def _update_node(deed: Deed, *, node: str, spec: Mapping[str, Any], drop_labels: list[str]) -> None:
    found = deed.swarm.find(node)
    if found is None:
        raise Refused(f"no node {node}")
    if spec.get("Role", found.role) != found.role:
        if spec["Role"] == "worker" and not _wished(deed, found):
            deed.watch.no_longer(deed.step.id, deed.swarm, found)
        if spec["Role"] == "worker" and not deed.swarm.can_lose(found):
            raise Refused("can't remove member from the raft: this would result in a loss of quorum")
        if spec["Role"] == "manager" or deed.swarm.alive(found):
            deed.watch.manager_change(deed.step.id, deed.swarm, found)
        found.role = spec["Role"]
    availability = spec.get("Availability", found.availability)
    found.busy = availability == "drain" and found.availability != "drain"
    found.availability = availability
    found.labels = {k: v for k, v in {**found.labels, **spec.get("Labels", {})}.items() if k not in drop_labels}


def _short(deed: Deed) -> None:
    deed.watch.results[deed.step.id] = [] if deed.swarm.quorum else None


def _move(deed: Deed, *, node: str) -> None:
    deed.watch.results[deed.step.id] = [one["ID"] for one in deed.swarm.services.values() if moves(one["Spec"])]


def _wished(deed: Deed, node: Node) -> bool:
    """Whether the host that is the node is to be a worker."""
    machine = deed.swarm.machine_of(node)
    return machine is not None and machine.name in [host.name for host in deed.cluster.workers]


def _remove_node(deed: Deed, *, node: str) -> None:
    found = deed.swarm.nodes.get(node)
    if found is None:
        return
    if found.role == "manager":
        raise Refused(f"node {node} is a manager")
    if found.ready or found.member:
        raise NotYet(f"node {node} is not down, or still a raft member")
    deed.watch.no_longer(deed.step.id, deed.swarm, found)
    del deed.swarm.nodes[node]


def _remove_network(deed: Deed, *, network: str) -> None:
    for name, overlay in list(deed.swarm.networks.items()):
        if network in (name, overlay.id):
            if deed.swarm.users(name):
                raise Refused(f"network {name} is in use")
            del deed.swarm.networks[name]


class NoLogins:
    """Knows no registry."""

    def header(self, image: str) -> None:
        """No credentials for any."""


def _engine(operation: str) -> Callable[..., None]:
    """The real operation against this world's engine."""

    def act(deed: Deed, **arguments: Any) -> None:
        api = deed.world.api(deed.swarm, writes=deed.writes)
        try:
            deed.watch.results[deed.step.id] = OPERATIONS[operation](api, **arguments)
        except (APIError, StepFailed, ConnectionError) as error:
            raise Refused(str(error)) from error

    return act


STACKS = (
    "images_resolve",
    "object_create",
    "service_write",
    "service_remove",
    "stack_remove",
    "stack_forget",
    "objects_remove",
    "revision_begin",
    "revision_done",
    "revision_failed",
)

RUNS: dict[str, Callable[[Deed], None]] = {
    "engine/fetch": _fetch,
    "engine/install": _install,
    "engine/backup": _start_again,
    "engine/discard": _nothing,
    "engine/start": _start,
    "daemon/write": _write,
    "daemon/reload": _reload,
    "daemon/restart": _restart,
    "swarm/restart": _start_again,
    "swarm/release": _start_again,
    "stacks/volumes": _nothing,
}

CALLS: dict[str, Callable[..., None]] = {
    "swarm_init": _init,
    "swarm_absent": _absent,
    "swarm_join": _join,
    "unlock_key": _unlock_key,
    "swarm_unlock": _unlock,
    "swarm_leave": _leave,
    "swarm_update": _update_swarm,
    "node_update": _update_node,
    "services_short": _short,
    "services_move": _move,
    "node_remove": _remove_node,
    "network_create": _engine("network_create"),
    "network_remove": _remove_network,
    **{operation: _engine(operation) for operation in STACKS},
}
