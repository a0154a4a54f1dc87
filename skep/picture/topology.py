"""Where the cluster is drawn: a box a node, grouped by zone, a square a task. Numbers are units of the drawing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from skep.dataclass import dataclass
from skep.picture.model import Machine, PlacedTask

WIDTH = 1200
GAP = 14
BOX = 186
HEAD = 58
"""Of a box, for its name and what it is."""
TASK = 16
A_ROW = 9
"""Tasks in a row of a box."""
ZONE_HEAD = 34
NAME = 20
"""Characters of a name that fit into a box."""


@dataclass(frozen=True, slots=True)
class Square:
    """One task, where it is drawn within its box."""

    x: int
    y: int
    task: PlacedTask


@dataclass(frozen=True, slots=True)
class Box:
    """One node, where it is drawn."""

    x: int
    y: int
    height: int
    machine: Machine
    squares: tuple[Square, ...]

    @property
    def name(self) -> str:
        """As much of it as fits; the whole stands in its title."""
        name = self.machine.name
        return name if len(name) <= NAME else name[: NAME - 1] + "…"


@dataclass(frozen=True, slots=True)
class Group:
    """One zone, with a frame around its boxes."""

    name: str
    y: int
    height: int
    boxes: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """Everything, and how high it is."""

    height: int
    groups: tuple[Group, ...]
    width: int = WIDTH
    box: int = BOX
    task: int = TASK - 3


def draw(zones: Mapping[str, Sequence[Machine]]) -> Drawing:
    """Zones one below the other, the boxes of each in rows, managers first; a row is as high as its highest box."""
    groups: list[Group] = []
    y = 0
    for zone, machines in zones.items():
        group = _group(zone, y, sorted(machines, key=lambda one: one.role != "manager"))
        groups.append(group)
        y += group.height + GAP
    return Drawing(max(0, y - GAP), tuple(groups))


def _group(zone: str, top: int, machines: Sequence[Machine]) -> Group:
    across = max(1, (WIDTH - GAP) // (BOX + GAP))
    boxes: list[Box] = []
    y = top + (ZONE_HEAD if zone else GAP)
    for start in range(0, len(machines), across):
        row = machines[start : start + across]
        height = max(_height(one) for one in row)
        boxes += [
            Box(GAP + place * (BOX + GAP), y, height, machine, _squares(machine)) for place, machine in enumerate(row)
        ]
        y += height + GAP
    return Group(zone, top, y - top, tuple(boxes))


def _height(machine: Machine) -> int:
    rows = -(-len(machine.tasks) // A_ROW)
    return HEAD + max(1, rows) * TASK + 10


def _squares(machine: Machine) -> tuple[Square, ...]:
    return tuple(
        Square(12 + place % A_ROW * (TASK + 2), HEAD + place // A_ROW * TASK, task)
        for place, task in enumerate(machine.tasks)
    )
