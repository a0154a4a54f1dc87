"""How many managers may still be lost."""

from __future__ import annotations

from collections.abc import Sequence

from skep.dataclass import dataclass
from skep.swarm.objects import Node


@dataclass(frozen=True, slots=True)
class Quorum:
    """How many managers there are, which of them the others cannot reach, and how many have to be left."""

    managers: int
    needed: int
    unreachable: tuple[str, ...]

    @property
    def spare(self) -> int:
        """How many more may be lost."""
        return self.managers - len(self.unreachable) - self.needed

    @property
    def at_risk(self) -> bool:
        """Whether some are lost, and the next loss stops changes. A swarm that never had more is as it was meant."""
        return bool(self.unreachable) and self.spare <= 0

    def __str__(self) -> str:
        left = f"{self.managers - len(self.unreachable)} of {self.managers} managers reachable"
        if self.spare > 0:
            return f"{left}; {self.spare} more may be lost before changes stop"
        return f"{left}; one more loss stops changes" if self.spare == 0 else f"{left}; changes have stopped"


def quorum(nodes: Sequence[Node]) -> Quorum:
    """Out of the nodes as a manager lists them."""
    managers = [node for node in nodes if node.get("ManagerStatus")]
    lost = [node for node in managers if (node["ManagerStatus"] or {}).get("Reachability") != "reachable"]
    return Quorum(len(managers), len(managers) // 2 + 1, tuple(sorted(map(hostname_of, lost))))


def hostname_of(node: Node) -> str:
    """Its host name; its ID where it has never reported one, because its join was cut short."""
    return str((node.get("Description") or {}).get("Hostname") or node["ID"])
