"""What ``docker save`` writes: read by its ``manifest.json``, and ``index.json`` where there is one, without unpacking.

Podman, BuildKit (``type=docker``) and skopeo (``docker-archive:``) write the same.
"""

from __future__ import annotations

import hashlib
import json
import re
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import BinaryIO

from skep.dataclass import dataclass
from skep.inventory.archives import BadFile, Layout, readable
from skep.json_types import items, mapping, text, texts
from skep.swarm.image import is_identifier, parts, tagged

LARGEST = 4 << 20
"""Bytes of a JSON file in an archive."""
MOST = 64 << 20
"""Bytes of all of them."""
NAME = "io.containerd.image.name"
"""Annotation of ``index.json``: the whole name of an image."""

_PACKERS = {b"\xfd7zXZ": "xz", b"BZh": "bzip2", b"\x28\xb5\x2f\xfd": "zstd"}
_NO_ARCHIVE = "is no archive of images: docker save writes .tar, which gzip may make .tar.gz"
_WHOLE = "it is not what docker save wrote, or not whole"


@dataclass(frozen=True, slots=True)
class _Members:
    """The files of an archive: bytes of each, and the content of those that are JSON."""

    sizes: Mapping[str, int]
    texts: Mapping[str, bytes]


def contents(file: BinaryIO) -> Mapping[str, object]:
    """``images``, each with ``names``, ``id``, ``digest``, ``architecture`` and the bytes of its layers ``unpacked``.
    Raises ``BadFile``."""
    found = _members(file)
    if "manifest.json" not in found.sizes:
        raise BadFile(_lacking(found.sizes))
    digests = _digests(found)
    images = [_image(mapping(one), found, digests) for one in items(_parsed(found, "manifest.json", list))]
    if not images:
        raise BadFile("holds no image")
    names: dict[str, object] = {}
    for image in images:
        for name in texts(image["names"]):
            if names.setdefault(name, image["id"]) != image["id"]:
                raise BadFile(f"holds two images of the name {name}")
    return {"images": images}


def _members(file: BinaryIO) -> _Members:
    head = file.read(6)
    file.seek(0)
    for magic, packer in _PACKERS.items():
        if head.startswith(magic):
            raise BadFile(f"is packed by {packer}, which not every host can unpack: use gzip, or nothing")
    sizes: dict[str, int] = {}
    kept: dict[str, bytes] = {}
    mode = "r|gz" if head.startswith(b"\x1f\x8b") else "r:"
    with readable(_NO_ARCHIVE), tarfile.open(fileobj=file, mode=mode) as archive:  # type: ignore[call-overload]
        for member in archive:
            name = member.name.removeprefix("./")
            if member.isdir():
                continue
            sizes[name] = member.size
            if not member.isfile() or member.size > LARGEST:
                continue
            stream = archive.extractfile(member)
            start = stream.read(1) if stream else b""
            if stream and start in (b"{", b"["):
                kept[name] = start + stream.read()
                if sum(map(len, kept.values())) > MOST:
                    raise BadFile(f"holds more than {MOST >> 20} MiB of JSON")
    return _Members(sizes, kept)


def _lacking(sizes: Mapping[str, int]) -> str:
    """Why there is no ``manifest.json``."""
    if "docker/dockerd" in sizes:
        return "is an engine: write it at engine.tarball"
    if "oci-layout" in sizes:
        return (
            "is an OCI layout without manifest.json, which most engines do not load: docker save writes one that they"
            " do, and so does skopeo copy to docker-archive:"
        )
    if any(name.startswith(("etc/", "bin/", "usr/")) for name in sizes):
        return "is a file system, such as docker export writes: images are written by docker save"
    return f"lacks manifest.json: {_WHOLE}"


def _image(entry: Mapping[str, object], found: _Members, digests: Mapping[str, str]) -> dict[str, object]:
    place = text(entry.get("Config"))
    if place not in found.texts:
        raise BadFile(f"lacks {place or 'the configuration of an image'}: {_WHOLE}")
    identifier = hashlib.sha256(found.texts[place]).hexdigest()
    named = re.search("[0-9a-f]{64}", place)
    if named and named[0] != identifier:
        raise BadFile(f"holds a {place} that is damaged")
    names = [_name(name) for name in texts(entry.get("RepoTags"))]
    if not names:
        raise BadFile(
            f"holds an image without a name ({identifier[:12]}): give docker save its name, not its identifier"
        )
    config = mapping(_parsed(found, place, dict))
    if (system := text(config.get("os")) or "linux") != "linux":
        raise BadFile(f"holds {names[0]} for {system}: hosts run Linux")
    layers = texts(entry.get("Layers"))
    if missing := [layer for layer in layers if layer not in found.sizes]:
        raise BadFile(f"lacks {missing[0]} of {names[0]}: {_WHOLE}")
    if len(layers) != len(items(mapping(config.get("rootfs")).get("diff_ids"))):
        raise BadFile(f"holds another number of layers than {names[0]} has: {_WHOLE}")
    return {
        "names": names,
        "id": f"sha256:{identifier}",
        "digest": digests.get(names[0], ""),
        "architecture": text(config.get("architecture")) or "amd64",
        "unpacked": sum(found.sizes[layer] for layer in layers),
    }


def _name(name: str) -> str:
    known = parts(name)
    if known is None or not known[2] or known[3]:
        raise BadFile(f"holds an image of the name {name!r}, which is no NAME:TAG")
    return tagged(name)


def _digests(found: _Members) -> Mapping[str, str]:
    """The digest of each image by name, as ``index.json`` has it; nothing in what older engines write."""
    if "index.json" not in found.texts:
        return {}
    return dict(_named(mapping(_parsed(found, "index.json", dict)), found.sizes))


def _named(index: Mapping[str, object], sizes: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    for one in map(mapping, items(index.get("manifests"))):
        name, digest = text(mapping(one.get("annotations")).get(NAME)), text(one.get("digest"))
        if parts(name) and is_identifier(digest) and f"blobs/{digest.replace(':', '/')}" in sizes:
            yield tagged(name), digest


def _parsed(found: _Members, name: str, kind: type) -> object:
    data: object = None
    with suppress(ValueError, RecursionError):
        data = json.loads(found.texts.get(name, b""))
    if not isinstance(data, kind):
        raise BadFile(f"holds a {name} that cannot be read: {_WHOLE}")
    return data


LAYOUT = Layout("images", contents)
