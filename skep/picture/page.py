"""A picture of a cluster as a page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from skep.kinds.audits import SEVERITIES
from skep.measures import age, size
from skep.page import rendering
from skep.picture.model import NEARLY_FULL, Disk, Picture
from skep.picture.topology import draw

TEMPLATE = Path(__file__).with_name("report.html.j2")
SECTIONS = (
    ("topology", "Topology"),
    ("stacks", "Stacks"),
    ("hosts", "Hosts"),
    ("networks", "Networks"),
    ("drift", "Drift"),
    ("audit", "Last audit"),
    ("runs", "Last runs"),
)


def render(picture: Picture, spelled: Callable[[str], str] = str) -> str:
    """The whole page. ``spelled`` gives a text with its commands as they are typed for this environment."""

    def since(moment: datetime) -> str:
        return age((picture.taken - moment).total_seconds())

    def left(moment: datetime) -> str:
        seconds = (moment - picture.taken).total_seconds()
        return f"{age(seconds)} left" if seconds > 0 else f"ended {age(-seconds)} ago"

    return rendering.render(
        TEMPLATE,
        picture=picture,
        spelled=spelled,
        sections=SECTIONS,
        tiles=tiles(picture),
        drawing=draw(picture.zones),
        zone_names=[name for name in picture.zones if name],
        task_count=sum(len(one.tasks) for one in picture.machines),
        age=since,
        left=left,
        disk_class=disk_class,
        severities=SEVERITIES,
        size=size,
    )


def tiles(picture: Picture) -> list[tuple[str, str]]:
    """Name and value of the figures at the top; what no manager has listed has no figure."""
    nodes = [one for one in picture.machines if one.in_swarm]
    managers = [one for one in nodes if one.role == "manager"]
    findings = [one for one in picture.notes if one.level != "note" and not one.accepted]
    listed = [
        ("nodes well", f"{sum(one.well for one in nodes)} of {len(nodes)}"),
        ("managers reachable", f"{sum(not one.unreachable for one in managers)} of {len(managers)}"),
        ("services as desired", f"{sum(one.well for one in picture.services)} of {len(picture.services)}"),
        ("tasks running", str(sum(task.runs for one in nodes for task in one.tasks))),
    ]
    return [
        *(listed if picture.listed else [(name, "not known") for name, _ in listed]),
        ("differences", str(len(picture.differences))),
        ("findings of the plan", str(len(findings))),
        ("findings of the last audit", str(picture.audits[0].found) if picture.audits else "none taken"),
    ]


def disk_class(disk: Disk) -> str:
    """How it stands, as a class of the style sheet."""
    return "bad" if disk.full else "warn" if disk.used >= NEARLY_FULL else "good"
