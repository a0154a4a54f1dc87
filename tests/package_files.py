"""Package files that hold nothing but what they say of themselves; the same bytes each time."""

from __future__ import annotations

import hashlib
import io
import struct
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

DEBS = {
    "docker-ce": "5:28.5.2-1~debian.13~trixie",
    "docker-ce-cli": "5:28.5.2-1~debian.13~trixie",
    "containerd.io": "2.1.9-1",
}
"""The packages of an engine, with versions."""
RPMS = {"docker-ce": "28.5.2-1.el9", "docker-ce-cli": "28.5.2-1.el9", "containerd.io": "2.1.9-1.el9"}


def deb(
    name: str, version: str, architecture: str = "amd64", *, depends: str = "", control: str | None = None
) -> bytes:
    """A package for Debian; its control file is stored, not compressed. ``control`` is another than its own."""
    text = (
        f"Package: {name}\nVersion: {version}\nArchitecture: {architecture}\nMaintainer: nobody <nobody@example.com>\n"
    )
    text += f"Depends: {depends}\n" if depends else ""
    text += f"Description: {name}\n of a test\n"
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        data = (text if control is None else control).encode()
        member = tarfile.TarInfo("./control")
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    empty = io.BytesIO()
    with tarfile.open(fileobj=empty, mode="w", format=tarfile.USTAR_FORMAT):
        pass
    return ar({"debian-binary": b"2.0\n", "control.tar": content.getvalue(), "data.tar": empty.getvalue()})


def ar(members: Mapping[str, bytes]) -> bytes:
    """An archive as .deb packages are."""
    text = b"!<arch>\n"
    for name, data in members.items():
        text += f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(data):<10}`\n".encode() + data + b"\n" * (len(data) % 2)
    return text


def rpm(
    name: str, version: str, architecture: str = "x86_64", *, requires: Sequence[str] = (), source: bool = False
) -> bytes:
    """A package for rpm, with a payload of some bytes."""
    upstream, _, release = version.partition("-")
    values = {1000: name, 1001: upstream, 1002: release, 1022: architecture}
    main = _header(
        {tag: (6, 1, text.encode() + b"\0") for tag, text in values.items()}
        | ({1049: (8, len(requires), b"".join(text.encode() + b"\0" for text in requires))} if requires else {})
    )
    payload = b"payload " * 64
    signature = _header({1000: (4, 1, struct.pack(">I", len(main) + len(payload)))})
    lead = b"\xed\xab\xee\xdb\3\0" + struct.pack(">H", int(source)) + bytes(88)
    return lead + signature + bytes(-len(lead + signature) % 8) + main + payload


def _header(entries: Mapping[int, tuple[int, int, bytes]]) -> bytes:
    index, data = b"", b""
    for tag, (kind, count, value) in sorted(entries.items()):
        data += bytes(-len(data) % 4)
        index += struct.pack(">IIII", tag, kind, len(data), count)
        data += value
    return b"\x8e\xad\xe8\1\0\0\0\0" + struct.pack(">II", len(entries), len(data)) + index + data


def folder(place: Path, files: Mapping[str, bytes], sums: str | None = None) -> None:
    """A folder with these files and their SHA256SUMS; ``sums`` is another text for it."""
    place.mkdir(parents=True)
    for name, content in files.items():
        (place / name).write_bytes(content)
    text = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in files.items())
    (place / "SHA256SUMS").write_text(text if sums is None else sums)


def debs(versions: Mapping[str, str] = DEBS, architecture: str = "amd64") -> dict[str, bytes]:
    """Packages by the names of their files."""
    return {f"{name}_{architecture}.deb": deb(name, version, architecture) for name, version in versions.items()}


def rpms(versions: Mapping[str, str] = RPMS) -> dict[str, bytes]:
    """The same for rpm."""
    return {f"{name}.x86_64.rpm": rpm(name, version) for name, version in versions.items()}
