"""What schedules on a host of the cluster need there: skep itself with all it imports, and the site. Read from this
machine's files."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import platform
import sys
import tarfile
import time
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from importlib import metadata
from pathlib import Path

from skep.apply.commit import COMMIT, commit
from skep.dataclass import dataclass
from skep.errors import UsageError
from skep.files import replacing
from skep.inventory import Inventory
from skep.schedules.host_files import Program, Site
from skep.shipped import FOLDER, IS_CLONE, PACKAGE

SHIPPED = ("roles", "inventory/example.yml", "inventory/lab.yml", "docs/inventory.schema.json")
"""What a wheel has in ``skep/data``, as pyproject.toml says it."""
SITE = ("stacks", "roles", "tests/audit", "invoke.yaml", "requirements.lock")
"""What of a site goes along whole, beside the inventory with what it extends and names."""
_NEVER = frozenset({"__pycache__", ".git"})
_KEPT = 86400.0
"""Seconds since its last use for which an archive stays: another run may be sending it."""
LARGEST = 16 << 20
"""Bytes of a site that are sent."""


@dataclass(frozen=True, slots=True)
class Contents:
    """skep as a folder that Python imports from; ``digest`` is of all names and contents."""

    files: Mapping[str, Path]
    digest: str


def contents(extras: Iterable[str] = ()) -> Contents:
    """The skep that runs, with every distribution that it needs. What was compiled for this Python stays so."""
    files = {f"skep/{name}": path for name, path in _below(PACKAGE)}
    if IS_CLONE:
        for name in SHIPPED:
            source = FOLDER / name
            found = dict(_below(source)) if source.is_dir() else {"": source}
            files |= {f"skep/data/{name}/{rest}".rstrip("/"): path for rest, path in found.items()}
    for one in _needed([*_required(), *extras]):
        for file in one.files or ():
            path = Path(str(one.locate_file(file)))
            if ".." not in file.parts and "__pycache__" not in file.parts and path.is_file():
                files[file.as_posix()] = path
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name}\0{hashlib.sha256(files[name].read_bytes()).hexdigest()}\n".encode())
    return Contents(files, digest.hexdigest())


def program(found: Contents, folder: Path | None) -> Program:
    """As it is sent: packed in that folder, where it is not there yet; those long unused go. Without a folder only what
    it is."""
    made = Program(found.digest, "%d.%d" % sys.version_info[:2], platform.machine())  # noqa: UP031
    if folder is None:
        return made
    path = folder / f"{found.digest[:32]}.tar.gz"
    if path.is_file():
        path.touch()
    else:
        for old in folder.glob("*.tar.gz"):
            with suppress(FileNotFoundError):
                if old.stat().st_mtime < time.time() - _KEPT:
                    old.unlink()
        with (
            replacing(path, folder=0o700) as raw,
            gzip.GzipFile("", "wb", 3, raw, mtime=0) as zipped,
            tarfile.open(fileobj=zipped, mode="w") as tar,
        ):
            for name in sorted(found.files):
                tar.add(found.files[name], name, recursive=False, filter=_plain)
    content = path.read_bytes()
    return replace(made, archive=str(path), size=len(content), sha256=hashlib.sha256(content).hexdigest())


def site(found: Inventory, folder: Path) -> Site:
    """The files of a site that runs of its schedules need. Raises ``UsageError`` for what lies outside of it, and for
    more than can be sent."""
    stacks = [Path(os.path.normpath(stack.directory)) for stack in found.cluster.stacks]
    named = [found.path.absolute(), *found.files, *stacks]
    outside = sorted({str(path) for path in named if not path.is_relative_to(folder)})
    if outside:
        raise UsageError(
            f"schedules on a host need all that the inventory names in its repository; {outside[0]} is not in {folder}",
            cause=f"outside are: {', '.join(outside)}",
            next_action="move them into the repository, or take `at` out of the schedules",
        )
    files: dict[str, bytes] = {}
    programs = []
    below = [path for place in named if place.is_dir() for _, path in _below(place)]
    for path in sorted({*named, *below, *_below_site(folder)}):
        if path.is_file():
            name = path.relative_to(folder).as_posix()
            files[name] = path.read_bytes()
            if os.access(path, os.X_OK):
                programs.append(name)
    files[COMMIT] = f"{commit()}\n".encode()
    whole = sum(map(len, files.values()))
    if whole > LARGEST:
        most = max(files, key=lambda name: len(files[name]))
        raise UsageError(
            f"the site has {whole >> 20} MiB, and at most {LARGEST >> 20} are sent to a host",
            cause=f"the largest file is {most}",
            next_action="take out of stacks/ what no stack needs, or take `at` out of the schedules",
        )
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    name = found.path.absolute().relative_to(folder).as_posix()
    return Site(name, sums, tar_of(files, programs), frozenset(programs))


def _below_site(folder: Path) -> Iterator[Path]:
    for name in SITE:
        place = folder / name
        if name == "roles" and place.is_dir() and place.samefile(FOLDER / name):
            continue
        if place.is_file():
            yield place
        yield from (path for _, path in _below(place))


def tar_of(files: Mapping[str, bytes], programs: Iterable[str] = ()) -> bytes:
    """An archive of a site's files, the same for the same; ``programs`` are names of those that may be run."""
    stream, runs = io.BytesIO(), frozenset(programs)
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in sorted(files):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(files[name]), 0o700 if name in runs else 0o600
            tar.addfile(entry, io.BytesIO(files[name]))
    return stream.getvalue()


def _plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = "root"
    entry.mode = 0o755 if entry.mode & 0o100 else 0o644
    return entry


def _below(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and not _NEVER.intersection(name.parts):
            yield name.as_posix(), path


def _required() -> list[str]:
    """As pyproject.toml of a clone says it, or what the installed package does."""
    if IS_CLONE:
        return list(tomllib.loads((FOLDER / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"])
    return metadata.requires("skep") or []


def _needed(words: Iterable[str]) -> list[metadata.Distribution]:
    """Distributions, with those that they need themselves."""
    from packaging.requirements import Requirement

    found: dict[str, metadata.Distribution] = {}
    ahead = [Requirement(one) for one in words]
    while ahead:
        one = ahead.pop()
        if one.marker and not any(one.marker.evaluate({"extra": extra}) for extra in ("", *one.extras)):
            continue
        name = one.name.lower().replace("_", "-")
        if name in found:
            continue
        try:
            found[name] = metadata.distribution(one.name)
        except metadata.PackageNotFoundError:
            continue
        ahead += [Requirement(text) for text in found[name].requires or ()]
    return list(found.values())
