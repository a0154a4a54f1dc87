"""What one run is to do, beside what the inventory desires: which part of it, and what the user allows."""

from __future__ import annotations

import re
from dataclasses import field, replace
from datetime import UTC, datetime
from typing import Literal

from skep.dataclass import dataclass
from skep.model import Cluster, Rollout, Stack

Choice = Literal["keep", "rollback"]


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

    @property
    def afterwards(self) -> Request:
        """What is to be so once it is done."""
        after = replace(self, stamp="") if self.once else self
        return replace(after, rollout=self.then) if self.then else after

    def of(self, cluster: Cluster) -> Cluster:
        """The part of the cluster that it is about, as it asks for it. A stack that only the swarm knows has no
        files."""
        named = {stack.name: stack for stack in cluster.stacks}
        names = named if self.stacks is None else self.stacks
        return replace(
            cluster,
            stacks=tuple(self._stack(named.get(name) or Stack(name, ())) for name in names),
            replace_networks=self.replace_networks,
            allow_quorum_loss=self.allow_quorum_loss,
            parallel_workers=at_once(self.parallel_workers, len(cluster.workers)),
            stamp=self.stamp,
            taken_down=self.down and self.stacks is None,
        )

    def _stack(self, stack: Stack) -> Stack:
        taken = self.down and self.stacks is not None  # whatever its files say
        return replace(
            Stack(stack.name, (), timeout=stack.timeout) if taken else stack,
            rollout=self.rollout,
            timeout=self.timeout or stack.timeout,
            on_failure=self.on_failure or stack.on_failure,
        )


def at_once(text: str, workers: int) -> int:
    """``N`` or ``P%`` of so many workers: one at least. Raises ``ValueError`` for what is neither."""
    found = re.fullmatch(r"([0-9]{1,6})(%?)", text.strip())
    number = int(found[1]) if found else 0
    if not found or number < 1 or (found[2] and number > 100):
        raise ValueError(f"{text} is neither a number of workers from 1 on, such as 3, nor 1% to 100% of them")
    return max(1, workers * number // 100) if found[2] else number
