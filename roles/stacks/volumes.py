"""Volumes that hosts have: Docker keeps one as it was made, whatever a stack's files say of it later."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

from roles.stacks.kinds import VOLUME_KEPT
from skep.hidden import SENSITIVE
from skep.plan import Finding
from skep.swarm.service import container_of
from skep.swarm.spec import ServiceSpec

Specs = Mapping[str, ServiceSpec]

_KEPT = {"type": "MountType", "o": "MountOpts", "device": "MountDevice"}
"""Options of the driver ``local``, and how it notes them in a volume's ``opts.json``; moby's ``volume/local``."""


def parse_volume(line: str) -> tuple[str, dict[str, str]] | None:
    """Name and options of a volume, from a line ``volume NAME JSON``; ``None`` for any other line."""
    word, _, rest = line.partition(" ")
    name, _, noted = rest.partition(" ")
    if word != "volume" or not noted:
        return None
    try:
        found = json.loads(noted) or {}
    except ValueError:  # cut short, on a full disk: nothing is known of it
        return None
    return name, {option: str(found[key]) for option, key in _KEPT.items() if found.get(key)}


def kept(
    stack: str, services: Specs, have: Specs, hosts: Mapping[str, Mapping[str, Mapping[str, str]]]
) -> Iterator[Finding]:
    """Volumes that hosts keep with other options than the files give. ``services`` and ``have`` are specs, as desired
    and as they are; ``hosts`` are the volumes of each host with their options."""
    desired = _options(services.values())
    before = _options(have.values())
    for name, options in desired.items():
        if not options and not before.get(name):
            continue  # nobody said anything of it: made by hand, perhaps, and then right as it is
        differing = {host: volumes[name] for host, volumes in hosts.items() if volumes.get(name, options) != options}
        if differing:
            lines = sorted({line for there in differing.values() for line in _lines(there, options)})
            where = ", ".join(sorted(differing))
            yield Finding(
                "warning",
                f"stack {stack}: Docker keeps the volume {name} as it was made on {where} ({'; '.join(lines)})",
                role="stacks",
                kind=VOLUME_KEPT,
                stack=stack,
                next_action=f"to have it made anew, scale to 0 what uses it, then on {where}: docker volume rm {name}"
                " (its data goes with it)",
            )


def _options(specs: Iterable[ServiceSpec]) -> dict[str, dict[str, str]]:
    """Options of the named volumes of the driver ``local`` that specs mount; nothing of one that is a template."""
    found: dict[str, dict[str, str]] = {}
    for spec in specs:
        for mount in container_of(spec).get("Mounts") or ():
            source = mount.get("Source") or ""
            driver = (mount.get("VolumeOptions") or {}).get("DriverConfig") or {}
            if mount.get("Type", "volume") != "volume" or not source or "{{" in source:
                continue
            if (driver.get("Name") or "local") == "local":
                given = driver.get("Options") or {}
                found[source] = {key: str(given[key]) for key in _KEPT if given.get(key)}
    return found


def _lines(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    """Each word that differs, old → new; of what sounds like a secret, or holds one, only that it does."""
    for key in _KEPT:
        before, after = _words(key, old.get(key, "")), _words(key, new.get(key, ""))
        for word in sorted({*before, *after}):
            if before.get(word) != after.get(word):
                secret = any(one in word.lower() for one in (*SENSITIVE, "user"))
                values = [_shown(one.get(word), secret=secret) for one in (before, after)]
                yield f"{word}: {' → '.join(values)}"


def _shown(value: str | None, *, secret: bool) -> str:
    return "unset" if value is None else "***" if secret else value or "set"


def _words(key: str, value: str) -> dict[str, str]:
    """``o`` holds several: ``size=1m,uid=7``."""
    if key != "o":
        return {key: value} if value else {}
    return {word.partition("=")[0]: word.partition("=")[2] for word in value.split(",") if word}
