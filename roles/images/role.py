"""Images from files: on each host that may run services that name them, sent and loaded where they are missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field

from roles.images.kinds import IMAGE_UNUSED, KINDS
from roles.images.uses import Use, is_for, may_run_on, uses
from skep import places
from skep.dataclass import dataclass
from skep.milestones import IMAGES_LOADED, engine_up, images_loaded
from skep.model import Archive, Cluster, Host
from skep.plan import Finding, Run, Send, Step
from skep.questions import Answers
from skep.request import RequestedCluster, RequestedStack
from skep.role import HostRole
from skep.seen import Seen
from skep.shell import quoted, script
from skep.steps import StepId
from skep.swarm.archived import identifier
from skep.swarm.engine_info import EngineInfo, will_be_in_containerd
from skep.swarm.image import short
from skep.swarm.objects import Node

MIB = 1 << 20
NODES = "/nodes"
PLACE = "/var/lib/skep/images"


@dataclass(frozen=True, slots=True)
class State:
    """``images`` that the engine of a host has, of those that were asked for, by what it calls them; ``info`` is what
    it says of itself. ``nodes``: of the swarm, from managers only."""

    images: frozenset[str] = frozenset()
    info: EngineInfo = field(default_factory=EngineInfo)
    nodes: tuple[Node, ...] = ()


class Images(HostRole[State]):
    """Sends archives and has engines load them; what is there and no file names any more stays."""

    name = "images"
    kinds = KINDS
    actions = ("send", "load")
    milestones = (IMAGES_LOADED,)
    questions = ("/info", NODES)

    def has_part_in(self, stacks: Sequence[RequestedStack], cluster: RequestedCluster) -> bool:
        """In what their files say, not in what changes something that runs, or goes back to what did."""
        deployed = [one for one in stacks if not one.rollout.partial and one.rollout.revision is None]
        return bool(cluster.archives) and any(one.compose and one.rollout.resolve != "refresh" for one in deployed)

    def probe_of(self, cluster: RequestedCluster) -> str:
        """Nothing where no file is named."""
        images = [image for archive in cluster.archives for image in archive.images]
        names = sorted({name for image in images for name in (image.id, image.digest) if name})
        return places.probe("roles/images/probe.sh", IDS=" ".join(names)) if names else ""

    def parse(self, text: str, answers: Answers) -> State | None:
        """The images there; ``None`` where no engine runs."""
        if "/info" not in answers:
            return None
        return State(frozenset(text.split()), answers["/info"], tuple(answers.get(NODES) or ()))

    def desired(self, cluster: Cluster, host: Host) -> State:
        """All images of files that tasks may need there, as far as the inventory says, by the engine's own names."""
        found = (use for use in uses(cluster) if may_run_on(use.spec, host, None))
        return State(frozenset(use.image.id for use in found))

    def plan(self, cluster: RequestedCluster, seen: Seen[State]) -> Sequence[Step | Finding]:
        """An archive is sent once, and loaded where an image of it that is needed is missing."""
        if not cluster.archives:
            return []
        needed, stores = uses(cluster), _stores(cluster, seen)
        hosts = [_There(cluster, host, seen, needed, stores) for host in seen.hosts(cluster)]
        found: list[Step | Finding] = [*_unused(cluster, needed), *_of_other_machines(needed, hosts)]
        for host in hosts:
            found += host.items()
        return found


class _There:
    """A host, and the services with images of files that may run there."""

    def __init__(
        self,
        cluster: RequestedCluster,
        host: Host,
        seen: Seen[State],
        needed: Sequence[Use],
        stores: Mapping[str, bool],
    ) -> None:
        self._cluster = cluster
        self._host = host
        self._state = seen.states[host.name]
        self._stores = stores
        self.name = host.name
        self.machine = seen.platforms[host.name].architecture if host.name in seen.platforms else ""
        member = seen.members.get(host.name)
        nodes = {node["ID"]: node for node in (seen.swarm.nodes if seen.swarm else ())}
        node = nodes.get(member.node) if member and member.node else None
        self.placed = [use for use in needed if may_run_on(use.spec, host, node)]

    def items(self) -> Iterator[Step | Finding]:
        """What is to be said and done there."""
        needed = [use for use in self.placed if is_for(use.image, self.machine)]
        if not needed:
            return
        own = self._stores[self.name]
        other = next((name for name, kept in self._stores.items() if kept is not own), None)
        if own and other:
            yield _mixed(self.name, other)
            return
        unnamed = next((use for use in needed if own and not use.image.digest), None)
        if unnamed:
            yield _unnamed(self.name, unnamed)
            return
        there = self._state.images if self._state else frozenset()
        missing: dict[str, list[Use]] = {}
        for use in needed:
            if identifier(use.image, containerd=own) not in there:
                missing.setdefault(use.archive.sha256, []).append(use)
        for found in missing.values():
            yield from self._load(found, containerd=own)

    def _load(self, found: Sequence[Use], *, containerd: bool) -> Iterator[Step]:
        archive = found[0].archive
        names = {identifier(use.image, containerd=containerd): use.image.names[0] for use in found}
        label, of = archive.sha256[:12], ", ".join(names.values())
        cause = f"{of} {'is' if len(names) == 1 else 'are'} missing"
        unpacked = sum(image.unpacked for image in archive.images)
        sent = Send(
            id=StepId("images", "send", self.name, label),
            host=self.name,
            title=f"send {archive.path.rpartition('/')[2]}, {-(-archive.size // MIB)} MiB",
            cause=cause,
            source=archive.path,
            path=f"{PLACE}/{label}.tar",
            size=archive.size,
            sha256=archive.sha256,
            mode=0o600,
            timeout=3600,
        )
        yield sent
        yield Run(
            id=StepId("images", "load", self.name, label),
            host=self.name,
            title=f"load {of}, {-(-unpacked // MIB)} MiB",
            cause=cause,
            detail=tuple(f"{name} is {short(one)}" for one, name in names.items()),
            script=script("roles/images/load.sh"),
            variables={"FROM": sent.path, "IDS": " ".join(names), "KEEP": self._kept()},
            otherwise="do what the cause says, then run the same command again: what was sent is not sent again",
            needs=(sent.id, engine_up(self.name)),
            provides=tuple(images_loaded(stack) for stack in dict.fromkeys(use.stack for use in found)),
            timeout=1800,
            writes={"/var/lib/containerd" if containerd else self._host.data_root: 2 * unpacked + MIB},
        )

    def _kept(self) -> str:
        """What archives on the host are called that may still be needed."""
        return " ".join(archive.sha256[:12] for archive in self._cluster.archives)


def _stores(cluster: Cluster, seen: Seen[State]) -> Mapping[str, bool]:
    """Host → whether containerd keeps its images."""
    infos = {name: state.info if state else None for name, state in seen.states.items()}
    return will_be_in_containerd(seen.hosts(cluster), infos)


def _unused(cluster: RequestedCluster, needed: Sequence[Use]) -> Iterator[Finding]:
    """Where the whole cluster is planned, and all its files can be read."""
    if not all(stack.rollout.follows_hosts for stack in cluster.stacks):
        return
    used = {use.archive.sha256 for use in needed}
    for archive in cluster.archives:
        if archive.sha256 not in used:
            yield _unused_file(archive)


def _unused_file(archive: Archive) -> Finding:
    names = [name for image in archive.images for name in image.names]
    return Finding(
        "warning",
        f"{archive.place}: images: no service names {' or '.join(names)}, which is all that {archive.path} holds",
        role="images",
        kind=IMAGE_UNUSED,
        next_action="take the file out, or write the image into a compose file as it is called there",
    )


def _of_other_machines(needed: Sequence[Use], hosts: Sequence[_There]) -> Iterator[Finding]:
    """Services that no host can run where they may."""
    for use in needed:
        placed = [host for host in hosts if use in host.placed]
        if placed and not any(is_for(use.image, host.machine) for host in placed):
            own = sorted({host.machine for host in placed})
            yield Finding(
                "error",
                f"{use.spec['Name']} may run on {', '.join(host.name for host in placed)}, of {' and '.join(own)}, and"
                f" its image {use.image.names[0]} of {use.archive.path} is for {use.image.architecture}",
                role="images",
                next_action=_saved_for(own[0], use),
            )


def _saved_for(machine: str, use: Use) -> str:
    """How the image comes into a file for those hosts, where Docker is and reaches its registry."""
    name, folder = use.image.names[0], use.archive.path.rpartition("/")[0]
    file = f"{folder}/{name.rpartition('/')[2].partition(':')[0]}-{machine}.tar"
    pull = f"docker pull --platform linux/{machine} {quoted(name)}"
    return (
        f"have a file for {machine} written: {pull} && docker save --output {quoted(file)} {quoted(name)}; then name it"
        f" in place of {use.archive.path}"
    )


def _mixed(host: str, other: str) -> Finding:
    return Finding(
        "error",
        f"keeps images in containerd, and {other} does not: a service can name an image from a file only by what one of"
        " both calls it",
        host=host,
        role="images",
        next_action="have all hosts keep them alike: daemon.features.containerd-snapshotter: false in the inventory",
    )


def _unnamed(host: str, use: Use) -> Finding:
    return Finding(
        "error",
        f"keeps images in containerd, which calls {use.image.names[0]} of {use.archive.path} by what the file does not"
        " say",
        host=host,
        role="images",
        next_action="save it by Docker 25 or newer; or daemon.features.containerd-snapshotter: false in the inventory",
    )


role = Images()
