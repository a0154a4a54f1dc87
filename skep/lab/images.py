"""The lab's demo images: Debian's static busybox as a container image, the same bytes every time."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile

from skep.dataclass import dataclass

MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG_TYPE = "application/vnd.docker.container.image.v1+json"
_LAYER_TYPE = "application/vnd.docker.image.rootfs.diff.tar.gzip"
_EPOCH = "1970-01-01T00:00:00Z"
_FOLDERS = ("bin", "etc", "root", "tmp", "usr", "usr/bin", "var", "var/run")
_FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    "etc/group": "root:x:0:\nnogroup:x:65534:\n",
}


@dataclass(frozen=True, slots=True)
class Image:
    """An image of one layer, each part as the registry stores it."""

    layer: bytes
    config: bytes
    manifest: bytes

    @property
    def blobs(self) -> tuple[bytes, bytes]:
        """What the manifest names, to be uploaded before it."""
        return self.layer, self.config


def busybox(program: bytes, applets: list[str], version: str, architecture: str) -> Image:
    """An image with busybox and all its applets; ``version`` stands in ``/etc/skep-demo-version``.

    ``architecture`` is Debian's word for it, which for amd64 and arm64 is Docker's too.
    """
    tar = _file_system(program, applets, version)
    layer = gzip.compress(tar, mtime=0)
    config = _document(
        {
            "architecture": architecture,
            "os": "linux",
            "created": _EPOCH,
            "config": {"Cmd": ["sh"], "Env": ["PATH=/usr/bin:/bin"], "Labels": {"version": version}},
            "rootfs": {"type": "layers", "diff_ids": [digest(tar)]},
            "history": [{"created": _EPOCH, "created_by": f"skep lab, busybox {version}"}],
        }
    )
    manifest = _document(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": _descriptor(_CONFIG_TYPE, config),
            "layers": [_descriptor(_LAYER_TYPE, layer)],
        }
    )
    return Image(layer, config, manifest)


def digest(content: bytes) -> str:
    """A content's name in a registry."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _file_system(program: bytes, applets: list[str], version: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name in _FOLDERS:
            _add(tar, name, tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755)
        _add(tar, "bin/busybox", tarfile.REGTYPE, 0o755, program)
        for applet in sorted(set(applets) - {"busybox"}):
            _add(tar, f"bin/{applet}", tarfile.SYMTYPE, 0o777, target="busybox")
        for name, text in {**_FILES, "etc/skep-demo-version": f"{version}\n"}.items():
            _add(tar, name, tarfile.REGTYPE, 0o644, text.encode())
    return buffer.getvalue()


def _add(tar: tarfile.TarFile, name: str, kind: bytes, mode: int, content: bytes = b"", target: str = "") -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.size, entry.linkname = kind, mode, len(content), target
    tar.addfile(entry, io.BytesIO(content))


def _document(value: dict[str, object]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _descriptor(media_type: str, content: bytes) -> dict[str, object]:
    return {"mediaType": media_type, "size": len(content), "digest": digest(content)}
