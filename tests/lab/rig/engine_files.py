"""Files of engines as an operator keeps them for hosts without a package repository, made of the lab's packages."""

from __future__ import annotations

import hashlib
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

from skep import lab
from skep.inventory.tarballs import NEEDED
from skep.lab import packages
from skep.lab.system import run

SUITE = "trixie"


def debs(spec: lab.Lab, version: str) -> list[Path]:
    """The packages of an engine in that version, with the newest containerd."""
    pool = packages.folder(spec) / "linux/debian/dists" / SUITE / "pool"
    found = [next(pool.rglob(f"{name}_{version}-*.deb")) for name in ("docker-ce", "docker-ce-cli")]
    return [*found, max(pool.rglob("containerd.io_2*.deb"))]


def tarball(spec: lab.Lab, version: str, folder: Path) -> dict[str, str]:
    """Makes ``docker-VERSION.tgz`` in the folder; gives what the inventory says of it. The programs are Debian's, which
    need libraries that Docker's own do without."""
    path = folder / f"docker-{version}.tgz"
    with TemporaryDirectory(dir=folder) as unpacked, tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for package in debs(spec, version):
            run(["dpkg-deb", "-x", package, unpacked], step="unpack a package")
        for name in NEEDED:
            archive.add((Path(unpacked) / "usr/bin" / name).resolve(), f"docker/{name}")
    return {"source": "static", "tarball": str(path), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
