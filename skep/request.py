"""What one run is to do, beside what the inventory desires: which part of it, and what the user allows. Roles plan from
both: a ``RequestedCluster``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field, fields, replace
from datetime import UTC, datetime
from typing import Literal

from skep.dataclass import dataclass
from skep.model import Cluster, Stack, Target

Choice = Literal["keep", "rollback"]


@dataclass(frozen=True, slots=True)
class Rollout:
    """What this run is to do with a stack beyond what its files say.

    ``resolve``: which images are asked for at their registry: ``new`` ones, ``all`` (to tell what moved),
    ``refresh`` (and roll out what moved), ``never``. ``revision`` goes back to a recorded one. ``scale`` and
    ``restart`` (full service names) leave the files aside and change what runs, ``still`` changes nothing of it.
    ``volumes`` go with the stack. ``follows_hosts``: the same run first brings the hosts to what the inventory says.
    """

    prune: bool = False
    resolve: Literal["new", "all", "refresh", "never"] = "new"
    revision: Target | None = None
    scale: Mapping[str, int] = field(default_factory=dict)
    restart: frozenset[str] = frozenset()
    still: bool = False
    volumes: tuple[str, ...] = ()
    follows_hosts: bool = False

    @property
    def partial(self) -> bool:
        """Whether what runs is to stay as it is, but for the services named."""
        return bool(self.scale or self.restart or self.still)


@dataclass(frozen=True, slots=True)
class RequestedStack(Stack):
    """A stack as the inventory desires it, and what this run is to do with it."""

    rollout: Rollout = field(default_factory=Rollout)


@dataclass(frozen=True, slots=True)
class RequestedCluster(Cluster):
    """The part of a cluster that one run is about, and what this run may do: what roles plan from."""

    stacks: tuple[RequestedStack, ...] = ()
    replace_networks: frozenset[str] = frozenset()
    """Networks the user allowed to be removed and created anew (``--replace-network``)."""
    allow_quorum_loss: bool = False
    """Whether managers that nobody can stand in for may be restarted (``--allow-quorum-loss``)."""
    parallel_workers: int = 1
    """How many workers may be out of service at once (``--parallel-workers``)."""
    stamp: str = field(default="", compare=False)
    """When the run was asked for: the name of backups that it takes; without one it takes none."""
    taken_down: bool = False
    """Whether all of it is to go (``cluster.down``)."""


@dataclass(frozen=True, slots=True)
class Request:
    """One run. ``what`` is its name in the lock and in the history, such as ``stack.scale web app=3``.

    ``stacks`` names the only stacks that it is about, by the role of stacks alone; ``None``: everything there is.
    ``rollout`` is how stacks are rolled out, ``then`` what is to be so afterwards where asking for the same again would
    do it again. ``timeout`` (seconds) and ``on_failure`` replace those of the stacks. ``recovers``: a stack that fails
    goes back where its ``on_failure`` says so. ``limit`` are hosts and groups, ``None``: all. ``down``: what there is
    is taken away. ``only_planned``: nothing is changed.
    """

    what: str
    stacks: tuple[str, ...] | None = None
    rollout: Rollout = field(default_factory=Rollout)
    then: Rollout | None = None
    timeout: float | None = None
    on_failure: Choice | None = None
    recovers: bool = False
    limit: tuple[str, ...] | None = None
    replace_networks: frozenset[str] = frozenset()
    """Networks that may be removed and created anew."""
    allow_quorum_loss: bool = False
    """Whether managers that nobody can stand in for may be restarted."""
    parallel_workers: str = "1"
    """How many workers may be out of service at once, or how many of a hundred (``25%``): see ``at_once``."""
    stamp: str = field(default_factory=lambda: datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ"), compare=False)
    """When it was made: the name of backups that it takes."""
    once: bool = False
    """Whether it asks for something to be done, such as a backup, that looking again cannot tell from not done."""
    down: bool = False
    only_planned: bool = False
    heeds: bool = True
    """Whether maintenance windows and freezes hold for it."""
    anyway: str = ""
    """Why changes are made outside of maintenance windows, or in a freeze."""
    unattended: bool = False
    """Whether nobody looks on: what removes something that runs or is used is left undone, and named in the plan."""

    @property
    def known_as(self) -> str:
        """Its name in the lock and in the history."""
        return f"{self.what} --anyway '{self.anyway}'" if self.anyway else self.what

    @property
    def afterwards(self) -> Request:
        """What is to be so once it is done."""
        after = replace(self, stamp="") if self.once else self
        return replace(after, rollout=self.then) if self.then else after

    def of(self, cluster: Cluster) -> RequestedCluster:
        """The part of the cluster that it is about, as it asks for it. A stack that only the swarm knows has no
        files."""
        named = {stack.name: stack for stack in cluster.stacks}
        names = named if self.stacks is None else self.stacks
        desired = {field.name: getattr(cluster, field.name) for field in fields(Cluster)}
        desired["stacks"] = tuple(self._stack(named.get(name) or Stack(name, ())) for name in names)
        return RequestedCluster(
            **desired,
            replace_networks=self.replace_networks,
            allow_quorum_loss=self.allow_quorum_loss,
            parallel_workers=at_once(self.parallel_workers, len(cluster.workers)),
            stamp=self.stamp,
            taken_down=self.down and self.stacks is None,
        )

    def _stack(self, stack: Stack) -> RequestedStack:
        taken = self.down and self.stacks is not None  # whatever its files say
        found = Stack(stack.name, (), timeout=stack.timeout) if taken else stack
        desired = {field.name: getattr(found, field.name) for field in fields(Stack)}
        desired["timeout"] = self.timeout or stack.timeout
        desired["on_failure"] = self.on_failure or stack.on_failure
        return RequestedStack(**desired, rollout=self.rollout)


def requested(cluster: Cluster) -> RequestedCluster:
    """The cluster as a run that asks for nothing more plans it; what a request has given already stays as it is."""
    return cluster if isinstance(cluster, RequestedCluster) else Request("").of(cluster)


def at_once(text: str, workers: int) -> int:
    """``N`` or ``P%`` of so many workers: one at least. Raises ``ValueError`` for what is neither."""
    found = re.fullmatch(r"([0-9]{1,6})(%?)", text.strip())
    number = int(found[1]) if found else 0
    if not found or number < 1 or (found[2] and number > 100):
        raise ValueError(f"{text} is neither a number of workers from 1 on, such as 3, nor 1% to 100% of them")
    return max(1, workers * number // 100) if found[2] else number
