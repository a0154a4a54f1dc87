"""The page as HTML: one file that asks for nothing else. Every text of others is escaped by the template engine."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from skep.picture.model import Disk, Picture
from skep.picture.topology import draw
from skep.units import age, size

HERE = Path(__file__).parent
SECTIONS = (
    ("topology", "Topology"),
    ("stacks", "Stacks"),
    ("hosts", "Hosts"),
    ("networks", "Networks"),
    ("drift", "Drift"),
    ("runs", "Last runs"),
)
FULL, NEARLY_FULL = 0.95, 0.85
"""Shares of a disk from which on it is shown as trouble."""
SOON = 7 * 86400.0
"""Seconds before its end in which a certificate should have been renewed: Swarm renews at half of its life, at the
latest some days before it ends."""


def render(picture: Picture, program: str = "invoke") -> str:
    """The whole page. ``program`` is how commands begin that it names."""
    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    style, script = (HERE / "page.css").read_text(), (HERE / "page.js").read_text()

    def since(moment: datetime) -> str:
        return age((picture.taken - moment).total_seconds())

    def left(moment: datetime) -> str:
        seconds = (moment - picture.taken).total_seconds()
        return f"{age(seconds)} left" if seconds > 0 else f"ended {age(-seconds)} ago"

    def certificate_class(moment: datetime) -> str:
        return "bad" if (moment - picture.taken).total_seconds() < SOON else "good"

    return environment.get_template("page.html.j2").render(
        picture=picture,
        program=program,
        sections=SECTIONS,
        tiles=tiles(picture),
        drawing=draw(picture.zones),
        zone_names=[name for name in picture.zones if name],
        task_count=sum(len(one.tasks) for one in picture.machines),
        style=Markup(style),
        script=Markup(script),
        style_hash=_hash(style),
        script_hash=_hash(script),
        age=since,
        left=left,
        certificate_class=certificate_class,
        disk_class=disk_class,
        size=size,
    )


def tiles(picture: Picture) -> list[tuple[str, str]]:
    """Name and value of the figures at the top."""
    nodes = [one for one in picture.machines if one.in_swarm]
    managers = [one for one in nodes if one.role == "manager"]
    findings = [one for one in picture.notes if one.level != "note" and not one.accepted]
    return [
        ("nodes well", f"{sum(one.well for one in nodes)} of {len(nodes)}"),
        ("managers reachable", f"{sum(not one.unreachable for one in managers)} of {len(managers)}"),
        ("services as desired", f"{sum(one.well for one in picture.services)} of {len(picture.services)}"),
        ("tasks running", str(sum(task.runs for one in nodes for task in one.tasks))),
        ("differences", str(len(picture.differences))),
        ("findings", str(len(findings))),
    ]


def disk_class(disk: Disk) -> str:
    """How it stands, as a class of the style sheet."""
    return "bad" if disk.used >= FULL else "warn" if disk.used >= NEARLY_FULL else "good"


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
