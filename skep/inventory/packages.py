"""Package files of Debian and of rpm, as far as they say what they are."""

from __future__ import annotations

import io
import re
import struct
import sys
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from lzma import LZMAError
from pathlib import Path
from typing import BinaryIO

from skep.dataclass import dataclass
from skep.inventory import archives
from skep.inventory.archives import BadFile, Layout
from skep.json_types import text, texts

KINDS = ("deb", "rpm")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+~^:-]*")
_CUT = "ends early: it was not copied as a whole"
_MOST = 1 << 24
"""Bytes of what says what a package is: headers, and control files unpacked."""
_DEB = {
    "amd64": "amd64",
    "arm64": "arm64",
    "armhf": "arm",
    "ppc64el": "ppc64le",
    "s390x": "s390x",
    "riscv64": "riscv64",
}
_RPM = {"x86_64": "amd64", "aarch64": "arm64", "ppc64le": "ppc64le", "s390x": "s390x", "riscv64": "riscv64"}
ANY = ""
"""The architecture of a package that is for all of them."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a file holds. ``version`` is as the hosts' package manager has it; of an rpm, without its epoch."""

    sha256: str
    name: str = ""
    version: str = ""
    architecture: str = ANY
    """By Docker's name for it."""
    names: tuple[str, ...] = ()
    """Packages that it depends on or recommends."""
    problem: str = ""
    """Why it is no package; empty where it is one."""


def look(path: Path, environ: Mapping[str, str]) -> Found:
    """What is in that file, by the end of its name. Raises ``BadFile`` where it cannot be read."""
    found = archives.look(path, _LAYOUTS.get(path.suffix, _LAYOUTS[".rpm"]), environ)
    facts = {key: text(found.contents.get(key)) for key in ("name", "version", "architecture")}
    return Found(found.sha256, **facts, names=tuple(texts(found.contents.get("names"))), problem=found.problem)


def deb(file: BinaryIO) -> dict[str, object]:
    """Of an ``ar`` archive with a control file. Raises ``BadFile``."""
    if file.read(8) != b"!<arch>\n":
        raise BadFile("is no .deb package")
    fields: dict[str, str] | None = None
    names, end = [], 0
    while head := file.read(60):
        if len(head) < 60:
            raise BadFile(_CUT)
        if head[58:] != b"`\n" or not head[48:58].strip().isdigit():
            raise BadFile("is damaged")
        name, size = head[:16].decode("ascii", "replace").rstrip(" ").rstrip("/"), int(head[48:58])
        names.append(name)
        if name.startswith("control.tar"):
            fields = _control(name, _whole(file, size))
        else:
            file.seek(size, io.SEEK_CUR)
        end = file.tell()
        file.seek(size % 2, io.SEEK_CUR)
    if end > file.seek(0, io.SEEK_END) or not any(name.startswith("data.tar") for name in names):
        raise BadFile(_CUT)
    if fields is None or names[0] != "debian-binary":
        raise BadFile("is no .deb package")
    relations = ", ".join(fields.get(name, "") for name in ("Depends", "Pre-Depends", "Recommends"))
    return _facts(
        fields.get("Package", ""),
        fields.get("Version", ""),
        fields.get("Architecture", ""),
        {**_DEB, "all": ANY},
        re.findall(r"(?:^|[,|])\s*([a-z0-9][a-z0-9+.-]+)", relations),
    )


def _whole(file: BinaryIO, size: int) -> bytes:
    """That many bytes. Raises ``BadFile``."""
    if size > _MOST:
        raise BadFile("is damaged")
    data = file.read(size)
    if len(data) < size:
        raise BadFile(_CUT)
    return data


def _control(name: str, data: bytes) -> dict[str, str]:
    """The fields of the control file in that member."""
    with _readable():
        if name.endswith(".zst"):
            data = _unzstd(data)
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:*") as archive:
            for member in archive:
                stream = archive.extractfile(member) if member.name.removeprefix("./") == "control" else None
                if stream:
                    lines = re.sub(r"\n[ \t]+", " ", stream.read(_MOST).decode("utf-8", "replace")).splitlines()
                    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}
    raise BadFile("holds no control file")


def _unzstd(data: bytes) -> bytes:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    try:
        return zstd.ZstdDecompressor().decompress(data, _MOST)
    except zstd.ZstdError:
        raise BadFile("is damaged") from None


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, EOFError, LZMAError, OSError, zlib.error, struct.error):
        raise BadFile("is damaged") from None


_TAGS = {1000: "name", 1001: "version", 1002: "release", 1022: "architecture", 1049: "requires", 5046: "recommends"}
_STRINGS = (6, 8, 9)
"""Types of a header's values that are texts ending with a zero byte."""


def rpm(file: BinaryIO) -> dict[str, object]:
    """Of a lead, two headers and a payload. Raises ``BadFile``."""
    lead = file.read(96)
    if lead[:4] != b"\xed\xab\xee\xdb":
        raise BadFile("is no .rpm package")
    if lead[6:8] == b"\0\1":
        raise BadFile("is a source package")
    length = _Header(file).sizes()
    file.seek(-file.tell() % 8, io.SEEK_CUR)
    begin = file.tell()
    header = _Header(file)
    if length and file.seek(0, io.SEEK_END) - begin < length:
        raise BadFile(_CUT)
    found = {name: header.texts(tag) for tag, name in _TAGS.items()}
    name, version, release, architecture = (
        "".join(found[key][:1]) for key in ("name", "version", "release", "architecture")
    )
    relations = [*found["requires"], *found["recommends"]]
    names = [word for relation in relations for word in re.findall(r"[^\s()]+", relation)]
    return _facts(name, f"{version}-{release}", architecture, {**_RPM, "noarch": ANY}, names)


class _Header:
    """A header of an rpm, read from where the file stands. Raises ``BadFile``."""

    def __init__(self, file: BinaryIO) -> None:
        magic, entries, size = struct.unpack(">8sII", _whole(file, 16))
        if magic[:3] != b"\x8e\xad\xe8" or entries * 16 > _MOST:
            raise BadFile("is damaged")
        index = _whole(file, entries * 16)
        self._data = _whole(file, size)
        self._entries = {tag: rest for tag, *rest in struct.iter_unpack(">IIII", index)}

    def texts(self, tag: int) -> list[str]:
        """The texts of a tag; none where it is missing or no text."""
        kind, start, count = self._entries.get(tag, (0, 0, 0))
        if kind not in _STRINGS:
            return []
        return [part.decode("utf-8", "replace") for part in self._data[start:].split(b"\0", count)[:count]]

    def sizes(self) -> int:
        """Bytes of header and payload, as the signature's header has them; 0 where it does not say."""
        for tag, width in ((270, "Q"), (1000, "I")):
            kind, start, _ = self._entries.get(tag, (0, 0, 0))
            if kind in (4, 5) and start + struct.calcsize(f">{width}") <= len(self._data):
                (size,) = struct.unpack_from(f">{width}", self._data, start)
                return int(size)
        return 0


def _facts(name: str, version: str, architecture: str, known: Mapping[str, str], names: list[str]) -> dict[str, object]:
    if not (_NAME.fullmatch(name) and _VERSION.fullmatch(version)):
        raise BadFile("does not say which package it is")
    return {
        "name": name,
        "version": version,
        "architecture": known.get(architecture, architecture),
        "names": sorted(set(names)),
    }


_LAYOUTS = {".deb": Layout("deb", deb), ".rpm": Layout("rpm", rpm)}
