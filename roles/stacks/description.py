"""What plans, history and records say of a stack's services."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from roles.stacks.drift import Difference, Drift, data_of
from roles.stacks.edits import by_files, by_hand
from skep.compose.config_diff import HOLDS_SECRET, content_changes, replaced_config
from skep.diff import Change
from skep.hidden import holds
from skep.json_types import mapping
from skep.secret import STARS
from skep.swarm.archived import shown_image
from skep.swarm.comparing import comparable, shown
from skep.swarm.image import short
from skep.swarm.service import image_of

SHOWN = ("Image", "Mode", "Ports", "Networks", "Constraints", "Mounts", "Configs", "Secrets", "Env")
"""Sections of a new service that the plan shows."""


def lines(drift: Drift, difference: Difference, *, contents: bool = True) -> Iterator[str]:
    """What the plan says of a service: the main things of a new one, every field that changes of another, with what
    changes inside its configs."""
    if difference.have is None:
        sections = comparable(difference.spec, drift.names)
        for key in SHOWN:
            if key in sections:
                text = _whole(key, sections[key])
                if key == "Image" and (name := shown_image(difference.spec)) != image_of(difference.spec):
                    text = f"{name} ({text})"
                yield f"{key}: {STARS if holds(text, drift.hidden) else text}"
        return
    edited = by_hand(drift, difference)
    mixed = edited and by_files(drift, difference)
    for change in difference.changes:
        yield str(shown(change, drift.hidden)) + (" (by hand)" if mixed and change.path in edited else "")
        if contents:
            yield from (f"  {line}" for line in _inside(drift, change, difference.name))
    if drift.restarts(difference):
        yield "ForceUpdate: tasks are replaced one after the other"


def summary(drift: Drift) -> list[str]:
    """The changes as history has them, at most fifty lines."""
    found: list[str] = []
    for difference in drift.differing:
        said = ["created"] if difference.have is None else list(lines(drift, difference, contents=False))
        found += [f"{difference.name}: {line}" for line in said]
    return [*found, *(f"{name}: removed" for name in drift.pruned)][:50]


def _inside(drift: Drift, change: Change, service: str) -> list[str]:
    """What changes inside a config; where several services use it, with the first of them."""
    pair = replaced_config(change)
    if pair is None:
        return []
    first = next(one.name for one in drift.differing if pair in map(replaced_config, one.changes))
    if first != service:
        return [f"as for {first}"]
    bodies = {one["Spec"]["Name"]: one["Spec"] for one in drift.swarm.configs} | dict(drift.desired.configs)
    if not set(pair) <= set(bodies):
        return []
    if set(pair) & set(drift.sealed):
        return [HOLDS_SECRET]
    return content_changes((data_of(bodies[pair[0]]), data_of(bodies[pair[1]])), drift.hidden)


def _whole(key: str, value: object) -> str:
    if key == "Image":
        return short(str(value))
    if key == "Mode":
        mode = mapping(value)
        at_once = f" ({mode['MaxConcurrent']} at once)" if "MaxConcurrent" in mode else ""
        count = mode.get("Replicas", mode.get("Completions"))
        return f"{mode['Mode']} {count}{at_once}" if count else str(mode["Mode"])
    if key == "Mounts":
        return ", ".join(_mount(target, mapping(mount)) for target, mount in mapping(value).items())
    return ", ".join(value) if isinstance(value, Mapping) else str(value)


def _mount(target: str, mount: Mapping[str, object]) -> str:
    words = (
        mount.get("Type", "volume"),
        mount.get("Source"),
        "at",
        target,
        "read-only" if mount.get("ReadOnly") else "",
    )
    return " ".join(str(word) for word in words if word)
