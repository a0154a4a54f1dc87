"""What nodes refuse of a container besides single values: who runs in it, how long its words are, where it mounts."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from skep.refusals.document import Service
from skep.refusals.rule import Context, Path, Said

_LARGEST_ID = 2**31 - 1
"""Of a user or group, to an engine."""
_DIGITS = len(str(_LARGEST_ID))
_LONGEST_STRING = 128 * 1024 - 1
"""Bytes of one argument or ``NAME=value`` of a program."""
_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\")
_PROC_TEXT = """
cpuinfo diskstats loadavg meminfo net/dev slabinfo stat swaps sys/crypto/fips_enabled sys/kernel/ns_last_pid uptime
"""
_PROC = frozenset(f"/proc/{name}" for name in _PROC_TEXT.split())
"""Files in ``/proc`` that may be mounted over."""


def user(text: str, context: Context) -> str | None:
    """A user or group by a number that engines do not take."""
    for part in text.split(":", 1):
        number = re.fullmatch(r"[+-]?0*([0-9]+)", part, re.ASCII)
        if number and (len(number[1]) > _DIGITS or not 0 <= int(part) <= _LARGEST_ID):
            return f"{context.quote(part)} must be a number from 0 to {_LARGEST_ID}, or a name"
    return None


def long_strings(service: Service, context: Context, path: Path) -> Iterator[Said]:
    """Arguments and variables that are too long for the kernel to start a program with."""
    must = f"is longer than {_LONGEST_STRING} bytes, with which no kernel starts a program: take a config or a secret"
    for name, value in (service.get("environment") or {}).items():
        if len(f"{name}={value or ''}".encode()) > _LONGEST_STRING:
            yield ("environment", name), must
    for key, words in (("entrypoint", service.get("entrypoint")), ("command", service.get("command"))):
        for number, word in enumerate(words or ()):
            if len(word.encode()) > _LONGEST_STRING:
                yield (key, number), must


def of_windows(service: Service, context: Context, path: Path) -> Iterator[Said]:
    """What only nodes with Windows can do, where no constraint names those."""
    placement = (service.get("deploy") or {}).get("placement") or {}
    if any("windows" in text.lower() for text in placement.get("constraints") or ()):
        return
    where: list[Path] = [("isolation",)] if service.get("isolation") in ("process", "hyperv") else []
    where += [("credential_spec",)] if any((service.get("credential_spec") or {}).values()) else []
    for number, mount in enumerate(service.get("volumes") or ()):
        where += [("volumes", number)] if mount["type"] == "npipe" or _WINDOWS.match(mount["target"]) else []
    for one in where:
        yield (
            one,
            "is of Windows, and nodes with Linux refuse a task with it: constrain it to node.platform.os == windows",
        )


def proc(service: Service, context: Context, path: Path) -> Iterator[Said]:
    """Mounts, configs and secrets in the kernel's own folder of processes."""
    for number, mount in enumerate(service.get("volumes") or ()):
        target = posixpath.normpath(mount["target"])
        whole = target == "/proc" and mount["type"] != "bind"
        if whole or (target.startswith("/proc/") and target not in _PROC):
            yield ("volumes", number), f"the target {context.quote(target)} is in /proc, where no node mounts anything"
    for section, folder in (("configs", "/"), ("secrets", "/run/secrets")):
        references = (service.get("configs") if section == "configs" else service.get("secrets")) or ()
        for number, one in enumerate(references):
            target = posixpath.normpath(posixpath.join(folder, one.get("target") or one["source"]))
            if target.startswith("/proc/") and target not in _PROC:
                yield (
                    (section, number),
                    f"the target {context.quote(target)} is in /proc, where no node mounts anything",
                )
