"""What Swarm takes and does without a word, and people regret: each with file, line and key path."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from skep.compose.capacity import MASK, Lint, Room, listed, ports_of_hosts
from skep.compose.convert import Specs
from skep.compose.loading import Document
from skep.kinds import Kind
from skep.kinds.files import (
    IMAGE_TAG_MOVES,
    NODE_REFUSES,
    PORT_HELD_IN_UPDATE,
    PORT_TAKEN,
    SLOW_STOP,
    UPDATE_PAUSES,
    UPDATE_WATCHED_TOO_SHORT,
)
from skep.measures import duration_text
from skep.reading.findings import Findings, Place, Remark
from skep.reading.values import where
from skep.refusals import RULES, Context, faults
from skep.refusals.log_options import LogDefaults
from skep.swarm.image import is_identifier, tagged
from skep.swarm.labels import stack_of
from skep.swarm.objects import Network, Node, Service
from skep.swarm.placement import constraints_of, fitting
from skep.swarm.ports import Key
from skep.swarm.service import (
    Section,
    container_of,
    image_of,
    is_job,
    rollout_of,
)
from skep.swarm.spec import ServiceSpec

SECOND = 10**9
MINUTE = 60 * SECOND
MONITOR = 5 * SECOND
"""Swarm's default of update_config.monitor, in nanoseconds."""
INTERVAL, RETRIES = 30 * SECOND, 3
"""The engine's defaults of a health check."""
SECTIONS: Mapping[str, Section] = {"update_config": "UpdateConfig", "rollback_config": "RollbackConfig"}


def lints(
    document: Document,
    specs: Specs,
    *,
    nodes: Sequence[Node] | None,
    services: Sequence[Service],
    networks: Sequence[Network] = (),
    mask: int = MASK,
    logs: frozenset[LogDefaults] | None = None,
) -> list[Remark]:
    """In the order of files and lines.

    ``nodes``, ``services`` and ``networks`` are the whole swarm's, as the Engine API lists them; ``nodes`` is ``None``
    while nobody can tell them. ``mask``: bits of the subnets that Swarm gives out.
    ``logs``: how the hosts' engines write logs where a service does not say it.
    """
    found = _Lints(document, specs, nodes, services, networks, mask, logs)
    return found.texts() if specs.services else []


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
        logs: frozenset[LogDefaults] | None,
    ) -> None:
        self.logs = logs
        self.document = document
        self.specs = specs
        self.stack = stack_of(next(iter(specs.services.values())))
        self.services = services
        self.findings = Findings((), set(document.hidden))
        by_name = {network["Name"]: network for network in networks}
        self.room = Room(document, specs, self.stack, nodes, services, by_name, mask, self.findings.value)
        self.fits = {name: self.room.nodes_for(spec) for name, spec in specs.services.items()}

    def texts(self) -> list[Remark]:
        """All of them, in the order of files and lines."""
        ports = self._taken()
        for full, spec in self.specs.services.items():
            name = full.removeprefix(f"{self.stack}_")
            self._updates(name, spec)
            self._stopping(name, spec)
            self._report(self.room.places(name, spec))
            self._ports(name, full, spec, ports)
        self._pausing()
        self._images()
        self._report(self.room.subnets())
        self._nodes_refuse()
        return self.findings.remarks

    def _nodes_refuse(self) -> None:
        """What managers take, and the nodes' engines do not."""
        data = self.document.data
        context = Context(
            data,
            self.stack,
            quote=self.findings.value,
            hidden=self.findings.holds_secret,
            contents=self.document.contents,
            logs=self.logs,
        )
        for fault in faults(RULES, context, level="warning"):
            self._warn(NODE_REFUSES, fault.path, fault.message)

    def _warn(self, kind: Kind, path: tuple[str | int, ...], message: str, place: Place | None = None) -> None:
        self.findings.warn(kind, path, message, place or where(self.document.data, path))

    def _report(self, found: Iterable[Lint]) -> None:
        for kind, path, message in found:
            self._warn(kind, path, message)

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
                self._warn(UPDATE_PAUSES, path, f"is 'pause': {remedy}")
            elif not action:
                silent.append(path)
        if silent:
            names = [str(path[1]) for path in silent]
            whose = f" for {listed(names)}" if len(names) > 1 else ""
            self._warn(UPDATE_PAUSES, silent[0], f"is not set{whose}, which means 'pause': {remedy}")

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
                    UPDATE_WATCHED_TOO_SHORT,
                    (*path, "monitor"),
                    f"an update watches a task for {duration_text(monitor)}, and the health check may need"
                    f" {duration_text(need)} (start_period + interval × retries) to find it unhealthy",
                )
        held = ports_of_hosts(spec)
        for key, section in SECTIONS.items():
            if held and rollout_of(spec, section).get("Order") == "start-first":
                self._warn(
                    PORT_HELD_IN_UPDATE,
                    ("services", name, "deploy", key, "order"),
                    f"'start-first' starts the new task while the old one still holds port"
                    f" {held[0][1]} of the host; use 'stop-first'",
                )

    def _stopping(self, name: str, spec: ServiceSpec) -> None:
        """A long time without a task while each is replaced."""
        grace = container_of(spec).get("StopGracePeriod") or 0
        order = rollout_of(spec).get("Order") or "stop-first"
        if grace > MINUTE and order == "stop-first" and not is_job(spec):
            text = f"is {duration_text(grace)}, and an update starts a new task when the old one has stopped"
            text += ": its place may be empty that long"
            remedy = "" if ports_of_hosts(spec) else "; update_config.order: start-first starts the new one before"
            self._warn(SLOW_STOP, ("services", name, "stop_grace_period"), text + remedy)

    def _images(self) -> None:
        """Images whose tag says no version: one line for all services."""
        services = self.document.section("services")
        specs = self.specs.services.items()
        names = [full.removeprefix(f"{self.stack}_") for full, spec in specs if not is_identifier(image_of(spec))]
        floating = [name for name in names if tagged(services[name]["image"]).endswith(":latest")]
        if floating:
            image = services[floating[0]]["image"]
            what = "has the tag latest" if image.endswith(":latest") else "has neither tag nor digest"
            more = f", and so {'have' if len(floating) > 2 else 'has'} {listed(floating[1:])}" if floating[1:] else ""
            self._warn(
                IMAGE_TAG_MOVES,
                ("services", floating[0], "image"),
                f"{self.findings.value(image)} {what}{more}: the same file means another image tomorrow;"
                " name a version",
            )

    def _taken(self) -> Mapping[Key, list[ServiceSpec]]:
        """Specs of services that are not of this stack, by the ports of hosts that they publish."""
        found: dict[Key, list[ServiceSpec]] = defaultdict(list)
        for spec in (raw["Spec"] for raw in self.services):
            if stack_of(spec) != self.stack:
                for port in ports_of_hosts(spec):
                    found[port].append(spec)
        return found

    def _ports(self, name: str, full: str, spec: ServiceSpec, taken: Mapping[Key, list[ServiceSpec]]) -> None:
        """Ports of hosts that tasks of others hold, too; for any other port Swarm refuses the second service."""
        for port in ports_of_hosts(spec):
            others = [other for other in taken.get(port, ()) if self._meet(self.fits[full], other)]
            if others:
                given = self.document.section("services")[name].get("ports", ())
                place = next((one.place for one in given if one.get("published") == port[1]), None)
                self._warn(
                    PORT_TAKEN,
                    ("services", name, "ports"),
                    f"port {port[1]}/{port[0]} is taken on nodes that both may run on by the service"
                    f" {others[0]['Name']}",
                    place,
                )

    def _meet(self, fits: list[Node] | None, other: ServiceSpec) -> bool:
        """Whether tasks of both may come to one node."""
        return fits is None or bool(fitting(constraints_of(other), fits))
