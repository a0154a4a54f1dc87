"""What Docker's own ``docker-VERSION.tgz`` holds."""

from __future__ import annotations

import re
import struct
import tarfile
from collections.abc import Mapping
from typing import BinaryIO

from skep.inventory.archives import BadFile, Layout, readable

NEEDED = ("containerd", "containerd-shim-runc-v2", "docker", "docker-init", "docker-proxy", "dockerd", "runc")
"""What no engine does without."""
MACHINES = {62: "amd64", 183: "arm64", 40: "arm", 21: "ppc64le", 22: "s390x", 243: "riscv64"}
"""``e_machine`` of an ELF header → the architecture."""
MOST = 4 << 30
"""Bytes that may come out of an archive."""


def contents(file: BinaryIO) -> Mapping[str, object]:
    """``names`` of the binaries, the bytes that they take ``unpacked``, and their ``architecture``. Raises
    ``BadFile``."""
    sizes: dict[str, int] = {}
    machines: dict[str, str] = {}
    with readable("is no .tgz archive"), tarfile.open(fileobj=file, mode="r|gz") as archive:
        for member in archive:
            folder, _, name = member.name.removeprefix("./").rstrip("/").partition("/")
            if member.isdir() and folder == "docker" and not name:
                continue
            if folder == "docker-rootless-extras":
                raise BadFile("is docker-rootless-extras, not the engine: take docker-VERSION.tgz")
            if folder != "docker" or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name) or not member.isfile():
                raise BadFile(f"holds {member.name!r}; Docker's docker-VERSION.tgz holds plain files in docker/ only")
            sizes[name] = member.size
            if sum(sizes.values()) > MOST:
                raise BadFile(f"unpacks to more than {MOST >> 30} GiB")
            stream = archive.extractfile(member)
            machines[name] = _machine(stream.read(20) if stream else b"")
    missing = [name for name in NEEDED if name not in sizes]
    if missing:
        raise BadFile(f"lacks docker/{missing[0]}: it is none of Docker's docker-VERSION.tgz, or not whole")
    built = {machines[name] for name in NEEDED}
    if "" in built:
        name = next(name for name in NEEDED if not machines[name])
        raise BadFile(f"holds a docker/{name} that is no program for Linux")
    if len(built) > 1:
        raise BadFile(f"holds programs for {' and '.join(sorted(built))}")
    return {"names": sorted(sizes), "unpacked": sum(sizes.values()), "architecture": built.pop()}


def _machine(head: bytes) -> str:
    """What a program is for; empty where it is none for Linux."""
    if len(head) < 20 or head[:4] != b"\x7fELF":
        return ""
    order = ">" if head[5] == 2 else "<"
    (number,) = struct.unpack(f"{order}H", head[18:20])
    return MACHINES.get(number, f"machine {number}")


LAYOUT = Layout("engine", contents)
