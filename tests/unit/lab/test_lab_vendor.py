"""The lab's apt repository: its index names every package, and its release file every index, signed."""

import hashlib
import subprocess
from pathlib import Path

import pytest

from skep.lab import signing, vendor


def _package(folder: Path, name: str, version: str) -> Path:
    control = folder / name / "DEBIAN/control"
    control.parent.mkdir(parents=True)
    control.parent.chmod(0o755)  # whatever the umask is: dpkg refuses one that is closed to others
    control.write_text(
        f"Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: x <x@example.com>\nDescription: x\n"
    )
    path = folder / f"{name}.deb"
    subprocess.run(["dpkg-deb", "--build", str(folder / name), str(path)], check=True, capture_output=True)
    return path


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A release with one package, not signed."""
    release = tmp_path / "dists/trixie"
    shelf = release / "pool/stable/amd64"
    shelf.mkdir(parents=True)
    package = _package(shelf, "docker-ce", "5:26.1.5-1~debian.13~trixie")
    vendor.index(release, tmp_path, "stable", "amd64", [package])
    return release


def test_a_package_is_found_by_its_path_below_the_repository(release: Path, tmp_path: Path) -> None:
    lines = (release / "stable/binary-amd64/Packages").read_text().splitlines()
    fields = dict(line.split(": ", 1) for line in lines if ": " in line)
    package = tmp_path / fields["Filename"]
    assert fields["Version"] == "5:26.1.5-1~debian.13~trixie"
    assert fields["SHA256"] == hashlib.sha256(package.read_bytes()).hexdigest()


def test_the_release_file_holds_every_index_and_its_signature_is_good(release: Path) -> None:
    with signing.keyring() as ring:
        ring.make("who <who@example.com>")
        vendor.sign(release, ring, "who <who@example.com>")
        ring.gpg("--verify", release / "InRelease")
        ring.gpg("--verify", release / "Release.gpg", release / "Release")
    text = (release / "Release").read_text()
    digest = hashlib.sha256((release / "stable/binary-amd64/Packages.gz").read_bytes()).hexdigest()
    assert digest in text and "Codename: trixie" in text and "Components: stable test" in text
