"""Booted virtual machines, kept: a lab of the same hosts goes on from there, where to boot them takes minutes."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from skep.errors import LabError
from skep.lab import folders, keys, virtual_machines
from skep.lab.spec import Lab, LabHost
from skep.lab.system import environment, last_lines, run
from skep.shell import quoted
from skep.waiting import until

KEPT = 6
"""How many are kept, those used last; each takes about 1.5 GB of disk."""
_PATIENCE = 900.0
"""Seconds for a login, a boot to its end, or a machine's memory to be written, where all of it is emulated."""
_START_SECONDS = 60.0
_SETTLE = "systemctl is-system-running --wait > /dev/null; sync"
_SET_CLOCK = 'echo ready; read now; date --utc --set "@$now" > /dev/null'
"""A machine that goes on has the time at which it was kept. The right one is sent when the login stands."""


class Ask(Protocol):
    """Sends a command to a machine's monitor and returns what it answers."""

    def __call__(self, command: str, **arguments: object) -> Any: ...


def restore(lab: Lab, host: LabHost) -> None:
    """Gives a host that never booted the disk and the memory it was kept with, if it was."""
    folder, place = folders.host(lab.name, host), _place(lab, host)
    disk = folder / "disk.img"
    if disk.exists():
        return
    with folders.locked("booted"):
        if not place.exists():
            return
        for suffix in ("", ".pub"):
            shutil.copy2(place / f"key{suffix}", folder / "root" / f"{keys.HOST_KEY}{suffix}")
        _copy(place / disk.name, folder / "disk.new")
        (folder / "state").symlink_to(place / "state")
        (folder / "disk.new").replace(disk)
        os.utime(place)


def is_restored(lab: Lab, host: LabHost) -> bool:
    """Whether the host, when started, goes on as it was kept."""
    return (folders.host(lab.name, host) / "state").is_symlink()


def go_on(lab: Lab, host: LabHost) -> None:
    """Lets a host that was just started run on from where it was kept."""
    with _monitor(folders.host(lab.name, host)) as ask:
        if not until(lambda: ask("query-status")["status"] != "inmigrate", seconds=_PATIENCE, every=0.1):
            raise LabError("its memory is not read", host=host.name, step="go on as it was kept")
        ask("cont")


def set_clock(lab: Lab, host: LabHost) -> None:
    """Gives a host that goes on from where it was kept this machine's time."""
    with subprocess.Popen(
        [*keys.ssh_argv(lab, host.name, "root", patience=_PATIENCE), _SET_CLOCK],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as login:
        assert login.stdout is not None
        login.stdout.readline()
        _, said = login.communicate(f"{time.time():.3f}\n")
    if login.returncode:
        raise LabError("its clock cannot be set", host=host.name, step="boot", cause=last_lines(said, 5))


def keep(lab: Lab, host: LabHost) -> None:
    """Keeps a host that has just booted for the first time, once its boot has come to an end."""
    folder, place = folders.host(lab.name, host), _place(lab, host)
    if place.exists():
        return
    run([*keys.ssh_argv(lab, host.name, "root", patience=_PATIENCE), _SETTLE], step=f"wait for {host.name}")
    new = folder / "booted"
    folders.remove(new)
    new.mkdir()
    with _monitor(folder) as ask:
        ask("stop")
        try:
            _write_memory(ask, new / "state")
            _copy(folder / "disk.img", new / "disk.img")
        finally:
            ask("cont")
    for suffix in ("", ".pub"):
        shutil.copy2(folder / "root" / f"{keys.HOST_KEY}{suffix}", new / f"key{suffix}")
    with folders.locked("booted"):
        if not place.exists():
            new.rename(place)
        _drop_unused()


def _place(lab: Lab, host: LabHost) -> Path:
    """Where a host is kept: by all that what runs in it depends on."""
    folder = folders.host(lab.name, host)
    files = [folder / "host.json", *(folder / "root/etc" / name for name in ("hosts", "resolv.conf"))]
    facts = [*virtual_machines.hardware(lab, host), virtual_machines.version(), (folder / "base").readlink().name]
    digest = hashlib.sha256("\n".join([*facts, *(file.read_text() for file in files)]).encode()).hexdigest()
    return folders.cache() / f"booted-{digest[:16]}"


def _write_memory(ask: Ask, file: Path) -> None:
    ask("migrate-set-parameters", **{"max-bandwidth": 1 << 40})
    ask("migrate", uri=f"exec:cat > {quoted(str(file))}")
    status = "unknown"

    def ended() -> bool:
        nonlocal status
        status = str(ask("query-migrate").get("status"))
        return status in ("completed", "failed", "cancelled")

    until(ended, seconds=_PATIENCE, every=0.1)
    if status != "completed":
        raise LabError("its memory cannot be written to a file", step="keep it as booted", cause=f"status: {status}")


def _copy(source: Path, target: Path) -> None:
    run(["cp", "--sparse=always", "--reflink=auto", source, target], step="copy a machine's disk")


@contextmanager
def _monitor(folder: Path) -> Iterator[Ask]:
    """The machine's monitor, which speaks a JSON object a line."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_PATIENCE)
        _connect(connection, folder)
        with connection.makefile("rw", encoding="utf-8") as stream:

            def ask(command: str, **arguments: object) -> object:
                stream.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
                stream.flush()
                for line in stream:
                    answer = json.loads(line)
                    if "return" in answer:
                        return answer["return"]
                    if "error" in answer:
                        raise LabError(f"its monitor refuses {command}", cause=answer["error"]["desc"])
                raise LabError(f"its monitor has no answer to {command}")

            ask("qmp_capabilities")
            yield ask


def _connect(connection: socket.socket, folder: Path) -> None:
    """Connects, as soon as the machine listens."""
    at = os.open(folder, os.O_PATH)
    why = ""

    def connected() -> bool:
        nonlocal why
        try:  # the path of a socket must be short
            connection.connect(f"/proc/self/fd/{at}/{virtual_machines.MONITOR}")
        except OSError as error:
            why = str(error)
            return False
        return True

    try:
        if not until(connected, seconds=_START_SECONDS, every=0.05):
            raise LabError("its monitor does not answer", host=folder.name, cause=why)
    finally:
        os.close(at)


def _drop_unused() -> None:
    """Removes those used least lately; not what a host is still to go on from."""
    used = {link.parent for link in map(Path.resolve, folders.cache().glob("run-*/hosts/*/state"))}
    found = sorted(folders.cache().glob("booted-*"), key=lambda place: place.stat().st_mtime, reverse=True)
    for place in found[KEPT:]:
        if place not in used:
            folders.remove(place)
