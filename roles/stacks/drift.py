"""What is desired of one stack, what is observed, and which services differ."""

from __future__ import annotations

import base64
from collections.abc import Container, Mapping
from dataclasses import replace
from functools import cached_property

from roles.stacks.desired import Desired
from roles.stacks.state import Found, SwarmObjects
from skep.dataclass import dataclass
from skep.diff import Change
from skep.hidden import holds
from skep.model import Host
from skep.request import RequestedCluster, RequestedStack, Rollout
from skep.secret import secrets_in
from skep.swarm.comparing import differences, unlisted
from skep.swarm.image import is_by_name
from skep.swarm.objects import Network, Node, ObjectSpec
from skep.swarm.placement import constraints_of, fitting
from skep.swarm.references import named
from skep.swarm.service import image_of, inherited, pinned, placement_of, runs_once, same_image
from skep.swarm.spec import Platform, ServiceSpec
from skep.swarm.versions import oldest_manager, understood

Services = Mapping[str, ServiceSpec]
"""Specs with names in place of identifiers, by the services' full names."""
IN_INVENTORY = ("node.role", "node.hostname", "node.labels.")
"""What constraints ask of a node that the inventory says of its host."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A service that is to be created (``have`` is ``None``) or changed, with the spec to send."""

    name: str
    spec: ServiceSpec
    have: ServiceSpec | None
    changes: tuple[Change, ...] = ()


class Drift:
    """A stack as desired beside the swarm as observed; ``blind`` where no manager answers what the swarm holds."""

    def __init__(
        self, cluster: RequestedCluster, stack: RequestedStack, desired: Desired, swarm: SwarmObjects | None
    ) -> None:
        self.cluster = cluster
        self.stack = stack
        self.swarm = swarm or SwarmObjects()
        self.oldest = oldest_manager(self.swarm.nodes)
        """What it drops is neither sent nor compared: a spec is the managers' to keep."""
        services = {name: understood(spec, self.oldest) for name, spec in desired.services.items()}
        self.desired = replace(desired, services=services)
        self.names = self.swarm.names
        """Identifier → name of networks, configs and secrets."""
        self.blind = swarm is None
        self.hidden = desired.hidden | {value.reveal() for value in secrets_in(stack) if value.reveal()}
        self.cause = desired.cause
        self.found: Found = self.swarm.of(stack.name)
        self.differing = [d for d in map(self._differing, sorted(desired.services)) if d is not None]
        self.surplus = sorted(set(self.found.services) - set(desired.services) - desired.spared)

    @property
    def name(self) -> str:
        """The stack's name."""
        return self.stack.name

    @property
    def rollout(self) -> Rollout:
        """What this run is to do beyond what the files say."""
        return self.stack.rollout

    @property
    def hooks(self) -> Mapping[str, str]:
        """The hooks that this roll-out runs."""
        return {} if self.rollout.partial or self.rollout.revision is not None else self.desired.hooks

    @property
    def open(self) -> bool:
        """Whether nobody saw the end of the last roll-out."""
        return bool(self.found.revisions) and not self.found.revisions[-1].done

    @property
    def goes_back_on_failure(self) -> bool:
        """Whether a deploy that fails is taken back without being asked again."""
        document = self.desired.document
        return (self.stack.on_failure or (document.options.on_failure if document else None)) == "rollback"

    @property
    def vouches(self) -> bool:
        """Whether the end of this roll-out can be noted as something to go back to: not where it leaves out the hooks
        of one that failed, which the next deploy has to run."""
        return not (self.rollout.partial and self.open and self.desired.hooks)

    @property
    def pruned(self) -> list[str]:
        """Services that go."""
        return self.surplus if self.desired.prune else []

    def may_be_on(self, host: Host, spec: ServiceSpec) -> bool:
        """Whether the constraints of a spec let a task of it be on that host: by its node, and where that is not known,
        by what the inventory says of it."""
        node = next((one for one in self.swarm.nodes if self.swarm.hosts.get(one["ID"]) == host.name), None)
        if node is not None:
            return bool(fitting(constraints_of(spec), [node]))
        known = [one for one in constraints_of(spec) if one.strip().casefold().startswith(IN_INVENTORY)]
        return bool(fitting(known, [_to_be(host)]))

    def may_meet(self, one: ServiceSpec, other: ServiceSpec) -> bool:
        """Whether tasks of both may come to one node. One that no node fits yet may come to any."""
        fits = fitting(constraints_of(one), self.swarm.nodes)
        return not fits or bool(fitting(constraints_of(other), fits))

    @cached_property
    def unseen(self) -> set[str]:
        """Services there that nobody saw running as they are: all, unless the last roll-out was seen to its end."""
        past = self.found.revisions
        if past and past[-1].done:
            return set()
        there = set(self.desired.services) & set(self.found.services)
        return {name for name in there if not self.was_taken_back(name)} - set(self.desired.hooks)

    def have(self, service: str) -> ServiceSpec | None:
        """The spec of a service as it is, with names in place of identifiers."""
        raw = self.found.services.get(service)
        return understood(named(raw["Spec"], self.names), self.oldest) if raw else None

    def new_networks(self) -> list[Network]:
        """What is sent for networks that are not there yet."""
        return [body for name, body in self.desired.networks.items() if name not in self.swarm.facts.networks]

    def halted(self, service: str) -> str:
        """Why Swarm paused the service's part of a roll-out that nobody saw to its end; empty where it did not. Such
        a service may run as desired, and every wait for it fails until it is rolled out anew; not by what is asked to
        do one certain thing. A service that was to run once may have done so and be paused all the same."""
        raw = self.found.services.get(service)
        if raw is None or not self.open or self.rollout.partial or self.rollout.resolve == "refresh":
            return ""
        status = raw.get("UpdateStatus") or {}
        paused = str(status.get("State", "")).endswith("paused") and not runs_once(raw["Spec"])
        return str(status.get("Message") or "no reason given") if paused else ""

    def was_taken_back(self, service: str) -> bool:
        """Whether Swarm rolled the service's last update back: it runs as before, and its status says so for ever."""
        status = (self.found.services.get(service) or {}).get("UpdateStatus") or {}
        return str(status.get("State", "")) == "rollback_completed"

    @property
    def asks(self) -> bool:
        """Whether anything is asked of registries."""
        return self.stack.resolve and not self.desired.pinned and self.rollout.resolve != "never"

    def late(self) -> list[str]:
        """Images that are resolved at the step: all where no manager could be asked, else those that no registry knew
        where the way in which managers ask registries changes before."""
        if self.blind:
            return self.unresolved()
        changes = bool(self.swarm.outdated) and self.rollout.follows_hosts
        return [one for one in self.unresolved() if isinstance(self.swarm.images.get(one), str)] if changes else []

    def unresolved(self) -> list[str]:
        """Images that are new here and no digests yet."""
        if not self.asks:
            return []
        asked = set()
        for difference in self.differing:
            spec = self.desired.services[difference.name]
            new = difference.have is None or not same_image(spec, difference.have)
            if new and is_by_name(image_of(difference.spec)):
                asked.add(image_of(spec))
        return sorted(asked)

    def inquired(self) -> list[str]:
        """Images whose registries are to be asked while planning."""
        if not self.asks:
            return []
        if self.rollout.resolve == "new":
            return self.unresolved()
        return sorted(set(filter(is_by_name, map(image_of, self.desired.services.values()))))

    def unlisted(self) -> set[str]:
        """Identifiers of networks that its services are in and no list of networks has."""
        return {one for raw in self.found.services.values() for one in unlisted(raw["Spec"], self.names)}

    def restarts(self, difference: Difference) -> bool:
        """Whether its tasks are replaced though nothing of the service asks for that."""
        name = difference.name
        return name in self.rollout.restart or (bool(self.halted(name)) and not difference.changes)

    @cached_property
    def sealed(self) -> list[str]:
        """Its configs that hold something hidden, and those that did as far as its revisions know."""
        now = {name for name, body in self.desired.configs.items() if holds(_content(body), self.hidden)}
        past = {name for revision in self.found.revisions for name in revision.content.get("sealed", ())}
        return sorted(now | past)

    def _differing(self, name: str) -> Difference | None:
        spec, have = self.desired.services[name], self.have(name)
        full = inherited(spec, have, *self._resolved(spec, have), is_pinned=self.desired.pinned)
        changes = tuple(differences(have, full, self.names)) if have is not None else ()
        if have is not None and not changes and name not in self.rollout.restart and not self.halted(name):
            return None
        return Difference(name, full, have, changes)

    def _resolved(self, spec: ServiceSpec, have: ServiceSpec | None) -> tuple[str | None, list[Platform]]:
        """The pinned image and its platforms, where that was asked for and is to be used."""
        answer = self.swarm.images.get(image_of(spec))
        keep = have is not None and same_image(spec, have) and self.rollout.resolve != "refresh"
        if keep or answer is None or isinstance(answer, str):
            return None, []
        full = pinned(spec, {image_of(spec): answer})
        return image_of(full), placement_of(full).get("Platforms") or []


def _to_be(host: Host) -> Node:
    labels = dict(host.labels)
    return {"ID": "", "Spec": {"Role": host.role, "Labels": labels}, "Description": {"Hostname": host.name}}


def data_of(body: ObjectSpec) -> bytes:
    """What a config or secret holds."""
    return base64.b64decode(body.get("Data") or "")


def _content(body: ObjectSpec) -> str:
    return data_of(body).decode(errors="surrogateescape")


def is_what_runs(services: Services, found: Found, swarm: SwarmObjects, but: Container[str] = ()) -> bool:
    """Whether the services there are exactly these, ``but`` for some."""
    there = {name: named(raw["Spec"], swarm.names) for name, raw in found.services.items() if name not in but}
    return not differ(there, {name: spec for name, spec in services.items() if name not in but}, swarm)


def differ(some: Services, others: Services, swarm: SwarmObjects, *, scaled: bool = True) -> bool:
    """Whether these services are not those. Where being ``scaled`` is no
    difference, the numbers of tasks do not count."""
    oldest = oldest_manager(swarm.nodes)
    return set(some) != set(others) or any(
        scaled or change.path[0] != "Mode"
        for name, spec in some.items()
        for change in differences(understood(spec, oldest), understood(others[name], oldest), swarm.names)
    )
