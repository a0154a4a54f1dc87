"""Overlay networks: created where missing; a drifted one is refused, for a network cannot be changed in place."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import field
from typing import TypedDict

from skep.dataclass import dataclass
from skep.diff import lines
from skep.milestones import NETWORKS_EXIST, SWARM_EXISTS
from skep.model import Network
from skep.plan import Call, Finding, Step
from skep.questions import SERVICES, Answers
from skep.request import RequestedCluster
from skep.role import ClusterRole
from skep.seen import Seen
from skep.steps import EARLIER, Edge, Milestone, StepId
from skep.swarm import network as forms
from skep.swarm import objects
from skep.swarm.addresses import go_network, overlap
from skep.swarm.labels import NAMESPACE, SERVICE_ID, stack_of
from skep.swarm.references import used
from skep.swarm.spec import ServiceSpec

CONTAINERS = rf"""
[ -d "/proc/$(cat /var/run/docker.pid 2>/dev/null || echo none)" ] || exit 0
timeout 20 docker ps --format '{{{{.Label "{SERVICE_ID}"}}}} {{{{.Names}}}} {{{{.Networks}}}}' | sed -n 's/^ //p'
"""
"""Prints name and networks of the containers that run there and are no service's."""

NETWORKS = "/networks?filters=%7B%22scope%22%3A%5B%22swarm%22%5D%7D"


class Settings(TypedDict, total=False):
    """A network in the inventory's terms; ``None`` where it is left to Docker."""

    driver: str
    subnet: str | None
    gateway: str | None
    ipv6: bool | None
    attachable: bool
    internal: bool
    encrypted: bool
    labels: Mapping[str, str]
    options: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Overlay:
    """A network of the swarm as a manager lists it, and the services that use it, with their ``stacks``."""

    id: str
    settings: Settings
    users: tuple[str, ...] = ()
    stacks: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class State:
    """The swarm's networks by name, where this host can list them: managers only.

    ``attached`` are the networks of containers on it that no service started, by the container's name; looked at only
    where a network may be removed.
    """

    networks: Mapping[str, Overlay] | None = field(default_factory=dict)
    attached: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Networks(ClusterRole[State]):
    """Creates; recreates only what the user named with ``--replace-network``."""

    name = "networks"
    actions: tuple[str, ...] = ("create", "remove")
    milestones: tuple[Milestone, ...] = (NETWORKS_EXIST,)
    questions: tuple[str, ...] = (NETWORKS, SERVICES, "/nodes")

    def probe_of(self, cluster: RequestedCluster) -> str:
        """What no manager can list: containers that were attached by hand."""
        return CONTAINERS if cluster.taken_down or cluster.replace_networks else self.probe

    def parse(self, text: str, answers: Answers) -> State | None:
        """From the networks of swarm scope and the services' targets; on a worker only what is ``attached``."""
        attached = {
            words[0]: tuple(words[1].split(",")) for line in text.splitlines() if len(words := line.split()) == 2
        }
        if "/nodes" not in answers:
            return State(None, attached) if attached else None
        services: dict[str, list[ServiceSpec]] = {}
        for service in answers.get(SERVICES, []):
            spec: ServiceSpec = service["Spec"]
            for target in used("network", spec):
                services.setdefault(target, []).append(spec)
        return State({raw["Name"]: _overlay(raw, services) for raw in answers.get(NETWORKS, [])}, attached)

    def plan(self, cluster: RequestedCluster, seen: Seen[State]) -> Sequence[Step | Finding]:
        """Create what is missing; refuse, or replace where that is allowed, what differs."""
        listed = _listed(seen)
        have = listed or {}
        steps: list[Step | Finding] = []
        for network in cluster.networks:
            overlay = have.get(network.name)
            if overlay is None:
                steps += _overlapping(network, have)
                steps.append(_create(network, "missing", only_with=None if listed is not None else SWARM_EXISTS))
                continue
            drift = _drift(network, overlay)
            if drift:
                steps += _replace(cluster, network, overlay, drift, _attached(seen, network.name))
        return steps

    def down(self, cluster: RequestedCluster, seen: Seen[State]) -> Sequence[Step | Finding]:
        """Remove the inventory's networks, once the stacks are gone. An error where something that stays uses one of
        them, or one of its stacks': the rest would be gone before the engine refuses."""
        have = _listed(seen) or {}
        stacks = {stack.name for stack in cluster.stacks}
        own = {network.name: have[network.name] for network in cluster.networks if network.name in have}
        theirs = {
            name: one for name, one in have.items() if (one.settings.get("labels") or {}).get(NAMESPACE) in stacks
        }
        return [
            *(one for name, overlay in {**own, **theirs}.items() for one in _held(name, overlay, stacks, seen)),
            *(
                _remove(network, own[network.name], "taken down", needs=(EARLIER,))
                for network in cluster.networks
                if network.name in own
            ),
        ]


def _held(name: str, overlay: Overlay, stacks: Collection[str], seen: Seen[State]) -> Iterator[Finding]:
    """What uses a network and is in none of these stacks."""
    for stack in sorted({overlay.stacks.get(user, "") for user in overlay.users} - set(stacks)):
        users = [user for user in overlay.users if overlay.stacks.get(user, "") == stack]
        whose = f"of stack {stack}, which is not in the inventory" if stack else "of no stack"
        way = f"invoke stack.rm {stack}" if stack else f"on a manager: docker service rm {' '.join(users)}"
        yield _refusal(f"network {name} is used by {', '.join(users)}, {whose}", f"remove what uses it first: {way}")
    for host, container in _attached(seen, name):
        yield _refusal(
            f"network {name} is used by the container {container}, which no service started",
            f"end it first, on {host}: docker rm --force {container}",
            host,
        )


def _attached(seen: Seen[State], network: str) -> list[tuple[str, str]]:
    """Host and name of the containers in a network that no service started."""
    return [
        (host, name)
        for host, state in seen.states.items()
        for name, networks in (state.attached.items() if state else ())
        if network in networks
    ]


def _overlapping(network: Network, have: Mapping[str, Overlay]) -> list[Step | Finding]:
    """Networks of the swarm that have addresses of one that is to be made: Swarm would take it, and give none out."""
    own = go_network(network.subnet or "")
    for name, other in sorted(have.items()):
        there = go_network(other.settings.get("subnet") or "")
        if own is not None and there is not None and overlap(own, there):
            text = f"network {network.name} {own} overlaps {there} of the network {name} in the swarm: its tasks would"
            action = f"choose another range, or remove that network: docker network rm {name}"
            return [_refusal(f"{text} never get an address", action)]
    return []


def settings(network: Network) -> Settings:
    """What decides whether a network is the one desired, in the inventory's terms; what it leaves to Docker is
    ``None``."""
    asked = _terms(forms.body(network))
    asked["ipv6"] = asked["ipv6"] or None
    return asked


def _terms(body: objects.Network) -> Settings:
    """The settings of a network as the API gives or takes it, in the inventory's terms."""
    found = forms.settings(body)
    options = found["Options"]
    return {
        "driver": found["Driver"],
        "subnet": next(iter(found["Subnet"]), None),
        "gateway": next(iter(found["Gateway"]), None),
        "ipv6": found["EnableIPv6"],
        "attachable": found["Attachable"],
        "internal": found["Internal"],
        "encrypted": forms.ENCRYPTED in options,
        "labels": found["Labels"],
        "options": {key: value for key, value in options.items() if key != forms.ENCRYPTED},
    }


def _overlay(raw: objects.Network, services: Mapping[str, list[ServiceSpec]]) -> Overlay:
    users = {spec["Name"]: spec for key in (raw["Id"], raw["Name"]) for spec in services.get(key, ())}
    stacks = {name: stack for name, spec in users.items() if (stack := stack_of(spec))}
    return Overlay(raw["Id"], _terms(raw), tuple(sorted(users)), stacks)


def _listed(seen: Seen[State]) -> Mapping[str, Overlay] | None:
    """The swarm's networks; ``None`` where no manager can list them."""
    return seen.swarm.networks if seen.swarm else None


def _drift(network: Network, overlay: Overlay) -> tuple[str, ...]:
    """Lines ``key: old → new``; what the inventory leaves to Docker (subnet, gateway) does not count."""
    desired = {key: value for key, value in settings(network).items() if value is not None}
    return lines({key: overlay.settings.get(key) for key in desired}, desired)


def _replace(
    cluster: RequestedCluster,
    network: Network,
    overlay: Overlay,
    drift: tuple[str, ...],
    attached: Sequence[tuple[str, str]],
) -> list[Step | Finding]:
    differs = f"network {network.name} differs ({'; '.join(drift)})"
    if overlay.users:
        return [
            _refusal(
                f"{differs} and is used by {', '.join(overlay.users)}",
                "put the old value back, or remove the stacks that use it first; which there are: invoke stack.ls",
            )
        ]
    if network.name not in cluster.replace_networks:
        return [
            _refusal(
                f"{differs}; a network cannot be changed in place",
                f"nothing uses it: allow its replacement with --replace-network {network.name}",
            )
        ]
    if attached:
        return [
            _refusal(
                f"{differs} and is used by the container {name}",
                f"end it first, on {host}: docker rm --force {name}",
                host,
            )
            for host, name in attached
        ]
    return [
        _remove(network, overlay, "differs, and its replacement was allowed", detail=drift),
        _create(network, "replaced", needs=(_removal(network),)),
    ]


def _refusal(text: str, next_action: str, host: str | None = None) -> Finding:
    return Finding("error", text, host=host, role="networks", next_action=next_action)


def _removal(network: Network) -> StepId:
    return StepId("networks", "remove", object=network.name)


def _create(network: Network, cause: str, needs: tuple[Edge, ...] = (), only_with: Edge | None = None) -> Step:
    return Call(
        id=StepId("networks", "create", object=network.name),
        title=f"create network {network.name}",
        cause=cause,
        operation="network_create",
        arguments={"body": forms.body(network)},
        needs=(SWARM_EXISTS, *needs),
        provides=(NETWORKS_EXIST,),
        only_with=only_with,
    )


def _remove(
    network: Network, overlay: Overlay, cause: str, *, needs: tuple[Edge, ...] = (), detail: tuple[str, ...] = ()
) -> Step:
    return Call(
        id=_removal(network),
        title=f"remove network {network.name}",
        cause=cause,
        operation="network_remove",
        arguments={"network": overlay.id},
        needs=needs,
        detail=detail,
    )


role = Networks()
