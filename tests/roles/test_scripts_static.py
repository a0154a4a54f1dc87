"""The script that unpacks an engine's tarball, run by sh on this machine, in folders of the test."""

from __future__ import annotations

import hashlib
import subprocess
import tarfile
from pathlib import Path

import pytest

from skep.shell import script

UNPACK = script("roles/engine/static/unpack.sh")


class Site:
    """A tarball whose dockerd says that text, and where it is to be."""

    def __init__(self, folder: Path, says: str) -> None:
        self.place = folder / "docker-28.5.2-0"
        self.tarball = folder / "docker.tgz"
        program = folder / "dockerd"
        program.write_text(f"#!/bin/sh\n{says}\n")
        with tarfile.open(self.tarball, "w:gz") as archive:
            for name in ("dockerd", "runc"):
                archive.add(program, f"docker/{name}")
        self.sum = hashlib.sha256(self.tarball.read_bytes()).hexdigest()

    def unpack(self, **changes: str) -> subprocess.CompletedProcess[str]:
        given = {"PLACE": str(self.place), "FROM": str(self.tarball), "SHA256": self.sum, "VERSION": "28.5.2"}
        env = {"PATH": "/usr/bin:/bin", **given, **changes}
        return subprocess.run(["sh", "-c", UNPACK], env=env, capture_output=True, text=True, timeout=60, check=False)

    @property
    def beside(self) -> Path:
        return self.place.with_name(f"{self.place.name}.new")


@pytest.mark.parametrize("version", ["28.5.2", "28.5.2+dfsg4", "28.5.2-rc.1"])
def test_it_is_unpacked_beside_its_place_with_its_sums(tmp_path: Path, version: str) -> None:
    site = Site(tmp_path, f"echo 'Docker version {version}, build 1'")
    assert site.unpack().returncode == 0
    assert not site.place.exists()
    assert (site.beside / ".skep").read_text() == f"28.5.2 {site.sum}\n"
    assert {line.split()[1] for line in (site.beside / "SHA256SUMS").read_text().splitlines()} == {"dockerd", "runc"}
    assert (site.beside / "runc").stat().st_mode & 0o777 == 0o755
    newer = ["find", site.beside, "-type", "f", "-cnewer", site.beside / ".skep"]
    assert not subprocess.run(newer, capture_output=True, check=True).stdout, "a look would read all programs"
    site.tarball.unlink()
    assert site.unpack().returncode == 0, "what is unpacked is not unpacked again"


@pytest.mark.parametrize(
    ("says", "changes", "words"),
    [
        ("echo 'Docker version 26.1.5, build 1'", {}, "26.1.5, build 1', expected is version 28.5.2"),
        ("echo 'Docker version 28.5.20, build 1'", {}, "expected is version 28.5.2"),
        ("echo no such library >&2; exit 127", {}, "does not run on this host: no such library"),
        ("true", {"SHA256": "0" * 64}, "is not the tarball that was sent"),
    ],
)
def test_what_is_no_engine_for_the_host_is_refused_and_leaves_nothing_in_its_place(
    tmp_path: Path, says: str, changes: dict[str, str], words: str
) -> None:
    site = Site(tmp_path, says)
    ran = site.unpack(**changes)
    assert ran.returncode == 69 and words in ran.stderr, ran
    assert not site.place.exists() and not (site.beside / ".skep").exists()


def test_a_disk_without_room_is_named(tmp_path: Path) -> None:
    site = Site(tmp_path, "true")
    site.beside.parent.joinpath("file").touch()
    ran = site.unpack(PLACE=str(tmp_path / "file" / "place"))
    assert ran.returncode == 73 and "no room to write below" in ran.stderr
