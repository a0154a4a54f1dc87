"""What Swarm takes and does without a word, and people regret: each with file, line and key path."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Mapping, Sequence

from skep.compose.convert import Specs
from skep.compose.load import Document
from skep.compose.naming import Names
from skep.reading.findings import Findings, Place
from skep.reading.values import where
from skep.refusals import RULES, Context, faults
from skep.swarm.image import tagged
from skep.swarm.labels import stack_of
from skep.swarm.network import room as room_of
from skep.swarm.objects import Network, Node, Service
from skep.swarm.placement import architecture, constraints_of, fitting, meets, reserved, runs_on, size, taking_tasks
from skep.swarm.ports import Key, port_of, published
from skep.swarm.references import attachments
from skep.swarm.service import (
    Section,
    container_of,
    has_virtual_address,
    is_job,
    mode_of,
    placement_of,
    replicas_of,
    rollout_of,
    tasks_of,
)
from skep.swarm.spec import ServiceSpec
from skep.units import duration_text, in_units

SECOND = 10**9
MINUTE = 60 * SECOND
MONITOR = 5 * SECOND
"""Swarm's default of update_config.monitor, in nanoseconds."""
INTERVAL, RETRIES = 30 * SECOND, 3
"""The engine's defaults of a health check."""
MASK = 24
"""Swarm's default of the bits of its subnets."""
RESERVED = {"NanoCPUs": ("cpus",), "MemoryBytes": ("memory",)}
"""Where a compose file reserves what; all else are generic_resources."""
SHOWN = 3
"""Services that one line names."""
SECTIONS: Mapping[str, Section] = {"update_config": "UpdateConfig", "rollback_config": "RollbackConfig"}


def lints(
    document: Document,
    specs: Specs,
    *,
    nodes: Sequence[Node] | None,
    services: Sequence[Service],
    networks: Sequence[Network] = (),
    mask: int = MASK,
    habits: bool = True,
) -> list[str]:
    """Texts ``file:line: key.path: message``, in the order of files and lines.

    ``nodes``, ``services`` and ``networks`` are the whole swarm's, as the Engine API lists them; ``nodes`` is ``None``
    while nobody can tell them. ``mask``: bits of the subnets that Swarm gives out. ``habits``: also what holds for
    nearly every file that people write; once a stack.
    """
    found = _Lints(document, specs, nodes, services, networks, mask)
    return found.texts(habits=habits) if specs.services else []


class _Lints:
    """One look at one stack."""

    def __init__(
        self,
        document: Document,
        specs: Specs,
        nodes: Sequence[Node] | None,
        services: Sequence[Service],
        networks: Sequence[Network],
        mask: int,
    ) -> None:
        self.document = document
        self.specs = specs
        self.all_nodes = list(nodes or ())
        self.nodes = None if nodes is None else taking_tasks(nodes)
        self.stack = stack_of(next(iter(specs.services.values())))
        self.services = services
        self.networks = {network["Name"]: network for network in networks}
        self.mask = mask
        self.findings = Findings((), set(document.hidden))
        self.fits = {name: self._fits(spec) for name, spec in specs.services.items()}

    def texts(self, *, habits: bool) -> list[str]:
        """All of them, in the order of files and lines."""
        ports = self._taken()
        for full, spec in self.specs.services.items():
            name = full.removeprefix(f"{self.stack}_")
            self._updates(name, spec)
            self._stopping(name, spec)
            self._places(name, full, spec)
            self._ports(name, full, spec, ports)
        if habits:
            self._pausing()
            self._images()
        self._subnets()
        self._nodes_refuse()
        return self.findings.warnings

    def _nodes_refuse(self) -> None:
        """What managers take, and the nodes' engines do not."""
        data = self.document.data
        context = Context(
            data, self.stack, quote=self.findings.value, hidden=self.findings.tells, contents=self.document.contents
        )
        for fault in faults(RULES, context, level="warning"):
            self._warn(fault.path, fault.message)

    def _warn(self, path: tuple[str | int, ...], message: str, place: Place | None = None) -> None:
        self.findings.warn(path, message, place or where(self.document.data, path))

    def _fits(self, spec: ServiceSpec) -> list[Node] | None:
        return None if self.nodes is None else fitting(constraints_of(spec), self.nodes)

    def _pausing(self) -> None:
        """Pause when asked for; where it is the default, one line for all services."""
        silent = []
        remedy = "a failing update stops half way and waits for a hand; 'rollback' goes back by itself"
        for full, spec in self.specs.services.items():
            path = ("services", full.removeprefix(f"{self.stack}_"), "deploy", "update_config", "failure_action")
            action = rollout_of(spec).get("FailureAction")
            if is_job(spec):
                continue
            if action == "pause":
                self._warn(path, f"is 'pause': {remedy}")
            elif not action:
                silent.append(path)
        if silent:
            names = [str(path[1]) for path in silent]
            told = f" for {_listed(names)}" if len(names) > 1 else ""
            self._warn(silent[0], f"is not set{told}, which means 'pause': {remedy}")

    def _updates(self, name: str, spec: ServiceSpec) -> None:
        """The time an update is watched for; the old and the new task beside each other."""
        path = ("services", name, "deploy", "update_config")
        health = container_of(spec).get("Healthcheck")
        if health is not None and health.get("Test") != ["NONE"] and not is_job(spec):
            monitor = rollout_of(spec).get("Monitor") or MONITOR
            retries = health.get("Retries") or RETRIES
            need = health.get("StartPeriod", 0) + (health.get("Interval") or INTERVAL) * retries
            if monitor < need:
                self._warn(
                    (*path, "monitor"),
                    f"an update watches a task for {duration_text(monitor)}, and the health check may need"
                    f" {duration_text(need)} (start_period + interval × retries) to find it unhealthy",
                )
        held = _of_hosts(spec)
        for key, section in SECTIONS.items():
            if held and rollout_of(spec, section).get("Order") == "start-first":
                self._warn(
                    ("services", name, "deploy", key, "order"),
                    f"'start-first' starts the new task while the old one still holds port"
                    f" {held[0][1]} of the host; use 'stop-first'",
                )

    def _stopping(self, name: str, spec: ServiceSpec) -> None:
        """A long time without a task while each is replaced."""
        grace = container_of(spec).get("StopGracePeriod") or 0
        order = rollout_of(spec).get("Order") or "stop-first"
        if grace > MINUTE and order == "stop-first" and not is_job(spec):
            told = f"is {duration_text(grace)}, and an update starts a new task when the old one has stopped"
            told += ": its place may be empty that long"
            remedy = "" if _of_hosts(spec) else "; update_config.order: start-first starts the new one before"
            self._warn(("services", name, "stop_grace_period"), told + remedy)

    def _images(self) -> None:
        """Images whose tag says no version: one line for all services."""
        services = self.document.section("services")
        names = [full.removeprefix(f"{self.stack}_") for full in self.specs.services]
        floating = [name for name in names if tagged(services[name]["image"]).endswith(":latest")]
        if floating:
            image = services[floating[0]]["image"]
            what = "has the tag latest" if image.endswith(":latest") else "has neither tag nor digest"
            more = f", and so {'have' if len(floating) > 2 else 'has'} {_listed(floating[1:])}" if floating[1:] else ""
            self._warn(
                ("services", floating[0], "image"),
                f"{self.findings.value(image)} {what}{more}: the same file means another image tomorrow;"
                " name a version",
            )

    def _places(self, name: str, full: str, spec: ServiceSpec) -> None:
        fits, path = self.fits[full], ("services", name, "deploy", "placement")
        if fits is None or self.nodes is None:
            return
        if not fits:
            desired, idle = constraints_of(spec), _idle(fitting(constraints_of(spec), self.all_nodes))
            alone = [n for n, one in enumerate(desired) if not any(meets(one, node) for node in self.nodes)]
            for number in alone:
                told = self.findings.value(desired[number])
                self._warn((*path, "constraints", number), f"no node that takes tasks meets {told}{idle}")
            if desired and not alone:
                self._warn((*path, "constraints"), f"no node that takes tasks meets all of them{idle}")
            return
        if not self._room_for(name, spec, fits):
            return
        most = placement_of(spec).get("MaxReplicas", 0)
        count = replicas_of(spec) if mode_of(spec) == "Replicated" else 0
        if most and count > most * len(fits):
            self._warn(
                (*path, "max_replicas_per_node"),
                f"{count} replicas are more than {most} on each of the {len(fits)} nodes there are for them:"
                f" {count - most * len(fits)} never start",
            )
        held = _of_hosts(spec)
        if held and count > len(fits):
            self._warn(
                ("services", name, "deploy", "replicas"),
                f"{count} replicas publish port {held[0][1]} of their host, so each takes a node of its own; nodes for"
                f" them: {len(fits)}, so {count - len(fits)} never start",
            )

    def _room_for(self, name: str, spec: ServiceSpec, fits: Sequence[Node]) -> bool:
        """Whether any of the nodes is of the image's platform and as large as a task wants it; tells how many are not
        enough for all. What other tasks have reserved there changes, and is left out."""
        if any(not (node.get("Description") or {}).get("Platform") for node in fits):
            return True  # a node that has told nothing of itself yet
        able = [node for node in fits if runs_on(spec, node)]
        if not able:
            self._warn(
                ("services", name, "image"),
                f"is for {_listed(_platforms(spec))}, and no node for it is that ({_listed(_systems(fits))}): its tasks"
                " stay pending",
            )
            return False
        path, desired = ("services", name, "deploy", "resources", "reservations"), reserved(spec)
        sizes = [size(node) for node in able]
        for key, amount in desired.items():
            most = max(one.get(key, 0) for one in sizes)
            if amount > most:
                told = f"{_amount(key, amount)} is more than the largest node for it has ({_amount(key, most)})"
                self._warn((*path, *RESERVED.get(key, ("generic_resources",))), f"{told}: its tasks stay pending")
                return False
        count = replicas_of(spec) if mode_of(spec) == "Replicated" else 0
        room = (
            sum(min(one.get(key, 0) // amount for key, amount in desired.items()) for one in sizes)
            if desired
            else count
        )
        if count > room:
            self._warn(
                path,
                f"{count} replicas with this are more than fit on the {len(able)} nodes there are for them:"
                f" {count - room} never start",
            )
        return True

    def _taken(self) -> Mapping[Key, list[ServiceSpec]]:
        """Specs of services that are not of this stack, by the ports of hosts that they publish."""
        found: dict[Key, list[ServiceSpec]] = defaultdict(list)
        for spec in (raw["Spec"] for raw in self.services):
            if stack_of(spec) != self.stack:
                for port in _of_hosts(spec):
                    found[port].append(spec)
        return found

    def _ports(self, name: str, full: str, spec: ServiceSpec, taken: Mapping[Key, list[ServiceSpec]]) -> None:
        """Ports of hosts that tasks of others hold, too; for any other port Swarm refuses the second service."""
        for port in _of_hosts(spec):
            others = [other for other in taken.get(port, ()) if self._meet(self.fits[full], other)]
            if others:
                given = self.document.section("services")[name].get("ports", ())
                place = next((one.place for one in given if one.get("published") == port[1]), None)
                self._warn(
                    ("services", name, "ports"),
                    f"port {port[1]}/{port[0]} is taken on nodes that both may run on by the service"
                    f" {others[0]['Name']}",
                    place,
                )

    def _meet(self, fits: list[Node] | None, other: ServiceSpec) -> bool:
        """Whether tasks of both may come to one node."""
        return fits is None or bool(fitting(constraints_of(other), fits))

    def _subnets(self) -> None:
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
                self._warn(
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
            fits = self._fits(spec)
            count = tasks_of(spec, 1 if fits is None else len(fits))
            update = rollout_of(spec)
            more = min(update.get("Parallelism", 1) or count, count) if update.get("Order") == "start-first" else 0
            tasks += count + more
            virtual += has_virtual_address(spec)
            nodes = max(nodes, min(count, 1 if fits is None else len(fits)))
        return tasks, virtual, nodes


def _idle(nodes: Sequence[Node]) -> str:
    """Nodes that would do if they took tasks, and why they take none."""
    told = []
    for node in nodes[:SHOWN]:
        down = (node.get("Status") or {}).get("State") == "down"
        why = "Down" if down else f"set to {(node.get('Spec') or {}).get('Availability')}"
        told.append(f"{(node.get('Description') or {}).get('Hostname')} would, and is {why}")
    return f" ({', '.join(told)})" if told else ""


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


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(names[:SHOWN])}{more}"


def _of_hosts(spec: ServiceSpec) -> list[Key]:
    return [port_of(port) for port in published(spec) if port["PublishMode"] == "host"]
