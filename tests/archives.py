"""Archives of images as ``docker save`` writes them, made without Docker; the same bytes each time."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence

from skep.inventory.image_archives import NAME

Members = dict[str, bytes]


def tar(members: Mapping[str, bytes]) -> bytes:
    """An archive of these files, in this order."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return content.getvalue()


def config(layer: bytes, architecture: str = "amd64", system: str = "linux") -> bytes:
    """Of an image of one layer."""
    root = {"type": "layers", "diff_ids": [f"sha256:{digest(layer)}"]}
    return document({"architecture": architecture, "os": system, "rootfs": root})


def older(tags: Sequence[str] | None, layer: bytes, configuration: bytes | None = None) -> Members:
    """What engines up to 24 write, and Podman: no ``index.json``."""
    own = config(layer) if configuration is None else configuration
    name = f"{digest(own)}.json"
    manifest = [{"Config": name, "RepoTags": tags and list(tags), "Layers": ["aa/layer.tar"]}]
    return {"aa/layer.tar": layer, name: own, "manifest.json": document(manifest)}


def newer(tags: Sequence[str], layer: bytes, configuration: bytes | None = None) -> Members:
    """What engines from 25 on write: an OCI layout with a ``manifest.json``."""
    own = config(layer) if configuration is None else configuration
    layers = [{"digest": f"sha256:{digest(layer)}", "size": len(layer), "mediaType": _TYPE.format("layer.v1.tar")}]
    one = {"digest": f"sha256:{digest(own)}", "size": len(own), "mediaType": _TYPE.format("config.v1+json")}
    kind = _TYPE.format("manifest.v1+json")
    manifest = document({"schemaVersion": 2, "mediaType": kind, "config": one, "layers": layers})
    pointer = {"mediaType": kind, "digest": f"sha256:{digest(manifest)}", "size": len(manifest)}
    index = [{**pointer, "annotations": {NAME: tag if "/" in tag else f"docker.io/library/{tag}"}} for tag in tags]
    blobs = {f"blobs/sha256/{digest(blob)}": blob for blob in (layer, own, manifest)}
    entry = {"Config": f"blobs/sha256/{digest(own)}", "RepoTags": list(tags), "Layers": list(blobs)[:1]}
    return {
        **blobs,
        "index.json": document({"schemaVersion": 2, "manifests": index}),
        "manifest.json": document([entry]),
        "oci-layout": document({"imageLayoutVersion": "1.0.0"}),
    }


def document(value: object) -> bytes:
    """As JSON."""
    return json.dumps(value, sort_keys=True).encode()


def digest(content: bytes) -> str:
    """Its sha256."""
    return hashlib.sha256(content).hexdigest()


_TYPE = "application/vnd.oci.image.{}"
