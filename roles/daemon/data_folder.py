"""Keys that give an engine another folder for its data: a node would come back as none."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from skep.json_types import text
from skep.plan import Finding
from skep.secret import revealed
from skep.swarm.engine_info import EngineInfo

ROOT, USERNS = "data-root", "userns-remap"
DEFAULT = "/var/lib/docker"


def root_of(info: EngineInfo) -> str | None:
    """The data root as daemon.json names it: user namespaces have a folder below it, and the engine reports that.

    Source: moby, daemon: setupDaemonRoot.
    """
    root = info.get("DockerRootDir")
    return re.sub(r"/\d+\.\d+$", "", root) if root and remapped(info) else root


def remapped(info: EngineInfo) -> bool:
    """Whether the engine runs containers in a user namespace of their own."""
    return any("name=userns" in option for option in info.get("SecurityOptions") or ())


def as_written(live: Mapping[str, object], file: Mapping[str, object], lines: Sequence[str]) -> dict[str, object]:
    """What the engine reports, with the data root as the file has it where both are one folder: the engine follows
    links."""
    real = next((line.removeprefix("-- root ") for line in lines if line.startswith("-- root ")), None)
    same = real is not None and live.get(ROOT) == real and isinstance(file.get(ROOT), str)
    return {**live, ROOT: file[ROOT]} if same else dict(live)


def refusal(
    host: str,
    merged: Mapping[str, object],
    file: Mapping[str, object],
    live: Mapping[str, object],
    flags: Mapping[str, str],
) -> Finding | None:
    """Why a node must not get the file ``merged``: its engine would keep its data elsewhere from then on.

    ``file`` is what is there, ``live`` what a running engine reports, ``flags`` what its unit passes.
    """
    for key, default in ((ROOT, DEFAULT), (USERNS, "")):
        old, new = text(file.get(key)) or default, text(revealed(merged.get(key))) or default
        before = live.get(key, old)
        if isinstance(before, bool):
            before = (old or "on") if before else ""
        before = text(before)
        if key not in flags and before.rstrip("/") != new.rstrip("/"):
            return Finding(
                "error",
                f"{key} is {before or 'not set'} and would become {new or 'not set'}: the engine would come back"
                " without its place in the swarm, its images and volumes",
                host=host,
                role="daemon",
                next_action="put the old value back; or give up its place first: make it a worker if it is a manager,"
                f" then on {host} run: docker swarm leave; and run the same command again: it joins as a new node",
            )
    return None
