"""Files that an inventory names beside their sha256, looked at once: what was found is kept, so that a run that changes
nothing need not read hundreds of megabytes."""

from __future__ import annotations

import hashlib
import json
import re
import struct
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from skep.dataclass import dataclass
from skep.errors import OutputLost
from skep.files import put
from skep.inventory.value_references import Surroundings, located
from skep.json_types import mapping, text
from skep.reading.findings import Findings, KeyPath
from skep.reading.values import Fields

_FORMAT = 2
"""Of what is kept."""
_SHA256 = re.compile(r"[0-9A-Fa-f]{64}")


class BadFile(Exception):
    """What is wrong with a file, for behind its name."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What files of a ``kind`` hold. ``contents`` reads that: plain data that becomes JSON. It raises ``BadFile``."""

    kind: str
    contents: Callable[[BinaryIO], Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Found:
    """What a file holds."""

    sha256: str
    contents: Mapping[str, object]
    problem: str = ""
    """Why it is not what it should be; empty where it is."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A file that is what the inventory says."""

    path: Path
    size: int
    sha256: str
    contents: Mapping[str, object]


def checked(
    path: KeyPath, key: str, given: Fields, layout: Layout, findings: Findings, surroundings: Surroundings
) -> Checked | None:
    """The file that ``key`` of a section names, with ``sha256`` beside it; ``None`` after saying what is wrong."""
    desired = "".join(given.get("sha256", "").split()).lower()
    if "sha256" in given and not _SHA256.fullmatch(desired):
        message = "must be 64 digits of 0-9 and a-f, as sha256sum FILE prints them first"
        findings.error((*path, "sha256"), message, given.where("sha256"))
        return None
    if key not in given or "sha256" not in given or findings.is_broken((*path, key)):
        return None
    source = located(given[key], surroundings)
    try:
        size, found = size_of(source), look(source, layout, surroundings.environ)
    except BadFile as problem:
        findings.error((*path, key), str(problem), given.where(key))
        return None
    if found.sha256 != desired:
        more = f" and {found.problem}" if found.problem else ""
        message = (
            f"is not that of {source}, which has {found.sha256}{more}; copy the file anew, or see where it is from"
        )
        findings.error((*path, "sha256"), message, given.where("sha256"))
        return None
    if found.problem:
        findings.error((*path, key), f"{source} {found.problem}", given.where(key))
        return None
    return Checked(source, size, desired, found.contents)


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


def look(path: Path, layout: Layout, environ: Mapping[str, str]) -> Found:
    """What is in that file, be it right or not. Raises ``BadFile`` where it cannot be read."""
    size_of(path)
    store = _store(environ)
    kept = _kept(store)
    stat = path.stat()
    own = f"{layout.kind} {path.absolute()} "
    mark = f"{own}{stat.st_size} {stat.st_mtime_ns} {stat.st_ino}"
    known = kept.get(mark)
    if known is not None:
        return known
    try:
        found = _look(path, layout)
    except OSError as error:
        raise BadFile(f"cannot read {path}: {error.strerror or error}") from None
    _keep(store, {**{other: one for other, one in kept.items() if not other.startswith(own)}, mark: found})
    return found


def _look(path: Path, layout: Layout) -> Found:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        try:
            return Found(digest, layout.contents(file))
        except BadFile as problem:
            return Found(digest, {}, str(problem))


@contextmanager
def readable(otherwise: str) -> Iterator[None]:
    """For reading a tar archive; what goes wrong becomes a ``BadFile``, ``otherwise`` where it is no such archive."""
    try:
        yield
    except tarfile.ReadError as error:
        cut = "unexpected end" in str(error)
        raise BadFile("ends early: it was not copied as a whole" if cut else otherwise) from None
    except EOFError:
        raise BadFile("ends early: it was not copied as a whole") from None
    except (tarfile.TarError, zlib.error, struct.error):
        raise BadFile("is damaged") from None


def _store(environ: Mapping[str, str]) -> Path | None:
    """Where it is kept, if there is a home."""
    home = environ.get("XDG_CACHE_HOME") or (environ.get("HOME") and f"{environ['HOME']}/.cache")
    return Path(home, "skep", "archives.json") if home else None


def _kept(store: Path | None) -> dict[str, Found]:
    with suppress(OSError, ValueError):
        data = mapping(json.loads(store.read_text())) if store else {}
        if data.get("format") == _FORMAT:
            return {mark: _found(mapping(one)) for mark, one in mapping(data.get("files")).items()}
    return {}


def _found(kept: Mapping[str, object]) -> Found:
    return Found(text(kept.get("sha256")), mapping(kept.get("contents")), text(kept.get("problem")))


def _keep(store: Path | None, found: Mapping[str, Found]) -> None:
    if store is None:
        return
    fields = ("sha256", "contents", "problem")
    files = {mark: {field: getattr(one, field) for field in fields} for mark, one in found.items()}
    with suppress(OutputLost):
        put(store, json.dumps({"format": _FORMAT, "files": files}), folder=0o777)
