"""What lies on hosts in nobody's use, and goes: no part of what ``cluster.up`` does. ``cluster.prune`` and schedules
ask this role, and no others. Volumes and networks are never touched."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence, Set
from contextlib import suppress
from datetime import datetime
from typing import Any

from skep import places
from skep.dataclass import dataclass
from skep.measures import size
from skep.model import Cluster, Host
from skep.plan import Finding, Run, Step
from skep.questions import SERVICES, Answers
from skep.request import requested
from skep.role import HostRole
from skep.seen import Seen
from skep.shell import script
from skep.steps import StepId
from skep.swarm.image import is_identifier, parts
from skep.swarm.labels import TASK_ID
from skep.swarm.objects import Object, Service
from skep.swarm.revision import read_revision
from skep.swarm.service import container_of
from skep.swarm.spec import ServiceSpec

DAY = 86400.0
"""Seconds that containers stay after they ended, where nobody says otherwise."""
CONFIGS = "/configs"
OVER = ("exited", "dead")
NEVER_BEGAN = "created"


@dataclass(frozen=True, slots=True)
class Container:
    """A container. ``ended`` is how many seconds ago it ended, or was made if it never ran, ``when`` the minute of
    that (UTC); ``size`` what it wrote."""

    id: str
    name: str
    image: str
    state: str
    ended: float
    when: str
    task: bool
    size: int = 0


@dataclass(frozen=True, slots=True)
class Image:
    """An image; its ``size`` has layers in it that others share."""

    id: str
    tags: tuple[str, ...]
    digests: tuple[str, ...]
    size: int

    @property
    def shown(self) -> str:
        """A name that an operator knows, else its identifier."""
        return (*self.tags, *(name.partition("@")[0] for name in self.digests), self.id.removeprefix("sha256:")[:12])[0]


@dataclass(frozen=True, slots=True)
class State:
    """What lies on a host; ``named`` are images that the swarm's services run, ran before, or would run again by a kept
    revision, as a manager has them: ``None`` on workers. ``looked``: whether Docker's client gave whole
    lists."""

    containers: tuple[Container, ...] = ()
    images: tuple[Image, ...] = ()
    cache: int = 0
    """Bytes of the build cache that no build uses and no image shares."""
    named: frozenset[str] | None = None
    looked: bool = False


class Prune(HostRole[State]):
    """Removes once: a request that has no ``stamp`` any more asks for nothing.

    ``safe``: only what nobody can miss, which are containers of tasks that are over and images without a name. Else
    also other stopped containers, images with a name, and the build cache. Containers stay for ``older`` seconds.
    """

    name = "prune"
    actions: tuple[str, ...] = ("containers", "images", "cache")
    questions: tuple[str, ...] = (SERVICES, CONFIGS)

    def __init__(self, *, safe: bool, older: float = DAY) -> None:
        self.safe = safe
        self.older = older
        self.probe = places.probe("skep/upkeep/pruning.sh")

    def desired(self, cluster: Cluster, host: Host) -> State:
        """Nothing that is in nobody's use."""
        return State(looked=True)

    def parse(self, text: str, answers: Answers) -> State | None:
        """From the probe's lines, and of managers from what they list."""
        rows = [line.partition(" ")[::2] for line in text.splitlines() if line]
        given = dict(rows)
        if "now" not in given:
            return None
        sizes = {id: int(text) for kind, rest in rows if kind == "size"
                 for text, _, id in [rest.partition(" ")] if text.isdigit()}  # fmt: skip
        now = float(given["now"])
        return State(
            tuple(_container(json.loads(rest), now, sizes) for kind, rest in rows if kind == "container"),
            tuple(image(json.loads(rest)) for kind, rest in rows if kind == "image"),
            _cache(given.get("cache", "")),
            needed(specs(answers[SERVICES], answers[CONFIGS])) if SERVICES in answers and CONFIGS in answers else None,
            "looked" in given,
        )

    def plan(self, cluster: Cluster, seen: Seen[State]) -> Sequence[Step | Finding]:
        """A step for each kind of what goes, on each host."""
        if not requested(cluster).stamp:
            return ()
        named = seen.swarm.named if seen.swarm else None
        if named is None:
            return [Finding("error", "no manager in a quorum answers: which images a rollback needs is not known",
                            role=self.name, next_action="invoke cluster.status")]  # fmt: skip
        items: list[Step | Finding] = []
        for host in seen.hosts(cluster):
            have = seen.states.get(host.name)
            if have and not have.looked:
                look = f"see what it says on {host.name}: docker ps --all; docker image ls"
                text = "not checked: Docker's client is not there, or did not answer"
                items.append(Finding("note", text, host.name, self.name, look))
            elif have:
                items += self._of(host.name, have, named | from_files(cluster))
        return items

    def _of(self, host: str, have: State, known: Set[str]) -> list[Step]:
        gone = [one for one in have.containers if self._over(one)]
        used = {one.image for one in have.containers if one not in gone}
        images = [one for one in unused(have.images, used, known) if not (self.safe and one.tags)]
        steps: list[Step] = []
        if gone:
            lines = [(one.size, f"{one.name} ({one.state} since {one.when})") for one in gone]
            steps.append(_step(host, "containers", f"remove {_count(gone, 'stopped container')}", lines,
                               {"CONTAINERS": "\n".join(one.id for one in gone), "IMAGES": ""}))  # fmt: skip
        if images:
            lines = [(one.size, f"{one.shown} ({one.id.removeprefix('sha256:')[:12]})") for one in images]
            words = "\n".join(" ".join((one.id, *one.tags, *one.digests)) for one in images)
            after = tuple(step.id for step in steps)
            title = f"remove {_count(images, 'unused image')}"
            steps.append(_step(host, "images", title, lines, {"CONTAINERS": "", "IMAGES": words}, after))
        if have.cache and not self.safe:
            steps.append(_cache_step(host, have.cache))
        return steps

    def _over(self, one: Container) -> bool:
        if one.ended < self.older:
            return False
        return one.state in OVER if self.safe and one.task else not self.safe and one.state in (*OVER, NEVER_BEGAN)


def _step(
    host: str, action: str, title: str, lines: list[tuple[int, str]], variables: Mapping[str, str],
    after: tuple[StepId, ...] = (),
) -> Run:  # fmt: skip
    whole = sum(number for number, _ in lines)
    return Run(
        id=StepId("prune", action, host),
        host=host,
        title=f"{title}, up to {size(whole)}",
        cause="in nobody's use",
        detail=tuple(f"{size(number)}: {text}" for number, text in sorted(lines, key=lambda line: (-line[0], line[1]))),
        script=script("skep/upkeep/pruned.sh"),
        variables=variables,
        after=after,
        timeout=900,
        otherwise=f"on {host} do what the cause says, then run the same command again",
    )


def _cache_step(host: str, number: int) -> Run:
    return Run(
        id=StepId("prune", "cache", host),
        host=host,
        title=f"empty the build cache, {size(number)}",
        cause="no build uses it",
        script="docker -H unix:///var/run/docker.sock builder prune --all --force >/dev/null",
        timeout=900,
        otherwise=f"on {host} do what the cause says, then run the same command again",
    )


def _count(items: Sequence[object], what: str) -> str:
    return f"{len(items)} {what}{'' if len(items) == 1 else 's'}"


def _container(found: Mapping[str, Any], now: float, sizes: Mapping[str, int]) -> Container:
    time = found["Created"] if found["State"] == NEVER_BEGAN else found["Finished"]
    return Container(
        found["Id"],
        str(found["Name"]).removeprefix("/"),
        found["Image"],
        found["State"],
        now - datetime.fromisoformat(f"{time[:19]}+00:00").timestamp(),
        f"{time[:16]}Z",
        TASK_ID in (found["Labels"] or {}),
        sizes.get(found["Id"], 0),
    )


def image(found: Mapping[str, Any]) -> Image:
    """One as the probe prints it."""
    return Image(found["Id"], tuple(found["Tags"] or ()), tuple(found["Digests"] or ()), int(found["Size"]))


def _cache(text: str) -> int:
    """What ``docker system df`` calls reclaimable; from API 1.52 on the engine adds it up."""
    with suppress(ValueError, TypeError, AttributeError):
        found = json.loads(text)
        summed = found.get("BuildCacheUsage")
        if summed is not None:
            return int(summed.get("Reclaimable") or 0)
        records = found.get("BuildCache") or ()
        return sum(int(one["Size"]) for one in records if not one.get("InUse") and not one.get("Shared"))
    return 0


def specs(services: Iterable[Service], configs: Iterable[Object]) -> list[ServiceSpec]:
    """All that the swarm runs, ran before, or would run again by a kept revision."""
    found = [spec for one in services for spec in (one["Spec"], one.get("PreviousSpec")) if spec]
    for config in configs:
        revision = read_revision(config)
        if revision:
            found += revision.content["services"].values()
    return found


def needed(specs: Iterable[ServiceSpec]) -> frozenset[str]:
    """What specifications call their images, as ``unused`` compares it."""
    return frozenset(name for spec in specs for name in _keys(container_of(spec).get("Image") or ""))


def unused(images: Iterable[Image], used: Set[str], known: Set[str]) -> list[Image]:
    """Those that are no container's, by ``used``, and that ``known`` names do not mean."""
    return [one for one in images if one.id not in used and not _names(one) & known]


def from_files(cluster: Cluster) -> frozenset[str]:
    """What engines call the images of the inventory's files: no registry has them for a task that comes to a host."""
    return frozenset(name for file in cluster.archives for one in file.images for name in (one.id, one.digest) if name)


def _names(image: Image) -> set[str]:
    return {image.id, *(key for name in (*image.tags, *image.digests) for key in _keys(name))}


def _keys(image: str) -> set[str]:
    """What one name says of an image: its content, else its digest, and without one its tag."""
    if is_identifier(image):
        return {f"sha256:{image.removeprefix('sha256:')}"}
    found = parts(image)
    if found is None:
        return {image}
    domain, path, tag, digest = found
    return {f"{domain}/{path}@{digest}"} if digest else {f"{domain}/{path}:{tag or 'latest'}"}
