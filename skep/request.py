"""What one run is to do, beside what the inventory desires: which part of it, and what the user allows."""

from __future__ import annotations

from dataclasses import field, replace
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
    down: bool = False
    only_planned: bool = False

    @property
    def afterwards(self) -> Request:
        """What is to be so once it is done."""
        return replace(self, rollout=self.then) if self.then else self

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
