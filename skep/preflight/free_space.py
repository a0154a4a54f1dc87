"""Whether the steps of a plan will find room where they write, looked at before the first one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from skep.dataclass import dataclass
from skep.kinds.hosts import LOCK_NOT_KEPT
from skep.model import Cluster
from skep.plan import Finding, Put, Run, Send, Step

MIB = 1 << 20
ROOMS = (
    "/etc", "/etc/docker/daemon.json", "/etc/systemd/system", "/opt/skep", "/run", "/tmp", "/usr", "/usr/local/bin",
    "/var/cache",
    "/var/cache/apt/archives", "/var/lib", "/var/lib/apt/lists", "/var/lib/containerd", "/var/lib/dpkg",
    "/var/lib/skep",
)  # fmt: skip
"""Where steps write, beside each host's data root: what a step says of another path is not looked at."""
MEMORY = "/var/lib/skep"
SCRIPT: Mapping[str, int] = {"/run": MIB, MEMORY: MIB}
"""What every script takes: its output and files, and the number of its run."""
ROLE = "room"
"""Under which these findings are reported: what is lacking on a host is of no matter where nothing is done there."""
FILE_SIZE = 64 << 10
"""Bytes that count as one file, where inodes are counted."""


@dataclass(frozen=True, slots=True)
class Room:
    """A place on a host's disk. ``bytes`` and ``files`` are free for root, ``None``: not counted there.

    ``device`` says which places share what is free.
    """

    state: str = ""
    """Empty where root may write there; ``locked`` where not even root may; ``file`` where a file lies above it."""
    device: str = ""
    bytes: int | None = None
    files: int | None = None


def places(cluster: Cluster) -> Sequence[str]:
    """The paths to look at on every host."""
    roots = (host.data_root for host in cluster.hosts)
    return sorted({*ROOMS, *(root for root in roots if re.fullmatch(r"[A-Za-z0-9/._-]+", root))})


def parse(rows: Iterable[list[str]]) -> dict[str, Room]:
    """Path → room, from the words of each line; empty where the host's tools did not tell all of it."""
    by_kind: dict[str, list[list[str]]] = {"room": [], "space": [], "disk": []}
    for kind, *words in rows:
        if kind in by_kind:
            by_kind[kind].append(words)
    if len({len(found) for found in by_kind.values()}) != 1:
        return {}
    return {
        place: Room(
            state="" if state == "free" else state,
            device=device,
            bytes=int(blocks) * int(size),
            files=int(files) if int(all_files) else None,
        )
        for (place, state), (blocks, size, files, all_files), (device,) in zip(*by_kind.values(), strict=True)
    }


def findings(cluster: Cluster, steps: Iterable[Step], rooms: Mapping[str, Mapping[str, Room]]) -> Iterator[Finding]:
    """Errors for what a step would find no room for; warnings for managers that cannot keep lock and history."""
    needs: dict[str, dict[str, int]] = {}
    for step in steps:
        if step.host in rooms:
            taken = needs.setdefault(step.host or "", {})
            for place, size in _taken(step).items():
                taken[place] = taken.get(place, 0) + size
    for host, taken in needs.items():
        for text, action in _lacking(host, {place: rooms[host].get(place, Room()) for place in taken}, taken):
            yield Finding("error", text, host, ROLE, action)
    if not needs:
        return
    for manager in cluster.managers:
        if manager.name in rooms and MEMORY not in needs.get(manager.name, {}):
            kept = {MEMORY: rooms[manager.name].get(MEMORY, Room())}
            for text, action in _lacking(manager.name, kept, {MEMORY: MIB}):
                yield Finding(
                    "warning",
                    f"{text}; it keeps no lock and no history",
                    manager.name,
                    ROLE,
                    action,
                    kind=LOCK_NOT_KEPT,
                )


def _taken(step: Step) -> Mapping[str, int]:
    if isinstance(step, Send):
        return _with(step.size, step.path, {**SCRIPT, **step.writes})
    if not isinstance(step, Run | Put):
        return step.writes
    return {**SCRIPT, **step.writes, **({step.path: MIB} if isinstance(step, Put) else {})}


def _with(size: int, path: str, taken: Mapping[str, int]) -> Mapping[str, int]:
    """With a file in the nearest place that is looked at."""
    place = max((room for room in ROOMS if f"{path}/".startswith(f"{room}/")), key=len, default=path)
    return {**taken, place: taken.get(place, 0) + size}


def _lacking(host: str, rooms: Mapping[str, Room], taken: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    """What is wrong there, and what to do about it."""
    for place, room in rooms.items():
        if room.state == "file":
            text = f"nothing can be written to {place}: a file lies where a folder belongs"
            yield text, f"on {host}: ls -ld {place.rpartition('/')[0] or '/'} {place}"
        elif room.state:
            text = f"nothing can be written to {place}, not even by root"
            where = f"on {host}: findmnt -T {place}; lsattr -d {place}"
            yield text, f"see whether it is mounted read-only or made immutable, {where}"
    for device in dict.fromkeys(room.device for room in rooms.values()):
        places = [place for place, room in rooms.items() if room.device == device and not room.state]
        size = sum(taken[place] for place in places)
        for place in places[:1]:
            room, names = rooms[place], ", ".join(places)
            if room.bytes is not None and room.bytes < size:
                text = f"has {room.bytes / MIB:.0f} MiB free for {names}; {size / MIB:.0f} MiB are needed"
                yield text, f"make room there, on {host}: df -h {place}"
            files = size // FILE_SIZE
            if room.files is not None and room.files < files:
                text = f"has room for {room.files} more files in {names}; {files} are needed"
                yield text, f"make room there, on {host}: df -i {place}"
