"""Where a lab keeps things: all of it below one cache folder."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from skep.errors import LabError
from skep.files import put
from skep.lab.spec import Lab, LabHost, checked_name, from_document, to_document

_UNSAFE = set(":,\\ \t\n")


def cache() -> Path:
    """``$XDG_CACHE_HOME/skep/lab``, else ``~/.cache/skep/lab``; made when missing."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(home).resolve() / "skep" / "lab"
    if _UNSAFE & set(str(folder)):
        raise LabError(
            f"the lab cannot live in {folder}: mounts do not bear blanks, commas or colons in the path",
            next_action="set XDG_CACHE_HOME to a plain path",
        )
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def client_key() -> Path:
    """The private key all lab hosts accept."""
    return cache() / "id_ed25519"


def known_hosts(name: str) -> Path:
    """The host keys of the lab, in OpenSSH's format."""
    return cache() / f"known_hosts-{checked_name(name)}"


def run(name: str) -> Path:
    """Everything a lab that is up keeps on disk; removed by ``down``."""
    return cache() / f"run-{checked_name(name)}"


def host(name: str, host: LabHost) -> Path:
    """The folder of one host's disk, start script and console log."""
    return run(name) / "hosts" / host.name


@contextmanager
def locked(what: str) -> Iterator[None]:
    """Holds the lock ``what``, waiting for it; a process that dies loses it by itself."""
    folder = cache() / "locks"
    folder.mkdir(exist_ok=True)
    (folder / what).touch()
    with held(folder / what):
        yield


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Holds the lock on an existing file or folder, waiting for it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def write(path: Path, text: str, mode: int = 0o644) -> None:
    """Replaces a file in one step, so that a crash leaves the old or the new text, never half."""
    put(path, text, mode=mode)


def save(lab: Lab) -> None:
    """Records what the lab is, for commands that know its name only."""
    run(lab.name).mkdir(exist_ok=True)
    write(run(lab.name) / "lab.json", json.dumps(to_document(lab)))


def saved(name: str) -> Lab | None:
    """The lab of that name as last recorded by ``up``; None when it is down."""
    try:
        return from_document(json.loads((run(name) / "lab.json").read_text()))
    except FileNotFoundError:
        return None


def mounts() -> list[tuple[str, Path]]:
    """Source and target of every mount on this machine."""
    lines = Path("/proc/self/mounts").read_text().splitlines()
    return [(line.split()[0], Path(line.split()[1])) for line in lines]


def mounts_below(folder: Path) -> list[Path]:
    """Mount points at or below a folder, innermost first."""
    return sorted((target for _, target in mounts() if target.is_relative_to(folder)), reverse=True)


def disk_label(name: str) -> str:
    """What the disks of a lab are called in the list of mounts."""
    return f"skep-{checked_name(name)}"


def refuse_foreign(name: str) -> None:
    """Raises `LabError` when a lab of this name is up out of another cache folder, as after ``sudo -E``."""
    for source, target in mounts():
        if source == disk_label(name) and not target.is_relative_to(run(name)):
            home = next((path.parent for path in target.parents if path.name == "skep"), None)
            if home is None:
                continue
            raise LabError(
                f"lab {name} is up already, with its files in {home}",
                step="lab",
                next_action=f"set XDG_CACHE_HOME={home}, or give this lab another name",
            )


def remove(folder: Path) -> None:
    """Deletes a folder of the lab with all it holds; refuses while something is mounted in it."""
    mounted = mounts_below(folder)
    if mounted:
        raise LabError(f"{mounted[0]} is still mounted", next_action=f"umount {mounted[0]}")
    if folder.exists():
        shutil.rmtree(folder)
