"""What the plan of a stack has to say without doing anything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from roles.stacks.drift import Drift
from roles.stacks.kinds import IMAGE_MOVED, NETWORK_DRIFT, SERVICE_SURPLUS
from roles.stacks.quotas import without_quota
from roles.stacks.sizes import too_large
from roles.stacks.volumes import kept
from roles.stacks.waiting import too_short
from skep.compose.capacity import MASK
from skep.compose.lints import lints
from skep.compose.newer_keys import dropped
from skep.diff import Change, changes
from skep.kinds.files import (
    NO_NODE_FITS,
    NODE_REFUSES,
    PORT_HELD_IN_UPDATE,
    PORT_TAKEN,
    REPLICAS_TOO_MANY,
    RESERVATION_TOO_LARGE,
    SUBNET_TOO_SMALL,
)
from skep.plan import Finding
from skep.reading.findings import Remark
from skep.refusals.log_options import LogDefaults
from skep.refusals.names import USABLE
from skep.swarm.comparing import MODE, shown
from skep.swarm.image import short
from skep.swarm.labels import NAMESPACE, labels_of, stack_of
from skep.swarm.network import POOL, body, settings
from skep.swarm.objects import Network, Node
from skep.swarm.service import image_of, inherited, pinned, same_image
from skep.swarm.spec import ServiceSpec

IN_THE_WAY = frozenset(
    {
        NO_NODE_FITS,
        NODE_REFUSES,
        PORT_HELD_IN_UPDATE,
        PORT_TAKEN,
        REPLICAS_TOO_MANY,
        RESERVATION_TOO_LARGE,
        SUBNET_TOO_SMALL,
    }
)
"""Kinds that say why tasks may never run: each roll-out that meets one says so again."""


def findings(drift: Drift) -> Iterator[Finding]:
    """Errors that forbid the roll-out, then what is worth knowing."""
    yield from drift.desired.findings
    yield from _remarks(drift, drift.desired.document.remarks if drift.desired.document else ())
    yield from _dropped(drift)
    yield from _lints(drift)
    yield from too_large(drift)
    if drift.surplus and not drift.desired.prune:
        there = "is" if len(drift.surplus) == 1 else "are"
        yield Finding(
            "warning",
            f"stack {drift.name}: {', '.join(drift.surplus)} {there} in the swarm and not in the compose files",
            role="stacks",
            kind=SERVICE_SURPLUS,
            stack=drift.name,
            next_action=f"to remove what is not in them: invoke stack.deploy {drift.name} --prune",
        )
    yield from _modes(drift)
    yield from too_short(drift)
    if not drift.blind:
        yield from _others(drift)
        yield from _missing(drift)
        yield from _unresolved(drift)
        yield from _moved(drift)
    yield from _networks(drift)
    specs = {name: raw["Spec"] for name, raw in drift.found.services.items()}
    yield from without_quota(drift)
    yield from kept(drift.name, drift.desired.services, specs, drift.swarm.volumes)


def _dropped(drift: Drift) -> Iterator[Finding]:
    if drift.desired.document is not None and drift.oldest is not None:
        yield from _remarks(drift, dropped(drift.desired.document, drift.oldest))


def _remarks(drift: Drift, remarks: Iterable[Remark]) -> Iterator[Finding]:
    """What there is to say of files."""
    waits = bool(drift.differing) or drift.open
    for one in remarks:
        standing = not (waits and one.kind in IN_THE_WAY)
        yield Finding("warning", one.text, role="stacks", standing=standing, kind=one.kind, stack=drift.name)


def _lints(drift: Drift) -> Iterator[Finding]:
    document, specs = drift.desired.document, drift.desired.specs
    if document is not None and specs is not None:
        swarm, cluster = drift.swarm, drift.cluster
        there = {network["Name"] for network in swarm.networks}
        planned = [body(one) for one in cluster.networks if one.name not in there]
        networks = [*swarm.networks, *planned]
        mask = cluster.swarm.subnet_size or MASK
        nodes = _nodes(drift)
        found = lints(
            document,
            replace(specs, services={name: _resolved(drift, spec) for name, spec in specs.services.items()}),
            nodes=nodes,
            services=swarm.services,
            networks=networks,
            mask=mask,
            logs=frozenset(LogDefaults.of({**swarm.logs.get(host.name, {}), **host.daemon}) for host in cluster.hosts),
        )
        yield from _remarks(drift, found)


def _resolved(drift: Drift, spec: ServiceSpec) -> ServiceSpec:
    """With the platforms of its image, where they are known: of the registry's answer, else as it runs."""
    answer, have = drift.swarm.images.get(image_of(spec)), drift.found.services.get(spec["Name"])
    if answer is not None and not isinstance(answer, str):
        return pinned(spec, {image_of(spec): answer})
    return inherited(spec, have["Spec"], None, [], is_pinned=False) if have else spec


def _nodes(drift: Drift) -> list[Node] | None:
    """The nodes as they are; where this run brings them to what the inventory says, as that, and ``None`` while a host
    of it is not one yet."""
    if drift.blind or not drift.rollout.follows_hosts:
        return None if drift.blind else list(drift.swarm.nodes)
    hosts = list(drift.cluster.hosts)
    nodes: list[Node] = []
    for node in drift.swarm.nodes:
        hostname, address = (node.get("Description") or {}).get("Hostname"), (node.get("Status") or {}).get("Addr")
        host = next((one for one in hosts if hostname == one.name or address in (one.address, one.advertise)), None)
        if host is not None:
            hosts.remove(host)
            labels = {**labels_of(node.get("Spec") or {}), **host.labels}
            node = {**node, "Spec": {"Role": host.role, "Availability": host.availability, "Labels": labels}}
        nodes.append(node)
    return None if hosts else nodes


def _others(drift: Drift) -> Iterator[Finding]:
    """Names that somebody else's services have."""
    for service in drift.swarm.services:
        name, owner = service["Spec"]["Name"], stack_of(service["Spec"])
        if name in drift.desired.services and owner != drift.name:
            yield Finding(
                "error",
                f"stack {drift.name} has a service {name}, and another one of that name exists, "
                + (f"of stack {owner}" if owner else "of no stack"),
                role="stacks",
                next_action=f"rename one of them, or remove the other: docker service rm {name}",
            )


def owned_twice(drifts: Sequence[Drift]) -> Iterator[Finding]:
    """Names that two stacks of the inventory claim for themselves."""
    owners: dict[tuple[str, str], str] = {}
    for drift in drifts:
        for kind in ("service", "network", "config", "secret"):
            for name in getattr(drift.desired, f"{kind}s"):
                owner = owners.setdefault((kind, name), drift.name)
                if owner != drift.name:
                    yield Finding(
                        "error",
                        f"stacks {owner} and {drift.name} both have a {kind} of the name {name}",
                        role="stacks",
                        next_action="rename one of them"
                        + ("" if kind == "service" else f"; or make it `external: true` in stack {drift.name}"),
                    )


def _modes(drift: Drift) -> Iterator[Finding]:
    """Services that would change their mode: "service mode change is not allowed", says swarmkit."""
    for name, change in ((d.name, change) for d in drift.differing for change in d.changes):
        if change.path == MODE:
            yield Finding(
                "error",
                f"service {name} is {change.old} and is to be {change.new}: Swarm changes no service's mode",
                role="stacks",
                next_action=f"remove it, and run this again: docker service rm {name}",
            )


def _missing(drift: Drift) -> Iterator[Finding]:
    """What the stack uses and nobody made."""
    outside, swarm = drift.desired.outside, drift.swarm
    planned = {network.name for network in drift.cluster.networks}
    present = {network["Name"] for network in swarm.networks} | planned | set(USABLE)
    for kind, names, have in (
        ("network", outside.networks, present),
        ("config", outside.configs, {one["Spec"]["Name"] for one in swarm.configs}),
        ("secret", outside.secrets, {one["Spec"]["Name"] for one in swarm.secrets}),
    ):
        for name in names:
            if name not in have:
                yield Finding(
                    "error",
                    f"stack {drift.name} uses the {kind} {name}, which is not in the swarm",
                    role="stacks",
                    next_action=f"make it first, on a manager: docker {kind} create"
                    + (
                        f" --driver overlay {name}, or under networks: in the inventory"
                        if kind == "network"
                        else f" {name} FILE"
                    ),
                )


def _unresolved(drift: Drift) -> Iterator[Finding]:
    needed = drift.inquired() if drift.rollout.resolve == "refresh" else drift.unresolved()
    without = "" if drift.rollout.resolve == "refresh" else "--no-resolve, or for good "
    without += f"resolve: false under stacks.{drift.name} in the inventory"
    way = f"fix its name or the registry's credentials; where it is in no registry, but on the nodes: {without}"
    if drift.swarm.outdated:
        way = f"the registry settings of {', '.join(drift.swarm.outdated)} are not the inventory's: invoke cluster.up"
    for image in needed:
        answer = drift.swarm.images.get(image)
        if isinstance(answer, str) and image not in drift.late():
            text = f"stack {drift.name}: the image {image} does not resolve: {answer}"
            yield Finding("error", text, role="stacks", next_action=way)


def _moved(drift: Drift) -> Iterator[Finding]:
    """Tags that are another image now than when they were deployed."""
    for name, spec in drift.desired.services.items() if drift.rollout.resolve == "all" else ():
        raw, answer = drift.found.services.get(name), drift.swarm.images.get(image_of(spec))
        if raw is None or answer is None or isinstance(answer, str) or not same_image(spec, raw["Spec"]):
            continue
        now, runs = image_of(pinned(spec, {image_of(spec): answer})), image_of(raw["Spec"])
        if now != runs:
            yield Finding(
                "note",
                f"service {name} runs {short(runs)}, and {image_of(spec)} is {short(now).partition('@')[2]} now",
                role="stacks",
                kind=IMAGE_MOVED,
                stack=drift.name,
                next_action=f"roll it out: invoke stack.refresh {drift.name}",
            )


def _networks(drift: Drift) -> Iterator[Finding]:
    for name, asked in drift.desired.networks.items():
        have = drift.found.networks.get(name)
        differing = [shown(change, drift.hidden) for change in _network_changes(have, asked)] if have else []
        if differing:
            yield Finding(
                "warning",
                f"network {name} differs ({'; '.join(map(str, differing))}); a network cannot be changed in place",
                role="stacks",
                kind=NETWORK_DRIFT,
                stack=drift.name,
                next_action=f"take the stack down and deploy it again: invoke stack.rm {drift.name}",
            )


def _network_changes(have: Network, asked: Network) -> list[Change]:
    """What differs; of addresses only what is asked for."""
    old, new = settings(have), settings(asked)
    for side in (old, new):
        side["Labels"] = {key: value for key, value in side["Labels"].items() if key != NAMESPACE}
    for key in POOL:
        desired = new[key]
        if not any(desired):
            old[key] = desired
        elif key != "Subnet" and len(old[key]) == len(desired):
            old[key] = [there if asked else None for there, asked in zip(old[key], desired, strict=True)]
    return list(changes(old, new))
