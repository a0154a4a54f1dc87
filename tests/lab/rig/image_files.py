"""Images as an operator saves them, made of the lab's busybox."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

from skep.lab import registry
from skep.lab.images import Image, busybox
from skep.lab.system import run
from tests.archives import newer, tar


def save(path: Path, tag: str, version: str) -> dict[str, str]:
    """Writes an archive with an image that has busybox in it, and the version in ``/etc/skep-demo-version``; gives what
    the inventory says of it."""
    image = _image(version)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(tar(newer([tag], gzip.decompress(image.layer), image.config)))
    return {"file": str(path), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}


def identifier(version: str) -> str:
    """What engines call that image."""
    return f"sha256:{hashlib.sha256(_image(version).config).hexdigest()}"


def _image(version: str) -> Image:
    tools = registry.ensure_programs(lambda _: None)
    program = next(path for path in (tools / "bin/busybox", tools / "usr/bin/busybox") if path.exists())
    applets = run([program, "--list"], step="applets").split()
    return busybox(
        program.read_bytes(), applets, version, run(["dpkg", "--print-architecture"], step="machine").strip()
    )
