"""Archives of engines that an inventory names, looked at once: what was found is kept, so that a run that changes
nothing need not read hundreds of megabytes."""

from __future__ import annotations

import hashlib
import json
import os
import re
import struct
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from skep.dataclass import dataclass
from skep.json_types import mapping, text, texts

NEEDED = ("containerd", "containerd-shim-runc-v2", "docker", "docker-init", "docker-proxy", "dockerd", "runc")
"""What no engine does without."""
MACHINES = {62: "amd64", 183: "arm64", 40: "arm", 21: "ppc64le", 22: "s390x", 243: "riscv64"}
"""``e_machine`` of an ELF header → the architecture."""
MOST = 4 << 30
"""Bytes that may come out of an archive."""
_FORMAT = 1
"""Of what is kept."""


class BadFile(Exception):
    """What is wrong with a file, for behind its key."""


@dataclass(frozen=True, slots=True)
class Found:
    """What an archive holds."""

    sha256: str
    architecture: str = ""
    names: tuple[str, ...] = ()
    unpacked: int = 0
    problem: str = ""
    """Why it is no archive of an engine; empty where it is one."""


def size_of(path: Path) -> int:
    """Its bytes. Raises ``BadFile`` where it is no file that can be read."""
    try:
        if not path.exists():
            raise BadFile(f"there is no file {path}")
        if not path.is_file():
            raise BadFile(f"{path} is no file")
        with path.open("rb"):
            return path.stat().st_size
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "not a usable path"
        raise BadFile(f"cannot read {path}: {why}") from None


def look(path: Path, environ: Mapping[str, str]) -> Found:
    """What is in that file, be it an archive or not. Raises ``BadFile`` where it cannot be read."""
    size_of(path)
    store = _store(environ)
    kept = _kept(store)
    stat = path.stat()
    mark = f"{path.absolute()} {stat.st_size} {stat.st_mtime_ns} {stat.st_ino}"
    known = kept.get(mark)
    if known is not None:
        return known
    try:
        found = _look(path)
    except OSError as error:
        raise BadFile(f"cannot read {path}: {error.strerror or error}") from None
    others = {other: one for other, one in kept.items() if not other.startswith(f"{path.absolute()} ")}
    _keep(store, {**others, mark: found})
    return found


def _look(path: Path) -> Found:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        try:
            names, unpacked, architecture = _contents(file)
        except BadFile as problem:
            return Found(digest, problem=str(problem))
    return Found(digest, architecture, names, unpacked)


def _contents(file: BinaryIO) -> tuple[tuple[str, ...], int, str]:
    """Names, bytes and the architecture of the binaries. Raises ``BadFile``."""
    sizes: dict[str, int] = {}
    machines: dict[str, str] = {}
    with _readable(), tarfile.open(fileobj=file, mode="r|gz") as archive:
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
    return tuple(sorted(sizes)), sum(sizes.values()), built.pop()


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except tarfile.ReadError as error:
        cut = "unexpected end" in str(error)
        raise BadFile("ends early: it was not copied as a whole" if cut else "is no .tgz archive") from None
    except EOFError:
        raise BadFile("ends early: it was not copied as a whole") from None
    except (tarfile.TarError, zlib.error, struct.error):
        raise BadFile("is damaged") from None


def _machine(head: bytes) -> str:
    """What a program is for; empty where it is none for Linux."""
    if len(head) < 20 or head[:4] != b"\x7fELF":
        return ""
    order = ">" if head[5] == 2 else "<"
    (number,) = struct.unpack(f"{order}H", head[18:20])
    return MACHINES.get(number, f"machine {number}")


def _store(environ: Mapping[str, str]) -> Path | None:
    """Where it is kept, if there is a home."""
    home = environ.get("XDG_CACHE_HOME") or (environ.get("HOME") and f"{environ['HOME']}/.cache")
    return Path(home, "skep", "tarballs.json") if home else None


def _kept(store: Path | None) -> dict[str, Found]:
    with suppress(OSError, ValueError):
        data = mapping(json.loads(store.read_text())) if store else {}
        if data.get("format") == _FORMAT:
            return {mark: _found(mapping(one)) for mark, one in mapping(data.get("files")).items()}
    return {}


def _found(kept: Mapping[str, object]) -> Found:
    unpacked = kept.get("unpacked")
    return Found(
        sha256=text(kept.get("sha256")),
        architecture=text(kept.get("architecture")),
        names=tuple(texts(kept.get("names"))),
        unpacked=unpacked if isinstance(unpacked, int) else 0,
        problem=text(kept.get("problem")),
    )


def _keep(store: Path | None, found: Mapping[str, Found]) -> None:
    if store is None:
        return
    fields = ("sha256", "architecture", "names", "unpacked", "problem")
    files = {mark: {field: getattr(one, field) for field in fields} for mark, one in found.items()}
    with suppress(OSError):
        store.parent.mkdir(parents=True, exist_ok=True)
        beside = store.with_suffix(f".{os.getpid()}")
        beside.write_text(json.dumps({"format": _FORMAT, "files": files}))
        beside.replace(store)
