"""Whether there is room for a stack: nodes that take its tasks, addresses in its networks."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence

from skep.compose.convert import Specs
from skep.compose.loading import Document
from skep.compose.naming import Names
from skep.dataclass import dataclass
from skep.kinds import Kind
from skep.kinds.files import NO_NODE_FITS, NODE_REFUSES, REPLICAS_TOO_MANY, RESERVATION_TOO_LARGE, SUBNET_TOO_SMALL
from skep.measures import in_units
from skep.swarm.network import room as room_of
from skep.swarm.objects import Network, Node, Service
from skep.swarm.placement import (
    architecture,
    constraints_of,
    fitting,
    idle,
    limit_of_cpus,
    meets,
    missing_plugin,
    reserved,
    runs_on,
    size,
    taking_tasks,
    unmet_hint,
)
from skep.swarm.ports import Key, port_of, published
from skep.swarm.quorum import hostname_of
from skep.swarm.references import attachments
from skep.swarm.service import has_virtual_address, mode_of, placement_of, replicas_of, rollout_of, tasks_of
from skep.swarm.spec import ServiceSpec

Path = tuple[str | int, ...]
Lint = tuple[Kind, Path, str]
"""A kind, a key path and what is to be said of it."""
MASK = 24
"""Swarm's default of the bits of its subnets."""
RESERVED = {"NanoCPUs": ("cpus",), "MemoryBytes": ("memory",)}
"""Where a compose file reserves what; all else are generic_resources."""
SHOWN = 3
"""Names that one line has."""


@dataclass(frozen=True, slots=True)
class Room:
    """A stack and the whole swarm, as the Engine API lists it; ``nodes`` is ``None`` while nobody can tell them.

    ``mask``: bits of the subnets that Swarm gives out. ``quote`` writes a value of the compose file, or hides it.
    """

    document: Document
    specs: Specs
    stack: str
    nodes: Sequence[Node] | None
    services: Sequence[Service]
    networks: Mapping[str, Network]
    mask: int
    quote: Callable[[str], str]

    def nodes_for(self, spec: ServiceSpec) -> list[Node] | None:
        """Nodes that take tasks and meet the service's constraints; ``None`` while nobody can tell the nodes."""
        return None if self.nodes is None else fitting(constraints_of(spec), taking_tasks(self.nodes))

    def places(self, name: str, spec: ServiceSpec) -> Iterator[Lint]:
        """What keeps tasks of a service from a node; ``name`` is the service's in its file."""
        fits = self.nodes_for(spec)
        if fits is None or self.nodes is None:
            return
        if not fits:
            yield from self._unmet(name, spec, self.nodes)
        elif any(not (node.get("Description") or {}).get("Platform") for node in fits):
            yield from _too_many(name, spec, fits)  # a node that has reported nothing of itself yet
        elif lint := _unable(name, spec, fits):
            yield lint
        else:
            able = [node for node in fits if runs_on(spec, node)]
            yield from _too_fast(name, spec, able)
            yield from _too_large_together(name, spec, able)
            yield from _too_many(name, spec, fits)

    def _unmet(self, name: str, spec: ServiceSpec, nodes: Sequence[Node]) -> Iterator[Lint]:
        path = ("services", name, "deploy", "placement", "constraints")
        desired = constraints_of(spec)
        idle, able = _idle(fitting(desired, nodes)), taking_tasks(nodes)
        alone = [n for n, one in enumerate(desired) if not any(meets(one, node) for node in able)]
        for number in alone:
            text = f"no node that takes tasks meets {self.quote(desired[number])}{idle or unmet_hint(desired[number])}"
            yield NO_NODE_FITS, (*path, number), text
        if desired and not alone:
            yield NO_NODE_FITS, path, f"no node that takes tasks meets all of them{idle}"

    def subnets(self) -> Iterator[Lint]:
        """Networks with fewer addresses than all services in them need; nodes' own have no such bound."""
        names = Names(self.document, self.stack)
        services = self.document.section("services").values()
        for name in sorted({name for one in services for name in one.get("networks") or ("default",)}):
            full = names.of("networks", name)
            body = self.networks.get(full) or self.specs.networks.get(full)
            room = room_of(body, self.mask) if body else 0
            tasks, virtual, nodes = self._addresses({full, (body or {}).get("Id", full)})
            if room and tasks + virtual + nodes > room:
                own = full in self.specs.networks
                yield (
                    SUBNET_TOO_SMALL,
                    ("networks", name, "ipam", "config", 0, "subnet") if own else ("networks", name),
                    f"has {room} addresses to give, and {tasks + virtual + nodes} are needed: {tasks} for tasks,"
                    f" {virtual} for services, {nodes} for nodes; {'name' if own else 'give it'} a larger subnet",
                )

    def _addresses(self, network: Container[str]) -> tuple[int, int, int]:
        """Addresses that tasks (while an update starts first, old and new), virtual IPs and nodes take."""
        tasks = virtual = nodes = 0
        others = [raw["Spec"] for raw in self.services if raw["Spec"]["Name"] not in self.specs.services]
        for spec in (*self.specs.services.values(), *others):
            if not any(one["Target"] in network for one in attachments(spec)):
                continue
            fits = self.nodes_for(spec)
            count = tasks_of(spec, 1 if fits is None else len(fits))
            update = rollout_of(spec)
            more = min(update.get("Parallelism", 1) or count, count) if update.get("Order") == "start-first" else 0
            tasks += count + more
            virtual += has_virtual_address(spec)
            nodes = max(nodes, min(count, 1 if fits is None else len(fits)))
        return tasks, virtual, nodes


def _unable(name: str, spec: ServiceSpec, fits: Sequence[Node]) -> Lint | None:
    """Where none of the nodes is of the image's platform, or as large as a task asks for. What other tasks have
    reserved there changes, and is left out."""
    able = [node for node in fits if runs_on(spec, node)]
    if not able:
        platforms, systems = listed(_platforms(spec)), listed(_systems(fits))
        text = f"is for {platforms}, and no node for it is that ({systems}): its tasks stay pending"
        return NO_NODE_FITS, ("services", name, "image"), text
    lacking = [missing_plugin(spec, node) for node in able]
    if all(lacking):
        place = ("logging", "driver") if lacking[0].startswith("log") else ("volumes",)
        text = f"no node for it has the {lacking[0]}: install the plugin there; its tasks stay pending"
        return NO_NODE_FITS, ("services", name, *place), text
    for key, amount in reserved(spec).items():
        most = max(size(node).get(key, 0) for node in able)
        if not any(key in size(node) for node in able):
            text = f"no node for it has {key or 'that'}: its tasks stay pending"
            return RESERVATION_TOO_LARGE, _reservations(name) + RESERVED.get(key, ("generic_resources",)), text
        if amount > most:
            text = f"{_amount(key, amount)} is more than the largest node for it has ({_amount(key, most)})"
            path = _reservations(name) + RESERVED.get(key, ("generic_resources",))
            return RESERVATION_TOO_LARGE, path, f"{text}: its tasks stay pending"
    return None


def _too_fast(name: str, spec: ServiceSpec, able: Sequence[Node]) -> Iterator[Lint]:
    """A limit of more processors than nodes have: engines refuse it, and Swarm places tasks there all the same, unless
    what they reserve or the plugins they need keep them from there."""
    limit, desired = limit_of_cpus(spec), reserved(spec)
    small = {
        hostname_of(node): size(node).get("NanoCPUs", 0)
        for node in able
        if size(node).get("NanoCPUs", limit) < limit
        and all(size(node).get(key, 0) >= amount for key, amount in desired.items())
        and not missing_plugin(spec, node)
    }
    if small:
        least = _amount("NanoCPUs", min(small.values()))
        text = f"{_amount('NanoCPUs', limit)} is more than {listed(sorted(small))} can give ({least}), which"
        remedy = "ask for less, or let a constraint keep its tasks from there"
        path = ("services", name, "deploy", "resources", "limits", "cpus")
        yield NODE_REFUSES, path, f"{text} refuse{'s' if len(small) == 1 else ''} its tasks: {remedy}"


def _too_large_together(name: str, spec: ServiceSpec, able: Sequence[Node]) -> Iterator[Lint]:
    """More replicas than the nodes have room for by what each reserves."""
    count, desired = _replicas(spec), {key: amount for key, amount in reserved(spec).items() if amount}
    if not desired:
        return
    sizes = [size(node) for node in able]
    room = sum(min(one.get(key, 0) // amount for key, amount in desired.items()) for one in sizes)
    if count == room:
        yield from _no_spare(name, spec, count, able)
    if count > room:
        text = f"{count} replicas with this are more than fit on the {len(able)} nodes there are for them"
        yield REPLICAS_TOO_MANY, _reservations(name), f"{text}: {count - room} never start"


def _too_many(name: str, spec: ServiceSpec, fits: Sequence[Node]) -> Iterator[Lint]:
    """More replicas than a node may have, or than there are nodes with a port of their own."""
    count, most, deploy = _replicas(spec), placement_of(spec).get("MaxReplicas", 0), ("services", name, "deploy")
    if most and count > most * len(fits):
        yield (
            REPLICAS_TOO_MANY,
            (*deploy, "placement", "max_replicas_per_node"),
            f"{count} replicas are more than {most} on each of the {len(fits)} nodes there are for them:"
            f" {count - most * len(fits)} never start",
        )
    if most and count == most * len(fits):
        yield from _no_spare(name, spec, count, fits)
    held = ports_of_hosts(spec)
    if held and count > len(fits):
        yield (
            REPLICAS_TOO_MANY,
            (*deploy, "replicas"),
            f"{count} replicas publish port {held[0][1]} of their host, so each takes a node of its own; nodes for"
            f" them: {len(fits)}, so {count - len(fits)} never start",
        )


def _no_spare(name: str, spec: ServiceSpec, count: int, nodes: Sequence[Node]) -> Iterator[Lint]:
    """As many replicas as there is room for, and updates that need room for one more."""
    if count and rollout_of(spec).get("Order") == "start-first":
        yield (
            REPLICAS_TOO_MANY,
            ("services", name, "deploy", "update_config", "order"),
            f"'start-first' needs room for one task more, and {count} replicas take all there is on the {len(nodes)}"
            " nodes for them: an update never starts; use 'stop-first', or fewer replicas",
        )


def ports_of_hosts(spec: ServiceSpec) -> list[Key]:
    """The ports that its tasks take of the hosts they run on."""
    return [port_of(port) for port in published(spec) if port["PublishMode"] == "host"]


def listed(names: Sequence[str]) -> str:
    """Some names, and how many more there are."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(names[:SHOWN])}{more}"


def _replicas(spec: ServiceSpec) -> int:
    return replicas_of(spec) if mode_of(spec) == "Replicated" else 0


def _reservations(name: str) -> Path:
    return ("services", name, "deploy", "resources", "reservations")


def _idle(nodes: Sequence[Node]) -> str:
    """Nodes that would do if they took tasks, and why they take none."""
    found = [idle(node) for node in nodes[:SHOWN]]
    return f" ({', '.join(found)})" if found else ""


def _platforms(spec: ServiceSpec) -> list[str]:
    found = placement_of(spec).get("Platforms") or ()
    return sorted({f"{one.get('OS') or 'any'}/{one.get('Architecture') or 'any'}" for one in found})


def _systems(nodes: Sequence[Node]) -> list[str]:
    found = [(node.get("Description") or {}).get("Platform") or {} for node in nodes]
    return sorted({f"{one.get('OS', 'unknown')}/{architecture(one)}" for one in found})


def _amount(key: str, number: int) -> str:
    if key == "MemoryBytes":
        return f"{number / 2**30:.3g}G"
    return str(in_units(key, [number])[0]) if key in RESERVED else f"{number} {key}"
