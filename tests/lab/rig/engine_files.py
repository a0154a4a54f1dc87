"""Files of engines as an operator keeps them for hosts without a package repository, made of the lab's packages."""

from __future__ import annotations

import hashlib
import platform
import shutil
import tarfile
from collections.abc import Iterable
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


def rpms(spec: lab.Lab, version: str) -> list[Path]:
    """The same for a host with dnf."""
    pool = packages.folder(spec) / "linux/rhel/9" / platform.machine() / "stable/Packages"
    found = [next(pool.glob(f"{name}-{version}-*.rpm")) for name in ("docker-ce", "docker-ce-cli")]
    return [*found, max(pool.glob("containerd.io-2*.rpm"))]


def folder_of(files: Iterable[Path], folder: Path) -> dict[str, str]:
    """Makes a folder of these packages and their sums; gives what the inventory says of it. What lies there stays."""
    folder.mkdir(exist_ok=True)
    for file in files:
        shutil.copy(file, folder)
    kept = sorted(path for path in folder.iterdir() if path.suffix in (".deb", ".rpm"))
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in kept]
    (folder / "SHA256SUMS").write_text("".join(sums))
    return {"source": "offline", "packages": str(folder)}


def empty_rpm(name: str, folder: Path) -> Path:
    """An rpm that holds nothing, as the host's stand-ins for packages of its distribution are."""
    spec = folder / f"{name}.spec"
    spec.write_text(
        f"Name: {name}\nVersion: 1\nRelease: 1.el9\nSummary: a stand-in\nLicense: none\nBuildArch: noarch\n"
        "%description\nHolds nothing.\n%files\n"
    )
    where = ["--define", f"_topdir {folder}/top", "--define", f"_rpmdir {folder}"]
    run(["rpmbuild", "-bb", "--quiet", *where, spec], step="make a package")
    return next(folder.glob(f"noarch/{name}-*.rpm"))


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
